//! What `features:` switch off: no change any more, and never out of sight.

use crate::core::features::{Feature, Features};
use crate::core::leaver::{LeaveCause, LeaverPolicy};
use crate::core::plan::scene::{Scene, days};
use crate::core::profile::Deactivation;
use std::time::Duration;

fn without(scene: Scene, off: &[Feature]) -> Scene {
    scene.rules(|rules| rules.features = Features::without(off.iter().copied()))
}

/// Somebody for each kind of change, and a group with them in it.
fn busy() -> Scene {
    Scene::new()
        .wants("new", &[])
        .wants("moved", &[("title", "Lead")])
        .account("2", "moved", &[])
        .linked("moved", "2", &[])
        .wants("back", &[("title", "Guard")])
        .inactive("3", "back", &[])
        .linked("back", "3", &[])
        .link("back", |link| link.active = false)
        .out("gone", LeaveCause::Disabled)
        .account("4", "gone", &[])
        .linked("gone", "4", &[])
        .pushes("day")
        .group("day", &["new", "moved", "back"])
        .app_group("g", "day", &["4"])
        .group_linked("day", "g", &["gone"])
}

#[test]
fn with_everything_on_nothing_is_skipped() {
    assert_eq!(
        busy().told(),
        [
            "deactivate gone (disabled)",
            "reactivate back (returned): title – → Guard",
            "create new (assigned by everyone): userName new",
            "update moved (changed): title – → Lead",
            "members_remove group day (membership): gone",
            "members_add group day (membership): back, moved, new",
        ]
    );
}

#[test]
fn what_is_off_is_listed_and_the_rest_goes_on() {
    assert_eq!(
        without(busy(), &[Feature::Create]).told(),
        [
            "deactivate gone (disabled)",
            "reactivate back (returned): title – → Guard",
            "update moved (changed): title – → Lead",
            "members_remove group day (membership): gone",
            "members_add group day (membership): back, moved",
            "skipped new: create 1, create is off",
        ]
    );
    assert_eq!(
        without(busy(), &[Feature::Reactivate]).told(),
        [
            "deactivate gone (disabled)",
            "create new (assigned by everyone): userName new",
            "update moved (changed): title – → Lead",
            "members_remove group day (membership): gone",
            "members_add group day (membership): moved, new",
            "skipped back: reactivate 1, reactivate is off",
        ]
    );
    assert_eq!(
        without(busy(), &Feature::ALL).told(),
        [
            "skipped gone: deactivate 1, deactivate is off",
            "skipped back: reactivate 1, reactivate is off",
            "skipped new: create 1, create is off",
            "skipped moved: update 1, update is off",
            "skipped day: members_remove 1, groups is off",
            "skipped day: members_add 3, groups is off",
        ]
    );
}

#[test]
fn a_leaver_who_is_not_switched_off_is_out_of_the_groups_all_the_same() {
    let told = without(busy(), &[Feature::Deactivate]).told();
    assert!(told.contains(&"members_remove group day (membership): gone".to_owned()));
    assert!(told.contains(&"skipped gone: deactivate 1, deactivate is off".to_owned()));
}

#[test]
fn a_return_without_updates_brings_along_only_what_the_app_insists_on() {
    let scene = without(busy(), &[Feature::Update]);
    let told = scene.clone().told();
    assert_eq!(told[1], "reactivate back (returned)");
    assert!(told.contains(&"skipped back: update 1, update is off".to_owned()));
    let freed = scene.rules(|rules| {
        rules.profile.users.deactivate.effect = Deactivation::FreesUserName;
    });
    assert_eq!(
        freed.told()[1],
        "reactivate back (returned): userName – → back"
    );
}

#[test]
fn nothing_is_learned_of_groups_that_are_off() {
    let scene = busy().app_group("h", "night", &[]).pushes("night");
    let scene = scene.group("night", &[]);
    assert!(scene.noted_group("night").is_some());
    let off = without(scene, &[Feature::Groups]);
    assert_eq!(off.noted_group("night"), None);
    assert_eq!(
        off.told().last().expect("a line"),
        "skipped night: group_adopt 1, groups is off"
    );
}

#[test]
fn a_manager_whose_account_is_not_made_is_nobodys_manager() {
    let scene = Scene::new()
        .wants("ana", &[])
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .wants("boss", &[])
        .reports_to("ana", "boss");
    assert_eq!(
        without(scene, &[Feature::Create]).told(),
        ["skipped boss: create 1, create is off"]
    );
}

#[test]
fn people_who_manage_each_other_and_get_no_accounts_are_skipped_once() {
    let scene = Scene::new()
        .wants("ana", &[])
        .wants("bob", &[])
        .reports_to("ana", "bob")
        .reports_to("bob", "ana");
    assert_eq!(
        without(scene, &[Feature::Create]).told(),
        [
            "skipped ana: create 1, create is off",
            "skipped bob: create 1, create is off",
        ]
    );
}

#[test]
fn a_leaver_who_is_not_deleted_is_switched_off() {
    let leaver = |delete: Duration| {
        let scene = Scene::new()
            .out("ana", LeaveCause::Disabled)
            .account("1", "ana", &[])
            .linked("ana", "1", &[]);
        let scene = scene.rules(|rules| {
            rules.leavers.disabled = LeaverPolicy {
                deactivate: Some(Duration::ZERO),
                delete: Some(delete),
            };
        });
        without(scene, &[Feature::Delete])
    };
    assert_eq!(
        leaver(Duration::ZERO).told(),
        [
            "deactivate ana (disabled)",
            "skipped ana: delete 1, delete is off",
        ]
    );
    assert_eq!(leaver(days(30)).told(), ["deactivate ana (disabled)"]);
}

#[test]
fn a_deactivation_that_may_delete_needs_both_switches() {
    let leaver = Scene::new()
        .out("ana", LeaveCause::Disabled)
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .rules(|rules| rules.profile.users.deactivate.effect = Deactivation::Unknown);
    assert_eq!(leaver.told(), ["deactivate ana (disabled)"]);
    assert_eq!(
        without(leaver.clone(), &[Feature::Delete]).told(),
        ["skipped ana: deactivate 1, delete is off"]
    );
    assert_eq!(
        without(leaver, &[Feature::Deactivate]).told(),
        ["skipped ana: deactivate 1, deactivate is off"]
    );
}
