//! A transport for tests: canned answers out, requests kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use url::Url;

use super::ScimConnector;
use crate::clock::Clock;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::profile::Profile;
use crate::http::{Answer, Request, Transport};

/// Answers in order; when they are used up, the app is gone.
pub struct Script {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request>>,
}

impl Script {
    /// These answers, by status and body.
    pub fn of(answers: &[(u16, &str)]) -> Arc<Self> {
        let answers = answers.iter().map(|(status, body)| answer(*status, body));
        Arc::new(Self {
            answers: Mutex::new(answers.collect()),
            requests: Mutex::new(Vec::new()),
        })
    }

    /// Gives the first answer a header.
    pub fn head(self: &Arc<Self>, name: &'static str, value: &str) -> Arc<Self> {
        let mut answers = self.answers.lock().expect("not poisoned");
        let first = answers.front_mut().expect("an answer");
        let value = HeaderValue::from_str(value).expect("a header");
        first.headers.insert(HeaderName::from_static(name), value);
        Arc::clone(self)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("not poisoned").clone()
    }

    /// The requests so far, one line each: method, path, query, body.
    pub fn lines(&self) -> Vec<String> {
        self.requests()
            .iter()
            .map(|request| {
                let query = request.url.query().map(|query| format!("?{query}"));
                let body = String::from_utf8_lossy(&request.body);
                format!(
                    "{} {}{} {body}",
                    request.method,
                    request.url.path(),
                    query.unwrap_or_default()
                )
                .trim_end()
                .to_owned()
            })
            .collect()
    }
}

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.requests.lock().expect("not poisoned").push(request);
        let next = self.answers.lock().expect("not poisoned").pop_front();
        next.ok_or_else(|| Fault::new(FaultKind::Unreachable, Effect::None, "the script is over"))
    }
}

/// A connector that talks to the script.
pub fn connector(script: &Arc<Script>, profile: Profile) -> ScimConnector {
    let transport: Arc<dyn Transport> = Arc::clone(script) as Arc<dyn Transport>;
    let base = Url::parse("https://app.example.com/scim/v2/").expect("a URL");
    ScimConnector::new(
        transport,
        base,
        Arc::new(profile),
        Clock::simulated(Timestamp::UNIX_EPOCH),
    )
}
