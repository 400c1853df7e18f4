//! Accounts that were there before us, or before we heard of them.

use crate::core::leaver::LeaveCause;
use crate::core::memory::Verdict;
use crate::core::plan::scene::{Scene, print, start, user};
use crate::core::reading::Absence;
use crate::core::rules::Adopt;

use std::time::Duration;

#[test]
fn what_an_adopted_account_holds_already_is_not_sent_again() {
    let scene =
        Scene::new()
            .wants("ana", &[("title", "Guard")])
            .account("1", "Ana", &[("title", "Guard")]);
    assert_eq!(scene.told(), ["adopt ana (matched by userName): 1"]);
    let link = scene.noted("ana").expect("the account is linked");
    assert!(!link.ours && link.active);
    let prints = |name: &str| {
        let name = name.into();
        (link.sent.get(&name).copied(), link.held.get(&name).copied())
    };
    let same = Some(print("title", "Guard"));
    assert_eq!(prints("title"), (same, same));
    let (sent, held) = (print("userName", "ana"), print("userName", "Ana"));
    assert_eq!(prints("userName"), (Some(sent), Some(held)));
}

#[test]
fn a_person_who_wants_to_be_asked_is_asked() {
    for adopt in [Adopt::Ask, Adopt::Never] {
        let scene = Scene::new()
            .wants("ana", &[])
            .account("1", "Ana", &[])
            .rules(|rules| rules.adopt = adopt);
        assert_eq!(
            scene.told(),
            [
                "parked ana: the account Ana (1) fits by userName, and `adopt:` wants a person to \
                 say so → if it is theirs: rollcall link ana app 1; else correct the value in the app"
            ]
        );
    }
}

#[test]
fn an_account_that_was_unlinked_by_hand_is_not_taken_back() {
    let scene = Scene::new()
        .account("1", "Ana", &[])
        .verdict(Verdict::Apart(user("ana"), "1".into()));
    assert_eq!(
        scene.clone().wants("ana", &[]).told(),
        [
            "parked ana: the account Ana (1) fits by userName, and was unlinked by hand → if it is \
             theirs after all: rollcall link ana app 1; else correct the value in the app"
        ]
    );
    assert_eq!(
        scene.out("ana", LeaveCause::Disabled).told(),
        ["warning ana: the account Ana (1) fits by userName, and was unlinked by hand: left alone"]
    );
}

#[test]
fn an_ignored_account_is_not_taken() {
    let scene = Scene::new()
        .account("1", "Ana", &[])
        .verdict(Verdict::IgnoredAccount("1".into()));
    assert_eq!(
        scene.clone().wants("ana", &[]).told(),
        [
            "parked ana: the account Ana (1) is ignored → rollcall ignore 1 app --undo, or leave it be"
        ]
    );
    let nobody: [String; 0] = [];
    assert_eq!(scene.clone().told(), nobody, "it is no orphan either");
    assert_eq!(scene.out("ana", LeaveCause::Disabled).told(), nobody);
}

#[test]
fn what_is_ignored_stays_as_it_is() {
    for verdict in [
        Verdict::IgnoredAccount("1".into()),
        Verdict::IgnoredUser(user("ana")),
    ] {
        let scene = Scene::new()
            .linked("ana", "1", &[("title", "Guard")])
            .account("1", "ana", &[("title", "Guard")])
            .pushes("staff")
            .group("staff", &[])
            .app_group("g", "staff", &["1"])
            .group_linked("staff", "g", &["ana"])
            .verdict(verdict);
        let nothing: [String; 0] = [];
        let wanted = scene.clone().wants("ana", &[("title", "Chief")]);
        assert_eq!(wanted.told(), nothing);
        assert_eq!(
            scene.clone().out("ana", LeaveCause::Disabled).told(),
            nothing
        );
        assert_eq!(scene.absent("ana", Absence::Sure).told(), nothing);
    }
}

#[test]
fn a_protected_account_is_nobodys_to_take() {
    for name in ["Ana", "1"] {
        let scene = Scene::new()
            .wants("ana", &[])
            .account("1", "Ana", &[])
            .rules(|rules| {
                rules.protected.insert(name.into());
            });
        assert_eq!(
            scene.told(),
            ["parked ana: the account Ana is protected \
                 → take it out of `protected:`, or leave it be"]
        );
    }
}

#[test]
fn a_protected_account_that_is_linked_is_left_as_it_is() {
    for name in ["Ana@example.com", "1", "ana"] {
        let scene = Scene::new()
            .wants("ana", &[("title", "Lead")])
            .inactive("1", "Ana@example.com", &[("title", "Guard")])
            .linked("ana", "1", &[("title", "Guard")])
            .rules(|rules| {
                rules.protected.insert(name.into());
            });
        assert_eq!(scene.told(), [""; 0], "{name}");
        assert_eq!(scene.noted("ana"), None);
    }
}

