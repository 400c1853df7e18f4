//! Functions on texts.
//!
//! Promises to count characters, never bytes, and to know all of Unicode. Leaves patterns and dates
//! to their own files.

use cel::common::types::{CelList, CelString};
use cel::common::value::{CowVal, Val};

use super::receiver::{Made, Outcome, ask_text, count_at, fits, made_text, on_text, text_at};
use crate::core::text::nfc;

pub(super) fn lower<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("lower", arguments, |text, _| {
        made_text("lower", text.to_lowercase())
    })
}

pub(super) fn upper<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("upper", arguments, |text, _| {
        made_text("upper", text.to_uppercase())
    })
}

pub(super) fn title_case<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("titleCase", arguments, |text, _| {
        made_text("titleCase", titled(text))
    })
}

pub(super) fn trim<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("trim", arguments, |text, _| {
        made_text("trim", text.trim().to_owned())
    })
}

pub(super) fn ascii<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("ascii", arguments, |text, _| {
        made_text("ascii", transliterated(text))
    })
}

pub(super) fn substring<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("substring", arguments, |text, rest| {
        let from = count_at("substring", rest, 0)?;
        let to = if rest.len() > 1 {
            count_at("substring", rest, 1)?
        } else {
            usize::MAX
        };
        let part: String = text
            .chars()
            .skip(from)
            .take(to.saturating_sub(from))
            .collect();
        made_text("substring", part)
    })
}

pub(super) fn split<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("split", arguments, |text, rest| {
        let separator = text_at("split", rest, 0)?;
        let parts: Vec<Box<dyn Val + 'v>> = if separator.is_empty() {
            text.chars().map(|c| part(c.to_string())).collect()
        } else {
            text.split(separator)
                .map(|piece| part(piece.to_owned()))
                .collect()
        };
        Ok(Box::new(CelList::from(parts)) as Made<'v>)
    })
}

fn part<'v>(text: String) -> Box<dyn Val + 'v> {
    Box::new(CelString::from(text))
}

pub(super) fn replace<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("replace", arguments, |text, rest| {
        let (old, new) = (text_at("replace", rest, 0)?, text_at("replace", rest, 1)?);
        if old.is_empty() {
            return made_text("replace", text.to_owned());
        }
        let added = text.matches(old).count().saturating_mul(new.len());
        fits("replace", added)?;
        made_text("replace", text.replace(old, new))
    })
}

pub(super) fn email_local<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("emailLocal", arguments, |text, _| {
        let local = text.rsplit_once('@').map_or("", |(local, _)| local);
        made_text("emailLocal", local.to_owned())
    })
}

pub(super) fn email_domain<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("emailDomain", arguments, |text, _| {
        let domain = text.rsplit_once('@').map_or("", |(_, domain)| domain);
        made_text("emailDomain", domain.to_owned())
    })
}

pub(super) fn starts_with<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    ask_text("startsWith", arguments, |text, rest| {
        Ok(text.starts_with(text_at("startsWith", rest, 0)?))
    })
}

pub(super) fn ends_with<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    ask_text("endsWith", arguments, |text, rest| {
        Ok(text.ends_with(text_at("endsWith", rest, 0)?))
    })
}

pub(super) fn contains<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    ask_text("contains", arguments, |text, rest| {
        Ok(text.contains(text_at("contains", rest, 0)?))
    })
}

/// The text with each word's first letter large and the rest small. A word begins after anything but
/// a letter, a digit or a mark; after an apostrophe only when at least two letters follow
/// (`O'Brien`, but `King's`).
fn titled(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut inside = false;
    for (at, c) in text.char_indices() {
        let after = &text[at + c.len_utf8()..];
        if !c.is_alphanumeric() {
            titled.push(c);
            inside = if is_apostrophe(c) {
                inside && !begins_word(after)
            } else {
                is_mark(c) && inside
            };
        } else if inside {
            titled.extend(c.to_lowercase());
        } else {
            titled.extend(c.to_uppercase());
            inside = true;
        }
    }
    titled
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

/// Combining diacritical marks, which decomposed letters carry.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

fn begins_word(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_some_and(char::is_alphabetic)
}

/// The text in ASCII: German umlauts as two letters, everything else letter by letter.
fn transliterated(text: &str) -> String {
    let text = nfc(text);
    let mut ascii = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let beside = chars
            .peek()
            .copied()
            .filter(|next| next.is_alphabetic())
            .or(before);
        let loud = beside.is_some_and(char::is_uppercase);
        match umlaut(c) {
            Some((_, large)) if loud && c.is_uppercase() => ascii.push_str(large),
            Some((usual, _)) => ascii.push_str(usual),
            None => ascii.push_str(any_ascii::any_ascii_char(c)),
        }
        before = Some(c).filter(|c| c.is_alphabetic());
    }
    ascii
}

/// How German writes a letter without its dots: in a word like others, and in a word in capitals.
fn umlaut(c: char) -> Option<(&'static str, &'static str)> {
    Some(match c {
        'ä' => ("ae", "ae"),
        'ö' => ("oe", "oe"),
        'ü' => ("ue", "ue"),
        'Ä' => ("Ae", "AE"),
        'Ö' => ("Oe", "OE"),
        'Ü' => ("Ue", "UE"),
        'ß' => ("ss", "ss"),
        'ẞ' => ("SS", "SS"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_know_apostrophes_hyphens_and_umlauts() {
        for (text, title) in [
            ("anna-lena ÖZDEMIR", "Anna-Lena Özdemir"),
            ("o'brien's", "O'Brien's"),
            ("o’neill", "O’Neill"),
            ("2nd floor", "2nd Floor"),
            ("e\u{301}mile zola", "E\u{301}mile Zola"),
            ("", ""),
        ] {
            assert_eq!(titled(text), title);
        }
    }

    #[test]
    fn ascii_writes_umlauts_with_two_letters() {
        for (text, ascii) in [
            ("Jürgen Müßig", "Juergen Muessig"),
            ("Ärger ÄRGER BÄR", "Aerger AERGER BAER"),
            ("a\u{308}", "ae"),
            ("Øystein Łukasz Ægir", "Oystein Lukasz Aegir"),
            ("Özgür", "Oezguer"),
            ("Владимир", "Vladimir"),
        ] {
            assert_eq!(transliterated(text), ascii);
        }
    }
}
