//! Changes worded as PATCH (RFC 7644, 3.5.2): one operation an attribute, or one object.
//!
//! Promises no `schemas` or `meta` in a value, and that elements which are not ours are never
//! named; where the app takes no filter in a path they are sent back as they came. Leaves reading
//! the account first to the connector, which asks [`needs_present`].

use std::collections::BTreeMap;

use super::decode::Unreadable;
use super::due::{Due, due};
use super::element::{self, Choice, Facts};
use super::encode;
use super::node::{Node, Object};
use super::operation::{Op, Operation, active, active_value};
use super::path::Slot;
use super::resource;
use crate::core::account::Account;
use crate::core::attribute::AttrChange;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::profile::{
    Clearing, Element, ExtensionPaths, PatchDialect, PatchForm, Profile, ValueKind,
};

/// Can these changes be worded well only by somebody who has seen the account? A list is: its
/// other elements, and what the app adds to ours, must stay.
pub fn needs_present(changes: &[AttrChange], profile: &Profile) -> bool {
    due(changes, profile, None)
        .iter()
        .any(|due| match due.place.slot {
            Slot::Element { .. } => true,
            Slot::Whole => due.rule.kind == ValueKind::List && due.new.is_some(),
            Slot::Sub(_) | Slot::Reference => false,
        })
}

/// The operations for an update; with `activate` the first of them switches the account on.
///
/// # Errors
/// When a value names an account that is not known yet, or an element of a list changes and nobody
/// has seen the list.
pub fn operations(
    changes: &[AttrChange],
    activate: bool,
    profile: &Profile,
    present: Option<&Account>,
) -> Result<Vec<Operation>, Fault> {
    let dialect = &profile.users.patch;
    let mut plain = Vec::new();
    let mut lists: BTreeMap<String, Vec<Due<'_>>> = BTreeMap::new();
    for due in due(changes, profile, present) {
        match due.place.slot {
            Slot::Element { .. } => {
                let path = due.place.head_path(dialect.extension_paths);
                lists.entry(path).or_default().push(due);
            }
            Slot::Whole | Slot::Sub(_) | Slot::Reference => plain.push(due),
        }
    }
    let before = match (present, lists.is_empty()) {
        (Some(account), _) => {
            Object::of(&account.raw).ok_or_else(|| Unreadable::NotAnObject.fault())?
        }
        (None, true) => Object::default(),
        (None, false) => return Err(unseen(&lists)),
    };
    match dialect.form {
        PatchForm::Path => by_path(&plain, &lists, activate, &before, dialect),
        PatchForm::Object | PatchForm::ObjectEach => {
            by_object(&plain, &lists, activate, &before, dialect)
        }
    }
}

fn unseen(lists: &BTreeMap<String, Vec<Due<'_>>>) -> Fault {
    let names: Vec<&str> = lists.keys().map(String::as_str).collect();
    Fault::new(
        FaultKind::Rejected,
        Effect::None,
        format!(
            "{} cannot be changed before the account is read; nothing was sent",
            names.join(", ")
        ),
    )
}

