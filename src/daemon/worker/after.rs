//! What follows a cycle: when the next one is, and whether the target rests until then.
//!
//! Promises that what fails for now is tried again ever more seldom, and no later than `every:`. Leaves
//! how long a rest is to [`super::super::rest`].

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{AUDIT_AGAIN, DISTURBED, UNFINISHED, Worker};
use crate::core::backoff;
use crate::core::plan::WaitingFor;
use crate::core::profile::RetryPolicy;
use crate::daemon::board::{Ended, Phase};
use crate::daemon::cycle::{Came, Look, Through};
use crate::daemon::event::Event;
use crate::daemon::rest::Cause;
use crate::daemon::sources::Everybody;
use crate::installation::Installation;

impl Worker {
    /// What follows a cycle.
    pub(super) fn settle(
        &mut self,
        came: Came,
        look: Look,
        ran: (&str, Timestamp, Duration),
        everybody: &Everybody,
        installation: &Installation,
    ) {
        let now = self.handle.now();
        self.next = now + self.unit.config.rhythm.every;
        match came {
            Came::Nowhere => {
                self.disturbed += 1;
                self.read_again(now + AUDIT_AGAIN, self.disturbed >= DISTURBED);
                self.next = now;
                self.write(|board| board.phase = Phase::Idle);
            }
            Came::Failed(cause) => {
                // An app that cannot be read may well take changes, and leavers do not wait.
                if look != Look::Trust && matches!(cause, Cause::App(_)) {
                    self.read_again(now + self.unit.config.rhythm.every, true);
                }
                self.begin_rest(cause, installation, Some(ran));
            }
            Came::Through(through) => {
                self.looked(look, &through, now);
                self.tell(&through, ran, everybody, installation);
                match &through.applied.stopped {
                    Some(fault) => self.begin_rest(Cause::App(fault.clone()), installation, None),
                    None => self.go_on(&through, now, installation),
                }
            }
        }
    }

    /// The app was read, or is still to be.
    fn looked(&mut self, look: Look, through: &Through, now: Instant) {
        let applied = &through.applied;
        match look {
            Look::Trust => {}
            Look::Read | Look::Audit if applied.left.is_empty() && applied.stopped.is_none() => {
                self.disturbed = 0;
                self.read_again(now + self.unit.config.rhythm.audit_every, false);
            }
            // What only the app's own answer shows is lost with this cycle.
            Look::Read | Look::Audit => self.read_again(now + UNFINISHED, true),
        }
    }

    fn read_again(&mut self, at: Instant, is_brisk: bool) {
        (self.audit, self.is_brisk) = (at, is_brisk);
    }

    /// Something went wrong with the target as a whole: it rests.
    fn begin_rest(
        &mut self,
        cause: Cause,
        installation: &Installation,
        ran: Option<(&str, Timestamp, Duration)>,
    ) {
        let (clock, draw) = (installation.clock(), installation.draw());
        let every = self.unit.config.rhythm.every;
        let rest = self.fatigue.rest(cause, every, clock, draw);
        let is_new = self
            .rest
            .as_ref()
            .is_none_or(|known| !known.cause.is_like(&rest.cause));
        self.next = rest.until.unwrap_or(self.handle.now() + every);
        if is_new {
            tracing::warn!("nothing is sent for now: {}", rest.pause.reason);
            self.handle.tell(Event::Paused {
                target: self.name.clone(),
                until: rest.pause.until,
                reason: rest.pause.reason.clone(),
                credential: rest.cause.is_credential(),
            });
        }
        let pause = rest.pause.clone();
        self.rest = Some(rest);
        self.write(|board| {
            board.phase = Phase::Idle;
            board.next = pause.until;
            board.pause = Some(pause);
            if let Some((run, at, took)) = ran {
                board.last = Some(Ended {
                    at: at.saturating_add(took).unwrap_or(at),
                    run: run.to_owned(),
                    outcome: "failed".into(),
                    took,
                });
            }
        });
    }

    /// The target could be used: when is the next cycle?
    fn go_on(&mut self, through: &Through, now: Instant, installation: &Installation) {
        if self.rest.take().is_some() {
            tracing::info!("the app is sent changes again");
            self.handle.tell(Event::Resumed(self.name.clone()));
        }
        self.fatigue.rested();
        let applied = &through.applied;
        let failed = applied.failed.iter().any(|failure| !failure.parked);
        self.unfinished = if failed {
            self.unfinished.saturating_add(1)
        } else {
            0
        };
        if failed {
            let policy = RetryPolicy {
                base: UNFINISHED,
                max: self.unit.config.rhythm.every,
                ..RetryPolicy::default()
            };
            self.next = self
                .next
                .min(now + backoff::ceiling(self.unfinished, &policy));
        }
        let wall = installation.clock().now();
        let waiting = through.reviewed.plan.waiting.iter();
        // Whoever is missing is looked for by those who read.
        for waiting in waiting.filter(|waiting| waiting.what != WaitingFor::Absence) {
            let pause = waiting.until.duration_since(wall);
            if let Ok(pause) = Duration::try_from(pause) {
                self.next = self.next.min(now + pause);
            }
        }
        self.next = self.next.min(self.audit.max(now));
        if !applied.left.is_empty() {
            self.next = now;
        }
        let next = self.next.saturating_duration_since(now);
        let next = wall.saturating_add(next).ok();
        self.write(|board| {
            board.phase = Phase::Idle;
            board.pause = None;
            board.next = next;
        });
    }
}
