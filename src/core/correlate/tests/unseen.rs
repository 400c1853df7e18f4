//! Whom an app is asked for before an account is made, where its list leaves some out.

use std::collections::BTreeSet;

use crate::core::account::Account;
use crate::core::correlate::{unseen, unseen_absent};
use crate::core::desired::{Desired, Wanted};
use crate::core::key::UserKey;
use crate::core::leaver::LeaveCause;
use crate::core::plan::scene::{Scene, account, desired, key, profile};
use crate::core::profile::{Deactivation, Hidden, Profile};

fn wanted(id: &str, keys: &[(&str, &str)]) -> Desired {
    let active = Wanted::Active {
        by: "everyone".into(),
        attributes: [].into(),
        keep: BTreeSet::new(),
    };
    Desired {
        keys: keys
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        ..desired(id, active)
    }
}

fn asked(profile: &Profile, desired: &[Desired], accounts: &[Account]) -> Vec<String> {
    asked_for(profile, desired, accounts, &|_, _| false)
}

/// Whom of those who are out an account would be taken from.
type SeesOut<'a> = &'a dyn Fn(&UserKey, LeaveCause) -> bool;

fn asked_for(
    profile: &Profile,
    desired: &[Desired],
    accounts: &[Account],
    sees_out: SeesOut<'_>,
) -> Vec<String> {
    let has_account = |user: &UserKey| &*user.id == "linked";
    let is_in_doubt = |user: &UserKey| &*user.id == "doubted";
    unseen(
        profile,
        desired,
        accounts,
        &has_account,
        &is_in_doubt,
        sees_out,
    )
    .iter()
    .map(|unseen| {
        let keys: Vec<String> = unseen
            .keys
            .iter()
            .map(|(name, value)| format!("{}={value}", name.short()))
            .collect();
        keys.join(" ")
    })
    .collect()
}

#[test]
fn who_is_out_is_asked_for_where_a_create_is_in_doubt() {
    let gone = |id: &str| Desired {
        keys: vec![("userName".into(), id.into())],
        ..desired(id, Wanted::Out(LeaveCause::Disabled))
    };
    let mut profile = profile();
    profile.users.hides = vec![Hidden::Overflow];
    let everybody = [gone("doubted"), gone("out")];
    assert_eq!(asked(&profile, &everybody, &[]), ["userName=doubted"]);
}

#[test]
fn who_is_out_is_asked_for_where_a_list_may_leave_out_an_account_that_is_on() {
    let gone = |id: &str, cause| Desired {
        keys: vec![("userName".into(), id.into())],
        ..desired(id, Wanted::Out(cause))
    };
    let everybody = [
        gone("linked", LeaveCause::Disabled),
        gone("listed", LeaveCause::Disabled),
        gone("off", LeaveCause::Disabled),
        gone("out", LeaveCause::Unassigned),
    ];
    let listed = [account("1", "listed", true, &[])];
    let mut profile = profile();
    for (hidden, who) in [
        (Hidden::Inactive, &[][..]),
        (Hidden::Foreign, &["userName=off"]),
        (Hidden::Overflow, &["userName=off"]),
    ] {
        profile.users.hides = vec![hidden];
        let sees_out = |_: &UserKey, cause: LeaveCause| cause == LeaveCause::Disabled;
        assert_eq!(
            asked_for(&profile, &everybody, &listed, &sees_out),
            who,
            "{hidden:?}"
        );
        assert!(
            asked(&profile, &everybody, &listed).is_empty(),
            "{hidden:?}"
        );
    }
}

#[test]
fn who_has_no_value_that_a_filter_takes_is_not_asked_for() {
    let mut profile = profile();
    profile.users.hides = vec![Hidden::Overflow];
    let everybody = [wanted("ana", &[("emails", "a@x")])];
    assert!(asked(&profile, &everybody, &[]).is_empty());
}

#[test]
fn only_those_who_would_get_a_new_account_are_asked_for_and_by_what_a_filter_takes() {
    let out = desired("out", Wanted::Out(LeaveCause::Disabled));
    let everybody = [
        wanted("ana", &[("userName", "ANA"), ("emails", "a@x")]),
        wanted(
            "bea",
            &[("externalId", "7"), ("userName", "bea"), ("emails", "b@x")],
        ),
        wanted("linked", &[("userName", "linked")]),
        out,
    ];
    let listed = [account("1", "ana", true, &[])];
    let mut profile = profile();
    assert!(asked(&profile, &everybody, &listed).is_empty());
    for hidden in [Hidden::Inactive, Hidden::Foreign, Hidden::Overflow] {
        profile.users.hides = vec![hidden];
        assert_eq!(
            asked(&profile, &everybody, &listed),
            ["externalId=7 userName=bea"]
        );
    }
    profile.users.hides.clear();
    profile.users.deactivate.effect = Deactivation::Unlinks;
    assert_eq!(asked(&profile, &everybody, &listed).len(), 1);
}

#[test]
fn who_is_gone_is_asked_for_by_their_key_where_a_create_with_it_is_in_doubt() {
    let scene = Scene::new()
        .in_doubt("ana", "ana")
        .in_doubt("bob", "robert");
    let mut profile = profile();
    let asked = |profile: &Profile, is_absent: bool| -> Vec<String> {
        let doubtful = scene.state.doubtful_creates();
        unseen_absent(profile, &key(), doubtful, &|_| is_absent)
            .iter()
            .map(|unseen| format!("{} {:?}", unseen.user.id, unseen.keys))
            .collect()
    };
    assert!(asked(&profile, true).is_empty(), "the list shows everybody");
    profile.users.hides = vec![Hidden::Overflow];
    assert_eq!(
        asked(&profile, true),
        [r#"ana [("userName", "ana")]"#],
        "nobody knows any more what Bob was called"
    );
    assert!(asked(&profile, false).is_empty());
}

#[test]
fn who_has_an_account_is_asked_for_when_a_request_may_have_made_another() {
    let mut profile = profile();
    profile.users.hides = vec![Hidden::Overflow];
    let everybody = [wanted("ana", &[("userName", "ana")])];
    let listed = [account("1", "ana", true, &[])];
    let asked = |is_in_doubt: bool| {
        let (yes, doubt) = (|_: &UserKey| true, |_: &UserKey| is_in_doubt);
        let never = |_: &UserKey, _: LeaveCause| false;
        unseen(&profile, &everybody, &listed, &yes, &doubt, &never).len()
    };
    assert_eq!((asked(true), asked(false)), (1, 0));
}
