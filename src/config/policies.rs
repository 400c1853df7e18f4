//! What a target does about leavers, returns, groups and sudden changes, checked.
//!
//! Promises that nothing is asked of an app that its profile says it cannot do. Leaves the deciding
//! to the core.

use std::sync::Arc;
use std::time::Duration;

use super::Rhythm;
use super::findings::Findings;
use super::place::Place;
use super::profile::{EffectiveProfile, OVERRIDE};
use super::raw::{RawAudit, RawGroupGone, RawGroups, RawGuard, RawLeavers, RawReturns};
use super::words::{Often, Percent, RawLeaver, RawLimit, Span};
use crate::core::duration;
use crate::core::leaver::{LeaverPolicy, Leavers};
use crate::core::profile::{
    Deactivate, DeactivateBy, Deactivation, Deletion, GroupModel, Reactivation,
};
use crate::core::rules::{Limit, Limits, Push, Returns};

/// Checks the `leavers:` of the target at `target`.
pub fn leavers(
    raw: RawLeavers,
    target: &Place,
    profile: Option<&EffectiveProfile>,
    findings: &mut Findings<'_>,
) -> Leavers {
    let place = target.key("leavers");
    let mut policy = |raw: Option<RawLeaver>, key: &str, default: LeaverPolicy| {
        let Some(raw) = raw else { return default };
        leaver(&raw, &place.key(key), profile, findings)
    };
    let default = Leavers::default();
    Leavers {
        unassigned: policy(raw.unassigned, "unassigned", default.unassigned),
        disabled: policy(raw.disabled, "disabled", default.disabled),
        deleted: policy(raw.deleted, "deleted", default.deleted),
    }
}

fn leaver(
    raw: &RawLeaver,
    place: &Place,
    profile: Option<&EffectiveProfile>,
    findings: &mut Findings<'_>,
) -> LeaverPolicy {
    let (policy, place) = match raw {
        RawLeaver::Keep => return LeaverPolicy::KEEP,
        RawLeaver::Deactivate => return LeaverPolicy::DEACTIVATE,
        RawLeaver::Delete => (
            LeaverPolicy {
                deactivate: Some(Duration::ZERO),
                delete: Some(Duration::ZERO),
            },
            place.clone(),
        ),
        RawLeaver::Steps(steps) => {
            if steps.deactivate.is_none() && steps.delete.is_none() && !findings.suspect(place) {
                let hint =
                    "write { deactivate: now, delete: 30d }, or one of: keep, deactivate, delete";
                findings.key(place, "nothing is said here", Some(hint.into()));
            }
            let deactivate = steps.deactivate.map_or(Duration::ZERO, |Span(span)| span);
            let delete = steps.delete.map(|Span(span)| span);
            if delete.is_some_and(|delete| delete < deactivate) {
                let hint = "let `delete` be the longer span";
                let message = "the account would be deleted before it is switched off";
                findings.value(&place.key("delete"), message, Some(hint.into()));
            }
            let policy = LeaverPolicy {
                deactivate: Some(deactivate),
                delete,
            };
            (policy, place.key("delete"))
        }
    };
    if policy.delete.is_some()
        && let Some(effective) = profile
    {
        may_delete(effective, deletion(effective, policy), &place, findings);
    }
    policy
}

/// By which key of the profile accounts are deleted: where switching off destroys them, and there is no
/// other way, that is one.
fn deletion(effective: &EffectiveProfile, policy: LeaverPolicy) -> Deletes {
    let users = &effective.profile.users;
    let at_once = policy.delete <= policy.deactivate;
    if !users.delete.is_possible() && users.deactivate.effect.is_destructive() && at_once {
        Deletes::ByDeactivation
    } else {
        Deletes::Accounts
    }
}

/// What is deleted, and by which key of the profile.
#[derive(Clone, Copy)]
enum Deletes {
    Accounts,
    ByDeactivation,
    Groups,
}

impl Deletes {
    /// The key, and whether the app does it.
    fn key(self, effective: &EffectiveProfile) -> (Place, bool) {
        let (keys, does): (&[&str], bool) = match self {
            Self::Accounts => (
                &["users", "delete"],
                effective.profile.users.delete.is_possible(),
            ),
            Self::ByDeactivation => (&["users", "deactivate", "effect"], true),
            Self::Groups => {
                let groups = &effective.profile.groups;
                let does = groups.delete && groups.model != GroupModel::Fixed;
                (&["groups", "delete"], does)
            }
        };
        (Place::top().keys(keys), does)
    }

    fn what(self) -> &'static str {
        match self {
            Self::Accounts | Self::ByDeactivation => "accounts",
            Self::Groups => "groups",
        }
    }

    /// What to write where the app cannot.
    fn instead(self) -> &'static str {
        match self {
            Self::Accounts | Self::ByDeactivation => "write `deactivate`",
            Self::Groups => "write `unlink`",
        }
    }

    /// What to write once somebody has looked.
    fn looked_at(self, effective: &EffectiveProfile) -> String {
        let users = &effective.profile.users;
        match self {
            Self::Accounts => {
                let word = match users.delete {
                    Deletion::None => "none",
                    Deletion::Soft => "soft",
                    Deletion::Hard => "hard",
                };
                format!("try it, then write override: {{ users: {{ delete: {word} }} }}")
            }
            Self::ByDeactivation => {
                "try it, then write override: { users: { deactivate: { effect: … } } }".into()
            }
            Self::Groups => "try it, then write override: { groups: { delete: true } }".into(),
        }
    }
}

