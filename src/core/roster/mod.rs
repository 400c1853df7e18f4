//! Several sources as one roster: whose rows belong to one person, and which source speaks for what.
//!
//! Promises that two rows are one person only when both give the same join key and nobody else does,
//! that the order of the sources is the one of `from`, and that nobody loses anything because a source
//! was not read as a whole. Leaves reading the sources to the engine, and what an absence means to
//! [`super::reading`].
//!
//! A person lives in the first source of `from` that brings people (`people`) and holds a row: that
//! source's key is the person's, and its word counts for being there. What the other rows add:
//!
//! - an attribute comes from the first source in its own order, else in that of `from`, which has it;
//! - whoever is disabled in any of them is disabled;
//! - groups of all sources hold the person, and a manager of any source is the person joined;
//! - a row of a source that brings no people, and joins nobody, is none of ours.
//!
//! Whoever has no row in a source that was not read (refused, in part, with broken rows) may have one, and
//! so may whoever had one in a source that has not said the last word on it (`absent_for`, where the row is
//! now): such people stay as they are, unless a source that was read says that they are disabled.

mod merge;
mod ties;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::expression::Program;
use super::key::{SourceName, UserKey};
use super::people::Packer;
use super::reading::{Coverage, Reading};
use super::user::User;
use merge::merge;
use ties::Ties;

/// How sources are joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// Every source, the first that speaks for a person first.
    pub from: Vec<SourceName>,
    /// Those of them that bring people.
    pub people: BTreeSet<SourceName>,
    /// What joins the rows of one person, by source.
    pub keys: BTreeMap<SourceName, Program>,
    /// Who speaks for an attribute, where that is not the order of `from`.
    pub attributes: BTreeMap<Arc<str>, Vec<SourceName>>,
}

/// People who had rows in these sources, which do not show them now and have not said the last word.
pub type Awaited = BTreeMap<UserKey, BTreeSet<SourceName>>;

/// The readings as one roster.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joined {
    /// The readings, each person in that of their own source and nowhere else.
    pub readings: Vec<Reading>,
    /// Keys of rows that belong to a person under another key.
    pub aliases: BTreeMap<UserKey, UserKey>,
    /// Rows that are nobody of ours.
    pub outside: BTreeSet<UserKey>,
    /// People of whom a source that was not read as a whole may have more to say.
    pub unsure: BTreeSet<UserKey>,
}

impl Joint {
    /// Joins `readings`; a source of `from` that is missing among them could not be read.
    #[must_use]
    pub fn join(&self, readings: Vec<Reading>, awaited: &Awaited) -> Joined {
        let ties = Ties::of(self, &readings);
        let incomplete = self.incomplete(&readings);
        let mut work = Work {
            joint: self,
            incomplete,
            awaited,
            waiting: BTreeMap::new(),
            rows: BTreeMap::new(),
            merged: Vec::new(),
            joined: Joined::default(),
        };
        work.joined.readings = readings;
        work.hold_back(&ties);
        work.take_rows();
        work.people(&ties);
        work.refer();
        work.put_back();
        work.note(&ties);
        work.joined
    }

    /// Sources that may hold rows which their readings do not show.
    fn incomplete(&self, readings: &[Reading]) -> BTreeSet<SourceName> {
        let is_complete = |source: &SourceName| {
            let mut readings = readings.iter();
            let reading = readings.find(|reading| reading.source == *source);
            reading.is_some_and(|reading| {
                let mut users = reading.broken.iter().filter(|row| row.group.is_none());
                reading.coverage == Coverage::Whole && users.next().is_none()
            })
        };
        let sources = self.from.iter().filter(|source| !is_complete(source));
        sources.cloned().collect()
    }

    /// The place of a source in `from`.
    fn place(&self, source: &SourceName) -> Option<usize> {
        self.from.iter().position(|one| one == source)
    }

    /// The place of a source among those that speak for an attribute.
    fn rank(&self, attribute: &str, source: &SourceName) -> Option<usize> {
        let order = self.attributes.get(attribute).unwrap_or(&self.from);
        order.iter().position(|one| one == source)
    }
}

struct Work<'a> {
    joint: &'a Joint,
    incomplete: BTreeSet<SourceName>,
    awaited: &'a Awaited,
    /// Who waits for rows of a source that was read as a whole.
    waiting: BTreeMap<SourceName, usize>,
    rows: BTreeMap<UserKey, User>,
    merged: Vec<User>,
    joined: Joined,
}

