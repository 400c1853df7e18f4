//! Proposing: what has to change in one target, and what of it the guard holds.
//!
//! Promises to write nothing anywhere: it is handed only the looking half of the connector and reads
//! the state. `--dry-run` is this and then showing. Leaves carrying it out to [`super::apply`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::roster::Roster;
use super::{Progress, World};
use crate::connector::Observe;
use crate::core::account::Account;
use crate::core::desired::{Desired, desire};
use crate::core::fault::Fault;
use crate::core::features::Feature;
use crate::core::guard::{Reviewed, WINDOW_HOURS, review};
use crate::core::key::{GroupKey, RemoteId};
use crate::core::memory::TargetState;
use crate::core::plan::{Basis, Input, Observed, plan};
use crate::core::rules::Rules;
use crate::store::StoreError;

/// A plan with all that is needed to carry it out.
pub struct Proposal {
    /// The plan after the guard.
    pub reviewed: Reviewed,
    /// What everybody should have.
    pub desired: Vec<Desired>,
    /// What was remembered when it was made.
    pub state: TargetState,
    /// The accounts as they were read, by id; empty when the app was not asked.
    pub accounts: BTreeMap<RemoteId, Account>,
    /// Linked accounts and groups that the app says it does not have any more.
    pub gone: BTreeSet<RemoteId>,
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
    let now = world.clock.now();
    let state = world.store.target(&rules.target, window_start(now)).await?;
    let desired = desire(rules, &roster.readings);
    let observed = match basis {
        Basis::Observed => Some(observe(rules, app, roster, &state, world).await?),
        Basis::Remembered => None,
    };
    let absent = roster.absences(&state);
    let plan = plan(&Input {
        rules,
        desired: &desired,
        readings: &roster.readings,
        state: &state,
        observed: observed.as_ref(),
        absent: &absent,
        key: world.key,
        now,
    });
    let doubted = roster.doubted(&state);
    let reviewed = review(plan, rules, &state, &doubted, now);
    let Observed { accounts, gone, .. } = observed.unwrap_or_default();
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
    })
}

/// Where the guard's window begins.
fn window_start(now: Timestamp) -> Timestamp {
    now.saturating_sub(WINDOW_HOURS.hours()).unwrap_or(now)
}

/// Reads the app. What a link knows and the list does not show is asked for by id: a list that
/// shifts while it is read proves nothing about an account that is not in it.
async fn observe(
    rules: &Rules,
    app: &dyn Observe,
    roster: &Roster,
    state: &TargetState,
    world: World<'_>,
) -> Result<Observed, Fault> {
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
    for link in state
        .links
        .values()
        .filter(|link| !listed.contains(&link.id))
    {
        match app.account(&link.id).await? {
            Some(account) => observed.accounts.push(account),
            None => {
                observed.gone.insert(link.id.clone());
            }
        }
    }
    if rules.profile.has_groups() && rules.features.has(Feature::Groups) {
        observe_groups(app, roster, state, &mut observed).await?;
    }
    observed.settle(&rules.profile, state, world.clock.now());
    Ok(observed)
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
        let found = match group_name(roster, &link.group) {
            Some(name) => app.find_groups(&name).await?,
            None => Vec::new(),
        };
        match found.into_iter().find(|group| group.id == link.id) {
            Some(group) => observed.groups.push(group),
            None => {
                observed.gone.insert(link.id.clone());
            }
        }
    }
    Ok(())
}

fn group_name(roster: &Roster, key: &GroupKey) -> Option<Arc<str>> {
    roster
        .readings
        .iter()
        .flat_map(|reading| &reading.groups)
        .find(|group| group.key == *key)
        .map(|group| Arc::clone(&group.name))
}
