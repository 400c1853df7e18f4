//! The one environment that all expressions share: CEL's standard functions and ours.
//!
//! Promises to be built once and never changed. Leaves the functions themselves to their files.

use std::sync::{Arc, LazyLock};

use cel::common::functions::Function;
use cel::common::types::{DYN_TYPE, Type};
use cel::{DeclarationError, Env};

use super::{date, list, pattern, shorthand, text};

/// The environment.
pub(super) static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let environment = build().expect("every function is declared once, under a name of its own");
    Arc::new(environment)
});

/// Methods by name, with the number of their arguments. All take any kind of receiver, since they
/// look into optionals, and say themselves what they cannot work on.
const METHODS: &[(&str, usize, Function)] = &[
    ("lower", 0, |values| text::lower(&values)),
    ("upper", 0, |values| text::upper(&values)),
    ("titleCase", 0, |values| text::title_case(&values)),
    ("trim", 0, |values| text::trim(&values)),
    ("ascii", 0, |values| text::ascii(&values)),
    ("substring", 1, |values| text::substring(&values)),
    ("substring", 2, |values| text::substring(&values)),
    ("split", 1, |values| text::split(&values)),
    ("replace", 2, |values| text::replace(&values)),
    ("emailLocal", 0, |values| text::email_local(&values)),
    ("emailDomain", 0, |values| text::email_domain(&values)),
    ("startsWith", 1, |values| text::starts_with(&values)),
    ("endsWith", 1, |values| text::ends_with(&values)),
    ("contains", 1, |values| text::contains(&values)),
    ("matches", 1, |values| pattern::matches(&values)),
    ("extract", 1, |values| pattern::extract(&values)),
    ("extract", 2, |values| pattern::extract(&values)),
    ("replaceMatches", 2, |values| {
        pattern::replace_matches(&values)
    }),
    ("join", 1, |values| list::join(&values)),
    ("first", 0, |values| list::first(&values)),
    ("formatDate", 1, |values| date::format_date(&values)),
];

fn build() -> Result<Env, DeclarationError> {
    let mut environment = Env::stdlib();
    for &(name, arguments, function) in METHODS {
        let id = format!("rollcall_{name}_{arguments}");
        let types = any(arguments);
        environment.add_member_overload(name, &id, DYN_TYPE, types, function)?;
    }
    environment.add_overload("formatDate", "rollcall_format_date", any(2), |values| {
        date::format_date(&values)
    })?;
    environment.add_overload(shorthand::EMPTY, "rollcall_empty", any(1), |values| {
        Ok(list::empty(&values))
    })?;
    environment.add_overload(shorthand::HELD, "rollcall_held", any(1), list::held)?;
    shorthand::declare(&mut environment)?;
    Ok(environment)
}

fn any(count: usize) -> Vec<Type> {
    std::iter::repeat_with(|| DYN_TYPE).take(count).collect()
}
