//! What is remembered of readings: their size, and who is missing since when.
//!
//! Promises that no app is asked for that. Leaves judging a reading to [`crate::core::reading`].

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::key::SourceName;
use crate::core::plan::Basis;
use crate::engine::World;
use crate::engine::propose::propose;
use crate::engine::roster::Roster;
use crate::installation::Installation;
use crate::store::{Epoch, Record, StoreError};

/// Remembers a reading; see [`super`] for when.
pub(super) async fn accept(
    roster: &Roster,
    installation: &Installation,
    world: World<'_>,
) -> Result<(), StoreError> {
    let mut unsettled: BTreeSet<SourceName> = BTreeSet::new();
    for unit in installation
        .units
        .iter()
        .filter(|_| !roster.doubts.is_empty())
    {
        let (rules, app) = (&unit.target.rules, &*unit.target.app);
        match propose(rules, app, roster, Basis::Remembered, world).await {
            Ok(proposal) => {
                let lanes = proposal.reviewed.held.iter();
                let lanes = lanes.filter_map(|hold| hold.lane.strip_prefix("reading:"));
                unsettled.extend(lanes.map(SourceName::new));
            }
            Err(_) => unsettled.extend(roster.doubts.keys().cloned()),
        }
    }
    let linked = roster.absent_holders();
    roster.accept(&linked, &unsettled, world).await
}

/// In how long somebody who is missing may count as gone: then there has to be a second reading.
pub(super) async fn second_reading(
    installation: &Installation,
    world: World<'_>,
) -> Result<Option<Duration>, StoreError> {
    let now = world.clock.now();
    let mut next: Option<Duration> = None;
    for (name, unit) in installation.sources.iter() {
        for missing in world.store.source(name).await?.missing.values() {
            let counts = missing.since.saturating_add(unit.absent_for);
            let pause = counts.unwrap_or(Timestamp::MAX).duration_since(now);
            if let Ok(pause) = Duration::try_from(pause)
                && !pause.is_zero()
            {
                next = Some(next.map_or(pause, |known| known.min(pause)));
            }
        }
    }
    Ok(next)
}

/// Nobody has been missing so far.
pub(super) async fn forget_absences(
    installation: &Installation,
    world: World<'_>,
) -> Result<(), StoreError> {
    let mut batch = Vec::new();
    for name in installation.sources.keys() {
        let missing = world.store.source(name).await?.missing;
        batch.extend(missing.into_keys().map(Record::DropMissing));
    }
    world.store.commit(Epoch(1), &batch).await
}
