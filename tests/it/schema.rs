//! The keys of a JSON Schema, flat.
//!
//! Promises every key that a reader of the schema could write, by its path: `*` for a name of the
//! writer's own, `[]` for an item of a list. Leaves comparing them to [`super::docs`].

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// One key.
#[derive(Debug, Default)]
pub(super) struct Key {
    /// What holds where nobody says anything.
    pub default: Option<Json>,
    /// Must it be said?
    pub needed: bool,
    /// The words that it takes, if it takes only these.
    pub words: Vec<String>,
}

/// Every key of a schema, by path.
pub(super) fn keys(root: &Json) -> BTreeMap<String, Key> {
    let mut found = BTreeMap::new();
    walk(root, root, "", &mut found);
    assert!(!found.is_empty(), "the schema has no keys");
    found
}

/// Does another key begin with this one?
pub(super) fn is_leaf(keys: &BTreeMap<String, Key>, path: &str) -> bool {
    let below = [".", "[]."].map(|joint| format!("{path}{joint}"));
    !keys
        .keys()
        .any(|other| below.iter().any(|start| other.starts_with(start)))
}

fn walk(schema: &Json, root: &Json, path: &str, found: &mut BTreeMap<String, Key>) {
    let schema = resolve(schema, root);
    for branch in branches(schema) {
        walk(branch, root, path, found);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = match path {
            "" => name.clone(),
            _ => format!("{path}.{name}"),
        };
        let key = Key {
            default: inner
                .get("default")
                .filter(|value| !value.is_null())
                .cloned(),
            needed: schema["required"]
                .as_array()
                .is_some_and(|needed| needed.iter().any(|one| one == name)),
            words: words(inner, root),
        };
        found.insert(path.clone(), key);
        walk(inner, root, &path, found);
    }
    if schema["additionalProperties"].is_object() {
        walk(
            &schema["additionalProperties"],
            root,
            &format!("{path}.*"),
            found,
        );
    }
    if schema["items"].is_object() {
        walk(&schema["items"], root, &format!("{path}[]"), found);
    }
}

fn resolve<'s>(schema: &'s Json, root: &'s Json) -> &'s Json {
    match schema["$ref"].as_str() {
        Some(reference) => root
            .pointer(&reference[1..])
            .expect("the reference leads somewhere"),
        None => schema,
    }
}

fn branches(schema: &Json) -> impl Iterator<Item = &Json> {
    ["anyOf", "oneOf", "allOf"]
        .into_iter()
        .flat_map(|key| schema[key].as_array().into_iter().flatten())
}

fn words(schema: &Json, root: &Json) -> Vec<String> {
    let schema = resolve(schema, root);
    let own = schema["const"].as_str().map(str::to_owned);
    let listed = schema["enum"].as_array().into_iter().flatten();
    let listed = listed.filter_map(|word| word.as_str().map(str::to_owned));
    let inner = branches(schema).chain(schema["items"].is_object().then_some(&schema["items"]));
    own.into_iter()
        .chain(listed)
        .chain(inner.flat_map(|inner| words(inner, root)))
        .collect()
}
