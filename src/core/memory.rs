//! What an installation remembers of its targets and sources, as values.
//!
//! Promises that planning needs nothing of the past but this. Leaves keeping it to the store.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::change::{ActionKind, Subject};
use super::key::{GroupKey, RemoteId, UserKey};
use super::link::{GroupLink, Job, JobState, Link};

/// What is remembered of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetState {
    /// Every link, by user.
    pub links: BTreeMap<UserKey, Link>,
    /// Every group link, by group.
    pub groups: BTreeMap<GroupKey, GroupLink>,
    /// The outbox, sorted by subject and action.
    pub jobs: Vec<Job>,
    /// The holds, newest last.
    pub holds: Vec<Hold>,
    /// What people have decided by hand.
    pub verdicts: BTreeSet<Verdict>,
    /// What was removed and changed since the point asked for, without what was approved.
    pub window: Window,
}

impl TargetState {
    /// The job of that subject and kind, if the outbox has one.
    #[must_use]
    pub fn job(&self, subject: &Subject, action: ActionKind) -> Option<&Job> {
        let at = self
            .jobs
            .binary_search_by(|job| (&job.subject, job.action).cmp(&(subject, action)));
        self.jobs.get(at.ok()?)
    }

    /// Creates whose answers were lost: their users may have an account that no link knows.
    pub fn doubtful_creates(&self) -> impl Iterator<Item = (&UserKey, &Job)> {
        self.jobs
            .iter()
            .filter_map(|job| match (&job.subject, job.action, &job.state) {
                (Subject::User(user), ActionKind::Create, JobState::InDoubt(_)) => {
                    Some((user, job))
                }
                _ => None,
            })
    }

    /// Everybody who has an account as far as we know, or may have one.
    pub fn holders(&self) -> impl Iterator<Item = &UserKey> {
        self.links
            .keys()
            .chain(self.doubtful_creates().map(|(user, _)| user))
    }

    /// Has a person said that this account is not this user's?
    #[must_use]
    pub fn is_apart(&self, user: &UserKey, account: &RemoteId) -> bool {
        !self.verdicts.is_empty()
            && self
                .verdicts
                .contains(&Verdict::Apart(user.clone(), account.clone()))
    }

    /// Has a person said that this user's account is never to be touched?
    #[must_use]
    pub fn ignores_user(&self, user: &UserKey) -> bool {
        !self.verdicts.is_empty() && self.verdicts.contains(&Verdict::IgnoredUser(user.clone()))
    }

    /// Has a person said that this account is never to be touched?
    #[must_use]
    pub fn ignores_account(&self, account: &RemoteId) -> bool {
        !self.verdicts.is_empty()
            && self
                .verdicts
                .contains(&Verdict::IgnoredAccount(account.clone()))
    }

    /// Links of accounts that are active as far as we know.
    #[must_use]
    pub fn active_links(&self) -> usize {
        self.links.values().filter(|link| link.active).count()
    }
}

/// What a person has decided by hand about one target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// This account was unlinked from this user, and is not to be adopted for them by itself.
    Apart(UserKey, RemoteId),
    /// This account is never touched, whoever's it is.
    IgnoredAccount(RemoteId),
    /// The account of this user is never touched, whichever it is.
    IgnoredUser(UserKey),
}

/// Counts of the journal over the guard's window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Accounts switched off or deleted.
    pub leavers: usize,
    /// Accounts made, adopted or switched on.
    pub joiners: usize,
    /// Accounts changed.
    pub updates: usize,
    /// Members taken out, by group.
    pub members: BTreeMap<GroupKey, usize>,
}

/// A frozen set of held changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id, from its content.
    pub id: String,
    /// Which limit: `leavers`, `updates`, `members:<group key>`, `reading:<source>`.
    pub lane: String,
    /// The changes, sorted; empty for a refused reading.
    pub changes: Vec<(Subject, ActionKind)>,
    /// What the limit was.
    pub limit: usize,
    /// Since when.
    pub since: Timestamp,
    /// Who released it and why, if somebody did.
    pub approved: Option<Approval>,
}

/// A release by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// When.
    pub at: Timestamp,
    /// Who, by the system's name.
    pub by: String,
    /// Why (`--because`).
    pub because: String,
}

/// What is remembered of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    /// The last reading that was accepted.
    pub last: Option<ReadingRecord>,
    /// Users whom accepted whole readings did not hold.
    pub missing: BTreeMap<UserKey, Missing>,
}

/// The size of a reading, to judge the next one by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingRecord {
    /// When it was read.
    pub at: Timestamp,
    /// The fingerprint of the source's settings it was read with.
    pub settings: u64,
    /// How many users.
    pub users: usize,
    /// How many users had a value, by attribute.
    pub attributes: BTreeMap<String, usize>,
}

/// Somebody was not in a whole reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Since the reading of that time.
    pub since: Timestamp,
    /// In how many whole readings so far.
    pub readings: u32,
}
