//! What an app has acknowledged and does not show yet: it waits, and nothing is sent.

use std::time::Duration;

use crate::core::change::{ActionKind, Subject};
use crate::core::leaver::LeaveCause;
use crate::core::link::{JobState, Link};
use crate::core::plan::scene::{Scene, group, start, user};
use crate::core::rules::Drift;

const NONE: [&str; 0] = [];
const HOUR: Duration = Duration::from_hours(1);

/// An app that takes an hour.
fn slow() -> Scene {
    Scene::new().rules(|rules| rules.profile.settle = HOUR)
}

fn fresh(names: &'static [&'static str]) -> impl FnOnce(&mut Link) {
    |link| link.unseen = names.iter().map(|name| ((*name).into(), start())).collect()
}

/// Ana's title was sent a moment ago, and the app still shows the old one.
fn titled() -> Scene {
    slow()
        .wants("ana", &[("title", "Lead")])
        .account("1", "ana", &[("title", "Guard")])
        .linked("ana", "1", &[("title", "Lead")])
        .link("ana", fresh(&["title"]))
}

fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

/// What waits for sight, as it is told.
fn waits(who: &str) -> [String; 1] {
    let sight = format!("Sight {{ since: {:?} }}", start());
    [format!("waiting {who}: {sight} in 60 minutes")]
}

#[test]
fn a_value_that_is_not_seen_yet_waits_and_is_drift_when_its_time_is_over() {
    assert_eq!(titled().told(), waits("ana"));
    assert_eq!(titled().later(minutes(59)).told(), waits("ana"));
    let over = ["update ana (drifted): title Guard → Lead"];
    assert_eq!(titled().later(HOUR).told(), over);
    let at_once = titled().rules(|rules| rules.profile.settle = Duration::ZERO);
    assert_eq!(at_once.told(), over);
    assert_eq!(titled().remembered().told(), NONE, "nobody looked");
}

#[test]
fn a_value_that_is_seen_is_waited_for_no_more() {
    let seen = slow()
        .wants("ana", &[("title", "Lead")])
        .account("1", "ana", &[("title", "Lead")])
        .linked("ana", "1", &[("title", "Lead")])
        .link("ana", fresh(&["title", "active", "id"]));
    assert_eq!(seen.told(), NONE);
    let link = seen.noted("ana").expect("it is noted");
    assert_eq!(link.unseen, [].into());
}

#[test]
fn one_attribute_can_take_longer_than_the_others() {
    let scene = titled().rules(|rules| {
        let title = rules.profile.attributes.get_mut(&"title".into());
        title.expect("a rule").settle = 24 * HOUR;
    });
    let sight = format!("Sight {{ since: {:?} }}", start());
    assert_eq!(
        scene.later(5 * HOUR).told(),
        [format!("waiting ana: {sight} in 1440 minutes")]
    );
}

#[test]
fn another_value_is_sent_at_once_though_the_app_still_shows_just_that() {
    let scene = titled().wanted("ana", |attributes, _| {
        attributes.insert("title".into(), crate::core::attribute::Value::text("Guard"));
    });
    assert_eq!(scene.told(), ["update ana (changed): title Guard → Guard"]);
    let cleared = slow()
        .wants("ana", &[])
        .account("1", "ana", &[])
        .linked("ana", "1", &[("title", "Lead")])
        .link("ana", fresh(&["title"]));
    assert_eq!(cleared.told(), ["update ana (changed): title – → –"]);
}

#[test]
fn a_leaver_who_still_looks_active_waits() {
    let scene = slow()
        .out("ana", LeaveCause::Disabled)
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .link("ana", fresh(&["active"]))
        .link("ana", |link| link.active = false);
    assert_eq!(scene.told(), waits("ana"));
    assert_eq!(scene.later(HOUR).told(), ["deactivate ana (disabled)"]);
}

#[test]
fn somebody_who_was_switched_on_and_still_looks_inactive_waits() {
    for drift in [Drift::Repair, Drift::Report, Drift::Ignore] {
        let scene = slow()
            .rules(|rules| rules.drift = drift)
            .wants("ana", &[])
            .inactive("1", "ana", &[])
            .linked("ana", "1", &[])
            .link("ana", fresh(&["active"]));
        assert_eq!(scene.told(), waits("ana"), "{drift:?}");
    }
}

#[test]
fn an_account_that_is_not_shown_yet_is_not_gone() {
    let scene = slow()
        .wants("ana", &[])
        .linked("ana", "1", &[])
        .link("ana", fresh(&["id"]))
        .gone("1");
    assert_eq!(scene.told(), waits("ana"));
    assert_eq!(
        scene.later(HOUR).told(),
        ["create ana (vanished): userName ana"]
    );
}

#[test]
fn a_look_up_after_a_lost_create_proves_nothing_yet() {
    let scene = slow().wants("ana", &[]).in_doubt("ana", "ana");
    for scene in [scene.clone(), scene.clone().remembered()] {
        assert_eq!(scene.told(), waits("ana"));
        assert_eq!(scene.later(HOUR).told().len(), 1);
    }
    assert_eq!(
        scene.clone().later(HOUR).told(),
        ["create ana (assigned by everyone): userName ana"]
    );
    let found = scene.account("1", "ana", &[]);
    assert_eq!(found.told(), ["adopt ana (recovered): 1"]);
    let due = slow().wants("ana", &[]).job(
        Subject::User(user("ana")),
        ActionKind::Create,
        JobState::Due(start()),
    );
    assert_eq!(
        due.told(),
        ["create ana (assigned by everyone): userName ana"]
    );
}

/// Ana and Bob are in the group since a moment ago; the app shows `shown`.
fn grouped(name: &str, shown: &[&str]) -> Scene {
    let mut scene = slow()
        .wants("ana", &[])
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .wants("bob", &[])
        .account("2", "bob", &[])
        .linked("bob", "2", &[])
        .pushes("day")
        .group("day", &["ana", "bob"])
        .app_group("g", name, shown)
        .group_linked("day", "g", &["ana", "bob"]);
    let link = scene.state.groups.get_mut(&group("day")).expect("a link");
    link.unseen = Some(start());
    scene
}

#[test]
fn members_and_names_that_are_not_seen_yet_wait() {
    for (name, shown, over) in [
        ("day", &["1"][..], "members_add group day (membership): bob"),
        ("night", &["1", "2"], "rename"),
    ] {
        let scene = grouped(name, shown);
        assert_eq!(scene.told(), waits("day"), "{name}");
        let told = scene.later(HOUR).told();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(over) || name == "night", "{told:?}");
    }
    let seen = grouped("day", &["1", "2"]);
    assert_eq!(seen.told(), NONE);
    assert_eq!(seen.noted_group("day").expect("noted").unseen, None);
    let gone = {
        let mut scene = grouped("day", &[]);
        scene.observed.as_mut().expect("read").groups.clear();
        scene.gone("g")
    };
    assert_eq!(gone.told(), waits("day"));
}

#[test]
fn a_member_who_comes_meanwhile_is_added_at_once() {
    let scene = grouped("day", &["1"])
        .wants("cid", &[])
        .account("3", "cid", &[])
        .linked("cid", "3", &[])
        .group("day", &["ana", "bob", "cid"]);
    let told = scene.told();
    assert_eq!(told[0], "members_add group day (membership): cid");
    assert_eq!(told[1..], waits("day"));
}
