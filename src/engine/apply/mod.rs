//! Carrying out a proposal: commit, then send, wave by wave.
//!
//! Promises that each attempt is on disk before its request leaves, that outcomes are written in
//! groups, that nothing is sent once the state cannot be written, and that after a crash at any point
//! the next run ends in line. Leaves the decision after a failure to [`crate::core::fault::dispose`].

mod commit;
mod remember;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};

use super::bounds::Bounds;
use super::cut::Part;
use super::journal::Scribe;
use super::perform::{Result as Tried, Scene};
use super::propose::Proposal;
use super::queue::{Queue, Task};
use super::{Progress, Target, World};
use crate::core::account::Account;
use crate::core::change::{Action, Change, Member, Subject};
use crate::core::desired::Desired;
use crate::core::fault::Fault;
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::{GroupLink, JobState, Link};
use crate::core::memory::TargetState;
use crate::core::plan::Basis;
use crate::store::{Epoch, Record, StoreError};

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
    scribe: Scribe<'a>,
    links: BTreeMap<UserKey, Link>,
    groups: BTreeMap<GroupKey, GroupLink>,
    state: &'a TargetState,
    accounts: &'a BTreeMap<RemoteId, Account>,
    gone: &'a BTreeSet<RemoteId>,
    desired: BTreeMap<&'a UserKey, &'a Desired>,
    entering: BTreeMap<&'a GroupKey, &'a BTreeSet<Member>>,
    bounds: Bounds,
    /// Creates that the app has no seat for.
    seatless: Vec<(Change, String)>,
    queue: Queue,
    applied: Applied,
    total: usize,
    unreachable: u32,
    is_held: bool,
    is_parked: bool,
    part: Option<&'a Part>,
}

impl<'a> Drain<'a> {
    fn new(target: &'a Target, proposal: &'a Proposal, run: &str, world: World<'a>) -> Self {
        let scribe = Scribe {
            run: run.to_owned(),
            target: target.rules.target.clone(),
            profile: &target.rules.profile,
            basis: proposal.reviewed.plan.basis,
            journaling: world.store.journaling(),
        };
        Self {
            target,
            world,
            scribe,
            links: proposal.state.links.clone(),
            groups: proposal.state.groups.clone(),
            state: &proposal.state,
            accounts: &proposal.accounts,
            gone: &proposal.gone,
            desired: proposal
                .desired
                .iter()
                .map(|desired| (&desired.user, desired))
                .collect(),
            entering: entering(&proposal.reviewed.released),
            bounds: Bounds::new(),
            seatless: Vec::new(),
            queue: Queue::fill(tasks(proposal, world)),
            applied: Applied::default(),
            total: proposal.reviewed.released.len(),
            unreachable: 0,
            is_held: !proposal.reviewed.held.is_empty(),
            is_parked: !proposal.reviewed.plan.parked.is_empty()
                || proposal.reviewed.plan.unread > 0,
            part: proposal.part.as_ref(),
        }
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
        self.tell_seatless();
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
        let now = self.world.clock.now();
        let line = self.scribe.end(now, self.part, outcome, detail);
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
            state: self.state,
            before: &self.state.links,
            groups: &self.groups,
            accounts: self.accounts,
            gone: self.gone,
            desired: &self.desired,
            entering: &self.entering,
            bounds: &self.bounds,
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

/// Who goes into which group.
fn entering(changes: &[Change]) -> BTreeMap<&GroupKey, &BTreeSet<Member>> {
    changes
        .iter()
        .filter_map(|change| match (&change.subject, &change.action) {
            (Subject::Group(group), Action::AddMembers { members }) => Some((group, members)),
            _ => None,
        })
        .collect()
}

fn needs_request(action: &Action) -> bool {
    !matches!(action, Action::Adopt { .. } | Action::AdoptGroup { .. })
}
