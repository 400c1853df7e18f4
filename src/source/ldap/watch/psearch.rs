//! Being woken by every change in a tree, and asking what has become of it (persistent search,
//! draft-ietf-ldapext-psearch-03).
//!
//! A server that searches for ever by our own filter is silent when somebody leaves it, or the base:
//! so it is asked for everything in the tree, by name alone, and what it names is looked up with our
//! filter.
//! Promises that whoever is deleted, moved away or out of the filter is heard like whoever changes,
//! and that what nobody asks for, such as a log-in, is no change; what happened while the line was
//! down is seen by a comparison with what was there before. Leaves what a change means to whoever
//! reads it, and what a server works out by itself (roles, classes of service) to whole readings.
//!
//! It keeps some 100 bytes a user.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use ldap3::asn1::parse_tag;
use ldap3::controls::{Control, RawControl};
use ldap3::{LdapError, ResultEntry, SearchStream};
use tokio::time::Instant;

use super::News;
use super::part::Part;
use super::syncrepl::{End, SILENCE};
use crate::clock::Clock;
use crate::source::ReadError;
use crate::source::ldap::entry::Entry;
use crate::source::ldap::failure::{code, refuse, said};
use crate::source::ldap::root::PERSISTENT;
use crate::source::ldap::search::any;
use crate::source::ldap::session::{Session, garbled};
use crate::source::ldap::settings::{Depth, LdapConfig};
use crate::source::ldap::whereabouts::is_askable;
use crate::source::ldap::{LdapSource, content};

/// All changes, no entries before the first of them, and what kind each is (section 4).
const ALL_CHANGES: [u8; 11] = [0x30, 9, 2, 1, 0b1111, 1, 1, 0xff, 1, 1, 0xff];
/// What kind a change is (section 5).
const NOTIFICATION: &str = "2.16.840.1.113730.3.4.7";
/// An entry that has another name, or another place.
const MODIFY_DN: u8 = 8;
/// So many are looked up at a time.
const CHUNK: usize = 50;
/// What it is for.
const WHAT: &str = "changes";
/// How long a server may take to do what follows from a change.
const SETTLE: Duration = Duration::from_secs(5);
/// How long is waited for one more of them.
const BURST: Duration = Duration::from_millis(20);

/// What is known of users and groups: their values as a hash, by key.
type Held = BTreeMap<Arc<str>, u64>;
/// Keys of users, and of groups.
type Keys = Vec<BTreeSet<Arc<str>>>;

/// What outlasts a line.
#[derive(Debug, Default)]
pub(super) struct Psearch {
    /// Users, and groups; nothing before all were asked for.
    held: Option<Vec<Held>>,
}

/// An entry that has changed.
struct Touched {
    entry: Entry,
    is_moved: bool,
}

/// What has come of asking.
#[derive(Default)]
struct Compared {
    /// Is anything another than before?
    is_change: bool,
    /// Who was there before, or is there now.
    ours: Keys,
    /// Who is as before.
    same: Keys,
}

/// Who was told of and was then found as before. 389 tells of what it does to other entries by itself,
/// such as `memberOf`, before anybody can see it (2.3.1, tried on 2026-11-22: every fourth time).
#[derive(Default)]
struct Unsettled {
    waiting: VecDeque<(Instant, Keys)>,
}

/// What a search had to say.
type Said = Result<Option<ResultEntry>, LdapError>;

/// A search that goes on.
struct Line {
    stream: SearchStream<'static, String, Vec<String>>,
    /// Has it told anything, or stood for a while?
    is_proven: bool,
    /// What came and is not told yet.
    last: Option<Said>,
}

/// Does the server do it for the tree that users and groups are in?
pub(super) fn is_possible(session: &Session, config: &LdapConfig) -> bool {
    session.dialect.tells_by_persistent_search()
        && session.root.capabilities.contains(PERSISTENT)
        && tree(session, config).is_some()
}

/// The tree that all of them are in: who leaves a base is still in its tree.
fn tree<'s>(session: &'s Session, config: &LdapConfig) -> Option<&'s str> {
    let top = session.root.context_of(&config.users.branch.base)?;
    let groups = config.groups.as_ref();
    let other = groups.map(|groups| session.root.context_of(&groups.branch.base));
    other.is_none_or(|other| other == Some(top)).then_some(top)
}

