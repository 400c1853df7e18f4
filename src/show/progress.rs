//! How far a run is, on a terminal: one line that rewrites itself.
//!
//! Promises silence where nobody looks (a pipe, `TERM=dumb`). Leaves the outcome to the plan's text.

use std::sync::Mutex;
use std::sync::PoisonError;

use indicatif::{ProgressBar, ProgressStyle};

use crate::engine::Progress;

/// A line that shows the newest event.
pub struct ProgressLine {
    bar: Mutex<Option<ProgressBar>>,
}

impl Default for ProgressLine {
    fn default() -> Self {
        Self::new()
    }
}

impl ProgressLine {
    /// A line that appears with the first event.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bar: Mutex::new(None),
        }
    }

    /// Shows an event.
    pub fn show(&self, event: &Progress) {
        let mut slot = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Progress::Reading(target, count) => {
                let bar = slot.get_or_insert_with(spinner);
                bar.set_message(format!("{target}: {count} accounts read"));
                bar.tick();
            }
            Progress::Applying(target, done, total) => {
                let bar = slot.get_or_insert_with(spinner);
                bar.set_message(format!("{target}: {done} of {total} changes"));
                bar.tick();
            }
            Progress::Done(_) => {
                if let Some(bar) = slot.take() {
                    bar.finish_and_clear();
                }
            }
        }
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if let Some(bar) = self
            .bar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            bar.finish_and_clear();
        }
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar
}
