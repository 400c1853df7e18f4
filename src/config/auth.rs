//! How a target proves who we are.
//!
//! Promises references to secrets, never secrets, and a way that the app takes. Leaves the grants of
//! `OAuth2` to [`super::oauth2`], and fetching secrets to those who send.

use std::path::Path;

use http::HeaderName;
use jiff::civil::Date;

use super::AuthConfig;
use super::findings::Findings;
use super::oauth2;
use super::place::Place;
use super::raw::{RawAuth, RawBasic, RawHeader};
use super::words::{RawBearer, RawSecret};
use crate::core::profile::{AuthKind, Profile};
use crate::secret::SecretRef;

/// Checks the `auth:` of the target at `target`: the way, and the day on which it ends.
pub fn check(
    raw: Option<RawAuth>,
    target: &Place,
    folder: &Path,
    profile: Option<(&str, &Profile)>,
    findings: &mut Findings<'_>,
) -> (Option<AuthConfig>, Option<Date>) {
    let place = target.key("auth");
    let Some(raw) = raw else {
        let hint = "write auth: { bearer: { file: PATH } } or auth: { oauth2: { … } }";
        findings.lacks(target, "auth", "`auth` is missing", Some(hint.into()));
        return (None, None);
    };
    let expires = raw.expires.map(|day| day.0);
    let ways = ways(&raw);
    if let [first, second, ..] = ways[..] {
        let message = format!(
            "`{}` and `{}` cannot stand together",
            first.word(),
            second.word()
        );
        findings.key(
            &place.key(second.word()),
            message,
            Some("keep one of them".into()),
        );
        return (None, expires);
    }
    if let (Some(kind), Some((connector, profile))) = (ways.first(), profile) {
        admit(*kind, connector, profile, &place, findings);
    }
    let auth = if let Some(tokens) = raw.bearer {
        bearer(tokens, &place.key("bearer"), folder, findings)
    } else if let Some(raw) = raw.basic {
        basic(raw, &place.key("basic"), folder, findings)
    } else if let Some(raw) = raw.header {
        header(raw, &place.key("header"), folder, findings)
    } else if let Some(raw) = raw.oauth2 {
        let oauth2 = oauth2::check(raw, &place.key("oauth2"), folder, findings);
        oauth2.map(|oauth2| AuthConfig::Oauth2(Box::new(oauth2)))
    } else {
        nothing(&place, findings);
        None
    };
    (auth, expires)
}

/// There is no way: its key is not there, or there is nothing under it.
fn nothing(place: &Place, findings: &mut Findings<'_>) {
    if findings.suspect(place) {
        return;
    }
    let empty = ["bearer", "basic", "header", "oauth2"]
        .into_iter()
        .find(|way| findings.stands(&place.key(way)));
    let (at, message, hint) = match empty {
        Some("bearer") => (
            place.key("bearer"),
            "this must say where the secret is kept",
            "write one of: { credential: NAME }, { file: PATH }, { env: NAME }",
        ),
        Some(way) => (
            place.key(way),
            "nothing stands here",
            "write its keys below",
        ),
        None => (
            place.clone(),
            "no way to prove who we are stands here",
            "write auth: { bearer: { file: PATH } } or auth: { oauth2: { … } }",
        ),
    };
    findings.key(&at, message, Some(hint.into()));
}

fn ways(raw: &RawAuth) -> Vec<AuthKind> {
    let all = [
        (raw.bearer.is_some(), AuthKind::Bearer),
        (raw.basic.is_some(), AuthKind::Basic),
        (raw.header.is_some(), AuthKind::Header),
        (raw.oauth2.is_some(), AuthKind::Oauth2),
    ];
    let there = all.into_iter().filter(|(there, _)| *there);
    there.map(|(_, kind)| kind).collect()
}

/// Does the connector take this way?
fn admit(
    kind: AuthKind,
    connector: &str,
    profile: &Profile,
    place: &Place,
    findings: &mut Findings<'_>,
) {
    if profile.auth.contains(&kind) {
        return;
    }
    let word = kind.word();
    let message = format!("the connector `{connector}` does not take `{word}`");
    let takes: Vec<&str> = profile.auth.iter().map(|kind| kind.word()).collect();
    let hint = format!("it takes: {}", takes.join(", "));
    findings.key(&place.key(word), message, Some(hint));
}

fn bearer(
    RawBearer(tokens): RawBearer,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<AuthConfig> {
    if tokens.is_empty() {
        if !findings.suspect(place) {
            findings.key(place, "there is no token in this list", None);
        }
        return None;
    }
    let tokens = tokens.into_iter().map(RawSecret);
    Some(AuthConfig::Bearer(
        tokens.map(|token| resolve(token, folder)).collect(),
    ))
}

fn basic(
    raw: RawBasic,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<AuthConfig> {
    for (key, there) in [
        ("username", raw.username.is_some()),
        ("password", raw.password.is_some()),
    ] {
        if !there {
            findings.lacks(place, key, format!("`{key}` is missing"), None);
        }
    }
    Some(AuthConfig::Basic {
        username: resolve(raw.username?, folder),
        password: resolve(raw.password?, folder),
    })
}

/// Headers that say how a request is to be read, not who sends it.
const TAKEN: [&str; 6] = [
    "host",
    "content-type",
    "content-length",
    "accept",
    "accept-encoding",
    "user-agent",
];

fn header(
    raw: RawHeader,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<AuthConfig> {
    for (key, there) in [("name", raw.name.is_some()), ("value", raw.value.is_some())] {
        if !there {
            findings.lacks(place, key, format!("`{key}` is missing"), None);
        }
    }
    let text = raw.name?;
    let name: Option<HeaderName> = text.parse().ok();
    let Some(name) = name.filter(|name| !TAKEN.contains(&name.as_str())) else {
        let hint = "write the header that the app reads its key from, such as X-Api-Key";
        let message = "this is no header that can carry a secret";
        findings.value(&place.key("name"), message, Some(hint.into()));
        return None;
    };
    Some(AuthConfig::Header {
        name,
        value: resolve(raw.value?, folder),
    })
}

/// A file is named from the folder of the config.
pub(super) fn resolve(RawSecret(secret): RawSecret, folder: &Path) -> SecretRef {
    match secret {
        SecretRef::File(path) => SecretRef::File(folder.join(path)),
        SecretRef::Credential(_) | SecretRef::Env(_) => secret,
    }
}
