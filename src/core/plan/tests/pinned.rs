//! What an undo has pinned: left alone, shown, and lifted when the directory says something else.

use crate::core::desired::Wanted;
use crate::core::fingerprint::Fingerprint;
use crate::core::leaver::LeaveCause;
use crate::core::memory::Verdict;
use crate::core::people::People;
use crate::core::pin::{Pin, Pinned};
use crate::core::plan::Note;
use crate::core::plan::scene::{Scene, group, start, user};
use crate::core::reading::Absence;

const NONE: [&str; 0] = [];

/// Pins it, and lets the next plan learn the facts.
fn pinned(mut scene: Scene, pinned: &Pinned) -> Scene {
    let pin = Pin {
        facts: Fingerprint::UNKNOWN,
        run: "r1".into(),
        by: "root".into(),
        at: start(),
    };
    scene.state.pins.insert(pinned.clone(), pin);
    for note in scene.plan().notes {
        if let Note::Pin(pinned, pin) = note {
            assert!(pin.facts.is_known());
            scene.state.pins.insert(pinned, pin);
        }
    }
    scene
}

fn account(scene: Scene, id: &str) -> Scene {
    pinned(scene, &Pinned::Account(user(id)))
}

/// What is left alone, as `action label`.
fn spared(scene: &Scene) -> Vec<String> {
    let spared = scene.plan().pinned.into_iter();
    spared
        .map(|one| {
            let action = one.action.map_or("parked", |action| action.word());
            format!("{action} {} {}", one.label, one.size)
        })
        .collect()
}

fn lifted(scene: &Scene) -> usize {
    let notes = scene.plan().notes.into_iter();
    notes.filter(|note| matches!(note, Note::Unpin(_))).count()
}

/// Ana is disabled, and her account is on again.
fn back_on() -> Scene {
    Scene::new()
        .out("ana", LeaveCause::Disabled)
        .account("1", "ana", &[])
        .linked("ana", "1", &[])
}

#[test]
fn whoever_was_switched_on_again_stays_on_while_the_directory_says_the_same() {
    assert_eq!(back_on().told(), ["deactivate ana (disabled)"]);
    let scene = account(back_on(), "ana");
    assert_eq!(scene.told(), NONE);
    assert_eq!(spared(&scene), ["deactivate ana 1"]);
    assert_eq!(lifted(&scene), 0);
    let mut gone = scene.clone();
    gone.desired.clear();
    gone.reading.users = People::none();
    let gone = gone.absent("ana", Absence::Unknown);
    assert_eq!(
        (gone.told(), lifted(&gone)),
        (Vec::new(), 0),
        "nobody knows"
    );
    let gone = gone.absent("ana", Absence::Sure);
    assert_eq!(gone.told(), ["deactivate ana (deleted)"]);
    assert_eq!(lifted(&gone), 1, "she was disabled, and is gone now");
}

#[test]
fn a_pin_is_lifted_by_what_decides_and_by_nothing_else() {
    let scene = Scene::new()
        .wants("ana", &[("title", "Boss")])
        .account("1", "ana", &[("title", "Guard")])
        .linked("ana", "1", &[("title", "Guard")]);
    assert_eq!(scene.told().len(), 1);
    let scene = account(scene, "ana");
    assert_eq!(spared(&scene), ["update ana 1"]);
    let by_rule = scene.clone().desired("ana", |desired| {
        if let Wanted::Active { by, .. } = &mut desired.wanted {
            *by = "rule".into();
        }
    });
    assert_eq!(lifted(&by_rule), 0, "why she is assigned decides nothing");
    let unclear = scene.clone().unclear("ana");
    assert_eq!(lifted(&unclear), 0);
    assert_eq!(spared(&unclear), ["parked ana 1"]);
    let other = scene.wants("ana", &[("title", "Chief")]);
    assert_eq!(lifted(&other), 1);
    assert_eq!(other.told().len(), 1);
    assert_eq!(spared(&other), NONE);
}

