//! The way to a sandbox, with a look at what is sent.
//!
//! Promises to count bodies, not plans. Leaves reads to the sandbox's own log.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::Method;
use rollcall::core::fault::Fault;
use rollcall::http::{Answer, Request, Transport};
use rollcall::sandbox::Sandbox;
use serde_json::Value as Json;

use super::oracle::Tally;

/// The sandbox, and what was sent to it.
#[derive(Clone)]
pub struct Wire {
    pub sandbox: Sandbox,
    sent: Arc<Mutex<Tally>>,
}

impl Wire {
    pub fn new(sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            sent: Arc::default(),
        }
    }

    /// What was sent since it was asked last.
    pub fn take(&self) -> Tally {
        std::mem::take(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        if request.method != Method::GET {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            if request.url.path().contains("/Users") {
                sent.users += 1;
            } else {
                sent.members += members_in(&request.body);
            }
        }
        self.sandbox.send(request).await
    }
}

/// Members that a body names, to put in or to take out.
fn members_in(body: &[u8]) -> usize {
    let body: Json = serde_json::from_slice(body).expect("bodies are JSON");
    let operations = body["Operations"].as_array().into_iter().flatten();
    operations
        .map(|operation| {
            let path = operation["path"].as_str().unwrap_or_default();
            match operation["value"].as_array() {
                Some(values) if path == "members" => values.len(),
                _ if path.starts_with("members[") => 1,
                _ => 0,
            }
        })
        .sum()
}
