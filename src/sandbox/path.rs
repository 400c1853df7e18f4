//! The notation of attributes in filters, PATCH paths and `attributes=` (RFC 7644, 3.10).
//!
//! Promises that a name with the URN of a core schema and one without are the same. Leaves to the
//! shape whether the attribute exists.

use crate::core::attribute::AttrName;

/// The schema of users (RFC 7643, 8.1).
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups (RFC 7643, 8.1).
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// `name.givenName`, `urn:…:2.0:User:division`; in the spelling of whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AttrPath {
    /// The URN of the extension; none for the core schemas.
    pub(super) schema: Option<String>,
    /// The attribute.
    pub(super) name: String,
    /// The sub-attribute.
    pub(super) sub: Option<String>,
}

impl AttrPath {
    /// Reads a path; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_urn = text
            .get(..4)
            .is_some_and(|head| head.eq_ignore_ascii_case("urn:"));
        let (schema, rest) = match text.rfind(':') {
            Some(colon) if is_urn => (Some(&text[..colon]), &text[colon + 1..]),
            Some(_) => return None,
            None => (None, text),
        };
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        if !is_name(name) || !sub.is_none_or(is_name) {
            return None;
        }
        Some(Self {
            schema: schema.filter(|urn| !is_core(urn)).map(Into::into),
            name: name.into(),
            sub: sub.map(Into::into),
        })
    }

    /// The path of an attribute of a profile.
    pub(super) fn of(name: &AttrName) -> Self {
        Self {
            schema: name.schema().filter(|urn| !is_core(urn)).map(Into::into),
            name: name.head().into(),
            sub: name.sub().map(Into::into),
        }
    }

    /// Do both lead to the same values? `emails` and `emails.value` do.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.is_beside(other) && same(self.plain_sub(), other.plain_sub())
    }

    /// Do both lead to the same attribute, whatever the sub-attribute?
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && same(self.schema.as_deref(), other.schema.as_deref())
    }

    fn plain_sub(&self) -> Option<&str> {
        self.sub
            .as_deref()
            .filter(|sub| !sub.eq_ignore_ascii_case("value"))
    }
}

fn same(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn is_core(urn: &str) -> bool {
    urn.eq_ignore_ascii_case(USER) || urn.eq_ignore_ascii_case(GROUP)
}

/// A letter, then letters, digits, `-` and `_`; `$ref` is the one name that begins otherwise.
fn is_name(text: &str) -> bool {
    let text = text.strip_prefix('$').unwrap_or(text);
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(schema: Option<&str>, name: &str, sub: Option<&str>) -> AttrPath {
        AttrPath {
            schema: schema.map(Into::into),
            name: name.into(),
            sub: sub.map(Into::into),
        }
    }

    #[test]
    fn a_path_has_schema_name_and_sub() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        for (text, wanted) in [
            ("userName", Some(path(None, "userName", None))),
            (
                "name.givenName",
                Some(path(None, "name", Some("givenName"))),
            ),
            ("members.$ref", Some(path(None, "members", Some("$ref")))),
            (
                &format!("{USER}:userName"),
                Some(path(None, "userName", None)),
            ),
            (
                &format!("{urn}:manager.value"),
                Some(path(Some(urn), "manager", Some("value"))),
            ),
            ("", None),
            ("a.b.c", None),
            ("1st", None),
            ("a:b", None),
            ("na me", None),
            ("emails.", None),
        ] {
            assert_eq!(AttrPath::parse(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_value_of_a_list_is_the_list() {
        let parse = |text| AttrPath::parse(text).expect("a path");
        assert!(parse("emails").is_same(&parse("EMAILS.value")));
        assert!(!parse("emails").is_same(&parse("emails.type")));
        assert!(parse("emails").is_beside(&parse("emails.type")));
        assert!(!parse("division").is_beside(&parse("urn:x:division")));
    }
}
