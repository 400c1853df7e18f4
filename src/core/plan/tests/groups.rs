//! Groups as things: made, adopted, renamed, given up.

use std::collections::BTreeSet;

use crate::core::key::SourceName;
use crate::core::plan::Note;
use crate::core::plan::scene::{Scene, group, print};
use crate::core::profile::GroupModel;
use crate::core::reading::{BrokenRow, Coverage};
use crate::core::rules::{Drift, GroupGone};

const NONE: [&str; 0] = [];

/// `night` is pushed.
fn night() -> Scene {
    Scene::new().pushes("night").group("night", &[])
}

/// `night` is linked to the group `g`, which is called `name` in the app.
fn called(name: &str) -> Scene {
    night()
        .app_group("g", name, &[])
        .group_linked("night", "g", &[])
}

fn renamed(scene: Scene, drift: Drift) -> Scene {
    scene.rules(|rules| rules.drift = drift)
}

#[test]
fn a_pushed_group_is_made_empty_and_then_filled() {
    let scene = Scene::new()
        .pushes("night")
        .group("night", &["ana"])
        .group("day", &["ana"])
        .wants("ana", &[])
        .account("1", "ana", &[])
        .linked("ana", "1", &[]);
    assert_eq!(
        scene.told(),
        [
            "group_create group night (pushed): night",
            "members_add group night (membership): ana",
        ]
    );
}

#[test]
fn a_group_that_is_there_is_adopted_by_our_key_before_its_name() {
    let scene = night()
        .app_group("g1", "night", &[])
        .app_group("g2", "graveyard", &[])
        .last_group(|group| group.external_id = Some("k-night".into()));
    assert_eq!(
        scene.told(),
        [
            "group_adopt group night (matched by displayName): g2",
            "group_update group night (renamed): graveyard → night",
        ]
    );
    let link = scene.noted_group("night").expect("the group is linked");
    assert!(!link.ours);
    assert_eq!(link.id.as_str(), "g2");
    assert_eq!(link.name, print("displayName", "graveyard"));
}

#[test]
fn a_group_that_is_there_is_adopted_by_its_name_in_any_case() {
    assert_eq!(
        night().app_group("g", "night", &[]).told(),
        ["group_adopt group night (matched by displayName): g"]
    );
    assert_eq!(
        night().app_group("g", "Night", &[]).told(),
        [
            "group_adopt group night (matched by displayName): g",
            "group_update group night (renamed): Night → night",
        ]
    );
}

#[test]
fn several_groups_that_fit_park_it() {
    let scene = night()
        .app_group("g2", "NIGHT", &[])
        .app_group("g1", "night", &[]);
    assert_eq!(
        scene.told(),
        ["parked night: several groups in the app fit: g1, g2 \
             → rename or remove all but one of them in the app"]
    );
}

#[test]
fn a_group_that_fits_two_of_ours_is_taken_by_none() {
    let mut scene = night().app_group("g", "night", &[]);
    let mut other = scene.reading.clone();
    other.source = SourceName::new("eu");
    other.groups[0].key.source = other.source.clone();
    scene.rules.target = "app".into();
    let plan = scene.plan_with(&[scene.reading.clone(), other]);
    assert_eq!(plan.changes, []);
    let parked: Vec<String> = plan
        .parked
        .iter()
        .map(|parked| format!("{}: {} → {}", parked.subject, parked.reason, parked.hint))
        .collect();
    assert_eq!(
        parked,
        [
            "eu:k-night: the group g in the app fits several groups: eu:k-night, hq:k-night \
             → push only one of them, or rename one",
            "hq:k-night: the group g in the app fits several groups: eu:k-night, hq:k-night \
             → push only one of them, or rename one",
        ]
    );
}

#[test]
fn a_group_that_is_linked_already_is_not_adopted_again() {
    let scene = called("day").pushes("day").group("day", &[]);
    let scene = renamed(scene, Drift::Ignore);
    assert_eq!(scene.told(), ["group_create group day (pushed): day"]);
}

#[test]
fn another_name_at_the_source_renames() {
    let scene = Scene::new()
        .pushes("*")
        .group("night", &[])
        .group_linked("night", "g", &[])
        .app_group("g", "Nightshift", &[]);
    let mut scene = renamed(scene, Drift::Ignore);
    scene.reading.groups[0].name = "late".into();
    assert_eq!(
        scene.told(),
        ["group_update group late (renamed): Nightshift → late"]
    );
    assert_eq!(
        scene.clone().remembered().told(),
        ["group_update group late (renamed): ? → late"]
    );
    let scene = scene.last_group(|group| group.name = "late".into());
    assert_eq!(scene.told(), NONE, "somebody renamed it there as well");
    let link = scene.noted_group("night").expect("the name was learned");
    assert_eq!(link.name, print("displayName", "late"));
}

#[test]
fn another_name_in_the_app_is_drift() {
    let scene = called("graveyard");
    assert_eq!(
        renamed(scene.clone(), Drift::Repair).told(),
        ["group_update group night (drifted): graveyard → night"]
    );
    assert_eq!(
        renamed(scene.clone(), Drift::Report).told(),
        ["warning night: the group was renamed in the app (drift: report)"]
    );
    assert_eq!(renamed(scene, Drift::Ignore).told(), NONE);
}

#[test]
fn an_app_that_changes_the_case_of_names_is_not_fought() {
    assert_eq!(called("NIGHT").told(), NONE);
}

