//! Who we are to an app: the `Authorization` header on each request.
//!
//! Promises that credentials go to the configured origin alone, that tokens are fetched once for all
//! who wait for one, that a refused token is renewed and its request sent again once and no more, and
//! that refused credentials are not tried for ever: some apps lock an address out after a few dozen
//! bad logins. Leaves every other repetition to the engine.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use http::header::AUTHORIZATION;
use url::{Origin, Url};

use super::answer::detail;
use super::token::{self, ClientCredentials, Token};
use super::{Answer, Request, Transport};
use crate::clock::Clock;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::secret::Secret;

/// Refusals in a row after which we stop trying.
const MOST_REFUSALS: u32 = 3;

/// What we prove ourselves with.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A fixed token (RFC 6750).
    Bearer(Secret),
    /// `OAuth2` client credentials (RFC 6749, 4.4).
    Oauth2(ClientCredentials),
}

/// A transport that proves who we are. It lasts for one run: refused credentials stay refused until
/// another one is made.
pub struct Authorized<T> {
    inner: T,
    origin: Origin,
    source: TokenSource,
    breaker: Breaker,
    clock: Clock,
}

/// Where tokens come from.
enum TokenSource {
    /// The one from the config.
    Fixed(Arc<Token>),
    /// A token endpoint.
    Endpoint(Box<Endpoint>),
}

/// A token endpoint and what it gave us.
struct Endpoint {
    credentials: ClientCredentials,
    held: tokio::sync::Mutex<Held>,
    /// Visits so far; who waited for `held` sees by it whether somebody else went.
    visits: AtomicU64,
}

/// What the last visit to the token endpoint brought.
#[derive(Default)]
struct Held {
    token: Option<Arc<Token>>,
    failure: Option<Fault>,
}

impl<T: Transport> Authorized<T> {
    /// Sends through `inner`, with `credentials`, to the scheme, host and port of `base_url` and to
    /// nowhere else. Token requests go through `inner` too.
    #[must_use]
    pub fn new(inner: T, base_url: &Url, credentials: Credentials, clock: Clock) -> Self {
        let source = match credentials {
            Credentials::Bearer(secret) => TokenSource::Fixed(Arc::new(Token::lasting(secret))),
            Credentials::Oauth2(credentials) => TokenSource::Endpoint(Box::new(Endpoint {
                credentials,
                held: tokio::sync::Mutex::default(),
                visits: AtomicU64::new(0),
            })),
        };
        let breaker = Breaker::default();
        Self {
            inner,
            origin: base_url.origin(),
            source,
            breaker,
            clock,
        }
    }

    fn admit(&self, url: &Url) -> Result<(), Fault> {
        let origin = url.origin();
        if origin == self.origin {
            return Ok(());
        }
        Err(Fault::new(
            FaultKind::Rejected,
            Effect::None,
            format!(
                "not sent: our credentials are for {} only, not for {}",
                self.origin.ascii_serialization(),
                origin.ascii_serialization()
            ),
        ))
    }

    /// The token to use; another one than `stale`, if that can be.
    async fn token(&self, stale: Option<&Arc<Token>>) -> Result<Arc<Token>, Fault> {
        match &self.source {
            TokenSource::Fixed(token) => self.breaker.check().map(|()| Arc::clone(token)),
            TokenSource::Endpoint(endpoint) => self.token_of(endpoint, stale).await,
        }
    }

    /// The token in hand, or a new one; whoever comes meanwhile waits and takes what came of it.
    async fn token_of(
        &self,
        endpoint: &Endpoint,
        stale: Option<&Arc<Token>>,
    ) -> Result<Arc<Token>, Fault> {
        let seen = endpoint.visits.load(Ordering::SeqCst);
        let mut held = endpoint.held.lock().await;
        self.breaker.check()?;
        if let Some(token) = held.usable(stale, &self.clock) {
            return Ok(token);
        }
        let visited = endpoint.visits.load(Ordering::SeqCst) != seen;
        if let Some(failure) = held.failure.as_ref().filter(|_| visited) {
            return Err(failure.clone());
        }
        let fetched = self.fetch(&endpoint.credentials, &mut held, stale).await;
        endpoint.visits.fetch_add(1, Ordering::SeqCst);
        fetched
    }

