//! Parsing: from the text of an expression to its tree, within bounds.
//!
//! Promises that no text can exhaust the stack or end the process, and that what is wrong is said in
//! words of the person who wrote it, not of the parser. Leaves names and kinds to the check.

use std::ops::Range;
use std::thread;

use cel::{IdedExpr, ParseError, ParseErrors};

use super::environment::ENVIRONMENT;
use super::written::{self, Written};
use super::{DEEPEST, LONGEST, Problem, tree};

/// The stack for parsing and checking, in bytes: the parser recurses for each operator of a chain,
/// and a worker thread's 2 MiB would not do for [`LONGEST`] characters of them.
const STACK: usize = 64 << 20;

/// Refuses what need not be parsed.
pub(super) fn refuse_unfit(source: &str) -> Result<(), Vec<Problem>> {
    if source.trim().is_empty() {
        let hint = "for no value at all write `null`";
        return Err(vec![problem(
            0..source.len(),
            "the expression is empty",
            Some(hint),
        )]);
    }
    let length = source.chars().count();
    if length > LONGEST {
        return Err(vec![problem(
            0..source.len(),
            &format!("the expression has {length} characters, more than the {LONGEST} allowed"),
            Some("translate with a list or a map instead of a chain of conditions"),
        )]);
    }
    Ok(())
}

/// Runs `work` where deep recursion is harmless, and a panic of the parser is a problem like others.
pub(super) fn on_a_deep_stack<T: Send>(
    work: impl FnOnce() -> Result<T, Vec<Problem>> + Send,
) -> Result<T, Vec<Problem>> {
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("expression".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, work);
        let Ok(worker) = worker else {
            let hint = "the system has no thread to spare; try again";
            return Err(vec![problem(
                0..0,
                "the expression could not be compiled",
                Some(hint),
            )]);
        };
        worker.join().unwrap_or_else(|_panic| {
            let hint = "write it more simply; this is a fault of the parser";
            Err(vec![problem(
                0..0,
                "the expression cannot be parsed",
                Some(hint),
            )])
        })
    })
}

/// Parses an expression. To be called on a deep stack.
pub(super) fn parse(source: &str) -> Result<(IdedExpr, Written), Vec<Problem>> {
    let parser = ENVIRONMENT.parser().enable_ident_escape_syntax(true);
    let (tree, offsets) = parser
        .parse_with_source_info(source)
        .map_err(|errors| translate(source, &errors))?;
    let depth = tree::depth(&tree);
    if depth > DEEPEST {
        return Err(vec![too_deep(source)]);
    }
    Ok((tree, Written::new(source, offsets)))
}

fn too_deep(source: &str) -> Problem {
    let message = format!("the expression is nested more than {DEEPEST} deep");
    problem(
        0..source.len(),
        &message,
        Some("a long chain of `+` nests too; use `[…].join(\"\")`"),
    )
}

fn problem(span: Range<usize>, message: &str, hint: Option<&str>) -> Problem {
    Problem {
        span,
        message: message.to_owned(),
        hint: hint.map(str::to_owned),
    }
}

/// The errors of the parser as problems: the first syntax error, since the others follow from it;
/// without one, everything.
fn translate(source: &str, errors: &ParseErrors) -> Vec<Problem> {
    let first = errors
        .errors
        .iter()
        .position(|error| error.msg.starts_with("Syntax error: "));
    match first.and_then(|first| errors.errors.get(first)) {
        Some(error) => vec![syntax_problem(source, error)],
        None => errors
            .errors
            .iter()
            .map(|error| other_problem(source, error))
            .collect(),
    }
}

/// The place of an error: lines and columns count from 1, columns in characters.
fn place(source: &str, error: &ParseError) -> usize {
    let (line, column) = error.pos;
    let line = usize::try_from(line).unwrap_or(1).max(1);
    let column = usize::try_from(column).unwrap_or(1).max(1);
    let start: usize = source
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let rest = source.get(start..).unwrap_or_default();
    start
        + rest
            .char_indices()
            .nth(column - 1)
            .map_or(rest.len(), |(at, _)| at)
}

fn syntax_problem(source: &str, error: &ParseError) -> Problem {
    let at = place(source, error);
    let said = error.msg.trim_start_matches("Syntax error: ");
    if said.contains("Recursion limit") {
        return too_deep(source);
    }
    if said.starts_with("error recovery attempt limit") || source[at..].trim().is_empty() {
        let at = source.trim_end().len();
        return problem(at..at, "the expression ends too early", missing_end(source));
    }
    let rest = &source[at..];
    let span = at..at + word_length(rest);
    let word = &source[span.clone()];
    if rest.starts_with(['"', '\'']) && said.starts_with("token recognition") {
        return broken_text(at, rest);
    }
    problem(
        span.clone(),
        &format!("`{word}` does not belong here"),
        hint_for(word, said),
    )
}

/// A text literal that the parser does not take: it has no end, or a backslash that means nothing.
fn broken_text(at: usize, rest: &str) -> Problem {
    if let Some(length) = written::closed_text(rest) {
        return bad_escape(at..at + length);
    }
    let hint = Some("end it with the same quotation mark");
    problem(
        at..at + rest.len(),
        "the text that begins here is not closed",
        hint,
    )
}

fn bad_escape(span: Range<usize>) -> Problem {
    let hint = Some("write `\\\\` for a backslash, or `r\"…\"` for a pattern");
    problem(span, "a backslash in this text means nothing", hint)
}

