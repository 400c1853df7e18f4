//! The changes of users.
//!
//! Promises that a leaver's change carries nothing but the leaving, and that a returning person gets
//! the old account back unless the profile says otherwise. Leaves attributes to
//! [`super::attributes`] and the order of creates to [`super::references`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attributes::{Diff, Resolved, compare, resolve};
use super::leavers::{plan_absent, plan_absent_in_doubt, plan_out};
use super::standing::{is_active, late};
use super::{Note, Orphan, Parked, Plan, Standing, Standings, View};
use crate::core::account::Account;
use crate::core::attribute::{AttrChange, AttrName, Attributes, Value};
use crate::core::change::{Action, Change, Reason, Subject};
use crate::core::correlate::Match;
use crate::core::desired::{Desired, Wanted};
use crate::core::fingerprint::{FingerprintKey, Fingerprints};
use crate::core::key::{RemoteId, UserKey};
use crate::core::link::Link;
use crate::core::profile::Deactivation;
use crate::core::rules::{Drift, Rules};
use crate::core::settle::{activity, existence};

/// Plans everybody: adoptions, leavers, joiners, movers, in that order.
pub(super) fn plan_users(view: &View<'_>, standings: &Standings<'_>, plan: &mut Plan) {
    let mut lanes = Lanes::default();
    let mut known: BTreeSet<&UserKey> = BTreeSet::new();
    for desired in view.input.desired {
        known.insert(&desired.user);
        for warning in &desired.warnings {
            plan.warnings.push(format!("{}: {warning}", desired.label));
        }
        match &desired.wanted {
            Wanted::Active {
                by,
                attributes,
                keep,
            } => {
                if let Some(standing) = standings.get(&desired.user) {
                    let wanted = Want {
                        by,
                        attributes,
                        keep,
                    };
                    plan_active(
                        view, standings, desired, standing, &wanted, &mut lanes, plan,
                    );
                }
            }
            Wanted::Out(cause) => plan_out(view, desired, *cause, &mut lanes, plan),
            Wanted::Unclear { .. } => {}
        }
    }
    for link in view.input.state.links.values() {
        if !known.contains(&link.user) && !view.is_recovered(&link.user) {
            plan_absent(view, link, &mut lanes, plan);
        }
    }
    for (user, _) in view.input.state.doubtful_creates() {
        if known.insert(user) {
            plan_absent_in_doubt(view, user, &mut lanes, plan);
        }
    }
    plan.orphans = orphans(view);
    plan.warnings.extend(lanes.lost_key());
    plan.unread = lanes.unread;
    plan.changes = lanes.in_order();
}

/// What an active user should have.
struct Want<'a> {
    by: &'a Arc<str>,
    attributes: &'a Attributes,
    keep: &'a BTreeSet<AttrName>,
}

/// The changes of users, by lane.
#[derive(Default)]
pub(super) struct Lanes {
    pub(super) adoptions: Vec<Change>,
    pub(super) leavers: Vec<Change>,
    pub(super) joiners: Vec<Change>,
    pub(super) movers: Vec<Change>,
    /// Accounts that were learned afresh, since the key of the fingerprints was lost.
    relearned: usize,
    /// Accounts that would have to be, and that nobody looked at.
    unread: usize,
}

impl Lanes {
    /// What a person should know of a key that was lost.
    fn lost_key(&self) -> impl Iterator<Item = String> + use<> {
        let accounts = |number: usize| match number {
            1 => "1 account was".to_owned(),
            number => format!("{number} accounts were"),
        };
        let relearned = (self.relearned > 0).then(|| {
            format!(
                "the key file was lost: {} learned afresh from what the app holds; only what differs \
                 from the directory is sent",
                accounts(self.relearned)
            )
        });
        let unread = (self.unread > 0).then(|| {
            format!(
                "the key file was lost: {} not compared; run sync without --quick, which reads the app",
                accounts(self.unread)
            )
        });
        relearned.into_iter().chain(unread)
    }

    fn in_order(self) -> Vec<Change> {
        let mut all = self.adoptions;
        all.extend(self.leavers);
        all.extend(self.joiners);
        all.extend(self.movers);
        all
    }
}

