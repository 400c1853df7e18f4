//! Accounts that a POST was to bring back, whose answer was lost: it may have made another one.

use crate::core::leaver::LeaveCause;
use crate::core::plan::scene::{Scene, days, user};
use crate::core::profile::Reactivation;
use crate::core::reading::Absence;

const NONE: [&str; 0] = [];

/// Ana's account 1 was off, and a POST under her name had no answer.
fn called(scene: Scene) -> Scene {
    scene
        .inactive("1", "ana.old", &[])
        .linked("ana", "1", &[])
        .link("ana", |link| link.active = false)
        .return_in_doubt("ana", "ana")
        .rules(|rules| rules.profile.users.reactivate = Reactivation::Post)
}

/// It has made account 2.
fn doubled(scene: Scene) -> Scene {
    called(scene).account("2", "ana", &[])
}

#[test]
fn the_account_that_it_made_is_theirs() {
    let scene = doubled(Scene::new().wants("ana", &[]));
    assert_eq!(scene.told(), ["adopt ana (recovered): 2"]);
    let link = scene.noted("ana").expect("the link moves");
    assert_eq!((link.id.as_str(), link.active), ("2", true));
    assert_eq!(
        scene.remembered().told(),
        ["reactivate ana (returned)"],
        "nobody looked: whoever sends it looks first"
    );
}

#[test]
fn the_account_that_it_made_goes_when_they_have_left() {
    let disabled = doubled(Scene::new().out("ana", LeaveCause::Disabled));
    let gone = doubled(Scene::new()).absent("ana", Absence::Sure);
    for (scene, cause) in [(disabled, "disabled"), (gone, "deleted")] {
        assert_eq!(
            scene.told()[..2],
            [
                "adopt ana (recovered): 2".to_owned(),
                format!("deactivate ana ({cause})")
            ]
        );
    }
}

#[test]
fn once_the_old_account_is_on_nothing_else_is_theirs() {
    let scene = called(Scene::new().wants("ana", &[]))
        .account("2", "ana", &[])
        .account("3", "bob", &[]);
    let awake = scene.account_is_on("1");
    assert_eq!(
        awake.told(),
        [
            "update ana (drifted): userName ana.old → ana",
            "orphan ana (2, active)",
            "orphan bob (3, active)"
        ]
    );
}

#[test]
fn the_old_account_leaves_the_groups_and_the_new_one_goes_in() {
    let scene = doubled(Scene::new().wants("ana", &[]))
        .pushes("*")
        .group("day", &["ana"])
        .group_linked("day", "g", &["ana"]);
    let told = [
        "adopt ana (recovered): 2",
        "members_remove group day (membership): ana",
        "members_add group day (membership): ana",
    ];
    let shown = scene.clone().app_group("g", "day", &["1"]);
    assert_eq!(shown.told(), told);
    let link = shown.noted_group("day").expect("it is not in any more");
    assert!(!link.may_hold(&user("ana")));
    let hidden = scene
        .app_group("g", "day", &[])
        .last_group(|group| group.members = None);
    assert_eq!(hidden.told(), told);
}

#[test]
fn nobody_is_called_back_by_a_name_that_the_answer_was_not_lost_under() {
    let scene = called(Scene::new().wants("ana", &[]))
        .return_in_doubt("ana", "ana.before")
        .remembered();
    assert_eq!(
        scene.told(),
        [
            "parked ana: an account may be there under another name, since an answer was lost \
             → run sync without --quick: it reads the whole app"
        ]
    );
}

#[test]
fn while_an_app_may_not_show_what_it_made_nobody_is_called_back_again() {
    let scene =
        called(Scene::new().wants("ana", &[])).rules(|rules| rules.profile.settle = days(1));
    assert_eq!(scene.plan().changes, []);
    assert_eq!(
        scene.later(days(1)).told(),
        ["reactivate ana (returned): userName ana.old → ana"]
    );
}

#[test]
fn somebody_who_is_called_back_later_is_put_into_no_group_before() {
    let scene = called(Scene::new().wants("ana", &[]))
        .pushes("*")
        .group("day", &["ana"])
        .group_linked("day", "g", &[])
        .app_group("g", "day", &[]);
    let rests = scene.clone().resting("ana");
    assert_eq!(rests.told().len(), 1, "{:?}", rests.told());
    let at_other_apps =
        rests.rules(|rules| rules.profile.users.reactivate = Reactivation::Activate);
    assert_eq!(
        at_other_apps.changes().len(),
        1,
        "where the account stays the same: {:?}",
        at_other_apps.told()
    );
    assert_ne!(scene.told(), NONE);
}
