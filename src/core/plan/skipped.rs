//! What the target's `features:` keep from being done: taken out of the changes, and never out of
//! sight.
//!
//! Promises that what is off is no change, and that nothing which refers to it is sent. Leaves the
//! switches to [`crate::core::features`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Note, Plan, View, creates, returns, without_accounts};
use crate::core::attribute::AttrChange;
use crate::core::change::{Action, ActionKind, Change, Subject};
use crate::core::features::Feature;
use crate::core::key::UserKey;
use crate::core::rules::Rules;

/// A change that is not made, because a switch is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// About whom.
    pub subject: Subject,
    /// What a person calls them.
    pub label: Arc<str>,
    /// What would be done.
    pub action: ActionKind,
    /// How many things that would change: members one by one.
    pub size: usize,
    /// The switch that is off.
    pub off: Feature,
}

/// Takes what is switched off out of the plan.
pub(super) fn skip(view: &View<'_>, plan: &mut Plan) {
    let rules = view.input.rules;
    let mut unmade: BTreeSet<UserKey> = BTreeSet::new();
    // Nobody puts an account that stays off into a group.
    let mut off: BTreeSet<UserKey> = BTreeSet::new();
    for mut change in std::mem::take(&mut plan.changes) {
        if is_about(&change, &unmade) {
            continue;
        }
        plan.skipped.extend(keep_values(rules, &mut change));
        let Some(feature) = rules.switched_off(change.action.kind()) else {
            plan.changes.push(change);
            continue;
        };
        unmade.extend(creates(&change).cloned());
        off.extend(returns(&change).cloned());
        plan.skipped
            .push(skipped(&change, change.action.size(), feature));
    }
    unmade.extend(off);
    without_accounts(&mut plan.changes, &unmade);
    if !rules.features.has(Feature::Groups) {
        forget_groups(plan);
    }
}

fn skipped(change: &Change, size: usize, off: Feature) -> Skipped {
    Skipped {
        subject: change.subject.clone(),
        label: Arc::clone(&change.label),
        action: change.action.kind(),
        size,
        off,
    }
}

/// Is the change a second one of somebody who gets no account?
pub(super) fn is_about(change: &Change, unmade: &BTreeSet<UserKey>) -> bool {
    change
        .subject
        .user()
        .is_some_and(|user| unmade.contains(user))
}

/// Where values are not changed, a return brings along no more than what the app insists on.
fn keep_values(rules: &Rules, change: &mut Change) -> Option<Skipped> {
    let is_on = rules.features.has(Feature::Update) || !rules.features.has(Feature::Reactivate);
    let Action::Reactivate { attributes } = &mut change.action else {
        return None;
    };
    if is_on {
        return None;
    }
    let before = attributes.len();
    attributes.retain(|AttrChange { name, .. }| rules.profile.is_indispensable(name));
    (attributes.len() < before).then(|| Skipped {
        action: ActionKind::Update,
        ..skipped(change, 1, Feature::Update)
    })
}

/// Nothing is learned of groups that are not kept in line, and nobody is asked about them.
fn forget_groups(plan: &mut Plan) {
    plan.notes.retain(|note| match note {
        Note::Link(_) | Note::ForgetUser(_) | Note::Pin(..) | Note::Unpin(_) => true,
        Note::Group(_) | Note::ForgetGroup(_) => false,
    });
    plan.parked
        .retain(|parked| parked.subject.group().is_none());
}
