//! The breaker of one target's credentials: after refusals nothing more is sent.
//!
//! Promises that it opens at the third refusal in a row of credentials that had worked, and at once
//! when told to. It stays open for the run.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::answer::clean;

/// Refusals in a row after which we stop trying.
const MOST_REFUSALS: u32 = 3;

/// Counts refusals, and stops.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Refusals>);

#[derive(Debug, Default)]
struct Refusals {
    count: u32,
    open: Option<Fault>,
}

impl Breaker {
    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// May anything be sent?
    pub(super) fn check(&self) -> Result<(), Fault> {
        match &self.refusals().open {
            Some(fault) => Err(fault.clone()),
            None => Ok(()),
        }
    }

    /// A refusal of credentials that worked before.
    pub(super) fn refuse(&self, reason: &str) {
        let mut refusals = self.refusals();
        refusals.count = refusals.count.saturating_add(1);
        if refusals.count >= MOST_REFUSALS {
            let times = format!("{} times in a row", refusals.count);
            refusals.open = Some(stopped(&times, reason));
        }
    }

    /// A refusal that no repetition mends.
    pub(super) fn open(&self, reason: &str) {
        self.refusals()
            .open
            .get_or_insert_with(|| stopped("", reason));
    }

    /// Nothing is sent, for a reason that is told as it is.
    pub(super) fn open_with(&self, fault: &Fault) {
        self.refusals().open.get_or_insert_with(|| fault.clone());
    }

    /// The credentials work.
    pub(super) fn accept(&self) {
        self.refusals().count = 0;
    }
}

fn stopped(times: &str, reason: &str) -> Fault {
    let space = if times.is_empty() { "" } else { " " };
    let mut text = format!(
        "not sent: our credentials were refused{space}{times}, and more tries could get us locked \
         out; correct them and start again"
    );
    if !reason.is_empty() {
        text = format!("{text} (last: {reason})");
    }
    Fault::new(FaultKind::Unauthenticated, Effect::None, clean(&text))
}
