//! What people have decided by hand, as rows.
//!
//! Promises that a verdict comes back as it was put, once. Leaves what follows from it to the plan.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, params};

use crate::core::key::{RemoteId, SourceName, TargetName, UserKey};
use crate::core::memory::Verdict;

use super::column::{Unknown, damaged};

/// A verdict in four columns: its kind, the source and the key of the user, the account.
fn columns(verdict: &Verdict) -> (&'static str, &str, &str, &str) {
    match verdict {
        Verdict::Apart(user, id) => ("apart", user.source.as_str(), &user.id, id.as_str()),
        Verdict::IgnoredAccount(id) => ("ignored_account", "", "", id.as_str()),
        Verdict::IgnoredUser(user) => ("ignored_user", user.source.as_str(), &user.id, ""),
    }
}

/// Remembers a verdict.
pub(super) fn put(db: &Connection, target: &TargetName, verdict: &Verdict) -> rusqlite::Result<()> {
    let (kind, source, key, id) = columns(verdict);
    db.prepare_cached(
        "REPLACE INTO verdict (target, kind, source, key, remote_id) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![target.as_str(), kind, source, key, id])?;
    Ok(())
}

/// Forgets a verdict.
pub(super) fn drop(
    db: &Connection,
    target: &TargetName,
    verdict: &Verdict,
) -> rusqlite::Result<()> {
    let (kind, source, key, id) = columns(verdict);
    db.prepare_cached(
        "DELETE FROM verdict WHERE target = ?1 AND kind = ?2 AND source = ?3 AND key = ?4
                                   AND remote_id = ?5",
    )?
    .execute(params![target.as_str(), kind, source, key, id])?;
    Ok(())
}

/// Every verdict about a target.
pub(super) fn of_target(
    db: &Connection,
    target: &TargetName,
) -> rusqlite::Result<BTreeSet<Verdict>> {
    db.prepare_cached("SELECT kind, source, key, remote_id FROM verdict WHERE target = ?1")?
        .query_map([target.as_str()], verdict)?
        .collect()
}

fn verdict(row: &Row<'_>) -> rusqlite::Result<Verdict> {
    let source = SourceName::new(row.get_ref(1)?.as_str()?);
    let user = UserKey::new(&source, row.get_ref(2)?.as_str()?);
    let id = RemoteId::new(row.get_ref(3)?.as_str()?);
    match row.get_ref(0)?.as_str()? {
        "apart" => Ok(Verdict::Apart(user, id)),
        "ignored_account" => Ok(Verdict::IgnoredAccount(id)),
        "ignored_user" => Ok(Verdict::IgnoredUser(user)),
        word => Err(damaged(0, Unknown::new("verdict", word))),
    }
}
