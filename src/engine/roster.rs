//! Everybody whom the sources hold, read once a run for all targets.
//!
//! Promises that a source which could not be read, or whose reading is doubted, counts against
//! nobody, and that absences are counted only by runs that write. Leaves judging a reading to
//! [`crate::core::reading`], and making one roster of several to [`crate::core::roster`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{SourceUnit, ToRead, World};
use crate::core::guard::{Doubted, DoubtedReading, Reach};
use crate::core::key::{SourceName, UserKey};
use crate::core::memory::{ReadingRecord, SourceState, TargetState};
use crate::core::newest::{Marks, raise};
use crate::core::reading::{
    Absence, Coverage, Doubt, Reading, Whereabouts, absence, doubt_id, judge, measure, older,
};
use crate::core::roster::{Joined, Joint};
use crate::source::ReadError;
use crate::store::{Epoch, Record, StoreError};

/// How old the remembered time of a reading may be while others like it follow.
const RECENT: SignedDuration = SignedDuration::from_mins(1);

/// What the sources gave.
pub struct Roster {
    /// The readings, by source; where the sources are joined, each person in that of their own source.
    pub readings: Vec<Reading>,
    /// Keys that mean a person under another key.
    pub aliases: BTreeMap<UserKey, UserKey>,
    /// Sources that could not be read.
    pub refused: Vec<(SourceName, ReadError)>,
    /// Readings that are not to be trusted for removals.
    pub doubts: BTreeMap<SourceName, Vec<Doubt>>,
    memory: BTreeMap<SourceName, Memory>,
    /// Rows that are nobody of ours.
    outside: BTreeSet<UserKey>,
    /// People of whom a source that was not read as a whole may have more to say.
    unsure: BTreeSet<UserKey>,
    is_joined: bool,
    at: Timestamp,
    portion: usize,
}

/// So many people are compared at a time.
const PORTION: usize = 1024;

/// What was remembered of a source when it was read.
struct Memory {
    state: SourceState,
    /// People with accounts of whom it does not speak.
    absent: BTreeSet<UserKey>,
    record: ReadingRecord,
    absent_for: Duration,
    /// Where those are who are missing, if the source can be asked.
    whereabouts: Option<BTreeMap<UserKey, Whereabouts>>,
    /// Whom the reading spoke of before it was joined with others.
    mentioned: BTreeSet<UserKey>,
}

/// How the sources are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything, from the source itself.
    Whole,
    /// What was heard since is enough.
    Follow,
}

