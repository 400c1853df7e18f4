//! What the app says of itself, and what it says to somebody without credentials.

use super::Probe;
use super::finding::Certainty;
use super::line::{ProbeError, Seen};
use crate::core::fault::FaultKind;
use crate::http::Transport;

/// Where apps say what they can do: as the RFC has it (RFC 7644, 4), and the plural that some use.
const PATHS: [&str; 2] = ["/ServiceProviderConfig", "/ServiceProviderConfigs"];

impl Probe<'_> {
    pub(super) async fn discovery(&mut self, stranger: &dyn Transport) -> Result<(), ProbeError> {
        self.nobody(stranger).await?;
        let mut asked = Vec::new();
        for path in PATHS {
            let seen = self.line.get(path).await?;
            if seen.status == 401 {
                return Err(ProbeError::answer(&seen, FaultKind::Unauthenticated));
            }
            let found = seen.ok() && seen.body.is_object();
            asked.push(seen.exchange.clone());
            if found {
                let says = "it says there what it can do";
                let by = [&seen.exchange];
                self.book
                    .found("http.discovery", path, Certainty::SeenOnce, says, &by);
                self.claims(&seen);
                return Ok(());
            }
        }
        let says = "it says nowhere what it can do";
        let by: Vec<_> = asked.iter().collect();
        self.book
            .found("http.discovery", "", Certainty::SeenOnce, says, &by);
        Ok(())
    }

    /// What it says it can do; what it really does is seen later.
    fn claims(&mut self, seen: &Seen) {
        let claims: Vec<String> = ["patch", "bulk", "filter", "sort", "etag", "changePassword"]
            .into_iter()
            .filter_map(|name| {
                let supported = seen.body.get(name)?.get("supported")?.as_bool()?;
                Some(format!("{name} {}", if supported { "yes" } else { "no" }))
            })
            .collect();
        if !claims.is_empty() {
            self.book
                .note(format!("It says of itself: {}.", claims.join(", ")));
        }
    }

    /// One request without any credentials: no log-in that could fail.
    async fn nobody(&mut self, stranger: &dyn Transport) -> Result<(), ProbeError> {
        let path = format!("{}?startIndex=1&count=1", self.profile.users.path);
        let seen = self.line.get_through(stranger, &path).await?;
        if seen.ok() {
            self.book
                .note("It shows its users to anybody, without credentials.".into());
        } else if seen.status != 401 {
            let text = format!(
                "It answers {} to who has no credentials, not 401.",
                seen.status
            );
            self.book.note(text);
        }
        Ok(())
    }
}
