//! What was told of a target already: holds, people who are parked, the end of a credential.
//!
//! Promises to tell each thing once, and again when it has been away. Leaves remembering it over a
//! restart to the state, where that knows it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::cycle::Through;
use super::event::Event;
use crate::core::change::Subject;
use crate::core::credential::Ending;
use crate::core::key::TargetName;
use crate::core::link::JobState;

/// What was told of one target.
#[derive(Debug, Default)]
pub(super) struct Told {
    parked: BTreeSet<(Subject, String)>,
    expiring: Option<Date>,
}

impl Told {
    /// What there is to tell of a cycle.
    pub fn of(&mut self, target: &TargetName, through: &Through) -> Vec<Event> {
        let mut events = held(target, through);
        events.extend(self.parked(target, through));
        events
    }

    fn parked(&mut self, target: &TargetName, through: &Through) -> Vec<Event> {
        let planned = through.reviewed.plan.parked.iter();
        let planned = planned.map(|parked| {
            let texts = (&parked.reason, &parked.hint);
            (&parked.subject, parked.label.to_string(), texts)
        });
        let failed = through.applied.failed.iter().filter(|one| one.parked);
        let failed = failed.map(|failure| {
            let texts = (&failure.reason, &failure.hint);
            (
                &failure.change.subject,
                failure.change.label.to_string(),
                texts,
            )
        });
        let mut parked = BTreeSet::new();
        let mut events = Vec::new();
        for (subject, label, (reason, hint)) in planned.chain(failed) {
            let key = (subject.clone(), reason.clone());
            let is_known = self.parked.contains(&key) || was_parked(through, subject);
            if parked.insert(key) && !is_known {
                events.push(Event::Parked {
                    target: target.clone(),
                    label,
                    reason: reason.clone(),
                    hint: hint.clone(),
                });
            }
        }
        self.parked = parked;
        events
    }

    /// A credential that ends soon is told of once a day.
    pub fn expiring(
        &mut self,
        target: &TargetName,
        last: Option<Date>,
        now: Timestamp,
    ) -> Option<Event> {
        let last = last?;
        let today = now.to_zoned(TimeZone::UTC).date();
        Ending::of(last, today)?;
        (self.expiring.replace(today) != Some(today)).then(|| Event::Expiring {
            target: target.clone(),
            last,
        })
    }
}

/// The holds that the state did not have before.
fn held(target: &TargetName, through: &Through) -> Vec<Event> {
    let known = |id: &str| through.state.holds.iter().any(|hold| hold.id == id);
    let held = through.reviewed.held.iter().filter(|hold| !known(&hold.id));
    held.map(|hold| Event::Held {
        target: target.clone(),
        hold: hold.id.clone(),
        lane: hold.lane.clone(),
        changes: hold.changes.len(),
    })
    .collect()
}

/// Did the state have this subject parked before the cycle?
fn was_parked(through: &Through, subject: &Subject) -> bool {
    let mut jobs = through.state.jobs.iter();
    jobs.any(|job| job.subject == *subject && matches!(job.state, JobState::Parked { .. }))
}
