//! How things stand at this moment: what `status` shows of a running daemon, and what `/readyz` and
//! the gauges of `/metrics` are made of.
//!
//! Promises to be cheap to copy, and to hold no value of any user. Leaves history to the journal.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::core::key::{SourceName, TargetName};

/// Where the board hangs: whoever writes it does so here, whoever reads it subscribes.
pub type Boards = watch::Sender<Board>;

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// Since when the daemon runs.
    pub since: Timestamp,
    /// When the config in force was loaded.
    pub config: Timestamp,
    /// Why the newest config was refused, if it was: the one before is still in force.
    pub refused: Option<Trouble>,
    /// The sources.
    pub sources: BTreeMap<SourceName, SourceBoard>,
    /// The targets.
    pub targets: BTreeMap<TargetName, TargetBoard>,
}

/// Something that does not work, since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// What is wrong and what to do, in lines as people read them.
    pub problem: String,
}

/// How a source stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceBoard {
    /// When it was last read as a whole.
    pub whole: Option<Timestamp>,
    /// When it was last read or followed.
    pub last: Option<Timestamp>,
    /// How many users that gave.
    pub users: usize,
    /// How many groups.
    pub groups: usize,
    /// Only a part could be read.
    pub is_part: bool,
    /// Why it cannot be read, if it cannot.
    pub trouble: Option<Trouble>,
    /// Whether it is listened to.
    pub ear: Ear,
    /// When it is to be read as a whole again.
    pub next: Option<Timestamp>,
}

/// Whether a source is listened to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ear {
    /// It is not to be, or cannot be.
    #[default]
    Off,
    /// It is.
    On,
    /// It should be, and nothing can be heard.
    Lost(Trouble),
}

/// How a target stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetBoard {
    /// What its worker does now.
    pub phase: Phase,
    /// How its last cycle ended.
    pub last: Option<Ended>,
    /// When a cycle last left nothing failed.
    pub success: Option<Timestamp>,
    /// When the next cycle begins, if nothing comes before.
    pub next: Option<Timestamp>,
    /// Why nothing is sent, if nothing is.
    pub pause: Option<Pause>,
    /// Changes that are due and not sent.
    pub due: usize,
    /// Since when the oldest of them is due.
    pub oldest_due: Option<Timestamp>,
    /// Of them, people who are out and whose account is still active.
    pub leavers_due: usize,
    /// Holds nobody has approved.
    pub holds: usize,
    /// Changes that wait for a person.
    pub parked: usize,
    /// Accounts that are linked.
    pub links: usize,
    /// The last day its credential is good, if the config says so.
    pub expires: Option<jiff::civil::Date>,
}

/// What a worker does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Waits.
    #[default]
    Idle,
    /// Has read so many accounts.
    Reading(usize),
    /// Has done so many changes of so many.
    Applying {
        /// Done.
        done: usize,
        /// All.
        total: usize,
    },
}

/// How a cycle ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// The run in the journal.
    pub run: String,
    /// `in line`, `held`, `unfinished`, `stopped`, `failed`.
    pub outcome: String,
    /// How long it took.
    pub took: Duration,
}

/// Why nothing is sent to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None`: until a person does something.
    pub until: Option<Timestamp>,
    /// Why, and what to do.
    pub reason: String,
}

impl Board {
    /// The board of a daemon that has begun and knows nothing yet.
    #[must_use]
    pub fn begun(at: Timestamp) -> Self {
        Self {
            since: at,
            config: at,
            refused: None,
            sources: BTreeMap::new(),
            targets: BTreeMap::new(),
        }
    }
}
