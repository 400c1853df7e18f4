//! Operations of a PATCH body, as a client wrote them (RFC 7644, 3.5.2).
//!
//! Promises that a malformed body, operation or path is refused before anything is touched. Leaves
//! carrying them out to [`super::patch`].

use std::borrow::Cow;

use serde_json::Value as Json;

use super::filter::Filter;
use super::grammar;
use super::object::Object;
use super::path::AttrPath;
use super::refusal::Refusal;
use crate::core::profile::{ExtensionPaths, OpCase, PatchDialect};

/// The schema of a PATCH body.
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// One operation.
#[derive(Debug, PartialEq)]
pub(super) struct Operation {
    /// What to do.
    pub(super) op: Op,
    /// Where.
    pub(super) path: Option<PatchPath>,
    /// With what.
    pub(super) value: Option<Json>,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// `add`
    Add,
    /// `remove`
    Remove,
    /// `replace`
    Replace,
}

/// `emails[type eq "work"].value`
#[derive(Debug, PartialEq)]
pub(super) struct PatchPath {
    /// The attribute; with a filter, the sub-attribute behind it.
    pub(super) attr: AttrPath,
    /// Which elements.
    pub(super) filter: Option<Filter>,
}

impl PatchPath {
    /// Reads a path.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let Some(open) = text.find('[') else {
            return AttrPath::parse(text)
                .map(|attr| Self { attr, filter: None })
                .ok_or_else(|| Refusal::path(format!("{text:?} is no path of an attribute")));
        };
        let no_path = || Refusal::path("the path has no \"]\" that fits");
        let close = text
            .rfind(']')
            .filter(|close| *close > open)
            .ok_or_else(no_path)?;
        if AttrPath::parse(&text[..open]).is_none_or(|list| list.sub.is_some()) {
            return Err(Refusal::path("the path has no list before its \"[\""));
        }
        let behind = &text[close + 1..];
        if !behind.is_empty() && !behind.starts_with('.') {
            return Err(Refusal::path(
                "a sub-attribute has to follow the \"]\" of the path",
            ));
        }
        let whole = format!("{}{behind}", &text[..open]);
        let attr = AttrPath::parse(&whole)
            .ok_or_else(|| Refusal::path("the path is none of an attribute"))?;
        let filter = grammar::parse(&text[open + 1..close])
            .map_err(|error| Refusal::path(format!("in the path, {error}")))?;
        Ok(Self {
            attr,
            filter: Some(filter),
        })
    }
}

/// How an app wants a PATCH to be written.
pub(super) struct Wording<'a> {
    /// How operations are named and paths are joined.
    pub(super) dialect: &'a PatchDialect,
    /// The URNs of its extensions.
    pub(super) extensions: Vec<&'a str>,
}

/// Reads the operations of a PATCH body.
pub(super) fn read(body: Object, wording: &Wording<'_>) -> Result<Vec<Operation>, Refusal> {
    let mut list = None;
    let mut is_patch = false;
    for (key, value) in body {
        if key.eq_ignore_ascii_case("schemas") {
            is_patch = value
                .as_array()
                .is_some_and(|urns| urns.contains(&PATCH_OP.into()));
        } else if key.eq_ignore_ascii_case("Operations") {
            list = Some(value);
        } else {
            return Err(Refusal::syntax(format!("a PATCH body has no {key}")));
        }
    }
    if !is_patch {
        return Err(Refusal::syntax(format!(
            "the body's schemas do not name {PATCH_OP}"
        )));
    }
    match list {
        Some(Json::Array(items)) if !items.is_empty() => {
            let items = items.into_iter();
            items.map(|item| read_operation(item, wording)).collect()
        }
        Some(_) | None => Err(Refusal::syntax("the body has no list of Operations")),
    }
}

