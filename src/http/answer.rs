//! What an answer means: fine, or a fault of which kind.
//!
//! Promises one reading of statuses and error bodies for every app, and details of one short line in
//! which neither control characters nor bearer tokens survive. Leaves the bodies of good answers to
//! the connector.

use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::Value as Json;
use url::Url;

use super::{Answer, retry_after};
use crate::core::fault::{Effect, Fault, FaultKind};

/// Characters of a detail, at most.
const LONGEST_DETAIL: usize = 300;
/// Characters of a body that says nothing we know how to find.
const EXCERPT: usize = 200;
/// Bytes of an error body that are read as JSON, at most; a longer one is no error message.
pub(super) const LONGEST_ERROR: usize = 256 * 1024;
/// The schema of an error body (RFC 7644, 3.12).
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// What stands in for a secret.
const HIDDEN: &str = "[secret]";

/// Where the various kinds of service put the sentence that says what is wrong: RFC 7644, 3.12; SCIM
/// 1.1; `OAuth2` (RFC 6749, 5.2); JSON:API; what frameworks do by default.
const SENTENCES: [&str; 12] = [
    "/detail",
    "/Errors/0/description",
    "/message",
    "/error_description",
    "/errorSummary",
    "/errors/0/detail",
    "/errors/0/message",
    "/errors/0/description",
    "/error/message",
    "/error",
    "/title",
    "/scimType",
];

/// Says whether an answer is good. `now` counts only for a `Retry-After` that is a date.
///
/// # Errors
/// The fault that the answer stands for: any status but 2xx, any page of HTML, and an error that
/// came with a 2xx.
pub fn classify(answer: &Answer, now: Timestamp) -> Result<(), Fault> {
    let page = is_page(answer);
    if answer.status.is_success() && !page {
        return match hidden_status(&answer.body) {
            None => Ok(()),
            Some(status) => classify(
                &Answer {
                    status,
                    ..answer.clone()
                },
                now,
            ),
        };
    }
    let wait = retry_after::read(answer.status, &answer.headers, now);
    let (kind, effect) = judge(answer, page, wait);
    Err(Fault {
        kind,
        status: Some(answer.status.as_u16()),
        detail: describe(answer, page, kind),
        effect,
        retry_after: wait,
    })
}

/// Kind and effect of an answer that is not good.
fn judge(answer: &Answer, page: bool, wait: Option<Duration>) -> (FaultKind, Effect) {
    match answer.status.as_u16() {
        200..=299 => (FaultKind::Misdirected, Effect::Unknown),
        300..=399 | 407 => (FaultKind::Misdirected, Effect::None),
        401 => (FaultKind::Unauthenticated, Effect::None),
        403 => (FaultKind::Forbidden, Effect::None),
        404 | 410 if page => (FaultKind::Misdirected, Effect::None),
        404 | 410 => (FaultKind::Missing, Effect::None),
        429 => (FaultKind::Throttled, Effect::None),
        501 => (FaultKind::Unsupported, Effect::None),
        503 if wait.is_some() => (FaultKind::Throttled, Effect::None),
        408 | 425 | 500.. => (FaultKind::Unavailable, Effect::Unknown),
        _ if page => (FaultKind::Misdirected, Effect::None),
        409 => (FaultKind::Conflict, Effect::None),
        400 if is_uniqueness(&answer.body) => (FaultKind::Conflict, Effect::None),
        _ => (FaultKind::Rejected, Effect::None),
    }
}

fn describe(answer: &Answer, page: bool, kind: FaultKind) -> String {
    if answer.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        return "a proxy on the way asks for credentials".into();
    }
    if answer.status.is_redirection() {
        return format!("{}; is base_url right?", redirection(&answer.headers));
    }
    match (page, kind) {
        (true, FaultKind::Misdirected) => "an HTML page; is base_url right?".into(),
        (true, _) => "an HTML page".into(),
        (false, _) => detail(&answer.body),
    }
}

