//! What a sandbox app says when it does not do what was asked.
//!
//! Promises the error body of RFC 7644, 3.12 for every refusal, and no value of a person's in it.
//! Leaves to the callers when to refuse.

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value as Json, json};

use super::reply;
use crate::core::profile::Meaning;
use crate::http::Answer;

/// The schema of an error body.
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The detail keywords of RFC 7644, 3.12 that a sandbox app uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScimType {
    /// The cursor is none of this list (RFC 9865, 2.2).
    InvalidCursor,
    /// The filter is malformed or not supported.
    InvalidFilter,
    /// A unique value is taken.
    Uniqueness,
    /// The attribute may not change like that.
    Mutability,
    /// The body is malformed.
    InvalidSyntax,
    /// The path of a PATCH operation is malformed or unknown.
    InvalidPath,
    /// The path of a PATCH operation finds nothing.
    NoTarget,
    /// A value is missing or does not fit.
    InvalidValue,
}

impl ScimType {
    fn word(self) -> &'static str {
        match self {
            Self::InvalidCursor => "invalidCursor",
            Self::InvalidFilter => "invalidFilter",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
        }
    }
}

/// A "no", with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status of the answer.
    pub(super) status: StatusCode,
    /// The keyword, where the RFC has one.
    pub(super) kind: Option<ScimType>,
    /// The reason, in English.
    pub(super) detail: String,
    /// What it means, where a profile may have a wording of its own for that.
    pub(super) means: Option<Meaning>,
    /// Seconds after which the client may ask again, where that helps.
    pub(super) retry_after: Option<u64>,
}

impl Refusal {
    /// 400 with a keyword.
    pub(super) fn bad(kind: ScimType, detail: impl Into<String>) -> Self {
        Self {
            kind: Some(kind),
            ..Self::plain(StatusCode::BAD_REQUEST, detail)
        }
    }

    /// 400 `invalidValue`.
    pub(super) fn value(detail: impl Into<String>) -> Self {
        Self::bad(ScimType::InvalidValue, detail)
    }

    /// 400 `invalidSyntax`.
    pub(super) fn syntax(detail: impl Into<String>) -> Self {
        Self::bad(ScimType::InvalidSyntax, detail)
    }

    /// 400 `invalidPath`.
    pub(super) fn path(detail: impl Into<String>) -> Self {
        Self::bad(ScimType::InvalidPath, detail)
    }

    /// 400 `mutability`.
    pub(super) fn mutability(detail: impl Into<String>) -> Self {
        Self::bad(ScimType::Mutability, detail)
    }

    /// 409 `uniqueness`.
    pub(super) fn taken(detail: impl Into<String>) -> Self {
        Self {
            kind: Some(ScimType::Uniqueness),
            ..Self::meaning(StatusCode::CONFLICT, Meaning::Conflict, detail)
        }
    }

    /// A status, and what it means.
    pub(super) fn meaning(status: StatusCode, means: Meaning, detail: impl Into<String>) -> Self {
        Self {
            means: Some(means),
            ..Self::plain(status, detail)
        }
    }

    /// A status that needs no keyword.
    pub(super) fn plain(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: None,
            detail: detail.into(),
            means: None,
            retry_after: None,
        }
    }

    /// 404.
    pub(super) fn missing(detail: impl Into<String>) -> Self {
        Self::plain(StatusCode::NOT_FOUND, detail)
    }

    /// 501.
    pub(super) fn unsupported(detail: impl Into<String>) -> Self {
        Self::plain(StatusCode::NOT_IMPLEMENTED, detail)
    }

    /// The answer that carries it.
    pub(super) fn answer(&self) -> Answer {
        let mut body = json!({
            "schemas": [ERROR],
            "status": self.status.as_u16().to_string(),
            "detail": self.detail,
        });
        if let (Some(kind), Json::Object(fields)) = (self.kind, &mut body) {
            fields.insert("scimType".into(), kind.word().into());
        }
        let mut answer = reply::scim(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"sandbox\"");
            answer.headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            answer
                .headers
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_the_one_of_the_rfc() {
        let answer = Refusal::taken("another user has this userName").answer();
        assert_eq!(answer.status, 409);
        let body: Json = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(
            body,
            json!({"schemas": [ERROR], "status": "409", "scimType": "uniqueness",
                   "detail": "another user has this userName"})
        );
    }

    #[test]
    fn a_refused_token_comes_with_a_challenge() {
        let answer = Refusal::plain(StatusCode::UNAUTHORIZED, "who are you?").answer();
        assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer realm=\"sandbox\"");
    }
}
