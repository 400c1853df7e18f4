//! What an app asks of the values of its users, attribute by attribute.
//!
//! Promises that a change is judged by what it changes: what was there before and stays is never
//! held against a request. Leaves names and forms to the shape, and uniqueness to the users.

use regex::Regex;
use serde_json::Value as Json;

use super::object::{self, Object};
use super::path::AttrPath;
use super::refusal::Refusal;
use super::shape::Shape;
use crate::core::attribute::AttrName;
use crate::core::profile::{AttributeRule, Clearing, Profile, Required, ValueKind};

/// How a resource came to its new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// POST.
    Create,
    /// PUT.
    Replace,
    /// PATCH.
    Patch,
}

/// The rules of an app's attributes.
#[derive(Debug)]
pub(super) struct Rulebook {
    rules: Vec<Ruled>,
    sets: Vec<Vec<AttrPath>>,
}

/// An attribute with its rule.
#[derive(Debug)]
struct Ruled {
    name: AttrName,
    path: AttrPath,
    rule: AttributeRule,
    pattern: Option<Regex>,
}

/// The pattern of an attribute is no regular expression.
#[derive(Debug, thiserror::Error)]
#[error("the pattern of {attribute} is no regular expression")]
pub struct BadPattern {
    /// Which attribute.
    pub attribute: AttrName,
    /// Why.
    #[source]
    pub cause: regex::Error,
}

impl Rulebook {
    /// The rules of a profile.
    pub(super) fn new(profile: &Profile) -> Result<Self, BadPattern> {
        let rules = profile
            .attributes
            .iter()
            .map(|(name, rule)| Ruled::new(name, rule));
        let paths = |set: &Vec<AttrName>| set.iter().map(AttrPath::of).collect();
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            sets: profile.all_or_none.iter().map(paths).collect(),
        })
    }

    /// The attributes that are never shown.
    pub(super) fn hidden(&self) -> impl Iterator<Item = &AttrPath> {
        self.rules
            .iter()
            .filter(|ruled| ruled.rule.write_only)
            .map(|ruled| &ruled.path)
    }

    /// The attributes that no two users share.
    pub(super) fn unique(&self) -> impl Iterator<Item = (&AttrName, &AttrPath)> {
        let rules = self.rules.iter().filter(|ruled| ruled.rule.unique);
        rules.map(|ruled| (&ruled.name, &ruled.path))
    }

    /// Brings `after` into the state the app would keep, or says what is wrong with it. `exists`
    /// tells whether there is a user of that id.
    pub(super) fn settle(
        &self,
        shape: &Shape,
        before: Option<&Object>,
        after: &mut Object,
        act: Act,
        exists: &dyn Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        if let Some(before) = before {
            for ruled in &self.rules {
                ruled.clear(before, after, act)?;
            }
        }
        shape.prune(before, after);
        for ruled in &self.rules {
            ruled.check(before, after, act, exists)?;
        }
        for set in &self.sets {
            check_set(set, before, after)?;
        }
        check_primaries(before, after)
    }
}

impl Ruled {
    fn new(name: &AttrName, rule: &AttributeRule) -> Result<Self, BadPattern> {
        let whole = |pattern: &String| Regex::new(&format!("^(?:{pattern})$"));
        let pattern = rule.pattern.as_ref().map(whole).transpose();
        Ok(Self {
            name: name.clone(),
            path: AttrPath::of(name),
            rule: rule.clone(),
            pattern: pattern.map_err(|cause| BadPattern {
                attribute: name.clone(),
                cause,
            })?,
        })
    }

    /// Applies the app's way of taking a value away to a value that is about to go.
    fn clear(&self, before: &Object, after: &mut Object, act: Act) -> Result<(), Refusal> {
        let emptied = self.rule.clear == Clearing::Empty && self.blank_empties(after);
        let gone = object::values(after, &self.path).is_empty()
            && !object::values(before, &self.path).is_empty();
        if !gone {
            return Ok(());
        }
        let nulled = object::places(after, &self.path)
            .iter()
            .any(|value| value.is_null());
        let (worded, wanted) = match self.rule.clear {
            Clearing::Remove => return Ok(()),
            Clearing::Null => (nulled, Some("null")),
            Clearing::Empty => (emptied, Some("an empty text")),
            Clearing::Never => (false, None),
        };
        match wanted {
            _ if worded => Ok(()),
            Some(wanted) if act == Act::Patch => Err(Refusal::value(format!(
                "{} is taken away by {wanted}",
                self.name.short()
            ))),
            Some(_) | None => {
                restore(before, after, &self.path);
                Ok(())
            }
        }
    }

