//! What a success means for the links: which account, which values, which members.
//!
//! Promises that values are written down as ours before they are sent. Leaves judging an answer to
//! [`crate::engine::learn`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Drain;
use crate::core::account::Account;
use crate::core::attribute::Value;
use crate::core::change::{Action, Change, Member, Reason, Subject};
use crate::core::fingerprint::Fingerprints;
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::{GroupLink, Link};
use crate::core::plan::{name_attribute, returns};
use crate::core::profile::Reactivation;
use crate::core::settle::{activity, existence};
use crate::engine::journal::Outcome;
use crate::engine::learn::{Teacher, cleared as cleared_values};
use crate::engine::perform::Effects;
use crate::engine::queue::Task;
use crate::store::Record;

impl<'a> Drain<'a> {
    /// Writes down what a try is about to change, should its answer be lost: values and members.
    pub(super) fn intend(&mut self, task: &mut Task) -> Option<Record> {
        match self.intend_values(&task.change) {
            Some(record) => Some(record),
            None => self.doubt(task),
        }
    }

    /// Writes the values of an update down as sent before they are: should the answer be lost and the
    /// source change its mind, the app's value is still known to be ours.
    fn intend_values(&mut self, change: &Change) -> Option<Record> {
        let (
            Action::Update { attributes } | Action::Reactivate { attributes },
            Subject::User(user),
        ) = (&change.action, &change.subject)
        else {
            return None;
        };
        let teacher = self.teacher();
        let mut link = self.links.get(user)?.clone();
        for attribute in attributes {
            let value = match &attribute.new {
                Some(Value::Account(other)) => self
                    .links
                    .get(other)
                    .map(|link| Value::text(link.id.as_str())),
                other => other.clone(),
            };
            if let Some(value) = value {
                teacher.intends(&mut link, &attribute.name, &value);
            }
        }
        self.links.insert(user.clone(), link.clone());
        Some(Record::PutLink(self.target.rules.target.clone(), link))
    }

    pub(super) fn remember(
        &mut self,
        task: &Task,
        effects: Effects,
        outcome: Outcome,
        batch: &mut Vec<Record>,
    ) {
        let target = self.target.rules.target.clone();
        match &task.change.subject {
            Subject::User(user) => {
                let before = self.links.get(user).map(|link| link.id.clone());
                let places = self.places(&task.change);
                if ends_an_account(&effects) {
                    self.leave_groups(user, batch);
                }
                self.remember_user(user, effects, outcome);
                if let Some(before) = before.filter(|before| !self.is_at(user, before)) {
                    self.former.insert(before, user.clone());
                    self.leave_behind(&task.change, places, batch);
                }
                batch.push(match self.links.get(user) {
                    Some(link) => Record::PutLink(target, link.clone()),
                    None => Record::DropLink(target, user.clone()),
                });
            }
            Subject::Group(group) => {
                self.remember_group(group, effects, outcome);
                batch.push(match self.groups.get(group) {
                    Some(link) => Record::PutGroup(target, link.clone()),
                    None => Record::DropGroup(target, group.clone()),
                });
            }
        }
    }

    /// Is this still the user's account, as far as there is one?
    fn is_at(&self, user: &UserKey, id: &RemoteId) -> bool {
        self.links.get(user).is_none_or(|link| link.id == *id)
    }

    /// The groups that somebody may be in whom a POST is to bring back, so that it may make another
    /// account.
    fn places(&self, change: &Change) -> Vec<GroupKey> {
        let rules = &self.target.rules.profile.users;
        let Some(user) = returns(change).filter(|_| !rules.id_changes) else {
            return Vec::new();
        };
        let groups = self.groups.values();
        let groups = groups.filter(|link| link.may_hold(user));
        groups.map(|link| link.group.clone()).collect()
    }

    /// Another account than the one that was to be brought back is the user's from now on. The old one
    /// stays off and is taken out of the groups it is in; the new one goes in with the next plan.
    fn leave_behind(&mut self, change: &Change, places: Vec<GroupKey>, batch: &mut Vec<Record>) {
        let Some(user) = change.subject.user() else {
            return;
        };
        self.leave_groups(user, batch);
        for group in places {
            let member = Member {
                user: user.clone(),
                label: Arc::clone(&change.label),
            };
            let out = Change {
                label: Arc::clone(&group.id),
                subject: Subject::Group(group),
                action: Action::RemoveMembers {
                    members: BTreeSet::from([member]),
                },
                reason: Reason::Membership,
            };
            self.queue
                .take_out(Task::new(out, self.world.clock.instant()));
        }
    }

    /// An account that is gone is in no group any more, whatever was acknowledged of it.
    pub(super) fn leave_groups(&mut self, user: &UserKey, batch: &mut Vec<Record>) {
        for link in self.groups.values_mut() {
            if link.leave(user) {
                let target = self.target.rules.target.clone();
                batch.push(Record::PutGroup(target, link.clone()));
            }
        }
    }

