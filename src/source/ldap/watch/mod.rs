//! Listening to a directory server, in the best way that it offers.
//!
//! Promises that a line which breaks is told once and mends itself with growing pauses; that what was
//! heard is kept until somebody asks for it; and that nonsense costs the line and not the program.
//! Leaves each way of listening to a file of its own: [`syncrepl`] is told of every change,
//! [`psearch`] is told that there is one and asks what it is, and [`usn`] and [`polling`] ask again and
//! again.

mod confirmation;
mod controller;
mod digest;
mod domain;
mod inquiry;
mod message;
mod mirror;
mod news;
mod nudge;
mod packed;
mod part;
mod polling;
mod psearch;
mod refresh;
mod syncrepl;
mod tidy;
mod usn;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;

use self::news::News;
use self::polling::Polling;
use self::psearch::Psearch;
use self::syncrepl::End;
use self::usn::Usn;
use super::failure::refuse;
use super::session::Session;
use super::settings::LdapConfig;
use super::{LdapSource, apart};
use crate::core::backoff;
use crate::core::duration;
use crate::core::profile::RetryPolicy;
use crate::source::{Heard, ReadError, Watch};

pub(super) use self::mirror::{FormerName, Mirror, Under, View};
pub(super) use self::nudge::NOTIFICATION;
pub(super) use self::part::Kind;

/// The longest pause between two tries to reach a server.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// The pause before a server is asked for everything again.
const BREATH: Duration = Duration::from_secs(1);

/// A way of listening to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Being told of every change.
    Syncrepl,
    /// Being told that there is a change, and asking what it is.
    Psearch,
    /// Asking a domain controller for its update sequence number, again and again.
    Usn(usn::Offer),
    /// Asking for what was modified since, again and again.
    Polling,
    /// None, and why.
    Deaf(Reason),
}

/// Why a server cannot be listened to, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reason {
    problem: String,
    hint: String,
}

impl Way {
    /// The best way that this server offers us.
    ///
    /// # Errors
    /// When the line breaks.
    pub(super) async fn choose(
        session: &mut Session,
        config: &LdapConfig,
    ) -> Result<Self, ReadError> {
        Self::choose_after(Refused::Nothing, session, config).await
    }

    /// The best way but for what it refused to do for us.
    async fn choose_after(
        refused: Refused,
        session: &mut Session,
        config: &LdapConfig,
    ) -> Result<Self, ReadError> {
        if refused < Refused::Syncrepl && syncrepl::is_possible(session, config).await? {
            return Ok(Self::Syncrepl);
        }
        if refused < Refused::Psearch && psearch::is_possible(session, config) {
            return Ok(Self::Psearch);
        }
        if let Some(offer) = usn::is_possible(session, config).await? {
            return Ok(Self::Usn(offer));
        }
        if polling::is_possible(session, config).await? {
            return Ok(Self::Polling);
        }
        Ok(Self::Deaf(Reason {
            problem: format!("{} shows no `{}` of a user", session.server, polling::STAMP),
            hint: "let the bind name read it; until then, changes wait for the next whole reading"
                .into(),
        }))
    }

    /// What an admin is told of it.
    pub(super) fn told(&self, config: &LdapConfig) -> String {
        match self {
            Self::Syncrepl => "by syncrepl (RFC 4533)".to_owned(),
            Self::Psearch => "by persistent search, and asking what has changed".to_owned(),
            Self::Usn(offer) => usn::told(*offer, config),
            Self::Polling => format!(
                "by asking every {}; deletions at the next whole reading",
                duration::print(polling::pause(config))
            ),
            Self::Deaf(why) => format!("not at all: {}; {}", why.problem, why.hint),
        }
    }
}

/// An ear at a server.
pub(super) struct Listener {
    source: LdapSource,
    news: Arc<News>,
    line: JoinSet<()>,
}

impl Listener {
    /// An ear that opens when it is first asked what it hears.
    pub(super) fn at(source: LdapSource) -> Self {
        Self {
            source,
            news: Arc::default(),
            line: JoinSet::new(),
        }
    }
}

#[async_trait]
impl Watch for Listener {
    async fn next(&mut self) -> Heard {
        if self.line.is_empty() {
            let (source, news) = (self.source.clone(), Arc::clone(&self.news));
            self.line.spawn(listen(source, news));
        }
        self.news.next(&self.source.clock).await
    }
}

/// What outlasts a line.
#[derive(Debug, Default)]
struct Memory {
    psearch: Psearch,
    usn: Usn,
    polling: Polling,
    refused: Refused,
}

/// The last way of those that a server offered and then refused us, from the best on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Refused {
    #[default]
    Nothing,
    Syncrepl,
    Psearch,
}

impl Refused {
    /// What is refused when this way is.
    fn with(way: &Way) -> Self {
        match way {
            Way::Syncrepl => Self::Syncrepl,
            Way::Psearch => Self::Psearch,
            Way::Usn(_) | Way::Polling | Way::Deaf(_) => Self::Nothing,
        }
    }
}

/// Listens over one line after another, for ever.
async fn listen(source: LdapSource, news: Arc<News>) {
    let policy = RetryPolicy {
        max: LONGEST_PAUSE,
        ..RetryPolicy::default()
    };
    let mut memory = Memory::default();
    loop {
        let (listened, told) = (source.clone(), Arc::clone(&news));
        let line = async move {
            let end = over_one_line(&listened, &mut memory, &told).await;
            Ok((memory, end))
        };
        // What a line that broke by nonsense had heard is not trusted any further.
        let error = match apart(line).await {
            Ok((kept, end)) => {
                memory = kept;
                end
            }
            Err(error) => {
                memory = Memory::default();
                error
            }
        };
        let attempt = news.lost(error);
        let pause = backoff::pause(attempt, &policy, source.draw.unit());
        source.clock.sleep(pause).await;
    }
}

/// Listens until the line ends, and says why it did.
async fn over_one_line(source: &LdapSource, memory: &mut Memory, news: &News) -> ReadError {
    loop {
        match over_one_session(source, memory, news).await {
            Ok(End::Anew) => {}
            // A server that says so again and again is not asked without a pause.
            Ok(End::Outdated) => source.clock.sleep(BREATH).await,
            Ok(End::Refused(error) | End::Lost(error)) | Err(error) => return error,
        }
    }
}

async fn over_one_session(
    source: &LdapSource,
    memory: &mut Memory,
    news: &News,
) -> Result<End, ReadError> {
    let config = &*source.config;
    let mut session = Session::open(config).await?;
    let way = Way::choose_after(memory.refused, &mut session, config).await?;
    let offered = Refused::with(&way);
    let end = match way {
        Way::Psearch => memory.psearch.listen(session, source, news).await,
        Way::Syncrepl => syncrepl::listen(session, source, news).await,
        Way::Usn(offer) => {
            let deletions = offer.deletions;
            let ear = usn::Ear::open(&mut session, &mut memory.usn, deletions, source).await?;
            End::Lost(inquiry::listen(ear, &mut session, source, news).await)
        }
        Way::Polling => {
            let polling = &mut memory.polling;
            let ear = polling::Ear { polling, config };
            End::Lost(inquiry::listen(ear, &mut session, source, news).await)
        }
        Way::Deaf(why) => {
            session.close().await;
            End::Lost(refuse(why.problem, why.hint))
        }
    };
    if matches!(end, End::Refused(_)) {
        memory.refused = offered;
    }
    Ok(end)
}

#[cfg(test)]
mod tests;
