//! What monitoring asks over HTTP: `/healthz`, `/readyz`, `/metrics`.
//!
//! Promises to answer these three and nothing else, to hold no more connections than a few, and to
//! tell nobody's name. Leaves what they are made of to [`super::monitoring`].

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::metrics::CONTENT_TYPE;
use crate::clock::Clock;

/// So many connections at once; a monitoring that asks for more waits.
const CONNECTIONS: usize = 32;
/// A connection is closed after so long, whatever it does: nobody keeps one of the few for ever.
const LONGEST: Duration = Duration::from_mins(2);

/// What the answers are made of.
pub trait Sight: Send + Sync + 'static {
    /// Who no longer gets on; nobody, in a sound daemon.
    fn stuck(&self) -> Vec<String>;
    /// What is not fresh enough, a line each.
    fn lacking(&self) -> Vec<String>;
    /// Everything that was counted, in the text that Prometheus reads.
    fn metrics(&self) -> String;
}

/// Everybody's sight.
type Shared = Arc<dyn Sight>;

/// Opens the port.
///
/// # Errors
/// When it is taken, or may not be had.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    if !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "other machines can read the metrics: nobody has to prove who they are"
        );
    }
    TcpListener::bind(address).await
}

/// Answers until it is dropped.
///
/// # Errors
/// When the socket fails.
pub async fn serve(listener: TcpListener, sight: Arc<dyn Sight>, clock: Clock) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(sight);
    let few = Few {
        inner: listener,
        slots: Arc::new(Semaphore::new(CONNECTIONS)),
        clock,
    };
    axum::serve(few, router).await
}

type Typed = [(HeaderName, &'static str); 1];

async fn health(State(sight): State<Shared>) -> Response {
    let stuck = sight.stuck();
    if stuck.is_empty() {
        return "ok\n".into_response();
    }
    let text = format!("no longer gets on: {}\n", stuck.join(", "));
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

async fn ready(State(sight): State<Shared>) -> Response {
    let problems = sight.lacking();
    let status = if problems.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({ "ready": problems.is_empty(), "problems": problems });
    let typed: Typed = [(header::CONTENT_TYPE, "application/json")];
    (status, typed, format!("{body}\n")).into_response()
}

async fn metrics(State(sight): State<Shared>) -> Response {
    let typed: Typed = [(header::CONTENT_TYPE, CONTENT_TYPE)];
    (typed, sight.metrics()).into_response()
}

/// A listener that holds only a few connections at once, and none for long.
struct Few {
    inner: TcpListener,
    slots: Arc<Semaphore>,
    clock: Clock,
}

impl axum::serve::Listener for Few {
    type Io = Brief;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let slot = slot.expect("nobody closes the semaphore");
        let (stream, address) = axum::serve::Listener::accept(&mut self.inner).await;
        let clock = self.clock.clone();
        let end = Box::pin(async move { clock.sleep(LONGEST).await });
        (
            Brief {
                stream,
                end,
                _slot: slot,
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

/// A connection with an end.
struct Brief {
    stream: TcpStream,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
    _slot: OwnedSemaphorePermit,
}

impl AsyncRead for Brief {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Brief {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
