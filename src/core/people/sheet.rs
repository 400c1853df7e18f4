//! Attributes of a person, packed as they come, before anything else of the person is known.
//!
//! Promises that values come out in the order in which they were put in, under the numbers of their
//! names. Leaves what a person is besides to [`super::form`], which takes a sheet over byte by byte.
//!
//! ```text
//! sheet       = count attribute*
//! attribute   = number of the name, count, value*
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use crate::core::packed::{put_number, put_text, take_bytes, take_number, take_text};

/// Names of attributes, by number.
#[derive(Clone, Debug, Default)]
pub struct Names {
    numbers: HashMap<Arc<str>, usize>,
    names: Vec<Arc<str>>,
}

impl Names {
    /// The number of a name, from now on.
    pub fn number(&mut self, name: &Arc<str>) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(Arc::clone(name));
        self.numbers.insert(Arc::clone(name), number);
        number
    }

    /// The number of a name that somebody has used.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// The name with this number.
    pub(super) fn name(&self, number: usize) -> &Arc<str> {
        &self.names[number]
    }
}

/// The attributes of one person, where a [`SheetWriter`] has put them down.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'b>(&'b [u8]);

impl<'b> Sheet<'b> {
    /// The one that fills these bytes.
    #[must_use]
    pub fn at(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// The values of the attribute with this number; none, if there is no such attribute.
    pub fn values(self, number: Option<usize>) -> impl Iterator<Item = &'b str> {
        let mut rest = self.0;
        let mut left = take_number(&mut rest);
        let mut count = 0;
        while left > 0 && count == 0 {
            let name = take_number(&mut rest);
            let values = take_number(&mut rest);
            if Some(name) == number {
                count = values;
            } else {
                for _ in 0..values {
                    take_bytes(&mut rest);
                }
            }
            left -= 1;
        }
        (0..count).map(move |_| take_text(&mut rest))
    }

    /// As it is packed.
    pub(super) fn bytes(self) -> &'b [u8] {
        self.0
    }
}

/// A sheet that is being written. Its memory serves for one sheet after the other.
#[derive(Debug, Default)]
pub struct SheetWriter {
    fields: Vec<Field>,
    used: usize,
}

#[derive(Debug, Default)]
struct Field {
    name: usize,
    count: usize,
    texts: Vec<u8>,
}

impl SheetWriter {
    /// Puts one more value behind those that the attribute with this number has.
    pub fn put(&mut self, number: usize, value: &str) {
        let mut written = self.fields[..self.used].iter();
        let at = written.position(|field| field.name == number);
        let at = at.unwrap_or_else(|| self.begin(number));
        let field = &mut self.fields[at];
        field.count += 1;
        put_text(&mut field.texts, value);
    }

    fn begin(&mut self, number: usize) -> usize {
        if self.used == self.fields.len() {
            self.fields.push(Field::default());
        }
        let field = &mut self.fields[self.used];
        (field.name, field.count) = (number, 0);
        field.texts.clear();
        self.used += 1;
        self.used - 1
    }

    /// Puts the sheet behind `bytes`; the next one is empty.
    pub fn end(&mut self, bytes: &mut Vec<u8>) {
        put_number(bytes, self.used);
        for field in &self.fields[..self.used] {
            put_number(bytes, field.name);
            put_number(bytes, field.count);
            bytes.extend_from_slice(&field.texts);
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_stay_in_order_under_their_names(
            sheets in prop::collection::vec(prop::collection::vec((0usize..5, ".{0,9}"), 0..12), 1..4)
        ) {
            let mut writer = SheetWriter::default();
            for values in sheets {
                for (number, value) in &values {
                    writer.put(*number, value);
                }
                let mut bytes = vec![7];
                writer.end(&mut bytes);
                let sheet = Sheet::at(&bytes[1..]);
                for number in 0..6 {
                    let put = values.iter().filter(|(name, _)| *name == number);
                    let put: Vec<&str> = put.map(|(_, value)| value.as_str()).collect();
                    prop_assert_eq!(sheet.values(Some(number)).collect::<Vec<_>>(), put);
                }
                prop_assert_eq!(sheet.values(None).count(), 0);
            }
        }
    }

    #[test]
    fn a_name_keeps_its_number() {
        let mut names = Names::default();
        let numbers = ["mail", "sn", "mail"].map(|name| names.number(&Arc::from(name)));
        assert_eq!(numbers, [0, 1, 0]);
        assert_eq!((names.find("sn"), names.find("cn")), (Some(1), None));
        assert_eq!(&**names.name(1), "sn");
    }
}