    /// Turns empty texts into nulls; says whether there were any.
    fn blank_empties(&self, after: &mut Object) -> bool {
        let mut found = false;
        object::visit(after, &self.path, &mut |value| {
            if value.as_str() == Some("") {
                *value = Json::Null;
                found = true;
            }
        });
        found
    }

    fn check(
        &self,
        before: Option<&Object>,
        after: &Object,
        act: Act,
        exists: &dyn Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        let old = before
            .map(|before| object::values(before, &self.path))
            .unwrap_or_default();
        let new = object::values(after, &self.path);
        if act != Act::Create && old == new {
            return Ok(());
        }
        let name = self.name.short();
        if self.rule.fixed && !old.is_empty() {
            return Err(Refusal::mutability(format!(
                "{name} cannot change after the create"
            )));
        }
        if new.is_empty() && self.is_required(act, !old.is_empty()) {
            return Err(Refusal::value(format!("{name} is required")));
        }
        if self.rule.element.as_ref().is_some_and(|ours| ours.only) {
            self.check_alone(after)?;
        }
        let fresh = new.iter().filter(|value| !old.contains(value));
        fresh
            .into_iter()
            .try_for_each(|value| self.check_value(value, exists))
    }

    /// Where the app keeps one element, there is one.
    fn check_alone(&self, after: &Object) -> Result<(), Refusal> {
        let list = object::container(after, &self.path)
            .and_then(|held| object::get(held, &self.path.name))
            .and_then(Json::as_array);
        if list.is_none_or(|items| items.len() <= 1) {
            return Ok(());
        }
        let name = &self.path.name;
        Err(Refusal::value(format!("{name} takes one element")))
    }

    fn is_required(&self, act: Act, was_there: bool) -> bool {
        match self.rule.required {
            Required::No => false,
            Required::Create => act == Act::Create,
            Required::Always => act == Act::Create || was_there,
        }
    }

    fn check_value(&self, value: &Json, exists: &dyn Fn(&str) -> bool) -> Result<(), Refusal> {
        let name = self.name.short();
        if !is_kind(self.rule.kind, value) {
            let wanted = kind_word(self.rule.kind);
            return Err(Refusal::value(format!("{name} has to be {wanted}")));
        }
        if let Some(text) = value.as_str() {
            self.check_length(text.chars().count())?;
            if self.rule.kind == ValueKind::Account && !exists(text) {
                return Err(Refusal::value(format!(
                    "{name} names a user who is not there"
                )));
            }
        }
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if !self.rule.one_of.is_empty() && !self.rule.one_of.contains(&text) {
            let words = self.rule.one_of.join(", ");
            return Err(Refusal::value(format!("{name} takes only {words}")));
        }
        if self
            .pattern
            .as_ref()
            .is_some_and(|pattern| !pattern.is_match(&text))
        {
            return Err(Refusal::value(format!(
                "{name} does not have the form the app wants"
            )));
        }
        Ok(())
    }

    fn check_length(&self, length: usize) -> Result<(), Refusal> {
        let name = self.name.short();
        if let Some(least) = self.rule.min_length.filter(|least| length < *least) {
            let problem = format!("{name} has {length} characters, fewer than {least}");
            return Err(Refusal::value(problem));
        }
        if let Some(most) = self.rule.max_length.filter(|most| length > *most) {
            let problem = format!("{name} has {length} characters, more than {most}");
            return Err(Refusal::value(problem));
        }
        Ok(())
    }
}

/// Puts what `path` led to back, with all that stood around it in its attribute.
fn restore(before: &Object, after: &mut Object, path: &AttrPath) {
    let Some(held) = object::container(before, path).and_then(|held| held.get(&path.name)) else {
        return;
    };
    let within = match &path.schema {
        None => after,
        Some(urn) => {
            let part = after
                .entry(urn.clone())
                .or_insert_with(|| Json::Object(Object::new()));
            if part.is_null() {
                *part = Json::Object(Object::new());
            }
            let Some(fields) = part.as_object_mut() else {
                return;
            };
            fields
        }
    };
    match (held, &path.sub, within.get_mut(&path.name)) {
        (Json::Object(held), Some(sub), Some(Json::Object(fields))) => {
            fields.extend(held.get(sub).map(|value| (sub.clone(), value.clone())));
        }
        _ => {
            within.insert(path.name.clone(), held.clone());
        }
    }
}

fn is_kind(kind: ValueKind, value: &Json) -> bool {
    let is_whole = value.is_i64() || value.is_u64();
    match kind {
        ValueKind::Text | ValueKind::List | ValueKind::Account => value.is_string(),
        ValueKind::Boolean => value.is_boolean(),
        ValueKind::Integer => is_whole,
        ValueKind::TextOrInteger => value.is_string() || is_whole,
    }
}

