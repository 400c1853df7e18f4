//! Correlation: finding the account that already belongs to a user.
//!
//! Promises that an account is taken for a user's only when exactly one fits and fits nobody else,
//! inactive accounts included, and that where a list leaves accounts out, everybody is asked for whose
//! account would be adopted or switched off if it were seen. Leaves to [`super::plan`] whether it is
//! then adopted.

mod looked;
mod moved;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::account::Account;
use super::attribute::{AttrName, Value};
use super::desired::{Desired, Wanted};
use super::fingerprint::{Fingerprint, FingerprintKey, Fingerprints};
use super::key::{RemoteId, UserKey};
use super::leaver::LeaveCause;
use super::link::Job;
use super::normal::comparable;
use super::profile::{Comparison, Profile, Reactivation};

pub use looked::again;
pub use moved::moved;

/// What correlation says of one user without a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Exactly one account fits, and fits nobody else.
    One {
        /// Which account.
        id: RemoteId,
        /// By which attribute.
        by: AttrName,
    },
    /// This account was made by a create of ours whose answer was lost.
    Recovered {
        /// Which account.
        id: RemoteId,
        /// By which attribute.
        by: AttrName,
    },
    /// This account fits, and a person has said that it is not theirs.
    Apart {
        /// Which account.
        id: RemoteId,
        /// By which attribute.
        by: AttrName,
    },
    /// A person has to decide.
    Unsure {
        /// Why.
        problem: String,
    },
}

/// The fingerprints of the values that an account can be found by, in the form they are compared in.
#[must_use]
pub fn key_prints(
    profile: &Profile,
    key: &FingerprintKey,
    keys: &[(AttrName, Arc<str>)],
) -> Fingerprints {
    keys.iter()
        .map(|(name, value)| (name.clone(), key_print(profile, key, name, value)))
        .collect()
}

/// The fingerprint of one value that an account is found by, in the form it is compared in.
#[must_use]
pub fn key_print(
    profile: &Profile,
    key: &FingerprintKey,
    name: &AttrName,
    value: &str,
) -> Fingerprint {
    key.of(
        name,
        &Value::text(comparable(comparison(profile, name), value)),
    )
}

/// The account that a create whose answer was lost has made, and by which attribute it is found: the
/// only free one that holds one of the values it was sent with. Of several nobody knows which.
#[must_use]
pub fn recover<'a>(
    profile: &Profile,
    key: &FingerprintKey,
    prints: &Fingerprints,
    free: &[&'a Account],
) -> Option<(&'a Account, AttrName)> {
    for name in &profile.users.matching {
        let Some(print) = prints.get(name) else {
            continue;
        };
        let holds = |account: &&&Account| {
            let value = account.attributes.get(name).and_then(Value::as_text);
            value.is_some_and(|value| key_print(profile, key, name, value) == *print)
        };
        let mut holders = free.iter().filter(holds);
        match (holders.next(), holders.next()) {
            (Some(account), None) => return Some((*account, name.clone())),
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
    }
    None
}

/// Is this the account that was made with these values? The best of them that it shows decides: one that
/// only shares an address with it is somebody else's, or another one of the same person.
#[must_use]
pub fn was_made_with(
    profile: &Profile,
    key: &FingerprintKey,
    prints: &Fingerprints,
    account: &Account,
) -> bool {
    let shown = profile.users.matching.iter().find_map(|name| {
        let value = account.attributes.get(name).and_then(Value::as_text)?;
        Some((prints.get(name)?, key_print(profile, key, name, value)))
    });
    shown.is_some_and(|(sent, held)| *sent == held)
}

/// Accounts by the values that users are found by.
pub struct Index<'a> {
    profile: &'a Profile,
    by_value: BTreeMap<(&'a AttrName, String), Vec<&'a Account>>,
}

impl<'a> Index<'a> {
    /// Indexes `accounts` by the profile's match attributes.
    #[must_use]
    pub fn new(profile: &'a Profile, accounts: &'a [Account]) -> Self {
        let mut by_value: BTreeMap<_, Vec<&Account>> = BTreeMap::new();
        for account in accounts {
            for name in &profile.users.matching {
                if let Some(value) = account.attributes.get(name).and_then(Value::as_text) {
                    let key = (name, comparable(comparison(profile, name), value));
                    by_value.entry(key).or_default().push(account);
                }
            }
        }
        for holders in by_value.values_mut() {
            holders.sort_by(|one, other| one.id.cmp(&other.id));
        }
        Self { profile, by_value }
    }

    /// Accounts that hold `value`.
    #[must_use]
    pub fn holders(&self, name: &'a AttrName, value: &str) -> &[&'a Account] {
        self.by_value
            .get(&(name, comparable(comparison(self.profile, name), value)))
            .map_or(&[], Vec::as_slice)
    }
}

fn comparison(profile: &Profile, name: &AttrName) -> Comparison {
    profile
        .rule(name)
        .map(|rule| rule.compare)
        .unwrap_or_default()
}

/// What is known of whose accounts are, before anything is compared.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// The accounts that links explain, by id.
    pub taken: BTreeMap<&'a RemoteId, &'a UserKey>,
    /// Whose a person has said that an account is not.
    pub apart: BTreeSet<(&'a UserKey, &'a RemoteId)>,
}

