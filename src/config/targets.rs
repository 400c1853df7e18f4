//! The targets of a config: each block checked against its connector.
//!
//! Promises that a target which is handed on can be run. What is wrong in one block hides nothing in
//! another. Leaves the single keys to the files beside this one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use url::Url;

use super::addresses::BaseUrl;
use super::assignments::known;
use super::findings::Findings;
use super::place::Place;
use super::problems::Problems;
use super::profile::{self, EffectiveProfile, ProfileError, Stack};
use super::raw::{RawProtectedBlock, RawTarget, RawTest};
use super::words::RawProtected;
use super::{
    MappingTest, TargetConfig, addresses, assignments, auth, connection, expressions, mappings,
    policies,
};
use crate::core::expression::{Program, Vocabulary};
use crate::core::key::TargetName;
use crate::core::rules::Rules;

/// What every target is checked with.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The folder of the config; relative paths count from it.
    pub folder: &'a Path,
    /// A folder of further connectors.
    pub connectors: Option<&'a Path>,
    /// What expressions may name.
    pub vocabulary: &'a Vocabulary,
}

/// Checks the `targets:`; problems in the files of connectors are handed back.
pub fn check(
    raw: Option<BTreeMap<String, RawTarget>>,
    around: &Surroundings<'_>,
    findings: &mut Findings<'_>,
) -> (BTreeMap<TargetName, TargetConfig>, Problems) {
    let place = Place::top().key("targets");
    let raw = raw.unwrap_or_default();
    if raw.is_empty() && !findings.suspect(&place) {
        let hint = "write targets: { NAME: { connector: …, base_url: …, auth: …, assign: … } }";
        findings.key(
            &place,
            "no targets: there is nothing to keep in line",
            Some(hint.into()),
        );
    }
    let mut problems = Problems::default();
    let mut targets = BTreeMap::new();
    for (name, raw) in raw {
        super::names::check(&name, &place.key(&name), findings);
        let name = TargetName::new(name);
        if let Some(target) = target(&name, raw, around, findings, &mut problems) {
            targets.insert(name, target);
        }
    }
    apart(&targets, &place, findings);
    (targets, problems)
}

/// Two targets at one address would undo each other's work.
fn apart(targets: &BTreeMap<TargetName, TargetConfig>, place: &Place, findings: &mut Findings<'_>) {
    let mut taken: BTreeMap<String, &TargetName> = BTreeMap::new();
    let mut order: Vec<_> = targets
        .iter()
        .map(|(name, target)| (findings.line(&place.key(name.as_str())), name, target))
        .collect();
    order.sort_by_key(|(line, name, _)| (*line, *name));
    for (_, name, target) in order {
        let first = *taken
            .entry(addresses::normal(&target.base_url))
            .or_insert(name);
        if first != name {
            let message = format!("the target `{first}` has the same `base_url`");
            let hint = "two targets at one address would undo each other's work; keep one";
            let place = place.key(name.as_str()).key("base_url");
            findings.value(&place, message, Some(hint.into()));
        }
    }
}

fn target(
    name: &TargetName,
    raw: RawTarget,
    around: &Surroundings<'_>,
    findings: &mut Findings<'_>,
    problems: &mut Problems,
) -> Option<TargetConfig> {
    let place = Place::top().key("targets").key(name.as_str());
    let found = connector(raw.connector.as_deref(), &place, around, findings, problems);
    let effective = found.as_ref().map(|(_, effective)| effective);
    let base_url = base_url(raw.base_url.as_deref(), &place, effective, findings);
    let takes = effective.map(|effective| (effective.name.as_str(), &effective.profile));
    let (auth, expires) = auth::check(raw.auth, &place, around.folder, takes, findings);
    let tls = connection::tls(raw.tls, &place, around.folder, findings);
    let proxy = connection::proxy(raw.proxy, &place, around.folder, findings);
    let assignment = assignments::check(raw.assign, &place, effective, around.vocabulary, findings);
    let both = found.as_ref().map(|(stack, effective)| (stack, effective));
    let (mapping, elsewhere) =
        mappings::check(raw.mapping, &place, both, around.vocabulary, findings);
    problems.extend(elsewhere);
    let push = policies::groups(raw.groups, &place, effective, findings);
    let leavers = policies::leavers(raw.leavers, &place, effective, findings);
    let (protected, protected_when) = protected(raw.protected, &place, around, findings);
    let returns = policies::returns(raw.reactivate, &place, effective, findings);
    let tests = tests(raw.tests, &place, effective, findings);
    let rhythm = policies::rhythm(raw.every, &raw.audit, &place, findings);
    let (_, mut effective) = found?;
    let knows_effect = policies::knows_effect(&effective);
    effective.profile.users.deactivate.effect = policies::effect(&effective);
    Some(TargetConfig {
        connector: effective.name,
        rules: Rules {
            target: name.clone(),
            profile: effective.profile,
            assignment,
            mapping,
            features: raw.features.into(),
            push,
            leavers,
            knows_effect,
            returns,
            limits: policies::limits(&raw.guard),
            adopt: raw.adopt.map(Into::into).unwrap_or_default(),
            unassigned_unlinked: raw.unassigned_unlinked.map(Into::into).unwrap_or_default(),
            drift: raw.drift.map(Into::into).unwrap_or_default(),
            protected,
            protected_when,
        },
        origins: effective.origins,
        base_url: base_url?,
        auth: auth?,
        expires,
        tls: tls?,
        proxy: proxy?,
        sandbox_accounts: raw.sandbox.accounts.map(|path| around.folder.join(path)),
        tests,
        rhythm,
    })
}

