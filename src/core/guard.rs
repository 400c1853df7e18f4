//! The guard: changes that are too many at once are held back until a person releases them.
//!
//! Promises that in any 24 hours no more is removed than the limits allow or a person approved. A
//! lane that goes over its limit is held as a whole: what is suspicious about a mass removal is the
//! mass, and letting the first ten through would only hide it. The rest of the plan goes on. Leaves
//! keeping holds to the store, and releasing them to a person.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::change::{Action, ActionKind, Change, Reason, Subject};
use super::hex;
use super::key::{GroupKey, SourceName, UserKey};
use super::leaver::LeaveCause;
use super::memory::{Hold, TargetState};
use super::plan::{Plan, creates, leaver, without_accounts, without_removals};
use super::rules::{Limit, Limits, Rules};

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
    Destroyed,
    Recreated,
    Rekeyed,
    Updates,
    Members(GroupKey),
    Reading(SourceName),
    /// Of one of these, what takes a run back.
    Undone(Arc<str>, Box<Lane>),
}

impl Lane {
    /// The limit itself.
    fn inner(&self) -> &Self {
        match self {
            Self::Undone(_, inner) => inner,
            Self::Leavers
            | Self::Destroyed
            | Self::Recreated
            | Self::Rekeyed
            | Self::Updates
            | Self::Members(_)
            | Self::Reading(_) => self,
        }
    }
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Leavers => f.write_str("leavers"),
            Self::Destroyed => f.write_str("destroyed"),
            Self::Recreated => f.write_str("recreated"),
            Self::Rekeyed => f.write_str("rekeyed"),
            Self::Updates => f.write_str("updates"),
            Self::Members(group) => write!(f, "members:{group}"),
            Self::Reading(source) => write!(f, "reading:{source}"),
            Self::Undone(run, lane) => write!(f, "undo {run} {lane}"),
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
    /// Whose changes could be its doing.
    pub reach: Reach,
}

/// Whose changes could be the doing of a doubted reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// What takes something away from its own people.
    Own,
    /// What takes something away from anybody: it is one of several sources of one roster, and who it
    /// no longer speaks of cannot be told.
    Removals,
    /// Whatever changes anybody: besides, it has lost people or an attribute, and another source may
    /// have stepped in with other values.
    Changes,
    /// Whatever changes its own people and groups: it is older than one before it.
    Everything,
    /// The same of anybody, where it is one of several sources of one roster.
    Everybody,
}

/// The readings that are doubted, by source.
pub type Doubted = BTreeMap<SourceName, DoubtedReading>;

/// One thing that is counted: a change, or one member of a group who is taken out.
type Unit = (Subject, ActionKind);

/// Reviews a plan: what of it may be done, and what waits for a person.
#[must_use]
pub fn review(
    plan: Plan,
    rules: &Rules,
    state: &TargetState,
    doubted: &Doubted,
    now: Timestamp,
) -> Reviewed {
    let approvals = Approvals::new(&state.holds, now);
    let mut lanes = doubted_lanes(doubted);
    let mut approved = BTreeMap::new();
    for change in &plan.changes {
        let Some(lane) = lane(change, rules, doubted) else {
            continue;
        };
        let (released, counted): (Vec<Unit>, Vec<Unit>) = units(change)
            .into_iter()
            .partition(|unit| approvals.release(&lane, unit));
        if !released.is_empty() {
            approved.insert(key(change), (lane.clone(), released));
        }
        if !counted.is_empty() {
            lanes.entry(lane).or_default().extend(counted);
        }
    }
    let sizes = Sizes::new(&plan, state);
    let mut held = Vec::new();
    let mut frozen: BTreeSet<(Lane, Unit)> = BTreeSet::new();
    for (lane, counted) in lanes {
        let limit = sizes.limit(&lane, &rules.limits);
        let bench = Bench {
            lane: &lane,
            limit,
            sizes: &sizes,
            now,
        };
        for hold in bench.hold(counted, doubted) {
            let units = hold.changes.iter().cloned();
            frozen.extend(units.map(|unit| (lane.clone(), unit)));
            held.push(hold);
        }
    }
    let mut released = Vec::new();
    let mut stays = Vec::new();
    for change in &plan.changes {
        let lane = lane(change, rules, doubted);
        let own = approved
            .get(&key(change))
            .map(|(_, units)| units.as_slice());
        match lane.map_or_else(
            || Some(change.clone()),
            |lane| left(&lane, change, &frozen, own),
        ) {
            Some(change) => released.push(change),
            None => stays.push(change.clone()),
        }
    }
    let unmade = stays.iter().filter_map(creates).cloned().collect();
    without_accounts(&mut released, &unmade);
    let staying = stays.iter().filter_map(leaver).cloned().collect();
    without_removals(&mut released, &staying);
    let used = approved.values().flat_map(|(lane, units)| {
        let lane = lane.to_string();
        units.iter().map(move |unit| (unit, lane.clone()))
    });
    let mut settled = approvals.settled(&used.collect(), doubted);
    settled.retain(|id| !held.iter().any(|hold| hold.id == *id));
    Reviewed {
        plan,
        released,
        approved: approved.into_keys().collect(),
        held,
        settled,
    }
}

