//! Members: deltas only, and nobody goes for want of knowledge.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::key::UserKey;
use crate::core::leaver::LeaveCause;
use crate::core::plan::scene::{Scene, Texts, user};
use crate::core::reading::Absence;
use crate::core::rules::Drift;

const NONE: [&str; 0] = [];
const NO_VALUES: Texts<'_> = &[];

/// Ana (1), bob (2) and cid (3) have accounts; `night` should hold `wanted`, the app has `there`,
/// and has acknowledged `acknowledged`.
fn night(wanted: &[&str], there: &[&str], acknowledged: &[&str]) -> Scene {
    let mut scene = Scene::new();
    for (id, account) in [("ana", "1"), ("bob", "2"), ("cid", "3")] {
        scene = scene
            .wants(id, NO_VALUES)
            .account(account, id, NO_VALUES)
            .linked(id, account, NO_VALUES);
    }
    scene
        .pushes("night")
        .group("night", wanted)
        .app_group("g", "night", there)
        .group_linked("night", "g", acknowledged)
}

fn noted(scene: &Scene) -> Option<BTreeSet<UserKey>> {
    Some(scene.noted_group("night")?.members.iter().collect())
}

fn people(ids: &[&str]) -> BTreeSet<UserKey> {
    ids.iter().map(|id| user(id)).collect()
}

#[test]
fn only_the_difference_is_sent_leaving_first() {
    let scene = night(&["ana", "cid"], &["1", "2"], &["ana", "bob"]);
    assert_eq!(
        scene.told(),
        [
            "members_remove group night (membership): bob",
            "members_add group night (membership): cid",
        ]
    );
    assert_eq!(noted(&scene), None, "nothing is learned before the answers");
}

#[test]
fn members_who_are_nobodys_stay() {
    let scene = night(&["ana"], &["1", "777"], &["ana"]);
    assert_eq!(scene.told(), NONE);
    assert_eq!(noted(&scene), None);
}

#[test]
fn members_whom_somebody_put_in_or_took_out_in_the_app_are_drift() {
    let scene = night(&["ana", "bob"], &["1", "3"], &["ana", "bob"]);
    let with = |drift| scene.clone().rules(|rules| rules.drift = drift).told();
    assert_eq!(
        with(Drift::Repair),
        [
            "members_remove group night (membership): cid",
            "members_add group night (membership): bob",
        ]
    );
    for drift in [Drift::Report, Drift::Ignore] {
        assert_eq!(with(drift), NONE);
        let scene = scene.clone().rules(|rules| rules.drift = drift);
        assert_eq!(
            noted(&scene),
            None,
            "nor is it taken for new by the next plan"
        );
    }
}

#[test]
fn changes_of_the_source_are_due_whatever_drift_says() {
    let scene = night(&["ana", "cid"], &["1", "2"], &["ana", "bob"])
        .rules(|rules| rules.drift = Drift::Ignore);
    assert_eq!(
        scene.told(),
        [
            "members_remove group night (membership): bob",
            "members_add group night (membership): cid",
        ]
    );
}

#[test]
fn a_wanted_member_who_is_there_already_is_learned() {
    let scene = night(&["ana", "bob"], &["1", "2"], &["ana"]);
    assert_eq!(scene.told(), NONE);
    assert_eq!(noted(&scene), Some(people(&["ana", "bob"])));
}

#[test]
fn where_members_cannot_be_read_the_acknowledged_ones_count() {
    let scene = night(&["ana", "cid"], &[], &["ana", "bob"]);
    let wanted = [
        "members_remove group night (membership): bob",
        "members_add group night (membership): cid",
    ];
    let unreadable = scene.clone().last_group(|group| group.members = None);
    assert_eq!(unreadable.told(), wanted);
    assert_eq!(scene.remembered().told(), wanted);
}

#[test]
fn an_adopted_group_keeps_strangers_and_gets_the_missing() {
    let mut scene = night(&["ana", "bob"], &["1", "3", "777"], &[]);
    scene.state.groups.clear();
    assert_eq!(
        scene.told(),
        [
            "group_adopt group night (matched by displayName): g",
            "members_remove group night (membership): cid",
            "members_add group night (membership): bob",
        ]
    );
    assert_eq!(noted(&scene), Some(people(&["ana"])));
}

/// Cid is in the group and in the app's group, and turns into somebody else.
fn with_cid(change: impl FnOnce(Scene) -> Scene) -> Scene {
    let mut scene = night(&["ana", "cid"], &["1", "3"], &["ana", "cid"]);
    let users = scene.reading.users.iter();
    scene.reading.users = users.filter(|known| known.key != user("cid")).collect();
    scene.desired.remove(&user("cid"));
    change(scene)
}

