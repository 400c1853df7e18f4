//! Everybody of all readings, in the order of their keys, with the groups they are in.
//!
//! Promises each person once, and no more of them in memory at a time than a portion. Leaves what
//! they should have to [`super::desired`].

use std::sync::Arc;

use super::key::UserKey;
use super::reading::Reading;
use super::user::User;

/// So many people are a portion: enough that a group is not looked through for each of them.
const PORTION: usize = 1024;

/// So few are looked up in each group; more are met on the way through it.
const FEW: usize = 8;

/// Somebody, with the names of the groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub user: User,
    /// The names of the groups they are in, sorted, whichever reading holds the group.
    pub groups: Vec<Arc<str>>,
}

/// Everybody of all readings.
#[derive(Clone)]
pub struct Crowd<'a> {
    readings: &'a [Reading],
    /// The readings in the order of their sources, each with the place of its first person.
    order: Vec<(&'a Reading, usize)>,
    len: usize,
    portion: usize,
}

impl<'a> Crowd<'a> {
    /// The people of `readings`.
    #[must_use]
    pub fn of(readings: &'a [Reading]) -> Self {
        let mut sorted: Vec<&Reading> = readings.iter().collect();
        sorted.sort_by(|one, other| one.source.cmp(&other.source));
        let mut len = 0;
        let order = sorted.into_iter().map(|reading| {
            let first = len;
            len += reading.users.len();
            (reading, first)
        });
        Self {
            readings,
            order: order.collect(),
            len,
            portion: PORTION,
        }
    }

    /// The same, in portions of that many.
    #[must_use]
    pub fn in_portions_of(self, portion: usize) -> Self {
        Self {
            portion: portion.max(1),
            ..self
        }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Nobody?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The place of somebody in the order of all.
    #[must_use]
    pub fn place(&self, key: &UserKey) -> Option<usize> {
        let mut order = self.order.iter();
        let (reading, first) = order.find(|(reading, _)| reading.source == key.source)?;
        Some(first + reading.users.keys().place(key)?)
    }

    /// Whoever has this key.
    #[must_use]
    pub fn person(&self, key: &UserKey) -> Option<Person> {
        self.people([key]).pop()
    }

    /// Those who have one of these keys, which are sorted.
    pub fn people<'k>(&self, keys: impl IntoIterator<Item = &'k UserKey>) -> Vec<Person> {
        let user = |key: &UserKey| {
            let mut order = self.order.iter();
            order.find_map(|(reading, _)| reading.user(key))
        };
        let mut users: Vec<User> = keys.into_iter().filter_map(user).collect();
        with_groups(self.readings, &mut users)
    }

    /// The key at a place in the order of all.
    #[must_use]
    pub fn key(&self, place: usize) -> Option<UserKey> {
        let at = self.order.partition_point(|(_, first)| *first <= place);
        let (reading, first) = self.order.get(at.checked_sub(1)?)?;
        reading.users.keys().get(place - first)
    }

    /// The key of the last person of each portion.
    pub fn marks(&self) -> impl Iterator<Item = UserKey> + '_ {
        let ends = (self.portion..self.len).step_by(self.portion);
        ends.filter_map(|end| self.key(end - 1))
            .chain(self.len.checked_sub(1).and_then(|last| self.key(last)))
    }

    /// Everybody, a portion after the other.
    pub fn portions(&self) -> impl Iterator<Item = Vec<Person>> + '_ {
        let mut users = self
            .order
            .iter()
            .flat_map(|(reading, _)| reading.users.iter());
        std::iter::from_fn(move || {
            let mut portion: Vec<User> = users.by_ref().take(self.portion).collect();
            (!portion.is_empty()).then(|| with_groups(self.readings, &mut portion))
        })
    }
}

/// Looks through all groups for users who are sorted by key.
fn with_groups(readings: &[Reading], users: &mut Vec<User>) -> Vec<Person> {
    let mut people: Vec<Person> = users
        .drain(..)
        .map(|user| Person {
            user,
            groups: Vec::new(),
        })
        .collect();
    let (Some(first), Some(last)) = (people.first(), people.last()) else {
        return people;
    };
    let (first, last) = (first.user.key.clone(), last.user.key.clone());
    let groups = readings.iter().flat_map(|reading| &reading.groups);
    if people.len() <= FEW {
        for group in groups {
            for person in &mut people {
                if group.members.contains(&person.user.key) {
                    person.groups.push(Arc::clone(&group.name));
                }
            }
        }
        return sorted(people);
    }
    for group in groups {
        for member in group.members.range(&first, &last) {
            if let Ok(at) = people.binary_search_by(|person| person.user.key.cmp(&member)) {
                people[at].groups.push(Arc::clone(&group.name));
            }
        }
    }
    sorted(people)
}

fn sorted(mut people: Vec<Person>) -> Vec<Person> {
    for person in &mut people {
        person.groups.sort();
        person.groups.dedup();
    }
    people
}
