//! Servers that run on node, out of `tests/peers/node`.
//!
//! Promises that they are ended with their story, and get no more of our environment than `PATH`. Leaves
//! installing the packages to `tests/run`, which names their folder in `ROLLCALL_TEST_NODE_PEERS`.

use std::process::Command;

use serde_json::Value as Json;

use crate::peer::Peer;
use crate::served::{Talking, ask};

/// A server on node.
pub struct OnNode {
    root: String,
    _process: Talking,
}

impl OnNode {
    /// Starts `script` with these settings, and waits until it listens.
    pub fn start(script: &str, settings: &[(&str, &str)]) -> Self {
        let folder = std::env::var("ROLLCALL_TEST_NODE_PEERS")
            .expect("ROLLCALL_TEST_NODE_PEERS says where the packages are; ./tests/run sets it");
        let mut command = Command::new("node");
        command.arg(script).current_dir(folder).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(settings.iter().copied());
        let mut process = Talking::start(&mut command);
        Self {
            root: process.line_after("listening at "),
            _process: process,
        }
    }

    /// What it answers to a question without a token.
    pub fn get(&self, path: &str) -> Json {
        let (status, body) = ask("GET", &self.root, path, None, None).expect("it answers");
        assert_eq!(status, 200, "{path}");
        body
    }

    /// How many requests it has answered of which this is true: method and status, `GET 200`.
    pub fn seen(&self, counts: fn(&str) -> bool) -> u64 {
        let seen = self.get("/seen");
        let seen = seen.as_object().into_iter().flatten();
        let seen = seen.filter(|(what, _)| counts(what));
        seen.map(|(_, count)| count.as_u64().expect("a number"))
            .sum()
    }
}

impl Peer for OnNode {
    fn list(&self, kind: &str) -> Vec<Json> {
        let all = self.get(&format!("/truth/{kind}"));
        all.as_array().expect("a list").clone()
    }

    fn root(&self) -> &str {
        &self.root
    }

    fn refused_writes(&self) -> u64 {
        self.seen(|what| what.ends_with(" 401") && !what.starts_with("GET "))
    }
}