impl Psearch {
    /// Listens until the line ends.
    pub(super) async fn listen(
        &mut self,
        mut session: Session,
        source: &LdapSource,
        news: &News,
    ) -> End {
        let end = self.hear(&mut session, source, news).await;
        session.close().await;
        end.unwrap_or_else(End::Lost)
    }

    async fn hear(
        &mut self,
        session: &mut Session,
        source: &LdapSource,
        news: &News,
    ) -> Result<End, ReadError> {
        let (config, clock) = (&*source.config, &source.clock);
        let parts = Part::all(config, session.dialect);
        let mut line = Line::begin(session, config, &parts).await?;
        // When it answers this, it has taken in the search; what it holds is asked for afterwards.
        session.find("", &["1.1".to_owned()]).await?;
        let mut is_change = self.renew(session, config, &parts).await?;
        news.up();
        let mut unsettled = Unsettled::default();
        loop {
            if std::mem::take(&mut is_change) {
                news.change();
            }
            let pause = unsettled.pause(clock.instant());
            let said = tokio::select! {
                said = line.next() => said,
                () = clock.sleep(pause) => {
                    line.is_proven = true;
                    match unsettled.due(clock.instant()) {
                        None => drop(session.find("", &["1.1".to_owned()]).await?),
                        Some(keys) => {
                            is_change = self.compare(session, config, &parts, &keys).await?.is_change;
                        }
                    }
                    continue;
                }
            };
            let item = match said {
                Ok(Some(item)) => item,
                Ok(None) => return Ok(line.ended(session).await),
                Err(error) => return Err(session.lost(error, WHAT).await),
            };
            line.is_proven = true;
            let items = line.gather(item, clock).await;
            let touched = items.into_iter().filter(|item| !item.is_ref());
            let touched: Option<Vec<Touched>> = touched.map(Touched::decode).collect();
            let touched = touched.ok_or_else(|| garbled(&session.server, WHAT))?;
            let looked = self.look(session, config, &parts, &touched).await?;
            is_change = looked.is_change;
            unsettled.add(looked.same, clock.instant());
        }
    }

