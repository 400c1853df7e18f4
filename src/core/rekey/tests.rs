//! Which links follow whom, and what moves along.

use std::collections::BTreeMap;

use super::*;
use crate::core::attribute::Value;
use crate::core::key::{GroupKey, SourceName};
use crate::core::leaver::Left;
use crate::core::members::Members;
use crate::core::memory::Verdict;
use crate::core::plan::Note;
use crate::core::plan::scene::{Scene, days, group, hq, key, start, user};

const NONE: [&str; 0] = [];

/// Ana is linked under an old key, and wanted under a new one, with the same values.
fn imported() -> Scene {
    let ana = [("title", "Lead"), ("division", "Ops")];
    Scene::new()
        .account("1", "ana", &ana)
        .linked("old", "1", &ana)
        .link("old", |link| named(link, "ana"))
        .wants("new", &ana)
        .desired("new", |desired| {
            desired.keys = vec![("userName".into(), "ana".into())];
        })
        .wanted("new", |attributes, _| {
            attributes.insert("userName".into(), Value::text("ana"));
        })
}

/// The account was made under this user name.
fn named(link: &mut Link, name: &str) {
    let print = key().of(&"userName".into(), &Value::text(name));
    link.sent.insert("userName".into(), print);
}

/// The old keys are missing, and this is known of them so far.
fn vanished(ids: &[&str], absence: &Absence) -> BTreeMap<UserKey, Absence> {
    let ids = ids.iter();
    ids.map(|id| (user(id), absence.clone())).collect()
}

fn moves_with(
    scene: &Scene,
    aliases: &BTreeMap<UserKey, UserKey>,
    vanished: &BTreeMap<UserKey, Absence>,
) -> Vec<Move> {
    let desired: Vec<Desired> = scene.desired.values().cloned().collect();
    find(&Facts {
        rules: &scene.rules,
        desired: &desired,
        readings: std::slice::from_ref(&scene.reading),
        state: &scene.state,
        observed: scene.observed.as_ref(),
        aliases,
        vanished,
        key: &key(),
    })
}

fn told(moves: &[Move]) -> Vec<String> {
    moves
        .iter()
        .map(|one| {
            let waits = if one.waits.is_some() { ", waits" } else { "" };
            format!("{} → {}{waits}", one.from(), one.change.subject)
        })
        .collect()
}

fn moves(scene: &Scene) -> Vec<String> {
    told(&moves_with(
        scene,
        &BTreeMap::new(),
        &vanished(&["old"], &Absence::Waits(start() + days(1))),
    ))
}

const MOVED: [&str; 1] = ["hq:old → hq:new"];

#[test]
fn the_same_person_under_a_new_key_keeps_the_account() {
    assert_eq!(moves(&imported()), MOVED);
    assert_eq!(moves(&imported().remembered()), MOVED, "nobody looked");
}

#[test]
fn a_key_that_is_still_there_keeps_its_link() {
    let nobody = BTreeMap::new();
    assert_eq!(
        told(&moves_with(&imported(), &BTreeMap::new(), &nobody)),
        NONE
    );
}

#[test]
fn a_stranger_with_the_name_of_somebody_else_gets_no_account() {
    let stranger = imported().wanted("new", |attributes, _| {
        for (name, value) in [("title", "Guard"), ("division", "Sales")] {
            attributes.insert(name.into(), Value::text(value));
        }
    });
    assert_eq!(moves(&stranger), NONE);
}

#[test]
fn whoever_left_before_is_for_a_person_to_decide() {
    let left = |cause| {
        imported().link("old", |link| {
            link.left = Some(Left {
                cause,
                since: start(),
            });
        })
    };
    assert_eq!(moves(&left(LeaveCause::Deleted)), NONE);
    assert_eq!(moves(&left(LeaveCause::Disabled)), MOVED);
}

#[test]
fn an_account_that_was_unlinked_by_hand_stays_so() {
    let mut apart = imported();
    let verdict = Verdict::Apart(user("new"), "1".into());
    apart.state.verdicts.insert(verdict);
    assert_eq!(moves(&apart), NONE);
}

#[test]
fn what_two_people_claim_moves_to_neither() {
    let two = imported()
        .wants("other", &[("title", "Lead"), ("division", "Ops")])
        .desired("other", |desired| {
            desired.keys = vec![("userName".into(), "ana".into())];
        });
    assert_eq!(moves(&two), NONE);
}

#[test]
fn values_of_two_accounts_say_nothing() {
    let two = imported()
        .account("2", "bea", &[("emails", "ana@x")])
        .linked("bea", "2", &[("emails", "ana@x")])
        .rules(|rules| rules.profile.users.matching = vec!["userName".into(), "emails".into()])
        .desired("new", |desired| {
            desired.keys.push(("emails".into(), "ana@x".into()));
        });
    assert_eq!(moves(&two), NONE);
}

