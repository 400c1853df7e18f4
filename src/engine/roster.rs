//! Everybody whom the sources hold, read once a run for all targets.
//!
//! Promises that a source which could not be read, or whose reading is doubted, counts against
//! nobody, that status can tell why, and that absences are counted only by runs that write. Leaves
//! judging a reading to [`crate::core::reading`], and making one roster of several to
//! [`crate::core::roster`].
//!
//! Whom a source does not find is gone at once only where nothing speaks against it. Groups that name
//! people whom nobody finds do: where they named none before, the reading is doubted; where they always
//! do, whoever is gone waits for `absent_for`, as in a file. While a server may still be tidying up after
//! a change that was heard, nothing is concluded.

mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{SourceUnit, ToRead, World};
use crate::core::guard::{Doubted, DoubtedReading, Reach};
use crate::core::key::{SourceName, UserKey};
use crate::core::memory::{ReadingRecord, ReadingTrouble, SourceState, TargetState};
use crate::core::newest::{Marks, raise};
use crate::core::reading::{
    Absence, Coverage, Doubt, Reading, Whereabouts, absence, doubt_id, emptied, hesitation, judge,
    lost_sight, measure, older,
};
use crate::core::roster::{Awaited, Joined, Joint};
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
    /// Names in groups lead to nobody, as long as the server has not tidied up: nothing is concluded
    /// from it for now, and the reading is not remembered.
    is_passing: bool,
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
                Ok(reading) => roster.take(name, unit, reading, mode(name), world).await?,
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
        let awaited = self.awaited();
        let joined = joint.join(std::mem::take(&mut self.readings), &awaited);
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
        mode: Mode,
        world: World<'_>,
    ) -> Result<(), StoreError> {
        let state = world.store.source(name).await?;
        let is_absent = |user: &UserKey| !reading.mentions(user);
        let absent = world.store.holders(name, &is_absent).await?;
        let mut record = measure(&reading, self.at, unit.settings);
        let mut doubts = judge(&record, state.last.as_ref());
        doubts.retain(|doubt| match doubt {
            Doubt::LostAttribute { name, .. } => !unit.source.leaves_out(name),
            Doubt::FewerUsers { .. }
            | Doubt::EmptyGroup { .. }
            | Doubt::LostSight { .. }
            | Doubt::Older { .. }
            | Doubt::NewSettings => true,
        });
        let newest = unit.source.newest();
        doubts.extend(older(&reading, &newest, state.last.as_ref()));
        record.newest = remembered(newest.seen, state.last.as_ref(), &doubts);
        let is_new = |user: &&UserKey| !state.missing.contains_key(*user);
        let gone = absent.iter().filter(is_new).count();
        if !doubts.iter().any(Doubt::is_grave) {
            doubts.extend(emptied(&reading, state.last.as_ref(), gone));
        }
        let mut whereabouts = None;
        let mut is_passing = false;
        if doubts.is_empty() {
            unit.source.settle();
            let mut asked = absent.clone();
            let rows = state.rows.keys().filter(|_| self.is_joined);
            asked.extend(rows.filter(|row| is_absent(row)).cloned());
            whereabouts = ask(unit, &asked).await;
            let gone = whereabouts.iter().flatten();
            let gone = gone.filter(|(user, whereabouts)| {
                **whereabouts == Whereabouts::Deleted && is_new(user)
            });
            let lost = lost_sight(&record, state.last.as_ref(), gone.count());
            match mode {
                // A server tidies up within seconds; what a whole reading has doubted stays in doubt.
                Mode::Follow if state.trouble.is_none() => is_passing = lost.is_some(),
                Mode::Whole | Mode::Follow => doubts.extend(lost),
            }
        }
        if !doubts.is_empty() {
            self.doubts.insert(name.clone(), doubts);
            whereabouts = None;
        }
        if record.dangling.is_none() {
            record.dangling = state.last.as_ref().and_then(|last| last.dangling);
        }
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
                is_passing,
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

    /// May the server of this source still be tidying up after somebody who is gone? Nothing is concluded
    /// from their absence yet.
    #[must_use]
    pub fn is_tidying(&self, source: &SourceName) -> bool {
        let memory = self.memory.get(source);
        memory.is_some_and(|memory| memory.is_passing)
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
        Some(memory.verdict(&reading.coverage, user, self.at))
    }

    /// Rows that are not read any more and may be there all the same, with the people to whom they belong.
    fn awaited(&self) -> Awaited {
        let mut awaited = Awaited::new();
        for reading in &self.readings {
            let memory = self.memory.get(&reading.source);
            for (row, owner) in memory.iter().flat_map(|memory| &memory.state.rows) {
                if !self.mentions(row) && !self.is_settled(&reading.coverage, row) {
                    let sources = awaited.entry(owner.clone()).or_default();
                    sources.insert(row.source.clone());
                }
            }
        }
        awaited
    }

    /// Has the source spoken its last word on a row that it does not show?
    fn is_settled(&self, coverage: &Coverage, row: &UserKey) -> bool {
        let memory = self.memory.get(&row.source);
        !self.doubts.contains_key(&row.source)
            && memory.is_some_and(|memory| memory.verdict(coverage, row, self.at).is_known())
    }

    /// What keeps the readings of a source from being accepted, if that is news.
    fn kept_by(
        &self,
        source: &SourceName,
        known: Option<&ReadingTrouble>,
        problem: String,
    ) -> Option<Record> {
        let is_news = known.is_none_or(|known| known.problem != problem);
        let since = known.map_or(self.at, |known| known.since);
        let trouble = ReadingTrouble { since, problem };
        is_news.then(|| Record::PutTrouble(source.clone(), trouble))
    }

    /// What changes in what is known of the rows of a source that belong to people of others.
    fn keep_rows(&self, reading: &Reading, memory: &Memory, batch: &mut Vec<Record>) {
        let (source, known) = (&reading.source, &memory.state.rows);
        let own = self.aliases.iter().filter(|(row, _)| row.source == *source);
        let news = own.filter(|(row, owner)| known.get(*row) != Some(*owner));
        batch.extend(news.map(|(row, owner)| Record::PutRow(row.clone(), owner.clone())));
        for row in known.keys().filter(|row| !self.aliases.contains_key(*row)) {
            let stands_alone = reading.holds(row) || self.outside.contains(row);
            if stands_alone || !self.mentions(row) && self.is_settled(&reading.coverage, row) {
                batch.push(Record::DropRow(row.clone()));
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
    /// of `unsettled` sources are not accepted: something that rests on them is held. Of these, and of
    /// sources that could not be read, what keeps them is remembered.
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
        for (source, error) in &self.refused {
            let known = world.store.source(source).await?.trouble;
            batch.extend(self.kept_by(source, known.as_ref(), refusal(error)));
        }
        for reading in &self.readings {
            let source = &reading.source;
            if unsettled.contains(source) {
                let memory = self.memory.get(source);
                let known = memory.and_then(|memory| memory.state.trouble.as_ref());
                let doubts = self.doubts.get(source).map_or(&[][..], Vec::as_slice);
                batch.extend(self.kept_by(source, known, hesitation(doubts)));
                continue;
            }
            let Some(memory) = self.memory.get(source).filter(|memory| !memory.is_passing) else {
                continue;
            };
            if memory.state.trouble.is_some() {
                batch.push(Record::DropTrouble(source.clone()));
            }
            if self.is_joined {
                self.keep_rows(reading, memory, &mut batch);
            }
            if is_news(&memory.record, memory.state.last.as_ref()) {
                batch.push(Record::PutReading(source.clone(), memory.record.clone()));
            }
            let resets = self
                .doubts
                .get(source)
                .is_some_and(|doubts| doubts.contains(&Doubt::NewSettings));
            let rows = memory.state.rows.keys().filter(|_| self.is_joined);
            let rows: BTreeSet<&UserKey> = rows
                .filter(|row| !self.mentions(row) && !self.is_settled(&reading.coverage, row))
                .collect();
            for user in memory.state.missing.keys() {
                let counts = linked.contains(user) || rows.contains(user);
                if resets || self.mentions(user) || !counts {
                    batch.push(Record::DropMissing(user.clone()));
                }
            }
            if resets || reading.coverage != Coverage::Whole {
                continue;
            }
            let linked = linked.iter().filter(|user| user.source == *source);
            for user in linked.chain(rows) {
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
        Doubt::FewerUsers { .. }
        | Doubt::LostAttribute { .. }
        | Doubt::EmptyGroup { .. }
        | Doubt::LostSight { .. } => false,
    });
    let Some(last) = last.filter(|_| !begins_anew) else {
        return seen;
    };
    let mut known = last.newest.clone();
    raise(&mut known, &seen);
    known
}

/// Does a reading say more than the time, and how many are in a group? These alone are written once a
/// minute, so that readings which follow each other closely do not wait for the disk.
fn is_news(now: &ReadingRecord, last: Option<&ReadingRecord>) -> bool {
    let Some(last) = last else {
        return true;
    };
    let same = ReadingRecord {
        at: last.at,
        groups: last.groups.clone(),
        ..now.clone()
    };
    let age = now.at.duration_since(last.at);
    let same_groups = now.groups.keys().eq(last.groups.keys());
    same != *last || !same_groups || !(SignedDuration::ZERO..RECENT).contains(&age)
}

/// What people are told later of a source that could not be read.
fn refusal(error: &ReadError) -> String {
    let mut text = format!("was not read, so it changes nobody: {}", error.problem);
    if let Some(hint) = &error.hint {
        text.push_str(&format!("\n→ {hint}"));
    }
    text
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
            groups: BTreeMap::new(),
            dangling: None,
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
