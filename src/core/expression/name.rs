//! The check of names: variables and attributes.
//!
//! Promises that what is unknown is named, with the nearest known word or the known ones. Leaves the
//! names of functions to [`super::call`].

use std::collections::BTreeSet;
use std::ops::Range;

use cel::IdedExpr;
use cel::common::ast::{Expr, SelectExpr};

use super::check::Check;
use super::documentation;
use super::kind::{Estimate, Kind};
use super::subject::OWN_PARTS;
use crate::core::text::nearest;

/// How many known words a hint lists.
const LISTED: usize = 8;

/// What a selection starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    /// `user`.
    User,
    /// `user.all`.
    All,
}

/// Is this `user` or `user.all`? Loops cannot take the name.
pub(super) fn root(node: &IdedExpr) -> Option<Root> {
    match &node.expr {
        Expr::Ident(name) if name == "user" => Some(Root::User),
        Expr::Select(select) if select.field == "all" && !select.test => {
            (root(&select.operand)? == Root::User).then_some(Root::All)
        }
        _ => None,
    }
}

impl<'t> Check<'t> {
    /// A variable: one of a loop, or a name that means nothing.
    pub(super) fn variable(&mut self, node: &IdedExpr, name: &str) -> Estimate {
        if let Some(bound) = self.scope.iter().rev().find(|bound| bound.name == name) {
            return bound.estimate;
        }
        let span = self.written.token(node);
        if name == "user" {
            let message = "`user` alone is not a value".to_owned();
            self.refuse(
                span,
                message,
                Some("name an attribute, as `user.mail`".to_owned()),
            );
        } else {
            self.unknown_variable(span, name);
        }
        Estimate::new(Kind::Any, 1)
    }

    fn unknown_variable(&mut self, span: Range<usize>, name: &str) {
        let known = self
            .scope
            .iter()
            .map(|bound| bound.name)
            .filter(|name| is_writable(name));
        let bare = name.trim_start_matches('.');
        let hint = match nearest(bare, known.chain(["user"])) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("an attribute is written `user.{bare}`, a text `\"{bare}\"`"),
        };
        self.refuse(span, format!("`{name}` is not known here"), Some(hint));
    }

    /// `user.mail`, or a part of something else.
    pub(super) fn select(&mut self, node: &'t IdedExpr, select: &'t SelectExpr) -> Estimate {
        if let Some(root) = root(&select.operand) {
            let kind = self.attribute(
                root,
                &select.field,
                self.written.field(node, &select.operand),
            );
            return Estimate::new(if select.test { Kind::Bool } else { kind }, 1);
        }
        let of = self.visit(&select.operand);
        match of.kind {
            Kind::Any | Kind::Map if !select.test => Estimate::new(Kind::Any, of.pieces),
            Kind::Maybe | Kind::MaybeText | Kind::MaybeTexts if !select.test => {
                Estimate::new(Kind::Maybe, of.pieces)
            }
            Kind::Any | Kind::Map | Kind::Maybe | Kind::MaybeText | Kind::MaybeTexts => {
                Estimate::new(Kind::Bool, 0)
            }
            Kind::Null
            | Kind::Text
            | Kind::Bool
            | Kind::Number
            | Kind::Texts
            | Kind::List
            | Kind::Bytes => self.no_part(node, select, of.kind),
        }
    }

    fn no_part(&mut self, node: &IdedExpr, select: &SelectExpr, kind: Kind) -> Estimate {
        let field = &select.field;
        let hint = documentation::of(field)
            .map(|function| format!("`{field}` is a function: `{}`", function.usage));
        let message = format!("{} has no part `{field}`", kind.named());
        self.refuse(self.written.name(node), message, hint);
        Estimate::new(Kind::Any, 1)
    }

    /// The kind of an attribute, which must be a known one.
    pub(super) fn attribute(&mut self, root: Root, name: &str, span: Range<usize>) -> Kind {
        match (root, name) {
            (Root::User, "all") => {
                let hint = "name an attribute, as `user.all.mail`".to_owned();
                self.refuse(
                    span,
                    "`user.all` alone is not a value".to_owned(),
                    Some(hint),
                );
                Kind::Any
            }
            (Root::User, "groups") => Kind::Texts,
            (Root::User, "disabled") => Kind::Bool,
            (Root::User, "key" | "label" | "manager") => Kind::Text,
            (_, attribute) => {
                self.names.attributes.insert(attribute.to_owned());
                self.known_attribute(root, attribute, span);
                if root == Root::All {
                    Kind::Texts
                } else {
                    Kind::Text
                }
            }
        }
    }

    fn known_attribute(&mut self, root: Root, name: &str, span: Range<usize>) {
        let Some(known) = &self.vocabulary.attributes else {
            return;
        };
        if known.contains(name) {
            return;
        }
        let own = OWN_PARTS.iter().copied().filter(|_| root == Root::User);
        let hint = match nearest(name, known.iter().map(String::as_str).chain(own)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => listed(known),
        };
        self.refuse(
            span,
            format!("users have no attribute `{name}`"),
            Some(hint),
        );
    }
}

fn listed(known: &BTreeSet<String>) -> String {
    let names: Vec<String> = known
        .iter()
        .take(LISTED)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if known.len() > LISTED { ", …" } else { "" };
    format!("known are {}{more}", names.join(", "))
}

fn is_writable(name: &str) -> bool {
    !name.starts_with(['@', '#'])
}
