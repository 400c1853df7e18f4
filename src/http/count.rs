//! How many requests were sent, by kind and by what came of them.
//!
//! Promises to count each request that goes out, once for each time it is sent, whatever comes of it.
//! Leaves what the numbers are for to the engine and to those who show them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::Method;
use serde::Serialize;

use super::{About, Answer, Request, Transport};
use crate::core::fault::Fault;

/// Requests sent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestCounts {
    /// Requests that change nothing.
    pub read: u64,
    /// Requests that may change something.
    pub write: u64,
    /// Requests for an access token.
    pub token: u64,
}

/// How a request ended: its method, and the status of the answer; `None`: there was none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ended {
    /// GET, POST, …
    pub method: String,
    /// 200, 404, …; `None`: the answer was lost, or there was no connection.
    pub status: Option<u16>,
}

/// Counts requests. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<Tally>);

#[derive(Debug, Default)]
struct Tally {
    read: AtomicU64,
    write: AtomicU64,
    token: AtomicU64,
    ended: Mutex<BTreeMap<Ended, u64>>,
}

impl Counter {
    /// A counter at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Is it this one, or a clone of it?
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The requests sent so far.
    #[must_use]
    pub fn counts(&self) -> RequestCounts {
        RequestCounts {
            read: self.0.read.load(Ordering::Relaxed),
            write: self.0.write.load(Ordering::Relaxed),
            token: self.0.token.load(Ordering::Relaxed),
        }
    }

    /// The requests that have ended so far, by how.
    #[must_use]
    pub fn ended(&self) -> BTreeMap<Ended, u64> {
        let ended = self.0.ended.lock();
        ended.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn close(&self, method: &Method, outcome: &Result<Answer, Fault>) {
        let ended = Ended {
            method: method.to_string(),
            status: outcome.as_ref().ok().map(|answer| answer.status.as_u16()),
        };
        let mut all = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(ended).or_default() += 1;
    }

    fn add(&self, request: &Request) {
        let kind = match request.about {
            About::Token => &self.0.token,
            About::User | About::Group | About::Service if is_read(&request.method) => &self.0.read,
            About::User | About::Group | About::Service => &self.0.write,
        };
        kind.fetch_add(1, Ordering::Relaxed);
    }
}

/// Is this a method that asks for no change (RFC 9110, 9.2.1)?
pub(super) fn is_read(method: &Method) -> bool {
    method.is_safe()
}

/// A transport whose requests are counted.
#[derive(Debug)]
pub struct Counted<T> {
    inner: T,
    counter: Counter,
}

impl<T: Transport> Counted<T> {
    /// Counts the requests of `inner` with `counter`.
    #[must_use]
    pub fn new(inner: T, counter: Counter) -> Self {
        Self { inner, counter }
    }
}

#[async_trait]
impl<T: Transport> Transport for Counted<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.counter.add(&request);
        let method = request.method.clone();
        let outcome = self.inner.send(request).await;
        self.counter.close(&method, &outcome);
        tell(&method, &outcome);
        outcome
    }
}

/// A line of the log, without the address: what an app is asked for may name people.
fn tell(method: &Method, outcome: &Result<Answer, Fault>) {
    match outcome {
        Ok(answer) => tracing::debug!(%method, status = answer.status.as_u16(), "asked the app"),
        Err(fault) => tracing::debug!(%method, fault = %fault.kind, "asked the app in vain"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::script::{Script, request};

    #[tokio::test]
    async fn requests_are_counted_by_kind_also_when_they_fail() {
        let counter = Counter::new();
        let script = Script::new(|_| Err(crate::http::script::lost()));
        let transport = Counted::new(script, counter.clone());
        for (method, about) in [
            (Method::GET, About::User),
            (Method::GET, About::Service),
            (Method::PATCH, About::Group),
            (Method::DELETE, About::User),
            (Method::POST, About::User),
            (Method::POST, About::Token),
        ] {
            let sent = transport.send(request(method, about)).await;
            assert!(sent.is_err());
        }
        let counts = counter.counts();
        assert_eq!(
            counts,
            RequestCounts {
                read: 2,
                write: 3,
                token: 1
            }
        );
        assert_eq!(
            serde_json::to_string(&counts).expect("plain numbers"),
            r#"{"read":2,"write":3,"token":1}"#
        );
        let lost: Vec<(String, Option<u16>, u64)> = counter
            .ended()
            .into_iter()
            .map(|(ended, count)| (ended.method, ended.status, count))
            .collect();
        let all = [("DELETE", 1), ("GET", 2), ("PATCH", 1), ("POST", 2)];
        assert_eq!(
            lost,
            all.map(|(method, count)| (method.to_owned(), None, count))
        );
    }
}
