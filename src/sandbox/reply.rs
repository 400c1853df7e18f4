//! Answers, put together.
//!
//! Promises the media type of RFC 7644, 3.1 on every SCIM body. Leaves the content to the callers.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION};
use serde::Serialize;

use crate::http::Answer;

/// An answer with a SCIM body.
pub(super) fn scim(status: StatusCode, body: &impl Serialize) -> Answer {
    json(status, "application/scim+json", body)
}

/// An answer with a JSON body of the given media type.
pub(super) fn json(status: StatusCode, media: &'static str, body: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(body).expect("text keys and plain values always serialise");
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    Answer {
        status,
        headers,
        body: Bytes::from(body),
    }
}

/// 204.
pub(super) fn nothing() -> Answer {
    Answer {
        status: StatusCode::NO_CONTENT,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    }
}

/// The answer with the resource's version (RFC 7644, 3.14).
pub(super) fn versioned(mut answer: Answer, version: u64) -> Answer {
    set(&mut answer, ETAG, &etag(version));
    answer
}

/// The answer with the address of what was made (RFC 7644, 3.3).
pub(super) fn located(mut answer: Answer, location: &str) -> Answer {
    set(&mut answer, LOCATION, location);
    answer
}

/// A version as it is written in `meta.version` and `ETag`.
pub(super) fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

fn set(answer: &mut Answer, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        answer.headers.insert(name, value);
    }
}
