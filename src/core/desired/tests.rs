//! What people should have, by real expressions over real readings.

mod values;

use std::sync::Arc;

use super::{Desired, Wanted, desire};
use crate::core::attribute::{AttrName, Value};
use crate::core::expression::{Program, Vocabulary};
use crate::core::mapping::{MappingRule, Origin, WhenEmpty};
use crate::core::people::People;
use crate::core::plan::scene::{Texts, group, hq, rules, user};
use crate::core::profile::Required;
use crate::core::reading::{Coverage, Reading};
use crate::core::rules::Rules;
use crate::core::user::{Group, User};

/// A target and a source with some people.
struct Case {
    rules: Rules,
    reading: Reading,
    users: Vec<User>,
}

/// Everybody is assigned; the user name is the uid, the title the title.
fn everyone() -> Case {
    let case = Case {
        rules: rules(),
        reading: Reading {
            source: hq(),
            users: People::none(),
            groups: Vec::new(),
            coverage: Coverage::Whole,
            broken: Vec::new(),
            notes: Vec::new(),
            dangling: None,
        },
        users: Vec::new(),
    };
    case.maps("externalId", "user.key")
        .maps("userName", "user.uid")
        .maps("title", "user.?title.orValue(\"\")")
}

fn value(source: &str) -> Program {
    Program::compile(source, &Vocabulary::default()).expect(source)
}

fn condition(source: &str) -> Program {
    Program::compile_condition(source, &Vocabulary::default()).expect(source)
}

impl Case {
    fn rules(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(&mut self.rules);
        self
    }

    fn maps(self, name: &str, source: &str) -> Self {
        self.maps_keeping(name, source, WhenEmpty::Clear)
    }

    fn maps_keeping(mut self, name: &str, source: &str, when_empty: WhenEmpty) -> Self {
        let rule = MappingRule {
            program: value(source),
            when_empty,
            origin: Origin::Config,
        };
        self.rules.mapping.attributes.insert(name.into(), rule);
        self
    }

    /// Somebody with the key, label and uid `id`.
    fn user(mut self, id: &str, attributes: Texts<'_>) -> Self {
        self.users.push(User {
            key: user(id),
            label: id.into(),
            attributes: attributes
                .iter()
                .chain([&("uid", id)])
                .map(|(name, text)| (Arc::from(*name), vec![Arc::from(*text)]))
                .collect(),
            disabled: false,
            manager: None,
        });
        self.reading.users = self.users.clone().into();
        self
    }

    /// The user who came last.
    fn who(mut self, change: impl FnOnce(&mut User)) -> Self {
        change(self.users.last_mut().expect("somebody"));
        self.reading.users = self.users.clone().into();
        self
    }

    fn group(mut self, name: &str, members: &[&str]) -> Self {
        self.reading.groups.push(Group {
            key: group(name),
            name: name.into(),
            members: members.iter().map(|member| user(member)).collect(),
        });
        self
    }

    fn desired(&self) -> Vec<Desired> {
        desire(&self.rules, std::slice::from_ref(&self.reading))
    }

    fn ana(&self) -> Desired {
        let mut all = self.desired().into_iter();
        all.find(|desired| desired.user == user("ana"))
            .expect("ana is in the reading")
    }

    /// Everybody and what is wanted, one line each.
    fn told(&self) -> Vec<String> {
        self.desired().iter().map(tell).collect()
    }
}

fn tell(desired: &Desired) -> String {
    let wanted = match &desired.wanted {
        Wanted::Active { by, attributes, .. } => {
            let values: Vec<String> = attributes
                .iter()
                .filter(|(name, _)| name.as_str() != "externalId")
                .map(|(name, value)| format!("{name} {value}"))
                .collect();
            format!("by {by}: {}", values.join(", "))
        }
        Wanted::Out(cause) => cause.word().to_owned(),
        Wanted::Unclear { problem, hint } => format!("{problem} → {hint}"),
    };
    format!("{} {wanted}", desired.label)
}

fn keys(desired: &Desired) -> Vec<String> {
    let pairs = desired.keys.iter();
    pairs
        .map(|(name, value)| format!("{name} {value}"))
        .collect()
}

#[test]
fn everybody_is_told_in_the_order_of_their_keys() {
    let case = everyone()
        .user("ana", &[("title", "Guard")])
        .user("bob", &[]);
    assert_eq!(
        case.told(),
        [
            "ana by everyone: title Guard, userName ana",
            "bob by everyone: userName bob"
        ]
    );
    let mut other = everyone().user("zoe", &[]).reading;
    other.source = "eu".into();
    let mut users: Vec<User> = other.users.iter().collect();
    users[0].key.source = "eu".into();
    other.users = users.into();
    let both = [case.reading.clone(), other];
    let mut turned = both.clone();
    turned.reverse();
    let labels = |readings: &[Reading]| -> Vec<String> {
        let all = desire(&case.rules, readings);
        all.iter().map(|desired| desired.user.to_string()).collect()
    };
    assert_eq!(labels(&both), ["eu:zoe", "hq:ana", "hq:bob"]);
    assert_eq!(labels(&turned), labels(&both));
}

