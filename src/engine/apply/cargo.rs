//! Whose accounts a request names besides those that its change refers to.
//!
//! Promises that where a write can change an id, everybody is known whose id goes along: in a value that
//! was planned by its id, or in what an account holds, which goes back with a PUT. Leaves to
//! [`crate::engine::queue`] what waits for that, and to [`crate::engine::perform`] naming the right id.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::attribute::{AttrChange, Value};
use crate::core::change::{Action, Change};
use crate::core::desired::Desired;
use crate::core::key::{RemoteId, UserKey};
use crate::core::profile::Profile;
use crate::engine::propose::Proposal;

/// What is known of whose id is which, where ids change.
pub(super) struct Cargo<'a> {
    proposal: &'a Proposal,
    profile: &'a Profile,
    owners: BTreeMap<&'a RemoteId, &'a UserKey>,
}

impl<'a> Cargo<'a> {
    /// Of the accounts as they were when the proposal was made.
    pub(super) fn new(proposal: &'a Proposal, profile: &'a Profile) -> Self {
        let links = proposal.state.links.values();
        let links = links.filter(|_| profile.users.id_changes);
        Self {
            proposal,
            profile,
            owners: links.map(|link| (&link.id, &link.user)).collect(),
        }
    }

    /// Whom a request for this change may name by an id that was known when it was planned.
    pub(super) fn of(&self, change: &Change) -> BTreeSet<UserKey> {
        let Some(user) = change.subject.user() else {
            return BTreeSet::new();
        };
        if self.owners.is_empty() {
            return BTreeSet::new();
        }
        let values = self.planned(&change.action).chain(self.held(user));
        let named = values.filter_map(|value| self.owners.get(&RemoteId::new(value.as_text()?)));
        named.copied().chain(self.wanted(user)).cloned().collect()
    }

    /// References among the values of a change.
    fn planned<'c>(&'c self, action: &'c Action) -> impl Iterator<Item = &'c Value> {
        let names =
            |change: &&AttrChange| self.profile.references().any(|name| *name == change.name);
        let changed = action.changed().iter();
        changed
            .filter(names)
            .filter_map(|change| change.new.as_ref())
    }

    /// References that the account held when it was read.
    fn held(&self, user: &UserKey) -> impl Iterator<Item = &Value> {
        let link = self.proposal.state.links.get(user);
        let account = link.and_then(|link| self.proposal.accounts.get(&link.id));
        self.profile
            .references()
            .filter_map(move |name| account?.attributes.get(name))
    }

    /// References that the account should hold, and so mostly holds.
    fn wanted(&self, user: &UserKey) -> impl Iterator<Item = &UserKey> {
        let desired = &self.proposal.desired;
        let at = desired.binary_search_by(|desired| desired.user.cmp(user));
        let desired = at.ok().map(|at| &desired[at]);
        desired.into_iter().flat_map(Desired::referred)
    }
}
