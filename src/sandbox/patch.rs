//! PATCH, as a server carries it out (RFC 7644, 3.5.2).
//!
//! Promises the RFC's meaning of add, remove and replace on single, complex and multi-valued
//! attributes, in extensions and through value filters. Works on a copy: the caller drops it when an
//! operation is refused, so that a request is done as a whole or not at all. Leaves members of groups
//! to the groups and values to the rulebook.

use serde_json::Value as Json;

use super::filter::Filter;
use super::object::Object;
use super::operation::{Op, Operation};
use super::refusal::{Refusal, ScimType};
use super::rulebook::is_primary;
use super::shape::{self, Form, Node, Place, Shape};

/// Carries out one operation on a copy of the resource.
pub(super) fn apply(
    resource: &mut Object,
    operation: Operation,
    shape: &Shape,
) -> Result<(), Refusal> {
    let Operation { op, path, value } = operation;
    let Some(path) = path else {
        return apply_whole(resource, op, value, shape);
    };
    match (shape.locate(&path.attr)?, path.filter) {
        (Place::Extension(urn, nodes), None) => match (op, value) {
            (Op::Remove, _) => {
                resource.remove(urn);
                Ok(())
            }
            (Op::Add | Op::Replace, Some(Json::Object(fields))) => {
                fields.into_iter().try_for_each(|(key, value)| {
                    let within = part(resource, Some(urn))?;
                    set_named(within, nodes, &key, op, value)
                })
            }
            (Op::Add | Op::Replace, _) => Err(Refusal::value(format!("{urn} takes an object"))),
        },
        (Place::Extension(..), Some(_)) => Err(Refusal::path(
            "an extension is no list that can be filtered",
        )),
        (Place::Attribute(urn, node, sub), None) => set(part(resource, urn)?, node, sub, op, value),
        (Place::Attribute(urn, node, sub), Some(filter)) => {
            set_elements(part(resource, urn)?, node, sub, &filter, op, value.as_ref())
        }
    }
}

/// An operation without a path: an object of attributes.
fn apply_whole(
    resource: &mut Object,
    op: Op,
    value: Option<Json>,
    shape: &Shape,
) -> Result<(), Refusal> {
    let fields = match (op, value) {
        (Op::Remove, _) => {
            return Err(Refusal::bad(ScimType::NoTarget, "a remove needs a path"));
        }
        (Op::Add | Op::Replace, Some(Json::Object(fields))) => fields,
        (Op::Add | Op::Replace, _) => {
            return Err(Refusal::value(
                "an operation without a path takes an object",
            ));
        }
    };
    for (key, value) in fields {
        match shape.extensions.get(&key.to_lowercase()) {
            _ if key.eq_ignore_ascii_case("schemas") => {}
            Some((urn, nodes)) => {
                let Json::Object(parts) = value else {
                    return Err(Refusal::value(format!("{urn} takes an object")));
                };
                for (key, value) in parts {
                    set_named(part(resource, Some(urn))?, nodes, &key, op, value)?;
                }
            }
            None if ["id", "meta", "groups"]
                .iter()
                .any(|name| key.eq_ignore_ascii_case(name)) =>
            {
                return Err(shape::read_only(&key));
            }
            None => set_named(resource, &shape.nodes, &key, op, value)?,
        }
    }
    Ok(())
}

fn set_named(
    within: &mut Object,
    nodes: &shape::Nodes,
    key: &str,
    op: Op,
    value: Json,
) -> Result<(), Refusal> {
    let node = nodes
        .get(&key.to_lowercase())
        .ok_or_else(|| Refusal::path(format!("this app has no attribute {key}")))?;
    set(within, node, None, op, Some(value))
}

/// The object that holds an attribute: the resource, or its extension, made if need be.
fn part<'a>(resource: &'a mut Object, urn: Option<&str>) -> Result<&'a mut Object, Refusal> {
    let Some(urn) = urn else { return Ok(resource) };
    let part = resource
        .entry(urn)
        .or_insert_with(|| Json::Object(Object::new()));
    part.as_object_mut()
        .ok_or_else(|| Refusal::path(format!("{urn} is no object in this resource")))
}

