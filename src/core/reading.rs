//! One read of a source, with how much of the truth it covers.
//!
//! Promises that absence from a reading which is not whole, or not to be trusted, never counts
//! against anybody. Leaves to the sources how to read, and to [`super::leaver`] what absence means.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::hex;
use super::key::{GroupKey, SourceName, UserKey};
use super::memory::{Extent, Missing, ReadingRecord};
use super::newest::{Marks, Newest, Standing};
use super::people::People;
use super::user::{Group, User};

/// What a source gave in one read: users and groups, each sorted by key, no key twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which source.
    pub source: SourceName,
    /// Everybody it holds.
    pub users: People,
    /// Every group it holds.
    pub groups: Vec<Group>,
    /// How much of the source that is.
    pub coverage: Coverage,
    /// Rows that could not be used: held back, never taken for absent.
    pub broken: Vec<BrokenRow>,
    /// What else a person should know (a cycle of groups, members nobody knows).
    pub notes: Vec<String>,
    /// How many names in groups lead to nobody whom the source shows, though they may be there;
    /// `None`: nobody has counted them, as where nothing can be hidden.
    pub dangling: Option<usize>,
}

/// How much of the source a reading holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Everything; who is not in it is missing.
    Whole,
    /// A part; only these are positively gone.
    Part {
        /// Users whom the source says it has deleted.
        gone: BTreeSet<UserKey>,
    },
}

/// A row of a source that was held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    /// File and line, or the entry's name.
    pub place: String,
    /// The user the row is about, if the row says so: that user counts as present.
    pub user: Option<UserKey>,
    /// The group the row is about, likewise.
    pub group: Option<GroupKey>,
    /// What is wrong with it.
    pub problem: String,
}

impl Reading {
    /// The user under `key`.
    #[must_use]
    pub fn user(&self, key: &UserKey) -> Option<User> {
        self.users.get(key)
    }

    /// Does the reading hold this user?
    #[must_use]
    pub fn holds(&self, key: &UserKey) -> bool {
        self.users.contains(key)
    }
}

/// Why a reading is not to be trusted for removals until a person says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// It holds far fewer users than the one before.
    #[error("{now} users, where the last reading had {before}")]
    FewerUsers {
        /// Users of the last accepted reading.
        before: usize,
        /// Users of this one.
        now: usize,
    },
    /// An attribute that users had is gone from all of them.
    #[error("nobody has `{name}` any more, where the last reading had it {before} times")]
    LostAttribute {
        /// Which attribute.
        name: String,
        /// How many users had it.
        before: usize,
    },
    /// A group that users were in shows none of them.
    #[error("nobody is in the group `{name}` any more, where the last reading had {before} in it{}", likewise(*more))]
    EmptyGroup {
        /// The first such group.
        name: String,
        /// How many members it had.
        before: usize,
        /// How many other groups are like it.
        more: usize,
    },
    /// People are gone, and their names are not.
    #[error(
        "users gone from view: {missing}, while groups name {names} whom nobody finds, and named none \
         before: a right hides people from the bind name, or groups keep the names of the deleted (then \
         approve it: from then on, whoever is gone waits for `absent_for` instead)"
    )]
    LostSight {
        /// How many are missing who were not before.
        missing: usize,
        /// How many names lead to nobody.
        names: usize,
    },
    /// It lacks changes that a reading before it had.
    #[error(
        "it is older than what was read before, which had {had}: was the server restored, or does it lag?"
    )]
    Older {
        /// What it lacks.
        had: String,
    },
    /// The source is read with other settings than before.
    #[error("the settings of the source have changed since the last reading")]
    NewSettings,
}

impl Doubt {
    /// Is it held even when nobody would be removed?
    #[must_use]
    pub fn is_grave(&self) -> bool {
        match self {
            Self::FewerUsers { .. }
            | Self::LostAttribute { .. }
            | Self::LostSight { .. }
            | Self::Older { .. } => true,
            Self::EmptyGroup { .. } | Self::NewSettings => false,
        }
    }

    /// Is nothing in the reading to be believed, not even what it would add?
    #[must_use]
    pub fn is_about_everything(&self) -> bool {
        match self {
            Self::Older { .. } => true,
            Self::FewerUsers { .. }
            | Self::LostAttribute { .. }
            | Self::EmptyGroup { .. }
            | Self::LostSight { .. }
            | Self::NewSettings => false,
        }
    }
}

