//! What the app says, read: accounts, groups, pages of a list.
//!
//! Promises to be liberal in spelling (names in any case, numbers and truth as texts, one object for
//! a list of one) and strict in substance: no id is no resource, half an answer is none. A value of
//! a shape that cannot be meant is no value. Leaves the bytes as they came in `Account::raw`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::element::{Choice, Facts, choose};
use super::node::{Fields, Scalar, items};
use super::path::{Place, Slot};
use crate::core::account::{Account, AppGroup};
use crate::core::attribute::{AttrName, Attributes, Value};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::core::profile::{AttributeRule, Element, GroupRules, Profile, ValueKind};

/// Why an answer cannot be understood. Never holds a value of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON, or cut off.
    #[error("it is not valid JSON (line {line}, column {column})")]
    NotJson {
        /// Where the first mistake is.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// It is JSON, but no object.
    #[error("it is no JSON object")]
    NotAnObject,
    /// A resource has no `id`.
    #[error("a resource in it has no id")]
    NoId,
    /// A list has neither rows nor a total.
    #[error("it is no list: it has neither Resources nor totalResults")]
    NotAList,
}

impl Unreadable {
    /// The fault that it is for an answer to a read.
    pub fn fault(self) -> Fault {
        Fault::new(FaultKind::Garbled, Effect::None, self.to_string())
    }
}

/// One page of a list (RFC 7644, 3.4.2).
#[derive(Debug)]
pub struct Page {
    /// Its resources, as the app sent them.
    pub rows: Vec<Box<RawValue>>,
    /// How many resources the app says there are on all pages.
    pub total: Option<u64>,
    /// Where the next page is, if the app says so (RFC 9865, 2.1).
    pub next_cursor: Option<String>,
}

/// Reads a body that must be one JSON object.
pub fn object(body: &[u8]) -> Result<Box<RawValue>, Unreadable> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let raw: Box<RawValue> = serde_json::from_slice(body).map_err(|error| Unreadable::NotJson {
        line: error.line(),
        column: error.column(),
    })?;
    if raw.get().starts_with('{') {
        Ok(raw)
    } else {
        Err(Unreadable::NotAnObject)
    }
}

/// Reads a page. Rows may be missing when there are none, and numbers may be texts.
pub fn page(body: &[u8]) -> Result<Page, Unreadable> {
    let raw = object(body)?;
    let fields = Fields::of(&raw).ok_or(Unreadable::NotAnObject)?;
    let total = fields
        .get("totalResults")
        .and_then(Scalar::of)
        .and_then(|total| total.as_int());
    let next_cursor = text(&fields, "nextCursor");
    match fields.get("Resources").filter(|rows| rows.get() != "null") {
        Some(rows) => Ok(Page {
            rows: serde_json::from_str(rows.get()).map_err(|_| Unreadable::NotAList)?,
            total,
            next_cursor,
        }),
        None if total.is_some() => Ok(Page {
            rows: Vec::new(),
            total,
            next_cursor,
        }),
        None => Err(Unreadable::NotAList),
    }
}

/// Reads an account.
pub fn account(raw: Box<RawValue>, profile: &Profile) -> Result<Account, Unreadable> {
    let fields = Fields::of(&raw).ok_or(Unreadable::NotAnObject)?;
    let id = id(&fields)?;
    let label = text(&fields, "userName").unwrap_or_else(|| id.to_string());
    let active = fields
        .get("active")
        .and_then(plain)
        .and_then(|flag| flag.as_bool())
        .unwrap_or(true);
    let attributes: Attributes = profile
        .attributes
        .iter()
        .filter_map(|(name, rule)| Some((name.clone(), value(&fields, name, rule)?)))
        .collect();
    Ok(Account {
        id,
        label,
        active,
        attributes,
        raw,
    })
}

/// Reads the account in the answer to a write, if the app showed one.
pub fn shown(body: &[u8], profile: &Profile) -> Option<Account> {
    object(body).and_then(|raw| account(raw, profile)).ok()
}

