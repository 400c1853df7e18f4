//! What each part of an expression gives, for `explain`.
//!
//! Promises the order of evaluation and only what is reached. Leaves the layout to whoever shows it.

use cel::IdedExpr;
use cel::common::ast::{Expr, operators};

use super::subject::Subject;
use super::written::Written;
use super::{Checked, EvalError, evaluation, failure, outcome, tree};

/// A part of an expression with what it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The part, as it was written.
    pub source: String,
    /// What it gives, as a person reads it: texts in quotation marks, `nothing` for absence.
    pub value: Result<String, EvalError>,
}

/// The steps of an expression, each part once; the whole even where it is a mere literal.
pub(super) fn steps(checked: &Checked, subject: &Subject<'_>) -> Vec<Step> {
    let mut walk = Walk {
        written: &checked.written,
        subject,
        steps: Vec::new(),
    };
    walk.visit(&checked.tree, None);
    walk.push(&checked.tree);
    walk.steps
}

struct Walk<'w, 'u> {
    written: &'w Written,
    subject: &'w Subject<'u>,
    steps: Vec<Step>,
}

impl Walk<'_, '_> {
    /// Recursion is bounded by the depth of a checked tree.
    fn visit(&mut self, node: &IdedExpr, above: Option<&IdedExpr>) {
        for child in self.reached(node) {
            self.visit(child, Some(node));
        }
        let token = self.written.token(node);
        let of_a_shorthand = above.is_some_and(|above| self.written.token(above) == token);
        if !of_a_shorthand && is_worth_a_line(node) {
            self.push(node);
        }
    }

    fn push(&mut self, node: &IdedExpr) {
        let source = self.written.slice(self.written.extent(node)).to_owned();
        if self.steps.iter().any(|step| step.source == source) {
            return;
        }
        let value = evaluation::evaluate(node, self.subject, outcome::show)
            .map_err(|fault| failure::explain(&fault, node, self.written, self.subject));
        self.steps.push(Step { source, value });
    }

    /// The children that are evaluated for this user, and by themselves: not those of a loop's body.
    fn reached<'t>(&self, node: &'t IdedExpr) -> Vec<&'t IdedExpr> {
        match &node.expr {
            Expr::Comprehension(loops) => self.reached_in_loop(loops),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::CONDITIONAL, [condition, yes, no]) => match self.truth(condition) {
                    Some(true) => vec![condition, yes],
                    Some(false) => vec![condition, no],
                    None => vec![condition],
                },
                (operators::LOGICAL_AND, [left, _]) if self.truth(left) == Some(false) => {
                    vec![left]
                }
                (operators::LOGICAL_OR, [left, _]) if self.truth(left) == Some(true) => vec![left],
                _ => tree::children(node),
            },
            Expr::Select(_) if is_attribute(node) => Vec::new(),
            _ => tree::children(node),
        }
    }

    /// Of `coalesce(a, b)` the first value, and what follows if that is empty.
    fn reached_in_loop<'t>(
        &self,
        loops: &'t cel::common::ast::ComprehensionExpr,
    ) -> Vec<&'t IdedExpr> {
        if loops.iter_var != super::shorthand::UNUSED {
            return vec![&loops.iter_range];
        }
        match &loops.result.expr {
            Expr::Call(call) if call.func_name == operators::CONDITIONAL => {
                let empty =
                    evaluation::evaluate(&loops.accu_init, self.subject, super::list::is_empty);
                let rest = call.args.get(1).filter(|_| empty == Ok(true));
                std::iter::once(&loops.accu_init).chain(rest).collect()
            }
            _ => vec![&loops.accu_init],
        }
    }

    fn truth(&self, node: &IdedExpr) -> Option<bool> {
        evaluation::evaluate(node, self.subject, outcome::truth)
            .ok()?
            .ok()
    }
}

/// Literals and `user` itself say nothing new.
fn is_worth_a_line(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(_) | Expr::Ident(_) | Expr::Unspecified | Expr::Map(_) | Expr::Struct(_) => {
            false
        }
        Expr::List(list) => list.elements.iter().any(is_worth_a_line),
        Expr::Select(_) => !is_all(node),
        Expr::Call(_) | Expr::Comprehension(_) => true,
    }
}

/// `user.mail` or `user.all.mail`.
fn is_attribute(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Select(select) => {
            tree::identifier(&select.operand) == Some("user") || is_all(&select.operand)
        }
        _ => false,
    }
}

fn is_all(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Select(select) => {
            select.field == "all" && tree::identifier(&select.operand) == Some("user")
        }
        _ => false,
    }
}
