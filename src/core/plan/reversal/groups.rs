//! Taking back what a run did to one group and its members.
//!
//! Promises deltas only, as in any plan: whoever went in goes out, whoever went out goes in, and
//! nobody else is touched. Leaves accounts to the users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::pushed::{changes_groups, deletes_groups, is_managed, renames_groups};
use super::{Done, Draft, Unlink};
use crate::core::change::{Action, ActionKind, Member, Subject};
use crate::core::deed::Deed;
use crate::core::key::{GroupKey, UserKey};
use crate::core::link::GroupLink;
use crate::core::pin::Pinned;

/// What a group was called before the run.
#[derive(Default)]
enum FormerName {
    /// The same.
    #[default]
    Same,
    /// This.
    Name(Arc<str>),
    /// Something that the journal does not have.
    Lost,
}

/// What a run did to one group.
#[derive(Default)]
pub(super) struct GroupDeeds {
    label: Option<Arc<str>>,
    is_created: bool,
    is_adopted: bool,
    is_deleted: bool,
    former: FormerName,
    /// Who moved, by the first move: before it, they were on the other side.
    moved: BTreeMap<UserKey, ActionKind>,
    lost_members: Option<ActionKind>,
}

impl GroupDeeds {
    /// Adds the next line.
    pub(super) fn add(&mut self, done: &Done) {
        self.label = Some(Arc::clone(&done.label)).filter(|label| !label.is_empty());
        match (done.action, &done.deed) {
            (ActionKind::CreateGroup, _) => self.is_created = true,
            (ActionKind::AdoptGroup, _) => self.is_adopted = true,
            (ActionKind::DeleteGroup, _) => self.is_deleted = true,
            // Of several names the first one counts.
            (ActionKind::RenameGroup, _) if self.is_renamed() => {}
            (ActionKind::RenameGroup, Some(Deed::Name(name))) => {
                self.former = FormerName::Name(Arc::clone(name));
            }
            (ActionKind::RenameGroup, _) => self.former = FormerName::Lost,
            (
                kind @ (ActionKind::AddMembers | ActionKind::RemoveMembers),
                Some(Deed::Members(users)),
            ) => {
                for user in users {
                    self.moved.entry(user.clone()).or_insert(kind);
                }
            }
            (kind @ (ActionKind::AddMembers | ActionKind::RemoveMembers), _) => {
                self.lost_members = Some(kind);
            }
            // A link that goes by another key is the same link, and nothing was sent.
            (
                ActionKind::Adopt
                | ActionKind::Rekey
                | ActionKind::Create
                | ActionKind::Update
                | ActionKind::Deactivate
                | ActionKind::Reactivate
                | ActionKind::Delete,
                _,
            ) => {}
        }
    }

    fn is_renamed(&self) -> bool {
        !matches!(self.former, FormerName::Same)
    }

    fn action(&self) -> ActionKind {
        let renamed = self.is_renamed().then_some(ActionKind::RenameGroup);
        let moved = self.moved.values().next().copied();
        renamed.or(moved).unwrap_or(ActionKind::RemoveMembers)
    }
}

