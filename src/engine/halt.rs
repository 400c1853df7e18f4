//! The end of a run before it is done: nothing more is sent, and what is not done stays due.
//!
//! Promises that whoever looks or waits sees the brake as soon as it is pulled. Leaves what to do about
//! it to [`super::apply`], and why to those who pull it.

use tokio::sync::watch;

/// Ends what looks at its [`Halt`].
#[derive(Debug)]
pub struct Brake(watch::Sender<bool>);

/// Says whether to end.
#[derive(Clone, Debug)]
pub struct Halt(watch::Receiver<bool>);

impl Default for Brake {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Brake {
    /// Ends it, once and for all.
    pub fn pull(&self) {
        self.0.send_replace(true);
    }

    /// What this brake ends.
    #[must_use]
    pub fn halt(&self) -> Halt {
        Halt(self.0.subscribe())
    }
}

impl Halt {
    /// One that never comes.
    #[must_use]
    pub fn never() -> Self {
        Brake::default().halt()
    }

    /// Is it time to end?
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the end; for ever, if nobody can pull the brake any more.
    pub async fn pulled(&self) {
        let mut halt = self.0.clone();
        if halt.wait_for(|pulled| *pulled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_brake_ends_all_who_look_and_all_who_wait() {
        let brake = Brake::default();
        let halt = brake.halt();
        assert!(!halt.is_pulled());
        assert!(halt.pulled().now_or_never().is_none());
        brake.pull();
        assert!(halt.is_pulled() && brake.halt().is_pulled());
        halt.clone().pulled().await;
        drop(brake);
        halt.pulled().await;
    }

    #[tokio::test]
    async fn what_nobody_can_end_goes_on() {
        let halt = Halt::never();
        assert!(!halt.is_pulled());
        assert!(halt.pulled().now_or_never().is_none());
    }
}
