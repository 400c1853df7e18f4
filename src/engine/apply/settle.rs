//! What follows a try: done, due again, parked, or the end of this target's run.
//!
//! Promises a line in the journal for each write that was sent. Leaves the decision after a fault to
//! [`dispose`], and what a success means for links to [`super::remember`].

use std::collections::BTreeSet;

use super::{Drain, Failure, needs_request};
use crate::core::change::{Action, Change, Reason};
use crate::core::fault::{Disposition, Effect, Fault, FaultKind, dispose};
use crate::core::key::UserKey;
use crate::core::link::JobState;
use crate::engine::journal::Outcome;
use crate::engine::perform::{Effects, Result as Tried};
use crate::engine::queue::Task;
use crate::store::Record;

/// Failures in a row to reach an app before a run gives it up.
const UNREACHABLE: u32 = 5;

impl Drain<'_> {
    /// Turns what came of a try into records, and into another try where one is due.
    pub(super) fn settle(&mut self, mut task: Task, result: Tried, batch: &mut Vec<Record>) {
        task.attempts += 1;
        task.tries += 1;
        match result {
            Tried::Done(effects) => self.finish(&task, effects, Outcome::Done, batch),
            Tried::Found(effects) => self.finish(&task, effects, Outcome::Found, batch),
            Tried::Park { reason, hint } => self.park(&task, reason, hint, batch),
            Tried::Fault(fault, effects) => {
                if let Some(effects) = effects {
                    self.record_part(&mut task, effects, batch);
                }
                self.fail(task, &fault, batch);
            }
            Tried::Short {
                effects,
                reason,
                hint,
            } => {
                self.record_part(&mut task, effects, batch);
                batch.push(self.trouble(&task, Outcome::Refused, reason.clone()));
                self.leave_due(task, false, reason, hint, batch);
            }
            Tried::Stopped => {
                task.attempts -= 1;
                self.put_off(&task, false, batch);
                self.queue.put_back(task);
            }
            Tried::NoSeat => {
                task.attempts -= 1;
                let reason = format!("not tried: {}", FaultKind::NoSeat);
                self.wait_for_a_seat(task, reason, batch);
            }
        }
    }

    pub(super) fn finish(
        &mut self,
        task: &Task,
        effects: Effects,
        outcome: Outcome,
        batch: &mut Vec<Record>,
    ) {
        self.unreachable = 0;
        self.queue.finish(&task.change);
        let target = self.target.rules.target.clone();
        let kind = task.change.action.kind();
        if needs_request(&task.change.action) {
            batch.push(Record::DropJob(target, task.change.subject.clone(), kind));
        }
        self.record(task, effects, outcome, batch);
    }

    /// Remembers what is done of a change and takes it out of it: it is not sent again.
    fn record_part(&mut self, task: &mut Task, effects: Effects, batch: &mut Vec<Record>) {
        let done = match &effects {
            Effects::Added { users, .. } | Effects::Removed { users, .. } => users.clone(),
            _ => BTreeSet::new(),
        };
        self.record(task, effects, Outcome::Done, batch);
        without(&mut task.change, &done);
    }

    /// Remembers effects and writes their line.
    pub(super) fn record(
        &mut self,
        task: &Task,
        effects: Effects,
        outcome: Outcome,
        batch: &mut Vec<Record>,
    ) {
        let count = match &effects {
            Effects::Added { users, lost } | Effects::Removed { users, lost } => {
                if users.is_empty() && lost.is_empty() {
                    return;
                }
                users.len()
            }
            Effects::Nothing if needs_request(&task.change.action) => return,
            _ => 1,
        };
        self.remember(task, effects, outcome, batch);
        if count == 0 {
            return;
        }
        self.applied.done += count;
        let now = self.world.clock.now();
        let line = self
            .scribe
            .line(now, &task.change, outcome, count, task.approved, None);
        batch.push(Record::Journal(line));
    }

    pub(super) fn park(
        &mut self,
        task: &Task,
        reason: String,
        hint: String,
        batch: &mut Vec<Record>,
    ) {
        self.queue.finish(&task.change);
        let now = self.world.clock.now();
        let state = JobState::Parked {
            since: now,
            reason: reason.clone(),
            hint: hint.clone(),
        };
        batch.push(self.job(&task.change, task.attempts, state));
        batch.push(self.trouble(task, Outcome::Parked, reason.clone()));
        self.applied.failed.push(Failure {
            change: task.change.clone(),
            reason,
            hint,
            parked: true,
        });
    }

    pub(super) fn trouble(&self, task: &Task, outcome: Outcome, text: String) -> Record {
        let now = self.world.clock.now();
        Record::Journal(
            self.scribe
                .line(now, &task.change, outcome, 0, task.approved, Some(text)),
        )
    }

    pub(super) fn fail(&mut self, mut task: Task, fault: &Fault, batch: &mut Vec<Record>) {
        let now = self.world.clock.now();
        let policy = &self.target.rules.profile.rates.retry;
        let outcome = match fault.effect {
            Effect::None => Outcome::Refused,
            Effect::Unknown => Outcome::Unanswered,
        };
        self.count_unreachable(fault);
        if fault.kind == FaultKind::Paused {
            // Nobody is at fault, so it counts against nobody.
            task.attempts = task.attempts.saturating_sub(1);
        }
        match dispose(fault, task.tries, policy, self.world.draw.unit()) {
            Disposition::Retry(pause) | Disposition::LookFirst(pause)
                if self.applied.stopped.is_none() =>
            {
                let in_doubt = task.look_first || fault.effect == Effect::Unknown;
                let due = now.saturating_add(pause).unwrap_or(now);
                let state = if in_doubt {
                    JobState::InDoubt(due)
                } else {
                    JobState::Due(due)
                };
                batch.push(self.job(&task.change, task.attempts, state));
                batch.push(self.trouble(&task, outcome, fault.to_string()));
                task.look_first = in_doubt;
                task.due = self.world.clock.instant() + pause;
                self.queue.put_back(task);
            }
            Disposition::Park if task.change.reason != Reason::Resent => {
                self.park(&task, fault.to_string(), hint(fault), batch);
            }
            Disposition::StopTarget => {
                batch.push(self.trouble(&task, outcome, fault.to_string()));
                self.applied.stopped = Some(fault.clone());
                self.give_up(task, fault, batch);
            }
            Disposition::HoldCreates => {
                batch.push(self.trouble(&task, outcome, fault.to_string()));
                self.wait_for_a_seat(task, fault.to_string(), batch);
            }
            // Nobody stays locked out by a resend until a person looks at what is parked.
            Disposition::Park
            | Disposition::Retry(_)
            | Disposition::LookFirst(_)
            | Disposition::LookUpConflict
            | Disposition::FindAgain
            | Disposition::GiveUpForNow => {
                batch.push(self.trouble(&task, outcome, fault.to_string()));
                self.give_up(task, fault, batch);
            }
        }
    }

    pub(super) fn count_unreachable(&mut self, fault: &Fault) {
        if fault.kind == FaultKind::Unreachable {
            self.unreachable += 1;
            if self.unreachable >= UNREACHABLE {
                self.applied.stopped = Some(fault.clone());
            }
        } else {
            self.unreachable = 0;
        }
    }

    /// Not in this run; due again in the next.
    pub(super) fn give_up(&mut self, task: Task, fault: &Fault, batch: &mut Vec<Record>) {
        let in_doubt = fault.effect == Effect::Unknown;
        self.leave_due(task, in_doubt, fault.to_string(), hint(fault), batch);
    }

    fn leave_due(
        &mut self,
        task: Task,
        in_doubt: bool,
        reason: String,
        hint: String,
        batch: &mut Vec<Record>,
    ) {
        self.put_off(&task, in_doubt, batch);
        self.applied.failed.push(Failure {
            change: task.change,
            reason,
            hint,
            parked: false,
        });
    }

    fn put_off(&mut self, task: &Task, in_doubt: bool, batch: &mut Vec<Record>) {
        self.queue.finish(&task.change);
        let now = self.world.clock.now();
        let state = if task.look_first || in_doubt {
            JobState::InDoubt(now)
        } else {
            JobState::Due(now)
        };
        batch.push(self.job(&task.change, task.attempts, state));
    }

    /// Puts an account off that the app has no seat for, and with it all that are still to be made:
    /// one refusal says enough.
    fn wait_for_a_seat(&mut self, task: Task, reason: String, batch: &mut Vec<Record>) {
        self.put_off(&task, false, batch);
        self.seatless.push((task.change, reason));
        for other in self.queue.withdraw_creates() {
            let reason = format!("not tried: {}", FaultKind::NoSeat);
            self.seatless.push((other.change, reason));
        }
    }

    /// Tells of those who have no seat, once it is known how many they are.
    pub(super) fn tell_seatless(&mut self) {
        let hint = match self.seatless.len() {
            1 => "no seat left: 1 person waits".to_owned(),
            count => format!("no seat left: {count} people wait"),
        };
        let failures = std::mem::take(&mut self.seatless).into_iter();
        self.applied
            .failed
            .extend(failures.map(|(change, reason)| Failure {
                change,
                reason,
                hint: format!("{hint}; a seat is free when somebody leaves or more are bought"),
                parked: false,
            }));
    }

    /// What was never tried, because the target was stopped, stays due.
    pub(super) fn give_up_rest(&mut self) {
        let Some(fault) = self.applied.stopped.clone() else {
            return;
        };
        for task in std::mem::take(&mut self.queue).into_rest() {
            self.applied.failed.push(Failure {
                change: task.change,
                reason: "not tried".into(),
                hint: hint(&fault),
                parked: false,
            });
        }
    }
}

