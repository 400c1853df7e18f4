//! The state of a target in numbers, for `status`.
//!
//! Promises counts of what is stored, in one look. Leaves the words to the showing side.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::core::key::TargetName;

use super::column::{Count, Stamp};

/// A target in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetSummary {
    /// Accounts that are linked.
    pub links: usize,
    /// Of those, active when last acknowledged.
    pub active: usize,
    /// Groups that are linked.
    pub groups: usize,
    /// Jobs to be sent.
    pub due: usize,
    /// Jobs of which nobody knows whether they were done.
    pub in_doubt: usize,
    /// Jobs that wait for a person.
    pub parked: usize,
    /// Holds that nobody has approved.
    pub holds: usize,
    /// The last run, if there was one.
    pub last_run: Option<LastRun>,
}

/// How the last run of a target ended: its newest journal line whose action is `run`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When.
    pub at: Timestamp,
    /// The outcome of that line.
    pub outcome: String,
}

/// Counts what is remembered of a target.
pub(super) fn of_target(db: &Connection, target: &TargetName) -> rusqlite::Result<TargetSummary> {
    let count = |what: &str| -> rusqlite::Result<usize> {
        db.prepare_cached(&format!("SELECT count(*) FROM {what}"))?
            .query_row([target.as_str()], |row| Ok(row.get::<_, Count>(0)?.0))
    };
    Ok(TargetSummary {
        links: count("link WHERE target = ?1")?,
        active: count("link WHERE target = ?1 AND active = 1")?,
        groups: count("group_link WHERE target = ?1")?,
        due: count("job WHERE target = ?1 AND state = 'due'")?,
        in_doubt: count("job WHERE target = ?1 AND state = 'in_doubt'")?,
        parked: count("job WHERE target = ?1 AND state = 'parked'")?,
        holds: count("hold WHERE target = ?1 AND approved_at IS NULL")?,
        last_run: last_run(db, target)?,
    })
}

fn last_run(db: &Connection, target: &TargetName) -> rusqlite::Result<Option<LastRun>> {
    db.prepare_cached(
        "SELECT at, outcome FROM journal WHERE target = ?1 AND action = 'run'
         ORDER BY number DESC LIMIT 1",
    )?
    .query_row(params![target.as_str()], |row| {
        Ok(LastRun {
            at: row.get::<_, Stamp>(0)?.0,
            outcome: row.get(1)?,
        })
    })
    .optional()
}
