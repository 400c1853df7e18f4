//! The records of a CSV file, one after the other: the file never stands in memory as a whole.
//!
//! Promises each record with the line it begins in, and that what is wrong with the file itself (its
//! encoding first, then its quotes) is told rather than what is wrong with a record, wherever in the
//! file each of them stands. Leaves what a record means to [`super::csv`].

use std::collections::VecDeque;
use std::io::{self, Read};

use ::csv::{Position, Reader, ReaderBuilder, StringRecord};

use super::flaw::Flaw;
use super::quotes::Quotes;
use super::utf8::Utf8;

/// Goes through the records of `file`, each with its line. None of them counts when this fails.
///
/// # Errors
/// When the file cannot be read, is no text, or does not close its quotes; else as `take`.
pub(super) fn each(
    file: impl Read,
    mut take: impl FnMut(usize, &StringRecord) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(Feed::of(file)?);
    let taken = take_all(&mut reader, &mut take);
    reader.into_inner().finish().and(taken)
}

fn take_all<R: Read>(
    reader: &mut Reader<Feed<R>>,
    take: &mut impl FnMut(usize, &StringRecord) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let mut record = StringRecord::new();
    while reader.read_record(&mut record).map_err(unparsed)? {
        let line = reader.get_mut().line_of(&record);
        take(line, &record)?;
    }
    Ok(())
}

fn unparsed(cause: ::csv::Error) -> Flaw {
    Flaw::new("is no CSV that could be read").because(cause)
}

/// What the CSV reader is fed with.
struct Feed<R> {
    text: Utf8<R>,
    /// Why nothing comes any more before the end.
    flaw: Option<Flaw>,
    quotes: Quotes,
    /// How many bytes went through.
    passed: u64,
    /// Where records begin that were not taken yet, each with its line.
    begun: VecDeque<(u64, usize)>,
}

impl<R: Read> Feed<R> {
    fn of(file: R) -> Result<Self, Flaw> {
        Ok(Self {
            text: Utf8::of(file)?,
            flaw: None,
            quotes: Quotes::default(),
            passed: 0,
            begun: VecDeque::new(),
        })
    }

    /// The line that a record begins in; the reader's own position stands before blank lines that it
    /// skipped.
    fn line_of(&mut self, record: &StringRecord) -> usize {
        let position = record.position().map_or(0, Position::byte);
        while let Some((begin, line)) = self.begun.pop_front() {
            if begin >= position {
                return line;
            }
        }
        self.quotes.line()
    }

    /// Reads on to the end, whatever the reader has taken, and says what is wrong with the file.
    fn finish(mut self) -> Result<(), Flaw> {
        let mut portion = [0; 8 * 1024];
        while self.flaw.is_none() && self.read(&mut portion).is_ok_and(|count| count > 0) {
            self.begun.clear();
        }
        self.flaw.map_or_else(|| self.quotes.end(), Err)
    }
}

impl<R: Read> Read for Feed<R> {
    fn read(&mut self, portion: &mut [u8]) -> io::Result<usize> {
        let count = self.text.next(portion).map_err(|flaw| {
            self.flaw = Some(flaw);
            io::Error::other("the file could not be read to its end")
        })?;
        let (begun, passed) = (&mut self.begun, self.passed);
        self.quotes.follow(&portion[..count], |at, line| {
            begun.push_back((passed + at, line));
        });
        self.passed += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::file::tests::Slow;

    type Records = Vec<(usize, Vec<String>)>;

    fn read(file: impl Read) -> Result<Records, String> {
        let mut records = Vec::new();
        let read = each(file, |line, record| {
            if record.get(0) == Some("refuse") {
                return Err(Flaw::at(line, "is refused"));
            }
            records.push((line, record.iter().map(str::to_owned).collect()));
            Ok(())
        });
        told(read).map(|()| records)
    }

    fn told<T>(read: Result<T, Flaw>) -> Result<T, String> {
        read.map_err(|flaw| {
            let error = flaw.in_file("F".as_ref());
            format!("{}; {}", error.problem, error.hint.unwrap_or_default())
        })
    }

    /// As it would be read if the whole text stood in memory: the CSV reader's records, and the line
    /// breaks counted before each of them.
    fn from_memory(bytes: &[u8]) -> Result<Records, String> {
        let text = told(Utf8::of(bytes).and_then(Utf8::rest))?;
        let mut quotes = Quotes::default();
        quotes.follow(text.as_bytes(), |_, _| {});
        told(quotes.end())?;
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut records = Vec::new();
        for record in reader.records() {
            let record = record.expect("memory that was checked");
            let before = record.position().expect("it was read").byte();
            let before = usize::try_from(before).expect("it is in memory");
            let begin = text.len() - text[before..].trim_start_matches(['\r', '\n']).len();
            let line = 1 + text[..begin].matches('\n').count();
            if record.get(0) == Some("refuse") {
                return Err(format!("F:{line}: is refused; "));
            }
            records.push((line, record.iter().map(str::to_owned).collect()));
        }
        Ok(records)
    }

    #[test]
    fn lines_are_counted_through_blank_lines_and_quoted_breaks() {
        let text = "\u{feff}a,b\r\n\r\n1,\"x\r\n\r\ny\"\n\n\n\"\"\n,\n2";
        let lines: Vec<usize> = read(text.as_bytes())
            .expect("fine")
            .into_iter()
            .map(|(line, _)| line)
            .collect();
        assert_eq!(lines, [1, 3, 8, 9, 10]);
    }

    #[test]
    fn the_file_is_told_of_before_its_records() {
        let torn = b"a\nrefuse\n\"b\" c\n\xff\n";
        assert_eq!(
            read(&torn[..]).expect_err("no text"),
            "F:4: is not UTF-8; save the file as UTF-8"
        );
        assert_eq!(
            read(&torn[..15]).expect_err("stray quotes"),
            "F:3: text follows the closing quote of a field; close each field with one quote, and \
             write a quote inside it twice"
        );
        assert_eq!(read(&torn[..9]).expect_err("refused"), "F:2: is refused; ");
    }

    #[test]
    fn a_file_of_nothing_has_no_records() {
        for text in ["\u{feff}", "\n", "\r\n\n"] {
            assert_eq!(read(text.as_bytes()), Ok(Vec::new()), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_same_wherever_it_is_cut(
            marked in any::<bool>(),
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "é", "😀", ",", ",", "\n", "\n", "\r\n", "\r", "\"x\"", "\"\n\"", "\"\r\n,\"",
                    "\"\"\"\"", "\"", " ", "refuse", "\nrefuse\n",
                ]),
                0..30,
            ),
            torn in prop::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let mut bytes = if marked { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
            bytes.extend(parts.concat().as_bytes());
            if let Some((place, byte)) = torn {
                bytes.insert(place.index(bytes.len() + 1), byte);
            }
            let expected = from_memory(&bytes);
            for size in [1, 2, 3, 7, 4096] {
                prop_assert_eq!(read(Slow(&bytes, size)), expected.clone(), "{}", size);
            }
        }
    }
}
