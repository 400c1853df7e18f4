//! One cycle: read, propose, commit, apply; and what is learned on the way.
//!
//! Promises that proposing writes nothing anywhere (it is handed only
//! [`Observe`](crate::connector::Observe)), that an attempt is on disk before its request leaves, and
//! that one loop retries. Leaves deciding to the core and wording to the connector.

pub mod apply;
mod bounds;
pub mod cut;
pub mod inventory;
mod journal;
mod learn;
mod members;
mod perform;
pub mod propose;
mod queue;
pub mod resend;
pub mod roster;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::connector::Apply;
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::TargetName;
use crate::core::rules::Rules;
use crate::draw::Draw;
use crate::source::Source;
use crate::store::Store;

/// A source with what the config says of it.
pub struct SourceUnit {
    /// The source.
    pub source: Box<dyn Source>,
    /// How long somebody must be missing before it counts.
    pub absent_for: Duration,
    /// The fingerprint of its settings.
    pub settings: u64,
}

/// A target: its rules and the way to its app.
#[derive(Clone)]
pub struct Target {
    /// What decides about it.
    pub rules: Arc<Rules>,
    /// The way to the app.
    pub app: Arc<dyn Apply>,
}

/// What every step needs besides its values.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The state.
    pub store: &'a dyn Store,
    /// The key of the fingerprints.
    pub key: &'a FingerprintKey,
    /// Time.
    pub clock: &'a Clock,
    /// Chance, for jitter only.
    pub draw: &'a Draw,
    /// Hears how far things are.
    pub progress: &'a (dyn Fn(Progress) + Sync),
}

/// How far things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many accounts of a target are read.
    Reading(TargetName, usize),
    /// So many changes of so many are done.
    Applying(TargetName, usize, usize),
    /// A target is done.
    Done(TargetName),
}