impl Roster {
    /// Reads every source as a whole.
    ///
    /// # Errors
    /// When the state cannot be read. A source that cannot be read is in `refused`.
    pub async fn read<'a>(
        sources: impl Into<ToRead<'a>>,
        world: World<'_>,
    ) -> Result<Self, StoreError> {
        Self::read_as(sources, |_| Mode::Whole, world).await
    }

    /// Reads every source in the way that `mode` says for it.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub async fn read_as<'a>(
        sources: impl Into<ToRead<'a>>,
        mode: impl Fn(&SourceName) -> Mode,
        world: World<'_>,
    ) -> Result<Self, StoreError> {
        let ToRead { units, joint } = sources.into();
        let mut roster = Self {
            readings: Vec::new(),
            aliases: BTreeMap::new(),
            refused: Vec::new(),
            doubts: BTreeMap::new(),
            memory: BTreeMap::new(),
            outside: BTreeSet::new(),
            unsure: BTreeSet::new(),
            is_joined: joint.is_some(),
            at: world.clock.now(),
            portion: PORTION,
        };
        for (name, unit) in units {
            let read = match mode(name) {
                Mode::Whole => unit.source.read().await,
                Mode::Follow => unit.source.follow().await,
            };
            match read {
                Ok(reading) => roster.take(name, unit, reading, world).await?,
                Err(error) => roster.refused.push((name.clone(), error)),
            }
        }
        if let Some(joint) = joint {
            roster.join(joint);
        }
        Ok(roster)
    }

    /// The same, of whom so many are compared at a time.
    #[must_use]
    pub fn in_portions_of(self, portion: usize) -> Self {
        Self { portion, ..self }
    }

    /// How many people are compared at a time.
    pub(super) fn portion(&self) -> usize {
        self.portion
    }

    fn join(&mut self, joint: &Joint) {
        let joined = joint.join(std::mem::take(&mut self.readings));
        let Joined {
            readings,
            aliases,
            outside,
            unsure,
        } = joined;
        self.readings = readings;
        self.aliases = aliases;
        self.outside = outside;
        self.unsure = unsure;
    }

    async fn take(
        &mut self,
        name: &SourceName,
        unit: &SourceUnit,
        reading: Reading,
        world: World<'_>,
    ) -> Result<(), StoreError> {
        let state = world.store.source(name).await?;
        let is_absent = |user: &UserKey| !reading.mentions(user);
        let absent = world.store.holders(name, &is_absent).await?;
        let mut record = measure(&reading, self.at, unit.settings);
        let mut doubts = judge(&record, state.last.as_ref());
        doubts.retain(|doubt| match doubt {
            Doubt::LostAttribute { name, .. } => !unit.source.leaves_out(name),
            Doubt::FewerUsers { .. } | Doubt::Older { .. } | Doubt::NewSettings => true,
        });
        let newest = unit.source.newest();
        doubts.extend(older(&reading, &newest, state.last.as_ref()));
        record.newest = remembered(newest.seen, state.last.as_ref(), &doubts);
        let whereabouts = if doubts.is_empty() {
            unit.source.settle();
            ask(unit, &absent).await
        } else {
            self.doubts.insert(name.clone(), doubts);
            None
        };
        let absent_for = unit.absent_for;
        let mentioned = if self.is_joined {
            mentioned(&reading)
        } else {
            BTreeSet::new()
        };
        self.memory.insert(
            name.clone(),
            Memory {
                state,
                absent,
                record,
                absent_for,
                whereabouts,
                mentioned,
            },
        );
        self.readings.push(reading);
        Ok(())
    }

    /// Is the reading of this source older than one before it?
    #[must_use]
    pub fn is_older(&self, source: &SourceName) -> bool {
        let doubts = self.doubts.get(source);
        doubts.is_some_and(|doubts| doubts.iter().any(Doubt::is_about_everything))
    }

    /// Readings that are doubted, as one target sees them.
    #[must_use]
    pub fn doubted(&self, target: &TargetState) -> Doubted {
        self.doubts
            .iter()
            .map(|(source, doubts)| {
                let id = doubt_id(source, doubts);
                let is_approved = target
                    .holds
                    .iter()
                    .any(|hold| hold.id == id && hold.is_released(self.at));
                let is_grave = doubts.iter().any(Doubt::is_grave);
                let is_older = doubts.iter().any(Doubt::is_about_everything);
                let reading = DoubtedReading {
                    id,
                    is_grave: is_grave || self.misses(source, target),
                    is_approved,
                    reach: match (self.is_joined, is_grave) {
                        (false, _) if is_older => Reach::Everything,
                        (true, _) if is_older => Reach::Everybody,
                        (false, _) => Reach::Own,
                        (true, false) => Reach::Removals,
                        (true, true) => Reach::Changes,
                    },
                };
                (source.clone(), reading)
            })
            .collect()
    }

    /// Is somebody with an account missing from the reading of `source`?
    fn misses(&self, source: &SourceName, target: &TargetState) -> bool {
        self.reading(source).is_some()
            && target
                .holders()
                .any(|user| user.source == *source && !self.mentions(user))
    }

    /// Does the reading of the user's source speak of this user?
    fn mentions(&self, user: &UserKey) -> bool {
        let memory = self.memory.get(&user.source);
        self.reading(&user.source)
            .is_some_and(|reading| reading.mentions(user))
            || memory.is_some_and(|memory| memory.mentioned.contains(user))
    }

    /// How many users a source holds, joined or not.
    #[must_use]
    pub fn rows(&self, source: &SourceName) -> usize {
        let memory = self.memory.get(source);
        memory.map_or(0, |memory| memory.record.users)
    }

    /// Is this somebody of whom a source that was not read as a whole may have more to say? Nothing is
    /// concluded from what is known of them but that they are disabled.
    #[must_use]
    pub fn is_unsure(&self, user: &UserKey) -> bool {
        self.unsure.contains(user)
    }

    /// The linked users whom a whole reading of their source does not hold, so that they may be there
    /// under another key, with what their absence means so far.
    #[must_use]
    pub fn vanished(&self, target: &TargetState) -> BTreeMap<UserKey, Absence> {
        let links = target.links.keys();
        links
            .filter_map(|user| Some((user.clone(), self.vanishing(user)?)))
            .collect()
    }

    fn vanishing(&self, user: &UserKey) -> Option<Absence> {
        let reading = self.reading(&user.source)?;
        if reading.coverage != Coverage::Whole || self.mentions(user) {
            return None;
        }
        if self.doubts.contains_key(&user.source) {
            // Whether the reading is right is for the guard to ask.
            return Some(Absence::Sure);
        }
        match self.absence(user)? {
            absence @ (Absence::Waits(_) | Absence::Sure) => Some(absence),
            Absence::Outside | Absence::Unknown => None,
        }
    }

    /// What the absence of the linked users of a target means.
    #[must_use]
    pub fn absences(&self, target: &TargetState) -> BTreeMap<UserKey, Absence> {
        target
            .holders()
            .filter_map(|user| Some((user.clone(), self.absence(user)?)))
            .collect()
    }

    /// What the absence of one user means; `None` when the user is there.
    fn absence(&self, user: &UserKey) -> Option<Absence> {
        let Some(reading) = self.reading(&user.source) else {
            return Some(Absence::Unknown);
        };
        if self.unsure.contains(user) {
            return Some(Absence::Unknown);
        }
        if reading.holds(user) {
            return None;
        }
        if self.outside.contains(user) {
            return Some(Absence::Outside);
        }
        if self.mentions(user) || self.doubts.contains_key(&user.source) {
            return Some(Absence::Unknown);
        }
        let memory = self.memory.get(&user.source)?;
        if let Some(asked) = &memory.whereabouts {
            return Some(match asked.get(user) {
                Some(Whereabouts::Outside) => Absence::Outside,
                Some(Whereabouts::Deleted) => Absence::Sure,
                Some(Whereabouts::Unknown) | None => Absence::Unknown,
            });
        }
        match &reading.coverage {
            Coverage::Part { gone } if gone.contains(user) => Some(Absence::Sure),
            Coverage::Part { .. } => Some(Absence::Unknown),
            Coverage::Whole => {
                let before = memory.state.missing.get(user).copied();
                Some(absence(before, memory.absent_for, self.at).1)
            }
        }
    }

    /// Those of the sources that were read who had an account then, in any target, and of whom their
    /// source does not speak.
    #[must_use]
    pub fn absent_holders(&self) -> BTreeSet<UserKey> {
        let absent = self.memory.values().flat_map(|memory| &memory.absent);
        absent.cloned().collect()
    }

    fn reading(&self, source: &SourceName) -> Option<&Reading> {
        self.readings
            .iter()
            .find(|reading| reading.source == *source)
    }

    /// Accepts the readings: remembers their size and counts who is missing among `linked`, where those
    /// of whom the readings speak may be left out. Readings
    /// of `unsettled` sources are not accepted: something that rests on them is held.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn accept(
        &self,
        linked: &BTreeSet<UserKey>,
        unsettled: &BTreeSet<SourceName>,
        world: World<'_>,
    ) -> Result<(), StoreError> {
        let mut batch = Vec::new();
        for reading in &self.readings {
            let source = &reading.source;
            if unsettled.contains(source) {
                continue;
            }
            let Some(memory) = self.memory.get(source) else {
                continue;
            };
            if is_news(&memory.record, memory.state.last.as_ref()) {
                batch.push(Record::PutReading(source.clone(), memory.record.clone()));
            }
            let resets = self
                .doubts
                .get(source)
                .is_some_and(|doubts| doubts.contains(&Doubt::NewSettings));
            for user in memory.state.missing.keys() {
                if resets || self.mentions(user) || !linked.contains(user) {
                    batch.push(Record::DropMissing(user.clone()));
                }
            }
            if resets || reading.coverage != Coverage::Whole {
                continue;
            }
            for user in linked.iter().filter(|user| user.source == *source) {
                if !self.mentions(user) {
                    let before = memory.state.missing.get(user).copied();
                    let (missing, _) = absence(before, memory.absent_for, self.at);
                    batch.push(Record::PutMissing(user.clone(), missing));
                }
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        world.store.commit(Epoch(1), &batch).await
    }
}

/// What a source is measured by after a reading that has `seen` so much: once a person has said that an
/// older one is right, by that alone.
fn remembered(seen: Marks, last: Option<&ReadingRecord>, doubts: &[Doubt]) -> Marks {
    let begins_anew = doubts.iter().any(|doubt| match doubt {
        Doubt::Older { .. } | Doubt::NewSettings => true,
        Doubt::FewerUsers { .. } | Doubt::LostAttribute { .. } => false,
    });
    let Some(last) = last.filter(|_| !begins_anew) else {
        return seen;
    };
    let mut known = last.newest.clone();
    raise(&mut known, &seen);
    known
}

/// Does a reading say more than the time? That alone is written once a minute, so that readings which
/// follow each other closely do not wait for the disk.
fn is_news(now: &ReadingRecord, last: Option<&ReadingRecord>) -> bool {
    let Some(last) = last else {
        return true;
    };
    let same = ReadingRecord {
        at: last.at,
        ..now.clone()
    };
    let age = now.at.duration_since(last.at);
    same != *last || !(SignedDuration::ZERO..RECENT).contains(&age)
}

/// Everybody whom a reading speaks of.
fn mentioned(reading: &Reading) -> BTreeSet<UserKey> {
    let rows = reading.users.keys().iter();
    let broken = reading.broken.iter().filter_map(|row| row.user.clone());
    rows.chain(broken).collect()
}

/// Asks a source for those with accounts whom its reading does not hold. One that does not answer
/// has told nothing.
async fn ask(
    unit: &SourceUnit,
    missing: &BTreeSet<UserKey>,
) -> Option<BTreeMap<UserKey, Whereabouts>> {
    if missing.is_empty() {
        return None;
    }
    let asked = unit.source.whereabouts(missing).await;
    asked.unwrap_or_else(|_| Some(BTreeMap::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::memory::Extent;

    #[test]
    fn the_time_alone_is_written_once_a_minute() {
        let record = |second, users| ReadingRecord {
            at: Timestamp::from_second(second).expect("a time"),
            settings: 1,
            extent: Extent::Whole,
            users,
            attributes: BTreeMap::new(),
            newest: Marks::new(),
        };
        let last = record(1000, 7);
        assert!(is_news(&last, None));
        for (now, is_written) in [
            (record(1000, 7), false),
            (record(1059, 7), false),
            (record(1060, 7), true),
            (record(1001, 8), true),
            (record(999, 7), true),
        ] {
            assert_eq!(is_news(&now, Some(&last)), is_written, "{now:?}");
        }
    }
}
