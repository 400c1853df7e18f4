//! How long a target is left alone after it could not be used, and what a person can do.
//!
//! Promises that an app is not asked before the time it named, and that refused credentials are tried
//! so seldom that nobody is locked out. Leaves waiting to the [worker](super::worker).

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::board::Pause;
use crate::clock::Clock;
use crate::core::backoff;
use crate::core::cooldown::{Refusals, Urgency};
use crate::core::fault::{Fault, FaultKind};
use crate::core::profile::RetryPolicy;
use crate::draw::Draw;

/// The first pause, at most.
const FIRST: Duration = Duration::from_secs(30);
/// An app that asks for more is asked again after this all the same.
const LONGEST: Duration = Duration::from_hours(24);

/// What a target rests for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The app, or the way to it.
    App(Fault),
    /// The state cannot be used; says why and what to do.
    State(String),
    /// A fault of ours.
    Bug,
}

/// A target that rests.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pub cause: Cause,
    /// Until when; `None`: until something is different.
    pub until: Option<Instant>,
    /// The same, for people.
    pub pause: Pause,
    /// Fresh secrets were fetched since.
    pub is_equipped: bool,
}

/// What a worker remembers of the rests of its target, since the last cycle that went through.
#[derive(Clone, Debug, Default)]
pub(super) struct Fatigue {
    tries: u32,
    refusals: Refusals,
    since: Option<Timestamp>,
}

impl Cause {
    /// Our credentials were refused.
    pub fn is_credential(&self) -> bool {
        matches!(self, Self::App(fault) if fault.kind == FaultKind::Unauthenticated)
    }

    /// What the app was like, if it is the app.
    pub fn of_app(&self) -> Option<FaultKind> {
        match self {
            Self::App(fault) => Some(fault.kind),
            Self::State(_) | Self::Bug => None,
        }
    }

    /// Would fresh secrets or certificates help, so that they are fetched before the next try?
    pub fn wants_secrets(&self) -> bool {
        match self {
            Self::App(fault) => matches!(
                fault.kind,
                FaultKind::Unauthenticated | FaultKind::Unready | FaultKind::Untrusted
            ),
            Self::State(_) | Self::Bug => false,
        }
    }

    /// The same trouble, whatever the words.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::App(one), Self::App(other)) => one.kind == other.kind,
            (Self::State(_), Self::State(_)) | (Self::Bug, Self::Bug) => true,
            (Self::App(_) | Self::State(_) | Self::Bug, _) => false,
        }
    }

    fn told(&self) -> String {
        match self {
            Self::App(fault) => format!("{fault}; {}", remedy(fault.kind)),
            Self::State(problem) => problem.clone(),
            Self::Bug => "a cycle broke off; this is a fault in rollcall, please report it".into(),
        }
    }
}

impl Fatigue {
    /// A cycle went through.
    pub fn rested(&mut self) {
        *self = Self::default();
    }

    /// How long to rest for `cause`, `every` at most where the app does not say otherwise.
    pub fn rest(&mut self, cause: Cause, every: Duration, clock: &Clock, draw: &Draw) -> Rest {
        let now = clock.now();
        self.tries = self.tries.saturating_add(1);
        let span = self.span(&cause, every, now, draw);
        let until = span.map(|span| now.saturating_add(span).unwrap_or(Timestamp::MAX));
        let pause = Pause {
            since: *self.since.get_or_insert(now),
            until,
            reason: cause.told(),
        };
        Rest {
            cause,
            until: span.map(|span| clock.instant() + span),
            pause,
            is_equipped: false,
        }
    }

    fn span(
        &mut self,
        cause: &Cause,
        every: Duration,
        now: Timestamp,
        draw: &Draw,
    ) -> Option<Duration> {
        if let Cause::App(fault) = cause {
            if fault.kind == FaultKind::Unready {
                return None;
            }
            if fault.kind == FaultKind::Unauthenticated {
                return Some(self.cool_down(fault, now));
            }
            if let Some(asked) = fault.retry_after {
                return Some(asked.min(LONGEST));
            }
        }
        let policy = RetryPolicy {
            base: FIRST.min(every),
            max: every,
            ..RetryPolicy::default()
        };
        // Half of it is sure, so that a dead app is not asked in a row; the rest spreads the tries.
        let ceiling = backoff::ceiling(self.tries, &policy);
        Some(ceiling.mul_f64(0.5 + draw.unit() / 2.0))
    }

