//! The app's accounts beside our users: whose each one is, or who would have to say so.
//!
//! Promises that every account of the app is listed once, and that the same correlation decides as in
//! a plan. Leaves linking to the plan and to people.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Input, Orphan, View};
use crate::core::account::Account;
use crate::core::attribute::AttrName;
use crate::core::correlate::{Index, Match, candidates};
use crate::core::desired::{Desired, Wanted};
use crate::core::key::{RemoteId, UserKey};
use crate::core::leaver::LeaveCause;
use crate::core::profile::Reactivation;
use crate::core::rules::{Adopt, UnassignedUnlinked};

/// The accounts of one target beside our users.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    /// Every account, by what a person calls it.
    pub accounts: Vec<Stocked>,
    /// Links whose account the app does not have any more.
    pub gone: Vec<(Owner, RemoteId)>,
}

/// One account, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stocked {
    /// Which account.
    pub account: Orphan,
    /// Whose it is.
    pub whose: Whose,
}

/// A user, as a person calls them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub user: UserKey,
    /// What a person calls them.
    pub label: Arc<str>,
}

/// Whose an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A link says so.
    Linked(Owner),
    /// It fits this user alone, and no other account does.
    Fits {
        /// Whom.
        owner: Owner,
        /// By which attribute.
        by: AttrName,
        /// What becomes of that.
        fate: Fate,
    },
    /// Several accounts or several users fit; each user with what is wrong.
    Ambiguous(Vec<(Owner, String)>),
    /// Nobody's.
    Nobodys,
    /// It shows no value of any attribute that accounts are found by, so it cannot be compared.
    Unreadable,
    /// The config says that it is never touched.
    Protected,
    /// A person has said that it is never touched, or that this user's account never is.
    Ignored(Option<Owner>),
}

/// What becomes of an account that fits one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The next sync links it.
    Adopted,
    /// The next sync links it and switches it off, as `leavers:` says.
    SwitchedOff(LeaveCause),
    /// A person has to say that it is theirs.
    Confirm,
    /// A person has said that it is not theirs.
    Apart,
    /// The user is out, and it is left alone.
    LeftAlone(LeaveCause),
    /// The user is parked: nobody knows what they should have.
    Unclear,
    /// It is switched off, and this app does not bring it back.
    Old,
}

/// Lists every account of the app. Without a look at the app there are none.
#[must_use]
pub fn inventory(input: &Input<'_>) -> Inventory {
    let Some(observed) = input.observed else {
        return Inventory::default();
    };
    let view = View::new(input);
    let index = Index::new(&input.rules.profile, &observed.accounts);
    let books = Books::new(&view, &index);
    let mut accounts: Vec<Stocked> = view
        .accounts
        .values()
        .map(|account| Stocked {
            account: Orphan {
                id: account.id.clone(),
                label: Arc::from(account.label.as_str()),
                active: account.active,
            },
            whose: books.whose(account),
        })
        .collect();
    let name = |one: &Stocked| (Arc::clone(&one.account.label), one.account.id.clone());
    accounts.sort_by_key(name);
    let links = input.state.links.values();
    let gone = links
        .filter(|link| view.input.is_gone(&link.id))
        .map(|link| (books.owner(&link.user), link.id.clone()))
        .collect();
    Inventory { accounts, gone }
}

/// What is known of accounts, by id.
struct Books<'a> {
    view: &'a View<'a>,
    linked: BTreeMap<&'a RemoteId, &'a UserKey>,
    fits: BTreeMap<&'a RemoteId, (&'a UserKey, &'a Match)>,
    ambiguous: BTreeMap<RemoteId, Vec<(Owner, String)>>,
}

