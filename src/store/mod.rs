//! What is remembered between runs, on disk.
//!
//! Promises that a batch is written as a whole or not at all, that what was written survives a crash,
//! and that two processes never write the same state. Leaves to the engine what a row means.

mod chain;
mod column;
mod connection;
mod dictionary;
mod forget;
mod history;
mod identity;
mod journal;
mod key;
mod load;
mod lock;
mod looked;
mod meta;
mod names;
mod pack;
mod pin;
mod place;
mod private;
mod schema;
mod snapshot;
mod sqlite;
mod summary;
mod tokens;
mod verdict;
mod write;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod example;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::core::change::{ActionKind, Subject};
use crate::core::deed::{Deed, Sent};
use crate::core::key::{GroupKey, SourceName, TargetName, UserKey};
use crate::core::link::{GroupLink, Job, Link};
use crate::core::memory::{
    Hold, Missing, ReadingRecord, ReadingTrouble, SourceState, TargetState, Verdict,
};
use crate::core::pin::{Pin, Pinned};

pub use history::{Wanted, Written};
pub use sqlite::{Access, SqliteStore, StateKind};
pub use summary::{LastRun, TargetSummary};
pub use tokens::{TokenCache, TokenTurn};

/// The right to write: a batch under an older epoch is refused. Always 1 with one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// What lines of the journal say besides who and which attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journaling {
    /// The old and the new values of attributes.
    pub values: bool,
    /// What people call the subject. Without them a line holds only ids of the source.
    pub labels: bool,
}

impl Default for Journaling {
    fn default() -> Self {
        Self {
            values: false,
            labels: true,
        }
    }
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
    /// What a person calls them; not kept of a subject where [`Journaling::labels`] is off.
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
    /// The writes of it, in order.
    pub requests: Vec<Sent>,
    /// What it did, in enough detail to take it back.
    pub deed: Option<Deed>,
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
    /// Remember what a person has decided by hand.
    PutVerdict(TargetName, Verdict),
    /// Forget it.
    DropVerdict(TargetName, Verdict),
    /// Remember that the app was asked for this user, who is out, at that time and had nothing.
    PutLooked(TargetName, UserKey, Timestamp),
    /// Forget it.
    DropLooked(TargetName, UserKey),
    /// Leave this alone, in place of another pin on it.
    PutPin(TargetName, Pinned, Pin),
    /// Leave it alone no longer.
    DropPin(TargetName, Pinned),
    /// Remember this reading as the last accepted one.
    PutReading(SourceName, ReadingRecord),
    /// Remember that this user is missing.
    PutMissing(UserKey, Missing),
    /// This user is there again, or is settled.
    DropMissing(UserKey),
    /// Remember that this row belongs to this person of another source.
    PutRow(UserKey, UserKey),
    /// Forget it.
    DropRow(UserKey),
    /// Remember what keeps the readings of this source from being accepted.
    PutTrouble(SourceName, ReadingTrouble),
    /// Nothing does any more.
    DropTrouble(SourceName),
    /// Append to the journal.
    Journal(JournalEntry),
}

/// Users by the order of their keys; everybody, where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span<'a> {
    /// Those after this one.
    pub after: Option<&'a UserKey>,
    /// Up to this one.
    pub upto: Option<&'a UserKey>,
}

/// The state.
#[async_trait]
pub trait Store: Send + Sync {
    /// What is remembered of a target; the window counts from `since`.
    ///
    /// # Errors
    /// When the state cannot be read.
    async fn target(
        &self,
        target: &TargetName,
        since: Timestamp,
    ) -> Result<TargetState, StoreError>;

    /// What is remembered of a target, but for the links of its users.
    ///
    /// # Errors
    /// When the state cannot be read.
    async fn outline(
        &self,
        target: &TargetName,
        since: Timestamp,
    ) -> Result<TargetState, StoreError>;

    /// The links of a target that belong to a span of users.
    ///
    /// # Errors
    /// When the state cannot be read.
    async fn links(
        &self,
        target: &TargetName,
        span: Span<'_>,
    ) -> Result<BTreeMap<UserKey, Link>, StoreError>;

    /// The links of these users in a target.
    ///
    /// # Errors
    /// When the state cannot be read.
    async fn links_of(
        &self,
        target: &TargetName,
        users: &BTreeSet<UserKey>,
    ) -> Result<BTreeMap<UserKey, Link>, StoreError>;

    /// What is remembered of a source.
    ///
    /// # Errors
    /// When the state cannot be read.
    async fn source(&self, source: &SourceName) -> Result<SourceState, StoreError>;

    /// Everybody of a source who has an account in any target as far as we know, or may have one, and
    /// who `counts`.
    ///
    /// # Errors
    /// When the state cannot be read.
    async fn holders(
        &self,
        source: &SourceName,
        counts: &(dyn for<'u> Fn(&'u UserKey) -> bool + Sync),
    ) -> Result<BTreeSet<UserKey>, StoreError>;

    /// Writes all of `batch` or nothing; when this returns, it survives a crash.
    ///
    /// # Errors
    /// When it was not written: nothing more may be sent to any app.
    async fn commit(&self, epoch: Epoch, batch: &[Record]) -> Result<(), StoreError>;

    /// What lines of the journal are to say.
    fn journaling(&self) -> Journaling;

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
