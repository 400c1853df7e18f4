//! JSON objects as SCIM sees them: names without regard to case, null the same as absence.
//!
//! Promises to find the values of a path wherever they sit: in an extension, in a complex attribute,
//! in the elements of a list. Leaves to the shape which of them may be there.

use serde_json::{Map, Value as Json};

use super::path::AttrPath;

/// A resource, or a part of one.
pub(super) type Object = Map<String, Json>;

/// The value under `name`, in any spelling (RFC 7643, 2.1).
pub(super) fn get<'a>(object: &'a Object, name: &str) -> Option<&'a Json> {
    object.get(name).or_else(|| {
        let mut fields = object.iter();
        fields
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// The value under `name`, in any spelling, to be changed.
pub(super) fn get_mut<'a>(object: &'a mut Object, name: &str) -> Option<&'a mut Json> {
    let mut fields = object.iter_mut();
    fields
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// The text under `name`.
pub(super) fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    get(object, name).and_then(Json::as_str)
}

/// Takes the value under `name` out, in any spelling.
pub(super) fn take(object: &mut Object, name: &str) -> Option<Json> {
    let key = object
        .keys()
        .find(|key| key.eq_ignore_ascii_case(name))?
        .clone();
    object.remove(&key)
}

/// Null, an empty list and an empty object are no value (RFC 7643, 2.5).
pub(super) fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

/// The values at `path` that are some; of an object without a sub-attribute named, its `value`.
pub(super) fn values<'a>(object: &'a Object, path: &AttrPath) -> Vec<&'a Json> {
    let mut found = places(object, path);
    found.retain(|value| !is_blank(value));
    found
}

/// The values at `path`, nulls included.
pub(super) fn places<'a>(object: &'a Object, path: &AttrPath) -> Vec<&'a Json> {
    let Some(top) = container(object, path).and_then(|within| get(within, &path.name)) else {
        return Vec::new();
    };
    let sub = path.sub.as_deref().unwrap_or("value");
    match top {
        Json::Array(items) => items.iter().filter_map(|item| part(item, sub)).collect(),
        Json::Object(fields) => get(fields, sub).into_iter().collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            if path.sub.is_none() {
                vec![top]
            } else {
                Vec::new()
            }
        }
    }
}

fn part<'a>(item: &'a Json, sub: &str) -> Option<&'a Json> {
    match item {
        Json::Object(fields) => get(fields, sub),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            sub.eq_ignore_ascii_case("value").then_some(item)
        }
    }
}

/// The object that holds the attribute of `path`: the resource, or its extension.
pub(super) fn container<'a>(object: &'a Object, path: &AttrPath) -> Option<&'a Object> {
    match &path.schema {
        None => Some(object),
        Some(urn) => get(object, urn)?.as_object(),
    }
}

/// Calls `change` on each value at `path`, nulls included.
pub(super) fn visit(object: &mut Object, path: &AttrPath, change: &mut dyn FnMut(&mut Json)) {
    let within = match &path.schema {
        None => Some(object),
        Some(urn) => get_mut(object, urn).and_then(Json::as_object_mut),
    };
    let Some(top) = within.and_then(|within| get_mut(within, &path.name)) else {
        return;
    };
    let sub = path.sub.as_deref().unwrap_or("value");
    match top {
        Json::Array(items) => {
            for item in items {
                visit_part(item, sub, change);
            }
        }
        Json::Object(_) => visit_part(top, sub, change),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            if path.sub.is_none() {
                change(top);
            }
        }
    }
}

fn visit_part(item: &mut Json, sub: &str, change: &mut dyn FnMut(&mut Json)) {
    if let Json::Object(fields) = item {
        if let Some(value) = get_mut(fields, sub) {
            change(value);
        }
    } else if sub.eq_ignore_ascii_case("value") {
        change(item);
    }
}

/// Takes away what `path` leads to.
pub(super) fn remove(object: &mut Object, path: &AttrPath) {
    let within = match &path.schema {
        None => Some(object),
        Some(urn) => get_mut(object, urn).and_then(Json::as_object_mut),
    };
    let Some(within) = within else { return };
    let Some(sub) = &path.sub else {
        take(within, &path.name);
        return;
    };
    match get_mut(within, &path.name) {
        Some(Json::Array(items)) => {
            for fields in items.iter_mut().filter_map(Json::as_object_mut) {
                take(fields, sub);
            }
        }
        Some(Json::Object(fields)) => {
            take(fields, sub);
        }
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Object {
        let value = json!({
            "UserName": "ana",
            "name": {"givenName": "Ana", "familyName": null},
            "emails": [{"value": "a@x", "type": "work"}, {"type": "home"}],
            "roles": ["guard"],
            "urn:x:2.0:User": {"division": "North", "manager": {"value": "u-1"}},
        });
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn values_are_found_where_they_sit() {
        let object = sample();
        for (path, wanted) in [
            ("userName", json!(["ana"])),
            ("name.givenName", json!(["Ana"])),
            ("name.familyName", json!([])),
            ("emails", json!(["a@x"])),
            ("emails.type", json!(["work", "home"])),
            ("roles", json!(["guard"])),
            ("URN:X:2.0:user:division", json!(["North"])),
            ("urn:x:2.0:User:manager", json!(["u-1"])),
            ("nickName", json!([])),
        ] {
            let path = AttrPath::parse(path).expect("a path");
            assert_eq!(json!(values(&object, &path)), wanted, "{path:?}");
        }
    }

    #[test]
    fn a_part_is_removed_from_every_element() {
        let mut object = sample();
        remove(
            &mut object,
            &AttrPath::parse("emails.type").expect("a path"),
        );
        assert_eq!(object["emails"], json!([{"value": "a@x"}, {}]));
    }
}
