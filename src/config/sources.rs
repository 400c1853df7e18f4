//! The sources of a config.
//!
//! Promises one kind a source, with every setting filled in. Leaves the files to the source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::findings::Findings;
use super::place::Place;
use super::raw::{RawFile, RawSource};
use super::words::Span;
use super::{SourceConfig, SourceKind, TargetConfig, ldap};
use crate::core::expression::{Program, Vocabulary};
use crate::core::key::{SourceName, TargetName};
use crate::core::roster::Joint;
use crate::source::Source;
use crate::source::file::{FileConfig, FileSource};

const ABSENT_FOR: Duration = Duration::from_mins(10);
/// How often everything is read again unless the config says otherwise.
const FULL_READ_EVERY: Duration = Duration::from_hours(6);

/// Checks the `sources:`.
pub fn check(
    raw: Option<BTreeMap<String, RawSource>>,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> BTreeMap<SourceName, SourceConfig> {
    let place = Place::top().key("sources");
    let raw = raw.unwrap_or_default();
    if raw.is_empty() && !findings.suspect(&place) {
        let hint = "write sources: { hq: { file: { users: directory.yaml } } }";
        findings.key(
            &place,
            "no sources: nobody says who is there",
            Some(hint.into()),
        );
    }
    let mut sources = BTreeMap::new();
    for (name, raw) in raw {
        let place = place.key(&name);
        super::names::check(&name, &place, findings);
        if let Some(source) = source(raw, &place, folder, findings) {
            sources.insert(SourceName::new(name), source);
        }
    }
    sources
}

/// What expressions may name: the attributes that all sources together are known to hold.
#[must_use]
pub fn vocabulary(sources: &BTreeMap<SourceName, SourceConfig>) -> Vocabulary {
    let attributes: Option<Vec<BTreeSet<String>>> = sources
        .iter()
        .map(|(name, source)| vocabulary_of(name, source).attributes)
        .collect();
    Vocabulary {
        attributes: attributes
            .filter(|sets| !sets.is_empty())
            .map(|sets| sets.into_iter().flatten().collect()),
    }
}

/// What expressions over the users of one source may name.
pub fn vocabulary_of(name: &SourceName, source: &SourceConfig) -> Vocabulary {
    let known = match &source.kind {
        SourceKind::File(file) => FileSource::new(name.clone(), file.clone()).attributes(),
        // Known only to the server, which is not asked to check a config.
        SourceKind::Ldap(_) => None,
    };
    Vocabulary {
        attributes: known.map(|names| names.into_iter().collect()),
    }
}

fn source(
    raw: RawSource,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<SourceConfig> {
    let kind = match (raw.file, raw.ldap) {
        (Some(raw), None) => SourceKind::File(file(raw, &place.key("file"), folder, findings)?),
        (None, Some(raw)) => {
            let ldap = ldap::check(raw, &place.key("ldap"), folder, findings)?;
            SourceKind::Ldap(Box::new(ldap))
        }
        (Some(_), Some(_)) => {
            let hint = "give each a source of its own";
            findings.key(place, "this source has two kinds", Some(hint.into()));
            return None;
        }
        (None, None) => {
            if !findings.suspect(place) {
                let hint = "write file: { users: directory.yaml } or ldap: { url: … }";
                findings.key(place, "this source has no kind", Some(hint.into()));
            }
            return None;
        }
    };
    Some(SourceConfig {
        absent_for: raw.absent_for.map_or(ABSENT_FOR, |Span(span)| span),
        watch: raw.watch.unwrap_or(true),
        full_read_every: raw
            .full_read_every
            .map_or(FULL_READ_EVERY, |Span(span)| span),
        kind,
    })
}

/// Tells the sources that read only what is asked for which attributes the targets and the roster ask
/// for.
pub fn ask(
    sources: &mut BTreeMap<SourceName, SourceConfig>,
    targets: &BTreeMap<TargetName, TargetConfig>,
    joint: Option<&Joint>,
) {
    let joins = joint.into_iter().flat_map(|joint| joint.keys.values());
    let asked: BTreeSet<String> = targets
        .values()
        .flat_map(programs)
        .chain(joins)
        .flat_map(|program| program.attributes().iter().cloned())
        .collect();
    for source in sources.values_mut() {
        match &mut source.kind {
            SourceKind::File(_) => {}
            SourceKind::Ldap(ldap) => ldap.mapped.clone_from(&asked),
        }
    }
}

/// Every expression over users of a target.
fn programs(target: &TargetConfig) -> impl Iterator<Item = &Program> {
    let assignment = &target.rules.assignment;
    let sets = assignment.rules.iter().flat_map(|rule| rule.set.values());
    let mapping = target.rules.mapping.attributes.values();
    let mapping = mapping.map(|rule| &rule.program);
    assignment.when.iter().chain(sets).chain(mapping)
}

fn file(
    raw: RawFile,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<FileConfig> {
    let Some(users) = raw.users else {
        let hint = "name the file that holds the users";
        findings.lacks(place, "users", "`users` is missing", Some(hint.into()));
        return None;
    };
    let preset = FileConfig::default_for(folder.join(users));
    Some(FileConfig {
        groups: raw.groups.map(|groups| folder.join(groups)),
        user_key: raw.key.unwrap_or(preset.user_key),
        group_key: raw.group_key.unwrap_or(preset.group_key),
        disabled: raw.disabled.unwrap_or(preset.disabled),
        manager: raw.manager.unwrap_or(preset.manager),
        label: raw.label.unwrap_or(preset.label),
        users: preset.users,
    })
}
