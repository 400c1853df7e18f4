//! Who is in a group, as small numbers where the keys of all people are known.
//!
//! Promises the same users in the same order, however they are kept. Leaves what a membership means to
//! [`super::plan`].

use std::collections::BTreeSet;
use std::collections::btree_set::Range;
use std::fmt;
use std::ops::Bound::Included;
use std::sync::Arc;

use super::key::UserKey;
use super::people::Keys;

/// Users, sorted, none of them twice.
#[derive(Clone, Default)]
pub struct Members {
    /// The keys of which places are kept.
    keys: Arc<Keys>,
    /// Rising.
    places: Vec<u32>,
    /// Those whose keys are none of these.
    others: BTreeSet<UserKey>,
}

impl Members {
    /// Those at these places among `keys`; the places are sorted first.
    #[must_use]
    pub fn at(keys: &Arc<Keys>, mut places: Vec<u32>) -> Self {
        places.sort_unstable();
        places.dedup();
        places.retain(|place| (*place as usize) < keys.len());
        places.shrink_to_fit();
        Self {
            keys: Arc::clone(keys),
            places,
            others: BTreeSet::new(),
        }
    }

    /// The same users, kept by these keys as far as they are among them.
    #[must_use]
    pub fn among(&self, keys: &Arc<Keys>) -> Self {
        let mut members = Self::at(keys, Vec::new());
        for user in self {
            match members.place(&user) {
                Some(place) => members.places.push(place),
                None => {
                    members.others.insert(user);
                }
            }
        }
        members.places.shrink_to_fit();
        members
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len() + self.others.len()
    }

    /// Nobody?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.others.is_empty()
    }

    /// Is this user one of them?
    #[must_use]
    pub fn contains(&self, user: &UserKey) -> bool {
        match self.place(user) {
            Some(place) => self.places.binary_search(&place).is_ok(),
            None => self.others.contains(user),
        }
    }

    /// Takes a user in; says whether that is new.
    pub fn insert(&mut self, user: UserKey) -> bool {
        match self.place(&user) {
            Some(place) => match self.places.binary_search(&place) {
                Ok(_) => false,
                Err(at) => {
                    self.places.insert(at, place);
                    true
                }
            },
            None => self.others.insert(user),
        }
    }

    /// Takes a user out; says whether that is new.
    pub fn remove(&mut self, user: &UserKey) -> bool {
        match self.place(user) {
            Some(place) => match self.places.binary_search(&place) {
                Ok(at) => {
                    self.places.remove(at);
                    true
                }
                Err(_) => false,
            },
            None => self.others.remove(user),
        }
    }

    /// Keeps only some.
    pub fn retain(&mut self, mut keep: impl FnMut(&UserKey) -> bool) {
        let keys = &self.keys;
        self.places.retain(|place| {
            let key = keys.get(*place as usize);
            key.is_some_and(|key| keep(&key))
        });
        self.others.retain(|user| keep(user));
    }

    /// All of them, in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            keys: &self.keys,
            places: self.places.iter(),
            others: self.others.range::<UserKey, _>(..),
            place: None,
            other: None,
        }
    }

    /// Those from one key to another, both included.
    #[must_use]
    pub fn range(&self, first: &UserKey, last: &UserKey) -> Iter<'_> {
        let start = self.keys.before(first);
        let end = self.keys.before(last) + usize::from(self.keys.place(last).is_some());
        let at = |end: usize| self.places.partition_point(|place| (*place as usize) < end);
        let (start, end) = (at(start), at(end));
        Iter {
            keys: &self.keys,
            places: self.places[start..end.max(start)].iter(),
            others: self
                .others
                .range::<UserKey, _>((Included(first), Included(last))),
            place: None,
            other: None,
        }
    }

    /// The places among `keys` and the others, if they are kept by these keys.
    #[must_use]
    pub fn places_among(&self, keys: &Arc<Keys>) -> Option<(&[u32], &BTreeSet<UserKey>)> {
        Arc::ptr_eq(&self.keys, keys).then_some((&self.places, &self.others))
    }

    fn place(&self, user: &UserKey) -> Option<u32> {
        u32::try_from(self.keys.place(user)?).ok()
    }
}