/// Reads a group. A group without a name has the empty one, which matches nothing.
pub fn group(raw: &RawValue, rules: &GroupRules) -> Result<AppGroup, Unreadable> {
    let fields = Fields::of(raw).ok_or(Unreadable::NotAnObject)?;
    Ok(AppGroup {
        id: id(&fields)?,
        name: text(&fields, "displayName").unwrap_or_default(),
        external_id: text(&fields, "externalId"),
        members: rules.members_readable.then(|| members(&fields)),
    })
}

/// The accounts among the members; groups in groups are none.
fn members(group: &Fields<'_>) -> BTreeSet<RemoteId> {
    let rows = group.get("members").map(items).unwrap_or_default();
    rows.into_iter()
        .filter(|row| {
            let kind = Fields::of(row).and_then(|fields| text(&fields, "type"));
            !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("group"))
        })
        .filter_map(|row| plain(row)?.into_text().map(RemoteId::new))
        .collect()
}

fn id(fields: &Fields<'_>) -> Result<RemoteId, Unreadable> {
    text(fields, "id")
        .map(RemoteId::new)
        .ok_or(Unreadable::NoId)
}

fn text(fields: &Fields<'_>, name: &str) -> Option<String> {
    fields.get(name).and_then(Scalar::of)?.into_text()
}

/// The value of one attribute; null, empty and absent are all `None` (RFC 7643, 2.5).
pub fn value(resource: &Fields<'_>, name: &AttrName, rule: &AttributeRule) -> Option<Value> {
    let place = Place::of(name, rule);
    let raw = match place.extension {
        None => leaf(resource, &place),
        Some(urn) => resource
            .get(urn)
            .and_then(Fields::of)
            .and_then(|extension| leaf(&extension, &place))
            .or_else(|| resource.get(name.as_str())),
    }?;
    match rule.kind {
        ValueKind::Text | ValueKind::TextOrInteger | ValueKind::Account => {
            plain(raw)?.into_text().map(Value::text)
        }
        ValueKind::Boolean => plain(raw)?.as_bool().map(Value::Bool),
        ValueKind::Integer => plain(raw)?.as_int().map(Value::Int),
        ValueKind::List => list(raw),
    }
}

fn leaf<'a>(container: &Fields<'a>, place: &Place<'_>) -> Option<&'a RawValue> {
    let head = container.get(place.head)?;
    match place.slot {
        Slot::Whole | Slot::Reference => Some(head),
        Slot::Sub(sub) => part(ours(head, None)?, sub),
        Slot::Element { element, sub } => part(ours(head, Some(element))?, sub),
    }
}

/// Our element of a list; of an object or a scalar, itself.
fn ours<'a>(head: &'a RawValue, element: Option<&Element>) -> Option<&'a RawValue> {
    let items = items(head);
    let facts: Vec<Facts> = items.iter().map(|item| Facts::of_raw(item)).collect();
    let at = choose(&facts, element).map(Choice::at)?;
    items.get(at).copied()
}

/// A part of an object; the `value` of a scalar is itself.
fn part<'a>(raw: &'a RawValue, sub: &str) -> Option<&'a RawValue> {
    match Fields::of(raw) {
        Some(fields) => fields.get(sub),
        None => (sub == "value").then_some(raw),
    }
}

/// The scalar that something stands for: itself, an object's `value`, or that of the primary or
/// only item of a list.
fn plain(raw: &RawValue) -> Option<Scalar> {
    Scalar::of(part(ours(raw, None)?, "value")?)
}

