//! A YAML file: its text and its tree.
//!
//! Promises strict YAML 1.2 (no guessing of types, no silent repeats of a key) and bytes for every
//! node. Leaves to the shape what the keys must be.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::DuplicateKeyPolicy;
use serde_yaml::{MessageFormatter, Spanned, UserMessageFormatter};

use super::node::{Content, Entry, Node, Scalar};

/// A file that could be read as YAML.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it is.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// Its content.
    pub root: Node,
}

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where reading stopped.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What it most often means.
    pub hint: Option<String>,
}

impl Document {
    /// Reads a text; an empty one is an empty block.
    ///
    /// # Errors
    /// Where the text stops being YAML. The words never quote a value.
    pub fn parse(file: &Path, text: &str) -> Result<Self, SyntaxError> {
        let options = serde_yaml::options! {
            strict_booleans: true,
            leading_zero_numbers_as_strings: true,
            underscored_numbers_as_strings: true,
            with_snippet: false,
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
        };
        let parsed: Spanned<Parsed> = serde_yaml::from_str_with_options(text, options)
            .map_err(|error| explain(&error, text))?;
        Ok(Self {
            file: file.into(),
            root: parsed.node(text),
            text: text.into(),
        })
    }

    /// The text of some bytes.
    #[must_use]
    pub fn slice(&self, span: &Range<usize>) -> &str {
        self.text.get(span.clone()).unwrap_or_default()
    }
}

/// Line and column, both from 1, the column in characters.
#[must_use]
pub fn position(text: &str, at: usize) -> (u64, u64) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line as u64, column as u64)
}

fn offset(text: &str, line: u64, column: u64) -> usize {
    let skip = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(skip).map(str::len).sum();
    let before = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let inside: usize = text[start..].chars().take(before).map(char::len_utf8).sum();
    start + inside
}

fn explain(error: &serde_yaml::Error, text: &str) -> SyntaxError {
    let error = error.without_snippet();
    let message = UserMessageFormatter.format_message(error).into_owned();
    let at = error.location().map_or(text.len(), |place| {
        offset(text, place.line(), place.column())
    });
    SyntaxError {
        at,
        hint: HINTS
            .iter()
            .find(|(sign, _)| message.contains(sign))
            .map(|(_, hint)| (*hint).to_owned()),
        message: format!("this is no YAML: {message}"),
    }
}

/// What the parser's words most often mean.
const HINTS: [(&str, &str); 9] = [
    ("tab", "indent with spaces, never with tabs"),
    (
        "quoted scalar",
        "a quote that was opened above is not closed; close it, or double it inside the text",
    ),
    (
        "mapping values are not allowed",
        "check the indentation; a text that holds `: ` needs quotes around it",
    ),
    ("unclosed quote", "close it, or double it inside the text"),
    (
        "unclosed bracket",
        "close it, or put quotes around a text that begins with it",
    ),
    ("illegal placement of ':'", "close the `[` or `{` above"),
    ("unexpected character", "put quotes around the text"),
    (
        "expected ':'",
        "write `key: value`, with a space after the colon",
    ),
    (
        "only single YAML document",
        "take the `---` out: one file holds one config",
    ),
];

/// What the YAML reader hands over, before the bytes are known.
enum Parsed {
    Nothing,
    /// Read as a number or a truth value, so written without quotes.
    Plain,
    Text(String),
    List(Vec<Spanned<Self>>),
    Block(Vec<(Spanned<String>, Spanned<Self>)>),
}

trait Place {
    fn bytes(&self) -> Range<usize>;
}

impl<T> Place for Spanned<T> {
    fn bytes(&self) -> Range<usize> {
        let span = self.defined.span();
        let number = |value: Option<u64>| usize::try_from(value.unwrap_or(0)).unwrap_or(0);
        let start = number(span.byte_offset());
        start..start + number(span.byte_len())
    }
}

trait IntoNode {
    fn node(self, text: &str) -> Node;
}

