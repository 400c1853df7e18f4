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
        let before = self.state.missing.get(user).copied();
        let waited = || absence(before, self.absent_for, at).1;
        let Some(asked) = &self.whereabouts else {
            return match coverage {
                Coverage::Whole => waited(),
                Coverage::Part { gone } if gone.contains(user) => Absence::Sure,
                Coverage::Part { .. } => Absence::Unknown,
            };
        };
        // Somebody without a key may be the one whom nobody finds by it.
        let contradicts = *coverage != Coverage::Whole || self.is_passing;
        match asked.get(user) {
            Some(Whereabouts::Outside) => Absence::Outside,
            Some(Whereabouts::Deleted) if contradicts => Absence::Unknown,
            Some(Whereabouts::Deleted) => match self.record.dangling {
                // Groups keep names of people who are not there: that nobody is found proves less.
                Some(1..) => waited(),
                Some(0) | None => Absence::Sure,
            },
            Some(Whereabouts::Unknown) | None => Absence::Unknown,
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

    type Told = Option<BTreeMap<UserKey, Whereabouts>>;

    /// What a source says when it is asked for Ana, how many names in its groups lead to nobody, and
    /// whether it is tidying up.
    fn memory(whereabouts: Told, dangling: usize, is_passing: bool) -> Memory {
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
        let waits = || Absence::Waits(Timestamp::UNIX_EPOCH);
        let says = |whereabouts| Some(BTreeMap::from([(ana(), whereabouts)]));
        let deleted = || says(Whereabouts::Deleted);
        let outside = || says(Whereabouts::Outside);
        let nothing = Some(BTreeMap::new());
        for (coverage, told, dangling, is_passing, verdict) in [
            (Coverage::Whole, deleted(), 0, false, Absence::Sure),
            (Coverage::Whole, deleted(), 1, false, waits()),
            (Coverage::Whole, deleted(), 1, true, Absence::Unknown),
            (part(), deleted(), 0, false, Absence::Unknown),
            (part(), outside(), 0, false, Absence::Outside),
            (Coverage::Whole, outside(), 1, true, Absence::Outside),
            (
                Coverage::Whole,
                says(Whereabouts::Unknown),
                0,
                false,
                Absence::Unknown,
            ),
            (Coverage::Whole, nothing, 0, false, Absence::Unknown),
            (Coverage::Whole, None, 0, false, waits()),
            (part(), None, 0, false, Absence::Unknown),
            (gone(), None, 0, false, Absence::Sure),
        ] {
            let memory = memory(told.clone(), dangling, is_passing);
            let found = memory.verdict(&coverage, &ana(), Timestamp::UNIX_EPOCH);
            assert_eq!(
                found, verdict,
                "{coverage:?} {told:?} {dangling} {is_passing}"
            );
        }
        let mut memory = memory(deleted(), 1, false);
        let seen_before = Missing {
            since: Timestamp::UNIX_EPOCH,
            readings: 1,
        };
        memory.state.missing.insert(ana(), seen_before);
        let found = memory.verdict(&Coverage::Whole, &ana(), Timestamp::UNIX_EPOCH);
        assert_eq!(found, Absence::Sure, "the second reading");
    }
}
