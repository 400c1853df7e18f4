//! Where a flat attribute sits in a resource, and what that place is called in a PATCH or a filter.
//!
//! Promises that no other file takes an attribute's name apart. Leaves values to [`super::decode`]
//! and [`super::encode`].

use crate::core::attribute::AttrName;
use crate::core::profile::{AccountForm, AttributeRule, Element, ExtensionPaths, ValueKind};

/// The schema of users (RFC 7643, 4.1).
pub const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of groups (RFC 7643, 4.2).
pub const GROUP_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The schema of a PATCH (RFC 7644, 3.5.2).
pub const PATCH_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What the app or the connector says for itself, and no mapping.
const RESERVED: [&str; 5] = ["id", "schemas", "meta", "groups", "active"];

/// The place of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The URN of the extension it belongs to; the core schema is none.
    pub extension: Option<&'a str>,
    /// The attribute there.
    pub head: &'a str,
    /// Where in the attribute.
    pub slot: Slot<'a>,
}

/// Where in an attribute a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot<'a> {
    /// It is the value: `title`.
    Whole,
    /// A part of an object: `name.givenName`.
    Sub(&'a str),
    /// A part of our element of a list: `emails`, `addresses.streetAddress`.
    Element {
        /// Which element is ours.
        element: &'a Element,
        /// Which part of it.
        sub: &'a str,
    },
    /// The `value` of an object that names another resource: `manager` (RFC 7643, 4.3).
    Reference,
}

impl<'a> Place<'a> {
    /// The place of the attribute `name`, to which `rule` applies.
    pub fn of(name: &'a AttrName, rule: &'a AttributeRule) -> Self {
        let element = rule
            .element
            .as_ref()
            .filter(|_| rule.kind != ValueKind::List);
        let slot = match (element, name.sub()) {
            (Some(element), sub) => Slot::Element {
                element,
                sub: sub.unwrap_or("value"),
            },
            (None, Some(sub)) => Slot::Sub(sub),
            (None, None) => match (rule.kind, rule.account) {
                (ValueKind::Account, AccountForm::Object) => Slot::Reference,
                (ValueKind::Account, AccountForm::Text)
                | (
                    ValueKind::Text
                    | ValueKind::Boolean
                    | ValueKind::Integer
                    | ValueKind::TextOrInteger
                    | ValueKind::List,
                    _,
                ) => Slot::Whole,
            },
        };
        Self {
            extension: name
                .schema()
                .filter(|urn| !urn.eq_ignore_ascii_case(USER_SCHEMA)),
            head: name.head(),
            slot,
        }
    }

    /// Is it something that is never mapped (`id`, `schemas`, `meta`, `groups`, `active`)?
    pub fn is_reserved(&self) -> bool {
        self.extension.is_none()
            && RESERVED
                .iter()
                .any(|name| name.eq_ignore_ascii_case(self.head))
    }

    /// The path of the attribute as a whole: `emails`, `urn:…:User:manager` (RFC 7644, 3.10), where
    /// the profile says so `urn:…:User.manager`.
    pub fn head_path(&self, style: ExtensionPaths) -> String {
        match (self.extension, style) {
            (Some(urn), ExtensionPaths::Colon) => format!("{urn}:{}", self.head),
            (Some(urn), ExtensionPaths::Dot) => format!("{urn}.{}", self.head),
            (None, _) => self.head.to_owned(),
        }
    }

    /// The path of the value, where that takes no filter: `name.givenName`, `urn:…:User:division`.
    pub fn plain_path(&self, style: ExtensionPaths) -> String {
        match self.slot {
            Slot::Whole | Slot::Reference | Slot::Element { .. } => self.head_path(style),
            Slot::Sub(sub) => format!("{}.{sub}", self.head_path(style)),
        }
    }

    /// What a filter calls it: `userName`, `emails.value`, `urn:…:User:manager.value`.
    pub fn filter_path(&self) -> String {
        let head = self.head_path(ExtensionPaths::Colon);
        match self.slot {
            Slot::Whole => head,
            Slot::Sub(sub) | Slot::Element { sub, .. } => format!("{head}.{sub}"),
            Slot::Reference => format!("{head}.value"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn rule(kind: ValueKind, element: Option<&str>) -> AttributeRule {
        AttributeRule {
            kind,
            element: element.map(|kind| Element {
                kind: kind.into(),
                primary: false,
                only: false,
            }),
            ..AttributeRule::default()
        }
    }

    fn paths(name: &str, rule: &AttributeRule) -> [String; 3] {
        let name = AttrName::new(name);
        let place = Place::of(&name, rule);
        [
            place.head_path(ExtensionPaths::Colon),
            place.plain_path(ExtensionPaths::Colon),
            place.filter_path(),
        ]
    }

    #[test]
    fn each_kind_of_name_has_its_paths() {
        let text = rule(ValueKind::Text, None);
        assert_eq!(
            paths("userName", &text),
            ["userName", "userName", "userName"]
        );
        assert_eq!(
            paths("name.givenName", &text),
            ["name", "name.givenName", "name.givenName"]
        );
        let work = rule(ValueKind::Text, Some("work"));
        assert_eq!(paths("emails", &work), ["emails", "emails", "emails.value"]);
        assert_eq!(
            paths("addresses.locality", &work),
            ["addresses", "addresses", "addresses.locality"]
        );
    }

    #[test]
    fn the_last_colon_ends_the_schema() {
        let manager = format!("{ENTERPRISE}:manager");
        assert_eq!(
            paths(&manager, &rule(ValueKind::Account, None)),
            [manager.clone(), manager.clone(), format!("{manager}.value")]
        );
        let sub = AttrName::new(format!("{manager}.value"));
        let text = rule(ValueKind::Account, None);
        let place = Place::of(&sub, &text);
        assert_eq!(place.extension, Some(ENTERPRISE));
        assert_eq!((place.head, place.slot), ("manager", Slot::Sub("value")));
    }

    #[test]
    fn the_core_schema_is_no_extension_and_some_names_are_reserved() {
        let rule = rule(ValueKind::Text, None);
        let core = AttrName::new(format!("{USER_SCHEMA}:title"));
        assert_eq!(
            Place::of(&core, &rule).head_path(ExtensionPaths::Colon),
            "title"
        );
        for (name, reserved) in [
            ("active", true),
            ("Meta", true),
            ("groups", true),
            ("title", false),
            ("urn:example:2.0:User:active", false),
        ] {
            let name = AttrName::new(name);
            assert_eq!(Place::of(&name, &rule).is_reserved(), reserved, "{name}");
        }
    }
}
