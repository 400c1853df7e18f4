//! Values that break a rule of the app, are missing, or come only together.

use std::collections::BTreeSet;

use super::{Case, Wanted, everyone, keys};
use crate::core::attribute::AttrName;
use crate::core::mapping::WhenEmpty;

fn max_length(case: Case, name: &str, max: usize) -> Case {
    case.rules(|rules| {
        let rule = rules.profile.attributes.get_mut(&name.into());
        rule.expect("the profile has it").max_length = Some(max);
    })
}

/// The names of what ana keeps as it is in the app.
fn kept(case: &Case) -> Vec<String> {
    match case.ana().wanted {
        Wanted::Active { keep, .. } => keep.iter().map(ToString::to_string).collect(),
        Wanted::Out(_) | Wanted::Unclear { .. } => panic!("ana is assigned"),
    }
}

#[test]
fn an_optional_value_that_breaks_a_rule_is_left_out_with_a_warning() {
    let case = max_length(everyone(), "title", 5).user("ana", &[("title", "Chief guard")]);
    assert_eq!(case.told(), ["ana by everyone: userName ana"]);
    assert_eq!(
        case.ana().warnings,
        ["title left out: `Chief guard` has 11 characters; the app takes 5 at most"]
    );
    assert_eq!(kept(&case), ["title"], "what the app has stays");
}

#[test]
fn an_optional_expression_that_fails_is_left_out_with_a_warning() {
    let case = everyone()
        .maps("division", "user.division")
        .user("ana", &[]);
    assert_eq!(case.told(), ["ana by everyone: userName ana"]);
    assert_eq!(
        case.ana().warnings,
        [
            "division left out: `user.division` (column 1): the user has no `division`; if it may \
             be missing write `user.?division.orValue(\"\")`"
        ]
    );
    assert_eq!(kept(&case), ["division"]);
}

#[test]
fn a_required_value_that_breaks_a_rule_parks() {
    let case = max_length(everyone(), "userName", 2).user("ana", &[]);
    assert_eq!(
        case.told(),
        [
            "ana userName: `ana` has 3 characters; the app takes 2 at most → correct the value at \
             the source, or the mapping of the target"
        ]
    );
}

#[test]
fn the_first_match_attribute_is_as_good_as_required() {
    let case = max_length(everyone(), "externalId", 2).user("ana", &[]);
    assert_eq!(
        case.told(),
        [
            "ana externalId: `ana` has 3 characters; the app takes 2 at most → correct the value \
             at the source, or the mapping of the target"
        ]
    );
}

#[test]
fn a_further_match_attribute_that_breaks_a_rule_is_not_looked_for() {
    let case = max_length(everyone(), "emails", 5)
        .maps("emails", "user.mail")
        .user("ana", &[("mail", "ana@example.com")]);
    assert_eq!(
        case.ana().warnings,
        ["emails left out: `ana@example.com` has 15 characters; the app takes 5 at most"]
    );
    assert_eq!(keys(&case.ana()), ["externalId ana", "userName ana"]);
}

#[test]
fn an_attribute_that_the_app_does_not_know_is_left_out() {
    let case = everyone().maps("shoeSize", "\"42\"").user("ana", &[]);
    assert_eq!(
        case.ana().warnings,
        ["shoeSize left out: the app does not take this attribute"]
    );
}

#[test]
fn an_empty_value_clears_unless_it_is_to_be_kept() {
    let clears = everyone().user("ana", &[]);
    assert_eq!(kept(&clears), [""; 0]);
    let keeps = everyone()
        .maps_keeping("title", "user.?title.orValue(\"\")", WhenEmpty::Keep)
        .user("ana", &[]);
    assert_eq!(kept(&keeps), ["title"]);
    let has = everyone()
        .maps_keeping("title", "user.?title.orValue(\"\")", WhenEmpty::Keep)
        .user("ana", &[("title", "Guard")]);
    assert_eq!(kept(&has), [""; 0]);
    assert_eq!(has.told(), ["ana by everyone: title Guard, userName ana"]);
}

/// The app takes title and division together or not at all.
fn all_or_none(attributes: &[(&str, &str)]) -> Case {
    everyone()
        .rules(|rules| {
            let set: [AttrName; 3] = ["title".into(), "division".into(), "phoneNumbers".into()];
            rules.profile.all_or_none = vec![set.into()];
        })
        .maps("division", "user.?division.orValue(\"\")")
        .maps("phoneNumbers", "user.?phone.orValue(\"\")")
        .user("ana", attributes)
}

#[test]
fn what_comes_only_together_comes_together_or_not_at_all() {
    let whole = all_or_none(&[("title", "Guard"), ("division", "East"), ("phone", "1")]);
    assert_eq!(
        whole.told(),
        ["ana by everyone: division East, phoneNumbers 1, title Guard, userName ana"]
    );
    assert_eq!(whole.ana().warnings, [""; 0]);

    let none = all_or_none(&[]);
    assert_eq!(none.told(), ["ana by everyone: userName ana"]);
    assert_eq!(none.ana().warnings, [""; 0]);
    assert_eq!(kept(&none), [""; 0], "all of it is cleared");
}

#[test]
fn a_part_of_what_comes_only_together_is_left_out_and_says_what_is_missing() {
    let one = all_or_none(&[("title", "Guard"), ("division", "East")]);
    assert_eq!(one.told(), ["ana by everyone: userName ana"]);
    assert_eq!(
        one.ana().warnings,
        ["title left out: the app takes all of it or none, and phoneNumbers has no value"]
    );
    let two = all_or_none(&[("division", "East")]);
    assert_eq!(
        two.ana().warnings,
        ["title left out: the app takes all of it or none, and title, phoneNumbers have no value"]
    );
    let all: BTreeSet<String> = kept(&two).into_iter().collect();
    let set = ["division", "phoneNumbers", "title"].map(str::to_owned);
    assert_eq!(all, set.into());
}
