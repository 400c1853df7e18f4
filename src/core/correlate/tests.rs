//! Which account is whose, and when nobody can say.

mod lost_creates;
mod unseen;

use std::collections::BTreeMap;

use super::{Known, Match, correlate};
use crate::core::account::Account;
use crate::core::desired::{Desired, Wanted};
use crate::core::key::{RemoteId, UserKey};
use crate::core::leaver::LeaveCause;
use crate::core::plan::scene::{Texts, account, desired, profile, user};
use crate::core::profile::{Profile, Reactivation};

/// Somebody who is looked for by these values, best first.
fn looked_for(id: &str, keys: Texts<'_>) -> Desired {
    Desired {
        keys: keys
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        ..desired(id, Wanted::Out(LeaveCause::Disabled))
    }
}

fn one(id: &str, by: &str) -> Match {
    Match::One {
        id: id.into(),
        by: by.into(),
    }
}

fn unsure(problem: &str) -> Match {
    Match::Unsure {
        problem: problem.into(),
    }
}

struct Search {
    profile: Profile,
    people: Vec<Desired>,
    accounts: Vec<Account>,
    taken: Vec<(RemoteId, UserKey)>,
    apart: Vec<(UserKey, RemoteId)>,
}

fn search(people: Vec<Desired>, accounts: Vec<Account>) -> Search {
    Search {
        profile: profile(),
        people,
        accounts,
        taken: Vec::new(),
        apart: Vec::new(),
    }
}

impl Search {
    fn taken(mut self, account: &str, by: &str) -> Self {
        self.taken.push((account.into(), user(by)));
        self
    }

    /// A person has said that the account is not this user's.
    fn apart(mut self, id: &str, account: &str) -> Self {
        self.apart.push((user(id), account.into()));
        self
    }

    fn where_a_return_is_a_new_account(mut self) -> Self {
        self.profile.users.reactivate = Reactivation::Create;
        self
    }

    fn found(&self) -> BTreeMap<String, Match> {
        let people: Vec<&Desired> = self.people.iter().collect();
        let known = Known {
            taken: self.taken.iter().map(|(id, user)| (id, user)).collect(),
            apart: self.apart.iter().map(|(user, id)| (user, id)).collect(),
        };
        correlate(&self.profile, &people, &self.accounts, &known)
            .into_iter()
            .map(|(user, found)| (user.id.to_string(), found))
            .collect()
    }

    fn ana(&self) -> Option<Match> {
        self.found().remove("ana")
    }
}

const ANA: Texts<'_> = &[
    ("externalId", "p-1"),
    ("userName", "ana"),
    ("emails", "ana@example.com"),
];

#[test]
fn nobody_is_found_where_nothing_fits() {
    let search = search(
        vec![looked_for("ana", ANA)],
        vec![account("1", "anna", true, &[("externalId", "p-11")])],
    );
    assert_eq!(search.found(), BTreeMap::new());
}

#[test]
fn the_first_key_that_anybody_holds_decides() {
    let search = search(
        vec![looked_for("ana", ANA)],
        vec![
            account("1", "somebody", true, &[("externalId", "p-1")]),
            account("2", "ana", true, &[]),
            account("3", "third", true, &[("emails", "ana@example.com")]),
        ],
    );
    assert_eq!(search.ana(), Some(one("1", "externalId")));
}

#[test]
fn an_account_that_was_set_apart_is_told_and_another_that_fits_is_taken() {
    let accounts = vec![
        account("1", "ana", true, &[]),
        account("2", "ana", true, &[]),
    ];
    let only_one = search(vec![looked_for("ana", ANA)], accounts[..1].to_vec()).apart("ana", "1");
    let apart = Match::Apart {
        id: "1".into(),
        by: "userName".into(),
    };
    assert_eq!(only_one.ana(), Some(apart));
    let both = search(vec![looked_for("ana", ANA)], accounts).apart("ana", "1");
    assert_eq!(both.ana(), Some(one("2", "userName")));
    let of_somebody_else = both.apart("bob", "2");
    assert_eq!(of_somebody_else.ana(), Some(one("2", "userName")));
}

#[test]
fn the_next_key_is_asked_when_nobody_holds_the_first() {
    let by_name = search(
        vec![looked_for("ana", ANA)],
        vec![account("2", "ana", true, &[("externalId", "p-9")])],
    );
    assert_eq!(by_name.ana(), Some(one("2", "userName")));
    let by_mail = search(
        vec![looked_for("ana", ANA)],
        vec![account("3", "x", true, &[("emails", "ana@example.com")])],
    );
    assert_eq!(by_mail.ana(), Some(one("3", "emails")));
}

