//! Forgetting every fingerprint, when the key they were made with is lost.
//!
//! Promises that whose account is whose, what is in which group, what is in doubt and what is held
//! stay, that each fingerprint becomes [`Fingerprint::UNKNOWN`], and that the journal says so. Leaves
//! the transaction to the caller, and learning afresh to the plan.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, params};

use crate::core::fingerprint::Fingerprint;

use super::JournalEntry;
use super::column::{Bits, Count};
use super::journal::End;
use super::pack;

/// Links in one step: enough to be quick, few enough to be small.
const PAGE: usize = 1000;

/// Forgets the fingerprints of every link, group and job, and writes the journal's line.
pub(super) fn forget(db: &Connection, at: Timestamp) -> rusqlite::Result<()> {
    let links = forget_links(db)?;
    let groups = db.execute(
        "UPDATE group_link SET name = ?1",
        [Bits(Fingerprint::UNKNOWN.0)],
    )?;
    let jobs = forget_jobs(db)?;
    // A pin learns its facts afresh with the next reading.
    db.execute("UPDATE pin SET facts = ?1", [Bits(Fingerprint::UNKNOWN.0)])?;
    let mut end = End::load(db)?;
    end.append(db, &line(at, links, groups, jobs))?;
    end.save(db)
}

/// A link's row, as far as it holds fingerprints: target, person, sent, held.
type Row = (String, u32, Vec<u8>, Vec<u8>);

fn forget_links(db: &Connection) -> rusqlite::Result<usize> {
    let mut after = (String::new(), 0);
    let mut count = 0;
    loop {
        let page = links_after(db, &after)?;
        let Some((target, person, ..)) = page.last() else {
            return Ok(count);
        };
        after = (target.clone(), *person);
        count += page.len();
        let mut update = db.prepare_cached(
            "UPDATE link SET sent = ?3, held = ?4 WHERE target = ?1 AND person = ?2",
        )?;
        for (target, person, sent, held) in &page {
            update.execute(params![target, person, forgotten(sent)?, forgotten(held)?])?;
        }
    }
}

fn links_after(db: &Connection, after: &(String, u32)) -> rusqlite::Result<Vec<Row>> {
    db.prepare_cached(
        "SELECT target, person, sent, held FROM link WHERE (target, person) > (?1, ?2)
         ORDER BY target, person LIMIT ?3",
    )?
    .query_map(params![after.0, after.1, Count(PAGE)], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?
    .collect()
}

fn forget_jobs(db: &Connection) -> rusqlite::Result<usize> {
    type Keyed = (String, String, String, String, String, Vec<u8>);
    let jobs: Vec<Keyed> = db
        .prepare("SELECT target, subject, source, key, action, keys FROM job")?
        .query_map([], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        })?
        .collect::<Result<_, _>>()?;
    let mut update = db.prepare(
        "UPDATE job SET keys = ?6, content = ?7
         WHERE target = ?1 AND subject = ?2 AND source = ?3 AND key = ?4 AND action = ?5",
    )?;
    for (target, subject, source, key, action, keys) in &jobs {
        let content = Bits(Fingerprint::UNKNOWN.0);
        let keys = forgotten(keys)?;
        update.execute(params![target, subject, source, key, action, keys, content])?;
    }
    Ok(jobs.len())
}

/// The same attributes, and of each only that it had a value.
fn forgotten(bytes: &[u8]) -> rusqlite::Result<Vec<u8>> {
    let prints = pack::read_fingerprints(bytes)
        .map_err(|torn| Error::FromSqlConversionFailure(0, Type::Blob, Box::new(torn)))?;
    let mut packed = Vec::with_capacity(bytes.len());
    for (attribute, _) in prints {
        pack::put_fingerprint(&mut packed, attribute, Fingerprint::UNKNOWN);
    }
    Ok(packed)
}

fn line(at: Timestamp, links: usize, groups: usize, jobs: usize) -> JournalEntry {
    JournalEntry {
        at,
        run: at.to_string(),
        target: String::new(),
        subject: String::new(),
        label: String::new(),
        action: "new_key".into(),
        outcome: "done".into(),
        detail: format!(
            "the key file was missing: fingerprints forgotten of links: {links}, groups: {groups}, \
             changes in the outbox: {jobs}"
        ),
        count: links,
        approved: false,
        requests: Vec::new(),
        deed: None,
    }
}
