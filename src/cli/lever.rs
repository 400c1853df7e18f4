//! The line that a lever leaves in the journal: who pulled it, and why.
//!
//! Promises that the guard never counts such a line. Leaves what the lever does to its command.

use jiff::Timestamp;

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
    /// Pulled at `at` by `by`. An empty `because` is none.
    pub fn pulled(at: Timestamp, by: &str, because: &str) -> Self {
        Self {
            at,
            by: by.to_owned(),
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
            requests: Vec::new(),
            deed: None,
        }
    }
}
