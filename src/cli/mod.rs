//! The command line: one file a command.
//!
//! Promises that every command ends with a code that says what happened (see [`Exit`]). Leaves the
//! words to [`crate::show`].

mod approve;
pub mod assemble;
mod authorize;
mod check;
mod completions;
mod connectors;
mod exit;
mod explain;
mod history;
mod ignore;
mod import;
mod journal;
mod keeper;
mod lever;
mod link;
mod man;
mod only;
mod people;
mod probe;
mod resend;
mod retry;
mod sandbox;
mod schema;
mod status;
mod sync;
mod trouble;
mod unlink;
mod way;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use exit::Exit;

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
    /// Bring the apps in line with the directory, once.
    ///
    /// Exit codes: 0 in line (a dry run: nothing to change), 1 error, 2 a dry run found changes,
    /// 3 something is held back or a reading was refused, 4 something is parked or failed.
    Sync(sync::SyncArgs),
    /// Check the config, and what it needs of the world: sources, secrets, apps.
    Check(check::CheckArgs),
    /// Show an app's accounts beside our users: whose each is, and which wait for a person.
    Import(import::ImportArgs),
    /// Show one person's way: source, assignment, mapping, account, and what is due.
    Explain(explain::ExplainArgs),
    /// Show what is known of every target: accounts, what is due, held or parked.
    Status(status::StatusArgs),
    /// Show what was done, to whom and why, from the journal.
    History(history::HistoryArgs),
    /// Verify the journal's hash chain, or export the journal.
    Journal(journal::JournalArgs),
    /// Release what the guard holds.
    Approve(approve::ApproveArgs),
    /// Let the next run try again what was parked.
    Retry(retry::RetryArgs),
    /// Say whose an account is.
    Link(link::LinkArgs),
    /// Say that an account is not somebody's.
    Unlink(unlink::UnlinkArgs),
    /// Leave an account, or the account of a person, alone from now on.
    Ignore(ignore::IgnoreArgs),
    /// Switch one person's account off and on again, so that the app sends its mail anew.
    ///
    /// Exit codes: 0 done, 1 it may not be done and nothing was sent, 4 it did not go through: what
    /// happened and what is due is said.
    Resend(resend::ResendArgs),
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

/// What most commands take.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The config file.
    #[arg(
        long,
        env = "ROLLCALL_CONFIG",
        default_value = "/etc/rollcall/config.yaml",
        value_name = "FILE"
    )]
    config: PathBuf,
    /// The state directory, in place of the config's.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Use sandbox apps in place of the real ones: in this process, or those served at URL. The
    /// credentials of the targets are not touched.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "", value_name = "URL")]
    sandbox: Option<String>,
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
pub async fn run(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
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
        Command::Sync(args) => sync::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Explain(args) => explain::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::History(args) => history::run(&args),
        Command::Journal(args) => journal::run(args),
        Command::Link(args) => link::run(args).await,
        Command::Unlink(args) => unlink::run(args).await,
        Command::Ignore(args) => ignore::run(args).await,
        Command::Resend(args) => resend::run(args).await,
        Command::Completions(args) => Ok(completions::run(&args)),
        Command::Man => man::run(),
        Command::Approve(args) => approve::run(args).await,
        Command::Retry(args) => retry::run(args).await,
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
