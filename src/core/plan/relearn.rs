//! Learning an account afresh, after the key of the fingerprints was lost.
//!
//! Promises that nothing is sent because we do not know: what is there and fits is taken as sent and
//! held, what cannot be read is taken as sent, and only what differs stays due. Leaves the comparison
//! that follows to [`super::attributes`], which meets no unknown fingerprint.

use super::View;
use super::attributes::{Seen, seen};
use crate::core::account::Account;
use crate::core::attribute::{AttrName, Attributes};
use crate::core::fingerprint::Fingerprint;
use crate::core::link::Link;
use crate::core::normal::{explain, same};
use crate::core::profile::AttributeRule;
use crate::core::rules::Drift;

/// The link as it would be if the key had not been lost, as far as `account` and `wanted` (references
/// resolved) show it.
pub(super) fn relearn(
    view: &View<'_>,
    link: &Link,
    wanted: &Attributes,
    account: &Account,
) -> Link {
    let mut student = Student {
        view,
        link: link.clone(),
    };
    let forgotten = link.sent.iter().filter(|(_, print)| !print.is_known());
    for (name, _) in forgotten {
        match view.input.rules.profile.rule(name) {
            Some(rule) => student.attribute(name, rule, wanted, account),
            None => student.take_for_another(name),
        }
    }
    student.forget_unseen();
    student.link
}

struct Student<'a, 'v> {
    view: &'a View<'v>,
    link: Link,
}

impl Student<'_, '_> {
    fn attribute(
        &mut self,
        name: &AttrName,
        rule: &AttributeRule,
        wanted: &Attributes,
        account: &Account,
    ) {
        let key = self.view.input.key;
        match (wanted.get(name), seen(self.view, Some(account), name, rule)) {
            (Some(value), Seen::Value(there)) => {
                let print = key.of(name, there);
                if same(rule, value, there) || explain(value, there).is_some() {
                    self.sent_and_held(name, key.of(name, value), print);
                } else if self.leaves_differences(name) {
                    self.sent_and_held(name, key.of(name, value), key.of_no_value(name));
                } else {
                    self.sent_and_held(name, print, print);
                }
            }
            (Some(value), Seen::Nothing) if self.is_never_shown(name) => {
                self.link.sent.insert(name.clone(), key.of(name, value));
            }
            (Some(value), Seen::Nothing) if self.leaves_differences(name) => {
                self.sent_and_held(name, key.of(name, value), key.of_no_value(name));
            }
            (Some(value), Seen::Unknown) => {
                self.link.sent.insert(name.clone(), key.of(name, value));
            }
            (None, Seen::Value(there)) => {
                let print = key.of(name, there);
                self.sent_and_held(name, print, print);
            }
            (Some(_) | None, Seen::Nothing) => {
                self.link.sent.remove(name);
                self.link.held.remove(name);
            }
            (None, Seen::Unknown) => self.take_for_another(name),
        }
    }

    fn sent_and_held(&mut self, name: &AttrName, sent: Fingerprint, held: Fingerprint) {
        self.link.sent.insert(name.clone(), sent);
        self.link.held.insert(name.clone(), held);
    }

    /// Something was sent, and whatever is wanted next is something else.
    fn take_for_another(&mut self, name: &AttrName) {
        let print = self.view.input.key.of_no_value(name);
        self.link.sent.insert(name.clone(), print);
    }

    /// Is a difference somebody's change in the app that `drift:` leaves alone? It may be one of the
    /// directory as well, but then its next change is sent. What a request of ours was to change, and
    /// nobody has seen since, is no drift.
    fn leaves_differences(&self, name: &AttrName) -> bool {
        self.view.input.rules.drift != Drift::Repair && self.link.held.contains_key(name)
    }

    /// Was the value sent before, and did the app never show it?
    fn is_never_shown(&self, name: &AttrName) -> bool {
        self.link.refused.contains_key(name) && !self.link.held.contains_key(name)
    }

    /// What was held of values that are not shown is nothing to compare with.
    fn forget_unseen(&mut self) {
        let key = self.view.input.key;
        for (name, print) in &mut self.link.held {
            if !print.is_known() {
                *print = key.of_no_value(name);
            }
        }
    }
}