/// An operation on an attribute or a sub-attribute, without a filter.
fn set(
    within: &mut Object,
    node: &Node,
    sub: Option<&str>,
    op: Op,
    value: Option<Json>,
) -> Result<(), Refusal> {
    match (node.form, sub) {
        (Form::Single, Some(_)) => Err(Refusal::path(format!(
            "{} has no sub-attributes",
            node.name
        ))),
        (Form::Single, None) => set_single(within, node, op, value),
        (Form::Complex, None) => set_complex(within, node, op, value),
        (Form::Complex, Some(sub)) => set_sub(within, node, sub, op, value),
        (Form::Objects | Form::Items, None) => set_list(within, node, op, value),
        (Form::Objects | Form::Items, Some(_)) => Err(Refusal::path(format!(
            "{} is a list; a filter has to say which element is meant",
            node.name
        ))),
    }
}

fn set_single(
    within: &mut Object,
    node: &Node,
    op: Op,
    value: Option<Json>,
) -> Result<(), Refusal> {
    match (op, value) {
        (Op::Add | Op::Replace, Some(value)) => {
            let admitted = node.admit(value, within.get(&node.name))?;
            within.insert(node.name.clone(), admitted);
        }
        (Op::Remove, _) | (Op::Add | Op::Replace, None) => {
            within.remove(&node.name);
        }
    }
    Ok(())
}

/// Sub-attributes that are not named stay (RFC 7644, 3.5.2.3).
fn set_complex(
    within: &mut Object,
    node: &Node,
    op: Op,
    value: Option<Json>,
) -> Result<(), Refusal> {
    let admitted = match (op, value) {
        (Op::Add | Op::Replace, Some(value)) => node.admit(value, within.get(&node.name))?,
        (Op::Remove, _) | (Op::Add | Op::Replace, None) => Json::Null,
    };
    match (within.get_mut(&node.name), admitted) {
        (Some(Json::Object(fields)), Json::Object(sent)) => fields.extend(sent),
        (_, Json::Null) if op == Op::Remove => {
            within.remove(&node.name);
        }
        (_, admitted) => {
            within.insert(node.name.clone(), admitted);
        }
    }
    Ok(())
}

fn set_sub(
    within: &mut Object,
    node: &Node,
    sub: &str,
    op: Op,
    value: Option<Json>,
) -> Result<(), Refusal> {
    let held = within
        .entry(&*node.name)
        .or_insert_with(|| Json::Object(Object::new()));
    if !held.is_object() {
        *held = Json::Object(Object::new());
    }
    let Some(fields) = held.as_object_mut() else {
        return Ok(());
    };
    match (op, value) {
        (Op::Add | Op::Replace, Some(value)) => {
            fields.insert(sub.into(), node.admit_sub(sub, value)?);
        }
        (Op::Remove, _) | (Op::Add | Op::Replace, None) => {
            fields.remove(sub);
        }
    }
    Ok(())
}

fn set_list(within: &mut Object, node: &Node, op: Op, value: Option<Json>) -> Result<(), Refusal> {
    let name = &node.name;
    let value = match (op, value) {
        (Op::Remove, None) => {
            within.remove(name);
            return Ok(());
        }
        (Op::Remove, Some(_)) => {
            let problem = format!("a remove of {name} takes no value; use {name}[…]");
            return Err(Refusal::value(problem));
        }
        (Op::Add | Op::Replace, value) => value.unwrap_or(Json::Null),
    };
    let items = match value {
        Json::Array(items) => Json::Array(items),
        Json::Null => Json::Null,
        single @ (Json::Object(_) | Json::String(_) | Json::Number(_) | Json::Bool(_)) => {
            Json::Array(vec![single])
        }
    };
    let admitted = node.admit(items, within.get(name))?;
    match (op, within.get_mut(name), admitted) {
        (Op::Add, Some(Json::Array(held)), Json::Array(items)) => append(held, items),
        (Op::Add, Some(_), Json::Null) => {}
        (_, _, admitted) => {
            within.insert(name.clone(), admitted);
        }
    }
    Ok(())
}

