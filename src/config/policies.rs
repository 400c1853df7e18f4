//! What a target does about leavers, groups and sudden changes, checked.
//!
//! Promises that nothing is asked of an app that its profile says it cannot do. Leaves the deciding
//! to the core.

use std::sync::Arc;
use std::time::Duration;

use super::findings::Findings;
use super::place::Place;
use super::profile::EffectiveProfile;
use super::raw::{RawGroupGone, RawGroups, RawGuard, RawLeavers};
use super::words::{Percent, RawLeaver, RawLimit, Span};
use crate::core::leaver::{LeaverPolicy, Leavers};
use crate::core::profile::{Evidence, GroupModel};
use crate::core::rules::{Limit, Limits, Push};

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
        may_delete(
            effective,
            effective.profile.users.delete.is_possible(),
            "accounts",
            &place,
            findings,
        );
    }
    policy
}

/// Tells a deletion that the app does not know, or that nobody is sure it does.
fn may_delete(
    effective: &EffectiveProfile,
    deletes: bool,
    what: &str,
    place: &Place,
    findings: &mut Findings<'_>,
) {
    let name = &effective.name;
    if !deletes {
        let message = format!("the connector `{name}` cannot delete {what}");
        let hint = if what == "groups" {
            "write `unlink`"
        } else {
            "write `deactivate`"
        };
        findings.value(place, message, Some(hint.into()));
    } else if effective.profile.evidence == Evidence::Inferred {
        let message =
            format!("nobody has looked whether the connector `{name}` deletes {what} as it should");
        let hint = "try it, then write override: { evidence: probed }";
        findings.value(place, message, Some(hint.into()));
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
            let groups = &effective.profile.groups;
            let deletes = groups.delete && groups.model != GroupModel::Fixed;
            may_delete(effective, deletes, "groups", &place.key("gone"), findings);
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
