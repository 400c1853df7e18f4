//! Who we are to an app: the proof on each request.
//!
//! Promises that credentials go to the configured origin alone, that tokens are fetched once for all
//! who wait for one, that a refused token is renewed and its request sent again once and no more, and
//! that refused credentials are not tried for ever, in this run or in the next: some apps lock an
//! address out after a few dozen bad logins. Leaves every other repetition to the engine.

mod breaker;
mod fixed;
mod held;
mod remark;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use jiff::Timestamp;
use url::{Origin, Url};

use self::breaker::Breaker;
use self::fixed::{Choice, Fixed};
use self::held::{Held, TokenDesk};
use super::answer::detail;
use super::keeper::{Forgetful, Keeper};
use super::token::{self, Errand, Oauth2Client, Token};
use super::{Answer, Request, Transport};
use crate::clock::Clock;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::secret::Secret;

pub use self::remark::Remarks;
pub use super::proof::Proof;

/// What we prove ourselves with.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Fixed ones, in the order in which they are tried.
    Fixed(Vec<FixedProof>),
    /// Tokens of an `OAuth2` server (RFC 6749).
    Oauth2(Box<Oauth2Client>),
}

impl Credentials {
    /// One fixed token.
    #[must_use]
    pub fn bearer(token: &Secret) -> Self {
        Self::Fixed(vec![FixedProof {
            name: "the token".into(),
            proof: Proof::bearer(token),
        }])
    }
}

/// A fixed proof.
#[derive(Clone, Debug)]
pub struct FixedProof {
    /// Where it is kept, for people.
    pub name: String,
    /// The proof.
    pub proof: Proof,
}

/// A transport that proves who we are. It lasts for one run: refused credentials stay refused until
/// another one is made.
pub struct Authorized<T> {
    inner: T,
    origin: Origin,
    source: ProofSource,
    breaker: Breaker,
    clock: Clock,
    keeper: Arc<dyn Keeper>,
    remarks: Remarks,
}

/// Where proofs come from.
enum ProofSource {
    /// The config.
    Fixed(Fixed),
    /// A token endpoint.
    Desk(Box<TokenDesk>),
}

/// What came of a request with a fixed proof.
enum Tried {
    Answered(Answer),
    /// Not with this one; there is another.
    Again,
}

impl<T: Transport> Authorized<T> {
    /// Sends through `inner`, with `credentials`, to the scheme, host and port of `base_url` and to
    /// nowhere else. Token requests go through `inner` too. Remembers nothing beyond its own life,
    /// until it gets a keeper.
    #[must_use]
    pub fn new(inner: T, base_url: &Url, credentials: Credentials, clock: Clock) -> Self {
        let source = match credentials {
            Credentials::Fixed(proofs) => ProofSource::Fixed(Fixed::new(proofs)),
            Credentials::Oauth2(client) => ProofSource::Desk(Box::new(TokenDesk::new(*client))),
        };
        Self {
            inner,
            origin: base_url.origin(),
            source,
            breaker: Breaker::default(),
            clock,
            keeper: Arc::new(Forgetful::default()),
            remarks: Remarks::default(),
        }
    }

    /// Remembers refresh tokens and refusals with `keeper`.
    #[must_use]
    pub fn kept_by(self, keeper: Arc<dyn Keeper>) -> Self {
        Self { keeper, ..self }
    }

    /// What there is to know about the credentials, as it comes up.
    #[must_use]
    pub fn remarks(&self) -> Remarks {
        self.remarks.clone()
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

    async fn send_with(&self, mut request: Request, proof: &Proof) -> Result<Answer, Fault> {
        proof.put(&mut request.headers)?;
        let answer = self.inner.send(request).await?;
        Ok(proof.without_echo(answer))
    }

    async fn send_fixed(&self, fixed: &Fixed, request: Request) -> Result<Answer, Fault> {
        loop {
            self.breaker.check()?;
            let tried = match fixed.choice() {
                Choice::Proven(index) => self.go_on(fixed, index, request.clone()).await?,
                Choice::Untried(index) => self.try_first(fixed, index, request.clone()).await?,
                Choice::Spent => return Err(spent()),
            };
            match tried {
                Tried::Answered(answer) => return Ok(answer),
                Tried::Again => {}
            }
        }
    }

    /// With a proof that has worked.
    async fn go_on(&self, fixed: &Fixed, index: usize, request: Request) -> Result<Tried, Fault> {
        let answer = self.send_with(request, fixed.proof(index)).await?;
        if answer.status == StatusCode::UNAUTHORIZED && fixed.has_other(index) {
            if fixed.refuse(index) {
                let value = fixed.proof(index).value();
                self.remarks
                    .note(self.keeper.refuse(value, self.clock.now()));
            }
            return Ok(Tried::Again);
        }
        self.learn(&answer);
        Ok(Tried::Answered(answer))
    }

    /// With a proof that nobody has tried yet; whoever comes meanwhile waits for what comes of it.
    async fn try_first(
        &self,
        fixed: &Fixed,
        index: usize,
        request: Request,
    ) -> Result<Tried, Fault> {
        let _turn = fixed.turn.lock().await;
        if fixed.choice() != Choice::Untried(index) {
            return Ok(Tried::Again);
        }
        let proof = fixed.proof(index);
        if let Err(fault) = resting(&*self.keeper, proof.value(), self.clock.now()) {
            return self.give_up(fixed, index, fault);
        }
        let answer = self.send_with(request, proof).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.remarks
                .note(self.keeper.refuse(proof.value(), self.clock.now()));
            fixed.refuse(index);
            if fixed.choice() != Choice::Spent {
                return Ok(Tried::Again);
            }
            self.breaker.open(&detail(&answer.body));
        } else if proves(answer.status) {
            self.remarks.note(self.keeper.accept(proof.value()));
            if let Some(remark) = fixed.accept(index) {
                self.remarks.add(remark);
            }
        }
        Ok(Tried::Answered(answer))
    }

