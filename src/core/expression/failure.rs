//! Why an expression failed for one user, in words for the person who wrote it.
//!
//! Promises to name the innermost part that failed, its column, the cause and what to write instead,
//! and never to show a value of the user. Leaves the name of the user and the attribute to the caller.

use cel::{ExecutionError, IdedExpr};

use super::subject::Subject;
use super::written::Written;
use super::{EvalError, evaluation, kind, tree};

/// How much of the expression a message quotes, in characters.
const LONGEST_QUOTE: usize = 60;

/// The error of an expression.
pub(super) fn explain(
    fault: &ExecutionError,
    top: &IdedExpr,
    written: &Written,
    subject: &Subject<'_>,
) -> EvalError {
    let culprit = innermost(top, fault, subject);
    EvalError {
        message: format!("{}: {}", place(culprit, written), cause(fault)),
    }
}

/// The error of an expression that works, but gives what it should not.
pub(super) fn misfit(top: &IdedExpr, written: &Written, complaint: &str) -> EvalError {
    EvalError {
        message: format!("{}: {complaint}", place(top, written)),
    }
}

/// The deepest part that fails with the very same error.
fn innermost<'t>(top: &'t IdedExpr, fault: &ExecutionError, subject: &Subject<'_>) -> &'t IdedExpr {
    let mut culprit = top;
    while let Some(below) = tree::children(culprit).into_iter().find(|child| {
        evaluation::evaluate(child, subject, |_| ()).is_err_and(|error| error == *fault)
    }) {
        culprit = below;
    }
    culprit
}

fn place(part: &IdedExpr, written: &Written) -> String {
    let extent = written.extent(part);
    let (line, column) = written.position(extent.start);
    let words: Vec<&str> = written.slice(extent).split_whitespace().collect();
    let mut quote = words.join(" ");
    if quote.chars().count() > LONGEST_QUOTE {
        quote = quote.chars().take(LONGEST_QUOTE - 1).chain(['…']).collect();
    }
    if written.text().trim_end().contains('\n') {
        format!("`{quote}` (line {line}, column {column})")
    } else {
        format!("`{quote}` (column {column})")
    }
}

fn cause(fault: &ExecutionError) -> String {
    match fault {
        ExecutionError::NoSuchKey(name) => missing(name),
        ExecutionError::FunctionError { function, message } => failed(function, message),
        ExecutionError::NoSuchOverload(call) => {
            let kinds = call
                .argument_types()
                .iter()
                .map(|name| kind::of_type_name(name).named());
            let operator = spelled(call.function());
            format!(
                "`{operator}` does not work on {}",
                kinds.collect::<Vec<_>>().join(" and ")
            )
        }
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            let kinds = [left, right].map(|side| kind::of_type_name(type_name(side)).named());
            format!(
                "`{}` does not work on {}",
                spelled(operator),
                kinds.join(" and ")
            )
        }
        ExecutionError::UnexpectedType { got, want } => {
            let [got, want] = [got, want].map(|name| kind::of_type_name(name).named());
            format!("{want} is needed here, not {got}")
        }
        ExecutionError::IndexOutOfBounds(_) => {
            "the list has no such element; write `[?…].orValue(\"\")` if it may be shorter"
                .to_owned()
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "it divides by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "the number becomes too large".to_owned(),
        ExecutionError::DuplicateKey(_) => "the map names a key twice".to_owned(),
        // The errors are another crate's, and may come to carry values: those left are not shown.
        _ => "it cannot be evaluated".to_owned(),
    }
}

/// Our own functions say what is wrong; those of the evaluator are put into words here.
fn failed(function: &str, message: &str) -> String {
    match function {
        "int" | "double" if message.starts_with("string parse error") => {
            format!("`{function}` cannot read this text as a number")
        }
        "bool" => "`bool` reads `true`, `false`, `1` and `0`, not this text".to_owned(),
        "value" => "there is no value; write `.orValue(\"\")` if it may be missing".to_owned(),
        _ => format!("`{function}` {message}"),
    }
}

fn missing(name: &str) -> String {
    if let Some(attribute) = name.strip_prefix("user.all.") {
        let asked = selected("user.all", attribute);
        return format!(
            "the user has no `{attribute}`; if it may be missing write `{asked}.orValue([])`"
        );
    }
    if let Some(attribute) = name.strip_prefix("user.") {
        let asked = selected("user", attribute);
        return format!(
            "the user has no `{attribute}`; if it may be missing write `{asked}.orValue(\"\")`"
        );
    }
    "the map has no such key; write `[?…].orValue(\"\")` if it may be missing".to_owned()
}

/// How an attribute is asked for that may be missing.
fn selected(of: &str, attribute: &str) -> String {
    let plain = attribute
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !attribute.starts_with(|c: char| c.is_ascii_digit());
    if plain {
        format!("{of}.?{attribute}")
    } else {
        format!("{of}[?{attribute:?}]")
    }
}

/// An operator as it is written.
fn spelled(operator: &str) -> &str {
    match operator {
        "add" => "+",
        "sub" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        "@in" => "in",
        "_[_]" | "_[?_]" => "[…]",
        "_._" | "_?._" => ".",
        other => other.trim_matches('_'),
    }
}

fn type_name(value: &cel::Value) -> &'static str {
    match value {
        cel::Value::String(_) => "string",
        cel::Value::Bool(_) => "bool",
        cel::Value::Int(_) | cel::Value::UInt(_) | cel::Value::Float(_) => "int",
        cel::Value::List(_) => "list",
        cel::Value::Map(_) => "map",
        cel::Value::Bytes(_) => "bytes",
        cel::Value::Null => "null_type",
        cel::Value::Opaque(_) => "optional_type",
        // Another crate's enum; a struct cannot be made in our environment.
        _ => "",
    }
}
