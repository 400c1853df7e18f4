//! The way to the app: one request after the other, each written down.
//!
//! Promises that nothing is sent once somebody has said stop, but for the cleaning up, and that only
//! a request which was turned away for its pace is sent again. Leaves credentials and rates to the
//! transport.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value as Json;
use url::Url;

use super::Setting;
use crate::clock::Clock;
use crate::core::fault::{Fault, FaultKind};
use crate::http::{About, Answer, Request, Transport, join, retry_after};

/// How often a request is sent that is turned away with 429.
const TRIES: u32 = 4;
/// The longest pause before it is sent again.
const PATIENCE: Duration = Duration::from_mins(1);
/// Headers that speak of limits.
const HINTS: [&str; 7] = [
    "retry-after",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
];

/// A request and the status of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, below the base URL.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
}

/// Why a probe ended early.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProbeError {
    /// Somebody said so.
    #[error("stopped before the end")]
    Stopped,
    /// There was no answer, or one without which nothing more can be asked.
    #[error("the probe cannot go on")]
    App(#[source] Fault),
    /// The app answered a create with what may have been there before.
    #[error(
        "the app answered the create of `{name}` with the id `{id}`, which may be somebody else's; \
         it was not touched"
    )]
    NotOurs {
        /// What was to be made.
        name: String,
        /// What the app gave.
        id: String,
    },
    /// A request about something that was not made here; it was not sent.
    #[error("`{id}` was not made by this probe; the request was not sent")]
    Foreign {
        /// Which one.
        id: String,
    },
}

/// Says stop. Clones say it together.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// From now on nothing more is asked, and what was made is removed.
    pub fn pull(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_pulled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// An answer, with the request it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) exchange: Exchange,
    pub(super) status: u16,
    /// Null where it is no JSON.
    pub(super) body: Json,
    pub(super) etag: Option<String>,
    pub(super) location: Option<String>,
}

/// The way to the app.
pub(super) struct Line<'a> {
    transport: &'a dyn Transport,
    base: Url,
    pub(super) content_type: String,
    headers: BTreeMap<String, String>,
    timeout: Duration,
    clock: &'a Clock,
    stop: Option<&'a Stop>,
    hints: BTreeMap<String, Exchange>,
    count: u64,
}

impl<'a> Line<'a> {
    pub(super) fn new(
        transport: &'a dyn Transport,
        setting: &Setting,
        clock: &'a Clock,
        stop: &'a Stop,
    ) -> Self {
        let rules = &setting.profile.http;
        Self {
            transport,
            base: setting.base_url.clone(),
            content_type: rules.content_type.clone(),
            headers: rules.headers.clone(),
            timeout: rules.timeout,
            clock,
            stop: Some(stop),
            hints: BTreeMap::new(),
            count: 0,
        }
    }

    /// What was made has to go, even if somebody said stop.
    pub(super) fn finish_whatever_happens(&mut self) {
        self.stop = None;
    }

    pub(super) fn hints(&self) -> &BTreeMap<String, Exchange> {
        &self.hints
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) async fn get(&mut self, path: &str) -> Result<Seen, ProbeError> {
        self.send(Method::GET, path, None, None).await
    }