    pub(super) fn teacher(&self) -> Teacher<'a> {
        Teacher {
            rules: &self.target.rules,
            key: self.world.key,
            now: self.world.clock.now(),
        }
    }

    pub(super) fn remember_user(&mut self, user: &UserKey, effects: Effects, outcome: Outcome) {
        let teacher = self.teacher();
        let (profile, now) = (&teacher.rules.profile, teacher.now);
        match effects {
            Effects::Created(account, attributes) => {
                let mut link = new_link(user, &account, true);
                match outcome {
                    Outcome::Found => teacher.found(&mut link, &attributes, &account),
                    Outcome::Done | Outcome::Unanswered | Outcome::Refused | Outcome::Parked => {
                        link.active = true;
                        for what in [existence(), activity()] {
                            link.wrote(&what, profile, now);
                        }
                        let shown = (!account.attributes.is_empty()).then_some(&account);
                        teacher.sent(&mut link, &attributes, shown);
                    }
                }
                self.links.insert(user.clone(), link);
            }
            Effects::Changed {
                set,
                cleared,
                account,
                activated,
            } => {
                let follows = self.follows_ids(activated);
                if let Some(link) = self.links.get_mut(user) {
                    if let Some(account) = account.as_ref().filter(|_| follows) {
                        link.id = account.id.clone();
                    }
                    teacher.sent(link, &set, account.as_ref());
                    cleared_values(link, cleared.iter());
                    if activated {
                        link.wrote(&activity(), profile, now);
                        link.active = true;
                        link.left = None;
                    }
                }
            }
            Effects::Deactivated(account) => {
                let follows = self.follows_ids(false);
                if let Some(link) = self.links.get_mut(user) {
                    if let Some(account) = account.filter(|_| follows) {
                        link.id = account.id;
                    }
                    link.wrote(&activity(), profile, now);
                    link.active = false;
                }
            }
            Effects::Deleted => {
                self.links.remove(user);
            }
            Effects::GroupCreated(..)
            | Effects::GroupRenamed(_)
            | Effects::GroupDeleted
            | Effects::Added { .. }
            | Effects::Removed { .. }
            | Effects::Nothing => {}
        }
    }

    /// Is an id that an answer shows the account's from now on?
    fn follows_ids(&self, activated: bool) -> bool {
        let rules = &self.target.rules.profile.users;
        rules.id_changes || activated && rules.reactivate == Reactivation::Post
    }

    pub(super) fn remember_group(&mut self, group: &GroupKey, effects: Effects, outcome: Outcome) {
        let print = |name: &str| {
            let value = Value::text(name);
            self.world.key.of(&name_attribute(), &value)
        };
        match effects {
            Effects::GroupCreated(made, members) => {
                let link = GroupLink {
                    group: group.clone(),
                    id: made.id,
                    ours: outcome == Outcome::Done,
                    name: print(&made.name),
                    members: members.into(),
                    in_doubt: BTreeSet::new(),
                    unseen: None,
                };
                self.groups.insert(group.clone(), link);
            }
            Effects::GroupRenamed(name) => {
                let print = print(&name);
                if let Some(link) = self.groups.get_mut(group) {
                    link.name = print;
                }
            }
            Effects::GroupDeleted => {
                self.groups.remove(group);
            }
            Effects::Added { users, lost } => {
                if let Some(link) = self.groups.get_mut(group) {
                    link.enter(users);
                    for user in &lost {
                        link.leave(user);
                    }
                }
            }
            Effects::Removed { users, lost } => {
                if let Some(link) = self.groups.get_mut(group) {
                    for user in users.iter().chain(&lost) {
                        link.leave(user);
                    }
                }
            }
            Effects::Created(..)
            | Effects::Changed { .. }
            | Effects::Deactivated(_)
            | Effects::Deleted
            | Effects::Nothing => {}
        }
        if let Some(link) = self.groups.get_mut(group) {
            link.wrote(&self.target.rules.profile, self.world.clock.now());
        }
    }
}

/// Is the account that a link named before gone, or not the one it names any more?
fn ends_an_account(effects: &Effects) -> bool {
    match effects {
        Effects::Created(..) | Effects::Deleted => true,
        Effects::Changed { .. }
        | Effects::Deactivated(_)
        | Effects::GroupCreated(..)
        | Effects::GroupRenamed(_)
        | Effects::GroupDeleted
        | Effects::Added { .. }
        | Effects::Removed { .. }
        | Effects::Nothing => false,
    }
}

fn new_link(user: &UserKey, account: &Account, ours: bool) -> Link {
    Link {
        user: user.clone(),
        id: account.id.clone(),
        ours,
        active: account.active,
        sent: Fingerprints::new(),
        held: Fingerprints::new(),
        refused: BTreeMap::new(),
        left: None,
        unseen: BTreeMap::new(),
    }
}
