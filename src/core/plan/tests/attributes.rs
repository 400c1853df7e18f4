//! What was sent, what is held, and what follows when they part.

use crate::core::attribute::Value;
use crate::core::plan::scene::{Scene, Texts, print};
use crate::core::rules::Drift;

/// Ana is linked, was sent `sent` and is held as `held`.
pub(super) fn ana(wanted: Texts<'_>, sent: Texts<'_>, held: Texts<'_>) -> Scene {
    Scene::new()
        .wants("ana", wanted)
        .account("1", "ana", held)
        .linked("ana", "1", sent)
}

fn drift(scene: Scene, drift: Drift) -> Scene {
    scene.rules(|rules| rules.drift = drift)
}

pub(super) const GUARD: Texts<'_> = &[("title", "Guard")];
pub(super) const LEAD: Texts<'_> = &[("title", "Lead")];
pub(super) const NONE: [&str; 0] = [];

#[test]
fn what_was_sent_and_is_held_is_left_alone() {
    let scene = ana(GUARD, GUARD, GUARD);
    assert_eq!(scene.told(), NONE);
    assert_eq!(scene.noted("ana"), None);
}

#[test]
fn what_is_wanted_and_was_not_sent_is_due() {
    assert_eq!(
        ana(LEAD, GUARD, GUARD).told(),
        ["update ana (changed): title Guard → Lead"]
    );
    assert_eq!(
        ana(LEAD, GUARD, GUARD).remembered().told(),
        ["update ana (changed): title – → Lead"]
    );
}

#[test]
fn what_is_there_already_is_learned_without_a_request() {
    let scene = ana(LEAD, GUARD, LEAD);
    assert_eq!(scene.told(), NONE);
    let link = scene.noted("ana").expect("something was learned");
    assert_eq!(
        link.sent.get(&"title".into()),
        Some(&print("title", "Lead"))
    );
    assert_eq!(
        link.held.get(&"title".into()),
        Some(&print("title", "Lead"))
    );
}

#[test]
fn drift_is_repaired_reported_or_ignored() {
    let changed_there = ana(GUARD, GUARD, LEAD);
    assert_eq!(
        drift(changed_there.clone(), Drift::Repair).told(),
        ["update ana (drifted): title Lead → Guard"]
    );
    assert_eq!(
        drift(changed_there.clone(), Drift::Report).told(),
        ["warning ana: title was changed in the app (drift: report)"]
    );
    assert_eq!(drift(changed_there.clone(), Drift::Ignore).told(), NONE);
    assert_eq!(changed_there.remembered().told(), NONE);
}

#[test]
fn a_value_that_somebody_removed_in_the_app_is_drift_too() {
    assert_eq!(
        ana(GUARD, GUARD, &[]).told(),
        ["update ana (drifted): title – → Guard"]
    );
}

#[test]
fn a_change_of_the_source_is_due_whatever_drift_says() {
    let scene = drift(ana(LEAD, GUARD, &[("title", "Chief")]), Drift::Ignore);
    assert_eq!(scene.told(), ["update ana (changed): title Chief → Lead"]);
}

#[test]
fn one_update_says_the_stronger_of_two_reasons() {
    let scene = ana(
        &[("division", "East"), ("title", "Lead")],
        &[("division", "East"), ("title", "Guard")],
        &[("division", "West"), ("title", "Guard")],
    );
    assert_eq!(
        scene.told(),
        ["update ana (changed): division West → East, title Guard → Lead"]
    );
}

#[test]
fn another_spelling_of_the_same_value_is_no_drift_and_is_learned() {
    let phone = |text| [("phoneNumbers", text)];
    let sent = phone("+1 (617) 555-0100");
    let scene = Scene::new()
        .wants("ana", &sent)
        .account("1", "ANA", &phone("16175550100"))
        .linked("ana", "1", &sent);
    assert_eq!(scene.told(), NONE);
    let link = scene.noted("ana").expect("the app's spelling was learned");
    let held = |name: &str| link.held.get(&name.into()).copied();
    assert_eq!(
        held("phoneNumbers"),
        Some(print("phoneNumbers", "16175550100"))
    );
    assert_eq!(held("userName"), Some(print("userName", "ANA")));
}

