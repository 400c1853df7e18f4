//! One cycle: read, propose, commit, apply; and what is learned on the way.
//!
//! Promises that proposing writes nothing anywhere (it is handed only
//! [`Observe`](crate::connector::Observe)), that an attempt is on disk before its request leaves, and
//! that one loop retries. Leaves deciding to the core and wording to the connector.

pub mod apply;
mod bounds;
pub mod cut;
mod follow;
pub mod halt;
pub mod inventory;
mod journal;
mod learn;
mod members;
mod perform;
pub mod propose;
mod queue;
pub mod resend;
pub mod roster;
mod sieve;
mod sleeper;
pub mod undo;
mod unseen;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::connector::Apply;
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::{SourceName, TargetName};
use crate::core::roster::Joint;
use crate::core::rules::Rules;
use crate::draw::Draw;
use crate::source::Source;
use crate::store::Store;

/// A source with what the config says of it.
#[derive(Clone)]
pub struct SourceUnit {
    /// The source, shared by all who read it: it outlives a config that does not change it.
    pub source: Arc<dyn Source>,
    /// How long somebody must be missing before it counts.
    pub absent_for: Duration,
    /// The fingerprint of its settings.
    pub settings: u64,
    /// Does the daemon listen to it?
    pub watch: bool,
    /// How long a whole reading may be followed by what is heard, before everything is read again.
    pub full_read_every: Duration,
}

/// The sources of an installation, and how they are joined, if they are.
#[derive(Clone, Default)]
pub struct Sources {
    /// The sources.
    pub units: BTreeMap<SourceName, SourceUnit>,
    /// How the rows of one person are found.
    pub joint: Option<Joint>,
}

impl Deref for Sources {
    type Target = BTreeMap<SourceName, SourceUnit>;

    fn deref(&self) -> &Self::Target {
        &self.units
    }
}

/// Sources to be read: those of an installation, or some that stand side by side.
#[derive(Clone, Copy)]
pub struct ToRead<'a> {
    units: &'a BTreeMap<SourceName, SourceUnit>,
    joint: Option<&'a Joint>,
}

impl<'a> From<&'a Sources> for ToRead<'a> {
    fn from(sources: &'a Sources) -> Self {
        Self {
            units: &sources.units,
            joint: sources.joint.as_ref(),
        }
    }
}

impl<'a> From<&'a BTreeMap<SourceName, SourceUnit>> for ToRead<'a> {
    fn from(units: &'a BTreeMap<SourceName, SourceUnit>) -> Self {
        Self { units, joint: None }
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// So many accounts of a target are read.
    Reading(TargetName, usize),
    /// So many changes of so many are done.
    Applying(TargetName, usize, usize),
    /// A target is done.
    Done(TargetName),
}
