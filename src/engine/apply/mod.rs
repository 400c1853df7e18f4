//! Carrying out a proposal: commit, then send, wave by wave.
//!
//! Promises that each attempt is on disk before its request leaves, that outcomes are written in
//! groups, that nothing is sent once the state cannot be written, and that after a crash at any point
//! the next run ends in line. Leaves the decision after a failure to [`crate::core::fault::dispose`].

mod cargo;
mod commit;
mod doubt;
mod probe;
mod remember;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use tracing::Instrument as _;

use self::cargo::Cargo;
use super::bounds::Bounds;
use super::cut::Part;
use super::halt::Halt;
use super::journal::Scribe;
use super::perform::{Look, Result as Tried, Scene};
use super::propose::Proposal;
use super::queue::{Queue, Task};
use super::{Progress, Target, World};
use crate::connector::trace::traced;
use crate::core::account::Account;
use crate::core::change::{Action, ActionKind, Change, Member, Subject};
use crate::core::desired::Desired;
use crate::core::fault::{Fault, FaultKind};
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::{GroupLink, JobState, Link};
use crate::core::memory::TargetState;
use crate::core::plan::Basis;
use crate::core::profile::Profile;
use crate::store::{Epoch, Record, StoreError};

/// What came of carrying out a proposal.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// Changes that are done; members count one by one.
    pub done: usize,
    /// The same, by kind.
    pub kinds: BTreeMap<ActionKind, usize>,
    /// Changes that are not.
    pub failed: Vec<Failure>,
    /// Why the rest was not tried, if it was not.
    pub stopped: Option<Fault>,
    /// Changes that were not tried, since the run was told to end: they stay due.
    pub left: Vec<Change>,
    /// How the run ended, in one word for all of it.
    pub end: RunEnd,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunEnd {
    /// Nothing is left to do.
    #[default]
    InLine,
    /// The guard holds something.
    Held,
    /// Something failed, or waits for a person.
    Unfinished,
    /// Not everything was tried.
    Stopped,
}

impl RunEnd {
    /// The word of the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::InLine => "in line",
            Self::Held => "held",
            Self::Unfinished => "unfinished",
            Self::Stopped => "stopped",
        }
    }
}

/// What a run is told besides what to do.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Its name in the journal.
    pub run: &'a str,
    /// Ends it before it is done.
    pub halt: &'a Halt,
    /// How the run before ended. One that does nothing and ends the same leaves no line in the journal:
    /// a daemon looks every few minutes, and a year of that would bury what was done.
    pub last: Option<RunEnd>,
    /// What the app rested for before this run, if it did and was not asked anything since: then one
    /// request tells whether it is back, before any other leaves.
    pub rested: Option<FaultKind>,
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
    let halt = Halt::never();
    let terms = Terms {
        run,
        halt: &halt,
        last: None,
        rested: None,
    };
    apply_on(target, proposal, terms, world).await
}

/// The same, on terms. Once the end is asked for, no request begins any more, and waits are cut short;
/// those that are on their way are heard out.
///
/// # Errors
/// As for [`apply`].
pub async fn apply_on(
    target: &Target,
    proposal: Proposal,
    terms: Terms<'_>,
    world: World<'_>,
) -> Result<Applied, StoreError> {
    let mut drain = Drain::new(target, &proposal, terms, world);
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
    /// Users whose accounts may have another id since a request of this run whose answer was lost.
    unsure: BTreeSet<UserKey>,
    /// Ids that accounts had before in this run, or that they may not have any more, with whose they are.
    former: BTreeMap<RemoteId, UserKey>,
    applied: Applied,
    total: usize,
    unreachable: u32,
    /// What the app was absent for, until it has answered.
    absence: Option<FaultKind>,
    is_held: bool,
    is_parked: bool,
    part: Option<&'a Part>,
    terms: Terms<'a>,
    /// Nothing was written for this run so far.
    is_idle: bool,
}

impl<'a> Drain<'a> {
    fn new(target: &'a Target, proposal: &'a Proposal, terms: Terms<'a>, world: World<'a>) -> Self {
        let scribe = Scribe {
            run: terms.run.to_owned(),
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
            queue: Queue::fill(
                tasks(proposal, &target.rules.profile, world),
                &target.rules.profile.users,
            ),
            unsure: BTreeSet::new(),
            former: BTreeMap::new(),
            applied: Applied::default(),
            total: proposal.reviewed.released.len(),
            unreachable: 0,
            absence: terms.rested.filter(|kind| kind.is_absence()),
            is_held: !proposal.reviewed.held.is_empty(),
            is_parked: !proposal.reviewed.plan.parked.is_empty()
                || proposal.reviewed.plan.unread > 0
                || proposal.reviewed.plan.waits_to_retry(),
            part: proposal.part.as_ref(),
            terms,
            is_idle: true,
        }
    }