fn by_path(
    plain: &[Due<'_>],
    lists: &BTreeMap<String, Vec<Due<'_>>>,
    activate: bool,
    before: &Object,
    dialect: &PatchDialect,
) -> Result<Vec<Operation>, Fault> {
    let mut operations = Vec::new();
    if activate {
        operations.push(active(true, dialect));
    }
    for due in plain {
        operations.push(plain_operation(due, before, dialect.extension_paths)?);
    }
    for (path, group) in lists {
        let valued = if dialect.valued_paths {
            by_filter(path, group, before)?
        } else {
            None
        };
        match valued {
            Some(valued) => operations.extend(valued),
            None => operations.extend(whole_list(path, group, before)?),
        }
    }
    Ok(operations)
}

fn plain_operation(
    due: &Due<'_>,
    before: &Object,
    style: ExtensionPaths,
) -> Result<Operation, Fault> {
    let path = due.place.plain_path(style);
    let value = match due.new {
        Some(value) => match due.place.slot {
            Slot::Reference => encode::reference(value, due.rule)?,
            Slot::Sub(_) | Slot::Element { .. } => encode::scalar(value, due.rule)?,
            Slot::Whole => {
                let held = Node::List(resource::list(before, &due.place));
                encode::whole(value, due.rule, &due.place, Some(&held))?
            }
        },
        None => match due.clear {
            Clearing::Remove | Clearing::Never => return Ok(Operation::at(Op::Remove, path, None)),
            Clearing::Null => Node::Null,
            Clearing::Empty => encode::empty(due.rule.kind),
        },
    };
    Ok(Operation::at(due.op(), path, Some(value)))
}

/// Operations whose paths name our element by a filter, or `None` when no filter names it alone.
fn by_filter(
    path: &str,
    group: &[Due<'_>],
    before: &Object,
) -> Result<Option<Vec<Operation>>, Fault> {
    let mut operations = Vec::new();
    let mut added: Vec<(&Element, Object)> = Vec::new();
    // Operations follow each other: what a filter looks at changes last.
    let looked_at = |sub: &str| matches!(sub, "value" | "type" | "primary");
    let mut parts: Vec<_> = group
        .iter()
        .filter_map(|due| match due.place.slot {
            Slot::Element { element, sub } => Some((due, element, sub)),
            Slot::Whole | Slot::Sub(_) | Slot::Reference => None,
        })
        .collect();
    parts.sort_by_key(|(_, _, sub)| looked_at(sub));
    for (due, element, sub) in parts {
        let list = resource::list(before, &due.place);
        let facts: Vec<Facts> = list.iter().map(Facts::of_node).collect();
        match element::choose(&facts, Some(element)) {
            Some(_) if element.only && facts.len() > 1 => return Ok(None),
            Some(Choice::Instead(_)) if element.only => return Ok(None),
            Some(choice) => match filtered(path, due, sub, &facts, choice)? {
                Some(operation) => operations.push(operation),
                None => return Ok(None),
            },
            None => {
                if let Some(value) = due.new {
                    add_to(
                        &mut added,
                        &facts,
                        element,
                        sub,
                        encode::scalar(value, due.rule)?,
                    );
                }
            }
        }
    }
    if !added.is_empty() {
        let list = added.into_iter().map(|(_, object)| object.into()).collect();
        operations.push(Operation::at(Op::Add, path, Some(Node::List(list))));
    }
    Ok(Some(operations))
}

/// Collects the parts of new elements: parts of one type are one element.
fn add_to<'a>(
    added: &mut Vec<(&'a Element, Object)>,
    facts: &[Facts],
    element: &'a Element,
    sub: &str,
    value: Node,
) {
    let same = |known: &Element| known.kind.eq_ignore_ascii_case(&element.kind);
    match added.iter_mut().find(|(known, _)| same(known)) {
        Some((_, object)) => object.set(sub, value),
        None => added.push((element, element::make(facts, element, sub, value))),
    }
}

fn filtered(
    path: &str,
    due: &Due<'_>,
    sub: &str,
    facts: &[Facts],
    choice: Choice,
) -> Result<Option<Operation>, Fault> {
    let Some(filter) = element::selector(facts, choice) else {
        return Ok(None);
    };
    let part = format!("{path}[{filter}].{sub}");
    let replace = |value| Some(Operation::at(Op::Replace, part.clone(), Some(value)));
    Ok(match (due.new, due.clear) {
        (Some(value), _) => replace(encode::scalar(value, due.rule)?),
        (None, Clearing::Null) => replace(Node::Null),
        (None, Clearing::Empty) => replace(encode::empty(due.rule.kind)),
        (None, Clearing::Remove | Clearing::Never) if sub == "value" => {
            Some(Operation::at(Op::Remove, format!("{path}[{filter}]"), None))
        }
        (None, Clearing::Remove | Clearing::Never) => Some(Operation::at(Op::Remove, part, None)),
    })
}

/// The operation that sends a whole list: our element changed, the others as they came.
fn whole_list(path: &str, group: &[Due<'_>], before: &Object) -> Result<Option<Operation>, Fault> {
    let Some(first) = group.first() else {
        return Ok(None);
    };
    let old = resource::list(before, &first.place);
    let new = list_after(group, before)?;
    Ok(match (old.is_empty(), new.is_empty()) {
        (true, true) => None,
        (false, true) => Some(Operation::at(Op::Remove, path, None)),
        (true, false) => Some(Operation::at(Op::Add, path, Some(Node::List(new)))),
        (false, false) => Some(Operation::at(Op::Replace, path, Some(Node::List(new)))),
    })
}

fn list_after(group: &[Due<'_>], before: &Object) -> Result<Vec<Node>, Fault> {
    let mut after = before.clone();
    for due in group {
        due.apply(&mut after)?;
    }
    Ok(group
        .first()
        .map(|first| resource::list(&after, &first.place))
        .unwrap_or_default())
}

/// Operations with objects that hold the new values, then one for each that is taken away: an object
/// cannot say that.
fn by_object(
    plain: &[Due<'_>],
    lists: &BTreeMap<String, Vec<Due<'_>>>,
    activate: bool,
    before: &Object,
    dialect: &PatchDialect,
) -> Result<Vec<Operation>, Fault> {
    let mut values = Values::new(dialect.form);
    let mut removals = Vec::new();
    if activate {
        let on = active_value(true, dialect.booleans);
        values.of("active").set("active", on);
    }
    for due in plain {
        if due.is_removal() {
            let path = due.place.plain_path(dialect.extension_paths);
            removals.push(Operation::at(Op::Remove, path, None));
            continue;
        }
        let value = values.of(&due.place.head_path(dialect.extension_paths));
        if due.rule.kind == ValueKind::List {
            let held = resource::list(before, &due.place);
            if !held.is_empty() {
                resource::put(value, &due.place, Node::List(held));
            }
        }
        due.apply(value)?;
    }
    for (path, group) in lists {
        let Some(first) = group.first() else { continue };
        let list = list_after(group, before)?;
        if !list.is_empty() {
            resource::put(values.of(path), &first.place, Node::List(list));
        } else if !resource::list(before, &first.place).is_empty() {
            removals.push(Operation::at(Op::Remove, path, None));
        }
    }
    let mut operations = values.operations();
    operations.extend(removals);
    Ok(operations)
}

/// The objects of operations without a path: one for all attributes, or one for each.
struct Values {
    form: PatchForm,
    objects: Vec<(String, Object)>,
}

impl Values {
    fn new(form: PatchForm) -> Self {
        Self {
            form,
            objects: Vec::new(),
        }
    }

    /// The object that the attribute at `path` goes into.
    fn of(&mut self, path: &str) -> &mut Object {
        let name = match self.form {
            PatchForm::Path | PatchForm::Object => "",
            PatchForm::ObjectEach => path,
        };
        let known = self.objects.iter().position(|(known, _)| known == name);
        let at = known.unwrap_or_else(|| {
            self.objects.push((name.to_owned(), Object::default()));
            self.objects.len() - 1
        });
        &mut self.objects[at].1
    }

    fn operations(self) -> Vec<Operation> {
        let objects = self.objects.into_iter().map(|(_, object)| object);
        objects
            .filter(|object| !object.is_empty())
            .map(Operation::without_path)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::scim::decode;
    use crate::core::attribute::{AttrName, Value};
    use crate::core::key::UserKey;
    use crate::core::profile::AttributeRule;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
    const DIVISION: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division";

    fn element(primary: bool, clear: Clearing) -> AttributeRule {
        AttributeRule {
            element: Some(Element {
                kind: "work".into(),
                primary,
                only: false,
            }),
            clear,
            ..AttributeRule::default()
        }
    }

    fn profile(clear: Clearing) -> Profile {
        let mut profile = Profile::default();
        for name in ["title", "name.givenName", "name.familyName", DIVISION] {
            let rule = AttributeRule {
                clear,
                ..AttributeRule::default()
            };
            profile.attributes.insert(name.into(), rule);
        }
        for (name, kind) in [
            (MANAGER, ValueKind::Account),
            ("roles", ValueKind::List),
            ("vip", ValueKind::Boolean),
        ] {
            let rule = AttributeRule {
                kind,
                clear,
                ..AttributeRule::default()
            };
            profile.attributes.insert(name.into(), rule);
        }
        for name in ["emails", "addresses.locality", "addresses.streetAddress"] {
            profile
                .attributes
                .insert(name.into(), element(name == "emails", clear));
        }
        profile
    }

    fn change(name: &str, new: Option<&str>) -> AttrChange {
        AttrChange {
            name: AttrName::new(name),
            old: None,
            new: new.map(Value::text),
        }
    }

    fn worded(
        changes: &[AttrChange],
        activate: bool,
        profile: &Profile,
        present: Option<&str>,
    ) -> Vec<String> {
        let present = present.map(|text| {
            decode::account(decode::object(text.as_bytes()).expect("an object"), profile)
                .expect("an account")
        });
        operations(changes, activate, profile, present.as_ref())
            .expect("operations")
            .iter()
            .map(|operation| serde_json::to_string(&operation.node()).expect("JSON"))
            .collect()
    }

    #[test]
    fn plain_values_are_replaced_and_added_where_nothing_is() {
        let profile = profile(Clearing::Remove);
        let changes = [
            change("name.givenName", Some("A")),
            change("title", Some("Dr")),
        ];
        assert_eq!(
            worded(&changes, false, &profile, None),
            [
                r#"{"op":"replace","path":"name.givenName","value":"A"}"#,
                r#"{"op":"replace","path":"title","value":"Dr"}"#,
            ]
        );
        assert_eq!(
            worded(&changes, true, &profile, Some(r#"{"id":"1","title":"x"}"#)),
            [
                r#"{"op":"replace","path":"active","value":true}"#,
                r#"{"op":"add","path":"name.givenName","value":"A"}"#,
                r#"{"op":"replace","path":"title","value":"Dr"}"#,
            ]
        );
    }

    #[test]
    fn extensions_references_lists_and_truth_have_their_paths_and_types() {
        let roles = AttrChange {
            new: Some(Value::List(vec!["a".into(), "b".into()])),
            ..change("roles", None)
        };
        let vip = AttrChange {
            new: Some(Value::Bool(true)),
            ..change("vip", None)
        };
        let changes = [
            roles,
            change(DIVISION, Some("East")),
            change(MANAGER, Some("m1")),
            vip,
        ];
        assert_eq!(
            worded(&changes, false, &profile(Clearing::Remove), None),
            [
                r#"{"op":"replace","path":"roles","value":[{"value":"a"},{"value":"b"}]}"#
                    .to_owned(),
                format!(r#"{{"op":"replace","path":"{ENTERPRISE}:division","value":"East"}}"#),
                format!(r#"{{"op":"replace","path":"{MANAGER}","value":{{"value":"m1"}}}}"#),
                r#"{"op":"replace","path":"vip","value":true}"#.to_owned(),
            ]
        );
    }

    #[test]
    fn clearing_follows_the_rule() {
        let changes = [
            change("name.givenName", None),
            change("title", None),
            change("vip", None),
        ];
        for (clear, expected) in [
            (
                Clearing::Remove,
                vec![
                    r#"{"op":"remove","path":"name.givenName"}"#,
                    r#"{"op":"remove","path":"title"}"#,
                    r#"{"op":"remove","path":"vip"}"#,
                ],
            ),
            (
                Clearing::Null,
                vec![
                    r#"{"op":"replace","path":"name.givenName","value":null}"#,
                    r#"{"op":"replace","path":"title","value":null}"#,
                    r#"{"op":"replace","path":"vip","value":null}"#,
                ],
            ),
            (
                Clearing::Empty,
                vec![
                    r#"{"op":"replace","path":"name.givenName","value":""}"#,
                    r#"{"op":"replace","path":"title","value":""}"#,
                    r#"{"op":"replace","path":"vip","value":null}"#,
                ],
            ),
            (Clearing::Never, vec![]),
        ] {
            assert_eq!(
                worded(&changes, false, &profile(clear), None),
                expected,
                "{clear:?}"
            );
        }
    }

    #[test]
    fn what_is_cleared_already_is_not_cleared_again() {
        let changes = [change("emails", None), change("title", None)];
        let none: [&str; 0] = [];
        let present = r#"{"id":"1","title":"","emails":[]}"#;
        assert_eq!(
            worded(&changes, false, &profile(Clearing::Remove), Some(present)),
            none
        );
    }

    #[test]
    fn our_element_is_named_by_its_type() {
        let present = r#"{"id":"1","emails":[{"value":"h","type":"home","primary":true},{"value":"a","type":"Work"}],"addresses":[{"type":"work","locality":"Bern"}]}"#;
        let changes = [
            change("addresses.locality", None),
            change("addresses.streetAddress", Some("Gasse 1")),
            change("emails", Some("b")),
        ];
        assert_eq!(
            worded(&changes, false, &profile(Clearing::Remove), Some(present)),
            [
                r#"{"op":"remove","path":"addresses[type eq \"work\"].locality"}"#,
                r#"{"op":"replace","path":"addresses[type eq \"work\"].streetAddress","value":"Gasse 1"}"#,
                r#"{"op":"replace","path":"emails[type eq \"Work\"].value","value":"b"}"#,
            ]
        );
    }

    #[test]
    fn an_element_without_our_type_is_named_by_its_value() {
        let present = r#"{"id":"1","emails":[{"value":"a\"x"}]}"#;
        for (new, clear, expected) in [
            (
                Some("b"),
                Clearing::Remove,
                r#"{"op":"replace","path":"emails[value eq \"a\\\"x\"].value","value":"b"}"#,
            ),
            (
                None,
                Clearing::Remove,
                r#"{"op":"remove","path":"emails[value eq \"a\\\"x\"]"}"#,
            ),
            (
                None,
                Clearing::Null,
                r#"{"op":"replace","path":"emails[value eq \"a\\\"x\"].value","value":null}"#,
            ),
        ] {
            let changes = [change("emails", new)];
            assert_eq!(
                worded(&changes, false, &profile(clear), Some(present)),
                [expected]
            );
        }
    }

    #[test]
    fn what_the_filter_looks_at_changes_last() {
        let mut profile = profile(Clearing::Remove);
        profile
            .attributes
            .insert("emails.display".into(), element(true, Clearing::Remove));
        let changes = [
            change("emails", Some("b")),
            change("emails.display", Some("B")),
        ];
        assert_eq!(
            worded(
                &changes,
                false,
                &profile,
                Some(r#"{"id":"1","emails":[{"value":"a"}]}"#)
            ),
            [
                r#"{"op":"replace","path":"emails[value eq \"a\"].display","value":"B"}"#,
                r#"{"op":"replace","path":"emails[value eq \"a\"].value","value":"b"}"#,
            ]
        );
    }

    #[test]
    fn an_element_that_is_not_there_is_added_whole() {
        let changes = [
            change("addresses.locality", Some("Bern")),
            change("addresses.streetAddress", Some("Gasse 1")),
            change("emails", Some("b")),
        ];
        let profile = profile(Clearing::Remove);
        assert_eq!(
            worded(&changes, false, &profile, Some(r#"{"id":"1"}"#)),
            [
                r#"{"op":"add","path":"addresses","value":[{"locality":"Bern","type":"work","streetAddress":"Gasse 1"}]}"#,
                r#"{"op":"add","path":"emails","value":[{"value":"b","type":"work","primary":true}]}"#,
            ]
        );
        let two =
            r#"{"id":"1","emails":[{"value":"x","type":"home"},{"value":"y","type":"other"}]}"#;
        assert_eq!(
            worded(&changes[2..], false, &profile, Some(two)),
            [
                r#"{"op":"add","path":"emails","value":[{"value":"b","type":"work","primary":true}]}"#
            ]
        );
    }

    #[test]
    fn without_filters_in_paths_the_whole_list_goes_back() {
        let mut profile = profile(Clearing::Remove);
        profile.users.patch.valued_paths = false;
        let present = r#"{"id":"1","emails":[{"value":"h","type":"home","x": 1.0},{"value":"a","type":"work"}]}"#;
        for (new, present, expected) in [
            (
                Some("b"),
                present,
                r#"{"op":"replace","path":"emails","value":[{"value":"h","type":"home","x": 1.0},{"value":"b","type":"work"}]}"#,
            ),
            (
                None,
                present,
                r#"{"op":"replace","path":"emails","value":[{"value":"h","type":"home","x": 1.0}]}"#,
            ),
            (
                None,
                r#"{"id":"1","emails":[{"value":"a","type":"work"}]}"#,
                r#"{"op":"remove","path":"emails"}"#,
            ),
            (
                Some("b"),
                r#"{"id":"1"}"#,
                r#"{"op":"add","path":"emails","value":[{"value":"b","type":"work","primary":true}]}"#,
            ),
        ] {
            let changes = [change("emails", new)];
            assert_eq!(worded(&changes, false, &profile, Some(present)), [expected]);
        }
    }

    #[test]
    fn a_list_in_which_no_filter_names_ours_alone_goes_back_whole() {
        let present = r#"{"id":"1","emails":["a"]}"#;
        let changes = [change("emails", Some("b"))];
        assert_eq!(
            worded(&changes, false, &profile(Clearing::Remove), Some(present)),
            [r#"{"op":"replace","path":"emails","value":["b"]}"#]
        );
    }

    #[test]
    fn the_object_form_is_one_operation_and_removals() {
        let mut profile = profile(Clearing::Remove);
        profile.users.patch.form = PatchForm::Object;
        let present = format!(
            r#"{{"id":"1","title":"x","emails":[{{"value":"h","type":"home"}},{{"value":"a","type":"work"}}],"{ENTERPRISE}":{{"division":"W"}}}}"#
        );
        let changes = [
            change("emails", Some("b")),
            change("name.familyName", Some("B")),
            change("name.givenName", Some("A")),
            change("title", None),
            change(DIVISION, Some("East")),
            change(MANAGER, Some("m1")),
        ];
        assert_eq!(
            worded(&changes, true, &profile, Some(&present)),
            [
                format!(
                    r#"{{"op":"replace","value":{{"active":true,"name":{{"familyName":"B","givenName":"A"}},"{ENTERPRISE}":{{"division":"East","manager":{{"value":"m1"}}}},"emails":[{{"value":"h","type":"home"}},{{"value":"b","type":"work"}}]}}}}"#
                ),
                r#"{"op":"remove","path":"title"}"#.to_owned(),
            ]
        );
    }

    #[test]
    fn the_object_form_clears_as_the_rule_says() {
        let mut profile = profile(Clearing::Null);
        profile.users.patch.form = PatchForm::Object;
        let changes = [change("name.givenName", None), change("title", None)];
        assert_eq!(
            worded(&changes, false, &profile, None),
            [r#"{"op":"replace","value":{"name":{"givenName":null},"title":null}}"#]
        );
        profile
            .attributes
            .insert("emails".into(), element(true, Clearing::Remove));
        let present = r#"{"id":"1","emails":[{"value":"a","type":"work"}]}"#;
        assert_eq!(
            worded(&[change("emails", None)], false, &profile, Some(present)),
            [r#"{"op":"remove","path":"emails"}"#]
        );
    }

    #[test]
    fn an_element_is_never_changed_unseen() {
        let profile = profile(Clearing::Remove);
        let changes = [change("emails", Some("b"))];
        assert!(needs_present(&changes, &profile));
        assert!(needs_present(&[change("roles", Some("x"))], &profile));
        assert!(!needs_present(&[change("roles", None)], &profile));
        assert!(!needs_present(&[change("title", Some("x"))], &profile));
        let fault = operations(&changes, false, &profile, None).expect_err("a fault");
        assert_eq!(
            fault.to_string(),
            "the app refused the request: emails cannot be changed before the account is read; \
             nothing was sent"
        );
    }

    #[test]
    fn unknown_attributes_and_unknown_accounts_are_not_sent() {
        let none: [&str; 0] = [];
        let profile = profile(Clearing::Remove);
        assert_eq!(
            worded(&[change("nickName", Some("x"))], false, &profile, None),
            none
        );
        let manager = AttrChange {
            new: Some(Value::Account(UserKey::new(&"hq".into(), "17"))),
            ..change(MANAGER, None)
        };
        let fault = operations(&[manager], false, &profile, None).expect_err("a fault");
        assert_eq!(fault.kind, FaultKind::Rejected);
    }
}
