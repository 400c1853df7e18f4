//! Keys of people, sorted, one behind the other in one text.
//!
//! Promises that a key has one place, the same for as long as the keys live. Leaves what stands at
//! that place to whoever shares them.

use std::ops::Range;

use crate::core::key::{SourceName, UserKey};

/// Keys, sorted, none of them twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The sources, in order, each with the place of its first key.
    sources: Vec<(SourceName, usize)>,
    /// The ids, one behind the other.
    ids: Box<str>,
    /// Where each id ends.
    ends: Box<[u32]>,
}

impl Keys {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// None?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The place of a key.
    #[must_use]
    pub fn place(&self, key: &UserKey) -> Option<usize> {
        let source = self
            .sources
            .binary_search_by(|(source, _)| source.cmp(&key.source))
            .ok()?;
        let Range { mut start, mut end } = self.of(source);
        while start < end {
            let middle = start + (end - start) / 2;
            match self.id(middle)?.cmp(&*key.id) {
                std::cmp::Ordering::Less => start = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => end = middle,
            }
        }
        None
    }

    /// The key at a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<UserKey> {
        let id = self.id(place)?;
        let source = self.sources.partition_point(|(_, first)| *first <= place);
        let (source, _) = self.sources.get(source.checked_sub(1)?)?;
        Some(UserKey::new(source, id))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = UserKey> + '_ {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    fn of(&self, source: usize) -> Range<usize> {
        let start = self.sources.get(source).map_or(0, |(_, first)| *first);
        let end = self
            .sources
            .get(source + 1)
            .map_or(self.len(), |(_, first)| *first);
        start..end
    }

    fn id(&self, place: usize) -> Option<&str> {
        let end = *self.ends.get(place)? as usize;
        let start = match place.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.ids.get(start..end)
    }
}

/// Keys that are still coming.
#[derive(Default)]
pub(super) struct Growing {
    sources: Vec<(SourceName, usize)>,
    ids: String,
    ends: Vec<u32>,
}

impl Growing {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Takes the key, if it comes after all that are there.
    pub(super) fn push(&mut self, key: &UserKey) -> bool {
        if !self.is_next(key) {
            return false;
        }
        let Ok(end) = u32::try_from(self.ids.len() + key.id.len()) else {
            return false;
        };
        if self.sources.last().map(|(source, _)| source) != Some(&key.source) {
            self.sources.push((key.source.clone(), self.ends.len()));
        }
        self.ids.push_str(&key.id);
        self.ends.push(end);
        true
    }

    fn is_next(&self, key: &UserKey) -> bool {
        let (Some((source, _)), Some(end)) = (self.sources.last(), self.ends.last()) else {
            return true;
        };
        let start = match self.ends.len().checked_sub(2) {
            Some(before) => self.ends[before] as usize,
            None => 0,
        };
        let last = &self.ids[start..*end as usize];
        (source, last) < (&key.source, &*key.id)
    }

    pub(super) fn finish(self) -> Keys {
        Keys {
            sources: self.sources,
            ids: self.ids.into(),
            ends: self.ends.into(),
        }
    }
}
