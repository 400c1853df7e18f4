//! Texts: when two are the same, and which known word is nearest to an unknown one.
//!
//! Promises one comparison for the whole product: NFC, and full Unicode case folding where case does
//! not count (`STRASSE` is `straße`). Leaves the choice of comparison to the profile.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The text in NFC, unchanged when it is so already.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// The text for a comparison without regard to case.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let folded = CaseMapper::new().fold_string(&nfc(text)).into_owned();
    nfc(&folded).into_owned()
}

/// The digits of a text.
#[must_use]
pub fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The word of `known` that somebody who wrote `word` most likely meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            *distance <= (word.chars().count().max(candidate.chars().count()) / 3).max(1)
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// The text as one word of a command line: as it is where a shell changes nothing about it, else in
/// single quotes.
#[must_use]
pub fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_full_and_normalised() {
        assert_eq!(fold("STRASSE"), fold("straße"));
        assert_eq!(fold("Ame\u{301}lie"), fold("AMÉLIE"));
        assert_ne!(fold("ana"), fold("anna"));
    }

    #[test]
    fn a_word_of_a_command_line_stays_one_word() {
        assert_eq!(quoted("ana@example.com"), "ana@example.com");
        assert_eq!(quoted("Ana Lima; rm *"), "'Ana Lima; rm *'");
        assert_eq!(quoted("O'Brien"), r"'O'\''Brien'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn a_near_word_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("mappping", ["mapping", "assign"]), Some("mapping"));
        assert_eq!(nearest("colour", ["mapping", "assign"]), None);
    }
}
