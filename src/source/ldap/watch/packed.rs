//! An entry in one piece of memory.
//!
//! Promises that what is unpacked is what was packed. Leaves what to keep to the search that asks for
//! it.

use crate::source::ldap::entry::{Attribute, Entry};

/// An entry: its texts one after the other, each with its length, so that a copy of a directory costs
/// what its values cost and some fifty bytes an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packed(Box<[u8]>);

impl Packed {
    /// Packs an entry.
    pub(super) fn of(entry: &Entry) -> Self {
        let mut bytes = Vec::new();
        put(&mut bytes, entry.dn.as_bytes());
        for attribute in &entry.attributes {
            put(&mut bytes, attribute.name.as_bytes());
            put_number(&mut bytes, attribute.values.len());
            for value in &attribute.values {
                put(&mut bytes, value);
            }
        }
        Self(bytes.into_boxed_slice())
    }

    /// The entry.
    pub(super) fn entry(&self) -> Entry {
        let mut rest = &*self.0;
        let mut entry = Entry {
            dn: text(take(&mut rest)),
            attributes: Vec::new(),
        };
        while !rest.is_empty() {
            let name = text(take(&mut rest));
            let count = number(&mut rest);
            let values = (0..count).map(|_| take(&mut rest).to_vec()).collect();
            entry.attributes.push(Attribute { name, values });
        }
        entry
    }

    /// The name of the entry.
    pub(super) fn dn(&self) -> String {
        text(take(&mut &*self.0))
    }
}

/// Numbers have seven bits a byte, the lowest first; the last byte is below 128.
fn put_number(bytes: &mut Vec<u8>, mut number: usize) {
    let low = |number: usize| u8::try_from(number % 128).expect("it is below 128");
    while number >= 128 {
        bytes.push(low(number) | 128);
        number /= 128;
    }
    bytes.push(low(number));
}

fn put(bytes: &mut Vec<u8>, text: &[u8]) {
    put_number(bytes, text.len());
    bytes.extend(text);
}

fn number(rest: &mut &[u8]) -> usize {
    let (mut number, mut shift) = (0, 0);
    while let Some((byte, after)) = rest.split_first() {
        *rest = after;
        number |= usize::from(byte & 127) << shift;
        shift += 7;
        if *byte < 128 {
            break;
        }
    }
    number
}

fn take<'b>(rest: &mut &'b [u8]) -> &'b [u8] {
    let length = number(rest);
    let (text, after) = rest.split_at(length);
    *rest = after;
    text
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it was text when it was packed")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_unpacked_is_what_was_packed(
            dn in ".{0,200}",
            attributes in prop::collection::vec(
                ("[a-zA-Z;-]{0,20}", prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..4)),
                0..5,
            )
        ) {
            let attributes = attributes.into_iter().map(|(name, values)| Attribute { name, values });
            let entry = Entry { dn, attributes: attributes.collect() };
            let packed = Packed::of(&entry);
            prop_assert_eq!(packed.dn(), &*entry.dn);
            prop_assert_eq!(packed.entry(), entry);
        }
    }

    #[test]
    fn a_person_takes_little_more_than_the_values() {
        let entry = Entry::made(
            "uid=user0001,ou=people,dc=example,dc=com",
            &[
                ("entryUUID", "1b3a8f52-5e0c-4c55-9d1d-5b0a2f1d7c11"),
                ("uid", "user0001"),
                ("cn", "Given1 Family1"),
                ("sn", "Family1"),
                ("mail", "user0001@example.com"),
            ],
        );
        assert_eq!(Packed::of(&entry).0.len(), 161);
    }
}
