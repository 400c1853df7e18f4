//! `rollcall status`: how every source and target stands, by the state, and by the daemon if one runs.

use std::ffi::OsString;
use std::pin::pin;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::desk::{Books, Desk};
use super::{Common, Exit, Format, board, errand, sandbox};
use crate::clock::Clock;
use crate::config;
use crate::core::rules::Rules;
use crate::daemon::board::Board;
use crate::installation;
use crate::show;
use crate::show::console::Console;
use crate::show::problem::Trouble;
use crate::show::status::{Labels, StatusJson, TargetStatus};
use crate::show::watch::Watcher;
use crate::store::{SqliteStore, Store};

/// How often a watcher looks.
const EVERY: Duration = Duration::from_secs(2);

/// The arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub(super) common: Common,
    /// Look again every two seconds: a terminal is drawn anew, in a pipe each change is a line.
    #[arg(long)]
    pub(super) watch: bool,
    /// How to show it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Shows what is known without a daemon. Asks no app and no source.
///
/// # Errors
/// When the config or the state cannot be read.
pub(super) async fn run(args: &StatusArgs, desk: &Desk) -> Result<Exit, Trouble> {
    say(args, &alone(&args.common).await?, desk);
    Ok(Exit::InLine)
}

/// Shows what is known by a daemon, with how it stands there.
///
/// # Errors
/// When the state cannot be read.
pub(super) async fn pull(
    args: &StatusArgs,
    books: Books<'_>,
    board: &Board,
    desk: &Desk,
) -> Result<Exit, Trouble> {
    let mut status = known(books).await?;
    board::add(&mut status, board);
    say(args, &status, desk);
    Ok(Exit::InLine)
}

fn say(args: &StatusArgs, status: &StatusJson, desk: &Desk) {
    desk.console.out(&match args.format {
        Format::Text => show::status::render(status, Clock::System.now()),
        Format::Json => show::json::print(status),
    });
}

/// Shows it again and again, until it is interrupted or nobody reads it any more.
///
/// # Errors
/// When nobody can look even once.
pub(super) async fn watch(args: &StatusArgs) -> Result<Exit, Trouble> {
    let mut stop = pin!(sandbox::stop());
    let mut resized = signal(SignalKind::window_change()).ok();
    let mut looked = Ok(look(&args.common).await?);
    let mut watcher = Watcher::at_output(args.format == Format::Json);
    loop {
        let now = Clock::System.now();
        let text = match &looked {
            Ok(status) => watcher.sees(status, now),
            Err(trouble) => watcher.misses(trouble, now),
        };
        if show::try_out(&text).is_err() {
            return Ok(Exit::InLine);
        }
        let next = async {
            Clock::System.sleep(EVERY).await;
            look(&args.common).await
        };
        tokio::select! {
            () = &mut stop => return Ok(Exit::InLine),
            // What is known is drawn into the new window.
            () = again(&mut resized) => {}
            next = next => looked = next,
        }
    }
}

/// Waits for the next signal, if any can come.
async fn again(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// One look, at the daemon if one runs.
async fn look(common: &Common) -> Result<StatusJson, Trouble> {
    let words = ["rollcall", "status", "--format", "json"].map(OsString::from);
    let (console, kept) = Console::kept();
    if errand::ask(common, &words, &console).await?.is_none() {
        return alone(common).await;
    }
    let heard = kept.text();
    serde_json::from_str(&heard).map_err(|error| Trouble::Plain {
        problem: "the daemon has answered with something else than its status".into(),
        causes: vec![error.to_string(), heard.trim_end().to_owned()],
        hint: Some("restart the daemon: systemctl restart rollcall".into()),
    })
}

/// What a copy of the state says.
async fn alone(common: &Common) -> Result<StatusJson, Trouble> {
    let config = config::load(&common.config)?;
    let store = installation::state(common, &config, installation::Need::Look)?;
    let (config, store) = (&config, &store);
    known(Books { config, store }).await
}

/// What the state says.
async fn known(books: Books<'_>) -> Result<StatusJson, Trouble> {
    let mut status = StatusJson::default();
    for name in books.config.sources.keys() {
        let state = books.store.source(name).await?;
        status
            .sources
            .push(show::status::source(name, &state, Clock::System.now()));
    }
    for config in books.config.targets.values() {
        status
            .targets
            .push(target(books.store, &config.rules).await?);
    }
    Ok(status)
}

async fn target(store: &SqliteStore, rules: &Rules) -> Result<TargetStatus, Trouble> {
    let name = &rules.target;
    let summary = store.summary(name)?;
    let state = store.target(name, jiff::Timestamp::UNIX_EPOCH).await?;
    let labels = Labels::of(&state, |subject| store.last_label(&subject.journal_name()))?;
    Ok(show::status::target(rules, &summary, &state, &labels))
}
