//! Which attributes a resource of an app has, and of which form each one is.
//!
//! Promises that what a client sends comes out in the app's own spelling or is refused, and that
//! what the app already holds passes untouched. Leaves lengths, kinds and words to the rulebook.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::object::{self, Object};
use super::path::{AttrPath, GROUP, USER};
use super::refusal::Refusal;
use crate::core::attribute::AttrName;
use crate::core::profile::{AccountForm, Profile, ValueKind};

/// Attributes that only the app writes (RFC 7643, 3.1, 4.1.2).
const READ_ONLY: [&str; 3] = ["id", "meta", "groups"];

/// Attributes of users that are lists of objects by the standard (RFC 7643, 4.1.2).
const LISTS: [&str; 8] = [
    "emails",
    "phoneNumbers",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
    "x509Certificates",
];

/// The sub-attributes of an element that has a `value` and refers to no resource (RFC 7643, 2.4, 8.7.1).
const ELEMENT: [&str; 4] = ["value", "display", "type", "primary"];

/// Names in lower case, with what they stand for.
pub(super) type Nodes = BTreeMap<String, Node>;

/// The attributes of a kind of resource.
#[derive(Debug)]
pub(super) struct Shape {
    /// The URN of the core schema.
    pub(super) core: &'static str,
    /// Attributes of the core schema.
    pub(super) nodes: Nodes,
    /// Extensions by URN in lower case: the URN, and their attributes.
    pub(super) extensions: BTreeMap<String, (String, Nodes)>,
}

/// An attribute.
#[derive(Debug)]
pub(super) struct Node {
    /// Its name as the app writes it.
    pub(super) name: String,
    /// Of which form its value is.
    pub(super) form: Form,
    /// The sub-attributes it takes.
    pub(super) subs: Vec<String>,
}

/// Of which form a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One text, number or boolean.
    Single,
    /// An object.
    Complex,
    /// A list of objects.
    Objects,
    /// A list of texts or objects.
    Items,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// To all of an extension.
    Extension(&'a str, &'a Nodes),
    /// To an attribute, in an extension or not, and to a sub-attribute or not.
    Attribute(Option<&'a str>, &'a Node, Option<&'a str>),
}

impl Shape {
    /// The users of a profile: what it lists, and `userName` and `active` in any case.
    pub(super) fn of_users(profile: &Profile) -> Self {
        let mut shape = Self {
            core: USER,
            nodes: Nodes::new(),
            extensions: BTreeMap::new(),
        };
        shape.add(&AttrPath::of(&"userName".into()), Form::Single, &[]);
        shape.add(&AttrPath::of(&"active".into()), Form::Single, &[]);
        if profile
            .users
            .matching
            .iter()
            .any(|name| name.as_str() == "externalId")
        {
            shape.add(&AttrPath::of(&"externalId".into()), Form::Single, &[]);
        }
        for name in profile.attributes.keys() {
            shape.add_listed(profile, name);
        }
        shape
    }

    /// The groups of every app.
    pub(super) fn of_groups() -> Self {
        let mut shape = Self {
            core: GROUP,
            nodes: Nodes::new(),
            extensions: BTreeMap::new(),
        };
        shape.add(&AttrPath::of(&"displayName".into()), Form::Single, &[]);
        shape.add(&AttrPath::of(&"externalId".into()), Form::Single, &[]);
        shape.add(
            &AttrPath::of(&"members".into()),
            Form::Objects,
            &["value", "display", "type", "$ref"],
        );
        shape
    }