impl Work<'_> {
    /// Two people with one join key are held back like broken rows, with all that joins them.
    fn hold_back(&mut self, ties: &Ties) {
        for reading in &mut self.joined.readings {
            let source = &reading.source;
            let clashes = ties.clashes.iter().filter(|row| {
                let user = row.user.as_ref();
                user.is_some_and(|user| user.source == *source)
            });
            let clashes: Vec<_> = clashes.cloned().collect();
            reading.broken.extend(clashes);
        }
    }

    fn take_rows(&mut self) {
        for reading in &mut self.joined.readings {
            let users = std::mem::take(&mut reading.users);
            let rows = users.iter().map(|user| (user.key.clone(), user));
            self.rows.extend(rows);
        }
    }

    /// Makes people of the rows that belong together, and of those that stand alone.
    fn people(&mut self, ties: &Ties) {
        for rows in &ties.people {
            let rows: Vec<User> = rows
                .iter()
                .filter_map(|key| self.rows.remove(key))
                .collect();
            self.person(rows);
        }
        for key in &ties.clashing {
            self.rows.remove(key);
        }
        for (_, row) in std::mem::take(&mut self.rows) {
            self.person(vec![row]);
        }
    }

    /// One person of rows of different sources.
    fn person(&mut self, rows: Vec<User>) {
        let from = &self.joint.from;
        let bringing = from.iter().filter(|name| self.joint.people.contains(*name));
        let own = bringing
            .filter_map(|name| rows.iter().find(|row| row.key.source == *name))
            .map(|row| row.key.clone())
            .next();
        let sources: BTreeSet<&SourceName> = rows.iter().map(|row| &row.key.source).collect();
        let may_be_more = self.incomplete.iter().any(|name| !sources.contains(name));
        let Some(key) = own else {
            let keys = rows.into_iter().map(|row| row.key);
            if may_be_more {
                self.joined.unsure.extend(keys);
            } else {
                self.joined.outside.extend(keys);
            }
            return;
        };
        let others = rows.iter().map(|row| &row.key).filter(|row| **row != key);
        let others = others.map(|row| (row.clone(), key.clone()));
        self.joined.aliases.extend(others);
        let awaited = self.awaited.get(&key).into_iter().flatten();
        let awaited =
            awaited.filter(|name| !self.incomplete.contains(*name) && !sources.contains(name));
        let mut awaits = false;
        for name in awaited {
            awaits = true;
            *self.waiting.entry(name.clone()).or_default() += 1;
        }
        if may_be_more || awaits {
            self.joined.unsure.insert(key.clone());
        }
        self.merged.push(merge(self.joint, key, rows));
    }

    /// Members and managers are people from now on, whichever row they were.
    fn refer(&mut self) {
        let Joined {
            readings,
            aliases,
            outside,
            ..
        } = &mut self.joined;
        let person = |key: UserKey| aliases.get(&key).cloned().unwrap_or(key);
        for user in &mut self.merged {
            let manager = user.manager.take().map(person);
            user.manager = manager.filter(|manager| !outside.contains(manager));
        }
        for reading in readings {
            for group in &mut reading.groups {
                let members = group.members.iter();
                let members = members.filter(|key| !outside.contains(key)).map(person);
                group.members = members.collect();
            }
        }
    }

    /// Puts everybody into the reading of their own source.
    fn put_back(&mut self) {
        let mut packers: BTreeMap<SourceName, Packer> = BTreeMap::new();
        self.merged.sort_by(|one, other| one.key.cmp(&other.key));
        for person in self.merged.drain(..) {
            let own = packers.entry(person.key.source.clone()).or_default();
            own.push(&person);
        }
        for reading in &mut self.joined.readings {
            let own = packers.remove(&reading.source);
            reading.users = own.unwrap_or_default().finish();
        }
    }

    /// Says of each source who could not be joined, and who waits.
    fn note(&mut self, ties: &Ties) {
        let Joined {
            readings,
            outside,
            unsure,
            ..
        } = &mut self.joined;
        for reading in readings {
            let source = reading.source.clone();
            let count = |keys: &BTreeSet<UserKey>| {
                let own = keys.iter().filter(|key| key.source == source);
                own.count()
            };
            let keyless = ties.keyless.get(&source).copied().unwrap_or_default();
            if keyless > 0 && self.joint.people.contains(&source) {
                let people = told(
                    keyless,
                    "has no join key and stands",
                    "have no join key and stand",
                );
                reading.notes.push(format!("{people} alone"));
            }
            let strangers = count(outside);
            if strangers > 0 {
                let people = told(strangers, "joins nobody and is", "join nobody and are");
                let note =
                    format!("{people} none of ours: `{source}` brings no people (`people:`)");
                reading.notes.push(note);
            }
            if let Some(waiting) = self.waiting.get(&source) {
                let people = told(*waiting, "stays", "stay");
                reading.notes.push(format!(
                    "{people} as before: `{source}` does not show their row any more, and it is not yet \
                     sure that it is gone"
                ));
            }
            let waiting = count(unsure);
            if waiting > 0 && !self.incomplete.is_empty() {
                let others = self.incomplete.iter().filter(|name| **name != source);
                let others: Vec<String> = others.map(|name| format!("`{name}`")).collect();
                let people = told(waiting, "stays", "stay");
                reading.notes.push(format!(
                    "{people} as before: {}, not read as a whole, may have more to say of them",
                    others.join(" and ")
                ));
            }
        }
    }
}

fn told(number: usize, one: &str, several: &str) -> String {
    match number {
        1 => format!("1 user {one}"),
        number => format!("{number} users {several}"),
    }
}

#[cfg(test)]
mod tests;