/// Members, one after the other.
#[derive(Clone)]
pub struct Iter<'m> {
    keys: &'m Keys,
    places: std::slice::Iter<'m, u32>,
    others: Range<'m, UserKey>,
    place: Option<UserKey>,
    other: Option<&'m UserKey>,
}

impl Iterator for Iter<'_> {
    type Item = UserKey;

    fn next(&mut self) -> Option<UserKey> {
        if self.place.is_none() {
            let places = self.places.by_ref();
            self.place = places.find_map(|place| self.keys.get(*place as usize));
        }
        if self.other.is_none() {
            self.other = self.others.next();
        }
        match (&self.place, self.other) {
            (Some(place), Some(other)) if place > other => self.other.take().cloned(),
            (None, Some(_)) => self.other.take().cloned(),
            (Some(_), _) | (None, None) => self.place.take(),
        }
    }
}

impl<'m> IntoIterator for &'m Members {
    type Item = UserKey;
    type IntoIter = Iter<'m>;

    fn into_iter(self) -> Iter<'m> {
        self.iter()
    }
}

impl FromIterator<UserKey> for Members {
    fn from_iter<T: IntoIterator<Item = UserKey>>(users: T) -> Self {
        Self {
            others: users.into_iter().collect(),
            ..Self::default()
        }
    }
}

impl From<BTreeSet<UserKey>> for Members {
    fn from(users: BTreeSet<UserKey>) -> Self {
        users.into_iter().collect()
    }
}

impl Extend<UserKey> for Members {
    fn extend<T: IntoIterator<Item = UserKey>>(&mut self, users: T) {
        for user in users {
            self.insert(user);
        }
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.keys, &other.keys) {
            return self.places == other.places && self.others == other.others;
        }
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Members {}

impl PartialEq<BTreeSet<UserKey>> for Members {
    fn eq(&self, other: &BTreeSet<UserKey>) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter().cloned())
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::key::SourceName;
    use crate::core::people::People;
    use crate::core::user::User;

    fn key((source, id): (u8, u8)) -> UserKey {
        UserKey::new(
            &SourceName::new(["eu", "hq"][usize::from(source % 2)]),
            format!("{id:03}"),
        )
    }

    fn keys(known: &BTreeSet<(u8, u8)>) -> Arc<Keys> {
        let users = known.iter().map(|known| User {
            key: key(*known),
            label: "".into(),
            attributes: std::collections::BTreeMap::new(),
            disabled: false,
            manager: None,
        });
        Arc::clone(users.collect::<People>().keys())
    }

    proptest! {
        #[test]
        fn they_are_a_sorted_set(
            known: BTreeSet<(u8, u8)>,
            places: Vec<u32>,
            steps: Vec<(bool, (u8, u8))>,
            ends: ((u8, u8), (u8, u8)),
        ) {
            let (one, other) = ends;
            let keys = keys(&known);
            let places: Vec<u32> = places.iter().map(|place| place % 256).collect();
            let mut members = Members::at(&keys, places.clone());
            let all: Vec<UserKey> = keys.iter().collect();
            let mut model: BTreeSet<UserKey> = places
                .iter()
                .filter_map(|place| all.get(*place as usize).cloned())
                .collect();
            for (enters, user) in &steps {
                let user = key(*user);
                if *enters {
                    prop_assert_eq!(members.insert(user.clone()), model.insert(user));
                } else {
                    prop_assert_eq!(members.remove(&user), model.remove(&user));
                }
            }
            prop_assert_eq!(members.len(), model.len());
            prop_assert!(members == model);
            prop_assert_eq!(&members, &model.iter().cloned().collect::<Members>());
            let (first, last) = (key(one).min(key(other)), key(one).max(key(other)));
            let range: Vec<UserKey> = members.range(&first, &last).collect();
            let expected: Vec<UserKey> = model.range(first..=last).cloned().collect();
            prop_assert_eq!(range, expected);
            let user = key(one);
            prop_assert_eq!(members.contains(&user), model.contains(&user));
            members.retain(|known| *known < user);
            model.retain(|known| *known < user);
            prop_assert!(members == model);
        }
    }
}
