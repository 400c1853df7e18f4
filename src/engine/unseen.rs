//! Asking an app for those whom its list may leave out.
//!
//! Promises that an account which would be adopted or switched off if it were listed is found all the
//! same, and that somebody who is out and has none costs a request a week, not one a read. Leaves whom
//! to ask for to [`crate::core::correlate`].

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::roster::Roster;
use crate::connector::Observe;
use crate::core::account::Account;
use crate::core::correlate::{Unseen, again, unseen, unseen_absent};
use crate::core::desired::{Desired, Wanted};
use crate::core::fault::Fault;
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::{RemoteId, TargetName, UserKey};
use crate::core::leaver::LeaveCause;
use crate::core::memory::TargetState;
use crate::core::plan::Observed;
use crate::core::reading::Coverage;
use crate::core::rules::Rules;
use crate::store::Record;

/// What asking for those who are out came to, to be remembered by a run that writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Those who have no account that is on, with the time.
    found_nothing: BTreeMap<UserKey, Timestamp>,
    /// Those for whom nobody asks any more.
    over: BTreeSet<UserKey>,
}

impl Looked {
    /// What to write down.
    pub(super) fn records(&self, target: &TargetName) -> Vec<Record> {
        let nothing = self.found_nothing.iter();
        let nothing =
            nothing.map(|(user, at)| Record::PutLooked(target.clone(), user.clone(), *at));
        let over = self.over.iter();
        nothing
            .chain(over.map(|user| Record::DropLooked(target.clone(), user.clone())))
            .collect()
    }
}

/// Asks for everybody who is not seen and has to be, and adds the accounts to what was observed.
pub(super) async fn look_up(
    rules: &Rules,
    app: &dyn Observe,
    roster: &Roster,
    desired: &[Desired],
    state: &TargetState,
    (key, now): (&FingerprintKey, Timestamp),
    observed: &mut Observed,
) -> Result<Looked, Fault> {
    let gone = &observed.gone;
    let has_account = |user: &UserKey| {
        let link = state.links.get(user);
        link.is_some_and(|link| !gone.contains(&link.id))
    };
    let is_in_doubt = |user: &UserKey| state.doubtful_creates_of(user).next().is_some();
    let again = again(&state.looked, now);
    let sees_out = |user: &UserKey, cause: LeaveCause| {
        let is_due = !state.looked.contains_key(user) || again.contains(user);
        rules.removes_unlinked(cause) && is_due
    };
    let mut sought = unseen(
        &rules.profile,
        desired,
        &observed.accounts,
        &has_account,
        &is_in_doubt,
        &sees_out,
    );
    let is_absent = |user: &UserKey| wanted(desired, user).is_none();
    let doubtful = state.doubtful_creates();
    sought.extend(unseen_absent(&rules.profile, key, doubtful, &is_absent));
    let mut looked = Looked {
        over: over(desired, roster, state),
        ..Looked::default()
    };
    let found = find(rules, app, &sought).await?;
    for (one, accounts) in sought.iter().zip(&found) {
        if one.is_out && !accounts.iter().any(|account| account.active) {
            looked.found_nothing.insert(one.user.clone(), now);
        } else if state.looked.contains_key(one.user) {
            looked.over.insert(one.user.clone());
        }
    }
    add(observed, found.into_iter().flatten());
    Ok(looked)
}

/// The accounts of each, in their order.
async fn find(
    rules: &Rules,
    app: &dyn Observe,
    sought: &[Unseen<'_>],
) -> Result<Vec<Vec<Account>>, Fault> {
    let looks: Vec<_> = sought.iter().map(|one| look(app, one)).collect();
    let mut looks = stream::iter(looks).buffered(rules.profile.rates.concurrency.max(1));
    let mut found = Vec::with_capacity(sought.len());
    while let Some(accounts) = looks.next().await {
        found.push(accounts?);
    }
    Ok(found)
}

async fn look(app: &dyn Observe, one: &Unseen<'_>) -> Result<Vec<Account>, Fault> {
    let keys = one.keys.iter();
    let keys: Vec<_> = keys
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect();
    app.find(&keys).await
}

/// Adds accounts that are not there yet.
fn add(observed: &mut Observed, found: impl Iterator<Item = Account>) {
    let mut known: BTreeSet<RemoteId> = observed
        .accounts
        .iter()
        .map(|account| account.id.clone())
        .collect();
    let fresh = found.filter(|account| known.insert(account.id.clone()));
    observed.accounts.extend(fresh);
}

/// Those who were asked for in vain and are not out any more, have an account now, or are not in the
/// directory at all: should it matter again, they are asked for as if for the first time.
fn over(desired: &[Desired], roster: &Roster, state: &TargetState) -> BTreeSet<UserKey> {
    let is_out = |user: &UserKey| match wanted(desired, user) {
        Some(wanted) => matches!(wanted, Wanted::Out(_)),
        None => !is_absent(roster, user),
    };
    let looked = state.looked.keys();
    looked
        .filter(|user| state.links.contains_key(*user) || !is_out(user))
        .cloned()
        .collect()
}

/// What a user of the readings should have.
fn wanted<'a>(desired: &'a [Desired], user: &UserKey) -> Option<&'a Wanted> {
    let at = desired.binary_search_by(|desired| desired.user.cmp(user));
    Some(&desired[at.ok()?].wanted)
}

/// Was the source read as a whole, and does it not hold the user?
fn is_absent(roster: &Roster, user: &UserKey) -> bool {
    roster.readings.iter().any(|reading| {
        reading.source == user.source
            && reading.coverage == Coverage::Whole
            && !reading.mentions(user)
    })
}
