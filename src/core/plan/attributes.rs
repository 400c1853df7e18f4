//! The comparison of one account, attribute by attribute.
//!
//! Promises that an attribute is due when what is wanted differs from what was sent, and has drifted
//! when what is there differs from what was held; what equals either is left alone. Leaves wording
//! the change to the connector.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::relearn::relearn;
use super::{Standing, Standings, View, Waiting, WaitingFor};
use crate::core::account::Account;
use crate::core::attribute::{AttrChange, AttrName, Attributes, Value};
use crate::core::change::{ActionKind, Reason, Subject};
use crate::core::desired::Desired;
use crate::core::key::UserKey;
use crate::core::link::{Link, Refusal};
use crate::core::normal::{explain, same};
use crate::core::profile::{AttributeRule, Clearing, Deactivation, UpdateForm};
use crate::core::rules::Drift;
use crate::core::settle::Pending;

/// How often a value is sent that the app answers for and does not hold.
const TRIES: u32 = 3;

/// What a comparison gave.
pub(super) struct Diff {
    /// What is to be sent.
    pub changes: Vec<AttrChange>,
    /// Why, if anything is.
    pub reason: Reason,
    /// The link with what was learned.
    pub link: Link,
    /// All of the account was learned afresh, since the key of the fingerprints was lost.
    pub relearned: bool,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// What waits for another try.
    pub waiting: Vec<Waiting>,
    /// Writes that are not seen yet.
    pub unseen: Vec<Pending>,
    /// Attributes that a person has to look at.
    pub parked: Vec<(AttrName, String)>,
}

impl Diff {
    /// Of an account that was forgotten and that nobody looked at: it may be equal or different.
    fn unread(link: &Link) -> Self {
        Self {
            changes: Vec::new(),
            reason: Reason::Drifted,
            link: link.clone(),
            relearned: false,
            warnings: Vec::new(),
            waiting: Vec::new(),
            unseen: Vec::new(),
            parked: Vec::new(),
        }
    }
}

/// Compares what one user should have with what is there and what was sent.
pub(super) fn compare(
    view: &View<'_>,
    standings: &Standings<'_>,
    desired: &Desired,
    wanted: (&Attributes, &BTreeSet<AttrName>),
    link: &Link,
    account: Option<&Account>,
) -> Diff {
    let (attributes, keep) = wanted;
    let (link, relearned) = match (link.is_forgotten(), account) {
        (false, _) => (link.clone(), false),
        (true, None) => return Diff::unread(link),
        (true, Some(account)) => {
            let wanted = resolved(view, standings, attributes);
            (relearn(view, link, &wanted, account), true)
        }
    };
    let mut comparison = Comparison {
        view,
        standings,
        desired,
        account,
        diff: Diff {
            changes: Vec::new(),
            reason: Reason::Drifted,
            link: link.clone(),
            relearned,
            warnings: Vec::new(),
            waiting: Vec::new(),
            unseen: Vec::new(),
            parked: Vec::new(),
        },
    };
    let names: BTreeSet<&AttrName> = attributes.keys().chain(link.sent.keys()).collect();
    for name in names {
        let Some(rule) = view.input.rules.profile.rule(name) else {
            continue;
        };
        match attributes.get(name) {
            Some(value) => comparison.wanted(name, rule, value),
            None if keep.contains(name) => {}
            None => comparison.unwanted(name, rule),
        }
    }
    comparison.diff
}

/// What is wanted, with accounts for references; a reference to nobody's account is not wanted.
fn resolved(view: &View<'_>, standings: &Standings<'_>, wanted: &Attributes) -> Attributes {
    wanted
        .iter()
        .filter_map(|(name, value)| {
            let value = match value {
                Value::Account(user) => match resolve(view, standings, user) {
                    Resolved::Id(id) => id,
                    Resolved::Later => value.clone(),
                    Resolved::Nobody => return None,
                },
                Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::List(_) => value.clone(),
            };
            Some((name.clone(), value))
        })
        .collect()
}

struct Comparison<'a, 'v> {
    view: &'a View<'v>,
    standings: &'a Standings<'a>,
    desired: &'a Desired,
    account: Option<&'a Account>,
    diff: Diff,
}

impl Comparison<'_, '_> {
    /// Does nothing change after the create?
    fn is_settled_by_create(&self) -> bool {
        self.view.input.rules.profile.users.update == UpdateForm::None
    }

