//! A change: about whom, what, and why.
//!
//! Promises that a change says all that is needed to show it and to carry it out, apart from ids
//! that come into being on the way. Leaves ordering to [`super::plan`].

mod action;
mod reason;

use std::fmt;
use std::sync::Arc;

use super::key::{GroupKey, SourceName, UserKey};

pub use action::{Action, ActionKind, Lane, Member};
pub use reason::{Reason, SameAs, former_key, moved_from};

/// Whom a change is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A user.
    User(UserKey),
    /// A group.
    Group(GroupKey),
}

impl Subject {
    /// The source that holds it.
    #[must_use]
    pub fn source(&self) -> &SourceName {
        match self {
            Self::User(user) => &user.source,
            Self::Group(group) => &group.source,
        }
    }

    /// The user, if it is one.
    #[must_use]
    pub fn user(&self) -> Option<&UserKey> {
        match self {
            Self::User(user) => Some(user),
            Self::Group(_) => None,
        }
    }

    /// The group, if it is one.
    #[must_use]
    pub fn group(&self) -> Option<&GroupKey> {
        match self {
            Self::User(_) => None,
            Self::Group(group) => Some(group),
        }
    }

    /// The name under which the journal keeps it: `user hq:1001`, `group hq:g7`.
    #[must_use]
    pub fn journal_name(&self) -> String {
        match self {
            Self::User(user) => format!("user {user}"),
            Self::Group(group) => format!("group {group}"),
        }
    }

    /// The subject that the journal keeps under this name.
    #[must_use]
    pub fn from_journal_name(name: &str) -> Option<Self> {
        let (kind, key) = name.split_once(' ')?;
        let (source, id) = key.split_once(':')?;
        let source = SourceName::new(source);
        match kind {
            "user" => Some(Self::User(UserKey::new(&source, id))),
            "group" => Some(Self::Group(GroupKey::new(&source, id))),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(key) => write!(f, "{key}"),
            Self::Group(key) => write!(f, "{key}"),
        }
    }
}

/// One change of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whom it is about.
    pub subject: Subject,
    /// What a person calls the subject.
    pub label: Arc<str>,
    /// What to do.
    pub action: Action,
    /// Why.
    pub reason: Reason,
}
