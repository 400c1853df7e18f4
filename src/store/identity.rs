//! Which state this is: whose, under which key, and who may write it.
//!
//! Promises that sandbox and real never mix, that a state is used with its own key only, that one
//! whose key is lost gets another and forgets what it knew by the old one, and that a
//! writer of an older epoch is refused. Leaves the rows to [`super::meta`] and the key's file to
//! [`super::key`].

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use crate::clock::Clock;
use crate::core::fingerprint::FingerprintKey;

use super::forget::forget;
use super::key::{self, NewKey};
use super::meta::{self, Mark};
use super::place::Place;
use super::{Access, Epoch, StateKind, StoreError, schema};

/// Refuses a state of the other kind; a new one has none yet.
pub(super) fn check_kind(
    db: &Connection,
    place: &Place,
    kind: StateKind,
) -> Result<(), StoreError> {
    if schema::is_new(db, place)? {
        return Ok(());
    }
    let found = meta::get(db, Mark::Kind).map_err(place.while_opening())?;
    if found.is_none_or(|found| found == kind.word()) {
        return Ok(());
    }
    let (problem, hint) = match kind {
        StateKind::Real => (
            "belongs to sandbox apps",
            "use another --state directory for the real ones",
        ),
        StateKind::Sandbox => (
            "belongs to the real apps",
            "use another --state directory for the sandbox",
        ),
    };
    Err(place.refuse(problem, hint))
}

/// Refuses to write for somebody who no longer has the right to.
pub(super) fn check_epoch(db: &Connection, place: &Place, epoch: Epoch) -> Result<(), StoreError> {
    let current = meta::get(db, Mark::Epoch).map_err(place.while_writing())?;
    let current = current.unwrap_or_default();
    if current == epoch.0.to_string() {
        return Ok(());
    }
    Err(place.refuse(
        &format!(
            "is written by another rollcall now (epoch {current}, this one has {})",
            epoch.0
        ),
        "restart this one; nothing more was sent to any app",
    ))
}

/// Finds the key of a state, or makes one for a state that has none yet or has lost it, and marks it.
/// What was made with a lost one is forgotten. A new key is kept in `dir` only with [`Access::Write`].
pub(super) fn settle_key(
    db: &mut Connection,
    place: &Place,
    dir: &Path,
    kind: StateKind,
    access: Access,
) -> Result<FingerprintKey, StoreError> {
    let keep = |new: &NewKey| match access {
        Access::Write => new.keep(dir),
        Access::Snapshot => Ok(()),
    };
    let known = meta::get(db, Mark::KeyCheck).map_err(place.while_opening())?;
    match (key::read(dir)?, known) {
        (Some(key), Some(check)) if key::check(&key) == check => Ok(key),
        (Some(_), Some(_)) => Err(key::wrong(dir)),
        (None, Some(_)) => {
            let new = NewKey::draw();
            // In this order: a crash in between leaves a state without a key, which is forgotten
            // once more, and not one with another key, which is refused.
            replace_key(db, place, &new.key(), Clock::System.now())?;
            keep(&new)?;
            Ok(new.key())
        }
        (Some(key), None) => {
            mark(db, place, kind, &key)?;
            Ok(key)
        }
        (None, None) => {
            let new = NewKey::draw();
            keep(&new)?;
            mark(db, place, kind, &new.key())?;
            Ok(new.key())
        }
    }
}

/// Gives a state another key: what was made with the old one is forgotten, as a whole or not at all.
pub(super) fn replace_key(
    db: &mut Connection,
    place: &Place,
    key: &FingerprintKey,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut replace = || {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        forget(&transaction, at)?;
        meta::put(&transaction, Mark::KeyCheck, &key::check(key))?;
        transaction.commit()
    };
    replace().map_err(place.while_writing())
}

/// Marks a new state.
pub(super) fn mark(
    db: &mut Connection,
    place: &Place,
    kind: StateKind,
    key: &FingerprintKey,
) -> Result<(), StoreError> {
    let mut marks = || {
        let transaction = db.transaction()?;
        meta::put(&transaction, Mark::Kind, kind.word())?;
        meta::put(&transaction, Mark::KeyCheck, &key::check(key))?;
        meta::put(&transaction, Mark::Epoch, "1")?;
        transaction.commit()
    };
    marks().map_err(place.while_writing())
}
