//! The account of a create whose answer was lost.

use super::{ANA, looked_for};
use crate::core::account::Account;
use crate::core::correlate::{key_prints, recover};
use crate::core::plan::scene::{Texts, account, key, profile};

/// The account that a create with these values has made, if one can be told.
fn found(sent: Texts<'_>, accounts: &[Account]) -> Option<(String, String)> {
    let sent = looked_for("ana", sent).keys;
    let prints = key_prints(&profile(), &key(), &sent);
    let free: Vec<&Account> = accounts.iter().collect();
    let (account, by) = recover(&profile(), &key(), &prints, &free)?;
    Some((account.id.to_string(), by.to_string()))
}

#[test]
fn it_is_found_by_the_best_value_it_was_sent_with() {
    let accounts = [
        account("1", "ANA", true, &[]),
        account("2", "other", true, &[("externalId", "p-1")]),
    ];
    let best = Some(("2".into(), "externalId".into()));
    assert_eq!(found(ANA, &accounts), best);
    let name = Some(("1".into(), "userName".into()));
    assert_eq!(found(&[("userName", "ana")], &accounts), name);
}

#[test]
fn it_is_not_found_by_what_was_not_sent() {
    let accounts = [account("1", "ana", true, &[("emails", "ana@example.com")])];
    assert_eq!(found(&[("externalId", "p-1")], &accounts), None);
}

#[test]
fn of_several_nobody_knows_which() {
    let accounts = [
        account("1", "ana", true, &[]),
        account("2", "Ana", true, &[]),
    ];
    assert_eq!(found(ANA, &accounts), None);
}
