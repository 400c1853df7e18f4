//! The one seam to the network: a request in, an answer out.
//!
//! Promises that nothing else opens a connection, that bodies are bounded, and that no secret can be
//! seen in a request's `Debug`. Leaves SCIM to the connector and retries to the engine.

pub mod allowance;
pub mod answer;
pub mod auth;
mod body;
mod bucket;
pub mod budget;
pub mod client;
pub mod consent;
pub mod count;
mod failure;
pub mod keeper;
pub mod limit;
mod pace;
mod proof;
pub mod proxy;
pub mod redirect;
pub mod reread;
pub mod retry_after;
pub mod ruling;
#[cfg(test)]
mod script;
mod tls;
pub mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::core::fault::{Effect, Fault, FaultKind};

/// A request with its whole body.
#[derive(Clone)]
pub struct Request {
    /// GET, POST, …
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Header fields; secrets are marked sensitive.
    pub headers: HeaderMap,
    /// The body, empty for none.
    pub body: Bytes,
    /// First byte to last, at most.
    pub timeout: Duration,
    /// What it is about, for rates and logs.
    pub about: About,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// A user or the list of users.
    User,
    /// A group or the list of groups.
    Group,
    /// The service itself (discovery).
    Service,
    /// An access token.
    Token,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({} bytes)",
            self.method,
            self.url.path(),
            self.body.len()
        )
    }
}

/// An answer with its whole body.
#[derive(Clone)]
pub struct Answer {
    /// 200, 404, …
    pub status: StatusCode,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body, bounded by the client.
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
    }
}

/// The network, or something that stands in for it.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the whole answer, whatever its status.
    ///
    /// # Errors
    /// A [`Fault`] when there is no answer; its `effect` says whether the request may have arrived.
    async fn send(&self, request: Request) -> Result<Answer, Fault>;
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        (**self).send(request).await
    }
}

/// Joins a base URL and a path with exactly one slash; the path is already encoded.
///
/// # Errors
/// When the result is no URL.
pub fn join(base: &Url, path: &str) -> Result<Url, Fault> {
    let text = format!(
        "{}/{}",
        base.as_str().trim_end_matches('/'),
        path.trim_start_matches('/')
    );
    Url::parse(&text).map_err(|error| {
        Fault::new(
            FaultKind::Rejected,
            Effect::None,
            format!("bad address: {error}"),
        )
    })
}
