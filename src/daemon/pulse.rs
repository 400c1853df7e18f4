//! Who of the daemon works, and since when without getting on: what the watchdog goes by.
//!
//! Promises that somebody who waits on purpose is never taken for stuck, and somebody who oversleeps
//! or does one thing for too long is. Leaves telling systemd to [`super::systemd`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;
use crate::installation::Unit;

/// Everybody who has something to do, by name.
#[derive(Debug)]
pub struct Pulse {
    clock: Clock,
    beats: Mutex<BTreeMap<String, Beat>>,
}

/// What somebody does.
#[derive(Debug)]
enum Beat {
    /// Waits, until then at the latest.
    Idle(Option<Instant>),
    /// Works.
    Busy {
        /// The last time that something was seen to get on.
        since: Instant,
        /// How many requests had been sent then.
        sent: u64,
        at: Option<At>,
    },
}

/// The target that somebody works at.
struct At(Arc<Unit>);

impl std::fmt::Debug for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.target.rules.target)
    }
}

impl At {
    fn sent(&self) -> u64 {
        let counts = self.0.counter.counts();
        counts.read + counts.write + counts.token
    }

    /// Does nothing happen because the app wants it so?
    fn rests(&self) -> bool {
        self.0.pause().is_some()
    }
}

impl Pulse {
    /// Nobody yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            beats: Mutex::default(),
        }
    }

    fn beats(&self) -> MutexGuard<'_, BTreeMap<String, Beat>> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `who` waits on purpose, until then at the latest.
    pub(super) fn idle(&self, who: &str, until: Option<Instant>) {
        self.beats().insert(who.into(), Beat::Idle(until));
    }

    /// `who` works, or has got on with it.
    pub(super) fn works(&self, who: &str, unit: Option<&Arc<Unit>>) {
        let at = unit.map(|unit| At(Arc::clone(unit)));
        let beat = Beat::Busy {
            since: self.clock.instant(),
            sent: at.as_ref().map_or(0, At::sent),
            at,
        };
        self.beats().insert(who.into(), beat);
    }

    /// `who` is there no longer.
    pub(super) fn leaves(&self, who: &str) {
        self.beats().remove(who);
    }

    /// Those who have not got on for longer than `patience`.
    #[must_use]
    pub fn stuck(&self, patience: Duration) -> Vec<String> {
        let now = self.clock.instant();
        let mut stuck = Vec::new();
        for (who, beat) in self.beats().iter_mut() {
            let since = match beat {
                Beat::Idle(None) => continue,
                Beat::Idle(Some(until)) => *until,
                Beat::Busy { since, sent, at } => {
                    let now_sent = at.as_ref().map_or(0, At::sent);
                    if now_sent != *sent || at.as_ref().is_some_and(At::rests) {
                        (*since, *sent) = (now, now_sent);
                    }
                    *since
                }
            };
            if now.saturating_duration_since(since) > patience {
                stuck.push(who.clone());
            }
        }
        stuck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_on_purpose_is_not_stuck_and_who_oversleeps_is() {
        let clock = Clock::simulated(jiff::Timestamp::UNIX_EPOCH);
        let pulse = Pulse::new(clock.clone());
        let minute = Duration::from_mins(1);
        pulse.idle("waits", None);
        pulse.idle("sleeps", Some(clock.instant() + 5 * minute));
        pulse.works("reads", None);
        clock.sleep(minute).await;
        assert_eq!(pulse.stuck(minute), [""; 0]);
        clock.sleep(minute).await;
        assert_eq!(pulse.stuck(minute), ["reads"]);
        pulse.works("reads", None);
        assert_eq!(pulse.stuck(minute), [""; 0]);
        pulse.leaves("reads");
        clock.sleep(5 * minute).await;
        assert_eq!(pulse.stuck(minute), ["sleeps"]);
    }
}
