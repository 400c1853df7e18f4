//! What a kind of app does otherwise than the RFCs say, as the plan sees it.

use crate::core::leaver::{LeaveCause, Left};
use crate::core::plan::scene::{Scene, days, start};
use crate::core::profile::{DeactivateBy, Deactivation, Deletion, Reactivation, UpdateForm};

const NONE: [&str; 0] = [];

fn settled_by_create(scene: Scene) -> Scene {
    scene.rules(|rules| rules.profile.users.update = UpdateForm::None)
}

#[test]
fn what_an_app_never_changes_is_said_and_not_sent() {
    let scene = settled_by_create(
        Scene::new()
            .wants("ana", &[("title", "Lead")])
            .account("1", "ana", &[("title", "Guard")])
            .linked("ana", "1", &[("title", "Guard")]),
    );
    let warning = "warning ana: title differs, and this app changes nothing of an account after \
                   its create";
    assert_eq!(scene.told(), [warning]);
    assert_eq!(scene.noted("ana"), None, "and it is not learned either");
    assert_eq!(scene.remembered().told(), [warning]);
}

#[test]
fn what_an_app_never_changes_and_did_not_take_is_not_sent_again() {
    let scene = settled_by_create(
        Scene::new()
            .wants("ana", &[("title", "Lead")])
            .account("1", "ana", &[("title", "Other")])
            .linked("ana", "1", &[("title", "Lead")])
            .link("ana", |link| {
                link.held.remove(&"title".into());
            }),
    );
    let warning = "warning ana: title differs, and this app changes nothing of an account after \
                   its create";
    assert_eq!(scene.told(), [warning]);
    assert_eq!(scene.noted("ana"), None);
}

#[test]
fn somebody_is_switched_on_without_what_never_changes() {
    let scene = settled_by_create(
        Scene::new()
            .wants("ana", &[("title", "Lead")])
            .inactive("1", "ana", &[("title", "Guard")])
            .linked("ana", "1", &[("title", "Guard")])
            .link("ana", |link| {
                link.active = false;
                link.left = Some(Left {
                    cause: LeaveCause::Disabled,
                    since: start(),
                });
            }),
    );
    assert_eq!(
        scene.told(),
        [
            "reactivate ana (returned)",
            "warning ana: title differs, and this app changes nothing of an account after its \
             create",
        ]
    );
}

#[test]
fn a_circle_of_managers_is_never_closed_where_nothing_changes() {
    let scene = settled_by_create(
        Scene::new()
            .wants("ana", &[])
            .wants("bea", &[])
            .reports_to("ana", "bea")
            .reports_to("bea", "ana"),
    );
    let told = scene.told();
    assert!(
        told.iter().all(|line| !line.starts_with("update")),
        "{told:?}"
    );
    assert_eq!(
        told.last().map(String::as_str),
        Some(
            "warning ana: refers to somebody who refers back, and this app changes nothing of an \
             account after its create"
        )
    );
}

/// Bea is off, and the app shows nothing true of her.
fn renamed(wanted: &str) -> Scene {
    Scene::new()
        .rules(|rules| rules.profile.users.deactivate.effect = Deactivation::Renames)
        .wants("bea", &[("title", wanted)])
        .inactive("2", "gone-2", &[])
        .linked("bea", "2", &[("title", "Guard")])
        .link("bea", |link| {
            link.active = false;
            link.left = Some(Left {
                cause: LeaveCause::Disabled,
                since: start(),
            });
        })
}

#[test]
fn what_an_app_hides_while_somebody_is_off_is_no_drift() {
    assert_eq!(renamed("Guard").told(), ["reactivate bea (returned)"]);
    assert_eq!(
        renamed("Lead").told(),
        ["reactivate bea (returned): title – → Lead"]
    );
    let shown = renamed("Guard").rules(|rules| {
        rules.profile.users.deactivate.effect = Deactivation::Suspends;
    });
    assert_eq!(
        shown.told(),
        ["reactivate bea (returned): title – → Guard, userName gone-2 → bea"]
    );
}

#[test]
fn whoever_cannot_be_switched_off_is_shown_until_somebody_did_it() {
    let scene = Scene::new()
        .rules(|rules| {
            rules.profile.users.deactivate.by = DeactivateBy::None;
            rules.profile.users.delete = Deletion::None;
        })
        .out("ana", LeaveCause::Disabled)
        .linked("ana", "1", &[]);
    let parked = "parked ana: is out, and this app lets nobody be switched off from outside → \
                  switch the account off in the app";
    assert_eq!(scene.clone().account("1", "ana", &[]).told(), [parked]);
    assert_eq!(scene.clone().remembered().told(), [parked]);
    assert_eq!(scene.inactive("1", "ana", &[]).told(), NONE);
}

#[test]
fn whoever_cannot_be_switched_off_is_deleted_when_the_time_has_come() {
    let scene = Scene::new()
        .rules(|rules| {
            rules.profile.users.deactivate.by = DeactivateBy::None;
            rules.leavers.disabled.delete = Some(days(2));
        })
        .out("ana", LeaveCause::Disabled)
        .account("1", "ana", &[])
        .linked("ana", "1", &[]);
    assert_eq!(
        scene.told().len(),
        2,
        "shown, and waiting: {:?}",
        scene.told()
    );
    let link = scene.noted("ana").expect("the leaving is noted");
    let scene = scene.link("ana", |known| *known = link).later(days(2));
    assert_eq!(scene.told(), ["delete ana (disabled)"]);
}

#[test]
fn a_return_is_the_same_account_however_the_app_brings_it_back() {
    for way in [
        Reactivation::Activate,
        Reactivation::ActivateFirst,
        Reactivation::Post,
    ] {
        let scene = Scene::new()
            .rules(|rules| rules.profile.users.reactivate = way)
            .wants("ana", &[])
            .inactive("1", "ana", &[])
            .linked("ana", "1", &[])
            .link("ana", |link| {
                link.active = false;
                link.left = Some(Left {
                    cause: LeaveCause::Disabled,
                    since: start(),
                });
            });
        assert_eq!(scene.told(), ["reactivate ana (returned)"], "{way:?}");
    }
}
