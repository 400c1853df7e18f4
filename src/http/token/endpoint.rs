//! The token endpoint: what goes out to it, and what its refusals mean.
//!
//! Promises that only an answer which may hold a token gets through, and that no fault holds our
//! secret. Leaves the form of requests and answers to the `oauth2` crate.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use oauth2::basic::BasicErrorResponse;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::form_urlencoded;

use super::ClientCredentials;
use crate::clock::Clock;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::answer::{classify, clean, detail, is_page, redirection};
use crate::http::{About, Answer, Request, Transport};

/// How long a token endpoint may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The token endpoint, as the `oauth2` crate wants an HTTP client to be.
pub(super) struct Endpoint<'a, T> {
    pub(super) transport: &'a T,
    pub(super) credentials: &'a ClientCredentials,
    pub(super) clock: &'a Clock,
}

impl<'c, T: Transport> AsyncHttpClient<'c> for Endpoint<'_, T> {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Fault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

impl<T: Transport> Endpoint<'_, T> {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let (head, body) = request.into_parts();
        let mut headers = head.headers;
        for value in headers.values_mut() {
            value.set_sensitive(true);
        }
        let request = Request {
            method: head.method,
            url: self.credentials.token_url.clone(),
            headers,
            body: Bytes::from(body),
            timeout: TIMEOUT,
            about: About::Token,
        };
        let answer = self
            .transport
            .send(request)
            .await
            .map_err(|fault| relay(&fault))?;
        self.judge(&answer)?;
        let mut response = HttpResponse::new(answer.body.to_vec());
        *response.status_mut() = StatusCode::OK;
        Ok(response)
    }

    /// Is this an answer that may hold a token?
    fn judge(&self, answer: &Answer) -> Result<(), Fault> {
        let fault = match classify(answer, self.clock.now()) {
            Ok(()) => return self.judge_body(answer),
            Err(fault) => fault,
        };
        let (kind, reason) = match fault.kind {
            FaultKind::Misdirected if is_page(answer) => {
                (fault.kind, "an HTML page; is token_url right?".to_owned())
            }
            FaultKind::Misdirected if answer.status.is_redirection() => (
                fault.kind,
                format!("{}; is token_url right?", redirection(&answer.headers)),
            ),
            FaultKind::Throttled | FaultKind::Unavailable | FaultKind::Misdirected => {
                (fault.kind, fault.detail.clone())
            }
            FaultKind::Unauthenticated
            | FaultKind::Forbidden
            | FaultKind::Missing
            | FaultKind::Conflict
            | FaultKind::Rejected
            | FaultKind::Unsupported => {
                (FaultKind::Unauthenticated, refused(&explain(&answer.body)))
            }
            FaultKind::Unreachable
            | FaultKind::Untrusted
            | FaultKind::TimedOut
            | FaultKind::Garbled
            | FaultKind::Unready
            | FaultKind::NoSeat
            | FaultKind::Guarded
            | FaultKind::Paused => (fault.kind, fault.detail.clone()),
        };
        Err(Fault {
            status: fault.status,
            retry_after: fault.retry_after,
            ..self.fault(kind, &reason)
        })
    }

    /// Some endpoints refuse with a 200.
    fn judge_body(&self, answer: &Answer) -> Result<(), Fault> {
        match serde_json::from_slice::<BasicErrorResponse>(&answer.body) {
            Ok(_) => Err(Fault {
                status: Some(answer.status.as_u16()),
                ..self.fault(FaultKind::Unauthenticated, &refused(&explain(&answer.body)))
            }),
            Err(_) => Ok(()),
        }
    }

    /// A fault of the endpoint's.
    pub(super) fn fault(&self, kind: FaultKind, reason: &str) -> Fault {
        let host = self.credentials.token_url.host_str().unwrap_or("no host");
        let detail = if reason.is_empty() {
            format!("the token endpoint {host}")
        } else {
            format!("the token endpoint {host}: {reason}")
        };
        Fault::new(kind, Effect::None, clean(&self.conceal(&detail)))
    }

    /// Takes our own secret out of a text, in the forms it was sent in.
    fn conceal(&self, text: &str) -> String {
        let secret = self.credentials.client_secret.expose();
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        conceal(&conceal(text, secret), &encoded)
    }
}

/// A fault of the way to the endpoint, told as such; the app itself was not asked for anything.
fn relay(fault: &Fault) -> Fault {
    Fault {
        effect: Effect::None,
        detail: format!("the token endpoint: {}", fault.detail),
        ..*fault
    }
}

/// Takes a secret out of a text.
pub(in crate::http) fn conceal(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    text.replace(secret, "[secret]")
}

/// How a refusal is told.
pub(super) fn refused(reason: &str) -> String {
    if reason.is_empty() {
        "refused our client credentials, without a reason".into()
    } else {
        format!("refused our client credentials: {reason}")
    }
}

/// `error` and `error_description` of a refusal (RFC 6749, 5.2), or whatever else the body says.
fn explain(body: &[u8]) -> String {
    match serde_json::from_slice::<BasicErrorResponse>(body) {
        Ok(refusal) => match refusal.error_description() {
            Some(description) => format!("{}: {description}", refusal.error()),
            None => refusal.error().to_string(),
        },
        Err(_) => detail(body),
    }
}
