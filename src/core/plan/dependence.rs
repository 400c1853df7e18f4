//! What depends on a change that is not carried out: members and values that refer to an account which
//! is not made or may have another id, and memberships of somebody who stays for now.
//!
//! Promises that nothing is sent which refers to what is not there. Leaves the decision what is not
//! carried out to the plan (parked) and to the guard (held).

use std::collections::BTreeSet;

use crate::core::attribute::{Attributes, Value};
use crate::core::change::{Action, ActionKind, Change, Lane};
use crate::core::key::UserKey;
use crate::core::profile::{Reactivation, UserRules};

/// The user whose account the change makes, if it makes one.
#[must_use]
pub fn creates(change: &Change) -> Option<&UserKey> {
    user_of(change, ActionKind::Create)
}

/// The user whose account the change switches on, if it does.
#[must_use]
pub(crate) fn returns(change: &Change) -> Option<&UserKey> {
    user_of(change, ActionKind::Reactivate)
}

fn user_of(change: &Change, kind: ActionKind) -> Option<&UserKey> {
    let user = change.subject.user();
    user.filter(|_| change.action.kind() == kind)
}

/// The user whose account the change makes, or may make: where a POST brings an account back, whose that
/// is is for the app to say.
#[must_use]
pub fn may_make<'c>(rules: &UserRules, change: &'c Change) -> Option<&'c UserKey> {
    let revived = || returns(change).filter(|_| rules.reactivate == Reactivation::Post);
    creates(change).or_else(revived)
}

/// The user whose account may have another id after the change, if this kind of app does that: what
/// refers to it is not to be sent beside it.
#[must_use]
pub fn moves<'c>(rules: &UserRules, change: &'c Change) -> Option<&'c UserKey> {
    let may_move = match change.action.kind() {
        ActionKind::Update | ActionKind::Deactivate => rules.id_changes,
        ActionKind::Reactivate => rules.id_changes || rules.reactivate == Reactivation::Post,
        ActionKind::Adopt
        | ActionKind::Rekey
        | ActionKind::Create
        | ActionKind::Delete
        | ActionKind::AdoptGroup
        | ActionKind::CreateGroup
        | ActionKind::RenameGroup
        | ActionKind::DeleteGroup
        | ActionKind::AddMembers
        | ActionKind::RemoveMembers => false,
    };
    change.subject.user().filter(|_| may_move)
}

/// Users to whose accounts a change refers, by its values or as members.
pub fn referred(action: &Action) -> impl Iterator<Item = &UserKey> {
    let made = action.made().into_iter().flat_map(Attributes::values);
    let changed = action.changed().iter().filter_map(|one| one.new.as_ref());
    let accounts = made.chain(changed).filter_map(Value::account);
    let members = action.members().into_iter().flatten();
    accounts.chain(members.map(|member| &member.user))
}

/// Takes users who are not seen out after all out of the members that are to be removed: whoever
/// keeps the account for now keeps what it is in.
pub(crate) fn without_removals(changes: &mut Vec<Change>, staying: &BTreeSet<UserKey>) {
    changes.retain_mut(|change| {
        let Action::RemoveMembers { members } = &mut change.action else {
            return true;
        };
        members.retain(|member| !staying.contains(&member.user));
        !members.is_empty()
    });
}

/// The user whom the change sees out of the app, if it does.
#[must_use]
pub(crate) fn leaver(change: &Change) -> Option<&UserKey> {
    let user = change.subject.user();
    user.filter(|_| change.action.kind().lane() == Lane::Leavers)
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
