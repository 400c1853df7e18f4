//! Profiles for people: the list, and one with the origin of every key.

use std::fmt::Write;

use super::{BOLD, DIM, styled};
use crate::config::profile::{DEFAULT, EffectiveProfile};
use crate::core::profile::{AuthKind, Evidence, GroupModel};

/// The list of profiles.
#[must_use]
pub fn list(profiles: &[EffectiveProfile]) -> String {
    let width = |text: fn(&EffectiveProfile) -> &str| {
        let lengths = profiles.iter().map(|one| text(one).chars().count());
        lengths.max().unwrap_or_default()
    };
    let name_width = width(|one| &one.name);
    let title_width = width(|one| &one.profile.title);
    let mut text = String::new();
    for one in profiles {
        let profile = &one.profile;
        let auth: Vec<&str> = profile.auth.iter().map(|kind| auth(*kind)).collect();
        let groups = match profile.groups.model {
            GroupModel::None => "no groups",
            GroupModel::Groups => "groups",
            GroupModel::Roles => "groups are roles",
            GroupModel::Fixed => "fixed groups",
        };
        let _ = writeln!(
            text,
            "{}  {:<title_width$}  {}",
            styled(BOLD, format!("{:<name_width$}", one.name)),
            profile.title,
            styled(
                DIM,
                format!(
                    "{}; {groups}; {}",
                    auth.join(" or "),
                    evidence(profile.evidence)
                )
            )
        );
    }
    text
}

fn auth(kind: AuthKind) -> &'static str {
    match kind {
        AuthKind::Bearer => "bearer",
        AuthKind::Basic => "basic",
        AuthKind::Header => "header",
        AuthKind::Oauth2 => "oauth2",
    }
}

fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Documented => "documented",
        Evidence::Probed => "probed",
        Evidence::Inferred => "inferred",
    }
}

/// One profile: every key that somebody set, then how many have their default.
#[must_use]
pub fn render(effective: &EffectiveProfile) -> String {
    let profile = &effective.profile;
    let mut text = format!("{}  {}\n", styled(BOLD, &effective.name), profile.title);
    for note in &profile.notes {
        let _ = writeln!(text, "  · {note}");
    }
    for (name, source) in &profile.sources {
        let sure = source.evidence.unwrap_or(profile.evidence);
        let _ = writeln!(
            text,
            "  [{name}] {}",
            styled(
                DIM,
                format!(
                    "{}, looked at on {} ({})",
                    source.page,
                    source.checked,
                    evidence(sure)
                )
            )
        );
    }
    text.push('\n');
    let keys = effective.keys();
    let shown = keys.iter().filter(|key| !is_told_above(&key.path));
    for key in shown.filter(|key| key.origin != DEFAULT || !key.path.starts_with("attributes.")) {
        let known = profile
            .source_of(&key.path)
            .filter(|_| key.origin != DEFAULT);
        let known = known.map_or_else(String::new, |(name, _)| format!(" [{name}]"));
        let _ = writeln!(
            text,
            "{:<60} {}{known}",
            format!("{}: {}", key.path, key.value),
            styled(DIM, &key.origin)
        );
    }
    text
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
