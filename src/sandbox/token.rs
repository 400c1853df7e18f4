//! Who may speak to a sandbox app: its test credentials and its OAuth 2.0 token endpoint.
//!
//! Promises that both sides derive the same credentials from the target's name, and that tokens end
//! when they say they do (RFC 6749, 4.4 and 5). Leaves all other requests to the app. These
//! credentials open nothing but a sandbox.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE,
};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::refusal::Refusal;
use super::reply;
use crate::core::hex;
use crate::core::key::TargetName;
use crate::http::{Answer, Request};
use crate::secret::Secret;

/// How a sandbox app wants its clients to prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxAuth {
    /// A fixed token.
    Bearer,
    /// OAuth 2.0 client credentials; the fixed token is refused.
    Oauth2,
}

/// The credentials of a sandbox app.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The fixed token.
    pub token: Secret,
    /// The OAuth 2.0 client.
    pub client_id: String,
    /// Its proof.
    pub client_secret: Secret,
}

/// The credentials of the sandbox copy of `target`: always the same for the same name.
#[must_use]
pub fn credentials(target: &TargetName) -> Credentials {
    Credentials {
        token: Secret::new(derived("token", target.as_str())),
        client_id: format!("sandbox-{target}"),
        client_secret: Secret::new(derived("client-secret", target.as_str())),
    }
}

/// A text that looks like a credential and is the same for the same words.
fn derived(purpose: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("rollcall sandbox {purpose} {name}"));
    format!("sandbox-{purpose}-{}", hex::encode(&digest[..16]))
}

/// The door of one app.
pub(super) struct Gate {
    auth: SandboxAuth,
    target: TargetName,
    credentials: Credentials,
    life: Duration,
    issued: BTreeMap<String, Timestamp>,
    count: u64,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} tokens", self.auth, self.issued.len())
    }
}

impl Gate {
    /// A door whose tokens live for `life`.
    pub(super) fn new(target: &TargetName, auth: SandboxAuth, life: Duration) -> Self {
        Self {
            auth,
            target: target.clone(),
            credentials: credentials(target),
            life,
            issued: BTreeMap::new(),
            count: 0,
        }
    }

    /// How the app wants its clients to prove who they are.
    pub(super) fn auth(&self) -> SandboxAuth {
        self.auth
    }

    /// Lets a request in or refuses it (RFC 6750, 3).
    pub(super) fn check(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), Refusal> {
        let no = |detail: &str| Refusal::plain(StatusCode::UNAUTHORIZED, detail);
        let sent = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let (scheme, token) = sent
            .and_then(|sent| sent.split_once(' '))
            .ok_or_else(|| no("the request has no Authorization"))?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(no("the Authorization is no bearer token"));
        }
        match self.auth {
            SandboxAuth::Bearer if token == self.credentials.token.expose() => Ok(()),
            SandboxAuth::Bearer => Err(no("the token is not the right one")),
            SandboxAuth::Oauth2 => match self.issued.get(token) {
                Some(end) if now < *end => Ok(()),
                Some(_) => Err(no("the token has expired")),
                None => Err(no("the token was not issued here")),
            },
        }
    }

    /// Ends every token that was issued.
    pub(super) fn expire(&mut self, now: Timestamp) {
        for end in self.issued.values_mut() {
            *end = now.min(*end);
        }
    }

    /// The token endpoint.
    pub(super) fn issue(&mut self, request: &Request, now: Timestamp) -> Answer {
        match self.try_issue(request, now) {
            Ok(body) => no_store(oauth(StatusCode::OK, &body)),
            Err(error) => no_store(error.answer()),
        }
    }

    fn try_issue(&mut self, request: &Request, now: Timestamp) -> Result<Json, TokenError> {
        let form = read_form(request)?;
        let (id, secret) = client(&request.headers, &form)?;
        let knows =
            id == self.credentials.client_id && secret == self.credentials.client_secret.expose();
        if !knows {
            return Err(TokenError::InvalidClient);
        }
        match form.get("grant_type").map(String::as_str) {
            Some("client_credentials") => {}
            Some(_) => return Err(TokenError::UnsupportedGrantType),
            None => return Err(TokenError::InvalidRequest("grant_type is missing")),
        }
        self.count += 1;
        self.issued.retain(|_, end| *end + KEPT_AFTER_END > now);
        let token = derived("access", &format!("{} {}", self.target, self.count));
        self.issued.insert(token.clone(), now + self.life);
        let mut body = json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.life.as_secs(),
        });
        if let Some(scope) = form.get("scope") {
            body["scope"] = scope.as_str().into();
        }
        Ok(body)
    }
}