    fn add_listed(&mut self, profile: &Profile, name: &AttrName) {
        let path = AttrPath::of(name);
        let Some(rule) = profile.rule(name) else {
            return;
        };
        let standard = LISTS
            .iter()
            .any(|list| path.name.eq_ignore_ascii_case(list));
        let (form, subs): (Form, &[&str]) = match (rule.kind, &path.sub) {
            _ if rule.element.is_some() || standard => (Form::Objects, &["type", "primary"]),
            (ValueKind::List, None) => (Form::Items, &ELEMENT),
            (ValueKind::Account, None) if rule.account == AccountForm::Text => (Form::Single, &[]),
            (ValueKind::Account, None) => (Form::Complex, &["value", "$ref", "displayName"]),
            (_, Some(_)) => (Form::Complex, &[]),
            (_, None) => (Form::Single, &[]),
        };
        let is_value = path
            .sub
            .as_deref()
            .is_none_or(|sub| sub.eq_ignore_ascii_case("value"));
        if form == Form::Objects && is_value {
            self.add(&path, form, &ELEMENT);
        }
        self.add(&path, form, subs);
    }

    fn add(&mut self, path: &AttrPath, form: Form, subs: &[&str]) {
        let nodes = match &path.schema {
            None => &mut self.nodes,
            Some(urn) => {
                let fresh = || (urn.clone(), Nodes::new());
                &mut self
                    .extensions
                    .entry(urn.to_lowercase())
                    .or_insert_with(fresh)
                    .1
            }
        };
        let node = nodes
            .entry(path.name.to_lowercase())
            .or_insert_with(|| Node {
                name: path.name.clone(),
                form,
                subs: Vec::new(),
            });
        for sub in subs.iter().copied().chain(path.sub.as_deref()) {
            if node.sub(sub).is_none() {
                node.subs.push(sub.into());
            }
        }
    }

    /// Where a path of a PATCH operation leads.
    pub(super) fn locate(&self, path: &AttrPath) -> Result<Place<'_>, Refusal> {
        if path.schema.is_none() && is_read_only(&path.name) {
            return Err(read_only(&path.name));
        }
        let (urn, nodes) = match &path.schema {
            None => (None, &self.nodes),
            Some(urn) => {
                if let Some(place) = self.whole_extension(urn, path) {
                    return Ok(place);
                }
                let Some((urn, nodes)) = self.extensions.get(&urn.to_lowercase()) else {
                    return Err(Refusal::path(format!("this app has no schema {urn}")));
                };
                (Some(urn.as_str()), nodes)
            }
        };
        let node = nodes
            .get(&path.name.to_lowercase())
            .ok_or_else(|| Refusal::path(format!("this app has no attribute {}", path.name)))?;
        let sub = match &path.sub {
            None => None,
            Some(sub) => Some(node.sub(sub).ok_or_else(|| {
                Refusal::path(format!("{} has no sub-attribute {sub}", node.name))
            })?),
        };
        Ok(Place::Attribute(urn, node, sub))
    }

    /// The path `urn:…:2.0:User` alone: its last part looks like an attribute.
    fn whole_extension(&self, urn: &str, path: &AttrPath) -> Option<Place<'_>> {
        if path.sub.is_some() {
            return None;
        }
        let whole = format!("{urn}:{}", path.name).to_lowercase();
        let (urn, nodes) = self.extensions.get(&whole)?;
        Some(Place::Extension(urn, nodes))
    }

    /// A whole resource as a client sent it, in our spelling; nulls are kept. What is equal to what
    /// `before` holds passes even if nobody knows it: a client that replaces a resource has to carry
    /// what it does not understand.
    pub(super) fn admit(&self, sent: Object, before: Option<&Object>) -> Result<Object, Refusal> {
        let mut admitted = Object::new();
        for (key, value) in sent {
            if key.eq_ignore_ascii_case("schemas") || is_read_only(&key) {
                continue;
            }
            let held = before.and_then(|before| before.get(&key));
            if let Some((urn, nodes)) = self.extensions.get(&key.to_lowercase()) {
                let part = admit_part(nodes, value, held.and_then(Json::as_object), &key)?;
                admitted.insert(urn.clone(), part);
            } else if let Some((name, value)) = admit_one(&self.nodes, &key, value, held)? {
                admitted.insert(name, value);
            }
        }
        Ok(admitted)
    }

    /// Drops the nulls and empty things that were sent for our attributes; what was there before
    /// stays as it is.
    pub(super) fn prune(&self, before: Option<&Object>, after: &mut Object) {
        prune_nodes(&self.nodes, before, after);
        for (urn, nodes) in self.extensions.values() {
            let held = before.and_then(|before| before.get(urn));
            let Some(part) = after.get_mut(urn) else {
                continue;
            };
            if held == Some(part) {
                continue;
            }
            if let Some(fields) = part.as_object_mut() {
                prune_nodes(nodes, held.and_then(Json::as_object), fields);
            }
            if object::is_blank(part) {
                after.remove(urn);
            }
        }
    }

    /// The URNs of the schemas that `resource` uses, ours only.
    pub(super) fn schemas_of(&self, resource: &Object) -> Vec<String> {
        let extensions = self.extensions.values().map(|(urn, _)| urn);
        let used = extensions
            .filter(|urn| resource.contains_key(*urn))
            .cloned();
        std::iter::once(self.core.to_owned()).chain(used).collect()
    }

    /// Writes the names that we know in our own spelling.
    pub(super) fn respell(&self, resource: &mut Object) {
        let known = self.nodes.values().map(|node| &node.name);
        for name in known.chain(self.extensions.values().map(|(urn, _)| urn)) {
            respell_one(resource, name);
        }
        for (urn, nodes) in self.extensions.values() {
            if let Some(part) = resource.get_mut(urn).and_then(Json::as_object_mut) {
                for node in nodes.values() {
                    respell_one(part, &node.name);
                }
            }
        }
    }
}