fn kind_word(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Text | ValueKind::List => "a text",
        ValueKind::Account => "the id of a user, as a text",
        ValueKind::Boolean => "true or false",
        ValueKind::Integer => "a whole number",
        ValueKind::TextOrInteger => "a text or a whole number",
    }
}

/// A set of which the app takes all or none, in each element when it is a list.
fn check_set(set: &[AttrPath], before: Option<&Object>, after: &Object) -> Result<(), Refusal> {
    let Some(first) = set.first() else {
        return Ok(());
    };
    let list = |object: &Object| -> Option<Vec<Json>> {
        let top = object::get(object::container(object, first)?, &first.name)?;
        top.as_array().cloned()
    };
    if let Some(items) = list(after).filter(|_| set.iter().all(|path| path.is_beside(first))) {
        let held = before.and_then(list).unwrap_or_default();
        let fresh = items.iter().filter(|item| !held.contains(item));
        return fresh.filter_map(Json::as_object).try_for_each(|fields| {
            let sub_of = |path: &AttrPath| path.sub.clone().unwrap_or_else(|| "value".into());
            let has = |path: &&AttrPath| object::get(fields, &sub_of(path)).is_some();
            check_whole(set, has)
        });
    }
    let changed = |path: &AttrPath| {
        before.is_none_or(|before| object::values(before, path) != object::values(after, path))
    };
    if !set.iter().any(changed) {
        return Ok(());
    }
    check_whole(set, |path| !object::values(after, path).is_empty())
}

fn check_whole(set: &[AttrPath], has: impl Fn(&&AttrPath) -> bool) -> Result<(), Refusal> {
    let missing: Vec<String> = set.iter().filter(|path| !has(path)).map(spell).collect();
    if missing.is_empty() || missing.len() == set.len() {
        return Ok(());
    }
    let all: Vec<String> = set.iter().map(spell).collect();
    Err(Refusal::value(format!(
        "the app takes all of {} or none; {} has no value",
        all.join(", "),
        missing.join(", ")
    )))
}

fn spell(path: &AttrPath) -> String {
    match &path.sub {
        Some(sub) => format!("{}.{sub}", path.name),
        None => path.name.clone(),
    }
}

/// At most one element of a list is primary (RFC 7643, 2.4).
fn check_primaries(before: Option<&Object>, after: &Object) -> Result<(), Refusal> {
    for (name, value) in after {
        let Json::Array(items) = value else { continue };
        let unchanged = before.is_some_and(|before| before.get(name) == Some(value));
        if !unchanged && items.iter().filter(|item| is_primary(item)).count() > 1 {
            return Err(Refusal::value(format!(
                "only one element of {name} can be primary"
            )));
        }
    }
    Ok(())
}

