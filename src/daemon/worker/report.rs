//! What a worker tells and shows of its target.
//!
//! Promises that the board holds numbers and no names. Leaves what is new in an event to
//! [`super::super::told`].

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Worker;
use crate::core::change::{Change, Lane};
use crate::daemon::Handle;
use crate::daemon::board::{Ended, Phase, TargetBoard};
use crate::daemon::cycle::Through;
use crate::daemon::event::Event;
use crate::daemon::sources::Everybody;
use crate::engine::Progress;
use crate::engine::apply::RunEnd;
use crate::installation::Installation;

impl Worker {
    /// Tells and shows what a cycle has done.
    pub(super) fn tell(
        &mut self,
        through: &Through,
        (run, at, took): (&str, Timestamp, Duration),
        everybody: &Everybody,
        installation: &Installation,
    ) {
        let (applied, clock) = (&through.applied, installation.clock());
        self.last = Some(applied.end);
        let failed = applied.failed.iter().filter(|one| !one.parked);
        let failed: Vec<&Change> = failed.map(|one| &one.change).collect();
        let now = at.saturating_add(took).unwrap_or(at);
        self.count_due(failed.iter().copied().chain(&applied.left), now);
        let mut events = self.told.of(&self.name, through);
        events.extend(
            self.told
                .expiring(&self.name, self.unit.config.expires, now),
        );
        let kinds = applied.kinds.iter();
        let done: BTreeMap<String, usize> = kinds
            .map(|(kind, count)| (kind.word().to_owned(), *count))
            .collect();
        let heard = everybody.heard.filter(|_| applied.done > 0);
        events.push(Event::Cycle {
            target: self.name.clone(),
            run: run.to_owned(),
            outcome: applied.end.word().to_owned(),
            done,
            failed: applied.failed.len(),
            took,
            latency: heard.map(|heard| clock.instant().duration_since(heard)),
        });
        if applied.done + applied.failed.len() > 0 {
            tracing::info!(
                done = applied.done,
                failed = applied.failed.len(),
                "{}",
                applied.end.word()
            );
        } else {
            tracing::debug!("{}", applied.end.word());
        }
        for event in events {
            self.handle.tell(event);
        }
        let parked = applied.failed.iter().filter(|one| one.parked).count();
        let parked = parked + through.reviewed.plan.parked.len();
        let links = installation
            .store
            .summary(&self.name)
            .map(|summary| summary.links);
        let ended = Ended {
            at: now,
            run: run.to_owned(),
            outcome: applied.end.word().to_owned(),
            took,
        };
        self.write(|board| {
            board.last = Some(ended);
            if applied.end != RunEnd::Stopped && failed.is_empty() {
                board.success = Some(now);
            }
            board.holds = through.reviewed.held.len();
            board.parked = parked;
            if let Ok(links) = links {
                board.links = links;
            }
        });
    }

    /// What is due and not sent, since when.
    pub(super) fn count_due<'a>(
        &mut self,
        changes: impl Iterator<Item = &'a Change>,
        now: Timestamp,
    ) {
        let mut before = std::mem::take(&mut self.due);
        for change in changes {
            let key = (change.subject.clone(), change.action.kind());
            let since = before.remove(&key).unwrap_or(now);
            self.due.insert(key, since);
        }
    }

    pub(super) fn write(&self, change: impl FnOnce(&mut TargetBoard)) {
        let lanes = self.due.keys().map(|(_, kind)| kind.lane());
        let leavers = lanes.filter(|lane| *lane == Lane::Leavers).count();
        self.handle.write(|board| {
            // One that is gone does not come back on the board.
            let Some(target) = board.targets.get_mut(&self.name) else {
                return;
            };
            target.due = self.due.len();
            target.oldest_due = self.due.values().min().copied();
            target.leavers_due = leavers;
            change(target);
        });
    }
}

/// Shows how far a cycle is.
pub(super) fn show_phase(handle: &Handle, progress: &Progress) {
    let (name, phase) = match progress {
        Progress::Reading(name, count) => (name, Phase::Reading(*count)),
        Progress::Applying(name, done, total) => (
            name,
            Phase::Applying {
                done: *done,
                total: *total,
            },
        ),
        Progress::Done(name) => (name, Phase::Idle),
    };
    handle.write(|board| {
        if let Some(target) = board.targets.get_mut(name) {
            target.phase = phase;
        }
    });
}
