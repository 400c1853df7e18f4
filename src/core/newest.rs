//! How far a directory had come when it was read, by the numbers that it gives its changes.
//!
//! Promises that a directory which lacks a change that was seen before is told from one that has it,
//! and from one of which that cannot be told; numbers of two servers are compared only where they mean
//! the same. Leaves asking for the numbers to the sources, and what an older directory means to
//! [`super::reading`].

use std::collections::BTreeMap;
use std::fmt;

/// What a number counts; the surest comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// When an entry was changed last: of some, the newest of all.
    Entry,
    /// The changes that one of several servers made, by their time: those of two servers compare.
    Time,
    /// The changes of one database, which others know of as well.
    Count,
    /// All that happened to one database, and nobody else knows of.
    Here,
    /// Which database a server has: it is the origin of a [`Count`](Self::Count).
    Database,
}

/// The last change, by what gave it its number. Those of one scale compare as texts.
pub type Marks = BTreeMap<(Scale, String), String>;

/// How far a directory had come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// What the reading has: a later one that lacks any of it is older.
    pub seen: Marks,
    /// What the server surely has.
    pub reached: Marks,
}

/// How a server stands to what was seen before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It has all of it.
    Reached,
    /// Nobody can tell.
    Unknown,
    /// It lacks this.
    Lacks(Lack),
}

/// A change that was seen before and is not there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    scale: Scale,
    at: String,
}

impl Scale {
    /// All scales.
    pub const ALL: [Self; 5] = [
        Self::Entry,
        Self::Time,
        Self::Count,
        Self::Here,
        Self::Database,
    ];

    /// The word of the state.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Count => "count",
            Self::Here => "here",
            Self::Database => "database",
            Self::Entry => "entry",
        }
    }

    /// The scale of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scale| scale.word() == word)
    }
}

/// A number as a text that compares like it.
#[must_use]
pub fn number(number: u64) -> String {
    format!("{number:020}")
}

impl Newest {
    /// One mark that was seen, and is surely there.
    pub fn put(&mut self, scale: Scale, origin: impl Into<String>, at: impl Into<String>) {
        let (key, at) = ((scale, origin.into()), at.into());
        raise_one(&mut self.seen, &key, &at);
        raise_one(&mut self.reached, &key, &at);
    }

    /// One mark that is surely there, and says nothing of what the reading has.
    pub fn reach(&mut self, scale: Scale, origin: impl Into<String>, at: impl Into<String>) {
        raise_one(&mut self.reached, &(scale, origin.into()), &at.into());
    }

    /// One mark that was seen.
    pub fn see(&mut self, scale: Scale, origin: impl Into<String>, at: impl Into<String>) {
        raise_one(&mut self.seen, &(scale, origin.into()), &at.into());
    }

    /// Does the server number nothing?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reached.is_empty()
    }

    /// How a server that has come so far stands to what was `seen` before, where `holds` says whether
    /// an entry is still there.
    #[must_use]
    pub fn compare(&self, seen: &Marks, holds: impl Fn(&str) -> bool) -> Standing {
        let marks = seen.iter();
        let standings =
            marks.map(|((scale, origin), at)| self.standing(*scale, origin, at, &holds));
        standings.max().unwrap_or(Standing::Unknown)
    }

    fn standing(
        &self,
        scale: Scale,
        origin: &str,
        at: &str,
        holds: &impl Fn(&str) -> bool,
    ) -> Standing {
        let own = self.reached.get(&(scale, origin.to_owned()));
        let is_there = match scale {
            // A server whose number is not here at all was taken out of service, or the tree was
            // loaded anew: then the newest of all has to do.
            Scale::Time => own
                .or_else(|| self.of(scale).max())
                .map(|own| own.as_str() >= at),
            Scale::Count | Scale::Here => own.map(|own| own.as_str() >= at),
            Scale::Database => own.map(|own| own == at || self.knows(at)),
            // Who is still there, and not among the newest any more, is older than these.
            Scale::Entry => own
                .or_else(|| {
                    self.of(scale)
                        .min()
                        .filter(|least| least.as_str() < at && holds(origin))
                })
                .map(|own| own.as_str() >= at),
        };
        match is_there {
            None => Standing::Unknown,
            Some(true) => Standing::Reached,
            Some(false) => Standing::Lacks(Lack {
                scale,
                at: at.to_owned(),
            }),
        }
    }

    fn of(&self, scale: Scale) -> impl Iterator<Item = &String> {
        let marks = self.reached.iter();
        marks.filter_map(move |((own, _), at)| (*own == scale).then_some(at))
    }

    /// Is it said how much of the changes of that database is here?
    fn knows(&self, database: &str) -> bool {
        let count = (Scale::Count, database.to_owned());
        self.reached.contains_key(&count)
    }
}

