//! What follows when an app says 501 to a PATCH that its profile promises (RFC 7644, 3.5.2).
//!
//! Promises that the app is asked once, and that PUT takes the place of PATCH for the rest of the run.
//! Leaves to its callers where that is safe.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::core::fault::Fault;
use crate::core::profile::UpdateForm;

/// Whether the app still takes PATCH of one kind of resource.
#[derive(Debug, Default)]
pub struct Patches {
    refused: AtomicBool,
}

impl Patches {
    /// The form of a change: that of the profile, or PUT once PATCH was refused.
    pub fn form(&self, profile: UpdateForm) -> UpdateForm {
        match profile {
            UpdateForm::Patch if self.refused.load(Ordering::Relaxed) => UpdateForm::Put,
            UpdateForm::Patch | UpdateForm::Put | UpdateForm::None => profile,
        }
    }

    /// Does this fault say that the app does not PATCH at all? Then it is remembered.
    pub fn ends_with(&self, fault: &Fault) -> bool {
        let ends = fault.status == Some(501);
        if ends {
            self.refused.store(true, Ordering::Relaxed);
        }
        ends
    }
}
