//! A transport for tests that answers from a script.
//!
//! Promises to keep every request that came, with the instant it came at. Leaves the answers to the
//! test.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::{About, Answer, Request, Transport};
use crate::clock::Clock;
use crate::core::fault::{Effect, Fault, FaultKind};

type Reply = Box<dyn Fn(&Request) -> Result<Answer, Fault> + Send + Sync>;

/// Answers from a function, after a pause.
pub(super) struct Script {
    reply: Reply,
    takes: Duration,
    seen: Mutex<Vec<(Instant, Request)>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Script {
    pub(super) fn new(
        reply: impl Fn(&Request) -> Result<Answer, Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            reply: Box::new(reply),
            takes: Duration::ZERO,
            seen: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }
    }

    /// Each answer takes so long.
    pub(super) fn taking(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }

    /// The requests that came, in order.
    pub(super) fn seen(&self) -> Vec<Request> {
        self.log().into_iter().map(|(_, request)| request).collect()
    }

    /// The instants they came at.
    pub(super) fn instants(&self) -> Vec<Instant> {
        self.log().into_iter().map(|(instant, _)| instant).collect()
    }

    /// The most requests that were on their way at once, since the last time this was asked.
    pub(super) fn most_in_flight(&self) -> usize {
        self.most_in_flight.swap(0, Ordering::SeqCst)
    }

    fn log(&self) -> Vec<(Instant, Request)> {
        self.seen
            .lock()
            .expect("no test panics while it writes")
            .clone()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_flight.fetch_max(now, Ordering::SeqCst);
        self.seen
            .lock()
            .expect("no test panics while it writes")
            .push((Clock::System.instant(), request.clone()));
        let answer = (self.reply)(&request);
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        answer
    }
}

/// A request to `https://app.example.com/scim/v2/Users`.
pub(super) fn request(method: Method, about: About) -> Request {
    Request {
        method,
        url: Url::parse("https://app.example.com/scim/v2/Users").expect("a URL"),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: Duration::from_mins(1),
        about,
    }
}

/// An answer.
pub(super) fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).expect("a header"),
                )
            })
            .collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// A connection that broke.
pub(super) fn lost() -> Fault {
    Fault::new(
        FaultKind::Unreachable,
        Effect::Unknown,
        "the connection was reset",
    )
}
