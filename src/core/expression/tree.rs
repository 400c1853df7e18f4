//! Walks over the tree of an expression.
//!
//! Promises walks without recursion, so that no depth can exhaust the stack. Leaves what a node means
//! to the check.

use cel::IdedExpr;
use cel::common::ast::{EntryExpr, Expr, LiteralValue};

/// The direct children of a node, in the order of the source.
pub(super) fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Vec::new(),
        Expr::Call(call) => call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect(),
        Expr::Comprehension(comprehension) => vec![
            &comprehension.iter_range,
            &comprehension.accu_init,
            &comprehension.loop_cond,
            &comprehension.loop_step,
            &comprehension.result,
        ],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|entry| entry_parts(&entry.expr))
            .collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::Struct(message) => message
            .entries
            .iter()
            .flat_map(|entry| entry_parts(&entry.expr))
            .collect(),
    }
}

fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

/// Every node below `node`, in no particular order.
pub(super) fn descendants(node: &IdedExpr) -> impl Iterator<Item = &IdedExpr> {
    let mut waiting = children(node);
    std::iter::from_fn(move || {
        let next = waiting.pop()?;
        waiting.extend(children(next));
        Some(next)
    })
}

/// How many nodes lie on the longest way down, the top included.
pub(super) fn depth(top: &IdedExpr) -> usize {
    let mut deepest = 0;
    let mut waiting = vec![(top, 1)];
    while let Some((node, level)) = waiting.pop() {
        deepest = deepest.max(level);
        waiting.extend(children(node).into_iter().map(|child| (child, level + 1)));
    }
    deepest
}

/// The text of a literal text.
pub(super) fn literal_text(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

/// The name of an identifier.
pub(super) fn identifier(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Ident(name) => Some(name),
        _ => None,
    }
}