/// What to say about an expression that stops in the middle.
fn missing_end(source: &str) -> Option<&'static str> {
    let opened = source.matches(['(', '[', '{']).count();
    let closed = source.matches([')', ']', '}']).count();
    (opened > closed).then_some("a bracket is not closed")
}

/// The length of the word, number or sign at the start of a text, at least one character.
fn word_length(text: &str) -> usize {
    let word = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    word.max(text.chars().next().map_or(0, char::len_utf8))
}

fn hint_for(word: &str, said: &str) -> Option<&'static str> {
    match word {
        "=" => Some("`==` compares"),
        "and" | "AND" | "&" => Some("write `&&`"),
        "or" | "OR" | "|" => Some("write `||`"),
        "not" | "NOT" => Some("write `!`"),
        "“" | "”" | "„" | "‘" | "’" => Some("use straight quotation marks: `\"`"),
        "$" | "%" | "#" | "@" => Some("an attribute is written `user.mail`"),
        _ if said.starts_with("missing ')'") => Some("a `)` is missing before it"),
        _ if said.starts_with("missing ']'") => Some("a `]` is missing before it"),
        _ => None,
    }
}

/// Errors that are not of the grammar: words, numbers and escapes that mean nothing.
fn other_problem(source: &str, error: &ParseError) -> Problem {
    let at = place(source, error);
    let span = at..at + word_length(&source[at..]);
    if let Some(word) = error.msg.strip_prefix("reserved identifier: ") {
        let hint = Some("a choice is written `condition ? value : other`");
        return problem(span, &format!("`{word}` is a reserved word"), hint);
    }
    match error.msg.as_str() {
        "invalid int literal" | "invalid uint literal" | "invalid double literal" => {
            problem(span, "this number is too large", None)
        }
        "argument must be a simple name" => {
            let hint = Some("it names the element, as `m` in `list.filter(m, m != \"\")`");
            problem(span, "a plain name is needed here", hint)
        }
        "invalid argument to has() macro" => problem(
            span,
            "`has` asks for an attribute",
            Some("write it as `has(user.mail)`"),
        ),
        said if said.starts_with("invalid string literal") => {
            let rest = &source[at..];
            bad_escape(at..at + written::closed_text(rest).unwrap_or(rest.len()))
        }
        said => problem(span, &format!("this cannot be read: {said}"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(source: &str) -> String {
        let problems = refuse_unfit(source)
            .and_then(|()| on_a_deep_stack(|| parse(source)))
            .map(|_| ())
            .expect_err("the expression is malformed");
        let problem = problems.first().expect("there is a first problem");
        let hint = problem.hint.as_deref().unwrap_or("-");
        format!(
            "{:?} {} ({hint})",
            &source[problem.span.clone()],
            problem.message
        )
    }

    #[test]
    fn syntax_errors_speak_plainly() {
        for (source, words) in [
            (
                "",
                r#""" the expression is empty (for no value at all write `null`)"#,
            ),
            (
                "user.x = 1",
                r#""=" `=` does not belong here (`==` compares)"#,
            ),
            (
                "true and false",
                r#""and" `and` does not belong here (write `&&`)"#,
            ),
            ("user.x +", r#""" the expression ends too early (-)"#),
            (
                "f(user.x",
                r#""" the expression ends too early (a bracket is not closed)"#,
            ),
            (
                "\"ä\" + \"b",
                r#""\"b" the text that begins here is not closed (end it with the same quotation mark)"#,
            ),
            (
                "“a”",
                r#""“" `“` does not belong here (use straight quotation marks: `"`)"#,
            ),
            (
                "if",
                r#""if" `if` is a reserved word (a choice is written `condition ? value : other`)"#,
            ),
            (
                "99999999999999999999",
                r#""99999999999999999999" this number is too large (-)"#,
            ),
            (
                r#""\d+""#,
                r#""\"\\d+\"" a backslash in this text means nothing (write `\\` for a backslash, or `r"…"` for a pattern)"#,
            ),
            (
                "[1].map(1, 2)",
                r#""1" a plain name is needed here (it names the element, as `m` in `list.filter(m, m != "")`)"#,
            ),
            (
                "has(1)",
                r#""1" `has` asks for an attribute (write it as `has(user.mail)`)"#,
            ),
        ] {
            assert_eq!(complaint(source), words, "{source}");
        }
    }

    #[test]
    fn what_is_too_long_or_too_deep_is_refused_and_ends_nothing() {
        let chain = vec!["1"; 1500].join("+");
        assert!(complaint(&chain).ends_with(
            "the expression has 2999 characters, more than the 1024 allowed (translate with a list or \
             a map instead of a chain of conditions)"
        ));
        for source in [
            vec!["1"; 512].join("+"),
            format!("{}1{}", "(".repeat(400), ")".repeat(400)),
            format!("{}1{}", "[".repeat(99), "]".repeat(99)),
            format!("a{}", ".b".repeat(500)),
            format!("a{}", ".b()".repeat(250)),
            format!("a{}", "[0]".repeat(340)),
            format!("1{}", "?1:1".repeat(250)),
        ] {
            assert!(
                complaint(&source).contains("the expression is nested more than 48 deep"),
                "{source}: {}",
                complaint(&source)
            );
        }
    }
}
