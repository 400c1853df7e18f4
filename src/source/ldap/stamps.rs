//! When entries were changed last, as far as a later reading can be measured by it.
//!
//! Promises to ask for nothing where the server numbers all its changes for everybody, and to keep the
//! newest of all and no more. Leaves what they mean to [`crate::core::newest`].

use std::collections::BTreeSet;

use super::content;
use super::dialect::Dialect;
use super::entry::Entry;
use crate::core::newest::{Newest, Scale, number};
use crate::core::reading::{GROUP, USER};

/// When an entry was changed last (RFC 4512, 3.4.3).
const MODIFIED: &str = "modifyTimestamp";
/// The same, as a controller numbers it (MS-ADTS, 3.1.1.1.9).
const CHANGED: &str = "uSNChanged";
/// So many are kept.
const MOST: usize = 16;

/// How far the server had come, and the newest of the entries that were read.
pub(super) struct Stamps {
    newest: Newest,
    by: By,
}

/// What is looked at.
enum By {
    /// Nothing: other servers have the numbers, too.
    Nothing,
    /// The number of each entry; the highest so far, of the changes of this database.
    Number { database: String, highest: u64 },
    /// The time of each entry; the newest so far.
    Time(BTreeSet<(String, String)>),
}

impl Stamps {
    /// None yet, of a server that has come so far.
    pub(super) fn beside(newest: Newest, dialect: Dialect) -> Self {
        let mut marks = newest.seen.iter();
        let database = marks.find(|((scale, _), _)| *scale == Scale::Database);
        let is_told = newest.seen.keys().any(|(scale, _)| *scale == Scale::Time);
        let by = match (database, dialect) {
            (Some((_, database)), _) => By::Number {
                database: database.clone(),
                highest: 0,
            },
            // A controller says when an entry came to it, and each another time.
            (None, Dialect::Ad) => By::Nothing,
            (None, Dialect::OpenLdap | Dialect::Rhds | Dialect::FreeIpa | Dialect::Other)
                if is_told =>
            {
                By::Nothing
            }
            (None, Dialect::OpenLdap | Dialect::Rhds | Dialect::FreeIpa | Dialect::Other) => {
                By::Time(BTreeSet::new())
            }
        };
        Self { newest, by }
    }

    /// The attributes to ask for, with what is needed here.
    pub(super) fn beyond(&self, mut attributes: Vec<String>) -> Vec<String> {
        let own = match &self.by {
            By::Nothing => None,
            By::Number { .. } => Some(CHANGED),
            By::Time(_) => Some(MODIFIED),
        };
        let is_asked = |own: &&str| attributes.iter().any(|name| name.eq_ignore_ascii_case(own));
        attributes.extend(own.filter(|own| !is_asked(own)).map(str::to_owned));
        attributes
    }

    /// Takes a user who is known by the attribute `key`.
    pub(super) fn user(&mut self, entry: &Entry, key: &str) {
        self.take(entry, USER, key);
    }

    /// Takes a group, likewise.
    pub(super) fn group(&mut self, entry: &Entry, key: &str) {
        self.take(entry, GROUP, key);
    }

    fn take(&mut self, entry: &Entry, kind: &str, key: &str) {
        match &mut self.by {
            By::Nothing => {}
            By::Number { highest, .. } => {
                let changed = entry.texts(CHANGED).next();
                let changed: Option<u64> = changed.and_then(|text| text.parse().ok());
                *highest = changed.unwrap_or_default().max(*highest);
            }
            By::Time(newest) => {
                let Some(at) = entry.texts(MODIFIED).next() else {
                    return;
                };
                // Of those who were changed at one moment, as in an import, some will do.
                let is_newer = newest.first().is_none_or(|(least, _)| at > least.as_str());
                if !is_newer && newest.len() >= MOST {
                    return;
                }
                if let Ok(key) = content::key(entry, key) {
                    newest.insert((at.to_owned(), format!("{kind} {key}")));
                }
                if newest.len() > MOST {
                    newest.pop_first();
                }
            }
        }
    }

    /// How far the reading has come.
    pub(super) fn finish(self) -> Newest {
        let Self { mut newest, by } = self;
        match by {
            By::Nothing => {}
            By::Number { database, highest } => {
                newest.see(Scale::Count, database, number(highest));
            }
            By::Time(entries) => {
                for (at, entry) in entries {
                    newest.put(Scale::Entry, entry, at);
                }
            }
        }
        newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(newest: Newest, dialect: Dialect, entries: &[(&str, &str, &str)]) -> Newest {
        let mut stamps = Stamps::beside(newest, dialect);
        for (key, name, value) in entries {
            let entry = Entry::made("", &[("entryUUID", key), (name, value)]);
            stamps.user(&entry, "entryUUID");
        }
        stamps.finish()
    }

    #[test]
    fn the_newest_entries_are_kept_where_the_server_numbers_nothing() {
        let names: Vec<(String, String)> = (10..40)
            .map(|n| (format!("k{n}"), format!("202611220000{n}Z")))
            .collect();
        let entries: Vec<(&str, &str, &str)> = names
            .iter()
            .map(|(key, at)| (key.as_str(), MODIFIED, at.as_str()))
            .collect();
        for dialect in [Dialect::Rhds, Dialect::Other, Dialect::OpenLdap] {
            let newest = read(Newest::default(), dialect, &entries);
            let kept: Vec<&str> = newest.seen.keys().map(|(_, entry)| &**entry).collect();
            assert_eq!(
                (kept.len(), kept[0], kept[15]),
                (MOST, "user k24", "user k39")
            );
            assert_eq!(newest.seen, newest.reached);
        }
        assert!(read(Newest::default(), Dialect::Ad, &entries).is_empty());
    }

    #[test]
    fn of_an_import_no_more_are_kept_than_of_changes() {
        let keys: Vec<String> = (10..40).map(|n| format!("k{n}")).collect();
        let entries = keys
            .iter()
            .map(|key| (key.as_str(), MODIFIED, "20261122000000Z"));
        let entries: Vec<_> = entries
            .chain([("k40", MODIFIED, "20261122000001Z")])
            .collect();
        let newest = read(Newest::default(), Dialect::Other, &entries);
        assert_eq!(newest.seen.len(), MOST);
        let last = (Scale::Entry, "user k40".to_owned());
        assert_eq!(newest.seen[&last], "20261122000001Z");
    }

    #[test]
    fn the_highest_number_of_an_entry_is_what_another_controller_must_have() {
        let mut newest = Newest::default();
        newest.put(Scale::Database, "dc1", "d1");
        let read = read(
            newest,
            Dialect::Ad,
            &[("a", CHANGED, "7"), ("b", CHANGED, "5")],
        );
        let count = (Scale::Count, "d1".to_owned());
        assert_eq!(read.seen.get(&count), Some(&number(7)));
        assert_eq!(read.reached.get(&count), None);
    }
}
