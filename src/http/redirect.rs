//! Redirects that keep the method: followed on the same host, never further.
//!
//! Promises that a request is sent on only for 307 and 308 (RFC 9110, 15.4.8 and 15.4.9), with its
//! method and its body, and to the same scheme, host and port, so that our credentials go nowhere
//! else. Leaves every other redirect to the reader of answers, as a mistake in the config.

use async_trait::async_trait;
use http::StatusCode;
use http::header::LOCATION;
use url::Url;

use super::{Answer, Request, Transport};
use crate::core::fault::Fault;

/// Redirects of one request, at most.
const MOST: usize = 3;

/// A transport that follows redirects.
pub struct Redirected<T> {
    inner: T,
}

impl<T: Transport> Redirected<T> {
    /// Sends through `inner`.
    #[must_use]
    pub fn new(inner: T) -> Self {
        Self { inner }
    }
}

#[async_trait]
impl<T: Transport> Transport for Redirected<T> {
    async fn send(&self, mut request: Request) -> Result<Answer, Fault> {
        for _ in 0..MOST {
            let answer = self.inner.send(request.clone()).await?;
            match onward(&request.url, &answer) {
                Some(next) => request.url = next,
                None => return Ok(answer),
            }
        }
        self.inner.send(request).await
    }
}

/// Where the request is to go instead.
fn onward(asked: &Url, answer: &Answer) -> Option<Url> {
    match answer.status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {}
        _ => return None,
    }
    let place = answer.headers.get(LOCATION)?.to_str().ok()?;
    let next = asked.join(place).ok()?;
    let same = next.origin() == asked.origin();
    let clean = next.username().is_empty() && next.password().is_none();
    (same && clean).then_some(next)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::Method;

    use super::*;
    use crate::http::About;
    use crate::http::script::{Script, answer, request};

    /// What a POST comes to, and the addresses it went to, when the first answer is a redirect.
    async fn send(status: u16, location: &'static str) -> (u16, Vec<String>) {
        let script = Arc::new(Script::new(move |request| {
            Ok(match request.url.path() {
                "/scim/v2/Users" => answer(status, &[("location", location)], ""),
                _ => answer(201, &[], ""),
            })
        }));
        let mut request = request(Method::POST, About::User);
        request.body = Bytes::from_static(b"{}");
        let got = Redirected::new(Arc::clone(&script)).send(request).await;
        let seen = script.seen();
        assert!(
            seen.iter()
                .all(|one| one.method == Method::POST && one.body == "{}")
        );
        let went = seen.iter().map(|one| one.url.to_string()).collect();
        (got.expect("an answer").status.as_u16(), went)
    }

    #[tokio::test]
    async fn the_same_host_gets_the_same_request() {
        for status in [307, 308] {
            for location in [
                "/scim/v3/Users",
                "https://app.example.com:443/scim/v3/Users",
            ] {
                let (code, went) = send(status, location).await;
                assert_eq!(code, 201);
                assert_eq!(went[1..], ["https://app.example.com/scim/v3/Users"]);
            }
        }
    }

    #[tokio::test]
    async fn nobody_else_gets_anything() {
        for location in [
            "https://evil.example/scim/v2/Users",
            "http://app.example.com/scim/v3/Users",
            "https://app.example.com:8443/scim/v3/Users",
            "//evil.example/x",
            "https://me:pw@app.example.com/scim/v3/Users",
            "",
        ] {
            let (code, went) = send(307, location).await;
            let looped = location.is_empty();
            assert_eq!(
                (code, went.len()),
                (307, if looped { 4 } else { 1 }),
                "{location}"
            );
        }
    }

    #[tokio::test]
    async fn redirects_that_change_the_method_are_not_followed() {
        for status in [301, 302, 303] {
            assert_eq!(send(status, "/scim/v3/Users").await.1.len(), 1);
        }
    }

    #[tokio::test]
    async fn a_circle_ends() {
        let (code, went) = send(308, "/scim/v2/Users").await;
        assert_eq!((code, went.len()), (308, 4));
    }
}
