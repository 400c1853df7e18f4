//! What an undo has pinned, as rows.
//!
//! Promises that a pin comes back as it was put, once. Leaves what follows from it to the plan.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};

use crate::core::fingerprint::Fingerprint;
use crate::core::key::{GroupKey, SourceName, TargetName, UserKey};
use crate::core::pin::{Pin, Pinned};

use super::column::{Bits, Stamp, Unknown, damaged};

/// What is pinned, in five columns: its kind, its source and key, and of a member source and key.
fn columns(pinned: &Pinned) -> (&'static str, &str, &str, &str, &str) {
    match pinned {
        Pinned::Account(user) => ("account", user.source.as_str(), &user.id, "", ""),
        Pinned::Group(group) => ("group", group.source.as_str(), &group.id, "", ""),
        Pinned::Member(group, user) => (
            "member",
            group.source.as_str(),
            &group.id,
            user.source.as_str(),
            &user.id,
        ),
    }
}

/// Remembers a pin, in place of another one on the same.
pub(super) fn put(
    db: &Connection,
    target: &TargetName,
    pinned: &Pinned,
    pin: &Pin,
) -> rusqlite::Result<()> {
    let (kind, source, key, member_source, member) = columns(pinned);
    db.prepare_cached(
        "REPLACE INTO pin (target, kind, source, key, member_source, member, facts, run, pinned_by,
                           at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        target.as_str(),
        kind,
        source,
        key,
        member_source,
        member,
        Bits(pin.facts.0),
        pin.run,
        pin.by,
        Stamp(pin.at),
    ])?;
    Ok(())
}

/// Forgets a pin.
pub(super) fn drop(db: &Connection, target: &TargetName, pinned: &Pinned) -> rusqlite::Result<()> {
    let (kind, source, key, member_source, member) = columns(pinned);
    db.prepare_cached(
        "DELETE FROM pin WHERE target = ?1 AND kind = ?2 AND source = ?3 AND key = ?4
                           AND member_source = ?5 AND member = ?6",
    )?
    .execute(params![
        target.as_str(),
        kind,
        source,
        key,
        member_source,
        member
    ])?;
    Ok(())
}

/// Every pin of a target.
pub(super) fn of_target(
    db: &Connection,
    target: &TargetName,
) -> rusqlite::Result<BTreeMap<Pinned, Pin>> {
    db.prepare_cached(
        "SELECT kind, source, key, member_source, member, facts, run, pinned_by, at
         FROM pin WHERE target = ?1",
    )?
    .query_map([target.as_str()], |row| Ok((pinned(row)?, pin(row)?)))?
    .collect()
}

fn pinned(row: &Row<'_>) -> rusqlite::Result<Pinned> {
    let source = SourceName::new(row.get_ref(1)?.as_str()?);
    let key = row.get_ref(2)?.as_str()?;
    match row.get_ref(0)?.as_str()? {
        "account" => Ok(Pinned::Account(UserKey::new(&source, key))),
        "group" => Ok(Pinned::Group(GroupKey::new(&source, key))),
        "member" => {
            let of = SourceName::new(row.get_ref(3)?.as_str()?);
            let member = UserKey::new(&of, row.get_ref(4)?.as_str()?);
            Ok(Pinned::Member(GroupKey::new(&source, key), member))
        }
        word => Err(damaged(0, Unknown::new("kind of pin", word))),
    }
}

fn pin(row: &Row<'_>) -> rusqlite::Result<Pin> {
    Ok(Pin {
        facts: Fingerprint(row.get::<_, Bits>(5)?.0),
        run: row.get(6)?,
        by: row.get(7)?,
        at: row.get::<_, Stamp>(8)?.0,
    })
}
