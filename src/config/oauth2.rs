//! The grants of `OAuth2`: which keys each needs, and which it has no use for.
//!
//! Promises that a grant has all it takes, and that a misspelt one is not sent as the vendor's own.
//! Leaves asking for tokens to those who send.

use std::path::Path;

use url::Url;

use super::auth::resolve;
use super::findings::Findings;
use super::place::Place;
use super::raw::RawOauth2;
use super::words::{RawField, RawSecret};
use super::{FieldConfig, GrantConfig, Oauth2Config, addresses};
use crate::core::text::nearest;
use crate::secret::SecretRef;

const CLIENT_CREDENTIALS: &str = "client_credentials";
const PASSWORD: &str = "password";
const REFRESH_TOKEN: &str = "refresh_token";
const AUTHORIZATION_CODE: &str = "authorization_code";
const KNOWN: [&str; 4] = [
    CLIENT_CREDENTIALS,
    PASSWORD,
    REFRESH_TOKEN,
    AUTHORIZATION_CODE,
];

/// The grants of vendors that look like a misspelt one of ours.
const VENDORS: [&str; 1] = ["account_credentials"];

/// Checks the `oauth2:` at `place`.
pub fn check(
    mut raw: RawOauth2,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<Oauth2Config> {
    let grant = grant(&mut raw, place, folder, findings);
    for (key, there) in [
        ("token_url", raw.token_url.is_some()),
        ("client_id", raw.client_id.is_some()),
    ] {
        if !there {
            findings.lacks(place, key, format!("`{key}` is missing"), None);
        }
    }
    if matches!(grant, Some(GrantConfig::ClientCredentials)) && raw.client_secret.is_none() {
        findings.lacks(place, "client_secret", "`client_secret` is missing", None);
        return None;
    }
    let token_url = url(raw.token_url, place, "token_url", findings);
    let extra = raw.extra.into_iter().map(|(name, field)| {
        let field = match field {
            RawField::Text(text) => FieldConfig::Text(text),
            RawField::Secret(secret) => FieldConfig::Secret(resolve(RawSecret(secret), folder)),
        };
        (name, field)
    });
    let extra = extra.collect();
    Some(Oauth2Config {
        token_url: token_url?,
        client_id: resolve(raw.client_id?, folder),
        client_secret: raw.client_secret.map(|secret| resolve(secret, folder)),
        client_auth: raw.client_auth,
        grant: grant?,
        scopes: raw.scopes,
        audience: raw.audience,
        extra,
    })
}

fn grant(
    raw: &mut RawOauth2,
    place: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<GrantConfig> {
    let word = raw.grant.take();
    let word = word.as_deref().unwrap_or(CLIENT_CREDENTIALS);
    idle(raw, word, place, findings);
    let mut secret = |value: Option<RawSecret>, key: &str| -> Option<SecretRef> {
        if value.is_none() {
            let message = format!("the grant `{word}` needs `{key}`");
            findings.lacks(place, key, message, None);
        }
        value.map(|value| resolve(value, folder))
    };
    match word {
        CLIENT_CREDENTIALS => Some(GrantConfig::ClientCredentials),
        PASSWORD => {
            let username = secret(raw.username.take(), "username");
            let password = secret(raw.password.take(), "password");
            Some(GrantConfig::Password {
                username: username?,
                password: password?,
            })
        }
        REFRESH_TOKEN => Some(GrantConfig::RefreshToken {
            first: secret(raw.refresh_token.take(), "refresh_token")?,
        }),
        AUTHORIZATION_CODE => {
            if raw.authorize_url.is_none() {
                let message = format!("the grant `{word}` needs `authorize_url`");
                findings.lacks(place, "authorize_url", message, None);
            }
            let redirect = raw.redirect_uri.take();
            let given = redirect.is_some();
            let redirect_uri = url(redirect, place, "redirect_uri", findings);
            let authorize_url = url(raw.authorize_url.take(), place, "authorize_url", findings);
            if given && redirect_uri.is_none() {
                return None;
            }
            Some(GrantConfig::AuthorizationCode {
                authorize_url: authorize_url?,
                redirect_uri,
            })
        }
        other => vendor(other, place, findings),
    }
}

/// A grant that is not in the standard: sent as it is written, unless it is most likely a slip.
fn vendor(word: &str, place: &Place, findings: &mut Findings<'_>) -> Option<GrantConfig> {
    let slip = nearest(word, KNOWN).filter(|_| !VENDORS.contains(&word));
    let told = match slip {
        Some(meant) => Some(format!("did you mean `{meant}`?")),
        None if word.trim().is_empty() => Some(format!("write one of: {}", KNOWN.join(", "))),
        None => None,
    };
    if let Some(hint) = told {
        let message = format!("`{word}` is no grant that is known");
        findings.value(&place.key("grant"), message, Some(hint));
        return None;
    }
    Some(GrantConfig::Vendor(word.to_owned()))
}

/// Keys of another grant say that somebody meant that one.
fn idle(raw: &RawOauth2, word: &str, place: &Place, findings: &mut Findings<'_>) {
    for (key, there, grant) in [
        ("username", raw.username.is_some(), PASSWORD),
        ("password", raw.password.is_some(), PASSWORD),
        ("refresh_token", raw.refresh_token.is_some(), REFRESH_TOKEN),
        (
            "authorize_url",
            raw.authorize_url.is_some(),
            AUTHORIZATION_CODE,
        ),
        (
            "redirect_uri",
            raw.redirect_uri.is_some(),
            AUTHORIZATION_CODE,
        ),
    ] {
        if there && word != grant {
            let message = format!("`{key}` is for the grant `{grant}`, not for `{word}`");
            let hint = format!("write grant: {grant}, or put it under `extra:`");
            findings.key(&place.key(key), message, Some(hint));
        }
    }
}

fn url(text: Option<String>, place: &Place, key: &str, findings: &mut Findings<'_>) -> Option<Url> {
    text.and_then(|text| addresses::read(&text, &place.key(key), findings))
}