    /// How long refused credentials rest: as the client says, where it knows of earlier refusals.
    fn cool_down(&mut self, fault: &Fault, now: Timestamp) -> Duration {
        if let Some(rest) = fault.retry_after {
            return rest.min(LONGEST);
        }
        self.refusals.add(now);
        let next = self.refusals.next_try(Urgency::Scheduled, now);
        let rest = next.map(|next| next.duration_since(now));
        let rest = rest.and_then(|rest| Duration::try_from(rest).ok());
        rest.unwrap_or(crate::core::cooldown::FIRST)
    }
}

/// What a person can do.
fn remedy(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Unreachable => "it is tried again; check the address, and the way there",
        FaultKind::TimedOut
        | FaultKind::Throttled
        | FaultKind::Unavailable
        | FaultKind::Garbled => {
            "it is tried again; if it stays like this, ask whoever runs the app"
        }
        FaultKind::Untrusted => {
            "give the CA that signed it as `tls: { ca: FILE }`, or mend the certificate"
        }
        FaultKind::Unauthenticated => {
            "put the right credential where `auth:` says; a file is noticed, else: systemctl reload \
             rollcall"
        }
        FaultKind::Unready => "set that right; a file is noticed, else: systemctl reload rollcall",
        FaultKind::Forbidden => "give our credential the right to read users and groups in the app",
        FaultKind::Missing | FaultKind::Misdirected => {
            "check the target's `base_url`: it ends before `/Users`"
        }
        FaultKind::Conflict | FaultKind::Rejected | FaultKind::Unsupported => {
            "the app is not as its connector says; write what differs into the target's `override:`"
        }
        FaultKind::Paused => "switch provisioning on again in the app: it is noticed",
        FaultKind::NoSeat | FaultKind::Guarded => {
            "a rule of `errors:` fits a refusal to read; make it narrower"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fault::Effect;

    fn fault(kind: FaultKind) -> Cause {
        Cause::App(Fault::new(kind, Effect::None, ""))
    }

    fn spans(cause: &Cause, times: usize) -> Vec<Option<u64>> {
        let clock = Clock::simulated("2026-11-22T12:00:00Z".parse().expect("a point in time"));
        let (mut fatigue, draw) = (Fatigue::default(), Draw::seeded(1));
        let quarter = Duration::from_mins(15);
        let rests = (0..times).map(|_| fatigue.rest(cause.clone(), quarter, &clock, &draw));
        rests
            .map(|rest| Some(rest.until?.duration_since(clock.instant()).as_secs()))
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_app_is_asked_ever_more_seldom_but_as_often_as_every_says() {
        let spans: Vec<u64> = spans(&fault(FaultKind::Unreachable), 8)
            .into_iter()
            .flatten()
            .collect();
        let ceilings = [30, 60, 120, 240, 480, 900, 900, 900];
        assert_eq!(spans.len(), 8);
        for (span, ceiling) in spans.iter().zip(ceilings) {
            assert!((ceiling / 2..=ceiling).contains(span), "{spans:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_app_that_names_a_time_gets_it_and_a_secret_that_lacks_is_waited_for() {
        let asked = Fault {
            retry_after: Some(Duration::from_hours(3)),
            ..Fault::new(FaultKind::Throttled, Effect::None, "")
        };
        assert_eq!(spans(&Cause::App(asked), 2), [Some(10_800); 2]);
        assert_eq!(spans(&fault(FaultKind::Unready), 2), [None; 2]);
        let refused = spans(&fault(FaultKind::Unauthenticated), 3);
        assert_eq!(refused, [Some(300), Some(600), Some(1200)]);
    }
}
