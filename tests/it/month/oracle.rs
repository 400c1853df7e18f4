//! What the app should hold, worked out from the company alone.
//!
//! Promises to know nothing of plans, links or requests. Leaves looking at the app to the story.

use std::collections::{BTreeMap, BTreeSet};

use crate::company::{Company, Person};

/// Users who need a write, and members who need to be sent; or those that were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub users: usize,
    pub members: usize,
}

/// An account as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    On(Person),
    Off,
}

/// What the app should hold.
#[derive(Clone, Default)]
pub struct Wanted {
    pub accounts: BTreeMap<String, Held>,
    /// Group and member.
    pub members: BTreeSet<(String, String)>,
}

impl Wanted {
    /// What it should hold now, after what it held, while these are missing for the first time.
    pub fn after(&self, company: &Company, missing: &BTreeSet<String>) -> Self {
        let is_in = |key: &str| {
            let person = company.people.get(key);
            person.is_some_and(|person| !person.disabled)
        };
        let mut accounts = self.accounts.clone();
        for (key, account) in &mut accounts {
            if !is_in(key) && !missing.contains(key) {
                *account = Held::Off;
            }
        }
        for (key, person) in company.people.iter().filter(|(key, _)| is_in(key)) {
            accounts.insert(key.clone(), Held::On(person.clone()));
        }
        let pairs = company.groups.iter().flat_map(|(group, content)| {
            let members = content.members.iter().filter(|member| is_in(member));
            members.map(|member| (group.clone(), member.clone()))
        });
        let held = self.members.iter().cloned();
        let kept = held.filter(|(_, member)| missing.contains(member));
        Self {
            accounts,
            members: pairs.chain(kept).collect(),
        }
    }

    pub fn differences(&self, other: &Self) -> Tally {
        let changed = |(key, account): &(&String, &Held)| self.accounts.get(*key) != Some(account);
        Tally {
            users: other.accounts.iter().filter(changed).count(),
            members: self.members.symmetric_difference(&other.members).count(),
        }
    }
}
