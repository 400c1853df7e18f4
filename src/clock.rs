//! Time, in one place: what hour it is and how to wait, real or simulated.
//!
//! Promises that no other module reads a clock, so that a whole installation can run in virtual
//! time. Leaves the arithmetic on points in time to their users.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Where "now" comes from. Both kinds wait through tokio, so that a paused runtime skips the wait.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Starts at a fixed point and moves only as tokio's (paused) time moves.
    Simulated {
        /// What the wall clock said when the simulation began.
        start: Timestamp,
        /// tokio's instant at that moment.
        origin: tokio::time::Instant,
        /// By how many seconds somebody has set it since.
        set: Arc<AtomicI64>,
    },
}

impl Clock {
    /// A simulated clock that begins at `start`, now.
    #[must_use]
    pub fn simulated(start: Timestamp) -> Self {
        Self::Simulated {
            start,
            origin: tokio::time::Instant::now(),
            set: Arc::default(),
        }
    }

    /// Sets a simulated wall clock by so much, as an administrator or a machine that slept would; the
    /// monotonic clock does not notice. The machine's own clock is not ours to set.
    pub fn set_by(&self, seconds: i64) {
        match self {
            Self::System => {}
            Self::Simulated { set, .. } => {
                set.fetch_add(seconds, Ordering::Relaxed);
            }
        }
    }

    /// The point in time this moment is.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Simulated { start, origin, set } => {
                let set = SignedDuration::from_secs(set.load(Ordering::Relaxed));
                *start + origin.elapsed() + set
            }
        }
    }

    /// A monotonic instant, for measuring and pacing; never shown to people.
    #[must_use]
    pub fn instant(&self) -> tokio::time::Instant {
        tokio::time::Instant::now()
    }

    /// Waits for `pause`.
    pub async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}
