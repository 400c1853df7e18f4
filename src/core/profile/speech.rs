//! How an app wants to be spoken to, and how fast it may be.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::duration;

/// A way to prove who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthKind {
    /// A fixed token in the `Authorization` header (RFC 6750).
    Bearer,
    /// A user name and a password (RFC 7617).
    Basic,
    /// A secret in a header of the app's own.
    Header,
    /// A token of an `OAuth2` server (RFC 6749).
    Oauth2,
}

impl AuthKind {
    /// The word in a config and in a profile.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Header => "header",
            Self::Oauth2 => "oauth2",
        }
    }
}

/// How an app wants to be spoken to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpRules {
    /// The media type of our bodies.
    pub content_type: String,
    /// Further headers on every request.
    pub headers: BTreeMap<String, String>,
    /// How long one request may take, first byte to last.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Are writes bound to the version that was read (RFC 7644, 3.14)?
    pub etags: ETags,
    /// Bytes of one request, at most; members are sent in smaller parts then.
    pub max_body: Option<usize>,
    /// Where the app tells what it can do, below the base URL; empty: nowhere.
    pub discovery: String,
}

impl Default for HttpRules {
    fn default() -> Self {
        Self {
            content_type: "application/scim+json".into(),
            headers: BTreeMap::new(),
            timeout: Duration::from_mins(1),
            etags: ETags::Off,
            max_body: None,
            discovery: "/ServiceProviderConfig".into(),
        }
    }
}

/// Are writes bound to the version that was read?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ETags {
    /// No `If-Match` is sent.
    #[default]
    Off,
    /// `If-Match` goes with a write whose version was read just before; 412: read and compare again.
    Send,
    /// The app refuses a write without it: what is changed is read first.
    Required,
}

/// How fast an app may be spoken to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Requests in flight at once, at most.
    pub concurrency: usize,
    /// Every bucket that matches a request applies to it.
    pub buckets: Vec<Bucket>,
    /// The headers that say how much is left, beside `Retry-After`.
    pub headers: Option<RateHeaders>,
    /// How a request that failed for now is tried again.
    pub retry: RetryPolicy,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            concurrency: 4,
            buckets: vec![Bucket {
                methods: Vec::new(),
                resource: None,
                larger_than: None,
                limit: 20,
                per: Duration::from_secs(1),
                burst: 20,
            }],
            headers: None,
            retry: RetryPolicy::default(),
        }
    }
}

/// So many requests in so much time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// It counts requests of these methods; none named: of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// It counts requests about these; none named: about everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// It counts requests whose body has more bytes than this; none named: of every size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub larger_than: Option<usize>,
    /// How many.
    pub limit: u32,
    /// In how long.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub per: Duration,
    /// How many at once after a quiet time; the app's page says so, or 1.
    #[serde(default = "one")]
    pub burst: u32,
}

fn one() -> u32 {
    1
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Users.
    Users,
    /// Groups.
    Groups,
}

/// The headers that say how much is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateHeaders {
    /// The one with the number of requests that are left; at 0 the target pauses.
    pub remaining: String,
    /// The one that says until when: seconds from now, or seconds since 1970.
    pub reset: String,
}

/// How a request that failed for now is tried again: full jitter over a doubling ceiling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPolicy {
    /// The ceiling of the first pause.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub base: Duration,
    /// The ceiling of every pause.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub max: Duration,
    /// Tries of one change in one run, the first included.
    pub attempts: u32,
    /// The longest that a run waits because the app asks for it; when it asks for more, what is left
    /// stays due for the next run.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub patience: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            max: Duration::from_mins(1),
            attempts: 6,
            patience: Duration::from_mins(5),
        }
    }
}
