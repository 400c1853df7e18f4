//! The lock that lets one process write a state.
//!
//! Promises that it is held by one writer at most, is gone when that writer is gone, however it
//! ended (`flock`), and that a snapshot in the making never makes a writer fail. Leaves what is
//! written to the store.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write as _};
use std::path::Path;
use std::time::Duration;

use super::StoreError;
use super::place::Place;
use super::private;

const FILE: &str = "lock";

/// A snapshot holds the lock for the time of a copy; a writer waits for at most
/// `TRIES` × `PAUSE` until it is done.
const TRIES: u32 = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// The right to write; given back when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Who may change the files while a snapshot is made.
#[derive(Debug)]
pub(super) enum Share {
    /// Nobody, as long as this is kept.
    Nobody(Option<File>),
    /// A writer is at work.
    Writer,
}

impl Lock {
    /// Takes the lock of a directory and leaves the process's number in it.
    ///
    /// # Errors
    /// When another process (or this one) has it.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let mut file = private::open(&path)?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    sign(&mut file)
                        .map_err(|cause| private::failed(&path, "could not be written", cause))?;
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::Error(cause)) => return Err(unlockable(dir, cause)),
                Err(TryLockError::WouldBlock) => wait_for_snapshots(dir, &mut file)?,
            }
        }
        Err(in_use(dir, &mut file))
    }
}

impl Share {
    /// Keeps writers away for as long as the result lives, unless one is at work. Makes no file.
    ///
    /// # Errors
    /// When nobody can tell.
    pub(super) fn take(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Self::Nobody(None)),
            Err(cause) => return Err(private::failed(&path, "cannot be opened", cause)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Self::Nobody(Some(file))),
            Err(TryLockError::WouldBlock) => Ok(Self::Writer),
            Err(TryLockError::Error(cause)) => Err(unlockable(dir, cause)),
        }
    }
}

/// A moment for another process to let go: the store does not wait through tokio, since it runs
/// inline, and simulations never get here.
#[expect(
    clippy::disallowed_methods,
    reason = "waits for another process, in no one's virtual time"
)]
pub(super) fn pause() {
    std::thread::sleep(PAUSE);
}

/// Sharing the lock tells snapshots, which share, from a writer, who does not.
fn wait_for_snapshots(dir: &Path, file: &mut File) -> Result<(), StoreError> {
    match file.try_lock_shared() {
        Ok(()) => {
            file.unlock().map_err(|cause| unlockable(dir, cause))?;
            pause();
            Ok(())
        }
        Err(TryLockError::WouldBlock) => Err(in_use(dir, file)),
        Err(TryLockError::Error(cause)) => Err(unlockable(dir, cause)),
    }
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn in_use(dir: &Path, file: &mut File) -> StoreError {
    let mut text = String::new();
    let process = file
        .rewind()
        .and_then(|()| file.read_to_string(&mut text))
        .ok()
        .and_then(|_| text.trim().parse::<u32>().ok())
        .map(|number| format!(" (process {number})"))
        .unwrap_or_default();
    Place::Directory(dir.into()).refuse(
        &format!("is in use by another rollcall{process}"),
        "stop it first, or use another --state directory",
    )
}

fn unlockable(dir: &Path, cause: io::Error) -> StoreError {
    Place::Directory(dir.into())
        .refuse(
            "cannot be locked",
            "use a --state directory on a local disk",
        )
        .because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_writer_hears_who_the_first_is() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = Lock::take(dir.path()).expect("free");
        let error = Lock::take(dir.path()).expect_err("taken");
        assert_eq!(
            error.problem,
            format!(
                "the state in {} is in use by another rollcall (process {})",
                dir.path().display(),
                std::process::id()
            )
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("stop it first, or use another --state directory")
        );
        drop(first);
        Lock::take(dir.path()).expect("free again");
    }

    #[test]
    fn a_writer_waits_for_a_snapshot_and_a_snapshot_sees_a_writer() {
        let dir = tempfile::tempdir().expect("a directory");
        drop(Lock::take(dir.path()).expect("free"));
        let share = Share::take(dir.path()).expect("free");
        assert!(matches!(share, Share::Nobody(Some(_))));
        let soon = std::thread::spawn(move || {
            for _ in 0..3 {
                pause();
            }
            drop(share);
        });
        let writer = Lock::take(dir.path()).expect("free when the snapshot is done");
        soon.join().expect("ended");
        assert!(matches!(Share::take(dir.path()), Ok(Share::Writer)));
        drop(writer);
    }

    #[test]
    fn looking_makes_no_file() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(matches!(Share::take(dir.path()), Ok(Share::Nobody(None))));
        assert!(!dir.path().join(FILE).exists());
    }
}
