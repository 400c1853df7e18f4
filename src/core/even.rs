//! People with an account of whom a plan says nothing, since all is as it should be.
//!
//! Promises to know of each whether they are one, and of an account whether it is theirs, in a bit and
//! eight bytes a person. Leaves deciding who is even to [`super::plan::evenness`].

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::key::{RemoteId, SourceName, UserKey};
use super::people::Keys;
use super::reading::Reading;

/// People who are in line: they have an account that is on, and nothing of it is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Even {
    shelves: Vec<Shelf>,
    /// Of each account, sorted once all are there. Two ids with one hash make a free account look taken:
    /// then a person is asked, and nobody gets what is somebody else's.
    accounts: Vec<u64>,
    len: usize,
}

/// The people of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shelf {
    source: SourceName,
    keys: Arc<Keys>,
    bits: Vec<u64>,
}

impl Even {
    /// Nobody of these readings yet.
    #[must_use]
    pub fn among(readings: &[Reading]) -> Self {
        let shelves = readings.iter().map(|reading| Shelf {
            source: reading.source.clone(),
            keys: Arc::clone(reading.users.keys()),
            bits: vec![0; reading.users.len().div_ceil(64)],
        });
        Self {
            shelves: shelves.collect(),
            ..Self::default()
        }
    }

    /// Somebody is even, and has this account.
    pub fn insert(&mut self, user: &UserKey, account: &RemoteId) {
        let Some((shelf, place)) = self.find(user) else {
            return;
        };
        let word = &mut self.shelves[shelf].bits[place / 64];
        let bit = 1 << (place % 64);
        if *word & bit == 0 {
            *word |= bit;
            self.len += 1;
            self.accounts.push(hash(account));
        }
    }

    /// Somebody is not to be passed over after all; says whether they were.
    pub fn remove(&mut self, user: &UserKey, account: &RemoteId) -> bool {
        let Some((shelf, place)) = self.find(user) else {
            return false;
        };
        let word = &mut self.shelves[shelf].bits[place / 64];
        let bit = 1 << (place % 64);
        let was = *word & bit != 0;
        if was {
            *word &= !bit;
            self.len -= 1;
            let account = hash(account);
            if let Some(at) = self.accounts.iter().position(|known| *known == account) {
                self.accounts.swap_remove(at);
            }
        }
        was
    }

    /// All are there.
    pub fn close(&mut self) {
        self.accounts.sort_unstable();
        self.accounts.shrink_to_fit();
    }

    /// Is this person even?
    #[must_use]
    pub fn holds(&self, user: &UserKey) -> bool {
        self.len > 0
            && self.find(user).is_some_and(|(shelf, place)| {
                self.shelves[shelf].bits[place / 64] & (1 << (place % 64)) != 0
            })
    }

    /// Is it the account of somebody who is even?
    #[must_use]
    pub fn owns(&self, account: &RemoteId) -> bool {
        self.accounts.binary_search(&hash(account)).is_ok()
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Is nobody even?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn find(&self, user: &UserKey) -> Option<(usize, usize)> {
        let at = self
            .shelves
            .iter()
            .position(|shelf| shelf.source == user.source)?;
        Some((at, self.shelves[at].keys.place(user)?))
    }
}

fn hash(account: &RemoteId) -> u64 {
    let mut hasher = DefaultHasher::new();
    account.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::people::People;
    use crate::core::reading::Coverage;
    use crate::core::user::User;

    fn user(id: &str) -> UserKey {
        UserKey::new(&SourceName::new("hq"), id)
    }

    fn reading(ids: &[&str]) -> Reading {
        let users = ids.iter().map(|id| User {
            key: user(id),
            label: (*id).into(),
            attributes: std::collections::BTreeMap::new(),
            disabled: false,
            manager: None,
        });
        Reading {
            source: SourceName::new("hq"),
            users: users.collect::<People>(),
            groups: Vec::new(),
            coverage: Coverage::Whole,
            broken: Vec::new(),
            notes: Vec::new(),
            dangling: None,
        }
    }

    #[test]
    fn whoever_is_even_is_known_with_the_account() {
        let readings = [reading(&["ana", "bob", "cid"])];
        let mut even = Even::among(&readings);
        for (id, account) in [("ana", "1"), ("cid", "3"), ("cid", "3"), ("dan", "4")] {
            even.insert(&user(id), &account.into());
        }
        even.close();
        assert_eq!(even.len(), 2, "dan is none of the reading");
        let who = ["ana", "bob", "cid", "dan"].map(|id| even.holds(&user(id)));
        assert_eq!(who, [true, false, true, false]);
        let whose = ["1", "2", "3", "4"].map(|id| even.owns(&id.into()));
        assert_eq!(whose, [true, false, true, false]);
        assert!(even.remove(&user("cid"), &"3".into()));
        assert!(!even.remove(&user("cid"), &"3".into()));
        even.close();
        assert_eq!((even.len(), even.holds(&user("cid"))), (1, false));
        assert!(!even.owns(&"3".into()));
    }
}
