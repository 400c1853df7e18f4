//! Packed entries, put in the order of their keys whatever order they come in.
//!
//! Promises every entry that was put in, those of one key in the order in which they came, and memory
//! for no more of them in plain than [`LATE`]. Leaves what the bytes mean to whoever packs them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::core::key::{SourceName, UserKey};
use crate::core::packed::{Open, Pages, put_bytes, put_text, take_bytes, take_text};

/// So many bytes stand in memory as they came before they are sorted and deflated: what is smaller is
/// sorted in one go.
const LATE: usize = 24 * 1024 * 1024;

/// What an entry takes besides its bytes, about.
const EACH: usize = 128;

/// An entry.
pub type Entry = (UserKey, Box<[u8]>);

/// Entries that are still coming.
#[derive(Default)]
pub struct Sorter {
    runs: Vec<Pages>,
    late: Vec<Entry>,
    /// How many bytes those take.
    held: usize,
}

impl Sorter {
    /// None yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.late.is_empty()
    }

    /// Takes one more.
    pub fn push(&mut self, key: UserKey, bytes: &[u8]) {
        self.push_within(LATE, key, bytes);
    }

    fn push_within(&mut self, late: usize, key: UserKey, bytes: &[u8]) {
        self.held += bytes.len() + EACH;
        self.late.push((key, bytes.into()));
        if self.held >= late {
            self.turn();
        }
    }

    /// Deflates what is left, too, where there is so much: nothing more comes for a while.
    pub fn put_away(&mut self) {
        if !self.runs.is_empty() {
            self.turn();
        }
    }

    /// Puts those who came late in order, and deflates them.
    fn turn(&mut self) {
        self.late.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut run = Pages::default();
        for (key, bytes) in self.late.drain(..) {
            run.push(|page| {
                put_text(page, key.source.as_str());
                put_text(page, &key.id);
                put_bytes(page, &bytes);
            });
        }
        self.runs.push(run);
        self.held = 0;
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        let runs = self.runs.iter().flat_map(Pages::iter);
        let late = self.late.iter();
        runs.flat_map(entries).chain(late.cloned())
    }

    /// All of them, in order. Their memory is given back on the way.
    #[must_use]
    pub fn finish(self) -> InOrder {
        self.finish_after(std::iter::empty())
    }

    /// The same, and before those of the same key `first`, which are in order.
    #[must_use]
    pub fn finish_after(mut self, first: impl Iterator<Item = Entry> + Send + 'static) -> InOrder {
        self.late.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut runs: Vec<Run> = vec![Box::new(first)];
        for run in self.runs {
            runs.push(Box::new(run.into_open().flat_map(entries)));
        }
        runs.push(Box::new(self.late.into_iter()));
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for (at, run) in runs.iter_mut().enumerate() {
            heads.extend(run.next().map(|entry| Reverse((entry.0, at, entry.1))));
        }
        InOrder { heads, runs }
    }
}

type Run = Box<dyn Iterator<Item = Entry> + Send>;

/// An entry with its run; the first comes out of a heap first.
type Next = Reverse<(UserKey, usize, Box<[u8]>)>;

/// Entries in the order of their keys.
pub struct InOrder {
    /// The next of each run: of one key, that of the earlier run comes first.
    heads: BinaryHeap<Next>,
    runs: Vec<Run>,
}

impl Iterator for InOrder {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let Reverse((key, at, bytes)) = self.heads.pop()?;
        let next = self.runs[at].next();
        self.heads
            .extend(next.map(|entry| Reverse((entry.0, at, entry.1))));
        Some((key, bytes))
    }
}

/// The entries of a page.
fn entries(page: Open) -> impl Iterator<Item = Entry> + Send {
    let mut at = 0;
    let mut source = SourceName::new("");
    (0..page.entries).map(move |_| {
        let mut rest = &page.bytes[at..];
        let name = take_text(&mut rest);
        if source.as_str() != name {
            source = SourceName::new(name);
        }
        let key = UserKey::new(&source, take_text(&mut rest));
        let bytes = take_bytes(&mut rest).into();
        at = page.bytes.len() - rest.len();
        (key, bytes)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_come_out_in_order_and_all_of_them(
            put in prop::collection::vec(("(hq|eu)", "[a-c]{1,2}", 0u8..9), 0..60),
            late in 1usize..2000,
        ) {
            let mut sorter = Sorter::default();
            let mut expected: Vec<Entry> = Vec::new();
            for (source, id, byte) in put {
                let key = UserKey::new(&SourceName::new(source), id);
                sorter.push_within(late, key.clone(), &[byte]);
                expected.push((key, Box::new([byte])));
                if byte == 0 {
                    sorter.put_away();
                }
            }
            let mut unsorted: Vec<Entry> = sorter.iter().collect();
            expected.sort_by(|(one, _), (other, _)| one.cmp(other));
            prop_assert_eq!(sorter.is_empty(), expected.is_empty());
            prop_assert_eq!(&sorter.finish().collect::<Vec<_>>(), &expected);
            unsorted.sort();
            expected.sort();
            prop_assert_eq!(unsorted, expected);
        }
    }
}
