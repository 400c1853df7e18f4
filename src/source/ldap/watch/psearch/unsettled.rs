//! Who was told of too early to be seen as another.
//!
//! Promises that each of them is looked at once more. Leaves looking to the search.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Keys;
use crate::source::ldap::watch::syncrepl::SILENCE;

/// How long a server may take to do what follows from a change.
const SETTLE: Duration = Duration::from_secs(5);

/// Who was told of and was then found as before. 389 tells of what it does to other entries by itself,
/// such as `memberOf`, before anybody can see it (2.3.1, tried on 2026-11-22: every fourth time).
#[derive(Default)]
pub(super) struct Unsettled {
    waiting: VecDeque<(Instant, Keys)>,
}

impl Unsettled {
    pub(super) fn add(&mut self, keys: Keys, now: Instant) {
        if keys.iter().any(|keys| !keys.is_empty()) {
            self.waiting.push_back((now + SETTLE, keys));
        }
    }

    /// How long the server may be silent, or until somebody is due to be looked at again.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let due = self.waiting.front();
        due.map_or(SILENCE, |(at, _)| at.saturating_duration_since(now))
    }

    /// Who is to be looked at again now.
    pub(super) fn due(&mut self, now: Instant) -> Option<Keys> {
        let (at, _) = self.waiting.front()?;
        if *at > now {
            return None;
        }
        self.waiting.pop_front().map(|(_, keys)| keys)
    }
}
