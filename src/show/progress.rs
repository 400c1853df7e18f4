//! How far a run is: on a terminal a line that rewrites itself, in a pipe a line now and then.
//!
//! Promises that whoever waits for long hears of it, and that a short run says nothing in a pipe.
//! Leaves the outcome to the plan's text.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::words::count;
use crate::clock::Clock;
use crate::engine::Progress;

/// How long somebody at a pipe hears nothing at first.
const SILENCE: Duration = Duration::from_secs(10);
/// How long between two lines in a pipe.
const EVERY: Duration = Duration::from_secs(30);
/// How often a pipe is looked after, and how often a line on a terminal moves.
const LOOK: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(120);

/// What is shown of a step: what it is, and of how much how much is done, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    text: String,
    of: Option<(usize, usize)>,
}

impl Step {
    fn of(event: &Progress) -> Option<Self> {
        match event {
            Progress::Reading(target, accounts) => Some(Self {
                text: format!("{target}: {} read", count(*accounts, "account")),
                of: None,
            }),
            Progress::Applying(target, done, total) => Some(Self {
                text: format!("{target}: {done} of {}", count(*total, "change")),
                of: Some((*done, *total)),
            }),
            Progress::Done(_) => None,
        }
    }
}

/// A line that shows the newest step.
pub struct ProgressLine {
    shown: Shown,
}

enum Shown {
    Terminal(Mutex<Option<ProgressBar>>),
    Pipe(Arc<Mutex<Option<Told>>>),
}

impl Default for ProgressLine {
    fn default() -> Self {
        Self::new()
    }
}

impl ProgressLine {
    /// A line that appears with the first step.
    #[must_use]
    pub fn new() -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let shown = if std::io::stderr().is_terminal() && !is_dumb {
            Shown::Terminal(Mutex::new(None))
        } else {
            Shown::Pipe(Arc::default())
        };
        Self { shown }
    }

    /// Shows an event.
    pub fn show(&self, event: &Progress) {
        match Step::of(event) {
            Some(step) => self.step(step),
            None => self.clear(),
        }
    }

    /// Shows a step of which nobody knows how long it takes.
    pub fn doing(&self, what: &str) {
        self.step(Step {
            text: what.into(),
            of: None,
        });
    }

    /// Takes the line away.
    pub fn clear(&self) {
        match &self.shown {
            Shown::Terminal(bar) => {
                if let Some(bar) = locked(bar).take() {
                    bar.finish_and_clear();
                }
            }
            Shown::Pipe(told) => *locked(told) = None,
        }
    }

    fn step(&self, step: Step) {
        match &self.shown {
            Shown::Terminal(bar) => {
                let mut bar = locked(bar);
                let bar = bar.get_or_insert_with(begin);
                draw(bar, step);
            }
            Shown::Pipe(told) => {
                let mut slot = locked(told);
                let now = Clock::System.instant();
                if let Some(told) = &mut *slot {
                    told.text = step.text;
                } else {
                    *slot = Some(Told::begin(step.text, now));
                    drop(slot);
                    tend(Arc::downgrade(told));
                }
            }
        }
    }
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

fn begin() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(TICK);
    bar
}

fn draw(bar: &ProgressBar, step: Step) {
    let template = if step.of.is_some() {
        "{spinner} {bar:24} {msg}, {eta} left"
    } else {
        "{spinner} {msg}"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if let Some((done, total)) = step.of {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    }
    bar.set_message(step.text);
}

/// What somebody at a pipe has heard of a step.
#[derive(Debug)]
struct Told {
    text: String,
    begun: Instant,
    last: Option<Instant>,
}

impl Told {
    fn begin(text: String, now: Instant) -> Self {
        Self {
            text,
            begun: now,
            last: None,
        }
    }

    /// The line that is due now, if one is.
    fn line(&mut self, now: Instant) -> Option<String> {
        let due = match self.last {
            None => self.begun + SILENCE,
            Some(last) => last + EVERY,
        };
        (now >= due).then(|| {
            self.last = Some(now);
            let since = now.duration_since(self.begun).as_secs();
            format!("… {} ({since} s)\n", self.text)
        })
    }
}

/// Looks after a pipe for as long as there is a step.
fn tend(told: Weak<Mutex<Option<Told>>>) {
    tokio::spawn(async move {
        loop {
            Clock::System.sleep(LOOK).await;
            let Some(told) = told.upgrade() else { return };
            let mut slot = locked(&told);
            let Some(told) = &mut *slot else { return };
            if let Some(line) = told.line(Clock::System.instant()) {
                super::err(&line);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::TargetName;

    #[tokio::test(start_paused = true)]
    async fn somebody_at_a_pipe_hears_of_what_takes_long() {
        let wiki = TargetName::new("wiki");
        let step = |event: &Progress| Step::of(event).expect("a step").text;
        let text = step(&Progress::Reading(wiki.clone(), 900));
        let begun = Instant::now();
        let mut told = Told::begin(text, begun);
        let mut heard = Vec::new();
        for second in 1..=71 {
            if second == 30 {
                told.text = step(&Progress::Applying(wiki.clone(), 1_200, 10_000));
            }
            heard.extend(told.line(begun + Duration::from_secs(second)));
        }
        assert_eq!(
            heard,
            [
                "… wiki: 900 accounts read (10 s)\n",
                "… wiki: 1200 of 10000 changes (40 s)\n",
                "… wiki: 1200 of 10000 changes (70 s)\n",
            ]
        );
    }
}
