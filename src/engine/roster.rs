//! Everybody whom the sources hold, read once a run for all targets.
//!
//! Promises that a source which could not be read, or whose reading is doubted, counts against
//! nobody, and that absences are counted only by runs that write. Leaves judging a reading to
//! [`crate::core::reading`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::{SourceUnit, World};
use crate::core::guard::{Doubted, DoubtedReading};
use crate::core::key::{SourceName, UserKey};
use crate::core::memory::{ReadingRecord, SourceState, TargetState};
use crate::core::reading::{Absence, Coverage, Doubt, Reading, absence, doubt_id, judge, measure};
use crate::source::ReadError;
use crate::store::{Epoch, Record, StoreError};

/// What the sources gave.
pub struct Roster {
    /// The readings, by source.
    pub readings: Vec<Reading>,
    /// Sources that could not be read.
    pub refused: Vec<(SourceName, ReadError)>,
    /// Readings that are not to be trusted for removals.
    pub doubts: BTreeMap<SourceName, Vec<Doubt>>,
    memory: BTreeMap<SourceName, Memory>,
    at: Timestamp,
}

/// What was remembered of a source when it was read.
struct Memory {
    state: SourceState,
    record: ReadingRecord,
    absent_for: Duration,
}

impl Roster {
    /// Reads every source.
    ///
    /// # Errors
    /// When the state cannot be read. A source that cannot be read is in `refused`.
    pub async fn read(
        sources: &BTreeMap<SourceName, SourceUnit>,
        world: World<'_>,
    ) -> Result<Self, StoreError> {
        let mut roster = Self {
            readings: Vec::new(),
            refused: Vec::new(),
            doubts: BTreeMap::new(),
            memory: BTreeMap::new(),
            at: world.clock.now(),
        };
        for (name, unit) in sources {
            match unit.source.read().await {
                Ok(reading) => roster.take(name, unit, reading, world).await?,
                Err(error) => roster.refused.push((name.clone(), error)),
            }
        }
        Ok(roster)
    }

    async fn take(
        &mut self,
        name: &SourceName,
        unit: &SourceUnit,
        reading: Reading,
        world: World<'_>,
    ) -> Result<(), StoreError> {
        let state = world.store.source(name).await?;
        let record = measure(&reading, self.at, unit.settings);
        let mut doubts = judge(&record, state.last.as_ref());
        doubts.retain(|doubt| match doubt {
            Doubt::LostAttribute { name, .. } => !unit.source.leaves_out(name),
            Doubt::FewerUsers { .. } | Doubt::NewSettings => true,
        });
        if !doubts.is_empty() {
            self.doubts.insert(name.clone(), doubts);
        }
        let absent_for = unit.absent_for;
        self.memory.insert(
            name.clone(),
            Memory {
                state,
                record,
                absent_for,
            },
        );
        self.readings.push(reading);
        Ok(())
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
                    .any(|hold| hold.id == id && hold.approved.is_some());
                let is_grave = doubts.iter().any(Doubt::is_grave) || self.misses(source, target);
                let reading = DoubtedReading {
                    id,
                    is_grave,
                    is_approved,
                };
                (source.clone(), reading)
            })
            .collect()
    }

    /// Is somebody with an account missing from the reading of `source`?
    fn misses(&self, source: &SourceName, target: &TargetState) -> bool {
        let Some(reading) = self.reading(source) else {
            return false;
        };
        target
            .holders()
            .any(|user| user.source == *source && !reading.mentions(user))
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
        if reading.user(user).is_some() {
            return None;
        }
        if reading.mentions(user) || self.doubts.contains_key(&user.source) {
            return Some(Absence::Unknown);
        }
        match &reading.coverage {
            Coverage::Part { gone } if gone.contains(user) => Some(Absence::Sure),
            Coverage::Part { .. } => Some(Absence::Unknown),
            Coverage::Whole => {
                let memory = self.memory.get(&user.source)?;
                let before = memory.state.missing.get(user).copied();
                Some(absence(before, memory.absent_for, self.at).1)
            }
        }
    }

    fn reading(&self, source: &SourceName) -> Option<&Reading> {
        self.readings
            .iter()
            .find(|reading| reading.source == *source)
    }

    /// Accepts the readings: remembers their size and counts who is missing among `linked`. Readings
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
            batch.push(Record::PutReading(source.clone(), memory.record.clone()));
            let resets = self
                .doubts
                .get(source)
                .is_some_and(|doubts| doubts.contains(&Doubt::NewSettings));
            for user in memory.state.missing.keys() {
                if resets || reading.mentions(user) || !linked.contains(user) {
                    batch.push(Record::DropMissing(user.clone()));
                }
            }
            if resets || reading.coverage != Coverage::Whole {
                continue;
            }
            for user in linked.iter().filter(|user| user.source == *source) {
                if !reading.mentions(user) {
                    let before = memory.state.missing.get(user).copied();
                    let (missing, _) = absence(before, memory.absent_for, self.at);
                    batch.push(Record::PutMissing(user.clone(), missing));
                }
            }
        }
        world.store.commit(Epoch(1), &batch).await
    }
}
