//! The changes of users.
//!
//! Promises that a leaver's change carries nothing but the leaving, and that a returning person gets
//! the old account back unless the profile says otherwise. Leaves attributes to
//! [`super::attributes`] and the order of creates to [`super::references`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attributes::{Diff, Resolved, compare, resolve};
use super::{Note, Orphan, Parked, Plan, Standing, Standings, View, Waiting, WaitingFor};
use crate::core::account::Account;
use crate::core::attribute::{AttrName, Attributes, Value};
use crate::core::change::{Action, ActionKind, Change, Reason, Subject};
use crate::core::correlate::{Match, key_prints};
use crate::core::desired::{Desired, Wanted};
use crate::core::fingerprint::{Fingerprint, FingerprintKey, Fingerprints};
use crate::core::key::{RemoteId, UserKey};
use crate::core::leaver::{LeaveCause, Left};
use crate::core::link::{JobState, Link};
use crate::core::profile::Reactivation;
use crate::core::reading::Absence;
use crate::core::rules::{Adopt, Drift, Rules, UnassignedUnlinked};

/// The fingerprint of what a change would send: a parked change is tried again when it differs, also
/// when only an account that it refers to is another one now.
#[must_use]
pub fn content(
    key: &FingerprintKey,
    change: &Change,
    links: &BTreeMap<UserKey, Link>,
) -> Fingerprint {
    let accounts: Vec<&str> = referred(&change.action)
        .map(|user| links.get(user).map_or("", |link| link.id.as_str()))
        .collect();
    key.of(
        &AttrName::new("change"),
        &Value::text(format!("{} {accounts:?}", what_is_sent(&change.action))),
    )
}

/// An action without what the app happens to hold now.
fn what_is_sent(action: &Action) -> String {
    match action {
        Action::Update { attributes } | Action::Reactivate { attributes } => {
            let new: Vec<_> = attributes
                .iter()
                .map(|attribute| (&attribute.name, &attribute.new))
                .collect();
            format!("{} {new:?}", action.kind().word())
        }
        Action::Adopt { .. }
        | Action::Create { .. }
        | Action::Deactivate
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup
        | Action::AddMembers { .. }
        | Action::RemoveMembers { .. } => format!("{action:?}"),
    }
}

/// Users to whose accounts a change refers by its values.
fn referred(action: &Action) -> Box<dyn Iterator<Item = &UserKey> + '_> {
    match action {
        Action::Create { attributes } => Box::new(attributes.values().filter_map(Value::account)),
        Action::Update { attributes } | Action::Reactivate { attributes } => Box::new(
            attributes
                .iter()
                .filter_map(|attribute| attribute.new.as_ref())
                .filter_map(Value::account),
        ),
        Action::AddMembers { members } | Action::RemoveMembers { members } => {
            Box::new(members.iter().map(|member| &member.user))
        }
        Action::Adopt { .. }
        | Action::Deactivate
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup => Box::new(std::iter::empty()),
    }
}

/// Where everybody who should be active stands; who cannot be is parked here.
pub(super) fn stand<'a>(view: &'a View<'a>, plan: &mut Plan) -> Standings<'a> {
    let mut standings = Standings::new();
    for desired in view.input.desired {
        match &desired.wanted {
            Wanted::Active { .. } => {
                if let Some(standing) = stand_one(view, desired, plan) {
                    standings.insert(&desired.user, standing);
                }
            }
            Wanted::Unclear { problem, hint } => park(plan, desired, problem.clone(), hint),
            Wanted::Out(_) => {}
        }
    }
    standings
}

