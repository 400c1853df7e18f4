//! Shorthands that are rewritten while parsing: `coalesce`, `default`, `inGroup`.
//!
//! Promises that what is left of the first value found is not evaluated, and that a plain
//! `user.mail` in them may be missing. Leaves checking to the check, which sees what they become.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, ListExpr, LiteralValue, SelectExpr, operators,
};
use cel::parser::{Macro, MacroExprHelper};
use cel::{DeclarationError, Env, IdedExpr};

use super::function::{self, Absence};

/// Is the value empty? The name cannot be written in an expression.
pub(super) const EMPTY: &str = "@empty";

/// The value that an optional holds, other values as they are. Cannot be written either.
pub(super) const HELD: &str = "@held";

/// The variable that keeps a value that was evaluated once.
const KEPT: &str = "@kept";

/// The loop variable of a comprehension that only keeps a value.
pub(super) const UNUSED: &str = "#unused";

/// Declares the shorthands.
pub(super) fn declare(environment: &mut Env) -> Result<(), DeclarationError> {
    environment.add_macro(Macro::global_var_arg(
        "coalesce",
        |helper, _target, arguments| Ok(coalesce(helper, std::mem::take(arguments))),
    ))?;
    environment.add_macro(Macro::receiver(
        "default",
        1,
        |helper, target, arguments| {
            let values = target
                .take()
                .into_iter()
                .chain(arguments.drain(..))
                .collect();
            Ok(coalesce(helper, values))
        },
    ))?;
    environment.add_macro(Macro::global_var_arg(
        "inGroup",
        |helper, _target, arguments| Ok(in_group(helper, std::mem::take(arguments))),
    ))?;
    environment.add_macro(Macro::receiver_var_arg(
        "inGroup",
        |helper, target, arguments| {
            let on_user = target.as_ref().is_some_and(|target| is_user(&target.expr));
            Ok(if on_user {
                in_group(helper, std::mem::take(arguments))
            } else {
                None
            })
        },
    ))
}

fn is_user(expr: &Expr) -> bool {
    matches!(expr, Expr::Ident(name) if name == "user")
}

/// `coalesce(a, b)` is `@kept = a; @empty(@kept) ? b : @held(@kept)`. A call without values is left to
/// the check, which says how many it takes.
fn coalesce(helper: &mut MacroExprHelper<'_>, mut values: Vec<IdedExpr>) -> Option<IdedExpr> {
    let mut result = soften(values.pop()?);
    while let Some(value) = values.pop() {
        let kept = variable(helper, KEPT);
        let empty = call(helper, EMPTY, vec![kept]);
        let kept = variable(helper, KEPT);
        let held = call(helper, HELD, vec![kept]);
        let choice = call(helper, operators::CONDITIONAL, vec![empty, result, held]);
        result = keep(helper, soften(value), choice);
    }
    Some(result)
}

/// Lets the attribute at the root of `user.mail.lower()` be missing: `user.?mail.lower()`.
fn soften(mut value: IdedExpr) -> IdedExpr {
    value.expr = match value.expr {
        Expr::Select(select) if !select.test => Expr::Call(soft_select(value.id, select)),
        Expr::Call(mut call) if call.target.is_none() && call.func_name == operators::INDEX => {
            operators::OPT_INDEX.clone_into(&mut call.func_name);
            Expr::Call(call)
        }
        Expr::Call(mut call) if function::on_absence(&call.func_name) == Absence::Stays => {
            call.target = call.target.map(|target| Box::new(soften(*target)));
            Expr::Call(call)
        }
        other => other,
    };
    value
}

fn soft_select(id: u64, select: SelectExpr) -> CallExpr {
    let field = Expr::Literal(LiteralValue::String(select.field.into()));
    CallExpr {
        func_name: operators::OPT_SELECT.to_owned(),
        target: None,
        args: vec![*select.operand, IdedExpr { id, expr: field }],
    }
}

/// `inGroup(a, b)` is `a in user.groups || b in user.groups`.
fn in_group(helper: &mut MacroExprHelper<'_>, names: Vec<IdedExpr>) -> Option<IdedExpr> {
    let mut asked = Vec::with_capacity(names.len());
    for name in names {
        let user = variable(helper, "user");
        let select = SelectExpr {
            operand: Box::new(user),
            field: "groups".into(),
            test: false,
        };
        let groups = helper.next_expr(Expr::Select(select));
        asked.push(call(helper, operators::IN, vec![name, groups]));
    }
    let mut any = asked.pop()?;
    while let Some(one) = asked.pop() {
        any = call(helper, operators::LOGICAL_OR, vec![one, any]);
    }
    Some(any)
}

fn variable(helper: &mut MacroExprHelper<'_>, name: &str) -> IdedExpr {
    helper.next_expr(Expr::Ident(name.to_owned()))
}

fn call(helper: &mut MacroExprHelper<'_>, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    helper.next_expr(Expr::Call(CallExpr {
        func_name: name.to_owned(),
        target: None,
        args,
    }))
}

/// `result`, in which [`KEPT`] is `value`: a loop over nothing whose start is `value`.
fn keep(helper: &mut MacroExprHelper<'_>, value: IdedExpr, result: IdedExpr) -> IdedExpr {
    let nothing = helper.next_expr(Expr::List(ListExpr::new(Vec::new())));
    let never = helper.next_expr(Expr::Literal(LiteralValue::Boolean(false.into())));
    let step = variable(helper, KEPT);
    helper.next_expr(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: nothing,
        iter_var: UNUSED.to_owned(),
        iter_var2: None,
        accu_var: KEPT.to_owned(),
        accu_init: value,
        loop_cond: never,
        loop_step: step,
        result,
    })))
}
