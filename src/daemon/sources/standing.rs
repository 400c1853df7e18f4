//! How one source stands: whether it is listened to, and what was heard.
//!
//! Promises that after a loss nothing is followed before everything was read. Leaves reading to the
//! reader.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::core::key::SourceName;
use crate::daemon::Handle;
use crate::daemon::board::{Ear, Trouble};
use crate::daemon::event::Event;
use crate::show::{plain, problem};
use crate::source::{Heard, Source};

/// What is known of one source.
pub(super) struct Standing {
    pub source: Arc<dyn Source>,
    pub ear: Ear,
    /// What was heard is not enough to go by.
    pub anew: bool,
    /// When it is to be read as a whole again.
    pub due: Instant,
    /// Until when its server may be tidying up after somebody who is gone.
    pub tidying: Option<Instant>,
    /// Failures in a row.
    pub failures: u32,
    pub listener: Option<tokio::task::AbortHandle>,
}

impl Standing {
    /// Is what was heard enough to go by?
    pub fn follows(&self, now: Instant) -> bool {
        let is_tidying = self.tidying.is_none_or(|until| now < until);
        self.ear == Ear::On && !self.anew && now < self.due && is_tidying
    }

    /// Takes in what was heard. Is it a reason to read?
    pub fn hear(
        &mut self,
        name: &SourceName,
        heard: Heard,
        now: Timestamp,
        handle: &Handle,
    ) -> bool {
        match heard {
            Heard::Change => true,
            Heard::Anew(why) => {
                tracing::info!(source = %name, "everything is read again: {why}");
                self.anew = true;
                true
            }
            Heard::Lost(error) => {
                let told = plain(&problem::trouble(&error.into()));
                tracing::warn!(source = %name, "nothing can be heard, so it is read as often as nobody \
                                                listened: {told}");
                handle.tell(Event::SourceFailed {
                    source: name.clone(),
                    problem: told.clone(),
                });
                self.anew = true;
                self.ear = Ear::Lost(Trouble {
                    since: now,
                    problem: told,
                });
                true
            }
            Heard::Back => {
                tracing::info!(source = %name, "it can be listened to again");
                handle.tell(Event::SourceBack(name.clone()));
                self.anew = true;
                self.ear = Ear::On;
                true
            }
        }
    }
}
