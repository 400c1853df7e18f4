//! What comes out of an expression, as a value of ours or as a text to show.
//!
//! Promises that null, absence, the empty text and the empty list are one state, and that texts are
//! NFC. Leaves what a value means to the mapping.

use std::collections::BTreeSet;
use std::sync::Arc;

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelNull, CelOptional, CelString, CelUInt,
};
use cel::common::value::Val;

use super::kind;
use crate::core::attribute::Value;
use crate::core::text::nfc;

/// The value, or a complaint that says what came out instead.
pub(super) fn value(outcome: &dyn Val) -> Result<Option<Value>, String> {
    if let Some(optional) = outcome.downcast_ref::<CelOptional>() {
        return optional.option().map_or(Ok(None), value);
    }
    if let Some(text) = outcome.downcast_ref::<CelString>() {
        return Ok((!text.is_empty()).then(|| Value::text(nfc(text))));
    }
    if let Some(flag) = outcome.downcast_ref::<CelBool>() {
        return Ok(Some(Value::Bool(*flag.inner())));
    }
    if let Some(list) = outcome.downcast_ref::<CelList>() {
        return texts(list);
    }
    if outcome.downcast_ref::<CelNull>().is_some() {
        return Ok(None);
    }
    whole_number(outcome).map(|number| Some(Value::Int(number)))
}

fn whole_number(outcome: &dyn Val) -> Result<i64, String> {
    if let Some(number) = outcome.downcast_ref::<CelInt>() {
        return Ok(*number.inner());
    }
    if let Some(number) = outcome.downcast_ref::<CelUInt>() {
        let whole = i64::try_from(*number.inner());
        return whole.map_err(|_| format!("gives {}, which is too large", number.inner()));
    }
    if let Some(number) = outcome.downcast_ref::<CelDouble>() {
        return integral(*number.inner());
    }
    let got = kind::of_value(outcome).named();
    Err(format!("gives {got}, which no attribute can hold"))
}

/// Up to here every whole number has a double of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The whole number that a number is, if it is one.
fn integral(number: f64) -> Result<i64, String> {
    if number.fract() != 0.0 {
        return Err(format!(
            "gives {number}, which is not a whole number; use `int(…)` or `string(…)`"
        ));
    }
    let exact = (number.abs() <= EXACT)
        .then(|| format!("{number:.0}").parse().ok())
        .flatten();
    exact.ok_or_else(|| {
        format!("gives {number}, which is too large for an exact number; use `int(…)`")
    })
}

fn texts(list: &CelList<'_>) -> Result<Option<Value>, String> {
    let mut texts = BTreeSet::new();
    for item in list.iter() {
        match value(item.as_ref())? {
            None => {}
            Some(Value::Text(text)) => {
                texts.insert(text);
            }
            Some(Value::Bool(_) | Value::Int(_) | Value::List(_) | Value::Account(_)) => {
                let got = kind::of_value(item.as_ref()).named();
                return Err(format!(
                    "gives a list that holds {got}, and attributes hold texts; use `.map(x, string(x))`"
                ));
            }
        }
    }
    let texts: Vec<Arc<str>> = texts.into_iter().collect();
    Ok((!texts.is_empty()).then_some(Value::List(texts)))
}

/// True or false, or a complaint that says what came out instead.
pub(super) fn truth(outcome: &dyn Val) -> Result<bool, String> {
    if let Some(flag) = outcome.downcast_ref::<CelBool>() {
        return Ok(*flag.inner());
    }
    match outcome
        .downcast_ref::<CelOptional>()
        .map(CelOptional::option)
    {
        Some(Some(held)) => truth(held),
        Some(None) => Err("gives nothing where true or false is needed".to_owned()),
        None => {
            let got = kind::of_value(outcome).named();
            Err(format!("gives {got} where true or false is needed"))
        }
    }
}

/// The outcome as a person reads it: texts in quotation marks, lists in their own order.
pub(super) fn show(outcome: &dyn Val) -> String {
    if let Some(optional) = outcome.downcast_ref::<CelOptional>() {
        return optional.option().map_or_else(|| "nothing".to_owned(), show);
    }
    if let Some(text) = outcome.downcast_ref::<CelString>() {
        return format!("{:?}", text.inner());
    }
    if let Some(list) = outcome.downcast_ref::<CelList>() {
        let items: Vec<String> = list.iter().map(|item| show(item.as_ref())).collect();
        return format!("[{}]", items.join(", "));
    }
    if let Some(flag) = outcome.downcast_ref::<CelBool>() {
        return flag.inner().to_string();
    }
    if outcome.downcast_ref::<CelNull>().is_some() {
        return "nothing".to_owned();
    }
    if let Some(number) = outcome.downcast_ref::<CelDouble>() {
        return number.inner().to_string();
    }
    whole_number(outcome).map_or_else(
        |_| format!("({})", kind::of_value(outcome).named()),
        |number| number.to_string(),
    )
}
