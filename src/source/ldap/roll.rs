//! What came of the entries of users.
//!
//! Promises that whoever stands in a group is found again by the place at which their entry came,
//! whether they can be used or not. Leaves making users of entries to [`super::people`].

use std::collections::{BTreeMap, BTreeSet};

use super::groups::Flat;
use crate::core::key::UserKey;
use crate::core::members::Members;
use crate::core::people::{Head, Names, People, Sheet, Sorted};
use crate::core::reading::BrokenRow;
use crate::core::user::Group;

/// The place of a key among those that came, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(pub(super) u32);

impl Place {
    /// The place as an index.
    pub(super) fn at(self) -> usize {
        self.0 as usize
    }
}

/// What came of the entries.
pub(super) struct Roll {
    /// Those that can be used.
    pub(super) users: People,
    /// Those that cannot.
    pub(super) broken: Vec<BrokenRow>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
    standing: Standing,
}

/// Where each of those who came stands.
struct Standing {
    /// The place among the users, by the place at which the key came.
    ranks: Vec<Option<u32>>,
    /// Those who cannot be used.
    held: BTreeMap<Place, UserKey>,
}

/// A roll that is being written, in the order of the keys.
pub(super) struct Writing {
    users: Sorted,
    count: u32,
    broken: Vec<BrokenRow>,
    standing: Standing,
}

impl Writing {
    /// Nobody yet, of so many; sheets of attributes have these names.
    pub(super) fn new(names: Names, count: u32) -> Self {
        Self {
            users: Sorted::with(names),
            count: 0,
            broken: Vec::new(),
            standing: Standing {
                ranks: vec![None; count as usize],
                held: BTreeMap::new(),
            },
        }
    }

    /// The next one can be used.
    pub(super) fn add(&mut self, place: Place, head: Head<'_>, sheet: Sheet<'_>) {
        if self.users.push_sheet(head, sheet) {
            self.standing.ranks[place.at()] = Some(self.count);
            self.count += 1;
        }
    }

    /// The next one cannot be used.
    pub(super) fn hold(&mut self, place: Place, user: UserKey, dn: &str, problem: String) {
        self.standing.held.insert(place, user.clone());
        self.broken.push(BrokenRow {
            place: dn.to_owned(),
            user: Some(user),
            group: None,
            problem,
        });
    }

    /// All of them, and entries that do not say whose they are.
    pub(super) fn finish(
        self,
        nameless: Vec<BrokenRow>,
        notes: impl FnOnce(&[BrokenRow]) -> Vec<String>,
    ) -> Roll {
        let mut broken = nameless;
        broken.extend(self.broken);
        broken.sort_by(|one, other| one.place.cmp(&other.place));
        Roll {
            users: self.users.finish(),
            notes: notes(&broken),
            broken,
            standing: self.standing,
        }
    }
}

impl Roll {
    /// A group with its members.
    pub(super) fn group(&self, flat: Flat) -> Group {
        Group {
            members: self.members(&flat.members),
            key: flat.key,
            name: flat.name,
        }
    }

    fn members(&self, places: &BTreeSet<Place>) -> Members {
        let Standing { ranks, held } = &self.standing;
        let ranked = places.iter().filter_map(|place| ranks[place.at()]);
        let mut members = Members::at(self.users.keys(), ranked.collect());
        members.extend(places.iter().filter_map(|place| held.get(place).cloned()));
        members
    }
}