    /// The attribute should hold `value`.
    fn wanted(&mut self, name: &AttrName, rule: &AttributeRule, value: &Value) {
        let value = match value {
            Value::Account(user) => match resolve(self.view, self.standings, user) {
                Resolved::Id(id) => id,
                Resolved::Later => value.clone(),
                Resolved::Nobody => return self.unwanted(name, rule),
            },
            Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::List(_) => value.clone(),
        };
        let print = self.view.input.key.of(name, &value);
        let observed = seen(self.view, self.account, name, rule);
        let pending = self.view.pending(&self.diff.link, name);
        if self.diff.link.sent.get(name) == Some(&print) {
            match pending.filter(|_| observed.differs(rule, &value)) {
                Some(pending) => self.diff.unseen.push(pending),
                None => self.settled(name, rule, value, observed),
            }
        } else if pending.is_none()
            && let Seen::Value(held) = observed
            && same(rule, &value, held)
        {
            self.learn(name, &value, held);
        } else if rule.fixed && self.diff.link.sent.contains_key(name) {
            self.diff.parked.push((
                name.clone(),
                format!(
                    "{} cannot be changed in this app after the create",
                    name.short()
                ),
            ));
        } else {
            self.due(name, Some(value), Reason::Changed);
        }
    }

    /// The attribute should hold nothing. What we never sent is not ours to clear.
    fn unwanted(&mut self, name: &AttrName, rule: &AttributeRule) {
        if !self.diff.link.sent.contains_key(name) {
            return;
        }
        let pending = self.view.pending(&self.diff.link, name);
        let observed = seen(self.view, self.account, name, rule);
        if pending.is_none() && matches!(observed, Seen::Nothing) {
            self.diff.link.sent.remove(name);
            self.diff.link.held.remove(name);
        } else if self.view.input.rules.profile.is_indispensable(name) {
            self.diff.parked.push((
                name.clone(),
                format!(
                    "{} has no value any more, and is never blanked",
                    name.short()
                ),
            ));
        } else if rule.clear == Clearing::Never {
            self.diff.warnings.push(format!(
                "{} keeps its last value: this app cannot clear it",
                name.short()
            ));
        } else {
            self.due(name, None, Reason::Changed);
        }
    }

    /// The value was sent already: has it arrived, and is it there still?
    fn settled(&mut self, name: &AttrName, rule: &AttributeRule, value: Value, observed: Seen<'_>) {
        let there = match observed {
            Seen::Unknown if self.is_unsure(name) => {
                return self.due(name, Some(value), Reason::Changed);
            }
            Seen::Unknown => return,
            Seen::Nothing => None,
            Seen::Value(there) => Some(there),
        };
        let print = there.map(|there| self.view.input.key.of(name, there));
        let known = self.diff.link.held.get(name).copied();
        if there.is_some_and(|there| same(rule, &value, there)) {
            self.diff.link.refused.remove(name);
            self.diff.link.unseen.remove(name);
            if known != print
                && let Some(there) = there
            {
                self.learn(name, &value, there);
            }
        } else if self.is_unsure(name) {
            self.due(name, Some(value), Reason::Changed);
        } else if self.diff.link.refused.contains_key(name) {
            self.refused(name, value);
        } else if known.is_none() {
            match there {
                _ if self.is_settled_by_create() => self.due(name, Some(value), Reason::NotTaken),
                Some(there) if explain(&value, there).is_some() => self.learn(name, &value, there),
                _ => self.not_taken(name, value),
            }
        } else if known != print {
            self.drifted(name, value);
        }
    }

    /// Was the value meant to be sent by a request of which nobody knows what came? It was written down
    /// as sent before the request left.
    fn is_unsure(&self, name: &AttrName) -> bool {
        let subject = Subject::User(self.desired.user.clone());
        let state = self.view.input.state;
        !self.diff.link.held.contains_key(name)
            && [ActionKind::Update, ActionKind::Reactivate]
                .into_iter()
                .any(|kind| state.job(&subject, kind).is_some())
    }

    /// The first try is counted here, since no answer showed that it failed.
    fn not_taken(&mut self, name: &AttrName, value: Value) {
        let first = Refusal {
            times: 1,
            again: self.view.input.now,
        };
        self.diff.link.refused.insert(name.clone(), first);
        self.due(name, Some(value), Reason::NotTaken);
    }