/// The accounts that hold the best of a user's values which any account holds, taken ones included.
#[must_use]
pub fn candidates<'a>(index: &Index<'a>, desired: &'a Desired) -> Vec<&'a Account> {
    desired
        .keys
        .iter()
        .map(|(name, value)| index.holders(name, value))
        .find(|holders| !holders.is_empty())
        .unwrap_or_default()
        .to_vec()
}

/// Correlates everybody in `unlinked`.
#[must_use]
pub fn correlate(
    profile: &Profile,
    returns: Reactivation,
    unlinked: &[&Desired],
    accounts: &[Account],
    known: &Known<'_>,
) -> BTreeMap<UserKey, Match> {
    let index = Index::new(profile, accounts);
    let mut matches = BTreeMap::new();
    let mut claims: BTreeMap<RemoteId, Vec<(UserKey, Arc<str>)>> = BTreeMap::new();
    for desired in unlinked {
        let Some(found) = best(&index, returns, desired, known) else {
            continue;
        };
        if let Match::One { id, .. } = &found {
            claims
                .entry(id.clone())
                .or_default()
                .push((desired.user.clone(), Arc::clone(&desired.label)));
        }
        matches.insert(desired.user.clone(), found);
    }
    for (id, claimants) in claims.into_iter().filter(|(_, users)| users.len() > 1) {
        let names: Vec<&str> = claimants.iter().map(|(_, label)| &**label).collect();
        let problem = format!("account {id} fits several users: {}", names.join(", "));
        for (user, _) in claimants {
            matches.insert(
                user,
                Match::Unsure {
                    problem: problem.clone(),
                },
            );
        }
    }
    matches
}

/// Somebody whom an app can be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen<'a> {
    /// Who.
    pub user: &'a UserKey,
    /// Is in the directory, and should have no account: it would be switched off.
    pub is_out: bool,
    /// The values to ask for.
    pub keys: Vec<(AttrName, Arc<str>)>,
}

/// Those who have no account in what was read, though the app may have one, since a list of this kind
/// of app leaves some out: those who should be active, those for whom a create is in doubt, and those
/// who are out and whose account would be switched off (`sees_out`) where a list may leave out one
/// that is on. Whoever has an account is asked for when a request may have made another one.
#[must_use]
pub fn unseen<'a>(
    profile: &Profile,
    desired: &'a [Desired],
    accounts: &[Account],
    has_account: &dyn Fn(&UserKey) -> bool,
    is_in_doubt: &dyn Fn(&UserKey) -> bool,
    sees_out: &dyn Fn(&UserKey, LeaveCause) -> bool,
) -> Vec<Unseen<'a>> {
    if !profile.users.leaves_out() {
        return Vec::new();
    }
    let index = Index::new(profile, accounts);
    let leaves_out_active = profile.users.leaves_out_active();
    let is_sought = |desired: &Desired| {
        let counts = match &desired.wanted {
            Wanted::Active { .. } => true,
            Wanted::Out(cause) => leaves_out_active && sees_out(&desired.user, *cause),
            Wanted::Unclear { .. } => false,
        };
        counts || is_in_doubt(&desired.user)
    };
    let is_unseen = |desired: &Desired| {
        desired.keys.iter().all(|(name, value)| {
            let name = profile.users.matching.iter().find(|known| *known == name);
            name.is_none_or(|name| index.holders(name, value).is_empty())
        })
    };
    let askable = |desired: &'a Desired| Unseen {
        user: &desired.user,
        is_out: matches!(desired.wanted, Wanted::Out(_)),
        keys: desired
            .keys
            .iter()
            .filter(|(name, _)| profile.users.filters.contains(name))
            .cloned()
            .collect(),
    };
    desired
        .iter()
        .filter(|desired| {
            if has_account(&desired.user) {
                is_in_doubt(&desired.user)
            } else {
                is_sought(desired) && is_unseen(desired)
            }
        })
        .map(askable)
        .filter(|unseen| !unseen.keys.is_empty())
        .collect()
}