    /// Asks through another way.
    pub(super) async fn get_through(
        &mut self,
        transport: &dyn Transport,
        path: &str,
    ) -> Result<Seen, ProbeError> {
        let request = self.request(Method::GET, path, None, None)?;
        self.count += 1;
        let answer = transport.send(request.clone()).await;
        Ok(self.note(&request, path, &answer.map_err(ProbeError::App)?))
    }

    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Json>,
        version: Option<&str>,
    ) -> Result<Seen, ProbeError> {
        let request = self.request(method, path, body, version)?;
        for again in (0..TRIES).rev() {
            if self.stop.is_some_and(Stop::is_pulled) {
                return Err(ProbeError::Stopped);
            }
            self.count += 1;
            let sent = self.transport.send(request.clone()).await;
            let answer = sent.map_err(ProbeError::App)?;
            let seen = self.note(&request, path, &answer);
            if answer.status != StatusCode::TOO_MANY_REQUESTS || again == 0 {
                return Ok(seen);
            }
            let asked = retry_after::read(answer.status, &answer.headers, self.clock.now());
            let pause = asked.unwrap_or(Duration::from_secs(1)).min(PATIENCE);
            self.clock.sleep(pause).await;
        }
        unreachable!("the last try gives an answer")
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
        version: Option<&str>,
    ) -> Result<Request, ProbeError> {
        let mut headers = HeaderMap::new();
        let accept = HeaderValue::from_static("application/scim+json, application/json");
        headers.insert(ACCEPT, accept);
        if body.is_some() {
            set(&mut headers, &CONTENT_TYPE, &self.content_type);
        }
        if let Some(version) = version {
            set(&mut headers, &IF_MATCH, version);
        }
        for (name, value) in &self.headers {
            if let Ok(name) = HeaderName::try_from(name) {
                set(&mut headers, &name, value);
            }
        }
        let about = if path.contains("/Users") {
            About::User
        } else if path.contains("/Groups") {
            About::Group
        } else {
            About::Service
        };
        Ok(Request {
            method,
            url: join(&self.base, path).map_err(ProbeError::App)?,
            headers,
            body: body
                .map(|body| Bytes::from(body.to_string()))
                .unwrap_or_default(),
            timeout: self.timeout,
            about,
        })
    }

    fn note(&mut self, request: &Request, path: &str, answer: &Answer) -> Seen {
        let exchange = Exchange {
            method: request.method.to_string(),
            path: path.to_owned(),
            status: answer.status.as_u16(),
        };
        for name in HINTS {
            if answer.headers.contains_key(name) {
                self.hints
                    .entry(name.to_owned())
                    .or_insert_with(|| exchange.clone());
            }
        }
        let header = |name: HeaderName| {
            let value = answer.headers.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        Seen {
            status: exchange.status,
            exchange,
            body: serde_json::from_slice(&answer.body).unwrap_or_default(),
            etag: header(ETAG),
            location: header(LOCATION),
        }
    }
}

fn set(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

impl Seen {
    /// Was it done?
    pub(super) fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Is there nothing?
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.status, 404 | 410)
    }

    /// Does the app not have this at all?
    pub(super) fn is_unsupported(&self) -> bool {
        matches!(self.status, 403 | 404 | 405 | 501)
    }

    /// The id of the resource in the body, or at the end of the `Location`.
    pub(super) fn id(&self) -> Option<String> {
        let held = match self.body.get("id") {
            Some(Json::String(id)) => Some(id.clone()),
            Some(Json::Number(id)) => Some(id.to_string()),
            Some(_) | None => None,
        };
        held.or_else(|| {
            let last = self.location.as_deref()?.rsplit('/').next()?;
            (!last.is_empty() && !last.contains('%')).then(|| last.to_owned())
        })
    }

    /// The version of the resource: the `ETag`, or what its `meta` says (RFC 7644, 3.14).
    pub(super) fn version(&self) -> Option<String> {
        let told = self.body.get("meta").and_then(|meta| meta.get("version"));
        let told = told.and_then(Json::as_str).map(str::to_owned);
        self.etag.clone().or(told)
    }

    /// The rows of a list.
    pub(super) fn rows(&self) -> &[Json] {
        self.body
            .get("Resources")
            .and_then(Json::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The ids of the rows.
    pub(super) fn ids(&self) -> Vec<String> {
        let ids = self.rows().iter().filter_map(|row| row.get("id"));
        ids.filter_map(|id| match id {
            Json::String(id) => Some(id.clone()),
            Json::Number(id) => Some(id.to_string()),
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
        })
        .collect()
    }

    /// How many there are, as the list says.
    pub(super) fn total(&self) -> Option<u64> {
        let total = self.body.get("totalResults")?;
        total.as_u64().or_else(|| total.as_str()?.parse().ok())
    }
}

impl ProbeError {
    /// An answer without which nothing more can be asked.
    pub(super) fn answer(seen: &Seen, kind: FaultKind) -> Self {
        let mut fault = Fault::new(
            kind,
            crate::core::fault::Effect::None,
            format!("{} {}", seen.exchange.method, seen.exchange.path),
        );
        fault.status = Some(seen.status);
        Self::App(fault)
    }
}
