//! Whose every account of an app is, beside our users.

use std::collections::BTreeMap;

use crate::core::leaver::LeaveCause;
use crate::core::memory::Verdict;
use crate::core::plan::inventory::{Fate, Owner, Whose};
use crate::core::plan::scene::{Scene, user};
use crate::core::profile::Reactivation;
use crate::core::rules::{Adopt, UnassignedUnlinked};

fn owner(id: &str) -> Owner {
    Owner {
        user: user(id),
        label: id.into(),
    }
}

fn fits(id: &str, by: &str, fate: Fate) -> Whose {
    Whose::Fits {
        owner: owner(id),
        by: by.into(),
        fate,
    }
}

fn stock<const N: usize>(rows: [(&str, Whose); N]) -> BTreeMap<String, Whose> {
    rows.map(|(id, whose)| (id.to_owned(), whose)).into()
}

#[test]
fn every_account_stands_somewhere_once() {
    let scene = Scene::new()
        .wants("ana", &[])
        .linked("ana", "1", &[])
        .account("1", "ana", &[])
        .wants("bob", &[])
        .account("2", "bob", &[])
        .wants("cy", &[])
        .account("3", "cy", &[])
        .account("4", "CY", &[])
        .account("5", "stray", &[])
        .account("6", "root", &[])
        .account("7", "robot", &[])
        .blank("8")
        .rules(|rules| {
            rules.protected.insert("root".into());
        })
        .verdict(Verdict::IgnoredAccount("7".into()));
    let several = "userName `cy` fits several accounts: 3 (cy), 4 (CY)";
    let ambiguous = Whose::Ambiguous(vec![(owner("cy"), several.to_owned())]);
    assert_eq!(
        scene.stock(),
        stock([
            ("1", Whose::Linked(owner("ana"))),
            ("2", fits("bob", "userName", Fate::Adopted)),
            ("3", ambiguous.clone()),
            ("4", ambiguous),
            ("5", Whose::Nobodys),
            ("6", Whose::Protected),
            ("7", Whose::Ignored(None)),
            ("8", Whose::Unreadable),
        ])
    );
}

#[test]
fn what_becomes_of_an_account_that_fits() {
    let fate = |scene: Scene| match scene.stock().remove("1") {
        Some(Whose::Fits { fate, .. }) => fate,
        other => panic!("{other:?}"),
    };
    let one = || Scene::new().account("1", "ana", &[]);
    let off = || Scene::new().inactive("1", "ana", &[]);
    assert_eq!(fate(one().wants("ana", &[])), Fate::Adopted);
    assert_eq!(fate(off().wants("ana", &[])), Fate::Adopted);
    for adopt in [Adopt::Ask, Adopt::Never] {
        let asks = one().wants("ana", &[]).rules(|rules| rules.adopt = adopt);
        assert_eq!(fate(asks), Fate::Confirm);
    }
    let apart = Verdict::Apart(user("ana"), "1".into());
    assert_eq!(fate(one().wants("ana", &[]).verdict(apart)), Fate::Apart);
    let recovered = one().wants("ana", &[]).in_doubt("ana", "ana");
    let recovered = recovered.rules(|rules| rules.adopt = Adopt::Never);
    assert_eq!(fate(recovered), Fate::Adopted, "it is ours");
    for reactivate in [Reactivation::Create, Reactivation::Refuse] {
        let scene = off().wants("ana", &[]);
        let scene = scene.rules(|rules| rules.profile.users.reactivate = reactivate);
        assert_eq!(fate(scene), Fate::Old);
    }
    assert_eq!(fate(one().unclear("ana")), Fate::Unclear);
}

#[test]
fn an_account_of_somebody_who_is_out() {
    use LeaveCause::{Disabled, Unassigned};
    let fate = |scene: Scene| match scene.stock().remove("1") {
        Some(Whose::Fits { fate, .. }) => fate,
        other => panic!("{other:?}"),
    };
    let one = |cause| Scene::new().account("1", "ana", &[]).out("ana", cause);
    assert_eq!(fate(one(Disabled)), Fate::SwitchedOff(Disabled));
    let asks = one(Disabled).rules(|rules| rules.adopt = Adopt::Ask);
    assert_eq!(fate(asks), Fate::LeftAlone(Disabled));
    assert_eq!(fate(one(Unassigned)), Fate::LeftAlone(Unassigned));
    let taken =
        one(Unassigned).rules(|rules| rules.unassigned_unlinked = UnassignedUnlinked::Deactivate);
    assert_eq!(fate(taken), Fate::SwitchedOff(Unassigned));
    let off = Scene::new().inactive("1", "ana", &[]).out("ana", Disabled);
    assert_eq!(fate(off), Fate::LeftAlone(Disabled));
}

#[test]
fn the_account_of_an_ignored_person_is_theirs_and_never_touched() {
    let ignored = Scene::new()
        .wants("ana", &[])
        .account("1", "ana", &[])
        .verdict(Verdict::IgnoredUser(user("ana")));
    let theirs = stock([("1", Whose::Ignored(Some(owner("ana"))))]);
    assert_eq!(ignored.clone().stock(), theirs);
    assert_eq!(ignored.linked("ana", "1", &[]).stock(), theirs);
}

#[test]
fn a_link_whose_account_is_gone_is_told() {
    let scene = Scene::new()
        .wants("ana", &[])
        .linked("ana", "1", &[])
        .gone("1");
    assert_eq!(scene.stock(), BTreeMap::new());
    assert_eq!(scene.gone_links(), [(owner("ana"), "1".into())]);
}
