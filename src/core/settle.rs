//! Writes that an app has acknowledged and does not show yet.
//!
//! Promises that for as long as the profile allows (`settle`) a differing read is neither drift nor a
//! reason to write again, and that nothing is remembered for an app which shows its writes at once.
//! Leaves comparing to the plan.

use std::time::Duration;

use jiff::Timestamp;

use super::attribute::AttrName;
use super::link::{GroupLink, Link};
use super::profile::Profile;

/// A write that may not be seen yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// When it was acknowledged.
    pub since: Timestamp,
    /// Until when it may take.
    pub until: Timestamp,
}

impl Pending {
    /// A write at `since`, unless its time is over at `now`.
    #[must_use]
    pub fn of(since: Timestamp, settle: Duration, now: Timestamp) -> Option<Self> {
        let until = since.saturating_add(settle).unwrap_or(since);
        (now < until).then_some(Self { since, until })
    }
}

/// What an account itself is remembered by in [`Link::unseen`].
#[must_use]
pub fn existence() -> AttrName {
    AttrName::new("id")
}

/// What being on or off is remembered by in [`Link::unseen`].
#[must_use]
pub fn activity() -> AttrName {
    AttrName::new("active")
}

impl Profile {
    /// How long a write of this may take until it is seen.
    #[must_use]
    pub fn settle_of(&self, name: &AttrName) -> Duration {
        self.rule(name)
            .map_or(self.settle, |rule| rule.settle.max(self.settle))
    }
}

impl Link {
    /// The app has acknowledged a write of this.
    pub fn wrote(&mut self, name: &AttrName, profile: &Profile, now: Timestamp) {
        if profile.settle_of(name).is_zero() {
            self.unseen.remove(name);
        } else {
            self.unseen.insert(name.clone(), now);
        }
    }

    /// The write of this that may not be seen yet.
    #[must_use]
    pub fn pending(&self, name: &AttrName, profile: &Profile, now: Timestamp) -> Option<Pending> {
        let since = self.unseen.get(name)?;
        Pending::of(*since, profile.settle_of(name), now)
    }
}

impl GroupLink {
    /// The app has acknowledged a write of the group or its members.
    pub fn wrote(&mut self, profile: &Profile, now: Timestamp) {
        self.unseen = (!profile.settle.is_zero()).then_some(now);
    }

    /// The last write, if it may not be seen yet.
    #[must_use]
    pub fn pending(&self, profile: &Profile, now: Timestamp) -> Option<Pending> {
        Pending::of(self.unseen?, profile.settle, now)
    }
}
