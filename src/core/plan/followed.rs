//! Links whose accounts have another id now.
//!
//! Promises that a followed link is the same link in all but the id, and that no account is followed to
//! which nobody may touch. Leaves telling which account it is to [`crate::core::correlate`].

use std::collections::{BTreeMap, BTreeSet};

use super::{Note, Observed};
use crate::core::account::Account;
use crate::core::correlate::moved;
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::{RemoteId, UserKey};
use crate::core::link::Link;
use crate::core::memory::TargetState;
use crate::core::rules::Rules;

impl Observed {
    /// Gives links whose id the app does not have any more the id under which the account is there, and
    /// notes each. An answer that would have said the new id may have been lost, or somebody renamed
    /// the account in the app.
    pub fn follow(
        &mut self,
        rules: &Rules,
        key: &FingerprintKey,
        state: &mut TargetState,
    ) -> Vec<Note> {
        let fresh = self.moved(rules, key, state);
        let mut notes = Vec::new();
        for (user, id) in fresh {
            if let Some(link) = state.links.get_mut(&user) {
                self.gone.remove(&link.id);
                link.id = id;
                notes.push(Note::Link(link.clone()));
            }
        }
        notes
    }

    fn moved(
        &self,
        rules: &Rules,
        key: &FingerprintKey,
        state: &TargetState,
    ) -> BTreeMap<UserKey, RemoteId> {
        let lost: Vec<&Link> = state
            .links
            .values()
            .filter(|link| self.gone.contains(&link.id))
            .collect();
        if lost.is_empty() {
            return BTreeMap::new();
        }
        let taken: BTreeSet<&RemoteId> = state.links.values().map(|link| &link.id).collect();
        let free: Vec<&Account> = self
            .accounts
            .iter()
            .filter(|account| !taken.contains(&account.id))
            .filter(|account| !rules.protects(account) && !state.ignores_account(&account.id))
            .collect();
        moved(&rules.profile, key, &lost, &free)
            .into_iter()
            .filter(|(user, id)| !state.is_apart(user, id))
            .map(|(user, id)| (user.clone(), id.clone()))
            .collect()
    }
}
