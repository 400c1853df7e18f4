//! Writing down what a run is about to do.
//!
//! Promises that what was learned, what is held and what is due are on disk before the first request
//! leaves. Leaves what comes of it to [`super::settle`].

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::Drain;
use crate::core::change::{Action, ActionKind, Change, Subject};
use crate::core::correlate::key_prints;
use crate::core::fingerprint::Fingerprints;
use crate::core::key::{TargetName, UserKey};
use crate::core::link::{GroupLink, Job, JobState};
use crate::core::memory::{TargetState, Verdict};
use crate::core::plan::{Basis, Note, WaitingFor, content, may_make};
use crate::engine::journal::Outcome;
use crate::engine::propose::Proposal;
use crate::store::{Epoch, Record, StoreError};

/// A create in doubt stays in the outbox until its account is linked, or a full read so long after it
/// shows none: an app may carry out a request late. One that nothing can be found by any more stays
/// until a person has looked. So does a return by a POST, unless the account of the link is on.
const FORGOTTEN: Duration = Duration::from_hours(1);

/// The rows of a link that has moved `to` another key: the link, its jobs, and what people have decided
/// by hand about its person.
fn rekeyed(target: &TargetName, state: &TargetState, from: &Subject, to: &Subject) -> Vec<Record> {
    let mut batch = match (from, to) {
        (Subject::User(from), Subject::User(to)) => {
            let mut batch = rekeyed_verdicts(target, state, from, to);
            let link = state.links.get(to).cloned();
            batch.extend(link.map(|link| Record::PutLink(target.clone(), link)));
            batch.push(Record::DropLink(target.clone(), from.clone()));
            batch
        }
        (Subject::Group(from), Subject::Group(to)) => {
            let link = state.groups.get(to).cloned();
            let mut batch = vec![Record::DropGroup(target.clone(), from.clone())];
            batch.extend(link.map(|link| Record::PutGroup(target.clone(), link)));
            batch
        }
        (Subject::User(_), Subject::Group(_)) | (Subject::Group(_), Subject::User(_)) => Vec::new(),
    };
    batch.extend(rekeyed_pins(target, state, from, to));
    for job in state.jobs.iter().filter(|job| job.subject == *to) {
        batch.push(Record::DropJob(target.clone(), from.clone(), job.action));
        batch.push(Record::PutJob(target.clone(), job.clone()));
    }
    batch
}

fn rekeyed_pins(
    target: &TargetName,
    state: &TargetState,
    from: &Subject,
    to: &Subject,
) -> Vec<Record> {
    let back = |subject: Subject| {
        if subject == *to {
            from.clone()
        } else {
            subject
        }
    };
    let mut batch = Vec::new();
    for (pinned, pin) in &state.pins {
        let old = pinned.clone().renamed(back);
        if old != *pinned {
            batch.push(Record::DropPin(target.clone(), old));
            batch.push(Record::PutPin(target.clone(), pinned.clone(), pin.clone()));
        }
    }
    batch
}

fn rekeyed_verdicts(
    target: &TargetName,
    state: &TargetState,
    from: &UserKey,
    to: &UserKey,
) -> Vec<Record> {
    let mut batch = Vec::new();
    for verdict in &state.verdicts {
        let old = match verdict {
            Verdict::Apart(user, id) if user == to => Verdict::Apart(from.clone(), id.clone()),
            Verdict::IgnoredUser(user) if user == to => Verdict::IgnoredUser(from.clone()),
            Verdict::Apart(..) | Verdict::IgnoredUser(_) | Verdict::IgnoredAccount(_) => continue,
        };
        batch.push(Record::DropVerdict(target.clone(), old));
        batch.push(Record::PutVerdict(target.clone(), verdict.clone()));
    }
    batch
}
/// So long after, what an undo left on hold and nobody has asked for again is forgotten.
const ABANDONED: Duration = Duration::from_hours(24 * 7);