fn respell_one(object: &mut Object, name: &str) {
    if !object.contains_key(name)
        && let Some(value) = object::take(object, name)
    {
        object.insert(name.into(), value);
    }
}

fn is_read_only(name: &str) -> bool {
    READ_ONLY
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// The refusal of a PATCH of what only the app writes.
pub(super) fn read_only(name: &str) -> Refusal {
    Refusal::mutability(format!("{name} is read-only"))
}

/// The attributes of an extension as a client sent them, in our spelling.
pub(super) fn admit_part(
    nodes: &Nodes,
    value: Json,
    before: Option<&Object>,
    urn: &str,
) -> Result<Json, Refusal> {
    let fields = match value {
        Json::Object(fields) => fields,
        Json::Null => return Ok(Json::Null),
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            return Err(Refusal::syntax(format!("{urn} has to be an object")));
        }
    };
    let mut admitted = Object::new();
    for (key, value) in fields {
        let held = before.and_then(|before| before.get(&key));
        if let Some((name, value)) = admit_one(nodes, &key, value, held)? {
            admitted.insert(name, value);
        }
    }
    Ok(Json::Object(admitted))
}

fn admit_one(
    nodes: &Nodes,
    key: &str,
    value: Json,
    held: Option<&Json>,
) -> Result<Option<(String, Json)>, Refusal> {
    if held == Some(&value) {
        let name = nodes
            .get(&key.to_lowercase())
            .map_or(key, |node| &node.name);
        return Ok(Some((name.to_owned(), value)));
    }
    match nodes.get(&key.to_lowercase()) {
        Some(node) => Ok(Some((node.name.clone(), node.admit(value, held)?))),
        None => Err(Refusal::syntax(format!("this app has no attribute {key}"))),
    }
}