/// What people are told of a reading that is doubted: what it may not do, and why.
#[must_use]
pub fn hesitation(doubts: &[Doubt]) -> String {
    let does = if doubts.iter().any(Doubt::is_about_everything) {
        "changes"
    } else {
        "removes"
    };
    let doubts: Vec<String> = doubts.iter().map(Doubt::to_string).collect();
    let doubts = doubts.join("; ");
    format!("in doubt, so it {does} nobody without approval: {doubts}")
}

fn likewise(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!("; so it is with {more} more"),
    }
}

/// The id under which a person can say that a doubted reading is right: from the source and the
/// doubts, so that it lasts as long as they do. `H-` and eight characters.
#[must_use]
pub fn doubt_id(source: &SourceName, doubts: &[Doubt]) -> String {
    let mut hash = Sha256::new();
    hash.update(source.as_str());
    for doubt in doubts {
        hash.update(format!("\n{doubt}"));
    }
    format!("H-{}", hex::encode(&hash.finalize()[..4]))
}

/// An attribute that fewer users than this had, or a group that fewer were in, may be lost unremarked.
const NOTABLE: usize = 3;

/// The size of a reading.
#[must_use]
pub fn measure(reading: &Reading, at: Timestamp, settings: u64) -> ReadingRecord {
    let mut attributes: BTreeMap<String, usize> = BTreeMap::new();
    for user in reading.users.iter() {
        for name in user.attributes.keys() {
            match attributes.get_mut(&**name) {
                Some(count) => *count += 1,
                None => {
                    attributes.insert(name.to_string(), 1);
                }
            }
        }
    }
    let extent = match reading.coverage {
        Coverage::Whole => Extent::Whole,
        Coverage::Part { .. } => Extent::Part,
    };
    ReadingRecord {
        at,
        settings,
        extent,
        users: reading.users.len(),
        attributes,
        groups: reading
            .groups
            .iter()
            .filter(|group| group.members.len() >= NOTABLE)
            .map(|group| (group.key.id.to_string(), group.members.len()))
            .collect(),
        dangling: reading.dangling,
        newest: Marks::new(),
    }
}

/// Compares a reading with the last one that was accepted: lost more than a fifth of its users, lost
/// a whole attribute, or read with other settings.
#[must_use]
pub fn judge(now: &ReadingRecord, last: Option<&ReadingRecord>) -> Vec<Doubt> {
    let Some(last) = last else {
        return Vec::new();
    };
    let mut doubts = Vec::new();
    if now.settings != last.settings {
        doubts.push(Doubt::NewSettings);
    }
    if now.users * 5 < last.users * 4 {
        doubts.push(Doubt::FewerUsers {
            before: last.users,
            now: now.users,
        });
    }
    let lost = last
        .attributes
        .iter()
        .filter(|(name, count)| **count >= NOTABLE && !now.attributes.contains_key(*name));
    doubts.extend(lost.map(|(name, count)| Doubt::LostAttribute {
        name: name.clone(),
        before: *count,
    }));
    doubts
}

/// Do groups show nobody that had more members in the last accepted reading than are `missing` now? Where
/// a group may be empty, one whose members a right hides looks just like it. A group that is gone
/// altogether was taken away. A source that counts no dangling names, such as a file, hides nobody.
#[must_use]
pub fn emptied(reading: &Reading, last: Option<&ReadingRecord>, missing: usize) -> Option<Doubt> {
    let last = last.filter(|last| last.dangling.is_some())?;
    let groups = reading.groups.iter();
    let mut emptied = groups
        .filter(|group| group.members.is_empty())
        .filter_map(|group| {
            let before = last.groups.get(&*group.key.id)?;
            if *before <= missing {
                return None;
            }
            Some((group.name.to_string(), *before))
        });
    let (name, before) = emptied.next()?;
    let more = emptied.count();
    Some(Doubt::EmptyGroup { name, before, more })
}

/// Have we lost sight of those whom the source no longer finds, so many who were there before? Servers
/// that tidy up take the names of the deleted out of groups: names that now lead to nobody, where none
/// did, say that people are hidden. Where groups keep such names, they say nothing.
#[must_use]
pub fn lost_sight(
    now: &ReadingRecord,
    last: Option<&ReadingRecord>,
    missing: usize,
) -> Option<Doubt> {
    let names = now.dangling.filter(|names| *names > 0 && missing > 0)?;
    (last?.dangling == Some(0)).then_some(Doubt::LostSight { missing, names })
}