/// Which of the links that would move to another key may do so. The rest of a plan is made as if these
/// had moved and the others were not spoken of, so it is asked before the plan is made; [`review`]
/// gives the same answer afterwards.
#[must_use]
pub fn may_move<'a>(
    moves: impl Iterator<Item = &'a Change>,
    rules: &Rules,
    state: &TargetState,
    doubted: &Doubted,
    now: Timestamp,
) -> BTreeSet<&'a Subject> {
    let approvals = Approvals::new(&state.holds, now);
    let mut free: BTreeSet<&Subject> = BTreeSet::new();
    let mut counted: Vec<&Change> = Vec::new();
    for change in moves {
        let reading = doubtful(change, doubted).cloned().map(Lane::Reading);
        let is_doubted = reading.is_some();
        let lane = reading.unwrap_or(Lane::Rekeyed);
        if approvals.release(&lane, &key(change)) {
            free.insert(&change.subject);
        } else if !is_doubted {
            counted.push(change);
        }
    }
    let sizes = Sizes {
        state,
        active: state.active_links(),
        adopted: 0,
    };
    let bench = Bench {
        lane: &Lane::Rekeyed,
        limit: sizes.limit(&Lane::Rekeyed, &rules.limits),
        sizes: &sizes,
        now,
    };
    let due = counted.iter().map(|change| key(change)).collect();
    let holds = bench.hold(due, doubted);
    let held: BTreeSet<&Unit> = holds.iter().flat_map(|hold| &hold.changes).collect();
    let fits = counted
        .into_iter()
        .filter(|change| !held.contains(&key(change)));
    free.extend(fits.map(|change| &change.subject));
    free
}

/// What a change is counted as.
fn units(change: &Change) -> Vec<Unit> {
    let Action::RemoveMembers { members } = &change.action else {
        return vec![key(change)];
    };
    members.iter().map(|member| gone(&member.user)).collect()
}

fn gone(member: &UserKey) -> Unit {
    (Subject::User(member.clone()), ActionKind::RemoveMembers)
}

/// What of a change may be done. Members whom a person released go by themselves, so that what was
/// released and what was not are never counted as one: the others follow in the next run.
fn left(
    lane: &Lane,
    change: &Change,
    frozen: &BTreeSet<(Lane, Unit)>,
    approved: Option<&[Unit]>,
) -> Option<Change> {
    let goes = |unit: Unit| match approved {
        Some(released) => released.contains(&unit),
        None => !frozen.contains(&(lane.clone(), unit)),
    };
    let Action::RemoveMembers { members } = &change.action else {
        return goes(key(change)).then(|| change.clone());
    };
    let mut members = members.clone();
    members.retain(|member| goes(gone(&member.user)));
    (!members.is_empty()).then(|| Change {
        action: Action::RemoveMembers { members },
        ..change.clone()
    })
}

/// Doubted readings that are held whatever the plan says.
fn doubted_lanes(doubted: &Doubted) -> BTreeMap<Lane, Vec<Unit>> {
    doubted
        .iter()
        .filter(|(_, reading)| reading.is_grave && !reading.is_approved)
        .map(|(source, _)| (Lane::Reading(source.clone()), Vec::new()))
        .collect()
}

fn key(change: &Change) -> (Subject, ActionKind) {
    (change.subject.clone(), change.action.kind())
}

/// Which limit a change counts against, if any. What takes a run back rests on no reading, and is
/// held by itself.
fn lane(change: &Change, rules: &Rules, doubted: &Doubted) -> Option<Lane> {
    if let Reason::Undone { run } = &change.reason {
        let inner = limit_of(change, rules)?;
        return Some(Lane::Undone(Arc::clone(run), Box::new(inner)));
    }
    if let Some(source) = doubtful(change, doubted) {
        return Some(Lane::Reading(source.clone()));
    }
    limit_of(change, rules)
}

