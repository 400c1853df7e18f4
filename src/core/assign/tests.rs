//! Who is assigned, and by what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Assigned, Assignment, AssignmentRule, Except};
use crate::core::expression::{Program, Subject, Vocabulary};
use crate::core::plan::scene::user;
use crate::core::user::User;

fn names(names: &[&str]) -> BTreeSet<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn condition(source: &str) -> Program {
    Program::compile_condition(source, &Vocabulary::default()).expect(source)
}

/// Ana has the key `p-1`, a site, and is in `groups`.
fn decide(assignment: &Assignment, groups: &[&str]) -> String {
    let ana = User {
        key: user("p-1"),
        label: "ana".into(),
        attributes: [("site".into(), vec!["hq".into()])].into(),
        disabled: false,
        manager: None,
    };
    let groups: Vec<Arc<str>> = groups.iter().map(|name| Arc::from(*name)).collect();
    match assignment.decide(&Subject::new(&ana, &groups)) {
        Ok(Assigned::Yes { by }) => format!("yes, by {by}"),
        Ok(Assigned::No { why }) => format!("no, {why}"),
        Err(error) => format!("error, {error}"),
    }
}

#[test]
fn nobody_is_assigned_by_nothing() {
    assert_eq!(
        decide(&Assignment::default(), &["staff"]),
        "no, in none of the assigned groups"
    );
}

#[test]
fn everybody_is() {
    let assignment = Assignment {
        everyone: true,
        ..Assignment::default()
    };
    assert_eq!(decide(&assignment, &[]), "yes, by everyone");
}

#[test]
fn members_of_a_group_are_by_the_first_by_name() {
    let assignment = Assignment {
        groups: names(&["staff", "guards"]),
        ..Assignment::default()
    };
    assert_eq!(decide(&assignment, &["staff"]), "yes, by group staff");
    assert_eq!(
        decide(&assignment, &["staff", "guards"]),
        "yes, by group guards"
    );
    assert_eq!(
        decide(&assignment, &["Staff"]),
        "no, in none of the assigned groups"
    );
}

#[test]
fn single_users_are_by_key_or_label() {
    for name in ["p-1", "ana"] {
        let assignment = Assignment {
            users: names(&[name]),
            ..Assignment::default()
        };
        assert_eq!(decide(&assignment, &[]), "yes, by name");
    }
}

#[test]
fn a_condition_alone_is_for_everybody() {
    let assignment = |source| Assignment {
        when: Some(condition(source)),
        ..Assignment::default()
    };
    assert_eq!(
        decide(&assignment("user.site == \"hq\""), &[]),
        "yes, by rule"
    );
    assert_eq!(
        decide(&assignment("user.site == \"eu\""), &[]),
        "no, `when` is false"
    );
}

#[test]
fn a_condition_beside_groups_is_for_their_members() {
    let assignment = |source| Assignment {
        groups: names(&["staff"]),
        when: Some(condition(source)),
        ..Assignment::default()
    };
    let is_hq = assignment("user.site == \"hq\"");
    assert_eq!(decide(&is_hq, &["staff"]), "yes, by group staff");
    assert_eq!(decide(&is_hq, &[]), "no, in none of the assigned groups");
    let fails = assignment("user.nonsense == \"hq\"");
    assert_eq!(
        decide(&fails, &[]),
        "no, in none of the assigned groups",
        "who is not asked for cannot fail"
    );
    assert_eq!(
        decide(&fails, &["staff"]),
        "error, `user.nonsense` (column 1): the user has no `nonsense`; if it may be missing write \
         `user.?nonsense.orValue(\"\")`"
    );
}

#[test]
fn exceptions_go_before_everything() {
    let assignment = |groups: &[&str], users: &[&str]| Assignment {
        everyone: true,
        groups: names(&["staff"]),
        users: names(&["ana"]),
        when: Some(condition("user.nonsense == \"hq\"")),
        except: Except {
            groups: names(groups),
            users: names(users),
        },
        ..Assignment::default()
    };
    let by_group = assignment(&["on-leave"], &[]);
    assert_eq!(
        decide(&by_group, &["on-leave", "staff"]),
        "no, excepted by group on-leave"
    );
    for name in ["p-1", "ana"] {
        let by_name = assignment(&[], &[name]);
        assert_eq!(decide(&by_name, &["staff"]), "no, excepted by name");
    }
}

#[test]
fn the_first_rule_that_fits_counts_whatever_the_order_of_the_groups() {
    let rule = |groups: &[&str]| AssignmentRule {
        groups: names(groups),
        set: BTreeMap::new(),
    };
    let assignment = Assignment {
        rules: vec![rule(&["b", "c"]), rule(&["a"])],
        ..Assignment::default()
    };
    let fits = |groups: &[&str]| {
        let groups: Vec<Arc<str>> = groups.iter().map(|name| Arc::from(*name)).collect();
        assignment.rule(&groups).map(|rule| rule.groups.clone())
    };
    assert_eq!(fits(&["a", "c"]), Some(names(&["b", "c"])));
    assert_eq!(fits(&["a"]), Some(names(&["a"])));
    assert_eq!(fits(&["d"]), None);
}

#[test]
fn every_name_is_told_for_finding_those_that_nobody_has() {
    let assignment = Assignment {
        groups: names(&["staff"]),
        users: names(&["ana"]),
        except: Except {
            groups: names(&["on-leave"]),
            users: names(&["root"]),
        },
        rules: vec![AssignmentRule {
            groups: names(&["night"]),
            set: BTreeMap::new(),
        }],
        ..Assignment::default()
    };
    let groups: Vec<&str> = assignment.group_names().map(|name| &**name).collect();
    assert_eq!(groups, ["staff", "on-leave", "night"]);
    let users: Vec<&str> = assignment.user_names().map(|name| &**name).collect();
    assert_eq!(users, ["ana", "root"]);
}
