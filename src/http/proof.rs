//! What a request proves itself with: one header.
//!
//! Promises that a proof never prints, goes out marked sensitive, and is taken out of complaints that
//! repeat it. Leaves to [`super::auth`] when which proof is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Answer;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::secret::Secret;

/// A header that proves who we are.
#[derive(Clone, Debug)]
pub struct Proof {
    name: HeaderName,
    value: Secret,
    /// What must not come back in a text for people.
    hidden: Vec<Secret>,
}

impl Proof {
    /// A token (RFC 6750, 2.1).
    #[must_use]
    pub fn bearer(token: &Secret) -> Self {
        Self {
            name: AUTHORIZATION,
            value: Secret::new(format!("Bearer {}", token.expose())),
            hidden: vec![token.clone()],
        }
    }

    /// A user name and a password (RFC 7617), in UTF-8.
    #[must_use]
    pub fn basic(username: &Secret, password: &Secret) -> Self {
        let pair = Secret::new(format!("{}:{}", username.expose(), password.expose()));
        let code = Secret::new(STANDARD.encode(pair.expose()));
        Self {
            name: AUTHORIZATION,
            value: Secret::new(format!("Basic {}", code.expose())),
            hidden: vec![password.clone(), code],
        }
    }

    /// A header of the app's own.
    #[must_use]
    pub fn header(name: HeaderName, value: &Secret) -> Self {
        Self {
            name,
            value: value.clone(),
            hidden: vec![value.clone()],
        }
    }

    /// The header's value: what the same proof is known again by.
    pub(super) fn value(&self) -> &Secret {
        &self.value
    }

    /// Puts the header in, in place of one of the same name.
    ///
    /// # Errors
    /// When it holds a character that no header may hold.
    pub(super) fn put(&self, headers: &mut HeaderMap) -> Result<(), Fault> {
        let mut value = HeaderValue::from_str(self.value.expose()).map_err(|_| {
            Fault::new(
                FaultKind::Unauthenticated,
                Effect::None,
                "the token holds a character that cannot be sent; look for a line end inside it",
            )
        })?;
        value.set_sensitive(true);
        headers.insert(self.name.clone(), value);
        Ok(())
    }

    /// An answer that is no success, without the proof: some apps repeat it in their complaint.
    pub(super) fn without_echo(&self, answer: Answer) -> Answer {
        if answer.status.is_success() {
            return answer;
        }
        let Ok(text) = std::str::from_utf8(&answer.body) else {
            return answer;
        };
        let shown = self.hidden.iter().fold(text.to_owned(), |text, secret| {
            conceal(&text, secret.expose())
        });
        if shown == text {
            return answer;
        }
        let body = Bytes::from(shown);
        Answer { body, ..answer }
    }
}

/// Takes a secret out of a text.
pub(super) fn conceal(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    text.replace(secret, "[secret]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::script::answer;

    fn sent(proof: &Proof) -> HeaderMap {
        let mut headers = HeaderMap::new();
        proof.put(&mut headers).expect("it can be sent");
        headers
    }

    #[test]
    fn each_kind_has_its_header_and_none_prints() {
        let [user, word] = ["sc\u{ef}m", "s3cret:x"].map(Secret::new);
        let basic = Proof::basic(&user, &word);
        let own = Proof::header(HeaderName::from_static("x-api-key"), &word);
        assert_eq!(sent(&basic)[AUTHORIZATION], "Basic c2PDr206czNjcmV0Ong=");
        assert_eq!(sent(&own)["x-api-key"], "s3cret:x");
        assert!(sent(&own)["x-api-key"].is_sensitive());
        assert_eq!(
            sent(&Proof::bearer(&word))[AUTHORIZATION],
            "Bearer s3cret:x"
        );
        assert!(!format!("{basic:?} {own:?}").contains("s3cret"));
    }

    #[test]
    fn an_echo_of_a_password_is_taken_out_in_both_forms() {
        let basic = Proof::basic(&Secret::new("me"), &Secret::new("s3cret"));
        let said = "no: s3cret, bWU6czNjcmV0";
        let shown = basic.without_echo(answer(400, &[], said));
        assert_eq!(shown.body, "no: [secret], [secret]");
        assert_eq!(basic.without_echo(answer(200, &[], said)).body, said);
    }
}
