//! `rollcall history`: what was done, from the journal.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::people::{self, Candidate};
use super::{Common, Exit, Format};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::core::duration;
use crate::installation;
use crate::show;
use crate::show::history::{HistoryJson, LineJson};
use crate::show::problem::Trouble;
use crate::store::{SqliteStore, Wanted};

/// The arguments of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    common: Common,
    /// Only of this target, or about this person or group, by key or as the journal names them.
    #[arg(value_name = "USER|TARGET")]
    about: Option<String>,
    /// Only what is not older: 12h, 7d.
    #[arg(long, value_name = "SPAN", value_parser = duration::parse)]
    since: Option<Duration>,
    /// How to show it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Shows lines of the journal, oldest first. Asks no app and no source.
///
/// # Errors
/// When the config or the state cannot be read, or the journal knows nobody of that name.
pub fn run(args: &HistoryArgs) -> Result<Exit, Trouble> {
    let config = config::load(&args.common.config)?;
    let store = installation::state(&args.common, &config, installation::Need::Look)?;
    let mut wanted = Wanted {
        since: args.since.map(ago),
        ..Wanted::default()
    };
    match &args.about {
        Some(name) if is_target(&config, name) => wanted.target = Some(name.clone()),
        Some(name) => wanted.subject = Some(subject(&store, name)?),
        None => {}
    }
    let mut answer = HistoryJson { lines: Vec::new() };
    store.history(&wanted, |line| answer.lines.push(LineJson::of(line)))?;
    show::out(&match args.format {
        Format::Text => show::history::render(&answer),
        Format::Json => show::json::print(&answer),
    });
    Ok(Exit::InLine)
}

/// So long before now.
pub(super) fn ago(span: Duration) -> Timestamp {
    let now = Clock::System.now();
    now.saturating_sub(span).unwrap_or(Timestamp::MIN)
}

fn is_target(config: &Config, name: &str) -> bool {
    config.targets.keys().any(|target| target.as_str() == name)
}

/// The subject that the journal knows under this name: `user hq:1001`. It is asked alone, so that the
/// history of somebody who is gone can be read, and when a source is down.
fn subject(store: &SqliteStore, name: &str) -> Result<String, Trouble> {
    let mut known: BTreeMap<String, Candidate<String>> = BTreeMap::new();
    let moved = store.moved()?;
    for (subject, label) in store.subjects()? {
        // A key that somebody had before is found by itself; by name, it is the key of today.
        let is_moved = moved.contains(&subject);
        let label = if is_moved { String::new() } else { label };
        let key = subject.split_once(' ').map_or(&*subject, |(_, key)| key);
        let one = known.entry(subject.clone()).or_insert_with(|| Candidate {
            key: key.to_owned(),
            label: label.clone(),
            names: Vec::new(),
            item: subject.clone(),
        });
        one.names.push(label);
    }
    let known: Vec<Candidate<String>> = known.into_values().collect();
    let nobody = "the journal has no target, person or group";
    Ok(people::pick(name, &known, nobody)?.item.clone())
}
