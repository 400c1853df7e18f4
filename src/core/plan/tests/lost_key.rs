//! The key of the fingerprints is lost: what is there is learned, and only what differs is sent.

use super::attributes::{GUARD, LEAD, NONE, ana};
use super::model::remember;
use crate::core::change::{ActionKind, Subject};
use crate::core::leaver::LeaveCause;
use crate::core::link::{JobState, Refusal};
use crate::core::plan::scene::{Scene, Texts, key, print, start, user};
use crate::core::reading::Absence;
use crate::core::rules::Drift;

const LEARNED: &str = "warning the key file was lost: 1 account was learned afresh from what the app \
                       holds; only what differs from the directory is sent";
const UNREAD: &str = "warning the key file was lost: 1 account was not compared; run sync without \
                      --quick, which reads the app";

/// The scene after the run that learned: with the links, groups and jobs that it noted.
fn after(mut scene: Scene) -> Scene {
    for note in scene.plan().notes {
        remember(&mut scene, note);
    }
    scene
}

#[test]
fn what_fits_is_learned_and_not_sent() {
    let known = ana(GUARD, GUARD, GUARD);
    let scene = known.clone().forgotten();
    assert_eq!(scene.told(), [LEARNED]);
    let later = after(scene);
    assert_eq!(later.state, known.state);
    assert_eq!(later.told(), NONE);
}

#[test]
fn what_differs_is_an_update_like_any_other() {
    let scene = ana(LEAD, GUARD, GUARD).forgotten();
    let update = "update ana (changed): title Guard → Lead";
    assert_eq!(scene.told(), [update, LEARNED]);
    // Should it be held, it is due in the next run for the same reason.
    assert_eq!(after(scene).told(), [update]);
}

#[test]
fn a_value_that_is_missing_in_the_app_is_sent() {
    let scene = ana(GUARD, GUARD, &[]).forgotten();
    let update = "update ana (changed): title – → Guard";
    assert_eq!(scene.told(), [update, LEARNED]);
    assert_eq!(after(scene).told(), [update]);
}

#[test]
fn a_form_of_the_app_is_no_difference() {
    let sent = [("title", "Senior  Guard")];
    let scene = ana(&sent, &sent, &[("title", "Senior Guard")]).forgotten();
    assert_eq!(scene.told(), [LEARNED]);
    let later = after(scene);
    let link = &later.state.links[&user("ana")];
    assert_eq!(
        link.sent.get(&"title".into()),
        Some(&print("title", "Senior  Guard"))
    );
    assert_eq!(
        link.held.get(&"title".into()),
        Some(&print("title", "Senior Guard"))
    );
    assert_eq!(later.told(), NONE);
}

#[test]
fn what_is_never_shown_is_taken_as_sent() {
    let pin = [("pin", "1234")];
    let scene = ana(&pin, &pin, &[]).forgotten();
    assert_eq!(scene.told(), [LEARNED]);
    let later = after(scene);
    assert_eq!(later.told(), NONE);
    let changed = later.wanted("ana", |attributes, _| {
        let value = crate::core::attribute::Value::text("9999");
        attributes.insert("pin".into(), value);
    });
    assert_eq!(changed.told(), ["update ana (changed): pin – → 9999"]);
}

#[test]
fn a_hidden_value_that_comes_back_is_sent() {
    let gone: Texts<'_> = &[];
    let scene = ana(gone, &[("pin", "1234")], gone)
        .wanted("ana", |_, keep| {
            keep.insert("pin".into());
        })
        .forgotten();
    assert_eq!(scene.told(), [LEARNED]);
    let back = after(scene).wanted("ana", |attributes, _| {
        let value = crate::core::attribute::Value::text("1234");
        attributes.insert("pin".into(), value);
    });
    assert_eq!(back.told(), ["update ana (changed): pin – → 1234"]);
}

#[test]
fn what_the_source_has_no_more_is_cleared_all_the_same() {
    let scene = ana(&[], GUARD, GUARD).forgotten();
    let update = "update ana (changed): title Guard → –";
    assert_eq!(scene.told(), [update, LEARNED]);
    assert_eq!(after(scene).told(), [update]);
    let empty = ana(&[], GUARD, &[]).forgotten();
    assert_eq!(empty.told(), [LEARNED]);
    assert_eq!(after(empty).told(), NONE);
}

#[test]
fn a_fixed_value_that_differs_parks_as_ever() {
    let scene = ana(&[("badge", "2")], &[("badge", "1")], &[("badge", "1")]).forgotten();
    let parked = "parked ana: badge cannot be changed in this app after the create \
                  → correct the value at the source, or in the app";
    assert_eq!(scene.told(), [parked, LEARNED]);
    assert_eq!(after(scene).told(), [parked]);
}