    /// Asks the token endpoint, and keeps what it says.
    async fn fetch(
        &self,
        credentials: &ClientCredentials,
        held: &mut Held,
        stale: Option<&Arc<Token>>,
    ) -> Result<Arc<Token>, Fault> {
        let fault = match token::request(&self.inner, credentials, &self.clock).await {
            Ok(token) => return Ok(held.keep(Arc::new(token))),
            Err(fault) => fault,
        };
        if fault.kind == FaultKind::Unauthenticated {
            self.breaker.refuse(&fault.detail);
        } else if let Some(token) = held.stretch(stale, &self.clock) {
            return Ok(token);
        }
        held.failure = Some(fault.clone());
        Err(fault)
    }

    async fn send_with(&self, mut request: Request, token: &Token) -> Result<Answer, Fault> {
        request.headers.insert(AUTHORIZATION, token.header()?);
        let answer = self.inner.send(request).await?;
        Ok(without_echo(answer, &token.secret))
    }

    /// Can another token be had when one is refused?
    fn is_renewable(&self) -> bool {
        match self.source {
            TokenSource::Fixed(_) => false,
            TokenSource::Endpoint(_) => true,
        }
    }

    fn learn(&self, answer: &Answer) {
        if answer.status == StatusCode::UNAUTHORIZED {
            self.breaker.refuse(&detail(&answer.body));
        } else if answer.status.is_success() {
            self.breaker.accept();
        }
    }
}

#[async_trait]
impl<T: Transport> Transport for Authorized<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.admit(&request.url)?;
        let token = self.token(None).await?;
        let mut answer = self.send_with(request.clone(), &token).await?;
        if answer.status == StatusCode::UNAUTHORIZED && self.is_renewable() {
            let fresh = self.token(Some(&token)).await?;
            answer = self.send_with(request, &fresh).await?;
        }
        self.learn(&answer);
        Ok(answer)
    }
}

impl Held {
    /// The token, unless it is the refused one or nearly at its end.
    fn usable(&self, stale: Option<&Arc<Token>>, clock: &Clock) -> Option<Arc<Token>> {
        self.other_than(stale)
            .filter(|token| !token.is_due(clock.now()))
    }

    /// The token to its very end, since there is no other.
    fn stretch(&mut self, stale: Option<&Arc<Token>>, clock: &Clock) -> Option<Arc<Token>> {
        let token = self.other_than(stale)?.stretched(clock.now())?;
        Some(self.keep(Arc::new(token)))
    }

    fn other_than(&self, stale: Option<&Arc<Token>>) -> Option<Arc<Token>> {
        self.token
            .clone()
            .filter(|token| stale.is_none_or(|stale| !Arc::ptr_eq(token, stale)))
    }

    fn keep(&mut self, token: Arc<Token>) -> Arc<Token> {
        self.failure = None;
        self.token = Some(Arc::clone(&token));
        token
    }
}

/// An answer that is no success, without our token: some apps repeat it in their complaint.
fn without_echo(answer: Answer, secret: &Secret) -> Answer {
    if answer.status.is_success() || secret.expose().is_empty() {
        return answer;
    }
    match std::str::from_utf8(&answer.body) {
        Ok(text) if text.contains(secret.expose()) => {
            let body = Bytes::from(token::conceal(text, secret.expose()));
            Answer { body, ..answer }
        }
        Ok(_) | Err(_) => answer,
    }
}

/// Counts refusals of our credentials, and stops at the third in a row.
#[derive(Debug, Default)]
struct Breaker(Mutex<Refusals>);

#[derive(Debug, Default)]
struct Refusals {
    count: u32,
    last: String,
}

impl Breaker {
    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> Result<(), Fault> {
        let refusals = self.refusals();
        if refusals.count < MOST_REFUSALS {
            return Ok(());
        }
        let mut reason = format!(
            "not sent: our credentials were refused {} times in a row, and more tries could get us \
             locked out; correct them and start again",
            refusals.count
        );
        if !refusals.last.is_empty() {
            reason = format!("{reason} (last: {})", refusals.last);
        }
        Err(Fault::new(
            FaultKind::Unauthenticated,
            Effect::None,
            super::answer::clean(&reason),
        ))
    }

    fn refuse(&self, reason: &str) {
        let mut refusals = self.refusals();
        refusals.count = refusals.count.saturating_add(1);
        reason.clone_into(&mut refusals.last);
    }

    fn accept(&self) {
        self.refusals().count = 0;
    }
}

#[cfg(test)]
mod tests;
