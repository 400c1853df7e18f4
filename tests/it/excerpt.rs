//! A shortened text beside the real one.
//!
//! Promises that nothing is left out but where a `…` says so. Leaves getting the real one to others.

use regex::Regex;

/// The first line of `excerpt` that `real` does not have where it should. `…` alone stands for any
/// lines, `…` at the end of a line for its rest; ids of plans are not compared.
pub(super) fn stranger(excerpt: &str, real: &str) -> Option<String> {
    let id = Regex::new("plan [0-9a-f]{12}").expect("it is a pattern");
    let real = id.replace_all(real, "plan ID");
    let excerpt = id.replace_all(excerpt, "plan ID");
    let mut lines = real.lines();
    let mut skips = false;
    for wanted in excerpt.lines() {
        if wanted.trim() == "…" {
            skips = true;
            continue;
        }
        let fits = |line: &str| match wanted.strip_suffix('…') {
            Some(start) => line.starts_with(start) && line.len() > start.len(),
            None => line == wanted,
        };
        let found = if skips {
            lines.any(fits)
        } else {
            lines.next().is_some_and(fits)
        };
        if !found {
            return Some(wanted.to_owned());
        }
        skips = false;
    }
    None
}

#[test]
fn an_excerpt_that_leaves_something_out_in_silence_is_found() {
    let real = "one\ntwo\n  three and more\nfour\n";
    assert_eq!(stranger("one\n…\n  three …\nfour\n", real), None);
    assert_eq!(
        stranger("one\n  three …\n", real).as_deref(),
        Some("  three …")
    );
    assert_eq!(stranger("…\nfive\n", real).as_deref(), Some("five"));
    assert_eq!(stranger("…\nfour…\n", real).as_deref(), Some("four…"));
}
