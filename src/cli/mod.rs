//! The command line: one file a command.
//!
//! Promises that every command ends with a code that says what happened (see [`Exit`]). Leaves the
//! words to [`crate::show`].

mod approve;
mod authorize;
mod board;
mod check;
mod clerk;
mod completions;
mod connectors;
mod desk;
mod errand;
mod exit;
mod explain;
mod history;
mod ignore;
mod import;
mod journal;
mod lever;
mod link;
mod man;
mod only;
mod people;
mod pins;
mod probe;
mod reload;
mod resend;
mod retry;
mod run;
mod sandbox;
mod schema;
mod status;
mod sync;
mod undo;
mod unlink;

use std::ffi::OsString;

use clap::{Parser, Subcommand, ValueEnum};

pub use exit::Exit;

use crate::installation::Common;
use crate::show;
use crate::show::problem::Trouble;

/// rollcall keeps the user list of every app in line with your directory.
#[derive(Debug, Parser)]
#[command(
    name = "rollcall",
    version,
    about,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Errand(errand::Errand),
    /// Keep the apps in line with the directory from now on.
    ///
    /// SIGTERM and Ctrl-C end it, SIGHUP reloads the config. Exit codes: 0 it was told to end, 1 error, or
    /// it was told twice.
    Run(run::RunArgs),
    /// Check the config, and what it needs of the world: sources, secrets, apps.
    Check(check::CheckArgs),
    /// Show an app's accounts beside our users: whose each is, and which wait for a person.
    Import(import::ImportArgs),
    /// Show one person's way: source, assignment, mapping, account, and what is due.
    Explain(explain::ExplainArgs),
    /// Show what was done, to whom and why, from the journal.
    History(history::HistoryArgs),
    /// Verify the journal's hash chain, or export the journal.
    Journal(journal::JournalArgs),
    /// Let a person consent to an app that wants it, and keep the refresh token.
    Authorize(authorize::AuthorizeArgs),
    /// List the kinds of app, or show one with the origin of every key.
    Connectors(connectors::ConnectorsArgs),
    /// Find out what a live SCIM server is like, and print a connector for it.
    ///
    /// Makes a few users and groups with a marked name, and removes them again. Asks first; without
    /// a terminal, and without --yes, it only reads.
    Probe(Box<probe::ProbeArgs>),
    /// Serve sandbox copies of all targets over HTTP.
    Sandbox(sandbox::SandboxArgs),
    /// Print the JSON Schema of the config, for editors.
    Schema,
    /// Print completions for a shell.
    Completions(completions::CompletionsArgs),
    /// Print the manual page.
    Man,
}

/// Text or JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs; the fields are stable.
    Json,
}

/// Runs the program with these arguments.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let text = error.render().ansi().to_string();
            if error.use_stderr() {
                show::err(&text);
                return Exit::Usage;
            }
            show::out(&text);
            return Exit::InLine;
        }
    };
    let ended = match cli.command {
        Command::Errand(errand) => errand.carry_out(&arguments).await,
        Command::Run(args) => run::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Explain(args) => explain::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::History(args) => history::run(&args),
        Command::Journal(args) => journal::run(args),
        Command::Completions(args) => Ok(completions::run(&args)),
        Command::Man => man::run(),
        Command::Authorize(args) => authorize::run(args).await,
        Command::Connectors(args) => connectors::run(&args),
        Command::Probe(args) => probe::run(&args).await,
        Command::Sandbox(args) => sandbox::run(args).await,
        Command::Schema => Ok(schema::run()),
    };
    ended.unwrap_or_else(|trouble| {
        show::err(&show::problem::trouble(&trouble));
        Exit::Error
    })
}