fn stand_one<'a>(
    view: &'a View<'a>,
    desired: &'a Desired,
    plan: &mut Plan,
) -> Option<Standing<'a>> {
    if let Some(link) = view.link(&desired.user) {
        return stand_linked(view, desired, link, plan);
    }
    match view.matches.get(&desired.user) {
        None if cannot_be_looked_up(view, desired) => {
            let problem = "an account may be there under another name, since an answer was lost";
            let hint = "run sync without --quick: it reads the whole app";
            park(plan, desired, problem.into(), hint);
            None
        }
        None => Some(Standing::New),
        Some(Match::Unsure { problem }) => {
            let hint = "correct the value in the app, so that one account fits";
            park(plan, desired, problem.clone(), hint);
            None
        }
        Some(Match::Recovered { id, by }) => Some(Standing::Matched {
            account: view.accounts.get(id).copied()?,
            by: by.clone(),
        }),
        Some(Match::One { id, by }) => {
            let account = view.accounts.get(id).copied()?;
            stand_matched(view, desired, account, by, plan)
        }
    }
}

fn stand_linked<'a>(
    view: &View<'a>,
    desired: &Desired,
    link: &'a Link,
    plan: &mut Plan,
) -> Option<Standing<'a>> {
    if is_protected(view, desired, link) {
        return None;
    }
    if is_active(view, link) {
        return Some(Standing::Linked(link));
    }
    match view.input.rules.profile.users.reactivate {
        Reactivation::Activate => Some(Standing::Linked(link)),
        Reactivation::Create if link.left.is_some() => Some(Standing::New),
        Reactivation::Create => {
            let problem =
                "the account was switched off in the app, and a return would make a new one";
            park(plan, desired, problem.into(), "switch it on in the app");
            None
        }
        Reactivation::Refuse => {
            park_switched_off(plan, desired);
            None
        }
    }
}

fn park_switched_off(plan: &mut Plan, desired: &Desired) {
    let problem = "the account is switched off, and this app does not bring one back";
    park(plan, desired, problem.into(), "switch it on in the app");
}

/// May nobody touch this account? It is named by its user's key or label, by its id, or by its user
/// name: the app's, or the one it should have when the app was not asked.
fn is_protected(view: &View<'_>, desired: &Desired, link: &Link) -> bool {
    let protected = &view.input.rules.protected;
    let mut names = [&*link.user.id, &*desired.label, link.id.as_str()]
        .into_iter()
        .chain(desired.keys.iter().map(|(_, value)| &**value));
    let account = view.accounts.get(&link.id);
    names.any(|name| protected.contains(name))
        || account.is_some_and(|account| view.is_protected(account))
}

fn stand_matched<'a>(
    view: &View<'a>,
    desired: &Desired,
    account: &'a Account,
    by: &AttrName,
    plan: &mut Plan,
) -> Option<Standing<'a>> {
    if view.is_protected(account) {
        let problem = format!("the account {} is protected", account.label);
        park(
            plan,
            desired,
            problem,
            "take it out of `protected:`, or leave it be",
        );
        return None;
    }
    match view.input.rules.profile.users.reactivate {
        Reactivation::Create if !account.active => return Some(Standing::New),
        Reactivation::Refuse if !account.active => {
            park_switched_off(plan, desired);
            return None;
        }
        Reactivation::Activate | Reactivation::Create | Reactivation::Refuse => {}
    }
    if view.input.rules.adopt != Adopt::Unique {
        let problem = format!(
            "the account {} ({}) fits by {}, and `adopt:` wants a person to say so",
            account.label,
            account.id,
            by.short()
        );
        park(
            plan,
            desired,
            problem,
            "set `adopt: unique` if it is theirs, or correct the value in the app",
        );
        return None;
    }
    Some(Standing::Matched {
        account,
        by: by.clone(),
    })
}

/// Was a create sent whose answer was lost, with none of the values the user has now? Then only a
/// full read can tell whether it made an account.
fn cannot_be_looked_up(view: &View<'_>, desired: &Desired) -> bool {
    let subject = Subject::User(desired.user.clone());
    let job = view.input.state.job(&subject, ActionKind::Create);
    let Some(job) = job.filter(|job| matches!(job.state, JobState::InDoubt(_))) else {
        return false;
    };
    let now = key_prints(&view.input.rules.profile, view.input.key, &desired.keys);
    view.input.observed.is_none()
        && !job
            .keys
            .iter()
            .any(|(name, print)| now.get(name) == Some(print))
}