/// Takes what is newer in `other`. Of entries, only the newest of all say something: those of `other`,
/// if it has any.
pub fn raise(marks: &mut Marks, other: &Marks) {
    let is_entry = |scale: Scale| scale == Scale::Entry;
    if other.keys().any(|(scale, _)| is_entry(*scale)) {
        marks.retain(|(scale, _), _| !is_entry(*scale));
    }
    for (key, at) in other {
        if key.0 == Scale::Database {
            marks.insert(key.clone(), at.clone());
        } else {
            raise_one(marks, key, at);
        }
    }
}

fn raise_one(marks: &mut Marks, key: &(Scale, String), at: &str) {
    let known = marks.entry(key.clone()).or_default();
    if at > known.as_str() {
        at.clone_into(known);
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = || match self.at.trim_start_matches('0') {
            "" => "0",
            number => number,
        };
        match self.scale {
            Scale::Time => write!(f, "a change of {}", time(&self.at)),
            Scale::Count | Scale::Here => write!(f, "the change number {}", number()),
            Scale::Database => f.write_str("a database that it knows nothing of"),
            Scale::Entry => write!(f, "an entry as it was changed at {}", time(&self.at)),
        }
    }
}

/// `20261122093348.123456Z…` for people.
fn time(at: &str) -> String {
    let parts = [0..4, 4..6, 6..8, 8..10, 10..12, 12..14].map(|part| at.get(part));
    match parts {
        [
            Some(year),
            Some(month),
            Some(day),
            Some(hour),
            Some(minute),
            Some(second),
        ] => format!("{year}-{month}-{day} {hour}:{minute}:{second} UTC"),
        _ => at.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(all: &[(Scale, &str, &str)]) -> Marks {
        let marks = all.iter();
        marks
            .map(|(scale, origin, at)| ((*scale, (*origin).to_owned()), (*at).to_owned()))
            .collect()
    }

    /// How a server that has come so far stands to what was seen, where `ann` and `staff` are there.
    fn standing(reached: &[(Scale, &str, &str)], seen: &[(Scale, &str, &str)]) -> &'static str {
        let newest = Newest {
            seen: Marks::new(),
            reached: marks(reached),
        };
        match newest.compare(&marks(seen), |entry| ["ann", "staff"].contains(&entry)) {
            Standing::Reached => "reached",
            Standing::Unknown => "unknown",
            Standing::Lacks(_) => "lacks",
        }
    }

    #[test]
    fn times_of_two_servers_compare() {
        use Scale::Time;
        let old = [(Time, "001", "20261121000000.000000Z#000000")];
        let new = [(Time, "001", "20261122000000.000000Z#000000")];
        let counted = [(Time, "001", "20261122000000.000000Z#000001")];
        let two = [new[0], (Time, "002", "20261120000000.000000Z#000000")];
        for (reached, seen, told) in [
            (&new[..], &old[..], "reached"),
            (&old, &new, "lacks"),
            (&new, &new, "reached"),
            (&new, &counted, "lacks"),
            (&counted, &new, "reached"),
            (&two, &new, "reached"),
            (&new, &two, "reached"),
            (&old, &two, "lacks"),
            (&[], &old, "unknown"),
            (&old, &[], "unknown"),
        ] {
            assert_eq!(standing(reached, seen), told, "{reached:?} {seen:?}");
        }
    }

    #[test]
    fn a_count_is_compared_with_that_of_the_same_database() {
        use Scale::{Count, Database, Here};
        let seen = [
            (Count, "d1", "00040"),
            (Database, "dc1", "d1"),
            (Here, "d1", "00041"),
        ];
        let dc1 = (Database, "dc1", "d1");
        for (reached, told) in [
            (
                &[(Count, "d1", "00041"), (Here, "d1", "00041"), dc1][..],
                "reached",
            ),
            (
                &[(Count, "d1", "00040"), (Here, "d1", "00040"), dc1],
                "lacks",
            ),
            // Another controller: what it has of the first one decides.
            (
                &[
                    (Count, "d2", "9"),
                    (Count, "d1", "00040"),
                    (Database, "dc2", "d2"),
                ],
                "unknown",
            ),
            (
                &[
                    (Count, "d2", "9"),
                    (Count, "d1", "00039"),
                    (Database, "dc2", "d2"),
                ],
                "lacks",
            ),
            (&[(Count, "d2", "9"), (Database, "dc2", "d2")], "unknown"),
            // The same one with another database, which caught up with the others or did not.
            (&[(Count, "d3", "9"), (Database, "dc1", "d3")], "lacks"),
            (
                &[
                    (Count, "d3", "9"),
                    (Count, "d1", "00039"),
                    (Database, "dc1", "d3"),
                ],
                "lacks",
            ),
            (
                &[
                    (Count, "d3", "9"),
                    (Count, "d1", "00040"),
                    (Database, "dc1", "d3"),
                ],
                "unknown",
            ),
        ] {
            assert_eq!(standing(reached, &seen), told, "{reached:?}");
        }
    }

    #[test]
    fn an_entry_that_is_older_than_it_was_betrays_a_restore_and_one_that_is_gone_does_not() {
        use Scale::Entry;
        for (reached, seen, told) in [
            (
                &[(Entry, "ann", "2")][..],
                &[(Entry, "ann", "2")][..],
                "reached",
            ),
            (&[(Entry, "ann", "1")], &[(Entry, "ann", "2")], "lacks"),
            // Among the newest no more: others were changed since, or it is older than it was.
            (&[(Entry, "bob", "3")], &[(Entry, "ann", "2")], "unknown"),
            (&[(Entry, "bob", "1")], &[(Entry, "ann", "2")], "lacks"),
            (
                &[(Entry, "bob", "1")],
                &[(Entry, "deleted", "2")],
                "unknown",
            ),
            (&[], &[(Entry, "ann", "2")], "unknown"),
        ] {
            assert_eq!(standing(reached, seen), told, "{reached:?} {seen:?}");
        }
    }

    #[test]
    fn what_was_seen_only_rises_and_entries_are_those_of_the_last_reading() {
        use Scale::{Count, Database, Entry, Time};
        let mut known = marks(&[
            (Time, "001", "5"),
            (Count, "d1", "7"),
            (Database, "dc1", "d1"),
            (Entry, "ann", "9"),
        ]);
        raise(
            &mut known,
            &marks(&[(Time, "001", "4"), (Time, "002", "1")]),
        );
        raise(&mut known, &marks(&[(Database, "dc1", "a0")]));
        raise(&mut known, &marks(&[(Entry, "bob", "8")]));
        assert_eq!(
            known,
            marks(&[
                (Time, "001", "5"),
                (Time, "002", "1"),
                (Count, "d1", "7"),
                (Database, "dc1", "a0"),
                (Entry, "bob", "8"),
            ])
        );
    }

    #[test]
    fn what_is_lacking_is_said_in_words() {
        for (scale, at, words) in [
            (
                Scale::Time,
                "20261122093348.123456Z#000000",
                "a change of 2026-11-22 09:33:48 UTC",
            ),
            (Scale::Here, &number(4711), "the change number 4711"),
            (
                Scale::Entry,
                "20261122093348Z",
                "an entry as it was changed at 2026-11-22 09:33:48 UTC",
            ),
            (Scale::Time, "new", "a change of new"),
        ] {
            let at = at.to_owned();
            assert_eq!(Lack { scale, at }.to_string(), words);
        }
    }
}
