//! People who are back: the old account where the app brings one back, else a new one, else a person
//! decides.

use crate::core::leaver::{LeaveCause, Left};
use crate::core::plan::scene::{Scene, start};
use crate::core::profile::{Deactivation, Reactivation};
use crate::core::rules::{Drift, Returns};

const NONE: [&str; 0] = [];

/// Ana is wanted, and her account is off; she had left if `left`.
fn back(left: bool) -> Scene {
    Scene::new()
        .wants("ana", &[("title", "Lead")])
        .inactive("1", "ana", &[("title", "Guard")])
        .linked("ana", "1", &[("title", "Guard")])
        .link("ana", |link| {
            link.active = !left;
            link.left = left.then(|| Left {
                cause: LeaveCause::Disabled,
                since: start(),
            });
        })
}

fn with(scene: Scene, reactivate: Reactivation) -> Scene {
    scene.rules(|rules| rules.profile.users.reactivate = reactivate)
}

#[test]
fn a_return_brings_the_old_account_back_with_what_changed_meanwhile() {
    assert_eq!(
        back(true).told(),
        ["reactivate ana (returned): title Guard → Lead"]
    );
    assert_eq!(
        back(true).remembered().told(),
        ["reactivate ana (returned): title – → Lead"]
    );
    assert_eq!(
        back(true).noted("ana"),
        None,
        "nothing is known before the answer"
    );
}

#[test]
fn somebody_who_returns_before_the_account_was_switched_off_is_as_before() {
    let scene = Scene::new()
        .wants("ana", &[])
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .link("ana", |link| {
            link.left = Some(Left {
                cause: LeaveCause::Unassigned,
                since: start(),
            });
        });
    assert_eq!(scene.told(), NONE);
    let link = scene.noted("ana").expect("the leaving is forgotten");
    assert_eq!(link.left, None);
}

#[test]
fn an_account_that_was_switched_off_in_the_app_is_drift() {
    let drift = |drift| back(false).rules(|rules| rules.drift = drift).told();
    assert_eq!(
        drift(Drift::Repair),
        ["reactivate ana (drifted): title Guard → Lead"]
    );
    assert_eq!(
        drift(Drift::Report),
        ["warning ana: was switched off in the app (drift: report)"]
    );
    assert_eq!(drift(Drift::Ignore), NONE);
}

#[test]
fn where_a_return_makes_a_new_account_the_plan_says_so() {
    let scene = with(back(true), Reactivation::Create);
    assert_eq!(
        scene.told(),
        ["create ana (returned as new beside 1): title Lead, userName ana"]
    );
    let unlinked = Scene::new().wants("ana", &[]).inactive("1", "ana", &[]);
    assert_eq!(
        with(unlinked, Reactivation::Create).told(),
        ["create ana (returned as new beside 1): userName ana"]
    );
}

#[test]
fn no_second_account_is_made_for_one_that_was_switched_off_in_the_app() {
    assert_eq!(
        with(back(false), Reactivation::Create).told(),
        [
            "parked ana: the account was switched off in the app, and a return would make a new one \
             → switch it on in the app"
        ]
    );
}

#[test]
fn where_no_account_comes_back_a_person_decides() {
    let parked = [
        "parked ana: the account is switched off, and this app does not bring one back \
         → switch it on in the app",
    ];
    for left in [true, false] {
        assert_eq!(with(back(left), Reactivation::Refuse).told(), parked);
    }
    let unlinked = Scene::new().wants("ana", &[]).inactive("1", "ana", &[]);
    assert_eq!(with(unlinked, Reactivation::Refuse).told(), parked);
}

#[test]
fn a_vanished_account_is_not_made_twice_when_another_one_fits() {
    let scene = Scene::new()
        .wants("ana", &[])
        .linked("ana", "1", &[])
        .gone("1")
        .account("2", "ana", &[]);
    assert_eq!(scene.told(), ["adopt ana (matched by userName): 2"]);
    let link = scene.noted("ana").expect("the other account is linked");
    assert_eq!(link.id.as_str(), "2");
}

/// The same, where the site has a say of its own.
fn site(scene: Scene, returns: Returns) -> Scene {
    scene.rules(|rules| rules.returns = Some(returns))
}

#[test]
fn the_site_can_have_the_old_account_back_where_the_app_would_make_a_new_one() {
    let scene = site(with(back(true), Reactivation::Create), Returns::Link);
    assert_eq!(
        scene.told(),
        ["reactivate ana (returned): title Guard → Lead"]
    );
    // The name that went with the leaving is given back, whatever was read, and whatever drift means.
    let freed = scene.rules(|rules| {
        rules.profile.users.deactivate.effect = Deactivation::FreesUserName;
        rules.drift = Drift::Ignore;
    });
    assert_eq!(
        freed.told(),
        ["reactivate ana (returned): title Guard → Lead, userName – → ana"]
    );
    assert_eq!(
        freed.remembered().told(),
        ["reactivate ana (returned): title – → Lead, userName – → ana"]
    );
    let unlinked = Scene::new().wants("ana", &[]).inactive("1", "ana", &[]);
    assert_eq!(
        site(with(unlinked, Reactivation::Create), Returns::Link).told(),
        [
            "adopt ana (matched by userName): 1",
            "reactivate ana (returned)"
        ]
    );
}

#[test]
fn the_site_can_have_a_new_account_where_the_app_would_bring_the_old_one_back() {
    let scene = site(back(true), Returns::Create);
    assert_eq!(
        scene.told(),
        ["create ana (returned as new beside 1): title Lead, userName ana"]
    );
}

#[test]
fn the_site_can_leave_every_return_to_a_person() {
    let unlinked = Scene::new().wants("ana", &[]).inactive("1", "ana", &[]);
    for scene in [back(true), unlinked] {
        assert_eq!(
            site(scene, Returns::Refuse).told(),
            [
                "parked ana: is back, the account 1 is switched off, and `reactivate: refuse` leaves it \
                 to a person → switch it on in the app, or set `reactivate: link` or `reactivate: create`"
            ]
        );
    }
}
