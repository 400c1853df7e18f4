//! Proposing: what has to change in one target, and what of it the guard holds.
//!
//! Promises to write nothing anywhere: it is handed only the looking half of the connector and reads
//! the state. `--dry-run` is this and then showing. Leaves carrying it out to [`super::apply`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::cut::Part;
use super::follow::follow;
use super::roster::Roster;
use super::sieve::sift;
use super::unseen::{Looked, look_up};
use super::{Progress, World};
use crate::connector::Observe;
use crate::core::account::{Account, AppGroup};
use crate::core::desired::{Desired, desire};
use crate::core::fault::{Fault, FaultKind};
use crate::core::features::Feature;
use crate::core::guard::{Reviewed, WINDOW_HOURS, review};
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::GroupLink;
use crate::core::memory::TargetState;
use crate::core::plan::{Basis, Input, Note, Observed, plan};
use crate::core::rules::Rules;
use crate::store::StoreError;

/// A plan with all that is needed to carry it out.
pub struct Proposal {
    /// The plan after the guard.
    pub reviewed: Reviewed,
    /// What those should have of whom the plan speaks, and maybe others.
    pub desired: Vec<Desired>,
    /// What was remembered when it was made.
    pub state: TargetState,
    /// The accounts as they were read, by id; empty when the app was not asked.
    pub accounts: BTreeMap<RemoteId, Account>,
    /// Linked accounts and groups that the app says it does not have any more.
    pub gone: BTreeSet<RemoteId>,
    /// What asking for people whom the app's list may leave out came to.
    pub looked: Looked,
    /// What it was cut to, if it was: nothing else is touched, nor taken for settled.
    pub part: Option<Part>,
}

/// Why there is no proposal.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// The app could not be read.
    #[error(transparent)]
    App(#[from] Fault),
    /// The state could not be read.
    #[error(transparent)]
    State(#[from] StoreError),
}

/// Proposes what to change in one target.
///
/// # Errors
/// When the app or the state cannot be read; then nothing is known and nothing may be done.
pub async fn propose(
    rules: &Arc<Rules>,
    app: &dyn Observe,
    roster: &Roster,
    basis: Basis,
    world: World<'_>,
) -> Result<Proposal, ProposeError> {
    propose_keeping(&Kept::Differing, rules, app, roster, basis, world).await
}

/// Whom a proposal knows besides those of whom its plan speaks. Its plan is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nobody, where the app is not asked: whoever is in line is passed over.
    Differing,
    /// These, whatever is said of them.
    With(BTreeSet<UserKey>),
    /// Everybody.
    Everybody,
}

/// The same; the proposal knows those who are `kept` in any case.
///
/// # Errors
/// As for [`propose`].
pub async fn propose_keeping(
    kept: &Kept,
    rules: &Arc<Rules>,
    app: &dyn Observe,
    roster: &Roster,
    basis: Basis,
    world: World<'_>,
) -> Result<Proposal, ProposeError> {
    let now = world.clock.now();
    let nobody = BTreeSet::new();
    let named = match (basis, kept) {
        (Basis::Observed, _) | (Basis::Remembered, Kept::Everybody) => None,
        (Basis::Remembered, Kept::With(users)) => Some(users),
        (Basis::Remembered, Kept::Differing) => Some(&nobody),
    };
    let (mut state, mut desired) = if let Some(named) = named {
        sift(rules, roster, named, world).await?
    } else {
        let state = world.store.target(&rules.target, window_start(now)).await?;
        let desired = wanted(rules, roster, &state);
        (state, desired)
    };
    let doubted = roster.doubted(&state);
    let view = match basis {
        Basis::Observed => Some(observe(rules, app, roster, &desired, &mut state, world).await?),
        Basis::Remembered => None,
    };
    let seen = view.as_ref().map(|view| &view.observed);
    let rekeyed = follow(rules, roster, &doubted, state, &mut desired, seen, world);
    let mut plan = rekeyed.lead(plan(&Input {
        rules,
        desired: &desired,
        readings: &roster.readings,
        state: rekeyed.planned(),
        observed: seen,
        absent: &rekeyed.absent,
        key: world.key,
        now,
    }));
    let View {
        observed,
        followed,
        looked,
    } = view.unwrap_or_default();
    // What the plan notes of the same links is newer.
    plan.notes.splice(0..0, followed);
    let state = rekeyed.settled;
    let reviewed = review(plan, rules, &state, &doubted, now);
    let Observed { accounts, gone, .. } = observed;
    let accounts = accounts
        .into_iter()
        .map(|account| (account.id.clone(), account))
        .collect();
    Ok(Proposal {
        reviewed,
        desired,
        state,
        accounts,
        gone,
        looked,
        part: None,
    })
}

