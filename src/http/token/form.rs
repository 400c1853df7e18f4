//! The form that asks for a token (RFC 6749, 4 and 6).
//!
//! Promises that every value which is secret is known as such, so that it can be taken out of what
//! comes back. Leaves the wording to the `oauth2` crate, and sending to the endpoint.

use std::cell::RefCell;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, HttpRequest, HttpResponse,
    PkceCodeVerifier, RedirectUrl, RefreshToken, ResourceOwnerPassword, ResourceOwnerUsername,
    Scope, TokenUrl,
};
use url::form_urlencoded;

use super::{ClientAuth, Oauth2Client};
use crate::http::consent::Agreed;
use crate::secret::Secret;

/// What is shown for a token.
pub(super) enum Shown<'a> {
    /// Who the client is (RFC 6749, 4.4).
    Client,
    /// The same under the name of a vendor's own grant.
    Vendor(&'a str),
    /// The password of an account (4.3).
    Password(&'a Secret, &'a Secret),
    /// A refresh token (6).
    Refresh(&'a Secret),
    /// The code of a consent, and what it is bound to (4.1.3; RFC 7636, 4.5).
    Code(&'a Agreed),
}

/// A form with its proof.
pub(super) struct Form {
    headers: HeaderMap,
    body: Secret,
    hidden: Vec<Secret>,
}

/// The form was worded, and sending it is somebody else's work.
#[derive(Debug, thiserror::Error)]
#[error("worded, and not sent")]
struct Worded;

/// Adds the audience and the further fields of a client to a request.
macro_rules! with_fields {
    ($request:expr, $client:expr) => {{
        let mut request = $request;
        if let Some(audience) = &$client.audience {
            request = request.add_extra_param("audience", audience.as_str());
        }
        for (name, value) in &$client.extra {
            request = request.add_extra_param(name.as_str(), value.expose());
        }
        request
    }};
}

impl Form {
    /// The form that shows `shown`.
    pub(super) fn new(client: &Oauth2Client, shown: &Shown<'_>) -> Self {
        let (head, body) = worded(client, shown).into_parts();
        let mut headers = head.headers;
        for value in headers.values_mut() {
            value.set_sensitive(true);
        }
        let body = String::from_utf8(body).expect("a form is ASCII");
        let ours: Vec<Secret> = match shown {
            Shown::Client | Shown::Vendor(_) => Vec::new(),
            Shown::Password(username, password) => {
                vec![(*username).clone(), (*password).clone()]
            }
            Shown::Refresh(token) => vec![(*token).clone()],
            Shown::Code(agreed) => vec![agreed.code.clone(), agreed.verifier.clone()],
        };
        Self {
            headers,
            body: Secret::new(named(body, shown)),
            hidden: ours
                .into_iter()
                .chain(client.client_secret.clone())
                .chain(client.extra.values().cloned())
                .collect(),
        }
    }

    pub(super) fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    pub(super) fn body(&self) -> &Secret {
        &self.body
    }

    /// What the same credentials are known again by: all that is sent.
    pub(super) fn mark(&self) -> Secret {
        let proof = self.headers.get(AUTHORIZATION);
        let proof = proof.and_then(|proof| proof.to_str().ok());
        let body = self.body.expose();
        Secret::new(format!("{} {body}", proof.unwrap_or_default()))
    }

    /// Takes our own secrets out of a text, in the forms they were sent in.
    pub(super) fn conceal(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, secret| {
            let plain = secret.expose();
            let encoded: String = form_urlencoded::byte_serialize(plain.as_bytes()).collect();
            let text = crate::http::proof::conceal(&text, plain);
            crate::http::proof::conceal(&text, &encoded)
        })
    }
}

/// The request as the `oauth2` crate words it.
fn worded(client: &Oauth2Client, shown: &Shown<'_>) -> HttpRequest {
    let slip = RefCell::new(None);
    let keep = |request: HttpRequest| -> Result<HttpResponse, Worded> {
        slip.replace(Some(request));
        Err(Worded)
    };
    let mut ours = BasicClient::new(ClientId::new(client.client_id.expose().into()))
        .set_auth_type(match client.client_auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            ClientAuth::Post => AuthType::RequestBody,
        })
        .set_token_uri(TokenUrl::from_url(client.token_url.clone()));
    if let Some(secret) = &client.client_secret {
        ours = ours.set_client_secret(ClientSecret::new(secret.expose().into()));
    }
    let scopes = || client.scopes.iter().cloned().map(Scope::new);
    match shown {
        Shown::Client | Shown::Vendor(_) => {
            let request = ours.exchange_client_credentials().add_scopes(scopes());
            drop(with_fields!(request, client).request(&keep));
        }
        Shown::Password(username, password) => {
            let username = ResourceOwnerUsername::new(username.expose().into());
            let password = ResourceOwnerPassword::new(password.expose().into());
            let request = ours.exchange_password(&username, &password);
            drop(with_fields!(request.add_scopes(scopes()), client).request(&keep));
        }
        Shown::Refresh(token) => {
            let token = RefreshToken::new(token.expose().into());
            let request = ours.exchange_refresh_token(&token);
            drop(with_fields!(request, client).request(&keep));
        }
        Shown::Code(agreed) => {
            let redirect = RedirectUrl::from_url(agreed.redirect_uri.clone());
            let request = ours
                .exchange_code(AuthorizationCode::new(agreed.code.expose().into()))
                .set_pkce_verifier(PkceCodeVerifier::new(agreed.verifier.expose().into()))
                .set_redirect_uri(std::borrow::Cow::Owned(redirect));
            drop(with_fields!(request, client).request(&keep));
        }
    }
    slip.into_inner().expect("it was worded just now")
}

/// The form under the name of a vendor's own grant, which the standard's wording has no place for.
fn named(body: String, shown: &Shown<'_>) -> String {
    let Shown::Vendor(name) = shown else {
        return body;
    };
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    body.replacen(
        "grant_type=client_credentials",
        &format!("grant_type={name}"),
        1,
    )
}