impl IntoNode for Spanned<Parsed> {
    fn node(self, text: &str) -> Node {
        let span = self.bytes();
        let content = match self.value {
            Parsed::Nothing => Content::Nothing,
            Parsed::Plain => {
                Content::Scalar(Scalar::plain(text.get(span.clone()).unwrap_or_default()))
            }
            Parsed::Text(value) => Content::Scalar(Scalar::text(value)),
            Parsed::List(items) => {
                Content::List(items.into_iter().map(|item| item.node(text)).collect())
            }
            Parsed::Block(entries) => Content::Block(
                entries
                    .into_iter()
                    .map(|(key, value)| Entry {
                        span: key.bytes(),
                        key: key.value,
                        node: value.node(text),
                    })
                    .collect(),
            ),
        };
        Node { span, content }
    }
}

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ParsedVisitor)
    }
}

struct ParsedVisitor;

impl<'de> Visitor<'de> for ParsedVisitor {
    type Value = Parsed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_str<E>(self, text: &str) -> Result<Parsed, E> {
        Ok(Parsed::Text(text.into()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Parsed, E> {
        Ok(Parsed::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Parsed, E> {
        Ok(Parsed::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Parsed, E> {
        Ok(Parsed::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Parsed, E> {
        Ok(Parsed::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Parsed, E> {
        Ok(Parsed::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Parsed, E> {
        Ok(Parsed::Plain)
    }

    fn visit_unit<E>(self) -> Result<Parsed, E> {
        Ok(Parsed::Nothing)
    }

    fn visit_none<E>(self) -> Result<Parsed, E> {
        Ok(Parsed::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Parsed, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Parsed::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Parsed, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Parsed::Block(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::super::node::ScalarKind;
    use super::super::place;
    use super::*;

    fn parse(text: &str) -> Result<Document, SyntaxError> {
        Document::parse(Path::new("t.yaml"), text)
    }

    fn scalar(document: &Document, key: &str) -> (String, ScalarKind, String) {
        let node = document
            .root
            .find(&place::Place::top().key(key))
            .expect(key);
        match &node.content {
            Content::Scalar(scalar) => (
                scalar.text.clone(),
                scalar.kind,
                document.slice(&node.span).to_owned(),
            ),
            other => (format!("{other:?}"), ScalarKind::Text, String::new()),
        }
    }

    #[test]
    fn texts_keep_every_character_and_know_their_bytes() {
        let document = parse(
            "phone: +15550100\nzip: 00123\nyes: NO\nn: 12\nq: '12'\noctal: 0o17\nbig: 99999999999999999999999\né: \"ü\"\n",
        )
        .expect("it is YAML");
        for (key, text, kind, written) in [
            ("phone", "+15550100", ScalarKind::Text, "+15550100"),
            ("zip", "00123", ScalarKind::Text, "00123"),
            ("yes", "NO", ScalarKind::Text, "NO"),
            ("n", "12", ScalarKind::Int(12), "12"),
            ("q", "12", ScalarKind::Text, "'12'"),
            ("octal", "0o17", ScalarKind::Text, "0o17"),
            (
                "big",
                "99999999999999999999999",
                ScalarKind::Text,
                "99999999999999999999999",
            ),
            ("é", "ü", ScalarKind::Text, "\"ü\""),
        ] {
            assert_eq!(
                scalar(&document, key),
                (text.into(), kind, written.into()),
                "{key}"
            );
        }
    }

    #[test]
    fn what_is_no_yaml_says_where_and_what_to_do() {
        for (text, line, column, message, hint) in [
            (
                "a:\n\t- b\n",
                2,
                2,
                "this is no YAML: tabs disallowed within this context (block indentation)",
                "indent with spaces, never with tabs",
            ),
            (
                "a: \"open\nb: 2\n",
                2,
                1,
                "this is no YAML: invalid indentation in multiline quoted scalar",
                "a quote that was opened above is not closed; close it, or double it inside the text",
            ),
            (
                "ä: b: c\n",
                1,
                5,
                "this is no YAML: mapping values are not allowed in this context",
                "check the indentation; a text that holds `: ` needs quotes around it",
            ),
            (
                "a: 1\n---\nb: 1\n",
                3,
                1,
                "this is no YAML: only single YAML document expected but multiple found",
                "take the `---` out: one file holds one config",
            ),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(position(text, error.at), (line, column), "{text}");
            assert_eq!(error.message, message);
            assert_eq!(error.hint.as_deref(), Some(hint));
        }
    }

    #[test]
    fn an_empty_file_is_nothing() {
        assert_eq!(
            parse("# only\n").expect("it is YAML").root.content,
            Content::Nothing
        );
    }
}