#[test]
fn an_account_that_stays_off_goes_into_no_group() {
    let scene = Scene::new()
        .wants("ana", &[])
        .wants("bob", &[])
        .inactive("1", "ana", &[])
        .linked("ana", "1", &[])
        .link("ana", |link| link.active = false)
        .account("2", "bob", &[])
        .linked("bob", "2", &[])
        .pushes("night")
        .group("night", &["ana", "bob"])
        .app_group("g", "night", &[])
        .group_linked("night", "g", &[]);
    let scene = account(scene, "ana");
    assert_eq!(scene.told(), ["members_add group night (membership): bob"]);
    assert_eq!(spared(&scene), ["reactivate ana 1"]);
}

#[test]
fn an_account_that_was_unlinked_is_not_linked_again() {
    let scene = Scene::new()
        .wants("ana", &[])
        .account("1", "ana", &[])
        .verdict(Verdict::Apart(user("ana"), "1".into()));
    assert_eq!(scene.told().len(), 1, "it is parked");
    let scene = account(scene, "ana");
    assert_eq!(scene.told(), NONE);
    assert_eq!(spared(&scene), ["parked ana 1"]);
}

#[test]
fn nobody_who_stays_on_is_taken_out_of_groups() {
    let scene = back_on()
        .pushes("night")
        .group("night", &["ana"])
        .app_group("g", "night", &["1"])
        .group_linked("night", "g", &["ana"]);
    assert_eq!(scene.told().len(), 2);
    assert_eq!(account(scene, "ana").told(), NONE);
}

/// Ana and bob have accounts and should be in `night`, and are not.
fn night() -> Scene {
    let mut scene = Scene::new();
    for (id, account) in [("ana", "1"), ("bob", "2")] {
        scene = scene
            .wants(id, &[])
            .account(account, id, &[])
            .linked(id, account, &[]);
    }
    scene
        .pushes("night")
        .group("night", &["ana", "bob"])
        .app_group("g", "night", &[])
        .group_linked("night", "g", &[])
}

#[test]
fn a_member_is_pinned_within_one_group() {
    let scene = pinned(night(), &Pinned::Member(group("night"), user("ana")));
    assert_eq!(scene.told(), ["members_add group night (membership): bob"]);
    assert_eq!(spared(&scene), ["members_add night 1"]);
    let mut out = scene.clone();
    out.reading.groups[0].members.remove(&user("ana"));
    assert_eq!(lifted(&out), 1, "she has left it at the source");
    let disabled = scene.out("ana", LeaveCause::Disabled);
    assert_eq!(lifted(&disabled), 1);
}

#[test]
fn a_group_that_was_unlinked_or_deleted_is_left_alone_with_its_members() {
    let mut scene = night();
    scene.state.groups.clear();
    assert_eq!(
        scene.told()[..1],
        ["group_adopt group night (matched by displayName): g"]
    );
    let scene = pinned(scene, &Pinned::Group(group("night")));
    assert_eq!(scene.told(), NONE);
    assert_eq!(spared(&scene), ["group_adopt night 1"]);
    assert_eq!(scene.noted_group("night"), None, "nor is it linked");
    let mut renamed = scene;
    renamed.reading.groups[0].name = "night".into();
    assert_eq!(lifted(&renamed), 0);
    renamed.reading.groups[0].name = "night shift".into();
    assert_eq!(lifted(&renamed), 1, "it is not pushed any more");
}

#[test]
fn a_pin_learns_its_facts_again_when_the_key_was_lost() {
    let scene = account(back_on(), "ana");
    let known = scene.state.pins.clone();
    let mut lost = scene;
    for pin in lost.state.pins.values_mut() {
        pin.facts = Fingerprint::UNKNOWN;
    }
    assert_eq!(lost.told(), NONE);
    assert_eq!(account(lost, "ana").state.pins, known);
}
