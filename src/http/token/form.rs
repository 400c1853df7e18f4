//! The form that asks for a token (RFC 6749, 4 and 6).
//!
//! Promises that every value which is secret is known as such, so that it can be taken out of what
//! comes back. Leaves sending to the endpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use url::form_urlencoded;

use super::{ClientAuth, Oauth2Client};
use crate::secret::Secret;

/// A form with its proof.
pub(super) struct Form {
    headers: HeaderMap,
    body: Secret,
    hidden: Vec<Secret>,
}

impl Form {
    /// The form that shows `proofs` for the grant `grant`.
    pub(super) fn new(client: &Oauth2Client, grant: &str, proofs: &[(&str, &Secret)]) -> Self {
        Self::with_scopes(client, grant, proofs, &client.scopes)
    }

    /// The same for a grant whose scopes are settled already.
    pub(super) fn without_scopes(
        client: &Oauth2Client,
        grant: &str,
        proofs: &[(&str, &Secret)],
    ) -> Self {
        Self::with_scopes(client, grant, proofs, &[])
    }

    fn with_scopes(
        client: &Oauth2Client,
        grant: &str,
        proofs: &[(&str, &Secret)],
        scopes: &[String],
    ) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", grant);
        for (name, value) in proofs {
            form.append_pair(name, value.expose());
        }
        if !scopes.is_empty() {
            form.append_pair("scope", &scopes.join(" "));
        }
        let mut headers = HeaderMap::new();
        match (&client.client_secret, client.client_auth) {
            (Some(secret), ClientAuth::Basic) => {
                headers.insert(AUTHORIZATION, basic(&client.client_id, secret));
            }
            (Some(secret), ClientAuth::Post) => {
                form.append_pair("client_id", client.client_id.expose());
                form.append_pair("client_secret", secret.expose());
            }
            (None, ClientAuth::Basic | ClientAuth::Post) => {
                form.append_pair("client_id", client.client_id.expose());
            }
        }
        if let Some(audience) = &client.audience {
            form.append_pair("audience", audience);
        }
        for (name, value) in &client.extra {
            form.append_pair(name, value.expose());
        }
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let media = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, media);
        let ours = proofs.iter().map(|(_, value)| (*value).clone());
        Self {
            headers,
            body: Secret::new(form.finish()),
            hidden: ours
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

/// Id and secret are form-encoded before they are joined (RFC 6749, 2.3.1).
fn basic(id: &Secret, secret: &Secret) -> HeaderValue {
    let encoded = |text: &Secret| -> String {
        form_urlencoded::byte_serialize(text.expose().as_bytes()).collect()
    };
    let pair = Secret::new(format!("{}:{}", encoded(id), encoded(secret)));
    let code = Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())));
    let mut value = HeaderValue::from_str(code.expose()).expect("base64 is ASCII");
    value.set_sensitive(true);
    value
}
