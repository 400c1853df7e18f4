//! The limits of one target: its rates, how many requests are on their way at once, and the pauses it
//! asks for.
//!
//! Promises that no request goes out while the target is paused, while a bucket that counts it is
//! empty, or while as many are on their way as the target bears; and that a target which pushes back
//! gets fewer at once. Leaves trying again to the engine: nothing is sent twice.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::allowance::{self, AllowanceNames};
use super::bucket::Buckets;
use super::pace::{Pace, Round};
use super::ruling::Rulings;
use super::{About, Answer, Request, Transport, retry_after};
use crate::clock::Clock;
use crate::core::backoff;
use crate::core::duration;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::profile::{Meaning, Rates, RetryPolicy};

/// The limits of one target, shared by all that speak to it. Every way to the target must go through
/// the same `Limiter`.
pub struct Limiter {
    clock: Clock,
    retry: RetryPolicy,
    slots: Semaphore,
    gate: Mutex<Gate>,
    allowance: Option<AllowanceNames>,
    rulings: Rulings,
    waits: Waits,
}

/// How often requests had to wait for a rate or a pause, and how long in all. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Waits(Arc<WaitTally>);

#[derive(Debug, Default)]
struct WaitTally {
    count: AtomicU64,
    millis: AtomicU64,
}

impl Waits {
    /// Is it this one, or a clone of it?
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// How often.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }

    /// How long in all.
    #[must_use]
    pub fn total(&self) -> Duration {
        Duration::from_millis(self.0.millis.load(Ordering::Relaxed))
    }

    fn add(&self, wait: Duration) {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.0.count.fetch_add(1, Ordering::Relaxed);
        self.0.millis.fetch_add(millis, Ordering::Relaxed);
    }
}

/// What is looked at and changed in one step.
struct Gate {
    buckets: Buckets,
    pace: Pace,
    /// Slots that exist; it follows the pace down as fast as requests come back.
    open: usize,
    paused_until: Option<Instant>,
}

