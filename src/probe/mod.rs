//! Finding out what a live SCIM server is like, with users and groups that are thrown away again.
//!
//! Promises to change nothing that it did not make, to have no more throw-away users at once than it
//! was allowed, to remove them however it ends, and to name what stayed behind. What nobody saw is
//! never claimed. Leaves asking a person first to the caller, and words to `show`.

mod attributes;
mod body;
mod change;
mod clearing;
mod creation;
mod discovery;
mod filters;
mod finding;
mod groups;
mod leaving;
mod line;
mod lists;
mod made;
mod sample;
#[cfg(test)]
mod tests;
mod versions;

use std::sync::Arc;

use url::Url;

use self::body::Dialect;
use self::finding::Notebook;
use self::line::Line;
use self::made::Made;
use self::sample::Sample;
use crate::clock::Clock;
use crate::core::attribute::AttrName;
use crate::core::profile::{AuthKind, Profile};
use crate::http::Transport;

pub use self::finding::{Certainty, Finding, Report};
pub use self::line::{Exchange, ProbeError, Stop};
pub use self::made::{Kind, Left};

/// Users that are there at once, at most, beside those for the limit of members.
pub const USERS: usize = 3;
/// Groups that are there at once, at most.
pub const GROUPS: usize = 2;

/// What is probed, and how far it may go.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Where the app is.
    pub base_url: Url,
    /// What any app is taken to be like until it shows otherwise, with the attributes to try.
    pub profile: Profile,
    /// The way we prove who we are to it.
    pub auth: AuthKind,
    /// May it write?
    pub reach: Reach,
    /// What every throw-away name begins with; nobody else's does.
    pub marker: String,
    /// The domain of throw-away addresses.
    pub domain: String,
}

/// How far a probe may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It only reads.
    Read,
    /// It makes users and groups, and removes them again.
    Write {
        /// Further users, for the limit of members in one request.
        chunk_users: usize,
    },
}

/// A probe under way.
struct Probe<'a> {
    line: Line<'a>,
    made: Made,
    book: Notebook,
    sample: Sample,
    dialect: Dialect,
    profile: Profile,
    /// The attributes without which no user is made.
    required: Vec<AttrName>,
    /// Does DELETE take a user away?
    deletes: bool,
    /// Does every write need the version that was read?
    versioned: bool,
}

/// Probes the app behind `transport`, which proves who we are; `stranger` is the same way without
/// credentials. Ends early when `stop` is pulled; what was made is removed all the same.
pub async fn probe(
    transport: Arc<dyn Transport>,
    stranger: Arc<dyn Transport>,
    setting: Setting,
    clock: &Clock,
    stop: &Stop,
) -> Report {
    let chunk_users = match setting.reach {
        Reach::Read => 0,
        Reach::Write { chunk_users } => chunk_users,
    };
    let mut probe = Probe {
        line: Line::new(&*transport, &setting, clock, stop),
        made: Made::new(USERS + chunk_users, GROUPS),
        book: Notebook::default(),
        sample: Sample::new(&setting.marker, &setting.domain),
        dialect: Dialect::default(),
        profile: setting.profile.clone(),
        required: Vec::new(),
        deletes: false,
        versioned: false,
    };
    let ended = probe.run(&*stranger, setting.reach).await;
    probe.line.finish_whatever_happens();
    let left = probe.clean_up().await;
    probe.book.hints(probe.line.hints());
    Report {
        host: setting.base_url.host_str().unwrap_or_default().to_owned(),
        auth: setting.auth,
        profile: setting.profile,
        findings: probe.book.findings,
        notes: probe.book.notes,
        refused: probe.book.refused,
        requests: probe.line.count(),
        left,
        ended: ended.err(),
    }
}

impl Probe<'_> {
    async fn run(&mut self, stranger: &dyn Transport, reach: Reach) -> Result<(), ProbeError> {
        self.discovery(stranger).await?;
        self.look_around().await?;
        match reach {
            Reach::Read => {
                self.pages().await?;
                self.book.note(
                    "Only reading was allowed: what the app does with writes is not known.".into(),
                );
                Ok(())
            }
            Reach::Write { chunk_users } => self.try_out(chunk_users).await,
        }
    }

    async fn try_out(&mut self, chunk_users: usize) -> Result<(), ProbeError> {
        if !self.first_user().await? {
            self.book
                .note("No user could be made: what the app does with writes is not known.".into());
            return self.pages().await;
        }
        let friend = self.friend().await?;
        let subject = self.subject(friend.as_deref()).await?;
        self.pages().await?;
        let Some(subject) = subject else {
            return Ok(());
        };
        self.look_ups(&subject).await?;
        self.changes(&subject).await?;
        self.clearing(&subject).await?;
        self.versions(&subject).await?;
        let group = self
            .groups(&subject, friend.as_deref(), chunk_users)
            .await?;
        self.leaving(&subject, group.as_deref()).await
    }
}
