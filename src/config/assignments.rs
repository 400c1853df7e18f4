//! Who gets an account, checked.
//!
//! Promises that somebody said so: an assignment that names nobody is a problem, not an empty app.
//! Leaves the deciding to the core.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::expressions;
use super::findings::Findings;
use super::place::Place;
use super::profile::{EffectiveProfile, unknown_attribute};
use super::raw::{RawAssignBlock, RawAssignRule};
use super::words::RawAssign;
use crate::core::assign::{Assignment, AssignmentRule, Except};
use crate::core::attribute::AttrName;
use crate::core::expression::Vocabulary;

/// Checks the `assign:` of the target at `target`.
pub fn check(
    raw: Option<RawAssign>,
    target: &Place,
    profile: Option<&EffectiveProfile>,
    vocabulary: &Vocabulary,
    findings: &mut Findings<'_>,
) -> Assignment {
    let place = target.key("assign");
    match raw {
        None => {
            let hint = "write `assign: everyone`, or `assign: { groups: [ … ] }`";
            let message = "`assign` is missing: nobody says who gets an account";
            findings.lacks(target, "assign", message, Some(hint.into()));
            Assignment::default()
        }
        Some(RawAssign::Everyone) => Assignment {
            everyone: true,
            ..Assignment::default()
        },
        Some(RawAssign::Block(raw)) => block(raw, &place, profile, vocabulary, findings),
    }
}

fn block(
    raw: RawAssignBlock,
    place: &Place,
    profile: Option<&EffectiveProfile>,
    vocabulary: &Vocabulary,
    findings: &mut Findings<'_>,
) -> Assignment {
    let nobody =
        !raw.everyone && raw.groups.is_empty() && raw.users.is_empty() && raw.when.is_none();
    if nobody && !findings.suspect(place) {
        let hint = "name `groups`, `users` or `when`, or write `everyone: true`";
        findings.key(place, "this assignment names nobody", Some(hint.into()));
    }
    let when = raw.when.and_then(|text| {
        expressions::compile_condition(&text, &place.key("when"), vocabulary, findings)
    });
    let mut rules = Vec::new();
    for (index, raw) in raw.rules.into_iter().enumerate() {
        rules.push(rule(
            raw,
            &place.key("rules").index(index),
            profile,
            vocabulary,
            findings,
        ));
    }
    Assignment {
        everyone: raw.everyone,
        groups: words(raw.groups),
        users: words(raw.users),
        when,
        except: Except {
            groups: words(raw.except.groups),
            users: words(raw.except.users),
        },
        rules,
    }
}

fn rule(
    raw: RawAssignRule,
    place: &Place,
    profile: Option<&EffectiveProfile>,
    vocabulary: &Vocabulary,
    findings: &mut Findings<'_>,
) -> AssignmentRule {
    let told = findings.suspect(place);
    for (key, empty) in [
        ("groups", raw.groups.is_empty()),
        ("set", raw.set.is_empty()),
    ] {
        if empty && !told {
            findings.key(place, format!("a rule needs `{key}`"), None);
        }
    }
    let mut set = BTreeMap::new();
    for (name, text) in raw.set {
        let place = place.key("set").key(name.as_str());
        known(&name, &place, profile, findings);
        if let Some(program) = expressions::compile(&text, &place, vocabulary, findings) {
            set.insert(name, program);
        }
    }
    AssignmentRule {
        groups: words(raw.groups),
        set,
    }
}

/// Tells an attribute that the app does not take.
pub fn known(
    name: &AttrName,
    place: &Place,
    profile: Option<&EffectiveProfile>,
    findings: &mut Findings<'_>,
) {
    if let Some(effective) = profile.filter(|effective| effective.profile.rule(name).is_none()) {
        let message = format!(
            "the connector `{}` has no attribute `{name}`",
            effective.name
        );
        let hint = unknown_attribute(&effective.profile, name);
        findings.key(place, message, Some(hint));
    }
}

/// Texts as a set.
pub fn words(texts: Vec<String>) -> BTreeSet<Arc<str>> {
    texts.into_iter().map(Arc::from).collect()
}
