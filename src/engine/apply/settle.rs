//! What follows a try: done, due again, parked, or the end of this target's run.
//!
//! Promises a line in the journal for each write that was sent. Leaves the decision after a fault to
//! [`dispose`], and what a success means for links to [`super::remember`].

use super::{Drain, Failure, needs_request};
use crate::core::change::ActionKind;
use crate::core::fault::{Disposition, Effect, Fault, FaultKind, dispose};
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
                    self.record(&task, effects, Outcome::Done, batch);
                }
                self.fail(task, &fault, batch);
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

    /// Remembers effects and writes their line.
    pub(super) fn record(
        &mut self,
        task: &Task,
        effects: Effects,
        outcome: Outcome,
        batch: &mut Vec<Record>,
    ) {
        let count = match &effects {
            Effects::Added(users) | Effects::Removed(users) => users.len(),
            Effects::Nothing if needs_request(&task.change.action) => return,
            _ => 1,
        };
        if count == 0 {
            return;
        }
        self.remember(task, effects, outcome, batch);
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
        match dispose(fault, task.tries, policy, self.world.draw.unit()) {
            Disposition::Retry(pause) | Disposition::LookFirst(pause)
                if self.applied.stopped.is_none() && !self.proves_nothing(&task, fault) =>
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
            Disposition::Park => self.park(&task, fault.to_string(), hint(fault), batch),
            Disposition::StopTarget => {
                batch.push(self.trouble(&task, outcome, fault.to_string()));
                self.applied.stopped = Some(fault.clone());
                self.give_up(task, fault, batch);
            }
            Disposition::Retry(_)
            | Disposition::LookFirst(_)
            | Disposition::LookUpConflict
            | Disposition::FindAgain
            | Disposition::GiveUpForNow => {
                batch.push(self.trouble(&task, outcome, fault.to_string()));
                self.give_up(task, fault, batch);
            }
        }
    }

    /// Was the answer of a create lost, in an app that does not show an account at once? Then no look-up
    /// of this run proves that there is none.
    fn proves_nothing(&self, task: &Task, fault: &Fault) -> bool {
        let lags = !self.target.rules.profile.settle.is_zero();
        let in_doubt = task.look_first || fault.effect == Effect::Unknown;
        lags && in_doubt && task.change.action.kind() == ActionKind::Create
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
        self.queue.finish(&task.change);
        let now = self.world.clock.now();
        let state = if task.look_first || fault.effect == Effect::Unknown {
            JobState::InDoubt(now)
        } else {
            JobState::Due(now)
        };
        batch.push(self.job(&task.change, task.attempts, state));
        self.applied.failed.push(Failure {
            change: task.change,
            reason: fault.to_string(),
            hint: hint(fault),
            parked: false,
        });
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
    }
}
