//! What people are told who are not looking: a line in a chat, a mail, an object for programs.
//!
//! Promises one sentence, what happens next, and the command that settles it; no value of a directory
//! or an app can add a line, a link or a mention. Leaves when to tell to the daemon.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::log::printable;
use super::words::count;

/// So many people are named, and so many notices of a sum.
const MOST: usize = 5;
/// A sentence of somebody else's is cut after so many characters.
const LONGEST: usize = 300;

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The guard holds changes.
    Held,
    /// Changes wait for a person.
    Parked,
    /// An app refuses our credential.
    CredentialRefused,
    /// A credential ends soon, or has ended.
    CredentialEnds,
    /// A source was not read for too long.
    SourceStale,
    /// Nothing is sent to a target for too long.
    TargetPaused,
    /// A new config was refused.
    ConfigRefused,
    /// A trouble is over.
    Recovered,
    /// Several at once.
    Sum,
}

impl Kind {
    /// The word for programs; stable.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Parked => "parked",
            Self::CredentialRefused => "credential_refused",
            Self::CredentialEnds => "credential_ends",
            Self::SourceStale => "source_stale",
            Self::TargetPaused => "target_paused",
            Self::ConfigRefused => "config_refused",
            Self::Recovered => "recovered",
            Self::Sum => "sum",
        }
    }
}

/// What people are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When it came up.
    pub at: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// The source or target, if it is about one.
    pub subject: Option<String>,
    /// What is so, and what happens next, in one sentence.
    pub what: String,
    /// What a person can do: most often a command.
    pub todo: Option<String>,
    /// Whom it is about, a line each; left out where people are not to be named.
    pub people: Vec<String>,
}

impl Notice {
    /// The same without anybody's name.
    #[must_use]
    pub fn without_people(self) -> Self {
        Self {
            people: Vec::new(),
            ..self
        }
    }
}

