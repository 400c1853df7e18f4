//! A line of the log: for people, for programs, for the journal of systemd.
//!
//! Promises that no value can begin a line, end one, or move a terminal: whatever is not printable is
//! spelled out, and what is very long is cut. Leaves what is written, and when, to the daemon.

use std::fmt::Write as _;
use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::{DIM, MINUS, TILDE, styled};

/// A text longer than so many characters is cut.
const LONGEST: usize = 2_000;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something failed.
    Error,
    /// Something needs a look.
    Warn,
    /// Something was done.
    Info,
    /// Why.
    Debug,
    /// Each step.
    Trace,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// The priority of syslog (RFC 5424, 6.2.1), as sd-daemon(3) reads it off a line.
    fn priority(self) -> u8 {
        match self {
            Self::Error => 3,
            Self::Warn => 4,
            Self::Info => 6,
            Self::Debug | Self::Trace => 7,
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Error => MINUS,
            Self::Warn => TILDE,
            Self::Info => AnsiColor::Cyan.on_default(),
            Self::Debug | Self::Trace => DIM,
        }
    }
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// How bad it is.
    pub severity: Severity,
    /// In words of ours.
    pub message: String,
    /// Names and values, in the order in which they are shown; the outermost first.
    pub fields: Vec<(String, String)>,
    /// What people read in lines of its own, such as the problems of a config.
    pub text: Option<String>,
}

/// The line for people.
#[must_use]
pub fn human(line: &Line) -> String {
    let at = styled(DIM, line.at.strftime("%Y-%m-%dT%H:%M:%SZ"));
    let word = line.severity.word().to_uppercase();
    let head = format!(
        "{at} {}",
        styled(line.severity.style(), format!("{word:5}"))
    );
    lines(&head, line)
}

/// The line for the journal, which notes the time itself.
#[must_use]
pub fn journald(line: &Line) -> String {
    let head = format!("<{}>", line.severity.priority());
    lines(&head, line)
}

/// `head` in front of each line, so that a text of several cannot pass for somebody else's.
fn lines(head: &str, line: &Line) -> String {
    let joint = if head.ends_with('>') { "" } else { " " };
    let mut out = format!(
        "{head}{joint}{}{}\n",
        printable(&line.message),
        fields(line)
    );
    for part in line.text.iter().flat_map(|text| text.lines()) {
        writeln!(out, "{head}{joint}  | {}", printable(part)).expect("a String takes every text");
    }
    out
}

fn fields(line: &Line) -> String {
    let mut all = String::new();
    for (name, value) in &line.fields {
        write!(all, " {name}={}", word(value)).expect("a String takes every text");
    }
    all
}

/// The value as one word, in quotes where a blank or a sign would make it look like two.
fn word(value: &str) -> String {
    let value = printable(value);
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '=' | '\\');
    if !value.is_empty() && value.chars().all(is_plain) {
        return value;
    }
    format!("\"{}\"", value.replace('"', "\\\""))
}

/// The line for programs: an object, its keys in order.
#[must_use]
pub fn json(line: &Line) -> String {
    let mut object = Map::new();
    for (name, value) in &line.fields {
        object.insert(name.clone(), Json::String(printable(value)));
    }
    if let Some(text) = &line.text {
        let parts = text.lines().map(|part| Json::String(printable(part)));
        object.insert("text".into(), Json::Array(parts.collect()));
    }
    object.insert("at".into(), Json::String(line.at.to_string()));
    object.insert("level".into(), line.severity.word().into());
    object.insert("message".into(), printable(&line.message).into());
    format!("{}\n", Json::Object(object))
}

/// The text with everything spelled out that is no sign on paper, and cut where it is very long.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_invisible(c) => out.push_str(&c.escape_unicode().to_string()),
            c => out.push(c),
        }
    }
    out
}

/// Controls (C0, DEL, C1), separators of lines, and signs that turn the direction of writing.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
        )
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

/// Writes a line to standard error in one piece. A reader that has gone away is no error: there is
/// nobody to tell.
pub fn write(line: &str) {
    let _ = anstream::stderr().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    /// What somebody may call themselves who wants to be read as something else.
    const HOSTILE: &str = "Eve\n<3>2026-11-22T09:00:00Z ERROR disk is gone\r\u{1b}[2J\u{9b}31m\u{202e}gpj\u{2028}\0\"x=y";

    fn line(text: Option<&str>) -> Line {
        Line {
            at: "2026-11-22T09:14:03.5Z".parse().expect("a time"),
            severity: Severity::Warn,
            message: "a change waits for a person".into(),
            fields: vec![
                ("target".into(), "wiki".into()),
                ("run".into(), "2026-11-22 09:14".into()),
                ("person".into(), HOSTILE.into()),
            ],
            text: text.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn no_value_can_forge_a_line() {
        let line = line(None);
        for shown in [
            json(&line),
            journald(&line),
            anstream::adapter::strip_str(&human(&line)).to_string(),
        ] {
            assert_eq!(shown.lines().count(), 1, "{shown}");
            let body = shown.strip_suffix('\n').expect("a whole line");
            assert!(!body.chars().any(is_invisible), "{shown:?}");
        }
        assert_snapshot!(json(&line).trim_end(), @r#"{"at":"2026-11-22T09:14:03.5Z","level":"warn","message":"a change waits for a person","person":"Eve\\n<3>2026-11-22T09:00:00Z ERROR disk is gone\\r\\u{1b}[2J\\u{9b}31m\\u{202e}gpj\\u{2028}\\u{0}\"x=y","run":"2026-11-22 09:14","target":"wiki"}"#);
        assert_snapshot!(journald(&line).trim_end(), @r#"<4>a change waits for a person target=wiki run="2026-11-22 09:14" person="Eve\n<3>2026-11-22T09:00:00Z ERROR disk is gone\r\u{1b}[2J\u{9b}31m\u{202e}gpj\u{2028}\u{0}\"x=y""#);
        assert_snapshot!(anstream::adapter::strip_str(&human(&line)).to_string().trim_end(), @r#"2026-11-22T09:14:03Z WARN  a change waits for a person target=wiki run="2026-11-22 09:14" person="Eve\n<3>2026-11-22T09:00:00Z ERROR disk is gone\r\u{1b}[2J\u{9b}31m\u{202e}gpj\u{2028}\u{0}\"x=y""#);
    }

    #[test]
    fn a_text_of_several_lines_has_a_head_in_each() {
        let line = Line {
            fields: Vec::new(),
            ..line(Some(
                "error: no such key\n<3>forged\n  hint: write `mapping`",
            ))
        };
        assert_snapshot!(journald(&line), @r"
        <4>a change waits for a person
        <4>  | error: no such key
        <4>  | <3>forged
        <4>  |   hint: write `mapping`
        ");
    }

    #[test]
    fn what_is_very_long_is_cut() {
        let long = "a".repeat(1_000_000);
        assert_eq!(printable(&long).chars().count(), LONGEST + 1);
    }
}
