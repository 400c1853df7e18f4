//! Following accounts that have another id than their links say: some apps change it with a name.
//!
//! Promises that an id is followed only to the one free account that holds what we know the account to
//! hold, and to none that says otherwise by a better attribute. Leaves keeping the link to the engine.

use std::collections::BTreeMap;

use crate::core::account::Account;
use crate::core::attribute::AttrName;
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::{RemoteId, UserKey};
use crate::core::link::Link;
use crate::core::profile::Profile;

/// The ids that the accounts of `lost` have now: links whose id the app does not have any more. An
/// account is known by what was last sent to it or seen of it, whatever its user is called since.
#[must_use]
pub fn moved<'a>(
    profile: &Profile,
    key: &FingerprintKey,
    lost: &[&'a Link],
    free: &[&'a Account],
) -> BTreeMap<&'a UserKey, &'a RemoteId> {
    if !profile.users.id_changes {
        return BTreeMap::new();
    }
    let mut found: BTreeMap<&UserKey, &RemoteId> = lost
        .iter()
        .filter_map(|link| Some((&link.user, &holder(profile, key, link, free)?.id)))
        .collect();
    let mut claims: BTreeMap<&RemoteId, usize> = BTreeMap::new();
    for id in found.values() {
        *claims.entry(id).or_default() += 1;
    }
    found.retain(|_, id| claims[*id] == 1);
    found
}

/// The only account that holds the best of a link's values which any account holds.
fn holder<'a>(
    profile: &Profile,
    key: &FingerprintKey,
    link: &Link,
    free: &[&'a Account],
) -> Option<&'a Account> {
    let mut left: Vec<&Account> = free.to_vec();
    for name in &profile.users.matching {
        let (same, others): (Vec<&Account>, Vec<&Account>) = left
            .into_iter()
            .partition(|account| says(key, link, name, account) == Some(true));
        match same.as_slice() {
            [one] => return Some(one),
            [] => {}
            [_, _, ..] => return None,
        }
        // One that says something else is not it, whatever comes next.
        left = others
            .into_iter()
            .filter(|account| says(key, link, name, account).is_none())
            .collect();
    }
    None
}

/// Does the account hold a value that was sent to the link's account, or seen of it? `None`: nobody
/// can tell.
fn says(key: &FingerprintKey, link: &Link, name: &AttrName, account: &Account) -> Option<bool> {
    let known = [link.sent.get(name), link.held.get(name)];
    let mut known = known.into_iter().flatten().filter(|print| print.is_known());
    let print = key.of(name, account.attributes.get(name)?);
    let first = known.next()?;
    Some(*first == print || known.any(|other| *other == print))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::plan::scene::{account, key, link, profile};

    fn renumbering() -> Profile {
        let mut profile = profile();
        profile.users.id_changes = true;
        profile
    }

    fn followed(profile: &Profile, lost: &[Link], free: &[Account]) -> Vec<String> {
        let lost: Vec<&Link> = lost.iter().collect();
        let free: Vec<&Account> = free.iter().collect();
        moved(profile, &key(), &lost, &free)
            .into_iter()
            .map(|(user, id)| format!("{} {id}", user.id))
            .collect()
    }

    const NONE: [&str; 0] = [];
    const ANA: &[(&str, &str)] = &[("externalId", "7")];

    #[test]
    fn an_account_is_known_by_the_best_value_that_it_still_holds() {
        let profile = renumbering();
        let lost = [link("ana", "1", ANA)];
        let renamed = account("1.2", "anna", true, ANA);
        assert_eq!(followed(&profile, &lost, &[renamed]), ["ana 1.2"]);
        let keyless = account("1.2", "ana", true, &[]);
        assert_eq!(followed(&profile, &lost, &[keyless]), ["ana 1.2"]);
        let stranger = account("9", "bob", true, &[]);
        assert_eq!(followed(&profile, &lost, &[stranger]), NONE);
    }

    #[test]
    fn an_account_that_was_seen_otherwise_than_sent_is_known_by_either() {
        let mut lost = link("ana", "1", &[]);
        let name = AttrName::new("userName");
        let seen = crate::core::plan::scene::print("userName", "ANA");
        lost.held.insert(name, seen);
        for name in ["ana", "ANA"] {
            let there = account("1.2", name, true, &[]);
            assert_eq!(
                followed(&renumbering(), std::slice::from_ref(&lost), &[there]),
                ["ana 1.2"]
            );
        }
    }

    #[test]
    fn whoever_took_the_name_of_somebody_is_not_them() {
        let heir = account("2", "ana", true, &[("externalId", "8")]);
        let lost = [link("ana", "1", ANA)];
        assert_eq!(followed(&renumbering(), &lost, &[heir]), NONE);
    }

    #[test]
    fn what_fits_twice_is_followed_by_nobody() {
        let profile = renumbering();
        let two = ["1.2", "1.3"].map(|id| account(id, "ana", true, ANA));
        let lost = [link("ana", "1", ANA)];
        assert_eq!(followed(&profile, &lost, &two), NONE);
        let mut twin = link("ana", "4", ANA);
        twin.user = crate::core::plan::scene::user("bob");
        let both = [lost[0].clone(), twin];
        assert_eq!(followed(&profile, &both, &two[..1]), NONE);
    }

    #[test]
    fn nothing_is_followed_without_the_key_nor_where_ids_stay() {
        let there = [account("1.2", "ana", true, ANA)];
        let mut lost = [link("ana", "1", ANA)];
        assert_eq!(followed(&profile(), &lost, &there), NONE);
        for print in lost[0].sent.values_mut().chain(lost[0].held.values_mut()) {
            *print = crate::core::fingerprint::Fingerprint::UNKNOWN;
        }
        assert_eq!(followed(&renumbering(), &lost, &there), NONE);
    }
}
