//! Values that were sent and are not there.

use std::time::Duration;

use super::attributes::{GUARD, LEAD, NONE, ana};
use crate::core::change::{ActionKind, Subject};
use crate::core::link::{JobState, Refusal};
use crate::core::plan::scene::{Scene, Texts, start, user};

#[test]
fn a_value_that_was_sent_and_never_arrived_was_not_taken() {
    let unseen = |held: Texts<'_>| {
        ana(GUARD, GUARD, held).link("ana", |link| {
            link.held.remove(&"title".into());
        })
    };
    assert_eq!(
        unseen(LEAD).told(),
        ["update ana (not taken): title Lead → Guard"]
    );
    let dropped = unseen(&[]);
    assert_eq!(dropped.told(), ["update ana (not taken): title – → Guard"]);
    let link = dropped.noted("ana").expect("the first try is counted");
    assert_eq!(
        link.refused.get(&"title".into()),
        Some(&Refusal {
            times: 1,
            again: start()
        })
    );
}

#[test]
fn a_value_whose_request_was_lost_is_due_and_no_refusal() {
    let unheard = |scene: Scene| {
        scene
            .link("ana", |link| {
                link.held.remove(&"title".into());
            })
            .job(
                Subject::User(user("ana")),
                ActionKind::Update,
                JobState::InDoubt(start()),
            )
    };
    let scene = unheard(ana(GUARD, GUARD, LEAD));
    assert_eq!(scene.told(), ["update ana (changed): title Lead → Guard"]);
    assert_eq!(scene.noted("ana"), None);
    assert_eq!(
        scene.remembered().told(),
        ["update ana (changed): title – → Guard"]
    );
    assert_eq!(unheard(ana(GUARD, GUARD, GUARD)).told(), NONE, "it arrived");
}

#[test]
fn a_value_that_was_not_taken_waits_is_tried_again_and_is_parked_after_three_times() {
    let refused = |times| {
        ana(GUARD, GUARD, LEAD).link("ana", |link| {
            let again = start() + Duration::from_mins(10);
            link.refused
                .insert("title".into(), Refusal { times, again });
        })
    };
    assert_eq!(refused(1).told(), ["waiting ana: AnotherTry in 10 minutes"]);
    for times in [1, 2] {
        assert_eq!(
            refused(times).later(Duration::from_mins(10)).told(),
            ["update ana (not taken): title Lead → Guard"]
        );
    }
    assert_eq!(
        refused(3).later(Duration::from_hours(99)).told(),
        [
            "parked ana: title was sent 3 times, and the app does not keep it \
             → correct the value at the source, or in the app"
        ]
    );
}

#[test]
fn a_value_that_arrived_after_all_is_forgiven() {
    let scene = ana(GUARD, GUARD, GUARD).link("ana", |link| {
        let again = start();
        link.refused
            .insert("title".into(), Refusal { times: 3, again });
    });
    assert_eq!(scene.told(), NONE);
    let link = scene.noted("ana").expect("the refusal is forgotten");
    assert!(link.refused.is_empty());
}

#[test]
fn a_parked_value_that_the_source_corrects_is_sent() {
    let scene = ana(LEAD, GUARD, &[]).link("ana", |link| {
        let again = start() + Duration::from_hours(6);
        link.refused
            .insert("title".into(), Refusal { times: 3, again });
    });
    assert_eq!(scene.told(), ["update ana (changed): title – → Lead"]);
}
