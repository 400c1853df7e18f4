//! Who may speak to a sandbox app: its test credentials and its OAuth 2.0 endpoints.
//!
//! Promises that both sides derive the same credentials from the target's name, and that tokens end
//! when they say they do (RFC 6749, 5). Leaves all other requests to the app. These credentials open
//! nothing but a sandbox.

mod desk;
mod form;

use std::fmt;
use std::time::Duration;

use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use url::Url;

use self::desk::Desk;
use self::form::{TokenError, basic, client, fields, oauth, read_form};
use super::refusal::Refusal;
use crate::core::hex;
use crate::core::key::TargetName;
use crate::http::{Answer, Request};
use crate::secret::Secret;

/// How a sandbox app wants its clients to prove who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SandboxAuth {
    /// A fixed token.
    Bearer,
    /// A user name and a password.
    Basic,
    /// The fixed token, in this header.
    Header(HeaderName),
    /// OAuth 2.0, by any grant; the fixed token is refused.
    Oauth2,
}

/// The credentials of a sandbox app.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The fixed token.
    pub token: Secret,
    /// The service account.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// The OAuth 2.0 client.
    pub client_id: String,
    /// Its proof.
    pub client_secret: Secret,
    /// The first refresh token; good once.
    pub refresh_token: Secret,
}

/// The credentials of the sandbox copy of `target`: always the same for the same name.
#[must_use]
pub fn credentials(target: &TargetName) -> Credentials {
    let secret = |purpose: &str| Secret::new(derived(purpose, target.as_str()));
    Credentials {
        token: secret("token"),
        username: format!("sandbox-user-{target}"),
        password: secret("password"),
        client_id: format!("sandbox-{target}"),
        client_secret: secret("client-secret"),
        refresh_token: secret("refresh-token"),
    }
}

/// A text that looks like a credential and is the same for the same words.
fn derived(purpose: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("rollcall sandbox {purpose} {name}"));
    format!("sandbox-{purpose}-{}", hex::encode(&digest[..16]))
}

/// The door of one app.
pub(super) struct Gate {
    auth: SandboxAuth,
    credentials: Credentials,
    desk: Desk,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} tokens", self.auth, self.desk.issued())
    }
}

impl Gate {
    /// A door whose tokens live for `life`.
    pub(super) fn new(target: &TargetName, auth: SandboxAuth, life: Duration) -> Self {
        let credentials = credentials(target);
        Self {
            auth,
            desk: Desk::new(target.as_str(), &credentials, life),
            credentials,
        }
    }

    /// How the app wants its clients to prove who they are.
    pub(super) fn auth(&self) -> &SandboxAuth {
        &self.auth
    }

    /// Lets a request in or refuses it (RFC 6750, 3).
    pub(super) fn check(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), Refusal> {
        match &self.auth {
            SandboxAuth::Bearer if bearer(headers)? == self.credentials.token.expose() => Ok(()),
            SandboxAuth::Bearer => Err(no("the token is not the right one")),
            SandboxAuth::Basic => self.check_basic(headers),
            SandboxAuth::Header(name) => match headers.get(name) {
                Some(sent) if *sent == *self.credentials.token.expose() => Ok(()),
                Some(_) => Err(no("the key is not the right one")),
                None => Err(no("the request has no key")),
            },
            SandboxAuth::Oauth2 => match self.desk.end_of(bearer(headers)?) {
                Some(end) if now < end => Ok(()),
                Some(_) => Err(no("the token has expired")),
                None => Err(no("the token was not issued here")),
            },
        }
    }

    fn check_basic(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let known = (
            self.credentials.username.clone(),
            self.credentials.password.expose().to_owned(),
        );
        match headers.get(AUTHORIZATION).and_then(basic) {
            Some(sent) if sent == known => Ok(()),
            Some(_) => Err(no("there is no such user, or the password is wrong")),
            None => Err(no("the Authorization is no user name and password")),
        }
    }

    /// Ends every token that was issued.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.desk.expire(now);
    }

    /// Makes every refresh token void.
    pub(super) fn revoke(&mut self) {
        self.desk.revoke();
    }

    /// The token endpoint.
    pub(super) fn issue(&mut self, request: &Request, now: Timestamp) -> Answer {
        match self.try_issue(request, now) {
            Ok(body) => no_store(oauth(StatusCode::OK, &body)),
            Err(error) => no_store(error.answer()),
        }
    }

    fn try_issue(&mut self, request: &Request, now: Timestamp) -> Result<Json, TokenError> {
        let form = read_form(request)?;
        let (id, secret) = client(&request.headers, &form)?;
        let right = secret
            .as_deref()
            .is_none_or(|secret| secret == self.credentials.client_secret.expose());
        if id != self.credentials.client_id || !right {
            return Err(TokenError::InvalidClient);
        }
        let proven = secret.is_some();
        self.desk.serve(&form, proven, &self.credentials, now)
    }

    /// The page where a person would consent: this one always does (RFC 6749, 4.1.1).
    pub(super) fn consent(&mut self, request: &Request) -> Answer {
        if request.method != Method::GET {
            return TokenError::InvalidRequest("the page of consent takes GET").answer();
        }
        let query = request.url.query().unwrap_or_default();
        let back = fields(query.as_bytes())
            .and_then(|form| self.desk.consent(&form, &self.credentials.client_id));
        match back {
            Ok(back) => no_store(sent_to(&back)),
            Err(error) => no_store(error.answer()),
        }
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let sent = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let (scheme, token) = sent
        .and_then(|sent| sent.split_once(' '))
        .ok_or_else(|| no("the request has no Authorization"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(no("the Authorization is no bearer token"));
    }
    Ok(token)
}

fn no(detail: &str) -> Refusal {
    Refusal::plain(StatusCode::UNAUTHORIZED, detail)
}

fn sent_to(back: &Url) -> Answer {
    let mut answer = oauth(StatusCode::FOUND, &Json::Null);
    let place = HeaderValue::from_str(back.as_str()).expect("an address is ASCII");
    answer.headers.insert(LOCATION, place);
    answer
}

fn no_store(mut answer: Answer) -> Answer {
    answer
        .headers
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests;