    fn refused(&mut self, name: &AttrName, value: Value) {
        let Some(refusal) = self.diff.link.refused.get(name).copied() else {
            return;
        };
        if refusal.times >= TRIES {
            self.diff.parked.push((
                name.clone(),
                format!(
                    "{} was sent {} times, and the app does not keep it",
                    name.short(),
                    refusal.times
                ),
            ));
        } else if self.view.input.now < refusal.again {
            self.diff.waiting.push(Waiting {
                subject: Subject::User(self.desired.user.clone()),
                label: Arc::clone(&self.desired.label),
                what: WaitingFor::AnotherTry,
                until: refusal.again,
            });
        } else {
            self.due(name, Some(value), Reason::NotTaken);
        }
    }

    fn drifted(&mut self, name: &AttrName, value: Value) {
        match self.view.input.rules.drift {
            Drift::Repair => self.due(name, Some(value), Reason::Drifted),
            Drift::Report => self.diff.warnings.push(format!(
                "{} was changed in the app (drift: report)",
                name.short()
            )),
            Drift::Ignore => {}
        }
    }

    fn due(&mut self, name: &AttrName, new: Option<Value>, reason: Reason) {
        if self.is_settled_by_create() {
            self.diff.warnings.push(format!(
                "{} differs, and this app changes nothing of an account after its create",
                name.short()
            ));
            return;
        }
        let old = self
            .account
            .and_then(|account| account.attributes.get(name))
            .cloned();
        let stronger = matches!(reason, Reason::Changed)
            || (self.diff.changes.is_empty() && self.diff.reason != Reason::Changed);
        if stronger {
            self.diff.reason = reason;
        }
        self.diff.changes.push(AttrChange {
            name: name.clone(),
            old,
            new,
        });
    }

    fn learn(&mut self, name: &AttrName, value: &Value, there: &Value) {
        let key = self.view.input.key;
        self.diff
            .link
            .sent
            .insert(name.clone(), key.of(name, value));
        self.diff
            .link
            .held
            .insert(name.clone(), key.of(name, there));
        self.diff.link.refused.remove(name);
    }
}

/// What is seen of one attribute of an account. What an app hides while it is off is not what it
/// holds.
pub(super) fn seen<'a>(
    view: &View<'_>,
    account: Option<&'a Account>,
    name: &AttrName,
    rule: &AttributeRule,
) -> Seen<'a> {
    let hides = view.input.rules.profile.users.deactivate.effect == Deactivation::Renames;
    match account {
        Some(account) if hides && !account.active => Seen::Unknown,
        Some(account) if !rule.write_only => account
            .attributes
            .get(name)
            .map_or(Seen::Nothing, Seen::Value),
        Some(_) | None => Seen::Unknown,
    }
}

/// What the app holds of one attribute.
#[derive(Clone, Copy)]
pub(super) enum Seen<'a> {
    /// Nobody looked, or the app does not show it.
    Unknown,
    /// No value.
    Nothing,
    /// This.
    Value(&'a Value),
}

impl Seen<'_> {
    /// Was something else seen than `value`?
    fn differs(self, rule: &AttributeRule, value: &Value) -> bool {
        match self {
            Self::Unknown => false,
            Self::Nothing => true,
            Self::Value(there) => !same(rule, value, there),
        }
    }
}

/// What a reference to a user's account comes to.
pub(super) enum Resolved {
    /// This account.
    Id(Value),
    /// An account that this plan makes.
    Later,
    /// None.
    Nobody,
}

/// The account of `user`, as far as it is known now. Somebody who is parked, missing or protected has
/// one as before: only who is out has none.
pub(super) fn resolve(view: &View<'_>, standings: &Standings<'_>, user: &UserKey) -> Resolved {
    match standings.get(user) {
        Some(Standing::Linked(link)) => Resolved::Id(Value::text(link.id.as_str())),
        Some(Standing::Matched { account, .. }) => Resolved::Id(Value::text(account.id.as_str())),
        Some(Standing::New) => Resolved::Later,
        None => match view.input.state.links.get(user) {
            Some(link) if !view.input.is_gone(&link.id) && !view.is_out(user) => {
                Resolved::Id(Value::text(link.id.as_str()))
            }
            Some(_) | None => Resolved::Nobody,
        },
    }
}
