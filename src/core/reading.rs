//! One read of a source, with how much of the truth it covers.
//!
//! Promises that absence from a reading which is not whole, or not to be trusted, never counts
//! against anybody. Leaves to the sources how to read, and to [`super::leaver`] what absence means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::key::{GroupKey, SourceName, UserKey};
use super::user::{Group, User};

/// What a source gave in one read: users and groups, each sorted by key, no key twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which source.
    pub source: SourceName,
    /// Everybody it holds.
    pub users: Vec<User>,
    /// Every group it holds.
    pub groups: Vec<Group>,
    /// How much of the source that is.
    pub coverage: Coverage,
    /// Rows that could not be used: held back, never taken for absent.
    pub broken: Vec<BrokenRow>,
    /// What else a person should know (a cycle of groups, members nobody knows).
    pub notes: Vec<String>,
}

/// How much of the source a reading holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Everything; who is not in it is missing.
    Whole,
    /// A part; only these are positively gone.
    Part {
        /// Users whom the source says it has deleted.
        gone: BTreeSet<UserKey>,
    },
}

/// A row of a source that was held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    /// File and line, or the entry's name.
    pub place: String,
    /// The user the row is about, if the row says so: that user counts as present.
    pub user: Option<UserKey>,
    /// The group the row is about, likewise.
    pub group: Option<GroupKey>,
    /// What is wrong with it.
    pub problem: String,
}

impl Reading {
    /// The user under `key`.
    #[must_use]
    pub fn user(&self, key: &UserKey) -> Option<&User> {
        let at = self.users.binary_search_by(|user| user.key.cmp(key)).ok()?;
        self.users.get(at)
    }

    /// The names of the groups each user is in, sorted.
    #[must_use]
    pub fn groups_of_users(&self) -> BTreeMap<&UserKey, Vec<Arc<str>>> {
        let mut groups: BTreeMap<&UserKey, Vec<Arc<str>>> = BTreeMap::new();
        for group in &self.groups {
            for member in &group.members {
                groups.entry(member).or_default().push(Arc::clone(&group.name));
            }
        }
        for names in groups.values_mut() {
            names.sort();
            names.dedup();
        }
        groups
    }
}