/// What everybody should have, but for those whom a person has told us to leave alone.
pub(super) fn wanted(rules: &Rules, roster: &Roster, state: &TargetState) -> Vec<Desired> {
    let mut desired = desire(rules, &roster.readings);
    desired.retain(|desired| !state.ignores_user(&desired.user));
    desired
}

/// Where the guard's window begins.
pub(super) fn window_start(now: Timestamp) -> Timestamp {
    now.saturating_sub(WINDOW_HOURS.hours()).unwrap_or(now)
}

/// What a look at an app came to.
#[derive(Default)]
pub(super) struct View {
    /// What it holds.
    pub observed: Observed,
    /// Links whose accounts have another id now.
    pub followed: Vec<Note>,
    /// For whom it was asked in vain.
    pub looked: Looked,
}

/// Reads the app. What a link knows and the list does not show is asked for by id: a list that
/// shifts while it is read, or hides some, proves nothing about an account that is not in it. Links whose
/// accounts have another id now get it in `state`.
pub(super) async fn observe(
    rules: &Rules,
    app: &dyn Observe,
    roster: &Roster,
    desired: &[Desired],
    state: &mut TargetState,
    world: World<'_>,
) -> Result<View, Fault> {
    let target = rules.target.clone();
    let progress = |count| (world.progress)(Progress::Reading(target.clone(), count));
    let mut observed = Observed {
        accounts: app.accounts(&progress).await?,
        ..Observed::default()
    };
    let listed: BTreeSet<RemoteId> = observed
        .accounts
        .iter()
        .map(|account| account.id.clone())
        .collect();
    let active = to_be_active(desired);
    let missing = state.links.values().filter(|link| {
        // Somebody who is out and off is not looked for where a list shows nobody who is off.
        let is_expected = !link.active
            && rules.profile.users.leaves_out_inactive()
            && !active.contains(&link.user);
        !listed.contains(&link.id) && !is_expected
    });
    for link in missing {
        match app.account(&link.id).await? {
            Some(account) => observed.accounts.push(account),
            None => {
                observed.gone.insert(link.id.clone());
            }
        }
    }
    let now = (world.key, world.clock.now());
    let looked = look_up(rules, app, roster, desired, state, now, &mut observed).await?;
    let followed = observed.follow(rules, world.key, state);
    if rules.profile.has_groups() && rules.features.has(Feature::Groups) {
        observe_groups(app, roster, state, &mut observed).await?;
    }
    observed.settle(&rules.profile, state, world.clock.now());
    Ok(View {
        observed,
        followed,
        looked,
    })
}

/// Those who should be active.
fn to_be_active(desired: &[Desired]) -> BTreeSet<&UserKey> {
    desired
        .iter()
        .filter(|desired| desired.attributes().is_some())
        .map(|desired| &desired.user)
        .collect()
}

async fn observe_groups(
    app: &dyn Observe,
    roster: &Roster,
    state: &TargetState,
    observed: &mut Observed,
) -> Result<(), Fault> {
    observed.groups = app.groups().await?;
    for link in state.groups.values() {
        if observed.groups.iter().any(|group| group.id == link.id) {
            continue;
        }
        match look_for_group(app, roster, link).await? {
            Some(group) => observed.groups.push(group),
            None => {
                observed.gone.insert(link.id.clone());
            }
        }
    }
    Ok(())
}

/// A group that the list does not show: by its id, and by its name where the app does not show a group
/// alone.
async fn look_for_group(
    app: &dyn Observe,
    roster: &Roster,
    link: &GroupLink,
) -> Result<Option<AppGroup>, Fault> {
    match app.group(&link.id).await {
        Err(fault) if matches!(fault.kind, FaultKind::Rejected | FaultKind::Unsupported) => {}
        other => return other,
    }
    let found = match group_name(roster, &link.group) {
        Some(name) => app.find_groups(&name, Some(&link.group.id)).await?,
        None => Vec::new(),
    };
    Ok(found.into_iter().find(|group| group.id == link.id))
}

fn group_name(roster: &Roster, key: &GroupKey) -> Option<Arc<str>> {
    roster
        .readings
        .iter()
        .flat_map(|reading| &reading.groups)
        .find(|group| group.key == *key)
        .map(|group| Arc::clone(&group.name))
}
