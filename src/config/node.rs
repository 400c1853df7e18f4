//! A file's content as a tree in which every node knows its bytes.
//!
//! Promises the text of each scalar as it was written (`+15550100` and `00123` keep every
//! character) beside what it can also be read as. Leaves the YAML to the document.

use std::ops::Range;

use serde_json::Value as Json;

use super::place::{Place, Step};

/// A node with its bytes in the file; a block's bytes are only where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The bytes.
    pub span: Range<usize>,
    /// What stands there.
    pub content: Content,
}

/// What stands in a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// `null`, `~`, or nothing at all.
    Nothing,
    /// One word, number or text.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A block of keys, in the order of the file.
    Block(Vec<Entry>),
}

/// One word, number or text.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// What it is, where nobody asked for a text.
    pub kind: ScalarKind,
}

/// What a scalar is, where nobody asked for a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalarKind {
    /// A text.
    Text,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number in its plain spelling.
    Int(i64),
    /// A number with a point.
    Float(f64),
}

/// A key and what stands under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The bytes of the key.
    pub span: Range<usize>,
    /// What stands under it.
    pub node: Node,
}

impl Scalar {
    /// A scalar without quotes: only plain spellings count as numbers, so that telephone numbers
    /// and leading zeros stay texts.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        let kind = match text {
            "true" => ScalarKind::Bool(true),
            "false" => ScalarKind::Bool(false),
            _ => number(text).unwrap_or(ScalarKind::Text),
        };
        Self {
            text: text.into(),
            kind,
        }
    }

    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            kind: ScalarKind::Text,
        }
    }
}

/// A number, when it reads back exactly as it was written.
fn number(text: &str) -> Option<ScalarKind> {
    if let Ok(whole) = text.parse::<i64>() {
        return (whole.to_string() == text).then_some(ScalarKind::Int(whole));
    }
    let (whole, fraction) = text.strip_prefix('-').unwrap_or(text).split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    text.parse().ok().map(ScalarKind::Float)
}

impl Node {
    /// The node at a place below this one.
    #[must_use]
    pub fn find(&self, place: &Place) -> Option<&Self> {
        place
            .steps()
            .iter()
            .try_fold(self, |node, step| node.step(step))
    }

    /// The entry at a place below this one, if the last step is a key.
    #[must_use]
    pub fn entry(&self, place: &Place) -> Option<&Entry> {
        let (Step::Key(key), block) = (place.steps().last()?, self.find(&place.parent()?)?) else {
            return None;
        };
        block.entries().iter().find(|entry| entry.key == *key)
    }

    /// The entries of a block; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Block(entries) => entries,
            Content::Nothing | Content::Scalar(_) | Content::List(_) => &[],
        }
    }

    fn step(&self, step: &Step) -> Option<&Self> {
        match (&self.content, step) {
            (Content::Block(entries), Step::Key(key)) => entries
                .iter()
                .find(|entry| entry.key == *key)
                .map(|entry| &entry.node),
            (Content::List(items), Step::Index(index)) => items.get(*index),
            (
                Content::Nothing | Content::Scalar(_) | Content::List(_) | Content::Block(_),
                Step::Key(_) | Step::Index(_),
            ) => None,
        }
    }
}

impl From<&Json> for Node {
    fn from(json: &Json) -> Self {
        let content = match json {
            Json::Null => Content::Nothing,
            Json::Bool(_) | Json::Number(_) => Content::Scalar(Scalar::plain(&json.to_string())),
            Json::String(text) => Content::Scalar(Scalar::text(text)),
            Json::Array(items) => Content::List(items.iter().map(Self::from).collect()),
            Json::Object(map) => Content::Block(
                map.iter()
                    .map(|(key, value)| Entry {
                        key: key.clone(),
                        span: 0..0,
                        node: value.into(),
                    })
                    .collect(),
            ),
        };
        Self {
            span: 0..0,
            content,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_spellings_are_numbers() {
        for (text, kind) in [
            ("12", ScalarKind::Int(12)),
            ("-3", ScalarKind::Int(-3)),
            ("1.5", ScalarKind::Float(1.5)),
            ("+15550100", ScalarKind::Text),
            ("00123", ScalarKind::Text),
            ("1_000", ScalarKind::Text),
            ("0o17", ScalarKind::Text),
            ("1e5", ScalarKind::Text),
            ("NO", ScalarKind::Text),
            ("true", ScalarKind::Bool(true)),
        ] {
            assert_eq!(Scalar::plain(text).kind, kind, "{text}");
        }
    }

    #[test]
    fn a_node_is_found_by_its_place() {
        let node = Node::from(&serde_json::json!({"a": {"b": [1, {"c": "x"}]}}));
        let place = Place::top().keys(&["a", "b"]).index(1).key("c");
        assert_eq!(
            node.find(&place).map(|node| &node.content),
            Some(&Content::Scalar(Scalar::text("x")))
        );
        assert_eq!(node.find(&Place::top().key("b")), None);
    }
}
