//! Carrying out a proposal: commit, then send, wave by wave.
//!
//! Promises that each attempt is on disk before its request leaves, that outcomes are written in
//! groups, that nothing is sent once the state cannot be written, and that after a crash at any point
//! the next run ends in line. Leaves the decision after a failure to [`crate::core::fault::dispose`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::journal::{Outcome, Scribe};
use super::learn::{Teacher, cleared as cleared_values};
use super::perform::{Effects, Result as Tried, Scene};
use super::propose::Proposal;
use super::queue::{Queue, Task};
use super::{Progress, Target, World};
use crate::core::account::Account;
use crate::core::attribute::{AttrName, Value};
use crate::core::change::{Action, ActionKind, Change, Subject};
use crate::core::correlate::key_prints;
use crate::core::fault::{Disposition, Effect, Fault, FaultKind, dispose};
use crate::core::fingerprint::Fingerprints;
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::{GroupLink, Job, JobState, Link};
use crate::core::plan::{Basis, Note, content, name_attribute};
use crate::store::{Epoch, Record, StoreError};

/// Failures in a row to reach an app before a run gives it up.
const UNREACHABLE: u32 = 5;

/// A create in doubt stays in the outbox until its account is linked, or a full read so long after it
/// shows none: an app may carry out a request late.
const FORGOTTEN: Duration = Duration::from_hours(1);

/// What came of carrying out a proposal.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Changes that are done; members count one by one.
    pub done: usize,
    /// Changes that are not.
    pub failed: Vec<Failure>,
    /// Why the rest was not tried, if it was not.
    pub stopped: Option<Fault>,
}

/// A change that is not done.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which change.
    pub change: Change,
    /// What failed.
    pub reason: String,
    /// What happens next, or what to do.
    pub hint: String,
    /// It waits for a person.
    pub parked: bool,
}

/// Commits and carries out a proposal.
///
/// # Errors
/// When the state cannot be written: then nothing more is sent. What was sent and not recorded is in
/// doubt on disk, and is looked up by the next run.
pub async fn apply(
    target: &Target,
    proposal: Proposal,
    run: &str,
    world: World<'_>,
) -> Result<Applied, StoreError> {
    let mut drain = Drain::new(target, &proposal, run, world);
    drain.commit(&proposal).await?;
    drain.run().await
}

/// A run of one target.
struct Drain<'a> {
    target: &'a Target,
    world: World<'a>,
    scribe: Scribe,
    links: BTreeMap<UserKey, Link>,
    groups: BTreeMap<GroupKey, GroupLink>,
    accounts: &'a BTreeMap<RemoteId, Account>,
    gone: &'a BTreeSet<RemoteId>,
    keys: BTreeMap<&'a UserKey, &'a [(AttrName, Arc<str>)]>,
    queue: Queue,
    applied: Applied,
    total: usize,
    unreachable: u32,
    is_held: bool,
    is_parked: bool,
}

impl<'a> Drain<'a> {
    fn new(target: &'a Target, proposal: &'a Proposal, run: &str, world: World<'a>) -> Self {
        let scribe = Scribe {
            run: run.to_owned(),
            target: target.rules.target.clone(),
        };
        Self {
            target,
            world,
            scribe,
            links: proposal.state.links.clone(),
            groups: proposal.state.groups.clone(),
            accounts: &proposal.accounts,
            gone: &proposal.gone,
            keys: proposal
                .desired
                .iter()
                .map(|desired| (&desired.user, desired.keys.as_slice()))
                .collect(),
            queue: Queue::fill(tasks(proposal, world)),
            applied: Applied::default(),
            total: proposal.reviewed.released.len(),
            unreachable: 0,
            is_held: !proposal.reviewed.held.is_empty(),
            is_parked: !proposal.reviewed.plan.parked.is_empty(),
        }
    }

