//! What a method is called on, and what it is called with.
//!
//! Promises that a method looks into an optional: on an absent value it gives absence (or what its
//! function says), on a present one a present one. Leaves the work to the functions.

use cel::ExecutionError;
use cel::common::types::{CelInt, CelList, CelOptional, CelString};
use cel::common::value::{CowVal, Val};

use super::kind;

/// What a function gives.
pub(super) type Outcome<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

/// A value that a function has made.
pub(super) type Made<'v> = Box<dyn Val + 'v>;

/// The longest text a function makes, in bytes: replacing and joining multiply.
const LONGEST_TEXT: usize = 1 << 20;

/// A receiver, looked into.
enum Receiver<'a, 'v> {
    Plain(&'a (dyn Val + 'v)),
    Present(&'a (dyn Val + 'v)),
    Absent,
}

fn receiver<'a, 'v>(value: &'a (dyn Val + 'v)) -> Receiver<'a, 'v> {
    match value.downcast_ref::<CelOptional>() {
        None => Receiver::Plain(value),
        Some(optional) => optional
            .option()
            .map_or(Receiver::Absent, Receiver::Present),
    }
}

/// Applies a function to its receiver and the rest of the arguments; absence stays absence.
fn on<'b, 'v>(
    arguments: &[CowVal<'b, 'v>],
    apply: impl FnOnce(&(dyn Val + 'v), &[CowVal<'b, 'v>]) -> Result<Made<'v>, ExecutionError>,
) -> Outcome<'b, 'v> {
    let Some((first, rest)) = arguments.split_first() else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    Ok(match receiver(first.as_ref()) {
        Receiver::Plain(value) => CowVal::Owned(apply(value, rest)?),
        Receiver::Present(value) => CowVal::owned(CelOptional::of(apply(value, rest)?)),
        Receiver::Absent => CowVal::owned(CelOptional::none()),
    })
}

/// Applies the function `name` to a text.
pub(super) fn on_text<'b, 'v>(
    name: &str,
    arguments: &[CowVal<'b, 'v>],
    apply: impl FnOnce(&str, &[CowVal<'b, 'v>]) -> Result<Made<'v>, ExecutionError>,
) -> Outcome<'b, 'v> {
    on(arguments, |value, rest| {
        match value.downcast_ref::<CelString>() {
            Some(text) => apply(text.inner(), rest),
            None => Err(misplaced(name, "a text", value)),
        }
    })
}

/// Applies the function `name` to a list.
pub(super) fn on_list<'b, 'v>(
    name: &str,
    arguments: &[CowVal<'b, 'v>],
    apply: impl FnOnce(&CelList<'v>, &[CowVal<'b, 'v>]) -> Result<Made<'v>, ExecutionError>,
) -> Outcome<'b, 'v> {
    on(arguments, |value, rest| {
        match value.downcast_ref::<CelList>() {
            Some(list) => apply(list, rest),
            None => Err(misplaced(name, "a list", value)),
        }
    })
}

/// Asks a text a question; an absent text answers no.
pub(super) fn ask_text<'b, 'v>(
    name: &str,
    arguments: &[CowVal<'b, 'v>],
    ask: impl FnOnce(&str, &[CowVal<'b, 'v>]) -> Result<bool, ExecutionError>,
) -> Outcome<'b, 'v> {
    let Some((first, rest)) = arguments.split_first() else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    let answer = match receiver(first.as_ref()) {
        Receiver::Absent => false,
        Receiver::Plain(value) | Receiver::Present(value) => {
            match value.downcast_ref::<CelString>() {
                Some(text) => ask(text.inner(), rest)?,
                None => return Err(misplaced(name, "a text", value)),
            }
        }
    };
    Ok(CowVal::owned(cel::common::types::CelBool::from(answer)))
}

fn misplaced(name: &str, wanted: &str, value: &dyn Val) -> ExecutionError {
    let got = kind::of_value(value).named();
    ExecutionError::function_error(name, format!("works on {wanted}, not on {got}"))
}

/// The text at a place after the receiver.
pub(super) fn text_at<'a>(
    name: &str,
    rest: &'a [CowVal<'_, '_>],
    place: usize,
) -> Result<&'a str, ExecutionError> {
    let value = at(name, rest, place)?;
    let text = value.downcast_ref::<CelString>();
    text.map(CelString::inner)
        .ok_or_else(|| unsuitable(name, "a text", value.as_ref()))
}

/// The whole number at a place after the receiver, as a count: what is below zero counts as zero.
pub(super) fn count_at(
    name: &str,
    rest: &[CowVal<'_, '_>],
    place: usize,
) -> Result<usize, ExecutionError> {
    let value = at(name, rest, place)?;
    let number = value.downcast_ref::<CelInt>();
    let number = number.ok_or_else(|| unsuitable(name, "a whole number", value.as_ref()))?;
    Ok(usize::try_from(*number.inner()).unwrap_or(0))
}

fn at<'a, 'b, 'v>(
    name: &str,
    rest: &'a [CowVal<'b, 'v>],
    place: usize,
) -> Result<&'a CowVal<'b, 'v>, ExecutionError> {
    rest.get(place)
        .ok_or_else(|| ExecutionError::function_error(name, "lacks an argument"))
}

fn unsuitable(name: &str, wanted: &str, value: &dyn Val) -> ExecutionError {
    let got = kind::of_value(value).named();
    ExecutionError::function_error(name, format!("needs {wanted} in its brackets, not {got}"))
}

/// A text that the function `name` has made.
pub(super) fn made_text<'v>(name: &str, text: String) -> Result<Made<'v>, ExecutionError> {
    fits(name, text.len())?;
    Ok(Box::new(CelString::from(text)))
}

/// Refuses a text of so many bytes, before it is made.
pub(super) fn fits(name: &str, bytes: usize) -> Result<(), ExecutionError> {
    if bytes <= LONGEST_TEXT {
        return Ok(());
    }
    let message =
        format!("would make a text of {bytes} bytes, more than the {LONGEST_TEXT} allowed");
    Err(ExecutionError::function_error(name, message))
}
