//! The way to one app: its address, its credentials, and what carries the requests.
//!
//! Promises that secrets are fetched for the real apps only, and that a target which lacks one says
//! so and stops only itself. Leaves the layers above to [`super`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use url::Url;

use super::trouble;
use crate::config::{
    AuthConfig, FieldConfig, GrantConfig, Oauth2Config, ProxyConfig, TargetConfig,
};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::auth::{Credentials, FixedProof, Proof};
use crate::http::client::{ClientCertificate, ClientError, Connection, ReqwestTransport};
use crate::http::keeper::{Forgetful, Keeper};
use crate::http::proxy::{Proxy, ProxyChoice};
use crate::http::token::{Grant, Oauth2Client};
use crate::http::{Answer, Request, Transport};
use crate::sandbox;
use crate::secret::{Secret, SecretError, SecretRef};

/// The way to one app.
pub struct Way {
    /// Where it is.
    pub base_url: Url,
    /// How we prove who we are.
    pub credentials: Credentials,
    /// What carries the requests.
    pub transport: Arc<dyn Transport>,
    /// What outlives a run about the credentials.
    pub keeper: Arc<dyn Keeper>,
}

impl Way {
    /// The same way, with what is remembered by `keeper`.
    #[must_use]
    pub fn kept_by(self, keeper: Arc<dyn Keeper>) -> Self {
        Self { keeper, ..self }
    }
}

