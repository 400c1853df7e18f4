//! The guard: changes that are too many at once are held back until a person releases them.
//!
//! Promises that in any 24 hours no more is removed than the limits allow or a person approved. A
//! lane that goes over its limit is held as a whole: what is suspicious about a mass removal is the
//! mass, and letting the first ten through would only hide it. The rest of the plan goes on. Leaves
//! keeping holds to the store, and releasing them to a person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::change::{Action, ActionKind, Change, Reason, Subject};
use super::hex;
use super::key::{GroupKey, SourceName};
use super::memory::{Hold, TargetState};
use super::plan::{Plan, creates, sees_out, without_accounts, without_removals};
use super::rules::{Limit, Limits};

/// How far back the journal counts, in hours.
pub const WINDOW_HOURS: i64 = 24;

/// A plan after the guard: what may be done, and what is held.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// The plan as it is.
    pub plan: Plan,
    /// The changes that may be done, in order.
    pub released: Vec<Change>,
    /// Those of them that a person released.
    pub approved: BTreeSet<(Subject, ActionKind)>,
    /// What is held, lane by lane.
    pub held: Vec<Hold>,
    /// Holds that are released and done with.
    pub settled: Vec<String>,
}

/// A limit that changes are counted against.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Leavers,
    Recreated,
    Updates,
    Members(GroupKey),
    Reading(SourceName),
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Leavers => f.write_str("leavers"),
            Self::Recreated => f.write_str("recreated"),
            Self::Updates => f.write_str("updates"),
            Self::Members(group) => write!(f, "members:{group}"),
            Self::Reading(source) => write!(f, "reading:{source}"),
        }
    }
}

/// A reading that is doubted, as one target sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubtedReading {
    /// The id under which a person can say that the reading is right.
    pub id: String,
    /// It is held also when this plan removes nobody: somebody is missing from it, or it shrank.
    pub is_grave: bool,
    /// A person has said that it is right.
    pub is_approved: bool,
}

/// The readings that are doubted, by source.
pub type Doubted = BTreeMap<SourceName, DoubtedReading>;

/// Reviews a plan: what of it may be done, and what waits for a person.
#[must_use]
pub fn review(
    plan: Plan,
    limits: &Limits,
    state: &TargetState,
    doubted: &Doubted,
    now: Timestamp,
) -> Reviewed {
    let approvals = Approvals::new(&state.holds);
    let mut lanes = doubted_lanes(doubted);
    let mut approved = BTreeSet::new();
    for change in &plan.changes {
        let Some(lane) = lane(change, doubted) else {
            continue;
        };
        if approvals.release(change) {
            approved.insert(key(change));
        } else {
            lanes.entry(lane).or_default().push(change);
        }
    }
    let sizes = Sizes::new(&plan, state);
    let mut held = Vec::new();
    let mut frozen: BTreeSet<(Subject, ActionKind)> = BTreeSet::new();
    for (lane, changes) in lanes {
        let limit = sizes.limit(&lane, limits);
        let count: usize = changes
            .iter()
            .map(|change| sizes.weight(&lane, change))
            .sum();
        let is_reading = matches!(lane, Lane::Reading(_));
        if is_reading || count + sizes.spent(&lane) > limit {
            frozen.extend(changes.iter().map(|change| key(change)));
            held.push(freeze(&lane, &changes, limit, state, doubted, now));
        }
    }
    let (stays, mut released): (Vec<Change>, Vec<Change>) = plan
        .changes
        .iter()
        .cloned()
        .partition(|change| frozen.contains(&key(change)));
    let unmade = stays.iter().filter_map(creates).cloned().collect();
    without_accounts(&mut released, &unmade);
    let staying = stays.iter().filter_map(sees_out).cloned().collect();
    without_removals(&mut released, &staying);
    let settled = approvals.settled(&approved, doubted);
    Reviewed {
        plan,
        released,
        approved,
        held,
        settled,
    }
}

/// Doubted readings that are held whatever the plan says.
fn doubted_lanes<'a>(doubted: &Doubted) -> BTreeMap<Lane, Vec<&'a Change>> {
    doubted
        .iter()
        .filter(|(_, reading)| reading.is_grave && !reading.is_approved)
        .map(|(source, _)| (Lane::Reading(source.clone()), Vec::new()))
        .collect()
}

fn key(change: &Change) -> (Subject, ActionKind) {
    (change.subject.clone(), change.action.kind())
}

/// Which limit a change counts against, if any.
fn lane(change: &Change, doubted: &Doubted) -> Option<Lane> {
    let source = match &change.subject {
        Subject::User(user) => &user.source,
        Subject::Group(group) => &group.source,
    };
    let is_doubted = doubted
        .get(source)
        .is_some_and(|reading| !reading.is_approved);
    if is_doubted && removes(change) {
        return Some(Lane::Reading(source.clone()));
    }
    match (&change.action, &change.subject) {
        (Action::Deactivate | Action::Delete, _) => Some(Lane::Leavers),
        (Action::Create { .. }, _) if change.reason == Reason::Vanished => Some(Lane::Recreated),
        (Action::Update { .. }, _) if change.reason != Reason::LateReference => Some(Lane::Updates),
        (Action::RemoveMembers { .. } | Action::DeleteGroup, Subject::Group(group)) => {
            Some(Lane::Members(group.clone()))
        }
        (
            Action::Adopt { .. }
            | Action::Create { .. }
            | Action::Update { .. }
            | Action::Reactivate { .. }
            | Action::AdoptGroup { .. }
            | Action::CreateGroup { .. }
            | Action::RenameGroup { .. }
            | Action::DeleteGroup
            | Action::AddMembers { .. }
            | Action::RemoveMembers { .. },
            _,
        ) => None,
    }
}

