//! A sandbox on a socket, for trying things out with any client.
//!
//! Promises the same answers as in the process, and beside them `GET /_sandbox/health`,
//! `/_sandbox/<target>/dump` and `/_sandbox/<target>/requests`, which ask for no token: a sandbox holds
//! nothing real. Leaves the address to the caller.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode, header};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use url::Url;

use super::Sandbox;
use super::refusal::Refusal;
use super::reply;
use crate::core::key::TargetName;
use crate::http::{About, Answer, Request};

/// The longest body that is taken from a socket, in bytes; the app itself refuses one byte less.
const LONGEST_BODY: usize = 16 * 1024 * 1024 + 1;

/// Serves the sandbox until `shutdown` is ready; requests that are under way are finished.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    sandbox: Sandbox,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/_sandbox/health", get(health))
        .route("/_sandbox/{target}/dump", get(dump))
        .route("/_sandbox/{target}/requests", get(requests))
        .fallback(forward)
        .with_state(sandbox);
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown)
        .await
}

async fn health(State(sandbox): State<Sandbox>) -> Response<Body> {
    let targets: Vec<&TargetName> = sandbox.targets().collect();
    plain(&json!({"status": "ok", "targets": targets}))
}

async fn dump(State(sandbox): State<Sandbox>, Path(target): Path<String>) -> Response<Body> {
    match known(&sandbox, &target) {
        Some(target) => plain(&sandbox.dump(&target)),
        None => unknown(),
    }
}

async fn requests(State(sandbox): State<Sandbox>, Path(target): Path<String>) -> Response<Body> {
    match known(&sandbox, &target) {
        Some(target) => plain(&json!({
            "counts": sandbox.counts(&target),
            "requests": sandbox.requests(&target),
        })),
        None => unknown(),
    }
}

fn known(sandbox: &Sandbox, target: &str) -> Option<TargetName> {
    sandbox
        .targets()
        .find(|name| name.as_str() == target)
        .cloned()
}

fn unknown() -> Response<Body> {
    respond(Refusal::missing("the sandbox has no app of that name").answer())
}

async fn forward(
    State(sandbox): State<Sandbox>,
    request: axum::extract::Request,
) -> Response<Body> {
    match read(request).await {
        Ok(request) => respond(sandbox.handle(&request)),
        Err(refusal) => respond(refusal.answer()),
    }
}

async fn read(request: axum::extract::Request) -> Result<Request, Refusal> {
    let (parts, body) = request.into_parts();
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.unwrap_or("sandbox.invalid");
    let asked = parts
        .uri
        .path_and_query()
        .map_or("/", |asked| asked.as_str());
    let url = Url::parse(&format!("http://{host}{asked}"));
    let url = url.map_err(|_| Refusal::syntax("the address is none"))?;
    let body = to_bytes(body, LONGEST_BODY).await.map_err(|_| {
        Refusal::plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is longer than 16 MiB",
        )
    })?;
    Ok(Request {
        method: parts.method,
        url,
        headers: parts.headers,
        body,
        timeout: Duration::from_mins(1),
        about: About::Service,
    })
}

fn plain(body: &impl serde::Serialize) -> Response<Body> {
    respond(reply::json(StatusCode::OK, "application/json", body))
}

fn respond(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::super::fixture::{new_user, profile, sandbox, target};
    use super::*;

    /// Sends one request over a socket; gives the whole answer as text.
    async fn send(address: std::net::SocketAddr, head: &str, body: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address)
            .await
            .expect("connected");
        let length = body.len();
        let token = super::super::credentials(&target()).token;
        let request = format!(
            "{head} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/scim+json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}",
            token.expose()
        );
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("read");
        answer
    }

    #[tokio::test]
    async fn the_same_apps_are_there_over_a_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let shared = sandbox(profile());
        let server = tokio::spawn(serve(shared.clone(), listener, async {
            let _ = stopped.await;
        }));

        let user = new_user("ana").to_string();
        let made = send(address, "POST /acme/scim/v2/Users", &user).await;
        assert!(made.starts_with("HTTP/1.1 201 Created\r\n"), "{made}");
        let location = format!("location: http://{address}/acme/scim/v2/Users/u-000001\r\n");
        assert!(made.contains(&location), "{made}");
        assert!(shared.user(&target(), &"u-000001".into()).is_some());

        let dump = send(address, "GET /_sandbox/acme/dump", "").await;
        assert!(dump.contains("\"userName\":\"ana\""), "{dump}");
        let log = send(address, "GET /_sandbox/acme/requests", "").await;
        assert!(
            log.contains("\"counts\":{\"read\":0,\"token\":0,\"write\":1}"),
            "{log}"
        );
        let health = send(address, "GET /_sandbox/health", "").await;
        assert!(
            health.ends_with("{\"status\":\"ok\",\"targets\":[\"acme\"]}"),
            "{health}"
        );
        let nobody = send(address, "GET /_sandbox/other/dump", "").await;
        assert!(nobody.starts_with("HTTP/1.1 404 Not Found\r\n"), "{nobody}");

        stop.send(()).expect("the server listens");
        server.await.expect("no panic").expect("no error");
    }
}
