//! The token endpoint: what goes out to it, and what its refusals mean.
//!
//! Promises that only an answer which holds a token gets through, and that no fault holds our
//! secrets. Leaves which form is sent, and what follows a refusal, to the errand.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use url::Url;

use super::answer::{RefusalAnswer, TokenAnswer};
use super::form::Form;
use crate::clock::Clock;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::answer::{classify, clean, detail, is_page, redirection};
use crate::http::{About, Answer, Request, Transport};

/// How long a token endpoint may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no token.
#[derive(Debug)]
pub(super) enum NoToken {
    /// What we showed is not good, or not good any more: `invalid_grant`.
    Grant(Fault),
    /// We are refused, whatever we show.
    Refused(Fault),
    /// The endpoint said nothing about us.
    Other(Fault),
}

impl NoToken {
    pub(super) fn into_fault(self) -> Fault {
        match self {
            Self::Grant(fault) | Self::Refused(fault) | Self::Other(fault) => fault,
        }
    }
}

/// A token endpoint.
pub(super) struct Endpoint<'a, T> {
    pub(super) transport: &'a T,
    pub(super) url: &'a Url,
    pub(super) clock: &'a Clock,
}

impl<T: Transport> Endpoint<'_, T> {
    /// Sends the form, once.
    pub(super) async fn send(&self, form: &Form) -> Result<TokenAnswer, NoToken> {
        let request = Request {
            method: Method::POST,
            url: self.url.clone(),
            headers: form.headers(),
            body: Bytes::copy_from_slice(form.body().expose().as_bytes()),
            timeout: TIMEOUT,
            about: About::Token,
        };
        let sent = self.transport.send(request).await;
        let answer = sent.map_err(|fault| NoToken::Other(relay(&fault)))?;
        self.judge(&answer, form)?;
        TokenAnswer::read(&answer.body).ok_or_else(|| {
            let reason = "the answer holds no `access_token` for us";
            NoToken::Other(self.fault(FaultKind::Garbled, reason, form))
        })
    }

    /// Is this an answer that may hold a token?
    fn judge(&self, answer: &Answer, form: &Form) -> Result<(), NoToken> {
        let fault = match classify(answer, self.clock.now()) {
            Ok(()) => return self.judge_body(answer, form),
            Err(fault) => fault,
        };
        if fault.kind == FaultKind::Unauthenticated || fault.kind.is_refusal() {
            return Err(self.refusal(answer, form));
        }
        let is_elsewhere = fault.kind == FaultKind::Misdirected;
        let reason = if is_elsewhere && is_page(answer) {
            "an HTML page; is token_url right?".to_owned()
        } else if is_elsewhere && answer.status.is_redirection() {
            format!("{}; is token_url right?", redirection(&answer.headers))
        } else {
            fault.detail.clone()
        };
        Err(NoToken::Other(Fault {
            status: fault.status,
            retry_after: fault.retry_after,
            ..self.fault(fault.kind, &reason, form)
        }))
    }

    /// Some endpoints refuse with a 200.
    fn judge_body(&self, answer: &Answer, form: &Form) -> Result<(), NoToken> {
        match serde_json::from_slice::<RefusalAnswer>(&answer.body) {
            Ok(_) => Err(self.refusal(answer, form)),
            Err(_) => Ok(()),
        }
    }

    fn refusal(&self, answer: &Answer, form: &Form) -> NoToken {
        let said = serde_json::from_slice::<RefusalAnswer>(&answer.body);
        let reason = match &said {
            Ok(refusal) => match &refusal.error_description {
                Some(description) => format!("{}: {description}", refusal.error),
                None => refusal.error.clone(),
            },
            Err(_) => detail(&answer.body),
        };
        let fault = Fault {
            status: Some(answer.status.as_u16()),
            ..self.fault(FaultKind::Unauthenticated, &refused(&reason), form)
        };
        match said {
            Ok(refusal) if refusal.error == "invalid_grant" => NoToken::Grant(fault),
            Ok(_) | Err(_) => NoToken::Refused(fault),
        }
    }

    /// A fault of the endpoint's.
    fn fault(&self, kind: FaultKind, reason: &str, form: &Form) -> Fault {
        let host = self.url.host_str().unwrap_or("no host");
        let detail = if reason.is_empty() {
            format!("the token endpoint {host}")
        } else {
            format!("the token endpoint {host}: {reason}")
        };
        Fault::new(kind, Effect::None, clean(&form.conceal(&detail)))
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

/// How a refusal is told.
fn refused(reason: &str) -> String {
    if reason.is_empty() {
        "refused our client credentials, without a reason".into()
    } else {
        format!("refused our client credentials: {reason}")
    }
}
