//! Taking a run back: the changes that set it back, under the same guard and by the same outbox as any
//! other, and what is left alone afterwards.
//!
//! Promises that what is set back is pinned on disk before the first request, so that no cycle in
//! between does the harm again, and that an undo which was cut short can be asked for again. Leaves
//! what sets a run back to [`crate::core::plan::reversal`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::apply::{Applied, apply};
use super::cut::Part;
use super::propose::{Proposal, ProposeError, View, observe, wanted, window_start};
use super::roster::Roster;
use super::{Target, World};
use crate::core::change::{ActionKind, Subject};
use crate::core::guard::{Doubted, review};
use crate::core::key::{GroupKey, UserKey};
use crate::core::memory::{Hold, TargetState, Verdict};
use crate::core::pin::{Pin, Pinned};
use crate::core::plan::reversal::{Done, Lasting, Reversal, Unlink, reverse};
use crate::core::plan::{Input, Observed, Plan};
use crate::store::{Epoch, JournalEntry, Record, StoreError};

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The run.
    pub run: String,
    /// What the run made is deleted, and not only switched off.
    pub delete: bool,
    /// Who asks, by the system's name.
    pub by: String,
}

/// What sets a run back in one target.
pub struct Undoing {
    /// The changes, after the guard.
    pub proposal: Proposal,
    /// Links that are forgotten.
    pub unlinks: Vec<Unlink>,
    /// What stays, and why.
    pub lasting: Vec<Lasting>,
    pins: BTreeMap<Pinned, Pin>,
}

impl Undoing {
    /// Is there anything to send or to forget?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.proposal.reviewed.plan.changes.is_empty() && self.unlinks.is_empty()
    }
}

/// Proposes what sets back what `done` says, in one target. Reads the app, and writes nothing. A source
/// that cannot be read is no hindrance: its pins learn what it says when it can be.
///
/// # Errors
/// When the app or the state cannot be read.
pub async fn propose_undo(
    target: &Target,
    roster: &Roster,
    done: &[Done],
    order: &Order,
    world: World<'_>,
) -> Result<Undoing, ProposeError> {
    let rules = &target.rules;
    let now = world.clock.now();
    let mut state = world.store.target(&rules.target, window_start(now)).await?;
    let desired = wanted(rules, roster, &state);
    let View {
        observed,
        followed,
        looked,
    } = observe(rules, &*target.app, roster, &desired, &mut state, world).await?;
    let absent = roster.absences(&state);
    let input = Input {
        rules,
        desired: &desired,
        readings: &roster.readings,
        state: &state,
        observed: Some(&observed),
        absent: &absent,
        key: world.key,
        now,
    };
    let reversal = reverse(&input, &order.run, done, order.delete);
    let plan = Plan {
        changes: reversal.changes.clone(),
        notes: followed,
        ..Plan::empty(&input)
    };
    let mut reviewed = review(plan, rules, &state, &Doubted::new(), now);
    reviewed.settled = settled(&state, &order.run, &reviewed.plan);
    let Reversal {
        mut unlinks,
        lasting,
        pins,
        changes: _,
    } = reversal;
    let pin = |(pinned, facts)| {
        let pin = Pin {
            facts,
            run: order.run.clone(),
            by: order.by.clone(),
            at: now,
        };
        (pinned, pin)
    };
    unlinks.retain(|unlink| !stays_linked(&reviewed.held, &unlink.subject));
    let pins = pins.into_iter();
    let pins = pins.filter(|(pinned, _)| !is_held(&reviewed.held, pinned));
    let Observed { accounts, gone, .. } = observed;
    let accounts = accounts.into_iter();
    Ok(Undoing {
        unlinks,
        lasting,
        pins: pins.map(pin).collect(),
        proposal: Proposal {
            reviewed,
            accounts: accounts
                .map(|account| (account.id.clone(), account))
                .collect(),
            gone,
            part: Some(Part::of_undo(&order.run)),
            desired,
            state,
            looked,
        },
    })
}

/// Is what would be pinned held back? Whoever is held back keeps what they are in.
fn is_held(held: &[Hold], pinned: &Pinned) -> bool {
    let holds_one = |pinned: &Pinned| held.iter().any(|hold| holds(hold, pinned));
    match pinned {
        Pinned::Member(_, user) => holds_one(pinned) || holds_one(&Pinned::Account(user.clone())),
        Pinned::Account(_) | Pinned::Group(_) => holds_one(pinned),
    }
}

/// Is the link of somebody who is held back, or of a group with such members?
fn stays_linked(held: &[Hold], subject: &Subject) -> bool {
    match subject {
        Subject::User(user) => is_held(held, &Pinned::Account(user.clone())),
        Subject::Group(group) => held.iter().any(|hold| is_of_group(hold, group)),
    }
}

