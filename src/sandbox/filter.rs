//! Filters (RFC 7644, 3.4.2.2): what they are and what they match.
//!
//! Promises the RFC's meaning of every operator, with case counted only where an attribute is
//! `caseExact`. Leaves reading them to the grammar, and to the app which attributes may be asked for.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::object::{self, Object};
use super::path::AttrPath;
use crate::core::text;

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    /// All of them.
    All(Vec<Filter>),
    /// Any of them.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// An attribute passes a test.
    Test(AttrPath, Test),
    /// An element of a list passes a filter (`emails[type eq "work"]`), and if a sub-attribute is
    /// named, that one passes a test.
    Within(AttrPath, Box<Filter>, Option<(String, Test)>),
}

/// A test of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// It has a value (`pr`).
    Present,
    /// It compares like that.
    Compare(Operator, Literal),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

/// The value on the right-hand side.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    /// A text, and the same folded.
    Text(String, String),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// No value.
    Null,
}

impl Literal {
    /// A text.
    pub(super) fn text(text: String) -> Self {
        let folded = folded(&text);
        Self::Text(text, folded)
    }
}

/// The text for a comparison without regard to case.
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text::fold(text)
    }
}

impl Filter {
    /// Does it match the resource?
    pub(super) fn matches(&self, resource: &Object) -> bool {
        self.holds(resource, None)
    }

    /// Does it match an element of the list `attribute`?
    pub(super) fn matches_element(&self, element: &Json, attribute: &str) -> bool {
        match element {
            Json::Object(fields) => self.holds(fields, Some(attribute)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                let fields = Object::from_iter([("value".to_owned(), element.clone())]);
                self.holds(&fields, Some(attribute))
            }
        }
    }

    fn holds(&self, object: &Object, parent: Option<&str>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(object, parent)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(object, parent)),
            Self::Not(part) => !part.holds(object, parent),
            Self::Test(path, test) => {
                let exact = Exactness::of(parent, path);
                test.passes(&object::values(object, path), exact)
            }
            Self::Within(path, filter, then) => within(object, path, filter, then.as_ref()),
        }
    }

    /// The attributes it asks about, on the level of the resource.
    pub(super) fn paths(&self) -> Vec<&AttrPath> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::paths).collect(),
            Self::Not(part) => part.paths(),
            Self::Test(path, _) | Self::Within(path, _, _) => vec![path],
        }
    }

    /// An equality with a text that everything it matches must satisfy.
    pub(super) fn anchor(&self) -> Option<(&AttrPath, &str)> {
        match self {
            Self::All(parts) => parts.iter().find_map(Self::anchor),
            Self::Test(path, Test::Compare(Operator::Equal, Literal::Text(_, folded))) => {
                Some((path, folded))
            }
            Self::Any(_) | Self::Not(_) | Self::Test(..) | Self::Within(..) => None,
        }
    }

    /// The text of `value eq "…"`, when the whole filter is that.
    pub(super) fn value(&self) -> Option<&str> {
        match self {
            Self::Test(path, Test::Compare(Operator::Equal, Literal::Text(text, _)))
                if path.name.eq_ignore_ascii_case("value") && path.sub.is_none() =>
            {
                Some(text)
            }
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Test(..) | Self::Within(..) => None,
        }
    }
}

