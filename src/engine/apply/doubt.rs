//! Members who may be in a group or not, since a request about them may have left and has no answer.
//!
//! Promises that they are known before the request leaves, so that whoever is not wanted by the time the
//! loss is noticed is taken out, and whoever is wanted is put in, also where an app shows no members.
//! Leaves to [`crate::core::plan`] what is due, and sending it to [`crate::engine::members`].

use std::collections::BTreeSet;

use super::Drain;
use crate::connector::Direction;
use crate::core::change::{Action, Change, Member, Subject};
use crate::core::key::{GroupKey, UserKey};
use crate::core::link::Link;
use crate::engine::members::may_be_another;
use crate::engine::queue::Task;
use crate::store::Record;

impl Drain<'_> {
    /// Takes the members whom a try moves for in doubt until its answer is there.
    pub(super) fn doubt(&mut self, task: &mut Task) -> Option<Record> {
        let (group, members, direction) = moving(&task.change)?;
        let link = self.groups.get(group)?;
        let is_named = |account: &Link| match direction {
            Direction::In => !may_be_another(&self.target.rules, account, &self.unsure),
            Direction::Out => true,
        };
        let has_account = |user: &&UserKey| {
            let account = self.links.get(*user);
            account.is_some_and(|account| !self.gone.contains(&account.id) && is_named(account))
        };
        let is_moved = |user: &&UserKey| match direction {
            Direction::In => !link.may_hold(user),
            Direction::Out => !link.in_doubt.contains(*user),
        };
        let users = members.iter().map(|member| &member.user);
        let doubted: BTreeSet<UserKey> = users
            .filter(has_account)
            .filter(is_moved)
            .cloned()
            .collect();
        if doubted.is_empty() {
            return None;
        }
        let link = self.groups.get_mut(group)?;
        link.members.retain(|user| !doubted.contains(user));
        link.in_doubt.extend(doubted.iter().cloned());
        link.wrote(&self.target.rules.profile, self.world.clock.now());
        let record = Record::PutGroup(self.target.rules.target.clone(), link.clone());
        task.doubted.extend(doubted);
        Some(record)
    }

    /// The app surely did nothing of what is left of this change: its members are where they were,
    /// unless an earlier try had no answer.
    pub(super) fn clear_doubt(&mut self, task: &mut Task, batch: &mut Vec<Record>) {
        if task.is_in_doubt() || task.doubted.is_empty() {
            return;
        }
        let doubted = std::mem::take(&mut task.doubted);
        let Some((group, _, direction)) = moving(&task.change) else {
            return;
        };
        let Some(link) = self.groups.get_mut(group) else {
            return;
        };
        for user in doubted {
            if link.in_doubt.remove(&user) && direction == Direction::Out {
                link.members.insert(user);
            }
        }
        let target = self.target.rules.target.clone();
        batch.push(Record::PutGroup(target, link.clone()));
    }
}

/// Whom a change moves, in which group, and where to.
fn moving(change: &Change) -> Option<(&GroupKey, &BTreeSet<Member>, Direction)> {
    match (&change.subject, &change.action) {
        (Subject::Group(group), Action::AddMembers { members }) => {
            Some((group, members, Direction::In))
        }
        (Subject::Group(group), Action::RemoveMembers { members }) => {
            Some((group, members, Direction::Out))
        }
        _ => None,
    }
}