/// Adds what is not there yet (RFC 7644, 3.5.2.1).
fn append(held: &mut Vec<Json>, items: Vec<Json>) {
    let first_new = held.len();
    for item in items {
        if !held.contains(&item) {
            held.push(item);
        }
    }
    let fresh: Vec<usize> = (first_new..held.len()).collect();
    promote(held, &fresh);
}

/// A new primary element takes the mark from the old one (RFC 7644, 3.5.2).
fn promote(items: &mut [Json], touched: &[usize]) {
    let Some(first) = touched.iter().copied().find(|at| is_primary(&items[*at])) else {
        return;
    };
    for (at, item) in items.iter_mut().enumerate() {
        if at != first && !touched.contains(&at) && is_primary(item) {
            item["primary"] = Json::Bool(false);
        }
    }
}

/// An operation on the elements that a filter finds.
fn set_elements(
    within: &mut Object,
    node: &Node,
    sub: Option<&str>,
    filter: &Filter,
    op: Op,
    value: Option<&Json>,
) -> Result<(), Refusal> {
    match node.form {
        Form::Objects | Form::Items => {}
        Form::Single | Form::Complex => {
            return Err(Refusal::path(format!(
                "{} is no list that can be filtered",
                node.name
            )));
        }
    }
    let no_target = || {
        let problem = format!("no element of {} fits the filter of the path", node.name);
        Refusal::bad(ScimType::NoTarget, problem)
    };
    let held = within.get_mut(&node.name).and_then(Json::as_array_mut);
    let items = held.ok_or_else(no_target)?;
    let hits: Vec<usize> = (0..items.len())
        .filter(|at| filter.matches_element(&items[*at], &node.name))
        .collect();
    if hits.is_empty() {
        return Err(no_target());
    }
    if op == Op::Remove && sub.is_none() {
        let mut at = 0..;
        items.retain(|_| at.next().is_none_or(|at| !hits.contains(&at)));
        return Ok(());
    }
    for at in &hits {
        set_element(&mut items[*at], node, sub, op, value)?;
    }
    promote(items, &hits);
    Ok(())
}

