//! What is found wrong in one document while it is checked.
//!
//! Promises that checking goes on after a problem, and that a consequence of one problem is not
//! told as another. Leaves counting lines to [`Problems`].

use std::ops::Range;

use super::document::Document;
use super::node::{Content, Node};
use super::place::Place;
use super::problems::{Problems, Unplaced};
use super::{redaction, scalar};
use crate::core::text::nearest;

/// The problems of one document so far.
#[derive(Debug)]
pub struct Findings<'d> {
    document: &'d Document,
    places: Vec<Place>,
    items: Vec<Unplaced>,
}

impl<'d> Findings<'d> {
    /// Nothing found yet but keys that stand twice.
    #[must_use]
    pub fn new(document: &'d Document) -> Self {
        let mut findings = Self {
            document,
            places: Vec::new(),
            items: Vec::new(),
        };
        findings.repeats(&document.root, &Place::top());
        findings
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &'d Document {
        self.document
    }

    /// Something is wrong about the key at `place`, or what it stands in if there is no such key.
    pub fn key(&mut self, place: &Place, message: impl Into<String>, hint: Option<String>) {
        let span = self.key_span(place);
        self.add(place, span, message.into(), hint);
    }

    /// Something is wrong about the value at `place`.
    pub fn value(&mut self, place: &Place, message: impl Into<String>, hint: Option<String>) {
        let span = match self.document.root.find(place) {
            Some(Node {
                span,
                content: Content::Scalar(_),
            }) => span.clone(),
            Some(_) | None => self.key_span(place),
        };
        self.add(place, span, message.into(), hint);
    }

    /// Something is wrong about some bytes of the text at `place`.
    pub fn part(
        &mut self,
        place: &Place,
        part: &Range<usize>,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let span = self.part_span(place, part);
        match span {
            Some(span) => self.add(place, span, message.into(), hint),
            None => self.value(place, message, hint),
        }
    }

    /// The key `key` is missing in the block at `block`, unless a misspelt one was told already.
    pub fn lacks(
        &mut self,
        block: &Place,
        key: &str,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let root = &self.document.root;
        let entries = root.find(block).map_or(&[][..], Node::entries);
        let misspelt = entries.iter().any(|entry| {
            self.places.contains(&block.key(&entry.key)) && nearest(&entry.key, [key]).is_some()
        });
        if !misspelt && !self.stands(&block.key(key)) {
            self.key(block, message, hint);
        }
    }

    /// Was something found at `place` or inside it?
    #[must_use]
    pub fn suspect(&self, place: &Place) -> bool {
        self.places.iter().any(|found| found.is_within(place))
    }

    /// Is there such a key, right or wrong?
    #[must_use]
    pub fn stands(&self, place: &Place) -> bool {
        self.document.root.find(place).is_some()
    }

    /// The line of the node at `place`, from 1.
    #[must_use]
    pub fn line(&self, place: &Place) -> u64 {
        let start = self
            .document
            .root
            .find(place)
            .map_or(0, |node| node.span.start);
        super::document::position(&self.document.text, start).0
    }

    /// Everything found, with secrets taken out of the text.
    #[must_use]
    pub fn finish(self) -> Problems {
        if self.items.is_empty() {
            return Problems::default();
        }
        let secrets = redaction::secrets(&self.document.root);
        Problems::place(
            &self.document.file,
            &self.document.text,
            &secrets,
            self.items,
        )
    }

    fn add(&mut self, place: &Place, span: Range<usize>, message: String, hint: Option<String>) {
        self.places.push(place.clone());
        self.items.push(Unplaced {
            path: place.to_string(),
            span,
            message,
            hint,
        });
    }

    /// The bytes of the key, else of the nearest key above, else of the item of a list.
    fn key_span(&self, place: &Place) -> Range<usize> {
        let mut at = Some(place.clone());
        while let Some(place) = at {
            if let Some(entry) = self.document.root.entry(&place) {
                return entry.span.clone();
            }
            if let Some(node) = self
                .document
                .root
                .find(&place)
                .filter(|_| place.parent().is_some())
            {
                return node.span.clone();
            }
            at = place.parent();
        }
        0..0
    }

    fn part_span(&self, place: &Place, part: &Range<usize>) -> Option<Range<usize>> {
        let node = self.document.root.find(place)?;
        let Content::Scalar(value) = &node.content else {
            return None;
        };
        let written = self.document.slice(&node.span);
        let inside = scalar::locate(written, &value.text, part)?;
        Some(node.span.start + inside.start..node.span.start + inside.end)
    }

    fn repeats(&mut self, node: &Node, place: &Place) {
        match &node.content {
            Content::Nothing | Content::Scalar(_) => {}
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.repeats(item, &place.index(index));
                }
            }
            Content::Block(entries) => {
                for (position, entry) in entries.iter().enumerate() {
                    let below = place.key(&entry.key);
                    if let Some(first) = entries[..position].iter().find(|e| e.key == entry.key) {
                        let line =
                            super::document::position(&self.document.text, first.span.start).0;
                        let message = format!("the key `{}` stands here twice", entry.key);
                        let hint = format!("the first is on line {line}; keep one of them");
                        self.add(&below, entry.span.clone(), message, Some(hint));
                    }
                    self.repeats(&entry.node, &below);
                }
            }
        }
    }
}
