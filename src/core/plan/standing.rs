//! Where everybody who should be active stands with the app, before anything is compared.
//!
//! Promises that somebody who cannot be told apart from others, or would come back in a way that
//! nobody wants, is parked. Leaves changes to [`super::users`].

use super::users::{orphans, park};
use super::{Input, Plan, Standing, Standings, View};
use crate::core::account::Account;
use crate::core::attribute::AttrName;
use crate::core::change::{ActionKind, Subject};
use crate::core::correlate::{Match, key_prints};
use crate::core::desired::{Desired, Wanted};
use crate::core::key::RemoteId;
use crate::core::link::{Job, JobState, Link};
use crate::core::profile::Reactivation;
use crate::core::rules::Adopt;
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
    match view.matches.get(&desired.user) {
        None if cannot_be_looked_up(view, desired) => {
            let problem = "an account may be there under another name, since an answer was lost";
            let hint = "run sync without --quick: it reads the whole app";
            park(plan, desired, problem.into(), hint);
            None
        }
        None => Some(Standing::New),
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
    match view.input.rules.profile.users.reactivate {
        Reactivation::Activate | Reactivation::ActivateFirst | Reactivation::Post => {
            Some(Standing::Linked(link))
        }
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
    match view.input.rules.profile.users.reactivate {
        Reactivation::Create if !account.active => return Some(Standing::New),
        Reactivation::Refuse if !account.active => {
            park_switched_off(plan, desired);
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
            "if it is theirs: {}; else correct the value in the app",
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

/// What is wrong with a create whose answer was lost together with what it was sent with.
pub(super) const UNTRACEABLE: &str = "an answer was lost, and then the key file: the account it may \
                                      have made cannot be told from the orphans";

/// What to do about it.
pub(super) const UNTRACEABLE_HINT: &str = "if one of the orphans is theirs, give it their user name \
                                           in the app; if none is: rollcall retry";

/// Was a create sent whose answer and whose values are lost, while there are accounts that it may
/// have made? Whoever has the same match values as then was found by them.
fn may_be_an_orphan(view: &View<'_>, desired: &Desired) -> bool {
    let subject = Subject::User(desired.user.clone());
    let job = view.input.state.job(&subject, ActionKind::Create);
    job.is_some_and(Job::is_untraceable) && !orphans(view).is_empty()
}

pub(super) fn is_active(view: &View<'_>, link: &Link) -> bool {
    view.accounts
        .get(&link.id)
        .map_or(link.active, |account| account.active)
}