#[test]
fn a_leaver_leaves_the_groups_as_well() {
    let scene = with_cid(|scene| scene.out("cid", LeaveCause::Disabled));
    assert_eq!(
        scene.told(),
        [
            "deactivate cid (disabled)",
            "members_remove group night (membership): cid",
        ]
    );
}

#[test]
fn a_leaver_whose_account_is_deleted_is_taken_out_of_the_groups() {
    let scene = with_cid(|scene| scene.out("cid", LeaveCause::Disabled))
        .rules(|rules| rules.leavers.disabled.delete = Some(Duration::ZERO));
    assert_eq!(
        scene.told(),
        [
            "delete cid (disabled)",
            "members_remove group night (membership): cid"
        ]
    );
}

#[test]
fn an_account_that_is_taken_over_to_be_switched_off_leaves_its_groups_at_once() {
    let mut scene = with_cid(|scene| scene.out("cid", LeaveCause::Disabled));
    scene.state.links.remove(&user("cid"));
    assert_eq!(
        scene.told(),
        [
            "adopt cid (matched by userName): 3",
            "deactivate cid (disabled)",
            "members_remove group night (membership): cid",
        ]
    );
}

#[test]
fn somebody_of_whom_nothing_is_known_stays_a_member() {
    let scene = with_cid(|scene| scene.unclear("cid"));
    assert_eq!(scene.told(), ["parked cid: nobody knows → find out"]);
    assert_eq!(noted(&scene), None);
}

/// The source's group does not hold cid any more.
fn without_cid(mut scene: Scene) -> Scene {
    scene.reading.groups[0].members.remove(&user("cid"));
    scene
}

#[test]
fn somebody_whose_row_is_broken_stays_a_member() {
    let scene = with_cid(|scene| without_cid(scene).broken("cid"));
    assert_eq!(scene.clone().absent("cid", Absence::Unknown).told(), NONE);
    assert_eq!(noted(&scene), None);
}

#[test]
fn somebody_missing_stays_a_member_until_that_is_sure() {
    let scene = with_cid(without_cid);
    let waits = scene.clone().absent("cid", Absence::Waits(scene.now));
    assert_eq!(waits.told(), ["waiting cid: Absence in 0 minutes"]);
    let sure = scene.absent("cid", Absence::Sure);
    assert_eq!(
        sure.told(),
        [
            "deactivate cid (deleted)",
            "members_remove group night (membership): cid",
        ]
    );
}

#[test]
fn a_new_account_comes_before_its_membership() {
    let scene = Scene::new()
        .wants("ana", NO_VALUES)
        .pushes("night")
        .group("night", &["ana"])
        .app_group("g", "night", &[])
        .group_linked("night", "g", &[]);
    assert_eq!(
        scene.told(),
        [
            "create ana (assigned by everyone): userName ana",
            "members_add group night (membership): ana",
        ]
    );
}

#[test]
fn an_account_that_is_made_anew_is_put_into_its_groups_again() {
    let mut scene = night(&["ana", "bob"], &["2"], &["ana", "bob"]).gone("1");
    let observed = scene.observed.as_mut().expect("the app was read");
    observed
        .accounts
        .retain(|account| account.id.as_str() != "1");
    for drift in [Drift::Repair, Drift::Report, Drift::Ignore] {
        let scene = scene.clone().rules(|rules| rules.drift = drift);
        assert_eq!(
            scene.told(),
            [
                "create ana (vanished): userName ana",
                "members_add group night (membership): ana",
            ]
        );
        assert_eq!(noted(&scene), Some(people(&["bob"])));
    }
}

#[test]
fn an_account_that_is_no_more_is_a_member_of_nothing() {
    let mut deleted = with_cid(|scene| scene.out("cid", LeaveCause::Disabled));
    deleted.state.links.remove(&user("cid"));
    let observed = deleted.observed.as_mut().expect("the app was read");
    observed
        .accounts
        .retain(|account| account.id.as_str() != "3");
    let vanished = deleted.clone().linked("cid", "3", NO_VALUES).gone("3");
    let unreadable = deleted.clone().last_group(|group| group.members = None);
    for scene in [deleted.clone().remembered(), deleted, vanished, unreadable] {
        assert_eq!(scene.told(), NONE);
        assert_eq!(noted(&scene), Some(people(&["ana"])));
    }
}

/// The account of cid is off in the app.
fn switched_off(mut scene: Scene) -> Scene {
    let observed = scene.observed.as_mut().expect("the app was read");
    observed
        .accounts
        .retain(|account| account.id.as_str() != "3");
    scene.inactive("3", "cid", NO_VALUES)
}

