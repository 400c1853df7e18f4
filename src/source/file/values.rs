//! The values of one field, one behind the other: a group may have a million members.
//!
//! Promises the texts in the order in which they came. Leaves what a text may be to [`super::rows`].

use crate::core::packed::{put_number, put_text, take_number, take_text};

/// Texts, each with its length before it.
#[derive(Debug, Default)]
pub(super) struct Values {
    count: usize,
    packed: Vec<u8>,
}

impl Values {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Puts one more behind the others.
    pub(super) fn push(&mut self, value: &str) {
        put_text(&mut self.packed, value);
        self.count += 1;
    }

    /// Puts others behind these.
    pub(super) fn append(&mut self, others: &Self) {
        self.packed.extend_from_slice(&others.packed);
        self.count += others.count;
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let mut rest = &*self.packed;
        (0..self.count).map(move |_| take_text(&mut rest))
    }

    /// Packs them behind `bytes`.
    pub(super) fn put(&self, bytes: &mut Vec<u8>) {
        put_number(bytes, self.count);
        bytes.extend_from_slice(&self.packed);
    }

    /// Unpacks those at the head of `bytes`, and goes on behind.
    pub(super) fn take(bytes: &mut &[u8]) -> Self {
        let count = take_number(bytes);
        let packed = pass_texts(count, bytes).to_vec();
        Self { count, packed }
    }
}

/// Goes on behind the values at the head of `bytes`.
pub(super) fn pass(bytes: &mut &[u8]) {
    let count = take_number(bytes);
    pass_texts(count, bytes);
}

fn pass_texts<'b>(count: usize, bytes: &mut &'b [u8]) -> &'b [u8] {
    let start = *bytes;
    for _ in 0..count {
        let length = take_number(bytes);
        *bytes = &bytes[length..];
    }
    &start[..start.len() - bytes.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out_the_same() {
        let (mut some, mut others) = (Values::default(), Values::default());
        for value in ["p-1", "", &"é".repeat(200)] {
            some.push(value);
        }
        others.push("p-2");
        let mut bytes = Vec::new();
        some.put(&mut bytes);
        others.put(&mut bytes);
        let mut rest = &*bytes;
        let mut read = Values::take(&mut rest);
        assert!(read.iter().eq(some.iter()));
        assert!(Values::take(&mut rest).iter().eq(["p-2"]));
        assert!(rest.is_empty());
        let mut rest = &*bytes;
        pass(&mut rest);
        assert!(Values::take(&mut rest).iter().eq(["p-2"]));
        read.append(&others);
        assert_eq!((read.len(), read.iter().last()), (4, Some("p-2")));
    }
}
