//! What it means that a source does not speak of somebody.
//!
//! Promises that nobody is gone by a word that the reading itself contradicts. Leaves readings that are
//! doubted to [`super`].

use jiff::Timestamp;

use super::Memory;
use crate::core::key::UserKey;
use crate::core::reading::{Absence, Coverage, Whereabouts, absence};

impl Memory {
    /// What it means that a source which is not in doubt does not speak of `user`.
    pub(super) fn verdict(&self, coverage: &Coverage, user: &UserKey, at: Timestamp) -> Absence {
        let asked = self.whereabouts.as_ref();
        let told = asked.map(|asked| asked.get(user).copied());
        let before = self.state.missing.get(user).copied();
        let waited = || absence(before, self.absent_for, at).1;
        match (coverage, told) {
            (_, Some(Some(Whereabouts::Outside))) => Absence::Outside,
            (Coverage::Part { gone }, None) if gone.contains(user) => Absence::Sure,
            // Somebody without a key may be the one whom nobody finds by it.
            (Coverage::Part { .. }, _) => Absence::Unknown,
            (Coverage::Whole, Some(Some(Whereabouts::Unknown) | None)) => Absence::Unknown,
            (Coverage::Whole, Some(Some(Whereabouts::Deleted))) if self.is_passing => {
                Absence::Unknown
            }
            (Coverage::Whole, Some(Some(Whereabouts::Deleted))) => match self.record.dangling {
                // Groups keep names of people who are not there: that nobody is found proves less.
                Some(1..) => waited(),
                Some(0) | None => Absence::Sure,
            },
            (Coverage::Whole, None) => waited(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use super::*;
    use crate::core::key::SourceName;
    use crate::core::memory::{Extent, Missing, ReadingRecord, SourceState};
    use crate::core::newest::Marks;

    /// What a source says of Ana, how many names in its groups lead to nobody, and whether it is tidying up.
    fn memory(told: Option<Option<Whereabouts>>, dangling: usize, is_passing: bool) -> Memory {
        let whereabouts = told.map(|told| {
            let told = told.map(|told| (ana(), told));
            told.into_iter().collect::<BTreeMap<_, _>>()
        });
        Memory {
            state: SourceState::default(),
            absent: BTreeSet::from([ana()]),
            record: ReadingRecord {
                at: Timestamp::UNIX_EPOCH,
                settings: 1,
                extent: Extent::Whole,
                users: 7,
                attributes: BTreeMap::new(),
                groups: BTreeMap::new(),
                dangling: Some(dangling),
                newest: Marks::new(),
            },
            absent_for: Duration::ZERO,
            whereabouts,
            mentioned: BTreeSet::new(),
            is_passing,
        }
    }

    fn ana() -> UserKey {
        UserKey::new(&SourceName::new("hq"), "ana")
    }

    #[test]
    fn deleted_counts_where_nothing_speaks_against_it() {
        let part = || Coverage::Part {
            gone: BTreeSet::new(),
        };
        let gone = || Coverage::Part {
            gone: BTreeSet::from([ana()]),
        };
        let waits = Absence::Waits(Timestamp::UNIX_EPOCH);
        let deleted = Some(Some(Whereabouts::Deleted));
        let outside = Some(Some(Whereabouts::Outside));
        let unknown = Some(Some(Whereabouts::Unknown));
        for (coverage, told, dangling, is_passing, verdict) in [
            (Coverage::Whole, deleted, 0, false, Absence::Sure),
            (Coverage::Whole, deleted, 1, false, waits.clone()),
            (Coverage::Whole, deleted, 1, true, Absence::Unknown),
            (part(), deleted, 0, false, Absence::Unknown),
            (part(), outside, 0, false, Absence::Outside),
            (Coverage::Whole, outside, 1, true, Absence::Outside),
            (Coverage::Whole, unknown, 0, false, Absence::Unknown),
            (Coverage::Whole, Some(None), 0, false, Absence::Unknown),
            (Coverage::Whole, None, 0, false, waits),
            (part(), None, 0, false, Absence::Unknown),
            (gone(), None, 0, false, Absence::Sure),
        ] {
            let memory = memory(told, dangling, is_passing);
            let found = memory.verdict(&coverage, &ana(), Timestamp::UNIX_EPOCH);
            assert_eq!(
                found, verdict,
                "{coverage:?} {told:?} {dangling} {is_passing}"
            );
        }
        let mut memory = memory(deleted, 1, false);
        let seen_before = Missing {
            since: Timestamp::UNIX_EPOCH,
            readings: 1,
        };
        memory.state.missing.insert(ana(), seen_before);
        let found = memory.verdict(&Coverage::Whole, &ana(), Timestamp::UNIX_EPOCH);
        assert_eq!(found, Absence::Sure, "the second reading");
    }
}
