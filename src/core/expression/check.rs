//! The check of an expression when the config is loaded: every name, call and kind in it.
//!
//! Promises that what passes names only known attributes and functions, and cannot grow without
//! bounds when it runs. All problems come at once. Leaves names to [`super::name`], loops to
//! [`super::scope`], calls to [`super::call`] and operators to [`super::operator`].

use std::collections::BTreeSet;
use std::ops::Range;

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, ListExpr, LiteralValue, MapExpr};

use super::kind::{Estimate, Kind};
use super::scope::Binding;
use super::written::Written;
use super::{Problem, Purpose, Vocabulary};

/// How many texts of the input an expression may string together.
const MOST_PIECES: u32 = 128;

/// What an expression names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Groups, as far as they are literals.
    pub(super) groups: BTreeSet<String>,
    /// Attributes of the user: all of them, since their names must be written out.
    pub(super) attributes: BTreeSet<String>,
}

/// Checks a tree within the caps of [`super::syntax::parse`] and returns what it names.
pub(super) fn check(
    top: &IdedExpr,
    written: &Written,
    vocabulary: &Vocabulary,
    purpose: Purpose,
) -> Result<Names, Vec<Problem>> {
    let mut check = Check::new(written, vocabulary);
    let estimate = check.visit(top);
    if check.problems.is_empty() {
        check.result(top, estimate, purpose);
    }
    if check.problems.is_empty() {
        return Ok(check.names);
    }
    check
        .problems
        .sort_by(|one, two| (one.span.start, &one.message).cmp(&(two.span.start, &two.message)));
    check.problems.dedup();
    Err(check.problems)
}

/// A check under way.
pub(super) struct Check<'t> {
    pub(super) written: &'t Written,
    pub(super) vocabulary: &'t Vocabulary,
    pub(super) scope: Vec<Binding<'t>>,
    pub(super) loops: usize,
    pub(super) problems: Vec<Problem>,
    pub(super) names: Names,
}

impl<'t> Check<'t> {
    fn new(written: &'t Written, vocabulary: &'t Vocabulary) -> Self {
        let (scope, problems, names) = (Vec::new(), Vec::new(), Names::default());
        Self {
            written,
            vocabulary,
            scope,
            loops: 0,
            problems,
            names,
        }
    }

    /// Notes a problem.
    pub(super) fn refuse(&mut self, span: Range<usize>, message: String, hint: Option<String>) {
        self.problems.push(Problem {
            span,
            message,
            hint,
        });
    }

    /// Checks a node and everything below it. Recursion is bounded by the cap on depth.
    pub(super) fn visit(&mut self, node: &'t IdedExpr) -> Estimate {
        let estimate = match &node.expr {
            Expr::Literal(literal) => Estimate::new(literal_kind(literal), 1),
            Expr::Ident(name) => self.variable(node, name),
            Expr::Select(select) => self.select(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(map),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension),
            Expr::Struct(_) | Expr::Unspecified => self.unreadable(node),
        };
        if estimate.pieces > MOST_PIECES {
            let message = format!("this may string together more than {MOST_PIECES} texts");
            self.refuse(self.written.extent(node), message, None);
            return Estimate::new(estimate.kind, 1);
        }
        estimate
    }

    fn unreadable(&mut self, node: &IdedExpr) -> Estimate {
        let hint = "a map is written `{\"key\": value}`".to_owned();
        self.refuse(
            self.written.extent(node),
            "this means nothing here".to_owned(),
            Some(hint),
        );
        Estimate::new(Kind::Any, 0)
    }

    fn list(&mut self, list: &'t ListExpr) -> Estimate {
        let (mut kind, mut pieces) = (Kind::Texts, 0_u32);
        for (place, element) in list.elements.iter().enumerate() {
            let found = self.visit(element);
            let optional = list.optional_indices.contains(&place);
            let held = if optional {
                found.kind.held()
            } else {
                found.kind
            };
            if held != Kind::Text {
                kind = Kind::List;
            }
            pieces = pieces.saturating_add(found.pieces);
        }
        Estimate::new(kind, pieces)
    }

    fn map(&mut self, map: &'t MapExpr) -> Estimate {
        let mut pieces = 0_u32;
        for entry in &map.entries {
            if let EntryExpr::MapEntry(entry) = &entry.expr {
                self.visit(&entry.key);
                pieces = pieces.max(self.visit(&entry.value).pieces);
            }
        }
        Estimate::new(Kind::Map, pieces)
    }

    /// Refuses a result that nothing can be done with.
    fn result(&mut self, top: &IdedExpr, estimate: Estimate, purpose: Purpose) {
        let kind = estimate.kind.held();
        let span = self.written.extent(top);
        match purpose {
            Purpose::Condition if !kind.may_be(Kind::Bool) => {
                let message = format!(
                    "a condition must be true or false, and this is {}",
                    kind.named()
                );
                let hint = "compare it, as `user.title == \"Chief\"`".to_owned();
                self.refuse(span, message, (kind == Kind::Text).then_some(hint));
            }
            Purpose::Value if matches!(kind, Kind::Map | Kind::Bytes) => {
                let message = format!("this gives {}, which no attribute can hold", kind.named());
                self.refuse(span, message, None);
            }
            Purpose::Condition | Purpose::Value => {}
        }
    }
}

fn literal_kind(literal: &LiteralValue) -> Kind {
    match literal {
        LiteralValue::Boolean(_) => Kind::Bool,
        LiteralValue::Bytes(_) => Kind::Bytes,
        LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Kind::Number,
        LiteralValue::Null => Kind::Null,
        LiteralValue::String(_) => Kind::Text,
    }
}