/// The lane of a change, whatever it rests on.
fn limit_of(change: &Change, rules: &Rules) -> Option<Lane> {
    match (&change.action, &change.subject) {
        (Action::Deactivate, _) if destroys_unasked(change, rules) => Some(Lane::Destroyed),
        (Action::Deactivate | Action::Delete, _) => Some(Lane::Leavers),
        (Action::Rekey { .. }, _) => Some(Lane::Rekeyed),
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

/// The doubted reading that the change may be the doing of, if there is one: the subject's own first.
fn doubtful<'a>(change: &Change, doubted: &'a Doubted) -> Option<&'a SourceName> {
    let sources = own_sources(change);
    let own = doubted
        .iter()
        .find(|(source, reading)| !reading.is_approved && sources.contains(source));
    let own = own.filter(|(_, reading)| match reading.reach {
        Reach::Own | Reach::Removals | Reach::Changes => change.action.takes_away(),
        Reach::Everything | Reach::Everybody => change.action.writes(),
    });
    if let Some((source, _)) = own {
        return Some(source);
    }
    let is_own_absence = change.reason == Reason::Left(LeaveCause::Deleted);
    let others = doubted.iter().filter(|(_, reading)| !reading.is_approved);
    others
        .filter(|(_, reading)| match reading.reach {
            Reach::Own | Reach::Everything => false,
            Reach::Removals => change.action.takes_away() && !is_own_absence,
            Reach::Changes => change.action.alters() && !is_own_absence,
            Reach::Everybody => change.action.writes() && !is_own_absence,
        })
        .map(|(source, _)| source)
        .next()
}

/// The sources that the keys of a change are of.
fn own_sources(change: &Change) -> BTreeSet<&SourceName> {
    let mut sources = BTreeSet::from([change.subject.source()]);
    if let Action::Rekey { from, .. } = &change.action {
        sources.insert(from.source());
    }
    sources
}

/// Does the deactivation destroy the account, as far as anybody knows, without the site having said so?
fn destroys_unasked(change: &Change, rules: &Rules) -> bool {
    matches!(change.reason, Reason::Left(cause) if rules.destroys_unasked(cause))
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
        match lane.inner() {
            Lane::Reading(_) | Lane::Destroyed | Lane::Undone(..) => 0,
            Lane::Leavers | Lane::Recreated => leave(limits, self.links()),
            Lane::Rekeyed => leave(limits, self.active + self.state.window.leavers),
            Lane::Updates => allowance(limits.updates, self.active + self.adopted),
            Lane::Members(group) => {
                let before = self.members(group) + self.spent(lane);
                allowance(limits.members, before)
            }
        }
    }

    /// What a unit takes of a limit; a group that is deleted takes all its members out.
    fn weight(&self, lane: &Lane, (_, action): &Unit) -> usize {
        match (lane.inner(), action) {
            (Lane::Members(group), ActionKind::DeleteGroup) => self.members(group).max(1),
            _ => 1,
        }
    }

    fn members(&self, group: &GroupKey) -> usize {
        let link = self.state.groups.get(group);
        link.map_or(0, |link| link.members.len() + link.in_doubt.len())
    }

    fn spent(&self, lane: &Lane) -> usize {
        let window = &self.state.window;
        match lane.inner() {
            Lane::Leavers => window.leavers,
            Lane::Rekeyed => window.rekeyed,
            Lane::Recreated => window.recreated,
            Lane::Updates => window.updates,
            Lane::Members(group) => window.members.get(group).copied().unwrap_or_default(),
            Lane::Destroyed | Lane::Reading(_) | Lane::Undone(..) => 0,
        }
    }
}

/// So many of `links` may be taken away, or go over to another key.
fn leave(limits: &Limits, links: usize) -> usize {
    allowance(limits.leavers, links).min(links / 2).max(1)
}

fn allowance(limit: Limit, of: usize) -> usize {
    let share = of * limit.percent as usize / 100;
    limit.count.max(share)
}

/// Where the units of one lane are judged.
struct Bench<'a> {
    lane: &'a Lane,
    limit: usize,
    sizes: &'a Sizes<'a>,
    now: Timestamp,
}