/// Does the hold keep back what would be pinned?
fn holds(hold: &Hold, pinned: &Pinned) -> bool {
    let has = |subject: Subject| hold.changes.iter().any(|(held, _)| *held == subject);
    match pinned {
        Pinned::Account(user) => {
            !hold.lane.contains(" members:") && has(Subject::User(user.clone()))
        }
        Pinned::Group(group) => has(Subject::Group(group.clone())),
        Pinned::Member(group, user) => is_of_group(hold, group) && has(Subject::User(user.clone())),
    }
}

fn is_of_group(hold: &Hold, group: &GroupKey) -> bool {
    hold.lane.ends_with(&format!(" members:{group}"))
}

/// Released holds of an earlier undo of this run of which nothing is due any more.
fn settled(state: &TargetState, run: &str, plan: &Plan) -> Vec<String> {
    let holds = state.holds.iter();
    let holds = holds.filter(|hold| hold.approved.is_some() && hold.undone_run() == Some(run));
    let is_due = |hold: &&Hold| plan.changes.iter().any(|change| hold.touches(change));
    holds
        .filter(|hold| !is_due(hold))
        .map(|hold| hold.id.clone())
        .collect()
}

/// Carries it out; `line` goes into the journal first, and its run is the run of what is sent.
///
/// # Errors
/// When the state cannot be written: then nothing more is sent.
pub async fn undo(
    target: &Target,
    undoing: Undoing,
    line: JournalEntry,
    world: World<'_>,
) -> Result<Applied, StoreError> {
    let name = &target.rules.target;
    let pins = undoing.pins.iter();
    let pins = pins.map(|(on, pin)| Record::PutPin(name.clone(), on.clone(), pin.clone()));
    let batch: Vec<Record> = std::iter::once(Record::Journal(line.clone()))
        .chain(pins)
        .collect();
    world.store.commit(Epoch(1), &batch).await?;
    let applied = apply(target, undoing.proposal, &line.run, world).await?;
    let failed: BTreeSet<&Subject> = applied
        .failed
        .iter()
        .map(|failure| &failure.change.subject)
        .collect();
    let unlinks = undoing.unlinks.iter();
    let unlinks = unlinks.filter(|unlink| !failed.contains(&unlink.subject));
    let unlinks: Vec<&Unlink> = unlinks.collect();
    if !unlinks.is_empty() {
        let state = world.store.target(name, line.at).await?;
        let batch = forget(target, state, &unlinks, &line, world);
        world.store.commit(Epoch(1), &batch).await?;
    }
    Ok(applied)
}

/// Forgets links as `unlink` does: the accounts are nobody's now, and nobody's members are left alone.
fn forget(
    target: &Target,
    mut state: TargetState,
    unlinks: &[&Unlink],
    line: &JournalEntry,
    world: World<'_>,
) -> Vec<Record> {
    let name = &target.rules.target;
    let mut batch = Vec::new();
    let mut users: BTreeSet<&UserKey> = BTreeSet::new();
    for unlink in unlinks {
        match &unlink.subject {
            Subject::User(user) => {
                users.insert(user);
                let apart = Verdict::Apart(user.clone(), unlink.id.clone());
                batch.push(Record::DropLink(name.clone(), user.clone()));
                batch.push(Record::PutVerdict(name.clone(), apart));
            }
            Subject::Group(group) => {
                state.groups.remove(group);
                batch.push(Record::DropGroup(name.clone(), group.clone()));
            }
        }
        batch.push(Record::Journal(JournalEntry {
            at: world.clock.now(),
            subject: unlink.subject.journal_name(),
            label: unlink.label.to_string(),
            action: "unlink".into(),
            detail: format!("undone: {}", unlink.id),
            ..line.clone()
        }));
    }
    for mut group in state.groups.into_values() {
        let left = users.iter().filter(|user| group.leave(user)).count();
        if left > 0 {
            batch.push(Record::PutGroup(name.clone(), group));
        }
    }
    batch
}

/// What a run did, by its lines in the journal: what was acknowledged, and what was found to be done.
#[must_use]
pub fn done(lines: impl IntoIterator<Item = JournalEntry>) -> Vec<Done> {
    lines.into_iter().filter_map(deed_of).collect()
}

fn deed_of(line: JournalEntry) -> Option<Done> {
    let is_done = matches!(&*line.outcome, "done" | "found");
    Some(Done {
        subject: Subject::from_journal_name(&line.subject).filter(|_| is_done)?,
        action: ActionKind::from_word(&line.action)?,
        label: Arc::from(line.label),
        deed: line.deed,
    })
}
