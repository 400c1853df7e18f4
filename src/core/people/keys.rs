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
        let place = self.before(key);
        let is_it = self.id(place) == Some(&*key.id) && self.source(place) == Some(&key.source);
        is_it.then_some(place)
    }

    /// How many come before this key.
    #[must_use]
    pub fn before(&self, key: &UserKey) -> usize {
        let source = self
            .sources
            .partition_point(|(source, _)| *source < key.source);
        let Range { mut start, mut end } = self.of(source);
        if self.sources.get(source).map(|(source, _)| source) != Some(&key.source) {
            return start;
        }
        while start < end {
            let middle = start + (end - start) / 2;
            if self.id(middle) < Some(&*key.id) {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        start
    }

    /// The key at a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<UserKey> {
        let id = self.id(place)?;
        Some(UserKey::new(self.source(place)?, id))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = UserKey> + '_ {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    fn of(&self, source: usize) -> Range<usize> {
        let start = self
            .sources
            .get(source)
            .map_or(self.len(), |(_, first)| *first);
        let end = self
            .sources
            .get(source + 1)
            .map_or(self.len(), |(_, first)| *first);
        start..end
    }

    fn source(&self, place: usize) -> Option<&SourceName> {
        let source = self.sources.partition_point(|(_, first)| *first <= place);
        let (source, _) = self.sources.get(source.checked_sub(1)?)?;
        Some(source)
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

/// Keys that are still coming, in order.
#[derive(Default)]
pub struct Growing {
    sources: Vec<(SourceName, usize)>,
    ids: String,
    ends: Vec<u32>,
}

impl Growing {
    /// Takes the key, if it comes after all that are there.
    pub fn push(&mut self, key: &UserKey) -> bool {
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

    /// All of them.
    #[must_use]
    pub fn finish(self) -> Keys {
        Keys {
            sources: self.sources,
            ids: self.ids.into(),
            ends: self.ends.into(),
        }
    }
}
