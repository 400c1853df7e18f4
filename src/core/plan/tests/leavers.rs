//! People who are out: off, then deleted, each when its time has come, and nothing else.

use std::time::Duration;

use crate::core::leaver::{LeaveCause, LeaverPolicy, Left};
use crate::core::people::People;
use crate::core::plan::Note;
use crate::core::plan::scene::{Scene, days, start, user};
use crate::core::reading::Absence;
use crate::core::rules::{Adopt, UnassignedUnlinked};

const NONE: [&str; 0] = [];

/// Ana has an account and is out.
fn leaver(cause: LeaveCause) -> Scene {
    Scene::new()
        .out("ana", cause)
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
}

/// Ana was switched off when she left, at the start.
fn off(cause: LeaveCause) -> Scene {
    Scene::new()
        .out("ana", cause)
        .inactive("1", "ana", &[])
        .linked("ana", "1", &[])
        .link("ana", |link| {
            link.active = false;
            link.left = Some(Left {
                cause,
                since: start(),
            });
        })
}

fn policy(scene: Scene, deactivate: Option<Duration>, delete: Option<Duration>) -> Scene {
    scene.rules(|rules| {
        rules.leavers.unassigned = LeaverPolicy { deactivate, delete };
    })
}

#[test]
fn the_policy_is_chosen_by_the_cause() {
    for (cause, word) in [
        (LeaveCause::Unassigned, "unassigned"),
        (LeaveCause::Disabled, "disabled"),
        (LeaveCause::Deleted, "deleted"),
    ] {
        let scene = leaver(cause).rules(|rules| {
            rules.leavers.unassigned = LeaverPolicy::KEEP;
            rules.leavers.disabled = LeaverPolicy::KEEP;
            rules.leavers.deleted = LeaverPolicy::KEEP;
        });
        assert_eq!(scene.told(), NONE, "{word}");
        let scene = scene.rules(|rules| match cause {
            LeaveCause::Unassigned => rules.leavers.unassigned = LeaverPolicy::DEACTIVATE,
            LeaveCause::Disabled => rules.leavers.disabled = LeaverPolicy::DEACTIVATE,
            LeaveCause::Deleted => rules.leavers.deleted = LeaverPolicy::DEACTIVATE,
        });
        assert_eq!(scene.told(), [format!("deactivate ana ({word})")]);
    }
}

#[test]
fn the_day_of_leaving_is_remembered() {
    let scene = policy(leaver(LeaveCause::Unassigned), None, None);
    let link = scene.noted("ana").expect("the leaving is noted");
    assert_eq!(
        link.left,
        Some(Left {
            cause: LeaveCause::Unassigned,
            since: start()
        })
    );
    let noted = scene.link("ana", |known| *known = link).later(days(3));
    assert_eq!(noted.noted("ana"), None, "it is noted once");
}

#[test]
fn a_delayed_deactivation_waits_and_then_comes() {
    let scene = policy(leaver(LeaveCause::Unassigned), Some(days(1)), None);
    assert_eq!(scene.told(), ["waiting ana: Deactivation in 1440 minutes"]);
    let link = scene.noted("ana").expect("the leaving is noted");
    let scene = scene.link("ana", |known| *known = link);
    let almost = scene.clone().later(Duration::from_secs(24 * 60 * 60 - 1));
    assert_eq!(almost.told(), ["waiting ana: Deactivation in 1440 minutes"]);
    assert_eq!(scene.later(days(1)).told(), ["deactivate ana (unassigned)"]);
}

#[test]
fn a_deletion_counts_from_the_leaving() {
    let scene = policy(
        off(LeaveCause::Unassigned),
        Some(Duration::ZERO),
        Some(days(30)),
    );
    assert_eq!(
        scene.clone().later(days(29)).told(),
        ["waiting ana: Deletion in 43200 minutes"]
    );
    assert_eq!(scene.later(days(30)).told(), ["delete ana (unassigned)"]);
}

#[test]
fn an_account_that_is_to_be_deleted_now_is_not_switched_off_first() {
    let scene = policy(
        leaver(LeaveCause::Unassigned),
        Some(Duration::ZERO),
        Some(Duration::ZERO),
    );
    assert_eq!(scene.told(), ["delete ana (unassigned)"]);
}

#[test]
fn an_app_that_cannot_delete_is_not_asked_to() {
    let scene = policy(
        leaver(LeaveCause::Unassigned),
        Some(Duration::ZERO),
        Some(Duration::ZERO),
    )
    .rules(|rules| rules.profile.users.delete = crate::core::profile::Deletion::None);
    assert_eq!(scene.told(), ["deactivate ana (unassigned)"]);
}

#[test]
fn another_cause_counts_afresh() {
    let scene = off(LeaveCause::Unassigned)
        .absent("ana", Absence::Sure)
        .rules(|rules| rules.leavers.deleted.delete = Some(days(30)));
    let mut scene = scene.later(days(40));
    scene.desired.clear();
    scene.reading.users = People::none();
    assert_eq!(
        scene.told(),
        [format!("waiting ana: Deletion in {} minutes", 70 * 24 * 60)]
    );
}