/// Tells a deletion that the app does not know, or that nobody is sure it does. What the site itself
/// says of that key has been looked at.
fn may_delete(
    effective: &EffectiveProfile,
    deletes: Deletes,
    place: &Place,
    findings: &mut Findings<'_>,
) {
    let (name, what) = (&effective.name, deletes.what());
    let (key, does) = deletes.key(effective);
    if !does {
        let message = format!("the connector `{name}` cannot delete {what}");
        findings.value(place, message, Some(deletes.instead().into()));
    } else if effective.is_guess(&key) {
        let message =
            format!("nobody has looked whether the connector `{name}` deletes {what} as it should");
        findings.value(place, message, Some(deletes.looked_at(effective)));
    }
}

/// What switching an account off does, as far as it may be relied on. A `DELETE` destroys (RFC 7644,
/// 3.6): that it does not do so here has to be known, and not guessed. `active: false` does not
/// (RFC 7643, 4.1.1).
#[must_use]
pub fn effect(effective: &EffectiveProfile) -> Deactivation {
    let Deactivate { by, effect } = effective.profile.users.deactivate;
    match by {
        DeactivateBy::Delete if effective.is_guess(&effect_key()) => Deactivation::Unknown,
        DeactivateBy::Delete | DeactivateBy::Active | DeactivateBy::None => effect,
    }
}

/// Has the site itself said what switching off does?
#[must_use]
pub fn knows_effect(effective: &EffectiveProfile) -> bool {
    effective.origin(&effect_key()) == OVERRIDE
}

fn effect_key() -> Place {
    Place::top().keys(&["users", "deactivate", "effect"])
}

/// Checks the `reactivate:` of the target at `target`.
pub fn returns(
    raw: Option<RawReturns>,
    target: &Place,
    profile: Option<&EffectiveProfile>,
    findings: &mut Findings<'_>,
) -> Option<Returns> {
    let returns = raw.map(Returns::from)?;
    if let Some(effective) = profile
        && let Some((message, hint)) = impossible(returns, effective)
    {
        findings.value(&target.key("reactivate"), message, Some(hint));
    }
    Some(returns)
}

/// What the app cannot do of it, and what to write.
fn impossible(returns: Returns, effective: &EffectiveProfile) -> Option<(String, String)> {
    let users = &effective.profile.users;
    let name = &effective.name;
    let frees = users.deactivate.effect == Deactivation::FreesUserName;
    match (returns, users.reactivate) {
        (Returns::Link, Reactivation::Create) if frees => None,
        (Returns::Link, Reactivation::Create | Reactivation::Refuse) => Some((
            format!("the connector `{name}` says that an account which is off stays off"),
            "if the app does switch one on again, write \
             override: { users: { reactivate: activate } }"
                .into(),
        )),
        (
            Returns::Create,
            Reactivation::Activate | Reactivation::ActivateFirst | Reactivation::Post,
        ) if users.deactivate.effect == Deactivation::Suspends => Some((
            format!("the connector `{name}` keeps the user name of an account that is off"),
            "a new account could not have it: write `link`".into(),
        )),
        (Returns::Link | Returns::Create | Returns::Refuse, _) => None,
    }
}

/// Checks the `groups:` of the target at `target`.
pub fn groups(
    raw: RawGroups,
    target: &Place,
    profile: Option<&EffectiveProfile>,
    findings: &mut Findings<'_>,
) -> Push {
    let place = target.key("groups");
    for (index, _) in raw
        .push
        .iter()
        .enumerate()
        .filter(|(_, name)| name.trim().is_empty())
    {
        findings.value(
            &place.key("push").index(index),
            "a group needs a name",
            None,
        );
    }
    if let Some(effective) = profile {
        if !raw.push.is_empty() && !effective.profile.has_groups() {
            let message = format!("the connector `{}` has no groups", effective.name);
            findings.key(
                &place.key("push"),
                message,
                Some("take `groups` out".into()),
            );
        } else if matches!(raw.gone, Some(RawGroupGone::Delete)) {
            may_delete(effective, Deletes::Groups, &place.key("gone"), findings);
        }
    }
    Push {
        patterns: raw.push.into_iter().map(Arc::from).collect(),
        gone: raw.gone.map(Into::into).unwrap_or_default(),
    }
}

/// The `guard:` of a target.
#[must_use]
pub fn limits(raw: &RawGuard) -> Limits {
    let default = Limits::default();
    Limits {
        leavers: limit(raw.leavers.as_ref(), default.leavers),
        members: limit(raw.members.as_ref(), default.members),
        updates: limit(raw.updates.as_ref(), default.updates),
    }
}

fn limit(raw: Option<&RawLimit>, default: Limit) -> Limit {
    match raw {
        None => default,
        Some(RawLimit::Share(Percent(percent))) => Limit {
            percent: *percent,
            ..default
        },
        Some(RawLimit::Block(block)) => Limit {
            count: block.count.unwrap_or(default.count),
            percent: block
                .percent
                .map_or(default.percent, |Percent(percent)| percent),
        },
    }
}

/// Checks the `every:` and the `audit:` of the target at `target`.
pub fn rhythm(
    every: Option<Span>,
    audit: &RawAudit,
    target: &Place,
    findings: &mut Findings<'_>,
) -> Rhythm {
    let usual = Rhythm::default();
    let mut at_least = |span: Option<Span>, usual: Duration, least: Duration, place: Place| {
        let span = span.map_or(usual, |Span(span)| span);
        if span < least {
            let message = format!("this is too often: {} at least", duration::print(least));
            findings.value(&place, message, None);
        }
        span.max(least)
    };
    let second = Duration::from_secs(1);
    let at = target.key("audit").key("every");
    Rhythm {
        every: at_least(every, usual.every, second, target.key("every")),
        audit_every: at_least(audit.every, usual.audit_every, 60 * second, at),
        audit_pause: audit.budget.map_or(usual.audit_pause, |Often(pause)| pause),
    }
}
