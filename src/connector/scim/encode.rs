//! Values worded for the wire, and the body that makes an account.
//!
//! Promises JSON truth values and numbers where the profile says so, exactly the schemas that are
//! used, and never `id`, `meta` or `groups`. Leaves placing to [`super::resource`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::filter::whole_number;
use super::node::{Node, Object};
use super::path::{GROUP_SCHEMA, Place, USER_SCHEMA};
use super::resource;
use crate::core::attribute::{Attributes, Value};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::profile::{AttributeRule, Profile, ValueKind};

/// The attributes whose elements are objects with a `value` (RFC 7643, 4.1.2).
const LISTS_OF_OBJECTS: [&str; 7] = [
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "entitlements",
    "roles",
    "x509Certificates",
];

/// The body that makes an active account (RFC 7644, 3.3).
///
/// # Errors
/// When a value names an account that is not known yet.
pub fn account(attributes: &Attributes, profile: &Profile) -> Result<Object, Fault> {
    let schemas = Node::List(vec![Node::text(USER_SCHEMA)]);
    let mut resource = Object::default().with("schemas", schemas);
    let known = attributes.iter().filter_map(|(name, value)| {
        let rule = profile.rule(name)?;
        let place = Place::of(name, rule);
        (!place.is_reserved()).then_some((place, rule, value))
    });
    let (core, extended): (Vec<_>, Vec<_>) =
        known.partition(|(place, ..)| place.extension.is_none());
    for (place, rule, value) in core.into_iter().chain(extended) {
        resource::set(&mut resource, &place, rule, value)?;
        resource::declare(&mut resource, &place);
    }
    Ok(resource.with("active", Node::Bool(true)))
}

/// The body that makes an empty group.
pub fn group(name: &str, external_id: Option<&str>) -> Object {
    let schemas = Node::List(vec![Node::text(GROUP_SCHEMA)]);
    let group = Object::default()
        .with("schemas", schemas)
        .with("displayName", Node::text(name));
    match external_id {
        Some(id) => group.with("externalId", Node::text(id)),
        None => group,
    }
}

/// A value without parts.
///
/// # Errors
/// When it names an account that is not known yet.
pub fn scalar(value: &Value, rule: &AttributeRule) -> Result<Node, Fault> {
    match value {
        Value::Text(text) => Ok(worded(text, rule.kind)),
        Value::Bool(flag) => Ok(match rule.kind {
            ValueKind::Boolean => Node::Bool(*flag),
            ValueKind::Text
            | ValueKind::Integer
            | ValueKind::TextOrInteger
            | ValueKind::List
            | ValueKind::Account => Node::text(flag.to_string()),
        }),
        Value::Int(number) => Ok(match rule.kind {
            ValueKind::Integer | ValueKind::TextOrInteger => Node::Int(*number),
            ValueKind::Text | ValueKind::Boolean | ValueKind::List | ValueKind::Account => {
                Node::text(number.to_string())
            }
        }),
        Value::List(items) => Ok(Node::List(
            items.iter().map(|item| Node::text(&**item)).collect(),
        )),
        Value::Account(key) => Err(Fault::new(
            FaultKind::Rejected,
            Effect::None,
            format!("the account of {key} in this app is not known yet; nothing was sent"),
        )),
    }
}

fn worded(text: &str, kind: ValueKind) -> Node {
    match kind {
        ValueKind::Integer | ValueKind::TextOrInteger => {
            whole_number(text).map_or_else(|| Node::text(text), Node::Int)
        }
        ValueKind::Boolean => match text {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            _ => Node::text(text),
        },
        ValueKind::Text | ValueKind::List | ValueKind::Account => Node::text(text),
    }
}

/// An account's reference: an object with `value`, and nothing of whom it named before.
///
/// # Errors
/// When it names an account that is not known yet.
pub fn reference(value: &Value, rule: &AttributeRule) -> Result<Node, Fault> {
    Ok(Object::default().with("value", scalar(value, rule)?).into())
}

