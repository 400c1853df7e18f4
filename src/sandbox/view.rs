//! Resources as an app shows them: what was asked for, without what is never shown.
//!
//! Promises that showing a whole resource copies nothing, so that long lists are quick. Leaves which
//! attributes are hidden to the rulebook.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

use super::object::{self, Object};
use super::paging::Window;
use super::path::AttrPath;
use super::records::Record;

/// Which attributes a client wants (RFC 7644, 3.9).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Projection {
    /// All that are shown by default.
    #[default]
    Whole,
    /// `attributes=`: only these, and what is always shown.
    Only(Vec<(String, AttrPath)>),
    /// `excludedAttributes=`: all but these.
    Without(Vec<AttrPath>),
}

impl Projection {
    /// From the two parameters; the first one counts if there are both.
    pub(super) fn of(only: Option<&str>, without: Option<&str>) -> Self {
        let names = |list: &str| -> Vec<(String, AttrPath)> {
            let names = list.split(',').map(str::trim);
            names
                .filter_map(|name| Some((name.to_owned(), AttrPath::parse(name)?)))
                .collect()
        };
        match (only, without) {
            (Some(only), _) => Self::Only(names(only)),
            (None, Some(without)) => {
                Self::Without(names(without).into_iter().map(|(_, path)| path).collect())
            }
            (None, None) => Self::Whole,
        }
    }

    fn shows_members(&self) -> bool {
        let is_members = |path: &AttrPath| path.name.eq_ignore_ascii_case("members");
        match self {
            Self::Whole => true,
            Self::Only(paths) => paths.iter().any(|(_, path)| is_members(path)),
            Self::Without(paths) => !paths
                .iter()
                .any(|path| is_members(path) && path.sub.is_none()),
        }
    }

    fn apply<'a>(&self, resource: Cow<'a, Object>) -> Cow<'a, Object> {
        match self {
            Self::Whole => resource,
            Self::Only(paths) => {
                let kept = resource
                    .iter()
                    .filter_map(|(key, value)| Some((key.clone(), only(key, value, paths)?)));
                Cow::Owned(kept.collect())
            }
            Self::Without(paths) => {
                let mut resource = resource.into_owned();
                for path in paths {
                    if !is_always(&path.name) {
                        object::remove(&mut resource, path);
                    }
                }
                Cow::Owned(resource)
            }
        }
    }
}

/// `id` and `schemas` are in every answer (RFC 7643, 3.1).
fn is_always(name: &str) -> bool {
    name.eq_ignore_ascii_case("id") || name.eq_ignore_ascii_case("schemas")
}

/// What remains of the attribute `key`, if something does.
fn only(key: &str, value: &Json, paths: &[(String, AttrPath)]) -> Option<Json> {
    let is_whole = |(text, path): &(String, AttrPath)| {
        text.eq_ignore_ascii_case(key)
            || (path.schema.is_none() && path.name.eq_ignore_ascii_case(key) && path.sub.is_none())
    };
    if is_always(key) || paths.iter().any(is_whole) {
        return Some(value.clone());
    }
    let in_extension = |path: &AttrPath| {
        path.schema
            .as_ref()
            .is_some_and(|urn| urn.eq_ignore_ascii_case(key))
    };
    let named: Vec<&AttrPath> = paths.iter().map(|(_, path)| path).collect();
    let subs: Vec<&str> = named
        .iter()
        .filter_map(|path| {
            if in_extension(path) {
                return Some(path.name.as_str());
            }
            let is_ours = path.schema.is_none() && path.name.eq_ignore_ascii_case(key);
            path.sub.as_deref().filter(|_| is_ours)
        })
        .collect();
    if subs.is_empty() {
        None
    } else {
        Some(parts(value, &subs))
    }
}

fn parts(value: &Json, subs: &[&str]) -> Json {
    match value {
        Json::Array(items) => items.iter().map(|item| parts(item, subs)).collect(),
        Json::Object(fields) => {
            let wanted = |key: &String| subs.iter().any(|sub| sub.eq_ignore_ascii_case(key));
            let kept = fields.iter().filter(|(key, _)| wanted(key));
            Json::Object(
                kept.map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
            )
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => value.clone(),
    }
}

/// A resource on its way out.
pub(super) struct Shown<'a> {
    resource: Cow<'a, Object>,
    members: Option<Vec<&'a Json>>,
    location: String,
}

