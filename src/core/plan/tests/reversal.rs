//! Taking runs back: what sets each deed back, and what stays and why.

use std::collections::BTreeSet;

use crate::core::attribute::Value;
use crate::core::change::{ActionKind, Subject};
use crate::core::deed::Deed;
use crate::core::desired::Desired;
use crate::core::leaver::LeaveCause;
use crate::core::pin::Pinned;
use crate::core::plan::Input;
use crate::core::plan::reversal::{Done, Reversal, reverse};
use crate::core::plan::scene::told::tell_change;
use crate::core::plan::scene::{Scene, Texts, group, key, user};
use crate::core::profile::{Deactivation, Reactivation};

const NONE: [&str; 0] = [];
const NO_VALUES: Texts<'_> = &[];

fn done(id: &str, action: ActionKind, deed: Option<Deed>) -> Done {
    Done {
        subject: Subject::User(user(id)),
        label: id.into(),
        action,
        deed,
    }
}

fn of_group(name: &str, action: ActionKind, deed: Option<Deed>) -> Done {
    Done {
        subject: Subject::Group(group(name)),
        label: name.into(),
        action,
        deed,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a line may have no deed")]
fn to(id: &str) -> Option<Deed> {
    Some(Deed::Account(id.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "a line may have no deed")]
fn who(ids: &[&str]) -> Option<Deed> {
    Some(Deed::Members(ids.iter().map(|id| user(id)).collect()))
}

fn undo(scene: &Scene, done: &[Done], delete: bool) -> Reversal {
    let desired: Vec<Desired> = scene.desired.values().cloned().collect();
    let input = Input {
        rules: &scene.rules,
        desired: &desired,
        readings: std::slice::from_ref(&scene.reading),
        state: &scene.state,
        observed: scene.observed.as_ref(),
        absent: &scene.absent,
        key: &key(),
        now: scene.now,
    };
    reverse(&input, "r1", done, delete)
}

/// Everything that is told of it, a line each.
fn told(scene: &Scene, done: &[Done], delete: bool) -> Vec<String> {
    let reversal = undo(scene, done, delete);
    let changes = reversal.changes.iter().map(tell_change);
    let unlinks = reversal.unlinks.iter();
    let unlinks = unlinks.map(|one| format!("unlink {} {}", one.label, one.id));
    let lasting = reversal.lasting.iter().map(|one| {
        let action = one.action.word();
        format!("stays {} {action}: {}", one.label, one.why)
    });
    changes.chain(unlinks).chain(lasting).collect()
}

fn pins(scene: &Scene, done: &[Done]) -> BTreeSet<Pinned> {
    undo(scene, done, false).pins.into_keys().collect()
}

/// Ana has the account 1.
fn ana() -> Scene {
    Scene::new()
        .wants("ana", NO_VALUES)
        .account("1", "ana", NO_VALUES)
        .linked("ana", "1", NO_VALUES)
}

/// The same, and it is off.
fn off() -> Scene {
    Scene::new()
        .out("ana", LeaveCause::Disabled)
        .inactive("1", "ana", NO_VALUES)
        .linked("ana", "1", NO_VALUES)
        .link("ana", |link| link.active = false)
}

#[test]
fn what_was_switched_off_is_switched_on_and_the_other_way_round() {
    let deactivated = [done("ana", ActionKind::Deactivate, to("1"))];
    assert_eq!(
        told(&off(), &deactivated, false),
        ["reactivate ana (undone)"]
    );
    assert_eq!(told(&ana(), &deactivated, false), NONE, "she is on again");
    for made in [ActionKind::Create, ActionKind::Reactivate] {
        let made = [done("ana", made, to("1"))];
        assert_eq!(told(&ana(), &made, false), ["deactivate ana (undone)"]);
        assert_eq!(told(&off(), &made, false), NONE, "she is off already");
    }
    assert_eq!(
        pins(&off(), &deactivated),
        BTreeSet::from([Pinned::Account(user("ana"))])
    );
    assert_eq!(
        pins(&ana(), &deactivated).len(),
        1,
        "also when it is so already"
    );
}

#[test]
fn what_was_made_is_deleted_only_where_that_is_asked_for() {
    let made = [done("ana", ActionKind::Create, to("1"))];
    assert_eq!(told(&ana(), &made, true), ["delete ana (undone)"]);
    assert_eq!(told(&off(), &made, true), ["delete ana (undone)"]);
    let back = [done("ana", ActionKind::Reactivate, to("1"))];
    assert_eq!(
        told(&ana(), &back, true),
        ["deactivate ana (undone)"],
        "the run did not make it"
    );
    let destructive = ana().rules(|rules| {
        rules.profile.users.deactivate.effect = Deactivation::Unknown;
    });
    assert_eq!(
        told(&destructive, &made, false),
        [
            "stays ana create: switching an account off may delete it in this app; if that is meant: \
             --delete"
        ]
    );
    assert_eq!(pins(&destructive, &made).len(), 0);
}

#[test]
fn former_values_come_back_where_the_journal_has_them() {
    let scene = Scene::new()
        .wants("ana", &[("title", "Boss")])
        .account("1", "ana", &[("title", "Boss"), ("nickName", "A")])
        .linked("ana", "1", NO_VALUES);
    let values = |title: Option<&str>| {
        let values = [
            ("title".into(), title.map(Value::text)),
            ("nickName".into(), None),
        ];
        Some(Deed::Values(values.into()))
    };
    let updated = [
        done("ana", ActionKind::Update, values(Some("Guard"))),
        done("ana", ActionKind::Update, values(Some("Chief"))),
    ];
    assert_eq!(
        told(&scene, &updated, false),
        ["update ana (undone): nickName A → –, title Boss → Guard"]
    );
    let same = [done("ana", ActionKind::Update, values(Some("Boss")))];
    assert_eq!(told(&scene, &same, false).len(), 1, "only what differs");
    assert_eq!(
        told(&scene, &[done("ana", ActionKind::Update, None)], false),
        ["stays ana update: cannot be reversed: the journal keeps no values (set journal.values)"]
    );
}

#[test]
fn an_adopted_account_is_unlinked_as_it_was() {
    let adopted = [
        done("ana", ActionKind::Adopt, to("1")),
        done("ana", ActionKind::Deactivate, to("1")),
    ];
    assert_eq!(
        told(&off(), &adopted, false),
        ["reactivate ana (undone)", "unlink ana 1"]
    );
    assert_eq!(told(&ana(), &adopted[..1], false), ["unlink ana 1"]);
}

#[test]
fn what_cannot_come_back_is_said() {
    let deactivated = [done("ana", ActionKind::Deactivate, to("1"))];
    let deleted = [done("ana", ActionKind::Delete, to("1"))];
    assert_eq!(
        told(&ana(), &deleted, false),
        ["stays ana delete: an account that was deleted does not come back"]
    );
    let unlinked = Scene::new().out("ana", LeaveCause::Disabled);
    assert_eq!(
        told(&unlinked, &deactivated, false),
        ["stays ana deactivate: no account is linked to them any more"]
    );
    let made = [done("ana", ActionKind::Create, to("1"))];
    assert_eq!(
        told(&unlinked, &made, false),
        NONE,
        "there is nothing left of it"
    );
    let other = [done("ana", ActionKind::Deactivate, to("9"))];
    assert_eq!(
        told(&off(), &other, false),
        ["stays ana deactivate: they have another account by now: 1"]
    );
    let gone = off().gone("1");
    assert_eq!(
        told(&gone, &deactivated, false),
        ["stays ana deactivate: the app does not have the account any more"]
    );
    let protected = off().rules(|rules| {
        rules.protected.insert("1".into());
    });
    assert_eq!(
        told(&protected, &deactivated, false),
        ["stays ana deactivate: the account is protected"]
    );
    let refuses = off().rules(|rules| rules.profile.users.reactivate = Reactivation::Refuse);
    assert_eq!(
        told(&refuses, &deactivated, false),
        [
            "stays ana deactivate: an account that was switched off is not brought back: switch it \
             on in the app"
        ]
    );
}

/// Ana and bob have accounts; ana is in `night`.
fn night() -> Scene {
    ana()
        .wants("bob", NO_VALUES)
        .account("2", "bob", NO_VALUES)
        .linked("bob", "2", NO_VALUES)
        .pushes("night")
        .group("night", &["ana"])
        .app_group("g", "night", &["1"])
        .group_linked("night", "g", &["ana"])
}

#[test]
fn members_go_back_to_where_they_were() {
    let moved = [
        of_group("night", ActionKind::RemoveMembers, who(&["bob", "eve"])),
        of_group("night", ActionKind::AddMembers, who(&["ana"])),
    ];
    assert_eq!(
        told(&night(), &moved, false),
        [
            "members_remove group night (undone): ana",
            "members_add group night (undone): bob",
            "stays night members_remove: eve has no account here any more",
        ]
    );
    let pinned = |id| Pinned::Member(group("night"), user(id));
    assert_eq!(
        pins(&night(), &moved),
        BTreeSet::from([pinned("ana"), pinned("bob")])
    );
    let older = [of_group("night", ActionKind::AddMembers, None)];
    assert_eq!(
        told(&night(), &older, false),
        [
            "stays night members_add: cannot be reversed: an older version wrote this line, and \
             kept no members"
        ]
    );
}

#[test]
fn a_group_gets_its_name_back_and_a_new_one_is_emptied() {
    let renamed = [of_group(
        "night",
        ActionKind::RenameGroup,
        Some(Deed::Name("dusk".into())),
    )];
    assert_eq!(
        told(&night(), &renamed, false),
        ["group_update group night (undone): night → dusk"]
    );
    let nameless = [of_group("night", ActionKind::RenameGroup, to("g"))];
    assert_eq!(
        told(&night(), &nameless, false),
        ["stays night group_update: cannot be reversed: the journal does not have the former name"]
    );
    let made = [
        of_group("night", ActionKind::CreateGroup, to("g")),
        of_group("night", ActionKind::AddMembers, who(&["ana"])),
    ];
    assert_eq!(
        told(&night(), &made, false),
        [
            "members_remove group night (undone): ana",
            "stays night group_create: the group stays in the app, without the members we put in; to \
             delete it: --delete",
        ]
    );
    assert_eq!(
        told(&night(), &made, true),
        ["group_delete group night (undone)"]
    );
    let adopted = [of_group("night", ActionKind::AdoptGroup, to("g"))];
    assert_eq!(told(&night(), &adopted, false), ["unlink night g"]);
}

#[test]
fn a_switch_that_is_off_keeps_an_undo_from_it_too() {
    use crate::core::features::{Feature, Features};
    let scene = off().rules(|rules| rules.features = Features::without([Feature::Reactivate]));
    assert_eq!(
        told(
            &scene,
            &[done("ana", ActionKind::Deactivate, to("1"))],
            false
        ),
        ["stays ana reactivate: `features.reactivate` is off"]
    );
}
