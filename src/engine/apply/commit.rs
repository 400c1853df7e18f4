//! Writing down what a run is about to do.
//!
//! Promises that what was learned, what is held and what is due are on disk before the first request
//! leaves. Leaves what comes of it to [`super::settle`].

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{Drain, needs_request};
use crate::core::change::{Action, ActionKind, Change, Subject};
use crate::core::correlate::key_prints;
use crate::core::fingerprint::Fingerprints;
use crate::core::link::{Job, JobState};
use crate::core::plan::{Basis, Note, content};
use crate::engine::propose::Proposal;
use crate::store::{Epoch, Record, StoreError};

/// A create in doubt stays in the outbox until its account is linked, or a full read so long after it
/// shows none: an app may carry out a request late. One that nothing can be found by any more stays
/// until a person has looked.
const FORGOTTEN: Duration = Duration::from_hours(1);

impl Drain<'_> {
    /// Writes down what was learned, what is held, and what is due.
    pub(super) async fn commit(&mut self, proposal: &Proposal) -> Result<(), StoreError> {
        let now = self.world.clock.now();
        let mut batch = Vec::new();
        for note in &proposal.reviewed.plan.notes {
            batch.push(self.note(note));
        }
        batch.extend(self.stale_jobs(proposal, now));
        for change in &proposal.reviewed.released {
            if proposal
                .state
                .job(&change.subject, change.action.kind())
                .is_none()
                && needs_request(&change.action)
            {
                batch.push(self.job(change, 0, JobState::Due(now)));
            }
        }
        batch.extend(self.holds(proposal, now));
        self.world.store.commit(Epoch(1), &batch).await
    }

    pub(super) fn note(&mut self, note: &Note) -> Record {
        let target = self.target.rules.target.clone();
        match note {
            Note::Link(link) => {
                self.links.insert(link.user.clone(), link.clone());
                Record::PutLink(target, link.clone())
            }
            Note::ForgetUser(user) => {
                self.links.remove(user);
                Record::DropLink(target, user.clone())
            }
            Note::Group(link) => {
                self.groups.insert(link.group.clone(), link.clone());
                Record::PutGroup(target, link.clone())
            }
            Note::ForgetGroup(group) => {
                self.groups.remove(group);
                Record::DropGroup(target, group.clone())
            }
        }
    }

    /// Jobs that the plan does not ask for any more.
    pub(super) fn stale_jobs(&self, proposal: &Proposal, now: Timestamp) -> Vec<Record> {
        let reviewed = &proposal.reviewed;
        let planned: BTreeSet<(&Subject, ActionKind)> = reviewed
            .released
            .iter()
            .map(|change| (&change.subject, change.action.kind()))
            .collect();
        let parked: BTreeSet<&Subject> = reviewed
            .plan
            .parked
            .iter()
            .map(|parked| &parked.subject)
            .collect();
        let has_account = |subject: &Subject| match subject {
            Subject::User(user) => self.links.get(user).is_some_and(|link| link.active),
            Subject::Group(_) => false,
        };
        let target = &self.target.rules.target;
        proposal
            .state
            .jobs
            .iter()
            .filter(|job| {
                let part = proposal.part.as_ref();
                part.is_none_or(|part| part.holds(&job.subject))
            })
            .filter(|job| !planned.contains(&(&job.subject, job.action)))
            .filter(|job| match job.state {
                JobState::Due(_) => true,
                JobState::Parked { .. } => !parked.contains(&job.subject),
                JobState::InDoubt(at) => {
                    job.action != ActionKind::Create
                        || planned.contains(&(&job.subject, ActionKind::Adopt))
                        || (reviewed.plan.basis == Basis::Observed
                            && at + FORGOTTEN < now
                            && (!job.is_untraceable() || has_account(&job.subject)))
                }
            })
            .map(|job| Record::DropJob(target.clone(), job.subject.clone(), job.action))
            .collect()
    }

    pub(super) fn holds(&self, proposal: &Proposal, now: Timestamp) -> Vec<Record> {
        let target = &self.target.rules.target;
        let reviewed = &proposal.reviewed;
        let mut batch = Vec::new();
        for hold in &reviewed.held {
            if !proposal.state.holds.iter().any(|known| known.id == hold.id) {
                batch.push(Record::PutHold(target.clone(), hold.clone()));
                batch.push(Record::Journal(self.scribe.hold(now, hold)));
            }
        }
        let replaced = proposal
            .state
            .holds
            .iter()
            .filter(|_| proposal.part.is_none())
            .filter(|known| known.approved.is_none())
            .filter(|known| !reviewed.held.iter().any(|hold| hold.id == known.id))
            .map(|known| &known.id);
        for id in replaced.chain(&reviewed.settled) {
            batch.push(Record::DropHold(target.clone(), id.clone()));
        }
        batch
    }

    pub(super) fn job(&self, change: &Change, attempts: u32, state: JobState) -> Record {
        let job = Job {
            subject: change.subject.clone(),
            action: change.action.kind(),
            attempts,
            keys: self.key_prints(change),
            content: content(self.world.key, change, &self.links),
            state,
        };
        Record::PutJob(self.target.rules.target.clone(), job)
    }

    /// What the account of a create can be found by, should its answer be lost.
    pub(super) fn key_prints(&self, change: &Change) -> Fingerprints {
        let keys = match (&change.action, &change.subject) {
            (Action::Create { .. }, Subject::User(user)) => {
                let desired = self.desired.get(user);
                desired.map(|desired| desired.keys.as_slice())
            }
            _ => None,
        };
        let profile = &self.target.rules.profile;
        key_prints(profile, self.world.key, keys.unwrap_or_default())
    }
}
