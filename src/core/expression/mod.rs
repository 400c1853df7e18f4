//! Expressions (CEL) over a user: compiled and checked when the config is loaded, bounded, no I/O.
//!
//! Promises that a program which compiles names only known attributes and functions, and that no
//! input can make it abort the process. Leaves to the mapping what a result means.
//!
//! The way of an expression: `syntax` parses it (with the rewritings of `shorthand`), `check` looks at
//! every node, `evaluation` runs it for one [`Subject`], and `outcome` turns what comes out into a
//! value of ours. [`FUNCTIONS`] says which functions there are.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::attribute::Value;

mod call;
mod check;
mod date;
mod documentation;
mod environment;
mod evaluation;
mod failure;
mod function;
mod kind;
mod list;
mod name;
mod operator;
mod outcome;
mod pattern;
mod receiver;
mod scope;
mod shorthand;
mod step;
mod subject;
mod syntax;
mod text;
mod tree;
mod written;

pub use documentation::{FUNCTIONS, FunctionDoc};
pub use step::Step;
pub use subject::Subject;

use written::Written;

/// The longest expression, in characters. Longer ones are refused before they are parsed.
pub const LONGEST: usize = 1024;

/// The deepest nesting of an expression, in nodes. The evaluator recurses, and even unoptimised it
/// stays within a worker thread's 2 MiB at this depth.
pub const DEEPEST: usize = 48;

/// A checked expression. Clones share everything.
#[derive(Clone)]
pub struct Program {
    checked: Arc<Checked>,
}

/// Two programs are the same when they were written the same.
impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

/// What a program holds.
struct Checked {
    written: Written,
    tree: cel::IdedExpr,
    names: check::Names,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Program({:?})", self.source())
    }
}

/// What expressions may name.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// The attributes of a user; `None`: any.
    pub attributes: Option<BTreeSet<String>>,
}

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes of the source it is about.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// Why an expression gave nothing for one user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// What went wrong, in one line: the part of the expression, its column, the cause, what to do.
    pub message: String,
}

/// What the result of an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// A value of an attribute.
    Value,
    /// A decision.
    Condition,
}

impl Program {
    /// Compiles and checks an expression that gives a value.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the source; of syntax errors the first,
    /// since those after it are mostly its echo.
    pub fn compile(source: &str, vocabulary: &Vocabulary) -> Result<Self, Vec<Problem>> {
        Self::build(source, vocabulary, Purpose::Value)
    }

    /// Compiles and checks an expression that decides: one that cannot be true or false is refused.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn compile_condition(source: &str, vocabulary: &Vocabulary) -> Result<Self, Vec<Problem>> {
        Self::build(source, vocabulary, Purpose::Condition)
    }

    fn build(
        source: &str,
        vocabulary: &Vocabulary,
        purpose: Purpose,
    ) -> Result<Self, Vec<Problem>> {
        syntax::refuse_unfit(source)?;
        let checked = syntax::on_a_deep_stack(|| {
            let (tree, written) = syntax::parse(source)?;
            let names = check::check(&tree, &written, vocabulary, purpose)?;
            Ok(Checked {
                written,
                tree,
                names,
            })
        })?;
        Ok(Self {
            checked: Arc::new(checked),
        })
    }

    /// The text it was compiled from.
    #[must_use]
    pub fn source(&self) -> &str {
        self.checked.written.text()
    }

    /// The names of groups it asks for (`"eng" in user.groups`, `inGroup("eng")`), as far as they
    /// are literals.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<String> {
        self.checked.names.groups.clone()
    }

    /// The attributes of the user that it asks for, as they are written.
    #[must_use]
    pub fn attributes(&self) -> &BTreeSet<String> {
        &self.checked.names.attributes
    }

    /// The value for a user; null, absence, an empty text and an empty list are all `None`. Texts
    /// are NFC, otherwise as they are; lists are sorted and without repeats.
    ///
    /// # Errors
    /// When it cannot be evaluated for this user, or gives what no attribute can hold.
    pub fn value(&self, subject: &Subject<'_>) -> Result<Option<Value>, EvalError> {
        self.evaluate(subject, outcome::value)
    }

    /// True or false for a user.
    ///
    /// # Errors
    /// When it cannot be evaluated for this user, or gives something else.
    pub fn truth(&self, subject: &Subject<'_>) -> Result<bool, EvalError> {
        self.evaluate(subject, outcome::truth)
    }

    /// What each part of the expression gives for a user, innermost first, the whole last. Literals
    /// and parts that are not reached (`false && …`, the other branch of `? :`) are left out.
    #[must_use]
    pub fn steps(&self, subject: &Subject<'_>) -> Vec<Step> {
        step::steps(&self.checked, subject)
    }

    fn evaluate<R>(
        &self,
        subject: &Subject<'_>,
        read: fn(&(dyn cel::common::value::Val + '_)) -> Result<R, String>,
    ) -> Result<R, EvalError> {
        let Checked { tree, written, .. } = &*self.checked;
        match evaluation::evaluate(tree, subject, read) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(complaint)) => Err(failure::misfit(tree, written, &complaint)),
            Err(fault) => Err(failure::explain(&fault, tree, written, subject)),
        }
    }
}

#[cfg(test)]
mod tests;
