//! What an entry holds, in eight bytes.
//!
//! Promises that it differs when a name or a value does, and not when only their order does. Leaves
//! which attributes are looked at to whoever asked for them.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::source::ldap::entry::Entry;

/// Of the name and the values, in whatever order these come.
pub(super) fn digest(entry: &Entry) -> u64 {
    let attributes = entry.attributes.iter();
    let mut values: Vec<(&str, &[u8])> = attributes
        .flat_map(|one| one.values.iter().map(|value| (&*one.name, &**value)))
        .collect();
    values.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (&entry.dn, values).hash(&mut hasher);
    hasher.finish()
}