/// What happens next, or what to do.
fn hint(fault: &Fault) -> String {
    match fault.kind {
        FaultKind::Unauthenticated => {
            "check the target's `auth:`; nothing more was sent to this app".into()
        }
        FaultKind::Untrusted => {
            "give the app's CA as `tls: { ca: … }`, or mend its certificate".into()
        }
        FaultKind::Misdirected => "check the target's `base_url`".into(),
        FaultKind::Missing => {
            "the next full run finds the account again, or makes a new one".into()
        }
        FaultKind::Forbidden => "give our credential the right to do this in the app".into(),
        FaultKind::Rejected | FaultKind::Conflict => {
            "correct the value at the source or the mapping; or, mended in the app: rollcall retry"
                .into()
        }
        FaultKind::Unsupported => {
            "the profile promises what this app cannot do; override it".into()
        }
        FaultKind::Unreachable
        | FaultKind::TimedOut
        | FaultKind::Throttled
        | FaultKind::Unavailable
        | FaultKind::Garbled => "it stays due and is tried again in the next run".into(),
        FaultKind::Unready => "set that right, and run it again".into(),
        FaultKind::NoSeat => "a seat is free when somebody leaves or more are bought".into(),
        FaultKind::Guarded => {
            "it is the app's last owner or the like: change it in the app by hand, and name it under \
             `protected:` if it is to stay"
                .into()
        }
        FaultKind::Paused => {
            "nothing more was sent to this app: switch provisioning on again there, and the next run \
             goes on"
                .into()
        }
    }
}

/// Takes members out of a change.
fn without(change: &mut Change, done: &BTreeSet<UserKey>) {
    match &mut change.action {
        Action::AddMembers { members } | Action::RemoveMembers { members } => {
            members.retain(|member| !done.contains(&member.user));
        }
        Action::Adopt { .. }
        | Action::Create { .. }
        | Action::Update { .. }
        | Action::Deactivate
        | Action::Reactivate { .. }
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup => {}
    }
}
