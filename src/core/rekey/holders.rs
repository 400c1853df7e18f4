//! Whose account holds a value that people are found by.
//!
//! Promises that a value which leads to two accounts leads to none. Leaves to [`super`] whether the
//! link may move.

use std::collections::{BTreeMap, BTreeSet};

use super::Facts;
use crate::core::account::Account;
use crate::core::attribute::{AttrName, Value};
use crate::core::correlate::key_print;
use crate::core::desired::Desired;
use crate::core::fingerprint::Fingerprint;
use crate::core::key::{RemoteId, UserKey};
use crate::core::link::Link;

/// Whose account holds a value that people are found by: as the app shows it, else as it was sent.
pub(super) struct Holders<'a> {
    by_print: BTreeMap<(&'a AttrName, Fingerprint), BTreeSet<&'a UserKey>>,
}

impl<'a> Holders<'a> {
    pub(super) fn of(facts: &Facts<'a>) -> Self {
        let accounts: BTreeMap<&RemoteId, &Account> = facts
            .observed
            .into_iter()
            .flat_map(|observed| &observed.accounts)
            .map(|account| (&account.id, account))
            .collect();
        let mut by_print: BTreeMap<_, BTreeSet<&UserKey>> = BTreeMap::new();
        for link in facts.state.links.values() {
            for name in &facts.rules.profile.users.matching {
                let shown = accounts.get(&link.id);
                let shown = shown.and_then(|account| account.attributes.get(name)?.as_text());
                let print = match shown {
                    Some(text) => Some(key_print(&facts.rules.profile, facts.key, name, text)),
                    None => link.sent.get(name).copied(),
                };
                if let Some(print) = print.filter(|print| print.is_known()) {
                    by_print
                        .entry((name, print))
                        .or_default()
                        .insert(&link.user);
                }
            }
        }
        Self { by_print }
    }

    /// The one link whose account has the values of this user, and by which attribute; `None` when
    /// none has, or when two of the values are those of two accounts.
    pub(super) fn only(
        &self,
        facts: &Facts<'a>,
        desired: &Desired,
    ) -> Option<(&'a Link, AttrName)> {
        let mut found: Option<(&UserKey, AttrName)> = None;
        for (name, value) in &desired.keys {
            let shown = key_print(&facts.rules.profile, facts.key, name, value);
            let sent = facts.key.of(name, &Value::text(value));
            let prints = [shown, sent];
            let holders = prints
                .iter()
                .filter_map(|print| self.by_print.get(&(name, *print)));
            for holder in holders.flatten() {
                match &found {
                    Some((known, _)) if known != holder => return None,
                    Some(_) => {}
                    None => found = Some((holder, name.clone())),
                }
            }
        }
        let (user, by) = found?;
        Some((facts.state.links.get(user)?, by))
    }
}
