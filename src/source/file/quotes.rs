//! Whether the quotes of a CSV file close where they should (RFC 4180, 2).
//!
//! Promises to find a field that runs on into other rows because its closing quote is missing: the
//! CSV reader takes such rows for text, and their users would look gone. Leaves everything else to
//! that reader, with whose rules this agrees: a quote opens only at the beginning of a field.

use super::flaw::{Flaw, WRITE_WHOLE};

/// Where the reader is.
#[derive(Clone, Copy, Default)]
enum Place {
    /// Between two records.
    #[default]
    Between,
    Start,
    Bare,
    Quoted {
        since: usize,
    },
    Closed {
        since: usize,
    },
    /// Behind a quote that closed where it should not: nothing is sure any more.
    Lost {
        since: usize,
        line: usize,
    },
}

/// Follows the quotes of a text that comes in portions, however it is cut.
#[derive(Default)]
pub(super) struct Quotes {
    place: Place,
    /// So many line breaks went by.
    breaks: usize,
}

impl Quotes {
    /// The line of the next byte, counted from 1.
    pub(super) fn line(&self) -> usize {
        self.breaks + 1
    }

    /// Follows one more portion. `begins` hears where in it a record begins, and in which line of the
    /// text; a blank line is none.
    pub(super) fn follow(&mut self, portion: &[u8], mut begins: impl FnMut(u64, usize)) {
        for (byte, at) in portion.iter().zip(0..) {
            let was_between = self.is_between();
            self.place = step(self.place, *byte, self.line());
            if was_between && !self.is_between() {
                begins(at, self.line());
            }
            self.breaks += usize::from(*byte == b'\n');
        }
    }

    fn is_between(&self) -> bool {
        matches!(self.place, Place::Between)
    }

    /// Ends the text.
    ///
    /// # Errors
    /// When a quote was never closed, or closed in the middle of a field.
    pub(super) fn end(&self) -> Result<(), Flaw> {
        match self.place {
            Place::Between | Place::Start | Place::Bare | Place::Closed { .. } => Ok(()),
            Place::Quoted { since } => {
                let problem = "the quotes opened here are never closed";
                let hint = format!("close them; if the file was cut off, {WRITE_WHOLE}");
                Err(Flaw::at(since, problem).hint(hint))
            }
            Place::Lost { since, line } => Err(stray(since, line)),
        }
    }
}

fn step(place: Place, byte: u8, line: usize) -> Place {
    let end = match byte {
        b',' => Some(Place::Start),
        b'\n' | b'\r' => Some(Place::Between),
        _ => None,
    };
    match place {
        Place::Between | Place::Start if byte == b'"' => Place::Quoted { since: line },
        Place::Between | Place::Start | Place::Bare => end.unwrap_or(Place::Bare),
        Place::Quoted { since } if byte == b'"' => Place::Closed { since },
        Place::Closed { since } if byte == b'"' => Place::Quoted { since },
        Place::Closed { since } => end.unwrap_or(Place::Lost { since, line }),
        Place::Quoted { .. } | Place::Lost { .. } => place,
    }
}

fn stray(since: usize, line: usize) -> Flaw {
    let problem = if since == line {
        "text follows the closing quote of a field".to_owned()
    } else {
        format!("the quotes opened here close in the middle of line {line}")
    };
    Flaw::at(since, problem)
        .hint("close each field with one quote, and write a quote inside it twice")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<String> {
        let mut quotes = Quotes::default();
        quotes.follow(text.as_bytes(), |_, _| {});
        let flaw = quotes.end().err()?;
        Some(flaw.in_file("F".as_ref()).problem)
    }

    #[test]
    fn well_formed_quotes_pass() {
        for text in [
            "a,b\n1,\"x, y\"\n",
            "\"a \"\"b\"\"\",c\r\n",
            "5' 10\" tall,x\n",
            "\"\",\"\"\n",
            "\"no line break at the end\"",
        ] {
            assert_eq!(problem(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_cut_inside_quotes_is_found() {
        assert_eq!(
            problem("key,sn\np-1,\"Mül\np-2,x\n").as_deref(),
            Some("F:2: the quotes opened here are never closed")
        );
    }

    #[test]
    fn quotes_that_swallow_a_row_are_found() {
        assert_eq!(
            problem("key,sn\np-1,\"Bob\np-2,\"Ann\"\np-3,x\n").as_deref(),
            Some("F:2: the quotes opened here close in the middle of line 3")
        );
        assert_eq!(
            problem("key,sn\np-1,\"Bob\" x\n").as_deref(),
            Some("F:2: text follows the closing quote of a field")
        );
    }
}
