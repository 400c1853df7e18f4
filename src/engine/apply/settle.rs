//! What follows a try: done, due again, parked, or the end of this target's run.
//!
//! Promises a line in the journal for each write that was sent. Leaves the decision after a fault to
//! [`dispose`], and what a success means for links to [`super::remember`].

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Drain, Failure};
use crate::core::change::{ActionKind, Change, Reason, Subject};
use crate::core::deed::Sent;
use crate::core::fault::{
    Afterwards, Disposition, Effect, Fault, FaultKind, RUNS, Stake, afterwards, dispose,
};
use crate::core::key::{RemoteId, UserKey};
use crate::core::link::JobState;
use crate::core::plan::{Basis, may_make, moves, referred};
use crate::core::profile::UpdateForm;
use crate::engine::journal::Outcome;
use crate::engine::perform::{Effects, Look, Result as Tried};
use crate::engine::queue::Task;
use crate::store::{JournalEntry, Record};

/// Failures in a row to reach an app before a run gives it up.
const UNREACHABLE: u32 = 5;

impl Drain<'_> {
    /// Turns what came of a try into records, and into another try where one is due.
    pub(super) fn settle(&mut self, mut task: Task, result: Tried, batch: &mut Vec<Record>) {
        task.attempts += 1;
        task.tries += 1;
        self.hear(&task, &result);
        match result {
            Tried::Done(effects) => self.finish(&task, effects, Outcome::Done, batch),
            Tried::Found(effects) => self.finish(&task, effects, Outcome::Found, batch),
            Tried::Moved { id, refused } => self.follow(task, id, refused, batch),
            Tried::Park { reason, hint } => self.park(&task, reason, hint, batch),
            Tried::Fault(fault, effects) => {
                if let Some(effects) = effects {
                    self.record_part(&mut task, effects, batch);
                }
                if fault.effect == Effect::None {
                    self.clear_doubt(&mut task, batch);
                }
                self.fail(task, &fault, batch);
            }
            Tried::Short {
                effects,
                reason,
                hint,
            } => {
                self.record_part(&mut task, effects, batch);
                self.clear_doubt(&mut task, batch);
                batch.push(self.trouble(&task, Outcome::Refused, reason.clone()));
                let now = self.world.clock.now();
                self.leave_due(task, (now, false), reason, hint, batch);
            }
            Tried::Stopped => {
                task.attempts -= 1;
                self.clear_doubt(&mut task, batch);
                let now = self.world.clock.now();
                self.put_off(&task, now, false, batch);
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
        if task.change.action.kind().needs_request() {
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
        // What the app said yes to is part of what is done; the rest belongs to what is not.
        let (sent, rest) = std::mem::take(&mut task.sent)
            .into_iter()
            .partition(Sent::is_success);
        task.sent = sent;
        self.record(task, effects, Outcome::Done, batch);
        task.sent = rest;
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
            Effects::Nothing if task.change.action.kind().needs_request() => return,
            _ => 1,
        };
        let account = self.account_of(&task.change.subject);
        let deed = self.scribe.deed(&task.change, &effects, account);
        self.remember(task, effects, outcome, batch);
        if count == 0 {
            return;
        }
        self.applied.done += count;
        let kind = task.change.action.kind();
        *self.applied.kinds.entry(kind).or_default() += count;
        let now = self.world.clock.now();
        let line = self
            .scribe
            .line(now, &task.change, outcome, count, task.approved, None);
        batch.push(Record::Journal(JournalEntry {
            requests: task.sent.clone(),
            deed,
            ..line
        }));
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

    /// The account or group of the app that a subject has as far as is known.
    fn account_of(&self, subject: &Subject) -> Option<&RemoteId> {
        match subject {
            Subject::User(user) => self.links.get(user).map(|link| &link.id),
            Subject::Group(group) => self.groups.get(group).map(|link| &link.id),
        }
    }

    pub(super) fn trouble(&self, task: &Task, outcome: Outcome, text: String) -> Record {
        let now = self.world.clock.now();
        let line = self
            .scribe
            .line(now, &task.change, outcome, 0, task.approved, Some(text));
        Record::Journal(JournalEntry {
            requests: task.sent.clone(),
            ..line
        })
    }

    /// Takes the id that an account has now, and tries the same again: at once, and not for ever.
    fn follow(
        &mut self,
        mut task: Task,
        id: RemoteId,
        refused: Option<Fault>,
        batch: &mut Vec<Record>,
    ) {
        if let Some(fault) = &refused {
            batch.push(self.trouble(&task, Outcome::Refused, fault.to_string()));
        }
        if let Subject::User(user) = &task.change.subject
            && let Some(link) = self.links.get_mut(user)
        {
            let former = std::mem::replace(&mut link.id, id);
            self.former.insert(former, user.clone());
            let target = self.target.rules.target.clone();
            batch.push(Record::PutLink(target, link.clone()));
        }
        match refused {
            Some(fault) if task.tries >= self.target.rules.profile.rates.retry.attempts => {
                self.give_up(task, &fault, batch);
            }
            Some(_) | None => {
                task.due = self.world.clock.instant();
                self.queue.put_back(task);
            }
        }
    }

    /// May the app have refused this because it names an account by an id that it has no more, also one
    /// that only goes back with a PUT? Nobody has to look at that: the next read finds the id.
    fn names_unsure_ids(&self, task: &Task, fault: &Fault) -> bool {
        let users = &self.target.rules.profile.users;
        let is_unsure = |user: &UserKey| match self.scribe.basis {
            Basis::Observed => {
                self.unsure.contains(user) || self.former.values().any(|known| known == user)
            }
            Basis::Remembered => users.id_changes,
        };
        // What an account holds that nobody has read may be anything.
        let carries_unread = self.scribe.basis == Basis::Remembered
            && users.id_changes
            && users.update == UpdateForm::Put
            && matches!(task.change.subject, Subject::User(_));
        let mut named = referred(&task.change.action).chain(&task.carried);
        fault.kind == FaultKind::Rejected && (carries_unread || named.any(is_unsure))
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
                if self.applied.stopped.is_none() && !self.proves_nothing(&task, fault) =>
            {
                let in_doubt = task.is_in_doubt() || fault.effect == Effect::Unknown;
                let due = now.saturating_add(pause).unwrap_or(now);
                let state = if in_doubt {
                    JobState::InDoubt(due)
                } else {
                    JobState::Due(due)
                };
                batch.push(self.job(&task.change, task.attempts, state));
                batch.push(self.trouble(&task, outcome, fault.to_string()));
                if in_doubt {
                    task.look_first = Some(Look::InDoubt);
                }
                task.due = self.world.clock.instant() + pause;
                self.queue.put_back(task);
            }
            Disposition::Park if self.names_unsure_ids(&task, fault) => {
                batch.push(self.trouble(&task, outcome, fault.to_string()));
                let hint = "it names an account that may have another id by now; the next full run reads \
                            that and tries again";
                self.leave_due(task, (now, false), fault.to_string(), hint.into(), batch);
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

    /// Was the answer of what may have made an account lost, in an app that does not show an account at once? Then no look-up
    /// of this run proves that there is none.
    fn proves_nothing(&self, task: &Task, fault: &Fault) -> bool {
        let lags = !self.target.rules.profile.settle.is_zero();
        let in_doubt = task.is_in_doubt() || fault.effect == Effect::Unknown;
        let users = &self.target.rules.profile.users;
        lags && in_doubt && may_make(users, &task.change).is_some()
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

    /// Not in this run; due again in a later one, or waits for a person who looks why it fails on and
    /// on. What the target is to blame for, and what a person has asked for, is due in the next.
    pub(super) fn give_up(&mut self, task: Task, fault: &Fault, batch: &mut Vec<Record>) {
        let now = self.world.clock.now();
        let in_doubt = fault.effect == Effect::Unknown;
        let (reason, hint) = (fault.to_string(), hint(fault));
        if self.applied.stopped.is_some() || is_asked_for(&task.change) {
            return self.leave_due(task, (now, in_doubt), reason, hint, batch);
        }
        let policy = &self.target.rules.profile.rates.retry;
        let draw = self.world.draw.unit();
        let stake = stake(&task, in_doubt);
        match afterwards(fault, task.attempts, policy, stake, draw) {
            Afterwards::Park => {
                let reason = format!("failed in {RUNS} runs: {reason}");
                self.park(&task, reason, PARKED.into(), batch);
            }
            Afterwards::Rest(pause) => {
                let due = now.saturating_add(pause).unwrap_or(now);
                self.leave_due(task, (due, in_doubt), reason, hint, batch);
            }
        }
    }

    fn leave_due(
        &mut self,
        task: Task,
        (due, in_doubt): (Timestamp, bool),
        reason: String,
        hint: String,
        batch: &mut Vec<Record>,
    ) {
        self.put_off(&task, due, in_doubt, batch);
        self.applied.failed.push(Failure {
            change: task.change,
            reason,
            hint,
            parked: false,
        });
    }

    fn put_off(&mut self, task: &Task, due: Timestamp, in_doubt: bool, batch: &mut Vec<Record>) {
        self.queue.finish(&task.change);
        let state = if task.is_in_doubt() || in_doubt {
            if let Some(user) = moves(&self.target.rules.profile.users, &task.change) {
                let known = self.links.get(user);
                let former = known.map(|link| (link.id.clone(), user.clone()));
                self.former.extend(former);
                self.unsure.insert(user.clone());
            }
            JobState::InDoubt(due)
        } else {
            JobState::Due(due)
        };
        batch.push(self.job(&task.change, task.attempts, state));
    }

    /// Puts an account off that the app has no seat for, and with it all that are still to be made:
    /// one refusal says enough.
    fn wait_for_a_seat(&mut self, task: Task, reason: String, batch: &mut Vec<Record>) {
        let now = self.world.clock.now();
        self.put_off(&task, now, false, batch);
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

    /// What was never tried, because the target was stopped or the run was to end, stays due.
    pub(super) fn give_up_rest(&mut self) {
        let Some(fault) = self.applied.stopped.clone() else {
            let rest = std::mem::take(&mut self.queue).into_rest();
            self.applied.left = rest.into_iter().map(|task| task.change).collect();
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

/// What to do about a record that failed on and on.
const PARKED: &str = "find out why the app does not do this, and mend it; then: rollcall retry";

/// What hangs on a change that failed.
fn stake(task: &Task, in_doubt: bool) -> Stake {
    match task.change.action.kind() {
        _ if task.change.action.sees_out() => Stake::Leaving,
        ActionKind::Create | ActionKind::CreateGroup | ActionKind::Reactivate
            if in_doubt || task.is_in_doubt() =>
        {
            Stake::Doubt
        }
        _ => Stake::Change,
    }
}

/// Has a person asked for this very change? Then nothing keeps it from the next run.
fn is_asked_for(change: &Change) -> bool {
    matches!(change.reason, Reason::Resent | Reason::Undone { .. })
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
        | FaultKind::Garbled => {
            "it stays due: a later run tries again, after a pause that grows from a minute to six \
             hours; at once: rollcall retry"
                .into()
        }
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
    if let Some(members) = change.action.members_mut() {
        members.retain(|member| !done.contains(&member.user));
    }
}
