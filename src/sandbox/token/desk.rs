//! What the token endpoint of a sandbox app has given out: tokens, refresh tokens, codes.
//!
//! Promises that a refresh token is void once it was used (RFC 6749, 6), and that a code is good once,
//! with the verifier of its challenge alone (RFC 7636, 4.6). Leaves forms and answers to the form.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use url::Url;

use super::form::{Fields, TokenError};
use super::{Credentials, derived};

/// For so long an expired token is known as one that has expired.
const KEPT_AFTER_END: Duration = Duration::from_hours(24);

/// The desk of one app.
pub(super) struct Desk {
    target: String,
    life: Duration,
    issued: BTreeMap<String, Timestamp>,
    refresh: BTreeSet<String>,
    codes: BTreeMap<String, Code>,
    count: u64,
}

/// A code that waits to be exchanged.
struct Code {
    challenge: String,
    redirect_uri: String,
}

impl Desk {
    /// A desk whose tokens live for `life`; one refresh token is out already.
    pub(super) fn new(target: &str, credentials: &Credentials, life: Duration) -> Self {
        Self {
            target: target.to_owned(),
            life,
            issued: BTreeMap::new(),
            refresh: BTreeSet::from([credentials.refresh_token.expose().to_owned()]),
            codes: BTreeMap::new(),
            count: 0,
        }
    }

    /// How many tokens are out.
    pub(super) fn issued(&self) -> usize {
        self.issued.len()
    }

    /// When this token ends, if it was issued here.
    pub(super) fn end_of(&self, token: &str) -> Option<Timestamp> {
        self.issued.get(token).copied()
    }

    /// Ends every token that was issued.
    pub(super) fn expire(&mut self, now: Timestamp) {
        for end in self.issued.values_mut() {
            *end = now.min(*end);
        }
    }

    /// Makes every refresh token void.
    pub(super) fn revoke(&mut self) {
        self.refresh.clear();
    }

    /// Gives a token for what the form shows. `proven`: the client has shown its secret.
    pub(super) fn serve(
        &mut self,
        form: &Fields,
        proven: bool,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<Json, TokenError> {
        let grant = form.get("grant_type").map(String::as_str);
        let grant = grant.ok_or(TokenError::InvalidRequest("grant_type is missing"))?;
        let refreshes = match grant {
            "client_credentials" if !proven => return Err(TokenError::InvalidClient),
            "client_credentials" => false,
            "password" => {
                check_password(form, credentials)?;
                true
            }
            "refresh_token" => {
                self.use_refresh_token(form)?;
                true
            }
            "authorization_code" => {
                self.use_code(form)?;
                true
            }
            _ => return Err(TokenError::UnsupportedGrantType),
        };
        Ok(self.give(form, refreshes, now))
    }

    fn give(&mut self, form: &Fields, refreshes: bool, now: Timestamp) -> Json {
        self.count += 1;
        self.issued.retain(|_, end| *end + KEPT_AFTER_END > now);
        let words = format!("{} {}", self.target, self.count);
        let token = derived("access", &words);
        self.issued.insert(token.clone(), now + self.life);
        let mut body = json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.life.as_secs(),
        });
        if refreshes {
            let refresh = derived("refresh", &words);
            self.refresh.insert(refresh.clone());
            body["refresh_token"] = refresh.into();
        }
        if let Some(scope) = form.get("scope") {
            body["scope"] = scope.as_str().into();
        }
        body
    }

    fn use_refresh_token(&mut self, form: &Fields) -> Result<(), TokenError> {
        let token = form.get("refresh_token");
        let token = token.ok_or(TokenError::InvalidRequest("refresh_token is missing"))?;
        if self.refresh.remove(token) {
            return Ok(());
        }
        Err(TokenError::InvalidGrant(
            "the refresh token is not known here, or was used before",
        ))
    }

    fn use_code(&mut self, form: &Fields) -> Result<(), TokenError> {
        let find = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let unknown = TokenError::InvalidGrant("the code is not known here, or was used before");
        let code = self.codes.remove(find("code")).ok_or(unknown)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(find("code_verifier")));
        if challenge != code.challenge {
            let text = "the verifier is not that of the challenge";
            return Err(TokenError::InvalidGrant(text));
        }
        if find("redirect_uri") != code.redirect_uri {
            let text = "redirect_uri is another than before";
            return Err(TokenError::InvalidGrant(text));
        }
        Ok(())
    }

    /// Consents at once, as a person would, and says where they are sent back to (RFC 6749, 4.1.2).
    pub(super) fn consent(&mut self, form: &Fields, client: &str) -> Result<Url, TokenError> {
        let find = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if find("client_id") != client {
            return Err(TokenError::InvalidClient);
        }
        let no_address = TokenError::InvalidRequest("redirect_uri is no address");
        let mut back = Url::parse(find("redirect_uri")).map_err(|_| no_address)?;
        let asked = find("response_type") == "code"
            && find("code_challenge_method") == "S256"
            && find("code_challenge").len() == 43;
        if asked {
            self.count += 1;
            let code = derived("code", &format!("{} {}", self.target, self.count));
            back.query_pairs_mut().append_pair("code", &code);
            let kept = Code {
                challenge: find("code_challenge").to_owned(),
                redirect_uri: find("redirect_uri").to_owned(),
            };
            self.codes.insert(code, kept);
        } else {
            back.query_pairs_mut()
                .append_pair("error", "invalid_request");
        }
        if let Some(state) = form.get("state") {
            back.query_pairs_mut().append_pair("state", state);
        }
        Ok(back)
    }
}

fn check_password(form: &Fields, credentials: &Credentials) -> Result<(), TokenError> {
    let good = form.get("username") == Some(&credentials.username)
        && form.get("password").map(String::as_str) == Some(credentials.password.expose());
    if good {
        return Ok(());
    }
    Err(TokenError::InvalidGrant(
        "there is no such account, or its password is wrong",
    ))
}
