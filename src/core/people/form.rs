//! The form of a packed person.
//!
//! Promises that whoever was packed comes out the same. Leaves where the bytes are kept to
//! [`crate::core::packed`].
//!
//! ```text
//! person      = label flags [manager] sheet
//! flags       = 1: disabled, 2: a manager follows
//! manager     = number of the source, id
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sheet::{Names, Sheet};

use crate::core::key::{SourceName, UserKey};
use crate::core::packed::{put_number, put_text, take_byte, take_number, take_text};
use crate::core::user::User;

const DISABLED: u8 = 1;
const MANAGED: u8 = 2;

/// A person but for the attributes.
#[derive(Clone, Copy, Debug)]
pub struct Head<'p> {
    /// Who it is.
    pub key: &'p UserKey,
    /// What people call them.
    pub label: &'p str,
    /// May they not log in?
    pub disabled: bool,
    /// Who manages them.
    pub manager: Option<&'p UserKey>,
}

impl<'p> From<&'p User> for Head<'p> {
    fn from(user: &'p User) -> Self {
        Self {
            key: &user.key,
            label: &user.label,
            disabled: user.disabled,
            manager: user.manager.as_ref(),
        }
    }
}

/// Names of attributes and sources, by number.
#[derive(Clone, Default)]
pub(super) struct Form {
    names: Names,
    sources: Vec<SourceName>,
    packed: Vec<u8>,
}

impl Form {
    /// One for sheets with these names.
    pub(super) fn of(names: Names) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    /// A person without the key, packed.
    pub(super) fn pack(&mut self, user: &User) -> &[u8] {
        self.begin(Head::from(user));
        put_number(&mut self.packed, user.attributes.len());
        for (name, values) in &user.attributes {
            put_number(&mut self.packed, self.names.number(name));
            put_number(&mut self.packed, values.len());
            for value in values {
                put_text(&mut self.packed, value);
            }
        }
        &self.packed
    }

    /// The same of a person whose attributes are packed already.
    pub(super) fn pack_sheet(&mut self, head: Head<'_>, sheet: Sheet<'_>) -> &[u8] {
        self.begin(head);
        self.packed.extend_from_slice(sheet.bytes());
        &self.packed
    }

    fn begin(&mut self, head: Head<'_>) {
        self.packed.clear();
        put_text(&mut self.packed, head.label);
        let disabled = if head.disabled { DISABLED } else { 0 };
        match head.manager {
            Some(manager) => {
                let source = self.source(&manager.source);
                self.packed.push(disabled | MANAGED);
                put_number(&mut self.packed, source);
                put_text(&mut self.packed, &manager.id);
            }
            None => self.packed.push(disabled),
        }
    }

    /// Unpacks a person.
    pub(super) fn unpack(&self, key: UserKey, mut bytes: &[u8]) -> User {
        let bytes = &mut bytes;
        let label = Arc::from(take_text(bytes));
        let flags = take_byte(bytes);
        let manager = (flags & MANAGED != 0).then(|| UserKey {
            source: self.sources[take_number(bytes)].clone(),
            id: Arc::from(take_text(bytes)),
        });
        let count = take_number(bytes);
        let mut attributes = BTreeMap::new();
        for _ in 0..count {
            let name = Arc::clone(self.names.name(take_number(bytes)));
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

    fn source(&mut self, source: &SourceName) -> usize {
        let known = self.sources.iter().position(|known| known == source);
        known.unwrap_or_else(|| {
            self.sources.push(source.clone());
            self.sources.len() - 1
        })
    }
}
