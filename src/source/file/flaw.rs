//! What makes a whole file unusable: a place in it, what is wrong, what to do.
//!
//! Promises that the place is known by the one who found it. Leaves rows that are wrong on their own
//! to [`super::rows`].

use std::error::Error;
use std::path::Path;

use crate::source::ReadError;

/// Why nothing can be concluded from a file.
#[derive(Debug)]
pub(super) struct Flaw {
    line: Option<usize>,
    problem: String,
    hint: Option<String>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Flaw {
    /// A flaw of the file as a whole.
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self {
            line: None,
            problem: problem.into(),
            hint: None,
            cause: None,
        }
    }

    /// A flaw in a line, counted from 1.
    pub(super) fn at(line: usize, problem: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::new(problem)
        }
    }

    /// What to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What lies below it.
    pub(super) fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The flaw as the failure of a read, with the file's name before it.
    pub(super) fn in_file(self, path: &Path) -> ReadError {
        let place = place(path, self.line);
        ReadError {
            problem: format!("{place}: {}", self.problem),
            hint: self.hint,
            cause: self.cause,
        }
    }
}

/// `users.csv:12`, as editors and people read it.
pub(super) fn place(path: &Path, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    }
}

/// What to do about a file that was caught half written.
pub(super) const WRITE_WHOLE: &str =
    "write the file under another name and rename it when it is complete";
