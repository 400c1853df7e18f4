//! What a line says of a change, with values and without.

use std::sync::Arc;

use super::*;
use crate::core::attribute::Attributes;
use crate::core::change::{Reason, Subject};
use crate::core::plan::scene::{profile, start, user};

const VALUES: Journaling = Journaling {
    values: true,
    labels: true,
};

/// The detail of the line that such a change gets.
fn told(journaling: Journaling, basis: Basis, action: Action, trouble: Option<&str>) -> String {
    let profile = profile();
    let scribe = Scribe {
        run: "r1".into(),
        target: TargetName::new("app"),
        profile: &profile,
        basis,
        journaling,
    };
    let change = Change {
        subject: Subject::User(user("ana")),
        label: "ana".into(),
        action,
        reason: Reason::Changed,
    };
    let trouble = trouble.map(str::to_owned);
    let line = scribe.line(start(), &change, Outcome::Done, 1, false, trouble);
    assert_eq!((&*line.subject, &*line.label), ("user hq:ana", "ana"));
    match line.detail.strip_prefix("changed") {
        Some(what) => what.trim_start_matches(": ").to_owned(),
        None => line.detail,
    }
}

#[test]
fn a_line_begins_with_why() {
    let profile = profile();
    let scribe = Scribe {
        run: "r1".into(),
        target: TargetName::new("app"),
        profile: &profile,
        basis: Basis::Observed,
        journaling: Journaling::default(),
    };
    let told = |action: Action, reason: Reason| {
        let change = Change {
            subject: Subject::User(user("ana")),
            label: "ana".into(),
            action,
            reason,
        };
        let line = scribe.line(start(), &change, Outcome::Done, 1, false, None);
        line.detail
    };
    let changed = update(&[("title", None, Some("Lead"))]);
    assert_eq!(told(changed, Reason::Drifted), "drifted: title");
    assert_eq!(told(Action::Deactivate, Reason::Resent), "resent");
}

fn update(changes: &[(&str, Option<&str>, Option<&str>)]) -> Action {
    let attributes = changes
        .iter()
        .map(|(name, old, new)| AttrChange {
            name: (*name).into(),
            old: old.map(Value::text),
            new: new.map(Value::text),
        })
        .collect();
    Action::Update { attributes }
}

fn create(attributes: &[(&str, &str)]) -> Action {
    let attributes: Attributes = attributes
        .iter()
        .map(|(name, text)| ((*name).into(), Value::text(text)))
        .collect();
    Action::Create { attributes }
}

fn with_values(action: Action) -> String {
    told(VALUES, Basis::Observed, action, None)
}

#[test]
fn a_line_names_attributes_and_no_value() {
    let action = update(&[
        ("title", Some("Guard"), Some("Lead")),
        ("badge", None, None),
    ]);
    assert_eq!(
        told(Journaling::default(), Basis::Observed, action, None),
        "title, badge"
    );
    let made = create(&[("title", "Guard"), ("userName", "ana")]);
    assert_eq!(
        told(Journaling::default(), Basis::Observed, made, None),
        "title, userName"
    );
}

#[test]
fn with_values_it_says_from_what_to_what() {
    let action = || {
        update(&[
            ("title", Some("Guard"), Some("Lead")),
            ("division", None, Some("East")),
            ("nickName", Some("Annie"), None),
        ])
    };
    assert_eq!(
        with_values(action()),
        "title \"Guard\" → \"Lead\", division (none) → \"East\", nickName \"Annie\" → (cleared)"
    );
    assert_eq!(
        told(
            VALUES,
            Basis::Remembered,
            update(&[("title", None, Some("Lead"))]),
            None
        ),
        "title (not read) → \"Lead\""
    );
    assert_eq!(
        with_values(create(&[("title", "Guard"), ("userName", "ana")])),
        "title \"Guard\", userName \"ana\""
    );
    let rename = Action::RenameGroup {
        old: Some(Arc::from("crew")),
        new: Arc::from("staff"),
    };
    assert_eq!(with_values(rename), "displayName \"crew\" → \"staff\"");
}

#[test]
fn what_an_app_keeps_to_itself_is_never_written_down() {
    let action = update(&[
        ("pin", None, Some("1234")),
        ("password", Some("a"), Some("b")),
        ("urn:example:2.0:User:apiToken", None, Some("t0ken")),
    ]);
    assert_eq!(
        with_values(action),
        "pin (not shown), password (not shown), apiToken (not shown)"
    );
    assert_eq!(with_values(create(&[("pin", "1234")])), "pin (not shown)");
}

#[test]
fn a_value_is_cut_and_cannot_break_the_line() {
    let long = "ä".repeat(301);
    assert_eq!(
        with_values(create(&[("title", &long)])),
        format!("title \"{}\"…", "ä".repeat(300))
    );
    let whole = "x".repeat(300);
    assert_eq!(
        with_values(create(&[("title", &whole)])),
        format!("title \"{whole}\"")
    );
    assert_eq!(
        with_values(create(&[("title", "a\nb\u{1b}[31m\"\u{202e}")])),
        "title \"a\\nb\\u{1b}[31m\\\"\\u{202e}\""
    );
}

#[test]
fn without_labels_what_went_wrong_is_left_out() {
    let refused = "userName `ana` is held already: u-1 (ana)";
    let action = || update(&[("title", None, Some("Lead"))]);
    assert_eq!(
        told(
            Journaling::default(),
            Basis::Observed,
            action(),
            Some(refused)
        ),
        refused
    );
    let nameless = Journaling {
        values: false,
        labels: false,
    };
    assert_eq!(
        told(nameless, Basis::Observed, action(), Some(refused)),
        "title"
    );
}
