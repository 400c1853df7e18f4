//! The journal: what was done, line by line, each chained to the one before.
//!
//! Promises that lines are only ever added, in order, and that [`verify`] names the first one that
//! was tampered with, or the first that is missing. Leaves the words in a line to the engine.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::core::deed::{Deed, Sent};
use crate::core::hex;

use super::chain::{self, Digest, Line};
use super::column::{Count, Stamp, Unknown, damaged};
use super::meta::{self, Mark};
use super::place::Place;
use super::{JournalEntry, StoreError};

pub(super) const COLUMNS: &str =
    "at, run, target, subject, label, action, outcome, detail, count, approved, requests, deed";

/// Where the journal ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    number: i64,
    chain: Digest,
}

impl End {
    /// The end as it is marked.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let start = Self {
            number: 0,
            chain: chain::START,
        };
        meta::get(db, Mark::JournalEnd)?.map_or(Ok(start), |text| {
            Self::parse(&text).ok_or_else(|| damaged(0, Unknown::new("end of a journal", &text)))
        })
    }

    /// Marks this as the end.
    pub(super) fn save(&self, db: &Connection) -> rusqlite::Result<()> {
        let text = format!("{} {}", self.number, hex::encode(&self.chain));
        meta::put(db, Mark::JournalEnd, &text)
    }

    /// Adds a line behind it.
    pub(super) fn append(&mut self, db: &Connection, entry: &JournalEntry) -> rusqlite::Result<()> {
        let at = Stamp(entry.at).text();
        let (requests, deed) = (
            requests_text(&entry.requests),
            deed_text(entry.deed.as_ref()),
        );
        let line = Line {
            number: self.number + 1,
            texts: [
                &at,
                &entry.run,
                &entry.target,
                &entry.subject,
                &entry.label,
                &entry.action,
                &entry.outcome,
                &entry.detail,
            ],
            count: i64::try_from(entry.count).unwrap_or(i64::MAX),
            approved: entry.approved,
            more: [&requests, &deed],
        };
        let chain = chain::extend(&self.chain, &line);
        insert(db, &line, &chain)?;
        self.number = line.number;
        self.chain = chain;
        Ok(())
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, chain) = text.split_once(' ')?;
        Some(Self {
            number: number.parse().ok()?,
            chain: hex::decode(chain)?,
        })
    }
}

fn insert(db: &Connection, line: &Line<'_>, chain: &Digest) -> rusqlite::Result<()> {
    let [at, run, target, subject, label, action, outcome, detail] = line.texts;
    let (number, count, approved) = (line.number, line.count, line.approved);
    let [requests, deed] = line.more;
    db.prepare_cached(
        "INSERT INTO journal (number, at, run, target, subject, label, action, outcome, detail,
                              count, approved, requests, deed, chain)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        number, at, run, target, subject, label, action, outcome, detail, count, approved,
        requests, deed, chain
    ])?;
    Ok(())
}

/// The last lines, oldest first; those of one subject, if one is named.
pub(super) fn tail(
    db: &Connection,
    subject: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<JournalEntry>> {
    let of_one = if subject.is_some() {
        "WHERE subject = ?2"
    } else {
        "WHERE ?2 IS NULL"
    };
    let mut query = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM journal {of_one} ORDER BY number DESC LIMIT ?1"
    ))?;
    let mut lines = query
        .query_map(params![Count(limit), subject], entry)?
        .collect::<Result<Vec<_>, _>>()?;
    lines.reverse();
    Ok(lines)
}

pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<JournalEntry> {
    Ok(JournalEntry {
        at: row.get::<_, Stamp>(0)?.0,
        run: row.get(1)?,
        target: row.get(2)?,
        subject: row.get(3)?,
        label: row.get(4)?,
        action: row.get(5)?,
        outcome: row.get(6)?,
        detail: row.get(7)?,
        count: row.get::<_, Count>(8)?.0,
        approved: row.get(9)?,
        requests: requests(row.get_ref(10)?.as_str()?).map_err(|cause| damaged(10, cause))?,
        deed: deed(row.get_ref(11)?.as_str()?)?,
    })
}

/// The writes of a line as they stand in their column.
fn requests_text(requests: &[Sent]) -> String {
    if requests.is_empty() {
        return String::new();
    }
    serde_json::to_string(requests).expect("methods, paths and numbers are plain data")
}

fn requests(text: &str) -> serde_json::Result<Vec<Sent>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(text)
}

fn deed_text(deed: Option<&Deed>) -> String {
    deed.map_or_else(String::new, |deed| deed.to_json().to_string())
}

fn deed(text: &str) -> rusqlite::Result<Option<Deed>> {
    if text.is_empty() {
        return Ok(None);
    }
    let json = serde_json::from_str(text).map_err(|cause| damaged(11, cause))?;
    let deed = Deed::from_json(&json);
    deed.map(Some)
        .ok_or_else(|| damaged(11, Unknown::new("deed", text)))
}

/// What people called the subject of the newest line about it that has a label.
pub(super) fn last_label(db: &Connection, subject: &str) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT label FROM journal WHERE subject = ?1 AND label <> '' ORDER BY number DESC LIMIT 1",
    )?
    .query_row([subject], |row| row.get(0))
    .optional()
}

