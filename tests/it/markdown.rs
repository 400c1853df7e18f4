//! Markdown, as far as the tests of the documentation read it: sections, tables, blocks, links.
//!
//! Promises to panic with the name of what is not there, so that no test passes over nothing. Leaves
//! what it should say to [`super::docs`].

use std::path::Path;

/// The text of a file of this repository.
pub(super) fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What stands under a heading, up to the next of its rank or above.
pub(super) fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let start = text
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("there is no `{heading}`"));
    let body = &text[start + heading.len() + 2..];
    let rank = heading.chars().take_while(|c| *c == '#').count();
    let end = (1..=rank)
        .filter_map(|rank| body.find(&format!("\n{} ", "#".repeat(rank))))
        .min();
    &body[..end.unwrap_or(body.len())]
}

/// The cells of every row of every table, without the heads.
pub(super) fn rows(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_head = |at: usize| {
        lines
            .get(at + 1)
            .is_some_and(|next| next.starts_with("| ---"))
    };
    let rows: Vec<Vec<String>> = (0..lines.len())
        .filter(|at| lines[*at].starts_with('|') && !lines[*at].starts_with("| ---"))
        .filter(|at| !is_head(*at))
        .map(|at| cells(lines[at]))
        .collect();
    assert!(!rows.is_empty(), "there is no table");
    rows
}

/// A bar in a cell is written `\|`.
fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|')
        .replace("\\|", "\u{1}")
        .split('|')
        .map(|cell| cell.trim().replace('\u{1}', "|"))
        .collect()
}

/// What stands between the first two backticks.
pub(super) fn code(cell: &str) -> &str {
    cell.split('`').nth(1).unwrap_or_default()
}

/// The fenced block that follows the first line beginning with `label`.
pub(super) fn block<'t>(text: &'t str, label: &str) -> &'t str {
    let at = text
        .find(&format!("\n{label}"))
        .unwrap_or_else(|| panic!("no line begins with `{label}`"));
    let after = &text[at..];
    let open = after.find("```").expect("a block follows");
    let body = &after[open..];
    let start = body.find('\n').expect("a fence is a line") + 1;
    let end = body[start..].find("\n```").expect("the block is closed");
    &body[start..=start + end]
}

/// The targets of all links, `(file, anchor)`, that do not lead into the web.
pub(super) fn links(text: &str) -> Vec<(&str, &str)> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|link| !link.starts_with("http"))
        .map(|link| link.split_once('#').unwrap_or((link, "")))
        .collect()
}

/// The anchors of the headings, as GitHub makes them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .replace(' ', "-")
        })
        .collect()
}
