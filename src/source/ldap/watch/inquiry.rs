//! Asking a server again and again what has changed.
//!
//! Promises that the line counts as up as soon as an answer has come, that what the answer means is
//! told once, and that a copy which is doubted is asked about at once. Leaves what is asked to
//! [`usn`](super::usn) and [`polling`](super::polling).

use std::time::Duration;

use super::News;
use crate::source::ReadError;
use crate::source::ldap::LdapSource;
use crate::source::ldap::session::Session;

/// What has come of asking.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing is another than before.
    Nothing,
    /// Something is.
    Change,
    /// What was known is worth nothing, and why.
    Anew(String),
}

/// A way of asking.
pub(super) trait Ask: Send {
    /// How long it waits between two questions.
    fn pause(&self) -> Duration;

    /// Asks once: is anything another than the last time? Who has never asked does not know.
    ///
    /// # Errors
    /// When the line breaks.
    fn look(
        &mut self,
        session: &mut Session,
    ) -> impl Future<Output = Result<Told, ReadError>> + Send;

    /// Waits until the server says by itself that something has changed; most never do.
    fn nudged(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// Asks until the line breaks, and says why it did.
pub(super) async fn listen(
    mut way: impl Ask,
    session: &mut Session,
    source: &LdapSource,
    news: &News,
) -> ReadError {
    loop {
        let told = match way.look(session).await {
            Ok(told) => told,
            Err(error) => return error,
        };
        news.up();
        match told {
            Told::Nothing => {}
            Told::Change => news.change(),
            Told::Anew(why) => news.anew(why),
        }
        let pause = way.pause();
        tokio::select! {
            () = source.clock.sleep(pause) => {}
            () = way.nudged() => {}
            () = source.mirror.doubted() => {}
        }
    }
}
