//! The consent of a person: the address they open, and what comes back (RFC 6749, 4.1).
//!
//! Promises proof of possession by PKCE with S256 (RFC 7636) and that a code which does not belong
//! to our own request is refused (RFC 6749, 10.12). Pure: chance comes as an argument. Leaves
//! exchanging the code to [`super::token`], and talking with the person to the command.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use url::{Url, form_urlencoded};

use super::answer::clean;
use super::token::Oauth2Client;
use crate::secret::Secret;

/// A consent that was asked for.
#[derive(Debug)]
pub struct Consent {
    url: Url,
    redirect_uri: Url,
    state: Secret,
    verifier: Secret,
}

/// A consent that was given.
#[derive(Debug)]
pub struct Agreed {
    /// What the token endpoint takes once.
    pub code: Secret,
    /// What the code is bound to.
    pub verifier: Secret,
    /// Where it was sent to.
    pub redirect_uri: Url,
}

/// Why there is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// It belongs to another request than ours.
    #[error("this answer belongs to another request; open the address that is shown here")]
    Foreign,
    /// Neither a code nor a refusal.
    #[error("there is no code in this; paste the whole address that the browser ended at")]
    NoCode,
    /// The person, or the server, said no.
    #[error("consent was not given: {0}")]
    Denied(String),
}

impl Consent {
    /// Asks for a consent that is answered at `redirect_uri`; `chance` is fresh for each.
    #[must_use]
    pub fn new(
        client: &Oauth2Client,
        authorize_url: &Url,
        redirect_uri: &Url,
        chance: [[u8; 32]; 2],
    ) -> Self {
        let [verifier, state] = chance.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let pkce = PkceCodeVerifier::new(verifier);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&pkce);
        let ours = BasicClient::new(ClientId::new(client.client_id.expose().into()))
            .set_auth_uri(AuthUrl::from_url(authorize_url.clone()))
            .set_redirect_uri(RedirectUrl::from_url(redirect_uri.clone()));
        let mut asked = ours
            .authorize_url(|| CsrfToken::new(state))
            .set_pkce_challenge(challenge)
            .add_scopes(client.scopes.iter().cloned().map(Scope::new));
        if let Some(audience) = &client.audience {
            asked = asked.add_extra_param("audience", audience.as_str());
        }
        let (url, state) = asked.url();
        let verifier = Secret::new(pkce.into_secret());
        let state = Secret::new(state.into_secret());
        Self {
            url,
            redirect_uri: redirect_uri.clone(),
            state,
            verifier,
        }
    }

    /// The address that a person opens.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Reads the query that came back to the redirect address.
    ///
    /// # Errors
    /// When it is not ours, or holds no code.
    pub fn read_query(&self, query: &str) -> Result<Agreed, ConsentError> {
        let find = |wanted: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        let state = find("state");
        if state.is_none() && find("code").is_none() && find("error").is_none() {
            return Err(ConsentError::NoCode);
        }
        if state.as_deref() != Some(self.state.expose()) {
            return Err(ConsentError::Foreign);
        }
        if let Some(error) = find("error") {
            let reason = match find("error_description") {
                Some(description) => format!("{error}: {description}"),
                None => error,
            };
            return Err(ConsentError::Denied(clean(&reason)));
        }
        match find("code").filter(|code| !code.is_empty()) {
            Some(code) => Ok(self.agreed(code)),
            None => Err(ConsentError::NoCode),
        }
    }

    /// Reads what a person pasted: the whole address, or the code alone. A code alone is bound to us
    /// by PKCE only.
    ///
    /// # Errors
    /// When it is not ours, or holds no code.
    pub fn read_pasted(&self, text: &str) -> Result<Agreed, ConsentError> {
        let text = text.trim();
        if let Ok(url) = Url::parse(text)
            && url.has_host()
        {
            return self.read_query(url.query().unwrap_or_default());
        }
        if text.contains("code=") || text.contains("error=") {
            return self.read_query(text.trim_start_matches('?'));
        }
        if text.is_empty() || text.contains(char::is_whitespace) {
            return Err(ConsentError::NoCode);
        }
        Ok(self.agreed(text.to_owned()))
    }

    fn agreed(&self, code: String) -> Agreed {
        Agreed {
            code: Secret::new(code),
            verifier: self.verifier.clone(),
            redirect_uri: self.redirect_uri.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::http::token::{ClientAuth, Grant};

    fn client() -> Oauth2Client {
        Oauth2Client {
            token_url: Url::parse("https://login.example.com/token").expect("a URL"),
            client_id: Secret::new("rollcall"),
            client_secret: None,
            client_auth: ClientAuth::Basic,
            grant: Grant::AuthorizationCode {
                remedy: "rollcall authorize app".into(),
            },
            scopes: vec!["users".into(), "groups".into()],
            audience: None,
            extra: BTreeMap::new(),
        }
    }

    fn consent() -> Consent {
        let authorize = Url::parse("https://login.example.com/authorize?tenant=7").expect("a URL");
        let back = Url::parse("http://127.0.0.1:8089/callback").expect("a URL");
        Consent::new(&client(), &authorize, &back, [[1; 32], [2; 32]])
    }

    const STATE: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

    #[test]
    fn the_address_asks_for_a_code_bound_to_a_challenge() {
        let consent = consent();
        assert_eq!(
            consent.url().as_str(),
            format!(
                "https://login.example.com/authorize?tenant=7&response_type=code&client_id=rollcall\
                 &state={STATE}&code_challenge={}&code_challenge_method=S256\
                 &redirect_uri=http%3A%2F%2F127.0.0.1%3A8089%2Fcallback&scope=users+groups",
                URL_SAFE_NO_PAD.encode(Sha256::digest(consent.verifier.expose()))
            )
        );
        assert!(!format!("{consent:?}").contains(consent.verifier.expose()));
    }

    #[test]
    fn the_challenge_is_that_of_the_example_in_rfc_7636() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let bytes = URL_SAFE_NO_PAD.decode(verifier).expect("base64");
        let chance = <[u8; 32]>::try_from(bytes).expect("32 bytes");
        let url = Url::parse("https://login.example.com/authorize").expect("a URL");
        let consent = Consent::new(&client(), &url, &url, [chance, [2; 32]]);
        let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&";
        assert!(consent.url().as_str().contains(challenge));
    }

    #[test]
    fn a_code_is_taken_from_an_answer_to_our_own_request_only() {
        let read = |text: &str| {
            let agreed = consent().read_pasted(text);
            agreed.map(|agreed| agreed.code.expose().to_owned())
        };
        let good = format!("http://127.0.0.1:8089/callback?code=c0de%2B&state={STATE}");
        assert_eq!(read(&good), Ok("c0de+".into()));
        assert_eq!(read(" c0de\n"), Ok("c0de".into()));
        assert_eq!(read(&format!("?code=x&state={STATE}")), Ok("x".into()));
        assert_eq!(read("code=x&state=other"), Err(ConsentError::Foreign));
        assert_eq!(
            read("http://127.0.0.1:8089/callback?code=x"),
            Err(ConsentError::Foreign)
        );
        for nothing in [
            "",
            "two words",
            "https://login.example.com/authorize?tenant=7",
        ] {
            assert_eq!(read(nothing), Err(ConsentError::NoCode), "{nothing}");
        }
        let denied = format!("error=access_denied&error_description=No+way&state={STATE}");
        assert_eq!(
            read(&denied).expect_err("no").to_string(),
            "consent was not given: access_denied: No way"
        );
    }
}
