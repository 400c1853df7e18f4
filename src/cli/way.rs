//! The way to one app: its address, its credentials, and what carries the requests.
//!
//! Promises that secrets are fetched for the real apps only, and that a target which lacks one says
//! so and stops only itself. Leaves the layers above to [`super::assemble`].

use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use super::trouble;
use crate::config::{AuthConfig, TargetConfig};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::auth::Credentials;
use crate::http::client::{ClientError, ReqwestTransport};
use crate::http::token::ClientCredentials;
use crate::http::{Answer, Request, Transport};
use crate::sandbox;
use crate::secret::{Secret, SecretError};

/// The way to one app.
pub struct Way {
    /// Where it is.
    pub base_url: Url,
    /// How we prove who we are.
    pub credentials: Credentials,
    /// What carries the requests.
    pub transport: Arc<dyn Transport>,
}

/// What a target lacks on our side.
#[derive(Debug, thiserror::Error)]
enum Lack {
    /// One of its secrets.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A client that trusts its CA.
    #[error(transparent)]
    Client(#[from] ClientError),
}

impl Lack {
    /// A way that ends here: the target says what it lacks as soon as it is asked for anything, and
    /// the other targets go on.
    fn way(&self, target: &TargetConfig) -> Way {
        let mut detail = self.to_string();
        for cause in trouble::causes(self) {
            detail.push_str(&format!(": {cause}"));
        }
        Way {
            base_url: target.base_url.clone(),
            credentials: Credentials::Bearer(Secret::new("none")),
            transport: Arc::new(Blocked(Fault::new(
                FaultKind::Unready,
                Effect::None,
                detail,
            ))),
        }
    }
}

/// Sends nothing.
struct Blocked(Fault);

#[async_trait]
impl Transport for Blocked {
    async fn send(&self, _: Request) -> Result<Answer, Fault> {
        Err(self.0.clone())
    }
}

/// The way to the real app, with its secrets.
pub(super) fn real(target: &TargetConfig) -> Way {
    equipped(target).unwrap_or_else(|lack| lack.way(target))
}

fn equipped(target: &TargetConfig) -> Result<Way, Lack> {
    let credentials = match &target.auth {
        AuthConfig::Bearer(token) => Credentials::Bearer(token.resolve()?),
        AuthConfig::Oauth2(oauth2) => Credentials::Oauth2(ClientCredentials {
            token_url: oauth2.token_url.clone(),
            client_id: oauth2.client_id.resolve()?,
            client_secret: oauth2.client_secret.resolve()?,
            client_auth: oauth2.client_auth,
            scopes: oauth2.scopes.clone(),
            audience: oauth2.audience.clone(),
            extra: oauth2.extra.clone(),
        }),
    };
    Ok(Way {
        base_url: target.base_url.clone(),
        credentials,
        transport: Arc::new(ReqwestTransport::new(target.ca.as_deref())?),
    })
}

/// The way to the sandbox copy of a target at `root`.
#[must_use]
pub fn sandboxed(target: &TargetConfig, root: &Url, transport: Arc<dyn Transport>) -> Way {
    let name = &target.rules.target;
    let known = sandbox::credentials(name);
    let credentials = match &target.auth {
        AuthConfig::Bearer(_) => Credentials::Bearer(known.token),
        AuthConfig::Oauth2(oauth2) => Credentials::Oauth2(ClientCredentials {
            token_url: sandbox::token_url(root, name),
            client_id: Secret::new(known.client_id),
            client_secret: known.client_secret,
            client_auth: oauth2.client_auth,
            scopes: oauth2.scopes.clone(),
            audience: oauth2.audience.clone(),
            extra: oauth2.extra.clone(),
        }),
    };
    Way {
        base_url: sandbox::base_url(root, name),
        credentials,
        transport,
    }
}
