//! Operations of a PATCH, and the bodies that carry them (RFC 7644, 3.5.2).
//!
//! Promises the words as the app wants them, and no more operations in a body than it takes. Leaves what the
//! operations say to [`super::patch`] and [`super::members`].

use super::node::{Node, Object, Scalar};
use super::path::PATCH_SCHEMA;
use crate::core::profile::{Booleans, OpCase, PatchDialect, PatchForm};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Adds an element, or a value that is not there.
    Add,
    /// Replaces a value; one that is not there is added.
    Replace,
    /// Takes a value away.
    Remove,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// What it does.
    pub op: Op,
    /// To what; none: to all that the value names.
    pub path: Option<String>,
    /// The value, if it has one.
    pub value: Option<Node>,
}

impl Operation {
    /// An operation with a path.
    pub fn at(op: Op, path: impl Into<String>, value: Option<Node>) -> Self {
        Self {
            op,
            path: Some(path.into()),
            value,
        }
    }

    /// `replace` of all that `value` names, without a path.
    pub fn without_path(value: Object) -> Self {
        Self {
            op: Op::Replace,
            path: None,
            value: Some(value.into()),
        }
    }

    /// It as JSON.
    pub fn node(&self) -> Node {
        let word = match self.op {
            Op::Add => "add",
            Op::Replace => "replace",
            Op::Remove => "remove",
        };
        let mut object = Object::default().with("op", Node::text(word));
        if let Some(path) = &self.path {
            object.set("path", Node::text(path));
        }
        if let Some(value) = &self.value {
            object.set("value", value.clone());
        }
        object.into()
    }
}

/// The bodies of the requests that carry these operations, so many each.
pub fn bodies(operations: &[Operation], most: usize) -> Vec<Object> {
    operations
        .chunks(most.max(1))
        .map(|chunk| {
            Object::default()
                .with("schemas", Node::List(vec![Node::text(PATCH_SCHEMA)]))
                .with(
                    "Operations",
                    Node::List(chunk.iter().map(Operation::node).collect()),
                )
        })
        .collect()
}

/// The body with its operations named as the app wants them: `Replace` where it takes no `replace`.
pub fn spelled(body: &Object, case: OpCase) -> Object {
    let list = match (case, body.get("Operations")) {
        (OpCase::Title, Some(list)) => list.to_items(),
        (OpCase::Title, None) | (OpCase::Lower, _) => return body.clone(),
    };
    let operations = list.into_iter().map(|operation| {
        let Some(fields) = operation.to_object() else {
            return operation;
        };
        let word = fields.get("op").and_then(Node::scalar);
        match word.and_then(Scalar::into_text) {
            Some(word) => fields.with("op", Node::text(title(&word))).into(),
            None => operation,
        }
    });
    body.clone()
        .with("Operations", Node::List(operations.collect()))
}

fn title(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The operation that switches an account on or off, and does nothing else.
pub fn active(on: bool, dialect: &PatchDialect) -> Operation {
    let value = active_value(on, dialect.booleans);
    match dialect.form {
        PatchForm::Path => Operation::at(Op::Replace, "active", Some(value)),
        PatchForm::Object | PatchForm::ObjectEach => {
            Operation::without_path(Object::default().with("active", value))
        }
    }
}

/// What `active` is in a PATCH.
pub fn active_value(on: bool, booleans: Booleans) -> Node {
    match (booleans, on) {
        (Booleans::Json, _) => Node::Bool(on),
        (Booleans::Text, true) => Node::text("true"),
        (Booleans::Text, false) => Node::text("false"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bodies: &[Object]) -> Vec<String> {
        bodies
            .iter()
            .map(|body| String::from_utf8(body.to_bytes()).expect("text"))
            .collect()
    }

    #[test]
    fn operations_are_spread_over_as_many_bodies_as_it_takes() {
        let operations: Vec<Operation> = ["a", "b", "c"]
            .map(|path| Operation::at(Op::Remove, path, None))
            .into();
        let head = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":"#;
        assert_eq!(
            shown(&bodies(&operations, 2)),
            [
                format!(r#"{head}[{{"op":"remove","path":"a"}},{{"op":"remove","path":"b"}}]}}"#),
                format!(r#"{head}[{{"op":"remove","path":"c"}}]}}"#),
            ]
        );
        assert_eq!(bodies(&operations, 0).len(), 3);
        assert!(bodies(&[], 5).is_empty());
    }

    #[test]
    fn a_switch_is_worded_as_the_app_wants_it() {
        for (form, booleans, expected) in [
            (
                PatchForm::Path,
                Booleans::Json,
                r#"{"op":"replace","path":"active","value":false}"#,
            ),
            (
                PatchForm::Object,
                Booleans::Json,
                r#"{"op":"replace","value":{"active":false}}"#,
            ),
            (
                PatchForm::Path,
                Booleans::Text,
                r#"{"op":"replace","path":"active","value":"false"}"#,
            ),
        ] {
            let dialect = PatchDialect {
                form,
                booleans,
                ..PatchDialect::default()
            };
            let node = active(false, &dialect).node();
            assert_eq!(serde_json::to_string(&node).expect("JSON"), expected);
        }
    }
}
