//! The changes of those who are out: off, then deleted, each when its time has come.
//!
//! Promises that evidence acts at once and absence only when it is sure. Leaves the guard's limits to
//! [`crate::core::guard`].

use std::sync::Arc;

use super::standing::{
    UNTRACEABLE, UNTRACEABLE_HINT, apart_problem, is_active, is_protected, late,
};
use super::users::{Lanes, adopt, change, orphans, park};
use super::{Note, Orphan, Plan, View, Waiting, WaitingFor};
use crate::core::change::{Action, ActionKind, Reason, Subject};
use crate::core::correlate::Match;
use crate::core::desired::{Desired, Wanted};
use crate::core::key::UserKey;
use crate::core::leaver::{LeaveCause, Left};
use crate::core::link::{Job, JobState, Link};
use crate::core::profile::DeactivateBy;
use crate::core::reading::Absence;
use crate::core::settle::{activity, existence};

/// Somebody who should have no active account.
pub(super) fn plan_out(
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
    if old.is_some_and(|old| view.input.is_gone(&old.id)) {
        plan.notes.push(Note::ForgetUser(desired.user.clone()));
    }
    let (id, by, is_ours) = match view.matches.get(&desired.user) {
        Some(Match::Recovered { id, by }) => (id, by, true),
        Some(Match::One { id, by }) => (id, by, false),
        Some(Match::Apart { id, by }) => {
            let problem = apart_problem(view, id, by);
            let left_alone = format!("{}: {problem}: left alone", desired.label);
            plan.warnings.push(left_alone);
            return;
        }
        Some(Match::Unsure { .. }) | None => return,
    };
    let Some(account) = view.accounts.get(id).copied() else {
        return;
    };
    if view.is_protected(account) || !account.active {
        return;
    }
    if is_ours || view.input.rules.removes_unlinked(cause) {
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

/// Somebody who is missing, and whose account an answer that was lost may have left behind: it is
/// ours, so it is linked and then treated like any other.
pub(super) fn plan_absent_in_doubt(
    view: &View<'_>,
    user: &UserKey,
    lanes: &mut Lanes,
    plan: &mut Plan,
) {
    let Some(Match::Recovered { id, by }) = view.matches.get(user) else {
        warn_of_orphan(view, user, plan);
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

/// Their account may be there, and nothing tells it from the orphans any more.
fn warn_of_orphan(view: &View<'_>, user: &UserKey, plan: &mut Plan) {
    let mut doubtful = view.input.state.doubtful_creates_of(user);
    if doubtful.any(Job::is_untraceable)
        && view.input.observed.is_some()
        && !orphans(view).is_empty()
    {
        plan.warnings
            .push(format!("{user}: {UNTRACEABLE}; {UNTRACEABLE_HINT}"));
    }
}

pub(super) fn plan_absent(view: &View<'_>, link: &Link, lanes: &mut Lanes, plan: &mut Plan) {
    let label = view.accounts.get(&link.id).map_or_else(
        || Arc::clone(&link.user.id),
        |account| Arc::from(account.label.as_str()),
    );
    let mut desired = Desired {
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
        Some(Absence::Outside) => {
            let cause = LeaveCause::Unassigned;
            desired.wanted = Wanted::Out(cause);
            plan_leaver(view, &desired, link, cause, lanes, plan);
        }
        Some(Absence::Waits(until)) => plan.waiting.push(Waiting {
            subject: Subject::User(desired.user),
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
    if view.input.is_gone(&link.id) {
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
    let active = is_active(view, link) || may_be_back(view, link);
    let mut learned = link.clone();
    learned.left = Some(left);
    learned.active = active;
    match late(view, link) {
        Some(pending) => {
            plan.wait_for_sight(Subject::User(desired.user.clone()), &desired.label, pending);
        }
        None if view.accounts.contains_key(&link.id) => {
            learned.unseen.remove(&activity());
            learned.unseen.remove(&existence());
        }
        None => {}
    }
    let mut step = |at: Option<jiff::Timestamp>, action: Action, what: WaitingFor| match at {
        Some(at) if at <= view.input.now => {
            lanes
                .leavers
                .push(change(desired, action, Reason::Left(cause)));
        }
        Some(until) => plan.waiting.push(Waiting {
            subject: Subject::User(desired.user.clone()),
            label: Arc::clone(&desired.label),
            what,
            until,
        }),
        None => {}
    };
    let is_due = |at: Option<jiff::Timestamp>| at.is_some_and(|at| at <= view.input.now);
    let deletable = rules.profile.users.delete.is_possible();
    let deletes = rules.switched_off(ActionKind::Delete).is_none();
    let delete_at = due(policy.delete).filter(|at| deletable && (deletes || is_due(Some(*at))));
    let off_at = due(policy.deactivate).filter(|_| active);
    let is_deleted = deletes && is_due(delete_at);
    let by_hand = rules.profile.users.deactivate.by == DeactivateBy::None && is_due(off_at);
    if !by_hand && !is_deleted {
        step(off_at, Action::Deactivate, WaitingFor::Deactivation);
    }
    step(delete_at, Action::Delete, WaitingFor::Deletion);
    if by_hand && !is_deleted {
        let problem = "is out, and this app lets nobody be switched off from outside";
        park(
            plan,
            desired,
            problem.into(),
            "switch the account off in the app",
        );
    }
    if view.input.state.links.get(&desired.user) != Some(&learned) {
        plan.notes.push(Note::Link(learned));
    }
}

/// May the account be on again, since a return had no answer, and nobody looked? Of a POST nobody knows
/// whose account it has switched on before the app is read.
fn may_be_back(view: &View<'_>, link: &Link) -> bool {
    let subject = Subject::User(link.user.clone());
    let job = view.input.state.job(&subject, ActionKind::Reactivate);
    let is_in_doubt = |job: &Job| matches!(job.state, JobState::InDoubt(_));
    view.input.observed.is_none() && job.is_some_and(|job| is_in_doubt(job) && !job.may_have_made())
}
