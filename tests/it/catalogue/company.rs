//! A small company with all that any connector's mapping names.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// One person, as the directory has them.
#[derive(Clone, Debug)]
pub struct Person {
    pub key: &'static str,
    pub family: &'static str,
    pub disabled: bool,
}

/// One group, as the directory has it.
#[derive(Clone, Debug)]
pub struct Group {
    pub key: &'static str,
    pub name: &'static str,
    pub members: BTreeSet<&'static str>,
}

/// Everybody.
#[derive(Clone, Debug)]
pub struct Company {
    pub people: Vec<Person>,
    pub groups: Vec<Group>,
}

impl Company {
    /// Six people in two groups.
    pub fn small() -> Self {
        let families = ["Adeyemi", "Brückner", "Chen", "D'Arcy", "Eriksen", "Fujita"];
        let keys = ["a", "b", "c", "d", "e", "f"];
        let people = keys.into_iter().zip(families).map(|(key, family)| Person {
            key,
            family,
            disabled: false,
        });
        let group = |key, name, members: &[&'static str]| Group {
            key,
            name,
            members: members.iter().copied().collect(),
        };
        Self {
            people: people.collect(),
            groups: vec![
                group("east", "East", &["a", "b", "c"]),
                group("west", "West", &["d", "e", "f"]),
            ],
        }
    }

    pub fn person(&mut self, key: &str) -> &mut Person {
        let mut people = self.people.iter_mut();
        people
            .find(|person| person.key == key)
            .expect("the story knows its people")
    }

    pub fn group(&mut self, key: &str) -> &mut Group {
        let mut groups = self.groups.iter_mut();
        groups
            .find(|group| group.key == key)
            .expect("the story knows its groups")
    }

    /// Writes `directory.yaml` into `folder`.
    pub fn write(&self, folder: &Path) {
        let mut text = String::from("users:\n");
        for Person {
            key,
            family,
            disabled,
        } in &self.people
        {
            let _ = writeln!(
                text,
                "  - {{ key: key-{key}, uid: {key}, mail: {key}@example.com, givenName: Sam, sn: \
                 \"{family}\", displayName: \"Sam {family}\", title: Clerk, department: Post, \
                 division: Metro, salesforceProfile: 00e1, disabled: {disabled} }}"
            );
        }
        text.push_str("groups:\n");
        for Group { key, name, members } in &self.groups {
            let members: Vec<String> = members.iter().map(|key| format!("key-{key}")).collect();
            let _ = writeln!(
                text,
                "  - {{ key: group-{key}, name: {name}, members: [{}] }}",
                members.join(", ")
            );
        }
        fs::write(folder.join("directory.yaml"), text).expect("the folder can be written");
    }
}