#[test]
fn a_protected_orphan_is_not_listed() {
    let scene = Scene::new()
        .account("8", "slack-bot", &[])
        .account("9", "robot", &[])
        .rules(|rules| {
            rules.protected.insert("slack-bot".into());
        });
    assert_eq!(scene.told(), ["orphan robot (9, active)"]);
}

#[test]
fn an_account_that_fits_two_users_is_taken_by_none() {
    let mail = [("emails", "team@example.com")];
    let scene = Scene::new()
        .wants("ana", &mail)
        .wants("bob", &mail)
        .account("1", "team", &mail)
        .desired("ana", |desired| {
            desired
                .keys
                .push(("emails".into(), "team@example.com".into()));
        })
        .desired("bob", |desired| {
            desired
                .keys
                .push(("emails".into(), "Team@example.com".into()));
        });
    let hint = |user| {
        format!(
            "correct the value in the app, so that one account fits; or say which: rollcall link \
             {user} app ACCOUNT-ID"
        )
    };
    assert_eq!(
        scene.told(),
        [
            format!(
                "parked ana: account 1 fits several users: ana, bob → {}",
                hint("ana")
            ),
            format!(
                "parked bob: account 1 fits several users: ana, bob → {}",
                hint("bob")
            ),
            "orphan team (1, active)".into(),
        ]
    );
}

#[test]
fn an_account_that_a_lost_answer_left_behind_is_ours_whatever_adopt_says() {
    for adopt in [Adopt::Unique, Adopt::Ask, Adopt::Never] {
        let scene = Scene::new()
            .wants("ana", &[])
            .account("1", "ana", &[])
            .in_doubt("ana", "ana")
            .rules(|rules| rules.adopt = adopt);
        assert_eq!(scene.told(), ["adopt ana (recovered): 1"], "{adopt:?}");
        assert!(scene.noted("ana").expect("it is linked").ours);
    }
}

#[test]
fn a_lost_account_is_found_by_what_it_was_made_with() {
    let scene = Scene::new()
        .wants("ana-new", &[])
        .account("1", "Ana-Old", &[])
        .in_doubt("ana-new", "ana-old");
    assert_eq!(
        scene.told(),
        [
            "adopt ana-new (recovered): 1",
            "update ana-new (changed): userName Ana-Old → ana-new",
        ]
    );
}

#[test]
fn a_lost_account_is_not_given_to_somebody_who_has_the_name_now() {
    let scene = Scene::new()
        .wants("ana-new", &[])
        .in_doubt("ana-new", "ana")
        .wants("ana", &[])
        .account("1", "ana", &[]);
    assert_eq!(
        scene.told(),
        [
            "adopt ana-new (recovered): 1",
            "update ana-new (changed): userName ana → ana-new",
            "parked ana: userName `ana` is held by an account that belongs to somebody else \
             (1 of hq:ana-new) → correct the value in the app, so that one account fits; or say \
             which: rollcall link ana app ACCOUNT-ID",
        ]
    );
}

#[test]
fn a_lost_account_of_somebody_missing_is_linked_and_then_goes_like_any_other() {
    let scene = Scene::new()
        .account("1", "ana", &[])
        .in_doubt("p-7", "ana")
        .rules(|rules| rules.adopt = Adopt::Never);
    let until = start() + Duration::from_mins(10);
    assert_eq!(
        scene.clone().absent("p-7", Absence::Waits(until)).told(),
        [
            "adopt ana (recovered): 1",
            "waiting ana: Absence in 10 minutes",
        ]
    );
    assert_eq!(
        scene.absent("p-7", Absence::Sure).told(),
        ["adopt ana (recovered): 1", "deactivate ana (deleted)"]
    );
}

#[test]
fn a_create_in_doubt_is_sent_again_only_when_a_look_can_find_the_account() {
    let scene = |sent_as: &str| {
        Scene::new()
            .wants("ana", &[])
            .in_doubt("ana", sent_as)
            .remembered()
    };
    assert_eq!(
        scene("Ana").told(),
        ["create ana (assigned by everyone): userName ana"]
    );
    assert_eq!(
        scene("ana-old").told(),
        [
            "parked ana: an account may be there under another name, since an answer was lost \
             → run sync without --quick: it reads the whole app"
        ]
    );
}

#[test]
fn an_account_of_somebody_else_is_not_taken_by_its_name() {
    let scene = Scene::new()
        .wants("ana", &[])
        .out("bob", LeaveCause::Disabled)
        .inactive("1", "ana", &[])
        .linked("bob", "1", &[])
        .link("bob", |link| link.active = false);
    assert_eq!(
        scene.told(),
        [
            "parked ana: userName `ana` is held by an account that belongs to somebody else \
             (1 of hq:bob) → correct the value in the app, so that one account fits; or say which: \
             rollcall link ana app ACCOUNT-ID"
        ]
    );
}
