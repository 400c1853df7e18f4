//! Hearing every change at once, by content synchronization (RFC 4533).
//!
//! Promises that nobody is taken out of the copy before a refresh has come to its end: a line that is
//! cut in the middle changes nothing, and the next one begins where the last whole answer ended, or
//! anew where the server could not go on from there; and that nobody comes back by what a server does
//! to an entry while it is deleted.
//! Leaves what a change means to whoever follows the source: who is gone here may only have left the
//! filter.

use std::time::Duration;

use ldap3::{LdapError, ResultEntry, SearchStream};
use tokio::time::Instant;

use super::News;
use super::confirmation::confirm;
use super::message::{About, Message, Mode, SYNC_REQUEST, request};
use super::mirror::{Delta, Live, Mirror};
use super::part::{Kind, Part};
use super::refresh::{Refresh, changed};
use super::tidy::tidy;
use crate::core::duration;
use crate::source::ReadError;
use crate::source::ldap::failure::{code, refuse, said};
use crate::source::ldap::session::{Session, garbled};
use crate::source::ldap::settings::{Depth, LdapConfig};
use crate::source::ldap::{LdapSource, range};

/// How long a line may be silent before it is asked whether it is still there.
pub(super) const SILENCE: Duration = Duration::from_mins(1);
/// `e-syncRefreshRequired` (RFC 4533, 2.6).
const REFRESH_REQUIRED: u32 = 4096;

/// Why a line ended.
pub(super) enum End {
    /// It broke.
    Lost(ReadError),
    /// The server does not do this for us, now or later.
    Refused(ReadError),
    /// Everything is to be told anew.
    Anew,
    /// The same, since the server could not go on from what was heard before.
    Outdated,
}

impl From<ReadError> for End {
    fn from(error: ReadError) -> Self {
        Self::Lost(error)
    }
}

/// Does the server do it for the tree that the users are in? Asked for one entry, once.
///
/// # Errors
/// When the line breaks.
pub(super) async fn is_possible(
    session: &mut Session,
    config: &LdapConfig,
) -> Result<bool, ReadError> {
    if !session.root.capabilities.contains(SYNC_REQUEST) {
        return Ok(false);
    }
    let base = &config.users.branch.base;
    session.ldap.with_timeout(session.timeout);
    let control = request(Mode::RefreshOnly, None);
    let asked = session.ldap.with_controls(vec![control]);
    let (scope, any) = (Depth::Base.into(), "(objectClass=*)");
    match asked.search(base, scope, any, ["1.1"]).await {
        Ok(ldap3::SearchResult(_, result)) => Ok(result.rc == code::SUCCESS),
        Err(error) => Err(session.lost(error, base).await),
    }
}

/// Listens until the line ends.
pub(super) async fn listen(mut session: Session, source: &LdapSource, news: &News) -> End {
    let end = match Ear::open(&mut session, source).await {
        Ok(mut ear) => ear.listen(&mut session, source, news).await,
        Err(error) => End::Lost(error),
    };
    session.close().await;
    end
}

/// A search that goes on.
struct Line<'c> {
    part: Part<'c>,
    stream: SearchStream<'c, String, Vec<String>>,
    /// Did it go on from somewhere?
    goes_on: bool,
    /// What was told so far, until the refresh is over.
    refresh: Option<Refresh>,
}

/// The searches for users and for groups.
struct Ear<'c> {
    users: Line<'c>,
    groups: Option<Line<'c>>,
}

/// What a search had to say.
type Said = Result<Option<ResultEntry>, LdapError>;

impl<'c> Line<'c> {
    async fn begin(
        session: &mut Session,
        part: Part<'c>,
        cookie: Option<&[u8]>,
    ) -> Result<Self, ReadError> {
        let control = request(Mode::RefreshAndPersist, cookie);
        let (base, scope) = (part.branch.base.as_str(), part.branch.scope.into());
        let wanted = part.attributes.clone();
        // Without a time-out: it would end the search as soon as nothing changes.
        let asked = session.ldap.with_controls(vec![control]);
        match asked
            .streaming_search(base, scope, part.filter, wanted)
            .await
        {
            Ok(stream) => Ok(Self {
                part,
                stream,
                goes_on: cookie.is_some(),
                refresh: Some(Refresh::begun(cookie.is_some())),
            }),
            Err(error) => Err(session.lost(error, part.what).await),
        }
    }

    /// Takes a message; gives what the copy is to take in, once that is certain.
    fn take(&mut self, message: Message) -> Option<Delta> {
        let Some(refresh) = &mut self.refresh else {
            return Some(changed(message));
        };
        if !refresh.take(message) {
            return None;
        }
        self.refresh.take().map(Refresh::finish)
    }
}

impl<'c> Ear<'c> {
    async fn open(session: &mut Session, source: &'c LdapSource) -> Result<Self, ReadError> {
        let config = &*source.config;
        let cookies = source.mirror.begin(&session.server);
        let goes_on = session.dialect.goes_on();
        let [users, groups] = cookies.map(|cookie| cookie.filter(|_| goes_on));
        let part = Part::users(config, session.dialect);
        let users = Line::begin(session, part, users.as_deref()).await?;
        let groups = match Part::groups(config, session.dialect) {
            None => None,
            Some(part) => Some(Line::begin(session, part, groups.as_deref()).await?),
        };
        Ok(Self { users, groups })
    }

