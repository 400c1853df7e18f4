//! How long credentials rest after an app refused them.
//!
//! Promises that a program which is started again and again cannot get its address locked out: some
//! apps ban one for hours after a few dozen bad logins (`TrackTik`: 40 within two minutes, for two
//! hours). Leaves remembering refusals to the store, and sending to the client.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The rest after the first refusal; it doubles with each further one.
pub const FIRST: Duration = Duration::from_mins(5);
/// The longest rest.
pub const LONGEST: Duration = Duration::from_hours(2);
/// Within this time a person who asks gets so many tries as [`ASKED_TRIES`] says.
pub const ASKED_WINDOW: Duration = Duration::from_mins(10);
/// Tries that may be refused within [`ASKED_WINDOW`], when a person asks.
pub const ASKED_TRIES: usize = 5;

/// Who wants to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A run like any other, which may begin by itself every minute.
    Scheduled,
    /// A person who has just mended something and wants to know whether it helped.
    Asked,
}

/// The refusals of the same credentials, since they last worked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusals {
    /// How many.
    pub count: u32,
    /// When the last of them were, oldest first; [`ASKED_TRIES`] at most.
    pub recent: Vec<Timestamp>,
}

impl Refusals {
    /// One more.
    pub fn add(&mut self, at: Timestamp) {
        self.count = self.count.saturating_add(1);
        self.recent.push(at);
        let surplus = self.recent.len().saturating_sub(ASKED_TRIES);
        self.recent.drain(..surplus);
    }

    /// When the last one was.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.recent.last().copied()
    }

    /// From when on they may be tried again; `None`: now. A refusal that lies ahead of `now` means
    /// that the clock was set back, and holds up nobody.
    #[must_use]
    pub fn next_try(&self, urgency: Urgency, now: Timestamp) -> Option<Timestamp> {
        let last = self.last().filter(|last| *last <= now)?;
        let next = match urgency {
            Urgency::Scheduled => last + rest(self.count),
            Urgency::Asked if self.recent.len() < ASKED_TRIES => return None,
            Urgency::Asked => *self.recent.first()? + ASKED_WINDOW,
        };
        Some(next).filter(|next| now < *next)
    }
}

/// The rest after so many refusals.
fn rest(count: u32) -> Duration {
    let doublings = count.saturating_sub(1).min(16);
    FIRST.saturating_mul(1 << doublings).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().expect("a point in time")
    }

    fn after(count: u32) -> Refusals {
        let mut refusals = Refusals::default();
        for _ in 0..count {
            refusals.add(noon());
        }
        refusals
    }

    #[test]
    fn the_rest_doubles_up_to_two_hours() {
        let minutes = |count| {
            let next = after(count).next_try(Urgency::Scheduled, noon());
            next.map(|next| next.duration_since(noon()).as_mins())
        };
        let told: Vec<_> = (0..8).map(minutes).collect();
        let wanted = [None, Some(5), Some(10), Some(20), Some(40), Some(80)];
        assert_eq!(told[..6], wanted);
        assert_eq!(told[6..], [Some(120), Some(120)]);
        let over = noon() + Duration::from_mins(5);
        assert_eq!(after(1).next_try(Urgency::Scheduled, over), None);
    }

    #[test]
    fn a_person_gets_five_tries_in_ten_minutes() {
        assert_eq!(after(4).next_try(Urgency::Asked, noon()), None);
        let over = noon() + ASKED_WINDOW;
        assert_eq!(after(5).next_try(Urgency::Asked, noon()), Some(over));
        assert_eq!(after(50).next_try(Urgency::Asked, over), None);
        assert_eq!(after(50).recent.len(), ASKED_TRIES);
    }

    #[test]
    fn a_clock_that_was_set_back_holds_up_nobody() {
        let earlier = noon() - Duration::from_secs(1);
        assert_eq!(after(9).next_try(Urgency::Scheduled, earlier), None);
        assert_eq!(after(9).next_try(Urgency::Asked, earlier), None);
    }

    #[test]
    fn a_start_every_second_for_a_day_tries_sixteen_times() {
        let mut refusals = Refusals::default();
        let mut tries = Vec::new();
        for second in 0..86_400 {
            let now = noon() + Duration::from_secs(second);
            if refusals.next_try(Urgency::Scheduled, now).is_none() {
                refusals.add(now);
                tries.push(second);
            }
        }
        assert_eq!(tries.len(), 16, "{tries:?}");
        assert!(tries.windows(2).all(|pair| pair[1] - pair[0] >= 300));
    }
}
