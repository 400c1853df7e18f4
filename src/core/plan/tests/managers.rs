//! References to the accounts of managers.

use crate::core::leaver::LeaveCause;
use crate::core::plan::scene::Scene;

const NONE: [&str; 0] = [];

#[test]
fn a_manager_is_compared_by_the_account() {
    let team = |held: &str| {
        Scene::new()
            .wants("ana", &[])
            .reports_to("ana", "bob")
            .wants("bob", &[])
            .account("1", "ana", &[("manager", held)])
            .account("2", "bob", &[])
            .linked("ana", "1", &[("manager", held)])
            .linked("bob", "2", &[])
    };
    assert_eq!(team("2").told(), NONE);
    assert_eq!(team("9").told(), ["update ana (changed): manager 9 → 2"]);
}

#[test]
fn a_manager_who_is_out_is_cleared() {
    let scene = Scene::new()
        .wants("ana", &[])
        .reports_to("ana", "bob")
        .out("bob", LeaveCause::Disabled)
        .account("1", "ana", &[("manager", "2")])
        .inactive("2", "bob", &[])
        .linked("ana", "1", &[("manager", "2")])
        .linked("bob", "2", &[])
        .link("bob", |link| link.active = false);
    assert_eq!(scene.told(), ["update ana (changed): manager 2 → –"]);
}

#[test]
fn a_manager_of_whom_nothing_is_known_stays() {
    let scene = Scene::new()
        .wants("ana", &[])
        .reports_to("ana", "bob")
        .unclear("bob")
        .account("1", "ana", &[("manager", "2")])
        .account("2", "bob", &[])
        .linked("ana", "1", &[("manager", "2")])
        .linked("bob", "2", &[]);
    assert_eq!(scene.told(), ["parked bob: nobody knows → find out"]);
}
