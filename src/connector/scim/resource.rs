//! A resource, edited in place: one attribute set or cleared, everything else left alone.
//!
//! Promises that making an account, PUT and whole lists in PATCH place a value in the same way.
//! Leaves the wording of values to [`super::encode`].

use super::element;
use super::encode;
use super::node::{Node, Object};
use super::path::{Place, Slot};
use crate::core::attribute::Value;
use crate::core::fault::Fault;
use crate::core::profile::{AttributeRule, Clearing, ValueKind};

/// Sets an attribute.
///
/// # Errors
/// When the value names an account that is not known yet.
pub fn set(
    resource: &mut Object,
    place: &Place<'_>,
    rule: &AttributeRule,
    value: &Value,
) -> Result<(), Fault> {
    within(resource, place, |container| {
        set_here(container, place, rule, value)
    })
}

fn set_here(
    container: &mut Object,
    place: &Place<'_>,
    rule: &AttributeRule,
    value: &Value,
) -> Result<(), Fault> {
    match place.slot {
        Slot::Whole => {
            let node = encode::whole(value, rule, place, container.get(place.head))?;
            container.set(place.head, node);
        }
        Slot::Reference => container.set(place.head, encode::reference(value, rule)?),
        Slot::Sub(sub) => {
            let node = encode::scalar(value, rule)?;
            container.edit(place.head, |parent| parent.set(sub, node));
        }
        Slot::Element { element, sub } => {
            let node = encode::scalar(value, rule)?;
            let mut list = container
                .get(place.head)
                .map(Node::to_items)
                .unwrap_or_default();
            element::set(&mut list, element, sub, node);
            container.set(place.head, Node::List(list));
        }
    }
    Ok(())
}

/// Clears an attribute of this kind in one of the ways.
pub fn clear(resource: &mut Object, place: &Place<'_>, kind: ValueKind, way: Clearing) {
    let blank = match way {
        Clearing::Never => return,
        Clearing::Remove => None,
        Clearing::Null => Some(Node::Null),
        Clearing::Empty => Some(encode::empty(kind)),
    };
    within(resource, place, |container| match blank {
        None => remove_here(container, place),
        Some(blank) => blank_here(container, place, blank),
    });
}

fn remove_here(container: &mut Object, place: &Place<'_>) {
    match place.slot {
        Slot::Whole | Slot::Reference => container.remove(place.head),
        Slot::Sub(sub) => container.edit(place.head, |parent| parent.remove(sub)),
        Slot::Element { element, sub } => {
            let mut list = items(container, place);
            element::remove(&mut list, element, sub);
            if list.is_empty() {
                container.remove(place.head);
            } else {
                container.set(place.head, Node::List(list));
            }
        }
    }
}

fn blank_here(container: &mut Object, place: &Place<'_>, blank: Node) {
    match place.slot {
        Slot::Whole | Slot::Reference => container.set(place.head, blank),
        Slot::Sub(sub) => container.edit(place.head, |parent| parent.set(sub, blank)),
        Slot::Element { element, sub } => {
            let mut list = items(container, place);
            if !list.is_empty() {
                element::blank(&mut list, element, sub, blank);
                container.set(place.head, Node::List(list));
            }
        }
    }
}

/// The items of the list that the place is in.
fn items(container: &Object, place: &Place<'_>) -> Vec<Node> {
    container
        .get(place.head)
        .map(Node::to_items)
        .unwrap_or_default()
}

/// The items of the list that the place is in, seen from the whole resource.
pub fn list(resource: &Object, place: &Place<'_>) -> Vec<Node> {
    match place.extension {
        None => items(resource, place),
        Some(urn) => {
            let extension = resource.get(urn).and_then(Node::to_object);
            extension
                .map(|container| items(&container, place))
                .unwrap_or_default()
        }
    }
}

/// Puts a whole attribute where the place is.
pub fn put(resource: &mut Object, place: &Place<'_>, node: Node) {
    within(resource, place, |container| container.set(place.head, node));
}