#[test]
fn who_is_outside_our_filter_is_unassigned_at_once_and_not_deleted() {
    let mut scene = leaver(LeaveCause::Disabled)
        .absent("ana", Absence::Outside)
        .rules(|rules| rules.leavers.deleted.deactivate = None);
    scene.desired.clear();
    scene.reading.users = People::none();
    assert_eq!(scene.told(), ["deactivate ana (unassigned)"]);
}

#[test]
fn a_leaver_who_is_off_stays_off_without_a_change() {
    let scene = off(LeaveCause::Disabled);
    assert_eq!(scene.told(), NONE);
    assert_eq!(scene.noted("ana"), None);
    assert_eq!(scene.remembered().told(), NONE);
}

#[test]
fn a_leaver_whom_somebody_switched_on_in_the_app_is_switched_off_again() {
    let scene = leaver(LeaveCause::Disabled).link("ana", |link| {
        link.active = false;
        link.left = Some(Left {
            cause: LeaveCause::Disabled,
            since: start(),
        });
    });
    assert_eq!(scene.told(), ["deactivate ana (disabled)"]);
    let link = scene.noted("ana").expect("what was seen is noted");
    assert!(link.active, "the guard counts the account as active");
}

#[test]
fn links_alone_are_enough_to_switch_a_leaver_off() {
    assert_eq!(
        leaver(LeaveCause::Disabled).remembered().told(),
        ["deactivate ana (disabled)"]
    );
}

#[test]
fn a_leaver_whose_account_is_gone_is_forgotten() {
    let scene = Scene::new()
        .out("ana", LeaveCause::Disabled)
        .linked("ana", "1", &[])
        .gone("1");
    assert_eq!(scene.told(), NONE);
    assert_eq!(scene.plan().notes, [Note::ForgetUser(user("ana"))]);
}

#[test]
fn another_account_of_a_leaver_whose_own_is_gone_is_seen_in_the_same_run() {
    let scene = Scene::new()
        .out("ana", LeaveCause::Disabled)
        .linked("ana", "1", &[])
        .gone("1")
        .account("2", "ana", &[]);
    assert_eq!(
        scene.told(),
        [
            "adopt ana (matched by userName): 2",
            "deactivate ana (disabled)",
        ]
    );
    let link = scene.noted("ana").expect("the other account is linked");
    assert_eq!(link.id.as_str(), "2");
}

/// An account that fits somebody who is out and has no link.
fn stranger(cause: LeaveCause) -> Scene {
    Scene::new().out("ana", cause).account("1", "ana", &[])
}

#[test]
fn an_unlinked_account_of_a_disabled_user_is_left_to_a_person_who_wants_to_be_asked() {
    for adopt in [Adopt::Ask, Adopt::Never] {
        let scene = stranger(LeaveCause::Disabled).rules(|rules| rules.adopt = adopt);
        assert_eq!(scene.told(), ["unassigned ana (1, active)"]);
    }
}

#[test]
fn an_unlinked_account_that_is_off_already_is_nothing_to_talk_about() {
    for cause in [LeaveCause::Disabled, LeaveCause::Unassigned] {
        let scene = Scene::new().out("ana", cause).inactive("1", "ana", &[]);
        assert_eq!(scene.told(), NONE);
    }
}

#[test]
fn an_unlinked_account_of_somebody_unassigned_is_deactivated_where_the_policy_says_so() {
    let scene = stranger(LeaveCause::Unassigned)
        .rules(|rules| rules.unassigned_unlinked = UnassignedUnlinked::Deactivate);
    assert_eq!(
        scene.told(),
        [
            "adopt ana (matched by userName): 1",
            "deactivate ana (unassigned)",
        ]
    );
    let link = scene.noted("ana").expect("the account is linked");
    assert!(!link.ours && link.active && link.sent.is_empty());
}

#[test]
fn an_account_that_a_lost_answer_left_behind_goes_with_its_leaver_whatever_the_words_say() {
    for cause in [LeaveCause::Disabled, LeaveCause::Unassigned] {
        for adopt in [Adopt::Unique, Adopt::Ask, Adopt::Never] {
            let scene = stranger(cause)
                .in_doubt("ana", "ana")
                .rules(|rules| rules.adopt = adopt);
            assert_eq!(
                scene.told(),
                [
                    "adopt ana (recovered): 1".to_owned(),
                    format!("deactivate ana ({})", cause.word()),
                ],
                "{adopt:?}"
            );
        }
    }
}

#[test]
fn a_protected_account_is_not_touched_whoever_leaves() {
    let protected = |scene: Scene, name: &str| {
        scene.rules(|rules| {
            rules.protected.insert(name.into());
        })
    };
    for name in ["ana", "1"] {
        let linked = leaver(LeaveCause::Disabled);
        assert_eq!(protected(linked, name).told(), NONE, "{name}");
        let unlinked = stranger(LeaveCause::Disabled);
        assert_eq!(protected(unlinked, name).told(), NONE, "{name}");
    }
}

#[test]
fn a_protected_user_is_not_touched_when_missing() {
    for name in ["p-7", "1", "Ana@example.com"] {
        let scene = Scene::new()
            .account("1", "Ana@example.com", &[])
            .linked("p-7", "1", &[])
            .absent("p-7", Absence::Sure)
            .rules(|rules| {
                rules.protected.insert(name.into());
            });
        assert_eq!(scene.told(), NONE, "{name}");
    }
}
