//! The form of a packed person.
//!
//! Promises that whoever was packed comes out the same. Leaves where the bytes are kept to
//! [`crate::core::packed`].
//!
//! ```text
//! person      = length rest                      the length of the rest, so that it can be passed over
//! rest        = label flags [manager] count attribute*
//! flags       = 1: disabled, 2: a manager follows
//! manager     = name of the source, id
//! attribute   = name, count, value*
//! ```
//!
//! Names that come again and again stand under a number.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::core::key::{SourceName, UserKey};
use crate::core::packed::{put_number, put_text, take_byte, take_number, take_text};
use crate::core::user::User;

const DISABLED: u8 = 1;
const MANAGED: u8 = 2;

/// Names of attributes and sources, by number.
#[derive(Clone, Default)]
pub(super) struct Form {
    numbers: HashMap<Arc<str>, usize>,
    names: Vec<Arc<str>>,
    sources: Vec<SourceName>,
    rest: Vec<u8>,
}

impl Form {
    /// Packs a person, without the key, behind `bytes`.
    pub(super) fn pack(&mut self, user: &User, bytes: &mut Vec<u8>) {
        let mut rest = std::mem::take(&mut self.rest);
        rest.clear();
        put_text(&mut rest, &user.label);
        let disabled = if user.disabled { DISABLED } else { 0 };
        match &user.manager {
            Some(manager) => {
                rest.push(disabled | MANAGED);
                put_number(&mut rest, self.source(&manager.source));
                put_text(&mut rest, &manager.id);
            }
            None => rest.push(disabled),
        }
        put_number(&mut rest, user.attributes.len());
        for (name, values) in &user.attributes {
            put_number(&mut rest, self.name(name));
            put_number(&mut rest, values.len());
            for value in values {
                put_text(&mut rest, value);
            }
        }
        put_number(bytes, rest.len());
        bytes.extend_from_slice(&rest);
        self.rest = rest;
    }

    /// Unpacks the person at the head of `bytes`, and goes on behind.
    pub(super) fn unpack(&self, key: UserKey, bytes: &mut &[u8]) -> User {
        take_number(bytes);
        let label = Arc::from(take_text(bytes));
        let flags = take_byte(bytes);
        let manager = (flags & MANAGED != 0).then(|| UserKey {
            source: self.sources[take_number(bytes)].clone(),
            id: Arc::from(take_text(bytes)),
        });
        let count = take_number(bytes);
        let mut attributes = BTreeMap::new();
        for _ in 0..count {
            let name = Arc::clone(&self.names[take_number(bytes)]);
            let count = take_number(bytes);
            attributes.insert(
                name,
                (0..count).map(|_| Arc::from(take_text(bytes))).collect(),
            );
        }
        User {
            key,
            label,
            attributes,
            disabled: flags & DISABLED != 0,
            manager,
        }
    }

    fn name(&mut self, name: &Arc<str>) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(Arc::clone(name));
        self.numbers.insert(Arc::clone(name), number);
        number
    }

    fn source(&mut self, source: &SourceName) -> usize {
        let known = self.sources.iter().position(|known| known == source);
        known.unwrap_or_else(|| {
            self.sources.push(source.clone());
            self.sources.len() - 1
        })
    }
}

/// Goes on behind the person at the head of `bytes`.
pub(super) fn pass(bytes: &mut &[u8]) {
    let length = take_number(bytes);
    *bytes = &bytes[length..];
}