#[test]
fn values_are_compared_as_the_profile_says() {
    let search = search(
        vec![
            looked_for("ana", &[("userName", "straße")]),
            looked_for("bob", &[("externalId", "p-2")]),
        ],
        vec![
            account("1", "STRASSE", true, &[]),
            account("2", "x", true, &[("externalId", "P-2")]),
        ],
    );
    let found = search.found();
    assert_eq!(found.get("ana"), Some(&one("1", "userName")));
    assert_eq!(found.get("bob"), None, "externalId is case exact");
}

#[test]
fn an_inactive_account_is_found_as_well() {
    let search = search(
        vec![looked_for("ana", ANA)],
        vec![account("1", "ana", false, &[])],
    );
    assert_eq!(search.ana(), Some(one("1", "userName")));
}

#[test]
fn several_that_fit_are_listed_by_id_whatever_their_order() {
    let problem = "userName `ana` fits several accounts: 1 (ana), 2 (ANA)";
    let mut search = search(
        vec![looked_for("ana", ANA)],
        vec![
            account("2", "ANA", true, &[]),
            account("1", "ana", false, &[]),
        ],
    );
    assert_eq!(search.ana(), Some(unsure(problem)));
    search.accounts.reverse();
    assert_eq!(search.ana(), Some(unsure(problem)));
}

#[test]
fn a_worse_key_does_not_settle_what_a_better_one_left_open() {
    let search = search(
        vec![looked_for("ana", ANA)],
        vec![
            account("1", "x", true, &[("externalId", "p-1")]),
            account("2", "y", true, &[("externalId", "p-1")]),
            account("3", "ana", true, &[]),
        ],
    );
    let problem = "externalId `p-1` fits several accounts: 1 (x), 2 (y)";
    assert_eq!(search.ana(), Some(unsure(problem)));
}

#[test]
fn an_account_that_fits_two_users_is_given_to_neither() {
    let search = search(
        vec![
            looked_for("ana", ANA),
            looked_for("bob", &[("userName", "b"), ("emails", "ANA@example.com")]),
            looked_for("cid", &[("userName", "cid")]),
        ],
        vec![
            account("1", "team", true, &[("emails", "ana@example.com")]),
            account("3", "cid", true, &[]),
        ],
    );
    let problem = "account 1 fits several users: ana, bob";
    assert_eq!(
        search.found(),
        BTreeMap::from([
            ("ana".to_owned(), unsure(problem)),
            ("bob".to_owned(), unsure(problem)),
            ("cid".to_owned(), one("3", "userName")),
        ])
    );
}

#[test]
fn an_account_of_somebody_else_is_not_free() {
    let search = search(
        vec![looked_for("ana", ANA)],
        vec![account("1", "ana", true, &[])],
    )
    .taken("1", "bob");
    let problem =
        "userName `ana` is held by an account that belongs to somebody else (1 of hq:bob)";
    assert_eq!(search.ana(), Some(unsure(problem)));
}

#[test]
fn of_two_that_fit_the_one_that_is_free_is_taken() {
    let search = search(
        vec![looked_for("ana", ANA)],
        vec![
            account("1", "ana", true, &[]),
            account("2", "Ana", true, &[]),
        ],
    )
    .taken("1", "bob");
    assert_eq!(search.ana(), Some(one("2", "userName")));
}

#[test]
fn where_a_return_makes_a_new_account_old_ones_do_not_count_beside_an_active_one() {
    let accounts = vec![
        account("2", "ana", false, &[]),
        account("3", "ana", true, &[]),
        account("1", "ana", false, &[]),
    ];
    let search = search(vec![looked_for("ana", ANA)], accounts).where_a_return_is_a_new_account();
    assert_eq!(search.ana(), Some(one("3", "userName")));
}

#[test]
fn where_a_return_makes_a_new_account_any_old_one_shows_that_it_is_a_return() {
    let accounts = vec![
        account("2", "ana", false, &[]),
        account("1", "ana", false, &[]),
    ];
    let mut search =
        search(vec![looked_for("ana", ANA)], accounts).where_a_return_is_a_new_account();
    assert_eq!(search.ana(), Some(one("1", "userName")));
    search.accounts.reverse();
    assert_eq!(search.ana(), Some(one("1", "userName")));
}

#[test]
fn two_active_ones_are_a_question_even_where_a_return_makes_a_new_account() {
    let accounts = vec![
        account("1", "ana", true, &[]),
        account("2", "ana", true, &[]),
    ];
    let search = search(vec![looked_for("ana", ANA)], accounts).where_a_return_is_a_new_account();
    let problem = "userName `ana` fits several accounts: 1 (ana), 2 (ana)";
    assert_eq!(search.ana(), Some(unsure(problem)));
}
