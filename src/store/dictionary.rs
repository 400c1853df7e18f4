//! Things under small numbers, both ways.
//!
//! Promises numbers from 1 without a gap, each for ever. Leaves keeping them to [`super::names`].

use std::collections::HashMap;
use std::hash::Hash;

/// Things under small numbers.
#[derive(Debug)]
pub(super) struct Dictionary<T> {
    numbers: HashMap<T, u32>,
    items: Vec<T>,
}

impl<T: Clone + Eq + Hash> Dictionary<T> {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            items: Vec::new(),
        }
    }

    /// The number of a thing.
    pub(super) fn number(&self, item: &T) -> Option<u32> {
        self.numbers.get(item).copied()
    }

    /// The thing under a number.
    pub(super) fn item(&self, number: u32) -> Option<&T> {
        self.items.get((number as usize).checked_sub(1)?)
    }

    /// Gives a new thing the next number.
    pub(super) fn add(&mut self, item: T) -> u32 {
        self.items.push(item.clone());
        let number = u32::try_from(self.items.len()).expect("fewer things than 32 bits can count");
        self.numbers.insert(item, number);
        number
    }
}