/// A value that is the whole attribute. Items of a list that the app holds already are sent as it
/// holds them, and new ones in the same shape.
///
/// # Errors
/// When it names an account that is not known yet.
pub fn whole(
    value: &Value,
    rule: &AttributeRule,
    place: &Place<'_>,
    held: Option<&Node>,
) -> Result<Node, Fault> {
    let items: BTreeSet<Arc<str>> = match (value, rule.kind) {
        (Value::List(items), _) => items.iter().cloned().collect(),
        (Value::Text(text), ValueKind::List) => BTreeSet::from([Arc::clone(text)]),
        (Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::Account(_), _) => {
            return scalar(value, rule);
        }
    };
    let held = held.map(Node::to_items).unwrap_or_default();
    let as_objects = held.first().map_or_else(
        || is_list_of_objects(place),
        |item| item.to_object().is_some(),
    );
    let item = |text: Arc<str>| {
        held.iter()
            .find(|node| holds(node, &text))
            .cloned()
            .unwrap_or_else(|| {
                let node = Node::text(&*text);
                if as_objects {
                    Object::default().with("value", node).into()
                } else {
                    node
                }
            })
    };
    Ok(Node::List(items.into_iter().map(item).collect()))
}

fn is_list_of_objects(place: &Place<'_>) -> bool {
    let ours = |name: &&str| name.eq_ignore_ascii_case(place.head);
    place.extension.is_none() && LISTS_OF_OBJECTS.iter().any(ours)
}

fn holds(item: &Node, text: &str) -> bool {
    let scalar = match item.to_object() {
        Some(object) => object.get("value").and_then(Node::scalar),
        None => item.scalar(),
    };
    scalar.and_then(super::node::Scalar::into_text).as_deref() == Some(text)
}

