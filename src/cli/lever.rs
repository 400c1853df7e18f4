//! The line that a lever leaves in the journal: who pulled it, and why.
//!
//! Promises that the guard never counts such a line. Leaves what the lever does to its command.

use std::os::unix::fs::MetadataExt;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::core::key::TargetName;
use crate::store::JournalEntry;

/// A lever that a person pulls.
#[derive(Clone, Debug)]
pub(super) struct Lever {
    /// When.
    pub at: Timestamp,
    /// Who, by the system's name and number.
    pub by: String,
    because: String,
}

impl Lever {
    /// Pulled now, by whoever runs this process. An empty `because` is none.
    pub fn pulled(because: &str) -> Self {
        Self {
            at: Clock::System.now(),
            by: operator(),
            because: because.to_owned(),
        }
    }

    /// The line of it: what it was pulled on goes before who did it and why.
    pub fn line(&self, target: &TargetName, action: &str, on: &str) -> JournalEntry {
        let mut detail = format!("{on} by {}", self.by).trim_start().to_owned();
        if !self.because.is_empty() {
            detail.push_str(": ");
            detail.push_str(&self.because);
        }
        JournalEntry {
            at: self.at,
            run: self.at.to_string(),
            target: target.to_string(),
            subject: String::new(),
            label: String::new(),
            action: action.into(),
            outcome: "done".into(),
            detail,
            count: 1,
            approved: true,
        }
    }
}

/// Who runs this process: the name before `sudo`, and the number of the user it runs as where the
/// system tells.
fn operator() -> String {
    let name = std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .unwrap_or_else(|_| "unknown".into());
    match std::fs::metadata("/proc/self") {
        Ok(process) => format!("{name} (uid {})", process.uid()),
        Err(_) => name,
    }
}
