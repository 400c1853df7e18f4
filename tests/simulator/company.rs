//! A small company that joins, edits, renames, leaves and returns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rollcall::core::key::{GroupKey, SourceName, UserKey};
use rollcall::core::reading::{Coverage, Reading};
use rollcall::core::user::{Group, User};
use rollcall::draw::Draw;
use rollcall::source::{ReadError, Source};

pub const GROUPS: [&str; 3] = ["staff", "guards", "night"];

/// One person, in the directory or not.
#[derive(Clone, Debug)]
pub struct Person {
    pub key: String,
    pub name: String,
    pub surname: String,
    pub title: Option<String>,
    pub groups: BTreeSet<&'static str>,
    pub disabled: bool,
    pub present: bool,
    pub manager: Option<String>,
}

impl Person {
    pub fn mail(&self) -> String {
        format!("{}.{}@example.com", self.name, self.surname).to_lowercase()
    }

    /// May this person have an account in anything?
    pub fn is_in(&self) -> bool {
        self.present && !self.disabled
    }
}

/// The company: shared by the story, which edits it, and the source, which reads it.
#[derive(Clone, Default)]
pub struct Company {
    people: Arc<Mutex<BTreeMap<String, Person>>>,
}

impl Company {
    pub fn people(&self) -> BTreeMap<String, Person> {
        self.people
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn edit<T>(&self, change: impl FnOnce(&mut BTreeMap<String, Person>) -> T) -> T {
        change(&mut self.people.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A company of `size` people.
    pub fn found(size: u64, draw: &Draw) -> Self {
        let company = Self::default();
        for _ in 0..size {
            company.hire(draw);
        }
        company
    }

    fn hire(&self, draw: &Draw) -> String {
        let number = self.edit(|people| people.len());
        let key = format!("p{number:03}");
        let keys: Vec<String> = self.people().into_keys().collect();
        let mut groups = BTreeSet::from(["staff"]);
        groups.extend(GROUPS.iter().filter(|_| draw.below(3) == 0));
        let person = Person {
            key: key.clone(),
            name: format!("Name{number}"),
            surname: format!("Sur{}", draw.below(1000)),
            title: (draw.below(2) == 0).then(|| format!("Title {}", draw.below(100))),
            groups,
            disabled: draw.below(12) == 0,
            present: true,
            manager: pick(&keys, draw),
        };
        let line = format!("{key} is hired");
        self.edit(|people| people.insert(key, person));
        line
    }

    /// One edit, and what it was in words.
    pub fn change(&self, draw: &Draw) -> String {
        let keys: Vec<String> = self.people().into_keys().collect();
        let Some(key) = pick(&keys, draw) else {
            return self.hire(draw);
        };
        let manager = pick(&keys, draw);
        let kind = draw.below(12);
        if kind == 0 {
            return self.hire(draw);
        }
        let group = GROUPS[draw.index(GROUPS.len())];
        let number = draw.below(1000);
        self.edit(|people| {
            let Some(person) = people.get_mut(&key) else {
                return String::new();
            };
            match kind {
                1 => {
                    person.present = false;
                    format!("{key} is deleted from the directory")
                }
                2 => {
                    person.present = true;
                    format!("{key} is in the directory (again)")
                }
                3 | 4 => {
                    person.disabled = !person.disabled;
                    format!(
                        "{key} is {}",
                        if person.disabled {
                            "disabled"
                        } else {
                            "enabled"
                        }
                    )
                }
                5 => {
                    person.surname = format!("Sur{number}");
                    format!("{key} is called {} now", person.surname)
                }
                6 | 7 => {
                    person.title = (!number.is_multiple_of(4)).then(|| format!("Title {number}"));
                    format!("{key} has the title {:?}", person.title)
                }
                8 => {
                    person.manager = manager;
                    format!("{key} reports to {:?}", person.manager)
                }
                _ => {
                    if !person.groups.remove(group) {
                        person.groups.insert(group);
                    }
                    format!("{key} is in {:?}", person.groups)
                }
            }
        })
    }
}

fn pick(keys: &[String], draw: &Draw) -> Option<String> {
    keys.get(draw.index(keys.len())).cloned()
}

pub fn source_name() -> SourceName {
    SourceName::new("hq")
}

#[async_trait]
impl Source for Company {
    async fn read(&self) -> Result<Reading, ReadError> {
        let source = source_name();
        let people = self.people();
        let present: Vec<&Person> = people.values().filter(|person| person.present).collect();
        let users: Vec<User> = present
            .iter()
            .map(|person| user(&source, person, &people))
            .collect();
        let groups = GROUPS
            .iter()
            .map(|name| Group {
                key: GroupKey::new(&source, format!("g-{name}")),
                name: Arc::from(*name),
                members: present
                    .iter()
                    .filter(|person| person.groups.contains(name))
                    .map(|person| UserKey::new(&source, &person.key))
                    .collect(),
            })
            .collect();
        Ok(Reading {
            source,
            users: users.into(),
            groups,
            coverage: Coverage::Whole,
            broken: Vec::new(),
            notes: Vec::new(),
            dangling: None,
        })
    }

    fn attributes(&self) -> Option<Vec<String>> {
        None
    }
}

fn user(source: &SourceName, person: &Person, people: &BTreeMap<String, Person>) -> User {
    let mut attributes: BTreeMap<Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
    let mut put = |name: &str, value: &str| {
        attributes.insert(Arc::from(name), vec![Arc::from(value)]);
    };
    put("uid", &person.key);
    put("mail", &person.mail());
    put("givenName", &person.name);
    put("sn", &person.surname);
    put("division", "Metro East");
    if let Some(title) = &person.title {
        put("title", title);
    }
    let manager = person
        .manager
        .as_ref()
        .filter(|manager| people.get(*manager).is_some_and(|manager| manager.present))
        .map(|manager| UserKey::new(source, manager));
    User {
        key: UserKey::new(source, &person.key),
        label: Arc::from(person.mail()),
        attributes,
        disabled: person.disabled,
        manager,
    }
}
