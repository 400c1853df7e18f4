//! UTF-8 out of a file, portion by portion: the text never stands in memory as a whole.
//!
//! Promises that what it hands out is UTF-8 without a byte order mark, wherever the portions are cut,
//! and that a file which is empty, or written otherwise, is an error that says where. Leaves what the
//! text means to the format's reader.

use std::io::{Chain, Cursor, ErrorKind, Read};

use super::flaw::{Flaw, WRITE_WHOLE};

/// A mark of UTF-8 is as long.
const HEAD: u64 = 3;

/// A text on its way out of a file.
#[derive(Debug)]
pub(super) struct Utf8<R> {
    bytes: Chain<Cursor<Vec<u8>>, R>,
    /// The beginning of a character that the next portion goes on with.
    begun: Vec<u8>,
    /// The line that the next byte stands in, counted from 1.
    line: usize,
}

impl<R: Read> Utf8<R> {
    /// At the beginning of `file`.
    ///
    /// # Errors
    /// When it cannot be read, is empty, or is UTF-16.
    pub(super) fn of(mut file: R) -> Result<Self, Flaw> {
        let mut head = Vec::new();
        let read = file.by_ref().take(HEAD).read_to_end(&mut head);
        read.map_err(unreadable)?;
        if head.is_empty() {
            let problem = "is empty, which is never taken for an empty directory";
            return Err(Flaw::new(problem).hint(WRITE_WHOLE));
        }
        if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return Err(Flaw::new("is UTF-16, not UTF-8").hint(SAVE_AS));
        }
        if head == "\u{feff}".as_bytes() {
            head.clear();
        }
        Ok(Self {
            bytes: Cursor::new(head).chain(file),
            begun: Vec::new(),
            line: 1,
        })
    }

    /// Puts the next bytes into `portion` and says how many; none at the end. A character may begin
    /// in one portion and end in another.
    ///
    /// # Errors
    /// When the file cannot be read, or these bytes are not UTF-8.
    pub(super) fn next(&mut self, portion: &mut [u8]) -> Result<usize, Flaw> {
        let count = loop {
            match self.bytes.read(portion) {
                Ok(count) => break count,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => {}
                Err(cause) => return Err(unreadable(cause)),
            }
        };
        if count == 0 && !self.begun.is_empty() {
            return Err(self.stray());
        }
        self.check(&portion[..count])?;
        Ok(count)
    }

    /// All that is left.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub(super) fn rest(mut self) -> Result<String, Flaw> {
        let mut bytes = Vec::new();
        let read = self.bytes.read_to_end(&mut bytes);
        read.map_err(unreadable)?;
        String::from_utf8(bytes).map_err(|cause| {
            let good = cause.utf8_error().valid_up_to();
            self.line += breaks(&cause.as_bytes()[..good]);
            self.stray()
        })
    }

    fn check(&mut self, portion: &[u8]) -> Result<(), Flaw> {
        let mut rest = portion;
        while !self.begun.is_empty() {
            let Some((next, after)) = rest.split_first() else {
                return Ok(());
            };
            self.begun.push(*next);
            match std::str::from_utf8(&self.begun) {
                Ok(_) => self.begun.clear(),
                Err(cause) if cause.error_len().is_none() => {}
                Err(_) => return Err(self.stray()),
            }
            rest = after;
        }
        let checked = std::str::from_utf8(rest);
        let good = checked.map_or_else(|cause| cause.valid_up_to(), str::len);
        self.line += breaks(&rest[..good]);
        match checked {
            Err(cause) if cause.error_len().is_some() => Err(self.stray()),
            Ok(_) | Err(_) => {
                self.begun.extend(&rest[good..]);
                Ok(())
            }
        }
    }

    fn stray(&self) -> Flaw {
        Flaw::at(self.line, "is not UTF-8").hint(SAVE_AS)
    }
}

const SAVE_AS: &str = "save the file as UTF-8";

fn breaks(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').skip(1).count()
}

/// The flaw of a file that the system does not let us read.
pub(super) fn unreadable(cause: std::io::Error) -> Flaw {
    let hint = "check that the file is there and that the account rollcall runs as may read it";
    Flaw::new("cannot be read").hint(hint).because(cause)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::file::tests::Slow;

    fn told<T>(read: Result<T, Flaw>) -> Result<T, String> {
        read.map_err(|flaw| {
            let error = flaw.in_file("F".as_ref());
            format!("{}; {}", error.problem, error.hint.unwrap_or_default())
        })
    }

    fn whole(bytes: &[u8]) -> Result<String, String> {
        told(Utf8::of(bytes).and_then(Utf8::rest))
    }

    fn in_portions(bytes: &[u8], size: usize) -> Result<String, String> {
        let mut text = told(Utf8::of(Slow(bytes, size)))?;
        let (mut all, mut portion) = (Vec::new(), [0; 16]);
        loop {
            match told(text.next(&mut portion))? {
                0 => return Ok(String::from_utf8(all).expect("it was checked")),
                count => all.extend(&portion[..count]),
            }
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        assert_eq!(whole(b"\xef\xbb\xbfkey,mail\n"), Ok("key,mail\n".into()));
    }

    #[test]
    fn an_empty_file_is_an_error() {
        assert_eq!(
            whole(b""),
            Err(format!(
                "F: is empty, which is never taken for an empty directory; {WRITE_WHOLE}"
            ))
        );
    }

    #[test]
    fn other_encodings_are_named_with_their_line() {
        for (bytes, told) in [
            (&b"key,sn\np-1,M\xfcller\n"[..], "F:2: is not UTF-8"),
            (b"key\np-1\np-2\xc3", "F:3: is not UTF-8"),
            (b"\xff\xfek\0", "F: is UTF-16, not UTF-8"),
            (b"\xfe\xff\0k", "F: is UTF-16, not UTF-8"),
            (b"\xff", "F:1: is not UTF-8"),
        ] {
            let told = Err(format!("{told}; save the file as UTF-8"));
            assert_eq!(whole(bytes), told);
            for size in [1, 2, 3, 7] {
                assert_eq!(in_portions(bytes, size), told, "{size}");
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_the_same_text_wherever_it_is_cut(
            marked in any::<bool>(),
            text in "[a,\"\r\né€😀]{0,40}",
            torn in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut bytes = if marked { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
            bytes.extend(text.as_bytes());
            if let Some((place, byte)) = torn {
                bytes.insert(place.index(bytes.len() + 1), byte);
            }
            for size in [1, 2, 3, 7] {
                prop_assert_eq!(in_portions(&bytes, size), whole(&bytes), "{}", size);
            }
        }
    }
}
