//! Who gets an account in a target.
//!
//! Promises that an expression which fails never changes who has access. Leaves the values that come
//! with an assignment to the mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attribute::AttrName;
use super::expression::{self, EvalError, Program};
use super::user::User;

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

/// Whether a user is assigned, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// Yes.
    Yes {
        /// By what: `everyone`, `group staff`, `name`, `rule`.
        by: Arc<str>,
    },
    /// No.
    No {
        /// Why not, for `explain`.
        why: Arc<str>,
    },
}

impl Assignment {
    /// Is this user assigned?
    ///
    /// # Errors
    /// When `when` cannot be evaluated for this user: then nobody may conclude anything.
    pub fn decide(&self, subject: &expression::Subject<'_>) -> Result<Assigned, EvalError> {
        let Some(by) = self.base(subject) else {
            return Ok(no("in none of the assigned groups"));
        };
        if let Some(group) = first_of(&self.except.groups, subject.groups()) {
            return Ok(no(&format!("excepted by group {group}")));
        }
        if names(&self.except.users, subject.user()) {
            return Ok(no("excepted by name"));
        }
        match &self.when {
            None => Ok(Assigned::Yes { by }),
            Some(when) if when.truth(subject)? => Ok(Assigned::Yes { by }),
            Some(_) => Ok(no("`when` is false")),
        }
    }

    /// The values that come with the assignment: those of the first rule that fits.
    #[must_use]
    pub fn rule(&self, groups: &[Arc<str>]) -> Option<&AssignmentRule> {
        self.rules
            .iter()
            .find(|rule| first_of(&rule.groups, groups).is_some())
    }

    /// Group names that it names, for finding those that nobody has.
    pub fn group_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.groups
            .iter()
            .chain(&self.except.groups)
            .chain(self.rules.iter().flat_map(|rule| &rule.groups))
    }

    /// User names or keys that it names.
    pub fn user_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.users.iter().chain(&self.except.users)
    }

    fn base(&self, subject: &expression::Subject<'_>) -> Option<Arc<str>> {
        if self.everyone {
            return Some(Arc::from("everyone"));
        }
        if let Some(group) = first_of(&self.groups, subject.groups()) {
            return Some(Arc::from(format!("group {group}")));
        }
        if names(&self.users, subject.user()) {
            return Some(Arc::from("name"));
        }
        let only_when = self.groups.is_empty() && self.users.is_empty() && self.when.is_some();
        only_when.then(|| Arc::from("rule"))
    }
}

fn no(why: &str) -> Assigned {
    Assigned::No {
        why: Arc::from(why),
    }
}

fn first_of<'a>(wanted: &'a BTreeSet<Arc<str>>, held: &[Arc<str>]) -> Option<&'a Arc<str>> {
    wanted.iter().find(|name| held.contains(name))
}

/// Does the set name this user, by key or label?
#[must_use]
pub fn names(set: &BTreeSet<Arc<str>>, user: &User) -> bool {
    set.contains(&user.key.id) || set.contains(&user.label)
}

#[cfg(test)]
mod tests;
