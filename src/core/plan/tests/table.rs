//! Every row of the table in the module's docs.

use crate::core::leaver::LeaveCause;
use crate::core::plan::scene::{Scene, start};
use crate::core::reading::Absence;

use std::time::Duration;

#[test]
fn active_without_link_or_account_is_created() {
    let scene = Scene::new().wants("ana", &[("title", "Guard")]);
    assert_eq!(
        scene.told(),
        ["create ana (assigned by everyone): title Guard, userName ana"]
    );
}

#[test]
fn active_without_link_and_one_account_that_fits_is_adopted_and_updated() {
    let scene =
        Scene::new()
            .wants("ana", &[("title", "Guard")])
            .account("1", "Ana", &[("title", "Lead")]);
    assert_eq!(
        scene.told(),
        [
            "adopt ana (matched by userName): 1",
            "update ana (changed): title Lead → Guard",
        ]
    );
}

#[test]
fn active_without_link_and_an_inactive_account_that_fits_is_adopted_and_reactivated() {
    let scene = Scene::new()
        .wants("ana", &[("title", "Guard")])
        .inactive("1", "ana", &[]);
    assert_eq!(
        scene.told(),
        [
            "adopt ana (matched by userName): 1",
            "reactivate ana (returned): title – → Guard",
        ]
    );
}

#[test]
fn active_without_link_and_several_accounts_that_fit_is_parked() {
    let scene = Scene::new()
        .wants("ana", &[])
        .account("2", "ANA", &[])
        .account("1", "ana", &[]);
    assert_eq!(
        scene.told(),
        [
            "parked ana: userName `ana` fits several accounts: 1 (ana), 2 (ANA) \
             → correct the value in the app, so that one account fits; or say which: \
             rollcall link ana app ACCOUNT-ID",
            "orphan ANA (2, active)",
            "orphan ana (1, active)",
        ]
    );
}

#[test]
fn active_with_an_active_account_is_updated_only_where_it_differs() {
    let scene = Scene::new()
        .wants("ana", &[("title", "Guard"), ("division", "East")])
        .account("1", "ana", &[("title", "Guard"), ("division", "West")])
        .linked("ana", "1", &[("title", "Guard"), ("division", "West")]);
    assert_eq!(scene.told(), ["update ana (changed): division West → East"]);
    let scene = scene.linked("ana", "1", &[("title", "Guard"), ("division", "East")]);
    let scene = scene.rules(|rules| rules.drift = crate::core::rules::Drift::Ignore);
    assert_eq!(scene.told(), [""; 0]);
}

#[test]
fn active_with_an_inactive_account_is_reactivated() {
    let scene = Scene::new()
        .wants("ana", &[])
        .inactive("1", "ana", &[])
        .linked("ana", "1", &[])
        .link("ana", |link| link.active = false);
    assert_eq!(scene.told(), ["reactivate ana (returned)"]);
}

#[test]
fn active_with_a_gone_account_is_created_again() {
    let scene = Scene::new()
        .wants("ana", &[])
        .linked("ana", "1", &[])
        .gone("1");
    assert_eq!(scene.told(), ["create ana (vanished): userName ana"]);
}

#[test]
fn out_without_link_is_adopted_and_deactivated_when_disabled() {
    let scene = Scene::new()
        .out("ana", LeaveCause::Disabled)
        .account("1", "ana", &[]);
    assert_eq!(
        scene.told(),
        [
            "adopt ana (matched by userName): 1",
            "deactivate ana (disabled)",
        ]
    );
}

#[test]
fn out_without_link_is_reported_when_only_unassigned() {
    let scene = Scene::new()
        .out("ana", LeaveCause::Unassigned)
        .account("1", "ana", &[]);
    assert_eq!(scene.told(), ["unassigned ana (1, active)"]);
}

#[test]
fn out_with_an_active_account_is_deactivated_and_then_deleted_as_the_policy_says() {
    let scene = Scene::new()
        .out("ana", LeaveCause::Unassigned)
        .account("1", "ana", &[("title", "Guard")])
        .linked("ana", "1", &[("title", "Lead")])
        .rules(|rules| rules.leavers.unassigned.delete = Some(Duration::from_mins(5)));
    assert_eq!(
        scene.told(),
        [
            "deactivate ana (unassigned)",
            "waiting ana: Deletion in 5 minutes",
        ]
    );
}

#[test]
fn unclear_is_parked_and_access_stays_as_it_is() {
    let parked = "parked ana: nobody knows → find out";
    let scene = Scene::new().unclear("ana");
    assert_eq!(scene.told(), [parked]);
    let active = Scene::new()
        .unclear("ana")
        .account("1", "Someone-Else", &[("title", "Lead")])
        .linked("ana", "1", &[("title", "Guard")]);
    assert_eq!(active.told(), [parked]);
    let inactive = Scene::new()
        .unclear("ana")
        .inactive("1", "ana", &[])
        .linked("ana", "1", &[]);
    assert_eq!(inactive.told(), [parked]);
    let unlinked = Scene::new().unclear("ana").account("1", "ana", &[]);
    assert_eq!(unlinked.told(), [parked], "and it is no orphan");
}

#[test]
fn missing_waits_until_the_absence_is_sure() {
    let scene = Scene::new()
        .account("1", "ana@example.com", &[])
        .linked("ana", "1", &[]);
    let until = start() + Duration::from_mins(10);
    let waits = scene.clone().absent("ana", Absence::Waits(until));
    assert_eq!(
        waits.told(),
        ["waiting ana@example.com: Absence in 10 minutes"]
    );
    let sure = scene.clone().absent("ana", Absence::Sure);
    assert_eq!(sure.told(), ["deactivate ana@example.com (deleted)"]);
    let unknown = scene.clone().absent("ana", Absence::Unknown);
    assert_eq!(unknown.told(), [""; 0]);
    assert_eq!(scene.told(), [""; 0]);
}

#[test]
fn an_account_that_nobody_explains_is_an_orphan() {
    let scene = Scene::new()
        .wants("ana", &[])
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .account("9", "robot", &[])
        .inactive("8", "old", &[]);
    assert_eq!(
        scene.told(),
        ["orphan old (8, inactive)", "orphan robot (9, active)"]
    );
}
