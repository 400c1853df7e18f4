//! Of whom a plan that trusts the links says nothing: whoever has what they should have.
//!
//! Promises that a plan made without those who are even is the plan made with them. Whoever may matter
//! is not even. Leaves the memberships, and whatever else may speak of somebody, to whoever sifts.

use crate::core::attribute::Value;
use crate::core::desired::{Desired, Wanted};
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::{RemoteId, UserKey};
use crate::core::link::Link;
use crate::core::rules::Rules;

/// What somebody has, next to what they should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evenness {
    /// The same, as long as these people have the accounts that they are known by.
    Even(Vec<UserKey>),
    /// Nothing is wanted, and there is nothing.
    Nothing,
    /// Something differs, or may.
    Uneven,
}

/// Compares as a plan does that asks the app nothing. `account` knows the accounts of those who are
/// referred to; `desired` is missing where nobody may touch the account.
#[must_use]
pub fn evenness<'a>(
    rules: &Rules,
    key: &FingerprintKey,
    desired: Option<&'a Desired>,
    link: Option<&Link>,
    account: &dyn Fn(&'a UserKey) -> Option<RemoteId>,
) -> Evenness {
    match (desired, link) {
        (None, None) => Evenness::Nothing,
        (None, Some(_)) => Evenness::Uneven,
        (Some(desired), None) => match desired.wanted {
            Wanted::Out(_) if desired.warnings.is_empty() => Evenness::Nothing,
            Wanted::Out(_) | Wanted::Active { .. } | Wanted::Unclear { .. } => Evenness::Uneven,
        },
        (Some(desired), Some(link)) => {
            let is_settled = desired.warnings.is_empty()
                && link.active
                && link.left.is_none()
                && link.refused.is_empty()
                && link.unseen.is_empty()
                && !link.is_forgotten()
                && !names_protected(rules, desired, link);
            let referred = is_settled.then(|| same(rules, key, desired, link, account));
            referred.flatten().map_or(Evenness::Uneven, Evenness::Even)
        }
    }
}

fn names_protected(rules: &Rules, desired: &Desired, link: &Link) -> bool {
    let keys = desired.keys.iter().map(|(_, value)| &**value);
    let mut names = [&*link.user.id, &*desired.label, link.id.as_str()]
        .into_iter()
        .chain(keys);
    names.any(|name| rules.protected.contains(name))
}

/// Those who are referred to, when all that is wanted was sent, and nothing else.
fn same<'a>(
    rules: &Rules,
    key: &FingerprintKey,
    desired: &'a Desired,
    link: &Link,
    account: &dyn Fn(&'a UserKey) -> Option<RemoteId>,
) -> Option<Vec<UserKey>> {
    let Wanted::Active {
        attributes, keep, ..
    } = &desired.wanted
    else {
        return None;
    };
    let mut referred = Vec::new();
    for (name, value) in attributes {
        if rules.profile.rule(name).is_none() {
            continue;
        }
        let wanted = match value {
            Value::Account(user) => {
                referred.push(user.clone());
                let account = account(user);
                account.map(|id| key.of(name, &Value::text(id.as_str())))
            }
            Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::List(_) => {
                Some(key.of(name, value))
            }
        };
        if link.sent.get(name).copied() != wanted {
            return None;
        }
    }
    let mut sent = link.sent.keys();
    let is_all = sent.all(|name| {
        attributes.contains_key(name) || keep.contains(name) || rules.profile.rule(name).is_none()
    });
    is_all.then_some(referred)
}