/// What stands for "no value" where the app wants an empty one.
pub fn empty(kind: ValueKind) -> Node {
    match kind {
        ValueKind::Text | ValueKind::TextOrInteger | ValueKind::Account => Node::text(""),
        ValueKind::Boolean | ValueKind::Integer => Node::Null,
        ValueKind::List => Node::List(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::UserKey;
    use crate::core::profile::Element;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn rule(kind: ValueKind) -> AttributeRule {
        AttributeRule {
            kind,
            ..AttributeRule::default()
        }
    }

    fn work(primary: bool) -> AttributeRule {
        AttributeRule {
            element: Some(Element {
                kind: "work".into(),
                primary,
                only: false,
            }),
            ..AttributeRule::default()
        }
    }

    fn made(attributes: &[(&str, AttributeRule, Value)]) -> String {
        let mut profile = Profile::default();
        let mut values = Attributes::new();
        for (name, rule, value) in attributes {
            profile.attributes.insert((*name).into(), rule.clone());
            values.insert((*name).into(), value.clone());
        }
        let body = account(&values, &profile).expect("a body");
        String::from_utf8(body.to_bytes()).expect("text")
    }

    #[test]
    fn a_plain_account_has_one_schema_and_is_active() {
        assert_eq!(
            made(&[
                (
                    "userName",
                    rule(ValueKind::Text),
                    Value::text("ana@example.com")
                ),
                ("name.givenName", rule(ValueKind::Text), Value::text("Ana")),
                (
                    "name.familyName",
                    rule(ValueKind::Text),
                    Value::text("Ö\"x")
                ),
            ]),
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"name":{"familyName":"Ö\"x","givenName":"Ana"},"userName":"ana@example.com","active":true}"#
        );
    }

    #[test]
    fn parts_of_one_element_are_one_object() {
        assert_eq!(
            made(&[
                ("addresses.locality", work(false), Value::text("Bern")),
                (
                    "addresses.streetAddress",
                    work(false),
                    Value::text("Gasse 1")
                ),
                ("emails", work(true), Value::text("ana@example.com")),
            ]),
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"addresses":[{"locality":"Bern","type":"work","streetAddress":"Gasse 1"}],"emails":[{"value":"ana@example.com","type":"work","primary":true}],"active":true}"#
        );
    }

    #[test]
    fn extensions_are_declared_when_used() {
        assert_eq!(
            made(&[
                (
                    &format!("{ENTERPRISE}:division"),
                    rule(ValueKind::TextOrInteger),
                    Value::text("12")
                ),
                (
                    &format!("{ENTERPRISE}:manager"),
                    rule(ValueKind::Account),
                    Value::text("m1")
                ),
                ("userName", rule(ValueKind::Text), Value::text("ana")),
            ]),
            format!(
                r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","{ENTERPRISE}"],"userName":"ana","{ENTERPRISE}":{{"division":12,"manager":{{"value":"m1"}}}},"active":true}}"#
            )
        );
    }

    #[test]
    fn reserved_and_unknown_attributes_are_never_sent() {
        let mut values = Attributes::new();
        values.insert("nickName".into(), Value::text("x"));
        let body = account(&values, &Profile::default()).expect("a body");
        let plain = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"active":true}"#;
        assert_eq!(body.to_bytes(), plain.as_bytes());
        assert_eq!(
            made(&[
                ("id", rule(ValueKind::Text), Value::text("1")),
                ("active", rule(ValueKind::Boolean), Value::Bool(false)),
            ]),
            plain
        );
    }

    #[test]
    fn values_are_worded_by_their_kind() {
        for (value, kind, expected) in [
            (Value::text("42"), ValueKind::TextOrInteger, "42"),
            (Value::text("042"), ValueKind::TextOrInteger, "\"042\""),
            (Value::text("East"), ValueKind::TextOrInteger, "\"East\""),
            (Value::text("42"), ValueKind::Text, "\"42\""),
            (Value::Int(42), ValueKind::Text, "\"42\""),
            (Value::Int(42), ValueKind::Integer, "42"),
            (Value::text("true"), ValueKind::Boolean, "true"),
            (Value::Bool(false), ValueKind::Boolean, "false"),
            (Value::Bool(false), ValueKind::Text, "\"false\""),
        ] {
            let node = scalar(&value, &rule(kind)).expect("worded");
            assert_eq!(
                serde_json::to_string(&node).expect("JSON"),
                expected,
                "{value:?} {kind:?}"
            );
        }
    }

    #[test]
    fn a_list_keeps_the_shape_and_the_items_that_the_app_has() {
        let name = "roles".into();
        let kind = rule(ValueKind::List);
        let place = Place::of(&name, &kind);
        let value = Value::List(vec!["a".into(), "b".into()]);
        for (held, expected) in [
            (None, r#"[{"value":"a"},{"value":"b"}]"#),
            (Some(r#"["b"]"#), r#"["a","b"]"#),
            (
                Some(r#"[{"value":"c"},{"value":"b","display": "B"}]"#),
                r#"[{"value":"a"},{"value":"b","display": "B"}]"#,
            ),
        ] {
            let held = held.map(|text: &str| {
                Node::Raw(
                    serde_json::value::RawValue::from_string(text.into()).expect("valid JSON"),
                )
            });
            let node = whole(&value, &kind, &place, held.as_ref()).expect("a list");
            assert_eq!(serde_json::to_string(&node).expect("JSON"), expected);
        }
        let name = "urn:example:2.0:User:roles".into();
        let node = whole(&value, &kind, &Place::of(&name, &kind), None).expect("a list");
        assert_eq!(serde_json::to_string(&node).expect("JSON"), r#"["a","b"]"#);
    }

    #[test]
    fn an_account_that_is_not_known_yet_is_not_sent() {
        let key = UserKey::new(&"hq".into(), "17");
        let fault = scalar(&Value::Account(key), &rule(ValueKind::Account)).expect_err("a fault");
        assert_eq!(
            fault.to_string(),
            "the app refused the request: the account of hq:17 in this app is not known yet; \
             nothing was sent"
        );
    }
}
