//! Why a change is due, in the words of the journal.
//!
//! Promises a word for each reason that no version changes, since what was written is read again.
//! Leaves the sentence that a person reads to the parts that show.

use std::sync::Arc;

use super::Subject;
use crate::core::attribute::AttrName;
use crate::core::key::RemoteId;
use crate::core::leaver::LeaveCause;

/// Why a change is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Assigned, and has no account yet.
    Assigned {
        /// By what: `everyone`, `group staff`, `rule`, …
        by: Arc<str>,
    },
    /// An account in the app holds the same value.
    Matched {
        /// Of which attribute.
        by: AttrName,
    },
    /// An earlier run made it and never heard the answer.
    Recovered,
    /// The person, or the group, has another key in the directory now.
    Rekeyed {
        /// How we know that it is the same.
        by: SameAs,
    },
    /// The source, the mapping or the assignment gives other values now.
    Changed,
    /// Somebody changed it in the app.
    Drifted,
    /// The app did not keep what it was sent.
    NotTaken,
    /// The user is out.
    Left(LeaveCause),
    /// The user is back.
    Returned,
    /// The user is back, and a new account is made beside the old one.
    ReturnedAsNew {
        /// The old account, which stays as it is.
        old: RemoteId,
    },
    /// The app does not have the account or group any more.
    Vanished,
    /// The account the reference points to came into being after this one.
    LateReference,
    /// The group is pushed, and the app does not have it yet.
    Pushed,
    /// The group has another name now.
    Renamed,
    /// The group is not pushed any more.
    NotPushed,
    /// The users are in the group, or no longer.
    Membership,
    /// A person asked for it by `resend`.
    Resent,
    /// A person takes a run back by `undo`.
    Undone {
        /// Which run.
        run: Arc<str>,
    },
}

/// What the journal says of a link that moved here from `from`.
#[must_use]
pub fn moved_from(from: &Subject) -> String {
    format!("was {from}")
}

/// The key that a link was kept under before it moved, by the journal's words.
#[must_use]
pub fn former_key(detail: &str) -> Option<&str> {
    detail.strip_prefix("rekeyed: was ")
}

/// How we know that two keys mean the same person or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SameAs {
    /// Both keys are there, and the roster joins them.
    Joined,
    /// The old key is gone, and the new one has the value of the account.
    Value {
        /// Of which attribute.
        by: AttrName,
    },
}

impl Reason {
    /// The word of the journal.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Assigned { .. } => "assigned",
            Self::Matched { .. } => "matched",
            Self::Recovered => "recovered",
            Self::Rekeyed { .. } => "rekeyed",
            Self::Changed => "changed",
            Self::Drifted => "drifted",
            Self::NotTaken => "not taken",
            Self::Left(cause) => cause.word(),
            Self::Returned => "returned",
            Self::ReturnedAsNew { .. } => "returned as new",
            Self::Vanished => "vanished",
            Self::LateReference => "late reference",
            Self::Pushed => "pushed",
            Self::Renamed => "renamed",
            Self::NotPushed => "not pushed",
            Self::Membership => "membership",
            Self::Resent => "resent",
            Self::Undone { .. } => "undone",
        }
    }
}
