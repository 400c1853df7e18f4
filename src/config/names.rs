//! The names that people give to sources and targets.
//!
//! Promises names that can stand on a command line, in a file name and in a metric. Leaves what
//! they name to the checks.

use super::findings::Findings;
use super::place::Place;

/// Tells a name that cannot be used.
pub fn check(name: &str, place: &Place, findings: &mut Findings<'_>) {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let begins = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !begins || !name.bytes().all(fits) || name.len() > 64 {
        let hint =
            "use up to 64 letters, digits, `-`, `_` and `.`, and begin with a letter or digit";
        findings.key(place, "this name cannot be used", Some(hint.into()));
    }
}
