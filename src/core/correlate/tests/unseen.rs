//! Whom an app is asked for before an account is made, where its list leaves some out.

use std::collections::BTreeSet;

use crate::core::account::Account;
use crate::core::correlate::unseen;
use crate::core::desired::{Desired, Wanted};
use crate::core::leaver::LeaveCause;
use crate::core::plan::scene::{account, desired, profile};
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
    let has_account = |user: &crate::core::key::UserKey| &*user.id == "linked";
    let is_in_doubt = |user: &crate::core::key::UserKey| &*user.id == "doubted";
    unseen(profile, desired, accounts, &has_account, &is_in_doubt)
        .iter()
        .map(|keys| {
            let keys: Vec<String> = keys
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
