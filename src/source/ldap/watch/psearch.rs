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

mod line;
mod touched;
mod unsettled;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::line::Line;
use self::touched::Touched;
use self::unsettled::Unsettled;
use super::News;
use super::digest::digest;
use super::part::Part;
use super::syncrepl::End;
use crate::source::ReadError;
use crate::source::ldap::entry::Entry;
use crate::source::ldap::root::PERSISTENT;
use crate::source::ldap::search::any;
use crate::source::ldap::session::{Session, garbled};
use crate::source::ldap::settings::LdapConfig;
use crate::source::ldap::whereabouts::is_askable;
use crate::source::ldap::{LdapSource, content};

/// So many are looked up at a time.
const CHUNK: usize = 50;
/// What it is for.
const WHAT: &str = "changes";
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
            held.insert(key, digest(&entry));
        }
    };
    let attributes = &part.attributes;
    part.ask(session, config, attributes, more, take).await?;
    Ok(held)
}