impl<'a> Books<'a> {
    fn new(view: &'a View<'a>, index: &Index<'_>) -> Self {
        let links = view.input.state.links.values();
        let mut books = Self {
            view,
            linked: links.map(|link| (&link.id, &link.user)).collect(),
            fits: BTreeMap::new(),
            ambiguous: BTreeMap::new(),
        };
        for (user, found) in &view.matches {
            match found {
                Match::One { id, .. } | Match::Recovered { id, .. } | Match::Apart { id, .. } => {
                    books.fits.insert(id, (user, found));
                }
                Match::Unsure { problem } => books.doubt(user, problem, index),
            }
        }
        books
    }

    fn doubt(&mut self, user: &UserKey, problem: &str, index: &Index<'_>) {
        let Some(desired) = self.view.desired(user) else {
            return;
        };
        let owner = self.owner(user);
        let found: Vec<RemoteId> = candidates(index, desired)
            .into_iter()
            .map(|account| account.id.clone())
            .collect();
        for id in found {
            let users = self.ambiguous.entry(id).or_default();
            users.push((owner.clone(), problem.to_owned()));
        }
    }

    fn owner(&self, user: &UserKey) -> Owner {
        let label = self.view.desired(user).map_or_else(
            || Arc::clone(&user.id),
            |desired| Arc::clone(&desired.label),
        );
        let user = user.clone();
        Owner { user, label }
    }

    fn whose(&self, account: &Account) -> Whose {
        let input = self.view.input;
        let is_ignored = input.state.ignores_account(&account.id);
        if let Some(user) = self.linked.get(&account.id) {
            let owner = self.owner(user);
            return if is_ignored || input.state.ignores_user(user) {
                Whose::Ignored(Some(owner))
            } else {
                Whose::Linked(owner)
            };
        }
        if is_ignored {
            return Whose::Ignored(None);
        }
        if input.rules.protects(account) {
            return Whose::Protected;
        }
        if let Some((user, found)) = self.fits.get(&account.id) {
            return self.fits(account, user, found);
        }
        if let Some(users) = self.ambiguous.get(&account.id) {
            return Whose::Ambiguous(users.clone());
        }
        let mut keys = input.rules.profile.users.matching.iter();
        if keys.any(|name| account.attributes.contains_key(name)) {
            Whose::Nobodys
        } else {
            Whose::Unreadable
        }
    }

    fn fits(&self, account: &Account, user: &UserKey, found: &Match) -> Whose {
        if self.view.input.state.ignores_user(user) {
            return Whose::Ignored(Some(self.owner(user)));
        }
        let (by, fate) = match found {
            Match::Recovered { by, .. } => (by, Fate::Adopted),
            Match::Apart { by, .. } => (by, Fate::Apart),
            Match::One { by, .. } => match self.view.desired(user) {
                Some(desired) => (by, fate(self.view.input, desired, account)),
                None => (by, Fate::Unclear),
            },
            Match::Unsure { .. } => return Whose::Nobodys,
        };
        Whose::Fits {
            owner: self.owner(user),
            by: by.clone(),
            fate,
        }
    }
}

fn fate(input: &Input<'_>, desired: &Desired, account: &Account) -> Fate {
    let rules = input.rules;
    match &desired.wanted {
        Wanted::Unclear { .. } => Fate::Unclear,
        Wanted::Active { .. } => match (rules.profile.users.reactivate, rules.adopt) {
            (Reactivation::Create | Reactivation::Refuse, _) if !account.active => Fate::Old,
            (_, Adopt::Unique) => Fate::Adopted,
            (_, Adopt::Ask | Adopt::Never) => Fate::Confirm,
        },
        Wanted::Out(cause) if !account.active => Fate::LeftAlone(*cause),
        Wanted::Out(cause) => {
            let is_taken = match cause {
                LeaveCause::Unassigned => {
                    rules.unassigned_unlinked == UnassignedUnlinked::Deactivate
                }
                LeaveCause::Disabled | LeaveCause::Deleted => rules.adopt == Adopt::Unique,
            };
            if is_taken {
                Fate::SwitchedOff(*cause)
            } else {
                Fate::LeftAlone(*cause)
            }
        }
    }
}
