//! Users and groups as a source holds them.
//!
//! Promises that members are resolved to users of the reading, nested groups included. Leaves to
//! [`super::reading`] whether the reading can be trusted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::key::{GroupKey, UserKey};
use super::members::Members;

/// A user of the authoritative directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who, for ever.
    pub key: UserKey,
    /// What an admin calls this person in a list: the login name, else the e-mail, else the key.
    pub label: Arc<str>,
    /// The attributes, by the source's own names; never an empty list, never an empty text.
    pub attributes: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// The source says that this user may not log in.
    pub disabled: bool,
    /// The user's manager, if the source names one that it holds.
    pub manager: Option<UserKey>,
}

impl User {
    /// The first value of an attribute of the source.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.first().map(|value| &**value)
    }
}

/// A group of the authoritative directory, nested groups already flattened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Which, for ever.
    pub key: GroupKey,
    /// Its name now.
    pub name: Arc<str>,
    /// Everybody in it, directly or through a nested group.
    pub members: Members,
}
