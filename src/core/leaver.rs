//! Why somebody is out, and what a target does about it.
//!
//! Promises that evidence (a flag, a group, a rule) and absence are never mixed up. Leaves the
//! counting of absences to the engine, which knows the time.

use std::time::Duration;

use jiff::Timestamp;

/// Why a user should have no active account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaveCause {
    /// Not assigned, or no longer.
    Unassigned,
    /// The source says that the user may not log in.
    Disabled,
    /// The source does not hold the user any more.
    Deleted,
}

impl LeaveCause {
    /// The word of the config and the state.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }

    /// The cause of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Unassigned, Self::Disabled, Self::Deleted]
            .into_iter()
            .find(|cause| cause.word() == word)
    }
}

/// When an account has been left, and why: kept with the link of an inactive account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Why.
    pub cause: LeaveCause,
    /// Since when we know.
    pub since: Timestamp,
}

/// What a target does when somebody is out, for one cause: each step after so long, or never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaverPolicy {
    /// Switch the account off after this long.
    pub deactivate: Option<Duration>,
    /// Delete it after this long.
    pub delete: Option<Duration>,
}

impl LeaverPolicy {
    /// Off at once, kept for ever.
    pub const DEACTIVATE: Self = Self {
        deactivate: Some(Duration::ZERO),
        delete: None,
    };
    /// Left as it is.
    pub const KEEP: Self = Self {
        deactivate: None,
        delete: None,
    };
}

/// What a target does about leavers, cause by cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leavers {
    /// Not assigned any more.
    pub unassigned: LeaverPolicy,
    /// Disabled in the source.
    pub disabled: LeaverPolicy,
    /// Gone from the source.
    pub deleted: LeaverPolicy,
}

impl Default for Leavers {
    fn default() -> Self {
        Self {
            unassigned: LeaverPolicy::DEACTIVATE,
            disabled: LeaverPolicy::DEACTIVATE,
            deleted: LeaverPolicy::DEACTIVATE,
        }
    }
}

impl Leavers {
    /// The policy for one cause.
    #[must_use]
    pub fn policy(&self, cause: LeaveCause) -> LeaverPolicy {
        match cause {
            LeaveCause::Unassigned => self.unassigned,
            LeaveCause::Disabled => self.disabled,
            LeaveCause::Deleted => self.deleted,
        }
    }
}