impl Drain<'_> {
    /// Writes down what was learned, what is held, and what is due.
    pub(super) async fn commit(&mut self, proposal: &Proposal) -> Result<(), StoreError> {
        let now = self.world.clock.now();
        let mut batch = Vec::new();
        self.rekey(proposal, &mut batch);
        for note in &proposal.reviewed.plan.notes {
            batch.push(self.note(note));
        }
        batch.extend(self.stale_jobs(proposal, now));
        for change in &proposal.reviewed.released {
            if proposal
                .state
                .job(&change.subject, change.action.kind())
                .is_none()
                && change.action.kind().needs_request()
            {
                batch.push(self.job(change, 0, JobState::Due(now)));
            }
        }
        batch.extend(self.holds(proposal, now));
        batch.extend(proposal.looked.records(&self.target.rules.target));
        if batch.is_empty() {
            return Ok(());
        }
        self.is_idle = false;
        self.world.store.commit(Epoch(1), &batch).await
    }

    /// Moves links to other keys, with all that names their people; those in hand have moved already.
    fn rekey(&mut self, proposal: &Proposal, batch: &mut Vec<Record>) {
        let target = self.target.rules.target.clone();
        let mut moved: BTreeSet<&UserKey> = BTreeSet::new();
        for change in &proposal.reviewed.released {
            let Action::Rekey { from, .. } = &change.action else {
                continue;
            };
            batch.extend(rekeyed(&target, &proposal.state, from, &change.subject));
            if let Subject::User(to) = &change.subject {
                moved.insert(to);
            }
            let key = (change.subject.clone(), change.action.kind());
            let approved = proposal.reviewed.approved.contains(&key);
            let now = self.world.clock.now();
            let line = self
                .scribe
                .line(now, change, Outcome::Done, 1, approved, None);
            batch.push(Record::Journal(line));
            self.applied.done += 1;
        }
        let names_them = |link: &&GroupLink| link.possible().any(|user| moved.contains(&user));
        let groups = self.groups.values().filter(names_them);
        batch.extend(groups.map(|link| Record::PutGroup(target.clone(), link.clone())));
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
            Note::Pin(pinned, pin) => Record::PutPin(target, pinned.clone(), pin.clone()),
            Note::Unpin(pinned) => Record::DropPin(target, pinned.clone()),
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
        let resting: BTreeSet<&Subject> = reviewed
            .plan
            .waiting
            .iter()
            .filter(|waiting| waiting.what == WaitingFor::Retry)
            .map(|waiting| &waiting.subject)
            .collect();
        let has_account = |subject: &Subject| match subject {
            Subject::User(user) => self.links.get(user).is_some_and(|link| link.active),
            Subject::Group(_) => false,
        };
        let target = &self.target.rules.target;
        let forgotten = FORGOTTEN.max(self.target.rules.profile.settle);
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
                JobState::Due(at) | JobState::InDoubt(at)
                    if at > now && resting.contains(&job.subject) =>
                {
                    false
                }
                JobState::Due(_) => true,
                JobState::Parked { .. } => !parked.contains(&job.subject),
                JobState::InDoubt(at) => {
                    let is_back = job.action == ActionKind::Reactivate && has_account(&job.subject);
                    let is_looked_for = !job.is_untraceable() || has_account(&job.subject);
                    !job.may_have_made()
                        || planned.contains(&(&job.subject, ActionKind::Adopt))
                        || (reviewed.plan.basis == Basis::Observed
                            && (is_back || at + forgotten < now && is_looked_for))
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
            let mut known = proposal.state.holds.iter();
            let known = known.find(|known| known.id == hold.id);
            if known != Some(hold) {
                batch.push(Record::PutHold(target.clone(), hold.clone()));
            }
            if known.is_none_or(|known| known.approved.is_some()) {
                batch.push(Record::Journal(self.scribe.hold(now, hold)));
            }
        }
        let replaced = proposal
            .state
            .holds
            .iter()
            .filter(|_| proposal.part.is_none())
            .filter(|known| known.approved.is_none())
            .filter(|known| known.undone_run().is_none() || known.since + ABANDONED < now)
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

    /// What an account can be found by that the change makes, or may make, should its answer be lost.
    pub(super) fn key_prints(&self, change: &Change) -> Fingerprints {
        let profile = &self.target.rules.profile;
        let desired = may_make(&profile.users, change).and_then(|user| self.desired.get(user));
        let keys = desired.map(|desired| desired.keys.as_slice());
        key_prints(profile, self.world.key, keys.unwrap_or_default())
    }
}
