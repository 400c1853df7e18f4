//! What a sandbox app was asked, in order.
//!
//! Promises that no header and no body is kept, so no secret either, and that the counts are exact
//! when old lines have been dropped. Leaves reading it to tests and to people.

use std::collections::VecDeque;

use http::Method;
use jiff::Timestamp;
use serde::Serialize;

/// Lines kept, at most.
const KEPT: usize = 200_000;

/// A request that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// GET, POST, …
    pub method: String,
    /// The path with its parameters, as it was sent.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// When.
    pub at: Timestamp,
}

/// How many requests came in, refused ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestCounts {
    /// GET.
    pub read: u64,
    /// POST, PUT, PATCH and DELETE of resources.
    pub write: u64,
    /// At the token endpoint.
    pub token: u64,
}

/// The requests of one app.
#[derive(Debug, Default)]
pub(super) struct RequestLog {
    lines: VecDeque<LoggedRequest>,
    counts: RequestCounts,
}

/// Of which kind a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestKind {
    /// Of resources.
    Scim,
    /// Of a token.
    Token,
}

impl RequestLog {
    /// Writes a line.
    pub(super) fn note(&mut self, kind: RequestKind, method: &Method, line: LoggedRequest) {
        match kind {
            RequestKind::Token => self.counts.token += 1,
            RequestKind::Scim if method == Method::GET => self.counts.read += 1,
            RequestKind::Scim => self.counts.write += 1,
        }
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The lines, oldest first.
    pub(super) fn lines(&self) -> Vec<LoggedRequest> {
        self.lines.iter().cloned().collect()
    }

    /// The counts.
    pub(super) fn counts(&self) -> RequestCounts {
        self.counts
    }
}