fn is_active(view: &View<'_>, link: &Link) -> bool {
    view.accounts
        .get(&link.id)
        .map_or(link.active, |account| account.active)
}

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
        if !known.contains(user) {
            plan_absent_in_doubt(view, user, &mut lanes, plan);
        }
    }
    plan.orphans = orphans(view);
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
struct Lanes {
    adoptions: Vec<Change>,
    leavers: Vec<Change>,
    joiners: Vec<Change>,
    movers: Vec<Change>,
}

impl Lanes {
    fn in_order(self) -> Vec<Change> {
        let mut all = self.adoptions;
        all.extend(self.leavers);
        all.extend(self.joiners);
        all.extend(self.movers);
        all
    }
}

fn change(desired: &Desired, action: Action, reason: Reason) -> Change {
    Change {
        subject: Subject::User(desired.user.clone()),
        label: Arc::clone(&desired.label),
        action,
        reason,
    }
}

fn park(plan: &mut Plan, desired: &Desired, reason: String, hint: &str) {
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
    let reason = match view.input.state.links.get(&desired.user) {
        Some(link) if view.is_gone(&link.id) => Reason::Vanished,
        Some(_) => Reason::ReturnedAsNew,
        None if view.matches.contains_key(&desired.user) => Reason::ReturnedAsNew,
        None => Reason::Assigned {
            by: Arc::clone(want.by),
        },
    };
    change(desired, Action::Create { attributes }, reason)
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
fn adopt(
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
    let active = account.map_or(link.active, |account| account.active);
    let Diff {
        changes,
        reason,
        link: mut learned,
        warnings,
        waiting,
        parked,
    } = diff;
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
        plan_return(view, desired, link, changes, lanes, plan);
    }
    if view.input.state.links.get(&desired.user) != Some(&learned) {
        plan.notes.push(Note::Link(learned));
    }
}

