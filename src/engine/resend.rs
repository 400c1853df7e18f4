//! Switching one account off and on again, on request, so that the app sends its mail once more.
//!
//! Promises that nobody is left locked out silently: that the account is to be switched on is on disk
//! before it is switched off, so that whatever happens in between, the next run mends it. Leaves
//! sending to [`super::apply`], by the same outbox as any other change.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::apply::{Applied, Failure, apply};
use super::cut::Part;
use super::propose::{Kept, Proposal, ProposeError, propose_keeping};
use super::roster::Roster;
use super::{Target, World};
use crate::core::change::{Action, ActionKind, Change, Reason, Subject};
use crate::core::desired::Desired;
use crate::core::guard::Reviewed;
use crate::core::key::UserKey;
use crate::core::link::Link;
use crate::core::plan::{Basis, Note};
use crate::core::profile::{DeactivateBy, Deactivation, Profile, Reactivation};
use crate::core::rules::Rules;
use crate::core::text::quoted;
use crate::store::{Epoch, JournalEntry, Record, StoreError};

/// Why an account is not switched off and on again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What stands in the way.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

/// Why nothing was resent.
#[derive(Debug, thiserror::Error)]
pub enum ResendError {
    /// It may not be done; nothing was sent.
    #[error("{}", .0.problem)]
    Refused(Refusal),
    /// The app or the state could not be read; nothing was sent.
    #[error(transparent)]
    Unknown(#[from] ProposeError),
    /// The state could not be written: what was sent and not recorded is mended by the next run.
    #[error(transparent)]
    Unwritten(StoreError),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resent {
    /// The account was off and is on again.
    Done,
    /// It is on, but was not, or not surely, off in between.
    NotOff {
        /// What failed.
        reason: String,
    },
    /// It is off, or may be, and is due to be switched on.
    StillOff {
        /// What failed.
        reason: String,
    },
}

/// Switches the account of `user` off and on again. `line` goes into the journal first.
///
/// # Errors
/// When it may not be done, or something could not be read or written.
pub async fn resend(
    target: &Target,
    roster: &Roster,
    user: &UserKey,
    line: JournalEntry,
    world: World<'_>,
) -> Result<Resent, ResendError> {
    let rules = &target.rules;
    let basis = Basis::Remembered;
    let kept = Kept::With(BTreeSet::from([user.clone()]));
    let proposal = propose_keeping(&kept, rules, &*target.app, roster, basis, world).await?;
    let link = permitted(rules, &proposal, user, &line.label).map_err(ResendError::Refused)?;
    let account = target.app.account(&link.id).await;
    let account = account.map_err(ProposeError::App)?;
    match account {
        Some(account) if rules.protects(&account) => {
            let problem = format!("the account {} is protected", account.label);
            let hint = "take it out of `protected:`, or leave it be".into();
            return Err(ResendError::Refused(Refusal { problem, hint }));
        }
        Some(account) if account.active => {}
        Some(_) | None => return Err(ResendError::Refused(not_on(&line.label, rules))),
    }
    let run = line.run.clone();
    let proposal = off_and_on(proposal, user, &link, &line.label);
    let unwritten = ResendError::Unwritten;
    let batch = [Record::Journal(line)];
    world
        .store
        .commit(Epoch(1), &batch)
        .await
        .map_err(unwritten)?;
    let applied = apply(target, proposal, &run, world)
        .await
        .map_err(unwritten)?;
    let left = leftovers(&applied, target);
    world
        .store
        .commit(Epoch(1), &left)
        .await
        .map_err(unwritten)?;
    Ok(outcome(&applied))
}

/// May the account of this user be switched off and on again? Gives its link.
fn permitted(
    rules: &Rules,
    proposal: &Proposal,
    user: &UserKey,
    label: &str,
) -> Result<Link, Refusal> {
    let target = &rules.target;
    possible(&rules.profile, rules)?;
    if proposal.state.ignores_user(user) {
        return Err(Refusal {
            problem: format!("the account of {label} in {target} is ignored"),
            hint: format!("rollcall ignore --user {} {target} --undo", quoted(label)),
        });
    }
    let desired = proposal.desired.iter().find(|one| one.user == *user);
    if desired.and_then(Desired::attributes).is_none() {
        return Err(Refusal {
            problem: format!("{label} is not to have an active account in {target}"),
            hint: format!("rollcall explain {} {target} says why", quoted(label)),
        });
    }
    match proposal.state.links.get(user) {
        Some(link) if proposal.state.ignores_account(&link.id) => Err(Refusal {
            problem: format!("the account {} of {target} is ignored", link.id),
            hint: format!(
                "rollcall ignore {} {target} --undo",
                quoted(link.id.as_str())
            ),
        }),
        Some(link) if link.active => Ok(link.clone()),
        Some(_) | None => Err(not_on(label, rules)),
    }
}

fn not_on(label: &str, rules: &Rules) -> Refusal {
    Refusal {
        problem: format!("{label} has no active account in {}", rules.target),
        hint: format!(
            "rollcall sync --user {} --target {} brings it in line",
            quoted(label),
            rules.target
        ),
    }
}

/// Does the app bring back what it switches off, and the same as it was?
fn possible(profile: &Profile, rules: &Rules) -> Result<(), Refusal> {
    let users = &profile.users;
    if users.deactivate.by == DeactivateBy::None {
        return Err(impossible("an account cannot be switched off", rules));
    }
    let what = match (users.deactivate.effect, users.reactivate) {
        (
            Deactivation::Suspends,
            Reactivation::Activate | Reactivation::ActivateFirst | Reactivation::Post,
        ) => return Ok(()),
        (Deactivation::Deletes, _) => "switching an account off deletes it for good",
        (Deactivation::DeletesInvited | Deactivation::Unknown, _) => {
            "switching an account off may delete it for good"
        }
        (Deactivation::FreesUserName, _) => {
            "switching an account off takes the user name away as well"
        }
        (Deactivation::Renames, _) => "switching an account off hides its names and addresses",
        (Deactivation::Unlinks, _) => {
            "switching an account off takes the person out of the organisation"
        }
        (Deactivation::Suspends, Reactivation::Create) => {
            "switching an account on again makes a new one"
        }
        (Deactivation::Suspends, Reactivation::Refuse) => {
            "an account that was switched off is not brought back"
        }
    };
    Err(impossible(what, rules))
}

fn impossible(what: &str, rules: &Rules) -> Refusal {
    Refusal {
        problem: format!("in {} {what}, so nothing was sent", rules.target),
        hint: "have the mail sent again in the app itself".into(),
    }
}

/// The proposal of just that: off, then on, released by the person who asks, and nothing else.
fn off_and_on(proposal: Proposal, user: &UserKey, link: &Link, label: &str) -> Proposal {
    let change = |action: Action| Change {
        subject: Subject::User(user.clone()),
        label: Arc::from(label),
        action,
        reason: Reason::Resent,
    };
    let resent = [
        change(Action::Deactivate),
        change(Action::Reactivate {
            attributes: Vec::new(),
        }),
    ];
    let approved = resent
        .iter()
        .map(|change| (change.subject.clone(), change.action.kind()));
    let approved = approved.chain(proposal.reviewed.approved);
    // The state in hand has the links that move where they move to.
    let moves = proposal.reviewed.released.into_iter();
    let moves = moves.filter(|change| matches!(change.action, Action::Rekey { .. }));
    let released: Vec<Change> = moves.chain(resent.iter().cloned()).collect();
    let mut plan = proposal.reviewed.plan;
    // The one account that counts was just looked at.
    plan.basis = Basis::Observed;
    plan.changes.clone_from(&released);
    plan.parked.clear();
    // Off as of now, whatever happens: a run that finds it so switches it on.
    plan.notes = vec![Note::Link(Link {
        active: false,
        left: None,
        ..link.clone()
    })];
    let reviewed = Reviewed {
        approved: approved.collect::<BTreeSet<_>>(),
        released,
        held: Vec::new(),
        settled: Vec::new(),
        plan,
    };
    Proposal {
        reviewed,
        part: Some(Part::nothing_of(user, label)),
        ..proposal
    }
}

/// A deactivation that failed is not tried again: only the way back stays due.
fn leftovers(applied: &Applied, target: &Target) -> Vec<Record> {
    let failed = failure(applied, ActionKind::Deactivate).into_iter();
    failed
        .map(|failure| {
            let subject = failure.change.subject.clone();
            Record::DropJob(target.rules.target.clone(), subject, ActionKind::Deactivate)
        })
        .collect()
}

fn outcome(applied: &Applied) -> Resent {
    let why = |failure: &Failure| match (&applied.stopped, &*failure.reason) {
        (Some(fault), "not tried") => fault.to_string(),
        (_, reason) => reason.to_owned(),
    };
    let on = failure(applied, ActionKind::Reactivate).map(why);
    let off = failure(applied, ActionKind::Deactivate).map(why);
    match (off, on) {
        (_, Some(reason)) => Resent::StillOff { reason },
        (Some(reason), None) => Resent::NotOff { reason },
        (None, None) => Resent::Done,
    }
}

fn failure(applied: &Applied, action: ActionKind) -> Option<&Failure> {
    let mut failed = applied.failed.iter();
    failed.find(|failure| failure.change.action.kind() == action)
}
