//! The connection to a state file, opened for writing.
//!
//! Promises the settings that make a commit survive a power failure. Leaves reading beside a writer
//! to [`super::snapshot`].

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::place::{FILE, Place};
use super::{StoreError, private, snapshot};

/// How long to wait for somebody who has the file open (a shell, a backup).
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file for writing and makes it, for its owner alone, if it is not there. `SQLite` gives
/// the files beside it the same permissions.
pub(super) fn connect(dir: &Path, place: &Place) -> Result<Connection, StoreError> {
    let file = dir.join(FILE);
    drop(private::open(&file)?);
    let address = snapshot::address(&file, "?mode=rw")
        .map_err(|cause| private::failed(&file, "cannot be opened", cause))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(address, flags).map_err(place.while_opening())?;
    db.busy_timeout(BUSY).map_err(place.while_opening())?;
    Ok(db)
}

/// Turns the write-ahead log on: readers then never wait, and a commit is one sync.
pub(super) fn log_ahead(db: &Connection, place: &Place) -> Result<(), StoreError> {
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(place.while_opening())?;
    if mode == "wal" {
        return Ok(());
    }
    Err(place.refuse(
        "cannot keep a write-ahead log",
        "use a --state directory on a local disk",
    ))
}

/// Sets what every connection needs, in memory too.
pub(super) fn tune(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(64);
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)
}