fn plan_return(
    view: &View<'_>,
    desired: &Desired,
    link: &Link,
    attributes: Vec<crate::core::attribute::AttrChange>,
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

/// Somebody who should have no active account.
fn plan_out(
    view: &View<'_>,
    desired: &Desired,
    cause: LeaveCause,
    lanes: &mut Lanes,
    plan: &mut Plan,
) {
    if let Some(link) = view.link(&desired.user) {
        return plan_leaver(view, desired, link, cause, lanes, plan);
    }
    let old = view.input.state.links.get(&desired.user);
    if old.is_some_and(|old| view.is_gone(&old.id)) {
        plan.notes.push(Note::ForgetUser(desired.user.clone()));
    }
    let (id, by, is_ours) = match view.matches.get(&desired.user) {
        Some(Match::Recovered { id, by }) => (id, by, true),
        Some(Match::One { id, by }) => (id, by, false),
        Some(Match::Unsure { .. }) | None => return,
    };
    let Some(account) = view.accounts.get(id).copied() else {
        return;
    };
    if view.is_protected(account) || !account.active {
        return;
    }
    if is_ours || removes_unlinked(view, cause) {
        let link = adopt(view, desired, account, by, lanes);
        plan_leaver(view, desired, &link, cause, lanes, plan);
    } else {
        plan.unassigned.push(Orphan {
            id: account.id.clone(),
            label: Arc::clone(&desired.label),
            active: account.active,
        });
    }
}

/// Is an account without a link, of somebody who is out for this cause, taken over to be switched
/// off?
fn removes_unlinked(view: &View<'_>, cause: LeaveCause) -> bool {
    let rules = view.input.rules;
    match cause {
        LeaveCause::Disabled | LeaveCause::Deleted => rules.adopt == Adopt::Unique,
        LeaveCause::Unassigned => rules.unassigned_unlinked == UnassignedUnlinked::Deactivate,
    }
}

/// Somebody who is missing, and whose account an answer that was lost may have left behind: it is
/// ours, so it is linked and then treated like any other.
fn plan_absent_in_doubt(view: &View<'_>, user: &UserKey, lanes: &mut Lanes, plan: &mut Plan) {
    let Some(Match::Recovered { id, by }) = view.matches.get(user) else {
        return;
    };
    let Some(account) = view.accounts.get(id).copied() else {
        return;
    };
    let desired = Desired {
        user: user.clone(),
        label: Arc::from(account.label.as_str()),
        wanted: Wanted::Out(LeaveCause::Deleted),
        keys: Vec::new(),
        warnings: Vec::new(),
    };
    let link = adopt(view, &desired, account, by, lanes);
    plan.notes.push(Note::Link(link.clone()));
    plan_absent(view, &link, lanes, plan);
}

fn plan_absent(view: &View<'_>, link: &Link, lanes: &mut Lanes, plan: &mut Plan) {
    let label = view.accounts.get(&link.id).map_or_else(
        || Arc::clone(&link.user.id),
        |account| Arc::from(account.label.as_str()),
    );
    let desired = Desired {
        user: link.user.clone(),
        label,
        wanted: Wanted::Out(LeaveCause::Deleted),
        keys: Vec::new(),
        warnings: Vec::new(),
    };
    if is_protected(view, &desired, link) {
        return;
    }
    match view.input.absent.get(&link.user) {
        Some(Absence::Sure) => {
            plan_leaver(view, &desired, link, LeaveCause::Deleted, lanes, plan);
        }
        Some(Absence::Waits(until)) => plan.waiting.push(Waiting {
            user: desired.user,
            label: desired.label,
            what: WaitingFor::Absence,
            until: *until,
        }),
        Some(Absence::Unknown) | None => {}
    }
}

/// Somebody with an account who is out: off, then deleted, each when its time has come.
fn plan_leaver(
    view: &View<'_>,
    desired: &Desired,
    link: &Link,
    cause: LeaveCause,
    lanes: &mut Lanes,
    plan: &mut Plan,
) {
    if view.is_gone(&link.id) {
        plan.notes.push(Note::ForgetUser(link.user.clone()));
        return;
    }
    if is_protected(view, desired, link) {
        return;
    }
    let rules = view.input.rules;
    let policy = rules.leavers.policy(cause);
    let left = match link.left {
        Some(left) if left.cause == cause => left,
        Some(_) | None => Left {
            cause,
            since: view.input.now,
        },
    };
    let due = |after: Option<std::time::Duration>| {
        after.map(|after| left.since.saturating_add(after).unwrap_or(left.since))
    };
    let active = is_active(view, link);
    let mut learned = link.clone();
    learned.left = Some(left);
    learned.active = active;
    let mut step = |at: Option<jiff::Timestamp>, action: Action, what: WaitingFor| match at {
        Some(at) if at <= view.input.now => {
            lanes
                .leavers
                .push(change(desired, action, Reason::Left(cause)));
        }
        Some(until) => plan.waiting.push(Waiting {
            user: desired.user.clone(),
            label: Arc::clone(&desired.label),
            what,
            until,
        }),
        None => {}
    };
    let deletable = rules.profile.users.delete;
    let delete_at = due(policy.delete).filter(|_| deletable);
    if delete_at.is_some_and(|at| at <= view.input.now) {
        step(delete_at, Action::Delete, WaitingFor::Deletion);
    } else {
        if active {
            step(
                due(policy.deactivate),
                Action::Deactivate,
                WaitingFor::Deactivation,
            );
        }
        step(delete_at, Action::Delete, WaitingFor::Deletion);
    }
    if view.input.state.links.get(&desired.user) != Some(&learned) {
        plan.notes.push(Note::Link(learned));
    }
}

fn orphans(view: &View<'_>) -> Vec<Orphan> {
    let matched = view.matches.values().filter_map(|found| match found {
        Match::One { id, .. } | Match::Recovered { id, .. } => Some(id),
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
