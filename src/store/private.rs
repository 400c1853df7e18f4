//! Files that only their owner may read, and the directory they are in.
//!
//! Promises that a file is replaced as a whole or not at all, survives a crash once it is written,
//! and is refused when others may read it. Leaves what stands in a file to its readers.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::StoreError;

/// Makes the directory, for its owner alone, if it is not there.
///
/// # Errors
/// When it cannot be made, or is no directory.
pub(super) fn make_directory(dir: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|cause| {
            StoreError::new(
                format!("the state directory {} cannot be made", dir.display()),
                "make it for the user that rollcall runs as, or use another --state directory",
            )
            .because(cause)
        })
}

/// Opens a file for reading and writing, and makes it for its owner alone if it is not there.
pub(super) fn open(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|cause| failed(path, "cannot be opened", cause))
}

/// The text of the file, or `None` when it is not there.
///
/// # Errors
/// When others may read it, or it cannot be read.
pub(super) fn read(path: &Path, what: &str) -> Result<Option<String>, StoreError> {
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(failed(path, "cannot be read", cause)),
    };
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(StoreError::new(
            format!("the {what} {path} can be read by others (mode {mode:04o})"),
            format!("run: chmod 600 {path}"),
        ));
    }
    fs::read_to_string(path)
        .map(Some)
        .map_err(|cause| failed(path, "cannot be read", cause))
}

/// Writes the file anew: beside it first, then in its place, each synced. Whoever calls this makes
/// sure that nobody else does at the same time.
///
/// # Errors
/// When it was not written; the old file is then still there.
pub(super) fn write(path: &Path, text: &str) -> Result<(), StoreError> {
    let beside = beside(path);
    write_synced(&beside, text)
        .and_then(|()| replace(&beside, path))
        .map_err(|cause| failed(path, "could not be written", cause))
}

/// The name under which a file is written before it takes its place.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Puts a synced file in the place of another, for good.
///
/// # Errors
/// When the system refuses.
pub(super) fn replace(new: &Path, old: &Path) -> io::Result<()> {
    fs::rename(new, old)?;
    let dir = match old.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        Some(_) | None => Path::new("."),
    };
    File::open(dir)?.sync_all()
}

/// Removes the file if it is there.
///
/// # Errors
/// When it is there and cannot be removed.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    // A leftover of a crash could have another mode, and an open file keeps its mode.
    remove(path)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// An error about a file.
pub(super) fn failed(path: &Path, problem: &str, cause: io::Error) -> StoreError {
    StoreError::new(
        format!("the file {} {problem}", path.display()),
        "check the disk, and who owns the directory and its files",
    )
    .because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_may_read_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("tokens");
        write(&path, "x").expect("written");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(
            read(&path, "token file").expect("readable"),
            Some("x".into())
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changed");
        let error = read(&path, "token file").expect_err("exposed");
        let shown = path.display();
        assert_eq!(
            error.problem,
            format!("the token file {shown} can be read by others (mode 0640)")
        );
        assert_eq!(error.hint, Some(format!("run: chmod 600 {shown}")));
    }

    #[test]
    fn a_leftover_of_a_crash_lends_its_mode_to_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("key");
        fs::write(beside(&path), "half").expect("written");
        fs::set_permissions(beside(&path), fs::Permissions::from_mode(0o644)).expect("changed");
        write(&path, "whole").expect("written");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_to_string(&path).expect("readable"), "whole");
        assert!(!beside(&path).exists());
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }
}
