//! What a running daemon does, beside what the state says.
//!
//! Promises that a trouble is shown with its whole text, since its end is what to do. Leaves the state
//! to [`super::status`].
//!
//! `--format json`: `daemon` (`since`, `config`, `refused`); of a source `last`, `users`, `groups`,
//! `part`, `trouble`, `listening` (`off`, `on`, `lost`), `deaf`, `next`; of a target `phase` (`idle`,
//! `reading`, `applying`), `done`, `total`, `due`, `next`, `pause`. A trouble has `since` and `problem`, a
//! pause `since`, `until` and `reason`. Points in time are RFC 3339.

use std::fmt::Write;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::status::{read, when};
use super::words::count;
use super::{BOLD, DIM, MINUS, TILDE, styled};

/// The daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonLive {
    /// Since when it runs.
    pub since: String,
    /// When the config in force was loaded.
    pub config: String,
    /// Why the newest config was refused, if it was.
    pub refused: Option<TroubleLive>,
}

/// Something that does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleLive {
    /// Since when.
    pub since: String,
    /// What is wrong and what to do, in lines.
    pub problem: String,
}

/// How a source stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLive {
    /// When it was last read or followed.
    pub last: Option<String>,
    /// Users that gave.
    pub users: usize,
    /// Groups that gave.
    pub groups: usize,
    /// Only a part could be read.
    pub part: bool,
    /// Why it cannot be read.
    pub trouble: Option<TroubleLive>,
    /// Whether it is listened to.
    pub listening: Listening,
    /// Why nothing can be heard.
    pub deaf: Option<TroubleLive>,
    /// When it is read as a whole again.
    pub next: Option<String>,
}

impl SourceLive {
    /// Does its news begin a run at once?
    #[must_use]
    pub fn is_heard(&self) -> bool {
        match self.listening {
            Listening::On => true,
            Listening::Off | Listening::Lost => false,
        }
    }
}

/// Whether a source is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listening {
    /// It is not to be, or cannot be.
    Off,
    /// It is.
    On,
    /// It should be, and nothing can be heard.
    Lost,
}

/// How a target stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetLive {
    /// What is done now.
    pub phase: PhaseLive,
    /// Accounts read, or changes done.
    pub done: usize,
    /// Changes to do.
    pub total: usize,
    /// Changes that the last plan had and that are not sent yet.
    pub due: usize,
    /// When the next cycle begins.
    pub next: Option<String>,
    /// Why nothing is sent.
    pub pause: Option<PauseLive>,
}

impl TargetLive {
    /// Is it read or changed now?
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        match self.phase {
            PhaseLive::Reading | PhaseLive::Applying => true,
            PhaseLive::Idle => false,
        }
    }
}

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseLive {
    /// It waits.
    Idle,
    /// It reads the app.
    Reading,
    /// It changes the app.
    Applying,
}

/// Why nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseLive {
    /// Since when.
    pub since: String,
    /// Until when; null: until a person does something.
    pub until: Option<String>,
    /// Why, and what to do.
    pub reason: String,
}

pub(super) fn daemon(daemon: &DaemonLive, now: Timestamp) -> String {
    let mut text = format!(
        "{}  runs since {}, with the config of {}\n",
        styled(BOLD, "daemon"),
        when(&daemon.since, now),
        when(&daemon.config, now)
    );
    let what = "the newest config was refused, the one before is in force";
    text.push_str(&trouble(what, daemon.refused.as_ref(), now));
    text
}

/// What it held when it was last looked at, if it was.
pub(super) fn reading(source: &SourceLive, now: Timestamp) -> Option<String> {
    let last = source.last.as_ref()?;
    Some(format!(
        "{}, {}, {}",
        read(last, now),
        count(source.users, "user"),
        count(source.groups, "group")
    ))
}

pub(super) fn source(source: &SourceLive, now: Timestamp) -> String {
    let mut parts = vec![match source.listening {
        Listening::On => "listened to: its news is acted on at once".to_owned(),
        Listening::Off => "not listened to: read before each run".into(),
        Listening::Lost => "not listened to for now: read before each run".into(),
    }];
    if let Some(next) = &source.next {
        parts.push(format!("all of it is read again {}", when(next, now)));
    }
    let mut text = format!("  {}\n", styled(DIM, parts.join("; ")));
    text.push_str(&trouble("cannot be read", source.trouble.as_ref(), now));
    text.push_str(&trouble(
        "nothing can be heard of it",
        source.deaf.as_ref(),
        now,
    ));
    text
}

/// `heard`: the sources whose news begins a run.
pub(super) fn target(target: &TargetLive, heard: &[&str], now: Timestamp) -> String {
    let mut text = String::new();
    let next = target.next.as_deref().map(|next| when(next, now));
    let doing = match target.phase {
        // The pause says until when it is.
        PhaseLive::Idle if target.pause.is_some() => None,
        PhaseLive::Idle => next.map(|next| match heard {
            [] => format!("next run {next}"),
            names => format!(
                "next run {next}, or as soon as {} has news",
                names.join(" or ")
            ),
        }),
        PhaseLive::Reading => Some(format!("at work: {} read", count(target.done, "account"))),
        PhaseLive::Applying => Some(format!(
            "at work: {} of {}",
            target.done,
            count(target.total, "change")
        )),
    };
    if let Some(doing) = doing {
        let _ = writeln!(text, "  {}", styled(DIM, doing));
    }
    if let Some(pause) = &target.pause {
        let until = match &pause.until {
            Some(until) => format!("until {}", when(until, now)),
            None => "until somebody does something".into(),
        };
        let _ = writeln!(
            text,
            "  {} paused since {}, {until}: {}",
            styled(TILDE, "!"),
            when(&pause.since, now),
            indented(&pause.reason)
        );
    }
    text
}

fn trouble(what: &str, trouble: Option<&TroubleLive>, now: Timestamp) -> String {
    trouble.map_or_else(String::new, |trouble| {
        format!(
            "  {} {what}, since {}: {}\n",
            styled(MINUS, "!"),
            when(&trouble.since, now),
            indented(&trouble.problem)
        )
    })
}

/// Further lines stand below the first.
pub(super) fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}
