//! A controller that says by itself that something has changed (MS-ADTS, 3.1.1.3.4.1.9).
//!
//! It tells which entries, one by one, and neither what of them nor all that left a tree: so it is a
//! nudge to ask at once, and asking goes on beside it.
//! Promises that changes which follow each other closely are one nudge, and that a controller which
//! refuses is not asked again on the same line. Leaves what has changed to [`super::usn`].

use std::time::Duration;

use ldap3::SearchStream;
use ldap3::controls::RawControl;

use super::domain::show_deleted;
use crate::clock::Clock;
use crate::source::ldap::session::Session;
use crate::source::ldap::settings::{Depth, LdapConfig};

/// The control that keeps a search going.
pub(in crate::source::ldap) const NOTIFICATION: &str = "1.2.840.113556.1.4.528";
/// What comes so soon after a first change is one nudge with it.
const BREATH: Duration = Duration::from_millis(100);

/// Does the controller of this line say so?
pub(super) fn is_offered(session: &Session) -> bool {
    session.root.capabilities.contains(NOTIFICATION)
}

/// An ear for it; `None`: nothing is told.
pub(super) struct Nudge {
    stream: Option<SearchStream<'static, String, Vec<String>>>,
}

impl Nudge {
    /// Asks to be told of the tree that the users are in. A controller that refuses is asked for its
    /// number as often as any other.
    pub(super) async fn begin(session: &Session, config: &LdapConfig) -> Self {
        let top = session.root.context_of(&config.users.branch.base);
        let (Some(top), true) = (top, is_offered(session)) else {
            return Self { stream: None };
        };
        let control = RawControl {
            ctype: NOTIFICATION.to_owned(),
            crit: true,
            val: None,
        };
        let (scope, everything) = (Depth::Subtree.into(), "(objectClass=*)");
        let keys = vec!["objectGUID".to_owned()];
        // Without a time-out: it would end the search as soon as nothing changes.
        let mut ldap = session.ldap.clone();
        let asked = ldap.with_controls([show_deleted(), vec![control]].concat());
        let begun = asked.streaming_search(top, scope, everything, keys).await;
        Self { stream: begun.ok() }
    }

    /// Waits until the controller says that something has changed.
    pub(super) async fn heard(&mut self, clock: &Clock) {
        let Some(stream) = &mut self.stream else {
            return std::future::pending().await;
        };
        let mut said = stream.next().await;
        if matches!(said, Ok(Some(_))) {
            clock.sleep(BREATH).await;
        }
        while matches!(said, Ok(Some(_))) {
            said = tokio::select! {
                biased;
                said = stream.next() => said,
                () = std::future::ready(()) => return,
            };
        }
        // It has ended, or was refused: nothing comes any more, and whoever asks will see why.
        self.stream = None;
    }
}
