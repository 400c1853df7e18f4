//! The schemas of an app, as it describes them to its clients (RFC 7643, 7).
//!
//! Promises every characteristic of every attribute, as the profile has it: a client that keeps to the
//! description is not refused. Leaves what no schema can say, such as lengths and patterns, to the
//! refusals.

use serde_json::{Value as Json, json};

use super::app::App;
use super::object::Object;
use super::path::{GROUP, USER};
use super::shape::{Form, Node, Nodes};
use crate::core::attribute::AttrName;
use crate::core::profile::{AttributeRule, Comparison, Profile, Required, ValueKind};

/// Attributes whose value is an address, and of what (RFC 7643, 4.1.1, 4.1.2, 4.2, 4.3).
const REFERENCES: [(&str, &str); 4] = [
    ("profileUrl", "external"),
    ("photos.value", "external"),
    ("manager.$ref", "User"),
    ("members.$ref", "User"),
];

/// Attributes that are settled when a member is added (RFC 7643, 8.7.1).
const IMMUTABLE: [&str; 3] = ["members.value", "members.$ref", "members.type"];

/// All schemas of an app; the addresses begin with `base`.
pub(super) fn all(app: &App, base: &str) -> Vec<Json> {
    let profile = &app.profile;
    let mut all = vec![schema(base, USER, "User", &app.user_shape.nodes, &|name| {
        rule(profile, name)
    })];
    for (urn, nodes) in app.user_shape.extensions.values() {
        let name = urn.split(':').rev().nth(2).unwrap_or("extension");
        all.push(schema(base, urn, name, nodes, &|name| {
            rule(profile, &format!("{urn}:{name}"))
        }));
    }
    if profile.has_groups() {
        let nodes = &app.group_shape.nodes;
        all.push(schema(base, GROUP, "Group", nodes, &rule_of_group));
    }
    all
}

/// The profile's rule for a user's attribute; what every app has is as RFC 7643, 8.7.1 says.
fn rule(profile: &Profile, name: &str) -> AttributeRule {
    let known = profile.rule(&AttrName::from(name)).cloned();
    match name {
        "userName" => AttributeRule {
            required: Required::Always,
            ..known.unwrap_or_default()
        },
        "active" => AttributeRule {
            kind: ValueKind::Boolean,
            ..AttributeRule::default()
        },
        _ => known.unwrap_or_else(plain),
    }
}

/// Groups are the same at every app: each has a name of its own.
fn rule_of_group(name: &str) -> AttributeRule {
    match name {
        "displayName" => AttributeRule {
            required: Required::Always,
            unique: true,
            ..plain()
        },
        _ => plain(),
    }
}

/// Of an attribute about which nothing is said (RFC 7643, 2.2).
fn plain() -> AttributeRule {
    AttributeRule {
        compare: Comparison::Fold,
        ..AttributeRule::default()
    }
}

type RuleOf<'a> = &'a dyn Fn(&str) -> AttributeRule;

fn schema(base: &str, urn: &str, name: &str, nodes: &Nodes, rule: RuleOf<'_>) -> Json {
    // Common attributes belong to no schema (RFC 7643, 3.1).
    let own = nodes.values().filter(|node| node.name != "externalId");
    let attributes: Vec<Json> = own.map(|node| attribute(node, rule)).collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "description": name,
        "attributes": attributes,
        "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{urn}")},
    })
}

fn attribute(node: &Node, rule: RuleOf<'_>) -> Json {
    let own = rule(&node.name);
    let described = match node.form {
        Form::Single => characteristics(&node.name, &node.name, kind(&node.name, own.kind), &own),
        Form::Complex | Form::Objects | Form::Items => {
            let subs: Vec<Json> = node.subs.iter().map(|sub| part(node, sub, rule)).collect();
            let whole = AttributeRule {
                one_of: Vec::new(),
                unique: false,
                required: required(node, &own),
                ..own
            };
            let mut described = characteristics(&node.name, &node.name, "complex", &whole);
            described.insert("subAttributes".into(), subs.into());
            described
        }
    };
    let many = matches!(node.form, Form::Objects | Form::Items);
    with_many(described, many)
}

/// A list or an object is required when its value is; a rule for a part speaks of the part alone.
fn required(node: &Node, own: &AttributeRule) -> Required {
    match node.form {
        Form::Objects | Form::Items | Form::Single => own.required,
        Form::Complex if own.kind == ValueKind::Account => own.required,
        Form::Complex => Required::No,
    }
}

/// A sub-attribute; `value` goes by the rule of the whole.
fn part(node: &Node, sub: &str, rule: RuleOf<'_>) -> Json {
    let path = format!("{}.{sub}", node.name);
    let own = match sub {
        "value" => AttributeRule {
            required: Required::No,
            ..rule(&node.name)
        },
        "primary" => AttributeRule {
            kind: ValueKind::Boolean,
            ..AttributeRule::default()
        },
        _ => rule(&path),
    };
    with_many(
        characteristics(sub, &path, kind(&path, own.kind), &own),
        false,
    )
}

fn with_many(mut described: Object, many: bool) -> Json {
    described.insert("multiValued".into(), many.into());
    Json::Object(described)
}

/// The data type (RFC 7643, 2.3).
fn kind(path: &str, kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Boolean => "boolean",
        ValueKind::Integer => "integer",
        _ if reference(path).is_some() => "reference",
        _ if path == "x509Certificates.value" => "binary",
        ValueKind::Text | ValueKind::TextOrInteger | ValueKind::List | ValueKind::Account => {
            "string"
        }
    }
}

fn reference(path: &str) -> Option<&'static str> {
    let known = REFERENCES.iter().find(|(known, _)| *known == path);
    known.map(|(_, kind)| *kind)
}

/// All that RFC 7643, 7 has a word for, but `multiValued` and `subAttributes`.
fn characteristics(name: &str, path: &str, kind: &str, rule: &AttributeRule) -> Object {
    let mutability = match (rule.write_only, rule.fixed || IMMUTABLE.contains(&path)) {
        (true, _) => "writeOnly",
        (false, true) => "immutable",
        (false, false) => "readWrite",
    };
    let mut described = Object::new();
    let mut say = |word: &str, value: Json| described.insert(word.to_owned(), value);
    say("name", name.into());
    say("type", kind.into());
    say("description", path.into());
    say("required", (rule.required != Required::No).into());
    say("mutability", mutability.into());
    say(
        "returned",
        if rule.write_only { "never" } else { "default" }.into(),
    );
    say(
        "uniqueness",
        if rule.unique { "server" } else { "none" }.into(),
    );
    if kind == "string" {
        say("caseExact", (rule.compare == Comparison::Exact).into());
    }
    if !rule.one_of.is_empty() {
        say("canonicalValues", rule.one_of.clone().into());
    }
    if let Some(kind) = reference(path) {
        say("referenceTypes", json!([kind]));
    }
    described
}
