//! What does not fit, in words for people.
//!
//! Promises that no word of a message is a value from the file, save for words that stand where one
//! of a few known words belongs. Leaves the place to the shape.

use std::fmt::{self, Display};

use serde::de::{Expected, Unexpected};

use super::super::place::Place;
use crate::core::text::nearest;

/// Something that does not fit.
#[derive(Debug)]
pub(super) struct ShapeError {
    /// Where; set by the innermost node.
    pub(super) place: Option<Place>,
    /// What of it.
    pub(super) at: At,
    /// What is wrong.
    pub(super) message: String,
    /// What to write.
    pub(super) hint: Option<String>,
}

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Key,
    Value,
}

impl ShapeError {
    fn value(message: String) -> Self {
        Self {
            place: None,
            at: At::Value,
            message,
            hint: None,
        }
    }

    /// The same with a hint.
    pub(super) fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An error about a block that is none gets the keys it could have.
    pub(super) fn with_keys(self, keys: &[&str]) -> Self {
        if self.place.is_some()
            || self.hint.is_some()
            || !self.message.starts_with("expected a block")
        {
            return self;
        }
        let keys = list(keys);
        self.hinting(format!("the keys here are: {keys}"))
    }

    /// The error of a key, at its place.
    pub(super) fn of_key(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self.at = At::Key;
        self
    }

    /// A number of keys other than one.
    pub(super) fn wrong_count(message: &str, words: &[&str]) -> Self {
        let words = list(words);
        let verb = if message.starts_with("only") {
            "keep"
        } else {
            "write"
        };
        Self::value(message.into()).hinting(format!("{verb} one of: {words}"))
    }

    /// A word that needs something under it.
    pub(super) fn bare(word: &str) -> Self {
        Self::value(format!("`{word}` needs a value")).hinting(format!("write {{ {word}: … }}"))
    }

    /// A key that takes nothing under it.
    pub(super) fn not_bare() -> Self {
        Self::value("this word takes nothing under it".into()).hinting("write the word alone")
    }
}

/// Words for a hint.
pub(super) fn list(words: &[&str]) -> String {
    words.join(", ")
}

/// `did you mean …?`, or what there is.
fn known(word: &str, words: &[&'static str], lead: &str) -> String {
    match nearest(word, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{lead}: {}", list(words)),
    }
}

fn found(unexpected: &Unexpected<'_>) -> &'static str {
    match unexpected {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Unit | Unexpected::Option => "nothing",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a block",
        _ => "a text",
    }
}

/// What serde's own visitors expect, in the words of a config.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "a string" | "path string" | "a character" => "a text".into(),
        "a boolean" => "true or false".into(),
        "a map" => "a block".into(),
        "a sequence" => "a list".into(),
        "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number".into(),
        struct_name if struct_name.starts_with("struct ") => "a block".into(),
        _ => text,
    }
}

impl Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ShapeError {}

impl serde::de::Error for ShapeError {
    /// "What is wrong; what to do".
    fn custom<T: Display>(message: T) -> Self {
        let message = message.to_string();
        match message.split_once("; ") {
            Some((message, hint)) => Self::value(message.into()).hinting(hint),
            None => Self::value(message),
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::value(format!(
            "expected {}, found {}",
            wanted(expected),
            found(&unexpected)
        ))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match unexpected {
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => Self::value(
                format!("this number is out of range: expected {}", wanted(expected)),
            ),
            other => Self::invalid_type(other, expected),
        }
    }

    fn unknown_variant(word: &str, words: &'static [&'static str]) -> Self {
        Self::value(format!("`{word}` is not known here")).hinting(known(
            word,
            words,
            "write one of",
        ))
    }

    fn unknown_field(key: &str, keys: &'static [&'static str]) -> Self {
        let mut error = Self::value(format!("unknown key `{key}`")).hinting(known(
            key,
            keys,
            "the keys here are",
        ));
        error.at = At::Key;
        error
    }

    fn missing_field(key: &'static str) -> Self {
        let mut error = Self::value(format!("the key `{key}` is missing"));
        error.at = At::Key;
        error
    }

    fn duplicate_field(key: &'static str) -> Self {
        Self::value(format!("the key `{key}` stands here twice"))
    }
}
