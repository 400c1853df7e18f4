//! Rows of two sources in, people out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::core::expression::Vocabulary;
use crate::core::key::GroupKey;
use crate::core::reading::BrokenRow;
use crate::core::user::Group;

fn source(name: &str) -> SourceName {
    SourceName::new(name)
}

/// A key written as in the texts of the program: `hr:1`.
fn key(text: &str) -> UserKey {
    let (name, id) = text.split_once(':').expect("source:key");
    UserKey::new(&source(name), id)
}

/// Somebody under `at` with the join key `number`; none when it is empty.
fn row(at: &str, number: &str, values: &[(&str, &str)]) -> User {
    let mut attributes: BTreeMap<Arc<str>, Vec<Arc<str>>> = values
        .iter()
        .map(|(name, value)| (Arc::from(*name), vec![Arc::from(*value)]))
        .collect();
    if !number.is_empty() {
        attributes.insert("number".into(), vec![number.into()]);
    }
    let key = key(at);
    User {
        label: values
            .iter()
            .find(|(name, _)| *name == "uid")
            .map_or_else(|| Arc::clone(&key.id), |(_, uid)| Arc::from(*uid)),
        key,
        attributes,
        disabled: false,
        manager: None,
    }
}

fn reading(name: &str, users: Vec<User>) -> Reading {
    Reading {
        source: source(name),
        users: users.into(),
        groups: Vec::new(),
        coverage: Coverage::Whole,
        broken: Vec::new(),
        notes: Vec::new(),
        dangling: None,
    }
}

/// `hr` speaks first and brings people; `ad` adds to them.
fn joint() -> Joint {
    let program = Program::compile("user.number", &Vocabulary::default()).expect("it compiles");
    let names = [source("hr"), source("ad")];
    Joint {
        people: BTreeSet::from([source("hr")]),
        keys: names
            .iter()
            .map(|name| (name.clone(), program.clone()))
            .collect(),
        from: names.into(),
        attributes: BTreeMap::new(),
    }
}

fn both(joined: &Joined) -> Vec<User> {
    let readings = joined.readings.iter();
    readings.flat_map(|reading| reading.users.iter()).collect()
}

fn keys(joined: &Joined) -> Vec<String> {
    let people = both(joined).into_iter();
    people.map(|user| user.key.to_string()).collect()
}

fn person(joined: &Joined, at: &str) -> User {
    let mut people = both(joined).into_iter();
    people
        .find(|user| user.key == key(at))
        .expect("this person")
}

fn notes(joined: &Joined) -> Vec<&str> {
    let readings = joined.readings.iter();
    readings
        .flat_map(|reading| &reading.notes)
        .map(String::as_str)
        .collect()
}

fn told(keys: &BTreeSet<UserKey>) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

#[test]
fn two_rows_of_one_person_are_one_person() {
    let hr = reading("hr", vec![row("hr:1", "E7", &[("title", "Lead")])]);
    let ad = reading(
        "ad",
        vec![row(
            "ad:a",
            "e7 ",
            &[("uid", "ana"), ("title", "?"), ("mail", "ana@x")],
        )],
    );
    let joined = joint().join(vec![hr, ad], &Awaited::new());
    assert_eq!(keys(&joined), ["hr:1"]);
    let ana = person(&joined, "hr:1");
    assert_eq!(&*ana.label, "ana");
    assert_eq!(ana.first("title"), Some("Lead"));
    assert_eq!(ana.first("mail"), Some("ana@x"));
    assert_eq!(joined.aliases, [(key("ad:a"), key("hr:1"))].into());
    assert_eq!(notes(&joined), [""; 0]);
}

#[test]
fn an_attribute_comes_from_whoever_speaks_for_it_and_from_nobody_else() {
    let rows = || {
        let hr = [("mail", "old@x"), ("title", "Lead"), ("room", "1")];
        let ad = [("mail", "new@x"), ("title", "?"), ("phone", "2")];
        vec![
            reading("hr", vec![row("hr:1", "7", &hr)]),
            reading("ad", vec![row("ad:a", "7", &ad)]),
        ]
    };
    let speaks = |name: &str, names: &[&str]| {
        let names = names.iter().map(|name| source(name)).collect();
        let mut joint = joint();
        joint.attributes.insert(name.into(), names);
        let joined = joint.join(rows(), &Awaited::new());
        person(&joined, "hr:1").first(name).map(str::to_owned)
    };
    assert_eq!(speaks("mail", &["ad", "hr"]).as_deref(), Some("new@x"));
    assert_eq!(speaks("mail", &["hr"]).as_deref(), Some("old@x"));
    assert_eq!(speaks("phone", &["hr"]), None);
    assert_eq!(speaks("room", &["ad", "hr"]).as_deref(), Some("1"));
}