impl Limiter {
    /// The limits that a profile gives, with full buckets and all slots free.
    #[must_use]
    pub fn new(rates: &Rates, clock: Clock) -> Self {
        let cap = rates.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            retry: rates.retry.clone(),
            slots: Semaphore::new(cap),
            gate: Mutex::new(Gate {
                buckets: Buckets::new(&rates.buckets, &clock),
                pace: Pace::new(cap),
                open: cap,
                paused_until: None,
            }),
            allowance: rates.headers.as_ref().and_then(AllowanceNames::of),
            rulings: Rulings::default(),
            waits: Waits::default(),
            clock,
        }
    }

    /// Takes a refusal for a throttle where these rules say that it is one.
    #[must_use]
    pub fn ruled_by(self, rulings: Rulings) -> Self {
        Self { rulings, ..self }
    }

    /// What requests had to wait so far.
    #[must_use]
    pub fn waits(&self) -> Waits {
        self.waits.clone()
    }

    /// How long the target is still paused; `None`: it is not.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        self.gate().pause(self.clock.instant())
    }

    /// A pause that is longer than a run may wait is an answer, not a wait.
    fn refuse_long_pause(&self) -> Result<(), Fault> {
        match self.pause() {
            Some(rest) if rest > self.retry.patience => {
                let detail = format!("paused for another {}", duration::print(rest));
                let fault = Fault::new(FaultKind::Throttled, Effect::None, detail);
                Err(Fault {
                    retry_after: Some(rest),
                    ..fault
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// How many requests may be on their way at once now.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.gate().pace.allowed()
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the request may go out. It keeps its slot while it waits for a cell, so that
    /// requests go out in the order they came.
    async fn admit(&self, request: &Request) -> Slot<'_> {
        let mut slot = self.take_slot().await;
        loop {
            let asked = self.gate().ask(request, self.clock.instant());
            match asked {
                Ok(round) => {
                    slot.round = round;
                    return slot;
                }
                Err(Obstacle::Until(wait)) => {
                    self.waits.add(wait);
                    self.clock.sleep(wait).await;
                }
                Err(Obstacle::Surplus) => {
                    drop(slot);
                    slot = self.take_slot().await;
                }
            }
        }
    }

    async fn take_slot(&self) -> Slot<'_> {
        let permit = self.slots.acquire().await;
        Slot {
            limiter: self,
            permit: Some(permit.expect("nobody closes the semaphore")),
            round: self.gate().pace.round(),
        }
    }

    /// Learns from what came of a request. Silence says nothing about pace: it is the engine's to
    /// judge.
    fn learn(&self, round: Round, outcome: &Result<Answer, Fault>) {
        match outcome {
            Ok(answer) => match answer.status {
                StatusCode::TOO_MANY_REQUESTS => self.slow_down(round, self.hint(answer), true),
                StatusCode::SERVICE_UNAVAILABLE => self.slow_down(round, self.hint(answer), false),
                _ if self.is_throttle(answer) => self.slow_down(round, self.hint(answer), true),
                _ => {
                    self.speed_up();
                    self.heed(answer);
                }
            },
            Err(fault) if fault.kind == FaultKind::Throttled => {
                self.slow_down(round, fault.retry_after, true);
            }
            Err(_) => {}
        }
    }

    /// Does the profile say that a refusal like this means "too fast"?
    fn is_throttle(&self, answer: &Answer) -> bool {
        let status = answer.status.as_u16();
        status >= 400 && self.rulings.meaning(status, &answer.body) == Some(Meaning::Throttled)
    }

    /// Pauses when the app says that nothing is left of its rate, before it has to refuse anything;
    /// no longer than a run waits, since a reset far away is more likely a mistake than a rate.
    fn heed(&self, answer: &Answer) {
        let names = self.allowance.as_ref();
        let asked = names
            .and_then(|names| allowance::read(&answer.headers, names, self.clock.now()))
            .map(|pause| pause.min(self.retry.patience));
        if let Some(pause) = asked {
            self.gate().pause_for(pause, self.clock.instant());
        }
    }

    fn hint(&self, answer: &Answer) -> Option<Duration> {
        retry_after::read(answer.status, &answer.headers, self.clock.now())
    }

    /// Fewer at once, and a pause: as long as the app asked for, or after a refusal that does not say,
    /// one that doubles with each in a row.
    fn slow_down(&self, round: Round, hint: Option<Duration>, refused: bool) {
        let mut gate = self.gate();
        gate.pace.slow_down(round);
        let refusals = gate.pace.refusals();
        let pause = hint.or_else(|| refused.then(|| backoff::ceiling(refusals, &self.retry)));
        if let Some(pause) = pause {
            gate.pause_for(pause, self.clock.instant());
        }
        self.fit(&mut gate);
    }

    fn speed_up(&self) {
        let mut gate = self.gate();
        gate.pace.speed_up();
        self.fit(&mut gate);
    }

    /// Brings the slots in line with the pace; those in use are closed when they come back.
    fn fit(&self, gate: &mut Gate) {
        let allowed = gate.pace.allowed();
        if gate.open > allowed {
            gate.open -= self.slots.forget_permits(gate.open - allowed);
        } else {
            self.slots.add_permits(allowed - gate.open);
            gate.open = allowed;
        }
    }
}

/// What keeps a request with a slot from going out.
enum Obstacle {
    /// A pause or an empty bucket, for so long.
    Until(Duration),
    /// The pace fell while it waited: its slot is one too many.
    Surplus,
}

impl Gate {
    /// May the request go out now? Gives the round it belongs to.
    ///
    /// # Errors
    /// What keeps it; then no cell was taken.
    fn ask(&mut self, request: &Request, now: Instant) -> Result<Round, Obstacle> {
        if let Some(rest) = self.pause(now) {
            return Err(Obstacle::Until(rest));
        }
        if self.has_surplus() {
            return Err(Obstacle::Surplus);
        }
        match request.about {
            About::Token => {}
            About::User | About::Group | About::Service => self
                .buckets
                .take(&request.method, request.about, request.body.len())
                .map_err(Obstacle::Until)?,
        }
        Ok(self.pace.round())
    }

    /// Are there more slots than the pace allows?
    fn has_surplus(&self) -> bool {
        self.open > self.pace.allowed()
    }

    fn pause_for(&mut self, pause: Duration, now: Instant) {
        self.paused_until = self.paused_until.max(Some(now + pause));
    }

    fn pause(&self, now: Instant) -> Option<Duration> {
        self.paused_until
            .map(|until| until.saturating_duration_since(now))
            .filter(|rest| !rest.is_zero())
    }
}

/// The right to be on the way; given back when dropped, also when nobody waits for the answer any
/// more.
struct Slot<'a> {
    limiter: &'a Limiter,
    permit: Option<SemaphorePermit<'a>>,
    round: Round,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut gate = self.limiter.gate();
        if gate.has_surplus() {
            gate.open -= 1;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

/// A transport that keeps to the limits of its target.
pub struct Limited<T> {
    inner: T,
    limiter: Arc<Limiter>,
}

impl<T: Transport> Limited<T> {
    /// Sends through `inner` as `limiter` allows.
    #[must_use]
    pub fn new(inner: T, limiter: Arc<Limiter>) -> Self {
        Self { inner, limiter }
    }
}

#[async_trait]
impl<T: Transport> Transport for Limited<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.limiter.refuse_long_pause()?;
        let slot = self.limiter.admit(&request).await;
        let outcome = self.inner.send(request).await;
        self.limiter.learn(slot.round, &outcome);
        outcome
    }
}

#[cfg(test)]
mod tests;