/// Where an answer sends us, without path and query: they may hold one-time secrets.
pub(super) fn redirection(headers: &HeaderMap) -> String {
    let Some(place) = headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return "redirected, without saying where to".into();
    };
    match Url::parse(place).ok().as_ref().and_then(Url::host_str) {
        Some(host) => format!("redirected to {host}"),
        None => "redirected to another path of the same host".into(),
    }
}

/// Is the body a page for people? Some services say so only in the body.
pub(super) fn is_page(answer: &Answer) -> bool {
    let declared = answer
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| {
            let kind = kind.trim_start().to_ascii_lowercase();
            kind.starts_with("text/html") || kind.starts_with("application/xhtml")
        });
    let body = answer
        .body
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(&answer.body);
    (declared && !body.is_empty()) || body.trim_ascii_start().first() == Some(&b'<')
}

/// The status in a body that is an error (RFC 7644, 3.12), as a text or a number: some services send
/// one with a 200.
fn hidden_status(body: &[u8]) -> Option<StatusCode> {
    if body.len() > LONGEST_ERROR || !contains(body, ERROR.as_bytes()) {
        return None;
    }
    let json = read_json(body)?;
    if !json.get("schemas")?.as_array()?.contains(&ERROR.into()) {
        return None;
    }
    let status = match json.get("status")? {
        Json::String(text) => text.trim().parse().ok()?,
        number => u16::try_from(number.as_u64()?).ok()?,
    };
    let is_refusal = (400..600).contains(&status);
    StatusCode::from_u16(status).ok().filter(|_| is_refusal)
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

fn is_uniqueness(body: &[u8]) -> bool {
    read_json(body)
        .as_ref()
        .and_then(|json| json.get("scimType"))
        .and_then(Json::as_str)
        .is_some_and(|word| word.eq_ignore_ascii_case("uniqueness"))
}

fn read_json(body: &[u8]) -> Option<Json> {
    if body.len() > LONGEST_ERROR {
        return None;
    }
    serde_json::from_slice(body).ok()
}

/// What an error body says, in one line: its own sentence if it has one, else its beginning.
#[must_use]
pub fn detail(body: &[u8]) -> String {
    read_json(body)
        .as_ref()
        .and_then(sentence)
        .map_or_else(|| excerpt(body), |text| clean(&text))
}

fn sentence(json: &Json) -> Option<String> {
    SENTENCES
        .iter()
        .filter_map(|place| json.pointer(place))
        .filter_map(Json::as_str)
        .find(|text| !text.trim().is_empty())
        .map(str::to_owned)
}

fn excerpt(body: &[u8]) -> String {
    let start = &body[..body.len().min(EXCERPT * 4)];
    let text: String = String::from_utf8_lossy(start)
        .chars()
        .take(EXCERPT)
        .collect();
    clean(&text)
}

/// A foreign text as one line that is safe to print: no control characters, no bearer token, at most
/// 300 characters.
#[must_use]
pub fn clean(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|sign| if sign.is_control() { ' ' } else { sign })
        .filter(|sign| !is_invisible(*sign))
        .collect();
    let mut words = Vec::new();
    let mut token_follows = false;
    for word in visible.split_whitespace() {
        words.push(if token_follows || is_signed_token(word) {
            HIDDEN
        } else {
            word
        });
        token_follows = announces_token(word);
    }
    shorten(&words.join(" "))
}

/// Marks that turn the direction of writing or take no room: they can make a line lie.
fn is_invisible(sign: char) -> bool {
    matches!(sign, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

fn announces_token(word: &str) -> bool {
    word.trim_end_matches(|sign: char| !sign.is_alphanumeric())
        .to_ascii_lowercase()
        .ends_with("bearer")
}

/// A JSON Web Token begins with `{"` in base64url and has two dots (RFC 7519, 3.1).
fn is_signed_token(word: &str) -> bool {
    word.contains("eyJ") && word.matches('.').count() >= 2
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LONGEST_DETAIL {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST_DETAIL - 1).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests;
