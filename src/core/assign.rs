//! Who gets an account in a target.
//!
//! Promises that an expression which fails never changes who has access. Leaves the values that come
//! with an assignment to the mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attribute::AttrName;
use super::expression::Program;

/// The `assign:` block of a target, checked.
#[derive(Clone, Debug, Default)]
pub struct Assignment {
    /// Everybody, before `except`.
    pub everyone: bool,
    /// Members of these groups, by name.
    pub groups: BTreeSet<Arc<str>>,
    /// These users, by key or label.
    pub users: BTreeSet<Arc<str>>,
    /// Of those, only the ones for whom this is true; alone: everybody for whom it is true.
    pub when: Option<Program>,
    /// Never these.
    pub except: Except,
    /// Values that come with an assignment; the first that fits counts.
    pub rules: Vec<AssignmentRule>,
}

/// Who is never assigned.
#[derive(Clone, Debug, Default)]
pub struct Except {
    /// Members of these groups, by name.
    pub groups: BTreeSet<Arc<str>>,
    /// These users, by key or label.
    pub users: BTreeSet<Arc<str>>,
}

/// Values for the members of some groups.
#[derive(Clone, Debug)]
pub struct AssignmentRule {
    /// Any of these groups, by name.
    pub groups: BTreeSet<Arc<str>>,
    /// The attributes it sets, over the mapping.
    pub set: BTreeMap<AttrName, Program>,
}
