//! Asking a server again and again for what was modified since (RFC 4512, 3.4.2).
//!
//! Promises that the server's own stamps are what "since" means, never our clock, and that an entry
//! which is modified twice in one second is heard twice. Leaves deletions to whole readings: who is
//! gone has no stamp.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::digest::digest;
use super::inquiry::{Ask, Told};
use super::part::Part;
use crate::source::ReadError;
use crate::source::ldap::dialect::Dialect;
use crate::source::ldap::entry::Entry;
use crate::source::ldap::failure::refuse;
use crate::source::ldap::session::Session;
use crate::source::ldap::settings::LdapConfig;

/// When an entry was last modified.
pub(super) const STAMP: &str = "modifyTimestamp";
/// What was modified this long before the newest stamp is asked for again: servers that share their
/// work stamp by their own clocks.
const OVERLAP: Duration = Duration::from_mins(1);

/// How often is asked where nobody says it.
const PAUSE: Duration = Duration::from_secs(15);

/// How often is asked.
pub(super) fn pause(config: &LdapConfig) -> Duration {
    config.poll.unwrap_or(PAUSE)
}

/// What is known of the entries that were modified last.
#[derive(Debug, Default)]
pub(super) struct Polling {
    /// Which server was asked; another has other stamps.
    server: String,
    /// The newest stamp.
    newest: Option<Timestamp>,
    /// What the entries around the newest stamp hold, as a hash, by DN.
    recent: BTreeMap<String, u64>,
}

/// Does the server show us when a user was modified?
///
/// # Errors
/// When it does not answer.
pub(super) async fn is_possible(
    session: &mut Session,
    config: &LdapConfig,
) -> Result<bool, ReadError> {
    let users = Part::users(config, session.dialect);
    let user = session.sample(users.branch, users.filter, STAMP).await?;
    Ok(user.is_some_and(|user| stamp(&user).is_some()))
}

/// An ear at such a server.
pub(super) struct Ear<'s> {
    pub(super) polling: &'s mut Polling,
    pub(super) config: &'s LdapConfig,
}

impl Ask for Ear<'_> {
    fn pause(&self) -> Duration {
        pause(self.config)
    }

    async fn look(&mut self, session: &mut Session) -> Result<Told, ReadError> {
        let is_change = self.polling.look(session, self.config).await?;
        Ok(if is_change {
            Told::Change
        } else {
            Told::Nothing
        })
    }
}

impl Polling {
    /// Is anything another than the last time?
    async fn look(
        &mut self,
        session: &mut Session,
        config: &LdapConfig,
    ) -> Result<bool, ReadError> {
        let parts = Part::all(config, session.dialect);
        if self.server != session.server {
            *self = Self::default();
        }
        let Some(newest) = self.newest else {
            let newest = newest(session, config, &parts).await?;
            self.recent = recent(session, config, &parts, newest).await?.0;
            self.newest = Some(newest);
            self.server.clone_from(&session.server);
            return Ok(true);
        };
        let (recent, later) = recent(session, config, &parts, newest).await?;
        let is_new = |(dn, held): (&String, &u64)| self.recent.get(dn) != Some(held);
        let changed = recent.iter().any(is_new);
        self.newest = later.max(Some(newest));
        self.recent = recent;
        Ok(changed)
    }
}

/// The newest stamp of all.
async fn newest(
    session: &mut Session,
    config: &LdapConfig,
    parts: &[Part<'_>],
) -> Result<Timestamp, ReadError> {
    let mut newest = None;
    for part in parts {
        let take = |entry: Entry| newest = newest.max(stamp(&entry));
        let attributes = [STAMP.to_owned()];
        part.ask(session, config, &attributes, None, take).await?;
    }
    newest.ok_or_else(|| {
        let problem = format!("{}: no entry shows a `{STAMP}`", session.server);
        refuse(problem, "let the bind name read it")
    })
}

/// What the entries hold that were modified around `newest` and later, and the newest stamp of them.
async fn recent(
    session: &mut Session,
    config: &LdapConfig,
    parts: &[Part<'_>],
    newest: Timestamp,
) -> Result<(BTreeMap<String, u64>, Option<Timestamp>), ReadError> {
    let since = newest.saturating_sub(OVERLAP).unwrap_or(newest);
    let since = format!("({STAMP}>={})", written(since, session.dialect));
    let (mut recent, mut later) = (BTreeMap::new(), None);
    for part in parts {
        let mut attributes: BTreeSet<String> = part.attributes.iter().cloned().collect();
        attributes.insert(STAMP.to_owned());
        let attributes: Vec<String> = attributes.into_iter().collect();
        let take = |entry: Entry| {
            later = later.max(stamp(&entry));
            let held = digest(&entry);
            recent.insert(entry.dn, held);
        };
        let since = Some(&*since);
        part.ask(session, config, &attributes, since, take).await?;
    }
    Ok((recent, later))
}

/// A generalised time in UTC (RFC 4517, 3.3.13), to the second.
fn stamp(entry: &Entry) -> Option<Timestamp> {
    let text = entry.texts(STAMP).next()?.strip_suffix('Z')?;
    let seconds = text.split(['.', ',']).next()?;
    let time = DateTime::strptime("%Y%m%d%H%M%S", seconds).ok()?;
    let time = time.to_zoned(TimeZone::UTC).ok()?;
    Some(time.timestamp())
}

/// The same, as the server takes it in a filter. Active Directory wants a fraction (MS-ADTS,
/// 3.1.1.2.2.2.6).
fn written(time: Timestamp, dialect: Dialect) -> String {
    let text = time.strftime("%Y%m%d%H%M%S");
    match dialect {
        Dialect::Ad => format!("{text}.0Z"),
        Dialect::OpenLdap | Dialect::Rhds | Dialect::FreeIpa | Dialect::Other => format!("{text}Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_and_written_as_its_server_has_it() {
        for (given, dialect, asked) in [
            ("20261122093348Z", Dialect::OpenLdap, "20261122093348Z"),
            ("20261122093348.0Z", Dialect::Ad, "20261122093348.0Z"),
            ("20261122093348.987654Z", Dialect::Rhds, "20261122093348Z"),
        ] {
            let entry = Entry::made("uid=a", &[(STAMP, given)]);
            let time = stamp(&entry).expect("a time");
            assert_eq!(written(time, dialect), asked);
        }
        for odd in ["", "Z", "20261122093348", "20261322093348Z", "yesterday"] {
            let entry = Entry::made("uid=a", &[(STAMP, odd)]);
            assert_eq!(stamp(&entry), None, "{odd}");
        }
    }
}
