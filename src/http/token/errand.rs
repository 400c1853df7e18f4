//! Getting a token: what is shown for it, in which order, and what is kept of the answer.
//!
//! Promises that a refresh token is used by one program at a time and kept before its access token is
//! used, and that the same refused credentials are not shown again before they have rested. Leaves
//! how long a token is used to [`crate::http::auth`].

use super::answer::TokenAnswer;
use super::endpoint::{Endpoint, NoToken};
use super::form::{Form, Shown};
use super::{Grant, Oauth2Client, Token};
use crate::clock::Clock;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::Transport;
use crate::http::auth::{Remarks, resting};
use crate::http::consent::Agreed;
use crate::http::keeper::{Keeper, KeeperError};
use crate::secret::Secret;

/// What it takes to get a token.
pub(in crate::http) struct Errand<'a, T> {
    pub(in crate::http) transport: &'a T,
    pub(in crate::http) client: &'a Oauth2Client,
    pub(in crate::http) clock: &'a Clock,
    pub(in crate::http) keeper: &'a dyn Keeper,
    pub(in crate::http) remarks: &'a Remarks,
}

/// Gets a token.
///
/// # Errors
/// [`FaultKind::Unauthenticated`] when the token endpoint refuses us, with its status, or when refused
/// credentials have to rest, without one; [`FaultKind::Unready`] when a person has to consent first;
/// else what kept it from answering. The effect is always [`Effect::None`]: the app has not been asked
/// for anything yet.
pub(in crate::http) async fn obtain<T: Transport>(errand: &Errand<'_, T>) -> Result<Token, Fault> {
    let client = errand.client;
    let _turn = if client.grant.is_kept() {
        Some(errand.keeper.turn().await.map_err(|error| error.fault())?)
    } else {
        None
    };
    let got = match &client.grant {
        Grant::ClientCredentials => errand.show(&Shown::Client).await,
        Grant::Vendor(name) => errand.show(&Shown::Vendor(name)).await,
        Grant::Password { username, password } => errand.with_password(username, password).await,
        Grant::RefreshToken { first } => errand.with_first(first).await,
        Grant::AuthorizationCode { remedy } => errand.with_consent(remedy).await,
    };
    got.map_err(NoToken::into_fault)
}

/// Turns the code of a consent into tokens, and keeps the refresh token (RFC 6749, 4.1.3; RFC 7636,
/// 4.5).
///
/// # Errors
/// When the endpoint refuses, gives no refresh token, or when that cannot be kept.
pub async fn exchange<T: Transport>(
    transport: &T,
    client: &Oauth2Client,
    agreed: &Agreed,
    keeper: &dyn Keeper,
    clock: &Clock,
) -> Result<(), Fault> {
    let _turn = keeper.turn().await.map_err(|error| error.fault())?;
    let form = Form::new(client, &Shown::Code(agreed));
    let endpoint = Endpoint {
        transport,
        url: &client.token_url,
        clock,
    };
    let answer = endpoint.send(&form).await.map_err(NoToken::into_fault)?;
    let refresh = answer.refresh_token.ok_or_else(|| {
        Fault::new(
            FaultKind::Rejected,
            Effect::None,
            "the token endpoint gave no refresh token, and without one a consent lasts no longer \
             than an hour; many give one when `scopes` has `offline_access`, or when the client is \
             allowed refresh tokens",
        )
    })?;
    keeper.keep(&refresh).map_err(|error| error.fault())
}

impl<T: Transport> Errand<'_, T> {
    /// With the kept refresh token, else with the password.
    async fn with_password(&self, username: &Secret, password: &Secret) -> Result<Token, NoToken> {
        match self.with_kept().await {
            Ok(Some(token)) => return Ok(token),
            Ok(None) | Err(NoToken::Grant(_)) => {}
            Err(other) => return Err(other),
        }
        self.show(&Shown::Password(username, password)).await
    }

    /// With the kept refresh token, else with the first one.
    async fn with_first(&self, first: &Secret) -> Result<Token, NoToken> {
        match self.with_kept().await {
            Ok(Some(token)) => return Ok(token),
            Ok(None) | Err(NoToken::Grant(_)) => {}
            Err(other) => return Err(other),
        }
        self.refresh(first).await
    }

    /// With the refresh token of a consent.
    async fn with_consent(&self, remedy: &str) -> Result<Token, NoToken> {
        match self.with_kept().await {
            Ok(Some(token)) => Ok(token),
            Ok(None) => Err(NoToken::Other(Fault::new(
                FaultKind::Unready,
                Effect::None,
                format!("nobody has given consent yet; run: {remedy}"),
            ))),
            Err(NoToken::Grant(fault)) => {
                let detail = format!("{}; the consent has ended: run: {remedy}", fault.detail);
                Err(NoToken::Grant(Fault { detail, ..fault }))
            }
            Err(other) => Err(other),
        }
    }

    /// With the kept refresh token, if there is one; it is forgotten when it is refused.
    async fn with_kept(&self) -> Result<Option<Token>, NoToken> {
        let Some(kept) = self
            .keeper
            .refresh_token()
            .map_err(|error| unready(&error))?
        else {
            return Ok(None);
        };
        let got = self.refresh(&kept).await;
        if let Err(NoToken::Grant(_)) = &got {
            self.keeper.forget().map_err(|error| unready(&error))?;
        }
        got.map(Some)
    }

    async fn refresh(&self, token: &Secret) -> Result<Token, NoToken> {
        self.show(&Shown::Refresh(token)).await
    }

    /// Shows what there is to show, unless it has to rest.
    async fn show(&self, shown: &Shown<'_>) -> Result<Token, NoToken> {
        let form = Form::new(self.client, shown);
        let mark = form.mark();
        let asked = self.clock.now();
        resting(self.keeper, &mark, asked).map_err(NoToken::Refused)?;
        let endpoint = Endpoint {
            transport: self.transport,
            url: &self.client.token_url,
            clock: self.clock,
        };
        let got = endpoint.send(&form).await;
        match &got {
            Ok(_) => self.remarks.note(self.keeper.accept(&mark)),
            Err(NoToken::Grant(_) | NoToken::Refused(_)) => {
                self.remarks.note(self.keeper.refuse(&mark, asked));
            }
            Err(NoToken::Other(_)) => {}
        }
        got.map(|answer| self.keep(answer, asked))
    }

    /// Keeps the refresh token, where the grant lives on one, before the access token is used.
    fn keep(&self, answer: TokenAnswer, asked: jiff::Timestamp) -> Token {
        if let Some(refresh) = &answer.refresh_token
            && self.client.grant.is_kept()
        {
            self.remarks.note(self.keeper.keep(refresh));
        }
        Token::new(answer.access_token, answer.life, asked)
    }
}

fn unready(error: &KeeperError) -> NoToken {
    NoToken::Other(error.fault())
}