    async fn listen(&mut self, session: &mut Session, source: &LdapSource, news: &News) -> End {
        let (mirror, clock) = (&source.mirror, &source.clock);
        let mut live: Option<Live<'_>> = None;
        let mut is_change = false;
        loop {
            let pause = self.pause(session, mirror.due(), clock.instant());
            let (kind, said) = tokio::select! {
                heard = self.next() => heard,
                () = mirror.doubted() => return End::Anew,
                () = clock.sleep(pause) => {
                    let copy = (&*source.config, &**mirror);
                    match self.silence(session, copy, clock.instant()).await {
                        Ok(true) => news.change(),
                        Ok(false) => {}
                        Err(error) => return End::Lost(error),
                    }
                    continue;
                }
            };
            let delta = match self.take(session, kind, said).await {
                Ok(delta) => delta,
                Err(Ended::Lost(error)) => return End::Lost(error),
                Err(Ended::Refused(error)) => return End::Refused(error),
                Err(Ended::Outdated(why)) => {
                    mirror.forget();
                    news.anew(why);
                    return End::Outdated;
                }
            };
            let Some(mut delta) = delta else { continue };
            if let Err(error) = confirm(session, source, kind, &mut delta).await {
                return End::Lost(error);
            }
            is_change |= mirror.take(kind, delta, clock.instant());
            if self.is_refreshing() {
                continue;
            }
            if live.is_none() {
                live = Some(mirror.rise(session.dialect));
                news.up();
            }
            if std::mem::take(&mut is_change) {
                news.change();
            }
        }
    }

    /// How long the server may be silent, or until somebody is due to be looked at again.
    fn pause(&self, session: &Session, due: Option<Instant>, now: Instant) -> Duration {
        if self.is_refreshing() {
            return session.timeout;
        }
        due.map_or(SILENCE, |at| SILENCE.min(at.saturating_duration_since(now)))
    }

    /// Nothing was heard for a while: is somebody there, and has anybody been put right? `true`: the
    /// copy may be another now.
    async fn silence(
        &self,
        session: &mut Session,
        (config, mirror): (&LdapConfig, &Mirror),
        now: Instant,
    ) -> Result<bool, ReadError> {
        if self.is_refreshing() {
            let waited = duration::print(session.timeout);
            let problem = format!("{}: changes: no answer for {waited}", session.server);
            let hint = "see why the server is slow, or raise `timeout`";
            return Err(refuse(problem, hint));
        }
        let was_due = tidy(session, config, mirror, now).await?;
        if !was_due {
            session.find("", &["1.1".to_owned()]).await?;
        }
        Ok(was_due)
    }

    fn lines(&self) -> impl Iterator<Item = &Line<'c>> {
        std::iter::once(&self.users).chain(&self.groups)
    }

    fn is_refreshing(&self) -> bool {
        self.lines().any(|line| line.refresh.is_some())
    }

    /// The next message of either search, users first: groups name them.
    async fn next(&mut self) -> (Kind, Said) {
        let users = &mut self.users.stream;
        match &mut self.groups {
            None => (Kind::Users, users.next().await),
            Some(groups) => tokio::select! {
                biased;
                said = users.next() => (Kind::Users, said),
                said = groups.stream.next() => (Kind::Groups, said),
            },
        }
    }

    async fn take(
        &mut self,
        session: &mut Session,
        kind: Kind,
        said: Said,
    ) -> Result<Option<Delta>, Ended> {
        let line = match (kind, &mut self.groups) {
            (Kind::Groups, Some(groups)) => groups,
            (Kind::Users, _) | (Kind::Groups, None) => &mut self.users,
        };
        match said {
            Ok(Some(item)) => match Message::decode(item) {
                Some(message) if !is_ranged(&message) => Ok(line.take(message)),
                Some(_) | None => {
                    let error = garbled(&session.server, "changes");
                    Err(Ended::Refused(error))
                }
            },
            Ok(None) => Err(line.ended(session).await),
            Err(error) => Err(Ended::Lost(session.lost(error, "changes").await)),
        }
    }
}

fn is_ranged(message: &Message) -> bool {
    match &message.about {
        About::Entry(_, _, entry) => range::is_ranged(entry),
        About::Reference(..)
        | About::Present(_)
        | About::Deleted(_)
        | About::PresentEnds(_)
        | About::DeletesEnd(_)
        | About::Nothing => false,
    }
}

/// Why a search ended that should have gone on.
enum Ended {
    Lost(ReadError),
    Refused(ReadError),
    /// What was heard before cannot be gone on from.
    Outdated(String),
}

impl Line<'_> {
    async fn ended(&mut self, session: &Session) -> Ended {
        let result = self.stream.finish().await;
        let place = format!("{}: changes of {}", session.server, self.part.what);
        let is_begun = self.refresh.is_none();
        let error = |problem: &str, hint: &str| {
            let said = said(&result);
            refuse(format!("{place}: {problem} ({said})"), hint)
        };
        match result.rc {
            code::BUSY | code::UNAVAILABLE | code::SUCCESS => Ended::Lost(error(
                "the server ended the search",
                "it is begun again by itself",
            )),
            code::SIZE_LIMIT | code::TIME_LIMIT | code::ADMIN_LIMIT => Ended::Refused(error(
                "the server stopped before the end",
                session.dialect.limits(),
            )),
            code::CRITICAL_EXTENSION | code::INSUFFICIENT_ACCESS => Ended::Refused(error(
                "the server does not tell them",
                "let the bind name use syncrepl (OpenLDAP: overlay syncprov; 389: the entry of the control \
                 in cn=features,cn=config)",
            )),
            REFRESH_REQUIRED if is_begun || self.goes_on => Ended::Outdated(format!(
                "{place}: the server does not know any more what has changed since ({})",
                said(&result)
            )),
            _ if self.goes_on && !is_begun => Ended::Outdated(format!(
                "{place}: the server cannot go on from what was heard before; was it restored, or \
                 is it another? ({})",
                said(&result)
            )),
            _ => Ended::Lost(error(
                "the server ended the search",
                "see the server's log for why",
            )),
        }
    }
}
