//! Reading the journal back: some of its lines, oldest first, one at a time.
//!
//! Promises that a journal of any length is read without holding it in memory. Leaves the chain to
//! [`super::journal`].

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::JournalEntry;
use super::column::Stamp;
use super::journal::{COLUMNS, entry};
use crate::core::hex;

/// Which lines are wanted; what is `None` is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// About this subject: `user hq:1001`, `group hq:g7`.
    pub subject: Option<String>,
    /// Of this target.
    pub target: Option<String>,
}

/// A line as it stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its number, the first being 1.
    pub number: i64,
    /// The line.
    pub entry: JournalEntry,
    /// The hash chain after it, in hexadecimal digits.
    pub chain: String,
}

/// Gives every wanted line to `each`.
pub(super) fn read(
    db: &Connection,
    wanted: &Wanted,
    each: &mut dyn FnMut(Written),
) -> rusqlite::Result<()> {
    let mut query = db.prepare_cached(&format!(
        "SELECT {COLUMNS}, number, chain FROM journal
         WHERE (?1 IS NULL OR at >= ?1) AND (?2 IS NULL OR subject = ?2)
           AND (?3 IS NULL OR target = ?3)
         ORDER BY number"
    ))?;
    let since = wanted.since.map(Stamp);
    let mut rows = query.query(params![since, wanted.subject, wanted.target])?;
    while let Some(row) = rows.next()? {
        each(Written {
            number: row.get("number")?,
            chain: hex::encode(&row.get::<_, [u8; 32]>("chain")?),
            entry: entry(row)?,
        });
    }
    Ok(())
}

/// Every subject that the journal names, with the labels it had, each pair once.
pub(super) fn subjects(db: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare_cached(
        "SELECT DISTINCT subject, label FROM journal WHERE subject <> '' ORDER BY subject, label",
    )?
    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}