/// Is this element the primary one?
pub(super) fn is_primary(item: &Json) -> bool {
    item.get("primary").and_then(Json::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::profile_with;
    use super::*;

    /// Settles a change; `Ok` is the state the app keeps.
    fn settle(
        attributes: &Json,
        before: Option<&Json>,
        after: &Json,
        act: Act,
    ) -> Result<Json, String> {
        let mut profile = profile_with(&json!({}), &json!({}), attributes);
        profile.all_or_none = vec![vec![
            "addresses.streetAddress".into(),
            "addresses.country".into(),
        ]];
        let book = Rulebook::new(&profile).expect("good patterns");
        let object = |value: &Json| value.as_object().expect("an object").clone();
        let mut after = object(after);
        let before = before.map(object);
        let exists = |id: &str| id == "u-1";
        let shape = Shape::of_users(&profile);
        let settled = book.settle(&shape, before.as_ref(), &mut after, act, &exists);
        settled
            .map(|()| Json::Object(after))
            .map_err(|refusal| refusal.detail)
    }

    fn create(attributes: &Json, more: &Json) -> Result<Json, String> {
        let mut user = json!({"userName": "ana"});
        for (key, value) in more.as_object().expect("an object") {
            user[key] = value.clone();
        }
        settle(attributes, None, &user, Act::Create)
    }

    #[test]
    fn each_rule_has_its_words() {
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        for (rules, user, wanted) in [
            (json!({}), json!({"userName": null}), "userName is required"),
            (
                json!({}),
                json!({"title": "much too long"}),
                "title has 13 characters, more than 10",
            ),
            (
                json!({"title": {"min_length": 2}}),
                json!({"title": "é"}),
                "title has 1 characters, fewer than 2",
            ),
            (
                json!({}),
                json!({"preferredLanguage": "en"}),
                "preferredLanguage takes only EN, FR",
            ),
            (
                json!({"title": {"pattern": "a|b"}}),
                json!({"title": "ab"}),
                "title does not have the form the app wants",
            ),
            (json!({}), json!({"title": 5}), "title has to be a text"),
            (
                json!({"title": {"kind": "boolean"}}),
                json!({"title": "true"}),
                "title has to be true or false",
            ),
            (
                json!({"title": {"kind": "integer"}}),
                json!({"title": 1.5}),
                "title has to be a whole number",
            ),
            (
                json!({"title": {"kind": "text_or_integer"}}),
                json!({"title": true}),
                "title has to be a text or a whole number",
            ),
            (
                json!({}),
                json!({enterprise: {"manager": {"value": "u-2"}}}),
                "manager names a user who is not there",
            ),
            (
                json!({}),
                json!({"addresses": [{"type": "work", "country": "CA"}]}),
                "the app takes all of addresses.streetAddress, addresses.country or none; \
                 addresses.streetAddress has no value",
            ),
            (
                json!({}),
                json!({"emails": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
                "only one element of emails can be primary",
            ),
            (
                json!({"title": {"required": "create"}}),
                json!({}),
                "title is required",
            ),
        ] {
            assert_eq!(create(&rules, &user), Err(wanted.into()));
        }
    }

    #[test]
    fn what_was_there_before_is_not_held_against_a_change() {
        let before = json!({"title": "far too long already", "preferredLanguage": "xx"});
        let after = json!({"title": "far too long already", "preferredLanguage": "EN"});
        assert_eq!(
            settle(&json!({}), Some(&before), &after, Act::Patch),
            Ok(after)
        );
    }

    #[test]
    fn a_required_value_cannot_be_taken_away_and_a_fixed_one_not_changed() {
        let rules = json!({"title": {"required": "always"}, "displayName": {"fixed": true}});
        let before = json!({"title": "Guard", "displayName": "Ana"});
        let patch = |after: Json| settle(&rules, Some(&before), &after, Act::Patch);
        assert_eq!(
            patch(json!({"displayName": "Ana"})),
            Err("title is required".into())
        );
        assert_eq!(
            patch(json!({"title": "Guard", "displayName": "Anna"})),
            Err("displayName cannot change after the create".into())
        );
        let only_created = json!({"title": {"required": "create"}});
        let after = json!({});
        assert_eq!(
            settle(&only_created, Some(&before), &after, Act::Patch),
            Ok(after)
        );
    }

    #[test]
    fn a_value_goes_only_in_the_way_the_app_knows() {
        let before = json!({"title": "Guard"});
        let held = Ok(before.clone());
        let gone = Ok(json!({}));
        let kept = |words: &str| Err(format!("title is taken away by {words}"));
        for (clear, after, act, wanted) in [
            ("remove", json!({}), Act::Patch, gone.clone()),
            ("remove", json!({"title": null}), Act::Patch, gone.clone()),
            ("null", json!({"title": null}), Act::Patch, gone.clone()),
            ("null", json!({}), Act::Patch, kept("null")),
            ("null", json!({}), Act::Replace, held.clone()),
            ("empty", json!({"title": ""}), Act::Patch, gone),
            (
                "empty",
                json!({"title": null}),
                Act::Patch,
                kept("an empty text"),
            ),
            ("empty", json!({}), Act::Replace, held.clone()),
            ("never", json!({}), Act::Patch, held.clone()),
            ("never", json!({"title": null}), Act::Replace, held),
        ] {
            let rules = json!({"title": {"clear": clear}});
            let settled = settle(&rules, Some(&before), &after, act);
            assert_eq!(settled, wanted, "{clear} {after} {act:?}");
        }
    }

    #[test]
    fn what_never_goes_is_put_back_in_its_place() {
        let rules = json!({"name.givenName": {"clear": "never"}});
        let before = json!({"name": {"givenName": "Ana", "familyName": "Silva"}});
        let after = json!({"name": {"familyName": "Sousa"}});
        assert_eq!(
            settle(&rules, Some(&before), &after, Act::Patch),
            Ok(json!({"name": {"givenName": "Ana", "familyName": "Sousa"}}))
        );
    }

    #[test]
    fn a_bad_pattern_names_its_attribute() {
        let profile = profile_with(&json!({}), &json!({}), &json!({"title": {"pattern": "("}}));
        let error = Rulebook::new(&profile).expect_err("no regular expression");
        assert_eq!(
            error.to_string(),
            "the pattern of title is no regular expression"
        );
    }
}
