//! The search that goes on: how it is begun, what it tells, how it ends.
//!
//! Promises that a server which refuses it is told from one that broke it off. Leaves what is told to
//! whoever listens.

use std::time::Duration;

use ldap3::controls::RawControl;
use ldap3::{LdapError, ResultEntry, SearchStream};

use super::{CHUNK, WHAT, tree};
use crate::clock::Clock;
use crate::source::ReadError;
use crate::source::ldap::failure::{code, refuse, said};
use crate::source::ldap::root::PERSISTENT;
use crate::source::ldap::session::Session;
use crate::source::ldap::settings::{Depth, LdapConfig};
use crate::source::ldap::watch::part::Part;
use crate::source::ldap::watch::syncrepl::End;

/// All changes, no entries before the first of them, and what kind each is (section 4).
const ALL_CHANGES: [u8; 11] = [0x30, 9, 2, 1, 0b1111, 1, 1, 0xff, 1, 1, 0xff];
/// How long is waited for one more of them.
const BURST: Duration = Duration::from_millis(20);

/// What a search had to say.
type Said = Result<Option<ResultEntry>, LdapError>;

/// A search that goes on.
pub(super) struct Line {
    stream: SearchStream<'static, String, Vec<String>>,
    /// Has it told anything, or stood for a while?
    pub(super) is_proven: bool,
    /// What came and is not told yet.
    last: Option<Said>,
}

impl Line {
    pub(super) async fn begin(
        session: &mut Session,
        config: &LdapConfig,
        parts: &[Part<'_>],
    ) -> Result<Self, ReadError> {
        let top = tree(session, config).unwrap_or_default().to_owned();
        let keys: Vec<String> = parts.iter().map(|part| part.key.to_owned()).collect();
        let control = RawControl {
            ctype: PERSISTENT.to_owned(),
            crit: true,
            val: Some(ALL_CHANGES.to_vec()),
        };
        let (scope, everything) = (Depth::Subtree.into(), "(objectClass=*)");
        // Without a time-out: it would end the search as soon as nothing changes.
        let asked = session.ldap.with_controls(vec![control]);
        match asked.streaming_search(&top, scope, everything, keys).await {
            Ok(stream) => Ok(Self {
                stream,
                is_proven: false,
                last: None,
            }),
            Err(error) => Err(session.lost(error, WHAT).await),
        }
    }

    pub(super) async fn next(&mut self) -> Said {
        match self.last.take() {
            Some(said) => said,
            None => self.stream.next().await,
        }
    }

    /// Those that come right after it.
    pub(super) async fn gather(&mut self, first: ResultEntry, clock: &Clock) -> Vec<ResultEntry> {
        let mut items = vec![first];
        while items.len() < CHUNK {
            let said = tokio::select! {
                biased;
                said = self.stream.next() => said,
                () = clock.sleep(BURST) => break,
            };
            match said {
                Ok(Some(item)) => items.push(item),
                end => {
                    self.last = Some(end);
                    break;
                }
            }
        }
        items
    }

    pub(super) async fn ended(&mut self, session: &Session) -> End {
        let result = self.stream.finish().await;
        let problem = format!(
            "{}: {WHAT}: the server ended the search ({})",
            session.server,
            said(&result)
        );
        match result.rc {
            code::BUSY | code::UNAVAILABLE | code::SUCCESS => {
                End::Lost(refuse(problem, "it is begun again by itself"))
            }
            _ if self.is_proven => End::Lost(refuse(problem, "it is begun again by itself")),
            _ => End::Refused(refuse(
                problem,
                "let the bind name use persistent search; until then it is asked again and again",
            )),
        }
    }
}
