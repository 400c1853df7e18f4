//! Links that follow their people to other keys, before a plan is made.
//!
//! Promises that a plan is made as if every link had moved, that nothing is planned for those which may
//! not move yet, and that what is kept of it names them by their old keys. Leaves finding the moves to
//! [`crate::core::rekey`], and how many may go at once to [`crate::core::guard`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::World;
use super::roster::Roster;
use crate::core::change::{Change, Subject};
use crate::core::desired::{Desired, Wanted};
use crate::core::fingerprint::FingerprintKey;
use crate::core::guard::{Doubted, may_move};
use crate::core::key::UserKey;
use crate::core::leaver::LeaveCause;
use crate::core::memory::TargetState;
use crate::core::plan::{Observed, Plan, Waiting, WaitingFor};
use crate::core::reading::Absence;
use crate::core::rekey::{Facts, Move, doubled, find, moved, unmoved};
use crate::core::rules::Rules;

/// The links of a target, once they have followed their people.
pub(super) struct Followed {
    /// The state as if every link had moved, where some have not.
    ahead: Option<TargetState>,
    /// The state with the links that move now.
    pub(super) settled: TargetState,
    /// What the absence of the linked users means.
    pub(super) absent: BTreeMap<UserKey, Absence>,
    /// A source was not read: that a name is in none of them says nothing.
    is_short: bool,
    moves: Vec<Move>,
    stays: BTreeSet<Subject>,
    warnings: Vec<String>,
}

/// Moves the links of `state` and takes those out of `desired` of whom nothing may be concluded now.
pub(super) fn follow(
    rules: &Rules,
    roster: &Roster,
    doubted: &Doubted,
    state: TargetState,
    desired: &mut Vec<Desired>,
    observed: Option<&Observed>,
    world: World<'_>,
) -> Followed {
    desired.retain(|desired| is_told(roster, desired));
    let vanished = roster.vanished(&state);
    let facts = Facts {
        rules,
        desired,
        readings: &roster.readings,
        state: &state,
        observed,
        aliases: &roster.aliases,
        vanished: &vanished,
        key: world.key,
    };
    let (moves, warnings) = (find(&facts), doubled(&facts));
    let stays = staying(&moves, rules, &state, doubted, world.clock.now());
    let (ahead, settled) = states(state, &moves, &stays, world.key);
    let mut absent = roster.absences(ahead.as_ref().unwrap_or(&settled));
    for subject in &stays {
        if let Subject::User(user) = subject {
            absent.insert(user.clone(), Absence::Unknown);
        }
    }
    desired.retain(|desired| !stays.contains(&Subject::User(desired.user.clone())));
    Followed {
        ahead,
        settled,
        absent,
        is_short: !roster.refused.is_empty(),
        moves,
        stays,
        warnings,
    }
}

/// May something be concluded from what is known of this person? That somebody is disabled is known
/// for certain as soon as one source says so.
fn is_told(roster: &Roster, desired: &Desired) -> bool {
    let is_disabled = matches!(desired.wanted, Wanted::Out(LeaveCause::Disabled));
    is_disabled || !roster.is_unsure(&desired.user)
}

/// The new keys of the links that may not move now.
fn staying(
    moves: &[Move],
    rules: &Rules,
    state: &TargetState,
    doubted: &Doubted,
    now: Timestamp,
) -> BTreeSet<Subject> {
    let due = moves.iter().filter(|one| one.waits.is_none());
    let may_move = may_move(due.map(|one| &one.change), rules, state, doubted, now);
    moves
        .iter()
        .map(|one| &one.change.subject)
        .filter(|subject| !may_move.contains(subject))
        .cloned()
        .collect()
}

/// The state with all moves, where some are not done now, and with those that are.
fn states(
    state: TargetState,
    moves: &[Move],
    stays: &BTreeSet<Subject>,
    key: &FingerprintKey,
) -> (Option<TargetState>, TargetState) {
    let all: Vec<&Change> = moves.iter().map(|one| &one.change).collect();
    let now: Vec<&Change> = all
        .iter()
        .filter(|change| !stays.contains(&change.subject))
        .copied()
        .collect();
    let ahead = (!stays.is_empty()).then(|| moved(&state, &all, key));
    let settled = if now.is_empty() {
        state
    } else {
        moved(&state, &now, key)
    };
    (ahead, settled)
}

impl Followed {
    /// What the plan is made of: the state as if every link had moved.
    pub(super) fn planned(&self) -> &TargetState {
        self.ahead.as_ref().unwrap_or(&self.settled)
    }

    /// Puts the moves at the head of the plan, and takes out what it says of those who stay.
    pub(super) fn lead(&self, mut plan: Plan) -> Plan {
        let stays = &self.stays;
        plan.changes
            .retain(|change| !stays.contains(&change.subject));
        plan.parked
            .retain(|parked| !stays.contains(&parked.subject));
        plan.waiting
            .retain(|waiting| !stays.contains(&waiting.subject));
        let staying: Vec<&Change> = self
            .moves
            .iter()
            .map(|one| &one.change)
            .filter(|change| stays.contains(&change.subject))
            .collect();
        plan.notes = unmoved(std::mem::take(&mut plan.notes), &staying);
        let due = self.moves.iter().filter(|one| one.waits.is_none());
        let moves = due.map(|one| one.change.clone());
        plan.changes = moves.chain(std::mem::take(&mut plan.changes)).collect();
        plan.waiting.extend(self.moves.iter().filter_map(waiting));
        plan.warnings.extend(self.warnings.iter().cloned());
        if self.is_short {
            plan.unknown.clear();
        }
        plan
    }
}

/// Somebody who may be here under another key, once the old one is gone for certain.
fn waiting(one: &Move) -> Option<Waiting> {
    Some(Waiting {
        subject: one.change.subject.clone(),
        label: one.change.label.clone(),
        what: WaitingFor::Absence,
        until: one.waits?,
    })
}