#[test]
fn a_normal_form_of_the_app_is_learned_once_and_its_drift_is_seen_later() {
    let sent = [("title", "Senior  Guard")];
    let unseen = |held: Texts<'_>| {
        ana(&sent, &sent, held).link("ana", |link| {
            link.held.remove(&"title".into());
        })
    };
    let scene = unseen(&[("title", "Senior Guard")]);
    assert_eq!(scene.told(), NONE);
    let learned = scene.noted("ana").expect("the app's form was learned");
    assert_eq!(
        learned.held.get(&"title".into()),
        Some(&print("title", "Senior Guard"))
    );
    let later = scene.link("ana", |link| *link = learned.clone());
    assert_eq!(later.told(), NONE);
    assert_eq!(later.noted("ana"), None);
    let drifted = ana(&sent, &[], LEAD).link("ana", |link| *link = learned);
    assert_eq!(
        drifted.told(),
        ["update ana (drifted): title Lead → Senior  Guard"]
    );
}

#[test]
fn what_we_never_sent_is_not_cleared() {
    assert_eq!(ana(&[], &[], GUARD).told(), NONE);
}

#[test]
fn what_we_sent_is_cleared_when_the_source_has_it_no_more() {
    assert_eq!(
        ana(&[], GUARD, GUARD).told(),
        ["update ana (changed): title Guard → –"]
    );
    assert_eq!(
        ana(&[], GUARD, GUARD).remembered().told(),
        ["update ana (changed): title – → –"]
    );
}

#[test]
fn what_is_empty_already_is_forgotten_without_a_request() {
    let scene = ana(&[], GUARD, &[]);
    assert_eq!(scene.told(), NONE);
    let link = scene.noted("ana").expect("the value is forgotten");
    assert_eq!(link.sent.get(&"title".into()), None);
    assert_eq!(link.held.get(&"title".into()), None);
}

#[test]
fn what_is_to_be_kept_is_not_cleared() {
    let scene = ana(&[], GUARD, GUARD).wanted("ana", |_, keep| {
        keep.insert("title".into());
    });
    assert_eq!(scene.told(), NONE);
    assert_eq!(scene.noted("ana"), None);
}

#[test]
fn an_app_that_cannot_clear_keeps_the_last_value_and_the_plan_says_so() {
    let nick = [("nickName", "Annie")];
    assert_eq!(
        ana(&[], &nick, &nick).told(),
        ["warning ana: nickName keeps its last value: this app cannot clear it"]
    );
}

#[test]
fn an_indispensable_value_is_never_blanked() {
    let scene = ana(&[], &[], &[]).wanted("ana", |attributes, _| {
        attributes.remove(&"userName".into());
    });
    assert_eq!(
        scene.told(),
        [
            "parked ana: userName has no value any more, and is never blanked \
             → correct the value at the source, or in the app"
        ]
    );
}

#[test]
fn a_fixed_value_that_was_sent_parks_and_the_rest_goes_on() {
    let scene = ana(
        &[("badge", "2"), ("title", "Lead")],
        &[("badge", "1"), ("title", "Guard")],
        &[("badge", "1"), ("title", "Guard")],
    );
    assert_eq!(
        scene.told(),
        [
            "update ana (changed): title Guard → Lead",
            "parked ana: badge cannot be changed in this app after the create \
             → correct the value at the source, or in the app",
        ]
    );
}

#[test]
fn a_value_that_is_never_shown_does_not_drift() {
    let pin = [("pin", "1234")];
    assert_eq!(ana(&pin, &pin, &[]).told(), NONE);
    assert_eq!(
        ana(&pin, &[("pin", "0000")], &[]).told(),
        ["update ana (changed): pin – → 1234"]
    );
}

#[test]
fn an_attribute_that_the_app_does_not_take_is_never_sent() {
    let scene = ana(&[("shoeSize", "42")], &[], &[]);
    assert_eq!(scene.told(), NONE);
}

#[test]
fn a_list_is_the_same_in_any_order() {
    let list = |items: &[&str]| Value::List(items.iter().map(|item| (*item).into()).collect());
    let scene = ana(&[], &[], &[])
        .rules(|rules| {
            let rule = crate::core::profile::AttributeRule {
                kind: crate::core::profile::ValueKind::List,
                ..Default::default()
            };
            rules.profile.attributes.insert("roles".into(), rule);
        })
        .wanted("ana", |attributes, _| {
            attributes.insert("roles".into(), list(&["a", "b"]));
        });
    let mut same = scene.clone();
    let mut other = scene;
    let hold = |scene: &mut Scene, value| {
        let accounts = &mut scene.observed.as_mut().expect("the app was read").accounts;
        accounts[0].attributes.insert("roles".into(), value);
    };
    hold(&mut same, list(&["b", "a"]));
    hold(&mut other, list(&["a"]));
    assert_eq!(same.told(), NONE);
    assert_eq!(other.told(), ["update ana (changed): roles a → a, b"]);
}
