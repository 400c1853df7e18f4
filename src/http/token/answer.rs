//! What a token endpoint answers. More lenient than RFC 6749, 5.1: the life may be a text, and type
//! and scope are not looked at, since many leave them out or bend them.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;

use crate::secret::Secret;

/// The longest life of a token that we count with; a longer one is renewed all the same.
pub(super) const LONGEST_LIFE: Duration = Duration::from_hours(30 * 24);

/// A token answer.
pub(super) struct TokenAnswer {
    pub(super) access_token: Secret,
    pub(super) refresh_token: Option<Secret>,
    pub(super) life: Option<Duration>,
}

/// A refusal (RFC 6749, 5.2).
#[derive(Deserialize)]
pub(super) struct RefusalAnswer {
    pub(super) error: String,
    #[serde(default)]
    pub(super) error_description: Option<String>,
}

/// The fields as they come.
#[derive(Deserialize)]
struct Fields {
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default, deserialize_with = "read_seconds")]
    expires_in: Option<Duration>,
}

impl TokenAnswer {
    /// The answer; `None` when there is no access token in it.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let fields: Fields = serde_json::from_slice(body).ok()?;
        Some(Self {
            access_token: Secret::new(fields.access_token),
            refresh_token: fields
                .refresh_token
                .filter(|token| !token.is_empty())
                .map(Secret::new),
            life: fields.expires_in.map(|life| life.min(LONGEST_LIFE)),
        })
    }
}

/// A whole number of seconds, as a number or as a text. Anything else, and zero, which some send for
/// "no end", is no life at all: the app will say when the token is spent.
fn read_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let seconds = match Json::deserialize(deserializer)? {
        Json::Number(number) => number.to_string().parse::<f64>().ok(),
        Json::String(text) => text.trim().parse::<f64>().ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    };
    Ok(seconds.filter(|seconds| *seconds >= 1.0).map(|seconds| {
        let span = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_LIFE);
        Duration::from_secs(span.as_secs())
    }))
}
