//! The check of loops: their variables, what is known about them, how deep they stand.
//!
//! Promises to find the groups that a loop names, as far as they are written out. Leaves what is done
//! with the variables to the other checks.

use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, Expr};

use super::check::Check;
use super::kind::{Estimate, Kind};
use super::name::{Root, root};
use super::shorthand::UNUSED;
use super::{function, tree};

/// How many loops may stand inside one another: each multiplies the time by the length of a list.
const NESTED_LOOPS: usize = 2;

/// A variable of a loop.
pub(super) struct Binding<'t> {
    pub(super) name: &'t str,
    pub(super) estimate: Estimate,
    holds: Holds<'t>,
}

/// What is known about the values of a variable, for finding the groups that are named.
#[derive(Clone, Debug)]
pub(super) enum Holds<'t> {
    /// Nothing.
    Anything,
    /// The names of the user's groups, one after the other.
    GroupNames,
    /// These words, one after the other.
    Words(Vec<&'t str>),
}

/// Is this `user.groups`?
fn is_groups(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Select(select) => {
            select.field == "groups" && root(&select.operand) == Some(Root::User)
        }
        _ => false,
    }
}

/// What is known about the elements of a list.
pub(super) fn holds(list: &IdedExpr) -> Holds<'_> {
    if is_groups(list) {
        return Holds::GroupNames;
    }
    match &list.expr {
        Expr::List(list) => list
            .elements
            .iter()
            .map(tree::literal_text)
            .collect::<Option<Vec<_>>>()
            .map_or(Holds::Anything, Holds::Words),
        _ => Holds::Anything,
    }
}

impl<'t> Check<'t> {
    /// A loop (`map`, `filter`, `exists`, …), or a value that is kept (`coalesce`, `optMap`).
    pub(super) fn comprehension(&mut self, node: &IdedExpr, of: &'t ComprehensionExpr) -> Estimate {
        let is_loop = of.iter_var != UNUSED;
        let range = self.visit(&of.iter_range);
        let start = self.visit(&of.accu_init);
        self.element_name(node, of);
        if is_loop {
            self.loop_over(node, of, range.kind);
        }
        let depth = self.scope.len();
        self.loops += usize::from(is_loop);
        let element = Estimate::new(range.kind.element(), range.pieces.max(1));
        let holds = holds(&of.iter_range);
        self.scope.push(Binding {
            name: &of.iter_var,
            estimate: element,
            holds,
        });
        self.bind(&of.accu_var, start);
        self.visit(&of.loop_cond);
        let step = self.visit(&of.loop_step);
        self.bind(&of.accu_var, if is_loop { step } else { start });
        self.loops -= usize::from(is_loop);
        let result = self.visit(&of.result);
        self.scope.truncate(depth);
        result
    }

    fn bind(&mut self, name: &'t str, estimate: Estimate) {
        self.scope.push(Binding {
            name,
            estimate,
            holds: Holds::Anything,
        });
    }

    fn loop_over(&mut self, node: &IdedExpr, of: &ComprehensionExpr, kind: Kind) {
        let span = self.written.extent(&of.iter_range);
        if kind.is_optional() {
            let hint = "write `.orValue([])` before it".to_owned();
            self.refuse(span, "this list may be absent".to_owned(), Some(hint));
        } else if !function::is_iterable(kind) {
            let message = format!("a list is needed here, not {}", kind.named());
            self.refuse(span, message, list_hint(kind));
        }
        if self.loops >= NESTED_LOOPS {
            let message = format!("loops stand more than {NESTED_LOOPS} deep in one another");
            self.refuse(self.written.name(node), message, None);
        }
    }

    /// `user` and `optional` mean something already.
    fn element_name(&mut self, node: &IdedExpr, of: &ComprehensionExpr) {
        let mut names = [&of.iter_var, &of.accu_var].into_iter();
        if let Some(taken) = names.find(|name| matches!(name.as_str(), "user" | "optional")) {
            let message = format!("`{taken}` cannot be the name of an element");
            let hint = "take another name".to_owned();
            self.refuse(self.written.extent(node), message, Some(hint));
        }
    }

    /// The texts that a part stands for, as far as they are written out.
    pub(super) fn words(&self, node: &'t IdedExpr) -> Holds<'t> {
        if let Some(text) = tree::literal_text(node) {
            return Holds::Words(vec![text]);
        }
        let name = tree::identifier(node);
        let bound = self
            .scope
            .iter()
            .rev()
            .find(|bound| Some(bound.name) == name);
        bound.map_or(Holds::Anything, |bound| bound.holds.clone())
    }
}

/// What to do about a text where a list is needed.
fn list_hint(kind: Kind) -> Option<String> {
    (kind == Kind::Text).then(|| "all values of an attribute are in `user.all.mail`".to_owned())
}
