//! A file, opened, and whether it stayed the same while it was read.
//!
//! Promises that a file which cannot be opened or changes under the reader is an error that says
//! which. Leaves its bytes to [`super::utf8`], and what they mean to the format's reader.

use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::flaw::{Flaw, WRITE_WHOLE};
use super::utf8::{Utf8, unreadable};
use crate::source::ReadError;

/// The longest first line that is read alone, in bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// An open file and what it looked like before the first byte was read.
#[derive(Debug)]
pub(super) struct Opened {
    path: PathBuf,
    file: File,
    before: Look,
}

/// What tells one state of a file from another.
#[derive(Debug, PartialEq, Eq)]
struct Look {
    size: u64,
    modified: Option<SystemTime>,
}

impl Look {
    fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

impl Opened {
    /// Opens a file.
    ///
    /// # Errors
    /// When it is not there, may not be read, or is a directory.
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
        let (metadata, file) = opened.map_err(|cause| unreadable(cause).in_file(path))?;
        if metadata.is_dir() {
            return Err(Flaw::new("is a directory")
                .hint("name the file in it that holds the users")
                .in_file(path));
        }
        Ok(Self {
            path: path.to_owned(),
            before: Look::of(&metadata),
            file,
        })
    }

    /// Its size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.before.size
    }

    /// Its bytes, from where they were read to.
    pub(super) fn bytes(&self) -> &File {
        &self.file
    }

    /// Everything in it, without a byte order mark.
    ///
    /// # Errors
    /// When it cannot be read to the end, is empty, or is not UTF-8.
    pub(super) fn text(&self) -> Result<String, Flaw> {
        Utf8::of(self.bytes())?.rest()
    }

    /// The first line, as far as it is not endless.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn first_line(&self) -> Result<Vec<u8>, Flaw> {
        let mut bytes = Vec::new();
        let read = BufReader::new(self.bytes())
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut bytes);
        read.map_err(unreadable)?;
        Ok(bytes)
    }

    /// Makes sure that what was read is one state of the file and not a mix of two.
    ///
    /// # Errors
    /// When its size or its time of change is another than when it was opened.
    pub(super) fn verify_unchanged(&self) -> Result<(), ReadError> {
        let metadata = self.file.metadata();
        let metadata = metadata.map_err(|cause| unreadable(cause).in_file(&self.path))?;
        if Look::of(&metadata) == self.before {
            return Ok(());
        }
        let hint = format!("it is read again in the next cycle; better, {WRITE_WHOLE}");
        Err(Flaw::new("changed while it was read")
            .hint(hint)
            .in_file(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(bytes).expect("room on the disk");
        file
    }

    #[test]
    fn a_missing_file_says_what_to_check() {
        let error = Opened::open(Path::new("/nowhere/users.csv")).expect_err("no such file");
        assert_eq!(error.problem, "/nowhere/users.csv: cannot be read");
        assert_eq!(
            error.hint.as_deref(),
            Some("check that the file is there and that the account rollcall runs as may read it")
        );
        assert!(error.cause.is_some());
    }

    #[test]
    fn a_directory_is_no_file() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let error = Opened::open(folder.path()).expect_err("a directory");
        assert!(error.problem.ends_with(": is a directory"), "{error}");
    }

    #[test]
    fn a_file_that_grows_meanwhile_is_not_used() {
        let mut file = file(b"key\np-1\n");
        let opened = Opened::open(file.path()).expect("it is there");
        opened.text().expect("it can be read");
        opened.verify_unchanged().expect("nobody has written yet");
        file.write_all(b"p-2\n").expect("room on the disk");
        let error = opened.verify_unchanged().expect_err("it has grown");
        assert!(
            error.problem.ends_with(": changed while it was read"),
            "{error}"
        );
    }
}
