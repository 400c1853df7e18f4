//! A copy of the state in a directory, as it is at one moment: in memory, and beyond a few megabytes in
//! a temporary file without a name.
//!
//! Promises that the directory stays as it is to the last byte of every name in it: no file is made,
//! no log is worked off, no lock is left; and that the copy holds every batch whose commit had
//! returned. There are three cases:
//!
//! - A writer is at work (it holds the lock): `SQLite` reads beside it, in one read transaction,
//!   and attaches to the writer's shared memory without the right to write or make it.
//! - Nobody writes, and the log is empty: the file is whole by itself and read as immutable.
//! - Nobody writes, and a crash has left a log: file and log are copied to a directory for temporary
//!   files, where working the log off disturbs nobody.
//!
//! While nobody writes, the lock is shared for the time of the copy, so that no writer begins.
//! Leaves to the store what is in the copy.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, ffi};

use crate::core::hex;
use crate::draw;

use super::lock::{Share, pause};
use super::place::{FILE, Place};
use super::{StoreError, private};

/// What `SQLite` keeps beside a file whose last writer did not end well.
const LOGS: [&str; 2] = ["-wal", "-journal"];

/// A writer that is just starting or ending has no shared memory yet or any more.
const TRIES: u32 = 50;

/// Copies the state in `dir`; `None` when there is none.
///
/// # Errors
/// When there is one, but it cannot be read.
pub(super) fn take(dir: &Path, place: &Place) -> Result<Option<Connection>, StoreError> {
    let file = dir.join(FILE);
    let mut tries = 1;
    loop {
        let exists = file
            .try_exists()
            .map_err(|cause| private::failed(&file, "cannot be read", cause))?;
        if !exists {
            return Ok(None);
        }
        match Share::take(dir)? {
            Share::Nobody(_lock) => return at_rest(&file, place).map(Some),
            Share::Writer => match beside_writer(&file) {
                Ok(copy) => return Ok(Some(copy)),
                Err(cause) if tries == TRIES => return Err(place.while_reading()(cause)),
                Err(_) => tries += 1,
            },
        }
        pause();
    }
}

/// A copy in memory of all that is committed.
///
/// # Errors
/// When it cannot be read.
pub(super) fn duplicate(db: &Connection) -> rusqlite::Result<Connection> {
    copy_into(Connection::open_in_memory()?, db)
}

/// A copy in memory as long as it is small; beyond that in a file without a name, which `SQLite` makes
/// where temporary files go.
fn set_aside(db: &Connection) -> rusqlite::Result<Connection> {
    copy_into(Connection::open("")?, db)
}

fn copy_into(mut copy: Connection, db: &Connection) -> rusqlite::Result<Connection> {
    let step = Backup::new(db, &mut copy)?.step(-1)?;
    match step {
        StepResult::Done => Ok(copy),
        _ => Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_BUSY),
            None,
        )),
    }
}

/// How `SQLite` is told to open a file, with its options.
pub(super) fn address(path: &Path, options: &str) -> io::Result<String> {
    let mut text = String::from("file://");
    for byte in std::path::absolute(path)?.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' => text.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(*byte)),
            byte => write!(text, "%{byte:02X}").expect("a String takes every text"),
        }
    }
    Ok(text + options)
}

fn beside_writer(file: &Path) -> rusqlite::Result<Connection> {
    set_aside(&open(file, "?mode=ro&readonly_shm=1")?)
}

fn at_rest(file: &Path, place: &Place) -> Result<Connection, StoreError> {
    if LOGS.iter().any(|log| !is_empty(&beside(file, log))) {
        return after_crash(file, place);
    }
    open(file, "?mode=ro&immutable=1")
        .and_then(|db| set_aside(&db))
        .map_err(place.while_reading())
}

fn after_crash(file: &Path, place: &Place) -> Result<Connection, StoreError> {
    let scratch = Scratch::make()?;
    let copy = scratch.path.join(FILE);
    fetch(file, &copy)?;
    for log in LOGS {
        let log_file = beside(file, log);
        if !is_empty(&log_file) {
            fetch(&log_file, &beside(&copy, log))?;
        }
    }
    open(&copy, "?mode=rw")
        .and_then(|db| set_aside(&db))
        .map_err(place.while_reading())
}

fn open(file: &Path, options: &str) -> rusqlite::Result<Connection> {
    let address = address(file, options).map_err(|_| rusqlite::Error::InvalidPath(file.into()))?;
    let db = Connection::open_with_flags(
        address,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    db.busy_timeout(Duration::from_secs(5))?;
    Ok(db)
}

fn beside(file: &Path, log: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(log);
    name.into()
}

fn is_empty(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |metadata| metadata.len() == 0)
}

fn fetch(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source =
        File::open(from).map_err(|cause| private::failed(from, "cannot be read", cause))?;
    File::create_new(to)
        .and_then(|mut copy| io::copy(&mut source, &mut copy))
        .map(|_| ())
        .map_err(|cause| private::failed(to, "could not be written", cause))
}

/// A directory for temporary files, ours alone, gone when dropped.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn make() -> Result<Self, StoreError> {
        let name = format!("rollcall-{}", &hex::encode(&draw::key())[..16]);
        let path = std::env::temp_dir().join(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|cause| {
                StoreError::new(
                    format!("the directory {} cannot be made", path.display()),
                    "set TMPDIR to a directory with space for a copy of the state",
                )
                .because(cause)
            })?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a temporary copy of the state stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_option() {
        let address = address(Path::new("/var/a b?c#d%/ä"), "?mode=ro").expect("an address");
        assert_eq!(address, "file:///var/a%20b%3Fc%23d%25/%C3%A4?mode=ro");
    }
}