/// What a target lacks on our side.
#[derive(Debug, thiserror::Error)]
pub enum Lack {
    /// One of its secrets.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A client with its certificates.
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
            credentials: Credentials::bearer(&Secret::new("none")),
            transport: Arc::new(Blocked(Fault::new(
                FaultKind::Unready,
                Effect::None,
                detail,
            ))),
            keeper: Arc::new(Forgetful::default()),
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
pub fn real(target: &TargetConfig) -> Way {
    equipped(target).unwrap_or_else(|lack| lack.way(target))
}

/// The same.
///
/// # Errors
/// What it lacks.
pub fn equipped(target: &TargetConfig) -> Result<Way, Lack> {
    Ok(Way {
        base_url: target.base_url.clone(),
        credentials: credentials(target)?,
        transport: Arc::new(ReqwestTransport::new(&connection(target)?)?),
        keeper: Arc::new(Forgetful::default()),
    })
}

fn credentials(target: &TargetConfig) -> Result<Credentials, SecretError> {
    Ok(match &target.auth {
        AuthConfig::Bearer(tokens) => Credentials::Fixed(
            tokens
                .iter()
                .map(|token| Ok(named(token, Proof::bearer(&token.resolve()?))))
                .collect::<Result<_, SecretError>>()?,
        ),
        AuthConfig::Basic { username, password } => {
            let proof = Proof::basic(&username.resolve()?, &password.resolve()?);
            Credentials::Fixed(vec![named(password, proof)])
        }
        AuthConfig::Header { name, value } => {
            let proof = Proof::header(name.clone(), &value.resolve()?);
            Credentials::Fixed(vec![named(value, proof)])
        }
        AuthConfig::Oauth2(oauth2) => {
            let client = oauth2_client(target, oauth2)?;
            Credentials::Oauth2(Box::new(client))
        }
    })
}

fn named(place: &SecretRef, proof: Proof) -> FixedProof {
    FixedProof {
        name: place.to_string(),
        proof,
    }
}

/// The client that the config of a target describes, with its secrets.
///
/// # Errors
/// When a secret cannot be had.
pub fn oauth2_client(
    target: &TargetConfig,
    oauth2: &Oauth2Config,
) -> Result<Oauth2Client, SecretError> {
    let grant = match &oauth2.grant {
        GrantConfig::ClientCredentials => Grant::ClientCredentials,
        GrantConfig::Password { username, password } => Grant::Password {
            username: username.resolve()?,
            password: password.resolve()?,
        },
        GrantConfig::RefreshToken { first } => Grant::RefreshToken {
            first: first.resolve()?,
        },
        GrantConfig::AuthorizationCode { .. } => consented(target),
        GrantConfig::Vendor(name) => Grant::Vendor(name.clone()),
    };
    let secret = oauth2.client_secret.as_ref();
    Ok(Oauth2Client {
        token_url: oauth2.token_url.clone(),
        client_id: oauth2.client_id.resolve()?,
        client_secret: secret.map(SecretRef::resolve).transpose()?,
        client_auth: oauth2.client_auth,
        grant,
        scopes: oauth2.scopes.clone(),
        audience: oauth2.audience.clone(),
        extra: fields(oauth2, SecretRef::resolve)?,
    })
}

fn consented(target: &TargetConfig) -> Grant {
    Grant::AuthorizationCode {
        remedy: format!("rollcall authorize {}", target.rules.target),
    }
}

fn fields(
    oauth2: &Oauth2Config,
    fetch: impl Fn(&SecretRef) -> Result<Secret, SecretError>,
) -> Result<BTreeMap<String, Secret>, SecretError> {
    let fields = oauth2.extra.iter().map(|(name, field)| {
        let value = match field {
            FieldConfig::Text(text) => Secret::new(text.as_str()),
            FieldConfig::Secret(secret) => fetch(secret)?,
        };
        Ok((name.clone(), value))
    });
    fields.collect()
}

fn connection(target: &TargetConfig) -> Result<Connection, SecretError> {
    let certificate = match &target.tls.client {
        Some((certificate, key)) => Some(ClientCertificate {
            certificate: certificate.clone(),
            key: key.resolve()?,
            key_name: key.to_string(),
        }),
        None => None,
    };
    let proxy = match &target.proxy {
        ProxyConfig::Environment => ProxyChoice::Environment,
        ProxyConfig::Direct => ProxyChoice::Direct,
        ProxyConfig::Through { url, login: None } => {
            ProxyChoice::Through(Proxy::new(url.clone(), None))
        }
        ProxyConfig::Through {
            url,
            login: Some((username, password)),
        } => {
            let (username, password) = (username.resolve()?, password.resolve()?);
            ProxyChoice::Through(Proxy::new(url.clone(), Some((&username, &password))))
        }
    };
    Ok(Connection {
        ca: target.tls.ca.clone(),
        certificate,
        proxy,
    })
}

/// The way to the sandbox copy of a target at `root`. It knows a consent that was given before.
#[must_use]
pub fn sandboxed(target: &TargetConfig, root: &Url, transport: Arc<dyn Transport>) -> Way {
    let name = &target.rules.target;
    let known = sandbox::credentials(name);
    let consent = known.refresh_token.clone();
    let credentials = match &target.auth {
        AuthConfig::Bearer(tokens) => Credentials::Fixed(
            tokens
                .iter()
                .map(|token| named(token, Proof::bearer(&known.token)))
                .take(1)
                .collect(),
        ),
        AuthConfig::Basic { password, .. } => {
            let proof = Proof::basic(&Secret::new(known.username), &known.password);
            Credentials::Fixed(vec![named(password, proof)])
        }
        AuthConfig::Header { name, value } => {
            let proof = Proof::header(name.clone(), &known.token);
            Credentials::Fixed(vec![named(value, proof)])
        }
        AuthConfig::Oauth2(oauth2) => {
            let client = sandboxed_client(target, oauth2, root, known);
            Credentials::Oauth2(Box::new(client))
        }
    };
    Way {
        base_url: sandbox::base_url(root, name),
        credentials,
        transport,
        keeper: Arc::new(Forgetful::holding(consent)),
    }
}

/// The client for the sandbox copy of a target.
pub fn sandboxed_client(
    target: &TargetConfig,
    oauth2: &Oauth2Config,
    root: &Url,
    known: sandbox::Credentials,
) -> Oauth2Client {
    let grant = match &oauth2.grant {
        // A copy knows no grants of vendors: their proof is the client's own.
        GrantConfig::ClientCredentials | GrantConfig::Vendor(_) => Grant::ClientCredentials,
        GrantConfig::Password { .. } => Grant::Password {
            username: Secret::new(known.username),
            password: known.password,
        },
        GrantConfig::RefreshToken { .. } => Grant::RefreshToken {
            first: known.refresh_token,
        },
        GrantConfig::AuthorizationCode { .. } => consented(target),
    };
    let secret = |_: &SecretRef| Ok(Secret::new("sandbox"));
    Oauth2Client {
        token_url: sandbox::token_url(root, &target.rules.target),
        client_id: Secret::new(known.client_id),
        client_secret: oauth2.client_secret.as_ref().map(|_| known.client_secret),
        client_auth: oauth2.client_auth,
        grant,
        scopes: oauth2.scopes.clone(),
        audience: oauth2.audience.clone(),
        extra: fields(oauth2, secret).unwrap_or_default(),
    }
}