    /// Writes down what was learned, what is held, and what is due.
    async fn commit(&mut self, proposal: &Proposal) -> Result<(), StoreError> {
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

    fn note(&mut self, note: &Note) -> Record {
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
    fn stale_jobs(&self, proposal: &Proposal, now: Timestamp) -> Vec<Record> {
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
        let target = &self.target.rules.target;
        proposal
            .state
            .jobs
            .iter()
            .filter(|job| !planned.contains(&(&job.subject, job.action)))
            .filter(|job| match job.state {
                JobState::Due(_) => true,
                JobState::Parked { .. } => !parked.contains(&job.subject),
                JobState::InDoubt(at) => {
                    job.action != ActionKind::Create
                        || planned.contains(&(&job.subject, ActionKind::Adopt))
                        || (reviewed.plan.basis == Basis::Observed && at + FORGOTTEN < now)
                }
            })
            .map(|job| Record::DropJob(target.clone(), job.subject.clone(), job.action))
            .collect()
    }

    fn holds(&self, proposal: &Proposal, now: Timestamp) -> Vec<Record> {
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
            .filter(|known| known.approved.is_none())
            .filter(|known| !reviewed.held.iter().any(|hold| hold.id == known.id))
            .map(|known| &known.id);
        for id in replaced.chain(&reviewed.settled) {
            batch.push(Record::DropHold(target.clone(), id.clone()));
        }
        batch
    }

    fn job(&self, change: &Change, attempts: u32, state: JobState) -> Record {
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
    fn key_prints(&self, change: &Change) -> Fingerprints {
        let keys = match (&change.action, &change.subject) {
            (Action::Create { .. }, Subject::User(user)) => self.keys.get(user).copied(),
            _ => None,
        };
        let profile = &self.target.rules.profile;
        key_prints(profile, self.world.key, keys.unwrap_or_default())
    }

    /// Sends until nothing is left that can go in this run.
    async fn run(mut self) -> Result<Applied, StoreError> {
        while !self.queue.is_empty() && self.applied.stopped.is_none() {
            let now = self.world.clock.instant();
            let mut wave = self.queue.take_ready(now, self.window());
            if wave.is_empty() {
                match self.queue.pause(now) {
                    Some(pause) => {
                        self.world.clock.sleep(pause).await;
                        continue;
                    }
                    None => wave.extend(self.queue.take_first()),
                }
            }
            self.send(wave).await?;
        }
        self.give_up_rest();
        self.close().await?;
        (self.world.progress)(Progress::Done(self.target.rules.target.clone()));
        Ok(self.applied)
    }

    /// Writes how the run ended.
    async fn close(&self) -> Result<(), StoreError> {
        let applied = &self.applied;
        let outcome = if applied.stopped.is_some() {
            "stopped"
        } else if self.is_held {
            "held"
        } else if self.is_parked || !applied.failed.is_empty() {
            "unfinished"
        } else {
            "in line"
        };
        let detail = format!("{} done, {} not", applied.done, applied.failed.len());
        let line = self.scribe.end(self.world.clock.now(), outcome, detail);
        self.world
            .store
            .commit(Epoch(1), &[Record::Journal(line)])
            .await
    }

    /// Changes in one wave: enough to keep every slot busy, few enough to look up after a crash.
    fn window(&self) -> usize {
        (self.target.rules.profile.rates.concurrency * 4).clamp(8, 256)
    }

    async fn send(&mut self, wave: Vec<Task>) -> Result<(), StoreError> {
        let now = self.world.clock.now();
        let mut attempts: Vec<Record> = Vec::new();
        for task in wave
            .iter()
            .filter(|task| needs_request(&task.change.action))
        {
            attempts.push(self.job(&task.change, task.attempts + 1, JobState::InDoubt(now)));
            attempts.extend(self.intend(&task.change));
        }
        if !attempts.is_empty() {
            self.world.store.commit(Epoch(1), &attempts).await?;
        }
        let scene = Scene {
            target: self.target,
            links: &self.links,
            groups: &self.groups,
            accounts: self.accounts,
            gone: self.gone,
            keys: &self.keys,
        };
        let scene = &scene;
        let tried: Vec<(Task, Tried)> = stream::iter(wave)
            .map(|task| async move {
                let result = scene.perform(&task.change, task.look_first).await;
                (task, result)
            })
            .buffered(self.target.rules.profile.rates.concurrency.max(1))
            .collect()
            .await;
        let mut batch = Vec::new();
        for (task, result) in tried {
            self.settle(task, result, &mut batch);
        }
        self.world.store.commit(Epoch(1), &batch).await?;
        let done = self.total.saturating_sub(self.queue.len());
        (self.world.progress)(Progress::Applying(
            self.target.rules.target.clone(),
            done,
            self.total,
        ));
        Ok(())
    }

    /// Writes the values of an update down as sent before they are: should the answer be lost and the
    /// source change its mind, the app's value is still known to be ours.
    fn intend(&mut self, change: &Change) -> Option<Record> {
        let (
            Action::Update { attributes } | Action::Reactivate { attributes },
            Subject::User(user),
        ) = (&change.action, &change.subject)
        else {
            return None;
        };
        let teacher = self.teacher();
        let mut link = self.links.get(user)?.clone();
        for attribute in attributes {
            let value = match &attribute.new {
                Some(Value::Account(other)) => self
                    .links
                    .get(other)
                    .map(|link| Value::text(link.id.as_str())),
                other => other.clone(),
            };
            if let Some(value) = value {
                teacher.intends(&mut link, &attribute.name, &value);
            }
        }
        self.links.insert(user.clone(), link.clone());
        Some(Record::PutLink(self.target.rules.target.clone(), link))
    }

    /// Turns what came of a try into records, and into another try where one is due.
    fn settle(&mut self, mut task: Task, result: Tried, batch: &mut Vec<Record>) {
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

    fn finish(&mut self, task: &Task, effects: Effects, outcome: Outcome, batch: &mut Vec<Record>) {
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
    fn record(&mut self, task: &Task, effects: Effects, outcome: Outcome, batch: &mut Vec<Record>) {
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

    fn remember(
        &mut self,
        task: &Task,
        effects: Effects,
        outcome: Outcome,
        batch: &mut Vec<Record>,
    ) {
        let target = self.target.rules.target.clone();
        match &task.change.subject {
            Subject::User(user) => {
                if ends_an_account(&effects) {
                    self.leave_groups(user, batch);
                }
                self.remember_user(user, effects, outcome);
                batch.push(match self.links.get(user) {
                    Some(link) => Record::PutLink(target, link.clone()),
                    None => Record::DropLink(target, user.clone()),
                });
            }
            Subject::Group(group) => {
                self.remember_group(group, effects, outcome);
                batch.push(match self.groups.get(group) {
                    Some(link) => Record::PutGroup(target, link.clone()),
                    None => Record::DropGroup(target, group.clone()),
                });
            }
        }
    }

    /// An account that is gone is in no group any more, whatever was acknowledged of it.
    fn leave_groups(&mut self, user: &UserKey, batch: &mut Vec<Record>) {
        for link in self.groups.values_mut() {
            if link.members.remove(user) {
                let target = self.target.rules.target.clone();
                batch.push(Record::PutGroup(target, link.clone()));
            }
        }
    }

    fn teacher(&self) -> Teacher<'a> {
        Teacher {
            rules: &self.target.rules,
            key: self.world.key,
            now: self.world.clock.now(),
        }
    }

    fn remember_user(&mut self, user: &UserKey, effects: Effects, outcome: Outcome) {
        let teacher = self.teacher();
        match effects {
            Effects::Created(account, attributes) => {
                let mut link = new_link(user, &account, true);
                match outcome {
                    Outcome::Found => teacher.found(&mut link, &attributes, &account),
                    Outcome::Done | Outcome::Unanswered | Outcome::Refused | Outcome::Parked => {
                        link.active = true;
                        let shown = (!account.attributes.is_empty()).then_some(&account);
                        teacher.sent(&mut link, &attributes, shown);
                    }
                }
                self.links.insert(user.clone(), link);
            }
            Effects::Changed {
                set,
                cleared,
                account,
                activated,
            } => {
                if let Some(link) = self.links.get_mut(user) {
                    teacher.sent(link, &set, account.as_ref());
                    cleared_values(link, cleared.iter());
                    if activated {
                        link.active = true;
                        link.left = None;
                    }
                }
            }
            Effects::Deactivated => {
                if let Some(link) = self.links.get_mut(user) {
                    link.active = false;
                }
            }
            Effects::Deleted => {
                self.links.remove(user);
            }
            Effects::GroupCreated(_)
            | Effects::GroupRenamed(_)
            | Effects::GroupDeleted
            | Effects::Added(_)
            | Effects::Removed(_)
            | Effects::Nothing => {}
        }
    }

    fn remember_group(&mut self, group: &GroupKey, effects: Effects, outcome: Outcome) {
        let print = |name: &str| {
            let value = Value::text(name);
            self.world.key.of(&name_attribute(), &value)
        };
        match effects {
            Effects::GroupCreated(made) => {
                let link = GroupLink {
                    group: group.clone(),
                    id: made.id,
                    ours: outcome == Outcome::Done,
                    name: print(&made.name),
                    members: BTreeSet::new(),
                };
                self.groups.insert(group.clone(), link);
            }
            Effects::GroupRenamed(name) => {
                let print = print(&name);
                if let Some(link) = self.groups.get_mut(group) {
                    link.name = print;
                }
            }
            Effects::GroupDeleted => {
                self.groups.remove(group);
            }
            Effects::Added(users) => {
                if let Some(link) = self.groups.get_mut(group) {
                    link.members.extend(users);
                }
            }
            Effects::Removed(users) => {
                if let Some(link) = self.groups.get_mut(group) {
                    link.members.retain(|user| !users.contains(user));
                }
            }
            Effects::Created(..)
            | Effects::Changed { .. }
            | Effects::Deactivated
            | Effects::Deleted
            | Effects::Nothing => {}
        }
    }

    fn park(&mut self, task: &Task, reason: String, hint: String, batch: &mut Vec<Record>) {
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

    fn trouble(&self, task: &Task, outcome: Outcome, text: String) -> Record {
        let now = self.world.clock.now();
        Record::Journal(
            self.scribe
                .line(now, &task.change, outcome, 0, task.approved, Some(text)),
        )
    }

    fn fail(&mut self, mut task: Task, fault: &Fault, batch: &mut Vec<Record>) {
        let now = self.world.clock.now();
        let policy = &self.target.rules.profile.rates.retry;
        let outcome = match fault.effect {
            Effect::None => Outcome::Refused,
            Effect::Unknown => Outcome::Unanswered,
        };
        self.count_unreachable(fault);
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

    fn count_unreachable(&mut self, fault: &Fault) {
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
    fn give_up(&mut self, task: Task, fault: &Fault, batch: &mut Vec<Record>) {
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
    fn give_up_rest(&mut self) {
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

/// The tasks of a proposal, with what earlier runs left behind.
fn tasks(proposal: &Proposal, world: World<'_>) -> Vec<Task> {
    let due = world.clock.instant();
    let asked = proposal.reviewed.plan.basis == Basis::Observed;
    proposal
        .reviewed
        .released
        .iter()
        .map(|change| {
            let job = proposal.state.job(&change.subject, change.action.kind());
            let in_doubt = job.is_some_and(|job| matches!(job.state, JobState::InDoubt(_)));
            let approved = proposal
                .reviewed
                .approved
                .contains(&(change.subject.clone(), change.action.kind()));
            Task {
                change: change.clone(),
                attempts: job.map_or(0, |job| job.attempts),
                tries: 0,
                due,
                look_first: in_doubt || !asked,
                approved,
            }
        })
        .collect()
}

/// Is the account that a link named before gone, or not the one it names any more?
fn ends_an_account(effects: &Effects) -> bool {
    match effects {
        Effects::Created(..) | Effects::Deleted => true,
        Effects::Changed { .. }
        | Effects::Deactivated
        | Effects::GroupCreated(_)
        | Effects::GroupRenamed(_)
        | Effects::GroupDeleted
        | Effects::Added(_)
        | Effects::Removed(_)
        | Effects::Nothing => false,
    }
}

fn needs_request(action: &Action) -> bool {
    !matches!(action, Action::Adopt { .. } | Action::AdoptGroup { .. })
}

fn new_link(user: &UserKey, account: &Account, ours: bool) -> Link {
    Link {
        user: user.clone(),
        id: account.id.clone(),
        ours,
        active: account.active,
        sent: Fingerprints::new(),
        held: Fingerprints::new(),
        refused: BTreeMap::new(),
        left: None,
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
