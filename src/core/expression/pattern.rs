//! Functions on texts that take a pattern (a regular expression).
//!
//! Promises linear time whatever the pattern and the text, and that a pattern is compiled once.
//! Leaves the check of written-out patterns, when the config is loaded, to [`super::call`].

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use cel::ExecutionError;
use cel::common::value::CowVal;
use regex::{Regex, RegexBuilder};

use super::receiver::{Outcome, ask_text, count_at, fits, made_text, on_text, text_at};

/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 512;

/// How much memory one compiled pattern may take, in bytes.
const PATTERN_MEMORY: usize = 1 << 20;

/// How many compiled patterns are kept. A config has some dozens.
const KEPT: usize = 256;

static COMPILED: LazyLock<RwLock<HashMap<String, Arc<Regex>>>> = LazyLock::new(RwLock::default);

/// The compiled pattern.
///
/// # Errors
/// What is wrong with the pattern, in words.
pub(super) fn compiled(pattern: &str) -> Result<Arc<Regex>, String> {
    if let Some(known) = COMPILED
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(pattern)
    {
        return Ok(Arc::clone(known));
    }
    let fresh = Arc::new(compile(pattern)?);
    let mut kept = COMPILED.write().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(pattern.to_owned(), Arc::clone(&fresh));
    Ok(fresh)
}

fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST_PATTERN {
        let length = pattern.len();
        return Err(format!(
            "it has {length} bytes, more than the {LONGEST_PATTERN} allowed"
        ));
    }
    RegexBuilder::new(pattern)
        .size_limit(PATTERN_MEMORY)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                "it needs too much memory; use smaller counts".to_owned()
            }
            other => last_line(&other.to_string()),
        })
}

/// The part of a message with the cause: the lines before it draw the pattern.
fn last_line(message: &str) -> String {
    let last = message.lines().next_back().unwrap_or(message);
    last.trim_start_matches("error: ").to_owned()
}

fn pattern_at(name: &str, rest: &[CowVal<'_, '_>]) -> Result<Arc<Regex>, ExecutionError> {
    compiled(text_at(name, rest, 0)?).map_err(|cause| {
        ExecutionError::function_error(name, format!("has a bad pattern: {cause}"))
    })
}

pub(super) fn matches<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    ask_text("matches", arguments, |text, rest| {
        Ok(pattern_at("matches", rest)?.is_match(text))
    })
}

/// Without a group, the first group of the pattern, or all of it where it has none.
pub(super) fn extract<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("extract", arguments, |text, rest| {
        let pattern = pattern_at("extract", rest)?;
        let group = match rest.len() {
            1 => usize::from(pattern.captures_len() > 1),
            _ => count_at("extract", rest, 1)?,
        };
        if group >= pattern.captures_len() {
            let message = missing_group(group, &pattern);
            return Err(ExecutionError::function_error("extract", message));
        }
        let found = pattern
            .captures(text)
            .and_then(|captures| captures.get(group));
        made_text(
            "extract",
            found.map_or("", |found| found.as_str()).to_owned(),
        )
    })
}

/// What to say when a pattern has no such group.
pub(super) fn missing_group(group: usize, pattern: &Regex) -> String {
    let groups = pattern.captures_len() - 1;
    format!("asks for group {group}, and the pattern has {groups}")
}

/// `$1` in the replacement stands for the first group.
pub(super) fn replace_matches<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("replaceMatches", arguments, |text, rest| {
        let pattern = pattern_at("replaceMatches", rest)?;
        let replacement = text_at("replaceMatches", rest, 1)?;
        let references = replacement.matches('$').count().saturating_mul(text.len());
        let each = replacement.len().saturating_add(references);
        fits(
            "replaceMatches",
            pattern.find_iter(text).count().saturating_mul(each),
        )?;
        made_text(
            "replaceMatches",
            pattern.replace_all(text, replacement).into_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_pattern_says_why() {
        let complaint = |pattern: &str| compiled(pattern).expect_err("the pattern is bad");
        assert_eq!(complaint("(a"), "unclosed group");
        assert_eq!(
            complaint(r"\w{1000}{1000}"),
            "it needs too much memory; use smaller counts"
        );
        let long = "a".repeat(513);
        assert_eq!(
            complaint(&long),
            "it has 513 bytes, more than the 512 allowed"
        );
        let deep = format!("{}a{}", "(".repeat(255), ")".repeat(255));
        assert!(compiled(&deep).is_err());
    }

    #[test]
    fn patterns_are_kept_but_not_without_end() {
        let first = compiled("kept-[0-9]+").expect("the pattern is good");
        let again = compiled("kept-[0-9]+").expect("the pattern is good");
        assert!(Arc::ptr_eq(&first, &again) || KEPT == 0);
        for number in 0..2 * KEPT {
            compiled(&format!("n{number}")).expect("the pattern is good");
        }
        assert!(COMPILED.read().expect("nobody panicked").len() <= KEPT);
    }
}
