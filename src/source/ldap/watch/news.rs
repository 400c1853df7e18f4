//! What was heard and not told yet.
//!
//! Promises that changes which come close together are told as one, that a loss is told once however
//! often it is tried again, and that nothing is forgotten while nobody asks, in a bounded space.
//! Leaves hearing to the ways of listening.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::source::{Heard, ReadError};

/// Changes come in bursts: so long is waited for the others.
const BURST: Duration = Duration::from_millis(50);

/// What was heard and not told yet.
#[derive(Debug, Default)]
pub(super) struct News {
    state: Mutex<State>,
    came: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Heard>,
    /// Tries that failed since the line last was up.
    failures: u32,
}

impl News {
    /// Something has changed.
    pub(super) fn change(&self) {
        let mut state = self.state();
        if !state.queue.iter().any(is_change) {
            state.queue.push_back(Heard::Change);
            self.came.notify_one();
        }
    }

    /// Everything is to be read, and why.
    pub(super) fn anew(&self, why: String) {
        let mut state = self.state();
        state.queue.retain(|heard| !matches!(heard, Heard::Anew(_)));
        state.queue.push_back(Heard::Anew(why));
        self.came.notify_one();
    }

    /// The line is up.
    pub(super) fn up(&self) {
        let mut state = self.state();
        if std::mem::take(&mut state.failures) > 0 {
            state.queue.push_back(Heard::Back);
            self.came.notify_one();
        }
    }

    /// The line is down; gives how often in a row it is.
    pub(super) fn lost(&self, error: ReadError) -> u32 {
        let mut state = self.state();
        if state.failures == 0 {
            state.queue.push_back(Heard::Lost(error));
            self.came.notify_one();
        }
        state.failures = state.failures.saturating_add(1);
        state.failures
    }

    /// Waits for the next thing to tell. Nothing is lost when the future is dropped before its end.
    pub(super) async fn next(&self, clock: &Clock) -> Heard {
        loop {
            let came = self.came.notified();
            let first = self.state().queue.front().map(is_change);
            match first {
                None => {
                    came.await;
                    continue;
                }
                Some(true) => clock.sleep(BURST).await,
                Some(false) => {}
            }
            if let Some(heard) = self.state().queue.pop_front() {
                return heard;
            }
        }
    }

    /// How often in a row the line was lost.
    #[cfg(test)]
    pub(super) fn failures(&self) -> u32 {
        self.state().failures
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_change(heard: &Heard) -> bool {
    match heard {
        Heard::Change => true,
        Heard::Anew(_) | Heard::Lost(_) | Heard::Back => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::refuse;
    use super::*;

    async fn all(news: &News) -> Vec<String> {
        let mut told = Vec::new();
        let wait = Duration::from_millis(200);
        while let Ok(heard) = tokio::time::timeout(wait, news.next(&Clock::System)).await {
            told.push(match heard {
                Heard::Lost(error) => error.problem,
                other => format!("{other:?}"),
            });
        }
        told
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_told_once_and_a_loss_once_however_long_it_lasts() {
        let news = News::default();
        news.up();
        for _ in 0..1000 {
            news.change();
        }
        assert_eq!(all(&news).await, ["Change"], "up is nothing new");
        for attempt in 1..=3 {
            assert_eq!(news.lost(refuse(format!("loss {attempt}"), "")), attempt);
        }
        news.up();
        news.up();
        news.change();
        assert_eq!(all(&news).await, ["loss 1", "Back", "Change"]);
        assert_eq!(news.lost(refuse("again", "")), 1, "counted anew");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_waited_for_to_the_end_is_told_later() {
        let news = News::default();
        news.change();
        let short = Duration::from_millis(10);
        for _ in 0..3 {
            let waited = tokio::time::timeout(short, news.next(&Clock::System)).await;
            assert!(waited.is_err(), "{waited:?}");
        }
        assert_eq!(all(&news).await, ["Change"]);
    }
}
