//! An app that gives canned answers, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use rollcall::clock::Clock;
use rollcall::connector::scim::ScimConnector;
use rollcall::core::fault::{Effect, Fault, FaultKind};
use rollcall::core::profile::Profile;
use rollcall::http::{Answer, Request, Transport};
use url::Url;

/// Answers in order; when they are used up, the app is gone.
pub struct Script {
    answers: Mutex<VecDeque<Answer>>,
    requests: Mutex<Vec<Request>>,
}

impl Script {
    /// These answers, by status and body.
    pub fn of(answers: &[(u16, &str)]) -> Arc<Self> {
        let answers = answers.iter().map(|(status, body)| Answer {
            status: StatusCode::from_u16(*status).expect("a status"),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec().into(),
        });
        Arc::new(Self {
            answers: Mutex::new(answers.collect()),
            requests: Mutex::new(Vec::new()),
        })
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("not poisoned").clone()
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
