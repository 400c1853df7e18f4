//! Connectors for people and programs: the list, and one with where each of its keys is known from.
//!
//! Promises one line a connector, and of one connector first what its files say. Leaves what the keys
//! mean to `connectors/README.md`.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use serde_json::Value as Json;

use super::{BOLD, DIM, styled};
use crate::config::profile::{DEFAULT, EffectiveKey, EffectiveProfile};
use crate::core::attribute::AttrName;
use crate::core::profile::{
    Citation, DeactivateBy, Deactivation, Evidence, GroupModel, Profile, UserRules,
};

/// One connector in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The name that a target says as `connector:`.
    pub name: String,
    /// The app's name.
    pub app: String,
    /// How we prove who we are there.
    pub auth: String,
    /// What groups are there.
    pub groups: &'static str,
    /// What switching an account off does there.
    pub switching_off: &'static str,
    /// How its facts are known.
    pub evidence: &'static str,
}

impl Entry {
    /// Its cells, as the list shows them.
    #[must_use]
    pub fn cells(&self) -> [&str; 6] {
        [
            &self.name,
            &self.app,
            &self.auth,
            self.groups,
            self.switching_off,
            self.evidence,
        ]
    }
}

/// The names of the columns of the list.
pub const COLUMNS: [&str; 6] = [
    "connector",
    "app",
    "auth",
    "groups",
    "switching off",
    "evidence",
];

/// A connector in a line.
#[must_use]
pub fn entry(one: &EffectiveProfile) -> Entry {
    let profile = &one.profile;
    let auth: Vec<&str> = profile.auth.iter().map(|kind| kind.word()).collect();
    Entry {
        name: one.name.clone(),
        app: profile.title.clone(),
        auth: auth.join(", "),
        groups: match profile.groups.model {
            GroupModel::None => "none",
            GroupModel::Groups => "groups",
            GroupModel::Roles => "roles",
            GroupModel::Fixed => "fixed",
        },
        switching_off: switching_off(&profile.users),
        evidence: evidence(profile.evidence),
    }
}

/// The word of the key `users.deactivate.effect`, but for an app that cannot do it at all.
fn switching_off(users: &UserRules) -> &'static str {
    match (users.deactivate.by, users.deactivate.effect) {
        (DeactivateBy::None, _) => "not possible",
        (_, Deactivation::Suspends) => "suspends",
        (_, Deactivation::FreesUserName) => "frees_user_name",
        (_, Deactivation::Renames) => "renames",
        (_, Deactivation::Unlinks) => "unlinks",
        (_, Deactivation::Deletes) => "deletes",
        (_, Deactivation::DeletesInvited) => "deletes_invited",
        (_, Deactivation::Unknown) => "unknown",
    }
}

fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Documented => "documented",
        Evidence::Probed => "probed",
        Evidence::Inferred => "inferred",
    }
}

/// The list of connectors, a column each fact.
#[must_use]
pub fn list(entries: &[Entry]) -> String {
    let mut widths = COLUMNS.map(str::len);
    for entry in entries {
        for (width, cell) in widths.iter_mut().zip(entry.cells()) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; 6]| {
        let [name, rest @ ..] = cells;
        let rest: Vec<String> = rest
            .iter()
            .zip(&widths[1..])
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        let name = format!("{name:<width$}", width = widths[0]);
        (name, rest.join("  ").trim_end().to_owned())
    };
    let (name, rest) = line(COLUMNS);
    let mut text = format!("{}\n", styled(DIM, format!("{name}  {rest}")));
    for entry in entries {
        let (name, rest) = line(entry.cells());
        let _ = writeln!(text, "{}  {rest}", styled(BOLD, name));
    }
    text
}

/// One connector with the keys that were asked for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    about: Entry,
    notes: Vec<String>,
    sources: BTreeMap<String, Source>,
    attributes: Vec<AttrName>,
    keys: Vec<KnownKey>,
    /// How many keys have their default and are not among `keys`.
    defaults: usize,
}

/// Where facts come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Source {
    page: String,
    checked: String,
    evidence: &'static str,
}

/// A key, who says it, and where it is known from.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct KnownKey {
    key: String,
    value: Json,
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<&'static str>,
}