fn prune_nodes(nodes: &Nodes, before: Option<&Object>, after: &mut Object) {
    for node in nodes.values() {
        let held = before.and_then(|before| before.get(&node.name));
        let Some(value) = after.get_mut(&node.name) else {
            continue;
        };
        if held == Some(value) {
            continue;
        }
        match value {
            Json::Object(fields) => fields.retain(|_, value| !object::is_blank(value)),
            Json::Array(items) => prune_items(items, held.and_then(Json::as_array)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        }
        if object::is_blank(value) {
            after.remove(&node.name);
        }
    }
}

fn prune_items(items: &mut Vec<Json>, held: Option<&Vec<Json>>) {
    items.retain_mut(|item| {
        if held.is_some_and(|held| held.contains(item)) {
            return true;
        }
        let Json::Object(fields) = item else {
            return !object::is_blank(item);
        };
        fields.retain(|_, value| !object::is_blank(value));
        fields.keys().any(|key| key != "type" && key != "primary")
    });
}

impl Node {
    /// A sub-attribute in our spelling.
    pub(super) fn sub(&self, name: &str) -> Option<&str> {
        self.subs
            .iter()
            .find(|sub| sub.eq_ignore_ascii_case(name))
            .map(String::as_str)
    }

    /// A value as a client sent it, in our spelling.
    pub(super) fn admit(&self, value: Json, held: Option<&Json>) -> Result<Json, Refusal> {
        let name = &self.name;
        match (self.form, value) {
            (_, Json::Null) => Ok(Json::Null),
            (Form::Single, Json::Object(_) | Json::Array(_)) => {
                Err(Refusal::value(format!("{name} takes one plain value")))
            }
            (Form::Single, value) => Ok(value),
            (Form::Complex, Json::Object(fields)) => self
                .admit_fields(fields, held.and_then(Json::as_object))
                .map(Json::Object),
            (Form::Complex, _) => Err(Refusal::value(format!("{name} has to be an object"))),
            (Form::Objects | Form::Items, Json::Array(items)) => {
                let held = held.and_then(Json::as_array);
                let items = items.into_iter().map(|item| self.admit_item(item, held));
                Ok(Json::Array(items.collect::<Result<_, _>>()?))
            }
            (Form::Objects | Form::Items, _) => {
                Err(Refusal::value(format!("{name} has to be a list")))
            }
        }
    }

    /// An element of a list as a client sent it; one that the app holds just so passes untouched.
    pub(super) fn admit_item(&self, item: Json, held: Option<&Vec<Json>>) -> Result<Json, Refusal> {
        if held.is_some_and(|held| held.contains(&item)) {
            return Ok(item);
        }
        match (self.form, item) {
            (_, Json::Object(fields)) => self.admit_fields(fields, None).map(Json::Object),
            (Form::Items, item @ (Json::String(_) | Json::Number(_) | Json::Bool(_))) => Ok(item),
            (Form::Single | Form::Complex | Form::Objects | Form::Items, _) => Err(Refusal::value(
                format!("each element of {} has to be an object", self.name),
            )),
        }
    }

    fn admit_fields(&self, fields: Object, held: Option<&Object>) -> Result<Object, Refusal> {
        let mut admitted = Object::new();
        for (key, value) in fields {
            if held.is_some_and(|held| held.get(&key) == Some(&value)) {
                admitted.insert(self.sub(&key).unwrap_or(&key).to_owned(), value);
                continue;
            }
            let Some(name) = self.sub(&key) else {
                let problem = format!("{} has no sub-attribute {key}", self.name);
                return Err(Refusal::syntax(problem));
            };
            admitted.insert(name.to_owned(), self.admit_sub(name, value)?);
        }
        Ok(admitted)
    }

    /// The value of a sub-attribute: never an object or a list (RFC 7643, 2.3.8).
    pub(super) fn admit_sub(&self, sub: &str, value: Json) -> Result<Json, Refusal> {
        let fits = match (&value, sub) {
            (Json::Bool(_) | Json::Null, _) => true,
            (Json::Number(_) | Json::String(_), sub) => sub != "primary",
            (Json::Object(_) | Json::Array(_), _) => false,
        };
        if fits {
            Ok(value)
        } else {
            Err(Refusal::value(format!(
                "{}.{sub} has the wrong type",
                self.name
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::profile;
    use super::*;

    fn object(value: Json) -> Object {
        match value {
            Json::Object(fields) => fields,
            other => Object::from_iter([("not an object".to_owned(), other)]),
        }
    }

    fn admit(sent: Json, before: Option<Json>) -> Result<Json, String> {
        let shape = Shape::of_users(&profile());
        let before = before.map(object);
        let admitted = shape.admit(object(sent), before.as_ref());
        admitted.map(Json::Object).map_err(|refusal| refusal.detail)
    }

    #[test]
    fn names_come_out_in_our_spelling() {
        let sent = json!({
            "id": "mine", "USERNAME": "ana", "Name": {"GIVENNAME": "Ana"},
            "Emails": [{"VALUE": "a@x", "Type": "work"}],
            "URN:ietf:params:scim:schemas:extension:enterprise:2.0:user": {"DIVISION": "North"},
        });
        let wanted = json!({
            "userName": "ana", "name": {"givenName": "Ana"},
            "emails": [{"value": "a@x", "type": "work"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"division": "North"},
        });
        assert_eq!(admit(sent, None), Ok(wanted));
    }

    #[test]
    fn what_the_app_does_not_list_is_refused() {
        for (sent, wanted) in [
            (
                json!({"nickName": "A"}),
                "this app has no attribute nickName",
            ),
            (
                json!({"name": {"middleName": "A"}}),
                "name has no sub-attribute middleName",
            ),
            (
                json!({"urn:x:1.0:User": {}}),
                "this app has no attribute urn:x:1.0:User",
            ),
            (json!({"emails": "a@x"}), "emails has to be a list"),
            (
                json!({"emails": ["a@x"]}),
                "each element of emails has to be an object",
            ),
            (
                json!({"emails": [{"primary": "true"}]}),
                "emails.primary has the wrong type",
            ),
            (json!({"name": "Ana"}), "name has to be an object"),
            (json!({"title": ["A"]}), "title takes one plain value"),
        ] {
            assert_eq!(admit(sent, None), Err(wanted.into()));
        }
    }

    #[test]
    fn what_the_app_holds_may_be_carried_through() {
        let held = json!({
            "userName": "ana", "nickName": "A", "name": {"middleName": "M"},
            "emails": [{"value": "b@x", "type": "home", "rank": 3}],
            "urn:x:1.0:User": {"badge": 7},
        });
        assert_eq!(admit(held.clone(), Some(held.clone())), Ok(held.clone()));
        let mut changed = held.clone();
        changed["urn:x:1.0:User"]["badge"] = json!(8);
        assert_eq!(
            admit(changed, Some(held)),
            Err("this app has no attribute urn:x:1.0:User".into())
        );
    }

    #[test]
    fn pruning_spares_what_was_there() {
        let shape = Shape::of_users(&profile());
        let before = object(json!({"emails": [{"value": "b@x", "display": null}]}));
        let mut after = object(json!({
            "title": null, "name": {"givenName": null},
            "emails": [{"value": "b@x", "display": null}, {"value": null, "type": "work"}],
            "nickName": null,
        }));
        shape.prune(Some(&before), &mut after);
        let wanted = json!({"emails": [{"value": "b@x", "display": null}], "nickName": null});
        assert_eq!(Json::Object(after), wanted);
    }

    #[test]
    fn a_path_leads_to_an_attribute_or_to_an_extension() {
        let shape = Shape::of_users(&profile());
        let locate = |text: &str| {
            let path = AttrPath::parse(text).expect("a path");
            shape.locate(&path).map_err(|refusal| refusal.detail)
        };
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        assert!(matches!(locate(urn), Ok(Place::Extension(found, _)) if found == urn));
        assert!(matches!(
            locate("NAME.givenname"),
            Ok(Place::Attribute(None, node, Some("givenName"))) if node.name == "name"
        ));
        assert_eq!(locate("id").expect_err("read-only"), "id is read-only");
        assert_eq!(
            locate("x").expect_err("unknown"),
            "this app has no attribute x"
        );
        assert_eq!(
            locate("urn:x:y").expect_err("unknown"),
            "this app has no schema urn:x"
        );
        assert_eq!(
            locate("name.middleName").expect_err("unknown"),
            "name has no sub-attribute middleName"
        );
    }
}
