//! A copy of what a server holds of users and groups, kept by what is heard.
//!
//! Promises that data and cookie change together; that the copy is shown only while the line stands
//! by which it is kept; and that who was renamed a moment ago is found under the former name, too,
//! until the entries that name it were read again: servers put these right by themselves and tell
//! nobody (OpenLDAP's refint). It keeps the attributes that a reading asks for and nothing else.
//! Leaves making users and groups of it to [`super::super::follow`].
//!
//! An entry costs what its DN, names and values cost, and some 80 bytes: with five attributes about
//! 250 bytes, a quarter of a gigabyte for a million people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::message::Uuid;
use super::packed::Packed;
use super::part::Kind;
use crate::core::newest::{Marks, Scale, raise};
use crate::source::dn;
use crate::source::ldap::csn;
use crate::source::ldap::dialect::Dialect;
use crate::source::ldap::entry::Entry;

/// How long a server may take to put the entries right that name somebody who was renamed
/// (OpenLDAP's refint takes up to a second; Active Directory does it at once).
const SETTLE: Duration = Duration::from_secs(2);

/// A copy of users and groups.
#[derive(Debug, Default)]
pub(in crate::source::ldap) struct Mirror {
    state: Mutex<State>,
    again: Notify,
}

#[derive(Debug, Default)]
struct State {
    server: String,
    /// The kind of the server, while the line stands.
    live: Option<Dialect>,
    /// Is everything to be told anew?
    is_doubted: bool,
    users: Shelf,
    groups: Shelf,
    /// Names that users and groups had until a moment ago, normalised.
    former: BTreeMap<String, Former>,
    /// What stands under names that are no user's, as groups spell them.
    looked: BTreeMap<String, Under>,
    /// The newest changes in it, of a server that numbers them apart from its cookies.
    seen: Marks,
}

#[derive(Debug, Default)]
struct Shelf {
    held: BTreeMap<Uuid, Held>,
    cookie: Option<Vec<u8>>,
    is_filled: bool,
}

#[derive(Debug)]
struct Former {
    kind: Kind,
    /// Whose it was, if that entry is still there.
    owner: Option<Uuid>,
    /// When whoever names it should have been put right.
    due: Instant,
}

/// An entry that may have been put right.
pub(super) struct Naming {
    pub(super) kind: Kind,
    pub(super) uuid: Uuid,
    pub(super) dn: String,
}

/// What stands under a name that is no user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::ldap) enum Under {
    /// Nothing.
    Nothing,
    /// Something else, or something that we may not see.
    Other,
}

/// What is kept under an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// An entry.
    Entry(Packed),
    /// A part of the tree that is on another server.
    Reference,
}

impl Held {
    fn entry(&self) -> Option<Entry> {
        match self {
            Self::Entry(packed) => Some(packed.entry()),
            Self::Reference => None,
        }
    }

    fn name(&self) -> Option<String> {
        match self {
            Self::Entry(packed) => dn::normal(&packed.dn()),
            Self::Reference => None,
        }
    }
}

/// What was heard of one of the two.
#[derive(Debug, Default)]
pub(super) struct Delta {
    /// Added or modified.
    pub(super) put: BTreeMap<Uuid, Held>,
    /// Gone.
    pub(super) gone: BTreeSet<Uuid>,
    /// If it is all there is: who else is still there. Everybody not named is gone.
    pub(super) all: Option<BTreeSet<Uuid>>,
    /// Where to go on from.
    pub(super) cookie: Option<Vec<u8>>,
}

/// The line stands while this lives.
pub(super) struct Live<'m>(&'m Mirror);

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.0.state().live = None;
    }
}

impl Mirror {
    /// A line to this server begins; gives where users and groups go on from.
    pub(super) fn begin(&self, server: &str) -> [Option<Vec<u8>>; 2] {
        let mut state = self.state();
        if std::mem::take(&mut state.is_doubted) || state.server != server {
            state.users.cookie = None;
            state.groups.cookie = None;
        }
        server.clone_into(&mut state.server);
        [state.users.cookie.clone(), state.groups.cookie.clone()]
    }