/// For so long an expired token is known as one that has expired.
const KEPT_AFTER_END: Duration = Duration::from_hours(24);

fn read_form(request: &Request) -> Result<BTreeMap<String, String>, TokenError> {
    if request.method != Method::POST {
        return Err(TokenError::InvalidRequest("the token endpoint takes POST"));
    }
    let media = request
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !media
        .unwrap_or_default()
        .starts_with("application/x-www-form-urlencoded")
    {
        return Err(TokenError::InvalidRequest("the body has to be a form"));
    }
    let mut form = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(&request.body) {
        if form.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(TokenError::InvalidRequest("a field is there twice"));
        }
    }
    Ok(form)
}

/// The client and its proof, from the header or from the form, never from both (RFC 6749, 2.3).
fn client(
    headers: &HeaderMap,
    form: &BTreeMap<String, String>,
) -> Result<(String, String), TokenError> {
    let posted = form.get("client_secret");
    match (headers.get(AUTHORIZATION), posted) {
        (Some(_), Some(_)) => Err(TokenError::InvalidRequest("the client proves itself twice")),
        (Some(header), None) => basic(header).ok_or(TokenError::InvalidClient),
        (None, Some(secret)) => {
            let id = form.get("client_id").ok_or(TokenError::InvalidClient)?;
            Ok((id.clone(), secret.clone()))
        }
        (None, None) => Err(TokenError::InvalidClient),
    }
}

