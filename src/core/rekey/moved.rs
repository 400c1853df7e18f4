//! What is remembered, once links have moved to other keys.
//!
//! Promises that all that names a person moves with the link: memberships, jobs, verdicts, pins; and
//! that new keys send nothing by themselves: an account keeps the `externalId` that it has under the old
//! key until somebody asks for more. Leaves which links move to [`super`].

use std::collections::{BTreeMap, BTreeSet};

use crate::core::attribute::{AttrName, Value};
use crate::core::change::{Action, Change, Subject};
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::{GroupKey, UserKey};
use crate::core::link::{GroupLink, Link};
use crate::core::memory::{TargetState, Verdict};
use crate::core::plan::Note;

/// What is remembered, once these links have moved.
#[must_use]
pub fn moved(state: &TargetState, moves: &[&Change], key: &FingerprintKey) -> TargetState {
    let keys = Keys::of(moves);
    let mut state = state.clone();
    state.links = std::mem::take(&mut state.links)
        .into_values()
        .map(|mut link| {
            let to = keys.user(link.user.clone());
            if to != link.user {
                keep_external_id(&mut link, &to, key);
            }
            link.user = to;
            (link.user.clone(), link)
        })
        .collect();
    state.groups = std::mem::take(&mut state.groups)
        .into_values()
        .map(|link| keys.group_link(link))
        .map(|link| (link.group.clone(), link))
        .collect();
    for job in &mut state.jobs {
        job.subject = keys.subject(job.subject.clone());
    }
    state
        .jobs
        .sort_by(|one, other| (&one.subject, one.action).cmp(&(&other.subject, other.action)));
    state
        .jobs
        .dedup_by(|one, other| (&one.subject, one.action) == (&other.subject, other.action));
    state.verdicts = std::mem::take(&mut state.verdicts)
        .into_iter()
        .map(|verdict| match verdict {
            Verdict::Apart(user, id) => Verdict::Apart(keys.user(user), id),
            Verdict::IgnoredUser(user) => Verdict::IgnoredUser(keys.user(user)),
            Verdict::IgnoredAccount(id) => Verdict::IgnoredAccount(id),
        })
        .collect();
    state.pins = std::mem::take(&mut state.pins)
        .into_iter()
        .map(|(pinned, pin)| (pinned.renamed(|subject| keys.subject(subject)), pin))
        .collect();
    state
}

/// An account that holds the old key as `externalId` (RFC 7643, 3.1: it is ours to choose) counts as
/// sent the new one. Who was found again by the names of the account needs no other id, and to write one
/// to everybody at once is a mass change for which nobody has asked.
fn keep_external_id(link: &mut Link, to: &UserKey, key: &FingerprintKey) {
    let name = AttrName::new("externalId");
    let print = |user: &UserKey| key.of(&name, &Value::text(&*user.id));
    if link.held.contains_key(&name) && link.sent.get(&name) == Some(&print(&link.user)) {
        link.sent.insert(name.clone(), print(to));
    }
}

/// What was learned, without the links that have not moved after all: their groups keep the old keys.
#[must_use]
pub fn unmoved(notes: Vec<Note>, stays: &[&Change]) -> Vec<Note> {
    let back = Keys::back(stays);
    let waiting: BTreeSet<&Subject> = stays.iter().map(|change| &change.subject).collect();
    let is_waiting = |note: &Note| {
        let subject = match note {
            Note::Link(link) => Subject::User(link.user.clone()),
            Note::ForgetUser(user) => Subject::User(user.clone()),
            Note::Group(link) => Subject::Group(link.group.clone()),
            Note::ForgetGroup(group) => Subject::Group(group.clone()),
            Note::Pin(pinned, _) | Note::Unpin(pinned) => pinned.subject(),
        };
        waiting.contains(&subject)
    };
    notes
        .into_iter()
        .filter(|note| !is_waiting(note))
        .map(|note| match note {
            Note::Group(link) => Note::Group(back.group_link(link)),
            Note::Link(_)
            | Note::ForgetUser(_)
            | Note::ForgetGroup(_)
            | Note::Pin(..)
            | Note::Unpin(_) => note,
        })
        .collect()
}

/// Which key becomes which.
struct Keys<'a> {
    users: BTreeMap<&'a UserKey, &'a UserKey>,
    groups: BTreeMap<&'a GroupKey, &'a GroupKey>,
}

impl<'a> Keys<'a> {
    fn of(moves: &[&'a Change]) -> Self {
        Self::between(moves.iter().filter_map(|change| ends(change)))
    }

    fn back(moves: &[&'a Change]) -> Self {
        let ends = moves.iter().filter_map(|change| ends(change));
        Self::between(ends.map(|(from, to)| (to, from)))
    }

    fn between(ends: impl Iterator<Item = (&'a Subject, &'a Subject)>) -> Self {
        let mut keys = Self {
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
        };
        for ends in ends {
            match ends {
                (Subject::User(from), Subject::User(to)) => {
                    keys.users.insert(from, to);
                }
                (Subject::Group(from), Subject::Group(to)) => {
                    keys.groups.insert(from, to);
                }
                (Subject::User(_), Subject::Group(_)) | (Subject::Group(_), Subject::User(_)) => {}
            }
        }
        keys
    }

    fn user(&self, user: UserKey) -> UserKey {
        self.users.get(&user).map_or(user, |to| (*to).clone())
    }

    fn group_link(&self, mut link: GroupLink) -> GroupLink {
        if let Some(to) = self.groups.get(&link.group) {
            link.group = (*to).clone();
        }
        let members = link.members.iter();
        link.members = members.map(|user| self.user(user)).collect();
        let in_doubt = link.in_doubt.into_iter().map(|user| self.user(user));
        link.in_doubt = in_doubt
            .filter(|user| !link.members.contains(user))
            .collect();
        link
    }

    fn subject(&self, subject: Subject) -> Subject {
        match subject {
            Subject::User(user) => Subject::User(self.user(user)),
            Subject::Group(group) => {
                let to = self.groups.get(&group);
                Subject::Group(to.map_or(group.clone(), |to| (*to).clone()))
            }
        }
    }
}

/// The old and the new key of a move.
fn ends(change: &Change) -> Option<(&Subject, &Subject)> {
    match &change.action {
        Action::Rekey { from, .. } => Some((from, &change.subject)),
        _ => None,
    }
}
