//! `rollcall check`: the config, and what it needs of the world.
//!
//! Promises to look at everything before it says anything is wrong, and to change nothing. Leaves
//! what the apps hold to `sync --dry-run`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clap::Args;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::{Common, Exit};
use crate::clock::Clock;
use crate::config::{
    self, Config, MappingTest, ProxyConfig, SourceConfig, SourceKind, TargetConfig,
};
use crate::core::attribute::{AttrName, Attributes, Value};
use crate::core::change::ActionKind;
use crate::core::credential::Ending;
use crate::core::desired::{Desired, Wanted, desire};
use crate::core::key::{TargetName, UserKey};
use crate::core::plan::{Basis, is_managed};
use crate::core::reading::Reading;
use crate::core::rules::Rules;
use crate::engine::propose::propose;
use crate::engine::roster::Roster;
use crate::installation::{self, Installation, Need, Unit};
use crate::show;
use crate::show::check::{Fate, Finding};
use crate::show::problem::Trouble;
use crate::source::{ReadError, Source};

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    common: Common,
    /// Only what needs no app, no server and no secret: the config, files, the mapping's tests.
    #[arg(long)]
    offline: bool,
}

/// Checks everything.
///
/// # Errors
/// When the config itself has problems.
pub async fn run(args: CheckArgs) -> Result<Exit, Trouble> {
    let config = config::load(&args.common.config)?;
    let mut findings = vec![Finding::good(
        "config",
        show::check::config(config.sources.len(), config.targets.len()),
    )];
    let mut unready = BTreeSet::new();
    let is_real = installation::apps(&args.common)? == installation::Apps::Real;
    if is_real && !args.offline {
        for target in config.targets.values() {
            let lacking = secrets(target);
            if !lacking.is_empty() {
                unready.insert(target.rules.target.clone());
            }
            findings.extend(lacking);
        }
    }
    findings.extend(config.targets.values().filter_map(ending));
    findings.extend(config.targets.values().flat_map(remarks));
    findings.extend(offline(&config, args.offline).await);
    if !args.offline {
        online(&args, &unready, &mut findings).await?;
    }
    show::out(&show::check::render(&findings));
    let good = findings.iter().all(Finding::is_good);
    Ok(if good { Exit::InLine } else { Exit::Error })
}

/// The end of a target's credential, when it is near or over.
fn ending(target: &TargetConfig) -> Option<Finding> {
    let today = Clock::System.now().to_zoned(TimeZone::UTC).date();
    let last = target.expires?;
    let ending = Ending::of(last, today)?;
    let text = show::credential::ending(last, ending);
    let name = target.rules.target.as_str();
    Some(match ending {
        Ending::Soon(_) => Finding::doubtful(name, text, None),
        Ending::Passed => Finding::bad(name, Trouble::new(text, None)),
    })
}

/// What is worth a look about a target.
fn remarks(target: &TargetConfig) -> Vec<Finding> {
    let name = target.rules.target.as_str();
    let remarks = config::remarks(target).into_iter();
    remarks
        .map(|remark| Finding::doubtful(name, remark.text, Some(remark.hint)))
        .collect()
}

/// Every secret of a target, fetched and dropped.
fn secrets(target: &TargetConfig) -> Vec<Finding> {
    let name = &target.rules.target;
    let mut references = target.auth.secrets();
    references.extend(target.tls.client.as_ref().map(|(_, key)| key));
    if let ProxyConfig::Through {
        login: Some((username, password)),
        ..
    } = &target.proxy
    {
        references.extend([username, password]);
    }
    references
        .into_iter()
        .filter_map(|reference| reference.resolve().err())
        .map(|error| Finding::bad(name.as_str(), Trouble::from(error)))
        .collect()
}

