//! What an account holds, checked: the connector's mapping under the target's own.
//!
//! Promises that each attribute exists at the app, that each that the app requires is mapped, and
//! that a set it takes only whole is mapped whole. Leaves the values to the core.

use std::collections::BTreeMap;

use super::assignments::known;
use super::expressions;
use super::findings::Findings;
use super::place::Place;
use super::problems::Problems;
use super::profile::{EffectiveProfile, OVERRIDE, Stack};
use super::words::RawMapping;
use crate::core::attribute::AttrName;
use crate::core::expression::{Program, Vocabulary};
use crate::core::mapping::{Mapping, MappingRule, Origin, WhenEmpty};
use crate::core::profile::{Profile, Required};

/// Checks the `mapping:` of the target at `target`.
pub fn check(
    raw: BTreeMap<AttrName, RawMapping>,
    target: &Place,
    profile: Option<(&Stack, &EffectiveProfile)>,
    vocabulary: &Vocabulary,
    findings: &mut Findings<'_>,
) -> (Mapping, Problems) {
    let mut mapping = Mapping::default();
    let mut elsewhere = Problems::default();
    if let Some((stack, effective)) = profile {
        let names: Vec<&AttrName> = raw.keys().chain(effective.profile.mapping.keys()).collect();
        complete(&names, &effective.profile, target, findings);
        for (name, text) in &effective.profile.mapping {
            if raw.contains_key(name) {
                continue;
            }
            let (program, origin) = if is_override(effective, name) {
                let place = target.keys(&["override", "mapping", name.as_str()]);
                (
                    expressions::compile(text, &place, vocabulary, findings),
                    Origin::Config,
                )
            } else {
                let (program, problems) = of_connector(name, text, stack);
                elsewhere.extend(problems);
                (program, Origin::Profile)
            };
            insert(
                &mut mapping,
                name.clone(),
                program,
                WhenEmpty::default(),
                origin,
            );
        }
    }
    for (name, raw) in raw {
        let place = target.key("mapping").key(name.as_str());
        known(
            &name,
            &place,
            profile.map(|(_, effective)| effective),
            findings,
        );
        let (program, when_empty) = of_target(raw, &place, vocabulary, findings);
        insert(&mut mapping, name, program, when_empty, Origin::Config);
    }
    (mapping, elsewhere)
}

fn insert(
    mapping: &mut Mapping,
    name: AttrName,
    program: Option<Program>,
    when_empty: WhenEmpty,
    origin: Origin,
) {
    if let Some(program) = program {
        let rule = MappingRule {
            program,
            when_empty,
            origin,
        };
        mapping.attributes.insert(name, rule);
    }
}

fn is_override(effective: &EffectiveProfile, name: &AttrName) -> bool {
    effective.origin(&Place::top().keys(&["mapping", name.as_str()])) == OVERRIDE
}

/// A connector's expression names any attribute: not every directory holds all of them.
fn of_connector(name: &AttrName, text: &str, stack: &Stack) -> (Option<Program>, Problems) {
    let place = Place::top().keys(&["mapping", name.as_str()]);
    let mut findings = Findings::new(stack.document(&place));
    let program = expressions::compile(text, &place, &Vocabulary::default(), &mut findings);
    (program, findings.finish())
}

fn of_target(
    raw: RawMapping,
    place: &Place,
    vocabulary: &Vocabulary,
    findings: &mut Findings<'_>,
) -> (Option<Program>, WhenEmpty) {
    match raw {
        RawMapping::Expression(text) => (
            expressions::compile(&text, place, vocabulary, findings),
            WhenEmpty::default(),
        ),
        RawMapping::Block(block) => {
            let value = place.key("value");
            if block.value.is_none() {
                let hint = "write value: EXPRESSION";
                findings.lacks(place, "value", "`value` is missing", Some(hint.into()));
            }
            let program = block
                .value
                .and_then(|text| expressions::compile(&text, &value, vocabulary, findings));
            (program, block.when_empty.into())
        }
    }
}

/// Tells what the app requires and nothing is mapped to.
fn complete(names: &[&AttrName], profile: &Profile, target: &Place, findings: &mut Findings<'_>) {
    let place = target.key("mapping");
    if findings.suspect(&place) {
        return;
    }
    let mapped = |name: &AttrName| names.contains(&name);
    for (name, rule) in profile.attributes.iter().filter(|(name, _)| !mapped(name)) {
        let when = match rule.required {
            Required::No => continue,
            Required::Create => "to make an account",
            Required::Always => "always",
        };
        let message = format!("the app requires `{name}` {when}, but nothing is mapped to it");
        findings.key(
            &place,
            message,
            Some(format!("add `{name}` to the mapping")),
        );
    }
    for set in &profile.all_or_none {
        let (with, without): (Vec<&AttrName>, Vec<&AttrName>) =
            set.iter().partition(|name| mapped(name));
        if let (Some(some), Some(lacking)) = (with.first(), without.first()) {
            let message = format!(
                "the app takes `{some}` only together with `{lacking}`, which nothing is mapped to"
            );
            findings.key(
                &place,
                message,
                Some(format!("add `{lacking}` to the mapping")),
            );
        }
    }
    if !profile.users.matching.iter().any(mapped) && !profile.users.matching.is_empty() {
        let keys: Vec<&str> = profile
            .users
            .matching
            .iter()
            .map(AttrName::as_str)
            .collect();
        let message = "no attribute that accounts are found by is mapped";
        findings.key(
            &place,
            message,
            Some(format!("map one of: {}", keys.join(", "))),
        );
    }
}