impl Shown<'_> {
    /// Leaves members out, by their id.
    pub(super) fn without_members(mut self, is_hidden: &dyn Fn(&str) -> bool) -> Self {
        let id = |member: &Json| member["value"].as_str().map(str::to_owned);
        if let Some(members) = &mut self.members {
            members.retain(|member| !id(member).is_some_and(|id| is_hidden(&id)));
        }
        self.members = self.members.filter(|members| !members.is_empty());
        self
    }
}

/// Shows a record whose address is `location`. `members`: does the app show members at all?
pub(super) fn show<'a>(
    record: &'a Record,
    projection: &Projection,
    hidden: &[AttrPath],
    members: bool,
    location: String,
) -> Shown<'a> {
    let mut resource = Cow::Borrowed(&record.resource);
    for path in hidden {
        if !object::places(&resource, path).is_empty() {
            object::remove(resource.to_mut(), path);
        }
    }
    let shows = members && !record.members.is_empty() && projection.shows_members();
    Shown {
        resource: projection.apply(resource),
        members: shows.then(|| record.members.values().collect()),
        location,
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.resource.iter() {
            match value {
                Json::Object(meta) if key == "meta" => {
                    let location = ("location", Part::Text(&self.location));
                    let fields = meta.iter().map(|(key, value)| (&**key, Part::Json(value)));
                    let meta: BTreeMap<&str, Part<'_>> = fields.chain([location]).collect();
                    map.serialize_entry(key, &meta)?;
                }
                _ => map.serialize_entry(key, value)?,
            }
        }
        if let Some(members) = &self.members {
            map.serialize_entry("members", members)?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Part<'a> {
    Text(&'a str),
    Json(&'a Json),
}

/// A page of a list (RFC 7644, 3.4.2).
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<'a> {
    schemas: [&'static str; 1],
    total_results: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    #[serde(rename = "itemsPerPage")]
    size: usize,
    #[serde(rename = "Resources")]
    resources: Vec<Shown<'a>>,
}

impl<'a> Page<'a> {
    /// The resources in the window, of `total`.
    pub(super) fn new(total: usize, window: &Window, resources: Vec<Shown<'a>>) -> Self {
        Self {
            schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            total_results: total,
            start_index: window.start(),
            next_cursor: window.next_cursor(total),
            size: resources.len(),
            resources,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::records::Members;
    use super::*;

    fn shown(projection: &Projection) -> Json {
        let resource = json!({
            "id": "u-1", "schemas": ["s"], "userName": "ana", "badge": "secret",
            "name": {"givenName": "Ana", "familyName": "Silva"},
            "emails": [{"value": "a@x", "type": "work"}],
            "meta": {"version": "W/\"1\""},
            "urn:x:2.0:User": {"division": "North", "costCenter": "7"},
        });
        let record = Record {
            resource: resource.as_object().expect("an object").clone(),
            members: Members::new(),
            version: 1,
            foreign: false,
        };
        let hidden = [AttrPath::parse("badge").expect("a path")];
        let shown = show(&record, projection, &hidden, true, "http://x/u-1".into());
        serde_json::to_value(shown).expect("JSON")
    }

    #[test]
    fn a_whole_resource_is_shown_without_what_is_hidden() {
        assert_eq!(
            shown(&Projection::Whole),
            json!({
                "id": "u-1", "schemas": ["s"], "userName": "ana",
                "name": {"givenName": "Ana", "familyName": "Silva"},
                "emails": [{"value": "a@x", "type": "work"}],
                "meta": {"version": "W/\"1\"", "location": "http://x/u-1"},
                "urn:x:2.0:User": {"division": "North", "costCenter": "7"},
            })
        );
    }

    #[test]
    fn only_what_was_asked_for_is_shown() {
        let asked = "USERNAME, name.givenName,emails.value,urn:x:2.0:User:division,badge";
        assert_eq!(
            shown(&Projection::of(Some(asked), None)),
            json!({
                "id": "u-1", "schemas": ["s"], "userName": "ana", "name": {"givenName": "Ana"},
                "emails": [{"value": "a@x"}], "urn:x:2.0:User": {"division": "North"},
            })
        );
    }

    #[test]
    fn what_was_excluded_is_left_out() {
        let excluded = "id,name.familyName,emails,meta,urn:x:2.0:User:division";
        assert_eq!(
            shown(&Projection::of(None, Some(excluded))),
            json!({
                "id": "u-1", "schemas": ["s"], "userName": "ana", "name": {"givenName": "Ana"},
                "urn:x:2.0:User": {"costCenter": "7"},
            })
        );
    }
}
