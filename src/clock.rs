//! Time, in one place: what hour it is and how to wait, real or simulated.
//!
//! Promises that no other module reads a clock, so that a whole installation can run in virtual
//! time. Leaves the arithmetic on points in time to their users.

use std::time::Duration;

use jiff::Timestamp;

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
    },
}

impl Clock {
    /// A simulated clock that begins at `start`, now.
    #[must_use]
    pub fn simulated(start: Timestamp) -> Self {
        Self::Simulated {
            start,
            origin: tokio::time::Instant::now(),
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
            Self::Simulated { start, origin } => *start + origin.elapsed(),
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