    /// Asks for all there is; is it another than before?
    async fn renew(
        &mut self,
        session: &mut Session,
        config: &LdapConfig,
        parts: &[Part<'_>],
    ) -> Result<bool, ReadError> {
        let mut all = Vec::new();
        for part in parts {
            all.push(find(part, session, config, None).await?);
        }
        let all = Some(all);
        let is_change = all != self.held;
        self.held = all;
        Ok(is_change)
    }

    /// Asks what has become of entries that the search told of.
    async fn look(
        &mut self,
        session: &mut Session,
        config: &LdapConfig,
        parts: &[Part<'_>],
        touched: &[Touched],
    ) -> Result<Compared, ReadError> {
        let keys = |part| touched.iter().filter_map(|one| key(part, one)).collect();
        let keys: Keys = parts.iter().map(keys).collect();
        let mut compared = self.compare(session, config, parts, &keys).await?;
        let is_ours = |touched: &Touched| {
            let mut pairs = parts.iter().zip(&compared.ours);
            pairs.any(|(part, ours)| key(part, touched).is_some_and(|key| ours.contains(&key)))
        };
        // Who is below a place that was moved is named by nobody.
        let is_place = |touched: &Touched| touched.is_moved && !is_ours(touched);
        let mut all = keys.iter().flatten();
        if touched.iter().any(is_place) || !all.all(|key| is_askable(key)) {
            compared.is_change |= self.renew(session, config, parts).await?;
        }
        Ok(compared)
    }

    /// Asks for users and groups with these keys.
    async fn compare(
        &mut self,
        session: &mut Session,
        config: &LdapConfig,
        parts: &[Part<'_>],
        keys: &Keys,
    ) -> Result<Compared, ReadError> {
        let mut compared = Compared::default();
        let kinds = parts.iter().zip(self.held.iter_mut().flatten());
        for ((part, held), keys) in kinds.zip(keys) {
            let (mut ours, mut same) = (BTreeSet::new(), BTreeSet::new());
            let keys: Vec<Arc<str>> = keys.iter().cloned().collect();
            for keys in keys.chunks(CHUNK) {
                let Some(filter) = any(part.key, keys.iter()) else {
                    continue;
                };
                let mut here = find(part, session, config, Some(&filter)).await?;
                for key in keys {
                    let (old, new) = (held.get(key).copied(), here.remove(key));
                    if old.is_some() || new.is_some() {
                        ours.insert(Arc::clone(key));
                    }
                    if old == new {
                        same.insert(Arc::clone(key));
                        continue;
                    }
                    compared.is_change = true;
                    match new {
                        Some(hash) => held.insert(Arc::clone(key), hash),
                        None => held.remove(key),
                    };
                }
            }
            compared.ours.push(ours);
            compared.same.push(same);
        }
        Ok(compared)
    }
}

impl Unsettled {
    fn add(&mut self, keys: Keys, now: Instant) {
        if keys.iter().any(|keys| !keys.is_empty()) {
            self.waiting.push_back((now + SETTLE, keys));
        }
    }

    /// How long the server may be silent, or until somebody is due to be looked at again.
    fn pause(&self, now: Instant) -> Duration {
        let due = self.waiting.front();
        due.map_or(SILENCE, |(at, _)| at.saturating_duration_since(now))
    }

    /// Who is to be looked at again now.
    fn due(&mut self, now: Instant) -> Option<Keys> {
        let (at, _) = self.waiting.front()?;
        if *at > now {
            return None;
        }
        self.waiting.pop_front().map(|(_, keys)| keys)
    }
}

fn key(part: &Part<'_>, touched: &Touched) -> Option<Arc<str>> {
    content::key(&touched.entry, part.key).ok()
}

/// What the server holds of those who also match `more`.
async fn find(
    part: &Part<'_>,
    session: &mut Session,
    config: &LdapConfig,
    more: Option<&str>,
) -> Result<Held, ReadError> {
    let mut held = Held::new();
    let take = |entry: Entry| {
        if let Ok(key) = content::key(&entry, part.key) {
            held.insert(key, hash(&entry));
        }
    };
    part.ask(session, config, more, take).await?;
    Ok(held)
}

/// Of the name and the values, in whatever order these come.
fn hash(entry: &Entry) -> u64 {
    let attributes = entry.attributes.iter();
    let mut values: Vec<(&str, &[u8])> = attributes
        .flat_map(|one| one.values.iter().map(|value| (&*one.name, &**value)))
        .collect();
    values.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (&entry.dn, values).hash(&mut hasher);
    hasher.finish()
}

impl Line {
    async fn begin(
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

    async fn next(&mut self) -> Said {
        match self.last.take() {
            Some(said) => said,
            None => self.stream.next().await,
        }
    }

    /// Those that come right after it.
    async fn gather(&mut self, first: ResultEntry, clock: &Clock) -> Vec<ResultEntry> {
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

    async fn ended(&mut self, session: &Session) -> End {
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

impl Touched {
    /// Reads what the search tells of; `None` when it is no entry.
    fn decode(item: ResultEntry) -> Option<Self> {
        let is_moved = item.1.iter().any(is_moved);
        let entry = Entry::decode(item.0)?;
        Some(Self { entry, is_moved })
    }
}

/// `EntryChangeNotification ::= SEQUENCE { changeType, previousDN OPTIONAL, changeNumber OPTIONAL }`.
fn is_moved(Control(_, raw): &Control) -> bool {
    let kind = || {
        let (_, tag) = parse_tag(raw.val.as_deref()?).ok()?;
        let kind = tag.expect_constructed()?.into_iter().next()?;
        kind.expect_primitive()
    };
    raw.ctype == NOTIFICATION && kind().is_some_and(|kind| kind == [MODIFY_DN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_told_from_every_other_change() {
        let control = |ctype: &str, val: &[u8]| {
            let raw = RawControl {
                ctype: ctype.to_owned(),
                crit: false,
                val: Some(val.to_vec()),
            };
            Control(None, raw)
        };
        for (ctype, val, moved) in [
            (NOTIFICATION, &[0x30, 3, 10, 1, 8][..], true),
            (NOTIFICATION, &[0x30, 6, 10, 1, 8, 4, 1, b'x'], true),
            (NOTIFICATION, &[0x30, 3, 10, 1, 4], false),
            (NOTIFICATION, &[0x30, 0], false),
            (NOTIFICATION, &[0x30], false),
            (PERSISTENT, &[0x30, 3, 10, 1, 8], false),
        ] {
            assert_eq!(is_moved(&control(ctype, val)), moved, "{val:?}");
        }
    }
}