fn within(
    object: &Object,
    path: &AttrPath,
    filter: &Filter,
    then: Option<&(String, Test)>,
) -> bool {
    let top = object::container(object, path).and_then(|fields| object::get(fields, &path.name));
    let elements = match top {
        Some(Json::Array(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => return false,
    };
    let mut hits = elements
        .iter()
        .filter(|item| filter.matches_element(item, &path.name));
    match then {
        None => hits.next().is_some(),
        Some((sub, test)) => hits.any(|item| {
            let exact = Exactness::of_names(&path.name, Some(sub));
            let value = item.as_object().and_then(|fields| object::get(fields, sub));
            test.passes(&value.into_iter().collect::<Vec<_>>(), exact)
        }),
    }
}

/// How the texts of an attribute are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exactness {
    /// Character by character.
    Exact,
    /// Without regard to case.
    Folded,
    /// As points in time.
    Time,
}

impl Exactness {
    fn of(parent: Option<&str>, path: &AttrPath) -> Self {
        match parent {
            Some(parent) => Self::of_names(parent, Some(&path.name)),
            None => Self::of_names(&path.name, path.sub.as_deref()),
        }
    }

    /// What RFC 7643 says of its own attributes (3.1, 4.1.2, 7).
    fn of_names(name: &str, sub: Option<&str>) -> Self {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        let sub_is = |wanted: &str| sub.is_some_and(|sub| sub.eq_ignore_ascii_case(wanted));
        if is("meta") && (sub_is("created") || sub_is("lastModified")) {
            return Self::Time;
        }
        let holds_ids = is("members") || is("manager") || is("groups");
        let named = ["id", "externalId", "meta", "schemas", "password"]
            .iter()
            .any(|name| is(name));
        if named || sub_is("$ref") || (holds_ids && (sub.is_none() || sub_is("value"))) {
            Self::Exact
        } else {
            Self::Folded
        }
    }
}

impl Test {
    fn passes(&self, values: &[&Json], exact: Exactness) -> bool {
        match self {
            Self::Present => values.iter().any(|value| value.as_str() != Some("")),
            Self::Compare(Operator::Equal, Literal::Null) => values.is_empty(),
            Self::Compare(Operator::NotEqual, Literal::Null) => !values.is_empty(),
            Self::Compare(Operator::NotEqual, literal) => !values
                .iter()
                .any(|value| compare(Operator::Equal, value, literal, exact)),
            Self::Compare(operator, literal) => values
                .iter()
                .any(|value| compare(*operator, value, literal, exact)),
        }
    }
}

fn compare(operator: Operator, value: &Json, literal: &Literal, exact: Exactness) -> bool {
    match literal {
        Literal::Text(asked, asked_folded) => value.as_str().is_some_and(|held| match exact {
            Exactness::Exact => compare_texts(operator, held, asked),
            Exactness::Folded => compare_texts(operator, &folded(held), asked_folded),
            Exactness::Time => compare_times(operator, held, asked),
        }),
        Literal::Number(asked) => {
            let order = value.as_f64().and_then(|held| held.partial_cmp(asked));
            order.is_some_and(|order| in_order(operator, order))
        }
        Literal::Bool(asked) => value
            .as_bool()
            .is_some_and(|held| in_order(operator, held.cmp(asked))),
        Literal::Null => false,
    }
}

fn compare_texts(operator: Operator, held: &str, asked: &str) -> bool {
    match operator {
        Operator::Contains => held.contains(asked),
        Operator::StartsWith => held.starts_with(asked),
        Operator::EndsWith => held.ends_with(asked),
        Operator::Equal
        | Operator::NotEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::Less
        | Operator::LessOrEqual => in_order(operator, held.cmp(asked)),
    }
}

fn compare_times(operator: Operator, held: &str, asked: &str) -> bool {
    match (held.parse::<Timestamp>(), asked.parse::<Timestamp>()) {
        (Ok(held), Ok(asked)) => in_order(operator, held.cmp(&asked)),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => compare_texts(operator, held, asked),
    }
}

/// Is `order`, of the held value to the asked one, what the operator wants?
fn in_order(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::grammar::parse;
    use super::*;

    fn ana() -> Object {
        let value = json!({
            "id": "u-000001",
            "externalId": "Key-1",
            "userName": "Ana.Silva",
            "active": true,
            "level": 7,
            "title": "",
            "name": {"familyName": "Straße"},
            "emails": [
                {"value": "ana@work.example", "type": "work", "primary": true},
                {"value": "ana@home.example", "type": "home"}],
            "meta": {"created": "2026-11-22T10:00:00Z", "lastModified": "2026-11-22T10:00:00.5Z"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "division": "North", "manager": {"value": "u-000002"}},
        });
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn every_operator_means_what_the_rfc_says() {
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let ana = ana();
        for (filter, wanted) in [
            (r#"userName eq "ana.silva""#, true),
            (r#"USERNAME EQ "ANA.SILVA""#, true),
            (
                r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ana.silva""#,
                true,
            ),
            (r#"externalId eq "Key-1""#, true),
            (r#"externalId eq "key-1""#, false),
            (r#"id eq "U-000001""#, false),
            (r#"userName ne "bob""#, true),
            (r#"nickName ne "bob""#, true),
            (r#"userName co "SIL""#, true),
            (r#"userName sw "ana""#, true),
            (r#"userName ew "ana""#, false),
            (r#"userName gt "ana""#, true),
            (r#"userName le "ana""#, false),
            ("level ge 7", true),
            ("level lt 7.5", true),
            (r#"level eq "7""#, false),
            ("active eq true", true),
            ("active ne true", false),
            ("nickName pr", false),
            ("title pr", false),
            ("nickName eq null", true),
            ("userName ne null", true),
            (r#"name.familyName eq "STRASSE""#, true),
            (r#"emails eq "ANA@home.example""#, true),
            (r#"emails.type eq "other""#, false),
            (r#"emails[type eq "work" and value co "home"]"#, false),
            (r#"emails[type eq "work" and value co "@work"]"#, true),
            (
                r#"emails[type eq "home"].value eq "ana@home.example""#,
                true,
            ),
            (
                r#"emails[type eq "home"].value eq "ana@work.example""#,
                false,
            ),
            ("not (emails[primary eq true])", false),
            (r#"meta.lastModified gt "2026-11-22T11:00:00+01:00""#, true),
            (r#"meta.created eq "2026-11-22T11:00:00+01:00""#, true),
            (r#"userName eq "x" or active eq true and level eq 7"#, true),
            (
                r#"(userName eq "x" or active eq true) and level eq 8"#,
                false,
            ),
            (&format!(r#"{enterprise}:division eq "north""#), true),
            (
                &format!(r#"{enterprise}:manager.value eq "u-000002""#),
                true,
            ),
            (&format!(r#"{enterprise}:manager eq "U-000002""#), false),
        ] {
            let parsed = parse(filter).expect(filter);
            assert_eq!(parsed.matches(&ana), wanted, "{filter}");
        }
    }

    #[test]
    fn an_anchor_is_found_only_where_it_binds() {
        for (filter, wanted) in [
            (r#"userName eq "Ana""#, Some("ana")),
            (r#"active eq true and userName eq "Ana""#, Some("ana")),
            (r#"active eq true or userName eq "Ana""#, None),
            (r#"not (userName eq "Ana")"#, None),
        ] {
            let parsed = parse(filter).expect(filter);
            assert_eq!(parsed.anchor().map(|(_, text)| text), wanted, "{filter}");
        }
    }
}