#[test]
fn a_group_that_vanished_is_made_again_with_all_its_members() {
    let scene = Scene::new()
        .pushes("night")
        .group("night", &["ana"])
        .wants("ana", &[])
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .group_linked("night", "g", &["ana"])
        .gone("g");
    assert_eq!(
        scene.told(),
        [
            "group_create group night (vanished): night",
            "members_add group night (membership): ana",
        ]
    );
}

/// `night` is linked and not pushed any more.
fn given_up() -> Scene {
    Scene::new()
        .pushes("*")
        .group("day", &[])
        .app_group("d", "day", &[])
        .group_linked("day", "d", &[])
        .app_group("g", "Nightshift", &[])
        .group_linked("night", "g", &[])
}

#[test]
fn a_group_that_is_not_pushed_any_more_is_forgotten() {
    let scene = given_up();
    assert_eq!(scene.told(), NONE);
    assert_eq!(scene.plan().notes, [Note::ForgetGroup(group("night"))]);
}

#[test]
fn a_group_that_is_not_pushed_any_more_is_deleted_where_the_policy_says_so() {
    let scene = given_up().rules(|rules| rules.push.gone = GroupGone::Delete);
    assert_eq!(scene.told(), ["group_delete group Nightshift (not pushed)"]);
    assert_eq!(scene.plan().notes, []);
    let mut gone = scene.gone("g");
    gone.observed
        .as_mut()
        .expect("the app was read")
        .groups
        .retain(|found| found.id.as_str() != "g");
    assert_eq!(gone.told(), NONE);
    assert_eq!(gone.plan().notes, [Note::ForgetGroup(group("night"))]);
}

#[test]
fn a_group_that_was_not_read_is_not_given_up() {
    let scene = given_up().rules(|rules| rules.push.gone = GroupGone::Delete);
    let mut broken = scene.clone();
    broken.reading.broken.push(BrokenRow {
        place: "groups.csv:3".into(),
        user: None,
        group: Some(group("night")),
        problem: "unreadable".into(),
    });
    let mut part = scene.clone();
    part.reading.coverage = Coverage::Part {
        gone: BTreeSet::new(),
    };
    for scene in [broken, part] {
        assert_eq!(scene.told(), NONE);
        assert_eq!(scene.plan().notes, []);
    }
    let unread = scene.plan_with(&[]);
    assert_eq!(unread.changes, []);
    assert_eq!(unread.notes, []);
}

#[test]
fn an_app_without_groups_is_given_none() {
    let scene = called("graveyard").rules(|rules| rules.profile.groups.model = GroupModel::None);
    assert_eq!(scene.told(), NONE);
}

#[test]
fn a_group_that_cannot_be_renamed_is_told_of_and_not_tried() {
    let fixed_name = |scene: Scene| scene.rules(|rules| rules.profile.groups.rename = false);
    let warning = "warning night: the group cannot be renamed in this app, and stays `late` there";
    let mut renamed = fixed_name(called("late"));
    let link = renamed
        .state
        .groups
        .get_mut(&group("night"))
        .expect("a link");
    link.name = print("displayName", "late");
    assert_eq!(renamed.told(), [warning]);
    let drifted = fixed_name(called("late"));
    assert_eq!(drifted.told(), [warning]);
}

#[test]
fn the_apps_own_groups_are_matched_by_name_alone_and_never_made() {
    let fixed = |scene: Scene| scene.rules(|rules| rules.profile.groups.model = GroupModel::Fixed);
    let by_name = night()
        .app_group("g1", "night", &[])
        .app_group("g2", "other", &[])
        .last_group(|group| group.external_id = Some("k-night".into()));
    assert_eq!(
        fixed(by_name).told(),
        ["group_adopt group night (matched by displayName): g1"]
    );
    assert_eq!(
        fixed(night().app_group("g2", "other", &[])).told(),
        [
            "parked night: the app has no group of this name, and makes none for us → give the group the \
             name of one in the app, or take it out of `groups: { push }`"
        ]
    );
    assert_eq!(fixed(night()).remembered().told(), NONE, "nobody looked");
    let left = fixed(called("night")).rules(|rules| {
        rules.push.patterns.clear();
        rules.push.gone = GroupGone::Delete;
    });
    assert_eq!(
        left.told(),
        [
            "warning night: the group is not pushed any more and cannot be deleted in this app; it stays \
             there with its members"
        ]
    );
    assert_eq!(left.plan().notes, [Note::ForgetGroup(group("night"))]);
}

#[test]
fn a_group_that_the_app_manages_is_never_pushed_nor_deleted() {
    let managed = |scene: Scene| {
        scene.rules(|rules| {
            rules.profile.groups.managed_by_app = vec!["nig*".into()];
            rules.push.gone = GroupGone::Delete;
        })
    };
    let note = "warning night: the app manages this group itself, so it is not pushed";
    assert_eq!(managed(night()).told(), [note]);
    let linked = managed(called("night"));
    assert_eq!(
        linked.told(),
        [
            note,
            "warning night: the group is not pushed any more and cannot be deleted in this app; it stays \
             there with its members"
        ]
    );
    assert_eq!(linked.plan().notes, [Note::ForgetGroup(group("night"))]);
    let quick = managed(called("night")).remembered();
    assert_eq!(quick.plan().notes, [Note::ForgetGroup(group("night"))]);
}
