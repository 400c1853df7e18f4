//! What happened, told once: for logs, counters and notifications.
//!
//! Promises that an event names a person only where one has to act, and never holds a secret. Leaves
//! to the listeners what they make of it; one who is too slow misses events and nothing else.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::broadcast;

use crate::core::key::{SourceName, TargetName};

/// Where events are told.
pub type Events = broadcast::Sender<Event>;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A source was read or followed.
    Read {
        /// Which.
        source: SourceName,
        /// As a whole, and not by what was heard.
        whole: bool,
        /// How long reading took, of all sources together.
        took: Duration,
        /// How many users.
        users: usize,
    },
    /// A source cannot be read, or not be listened to.
    SourceFailed {
        /// Which.
        source: SourceName,
        /// What is wrong and what to do.
        problem: String,
    },
    /// It can again.
    SourceBack(SourceName),
    /// A cycle of a target has ended.
    Cycle {
        /// Which target.
        target: TargetName,
        /// The run in the journal.
        run: String,
        /// `in line`, `held`, `unfinished`, `stopped`, `failed`.
        outcome: String,
        /// Changes done, by the word of their action.
        done: std::collections::BTreeMap<String, usize>,
        /// Changes that failed.
        failed: usize,
        /// How long it took.
        took: Duration,
        /// From the first thing heard at the source to the last answer of the app, if the cycle was
        /// made for something heard.
        latency: Option<Duration>,
    },
    /// The guard holds something new.
    Held {
        /// Which target.
        target: TargetName,
        /// Its id.
        hold: String,
        /// The limit that it went over.
        lane: String,
        /// How many changes.
        changes: usize,
    },
    /// A change now waits for a person.
    Parked {
        /// Which target.
        target: TargetName,
        /// Whom it is about, as people call them.
        label: String,
        /// Why.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// Nothing is sent to a target for now.
    Paused {
        /// Which.
        target: TargetName,
        /// Until when; `None`: until a person does something.
        until: Option<Timestamp>,
        /// Why, and what to do.
        reason: String,
        /// Its credential was refused.
        credential: bool,
    },
    /// Something is sent again.
    Resumed(TargetName),
    /// The credential of a target ends soon, or has ended.
    Expiring {
        /// Which target.
        target: TargetName,
        /// Its last day.
        last: jiff::civil::Date,
    },
    /// A new config is in force; what changed, a line each.
    Reloaded(Vec<String>),
    /// A new config was refused; its problems as people read them.
    ReloadRefused(String),
    /// The end was asked for.
    Stopping,
}