#[test]
fn a_difference_is_left_where_drift_is_left() {
    let scene = |drift| {
        ana(GUARD, GUARD, LEAD)
            .rules(|rules| rules.drift = drift)
            .forgotten()
    };
    let warning = "warning ana: title was changed in the app (drift: report)";
    assert_eq!(scene(Drift::Report).told(), [warning, LEARNED]);
    assert_eq!(after(scene(Drift::Report)).told(), [warning]);
    assert_eq!(scene(Drift::Ignore).told(), [LEARNED]);
    assert_eq!(after(scene(Drift::Ignore)).told(), NONE);
    // What an update of ours was about to change is no drift.
    let doubtful = scene(Drift::Ignore).link("ana", |link| {
        link.held.remove(&"title".into());
    });
    assert_eq!(
        doubtful.told(),
        ["update ana (changed): title Lead → Guard", LEARNED]
    );
}

#[test]
fn a_value_that_the_app_never_shows_waits_as_before() {
    let refusal = Refusal {
        times: 3,
        again: start(),
    };
    let scene = ana(GUARD, GUARD, &[])
        .link("ana", |link| {
            link.held.remove(&"title".into());
            link.refused.insert("title".into(), refusal);
        })
        .forgotten();
    let parked = "parked ana: title was sent 3 times, and the app does not keep it \
                  → correct the value at the source, or in the app";
    assert_eq!(scene.told(), [parked, LEARNED]);
    assert_eq!(after(scene).told(), [parked]);
}

#[test]
fn nobody_is_compared_without_reading() {
    for wanted in [GUARD, LEAD, &[]] {
        let scene = ana(wanted, GUARD, GUARD).forgotten().remembered();
        assert_eq!(scene.told(), [UNREAD]);
        assert!(scene.plan().notes.is_empty());
    }
}

#[test]
fn a_leaver_goes_at_once_and_is_compared_on_the_return() {
    let scene = Scene::new()
        .out("ana", LeaveCause::Disabled)
        .account("1", "ana", GUARD)
        .linked("ana", "1", GUARD)
        .forgotten();
    assert_eq!(scene.told(), ["deactivate ana (disabled)"]);
    assert_eq!(scene.remembered().told(), ["deactivate ana (disabled)"]);
}

#[test]
fn a_group_keeps_its_name_and_its_members() {
    let scene = Scene::new()
        .wants("ana", &[])
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
        .pushes("*")
        .group("staff", &["ana"])
        .group_linked("staff", "g1", &["ana"])
        .app_group("g1", "Staff", &["1"])
        .forgotten();
    assert_eq!(scene.told(), [LEARNED]);
    assert_eq!(after(scene.clone()).told(), NONE);
    let renamed = scene.last_group(|group| group.name = "crew".into());
    let rename = "group_update group staff (renamed): crew → staff";
    assert_eq!(renamed.told(), [rename, LEARNED]);
    assert_eq!(after(renamed.clone()).told(), [rename]);
    assert_eq!(renamed.remembered().told(), [UNREAD]);
}

/// What it was parked for may have been set right meanwhile, and nothing can tell.
#[test]
fn a_parked_change_is_tried_once_more() {
    let parked = JobState::Parked {
        since: start(),
        reason: "the app says no".into(),
        hint: "ask it why".into(),
    };
    let scene = ana(LEAD, GUARD, GUARD)
        .job(Subject::User(user("ana")), ActionKind::Update, parked)
        .forgotten();
    let update = "update ana (changed): title Guard → Lead";
    assert_eq!(scene.told(), [update, LEARNED]);
}

const UNTRACEABLE: &str = "an answer was lost, and then the key file: the account it may have made \
                           cannot be told from the orphans";
const HINT: &str = "if one of the orphans is theirs, give it their user name in the app; if none is: \
                    rollcall retry";

#[test]
fn a_create_in_doubt_is_looked_up_by_the_names_of_now() {
    let scene = Scene::new().wants("ana", &[]).in_doubt("ana", "ana");
    let found = scene.clone().account("1", "ana", &[]).forgotten();
    assert_eq!(found.told(), ["adopt ana (matched by userName): 1"]);
    let none = scene.forgotten();
    assert_eq!(
        none.told(),
        ["create ana (assigned by everyone): userName ana"]
    );
}

#[test]
fn a_create_in_doubt_that_an_orphan_may_be_waits_for_a_person() {
    let scene = Scene::new()
        .wants("ana", &[])
        .in_doubt("ana", "old-ana")
        .account("1", "old-ana", &[])
        .forgotten();
    assert_eq!(
        scene.told(),
        [
            format!("parked ana: {UNTRACEABLE} → {HINT}"),
            "orphan old-ana (1, active)".into()
        ]
    );
    let quick = scene.remembered().told();
    assert_eq!(
        quick,
        [
            "parked ana: an account may be there under another name, since an answer was lost \
          → run sync without --quick: it reads the whole app"
        ]
    );
}

#[test]
fn of_somebody_who_is_gone_an_orphan_is_told() {
    let scene = Scene::new()
        .in_doubt("ana", "ana")
        .absent("ana", Absence::Sure)
        .account("1", "ana", &[])
        .forgotten();
    assert_eq!(
        scene.told(),
        [
            "orphan ana (1, active)".into(),
            format!("warning hq:ana: {UNTRACEABLE}; {HINT}")
        ]
    );
}

#[test]
fn no_value_has_the_fingerprint_of_none() {
    let name = "title".into();
    assert!(key().of_no_value(&name).is_known());
    assert_ne!(key().of_no_value(&name), print("title", ""));
}
