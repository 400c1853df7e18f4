//! Are writes bound to the version that was read (RFC 7644, 3.14)?

use http::Method;

use super::Probe;
use super::body::patch;
use super::finding::Certainty::{SeenOnce, SeenTwice};
use super::line::ProbeError;
use super::made::Kind;

/// A version that nothing has.
const NONE: &str = "W/\"rollcall-probe\"";

impl Probe<'_> {
    pub(super) async fn versions(&mut self, id: &str) -> Result<(), ProbeError> {
        if self.versioned {
            return Ok(());
        }
        let key = "http.etags";
        let read = self.read(Kind::User, id).await?;
        let Some(version) = read.version() else {
            let says = "a user has no version";
            self.book
                .found(key, "off", SeenOnce, says, &[&read.exchange]);
            return Ok(());
        };
        let (Some(words), Some(text)) = (self.dialect.patch, self.harmless().first().copied())
        else {
            self.book.unknown(
                key,
                "it was tried with PATCH only, which the app does not take",
            );
            return Ok(());
        };
        let path = self.path(Kind::User, id);
        let body = patch(&words.replace(&[(text, "Probe version".into())]));
        let wrong = self
            .line
            .send(Method::PATCH, &path, Some(&body), Some(NONE))
            .await?;
        let right = self
            .line
            .send(Method::PATCH, &path, Some(&body), Some(&version))
            .await?;
        let by = [&wrong.exchange, &right.exchange];
        if wrong.status == 412 && right.ok() {
            let says = "a write with a wrong version was refused, one with the right one taken";
            self.book.found(key, "send", SeenTwice, says, &by);
        } else {
            let says = "a write with a wrong version was not refused with 412";
            self.book.found(key, "off", SeenOnce, says, &by);
        }
        Ok(())
    }
}