/// Names the extension among the schemas, if it is used and not named there yet.
pub fn declare(resource: &mut Object, place: &Place<'_>) {
    let Some(urn) = place.extension.filter(|urn| resource.get(urn).is_some()) else {
        return;
    };
    let mut schemas = resource
        .get("schemas")
        .map(Node::to_items)
        .unwrap_or_default();
    let named = schemas.iter().any(|schema| {
        let text = schema.scalar().and_then(super::node::Scalar::into_text);
        text.is_some_and(|text| text.eq_ignore_ascii_case(urn))
    });
    if !named {
        schemas.push(Node::text(urn));
        resource.set("schemas", Node::List(schemas));
    }
}

fn within<T>(resource: &mut Object, place: &Place<'_>, edit: impl FnOnce(&mut Object) -> T) -> T {
    match place.extension {
        None => edit(resource),
        Some(urn) => resource.edit(urn, edit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::attribute::AttrName;
    use crate::core::profile::Element;

    const TEXT: &str = r#"{"schemas":["S"],"id":"1","title":"x","name":{"givenName":"A","x":1.0},"emails":[{"value":"a","type":"work"}],"urn:e:User":{"division":"d"}}"#;

    fn edited(
        name: &str,
        rule: &AttributeRule,
        edit: impl FnOnce(&mut Object, &Place<'_>),
    ) -> String {
        let raw = serde_json::value::RawValue::from_string(TEXT.into()).expect("valid JSON");
        let mut object = Object::of(&raw).expect("an object");
        let name = AttrName::new(name);
        edit(&mut object, &Place::of(&name, rule));
        String::from_utf8(object.to_bytes()).expect("text")
    }

    fn cleared(name: &str, clear_by: Clearing, element: bool) -> String {
        let rule = AttributeRule {
            clear: clear_by,
            element: element.then(|| Element {
                kind: "work".into(),
                primary: true,
                only: false,
            }),
            ..AttributeRule::default()
        };
        edited(name, &rule, |object, place| {
            clear(object, place, rule.kind, clear_by);
        })
    }

    #[test]
    fn clearing_follows_the_rule_and_touches_nothing_else() {
        for (name, clear_by, from, to) in [
            ("title", Clearing::Remove, r#""title":"x","#, ""),
            ("title", Clearing::Null, r#""title":"x""#, r#""title":null"#),
            ("title", Clearing::Empty, r#""title":"x""#, r#""title":"""#),
            ("title", Clearing::Never, "", ""),
            (
                "name.givenName",
                Clearing::Remove,
                r#""givenName":"A","#,
                "",
            ),
            (
                "name.givenName",
                Clearing::Null,
                r#""givenName":"A""#,
                r#""givenName":null"#,
            ),
            ("name.nothing", Clearing::Remove, "", ""),
            (
                "urn:e:User:division",
                Clearing::Remove,
                r#","urn:e:User":{"division":"d"}"#,
                "",
            ),
        ] {
            assert_eq!(
                cleared(name, clear_by, false),
                TEXT.replacen(from, to, 1),
                "{name}"
            );
        }
    }

    #[test]
    fn clearing_our_element_takes_it_away() {
        let list = r#""emails":[{"value":"a","type":"work"}],"#;
        assert_eq!(
            cleared("emails", Clearing::Remove, true),
            TEXT.replacen(list, "", 1)
        );
        assert_eq!(
            cleared("emails", Clearing::Empty, true),
            TEXT.replacen(r#""value":"a""#, r#""value":"""#, 1)
        );
        assert_eq!(cleared("phoneNumbers", Clearing::Null, true), TEXT);
    }

    #[test]
    fn an_extension_is_declared_once() {
        let rule = AttributeRule {
            kind: ValueKind::Integer,
            ..AttributeRule::default()
        };
        let text = edited("urn:n:User:level", &rule, |object, place| {
            for _ in 0..2 {
                set(object, place, &rule, &Value::Int(3)).expect("set");
                declare(object, place);
            }
        });
        assert_eq!(
            text,
            TEXT.replacen(r#"["S"]"#, r#"["S","urn:n:User"]"#, 1)
                .replacen(
                    r#"{"division":"d"}}"#,
                    r#"{"division":"d"},"urn:n:User":{"level":3}}"#,
                    1
                )
        );
    }
}
