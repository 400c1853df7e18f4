//! Reading the journal back: some of its lines, oldest first, one at a time.
//!
//! Promises that a journal of any length is read without holding it in memory. Leaves the chain to
//! [`super::journal`].

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::JournalEntry;
use super::column::Stamp;
use super::journal::{COLUMNS, entry};
use crate::core::change::{ActionKind, former_key};
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
    /// Of this run.
    pub run: Option<String>,
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
           AND (?3 IS NULL OR target = ?3) AND (?4 IS NULL OR run = ?4)
         ORDER BY number"
    ))?;
    let since = wanted.since.map(Stamp);
    let mut rows = query.query(params![since, wanted.subject, wanted.target, wanted.run])?;
    while let Some(row) = rows.next()? {
        each(Written {
            number: row.get("number")?,
            chain: hex::encode(&row.get::<_, [u8; 32]>("chain")?),
            entry: entry(row)?,
        });
    }
    Ok(())
}

/// The runs whose names begin with `prefix` and that did something to somebody, oldest first.
pub(super) fn runs(db: &Connection, prefix: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare_cached(
        "SELECT run FROM journal
         WHERE run >= ?1 AND substr(run, 1, length(?1)) = ?1 AND subject <> ''
           AND outcome IN ('done', 'found') AND action NOT IN (SELECT value FROM json_each(?2))
         GROUP BY run ORDER BY min(number)",
    )?
    .query_map(params![prefix, LEVERS], |row| row.get(0))?
    .collect()
}

/// The last run that did something to somebody and took nothing back.
pub(super) fn last_run(db: &Connection) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT run FROM journal
         WHERE subject <> '' AND outcome IN ('done', 'found')
           AND action NOT IN (SELECT value FROM json_each(?1))
           AND run NOT IN (SELECT run FROM journal WHERE action = 'undo')
         ORDER BY number DESC LIMIT 1",
    )?
    .query_row([LEVERS], |row| row.get(0))
    .optional()
}

/// What is done to a subject in the state alone, or said of a whole run: none of it is taken back.
const LEVERS: &str =
    r#"["part_run", "link", "unlink", "ignore", "unignore", "retry", "unpin", "resend"]"#;

/// Every subject that the journal names, with the labels it had, each pair once.
pub(super) fn subjects(db: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare_cached(
        "SELECT DISTINCT subject, label FROM journal WHERE subject <> '' ORDER BY subject, label",
    )?
    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// Keys that links were kept under before they moved to others, as subjects: `user hq:1001`.
pub(super) fn moved(db: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut query = db.prepare_cached(
        "SELECT subject, detail FROM journal WHERE action = ?1 AND outcome = 'done'",
    )?;
    let mut rows = query.query([ActionKind::Rekey.word()])?;
    let mut moved = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (subject, detail): (String, String) = (row.get(0)?, row.get(1)?);
        if let (Some((kind, _)), Some(key)) = (subject.split_once(' '), former_key(&detail)) {
            moved.insert(format!("{kind} {key}"));
        }
    }
    Ok(moved)
}