fn set_element(
    item: &mut Json,
    node: &Node,
    sub: Option<&str>,
    op: Op,
    value: Option<&Json>,
) -> Result<(), Refusal> {
    match (item.as_object_mut(), sub, op, value) {
        (Some(fields), Some(sub), Op::Remove, _) => {
            fields.remove(sub);
        }
        (Some(fields), Some(sub), Op::Add | Op::Replace, value) => {
            fields.insert(
                sub.into(),
                node.admit_sub(sub, value.cloned().unwrap_or(Json::Null))?,
            );
        }
        (fields, None, _, Some(value)) => {
            match (fields, op, node.admit_item(value.clone(), None)?) {
                (Some(fields), Op::Add, Json::Object(sent)) => fields.extend(sent),
                (_, _, admitted) => *item = admitted,
            }
        }
        (_, _, _, _) => {
            return Err(Refusal::path(format!(
                "an element of {} is no object",
                node.name
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{patch, profile};
    use super::super::operation;
    use super::*;

    const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn ana() -> Json {
        json!({
            "id": "u-000001", "userName": "ana", "nickName": "A",
            "name": {"givenName": "Ana", "familyName": "Silva"},
            "emails": [
                {"value": "ana@work.example", "type": "work", "primary": true},
                {"value": "ana@home.example", "type": "home", "rank": 3}],
            "roles": ["guard"],
            URN: {"division": "North"},
        })
    }

    /// Runs the operations; `Err` is the keyword and the reason.
    fn run(operations: Json) -> Result<Json, (Option<ScimType>, String)> {
        let shape = Shape::of_users(&profile());
        let mut resource = ana().as_object().expect("an object").clone();
        let body = patch(operations).as_object().expect("an object").clone();
        let dialect = crate::core::profile::PatchDialect::default();
        let wording = operation::Wording {
            dialect: &dialect,
            extensions: Vec::new(),
        };
        let whole = operation::read(body, &wording).and_then(|operations| {
            operations
                .into_iter()
                .try_for_each(|one| apply(&mut resource, one, &shape))
        });
        match whole {
            Ok(()) => Ok(Json::Object(resource)),
            Err(refusal) => Err((refusal.kind, refusal.detail)),
        }
    }

    /// What one operation changes: the value at a JSON pointer afterwards.
    fn changed(operation: Json, pointer: &str) -> Json {
        let after = run(Json::Array(vec![operation])).expect("accepted");
        after.pointer(pointer).cloned().unwrap_or(Json::Null)
    }

    #[test]
    fn single_and_complex_attributes() {
        for (operation, pointer, wanted) in [
            (
                json!({"op": "replace", "path": "userName", "value": "b"}),
                "/userName",
                json!("b"),
            ),
            (
                json!({"op": "Add", "path": "TITLE", "value": "T"}),
                "/title",
                json!("T"),
            ),
            (
                json!({"op": "remove", "path": "userName"}),
                "/userName",
                json!(null),
            ),
            (
                json!({"op": "replace", "path": "name.givenName", "value": "B"}),
                "/name",
                json!({"givenName": "B", "familyName": "Silva"}),
            ),
            (
                json!({"op": "replace", "path": "name", "value": {"givenName": "B"}}),
                "/name",
                json!({"givenName": "B", "familyName": "Silva"}),
            ),
            (
                json!({"op": "remove", "path": "name.givenName"}),
                "/name",
                json!({"familyName": "Silva"}),
            ),
            (
                json!({"op": "remove", "path": "name"}),
                "/name",
                json!(null),
            ),
            (
                json!({"op": "replace", "value": {"title": "T", "name": {"givenName": "B"}}}),
                "/name/givenName",
                json!("B"),
            ),
        ] {
            assert_eq!(changed(operation.clone(), pointer), wanted, "{operation}");
        }
    }

    #[test]
    fn extensions_by_attribute_by_urn_and_by_object() {
        let path = format!("{URN}:division");
        let manager = json!({"value": "u-000002"});
        for (operation, wanted) in [
            (
                json!({"op": "replace", "path": path, "value": "S"}),
                json!({"division": "S"}),
            ),
            (
                json!({"op": "replace", "path": URN, "value": {"Division": "S"}}),
                json!({"division": "S"}),
            ),
            (
                json!({"op": "add", "value": {URN: {"division": "S"}}}),
                json!({"division": "S"}),
            ),
            (
                json!({"op": "add", "path": format!("{URN}:manager"), "value": manager}),
                json!({"division": "North", "manager": manager}),
            ),
            (
                json!({"op": "add", "path": format!("{URN}:manager.value"), "value": "u-000002"}),
                json!({"division": "North", "manager": manager}),
            ),
            (json!({"op": "remove", "path": path}), json!({})),
            (json!({"op": "remove", "path": URN}), json!(null)),
        ] {
            let after = run(json!([operation])).expect("accepted");
            assert_eq!(
                after.get(URN).cloned().unwrap_or(Json::Null),
                wanted,
                "{operation}"
            );
        }
    }

    #[test]
    fn elements_are_found_by_filter_and_others_stay_as_they_are() {
        let home = json!({"value": "ana@home.example", "type": "home", "rank": 3});
        let work = |value: &str| json!({"value": value, "type": "work", "primary": true});
        for (operation, wanted) in [
            (
                json!({"op": "replace", "path": "emails[type eq \"Work\"].value", "value": "n@x"}),
                json!([work("n@x"), home]),
            ),
            (
                json!({"op": "replace", "path": "emails[value eq \"ANA@work.example\"].value", "value": "n@x"}),
                json!([work("n@x"), home]),
            ),
            (
                json!({"op": "remove", "path": "emails[type eq \"work\"]"}),
                json!([home]),
            ),
            (
                json!({"op": "remove", "path": "emails[type eq \"work\"].primary"}),
                json!([{"value": "ana@work.example", "type": "work"}, home]),
            ),
            (
                json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "n@x"}}),
                json!([{"value": "n@x"}, home]),
            ),
            (
                json!({"op": "add", "path": "emails[type eq \"work\"]", "value": {"display": "W"}}),
                json!([{"value": "ana@work.example", "type": "work", "primary": true, "display": "W"}, home]),
            ),
            (
                json!({"op": "add", "path": "emails", "value": {"value": "n@x", "type": "other"}}),
                json!([work("ana@work.example"), home, {"value": "n@x", "type": "other"}]),
            ),
            (
                json!({"op": "add", "path": "emails", "value": [work("ana@work.example")]}),
                json!([work("ana@work.example"), home]),
            ),
            (
                json!({"op": "replace", "path": "emails", "value": [work("n@x"), home]}),
                json!([work("n@x"), home]),
            ),
        ] {
            assert_eq!(changed(operation.clone(), "/emails"), wanted, "{operation}");
        }
    }

    #[test]
    fn a_new_primary_takes_the_mark_from_the_old_one() {
        let added = json!({"op": "add", "path": "emails",
            "value": [{"value": "n@x", "type": "other", "primary": true}]});
        assert_eq!(changed(added.clone(), "/emails/0/primary"), json!(false));
        assert_eq!(changed(added, "/emails/2/primary"), json!(true));
        let moved = json!({"op": "replace", "path": "emails[type eq \"home\"].primary",
            "value": true});
        assert_eq!(changed(moved.clone(), "/emails/0/primary"), json!(false));
        assert_eq!(changed(moved, "/emails/1/primary"), json!(true));
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_its_keyword() {
        use ScimType::{InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget};
        for (operation, kind, detail) in [
            (
                json!({"op": "replace", "path": "nickName", "value": "B"}),
                InvalidPath,
                "this app has no attribute nickName",
            ),
            (
                json!({"op": "replace", "value": {"nickName": "B"}}),
                InvalidPath,
                "this app has no attribute nickName",
            ),
            (
                json!({"op": "remove", "path": "id"}),
                Mutability,
                "id is read-only",
            ),
            (
                json!({"op": "add", "value": {"Meta": {}}}),
                Mutability,
                "Meta is read-only",
            ),
            (json!({"op": "remove"}), NoTarget, "a remove needs a path"),
            (
                json!({"op": "replace", "path": "emails[type eq \"x\"].value", "value": "n"}),
                NoTarget,
                "no element of emails fits the filter of the path",
            ),
            (
                json!({"op": "replace", "path": "emails.value", "value": "n"}),
                InvalidPath,
                "emails is a list; a filter has to say which element is meant",
            ),
            (
                json!({"op": "replace", "path": "emails[type eq].value", "value": "n"}),
                InvalidPath,
                "in the path, the filter is wrong at character 8: a value was expected: a text in \
                 quotes, a number, true, false or null",
            ),
            (
                json!({"op": "replace", "path": "name[givenName pr]", "value": "n"}),
                InvalidPath,
                "name is no list that can be filtered",
            ),
            (
                json!({"op": "remove", "path": "emails", "value": [{"value": "n"}]}),
                InvalidValue,
                "a remove of emails takes no value; use emails[…]",
            ),
            (
                json!({"op": "replace", "path": "title"}),
                InvalidValue,
                "an operation that is no remove needs a value",
            ),
            (
                json!({"op": "move", "path": "title"}),
                InvalidSyntax,
                "there is no op \"move\"",
            ),
            (
                json!({"op": "replace", "path": "a b", "value": 1}),
                InvalidPath,
                "\"a b\" is no path of an attribute",
            ),
            (
                json!({"op": "add", "value": {"name.givenName": "B"}}),
                InvalidPath,
                "this app has no attribute name.givenName",
            ),
        ] {
            let refused = run(json!([operation])).expect_err("refused");
            assert_eq!(refused, (Some(kind), detail.to_owned()), "{operation}");
        }
    }
}
