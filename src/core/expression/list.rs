//! Functions on lists, and what it means to be empty.
//!
//! Promises one notion of emptiness: null, an absent value, the empty text and the empty list.
//! Leaves `map`, `filter` and `exists` to CEL.

use cel::ExecutionError;
use cel::common::types::{CelBool, CelList, CelNull, CelOptional, CelString};
use cel::common::value::{CowVal, Val};

use super::kind;
use super::receiver::{Outcome, fits, made_text, on_list, text_at};

pub(super) fn join<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_list("join", arguments, |list, rest| {
        let separator = text_at("join", rest, 0)?;
        let texts = list
            .iter()
            .map(|item| joinable(item.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        let bytes: usize = texts.iter().map(|text| text.len() + separator.len()).sum();
        fits("join", bytes)?;
        made_text("join", texts.join(separator))
    })
}

fn joinable<'a>(item: &'a (dyn Val + '_)) -> Result<&'a str, ExecutionError> {
    item.downcast_ref::<CelString>()
        .map(CelString::inner)
        .ok_or_else(|| {
            let got = kind::of_value(item).named();
            ExecutionError::function_error("join", format!("joins texts, and the list holds {got}"))
        })
}

pub(super) fn first<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_list("first", arguments, |list, _| match list.first() {
        Some(item) => Ok(item.clone_as_boxed()),
        None => made_text("first", String::new()),
    })
}

/// Is the one argument empty?
pub(super) fn empty<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> CowVal<'b, 'v> {
    let empty = arguments
        .first()
        .is_none_or(|value| is_empty(value.as_ref()));
    CowVal::owned(CelBool::from(empty))
}

/// The one argument, taken out of its optional.
pub(super) fn held<'b, 'v>(mut arguments: Vec<CowVal<'b, 'v>>) -> Outcome<'b, 'v> {
    let value = arguments
        .pop()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    let inner = value
        .downcast_ref::<CelOptional>()
        .and_then(CelOptional::option);
    let inner = inner.map(Val::clone_as_boxed);
    Ok(inner.map_or(value, CowVal::Owned))
}

pub(super) fn is_empty(value: &dyn Val) -> bool {
    if let Some(optional) = value.downcast_ref::<CelOptional>() {
        return optional.option().is_none_or(is_empty);
    }
    if let Some(text) = value.downcast_ref::<CelString>() {
        return text.is_empty();
    }
    if let Some(list) = value.downcast_ref::<CelList>() {
        return list.is_empty();
    }
    value.downcast_ref::<CelNull>().is_some()
}