    /// This one rests; without another one nothing is sent in this run.
    fn give_up(&self, fixed: &Fixed, index: usize, fault: Fault) -> Result<Tried, Fault> {
        fixed.refuse(index);
        if fixed.choice() != Choice::Spent {
            return Ok(Tried::Again);
        }
        self.breaker.open_with(&fault);
        Err(fault)
    }

    async fn send_token(&self, desk: &TokenDesk, request: Request) -> Result<Answer, Fault> {
        let token = self.token(desk, None).await?;
        let proof = Proof::bearer(&token.secret);
        let mut answer = self.send_with(request.clone(), &proof).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let fresh = self.token(desk, Some(&token)).await?;
            answer = self
                .send_with(request, &Proof::bearer(&fresh.secret))
                .await?;
        }
        self.learn(&answer);
        Ok(answer)
    }

    /// The token in hand, but not `stale`, or a new one; whoever comes meanwhile waits and takes what
    /// came of it.
    async fn token(
        &self,
        desk: &TokenDesk,
        stale: Option<&Arc<Token>>,
    ) -> Result<Arc<Token>, Fault> {
        let seen = desk.visits();
        let mut held = desk.held.lock().await;
        self.breaker.check()?;
        if let Some(token) = held.usable(stale, &self.clock) {
            return Ok(token);
        }
        let visited = desk.visits() != seen;
        if let Some(failure) = held.failure.as_ref().filter(|_| visited) {
            return Err(failure.clone());
        }
        let fetched = self.fetch(&desk.client, &mut held, stale).await;
        desk.note_visit();
        fetched
    }

    /// Asks the token endpoint, and keeps what it says. One refusal is enough: the next would be the
    /// same.
    async fn fetch(
        &self,
        client: &Oauth2Client,
        held: &mut Held,
        stale: Option<&Arc<Token>>,
    ) -> Result<Arc<Token>, Fault> {
        let errand = Errand {
            transport: &self.inner,
            client,
            clock: &self.clock,
            keeper: &*self.keeper,
            remarks: &self.remarks,
        };
        let fault = match token::obtain(&errand).await {
            Ok(token) => return Ok(held.keep(Arc::new(token))),
            Err(fault) => fault,
        };
        let is_refused = fault.kind == FaultKind::Unauthenticated;
        if is_refused && fault.status.is_some() {
            self.breaker.open(&fault.detail);
        } else if is_refused || fault.kind == FaultKind::Unready {
            self.breaker.open_with(&fault);
        } else if let Some(token) = held.stretch(stale, &self.clock) {
            return Ok(token);
        }
        held.failure = Some(fault.clone());
        Err(fault)
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
        match &self.source {
            ProofSource::Fixed(fixed) => self.send_fixed(fixed, request).await,
            ProofSource::Desk(desk) => self.send_token(desk, request).await,
        }
    }
}

/// Does this answer show that the app knows us? One that may come from a proxy, or from an app that
/// is down or busy, does not.
fn proves(status: StatusCode) -> bool {
    let busy = [
        StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_success() || status.is_client_error() && !busy.contains(&status)
}

/// Must these credentials rest, since they were refused?
///
/// # Errors
/// When they must, until when; or when that cannot be known.
pub(super) fn resting(
    keeper: &dyn Keeper,
    credentials: &Secret,
    now: Timestamp,
) -> Result<(), Fault> {
    let refusals = keeper
        .refusals(credentials)
        .map_err(|error| error.fault())?;
    let Some(next) = refusals.next_try(keeper.urgency(), now) else {
        return Ok(());
    };
    let times = match refusals.count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    };
    let text = format!(
        "not sent: the app has refused these credentials {times}, and more tries could get us locked \
         out; the next try is at {}, or as soon as they are others",
        next.strftime("%H:%M UTC")
    );
    Err(Fault {
        retry_after: Duration::try_from(next.duration_since(now)).ok(),
        ..Fault::new(FaultKind::Unauthenticated, Effect::None, text)
    })
}

/// Nobody comes here while the breaker is open, and it opens when the last proof is refused.
fn spent() -> Fault {
    Fault::new(
        FaultKind::Unauthenticated,
        Effect::None,
        "not sent: every credential we have was refused",
    )
}

#[cfg(test)]
mod tests;