    /// From now on the copy is as the server is, until the line falls.
    pub(super) fn rise(&self, dialect: Dialect) -> Live<'_> {
        let mut state = self.state();
        if !state.is_doubted {
            state.live = Some(dialect);
        }
        Live(self)
    }

    /// It has everything up to this.
    pub(super) fn reach(&self, scale: Scale, origin: &str, at: String) {
        let mark = ((scale, origin.to_owned()), at);
        raise(&mut self.state().seen, &Marks::from([mark]));
    }

    /// Takes in what was heard, all of it at once; is anything another than before?
    pub(super) fn take(&self, kind: Kind, delta: Delta, now: Instant) -> bool {
        self.state().take(kind, delta, now + SETTLE)
    }

    /// Is there anything under this id?
    pub(super) fn holds(&self, kind: Kind, uuid: &Uuid) -> bool {
        let state = self.state();
        let shelf = match kind {
            Kind::Users => &state.users,
            Kind::Groups => &state.groups,
        };
        shelf.held.contains_key(uuid)
    }

    /// When somebody should look again at the entries that name who was renamed, moved or deleted.
    pub(super) fn due(&self) -> Option<Instant> {
        let state = self.state();
        state.former.values().map(|former| former.due).min()
    }

    /// The entries to look at again now.
    pub(super) fn naming(&self, now: Instant) -> Vec<Naming> {
        let state = self.state();
        let is_due = |name: &String| state.former.get(name).is_some_and(|held| held.due <= now);
        let kinds = [(Kind::Users, &state.users), (Kind::Groups, &state.groups)];
        let mut naming = Vec::new();
        for (kind, shelf) in kinds {
            for (uuid, held) in &shelf.held {
                let Some(entry) = held.entry() else { continue };
                if names(&entry).any(|name| is_due(&name)) {
                    let (uuid, dn) = (*uuid, entry.dn);
                    naming.push(Naming { kind, uuid, dn });
                }
            }
        }
        naming
    }

    /// The entries that name them were looked at: the names due are forgotten.
    pub(super) fn settle(&self, now: Instant) {
        self.state().former.retain(|_, former| former.due > now);
    }

    /// Forgets everything.
    pub(super) fn forget(&self) {
        *self.state() = State::default();
    }

    /// Everything was read in another way: a copy that is kept is told anew, since not every change
    /// is heard (rights, values that the server works out, the move of a whole branch).
    pub(in crate::source::ldap) fn renew(&self) {
        let mut state = self.state();
        if state.live.take().is_some() {
            state.is_doubted = true;
            self.again.notify_one();
        }
    }

    /// Is everything to be told anew?
    pub(super) fn is_doubted(&self) -> bool {
        self.state().is_doubted
    }

    /// Waits until everything is to be told anew.
    pub(super) async fn doubted(&self) {
        loop {
            let again = self.again.notified();
            if self.is_doubted() {
                return;
            }
            again.await;
        }
    }

    /// Shows the copy, if it is as the server is.
    pub(in crate::source::ldap) fn show<T>(&self, look: impl FnOnce(&View<'_>) -> T) -> Option<T> {
        let state = self.state();
        let dialect = state.live?;
        let view = View {
            state: &state,
            dialect,
        };
        Some(look(&view))
    }

    /// Remembers what stands under names that are no user's.
    pub(in crate::source::ldap) fn remember(&self, looked: BTreeMap<String, Under>) {
        self.state().looked.extend(looked);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, kind: Kind, delta: Delta, due: Instant) -> bool {
        let mut left = Vec::new();
        let shelf = match kind {
            Kind::Users => &mut self.users,
            Kind::Groups => &mut self.groups,
        };
        let mut is_change = !std::mem::replace(&mut shelf.is_filled, true);
        for uuid in shelf.missing(&delta) {
            if let Some(old) = shelf.held.remove(&uuid) {
                is_change = true;
                left.push((old.name(), None));
            }
        }
        for (uuid, new) in delta.put {
            if shelf.held.get(&uuid) == Some(&new) {
                continue;
            }
            is_change = true;
            if kind == Kind::Groups {
                forget_names(&mut self.looked, &new);
            }
            let name = new.name();
            if let Some(old) = shelf.held.insert(uuid, new)
                && old.name() != name
            {
                left.push((old.name(), Some(uuid)));
            }
        }
        if delta.cookie.is_some() {
            shelf.cookie = delta.cookie;
        }
        for (name, owner) in left {
            let former = name.map(|name| (name, Former { kind, owner, due }));
            self.former.extend(former);
        }
        is_change
    }
}