/// What of somebody else's stands in a notice: one line, not too long.
#[must_use]
pub fn foreign(text: &str) -> String {
    let text: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let text = printable(&text.join("; "));
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// One notice for several that were too many for the hour, and for so many that nobody kept.
#[must_use]
pub fn sum(notices: &[Notice], unnamed: usize, at: Timestamp) -> Notice {
    let shown: Vec<String> = notices.iter().take(MOST).map(title).collect();
    let all = notices.len() + unnamed;
    let more = all.saturating_sub(MOST);
    let mut what = format!(
        "{} that were too many for the hour: {}",
        count(all, "notice"),
        shown.join("; ")
    );
    if more > 0 {
        what.push_str(&format!("; and {more} more"));
    }
    Notice {
        at,
        kind: Kind::Sum,
        subject: None,
        what,
        todo: Some("rollcall status".into()),
        people: Vec::new(),
    }
}

/// The first line: the subject, and what is so.
#[must_use]
pub fn title(notice: &Notice) -> String {
    match &notice.subject {
        Some(subject) => printable(&format!("{subject}: {}", notice.what)),
        None => printable(&notice.what),
    }
}

/// The notice in lines, for a mail.
#[must_use]
pub fn text(notice: &Notice) -> String {
    let mut lines = vec![title(notice)];
    lines.extend(people(notice).into_iter().map(|line| format!("  {line}")));
    if let Some(todo) = &notice.todo {
        lines.push(format!("  → {}", printable(todo)));
    }
    lines.push(String::new());
    lines.push(format!(
        "rollcall, {}",
        notice.at.strftime("%Y-%m-%d %H:%M UTC")
    ));
    lines.join("\n") + "\n"
}

fn people(notice: &Notice) -> Vec<String> {
    let mut lines: Vec<String> = notice
        .people
        .iter()
        .take(MOST)
        .map(|line| foreign(line))
        .collect();
    let more = notice.people.len().saturating_sub(MOST);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// The notice for programs; the fields are stable.
#[must_use]
pub fn object(notice: &Notice) -> Json {
    json!({
        "from": "rollcall",
        "at": notice.at.to_string(),
        "kind": notice.kind.word(),
        "subject": notice.subject.as_deref().map(printable),
        "text": printable(&notice.what),
        "todo": notice.todo.as_deref().map(printable),
        "people": people(notice),
    })
}

/// The notice for Slack and what takes the same (`text`, mrkdwn). `&`, `<` and `>` are escaped as
/// Slack asks for ("Formatting text for app surfaces", docs.slack.dev), so that nothing in a value is a
/// link or a mention; the command stands in backticks.
#[must_use]
pub fn slack(notice: &Notice) -> Json {
    let mut lines = vec![format!("*rollcall* {}", mrkdwn(&title(notice)))];
    lines.extend(
        people(notice)
            .iter()
            .map(|line| format!("• {}", mrkdwn(line))),
    );
    if let Some(todo) = &notice.todo {
        lines.push(format!(
            "→ `{}`",
            entities(&printable(todo)).replace('`', "'")
        ));
    }
    json!({ "text": lines.join("\n") })
}

/// Nothing in the text is markup.
fn mrkdwn(text: &str) -> String {
    let plain = |c| match c {
        '*' => '∗',
        '_' => 'ˍ',
        '~' => '∼',
        '`' => '\'',
        other => other,
    };
    entities(text).chars().map(plain).collect()
}

/// The three signs that Slack wants escaped.
fn entities(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn notice() -> Notice {
        Notice {
            at: "2026-11-22T09:14:03Z".parse().expect("a time"),
            kind: Kind::Parked,
            subject: Some("wiki".into()),
            what: "2 changes wait for a person".into(),
            todo: Some("rollcall status".into()),
            people: vec![
                "asilva: two accounts fit".into(),
                "Eve\n<!channel> <https://evil.example|click> & `x` *b*\u{202e}: no seat".into(),
            ],
        }
    }

    #[test]
    fn it_is_short_and_names_the_command() {
        assert_snapshot!(text(&notice()), @r"
        wiki: 2 changes wait for a person
          asilva: two accounts fit
          Eve; <!channel> <https://evil.example|click> & `x` *b*\u{202e}: no seat
          → rollcall status

        rollcall, 2026-11-22 09:14 UTC
        ");
        assert_snapshot!(slack(&notice())["text"].as_str().expect("a text"), @r"
        *rollcall* wiki: 2 changes wait for a person
        • asilva: two accounts fit
        • Eve; &lt;!channel&gt; &lt;https://evil.example|click&gt; &amp; 'x' ∗b∗\u{202e}: no seat
        → `rollcall status`
        ");
        assert_snapshot!(object(&notice()).to_string(), @r#"{"at":"2026-11-22T09:14:03Z","from":"rollcall","kind":"parked","people":["asilva: two accounts fit","Eve; <!channel> <https://evil.example|click> & `x` *b*\\u{202e}: no seat"],"subject":"wiki","text":"2 changes wait for a person","todo":"rollcall status"}"#);
    }

    #[test]
    fn several_become_one() {
        let many: Vec<Notice> = (0..7)
            .map(|number| Notice {
                subject: Some(format!("app{number}")),
                ..notice().without_people()
            })
            .collect();
        assert_snapshot!(title(&sum(&many, 0, many[0].at)), @"7 notices that were too many for the hour: app0: 2 changes wait for a person; app1: 2 changes wait for a person; app2: 2 changes wait for a person; app3: 2 changes wait for a person; app4: 2 changes wait for a person; and 2 more");
    }

    #[test]
    fn what_others_say_is_one_line() {
        assert_eq!(
            foreign("error: no\n\n  hint: a\u{7}\n"),
            "error: no; hint: a\\u{7}"
        );
        assert_eq!(foreign(&"x".repeat(400)).chars().count(), LONGEST + 1);
    }
}
