//! Access tokens of an `OAuth2` server (RFC 6749): with client credentials, a password, a refresh
//! token, the consent of a person, or a grant of the vendor's own.
//!
//! Promises to understand the token answers that are out there, faults that say what the token
//! endpoint said without any secret in them, and that a rotated refresh token is kept before it is
//! used. Leaves holding an access token, and asking again, to [`super::auth`].

mod answer;
mod endpoint;
mod errand;
mod form;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

pub use self::errand::exchange;
pub(super) use self::errand::{Errand, obtain};
use crate::secret::Secret;

/// A token is renewed so long before its end, or a tenth of its life if that is shorter.
const MARGIN: Duration = Duration::from_mins(1);

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
pub struct Oauth2Client {
    /// Where tokens are had.
    pub token_url: Url,
    /// Who we are.
    pub client_id: Secret,
    /// The proof; a public client has none.
    pub client_secret: Option<Secret>,
    /// How the proof is sent.
    pub client_auth: ClientAuth,
    /// What we have to show for a token.
    pub grant: Grant,
    /// The scopes to ask for; none: none is sent.
    pub scopes: Vec<String>,
    /// The `audience` to ask for.
    pub audience: Option<String>,
    /// Further form fields.
    pub extra: BTreeMap<String, Secret>,
}

/// What is shown for a token.
#[derive(Clone, Debug)]
pub enum Grant {
    /// Who the client is (RFC 6749, 4.4).
    ClientCredentials,
    /// The password of a service account (RFC 6749, 4.3). A refresh token that comes with it is used
    /// until it is refused.
    Password {
        /// The account.
        username: Secret,
        /// Its password.
        password: Secret,
    },
    /// A refresh token (RFC 6749, 6): the one that is kept, else this one.
    RefreshToken {
        /// The first of them.
        first: Secret,
    },
    /// A refresh token from the consent of a person (RFC 6749, 4.1).
    AuthorizationCode {
        /// The command that asks for consent.
        remedy: String,
    },
    /// A grant of the vendor's own, by its name: all else is in the further form fields.
    Vendor(String),
}

impl Grant {
    /// Does it live on a refresh token that is kept?
    fn is_kept(&self) -> bool {
        match self {
            Self::Password { .. } | Self::RefreshToken { .. } | Self::AuthorizationCode { .. } => {
                true
            }
            Self::ClientCredentials | Self::Vendor(_) => false,
        }
    }
}

/// An access token and how long it may be used.
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
    /// A token that was asked for at `asked`, and lasts for `span`, or until the app says otherwise.
    fn new(secret: Secret, span: Option<Duration>, asked: Timestamp) -> Self {
        let life = span.map(|span| Life {
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
}

#[cfg(test)]
mod tests;