/// One connector: the keys that its files or an override say, or all of them.
#[must_use]
pub fn shown(effective: &EffectiveProfile, all: bool) -> Shown {
    let profile = &effective.profile;
    let keys = effective.keys().into_iter();
    let (told, defaults): (Vec<_>, Vec<_>) = keys
        .filter(|key| !is_told_above(&key.path))
        .partition(|key| all || key.origin != DEFAULT);
    Shown {
        about: entry(effective),
        notes: profile.notes.clone(),
        sources: sources(profile),
        attributes: profile.attributes.keys().cloned().collect(),
        keys: told.into_iter().map(|key| known(effective, key)).collect(),
        defaults: defaults.len(),
    }
}

fn sources(profile: &Profile) -> BTreeMap<String, Source> {
    let source = |(name, source): (&String, &Citation)| {
        let sure = source.evidence.unwrap_or(profile.evidence);
        let told = Source {
            page: source.page.clone(),
            checked: source.checked.clone(),
            evidence: evidence(sure),
        };
        (name.clone(), told)
    };
    profile.sources.iter().map(source).collect()
}

/// A file's sources speak for what the same file says, and for nothing that it extends.
fn known(effective: &EffectiveProfile, key: EffectiveKey) -> KnownKey {
    let named_by = |name: &str| effective.origins.get(&format!("sources.{name}.page"));
    let source = effective
        .profile
        .source_of(&key.path)
        .filter(|(name, _)| named_by(name) == Some(&key.origin));
    KnownKey {
        source: source.map(|(name, _)| name.to_owned()),
        evidence: source.map(|_| evidence(effective.profile.evidence_of(&key.path))),
        key: key.path,
        value: key.value,
        origin: key.origin,
    }
}

/// One connector as text: what an admin should know, where it is known from, then the keys.
#[must_use]
pub fn render(shown: &Shown) -> String {
    let about = &shown.about;
    let mut text = format!("{}  {}\n", styled(BOLD, &about.name), about.app);
    let _ = writeln!(
        text,
        "  {}; groups: {}; switching off: {}; {}",
        about.auth, about.groups, about.switching_off, about.evidence
    );
    for note in &shown.notes {
        let _ = writeln!(text, "  · {note}");
    }
    text.push_str("\nknown from\n");
    for (name, source) in &shown.sources {
        let when = format!("looked at on {} ({})", source.checked, source.evidence);
        let _ = writeln!(text, "  [{name}] {}, {}", source.page, styled(DIM, when));
    }
    let short = shown.attributes.iter().map(AttrName::short);
    let _ = writeln!(text, "\ntakes {}\n", short.collect::<Vec<_>>().join(", "));
    rows(&mut text, &shown.keys);
    if shown.defaults > 0 {
        let rest = format!("and {} keys with their default (--all)", shown.defaults);
        let _ = writeln!(text, "{}", styled(DIM, rest));
    }
    text
}

/// Keys in columns; an expression is too long for one and comes without.
fn rows(text: &mut String, keys: &[KnownKey]) {
    let cell = |key: &KnownKey| format!("{}: {}", key.key, written(&key.value));
    let is_long = |key: &KnownKey| key.key.starts_with("mapping.");
    let short = keys.iter().filter(|key| !is_long(key));
    let widest = short.map(|key| cell(key).chars().count().min(72)).max();
    let widest = widest.unwrap_or_default();
    for key in keys {
        let width = if is_long(key) { 0 } else { widest };
        let known = match (&key.source, key.evidence) {
            (Some(source), Some("inferred")) => format!("  [{source}, inferred]"),
            (Some(source), _) => format!("  [{source}]"),
            (None, _) => String::new(),
        };
        let origin = styled(DIM, &key.origin);
        let _ = writeln!(text, "{:<width$}  {origin}{known}", cell(key));
    }
}

/// A value as a file would have it.
fn written(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(entries) if !entries.is_empty() => {
            let entries = entries.iter();
            let entries: Vec<String> = entries
                .map(|(key, value)| format!("{key}: {}", written(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Json::Object(_) | Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
    }
}

/// Is it said at the top, or for tests alone?
fn is_told_above(path: &str) -> bool {
    ["title", "notes", "sources", "quirks", "examples"]
        .iter()
        .any(|top| {
            path.strip_prefix(top)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
}
