//! Expressions (CEL) over a user: compiled and checked when the config is loaded, bounded, no I/O.
//!
//! Promises that a program which compiles names only known attributes and functions, and that no
//! input can make it abort the process. Leaves to the mapping what a result means.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::attribute::Value;
use super::user::User;

/// A checked expression.
#[derive(Clone)]
pub struct Program {
    source: Arc<str>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({:?})", self.source)
    }
}

/// What expressions may name.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// The attributes of a user; `None`: any.
    pub attributes: Option<BTreeSet<String>>,
}

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes of the source it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Why an expression gave nothing for one user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// What went wrong, in one line.
    pub message: String,
}

/// A user, ready for many expressions.
pub struct Subject<'a> {
    user: &'a User,
    groups: &'a [Arc<str>],
}

impl Program {
    /// Compiles and checks an expression.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(source: &str, _vocabulary: &Vocabulary) -> Result<Self, Vec<Problem>> {
        Ok(Self { source: Arc::from(source) })
    }

    /// The text it was compiled from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of groups it asks for (`"eng" in user.groups`), as far as they are literals.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// The value for a user; null, absence, an empty text and an empty list are all `None`.
    ///
    /// # Errors
    /// When it cannot be evaluated for this user.
    pub fn value(&self, _subject: &Subject<'_>) -> Result<Option<Value>, EvalError> {
        Err(EvalError { message: "not built yet".into() })
    }

    /// True or false for a user.
    ///
    /// # Errors
    /// When it cannot be evaluated for this user, or gives something else.
    pub fn truth(&self, _subject: &Subject<'_>) -> Result<bool, EvalError> {
        Err(EvalError { message: "not built yet".into() })
    }
}

impl<'a> Subject<'a> {
    /// Binds a user and the names of the groups that the user is in.
    #[must_use]
    pub fn new(user: &'a User, groups: &'a [Arc<str>]) -> Self {
        Self { user, groups }
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &User {
        self.user
    }

    /// The names of the groups.
    #[must_use]
    pub fn groups(&self) -> &[Arc<str>] {
        self.groups
    }
}