#[test]
fn disabled_in_any_is_disabled() {
    for off in ["hr:1", "ad:a"] {
        let rows = ["hr:1", "ad:a"].map(|at| User {
            disabled: at == off,
            ..row(at, "7", &[])
        });
        let readings = rows.map(|row| reading(&row.key.source.to_string(), vec![row.clone()]));
        assert!(
            person(&joint().join(readings.into(), &Awaited::new()), "hr:1").disabled,
            "{off}"
        );
    }
}

#[test]
fn who_is_only_in_a_source_that_brings_no_people_is_none_of_ours() {
    let readings = || {
        vec![
            reading("hr", vec![row("hr:1", "1", &[])]),
            reading("ad", vec![row("ad:a", "1", &[]), row("ad:svc", "9", &[])]),
        ]
    };
    let joined = joint().join(readings(), &Awaited::new());
    assert_eq!(keys(&joined), ["hr:1"]);
    assert_eq!(told(&joined.outside), ["ad:svc"]);
    assert_eq!(
        notes(&joined),
        ["1 user joins nobody and is none of ours: `ad` brings no people (`people:`)"]
    );
    let all = Joint {
        people: BTreeSet::from([source("hr"), source("ad")]),
        ..joint()
    };
    let joined = all.join(readings(), &Awaited::new());
    assert_eq!(keys(&joined), ["hr:1", "ad:svc"]);
    assert_eq!(told(&joined.outside), [""; 0]);
}

#[test]
fn groups_and_managers_of_all_sources_mean_people() {
    let hr = reading("hr", vec![row("hr:1", "1", &[]), row("hr:2", "2", &[])]);
    let mut ana = row("ad:a", "1", &[]);
    ana.manager = Some(key("ad:b"));
    let rows = vec![ana, row("ad:b", "2", &[]), row("ad:svc", "", &[])];
    let mut ad = reading("ad", rows);
    ad.groups.push(Group {
        key: GroupKey::new(&source("ad"), "g"),
        name: "staff".into(),
        members: ["ad:a", "ad:b", "ad:svc"]
            .iter()
            .map(|at| key(at))
            .collect(),
    });
    let joined = joint().join(vec![hr, ad], &Awaited::new());
    assert_eq!(person(&joined, "hr:1").manager, Some(key("hr:2")));
    assert_eq!(
        joined.readings[1].groups[0].members,
        BTreeSet::from(["hr:1", "hr:2"].map(key))
    );
    let strangers = "1 user joins nobody and is none of ours: `ad` brings no people (`people:`)";
    assert_eq!(notes(&joined), [strangers]);
}

#[test]
fn a_row_without_a_join_key_is_somebody_alone_and_told() {
    let hr = reading("hr", vec![row("hr:1", "", &[]), row("hr:2", "", &[])]);
    let joined = joint().join(
        vec![hr, reading("ad", vec![row("ad:a", "", &[])])],
        &Awaited::new(),
    );
    assert_eq!(keys(&joined), ["hr:1", "hr:2"]);
    assert_eq!(
        notes(&joined)[0],
        "2 users have no join key and stand alone"
    );
}

#[test]
fn two_people_with_one_join_key_are_held_back_both() {
    let hr = reading(
        "hr",
        vec![
            row("hr:1", "7", &[("uid", "ana")]),
            row("hr:2", "7", &[("uid", "bob")]),
            row("hr:3", "8", &[]),
        ],
    );
    let ad = reading("ad", vec![row("ad:a", "7", &[]), row("ad:c", "8", &[])]);
    let joined = joint().join(vec![hr, ad], &Awaited::new());
    assert_eq!(keys(&joined), ["hr:3"]);
    let told: Vec<&str> = joined.readings[0]
        .broken
        .iter()
        .map(|row| &*row.problem)
        .collect();
    let problem = "ana (hr:1) and bob (hr:2) and a (ad:a) have one join key; until it is one \
                   person's, they stay as they are";
    assert_eq!(told, [problem; 2]);
    let spoken_of = |at: &str| joined.readings.iter().any(|one| one.mentions(&key(at)));
    assert!(["hr:1", "hr:2", "ad:a"].into_iter().all(spoken_of));
    assert_eq!(joined.unsure, BTreeSet::new(), "all rows were read");
}

