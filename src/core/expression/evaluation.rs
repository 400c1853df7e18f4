//! Running an expression for a user.
//!
//! Promises that nothing is compiled or copied for it, and that a fault of the evaluator is an error
//! of this one expression. Leaves reading the result to its caller, while it is still borrowed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cel::common::value::Val;
use cel::{Context, ExecutionError, IdedExpr, Value};

use super::environment::ENVIRONMENT;
use super::subject::Subject;

/// Evaluates a tree, or a part of one, and reads what comes out.
pub(super) fn evaluate<R>(
    tree: &IdedExpr,
    subject: &Subject<'_>,
    read: impl FnOnce(&dyn Val) -> R,
) -> Result<R, ExecutionError> {
    let run = || {
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        context.set_variable_resolver(subject);
        let outcome = Value::resolve_val(tree, &context)?;
        Ok(read(outcome.as_ref()))
    };
    // The evaluator panics on trees that its parser does not make; none of those passes the check.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_panic| {
        Err(ExecutionError::InternalError(
            "the evaluator failed".to_owned(),
        ))
    })
}
