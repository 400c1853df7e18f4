//! How our words, times and counts stand in a column.
//!
//! Promises one form for each, and that what is not in that form is an error and never a guess.
//! Leaves tables to [`super::load`] and [`super::write`].

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};
use rusqlite::{Error, Row};

use crate::core::change::{ActionKind, Subject};
use crate::core::key::{GroupKey, SourceName, UserKey};
use crate::core::leaver::LeaveCause;

/// A word that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("{word:?} is no {what}")]
pub(super) struct Unknown {
    what: &'static str,
    word: String,
}

impl Unknown {
    pub(super) fn new(what: &'static str, word: &str) -> Self {
        Self {
            what,
            word: word.into(),
        }
    }
}

/// A point in time: RFC 3339, UTC, always nine digits, so that text order is time order.
pub(super) struct Stamp(pub(super) Timestamp);

impl Stamp {
    /// The text in the column.
    pub(super) fn text(&self) -> String {
        format!("{:.9}", self.0)
    }
}

impl ToSql for Stamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.text()))
    }
}

impl FromSql for Stamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let time = value.as_str()?.parse().map_err(FromSqlError::other)?;
        Ok(Self(time))
    }
}

/// A count; what no column can hold stands as the largest number.
pub(super) struct Count(pub(super) usize);

impl ToSql for Count {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(i64::try_from(self.0).unwrap_or(i64::MAX)))
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let count = usize::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))?;
        Ok(Self(count))
    }
}

/// 64 bits without a sign, in a column that has one.
pub(super) struct Bits(pub(super) u64);

impl ToSql for Bits {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0.cast_signed()))
    }
}

impl FromSql for Bits {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(value.as_i64()?.cast_unsigned()))
    }
}

/// The word of an action.
pub(super) struct Act(pub(super) ActionKind);

impl FromSql for Act {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        ActionKind::from_word(word)
            .map(Self)
            .ok_or_else(|| FromSqlError::other(Unknown::new("action", word)))
    }
}

/// The word of a cause to leave.
pub(super) struct Cause(pub(super) LeaveCause);

impl FromSql for Cause {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        LeaveCause::from_word(word)
            .map(Self)
            .ok_or_else(|| FromSqlError::other(Unknown::new("cause to leave", word)))
    }
}

/// A subject, in three columns: its kind, its source and its key there.
pub(super) fn subject_parts(subject: &Subject) -> (&'static str, &str, &str) {
    match subject {
        Subject::User(key) => ("user", key.source.as_str(), &key.id),
        Subject::Group(key) => ("group", key.source.as_str(), &key.id),
    }
}

/// The subject whose three columns begin at `first`.
pub(super) fn subject(row: &Row<'_>, first: usize) -> rusqlite::Result<Subject> {
    let source = SourceName::new(row.get_ref(first + 1)?.as_str()?);
    let key = row.get_ref(first + 2)?.as_str()?;
    match row.get_ref(first)?.as_str()? {
        "user" => Ok(Subject::User(UserKey::new(&source, key))),
        "group" => Ok(Subject::Group(GroupKey::new(&source, key))),
        word => Err(damaged(first, Unknown::new("kind of subject", word))),
    }
}

/// The error for a column that does not hold what we put there.
pub(super) fn damaged(
    column: usize,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, Box::new(cause))
}
