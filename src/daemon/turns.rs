//! Whose turn it is at each target: a cycle, or a person who waits at a terminal.
//!
//! Promises that two never plan or change the same target at once, and that a person does not wait for
//! a cycle to end by itself: it is asked to make room. Leaves to the one who has the turn what to do
//! with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedMutexGuard, watch};

use crate::core::key::TargetName;

/// The turns of all targets. Clones are the same turns.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<BTreeMap<TargetName, Arc<Seat>>>>);

#[derive(Debug, Default)]
struct Seat {
    turn: Arc<tokio::sync::Mutex<()>>,
    /// People who wait for it.
    wanted: watch::Sender<usize>,
}

/// The right to plan and to change one target; given back when dropped.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "it is kept, not looked at")] OwnedMutexGuard<()>);

/// Somebody waits.
struct Want<'a>(&'a Seat);

impl Drop for Want<'_> {
    fn drop(&mut self) {
        self.0.wanted.send_modify(|count| *count -= 1);
    }
}

impl Turns {
    fn seat(&self, target: &TargetName) -> Arc<Seat> {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(seats.entry(target.clone()).or_default())
    }

    /// The turn, for a person: a cycle that has it ends after the requests that are on their way.
    pub async fn take(&self, target: &TargetName) -> Turn {
        let seat = self.seat(target);
        seat.wanted.send_modify(|count| *count += 1);
        let _want = Want(&seat);
        Turn(Arc::clone(&seat.turn).lock_owned().await)
    }

    /// The turn, for a cycle: people go before.
    pub(super) async fn wait_for(&self, target: &TargetName) -> Turn {
        let seat = self.seat(target);
        loop {
            let mut wanted = seat.wanted.subscribe();
            // The sender is in the seat, which is ours as well.
            let _ = wanted.wait_for(|count| *count == 0).await;
            let turn = Arc::clone(&seat.turn).lock_owned().await;
            if *wanted.borrow() == 0 {
                return Turn(turn);
            }
        }
    }

    /// Waits until a person wants the turn.
    pub(super) async fn wanted(&self, target: &TargetName) {
        let mut wanted = self.seat(target).wanted.subscribe();
        if wanted.wait_for(|count| *count > 0).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_person_goes_before_the_next_cycle() {
        let (turns, wiki) = (Turns::default(), TargetName::new("wiki"));
        let cycle = turns.wait_for(&wiki).await;
        assert!(turns.wanted(&wiki).now_or_never().is_none());
        let mut person = std::pin::pin!(turns.take(&wiki));
        assert!(person.as_mut().now_or_never().is_none());
        turns.wanted(&wiki).await;
        let mut next = std::pin::pin!(turns.wait_for(&wiki));
        assert!(next.as_mut().now_or_never().is_none());
        drop(cycle);
        assert!(next.as_mut().now_or_never().is_none());
        let turn = person.await;
        assert!(next.as_mut().now_or_never().is_none());
        drop(turn);
        next.await;
        let other = TargetName::new("chat");
        assert!(turns.wait_for(&other).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_person_who_gives_up_holds_up_nobody() {
        let (turns, wiki) = (Turns::default(), TargetName::new("wiki"));
        let cycle = turns.wait_for(&wiki).await;
        assert!(turns.take(&wiki).now_or_never().is_none());
        drop(cycle);
        assert!(turns.wait_for(&wiki).now_or_never().is_some());
    }
}
