//! What is remembered between runs, on disk.
//!
//! Promises that a batch is written as a whole or not at all, that what was written survives a crash,
//! and that two processes never write the same state. Leaves to the engine what a row means.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::core::change::{ActionKind, Subject};
use crate::core::key::{GroupKey, SourceName, TargetName, UserKey};
use crate::core::link::{GroupLink, Job, Link};

/// The right to write: a batch under an older epoch is refused. Always 1 with one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// What is remembered of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetState {
    /// Every link, by user.
    pub links: BTreeMap<UserKey, Link>,
    /// Every group link, by group.
    pub groups: BTreeMap<GroupKey, GroupLink>,
    /// The outbox.
    pub jobs: Vec<Job>,
    /// The holds, newest last.
    pub holds: Vec<Hold>,
    /// What was removed and changed since the point asked for, without what was approved.
    pub window: Window,
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

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// When.
    pub at: Timestamp,
    /// The run it belongs to.
    pub run: String,
    /// Which target; empty for what concerns none.
    pub target: String,
    /// Whom it is about, as text: `user hq:1001`, `group hq:g7`, or empty.
    pub subject: String,
    /// What a person calls them.
    pub label: String,
    /// What was done: an [`ActionKind`] word, `hold`, `approve`, …
    pub action: String,
    /// `done`, `failed`, `parked`, `found`, …
    pub outcome: String,
    /// The attributes or the count of members, or what went wrong.
    pub detail: String,
    /// How many things changed (members; else 1).
    pub count: usize,
    /// A person released it: the guard's window does not count it.
    pub approved: bool,
}

/// One row to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Keep this link.
    PutLink(TargetName, Link),
    /// Forget this link.
    DropLink(TargetName, UserKey),
    /// Keep this group link.
    PutGroup(TargetName, GroupLink),
    /// Forget this group link.
    DropGroup(TargetName, GroupKey),
    /// Keep this job, in place of one with the same subject and action.
    PutJob(TargetName, Job),
    /// Forget this job.
    DropJob(TargetName, Subject, ActionKind),
    /// Keep this hold, in place of one with the same id.
    PutHold(TargetName, Hold),
    /// Forget this hold.
    DropHold(TargetName, String),
    /// Remember this reading as the last accepted one.
    PutReading(SourceName, ReadingRecord),
    /// Remember that this user is missing.
    PutMissing(UserKey, Missing),
    /// This user is there again, or is settled.
    DropMissing(UserKey),
    /// Append to the journal.
    Journal(JournalEntry),
}

/// The state.
#[async_trait]
pub trait Store: Send + Sync {
    /// What is remembered of a target; the window counts from `since`.
    ///
    /// # Errors
    /// When the state cannot be read.
    async fn target(&self, target: &TargetName, since: Timestamp)
    -> Result<TargetState, StoreError>;

    /// What is remembered of a source.
    ///
    /// # Errors
    /// When the state cannot be read.
    async fn source(&self, source: &SourceName) -> Result<SourceState, StoreError>;

    /// Writes all of `batch` or nothing; when this returns, it survives a crash.
    ///
    /// # Errors
    /// When it was not written: nothing more may be sent to any app.
    async fn commit(&self, epoch: Epoch, batch: &[Record]) -> Result<(), StoreError>;

    /// The last lines of the journal, oldest first; those of one subject, if one is named.
    ///
    /// # Errors
    /// When the state cannot be read.
    async fn journal(
        &self,
        subject: Option<&str>,
        limit: usize,
    ) -> Result<Vec<JournalEntry>, StoreError>;
}

/// Why the state could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct StoreError {
    /// What is wrong, with the path.
    pub problem: String,
    /// What to do.
    pub hint: Option<String>,
    /// The cause.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}
