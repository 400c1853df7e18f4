//! The only place where things become text or JSON.
//!
//! Promises output for people first: colour on a terminal, plain in a pipe, the same words every
//! time; and JSON with stable fields on request. Leaves what to show to the commands.

pub mod check;
pub mod console;
pub mod credential;
pub mod daemon;
pub mod explain;
pub mod history;
pub mod import;
pub mod json;
pub mod lever;
pub mod live;
pub mod log;
pub mod notice;
pub mod plan;
pub mod probe;
pub mod problem;
pub mod profile;
pub mod progress;
pub mod sandbox;
pub mod screen;
pub mod status;
pub mod undo;
pub mod watch;
pub mod words;

use std::io::Write;

use anstyle::{AnsiColor, Style};

/// Green: something comes.
pub(crate) const PLUS: Style = AnsiColor::Green.on_default();
/// Yellow: something changes.
pub(crate) const TILDE: Style = AnsiColor::Yellow.on_default();
/// Red: something goes, or is wrong.
pub(crate) const MINUS: Style = AnsiColor::Red.on_default();
/// Grey: said once, seldom read.
pub(crate) const DIM: Style = Style::new().dimmed();
/// The word a line is about.
pub(crate) const BOLD: Style = Style::new().bold();

/// Writes to standard output; styles are dropped where nobody would see them. A reader that has gone
/// away is no error: there is nobody to tell.
pub fn out(text: &str) {
    let _ = try_out(text);
}

/// The same, for what goes on for as long as somebody reads.
///
/// # Errors
/// When nobody does any more.
pub fn try_out(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes to standard error, likewise.
pub fn err(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// `text` without its styles, and without a line end at its end: for a log.
#[must_use]
pub fn plain(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    text.trim_end().to_owned()
}

/// `text` in `style`.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// An error, with what to do about it.
#[must_use]
pub fn error(problem: &str, causes: &[String], hint: Option<&str>) -> String {
    let mut text = format!("{} {problem}\n", styled(MINUS.bold(), "error:"));
    for cause in causes {
        text.push_str(&format!("  {} {cause}\n", styled(DIM, "because:")));
    }
    if let Some(hint) = hint {
        text.push_str(&format!("  {} {hint}\n", styled(BOLD, "hint:")));
    }
    text
}
