//! How a target proves who we are.
//!
//! Promises references to secrets, never secrets, and a way that the app takes. Leaves fetching them
//! to those who send.

use std::path::Path;

use super::findings::Findings;
use super::place::Place;
use super::raw::{RawAuth, RawOauth2};
use super::words::RawSecret;
use super::{AuthConfig, Oauth2Config, addresses};
use crate::core::profile::{AuthKind, Profile};
use crate::secret::SecretRef;

/// Checks the `auth:` of the target at `target`.
pub fn check(
    raw: Option<RawAuth>,
    target: &Place,
    folder: &Path,
    profile: Option<(&str, &Profile)>,
    findings: &mut Findings<'_>,
) -> Option<AuthConfig> {
    let place = target.key("auth");
    let Some(raw) = raw else {
        let hint = "write auth: { bearer: { file: PATH } } or auth: { oauth2: { … } }";
        findings.lacks(target, "auth", "`auth` is missing", Some(hint.into()));
        return None;
    };
    let (kind, word) = match &raw {
        RawAuth::Bearer(_) => (AuthKind::Bearer, "bearer"),
        RawAuth::Oauth2(_) => (AuthKind::Oauth2, "oauth2"),
    };
    if let Some((connector, profile)) = profile.filter(|(_, profile)| !profile.auth.contains(&kind))
    {
        let message = format!("the connector `{connector}` does not take `{word}`");
        let takes: Vec<&str> = profile.auth.iter().map(|kind| name(*kind)).collect();
        let hint = format!("it takes: {}", takes.join(", "));
        findings.key(&place.key(word), message, Some(hint));
    }
    match raw {
        RawAuth::Bearer(secret) => Some(AuthConfig::Bearer(resolve(secret, folder))),
        RawAuth::Oauth2(raw) => {
            oauth2(raw, &place.key("oauth2"), folder, findings).map(AuthConfig::Oauth2)
        }
    }
}

fn name(kind: AuthKind) -> &'static str {
    match kind {
        AuthKind::Bearer => "bearer",
        AuthKind::Oauth2 => "oauth2",
    }
}

fn oauth2(
    raw: RawOauth2,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<Oauth2Config> {
    for (key, there) in [
        ("token_url", raw.token_url.is_some()),
        ("client_id", raw.client_id.is_some()),
        ("client_secret", raw.client_secret.is_some()),
    ] {
        if !there {
            findings.lacks(place, key, format!("`{key}` is missing"), None);
        }
    }
    let url = place.key("token_url");
    let token_url = raw
        .token_url
        .and_then(|text| addresses::read(&text, &url, findings));
    Some(Oauth2Config {
        token_url: token_url?,
        client_id: resolve(raw.client_id?, folder),
        client_secret: resolve(raw.client_secret?, folder),
        client_auth: raw.client_auth,
        scopes: raw.scopes,
        audience: raw.audience,
        extra: raw.extra,
    })
}

/// A file is named from the folder of the config.
pub(super) fn resolve(RawSecret(secret): RawSecret, folder: &Path) -> SecretRef {
    match secret {
        SecretRef::File(path) => SecretRef::File(folder.join(path)),
        SecretRef::Credential(_) | SecretRef::Env(_) => secret,
    }
}