/// Does a source that has come so far lack what the last accepted reading had? Where it cannot be told,
/// it does not.
#[must_use]
pub fn older(reading: &Reading, newest: &Newest, last: Option<&ReadingRecord>) -> Option<Doubt> {
    let holds = |entry: &str| match entry.split_once(' ') {
        Some((USER, key)) => reading.mentions(&UserKey::new(&reading.source, key)),
        Some((GROUP, key)) => reading.groups.iter().any(|group| &*group.key.id == key),
        Some(_) | None => false,
    };
    match newest.compare(&last?.newest, holds) {
        Standing::Lacks(lack) => Some(Doubt::Older {
            had: lack.to_string(),
        }),
        Standing::Reached | Standing::Unknown => None,
    }
}

/// What stands before the key of a user who is an origin of a mark.
pub const USER: &str = "user";
/// The same, of a group.
pub const GROUP: &str = "group";

/// What is now known of somebody whom a reading does not hold.
#[must_use]
pub fn absence(
    before: Option<Missing>,
    absent_for: Duration,
    now: Timestamp,
) -> (Missing, Absence) {
    let missing = match before {
        None => Missing {
            since: now,
            readings: 1,
        },
        Some(before) => Missing {
            readings: before.readings.saturating_add(1),
            ..before
        },
    };
    let until = missing
        .since
        .saturating_add(absent_for)
        .unwrap_or(missing.since);
    let absence = if missing.readings >= 2 && until <= now {
        Absence::Sure
    } else {
        Absence::Waits(until)
    };
    (missing, absence)
}

/// Where somebody is who is not in a reading, by what the source says when it is asked for that key
/// alone, without our filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// There, but no longer among those we read: outside our base or filter.
    Outside,
    /// Not there, while what should be there can be read.
    Deleted,
    /// Nobody can tell.
    Unknown,
}

/// What the absence of a linked user means so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Nothing before this point.
    Waits(Timestamp),
    /// The user is there, and not for us any more.
    Outside,
    /// The user is gone.
    Sure,
    /// Nothing can be concluded (a broken row, a part of the source, a reading in doubt).
    Unknown,
}

impl Absence {
    /// Is the user known to be none of ours any more?
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self {
            Self::Outside | Self::Sure => true,
            Self::Waits(_) | Self::Unknown => false,
        }
    }
}