/// Those of `doubtful` whom no source holds any more and whose account a list may leave out. Of what
/// their create was sent with only fingerprints are left; a value that is the user's key is told by its
/// own, and can be asked for.
#[must_use]
pub fn unseen_absent<'a>(
    profile: &Profile,
    key: &FingerprintKey,
    doubtful: impl Iterator<Item = (&'a UserKey, &'a Job)>,
    is_absent: &dyn Fn(&UserKey) -> bool,
) -> Vec<Unseen<'a>> {
    if !profile.users.leaves_out() {
        return Vec::new();
    }
    let askable = |user: &UserKey, job: &Job| {
        let names = profile.users.filters.iter();
        names
            .filter(|name| job.keys.get(*name) == Some(&key_print(profile, key, name, &user.id)))
            .map(|name| (name.clone(), Arc::clone(&user.id)))
            .collect()
    };
    doubtful
        .filter(|(user, _)| is_absent(user))
        .map(|(user, job)| Unseen {
            user,
            is_out: false,
            keys: askable(user, job),
        })
        .filter(|unseen| !unseen.keys.is_empty())
        .collect()
}

/// The holders that no link explains. Where a return makes a new account, old inactive ones count
/// only when there is no active one.
fn usable<'a>(
    returns: Reactivation,
    holders: &[&'a Account],
    taken: &BTreeMap<&RemoteId, &UserKey>,
) -> Vec<&'a Account> {
    let free: Vec<&Account> = holders
        .iter()
        .filter(|account| !taken.contains_key(&account.id))
        .copied()
        .collect();
    if returns != Reactivation::Create {
        return free;
    }
    let active: Vec<&Account> = free
        .iter()
        .filter(|account| account.active)
        .copied()
        .collect();
    if active.is_empty() {
        free.into_iter().take(1).collect()
    } else {
        active
    }
}

/// The verdict of the first match attribute that has any holder.
fn best<'a>(
    index: &Index<'a>,
    returns: Reactivation,
    desired: &'a Desired,
    known: &Known<'_>,
) -> Option<Match> {
    let is_apart = |account: &&&Account| known.apart.contains(&(&desired.user, &account.id));
    for (name, value) in &desired.keys {
        let holders = index.holders(name, value);
        let ids: BTreeSet<&RemoteId> = holders.iter().map(|account| &account.id).collect();
        let all = usable(returns, holders, &known.taken);
        let (apart, free): (Vec<&Account>, Vec<&Account>) =
            all.into_iter().partition(|account| is_apart(&account));
        match (ids.len(), free.as_slice()) {
            (0, _) => {}
            (_, []) if !apart.is_empty() => {
                return Some(Match::Apart {
                    id: apart[0].id.clone(),
                    by: name.clone(),
                });
            }
            (_, [one]) => {
                return Some(Match::One {
                    id: one.id.clone(),
                    by: name.clone(),
                });
            }
            (_, []) => {
                let owners: Vec<String> = ids
                    .iter()
                    .filter_map(|id| Some(format!("{id} of {}", known.taken.get(id)?)))
                    .collect();
                return Some(Match::Unsure {
                    problem: format!(
                        "{} `{value}` is held by an account that belongs to somebody else ({})",
                        name.short(),
                        owners.join(", ")
                    ),
                });
            }
            (_, several) => {
                let list: Vec<String> = several
                    .iter()
                    .map(|account| format!("{} ({})", account.id, account.label))
                    .collect();
                return Some(Match::Unsure {
                    problem: format!(
                        "{} `{value}` fits several accounts: {}",
                        name.short(),
                        list.join(", ")
                    ),
                });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
