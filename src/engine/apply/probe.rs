//! The first request to an app that was absent.
//!
//! Promises that an app which is still absent gets one request and no more, and that everything else
//! waits for its answer. Leaves how long an app rests to whoever runs the cycles.

use tokio::time::Instant;

use super::Drain;
use crate::core::fault::FaultKind;
use crate::engine::perform::{Effects, Result as Tried};
use crate::engine::queue::Task;

impl Drain<'_> {
    /// What goes next: one change, until the app has answered.
    ///
    /// Where nobody could be reached, the change does not matter, and the first of all goes. Otherwise
    /// the app may fail for this very change, so it is one that has failed less often than others.
    pub(super) fn next_wave(&mut self, now: Instant) -> Vec<Task> {
        match self.absence {
            None => self.queue.take_ready(now, self.window()),
            Some(FaultKind::Unreachable) => self.queue.take_ready(now, 1),
            Some(_) => self.queue.take_least_tried(now).into_iter().collect(),
        }
    }

    /// Asks an app that was absent whether it is back, when there is no change to find that out by.
    pub(super) async fn knock(&mut self) {
        if self.absence.is_none() || self.is_over() {
            return;
        }
        let app = &self.target.app;
        let heard = tokio::select! {
            biased;
            () = self.terms.halt.pulled() => return,
            heard = app.knock() => heard,
        };
        match heard {
            Err(fault) if fault.kind.is_absence() => self.applied.stopped = Some(fault),
            // Whatever else it says, it is there.
            Ok(()) | Err(_) => self.absence = None,
        }
    }

    /// Takes note of what a try says about an app that was absent.
    pub(super) fn hear(&mut self, task: &Task, result: &Tried) {
        if self.absence.is_none() || !task.change.action.kind().needs_request() {
            return;
        }
        match result {
            Tried::Fault(fault, _) if fault.kind.is_absence() => {
                self.applied.stopped = Some(fault.clone());
            }
            // It may not have been asked.
            Tried::Done(Effects::Nothing) | Tried::Park { .. } | Tried::Stopped | Tried::NoSeat => {
            }
            Tried::Fault(..)
            | Tried::Done(_)
            | Tried::Found(_)
            | Tried::Moved { .. }
            | Tried::Short { .. } => self.absence = None,
        }
    }
}