/// Does the change take something away that a bad reading could have invented?
fn removes(change: &Change) -> bool {
    match &change.action {
        Action::Deactivate
        | Action::Delete
        | Action::RemoveMembers { .. }
        | Action::DeleteGroup => true,
        Action::Update { attributes } | Action::Reactivate { attributes } => {
            attributes.iter().any(|attribute| attribute.new.is_none())
        }
        Action::Adopt { .. }
        | Action::Create { .. }
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::AddMembers { .. } => false,
    }
}

/// What the shares are shares of, and what the window has used up.
struct Sizes<'a> {
    state: &'a TargetState,
    active: usize,
    adopted: usize,
}

impl<'a> Sizes<'a> {
    fn new(plan: &Plan, state: &'a TargetState) -> Self {
        let adopted = plan
            .changes
            .iter()
            .filter(|change| matches!(change.action, Action::Adopt { active: true, .. }))
            .count();
        Self {
            state,
            active: state.active_links(),
            adopted,
        }
    }

    /// Active links, those that the window saw go included. Accounts that joined within the window
    /// count as well, and so do those that are adopted only now: else the first day of a target could
    /// switch hardly anybody off.
    fn links(&self) -> usize {
        let window = &self.state.window;
        (self.active + window.leavers).max(self.adopted)
    }

    fn limit(&self, lane: &Lane, limits: &Limits) -> usize {
        match lane {
            Lane::Reading(_) => 0,
            Lane::Leavers | Lane::Recreated => {
                let links = self.links();
                allowance(limits.leavers, links).min(links / 2).max(1)
            }
            Lane::Updates => allowance(limits.updates, self.active + self.adopted),
            Lane::Members(group) => {
                let before = self.members(group) + self.spent(lane);
                allowance(limits.members, before)
            }
        }
    }

    /// What a change takes of a limit; a group that is deleted takes all its members out.
    fn weight(&self, lane: &Lane, change: &Change) -> usize {
        match (lane, &change.action) {
            (Lane::Members(group), Action::DeleteGroup) => self.members(group).max(1),
            (Lane::Members(_), action) => action.size(),
            (Lane::Leavers | Lane::Recreated | Lane::Updates | Lane::Reading(_), _) => 1,
        }
    }

    fn members(&self, group: &GroupKey) -> usize {
        let link = self.state.groups.get(group);
        link.map_or(0, |link| link.members.len())
    }

    fn spent(&self, lane: &Lane) -> usize {
        let window = &self.state.window;
        match lane {
            Lane::Leavers => window.leavers,
            Lane::Updates => window.updates,
            Lane::Members(group) => window.members.get(group).copied().unwrap_or_default(),
            Lane::Recreated | Lane::Reading(_) => 0,
        }
    }
}

fn allowance(limit: Limit, of: usize) -> usize {
    let share = of * limit.percent as usize / 100;
    limit.count.max(share)
}

fn freeze(
    lane: &Lane,
    changes: &[&Change],
    limit: usize,
    state: &TargetState,
    doubted: &Doubted,
    now: Timestamp,
) -> Hold {
    let mut set: Vec<(Subject, ActionKind)> = changes.iter().map(|change| key(change)).collect();
    set.sort();
    let id = match lane {
        Lane::Reading(source) => doubted.get(source).map(|reading| reading.id.clone()),
        Lane::Leavers | Lane::Recreated | Lane::Updates | Lane::Members(_) => None,
    };
    let id = id.unwrap_or_else(|| hold_id(lane, &set));
    let since = state
        .holds
        .iter()
        .find(|hold| hold.id == id)
        .map_or(now, |hold| hold.since);
    Hold {
        id,
        lane: lane.to_string(),
        changes: set,
        limit,
        since,
        approved: None,
    }
}

/// The id of a hold: from its lane and its content, `H-` and eight characters.
fn hold_id(lane: &Lane, set: &[(Subject, ActionKind)]) -> String {
    let mut hash = Sha256::new();
    hash.update(lane.to_string());
    for (subject, action) in set {
        hash.update(format!("\n{subject:?} {}", action.word()));
    }
    format!("H-{}", hex::encode(&hash.finalize()[..4]))
}

/// Holds that a person has released.
struct Approvals<'a> {
    released: BTreeMap<(&'a Subject, ActionKind), &'a str>,
    ids: BTreeSet<&'a str>,
}

impl<'a> Approvals<'a> {
    fn new(holds: &'a [Hold]) -> Self {
        let approved = holds.iter().filter(|hold| hold.approved.is_some());
        let released = approved
            .clone()
            .flat_map(|hold| {
                let changes = hold.changes.iter();
                changes.map(|(subject, action)| ((subject, *action), &*hold.id))
            })
            .collect();
        Self {
            released,
            ids: approved.map(|hold| &*hold.id).collect(),
        }
    }

    fn release(&self, change: &Change) -> bool {
        self.released
            .contains_key(&(&change.subject, change.action.kind()))
    }

    /// Released holds of which nothing is due any more; a reading that is still doubted is not done
    /// with before it has been accepted.
    fn settled(&self, used: &BTreeSet<(Subject, ActionKind)>, doubted: &Doubted) -> Vec<String> {
        let mut in_use: BTreeSet<&str> = self
            .released
            .iter()
            .filter(|((subject, action), _)| used.contains(&((*subject).clone(), *action)))
            .map(|(_, id)| *id)
            .collect();
        in_use.extend(doubted.values().map(|reading| &*reading.id));
        self.ids
            .iter()
            .filter(|id| !in_use.contains(*id))
            .map(|id| (*id).to_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests;
