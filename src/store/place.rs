//! Where a state is, and how a failure there is told.
//!
//! Promises that every failure of the state names its place and says what to do. Leaves the
//! failures of single files to [`super::private`].

use std::fmt;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use super::StoreError;

/// The name of the database inside the directory.
pub(super) const FILE: &str = "state.db";

/// Where a state is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In this directory.
    Directory(PathBuf),
    /// Only in memory.
    Memory,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(dir) => write!(f, "the state in {}", dir.display()),
            Self::Memory => f.write_str("the state in memory"),
        }
    }
}

/// What was tried.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doing {
    /// To open it.
    Open,
    /// To read from it.
    Read,
    /// To write to it.
    Write,
}

impl Place {
    /// The database, as a person would look for it.
    pub(super) fn file(&self) -> String {
        match self {
            Self::Directory(dir) => format!("the state file {}", dir.join(FILE).display()),
            Self::Memory => self.to_string(),
        }
    }

    /// An error about this state.
    pub(super) fn refuse(&self, problem: &str, hint: &str) -> StoreError {
        StoreError::new(format!("{self} {problem}"), hint)
    }

    /// Turns an error of `SQLite` into ours.
    pub(super) fn failed(&self, doing: Doing, cause: rusqlite::Error) -> StoreError {
        let trouble = Trouble::of(&cause);
        let problem = match (trouble, doing) {
            (Trouble::Damaged, _) => format!("{} is damaged", self.file()),
            (_, Doing::Open) => format!("{self} cannot be opened"),
            (_, Doing::Read) => format!("{self} cannot be read"),
            (_, Doing::Write) => format!("{self} could not be written"),
        };
        let after = match (trouble, doing) {
            (Trouble::Damaged, _) | (_, Doing::Open | Doing::Read) => "",
            (_, Doing::Write) => "; nothing more was sent to any app",
        };
        StoreError::new(problem, format!("{}{after}", trouble.remedy())).because(cause)
    }

    /// For `map_err`.
    pub(super) fn while_opening(&self) -> impl Fn(rusqlite::Error) -> StoreError {
        |cause| self.failed(Doing::Open, cause)
    }

    /// For `map_err`.
    pub(super) fn while_reading(&self) -> impl Fn(rusqlite::Error) -> StoreError {
        |cause| self.failed(Doing::Read, cause)
    }

    /// For `map_err`.
    pub(super) fn while_writing(&self) -> impl Fn(rusqlite::Error) -> StoreError {
        |cause| self.failed(Doing::Write, cause)
    }
}

/// The kinds of failure that a person treats differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Damaged,
    Full,
    Busy,
    Disk,
    Ours,
}

impl Trouble {
    fn of(cause: &rusqlite::Error) -> Self {
        match cause {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Damaged,
            _ => match cause.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
                Some(ErrorCode::DiskFull) => Self::Full,
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
                Some(
                    ErrorCode::SystemIoFailure
                    | ErrorCode::CannotOpen
                    | ErrorCode::ReadOnly
                    | ErrorCode::PermissionDenied,
                ) => Self::Disk,
                _ => Self::Ours,
            },
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Damaged => {
                "restore the directory from a backup, or start over with an empty --state \
                 directory: accounts are found again by their match keys"
            }
            Self::Full => "free some space on the disk",
            Self::Busy => {
                "close whatever else has the file open (a shell, a backup), and try again"
            }
            Self::Disk => "check the disk, and who owns the directory and its files",
            Self::Ours => "this should not happen: please report it",
        }
    }
}

impl StoreError {
    /// What is wrong and what to do.
    pub(super) fn new(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            hint: Some(hint.into()),
            cause: None,
        }
    }

    /// The same, with its cause.
    pub(super) fn because(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.cause = Some(cause.into());
        self
    }
}
