//! Where everybody who should be active stands with the app, before anything is compared.
//!
//! Promises that somebody who cannot be told apart from others, or would come back in a way that
//! nobody wants, is parked. Leaves changes to [`super::users`].

use super::users::{orphans, park};
use super::{Input, Plan, Standing, Standings, View};
use crate::core::account::Account;
use crate::core::attribute::AttrName;
use crate::core::change::Subject;
use crate::core::correlate::{Match, key_prints};
use crate::core::desired::{Desired, Wanted};
use crate::core::key::RemoteId;
use crate::core::link::{Job, JobState, Link};
use crate::core::profile::Reactivation;
use crate::core::rules::{Adopt, Returns};
use crate::core::settle::{Pending, activity, existence};
use crate::core::text::quoted;

/// Where everybody who should be active stands; who cannot be is parked here.
pub(super) fn stand<'a>(view: &'a View<'a>, plan: &mut Plan) -> Standings<'a> {
    let mut standings = Standings::new();
    for desired in view.input.desired {
        match &desired.wanted {
            Wanted::Active { .. } => match stand_one(view, desired, plan) {
                Some(Standing::New) if may_be_an_orphan(view, desired) => {
                    park(plan, desired, UNTRACEABLE.into(), UNTRACEABLE_HINT);
                }
                Some(standing) => {
                    standings.insert(&desired.user, standing);
                }
                None => {}
            },
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
    if !view.matches.contains_key(&desired.user) && waits_for_sight(view, desired, plan) {
        return None;
    }
    match view.matches.get(&desired.user) {
        None => can_be_found(view, desired, plan).then_some(Standing::New),
        Some(Match::Unsure { problem }) => {
            let hint = format!(
                "correct the value in the app, so that one account fits; or say which: {}",
                link_command(view.input, desired, "ACCOUNT-ID")
            );
            park(plan, desired, problem.clone(), &hint);
            None
        }
        Some(Match::Apart { id, by }) => {
            let problem = apart_problem(view, id, by);
            let hint = format!(
                "if it is theirs after all: {}; else correct the value in the app",
                link_command(view.input, desired, id.as_str())
            );
            park(plan, desired, problem, &hint);
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
    match view.input.rules.reactivation() {
        Reactivation::Activate | Reactivation::ActivateFirst => Some(Standing::Linked(link)),
        Reactivation::Post => {
            let is_told =
                !waits_for_sight(view, desired, plan) && can_be_found(view, desired, plan);
            is_told.then_some(Standing::Linked(link))
        }
        Reactivation::Create if link.left.is_some() => Some(Standing::New),
        Reactivation::Create => {
            let problem =
                "the account was switched off in the app, and a return would make a new one";
            park(plan, desired, problem.into(), "switch it on in the app");
            None
        }
        Reactivation::Refuse => {
            park_switched_off(view, desired, &link.id, plan);
            None
        }
    }
}

fn park_switched_off(view: &View<'_>, desired: &Desired, id: &RemoteId, plan: &mut Plan) {
    match view.input.rules.returns {
        Some(Returns::Refuse) => {
            let problem = format!(
                "is back, the account {id} is switched off, and `reactivate: refuse` leaves it to a \
                 person"
            );
            let hint = "switch it on in the app, or set `reactivate: link` or `reactivate: create`";
            park(plan, desired, problem, hint);
        }
        Some(Returns::Create | Returns::Link) | None => {
            let problem = "the account is switched off, and this app does not bring one back";
            park(plan, desired, problem.into(), "switch it on in the app");
        }
    }
}

/// What is wrong with an account that fits and that a person has said is not theirs.
pub(super) fn apart_problem(view: &View<'_>, id: &RemoteId, by: &AttrName) -> String {
    let label = view
        .accounts
        .get(id)
        .map_or(id.as_str(), |account| account.label.as_str());
    format!(
        "the account {label} ({id}) fits by {}, and was unlinked by hand",
        by.short()
    )
}

/// What a person writes to say that an account is somebody's.
pub(super) fn link_command(input: &Input<'_>, desired: &Desired, id: &str) -> String {
    format!(
        "rollcall link {} {} {}",
        quoted(&desired.label),
        input.rules.target,
        quoted(id)
    )
}

/// May nobody touch this account? It is named by its user's key or label, by its id, or by its user
/// name: the app's, or the one it should have when the app was not asked.
pub(super) fn is_protected(view: &View<'_>, desired: &Desired, link: &Link) -> bool {
    let state = view.input.state;
    if state.ignores_user(&desired.user) || state.ignores_account(&link.id) {
        return true;
    }
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
    if view.input.state.ignores_account(&account.id) {
        let problem = format!("the account {} ({}) is ignored", account.label, account.id);
        let hint = format!(
            "rollcall ignore {} {} --undo, or leave it be",
            quoted(account.id.as_str()),
            view.input.rules.target
        );
        park(plan, desired, problem, &hint);
        return None;
    }
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
    match view.input.rules.reactivation() {
        Reactivation::Create if !account.active => return Some(Standing::New),
        Reactivation::Refuse if !account.active => {
            park_switched_off(view, desired, &account.id, plan);
            return None;
        }
        Reactivation::Activate
        | Reactivation::ActivateFirst
        | Reactivation::Post
        | Reactivation::Create
        | Reactivation::Refuse => {}
    }
    if view.input.rules.adopt != Adopt::Unique {
        let problem = format!(
            "the account {} ({}) fits by {}, and `adopt:` wants a person to say so",
            account.label,
            account.id,
            by.short()
        );
        let hint = format!(
            "if it is theirs: {}; to link whoever fits alone: `adopt: unique`; else correct the \
             value in the app",
            link_command(view.input, desired, account.id.as_str())
        );
        park(plan, desired, problem, &hint);
        return None;
    }
    Some(Standing::Matched {
        account,
        by: by.clone(),
    })
}

/// May the user's account be looked for? Was a request that may have made one sent with none of the
/// values the user has now, and its answer lost, only a full read can tell: until then they are parked.
fn can_be_found(view: &View<'_>, desired: &Desired, plan: &mut Plan) -> bool {
    let now = key_prints(&view.input.rules.profile, view.input.key, &desired.keys);
    let is_unlike = |job: &Job| {
        let mut keys = job.keys.iter();
        !keys.any(|(name, print)| now.get(name) == Some(print))
    };
    let mut doubtful = view.input.state.doubtful_creates_of(&desired.user);
    let is_lost = view.input.observed.is_none() && doubtful.any(is_unlike);
    if is_lost {
        let problem = "an account may be there under another name, since an answer was lost";
        let hint = "run sync without --quick: it reads the whole app";
        park(plan, desired, problem.into(), hint);
    }
    !is_lost
}

/// What is wrong with a create whose answer was lost together with what it was sent with.
pub(super) const UNTRACEABLE: &str = "an answer was lost, and then the key file: the account it may \
                                      have made cannot be told from the orphans";

/// What to do about it.
pub(super) const UNTRACEABLE_HINT: &str = "if one of the orphans is theirs, give it their user name \
                                           in the app; if none is: rollcall retry";

/// Was a create sent whose answer and whose values are lost, while there are accounts that it may
/// have made? Whoever has the same match values as then was found by them.
fn may_be_an_orphan(view: &View<'_>, desired: &Desired) -> bool {
    let mut doubtful = view.input.state.doubtful_creates_of(&desired.user);
    doubtful.any(Job::is_untraceable) && !orphans(view).is_empty()
}

/// Is the account on? While what was acknowledged may not be seen yet, that counts.
pub(super) fn is_active(view: &View<'_>, link: &Link) -> bool {
    let pending = view.pending(link, &activity());
    match view.accounts.get(&link.id).filter(|_| pending.is_none()) {
        Some(account) => account.active,
        None => link.active,
    }
}

/// The write that made the account, or switched it off or on, if the app does not show it yet.
pub(super) fn late(view: &View<'_>, link: &Link) -> Option<Pending> {
    match view.accounts.get(&link.id) {
        Some(account) if account.active == link.active => None,
        Some(_) => view.pending(link, &activity()),
        None if view.is_unseen(&link.id) => view.pending(link, &existence()),
        None => None,
    }
}

/// Was the answer of a request that may have made an account lost so lately that the app need not show
/// what came of it? Until then a look-up proves nothing, and the user waits.
fn waits_for_sight(view: &View<'_>, desired: &Desired, plan: &mut Plan) -> bool {
    let settle = view.input.rules.profile.settle;
    let mut doubtful = view.input.state.doubtful_creates_of(&desired.user);
    let pending = doubtful.find_map(|job| match job.state {
        JobState::InDoubt(at) => Pending::of(at, settle, view.input.now),
        JobState::Due(_) | JobState::Parked { .. } => None,
    });
    if let Some(pending) = pending {
        let subject = Subject::User(desired.user.clone());
        plan.wait_for_sight(subject, &desired.label, pending);
    }
    pending.is_some()
}
