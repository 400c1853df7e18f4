//! A file, opened and read as text, and whether it stayed the same meanwhile.
//!
//! Promises that a file which cannot be opened, is empty, is not UTF-8 or changes under the reader is
//! an error that says which. Leaves what the text means to the format's reader.

use std::fs::{File, Metadata};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::flaw::{Flaw, WRITE_WHOLE};
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

    /// Everything in it, without a byte order mark.
    ///
    /// # Errors
    /// When it cannot be read to the end, is empty, or is not UTF-8.
    pub(super) fn read(&mut self) -> Result<String, ReadError> {
        let mut bytes = Vec::new();
        let read = self.file.read_to_end(&mut bytes);
        read.map_err(|cause| unreadable(cause).in_file(&self.path))?;
        decode(bytes).map_err(|flaw| flaw.in_file(&self.path))
    }

    /// The first line, as far as it is not endless, without a byte order mark.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn read_first_line(&mut self) -> Result<String, ReadError> {
        let mut bytes = Vec::new();
        let read = BufReader::new(&self.file)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut bytes);
        read.map_err(|cause| unreadable(cause).in_file(&self.path))?;
        decode(bytes).map_err(|flaw| flaw.in_file(&self.path))
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

fn unreadable(cause: std::io::Error) -> Flaw {
    let hint = "check that the file is there and that the account rollcall runs as may read it";
    Flaw::new("cannot be read").hint(hint).because(cause)
}

fn decode(bytes: Vec<u8>) -> Result<String, Flaw> {
    if bytes.is_empty() {
        return Err(
            Flaw::new("is empty, which is never taken for an empty directory").hint(WRITE_WHOLE),
        );
    }
    let mut text = String::from_utf8(bytes).map_err(|error| not_utf8(&error))?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

fn not_utf8(error: &std::string::FromUtf8Error) -> Flaw {
    let bytes = error.as_bytes();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Flaw::new("is UTF-16, not UTF-8").hint("save the file as UTF-8");
    }
    let good = &bytes[..error.utf8_error().valid_up_to()];
    let lines = good.split(|byte| *byte == b'\n').count();
    Flaw::at(lines, "is not UTF-8").hint("save the file as UTF-8")
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

    fn read(bytes: &[u8]) -> Result<String, String> {
        let file = file(bytes);
        let text = Opened::open(file.path()).and_then(|mut opened| opened.read());
        text.map_err(|error| {
            error
                .problem
                .replace(&file.path().display().to_string(), "FILE")
        })
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        assert_eq!(read(b"\xef\xbb\xbfkey,mail\n"), Ok("key,mail\n".into()));
    }

    #[test]
    fn an_empty_file_is_an_error() {
        let problem = "FILE: is empty, which is never taken for an empty directory";
        assert_eq!(read(b""), Err(problem.into()));
    }

    #[test]
    fn other_encodings_are_named_with_their_line() {
        assert_eq!(
            read(b"key,sn\np-1,M\xfcller\n"),
            Err("FILE:2: is not UTF-8".into())
        );
        assert_eq!(
            read(b"\xff\xfek\0"),
            Err("FILE: is UTF-16, not UTF-8".into())
        );
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
        let mut opened = Opened::open(file.path()).expect("it is there");
        opened.read().expect("it can be read");
        opened.verify_unchanged().expect("nobody has written yet");
        file.write_all(b"p-2\n").expect("room on the disk");
        let error = opened.verify_unchanged().expect_err("it has grown");
        assert!(
            error.problem.ends_with(": changed while it was read"),
            "{error}"
        );
    }
}