fn read_operation(item: Json, wording: &Wording<'_>) -> Result<Operation, Refusal> {
    let Json::Object(fields) = item else {
        return Err(Refusal::syntax("each operation has to be an object"));
    };
    let (mut op, mut path, mut value) = (None, None, None);
    for (key, field) in fields {
        match (key.to_ascii_lowercase().as_str(), field) {
            ("op", Json::String(word)) => op = Some(read_op(&word, wording.dialect.op_case)?),
            ("path", Json::String(text)) => {
                path = Some(PatchPath::parse(&wording.colons(&text)?)?);
            }
            ("path", Json::Null) => {}
            ("value", field) => value = Some(field),
            _ => return Err(Refusal::syntax(format!("an operation has no such {key}"))),
        }
    }
    let op = op.ok_or_else(|| Refusal::syntax("an operation has no op"))?;
    if op != Op::Remove && value.is_none() {
        return Err(Refusal::value(
            "an operation that is no remove needs a value",
        ));
    }
    Ok(Operation { op, path, value })
}

impl Wording<'_> {
    /// The path with a colon between an extension and its attribute, whatever this app wants there.
    fn colons<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, Refusal> {
        let begins = |urn: &&&str| {
            text.get(..urn.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(urn))
        };
        let Some(urn) = self.extensions.iter().find(begins) else {
            return Ok(Cow::Borrowed(text));
        };
        let (urn, rest) = text.split_at(urn.len());
        match (self.dialect.extension_paths, rest.chars().next()) {
            (ExtensionPaths::Colon, _) | (ExtensionPaths::Dot, None) => Ok(Cow::Borrowed(text)),
            (ExtensionPaths::Dot, Some('.')) => Ok(Cow::Owned(format!("{urn}:{}", &rest[1..]))),
            (ExtensionPaths::Dot, Some(_)) => Err(Refusal::path(
                "this app wants a dot between an extension and its attribute",
            )),
        }
    }
}

fn read_op(word: &str, case: OpCase) -> Result<Op, Refusal> {
    if case == OpCase::Title && !word.starts_with(|first: char| first.is_ascii_uppercase()) {
        return Err(Refusal::syntax(format!("there is no op {word:?}")));
    }
    match word.to_ascii_lowercase().as_str() {
        "add" => Ok(Op::Add),
        "remove" => Ok(Op::Remove),
        "replace" => Ok(Op::Replace),
        _ => Err(Refusal::syntax(format!("there is no op {word:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_read_with_its_filter() {
        let path = PatchPath::parse("emails[type eq \"a]b\"].value").expect("a path");
        assert_eq!(Some(path.attr), AttrPath::parse("emails.value"));
        assert_eq!(path.filter, grammar::parse("type eq \"a]b\"").ok());
        for (text, wanted) in [
            ("emails[type pr", "the path has no \"]\" that fits"),
            (
                "emails.value[type pr]",
                "the path has no list before its \"[\"",
            ),
            ("[type pr]", "the path has no list before its \"[\""),
            (
                "emails[type pr]value.x",
                "a sub-attribute has to follow the \"]\" of the path",
            ),
            ("emails[type pr].a.b", "the path is none of an attribute"),
            (
                "emails[]",
                "in the path, the filter is wrong at character 1: an attribute was expected",
            ),
        ] {
            assert_eq!(PatchPath::parse(text).expect_err(text).detail, wanted);
        }
    }

    #[test]
    fn the_envelope_is_checked() {
        let dialect = PatchDialect::default();
        let wording = Wording {
            dialect: &dialect,
            extensions: Vec::new(),
        };
        let read = |body: Json| {
            let body = body.as_object().expect("an object").clone();
            super::read(body, &wording).expect_err("refused").detail
        };
        assert_eq!(
            read(json!({"Operations": []})),
            format!("the body's schemas do not name {PATCH_OP}")
        );
        assert_eq!(
            read(json!({"schemas": [PATCH_OP], "Operations": []})),
            "the body has no list of Operations"
        );
        assert_eq!(
            read(json!({"schemas": [PATCH_OP], "x": 1})),
            "a PATCH body has no x"
        );
    }
}
