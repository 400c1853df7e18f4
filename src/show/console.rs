//! Where what a command says goes: to whoever runs this process, or to somebody else's.
//!
//! Promises that a command says the same words wherever it runs, with their styles; they are dropped
//! where they are shown. Leaves the way to another process to the outlet.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::progress::ProgressLine;
use crate::engine::Progress;

/// Something that a command says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// On standard output.
    Out(String),
    /// On standard error.
    Err(String),
    /// What is done now, of which nobody knows how long it takes.
    Doing(String),
    /// How far it is.
    Progress(Progress),
    /// Nothing is done any more, or something is about to be said.
    Done,
}

/// Takes what is said.
pub trait Outlet: Send + Sync {
    /// Takes it; a listener who has gone away is no error.
    fn take(&self, said: Said);
}

/// What a command speaks to.
#[derive(Clone)]
pub struct Console(Arc<dyn Outlet>);

impl Console {
    /// The standard output and error of this process.
    #[must_use]
    pub fn here() -> Self {
        Self::over(Arc::new(Here {
            line: ProgressLine::new(),
        }))
    }

    /// Nobody's, and what was said on standard output is kept.
    #[must_use]
    pub fn kept() -> (Self, Arc<Kept>) {
        let kept = Arc::new(Kept::default());
        (Self::over(Arc::clone(&kept) as Arc<dyn Outlet>), kept)
    }

    /// Somebody else's.
    #[must_use]
    pub fn over(outlet: Arc<dyn Outlet>) -> Self {
        Self(outlet)
    }

    /// Says something.
    pub fn say(&self, said: Said) {
        self.0.take(said);
    }

    /// On standard output.
    pub fn out(&self, text: &str) {
        self.say(Said::Out(text.into()));
    }

    /// On standard error.
    pub fn err(&self, text: &str) {
        self.say(Said::Err(text.into()));
    }

    /// Says what is done now.
    pub fn doing(&self, what: impl Into<String>) {
        self.say(Said::Doing(what.into()));
    }

    /// Says that what was done is over.
    pub fn done(&self) {
        self.say(Said::Done);
    }

    /// Says how far it is.
    pub fn progress(&self, progress: Progress) {
        self.say(Said::Progress(progress));
    }
}

/// What was said on standard output.
#[derive(Debug, Default)]
pub struct Kept(Mutex<String>);

impl Kept {
    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.clone()
    }
}

impl Outlet for Kept {
    fn take(&self, said: Said) {
        match said {
            Said::Out(more) => {
                let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&more);
            }
            Said::Err(_) | Said::Doing(_) | Said::Progress(_) | Said::Done => {}
        }
    }
}

/// This process.
struct Here {
    line: ProgressLine,
}

impl Outlet for Here {
    fn take(&self, said: Said) {
        match said {
            Said::Out(text) => {
                self.line.clear();
                super::out(&text);
            }
            Said::Err(text) => {
                self.line.clear();
                super::err(&text);
            }
            Said::Doing(what) => self.line.doing(&what),
            Said::Progress(progress) => self.line.show(&progress),
            Said::Done => self.line.clear(),
        }
    }
}