pub(super) fn change(desired: &Desired, action: Action, reason: Reason) -> Change {
    Change {
        subject: Subject::User(desired.user.clone()),
        label: Arc::clone(&desired.label),
        action,
        reason,
    }
}

pub(super) fn park(plan: &mut Plan, desired: &Desired, reason: String, hint: &str) {
    plan.parked.push(Parked {
        subject: Subject::User(desired.user.clone()),
        label: Arc::clone(&desired.label),
        reason,
        hint: hint.into(),
    });
}

fn plan_active(
    view: &View<'_>,
    standings: &Standings<'_>,
    desired: &Desired,
    standing: &Standing<'_>,
    want: &Want<'_>,
    lanes: &mut Lanes,
    plan: &mut Plan,
) {
    match standing {
        Standing::New => lanes.joiners.push(create(view, standings, desired, want)),
        Standing::Matched { account, by } => {
            let link = adopt(view, desired, account, by, lanes);
            plan_kept(
                view,
                standings,
                desired,
                want,
                &link,
                Some(account),
                lanes,
                plan,
            );
        }
        Standing::Linked(link) => {
            let account = view.accounts.get(&link.id).copied();
            plan_kept(view, standings, desired, want, link, account, lanes, plan);
        }
    }
}

fn create(
    view: &View<'_>,
    standings: &Standings<'_>,
    desired: &Desired,
    want: &Want<'_>,
) -> Change {
    let attributes = want
        .attributes
        .iter()
        .filter(|(_, value)| match value {
            Value::Account(user) => !matches!(resolve(view, standings, user), Resolved::Nobody),
            Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::List(_) => true,
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let reason = why_new(view, desired, want);
    change(desired, Action::Create { attributes }, reason)
}

/// Why somebody gets a new account, who may have had another one.
fn why_new(view: &View<'_>, desired: &Desired, want: &Want<'_>) -> Reason {
    let link = view.input.state.links.get(&desired.user);
    let old = match (link, view.matches.get(&desired.user)) {
        (Some(link), _) if view.input.is_gone(&link.id) => return Reason::Vanished,
        (Some(link), _) => &link.id,
        (None, Some(Match::One { id, .. } | Match::Recovered { id, .. })) => id,
        (None, Some(Match::Unsure { .. } | Match::Apart { .. }) | None) => {
            return Reason::Assigned {
                by: Arc::clone(want.by),
            };
        }
    };
    Reason::ReturnedAsNew { old: old.clone() }
}

/// The fingerprints of what an account holds of the attributes we map: an account that we made holds
/// what we sent.
#[must_use]
pub fn mapped_prints(rules: &Rules, key: &FingerprintKey, account: &Account) -> Fingerprints {
    let set = rules
        .assignment
        .rules
        .iter()
        .flat_map(|rule| rule.set.keys());
    rules
        .mapping
        .attributes
        .keys()
        .chain(set)
        .filter_map(|name| Some((name.clone(), key.of(name, account.attributes.get(name)?))))
        .collect()
}

/// Plans the adoption and gives the link that it will make.
pub(super) fn adopt(
    view: &View<'_>,
    desired: &Desired,
    account: &Account,
    by: &AttrName,
    lanes: &mut Lanes,
) -> Link {
    let recovered = view.is_recovered(&desired.user);
    let reason = if recovered {
        Reason::Recovered
    } else {
        Reason::Matched { by: by.clone() }
    };
    let sent = if recovered {
        mapped_prints(view.input.rules, view.input.key, account)
    } else {
        Fingerprints::new()
    };
    let action = Action::Adopt {
        id: account.id.clone(),
        active: account.active,
    };
    lanes.adoptions.push(change(desired, action, reason));
    Link {
        user: desired.user.clone(),
        id: account.id.clone(),
        ours: recovered,
        active: account.active,
        sent: sent.clone(),
        held: sent,
        refused: BTreeMap::new(),
        left: None,
        unseen: BTreeMap::new(),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call a kind of standing, nothing to bundle"
)]
fn plan_kept(
    view: &View<'_>,
    standings: &Standings<'_>,
    desired: &Desired,
    want: &Want<'_>,
    link: &Link,
    account: Option<&Account>,
    lanes: &mut Lanes,
    plan: &mut Plan,
) {
    let diff = compare(
        view,
        standings,
        desired,
        (want.attributes, want.keep),
        link,
        account,
    );
    let active = is_active(view, link);
    let subject = || Subject::User(desired.user.clone());
    for pending in diff.unseen.iter().copied().chain(late(view, link)) {
        plan.wait_for_sight(subject(), &desired.label, pending);
    }
    let Diff {
        changes,
        reason,
        link: mut learned,
        relearned,
        warnings,
        waiting,
        unseen: _,
        parked,
    } = diff;
    if relearned {
        lanes.relearned += 1;
    } else if learned.is_forgotten() {
        lanes.unread += 1;
    }
    for (_, problem) in parked {
        park(
            plan,
            desired,
            problem,
            "correct the value at the source, or in the app",
        );
    }
    plan.warnings.extend(
        warnings
            .into_iter()
            .map(|text| format!("{}: {text}", desired.label)),
    );
    plan.waiting.extend(waiting);
    if account.is_some_and(|account| account.active == active) {
        learned.unseen.remove(&activity());
        learned.unseen.remove(&existence());
    }
    if active {
        learned.active = true;
        learned.left = None;
        if !changes.is_empty() {
            let action = Action::Update {
                attributes: changes,
            };
            lanes.movers.push(change(desired, action, reason));
        }
    } else {
        let changes = with_user_name(view, want.attributes, changes);
        plan_return(view, desired, link, changes, lanes, plan);
    }
    if view.input.state.links.get(&desired.user) != Some(&learned) {
        plan.notes.push(Note::Link(learned));
    }
}

/// Where switching off has taken the user name away, a return gives it back, whatever was read.
fn with_user_name(
    view: &View<'_>,
    wanted: &Attributes,
    mut changes: Vec<AttrChange>,
) -> Vec<AttrChange> {
    let name = AttrName::new("userName");
    let frees = match view.input.rules.profile.users.deactivate.effect {
        Deactivation::FreesUserName => true,
        Deactivation::Suspends
        | Deactivation::Renames
        | Deactivation::Unlinks
        | Deactivation::Deletes
        | Deactivation::DeletesInvited
        | Deactivation::Unknown => false,
    };
    let is_there = changes.iter().any(|change| change.name == name);
    if let Some(value) = wanted.get(&name).filter(|_| frees && !is_there) {
        let new = Some(value.clone());
        changes.push(AttrChange {
            name,
            old: None,
            new,
        });
    }
    changes
}

fn plan_return(
    view: &View<'_>,
    desired: &Desired,
    link: &Link,
    attributes: Vec<AttrChange>,
    lanes: &mut Lanes,
    plan: &mut Plan,
) {
    let switched_off_there = link.active && link.left.is_none();
    match (switched_off_there, view.input.rules.drift) {
        (true, Drift::Report) => plan.warnings.push(format!(
            "{}: was switched off in the app (drift: report)",
            desired.label
        )),
        (true, Drift::Ignore) => {}
        (true, Drift::Repair) | (false, _) => {
            let reason = if switched_off_there {
                Reason::Drifted
            } else {
                Reason::Returned
            };
            lanes
                .joiners
                .push(change(desired, Action::Reactivate { attributes }, reason));
        }
    }
}

/// Accounts that no link and no match explains.
pub(super) fn orphans(view: &View<'_>) -> Vec<Orphan> {
    let matched = view.matches.values().filter_map(|found| match found {
        Match::One { id, .. } | Match::Recovered { id, .. } | Match::Apart { id, .. } => Some(id),
        Match::Unsure { .. } => None,
    });
    let linked: BTreeSet<&RemoteId> = view
        .input
        .state
        .links
        .values()
        .map(|link| &link.id)
        .chain(matched)
        .collect();
    let mut orphans: Vec<Orphan> = view
        .accounts
        .values()
        .filter(|account| !linked.contains(&account.id))
        .filter(|account| !view.is_protected(account))
        .map(|account| Orphan {
            id: account.id.clone(),
            label: Arc::from(account.label.as_str()),
            active: account.active,
        })
        .collect();
    orphans.sort_by(|one, other| (&one.label, &one.id).cmp(&(&other.label, &other.id)));
    orphans
}
