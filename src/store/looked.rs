//! For whom an app was asked in vain, as rows.
//!
//! Promises the newest time for each user of a target. Leaves when to ask again to the core.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::core::key::{SourceName, TargetName, UserKey};

use super::column::Stamp;

/// Remembers that the app was asked for `user` at that time, and had nothing.
pub(super) fn put(
    db: &Connection,
    target: &TargetName,
    user: &UserKey,
    at: Timestamp,
) -> rusqlite::Result<()> {
    db.prepare_cached("REPLACE INTO looked (target, source, key, at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            target.as_str(),
            user.source.as_str(),
            user.id,
            Stamp(at)
        ])?;
    Ok(())
}

/// Forgets it.
pub(super) fn drop(db: &Connection, target: &TargetName, user: &UserKey) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM looked WHERE target = ?1 AND source = ?2 AND key = ?3")?
        .execute(params![target.as_str(), user.source.as_str(), user.id])?;
    Ok(())
}

/// For whom a target was asked in vain, and when.
pub(super) fn of_target(
    db: &Connection,
    target: &TargetName,
) -> rusqlite::Result<BTreeMap<UserKey, Timestamp>> {
    db.prepare_cached("SELECT source, key, at FROM looked WHERE target = ?1")?
        .query_map([target.as_str()], |row| {
            let source = SourceName::new(row.get_ref(0)?.as_str()?);
            let user = UserKey::new(&source, row.get_ref(1)?.as_str()?);
            Ok((user, row.get::<_, Stamp>(2)?.0))
        })?
        .collect()
}
