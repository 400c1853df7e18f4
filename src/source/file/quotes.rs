//! Whether the quotes of a CSV file close where they should (RFC 4180, 2).
//!
//! Promises to find a field that runs on into other rows because its closing quote is missing: the
//! CSV reader takes such rows for text, and their users would look gone. Leaves everything else to
//! that reader, with whose rules this agrees: a quote opens only at the beginning of a field.

use super::flaw::{Flaw, WRITE_WHOLE};

/// Where in a field the reader is.
#[derive(Clone, Copy)]
enum Place {
    Start,
    Bare,
    Quoted { since: usize },
    Closed { since: usize },
}

/// Looks through the whole text.
///
/// # Errors
/// When a quote is never closed, or closes in the middle of a field.
pub(super) fn check(text: &str) -> Result<(), Flaw> {
    let mut place = Place::Start;
    let mut line = 1;
    for byte in text.bytes() {
        place = step(place, byte, line)?;
        line += usize::from(byte == b'\n');
    }
    match place {
        Place::Quoted { since } => Err(Flaw::at(since, "the quotes opened here are never closed")
            .hint(format!(
                "close them; if the file was cut off, {WRITE_WHOLE}"
            ))),
        Place::Start | Place::Bare | Place::Closed { .. } => Ok(()),
    }
}

fn step(place: Place, byte: u8, line: usize) -> Result<Place, Flaw> {
    let ends = matches!(byte, b',' | b'\n' | b'\r');
    Ok(match place {
        Place::Start | Place::Bare if ends => Place::Start,
        Place::Start if byte == b'"' => Place::Quoted { since: line },
        Place::Start | Place::Bare => Place::Bare,
        Place::Quoted { since } if byte == b'"' => Place::Closed { since },
        Place::Quoted { since } => Place::Quoted { since },
        Place::Closed { since } if byte == b'"' => Place::Quoted { since },
        Place::Closed { .. } if ends => Place::Start,
        Place::Closed { since } => return Err(stray(since, line)),
    })
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
        let flaw = check(text).err()?;
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
