//! Where somebody is who is missing from a reading.
//!
//! Promises that nobody is called deleted by a server that knows less than was read before, that
//! cannot show us somebody who must be there, or that stands in our way in the same answer; and that
//! whoever is found where we read is not called missing. "Deleted" is what the server says to us: whom a
//! right hides it cannot tell from it. Leaves the signs against it, names in groups that lead to nobody
//! ([`super::strangers`]) and entries without a key, and acting on it to the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::asking;
use super::content::key;
use super::csn;
use super::search::{Search, any, both};
use super::session::Session;
use super::settings::{Branch, Depth, LdapConfig};
use crate::core::key::UserKey;
use crate::core::newest::{Marks, Newest, Standing, raise};
use crate::core::reading::{Reading, Whereabouts};
use crate::source::{ReadError, dn};

/// So many are asked for at a time.
const CHUNK: usize = 50;
/// So many who must be there are asked for with them.
const WITNESSES: usize = 3;

/// What is kept of the readings so far, to judge by it who is missing.
#[derive(Debug, Default)]
pub(super) struct Past {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Which server was read last.
    server: String,
    /// How far that was then.
    latest: Newest,
    /// The newest that any server showed us since a reading was last taken for what is true.
    seen: Marks,
    /// Some who were there.
    witnesses: BTreeSet<Arc<str>>,
    /// What is known of those who were asked for since everything was read.
    told: BTreeMap<UserKey, Whereabouts>,
}

/// What a server is asked by.
struct Question<'q> {
    config: &'q LdapConfig,
    /// The attribute of the key.
    name: &'q str,
    /// The tree that the users are in, all of it.
    tree: Branch,
    witnesses: &'q BTreeSet<Arc<str>>,
}

impl Past {
    /// Remembers who was read, where, and how new that was.
    pub(super) fn remember(&self, reading: &Reading, server: &str, newest: Newest) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        server.clone_into(&mut kept.server);
        raise(&mut kept.seen, &newest.seen);
        kept.latest = newest;
        let keys = reading.users.keys();
        let step = (keys.len() / WITNESSES).max(1);
        let some = keys.iter().step_by(step).take(WITNESSES);
        kept.witnesses = some.map(|key| key.id).collect();
        kept.told.retain(|user, _| !reading.mentions(user));
    }

    /// How far it had come at the last reading.
    pub(super) fn newest(&self) -> Newest {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.latest.clone()
    }

    /// The last reading is what is true: whoever is asked must have that, and no more. A copy that tells
    /// no numbers is as new as the reading before it at least.
    pub(super) fn settle(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.latest.seen.is_empty() {
            kept.seen = kept.latest.seen.clone();
        }
    }

    /// Forgets what it was told: it is asked anew.
    pub(super) fn doubt(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.told.clear();
    }

    /// Asks a server for each of them; `None`: it does not say which tree the users are in.
    ///
    /// # Errors
    /// When it does not answer.
    pub(super) async fn whereabouts(
        &self,
        config: &LdapConfig,
        missing: &BTreeSet<UserKey>,
    ) -> Result<Option<BTreeMap<UserKey, Whereabouts>>, ReadError> {
        let (mut told, open, witnesses) = self.recall(missing);
        if open.is_empty() {
            return Ok(Some(told));
        }
        let mut session = Session::open(config).await?;
        let Some(top) = session.root.context_of(&config.users.branch.base) else {
            session.close().await;
            return Ok(None);
        };
        let question = Question {
            config,
            name: asking::user_key(config, session.dialect),
            tree: Branch {
                base: top.to_owned(),
                filter: None,
                scope: Depth::Subtree,
            },
            witnesses: &witnesses,
        };
        let newest = csn::newest(&mut session, config).await?;
        let is_as_new = self.is_as_new(&session.server, &newest);
        for chunk in open.chunks(CHUNK) {
            if is_as_new {
                told.extend(question.ask(&mut session, chunk).await?);
            } else {
                let unknown = |user: &UserKey| (user.clone(), Whereabouts::Unknown);
                told.extend(chunk.iter().map(unknown));
            }
        }
        session.close().await;
        self.keep(&told);
        Ok(Some(told))
    }

    /// What is known already, who is to be asked for, and who must be there.
    fn recall(
        &self,
        missing: &BTreeSet<UserKey>,
    ) -> (
        BTreeMap<UserKey, Whereabouts>,
        Vec<UserKey>,
        BTreeSet<Arc<str>>,
    ) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut told, mut open) = (BTreeMap::new(), Vec::new());
        for user in missing {
            match kept.told.get(user) {
                Some(known) => {
                    told.insert(user.clone(), *known);
                }
                None => open.push(user.clone()),
            }
        }
        (told, open, kept.witnesses.clone())
    }

    /// Does this server know at least what was read before? Where that cannot be told, only the one that
    /// was read last surely does.
    fn is_as_new(&self, server: &str, newest: &Newest) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match newest.compare(&kept.seen, |_| false) {
            Standing::Reached => true,
            Standing::Unknown => kept.server == server,
            Standing::Lacks(_) => false,
        }
    }

    fn keep(&self, told: &BTreeMap<UserKey, Whereabouts>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = told.iter().filter(|(_, whereabouts)| match whereabouts {
            Whereabouts::Outside | Whereabouts::Deleted => true,
            Whereabouts::Unknown => false,
        });
        kept.told
            .extend(known.map(|(user, told)| (user.clone(), *told)));
    }
}

