//! Access tokens by `OAuth2` client credentials (RFC 6749, 4.4).
//!
//! Promises to understand the token answers that are out there, and faults that say what the token
//! endpoint said without any secret in them. Leaves keeping a token, and asking again, to
//! [`super::auth`].

mod endpoint;

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderValue;
use jiff::Timestamp;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AccessToken, AuthType, ClientId, ClientSecret, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, TokenResponse, TokenUrl,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;
use url::Url;

pub(super) use self::endpoint::conceal;
use self::endpoint::{Endpoint, refused};
use super::Transport;
use crate::clock::Clock;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::secret::Secret;

/// A token is renewed so long before its end, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_mins(1);
/// The longest life of a token that we count with; a longer one is renewed all the same.
const LONGEST_LIFE: u64 = 30 * 24 * 3600;

/// How an `OAuth2` client proves itself (RFC 6749, 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// HTTP Basic.
    #[default]
    Basic,
    /// In the form.
    Post,
}

/// All that it takes to ask for a token.
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// Where tokens are had.
    pub token_url: Url,
    /// Who we are.
    pub client_id: Secret,
    /// The proof.
    pub client_secret: Secret,
    /// How the proof is sent.
    pub client_auth: ClientAuth,
    /// The scopes to ask for; none: none is sent.
    pub scopes: Vec<String>,
    /// The `audience` to ask for.
    pub audience: Option<String>,
    /// Further form fields.
    pub extra: BTreeMap<String, String>,
}

/// A token as it is sent and how long it may be used.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) secret: Secret,
    life: Option<Life>,
}

#[derive(Clone, Copy, Debug)]
struct Life {
    renew: Timestamp,
    end: Timestamp,
}

impl Token {
    /// A token that lasts until the app says otherwise.
    pub(super) fn lasting(secret: Secret) -> Self {
        Self { secret, life: None }
    }

    fn new(answer: &TokenAnswer, asked: Timestamp) -> Self {
        let secret = Secret::new(answer.access_token.secret().as_str());
        let life = answer.expires_in().map(|span| Life {
            renew: asked + span.saturating_sub(MARGIN.min(span / 10)),
            end: asked + span,
        });
        Self { secret, life }
    }

    /// Is it time for another one?
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.life.is_some_and(|life| now >= life.renew)
    }

    /// The same token, to be used to its very end, when no other can be had.
    pub(super) fn stretched(&self, now: Timestamp) -> Option<Self> {
        let life = self.life.filter(|life| now < life.end)?;
        let life = Life {
            renew: life.end,
            end: life.end,
        };
        Some(Self {
            secret: self.secret.clone(),
            life: Some(life),
        })
    }

    /// The value of the `Authorization` header (RFC 6750, 2.1), marked sensitive.
    ///
    /// # Errors
    /// When the token holds a character that no header may hold.
    pub(super) fn header(&self) -> Result<HeaderValue, Fault> {
        let mut value =
            HeaderValue::from_str(&format!("Bearer {}", self.secret.expose())).map_err(|_| {
                Fault::new(
                    FaultKind::Unauthenticated,
                    Effect::None,
                    "the token holds a character that cannot be sent; look for a line end inside it",
                )
            })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Asks for a token.
///
/// # Errors
/// [`FaultKind::Unauthenticated`] when the token endpoint refuses us; else what kept it from
/// answering. The effect is always [`Effect::None`]: the app has not been asked for anything yet.
pub(super) async fn request<T: Transport>(
    transport: &T,
    credentials: &ClientCredentials,
    clock: &Clock,
) -> Result<Token, Fault> {
    let endpoint = Endpoint {
        transport,
        credentials,
        clock,
    };
    let client = Client::new(ClientId::new(credentials.client_id.expose().into()))
        .set_client_secret(ClientSecret::new(credentials.client_secret.expose().into()))
        .set_auth_type(match credentials.client_auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Post => AuthType::RequestBody,
        })
        .set_token_uri(TokenUrl::from_url(credentials.token_url.clone()));
    let mut exchange = client
        .exchange_client_credentials()
        .add_scopes(credentials.scopes.iter().cloned().map(Scope::new));
    if let Some(audience) = &credentials.audience {
        exchange = exchange.add_extra_param("audience", audience.as_str());
    }
    for (name, value) in &credentials.extra {
        exchange = exchange.add_extra_param(name.as_str(), value.as_str());
    }
    let asked = clock.now();
    match exchange.request_async(&endpoint).await {
        Ok(answer) => Ok(Token::new(&answer, asked)),
        Err(RequestTokenError::Request(fault)) => Err(fault),
        Err(RequestTokenError::ServerResponse(refusal)) => {
            Err(endpoint.fault(FaultKind::Unauthenticated, &refused(&refusal.to_string())))
        }
        Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => Err(endpoint.fault(
            FaultKind::Garbled,
            "the answer holds no `access_token` for us",
        )),
    }
}

type Client = oauth2::Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// What a token endpoint answers. More lenient than RFC 6749, 5.1: the life may be a text, and type and
/// scope are not looked at, since many leave them out or bend them.
#[derive(Debug, Serialize, Deserialize)]
struct TokenAnswer {
    #[serde(skip_serializing)]
    access_token: AccessToken,
    #[serde(default, deserialize_with = "read_seconds")]
    expires_in: Option<u64>,
    #[serde(skip, default = "bearer")]
    token_type: BasicTokenType,
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

/// A whole number of seconds, as a number or as a text. Anything else, and zero, which some send for
/// "no end", is no life at all: the app will say when the token is spent.
fn read_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let seconds = match Json::deserialize(deserializer)? {
        Json::Number(number) => number.to_string().parse::<f64>().ok(),
        Json::String(text) => text.trim().parse::<f64>().ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    };
    Ok(seconds.filter(|seconds| *seconds >= 1.0).map(|seconds| {
        Duration::try_from_secs_f64(seconds).map_or(u64::MAX, |span| span.as_secs())
    }))
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in
            .map(|seconds| Duration::from_secs(seconds.min(LONGEST_LIFE)))
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

#[cfg(test)]
mod tests;