impl Bench<'_> {
    /// What is held of what is due. The oldest hold that nobody has released keeps its id and whatever
    /// of it is still due, so that it can be released however the directory changes meanwhile; what is
    /// new counts afresh, and is the next hold if it is too much.
    fn hold(&self, mut due: Vec<Unit>, doubted: &Doubted) -> Vec<Hold> {
        due.sort();
        if let Lane::Reading(source) = self.lane {
            let id = doubted.get(source).map(|reading| reading.id.clone());
            return vec![self.freeze(due, id)];
        }
        if !self.is_too_much(&due) {
            return Vec::new();
        }
        let Some(known) = self.open(&due) else {
            return vec![self.freeze(due, None)];
        };
        let (kept, new): (Vec<Unit>, Vec<Unit>) = due
            .into_iter()
            .partition(|unit| known.changes.binary_search(unit).is_ok());
        let next = self.is_too_much(&new).then(|| self.freeze(new, None));
        let kept = Hold {
            changes: kept,
            ..known.clone()
        };
        std::iter::once(kept).chain(next).collect()
    }

    fn is_too_much(&self, units: &[Unit]) -> bool {
        let weights = units.iter().map(|unit| self.sizes.weight(self.lane, unit));
        !units.is_empty() && weights.sum::<usize>() + self.sizes.spent(self.lane) > self.limit
    }

    /// The oldest hold of this lane that nobody has released and of which something is due.
    fn open(&self, due: &[Unit]) -> Option<&Hold> {
        let lane = self.lane.to_string();
        let mut holds = self.sizes.state.holds.iter();
        holds.find(|hold| {
            hold.lane == lane
                && hold.approved.is_none()
                && hold
                    .changes
                    .iter()
                    .any(|unit| due.binary_search(unit).is_ok())
        })
    }

    fn freeze(&self, changes: Vec<Unit>, id: Option<String>) -> Hold {
        let id = id.unwrap_or_else(|| hold_id(self.lane, &changes));
        let mut holds = self.sizes.state.holds.iter();
        let since = holds
            .find(|hold| hold.id == id)
            .map_or(self.now, |hold| hold.since);
        Hold {
            id,
            lane: self.lane.to_string(),
            changes,
            limit: self.limit,
            since,
            approved: None,
        }
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
    /// The lanes of those that have not lapsed, by unit.
    released: BTreeMap<&'a Unit, BTreeSet<&'a str>>,
    holds: Vec<&'a Hold>,
    now: Timestamp,
}

impl<'a> Approvals<'a> {
    fn new(holds: &'a [Hold], now: Timestamp) -> Self {
        let approved = holds.iter().filter(|hold| hold.approved.is_some());
        let mut released: BTreeMap<&Unit, BTreeSet<&str>> = BTreeMap::new();
        for hold in approved.clone().filter(|hold| hold.is_released(now)) {
            for unit in &hold.changes {
                released.entry(unit).or_default().insert(&hold.lane);
            }
        }
        Self {
            released,
            holds: approved.collect(),
            now,
        }
    }

    fn release(&self, lane: &Lane, unit: &Unit) -> bool {
        let lanes = self.released.get(unit);
        lanes.is_some_and(|lanes| {
            let lane = lane.to_string();
            lanes.iter().any(|released| covers(released, &lane))
        })
    }

    /// Released holds of which nothing is due any more, and those that have lapsed; a reading that is
    /// still doubted is not done with before it has been accepted, and what takes a run back is done
    /// with when that is asked for again.
    fn settled(&self, used: &BTreeMap<&Unit, String>, doubted: &Doubted) -> Vec<String> {
        let in_use = |hold: &Hold| {
            hold.undone_run().is_some()
                || doubted.values().any(|reading| reading.id == hold.id)
                || hold.changes.iter().any(|unit| {
                    let lane = used.get(unit);
                    lane.is_some_and(|lane| covers(&hold.lane, lane))
                })
        };
        let done = self.holds.iter();
        let done = done.filter(|hold| !hold.is_released(self.now) || !in_use(hold));
        done.map(|hold| hold.id.clone()).collect()
    }
}

/// Does the release of a hold of the lane `released` go for `lane`? A change is released whichever
/// limit it would count against now, but for members of another group, and for what takes a run back.
fn covers(released: &str, lane: &str) -> bool {
    let both = [released, lane];
    let is_apart = both.iter().any(|lane| lane.starts_with("undo "))
        || both.iter().all(|lane| lane.starts_with("members:"));
    released == lane || !is_apart
}

#[cfg(test)]
mod tests;
