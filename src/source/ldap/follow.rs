//! What the last whole reading has become by what was heard since.
//!
//! Promises a reading that is equal to one of the server itself, made of the copy without asking
//! anybody; only names in groups that are no user's are looked up, once. Where the server knows
//! somebody under another name than the copy, the copy is worth nothing and everything is read.
//! Leaves keeping the copy to [`super::watch`].

use std::collections::{BTreeMap, BTreeSet};

use super::dialect::Dialect;
use super::groups::Groups;
use super::people::People;
use super::session::{Found, Session};
use super::settings::{Form, LdapConfig};
use super::strangers::MOST;
use super::watch::{FormerName, Kind, Under, View};
use super::{LdapSource, asking};
use crate::core::newest::{Marks, Newest};
use crate::core::reading::Reading;
use crate::source::{ReadError, dn};

/// Users and groups of a copy.
struct Copied<'c> {
    server: String,
    dialect: Dialect,
    referrals: usize,
    people: People<'c>,
    groups: Option<Groups<'c>>,
    /// Names that users had until a moment ago who are gone now, normalised.
    left: BTreeSet<String>,
    /// What stands under names that are no user's.
    looked: BTreeMap<String, Under>,
    seen: Marks,
}

/// Can a copy say everything? Servers work `memberOf` out, and tell nobody when it changes.
pub(super) fn is_possible(config: &LdapConfig) -> bool {
    let groups = config.groups.as_ref();
    groups.is_none_or(|groups| groups.form != Form::MemberOf)
}

impl LdapSource {
    /// The reading; `None`: there is nothing to follow, and everything is to be read.
    ///
    /// # Errors
    /// As for a reading of the server.
    pub(super) async fn follow_copy(&self) -> Result<Option<Reading>, ReadError> {
        if !is_possible(&self.config) {
            return Ok(None);
        }
        let Some(copied) = self.mirror.show(|view| Copied::of(self, view)) else {
            return Ok(None);
        };
        let mut copied = copied?;
        if !copied.look_up(self).await? {
            return Ok(None);
        }
        let gone = copied.gone();
        let Copied {
            server,
            referrals,
            people,
            groups,
            seen,
            dialect,
            ..
        } = copied;
        let flock = match groups {
            None => super::Flock::default(),
            Some(groups) => {
                let mut flock = groups.finish(&self.name, &people, &gone)?;
                // Elsewhere only names of whom we are told that they are hidden count, and a copy is not.
                let counts = dialect.hides_as_absent();
                flock.dangling = counts.then_some(gone.len());
                flock
            }
        };
        let reading = self.conclude(&server, people, flock, referrals)?;
        // Where the copy stands was judged when everything was read: a cookie may lag behind what nobody
        // of ours has to do with.
        let newest = Newest {
            seen,
            ..Newest::default()
        };
        self.past.remember(&reading, &server, newest);
        Ok(Some(reading))
    }
}

/// Finds users under their former names, too; gives the names of those who are gone.
fn remember(people: &mut People<'_>, view: &View<'_>) -> BTreeSet<String> {
    let mut left = BTreeSet::new();
    for FormerName { kind, name, owner } in view.former() {
        let user = owner.filter(|_| kind == Kind::Users);
        match user.and_then(|entry| people.by_key(&entry)) {
            Some(user) => people.remember(name, user),
            None => {
                left.insert(name.to_owned());
            }
        }
    }
    left
}

impl<'c> Copied<'c> {
    fn of(source: &'c LdapSource, view: &View<'_>) -> Result<Self, ReadError> {
        let (config, server) = (&*source.config, view.server());
        let mut people = People::new(config, view.dialect, &source.name);
        for entry in view.entries(Kind::Users) {
            people.take(&entry);
        }
        super::refuse_nobody(server, config, view.dialect, &people)?;
        let left = remember(&mut people, view);
        let mut groups = None;
        if let Some(settings) = &config.groups {
            let mut taken = Groups::new(settings, view.dialect, server);
            for entry in view.entries(Kind::Groups) {
                taken.take(&entry, &mut people)?;
            }
            for FormerName { kind, name, owner } in view.former() {
                if let (Kind::Groups, Some(owner)) = (kind, owner) {
                    taken.remember(name, &owner.dn);
                }
            }
            groups = Some(taken);
        }
        let refers = !view.dialect.always_refers();
        Ok(Self {
            server: server.to_owned(),
            dialect: view.dialect,
            referrals: if refers { view.references() } else { 0 },
            people,
            groups,
            left,
            looked: view.looked().clone(),
            seen: view.seen(),
        })
    }

    /// Looks up who is named and not known yet; is the copy good?
    async fn look_up(&mut self, source: &LdapSource) -> Result<bool, ReadError> {
        let names = self.unknown(&source.config.users.branch.base);
        if names.is_empty() {
            return Ok(true);
        }
        let mut session = Session::open(&source.config).await?;
        let wanted = [asking::user_key(&source.config, session.dialect).to_owned()];
        let mut looked = BTreeMap::new();
        for name in names {
            let under = match session.find(&name, &wanted).await? {
                Found::Entry(entry) if self.people.by_key(&entry).is_some() => {
                    session.close().await;
                    return Ok(false);
                }
                Found::Entry(_) | Found::Hidden => Under::Other,
                Found::Absent => Under::Nothing,
            };
            looked.insert(name, under);
        }
        session.close().await;
        source.mirror.remember(looked.clone());
        self.looked.extend(looked);
        Ok(true)
    }

    /// Names below the base under which a user may be and the copy has none.
    fn unknown(&self, base: &str) -> BTreeSet<String> {
        let groups = self.groups.iter().flat_map(Groups::with_strangers);
        let named = groups.flat_map(|(_, strangers)| strangers);
        let managers = self.people.strange_managers();
        named
            .map(str::to_owned)
            .chain(managers)
            .filter(|name| dn::is_below(name, base) && !self.looked.contains_key(name))
            .filter(|name| dn::normal(name).is_none_or(|name| !self.left.contains(&name)))
            .take(MOST)
            .collect()
    }

    /// Names of members under which there is nothing.
    fn gone(&self) -> BTreeSet<String> {
        let groups = self.groups.iter().flat_map(Groups::with_strangers);
        let named = groups.flat_map(|(_, strangers)| strangers);
        let is_gone = |name: &&str| match self.looked.get(*name) {
            Some(under) => *under == Under::Nothing,
            None => dn::normal(name).is_some_and(|name| self.left.contains(&name)),
        };
        named.filter(is_gone).map(str::to_owned).collect()
    }
}