#[test]
fn another_source_takes_over_once_the_absence_is_sure() {
    let scene = imported();
    let mut elsewhere = scene.clone();
    let lab = UserKey::new(&SourceName::new("lab"), "1");
    elsewhere.desired = scene
        .desired
        .values()
        .map(|desired| Desired {
            user: lab.clone(),
            ..desired.clone()
        })
        .map(|desired| (lab.clone(), desired))
        .collect();
    let at = |absence: Absence| {
        let vanished = vanished(&["old"], &absence);
        told(&moves_with(&elsewhere, &BTreeMap::new(), &vanished))
    };
    assert_eq!(at(Absence::Sure), ["hq:old → lab:1"]);
    let waits = Absence::Waits(start() + days(1));
    assert_eq!(at(waits), ["hq:old → lab:1, waits"]);
}

#[test]
fn a_key_that_the_roster_joins_moves_at_once() {
    let scene = Scene::new()
        .account("1", "ana", &[])
        .linked("ad", "1", &[])
        .wants("hr", &[]);
    let aliases = BTreeMap::from([(user("ad"), user("hr"))]);
    let found = moves_with(&scene, &aliases, &BTreeMap::new());
    assert_eq!(told(&found), ["hq:ad → hq:hr"]);
    assert_eq!(
        found[0].change.reason,
        Reason::Rekeyed { by: SameAs::Joined }
    );
}

#[test]
fn two_accounts_of_people_who_are_joined_are_told_and_left() {
    let scene = Scene::new()
        .account("1", "ana", &[])
        .account("2", "hr", &[])
        .linked("ad", "1", &[])
        .linked("hr", "2", &[])
        .wants("hr", &[]);
    let desired: Vec<Desired> = scene.desired.values().cloned().collect();
    let aliases = BTreeMap::from([(user("ad"), user("hr"))]);
    let nobody = BTreeMap::new();
    let facts = Facts {
        rules: &scene.rules,
        desired: &desired,
        readings: std::slice::from_ref(&scene.reading),
        state: &scene.state,
        observed: None,
        aliases: &aliases,
        vanished: &nobody,
        key: &key(),
    };
    assert_eq!(told(&find(&facts)), NONE);
    assert_eq!(
        doubled(&facts),
        [
            "hq:hr: the roster joins people who have an account each (2 of hq:hr, 1 of hq:ad): unlink \
             all but one"
        ]
    );
}

#[test]
fn memberships_and_verdicts_move_along_and_back() {
    let mut scene = imported().group_linked("staff", "g", &["old"]);
    scene
        .state
        .verdicts
        .insert(Verdict::IgnoredUser(user("old")));
    let found = moves_with(
        &scene,
        &BTreeMap::new(),
        &vanished(&["old"], &Absence::Sure),
    );
    let changes: Vec<&Change> = found.iter().map(|one| &one.change).collect();
    let state = moved(&scene.state, &changes, &key());
    assert_eq!(state.links.keys().collect::<Vec<_>>(), [&user("new")]);
    assert_eq!(state.links[&user("new")].user, user("new"));
    assert_eq!(
        state.groups[&group("staff")].members,
        BTreeSet::from([user("new")])
    );
    assert!(state.ignores_user(&user("new")) && !state.ignores_user(&user("old")));

    let learned = Note::Group(state.groups[&group("staff")].clone());
    let before = Note::Group(scene.state.groups[&group("staff")].clone());
    let own = Note::Link(state.links[&user("new")].clone());
    assert_eq!(unmoved(vec![learned, own], &changes), [before]);
}

#[test]
fn an_account_keeps_the_external_id_of_the_old_key() {
    let name = || "externalId".into();
    let print = |id: &str| key().of(&name(), &Value::text(id));
    for (sent, held, then) in [
        ("old", Some("old"), "new"),
        ("old", Some("OLD"), "new"),
        ("old", None, "old"),
        ("E7", Some("E7"), "E7"),
    ] {
        let scene = imported().link("old", |link| {
            link.sent.insert(name(), print(sent));
            link.held.extend(held.map(|held| (name(), print(held))));
        });
        let nobody = BTreeMap::new();
        let found = moves_with(&scene, &nobody, &vanished(&["old"], &Absence::Sure));
        let changes: Vec<&Change> = found.iter().map(|one| &one.change).collect();
        let link = &moved(&scene.state, &changes, &key()).links[&user("new")];
        assert_eq!(link.sent[&name()], print(then), "{sent} {held:?}");
        assert_eq!(link.held.get(&name()), held.map(print).as_ref());
    }
}

#[test]
fn a_group_under_a_new_key_is_known_by_its_name() {
    let old = || Scene::new().group_linked("staff", "g", &[]);
    let holding = |names: &[(&str, &str)]| {
        let mut scene = old().rules(|rules| rules.push.patterns = vec!["*".into()]);
        scene.reading.groups = names
            .iter()
            .map(|(id, name)| crate::core::user::Group {
                key: GroupKey::new(&hq(), id),
                name: Arc::from(*name),
                members: Members::default(),
            })
            .collect();
        told(&moves_with(&scene, &BTreeMap::new(), &BTreeMap::new()))
    };
    assert_eq!(holding(&[("new", "staff")]), ["hq:k-staff → hq:new"]);
    assert_eq!(holding(&[("k-staff", "other"), ("new", "staff")]), NONE);
    assert_eq!(holding(&[("new", "sales")]), NONE);
    assert_eq!(holding(&[("new", "staff"), ("newer", "staff")]), NONE);
}
