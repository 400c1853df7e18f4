//! What happens to the company, day by day.
//!
//! Promises the same month every time, and that on one day nothing happens to anybody twice. Leaves
//! what comes of it to the oracle.

use std::collections::BTreeSet;

use rollcall::draw::Draw;

use crate::company::{Company, Person, group_key};

pub const PEOPLE: usize = 1000;
pub const TEAMS: usize = 25;

/// What happens on every day, each to somebody else.
const A_DAY: [Edit; 10] = [
    Edit::Join,
    Edit::Title,
    Edit::Title,
    Edit::Rename,
    Edit::Disable,
    Edit::Enable,
    Edit::Move,
    Edit::Move,
    Edit::Remove,
    Edit::Untitle,
];

#[derive(Clone, Copy, Debug)]
enum Edit {
    Join,
    Title,
    Untitle,
    Rename,
    Disable,
    Enable,
    Move,
    Remove,
}

/// The company, and who is missing from its directory since this morning.
pub struct Script {
    pub company: Company,
    pub missing: BTreeSet<String>,
    draw: Draw,
}

impl Script {
    pub fn begin() -> Self {
        let mut company = Company::of(PEOPLE, TEAMS);
        // Somebody whom the first day can let in.
        company.person("p-0500").disabled = true;
        Self {
            company,
            missing: BTreeSet::new(),
            draw: Draw::seeded(2026),
        }
    }

    /// A day without edits.
    pub fn rest(&mut self) {
        self.missing.clear();
    }

    /// A day with ten.
    pub fn day(&mut self) {
        self.rest();
        let mut touched = BTreeSet::new();
        for edit in A_DAY {
            self.edit(edit, &mut touched);
        }
    }

    fn edit(&mut self, edit: Edit, touched: &mut BTreeSet<String>) {
        let number = usize::try_from(self.draw.below(10_000)).unwrap_or_default();
        if let Edit::Join = edit {
            let last = self.company.people.keys().next_back();
            let last = last.and_then(|key| key.trim_start_matches("p-").parse::<usize>().ok());
            let key = self.company.hire(last.unwrap_or_default() + 1);
            let team = group_key(number % TEAMS + 1);
            self.company.group(&team).members.insert(key.clone());
            touched.insert(key);
            return;
        }
        let fits: fn(&Person) -> bool = match edit {
            Edit::Enable => |person| person.disabled,
            Edit::Untitle => |person| !person.disabled && person.title.is_some(),
            _ => |person| !person.disabled,
        };
        let key = self.pick(fits, touched);
        let person = self.company.person(&key);
        match edit {
            Edit::Join => {}
            Edit::Title => person.title = Some(format!("Head of {number}")),
            Edit::Untitle => person.title = None,
            Edit::Rename => {
                person.family = format!("Renamed{number}");
                person.uid = format!("renamed{number}-{}", person.uid);
            }
            Edit::Disable => person.disabled = true,
            Edit::Enable => person.disabled = false,
            Edit::Move => self.transfer(&key, number),
            Edit::Remove => {
                self.company.remove(&key);
                self.missing.insert(key.clone());
            }
        }
        touched.insert(key);
    }

    /// Into another team than before.
    fn transfer(&mut self, key: &str, number: usize) {
        let is_in = |number: usize| {
            let group = &self.company.groups[&group_key(number % TEAMS + 1)];
            group.members.contains(key)
        };
        let number = number + usize::from(is_in(number));
        for group in self.company.groups.values_mut() {
            group.members.remove(key);
        }
        let team = self.company.group(&group_key(number % TEAMS + 1));
        team.members.insert(key.to_owned());
    }

    /// Somebody whom nothing has happened to today.
    fn pick(&self, fits: fn(&Person) -> bool, touched: &BTreeSet<String>) -> String {
        let people = self.company.people.iter();
        let people: Vec<&String> = people
            .filter(|(key, person)| !touched.contains(*key) && fits(person))
            .map(|(key, _)| key)
            .collect();
        let at = usize::try_from(self.draw.below(people.len() as u64)).unwrap_or_default();
        people[at].clone()
    }
}