impl Question<'_> {
    async fn ask(
        &self,
        session: &mut Session,
        chunk: &[UserKey],
    ) -> Result<Vec<(UserKey, Whereabouts)>, ReadError> {
        let keys = chunk.iter().map(|user| &user.id);
        let all: BTreeSet<Arc<str>> = keys.chain(self.witnesses).cloned().collect();
        let (found, refers) = self.find(session, &self.tree, None, &all).await?;
        let away: BTreeSet<Arc<str>> = chunk
            .iter()
            .map(|user| Arc::clone(&user.id))
            .filter(|key| found.contains_key(key))
            .collect();
        let branch = &self.config.users.branch;
        let filter = branch.filter.as_deref();
        let filter = filter.unwrap_or(session.dialect.user_filter());
        let (here, _) = self.find(session, branch, Some(filter), &away).await?;
        let is_seen = |key: &Arc<str>| {
            let dn = found.get(key);
            dn.is_some_and(|dn| dn::is_below(dn, &branch.base))
        };
        let sees = !refers && self.witnesses.iter().any(is_seen);
        let verdict = |user: &UserKey| {
            let key = &user.id;
            if here.contains_key(key) {
                Whereabouts::Unknown
            } else if found.contains_key(key) {
                Whereabouts::Outside
            } else if sees && is_askable(key) {
                Whereabouts::Deleted
            } else {
                Whereabouts::Unknown
            }
        };
        Ok(chunk
            .iter()
            .map(|user| (user.clone(), verdict(user)))
            .collect())
    }

    /// The names of those who are there by key, and whether a part of the tree is elsewhere.
    async fn find(
        &self,
        session: &mut Session,
        branch: &Branch,
        filter: Option<&str>,
        keys: &BTreeSet<Arc<str>>,
    ) -> Result<(BTreeMap<Arc<str>, String>, bool), ReadError> {
        let mut found = BTreeMap::new();
        let by_key = any(self.name, keys.iter().filter(|key| is_askable(key)));
        let Some(by_key) = by_key else {
            return Ok((found, false));
        };
        let search = Search {
            what: "users",
            branch,
            filter: &filter.map_or_else(|| by_key.clone(), |filter| both(filter, &by_key)),
            attributes: &[self.name.to_owned()],
            page: self.config.page,
        };
        let mut take = |entry: super::entry::Entry| {
            if let Ok(key) = key(&entry, self.name) {
                found.insert(key, entry.dn);
            }
            Ok(())
        };
        let tally = search.run(session, &mut take).await?;
        let refers = tally.referrals > 0 && !session.dialect.always_refers();
        Ok((found, refers))
    }
}

/// Is the key on the server spelled as we have it? Other letters may have come in another form.
pub(super) fn is_askable(key: &str) -> bool {
    key.bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}
