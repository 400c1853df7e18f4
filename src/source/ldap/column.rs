//! What is known of the attributes of users by the names that they come under.
//!
//! Promises that a name is looked into once, however many users have it. Leaves under which names an
//! attribute is kept to [`super::asking`], and its values to [`super::content`].

use std::sync::Arc;

use super::asking::Spelling;
use super::content::Form;
use crate::core::people::Names;

/// An attribute.
pub(super) struct Column {
    received: String,
    /// The names under which it is kept; none: nobody wants it.
    pub(super) kept: Vec<Kept>,
    /// How its values are written.
    pub(super) form: Form,
}

/// A name under which an attribute is kept.
pub(super) struct Kept {
    /// It.
    pub(super) name: Arc<str>,
    /// Its number.
    pub(super) number: usize,
}

/// The attributes that came so far.
pub(super) struct Columns {
    spelling: Spelling,
    met: Vec<Column>,
    names: Names,
}

impl Columns {
    /// None yet.
    pub(super) fn new(spelling: Spelling) -> Self {
        Self {
            spelling,
            met: Vec::new(),
            names: Names::default(),
        }
    }

    /// The one that the server calls so.
    pub(super) fn of(&mut self, received: &str) -> &Column {
        let known = self.met.iter().position(|met| met.received == received);
        let at = known.unwrap_or_else(|| {
            let kept = self.spelling.kept(received).map(|name| Kept {
                name: Arc::clone(name),
                number: self.names.number(name),
            });
            self.met.push(Column {
                received: received.to_owned(),
                kept: kept.collect(),
                form: Form::of(received),
            });
            self.met.len() - 1
        });
        &self.met[at]
    }

    /// The numbers of all names.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }
}
