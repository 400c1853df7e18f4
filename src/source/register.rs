//! Names, and the place of whoever has each: for a million people, without the names themselves.
//!
//! Promises that no two names are taken for one, by chance or by design: a name stands as 128 bits of a
//! hash whose key is drawn anew in each program. Leaves what a place is to whoever counts them.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;

/// Names with their places.
#[derive(Default)]
pub(super) struct Register {
    keys: [RandomState; 2],
    places: HashMap<[u32; 4], u32>,
}

impl Register {
    /// The place of whoever has this name.
    pub(super) fn get(&self, name: &str) -> Option<u32> {
        self.places.get(&self.print(name)).copied()
    }

    /// Whoever is at this place has this name now.
    pub(super) fn set(&mut self, name: &str, place: u32) {
        self.places.insert(self.print(name), place);
    }

    /// The place of whoever had this name before; nobody: it is of whoever is at this place now.
    pub(super) fn claim(&mut self, name: &str, place: u32) -> Option<u32> {
        match self.places.entry(self.print(name)) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(free) => {
                free.insert(place);
                None
            }
        }
    }

    fn print(&self, name: &str) -> [u32; 4] {
        let [one, other] = self.keys.each_ref().map(|key| key.hash_one(name));
        let halves = [one, one >> 32, other, other >> 32];
        halves.map(|half| u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_whoever_has_it() {
        let mut register = Register::default();
        assert_eq!(register.claim("ann", 3), None);
        assert_eq!(register.claim("ann", 4), Some(3));
        assert_eq!((register.get("ann"), register.get("bob")), (Some(3), None));
        register.set("ann", 4);
        assert_eq!(register.get("ann"), Some(4));
    }
}