/// `night` in an app that leaves out members who are off; the app shows `there`.
fn hiding(wanted: &[&str], there: &[&str], acknowledged: &[&str]) -> Scene {
    night(wanted, there, acknowledged).rules(|rules| rules.profile.groups.hides_inactive = true)
}

#[test]
fn a_member_who_is_hidden_because_the_account_is_off_is_not_missing() {
    // Cid leaves: the app hides him, and our link says that he is in.
    let leaver = hiding(&["ana", "cid"], &["1"], &["ana", "cid"])
        .out("cid", LeaveCause::Disabled)
        .link("cid", |link| link.active = false);
    let leaver = switched_off(leaver);
    assert_eq!(
        leaver.told(),
        ["members_remove group night (membership): cid"]
    );
    assert_eq!(noted(&leaver), None, "he is in until he is taken out");
    let never_in = hiding(&["ana"], &["1"], &["ana"])
        .out("cid", LeaveCause::Disabled)
        .link("cid", |link| link.active = false);
    let never_in = switched_off(never_in);
    assert_eq!(never_in.told(), NONE, "our link says nothing of him");
    // Whoever is on and not shown is missing.
    let missing = hiding(&["ana", "cid"], &["1"], &["ana", "cid"]);
    assert_eq!(
        missing.told(),
        ["members_add group night (membership): cid"]
    );
}

/// `night` where requests about `in_doubt` had no answer.
fn doubtful(wanted: &[&str], there: &[&str], acknowledged: &[&str], in_doubt: &[&str]) -> Scene {
    night(wanted, there, acknowledged).group_in_doubt("night", in_doubt)
}

#[test]
fn where_nobody_sees_who_is_in_a_doubt_is_ended_by_a_request() {
    let scene = doubtful(&["ana", "bob"], &[], &["ana"], &["bob", "cid"]);
    let due = [
        "members_remove group night (membership): cid",
        "members_add group night (membership): bob",
    ];
    let unreadable = scene.clone().last_group(|group| group.members = None);
    for scene in [unreadable, scene.remembered()] {
        assert_eq!(scene.told(), due);
        assert_eq!(noted(&scene), None, "a plan ends no doubt");
        let report = scene.rules(|rules| rules.drift = Drift::Report);
        assert_eq!(report.told(), due, "it was us, so it is no drift");
    }
}

#[test]
fn a_doubt_ends_when_the_members_are_seen() {
    let scene = doubtful(&["ana", "bob"], &["1", "2"], &["ana"], &["bob", "cid"]);
    assert_eq!(scene.told(), NONE);
    let learned = scene.noted_group("night").expect("something was learned");
    assert_eq!(learned.members, people(&["ana", "bob"]));
    assert_eq!(learned.in_doubt, people(&[]));
}

#[test]
fn whom_a_lost_request_put_in_is_taken_out_whatever_drift_says() {
    let scene = doubtful(&["ana"], &["1", "3"], &["ana"], &["cid"])
        .rules(|rules| rules.drift = Drift::Ignore);
    assert_eq!(
        scene.told(),
        ["members_remove group night (membership): cid"]
    );
    let learned = scene.noted_group("night").expect("something was learned");
    assert_eq!(learned.members, people(&["ana", "cid"]));
    assert_eq!(learned.in_doubt, people(&[]));
}

#[test]
fn somebody_in_doubt_who_is_hidden_because_the_account_is_off_is_taken_out() {
    let scene = hiding(&["ana", "cid"], &["1"], &["ana"])
        .group_in_doubt("night", &["bob", "cid"])
        .out("cid", LeaveCause::Disabled)
        .link("cid", |link| link.active = false);
    let scene = switched_off(scene);
    assert_eq!(
        scene.told(),
        ["members_remove group night (membership): cid"],
        "bob would be seen"
    );
    let learned = scene.noted_group("night").expect("something was learned");
    assert_eq!(learned.in_doubt, people(&["cid"]));
}

#[test]
fn a_group_over_the_limit_is_parked_and_loses_only_whom_the_source_takes_out() {
    let scene = night(&["ana", "cid"], &["1", "2"], &["ana", "bob"])
        .rules(|rules| rules.profile.groups.max_members = Some(1));
    assert_eq!(
        scene.told(),
        [
            "members_remove group night (membership): bob",
            "parked night: 2 members have an account, and the app takes 1 in one group; nobody is put \
             in, and nobody is taken out for that → split the group in the directory, or push a smaller \
             one",
        ]
    );
}