/// Who is never touched: by name, and by expression.
fn protected(
    raw: Vec<RawProtected>,
    target: &Place,
    around: &Surroundings<'_>,
    findings: &mut Findings<'_>,
) -> (BTreeSet<Arc<str>>, Vec<Program>) {
    let place = target.key("protected");
    let (mut names, mut programs) = (BTreeSet::new(), Vec::new());
    for (index, one) in raw.into_iter().enumerate() {
        let place = place.index(index);
        match one {
            RawProtected::Name(name) => {
                names.insert(Arc::from(name));
            }
            RawProtected::Block(RawProtectedBlock { when: Some(text) }) => {
                let place = place.key("when");
                programs.extend(expressions::compile_condition(
                    &text,
                    &place,
                    around.vocabulary,
                    findings,
                ));
            }
            RawProtected::Block(RawProtectedBlock { when: None }) => {
                let hint = "write { when: 'user.…' }, or a name".into();
                findings.lacks(&place, "when", "`when` is missing", Some(hint));
            }
        }
    }
    (names, programs)
}

/// Where the app is: as the target says, else where every app of this kind is.
fn base_url(
    text: Option<&str>,
    target: &Place,
    profile: Option<&EffectiveProfile>,
    findings: &mut Findings<'_>,
) -> Option<Url> {
    let place = target.key("base_url");
    let form = profile.and_then(|effective| BaseUrl::of(&effective.profile));
    match (text, form) {
        (Some(text), form) => addresses::read_base(text, form.as_ref(), &place, findings),
        (None, Some(BaseUrl::Fixed(text))) if !findings.stands(&place) => {
            addresses::read(text, &target.key("connector"), findings)
        }
        (None, form) => {
            let hint = match form.and_then(|form| form.shown()) {
                Some(shown) => format!("write base_url: …; {shown}"),
                None => "write base_url: https://app.example.com/scim/v2".into(),
            };
            findings.lacks(target, "base_url", "`base_url` is missing", Some(hint));
            None
        }
    }
}

/// The connector's profile with the target's override.
fn connector(
    name: Option<&str>,
    target: &Place,
    around: &Surroundings<'_>,
    findings: &mut Findings<'_>,
    problems: &mut Problems,
) -> Option<(Stack, EffectiveProfile)> {
    let place = target.key("connector");
    let Some(name) = name else {
        let count = profile::names(around.connectors).len();
        let hint =
            format!("`rollcall connectors` lists all {count}; `scim` is any plain SCIM 2.0 app");
        findings.lacks(target, "connector", "`connector` is missing", Some(hint));
        return None;
    };
    let stack = match Stack::load(name, around.connectors) {
        Ok(stack) => stack,
        Err(ProfileError::Unknown { name, hint }) => {
            findings.value(&place, format!("unknown connector `{name}`"), Some(hint));
            return None;
        }
        Err(ProfileError::Wrong(wrong)) => {
            problems.extend(wrong);
            return None;
        }
    };
    let effective = overridden(&stack, target, findings, problems);
    Some((stack, effective))
}

fn overridden(
    stack: &Stack,
    target: &Place,
    findings: &mut Findings<'_>,
    problems: &mut Problems,
) -> EffectiveProfile {
    let place = target.key("override");
    if findings.stands(&place.key("extends")) {
        let hint = "name another `connector`";
        findings.key(
            &place.key("extends"),
            "an override extends nothing",
            Some(hint.into()),
        );
    }
    // A broken override is told already; what follows from it is not.
    let over = findings
        .document()
        .root
        .find(&place)
        .filter(|_| !findings.suspect(&place));
    let effective = stack.effective(over);
    let (ours, theirs) = effective
        .contradictions()
        .into_iter()
        .partition::<Vec<_>, _>(|wrong| over.is_some_and(|over| over.find(&wrong.place).is_some()));
    for wrong in ours {
        findings.value(&place.join(&wrong.place), wrong.message, wrong.hint);
    }
    problems.extend(stack.blame(theirs, None));
    effective
}

fn tests(
    raw: Vec<RawTest>,
    target: &Place,
    profile: Option<&EffectiveProfile>,
    findings: &mut Findings<'_>,
) -> Vec<MappingTest> {
    let mut tests = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let place = target.key("tests").index(index);
        let told = findings.suspect(&place);
        for (key, empty) in [
            ("user", raw.user.is_none()),
            ("expect", raw.expect.is_empty()),
        ] {
            if empty && !told {
                findings.key(&place, format!("a test needs `{key}`"), None);
            }
        }
        for name in raw.expect.keys() {
            known(
                name,
                &place.key("expect").key(name.as_str()),
                profile,
                findings,
            );
        }
        tests.push(MappingTest {
            user: raw.user.unwrap_or_default(),
            expect: raw
                .expect
                .into_iter()
                .map(|(name, value)| (name.to_string(), value))
                .collect(),
            line: findings.line(&place),
        });
    }
    tests
}
