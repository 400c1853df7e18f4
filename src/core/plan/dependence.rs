//! What depends on a change that is not carried out: members and values that refer to an account which
//! is not made or may have another id, and memberships of somebody who stays for now.
//!
//! Promises that nothing is sent which refers to what is not there. Leaves the decision what is not
//! carried out to the plan (parked) and to the guard (held).

use std::collections::BTreeSet;

use crate::core::attribute::Value;
use crate::core::change::{Action, Change, Subject};
use crate::core::key::UserKey;
use crate::core::profile::{Reactivation, UserRules};

/// The user whose account the change makes, if it makes one.
#[must_use]
pub fn creates(change: &Change) -> Option<&UserKey> {
    match (&change.action, &change.subject) {
        (Action::Create { .. }, Subject::User(user)) => Some(user),
        _ => None,
    }
}

/// The user whose account the change makes, or may make: where a POST brings an account back, whose that
/// is is for the app to say.
#[must_use]
pub fn may_make<'c>(rules: &UserRules, change: &'c Change) -> Option<&'c UserKey> {
    match (&change.action, &change.subject) {
        (Action::Reactivate { .. }, Subject::User(user)) => {
            (rules.reactivate == Reactivation::Post).then_some(user)
        }
        _ => creates(change),
    }
}

/// The user whose account may have another id after the change, if this kind of app does that: what
/// refers to it is not to be sent beside it.
#[must_use]
pub fn moves<'c>(rules: &UserRules, change: &'c Change) -> Option<&'c UserKey> {
    let may_move = match &change.action {
        Action::Update { .. } | Action::Deactivate => rules.id_changes,
        Action::Reactivate { .. } => rules.id_changes || rules.reactivate == Reactivation::Post,
        Action::Adopt { .. }
        | Action::Rekey { .. }
        | Action::Create { .. }
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup
        | Action::AddMembers { .. }
        | Action::RemoveMembers { .. } => false,
    };
    match &change.subject {
        Subject::User(user) => may_move.then_some(user),
        Subject::Group(_) => None,
    }
}

/// Users to whose accounts a change refers, by its values or as members.
#[must_use]
pub fn referred(action: &Action) -> Box<dyn Iterator<Item = &UserKey> + '_> {
    match action {
        Action::Create { attributes } => Box::new(attributes.values().filter_map(Value::account)),
        Action::Update { attributes } | Action::Reactivate { attributes } => Box::new(
            attributes
                .iter()
                .filter_map(|attribute| attribute.new.as_ref())
                .filter_map(Value::account),
        ),
        Action::AddMembers { members } | Action::RemoveMembers { members } => {
            Box::new(members.iter().map(|member| &member.user))
        }
        Action::Adopt { .. }
        | Action::Rekey { .. }
        | Action::Deactivate
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup => Box::new(std::iter::empty()),
    }
}

/// Takes users who are not seen out after all out of the members that are to be removed: whoever
/// keeps the account for now keeps what it is in.
pub(crate) fn without_removals(changes: &mut Vec<Change>, staying: &BTreeSet<UserKey>) {
    changes.retain_mut(|change| match &mut change.action {
        Action::RemoveMembers { members } => {
            members.retain(|member| !staying.contains(&member.user));
            !members.is_empty()
        }
        Action::Adopt { .. }
        | Action::Rekey { .. }
        | Action::Create { .. }
        | Action::Update { .. }
        | Action::Deactivate
        | Action::Reactivate { .. }
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup
        | Action::AddMembers { .. } => true,
    });
}

/// The user whom the change sees out of the app, if it does.
#[must_use]
pub(crate) fn sees_out(change: &Change) -> Option<&UserKey> {
    match (&change.action, &change.subject) {
        (Action::Deactivate | Action::Delete, Subject::User(user)) => Some(user),
        _ => None,
    }
}

/// Takes what refers to accounts that will not be made out of the changes: members that are to be
/// added, and values.
pub(crate) fn without_accounts(changes: &mut Vec<Change>, unmade: &BTreeSet<UserKey>) {
    let refers = |value: &Value| value.account().is_some_and(|user| unmade.contains(user));
    changes.retain_mut(|change| match &mut change.action {
        Action::AddMembers { members } => {
            members.retain(|member| !unmade.contains(&member.user));
            !members.is_empty()
        }
        Action::Update { attributes } => {
            attributes.retain(|attribute| !attribute.new.as_ref().is_some_and(refers));
            !attributes.is_empty()
        }
        Action::Reactivate { attributes } => {
            attributes.retain(|attribute| !attribute.new.as_ref().is_some_and(refers));
            true
        }
        Action::Create { attributes } => {
            attributes.retain(|_, value| !refers(value));
            true
        }
        Action::Adopt { .. }
        | Action::Rekey { .. }
        | Action::Deactivate
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup
        | Action::RemoveMembers { .. } => true,
    });
}

/// Does the change see somebody out? That is never set aside: it is tried in every run, however often
/// the app has refused it.
pub(crate) fn leaves(action: &Action) -> bool {
    match action {
        Action::Deactivate | Action::Delete | Action::RemoveMembers { .. } => true,
        Action::Adopt { .. }
        | Action::Rekey { .. }
        | Action::Create { .. }
        | Action::Update { .. }
        | Action::Reactivate { .. }
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup
        | Action::AddMembers { .. } => false,
    }
}
