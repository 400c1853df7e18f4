//! The order of a plan, and what does not depend on any.

use crate::core::change::{ActionKind, Subject};
use crate::core::fingerprint::Fingerprint;
use crate::core::leaver::LeaveCause;
use crate::core::link::JobState;
use crate::core::plan::content;
use crate::core::plan::scene::{Scene, key, start, user};

#[test]
fn adoptions_leavers_joiners_movers_groups() {
    let scene = Scene::new()
        .wants("ana", &[("title", "Lead")])
        .account("1", "ana", &[("title", "Guard")])
        .linked("ana", "1", &[("title", "Guard")])
        .wants("bob", &[])
        .out("cid", LeaveCause::Disabled)
        .account("3", "cid", &[])
        .linked("cid", "3", &[])
        .wants("dot", &[])
        .account("4", "dot", &[])
        .wants("eve", &[])
        .inactive("5", "eve", &[])
        .linked("eve", "5", &[])
        .pushes("night")
        .group("night", &["ana", "bob"]);
    assert_eq!(
        scene.told(),
        [
            "adopt dot (matched by userName): 4",
            "deactivate cid (disabled)",
            "create bob (assigned by everyone): userName bob",
            "reactivate eve (drifted)",
            "update ana (changed): title Guard → Lead",
            "group_create group night (pushed): night",
            "members_add group night (membership): ana, bob",
        ]
    );
}

#[test]
fn managers_are_created_before_their_reports() {
    let scene = Scene::new()
        .wants("ana", &[])
        .reports_to("ana", "bob")
        .wants("bob", &[])
        .reports_to("bob", "cid")
        .wants("cid", &[]);
    assert_eq!(
        scene.told(),
        [
            "create cid (assigned by everyone): userName cid",
            "create bob (assigned by everyone): manager the account of cid, userName bob",
            "create ana (assigned by everyone): manager the account of bob, userName ana",
        ]
    );
}

#[test]
fn a_circle_of_managers_takes_one_late_reference() {
    let scene = Scene::new()
        .wants("ana", &[])
        .reports_to("ana", "bob")
        .wants("bob", &[])
        .reports_to("bob", "ana");
    assert_eq!(
        scene.told(),
        [
            "create ana (assigned by everyone): userName ana",
            "create bob (assigned by everyone): manager the account of ana, userName bob",
            "update ana (late reference): manager – → the account of bob",
        ]
    );
}

#[test]
fn a_new_manager_is_given_to_an_old_account_as_soon_as_there_is_one() {
    let scene = Scene::new()
        .wants("ana", &[])
        .reports_to("ana", "bob")
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .wants("bob", &[]);
    assert_eq!(
        scene.told(),
        [
            "create bob (assigned by everyone): userName bob",
            "update ana (changed): manager – → the account of bob",
        ]
    );
}

#[test]
fn a_manager_without_an_account_here_is_left_out() {
    let scene = Scene::new()
        .wants("ana", &[])
        .reports_to("ana", "bob")
        .out("bob", LeaveCause::Unassigned);
    assert_eq!(
        scene.told(),
        ["create ana (assigned by everyone): userName ana"]
    );
}

#[test]
fn a_parked_change_is_shown_and_not_tried_until_it_differs() {
    let scene = Scene::new().wants("ana", &[("title", "Guard")]);
    let create = scene.changes().remove(0);
    let parked = JobState::Parked {
        since: start(),
        reason: "the app refused the request".into(),
        hint: "correct the value".into(),
    };
    let mut scene = scene
        .pushes("night")
        .group("night", &["ana"])
        .group_linked("night", "g", &[])
        .app_group("g", "night", &[])
        .wants("bob", &[])
        .reports_to("bob", "ana")
        .job(Subject::User(user("ana")), ActionKind::Create, parked);
    scene.state.jobs[0].content = content(&key(), &create, &scene.state.links);
    assert_eq!(
        scene.told(),
        [
            "create bob (assigned by everyone): userName bob",
            "parked ana: the app refused the request → correct the value",
        ],
        "nothing refers to an account that is not made"
    );
    scene.state.jobs[0].content = Fingerprint(1);
    assert_eq!(
        scene.told()[0],
        "create ana (assigned by everyone): title Guard, userName ana"
    );
}

#[test]
fn the_id_of_a_plan_is_its_content() {
    let scene = Scene::new().wants("ana", &[("title", "Guard")]);
    let other = Scene::new().wants("ana", &[("title", "Lead")]);
    assert_eq!(scene.plan().id(), scene.plan().id());
    assert_eq!(scene.plan().id().len(), 12);
    assert_ne!(scene.plan().id(), other.plan().id());
}

#[test]
fn members_are_counted_one_by_one() {
    let plan = Scene::new()
        .wants("ana", &[])
        .wants("bob", &[])
        .pushes("*")
        .group("night", &["ana", "bob"])
        .plan();
    let counts: Vec<(ActionKind, usize)> = plan.counts().into_iter().collect();
    assert_eq!(
        counts,
        [
            (ActionKind::Create, 2),
            (ActionKind::CreateGroup, 1),
            (ActionKind::AddMembers, 2),
        ]
    );
}

#[test]
fn names_that_no_source_knows_are_told() {
    let scene = Scene::new()
        .rules(|rules| {
            rules.assignment.groups = ["staff".into(), "night".into()].into();
            rules.assignment.except.users = ["root".into(), "ana".into(), "cid".into()].into();
        })
        .wants("ana", &[])
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .broken("cid")
        .group("night", &[])
        .pushes("guards-*");
    assert_eq!(
        scene.told(),
        [
            "unknown assign: no source has a group `staff`",
            "unknown assign: no source has a user `root`",
            "unknown groups: no source has a group like `guards-*`",
        ]
    );
}

#[test]
fn what_sees_somebody_out_is_tried_in_every_run_however_often_it_failed() {
    let scene = Scene::new()
        .out("ana", LeaveCause::Disabled)
        .account("1", "ana", &[])
        .linked("ana", "1", &[]);
    let deactivate = scene.changes().remove(0);
    let parked = JobState::Parked {
        since: start(),
        reason: "the app refused the request".into(),
        hint: "switch it off by hand".into(),
    };
    let mut scene = scene.job(Subject::User(user("ana")), ActionKind::Deactivate, parked);
    scene.state.jobs[0].content = content(&key(), &deactivate, &scene.state.links);
    assert_eq!(scene.told(), ["deactivate ana (disabled)"]);
}