impl Draft<'_> {
    pub(super) fn group(&mut self, group: &GroupKey, deeds: &GroupDeeds) {
        let label = deeds.label.clone().unwrap_or_else(|| Arc::clone(&group.id));
        let subject = || Subject::Group(group.clone());
        if deeds.is_deleted {
            let why = "a group that was deleted does not come back";
            return self.last(subject(), &label, ActionKind::DeleteGroup, why);
        }
        let link = match self.input.state.groups.get(group) {
            Some(link) if self.input.is_gone(&link.id) => {
                let why = "the app does not have the group any more";
                return self.last(subject(), &label, deeds.action(), why);
            }
            Some(link) => link.clone(),
            None if deeds.is_created || deeds.is_adopted => return,
            None => {
                let why = "the group is not linked any more";
                return self.last(subject(), &label, deeds.action(), why);
            }
        };
        if let Some(kind) = deeds.lost_members {
            let why = "cannot be reversed: an older version wrote this line, and kept no members";
            self.last(subject(), &label, kind, why);
        }
        if deeds.is_created {
            return self.created(group, &link, &label);
        }
        match &deeds.former {
            FormerName::Same => {}
            FormerName::Name(former) => self.renamed(group, &link, &label, former),
            FormerName::Lost => {
                let why = "cannot be reversed: the journal does not have the former name";
                self.last(subject(), &label, ActionKind::RenameGroup, why);
            }
        }
        self.members(group, &link, &label, deeds);
        if deeds.is_adopted {
            self.pin(Pinned::Group(group.clone()));
            self.reversal.unlinks.push(Unlink {
                subject: subject(),
                label,
                id: link.id,
            });
        }
    }

    /// A group that the run made: emptied of those whom we put in, or deleted where that is asked for.
    fn created(&mut self, group: &GroupKey, link: &GroupLink, label: &Arc<str>) {
        let rules = &self.input.rules.profile.groups;
        let subject = Subject::Group(group.clone());
        if self.delete && deletes_groups(rules) && !is_managed(rules, label) {
            self.pin(Pinned::Group(group.clone()));
            return self.change(subject, label, Action::DeleteGroup);
        }
        let why = if deletes_groups(rules) {
            "the group stays in the app, without the members we put in; to delete it: --delete"
        } else {
            "the group stays in the app, without the members we put in: it cannot be deleted there"
        };
        self.last(subject, label, ActionKind::CreateGroup, why);
        let moved = link.possible();
        let moved = moved.map(|user| (user, ActionKind::AddMembers)).collect();
        let deeds = GroupDeeds {
            moved,
            ..GroupDeeds::default()
        };
        self.members(group, link, label, &deeds);
    }

    fn renamed(&mut self, group: &GroupKey, link: &GroupLink, label: &Arc<str>, former: &Arc<str>) {
        let subject = Subject::Group(group.clone());
        let kind = ActionKind::RenameGroup;
        if !renames_groups(&self.input.rules.profile.groups) {
            let why = "a group cannot be renamed in this app";
            return self.last(subject, label, kind, why);
        }
        self.pin(Pinned::Group(group.clone()));
        let groups = self
            .input
            .observed
            .into_iter()
            .flat_map(|seen| &seen.groups);
        let old = groups.into_iter().find(|shown| shown.id == link.id);
        let old: Option<Arc<str>> = old.map(|shown| Arc::from(shown.name.as_str()));
        if old.as_ref() != Some(former) {
            let new = Arc::clone(former);
            self.change(subject, label, Action::RenameGroup { old, new });
        }
    }

    fn members(
        &mut self,
        group: &GroupKey,
        link: &GroupLink,
        label: &Arc<str>,
        deeds: &GroupDeeds,
    ) {
        let mut entering = BTreeSet::new();
        let mut leaving = BTreeSet::new();
        for (user, kind) in &deeds.moved {
            let went_in = *kind == ActionKind::AddMembers;
            if went_in && link.may_hold(user) {
                leaving.insert(self.member(user));
            } else if !went_in && !link.members.contains(user) {
                if !self.has_account(user) {
                    let who = self.member(user).label;
                    let why = format!("{who} has no account here any more");
                    self.last(Subject::Group(group.clone()), label, *kind, why);
                    continue;
                }
                entering.insert(self.member(user));
            }
            self.pin(Pinned::Member(group.clone(), user.clone()));
        }
        for (members, kind) in [
            (leaving, ActionKind::AddMembers),
            (entering, ActionKind::RemoveMembers),
        ] {
            if members.is_empty() {
                continue;
            }
            let subject = Subject::Group(group.clone());
            if !changes_groups(&self.input.rules.profile.groups) {
                let why = "the members of a group cannot be changed in this app";
                self.last(subject, label, kind, why);
                continue;
            }
            let action = if kind == ActionKind::AddMembers {
                Action::RemoveMembers { members }
            } else {
                Action::AddMembers { members }
            };
            self.change(subject, label, action);
        }
    }

    fn has_account(&self, user: &UserKey) -> bool {
        let link = self.input.state.links.get(user);
        link.is_some_and(|link| !self.input.is_gone(&link.id))
    }

    fn member(&self, user: &UserKey) -> Member {
        let desired = self.input.desired;
        let at = desired.binary_search_by(|desired| desired.user.cmp(user));
        let link = self.input.state.links.get(user);
        let account = link.and_then(|link| self.accounts.get(&link.id));
        let label = match (at, account) {
            (Ok(at), _) => Arc::clone(&desired[at].label),
            (Err(_), Some(account)) => Arc::from(account.label.as_str()),
            (Err(_), None) => Arc::clone(&user.id),
        };
        Member {
            user: user.clone(),
            label,
        }
    }
}
