//! What an answer teaches, and what it does not.

use std::time::Duration;

use jiff::Timestamp;

use super::{Teacher, cleared};
use crate::core::account::Account;
use crate::core::attribute::{AttrName, Attributes, Value};
use crate::core::expression::{Program, Vocabulary};
use crate::core::fingerprint::Fingerprint;
use crate::core::link::{Link, Refusal};
use crate::core::mapping::{MappingRule, Origin, WhenEmpty};
use crate::core::plan::scene::{account, key, link, print, rules, start};
use crate::core::rules::Rules;

/// A link that learns.
struct Lesson {
    rules: Rules,
    link: Link,
    now: Timestamp,
}

fn lesson() -> Lesson {
    Lesson {
        rules: rules(),
        link: link("ana", "1", &[]),
        now: start(),
    }
}

fn title(text: &str) -> Attributes {
    [("title".into(), Value::text(text))].into()
}

fn shows(text: &str) -> Account {
    account("1", "ana", true, &[("title", text)])
}

impl Lesson {
    fn teach(&mut self, teach: impl FnOnce(&Teacher<'_>, &mut Link)) {
        let teacher = Teacher {
            rules: &self.rules,
            key: &key(),
            now: self.now,
        };
        teach(&teacher, &mut self.link);
    }

    /// The title was to be sent, and was; this is the account in the answer.
    fn sent(mut self, text: &str, answer: Option<&Account>) -> Self {
        self = self.intends(text);
        self.teach(|teacher, link| teacher.sent(link, &title(text), answer));
        self
    }

    fn intends(mut self, text: &str) -> Self {
        let name = "title".into();
        self.teach(|teacher, link| teacher.intends(link, &name, &Value::text(text)));
        self
    }

    fn later(mut self, by: Duration) -> Self {
        self.now += by;
        self
    }

    fn prints(&self) -> (Option<Fingerprint>, Option<Fingerprint>) {
        let name = AttrName::new("title");
        let held = self.link.held.get(&name).copied();
        (self.link.sent.get(&name).copied(), held)
    }

    fn refusal(&self) -> Option<Refusal> {
        self.link.refused.get(&"title".into()).copied()
    }
}

fn of(text: &str) -> Fingerprint {
    print("title", text)
}

const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn a_value_that_the_answer_shows_is_held() {
    let lesson = lesson().sent("Guard", Some(&shows("Guard")));
    assert_eq!(lesson.prints(), (Some(of("Guard")), Some(of("Guard"))));
    assert_eq!(lesson.refusal(), None);
}

#[test]
fn a_value_in_another_normal_form_is_held_as_the_app_has_it() {
    let lesson = lesson().sent("Chief  guard", Some(&shows("Chief guard")));
    assert_eq!(
        lesson.prints(),
        (Some(of("Chief  guard")), Some(of("Chief guard")))
    );
    assert_eq!(lesson.refusal(), None);
}

#[test]
fn a_success_that_shows_nothing_is_no_evidence() {
    for answer in [None, Some(account("1", "ana", true, &[]))] {
        let lesson = lesson()
            .sent("Guard", Some(&shows("Guard")))
            .sent("Lead", answer.as_ref());
        assert_eq!(lesson.prints(), (Some(of("Lead")), None));
        assert_eq!(lesson.refusal(), None);
    }
}

#[test]
fn another_value_in_the_answer_is_a_refusal_with_growing_pauses() {
    let times = |lesson: &Lesson| lesson.refusal().map(|refusal| refusal.times);
    let pause = |lesson: &Lesson| {
        let refusal = lesson.refusal().expect("it was refused");
        refusal.again.duration_since(lesson.now).as_mins()
    };
    let first = lesson().sent("Guard", Some(&shows("Lead")));
    assert_eq!(first.prints(), (Some(of("Guard")), Some(of("Lead"))));
    assert_eq!((times(&first), pause(&first)), (Some(1), 10));
    let second = first.later(10 * MINUTE).sent("Guard", Some(&shows("Lead")));
    assert_eq!((times(&second), pause(&second)), (Some(2), 60));
    let third = second
        .later(60 * MINUTE)
        .sent("Guard", Some(&shows("Lead")));
    assert_eq!((times(&third), pause(&third)), (Some(3), 360));
    let mut tenth = third;
    for _ in 4..=10 {
        tenth = tenth.sent("Guard", Some(&shows("Lead")));
    }
    assert_eq!((times(&tenth), pause(&tenth)), (Some(10), 24 * 60));
}

#[test]
fn a_value_that_was_refused_and_is_not_shown_is_refused_again() {
    let lesson = lesson()
        .sent("Guard", Some(&shows("Lead")))
        .sent("Guard", None);
    assert_eq!(lesson.refusal().map(|refusal| refusal.times), Some(2));
}

#[test]
fn a_refusal_ends_with_the_value_it_was_about() {
    let refused = || lesson().sent("Guard", Some(&shows("Lead")));
    let taken = refused().sent("Guard", Some(&shows("Guard")));
    assert_eq!(taken.refusal(), None);
    let other = refused().sent("Chief", None);
    assert_eq!(other.refusal(), None);
    let other = refused().sent("Chief", Some(&shows("Lead")));
    assert_eq!(other.refusal().map(|refusal| refusal.times), Some(1));
}

#[test]
fn what_was_cleared_is_forgotten() {
    let mut lesson = lesson().sent("Guard", Some(&shows("Lead")));
    cleared(&mut lesson.link, [&"title".into()].into_iter());
    assert_eq!(lesson.prints(), (None, None));
    assert_eq!(lesson.refusal(), None);
}

#[test]
fn a_value_that_is_about_to_be_sent_is_ours_and_nobody_has_seen_it() {
    let lesson = lesson()
        .sent("Guard", Some(&shows("Guard")))
        .intends("Lead");
    assert_eq!(lesson.prints(), (Some(of("Lead")), None));
}

#[test]
fn an_account_that_was_found_holds_what_was_sent_when_it_was_made() {
    let mut lesson = lesson();
    for name in ["userName", "title", "division"] {
        let rule = MappingRule {
            program: Program::compile("user.key", &Vocabulary::default()).expect("an expression"),
            when_empty: WhenEmpty::Clear,
            origin: Origin::Config,
        };
        lesson.rules.mapping.attributes.insert(name.into(), rule);
    }
    let found = account("1", "ANA", true, &[("title", "Lead"), ("pin", "7")]);
    let wanted: Attributes = [
        ("userName".into(), Value::text("ana")),
        ("title".into(), Value::text("Guard")),
        ("division".into(), Value::text("East")),
    ]
    .into();
    lesson.teach(|teacher, link| teacher.found(link, &wanted, &found));
    let prints = |user_name: &str| {
        let user_name = ("userName".into(), print("userName", user_name));
        [user_name, ("title".into(), of("Lead"))].into()
    };
    assert_eq!(lesson.link.sent, prints("ana"));
    assert_eq!(lesson.link.held, prints("ANA"));
}