    /// Sends until nothing is left that can go in this run.
    async fn run(mut self) -> Result<Applied, StoreError> {
        if self.queue.is_empty() {
            self.knock().await;
        } else {
            self.show_progress();
        }
        while !self.queue.is_empty() && !self.is_over() {
            let now = self.world.clock.instant();
            let mut wave = self.next_wave(now);
            if wave.is_empty() {
                match self.queue.pause(now) {
                    Some(pause) => {
                        tokio::select! {
                            () = self.world.clock.sleep(pause) => {}
                            () = self.terms.halt.pulled() => {}
                        }
                        continue;
                    }
                    None => wave.extend(self.queue.take_first()),
                }
            }
            self.send(wave).await?;
        }
        self.give_up_rest();
        self.tell_seatless();
        self.applied.end = self.end();
        self.close().await?;
        (self.world.progress)(Progress::Done(self.target.rules.target.clone()));
        Ok(self.applied)
    }

    fn is_over(&self) -> bool {
        self.applied.stopped.is_some() || self.terms.halt.is_pulled()
    }

    fn end(&self) -> RunEnd {
        let applied = &self.applied;
        if applied.stopped.is_some() || !applied.left.is_empty() {
            RunEnd::Stopped
        } else if self.is_held {
            RunEnd::Held
        } else if self.is_parked || !applied.failed.is_empty() {
            RunEnd::Unfinished
        } else {
            RunEnd::InLine
        }
    }

    /// Writes how the run ended, unless it was as idle as the one before.
    async fn close(&self) -> Result<(), StoreError> {
        let applied = &self.applied;
        if self.is_idle && self.terms.last == Some(applied.end) {
            return Ok(());
        }
        let not = applied.failed.len() + applied.left.len();
        let detail = format!("{} done, {not} not", applied.done);
        let now = self.world.clock.now();
        let line = self.scribe.end(now, self.part, applied.end.word(), detail);
        self.world
            .store
            .commit(Epoch(1), &[Record::Journal(line)])
            .await
    }

    /// Changes in one wave: enough to keep every slot busy, few enough to look up after a crash.
    fn window(&self) -> usize {
        (self.target.rules.profile.rates.concurrency * 4).clamp(8, 256)
    }

    async fn send(&mut self, mut wave: Vec<Task>) -> Result<(), StoreError> {
        self.is_idle = false;
        let now = self.world.clock.now();
        let mut attempts: Vec<Record> = Vec::new();
        for task in wave
            .iter_mut()
            .filter(|task| task.change.action.kind().needs_request())
        {
            attempts.push(self.job(&task.change, task.attempts + 1, JobState::InDoubt(now)));
            attempts.extend(self.intend(task));
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
            former: &self.former,
            unsure: &self.unsure,
            key: self.world.key,
            entering: &self.entering,
            bounds: &self.bounds,
        };
        let scene = &scene;
        let halt = self.terms.halt;
        let tried: Vec<(Task, Tried)> = stream::iter(wave)
            .map(|mut task| async move {
                if halt.is_pulled() {
                    return (task, Tried::Stopped);
                }
                let work = scene.perform(&task.change, task.look_first);
                let span = span(&task.change);
                let (result, sent) = traced(work).instrument(span).await;
                task.sent = sent;
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
        self.show_progress();
        Ok(())
    }

    fn show_progress(&self) {
        let done = self.total.saturating_sub(self.queue.len());
        let target = self.target.rules.target.clone();
        (self.world.progress)(Progress::Applying(target, done, self.total));
    }
}

/// What the log says of everything that is done for a change; whom it is about, only where the config
/// asks for people.
fn span(change: &Change) -> tracing::Span {
    let (job, person) = (change.action.kind().word(), &*change.label);
    tracing::debug_span!("job", job, person)
}

/// The tasks of a proposal, with what earlier runs left behind. Links that move have moved when the
/// first is tried.
fn tasks(proposal: &Proposal, profile: &Profile, world: World<'_>) -> Vec<Task> {
    let cargo = Cargo::new(proposal, profile);
    let due = world.clock.instant();
    let asked = proposal.reviewed.plan.basis == Basis::Observed;
    proposal
        .reviewed
        .released
        .iter()
        .filter(|change| !matches!(change.action, Action::Rekey { .. }))
        .map(|change| {
            let job = proposal.state.job(&change.subject, change.action.kind());
            let in_doubt = job.is_some_and(|job| matches!(job.state, JobState::InDoubt(_)));
            let approved = proposal
                .reviewed
                .approved
                .contains(&(change.subject.clone(), change.action.kind()));
            Task {
                attempts: job.map_or(0, |job| job.attempts),
                look_first: match (in_doubt, asked) {
                    (true, _) => Some(Look::InDoubt),
                    (false, false) => Some(Look::Unread),
                    (false, true) => None,
                },
                approved,
                carried: cargo.of(change),
                ..Task::new(change.clone(), due)
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