#[test]
fn disabled_beats_everything() {
    let case = everyone()
        .rules(|rules| rules.assignment.when = Some(condition("user.nonsense == \"x\"")))
        .user("ana", &[])
        .who(|ana| ana.disabled = true);
    assert_eq!(case.told(), ["ana disabled"]);
    let unassigned = everyone()
        .rules(|rules| rules.assignment.everyone = false)
        .user("ana", &[])
        .who(|ana| ana.disabled = true);
    assert_eq!(unassigned.told(), ["ana disabled"]);
}

#[test]
fn a_condition_that_fails_concludes_nothing() {
    let case = everyone()
        .rules(|rules| rules.assignment.when = Some(condition("user.site == \"hq\"")))
        .user("ana", &[])
        .user("bob", &[("site", "hq")])
        .user("cid", &[("site", "eu")]);
    assert_eq!(
        case.told(),
        [
            "ana `when` cannot be evaluated: `user.site` (column 1): the user has no `site`; if it \
             may be missing write `user.?site.orValue(\"\")` → access stays as it is; make the \
             expression hold for users without the attribute",
            "bob by everyone: userName bob",
            "cid unassigned",
        ]
    );
}

#[test]
fn who_is_out_can_still_be_found() {
    let case = everyone()
        .rules(|rules| rules.assignment.everyone = false)
        .maps("emails", "user.mail")
        .user("ana", &[("mail", "ana@example.com")])
        .user("bob", &[])
        .who(|bob| bob.disabled = true);
    let all = case.desired();
    assert_eq!(
        keys(&all[0]),
        ["externalId ana", "userName ana", "emails ana@example.com"]
    );
    assert_eq!(keys(&all[1]), ["externalId bob", "userName bob"]);
}

#[test]
fn protected_users_are_not_there() {
    let case = everyone()
        .rules(|rules| {
            rules.protected.extend(["p-7".into(), "bob".into()]);
        })
        .user("ana", &[])
        .user("bob", &[])
        .user("p-7", &[]);
    assert_eq!(case.told(), ["ana by everyone: userName ana"]);
}

#[test]
fn the_values_of_the_first_rule_that_fits_go_over_the_mapping() {
    let set = |title: &str, division: &str| {
        [("title", title), ("division", division)]
            .map(|(name, source)| (AttrName::new(name), value(source)))
            .into()
    };
    let rule = |name: &str, title: &str, division: &str| crate::core::assign::AssignmentRule {
        groups: [name.into()].into(),
        set: set(title, division),
    };
    let case = everyone()
        .rules(|rules| {
            rules.assignment.rules = vec![
                rule("night", "\"Night guard\"", "\"Night\""),
                rule("day", "user.title + \"!\"", "\"Day\""),
            ];
        })
        .user("ana", &[("title", "Guard")])
        .user("bob", &[("title", "Lead")])
        .user("cid", &[("title", "Chief")])
        .group("day", &["ana", "bob"])
        .group("night", &["ana"]);
    assert_eq!(
        case.told(),
        [
            "ana by everyone: division Night, title Night guard, userName ana",
            "bob by everyone: division Day, title Lead!, userName bob",
            "cid by everyone: title Chief, userName cid",
        ]
    );
}

#[test]
fn a_manager_is_the_account_of_somebody_in_the_reading() {
    let case = everyone()
        .maps("manager", "user.?manager.orValue(\"\")")
        .user("ana", &[])
        .who(|ana| ana.manager = Some(user("bob")))
        .user("bob", &[])
        .who(|bob| bob.manager = Some(user("nobody")));
    let all = case.desired();
    let manager = |desired: &Desired| match &desired.wanted {
        Wanted::Active { attributes, .. } => attributes.get(&"manager".into()).cloned(),
        Wanted::Out(_) | Wanted::Unclear { .. } => panic!("everybody is assigned"),
    };
    assert_eq!(manager(&all[0]), Some(Value::Account(user("bob"))));
    assert_eq!(manager(&all[1]), None);
    assert_eq!(all[1].warnings, [""; 0]);
}

#[test]
fn a_required_value_that_is_missing_parks() {
    let case = everyone()
        .rules(|rules| {
            let title = rules.profile.attributes.get_mut(&"title".into());
            title.expect("the profile has it").required = Required::Create;
        })
        .user("ana", &[]);
    assert_eq!(
        case.told(),
        [
            "ana title has no value, and the app requires one → give the user a value at the \
             source, or map the attribute to another"
        ]
    );
}
