//! What an answer teaches about an account: which values were sent, and which it now holds.
//!
//! Promises that a success is no evidence: a value counts as held only when the answer shows it, in a
//! form that is the same to the app or that a named normal form explains. Leaves reads to the plan.

use std::time::Duration;

use jiff::Timestamp;

use crate::core::account::Account;
use crate::core::attribute::{AttrName, Attributes, Value};
use crate::core::fingerprint::FingerprintKey;
use crate::core::link::{Link, Refusal};
use crate::core::normal::{explain, same};
use crate::core::plan::mapped_prints;
use crate::core::rules::Rules;

/// How a value that was sent is judged by what the app holds.
pub(super) struct Teacher<'a> {
    pub rules: &'a Rules,
    pub key: &'a FingerprintKey,
    pub now: Timestamp,
}

impl Teacher<'_> {
    /// The values were sent; `account` is what the app answered, if it showed anything.
    pub fn sent(&self, link: &mut Link, values: &Attributes, account: Option<&Account>) {
        for (name, value) in values {
            link.sent.insert(name.clone(), self.key.of(name, value));
            link.wrote(name, &self.rules.profile, self.now);
            self.judge(link, name, value, account);
        }
    }

    /// An account was found that an earlier request had made: what it holds was sent then, and what is
    /// wanted now may differ.
    pub fn found(&self, link: &mut Link, values: &Attributes, account: &Account) {
        link.sent = mapped_prints(self.rules, self.key, account);
        link.held.clone_from(&link.sent);
        for (name, value) in values {
            let Some(rule) = self.rules.profile.rule(name) else {
                continue;
            };
            if let Some(there) = account.attributes.get(name)
                && same(rule, value, there)
            {
                link.sent.insert(name.clone(), self.key.of(name, value));
            }
        }
    }

    /// The values are about to be sent: from now on nobody may take them for somebody else's. What the
    /// app did not take of an earlier value says nothing of this one.
    pub fn intends(&self, link: &mut Link, name: &AttrName, value: &Value) {
        let print = self.key.of(name, value);
        if link.sent.insert(name.clone(), print) != Some(print) {
            link.refused.remove(name);
        }
        link.held.remove(name);
    }

    fn judge(&self, link: &mut Link, name: &AttrName, value: &Value, account: Option<&Account>) {
        link.held.remove(name);
        let Some(rule) = self.rules.profile.rule(name) else {
            return;
        };
        let there = account.and_then(|account| account.attributes.get(name));
        match there {
            Some(there) if same(rule, value, there) || explain(value, there).is_some() => {
                link.held.insert(name.clone(), self.key.of(name, there));
                link.refused.remove(name);
            }
            // What is shown may be older than what was just acknowledged.
            Some(_) | None if !self.rules.profile.settle_of(name).is_zero() => {}
            Some(there) => {
                link.held.insert(name.clone(), self.key.of(name, there));
                self.refuse(link, name);
            }
            None if link.refused.contains_key(name) => self.refuse(link, name),
            None => {}
        }
    }

    fn refuse(&self, link: &mut Link, name: &AttrName) {
        let times = link
            .refused
            .get(name)
            .map_or(1, |refusal| refusal.times + 1);
        let pause = Duration::from_mins(10) * 6_u32.saturating_pow(times - 1).min(144);
        let again = self.now.saturating_add(pause).unwrap_or(self.now);
        link.refused.insert(name.clone(), Refusal { times, again });
    }
}

/// The values were cleared.
pub(super) fn cleared<'n>(link: &mut Link, names: impl Iterator<Item = &'n AttrName>) {
    for name in names {
        link.sent.remove(name);
        link.held.remove(name);
        link.refused.remove(name);
        link.unseen.remove(name);
    }
}

#[cfg(test)]
mod tests;