/// The sources, and what can be said of the mapping when all of them were read. Servers are left
/// alone when `offline` is asked for.
async fn offline(config: &Config, offline: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut looks = Vec::new();
    for (name, unit) in installation::sources(config, &Clock::System).units {
        if offline && is_server(&config.sources[&name]) {
            findings.push(Finding::good(name.as_str(), show::check::not_asked()));
            continue;
        }
        match look(&*unit.source).await {
            Ok(look) => looks.push(look),
            Err(error) => findings.push(Finding::bad(name.as_str(), error.into())),
        }
    }
    let all_read = looks.len() == config.sources.len();
    findings.extend(looks.iter().flat_map(reading));
    if !all_read || !findings.iter().all(Finding::is_good) {
        return findings;
    }
    let is_shown = looks.iter().any(|look| !look.server.is_empty());
    let readings: Vec<Reading> = looks.into_iter().map(|look| look.reading).collect();
    let readings = match &config.joint {
        Some(joint) => joint.join(readings, &BTreeMap::new()).readings,
        None => readings,
    };
    for target in config.targets.values() {
        findings.extend(mapping(target, &readings));
        if is_shown {
            findings.extend(samples(&target.rules, &readings));
        }
    }
    findings
}

fn is_server(source: &SourceConfig) -> bool {
    match &source.kind {
        SourceKind::File(_) => false,
        SourceKind::Ldap(_) => true,
    }
}

/// A source that was read.
struct Look {
    /// What it says of itself.
    server: Vec<String>,
    reading: Reading,
}

async fn look(source: &dyn Source) -> Result<Look, ReadError> {
    Ok(Look {
        server: source.describe().await?,
        reading: source.read().await?,
    })
}

/// What becomes of one user and of one group in a target.
fn samples(rules: &Rules, readings: &[Reading]) -> Vec<Finding> {
    let all = desire(rules, readings);
    let texts = [sample(&all), sample_of_groups(rules, readings, &all)];
    let texts = texts.into_iter().flatten();
    texts
        .map(|text| Finding::good(rules.target.as_str(), text))
        .collect()
}

/// What the mapping makes of the first user who is assigned.
fn sample(all: &[Desired]) -> Option<String> {
    all.iter().find_map(|desired| {
        let attributes = desired.attributes()?;
        Some(show::check::sample(&desired.label, attributes))
    })
}

/// What becomes of the first group that is pushed; where none is, of the first there is.
fn sample_of_groups(rules: &Rules, readings: &[Reading], all: &[Desired]) -> Option<String> {
    let groups = || readings.iter().flat_map(|reading| &reading.groups);
    let pushed = groups().find(|group| fate(rules, &group.name).is_pushed());
    let group = pushed.or_else(|| groups().next())?;
    let with_account: BTreeSet<&UserKey> = all
        .iter()
        .filter(|desired| desired.attributes().is_some())
        .map(|desired| &desired.user)
        .collect();
    let members = group.members.iter();
    let held = members.filter(|member| with_account.contains(member));
    let (name, held, all) = (&group.name, held.count(), group.members.len());
    Some(show::check::group(name, &fate(rules, name), held, all))
}

/// Whether a group of this name is pushed, and why.
fn fate<'r>(rules: &'r Rules, name: &str) -> Fate<'r> {
    if !rules.profile.has_groups() {
        return Fate::NoGroups;
    }
    if let Some(off) = rules.switched_off(ActionKind::AddMembers) {
        return Fate::Off(off);
    }
    match rules.push.by(name) {
        None => Fate::NotNamed,
        Some(_) if is_managed(&rules.profile.groups, name) => Fate::Managed,
        Some(pattern) => Fate::Pushed(pattern),
    }
}

/// What needs the apps; those of `unready` targets cannot be asked.
async fn online(
    args: &CheckArgs,
    unready: &BTreeSet<TargetName>,
    findings: &mut Vec<Finding>,
) -> Result<(), Trouble> {
    let installation = Installation::assemble(&args.common, Need::Ask)?;
    for unit in &installation.units {
        if !unready.contains(&unit.target.rules.target) {
            findings.push(app(unit).await);
        }
    }
    if findings.iter().all(Finding::is_good) {
        findings.extend(names(&installation).await?);
    }
    Ok(())
}

async fn app(unit: &Unit) -> Finding {
    let name = &unit.target.rules.target;
    match unit.target.app.test().await {
        Ok(greeting) => {
            let notes: Vec<String> = unit
                .remarks
                .all()
                .iter()
                .map(show::credential::remark)
                .collect();
            Finding::good(name.as_str(), show::check::greeting(&greeting, &notes))
        }
        Err(fault) => Finding::bad(name.as_str(), fault.into()),
    }
}