/// Follows the chain from the first line to the last and gives their number.
///
/// # Errors
/// Names the first line that is missing or not as it was written.
pub(super) fn verify(db: &Connection, place: &Place) -> Result<usize, StoreError> {
    let read = place.while_reading();
    let end = End::load(db).map_err(&read)?;
    let mut reached = End {
        number: 0,
        chain: chain::START,
    };
    let mut query = db
        .prepare_cached(&format!(
            "SELECT number, {COLUMNS}, chain FROM journal ORDER BY number"
        ))
        .map_err(&read)?;
    let mut rows = query.query([]).map_err(&read)?;
    while let Some(row) = rows.next().map_err(&read)? {
        match follow(row, &reached).map_err(&read)? {
            Ok(next) => reached = next,
            Err(fault) => return Err(fault.tell(reached.number + 1, place)),
        }
    }
    if reached.number < end.number {
        return Err(Tampering::Missing.tell(reached.number + 1, place));
    }
    if reached != end {
        return Err(Tampering::Added.tell(end.number + 1, place));
    }
    usize::try_from(reached.number).map_err(|cause| read(damaged(0, cause)))
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug)]
enum Tampering {
    Missing,
    Changed,
    Added,
}

impl Tampering {
    fn tell(self, number: i64, place: &Place) -> StoreError {
        let what = match self {
            Self::Missing => "is missing",
            Self::Changed => "is not as it was written",
            Self::Added => "was not written by rollcall",
        };
        StoreError::new(
            format!("line {number} of the journal of {place} {what}"),
            "compare the journal with an earlier export or a backup of the directory; \
             syncing does not depend on it",
        )
    }
}

/// Goes one line further.
fn follow(row: &Row<'_>, before: &End) -> rusqlite::Result<Result<End, Tampering>> {
    let number: i64 = row.get(0)?;
    if number != before.number + 1 {
        return Ok(Err(Tampering::Missing));
    }
    let mut texts = [""; 8];
    for (text, column) in texts.iter_mut().zip(1..) {
        *text = row.get_ref(column)?.as_str()?;
    }
    let line = Line {
        number,
        texts,
        count: row.get(9)?,
        approved: row.get(10)?,
        more: [row.get_ref(11)?.as_str()?, row.get_ref(12)?.as_str()?],
    };
    let chain = chain::extend(&before.chain, &line);
    if row.get_ref(13)?.as_blob()? != chain {
        return Ok(Err(Tampering::Changed));
    }
    Ok(Ok(End { number, chain }))
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::super::schema;
    use super::*;

    fn written(lines: usize) -> Connection {
        let mut db = Connection::open_in_memory().expect("memory");
        schema::upgrade(&mut db, &Place::Memory, schema::STEPS, None).expect("made");
        let mut end = End::load(&db).expect("the start");
        for number in 0..lines {
            end.append(&db, &example::line(&format!("user hq:{number}"), "update"))
                .expect("appended");
        }
        end.save(&db).expect("marked");
        db
    }

    fn tamper(db: &Connection, sql: &str) -> String {
        db.execute_batch("DROP TRIGGER journal_kept; DROP TRIGGER journal_unchanged")
            .expect("no triggers");
        db.execute_batch(sql).expect("tampered");
        verify(db, &Place::Memory)
            .expect_err("a bad journal")
            .problem
    }

    #[test]
    fn an_untouched_journal_is_verified() {
        assert_eq!(verify(&written(0), &Place::Memory).expect("whole"), 0);
        assert_eq!(verify(&written(9), &Place::Memory).expect("whole"), 9);
    }

    #[test]
    fn the_first_bad_line_is_named() {
        for (sql, problem) in [
            (
                "UPDATE journal SET detail = 'nothing' WHERE number = 4",
                "line 4 of the journal of the state in memory is not as it was written",
            ),
            (
                "UPDATE journal SET approved = 1 WHERE number = 9",
                "line 9 of the journal of the state in memory is not as it was written",
            ),
            (
                "UPDATE journal SET requests = '[]' WHERE number = 3",
                "line 3 of the journal of the state in memory is not as it was written",
            ),
            (
                "UPDATE journal SET deed = '' WHERE number = 6",
                "line 6 of the journal of the state in memory is not as it was written",
            ),
            (
                "UPDATE journal SET at = 'yesterday' WHERE number = 2",
                "line 2 of the journal of the state in memory is not as it was written",
            ),
            (
                "DELETE FROM journal WHERE number = 3",
                "line 3 of the journal of the state in memory is missing",
            ),
            (
                "DELETE FROM journal WHERE number > 7",
                "line 8 of the journal of the state in memory is missing",
            ),
            (
                "UPDATE journal SET number = -5 WHERE number = 5;
                 UPDATE journal SET number = 5 WHERE number = 6;
                 UPDATE journal SET number = 6 WHERE number = -5",
                "line 5 of the journal of the state in memory is not as it was written",
            ),
            (
                "INSERT INTO journal SELECT 10, at, run, target, subject, label, action, outcome,
                     detail, count, approved, chain, requests, deed FROM journal WHERE number = 9",
                "line 10 of the journal of the state in memory is not as it was written",
            ),
        ] {
            assert_eq!(tamper(&written(9), sql), problem, "{sql}");
        }
    }

    #[test]
    fn the_database_itself_refuses_to_change_a_line() {
        let db = written(2);
        for sql in ["UPDATE journal SET label = 'bob'", "DELETE FROM journal"] {
            let error = db.execute(sql, []).expect_err("refused");
            assert_eq!(error.to_string(), "the journal is append-only", "{sql}");
        }
    }
}
