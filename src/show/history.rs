//! Lines of the journal: when, whom, what, why, which attributes, and what came of it.
//!
//! `history --format json`: `lines[]`, and `journal export` one such object a line: `number`, `at`
//! (RFC 3339), `run`, `target`, `subject`, `label`, `action`, `outcome`, `detail` (why and which
//! attributes, or what went wrong, or who pulled a lever and why), `count`, `approved`, `chain` (the
//! SHA-256 of the line before and this one); of what was sent `requests[]` (`method`, `path`, `status`,
//! `times`), and `deed`, what has to be known to take it back: `account`, `members`, `values` or `name`.

use std::fmt::Write;

use serde::Serialize;

use super::words::{action, count};
use super::{BOLD, DIM, MINUS, PLUS, styled};
use crate::core::change::ActionKind;
use crate::core::deed::Sent;
use crate::store::Written;

/// The whole answer of `history`.
#[derive(Debug, Serialize)]
pub struct HistoryJson {
    /// The lines, oldest first.
    pub lines: Vec<LineJson>,
}

/// One line.
#[derive(Debug, Serialize)]
pub struct LineJson {
    /// Its number in the journal.
    pub number: i64,
    /// When (RFC 3339).
    pub at: String,
    /// The run it belongs to.
    pub run: String,
    /// Which target.
    pub target: String,
    /// Whom it is about: `user hq:1001`, `group hq:g7`, or empty.
    pub subject: String,
    /// What a person calls them.
    pub label: String,
    /// What was done.
    pub action: String,
    /// What came of it.
    pub outcome: String,
    /// Why and which attributes, or what went wrong.
    pub detail: String,
    /// How many things changed.
    pub count: usize,
    /// A person released it.
    pub approved: bool,
    /// The writes of it, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Sent>,
    /// What it did, in enough detail to take it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deed: Option<serde_json::Value>,
    /// The hash chain after it.
    pub chain: String,
}

impl LineJson {
    /// A line of the journal.
    #[must_use]
    pub fn of(line: Written) -> Self {
        let entry = line.entry;
        Self {
            number: line.number,
            at: entry.at.to_string(),
            run: entry.run,
            target: entry.target,
            subject: entry.subject,
            label: entry.label,
            action: entry.action,
            outcome: entry.outcome,
            detail: entry.detail,
            count: entry.count,
            approved: entry.approved,
            requests: entry.requests,
            deed: entry.deed.map(|deed| deed.to_json()),
            chain: line.chain,
        }
    }
}

/// The answer for people: one line each, under the run it belongs to, with its writes.
#[must_use]
pub fn render(answer: &HistoryJson) -> String {
    if answer.lines.is_empty() {
        return "nothing was done\n".into();
    }
    let width = |of: fn(&LineJson) -> &str| {
        let lengths = answer.lines.iter().map(|line| of(line).chars().count());
        lengths.max().unwrap_or_default().min(36)
    };
    let targets = width(|line| &line.target);
    let labels = width(|line| &line.label);
    let mut text = String::new();
    let mut run = "";
    for line in &answer.lines {
        if line.run != run && is_of_a_run(line) {
            run = &line.run;
            let _ = writeln!(text, "{} {}", styled(BOLD, "run"), plain(run));
        }
        let at = line.at.parse().map_or_else(
            |_| line.at.clone(),
            |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        );
        let approved = if is_released(line) { "; approved" } else { "" };
        let _ = writeln!(
            text,
            "{}  {:<targets$}  {} {} {}{}",
            styled(DIM, at),
            line.target,
            styled(BOLD, format!("{:<labels$}", plain(&line.label))),
            format_args!("{:<14}", what(line)),
            outcome(line),
            styled(DIM, plain(&why(line)) + approved)
        );
        for request in &line.requests {
            let request = plain(&request.to_string());
            let _ = writeln!(text, "    {}", styled(DIM, request));
        }
    }
    text
}

/// Is the line part of a run, and not a lever that somebody pulled?
fn is_of_a_run(line: &LineJson) -> bool {
    ActionKind::from_word(&line.action).is_some()
        || matches!(&*line.action, "run" | "part_run" | "hold" | "undo")
}

/// Was it held before a person let it go? A lever's own line says that anyway.
fn is_released(line: &LineJson) -> bool {
    line.approved && ActionKind::from_word(&line.action).is_some()
}

fn what(line: &LineJson) -> String {
    let kind = ActionKind::from_word(&line.action);
    kind.map_or_else(|| line.action.replace('_', " "), |kind| action(kind).into())
}

fn outcome(line: &LineJson) -> String {
    let style = match line.outcome.as_str() {
        "done" | "found" | "in line" => PLUS,
        _ => MINUS,
    };
    styled(style, format!("{:<10}", line.outcome))
}

fn why(line: &LineJson) -> String {
    if line.detail.is_empty() {
        String::new()
    } else {
        format!("  {}", line.detail)
    }
}

/// What others wrote may not move the cursor, nor begin a line.
fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// One line of an export.
///
/// # Panics
/// Never: a line holds nothing that JSON cannot.
#[must_use]
pub fn exported(line: &LineJson) -> String {
    let mut text = serde_json::to_string(line).expect("a line is plain data");
    text.push('\n');
    text
}

/// The journal is whole.
#[must_use]
pub fn whole(lines: usize) -> String {
    format!(
        "{} the journal is whole: {}\n",
        styled(PLUS, "ok"),
        count(lines, "line")
    )
}
