//! What a person should know of a reading: counts and examples.
//!
//! Promises a number for whatever is not listed. Leaves the sentences to their places.

/// So many are named in a note; the rest are counted.
pub(super) const EXAMPLES: usize = 3;

/// `1 member`, `3 members`.
pub(super) fn counted(number: usize, one: &str, more: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {more}"),
    }
}

/// The first few of them.
pub(super) fn examples(names: &[String]) -> String {
    let first = names.iter().take(EXAMPLES).cloned().collect::<Vec<_>>();
    let more = if names.len() > EXAMPLES { "; …" } else { "" };
    first.join("; ") + more
}
