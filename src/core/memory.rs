//! What an installation remembers of its targets and sources, as values.
//!
//! Promises that planning needs nothing of the past but this. Leaves keeping it to the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::change::{Action, ActionKind, Change, Subject};
use super::even::Even;
use super::key::{GroupKey, RemoteId, UserKey};
use super::link::{GroupLink, Job, Link};
use super::newest::Marks;
use super::pin::{Pin, Pinned};

/// What is remembered of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetState {
    /// The links, by user: of everybody who is not even.
    pub links: BTreeMap<UserKey, Link>,
    /// Those whose links were left out, since a plan says nothing of them.
    pub even: Arc<Even>,
    /// Every group link, by group.
    pub groups: BTreeMap<GroupKey, GroupLink>,
    /// The outbox, sorted by subject and action.
    pub jobs: Vec<Job>,
    /// The holds, newest last.
    pub holds: Vec<Hold>,
    /// What people have decided by hand.
    pub verdicts: BTreeSet<Verdict>,
    /// For whom of those who are out an app whose lists leave accounts out was asked in vain, and when.
    pub looked: BTreeMap<UserKey, Timestamp>,
    /// What an undo has set back, and is left alone.
    pub pins: BTreeMap<Pinned, Pin>,
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

    /// Requests whose answers were lost and that may have made an account: their users may have one
    /// that no link knows. A user may have two.
    pub fn doubtful_creates(&self) -> impl Iterator<Item = (&UserKey, &Job)> {
        let doubtful = self.jobs.iter().filter(|job| job.may_have_made());
        doubtful.filter_map(|job| Some((job.subject.user()?, job)))
    }

    /// The requests of [`doubtful_creates`](Self::doubtful_creates) that were about this user.
    pub fn doubtful_creates_of(&self, user: &UserKey) -> impl Iterator<Item = &Job> {
        let subject = Subject::User(user.clone());
        let kinds = [ActionKind::Create, ActionKind::Reactivate];
        let jobs = kinds.map(|kind| self.job(&subject, kind));
        jobs.into_iter().flatten().filter(|job| job.may_have_made())
    }

    /// Everybody who has an account as far as we know, or may have one, but for those who are even.
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
        self.links.values().filter(|link| link.active).count() + self.even.len()
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
    /// Links moved to another key.
    pub rekeyed: usize,
    /// Accounts made again that the app had lost.
    pub recreated: usize,
    /// Members taken out, by group.
    pub members: BTreeMap<GroupKey, usize>,
}

/// A frozen set of held changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id, from its content.
    pub id: String,
    /// Which limit: `leavers`, `updates`, `members:<group key>`, `reading:<source>`; of what takes a
    /// run back, with `undo <run> ` before it.
    pub lane: String,
    /// The changes, sorted; empty for a refused reading. Of members who are taken out, each of them.
    pub changes: Vec<(Subject, ActionKind)>,
    /// What the limit was.
    pub limit: usize,
    /// Since when.
    pub since: Timestamp,
    /// Who released it and why, if somebody did.
    pub approved: Option<Approval>,
}

/// How long a release lasts: whoever released it saw the day that it was for.
const RELEASED_FOR: SignedDuration = SignedDuration::from_hours(24);

impl Hold {
    /// Has somebody released it, and not too long ago?
    #[must_use]
    pub fn is_released(&self, now: Timestamp) -> bool {
        let approved = self.approved.as_ref();
        approved.is_some_and(|approval| now.duration_since(approval.at) < RELEASED_FOR)
    }

    /// The run that is taken back by what it holds, if that is what it holds.
    #[must_use]
    pub fn undone_run(&self) -> Option<&str> {
        let (run, _) = self.lane.strip_prefix("undo ")?.split_once(' ')?;
        Some(run)
    }

    /// Does it keep something of this change back?
    #[must_use]
    pub fn touches(&self, change: &Change) -> bool {
        let has = |subject: Subject| {
            let unit = (subject, change.action.kind());
            self.changes.contains(&unit)
        };
        match (&change.action, &change.subject) {
            (Action::RemoveMembers { members }, Subject::Group(group)) => {
                let is_of_group = self.lane.starts_with("reading:")
                    || self.lane.ends_with(&format!("members:{group}"));
                let mut users = members.iter().map(|member| member.user.clone());
                has(change.subject.clone())
                    || is_of_group && users.any(|user| has(Subject::User(user)))
            }
            _ => has(change.subject.clone()),
        }
    }
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
    /// Its rows that belong to people of other sources, with those people.
    pub rows: BTreeMap<UserKey, UserKey>,
    /// What keeps its newest reading from being accepted.
    pub trouble: Option<ReadingTrouble>,
}

/// What keeps readings of a source from being accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingTrouble {
    /// Since when.
    pub since: Timestamp,
    /// What it is and what to do, as people were told.
    pub problem: String,
}

/// The size of a reading, to judge the next one by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingRecord {
    /// When it was read.
    pub at: Timestamp,
    /// The fingerprint of the source's settings it was read with.
    pub settings: u64,
    /// How much of the source it covered.
    pub extent: Extent,
    /// How many users.
    pub users: usize,
    /// How many users had a value, by attribute.
    pub attributes: BTreeMap<String, usize>,
    /// How many members each group had that had enough to be missed, by the key's id.
    pub groups: BTreeMap<String, usize>,
    /// How many names in groups led to nobody; `None`: nobody has counted them.
    pub dangling: Option<usize>,
    /// The newest changes that it, or one before it, had.
    pub newest: Marks,
}

/// How much of its source a reading covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// A part: who is not in it may be there all the same.
    Part,
}

impl Extent {
    /// The word of the state and of JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Part => "part",
        }
    }

    /// The extent of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Whole, Self::Part]
            .into_iter()
            .find(|extent| extent.word() == word)
    }
}

/// Somebody was not in a whole reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Since the reading of that time.
    pub since: Timestamp,
    /// In how many whole readings so far.
    pub readings: u32,
}
