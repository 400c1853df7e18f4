//! What is known of the attributes of users by the names that they come under.
//!
//! Promises that a name is looked into once, however many users have it. Leaves under which names an
//! attribute is kept to [`super::asking`], and its values to [`super::content`].

use std::sync::Arc;

use super::asking::Spelling;
use super::content::Form;
use crate::source::pool::Habit;

/// An attribute.
pub(super) struct Column {
    received: String,
    /// The names under which it is kept; none: nobody wants it.
    pub(super) names: Vec<Arc<str>>,
    /// How its values are written.
    pub(super) form: Form,
    /// Whether they repeat.
    pub(super) habit: Habit,
}

/// The attributes that came so far.
pub(super) struct Columns {
    spelling: Spelling,
    met: Vec<Column>,
}

impl Columns {
    /// None yet.
    pub(super) fn new(spelling: Spelling) -> Self {
        Self {
            spelling,
            met: Vec::new(),
        }
    }

    /// The one that the server calls so.
    pub(super) fn of(&mut self, received: &str) -> &mut Column {
        let known = self.met.iter().position(|met| met.received == received);
        let at = known.unwrap_or_else(|| {
            self.met.push(Column {
                received: received.to_owned(),
                names: self.spelling.kept(received).cloned().collect(),
                form: Form::of(received),
                habit: Habit::default(),
            });
            self.met.len() - 1
        });
        &mut self.met[at]
    }
}
