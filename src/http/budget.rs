//! Reading slowly: while somebody asks for it, requests that change nothing go out with a pause between
//! them.
//!
//! Promises that writes, and tokens, are never held up, and that the pace is the usual one again when
//! the [`Thrift`] is dropped. Leaves the app's own rates to [`super::limit`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::count::is_read;
use super::{About, Answer, Request, Transport};
use crate::clock::Clock;
use crate::core::fault::Fault;

/// How fast may be read; shared by all who speak to one target.
#[derive(Clone, Debug, Default)]
pub struct Budget(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    pause: Option<Duration>,
    next: Option<Instant>,
}

/// As long as this is kept, reading is slow.
#[derive(Debug)]
pub struct Thrift(Budget);

impl Budget {
    /// From now on `pause` lies between two requests that read.
    #[must_use]
    pub fn thrift(&self, pause: Duration) -> Thrift {
        self.state().pause = Some(pause);
        Thrift(self.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the next request has to wait; its place is taken with that.
    fn take(&self, now: Instant) -> Option<Duration> {
        let mut state = self.state();
        let pause = state.pause?;
        let at = state.next.map_or(now, |next| next.max(now));
        state.next = Some(at + pause);
        Some(at.duration_since(now))
    }
}

impl Drop for Thrift {
    fn drop(&mut self) {
        *self.0.state() = State::default();
    }
}

/// A transport that reads as a budget allows.
pub struct Thrifty<T> {
    inner: T,
    budget: Budget,
    clock: Clock,
}

impl<T: Transport> Thrifty<T> {
    /// Sends through `inner`.
    #[must_use]
    pub fn new(inner: T, budget: Budget, clock: Clock) -> Self {
        Self {
            inner,
            budget,
            clock,
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for Thrifty<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let counts = request.about != About::Token && is_read(&request.method);
        if counts && let Some(wait) = self.budget.take(self.clock.instant()) {
            self.clock.sleep(wait).await;
        }
        self.inner.send(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn reading_is_slow_only_while_somebody_asks_for_it() {
        let budget = Budget::default();
        let now = Instant::now();
        assert_eq!(budget.take(now), None);
        let thrift = budget.thrift(Duration::from_secs(2));
        let waits: Vec<_> = (0..3).filter_map(|_| budget.take(now)).collect();
        assert_eq!(waits, [0, 2, 4].map(Duration::from_secs));
        let later = now + Duration::from_mins(1);
        assert_eq!(budget.take(later), Some(Duration::ZERO));
        drop(thrift);
        assert_eq!(budget.take(later), None);
    }
}