/// Id and secret are form-encoded before they are joined (RFC 6749, 2.3.1).
fn basic(header: &HeaderValue) -> Option<(String, String)> {
    let (scheme, code) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(code.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((decoded(id), decoded(secret)))
}

fn decoded(text: &str) -> String {
    let joined = format!("x={text}");
    let mut pairs = form_urlencoded::parse(joined.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The errors of RFC 6749, 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TokenError {
    InvalidRequest(&'static str),
    InvalidClient,
    UnsupportedGrantType,
}

impl TokenError {
    fn answer(self) -> Answer {
        let (status, word, text) = match self {
            Self::InvalidRequest(text) => (StatusCode::BAD_REQUEST, "invalid_request", text),
            Self::InvalidClient => {
                let text = "the client is not known here, or its secret is wrong";
                (StatusCode::UNAUTHORIZED, "invalid_client", text)
            }
            Self::UnsupportedGrantType => {
                let text = "only client_credentials is possible here";
                (StatusCode::BAD_REQUEST, "unsupported_grant_type", text)
            }
        };
        let mut answer = oauth(status, &json!({"error": word, "error_description": text}));
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"sandbox\"");
            answer.headers.insert(WWW_AUTHENTICATE, challenge);
        }
        answer
    }
}

fn oauth(status: StatusCode, body: &Json) -> Answer {
    reply::json(status, "application/json", body)
}

fn no_store(mut answer: Answer) -> Answer {
    answer
        .headers
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{ROOT, clock, json_of, profile, request, target};
    use super::super::{AppSetup, Sandbox, token_url};
    use super::*;
    use crate::http::About;

    fn sandbox(life: u64) -> Sandbox {
        let mut setup = AppSetup::new(target(), profile(), SandboxAuth::Oauth2);
        setup.token_life = Duration::from_secs(life);
        Sandbox::new(vec![setup], clock()).expect("a sandbox")
    }

    /// Asks for a token: status and body.
    fn ask(sandbox: &Sandbox, basic: Option<&str>, form: &[(&str, &str)]) -> (u16, Json) {
        let mut headers = HeaderMap::new();
        let media = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, media);
        if let Some(pair) = basic {
            let value = format!("Basic {}", STANDARD.encode(pair));
            headers.insert(
                AUTHORIZATION,
                HeaderValue::from_str(&value).expect("a header"),
            );
        }
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let answer = sandbox.handle(&Request {
            method: Method::POST,
            url: token_url(&ROOT.parse().expect("a URL"), &target()),
            headers,
            body: body.into(),
            timeout: Duration::from_secs(1),
            about: About::Token,
        });
        assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
        (answer.status.as_u16(), json_of(&answer))
    }

    fn list(sandbox: &Sandbox, token: &str) -> (u16, Json) {
        let mut request = request("GET", "/Users", None);
        let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header");
        request.headers.insert(AUTHORIZATION, value);
        let answer = sandbox.handle(&request);
        (answer.status.as_u16(), json_of(&answer)["detail"].clone())
    }

    fn pair() -> String {
        let credentials = credentials(&target());
        format!(
            "{}:{}",
            credentials.client_id,
            credentials.client_secret.expose()
        )
    }

    const GRANT: (&str, &str) = ("grant_type", "client_credentials");

    #[tokio::test(start_paused = true)]
    async fn a_token_opens_the_app_until_it_ends() {
        let sandbox = sandbox(3600);
        let (status, body) = ask(&sandbox, Some(&pair()), &[GRANT, ("scope", "scim")]);
        assert_eq!(status, 200);
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 3600);
        assert_eq!(body["scope"], "scim");
        let token = body["access_token"].as_str().expect("a token");
        assert_eq!(list(&sandbox, token).0, 200);
        tokio::time::advance(Duration::from_secs(3599)).await;
        assert_eq!(list(&sandbox, token).0, 200);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(list(&sandbox, token), (401, "the token has expired".into()));
        let (_, next) = ask(&sandbox, Some(&pair()), &[GRANT]);
        let next = next["access_token"].as_str().expect("a token");
        assert_ne!(next, token);
        assert_eq!(list(&sandbox, next).0, 200);
        sandbox.expire_tokens(&target());
        assert_eq!(list(&sandbox, next), (401, "the token has expired".into()));
        assert_eq!(sandbox.counts(&target()).token, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_client_may_prove_itself_in_the_form() {
        let sandbox = sandbox(60);
        let credentials = credentials(&target());
        let secret = credentials.client_secret.expose();
        let form = [
            GRANT,
            ("client_id", &*credentials.client_id),
            ("client_secret", secret),
        ];
        let (status, body) = ask(&sandbox, None, &form);
        assert_eq!((status, &body["expires_in"]), (200, &60.into()));
        assert_eq!(body.get("scope"), None);
    }

    #[test]
    fn errors_are_those_of_the_rfc() {
        let sandbox = sandbox(60);
        let good = pair();
        let password = ("grant_type", "password");
        let proof = ("client_secret", "x");
        for (basic, form, status, word) in [
            (Some("a:b"), vec![GRANT], 401, "invalid_client"),
            (None, vec![GRANT], 401, "invalid_client"),
            (Some(&*good), vec![password], 400, "unsupported_grant_type"),
            (Some(&*good), vec![], 400, "invalid_request"),
            (Some(&*good), vec![GRANT, GRANT], 400, "invalid_request"),
            (Some(&*good), vec![GRANT, proof], 400, "invalid_request"),
        ] {
            let (got, body) = ask(&sandbox, basic, &form);
            assert_eq!((got, &body["error"]), (status, &word.into()), "{form:?}");
        }
        let fixed = credentials(&target()).token;
        assert_eq!(
            list(&sandbox, fixed.expose()),
            (401, "the token was not issued here".into())
        );
    }

    #[test]
    fn credentials_are_the_same_for_the_same_name_only() {
        let one = credentials(&target());
        assert_eq!(one.token.expose(), credentials(&target()).token.expose());
        assert_ne!(
            one.token.expose(),
            credentials(&"other".into()).token.expose()
        );
        assert_ne!(one.token.expose(), one.client_secret.expose());
        assert!(!format!("{one:?}").contains(one.token.expose()));
    }

    #[test]
    fn basic_credentials_are_decoded_twice() {
        let header = format!("basic {}", STANDARD.encode("a%3Ab:c+d"));
        let header = HeaderValue::from_str(&header).expect("a header");
        assert_eq!(basic(&header), Some(("a:b".into(), "c d".into())));
    }
}
