//! A made-up company, and the two CSV files that an export of its directory leaves.
//!
//! Promises the same people for the same numbers. Leaves to each story what happens to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// One person, as the directory has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub uid: String,
    pub given: String,
    pub family: String,
    pub title: Option<String>,
    pub disabled: bool,
}

/// One group, as the directory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    /// Keys of people.
    pub members: BTreeSet<String>,
}

/// Everybody, by the key that never changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    pub people: BTreeMap<String, Person>,
    pub groups: BTreeMap<String, Group>,
}

impl Company {
    /// So many people, dealt out evenly to so many groups called `Team 1`, `Team 2`, …
    pub fn of(people: usize, groups: usize) -> Self {
        let mut company = Self::default();
        for number in 1..=groups {
            company.found_group(number, &[]);
        }
        for number in 1..=people {
            let key = company.hire(number);
            if groups > 0 {
                let team = group_key((number - 1) % groups + 1);
                company.group(&team).members.insert(key);
            }
        }
        company
    }

    /// A person of that number joins, and is in no group yet. Gives the key.
    pub fn hire(&mut self, number: usize) -> String {
        let key = person_key(number);
        let person = Person {
            uid: format!("user{number:04}"),
            given: format!("Given{number}"),
            family: format!("Family{number}"),
            title: Some(format!("Title {number}")),
            disabled: false,
        };
        self.people.insert(key.clone(), person);
        key
    }

    /// A new group of that number.
    pub fn found_group(&mut self, number: usize, members: &[&str]) {
        let group = Group {
            name: format!("Team {number}"),
            members: members.iter().map(ToString::to_string).collect(),
        };
        self.groups.insert(group_key(number), group);
    }

    pub fn person(&mut self, key: &str) -> &mut Person {
        self.people
            .get_mut(key)
            .expect("the story knows its people")
    }

    pub fn group(&mut self, key: &str) -> &mut Group {
        self.groups
            .get_mut(key)
            .expect("the story knows its groups")
    }

    /// Out of the directory, and out of every group.
    pub fn remove(&mut self, key: &str) {
        self.people.remove(key);
        for group in self.groups.values_mut() {
            group.members.remove(key);
        }
    }

    /// Writes `users.csv` and `groups.csv` into `folder`.
    pub fn write(&self, folder: &Path) {
        let mut users = String::from("key,uid,mail,givenName,sn,title,disabled\n");
        for (key, person) in &self.people {
            let Person {
                uid,
                given,
                family,
                title,
                disabled,
            } = person;
            let title = title.as_deref().unwrap_or_default();
            let _ = writeln!(
                users,
                "{key},{uid},{uid}@example.com,{given},{family},{title},{disabled}"
            );
        }
        let mut groups = String::from("key,name,members\n");
        for (key, group) in &self.groups {
            let members: Vec<&str> = group.members.iter().map(String::as_str).collect();
            let _ = writeln!(groups, "{key},{},{}", group.name, members.join(";"));
        }
        fs::write(folder.join("users.csv"), users).expect("the folder can be written");
        fs::write(folder.join("groups.csv"), groups).expect("the folder can be written");
    }
}

pub fn person_key(number: usize) -> String {
    format!("p-{number:04}")
}

pub fn group_key(number: usize) -> String {
    format!("g-{number:02}")
}