/// Names in `assign:` and `groups:` that no source knows: a warning in a plan, an error here.
async fn names(installation: &Installation) -> Result<Vec<Finding>, Trouble> {
    let hear = |_| ();
    let world = installation.world(&hear);
    let roster = Roster::read(&installation.sources, world).await?;
    let mut findings = Vec::new();
    for unit in &installation.units {
        let target = &unit.target;
        let proposal = propose(
            &target.rules,
            &*target.app,
            &roster,
            Basis::Remembered,
            world,
        )
        .await?;
        findings.extend(
            proposal
                .reviewed
                .plan
                .unknown
                .into_iter()
                .map(|text| Finding::bad(target.rules.target.as_str(), Trouble::new(text, None))),
        );
    }
    Ok(findings)
}

fn reading(look: &Look) -> Vec<Finding> {
    let Look { server, reading } = look;
    if reading.broken.is_empty() {
        let text = show::check::reading(reading, server);
        return vec![Finding::good(reading.source.as_str(), text)];
    }
    let rows = reading.broken.iter().map(|row| {
        let text = format!("{}: {}", row.place, row.problem);
        Finding::bad(reading.source.as_str(), Trouble::new(text, None))
    });
    rows.collect()
}

/// The examples of a target's mapping.
fn mapping(target: &TargetConfig, readings: &[Reading]) -> Vec<Finding> {
    if target.tests.is_empty() {
        return Vec::new();
    }
    let rules = &target.rules;
    let all = desire(rules, readings);
    let by_name: BTreeMap<&str, &Desired> = all
        .iter()
        .flat_map(|desired| [(&*desired.label, desired), (&*desired.user.id, desired)])
        .collect();
    let failures: Vec<Finding> = target
        .tests
        .iter()
        .flat_map(|test| failures(test, by_name.get(test.user.as_str()).copied()))
        .map(|text| Finding::bad(rules.target.as_str(), Trouble::new(text, None)))
        .collect();
    if failures.is_empty() {
        return vec![Finding::good(
            rules.target.as_str(),
            show::check::tests(target.tests.len()),
        )];
    }
    failures
}

fn failures(test: &MappingTest, desired: Option<&Desired>) -> Vec<String> {
    let place = format!("test of the mapping on line {}", test.line);
    let Some(desired) = desired else {
        return vec![format!("{place}: no source has a user `{}`", test.user)];
    };
    match &desired.wanted {
        Wanted::Active { attributes, .. } => test
            .expect
            .iter()
            .filter_map(|(name, wanted)| difference(attributes, name, wanted))
            .map(|text| format!("{place}: {}: {text}", test.user))
            .collect(),
        Wanted::Out(_) => vec![format!("{place}: {} is not assigned", test.user)],
        Wanted::Unclear { problem, .. } => vec![format!("{place}: {}: {problem}", test.user)],
    }
}

fn difference(attributes: &Attributes, name: &str, wanted: &Json) -> Option<String> {
    let held = attributes.get(&AttrName::new(name));
    let same = match (held, wanted) {
        (None, Json::Null) => true,
        (Some(Value::Text(text)), Json::String(wanted)) => **text == **wanted,
        (Some(Value::Bool(flag)), Json::Bool(wanted)) => flag == wanted,
        (Some(Value::List(items)), Json::Array(wanted)) => {
            let wanted: Vec<Arc<str>> = wanted
                .iter()
                .filter_map(|item| item.as_str().map(Arc::from))
                .collect();
            *items == wanted
        }
        (Some(value), Json::Number(number)) => value.to_string() == number.to_string(),
        (Some(Value::Account(user)), Json::String(wanted)) => *user.id == **wanted,
        _ => false,
    };
    (!same).then(|| {
        let held = held.map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"));
        let wanted = match wanted {
            Json::Null => "nothing".to_owned(),
            Json::String(text) => format!("`{text}`"),
            other => format!("`{other}`"),
        };
        format!("{name} is {held}, and the test expects {wanted}")
    })
}