impl Reading {
    /// Does the reading speak of this user: holds it, or has a broken row about it?
    #[must_use]
    pub fn mentions(&self, key: &UserKey) -> bool {
        self.holds(key) || self.broken.iter().any(|row| row.user.as_ref() == Some(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::newest::Scale;

    fn record(users: usize, titles: usize) -> ReadingRecord {
        ReadingRecord {
            extent: Extent::Whole,
            at: Timestamp::UNIX_EPOCH,
            settings: 1,
            users,
            attributes: BTreeMap::from([("title".to_owned(), titles)])
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .collect(),
            groups: BTreeMap::new(),
            dangling: Some(0),
            newest: Marks::new(),
        }
    }

    #[test]
    fn a_fifth_may_go_and_more_is_doubted() {
        assert_eq!(judge(&record(80, 5), Some(&record(100, 5))), []);
        assert_eq!(
            judge(&record(79, 5), Some(&record(100, 5))),
            [Doubt::FewerUsers {
                before: 100,
                now: 79
            }]
        );
    }

    #[test]
    fn a_reading_that_lacks_what_one_before_it_had_is_doubted() {
        let source = SourceName::new("hq");
        let group = Group {
            key: GroupKey::new(&source, "g1"),
            name: "staff".into(),
            members: [].into_iter().collect(),
        };
        let reading = Reading {
            source,
            users: People::none(),
            groups: vec![group],
            coverage: Coverage::Whole,
            broken: Vec::new(),
            notes: Vec::new(),
            dangling: None,
        };
        let mut last = record(10, 0);
        let mut now = Newest::default();
        assert_eq!(older(&reading, &now, None), None);
        for (origin, is_older) in [("group g1", true), ("group g2", false), ("user g1", false)] {
            last.newest = [((Scale::Entry, origin.to_owned()), "20261122000002Z".into())].into();
            now.put(Scale::Entry, "group g9", "20261122000001Z");
            let doubt = older(&reading, &now, Some(&last));
            assert_eq!(doubt.is_some(), is_older, "{origin}: {doubt:?}");
        }
        last.newest = [((Scale::Here, "d1".to_owned()), "0012".into())].into();
        now.put(Scale::Here, "d1", "0011");
        let doubt = older(&reading, &now, Some(&last)).expect("it is older");
        assert_eq!(
            doubt.to_string(),
            "it is older than what was read before, which had the change number 12: was the server \
             restored, or does it lag?"
        );
        assert!(doubt.is_grave() && doubt.is_about_everything());
        assert_eq!(
            hesitation(&[Doubt::NewSettings, doubt]),
            "in doubt, so it changes nobody without approval: the settings of the source have changed \
             since the last reading; it is older than what was read before, which had the change number \
             12: was the server restored, or does it lag?"
        );
        assert_eq!(
            hesitation(&[Doubt::NewSettings]),
            "in doubt, so it removes nobody without approval: the settings of the source have changed \
             since the last reading"
        );
    }

    #[test]
    fn a_lost_attribute_is_doubted() {
        assert_eq!(
            judge(&record(100, 0), Some(&record(100, 60))),
            [Doubt::LostAttribute {
                name: "title".into(),
                before: 60
            }]
        );
        assert_eq!(judge(&record(100, 0), Some(&record(100, 2))), []);
    }

    #[test]
    fn groups_that_lose_everybody_are_doubted() {
        let group = |id: &str, members: usize| Group {
            key: GroupKey::new(&SourceName::new("hq"), id),
            name: format!("the {id}").into(),
            members: (0..members)
                .map(|number| UserKey::new(&SourceName::new("hq"), number.to_string()))
                .collect(),
        };
        let reading = |groups| Reading {
            source: SourceName::new("hq"),
            users: People::none(),
            groups,
            coverage: Coverage::Whole,
            broken: Vec::new(),
            notes: Vec::new(),
            dangling: Some(0),
        };
        let before = reading(vec![
            group("a", 3),
            group("b", 2),
            group("c", 4),
            group("d", 5),
        ]);
        let last = measure(&before, Timestamp::UNIX_EPOCH, 1);
        let doubt = |groups| emptied(&reading(groups), Some(&last), 0);
        let told = doubt(vec![
            group("a", 0),
            group("b", 0),
            group("c", 0),
            group("e", 0),
        ]);
        assert_eq!(
            told.map(|doubt| doubt.to_string()).as_deref(),
            Some(
                "nobody is in the group `the a` any more, where the last reading had 3 in it; so it is \
                 with 1 more"
            )
        );
        assert_eq!(doubt(vec![group("a", 1), group("b", 0)]), None);
        assert_eq!(emptied(&reading(vec![group("a", 0)]), None, 0), None);
        let all_have_left = reading(vec![group("a", 0)]);
        assert_eq!(emptied(&all_have_left, Some(&last), 3), None);
        assert!(emptied(&all_have_left, Some(&last), 2).is_some());
        let of_a_file = ReadingRecord {
            dangling: None,
            ..last
        };
        assert_eq!(emptied(&all_have_left, Some(&of_a_file), 0), None);
    }

    #[test]
    fn names_that_lead_to_nobody_all_at_once_say_that_we_lost_sight() {
        let with = |dangling| ReadingRecord {
            dangling,
            ..record(100, 5)
        };
        let doubt = |now, last, missing| lost_sight(&with(now), Some(&with(last)), missing);
        assert_eq!(
            doubt(Some(2), Some(0), 3),
            Some(Doubt::LostSight {
                missing: 3,
                names: 2
            })
        );
        for (now, last, missing) in [
            (Some(2), Some(0), 0),
            (Some(2), Some(1), 3),
            (Some(2), None, 3),
            (Some(0), Some(0), 3),
            (None, Some(0), 3),
        ] {
            assert_eq!(doubt(now, last, missing), None, "{now:?} {last:?}");
        }
        assert_eq!(lost_sight(&with(Some(2)), None, 3), None);
    }

    #[test]
    fn absence_counts_after_two_readings_and_the_time() {
        let start = Timestamp::UNIX_EPOCH;
        let ten = Duration::from_mins(10);
        let (first, verdict) = absence(None, ten, start);
        assert_eq!(verdict, Absence::Waits(start + ten));
        let (second, verdict) = absence(Some(first), ten, start + Duration::from_mins(5));
        assert_eq!(verdict, Absence::Waits(start + ten));
        let (_, verdict) = absence(Some(second), ten, start + ten);
        assert_eq!(verdict, Absence::Sure);
        let (_, verdict) = absence(None, Duration::ZERO, start);
        assert_eq!(verdict, Absence::Waits(start));
    }
}