/// The DNs among the values of an entry, normalised.
fn names(entry: &Entry) -> impl Iterator<Item = String> {
    let values = entry.attributes.iter().flat_map(|held| &held.values);
    let texts = values.filter_map(|value| std::str::from_utf8(value).ok());
    let named = texts.filter(|text| text.contains('='));
    named.filter_map(|text| dn::normal(dn::without_uid(text)))
}

impl Shelf {
    /// Who is no longer there.
    fn missing(&self, delta: &Delta) -> Vec<Uuid> {
        let mut gone: Vec<Uuid> = delta.gone.iter().copied().collect();
        if let Some(all) = &delta.all {
            let named = |uuid: &&Uuid| all.contains(*uuid) || delta.put.contains_key(*uuid);
            gone.extend(self.held.keys().filter(|uuid| !named(uuid)));
        }
        gone
    }
}

/// A group that changes may name somebody who was not there before.
fn forget_names(looked: &mut BTreeMap<String, Under>, group: &Held) {
    if looked.is_empty() {
        return;
    }
    for attribute in group.entry().into_iter().flat_map(|entry| entry.attributes) {
        for value in &attribute.values {
            if let Ok(name) = std::str::from_utf8(value) {
                looked.remove(dn::without_uid(name));
            }
        }
    }
}

/// The copy, while somebody looks at it.
pub(in crate::source::ldap) struct View<'s> {
    state: &'s State,
    /// What kind of server it is of.
    pub(in crate::source::ldap) dialect: Dialect,
}

/// A name that a user or a group had until a moment ago.
pub(in crate::source::ldap) struct FormerName<'s> {
    pub(in crate::source::ldap) kind: Kind,
    /// Normalised.
    pub(in crate::source::ldap) name: &'s str,
    /// The entry that had it, if it is still there.
    pub(in crate::source::ldap) owner: Option<Entry>,
}

impl View<'_> {
    /// Which server it is of.
    pub(in crate::source::ldap) fn server(&self) -> &str {
        &self.state.server
    }

    /// The entries of users, or of groups.
    pub(in crate::source::ldap) fn entries(&self, kind: Kind) -> impl Iterator<Item = Entry> {
        let shelf = match kind {
            Kind::Users => &self.state.users,
            Kind::Groups => &self.state.groups,
        };
        shelf.held.values().filter_map(Held::entry)
    }

    /// How many parts of the users' tree are on another server.
    pub(in crate::source::ldap) fn references(&self) -> usize {
        let held = self.state.users.held.values();
        held.filter(|held| **held == Held::Reference).count()
    }

    /// Names that users and groups had until a moment ago.
    pub(in crate::source::ldap) fn former(&self) -> impl Iterator<Item = FormerName<'_>> {
        let state = self.state;
        state.former.iter().map(|(name, former)| {
            let shelf = match former.kind {
                Kind::Users => &state.users,
                Kind::Groups => &state.groups,
            };
            let held = former.owner.and_then(|uuid| shelf.held.get(&uuid));
            FormerName {
                kind: former.kind,
                name,
                owner: held.and_then(Held::entry),
            }
        })
    }

    /// What stands under names that are no user's, as far as that was looked up.
    pub(in crate::source::ldap) fn looked(&self) -> &BTreeMap<String, Under> {
        &self.state.looked
    }

    /// The newest changes in it.
    pub(in crate::source::ldap) fn seen(&self) -> Marks {
        let mut seen = self.state.seen.clone();
        for shelf in [&self.state.users, &self.state.groups] {
            let cookie = shelf.cookie.as_deref().unwrap_or_default();
            raise(&mut seen, &csn::of_cookie(cookie).seen);
        }
        seen
    }
}
