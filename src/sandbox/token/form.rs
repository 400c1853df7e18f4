//! The form of a token request, who sends it, and how it is refused.
//!
//! Promises the errors of RFC 6749, 5.2. Leaves what a grant is worth to the desk.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use url::form_urlencoded;

use super::super::reply;
use crate::http::{Answer, Request};

/// The fields of a form, each once.
pub(super) type Fields = BTreeMap<String, String>;

/// Reads the form of a request.
pub(super) fn read_form(request: &Request) -> Result<Fields, TokenError> {
    if request.method != Method::POST {
        return Err(TokenError::InvalidRequest("the token endpoint takes POST"));
    }
    let media = request
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !media
        .unwrap_or_default()
        .starts_with("application/x-www-form-urlencoded")
    {
        return Err(TokenError::InvalidRequest("the body has to be a form"));
    }
    fields(&request.body)
}

/// The fields of an encoded form, or of a query.
pub(super) fn fields(encoded: &[u8]) -> Result<Fields, TokenError> {
    let mut form = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(encoded) {
        if form.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(TokenError::InvalidRequest("a field is there twice"));
        }
    }
    Ok(form)
}

/// The client and its proof, from the header or from the form, never from both (RFC 6749, 2.3). A
/// public client has no proof.
pub(super) fn client(
    headers: &HeaderMap,
    form: &Fields,
) -> Result<(String, Option<String>), TokenError> {
    let posted = form.get("client_secret");
    match (headers.get(AUTHORIZATION), posted) {
        (Some(_), Some(_)) => Err(TokenError::InvalidRequest("the client proves itself twice")),
        (Some(header), None) => {
            let (id, secret) = basic(header).ok_or(TokenError::InvalidClient)?;
            Ok((decoded(&id), Some(decoded(&secret))))
        }
        (None, secret) => {
            let id = form.get("client_id").ok_or(TokenError::InvalidClient)?;
            Ok((id.clone(), secret.cloned()))
        }
    }
}

/// User name and password of a header (RFC 7617).
pub(super) fn basic(header: &HeaderValue) -> Option<(String, String)> {
    let (scheme, code) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(code.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.into(), secret.into()))
}

/// Id and secret of a client are form-encoded before they are joined (RFC 6749, 2.3.1).
fn decoded(text: &str) -> String {
    let joined = format!("x={text}");
    let mut pairs = form_urlencoded::parse(joined.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The errors of RFC 6749, 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenError {
    InvalidRequest(&'static str),
    InvalidClient,
    InvalidGrant(&'static str),
    UnsupportedGrantType,
}

impl TokenError {
    pub(super) fn answer(self) -> Answer {
        let (status, word, text) = match self {
            Self::InvalidRequest(text) => (StatusCode::BAD_REQUEST, "invalid_request", text),
            Self::InvalidClient => {
                let text = "the client is not known here, or its secret is wrong";
                (StatusCode::UNAUTHORIZED, "invalid_client", text)
            }
            Self::InvalidGrant(text) => (StatusCode::BAD_REQUEST, "invalid_grant", text),
            Self::UnsupportedGrantType => {
                let text = "no such grant is possible here";
                (StatusCode::BAD_REQUEST, "unsupported_grant_type", text)
            }
        };
        let mut answer = oauth(status, &json!({"error": word, "error_description": text}));
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"sandbox\"");
            answer.headers.insert(WWW_AUTHENTICATE, challenge);
        }
        answer
    }
}

/// An answer of the token endpoint.
pub(super) fn oauth(status: StatusCode, body: &Json) -> Answer {
    reply::json(status, "application/json", body)
}
