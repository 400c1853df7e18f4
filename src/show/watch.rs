//! The status, again and again: a screen that is drawn anew, or a line for each thing that changes.
//!
//! Promises that somebody at a pipe hears of what changed and not of what goes by (how far a run is,
//! when the next one begins). Leaves looking to the command.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::live::{Listening, PhaseLive};
use super::problem::{self, Trouble};
use super::screen::Screen;
use super::status::{self, SourceStatus, StatusJson, TargetStatus, when};
use super::words::count;

/// Who watches.
#[derive(Debug)]
pub enum Watcher {
    /// Somebody at a terminal.
    Screen(Screen),
    /// Somebody at a pipe, and what they know.
    Pipe(BTreeMap<String, String>),
    /// A program, and what it knows. Boxed, since a status is much larger than the others.
    Program(Option<Box<StatusJson>>),
}

impl Watcher {
    /// Whoever is at standard output; `is_program`: JSON is wanted.
    #[must_use]
    pub fn at_output(is_program: bool) -> Self {
        if is_program {
            return Self::Program(None);
        }
        Screen::enter().map_or_else(|| Self::Pipe(BTreeMap::new()), Self::Screen)
    }

    /// What they are to see of a status: nothing, if they know it.
    ///
    /// # Panics
    /// Never: a status holds nothing that JSON cannot.
    #[must_use]
    pub fn sees(&mut self, seen: &StatusJson, now: Timestamp) -> String {
        match self {
            Self::Screen(screen) => {
                let alone = if seen.daemon.is_none() { NO_DAEMON } else { "" };
                screen.page(format!("{alone}\n{}", status::render(seen, now)).trim_start())
            }
            Self::Pipe(known) => news(known, lines(seen, now), now),
            Self::Program(known) => {
                if known.as_deref() == Some(seen) {
                    return String::new();
                }
                *known = Some(Box::new(seen.clone()));
                let line = serde_json::to_string(seen).expect("a status is plain data");
                line + "\n"
            }
        }
    }

    /// What they are to see when nobody could look.
    #[must_use]
    pub fn misses(&mut self, why: &Trouble, now: Timestamp) -> String {
        match self {
            Self::Screen(screen) => screen.page(&problem::trouble(why)),
            Self::Pipe(known) => {
                let line = format!("cannot look: {}", problem::headline(why));
                let mut lines = known.clone();
                lines.insert(DAEMON.into(), line);
                news(known, lines, now)
            }
            Self::Program(known) => {
                *known = None;
                String::new()
            }
        }
    }
}

const NO_DAEMON: &str = "no daemon runs";

/// The first line of all.
const DAEMON: &str = "";

fn news(
    known: &mut BTreeMap<String, String>,
    lines: BTreeMap<String, String>,
    now: Timestamp,
) -> String {
    let is_new = |(name, line): &(&String, &String)| known.get(*name) != Some(*line);
    let at = now.strftime("%H:%M:%S UTC");
    let mut text = String::new();
    for (_, line) in lines.iter().filter(is_new) {
        text.push_str(&format!("{at}  {line}\n"));
    }
    *known = lines;
    text
}

/// A line for each thing that there is, by a name that sorts as they are shown.
fn lines(seen: &StatusJson, now: Timestamp) -> BTreeMap<String, String> {
    let daemon = match &seen.daemon {
        None => NO_DAEMON.to_owned(),
        Some(daemon) => match &daemon.refused {
            None => format!("the daemon runs since {}", when(&daemon.since, now)),
            Some(_) => "the daemon runs, and has refused its newest config".to_owned(),
        },
    };
    let sources = seen.sources.iter();
    let sources = sources.map(|it| (format!("source {}", it.source), source(it)));
    let targets = seen.targets.iter();
    let targets = targets.map(|it| (format!("target {}", it.target), target(it, now)));
    [(DAEMON.to_owned(), daemon)]
        .into_iter()
        .chain(sources)
        .chain(targets)
        .collect()
}

fn source(source: &SourceStatus) -> String {
    let mut parts = vec![if source.read_at.is_some() {
        count(source.users, "user")
    } else {
        "never read".into()
    }];
    if source.missing > 0 {
        parts.push(format!("{} missing", source.missing));
    }
    if let Some(live) = &source.live {
        parts.extend(live.part.then(|| "only a part was read".into()));
        parts.extend(live.trouble.is_some().then(|| "cannot be read".into()));
        parts.extend(match live.listening {
            Listening::On => Some("listened to".into()),
            Listening::Off => None,
            Listening::Lost => Some("nothing can be heard of it".into()),
        });
    }
    format!("source {}: {}", source.source, parts.join(", "))
}

fn target(target: &TargetStatus, now: Timestamp) -> String {
    let mut parts = vec![count(target.accounts, "account")];
    let live = target.live.as_ref();
    let is_at_work = live.is_some_and(|live| live.phase != PhaseLive::Idle);
    let due = target.due + target.in_doubt;
    if is_at_work {
        parts.push("at work".into());
    } else if due > 0 {
        parts.push(format!("{due} due"));
    }
    for (number, what) in [(target.held.len(), "held"), (target.parked.len(), "parked")] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    if let Some(pause) = live.and_then(|live| live.pause.as_ref()) {
        parts.push(match &pause.until {
            Some(until) => format!("paused until {}", when(until, now)),
            None => "paused until somebody does something".into(),
        });
    }
    parts.push(match &target.last_run {
        Some(run) => format!("last run {}", run.outcome),
        None => "never run".into(),
    });
    format!("target {}: {}", target.target, parts.join(", "))
}
