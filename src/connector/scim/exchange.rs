//! One request and its judged answer, below the base URL of one app.
//!
//! Promises the headers that the profile asks for, and that a read which failed is never taken for
//! a write in doubt. Never retries, but for a write that others overtake; never logs. Leaves bodies
//! and paths to its callers.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH};
use http::{HeaderMap, Method};
use url::Url;

use super::node::Object;
use super::version::{self, Version};
use crate::clock::Clock;
use crate::connector::trace;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::profile::{ETags, HttpRules, Profile};
use crate::http::ruling::Rulings;
use crate::http::{About, Answer, Request, Transport, join};

/// The way to one app.
pub struct Exchange {
    transport: Arc<dyn Transport>,
    base: Url,
    profile: Arc<Profile>,
    rulings: Rulings,
    clock: Clock,
}

impl Exchange {
    /// The way to the app at `base`.
    pub fn new(
        transport: Arc<dyn Transport>,
        base: Url,
        profile: Arc<Profile>,
        clock: Clock,
    ) -> Self {
        Self {
            transport,
            base,
            rulings: Rulings::of(&profile.errors),
            profile,
            clock,
        }
    }

    /// Reads what is at `path` below the base URL.
    ///
    /// # Errors
    /// Why it was not read; never with an effect.
    pub async fn get(&self, path: &str, about: About) -> Result<Answer, Fault> {
        let url = join(&self.base, path)?;
        self.send(Method::GET, url, about, None, None).await
    }

    /// Reads what the `Location` in an answer from `path` leads to, if that is the app itself: our
    /// token goes nowhere else.
    ///
    /// # Errors
    /// Why it was not read.
    pub async fn follow(
        &self,
        path: &str,
        location: &str,
        about: About,
    ) -> Result<Option<Answer>, Fault> {
        match join(&self.base, path)?.join(location) {
            Ok(url) if url.origin() == self.base.origin() => self
                .send(Method::GET, url, about, None, None)
                .await
                .map(Some),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// Sends a write to `path` below the base URL. Where the app wants a version with it, that is
    /// read just before, and again when somebody else was quicker; only a PUT, whose body rests on
    /// an older read, is not sent again.
    ///
    /// # Errors
    /// Why it is not sure to be done.
    pub async fn write(
        &self,
        method: Method,
        path: &str,
        about: About,
        body: Option<&Object>,
    ) -> Result<Answer, Fault> {
        if method == Method::POST || self.profile.http.etags != ETags::Required {
            let url = join(&self.base, path)?;
            return self.send(method, url, about, body, None).await;
        }
        let mut tries = 1;
        loop {
            let version = self.version(path, about).await?;
            let sent = self
                .write_bound(method.clone(), path, about, body, &version)
                .await;
            match sent {
                Err(fault) if version::is_outdated(&fault) && method != Method::PUT => {
                    if tries == version::TRIES {
                        return Err(version::overtaken(fault));
                    }
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// Sends a write that holds only while the resource at `path` has this version.
    ///
    /// # Errors
    /// Why it is not sure to be done; 412 when somebody else was quicker.
    pub async fn write_bound(
        &self,
        method: Method,
        path: &str,
        about: About,
        body: Option<&Object>,
        version: &Version,
    ) -> Result<Answer, Fault> {
        let url = join(&self.base, path)?;
        self.send(method, url, about, body, Some(version)).await
    }

    /// The present version of what is at `path`.
    ///
    /// # Errors
    /// Why it was not read, or that the app shows none.
    pub async fn version(&self, path: &str, about: About) -> Result<Version, Fault> {
        let answer = match about {
            About::Group => {
                let path = format!("{path}?excludedAttributes=members");
                self.get(&path, about).await?
            }
            About::User | About::Service | About::Token => self.get(path, about).await?,
        };
        Version::of_answer(&answer).ok_or_else(version::unseen)
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        about: About,
        body: Option<&Object>,
        version: Option<&Version>,
    ) -> Result<Answer, Fault> {
        let reads = method == Method::GET;
        let mut headers = headers(&self.profile.http, body.is_some())?;
        if let Some(version) = version {
            headers.insert(IF_MATCH, header("if-match", &version.to_string())?.1);
        }
        let request = Request {
            method,
            url,
            headers,
            body: body
                .map(Object::to_bytes)
                .map(Bytes::from)
                .unwrap_or_default(),
            timeout: self.profile.http.timeout,
            about,
        };
        let (method, url) = (request.method.clone(), request.url.clone());
        let sent = self.transport.send(request).await;
        let status = match &sent {
            Ok(answer) => Some(answer.status.as_u16()),
            Err(fault) => fault.status,
        };
        trace::note(&method, &self.base, &url, status);
        let judged = sent.and_then(|answer| {
            self.rulings.judge(&answer, self.clock.now())?;
            Ok(answer)
        });
        judged.map_err(|fault| {
            if reads {
                Fault {
                    effect: Effect::None,
                    ..fault
                }
            } else {
                fault
            }
        })
    }
}

fn headers(rules: &HttpRules, has_body: bool) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    let accept = HeaderValue::from_static("application/scim+json, application/json");
    headers.insert(ACCEPT, accept);
    if has_body {
        headers.insert(CONTENT_TYPE, header("content-type", &rules.content_type)?.1);
    }
    for (name, value) in &rules.headers {
        let (name, value) = header(name, value)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Fault> {
    let parsed = HeaderName::try_from(name)
        .ok()
        .zip(HeaderValue::try_from(value).ok());
    parsed.ok_or_else(|| {
        Fault::new(
            FaultKind::Rejected,
            Effect::None,
            format!("the profile's header `{name}` is no HTTP header; nothing was sent"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::scim::script::{Script, connector};

    #[tokio::test]
    async fn the_profile_decides_the_headers() {
        let script = Script::of(&[(204, "")]);
        let mut profile = Profile::default();
        profile.http.content_type = "application/json".into();
        profile.http.headers.insert("X-Org".into(), "7".into());
        let app = connector(&script, profile);
        let body = Object::default();
        let path = "/Users";
        app.exchange
            .write(Method::POST, path, About::User, Some(&body))
            .await
            .expect("sent");
        let request = script.requests().remove(0);
        let show = |name: &str| {
            request
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        assert_eq!(
            show("accept"),
            Some("application/scim+json, application/json")
        );
        assert_eq!(show("content-type"), Some("application/json"));
        assert_eq!(show("x-org"), Some("7"));
        assert_eq!(request.timeout, std::time::Duration::from_mins(1));
        assert_eq!(request.about, About::User);
    }

    #[tokio::test]
    async fn a_header_that_is_none_is_said() {
        let script = Script::of(&[]);
        let mut profile = Profile::default();
        profile.http.headers.insert("X Org".into(), "7".into());
        let fault = connector(&script, profile)
            .exchange
            .get("/Users", About::User)
            .await
            .expect_err("a fault");
        assert_eq!(
            fault.to_string(),
            "the app refused the request: the profile's header `X Org` is no HTTP header; \
             nothing was sent"
        );
        assert!(script.requests().is_empty());
    }

    #[tokio::test]
    async fn a_read_that_fails_leaves_no_doubt_and_a_write_does() {
        let script = Script::of(&[(500, ""), (500, "")]);
        let app = connector(&script, Profile::default());
        let fault = app
            .exchange
            .get("/Users", About::User)
            .await
            .expect_err("a fault");
        assert_eq!(fault.effect, Effect::None);
        let sent = app
            .exchange
            .write(Method::POST, "/Users", About::User, None)
            .await;
        assert_eq!(sent.expect_err("a fault").effect, Effect::Unknown);
    }
}
