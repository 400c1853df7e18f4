//! Where a character of a scalar's value stands in the file.
//!
//! Promises exact bytes for plain, quoted, literal and folded scalars, or none. Leaves to the
//! findings what to point at then.

use std::ops::Range;

/// The bytes of `written`, as it stands in the file, that became the bytes `part` of `value`.
#[must_use]
pub fn locate(written: &str, value: &str, part: &Range<usize>) -> Option<Range<usize>> {
    let characters = align(written, value)?;
    let start = characters
        .iter()
        .find(|character| character.value >= part.start)
        .map(|character| character.written.start)
        .or_else(|| characters.last().map(|character| character.written.end))?;
    let end = characters
        .iter()
        .rev()
        .find(|character| character.value < part.end)
        .map_or(start, |character| character.written.end);
    Some(start..end.max(start))
}

/// One character of the value with the bytes it was written as.
struct Character {
    value: usize,
    written: Range<usize>,
}

fn align(written: &str, value: &str) -> Option<Vec<Character>> {
    match written.chars().next() {
        Some('\'') => quoted(written, value, '\'', single),
        Some('"') => quoted(written, value, '"', double),
        _ => unquoted(written, value),
    }
}

/// Pairs the units between the quotes with the characters of the value, one to one.
fn quoted(
    written: &str,
    value: &str,
    quote: char,
    unit: fn(&str) -> Option<usize>,
) -> Option<Vec<Character>> {
    let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
    if inner.contains('\n') {
        return None;
    }
    let mut at = 0;
    let mut characters = Vec::new();
    for (position, _) in value.char_indices() {
        let length = unit(&inner[at..])?;
        characters.push(Character {
            value: position,
            written: at + 1..at + 1 + length,
        });
        at += length;
    }
    (at == inner.len()).then_some(characters)
}

/// The bytes of the next character between single quotes, where `''` is one quote.
fn single(rest: &str) -> Option<usize> {
    if rest.starts_with("''") {
        return Some(2);
    }
    rest.chars().next().map(char::len_utf8)
}

/// The bytes of the next character between double quotes (YAML 1.2.2, 5.7).
fn double(rest: &str) -> Option<usize> {
    let mut characters = rest.chars();
    let first = characters.next()?;
    if first != '\\' {
        return Some(first.len_utf8());
    }
    match characters.next()? {
        'x' => Some(4),
        'u' => Some(6),
        'U' => Some(10),
        other => Some(1 + other.len_utf8()),
    }
    .filter(|length| rest.is_char_boundary(*length))
}

/// Pairs everything that is not a blank; line breaks and indentation may have become one blank.
fn unquoted(written: &str, value: &str) -> Option<Vec<Character>> {
    let mut at = 0;
    let mut characters = Vec::new();
    let mut rest = value.char_indices().peekable();
    while let Some((position, character)) = rest.next() {
        let blank = character.is_whitespace();
        let mut end = at + character.len_utf8();
        if !blank && !written[at..].starts_with(character) {
            return None;
        }
        if blank {
            let run = written[at..].len() - written[at..].trim_start().len();
            let more = rest.peek().is_some_and(|(_, next)| next.is_whitespace());
            let first = written[at..].chars().next().map_or(0, char::len_utf8);
            end = at + if more { first.min(run) } else { run };
        }
        characters.push(Character {
            value: position,
            written: at..end,
        });
        at = end;
    }
    Some(characters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(written: &str, value: &str, wanted: &str) -> Option<String> {
        let start = value.find(wanted).expect("the value holds the part");
        let range = locate(written, value, &(start..start + wanted.len()))?;
        Some(written[range].to_owned())
    }

    #[test]
    fn every_style_is_mapped_to_its_bytes() {
        for (written, value) in [
            ("user.naem + x", "user.naem + x"),
            ("'it''s user.naem'", "it's user.naem"),
            (r#""\"é\" + \u00e9 user.naem""#, "\"é\" + é user.naem"),
            ("a +\n    user.naem\n", "a +\nuser.naem\n"),
            ("a +\n    user.naem\n", "a + user.naem"),
            ("plain\n  user.naem", "plain user.naem"),
        ] {
            assert_eq!(
                part(written, value, "user.naem").as_deref(),
                Some("user.naem"),
                "{written}"
            );
        }
    }

    #[test]
    fn an_escape_is_pointed_at_as_a_whole() {
        assert_eq!(part(r#""a\tb""#, "a\tb", "\t").as_deref(), Some("\\t"));
        assert_eq!(part("'a''b'", "a'b", "'").as_deref(), Some("''"));
    }

    #[test]
    fn the_end_of_a_value_is_behind_its_last_character() {
        assert_eq!(locate("'ab'", "ab", &(2..2)), Some(3..3));
        assert_eq!(locate("ab", "ab", &(2..2)), Some(2..2));
    }

    #[test]
    fn what_does_not_fit_is_not_guessed() {
        assert_eq!(locate("abc", "xyz", &(0..1)), None);
        assert_eq!(locate("\"a\n  b\"", "a b", &(2..3)), None);
    }
}