#[test]
fn who_may_have_a_row_that_was_not_read_stays_as_before() {
    let rows = || vec![row("hr:1", "1", &[]), row("hr:2", "2", &[])];
    let ad = || reading("ad", vec![row("ad:a", "1", &[])]);
    let unsure = |readings| joint().join(readings, &Awaited::new()).unsure;
    let whole = vec![reading("hr", rows()), ad()];
    assert_eq!(told(&unsure(whole)), [""; 0]);

    let refused = vec![reading("hr", rows())];
    let joined = joint().join(refused, &Awaited::new());
    assert_eq!(told(&joined.unsure), ["hr:1", "hr:2"]);
    assert_eq!(
        notes(&joined),
        ["2 users stay as before: `ad`, not read as a whole, may have more to say of them"]
    );

    let gone = BTreeSet::new();
    let mut part = ad();
    part.coverage = Coverage::Part { gone };
    assert_eq!(told(&unsure(vec![reading("hr", rows()), part])), ["hr:2"]);

    let mut broken = ad();
    broken.broken.push(BrokenRow {
        place: "ad.yaml:7".into(),
        user: Some(key("ad:b")),
        group: None,
        problem: "is no mapping".into(),
    });
    assert_eq!(told(&unsure(vec![reading("hr", rows()), broken])), ["hr:2"]);

    let first_is_refused = vec![ad()];
    let joined = joint().join(first_is_refused, &Awaited::new());
    assert_eq!(told(&joined.unsure), ["ad:a"]);
    assert_eq!(
        told(&joined.outside),
        [""; 0],
        "nobody knows whether hr has them"
    );
}

#[test]
fn whoever_lost_a_row_stays_as_before_until_its_source_has_spoken() {
    let hr = || reading("hr", vec![row("hr:1", "1", &[]), row("hr:2", "2", &[])]);
    let ad = |rows: &[(&str, &str)]| {
        let rows = rows.iter().map(|(at, number)| row(at, number, &[]));
        reading("ad", rows.collect())
    };
    let awaited = Awaited::from([(key("hr:2"), BTreeSet::from([source("ad")]))]);
    let joined = joint().join(vec![hr(), ad(&[("ad:a", "1")])], &awaited);
    assert_eq!(told(&joined.unsure), ["hr:2"]);
    assert_eq!(
        notes(&joined),
        [
            "1 user stays as before: `ad` does not show their row any more, and it is not yet sure that it is gone"
        ]
    );
    let under_a_new_key = ad(&[("ad:a", "1"), ("ad:new", "2")]);
    let joined = joint().join(vec![hr(), under_a_new_key], &awaited);
    assert_eq!(told(&joined.unsure), [""; 0]);
}

/// Rows of both sources, a few of which share a join key.
fn some_rows() -> impl Strategy<Value = Vec<(bool, u8, u8, bool)>> {
    prop::collection::vec((any::<bool>(), 0..20_u8, 0..12_u8, any::<bool>()), 0..24)
}

fn readings_of(rows: &[(bool, u8, u8, bool)]) -> Vec<Reading> {
    let mut by_source: BTreeMap<&str, BTreeMap<String, User>> =
        BTreeMap::from([("hr", BTreeMap::new()), ("ad", BTreeMap::new())]);
    for (is_hr, id, number, disabled) in rows {
        let name = if *is_hr { "hr" } else { "ad" };
        let at = format!("{name}:{id}");
        // Every twelfth number is none.
        let number = if *number == 0 {
            String::new()
        } else {
            number.to_string()
        };
        let mut user = row(&at, &number, &[("mail", &at)]);
        user.disabled = *disabled;
        by_source.get_mut(name).expect("known").insert(at, user);
    }
    by_source
        .into_iter()
        .map(|(name, users)| reading(name, users.into_values().collect()))
        .collect()
}

proptest! {
    #[test]
    fn a_roster_of_one_source_is_its_reading(rows in some_rows()) {
        let hr = readings_of(&rows).swap_remove(1);
        let mut only = joint();
        only.from.truncate(1);
        // Two rows of one source may not share a key; here each has its own.
        only.keys = [(source("hr"), Program::compile("user.key", &Vocabulary::default()).expect("it compiles"))].into();
        let joined = only.join(vec![hr.clone()], &Awaited::new());
        prop_assert_eq!(joined, Joined { readings: vec![hr], ..Joined::default() });
    }

    #[test]
    fn the_order_of_reading_does_not_matter(rows in some_rows()) {
        let readings = readings_of(&rows);
        let mut turned = readings.clone();
        turned.reverse();
        let one = joint().join(readings, &Awaited::new());
        let mut other = joint().join(turned, &Awaited::new());
        other.readings.reverse();
        prop_assert_eq!(one, other);
    }

    #[test]
    fn every_row_is_somebody_held_back_or_none_of_ours(rows in some_rows()) {
        let readings = readings_of(&rows);
        let all: Vec<UserKey> = readings.iter().flat_map(|one| one.users.keys().iter()).collect();
        let joined = joint().join(readings, &Awaited::new());
        for key in all {
            let is_person = joined.readings.iter().any(|one| one.holds(&key));
            let is_held = joined.readings.iter().any(|one| !one.holds(&key) && one.mentions(&key));
            let fates = [is_person, is_held, joined.aliases.contains_key(&key), joined.outside.contains(&key)];
            prop_assert_eq!(fates.into_iter().filter(|fate| *fate).count(), 1, "{}: {:?}", key, fates);
        }
        for person in joined.aliases.values() {
            prop_assert!(joined.readings.iter().any(|one| one.holds(person)));
        }
    }
}