fn list(raw: &RawValue) -> Option<Value> {
    let texts: BTreeSet<Arc<str>> = items(raw)
        .into_iter()
        .filter_map(|item| plain(item)?.into_text().map(Arc::from))
        .collect();
    (!texts.is_empty()).then(|| Value::List(texts.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn read(kind: ValueKind, element: Option<&str>, name: &str, resource: &str) -> Option<Value> {
        let raw = RawValue::from_string(resource.into()).expect("valid JSON");
        let rule = AttributeRule {
            kind,
            element: element.map(|kind| Element {
                kind: kind.into(),
                primary: true,
                only: false,
            }),
            ..AttributeRule::default()
        };
        value(&Fields::of(&raw).expect("an object"), &name.into(), &rule)
    }

    fn text(name: &str, resource: &str) -> Option<Value> {
        read(ValueKind::Text, None, name, resource)
    }

    fn work(name: &str, resource: &str) -> Option<Value> {
        read(ValueKind::Text, Some("work"), name, resource)
    }

    #[test]
    fn null_empty_and_absent_are_one_state() {
        for resource in [
            "{}",
            r#"{"title":null}"#,
            r#"{"title":""}"#,
            r#"{"title":[]}"#,
            r#"{"title":{}}"#,
        ] {
            assert_eq!(text("title", resource), None, "{resource}");
        }
        assert_eq!(
            read(ValueKind::List, None, "roles", r#"{"roles":[null,""]}"#),
            None
        );
    }

    #[test]
    fn plain_and_nested_values_are_read_whatever_the_case() {
        assert_eq!(text("title", r#"{"TITLE":"Dr"}"#), Some(Value::text("Dr")));
        assert_eq!(text("title", r#"{"title":7}"#), Some(Value::text("7")));
        assert_eq!(
            text("name.givenName", r#"{"Name":{"givenname":"Ana"}}"#),
            Some(Value::text("Ana"))
        );
    }

    #[test]
    fn our_element_is_read_in_every_shape() {
        for resource in [
            r#"{"emails":[{"value":"h","type":"home","primary":true},{"value":"a","type":"WORK"}]}"#,
            r#"{"emails":[{"value":"h"},{"value":"a","primary":true}]}"#,
            r#"{"emails":[{"value":"a"}]}"#,
            r#"{"emails":{"value":"a"}}"#,
            r#"{"emails":["a"]}"#,
            r#"{"emails":"a"}"#,
        ] {
            assert_eq!(
                work("emails", resource),
                Some(Value::text("a")),
                "{resource}"
            );
        }
        assert_eq!(
            work("emails", r#"{"emails":[{"value":"a"},{"value":"b"}]}"#),
            None
        );
        assert_eq!(
            work(
                "addresses.locality",
                r#"{"addresses":[{"type":"work","locality":"Bern"}]}"#
            ),
            Some(Value::text("Bern"))
        );
    }

    #[test]
    fn extensions_are_objects_under_their_urn_in_any_case() {
        let division = format!("{ENTERPRISE}:division");
        let upper = format!(
            r#"{{"{}":{{"division":"East"}}}}"#,
            ENTERPRISE.to_uppercase()
        );
        assert_eq!(text(&division, &upper), Some(Value::text("East")));
        let flat = format!(r#"{{"{division}":"East"}}"#);
        assert_eq!(text(&division, &flat), Some(Value::text("East")));
    }

    #[test]
    fn a_manager_is_read_as_the_id_of_the_account() {
        let manager = format!("{ENTERPRISE}:manager");
        for shape in [
            r#"{"value":"42","displayName":"X"}"#,
            "\"42\"",
            "42",
            r#"[{"value":"42"}]"#,
        ] {
            let resource = format!(r#"{{"{ENTERPRISE}":{{"manager":{shape}}}}}"#);
            assert_eq!(
                read(ValueKind::Account, None, &manager, &resource),
                Some(Value::text("42")),
                "{shape}"
            );
        }
    }

    #[test]
    fn lists_are_sorted_without_repeats() {
        for roles in [
            r#"["b","a","b"]"#,
            r#"[{"value":"b"},{"value":"a"},{"value":""}]"#,
        ] {
            let resource = format!(r#"{{"roles":{roles}}}"#);
            assert_eq!(
                read(ValueKind::List, None, "roles", &resource),
                Some(Value::List(vec!["a".into(), "b".into()]))
            );
        }
    }

    #[test]
    fn truth_and_numbers_may_be_texts() {
        let flag = |text: &str| read(ValueKind::Boolean, None, "x", text);
        assert_eq!(flag(r#"{"x":"True"}"#), Some(Value::Bool(true)));
        assert_eq!(flag(r#"{"x":"maybe"}"#), None);
        let number = |text: &str| read(ValueKind::Integer, None, "x", text);
        assert_eq!(number(r#"{"x":"-7"}"#), Some(Value::Int(-7)));
        assert_eq!(number(r#"{"x":7.5}"#), None);
    }

    fn whole(resource: &str) -> Result<Account, Unreadable> {
        let mut profile = Profile::default();
        profile
            .attributes
            .insert("userName".into(), AttributeRule::default());
        account(
            RawValue::from_string(resource.into()).expect("valid JSON"),
            &profile,
        )
    }

    #[test]
    fn an_account_is_active_unless_the_app_says_no() {
        for (active, expected) in [
            (r#""active":true,"#, true),
            ("", true),
            (r#""active":null,"#, true),
            (r#""active":"False","#, false),
            (r#""Active":false,"#, false),
            (r#""active":0,"#, false),
        ] {
            let account = whole(&format!(r#"{{{active}"id":"1"}}"#)).expect("an account");
            assert_eq!(account.active, expected, "{active}");
        }
    }

    #[test]
    fn an_account_keeps_the_bytes_and_needs_an_id() {
        let text = r#"{"id": 7, "userName": "ana", "x": 1.0}"#;
        let account = whole(text).expect("an account");
        assert_eq!((account.id.as_str(), account.label.as_str()), ("7", "ana"));
        assert_eq!(account.raw.get(), text);
        assert_eq!(whole(r#"{"id":7}"#).expect("an account").label, "7");
        for (text, expected) in [
            (r#"{"userName":"ana"}"#, Unreadable::NoId),
            (r#"{"id":""}"#, Unreadable::NoId),
            (r#"{"id":null}"#, Unreadable::NoId),
            ("[]", Unreadable::NotAnObject),
        ] {
            assert_eq!(whole(text).expect_err("no account"), expected, "{text}");
        }
    }

    #[test]
    fn members_are_accounts_and_may_be_hidden() {
        let raw = RawValue::from_string(
            r#"{"id":"g","displayName":"Staff","externalId":"x",
                "members":[{"value":"2"},{"value":"1","type":"User"},"3",{"value":"g2","type":"Group"},{}]}"#
                .into(),
        )
        .expect("valid JSON");
        let mut rules = GroupRules::default();
        let found = group(&raw, &rules).expect("a group");
        let ids: Vec<&str> = found
            .members
            .as_ref()
            .expect("members")
            .iter()
            .map(RemoteId::as_str)
            .collect();
        assert_eq!(ids, ["1", "2", "3"]);
        assert_eq!(
            (found.name.as_str(), found.external_id.as_deref()),
            ("Staff", Some("x"))
        );
        rules.members_readable = false;
        assert_eq!(group(&raw, &rules).expect("a group").members, None);
    }

    #[test]
    fn pages_are_read_in_their_odd_spellings() {
        for (text, rows, total) in [
            (r#"{"totalResults":"2","Resources":[{},{}]}"#, 2, Some(2)),
            (r#"{"TotalResults":0}"#, 0, Some(0)),
            (r#"{"totalResults":0,"Resources":null}"#, 0, Some(0)),
            ("\u{feff}{\"resources\":[{}]}", 1, None),
        ] {
            let page = page(text.as_bytes()).expect("a page");
            assert_eq!((page.rows.len(), page.total), (rows, total), "{text}");
        }
    }

    #[test]
    fn what_is_no_page_says_why() {
        for (text, expected) in [
            (
                r#"{"Resources":[{"id":"1"}"#,
                "it is not valid JSON (line 1, column 24)",
            ),
            ("", "it is not valid JSON (line 1, column 0)"),
            ("[]", "it is no JSON object"),
            (
                "{}",
                "it is no list: it has neither Resources nor totalResults",
            ),
            (
                r#"{"Resources":{}}"#,
                "it is no list: it has neither Resources nor totalResults",
            ),
        ] {
            assert_eq!(
                page(text.as_bytes()).expect_err("no page").to_string(),
                expected
            );
        }
    }
}
