//! The command line: one file a command.
//!
//! Promises that every command ends with a code that says what happened (see [`Exit`]). Leaves the
//! words to [`crate::show`].

mod approve;
pub mod assemble;
mod check;
mod connectors;
mod exit;
mod explain;
mod probe;
mod retry;
mod sandbox;
mod schema;
mod status;
mod sync;
mod trouble;
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
    /// Show one person's way: source, assignment, mapping, account, and what is due.
    Explain(explain::ExplainArgs),
    /// Show what is known of every target: accounts, what is due, held or parked.
    Status(status::StatusArgs),
    /// Release what the guard holds.
    Approve(approve::ApproveArgs),
    /// Let the next run try again what was parked.
    Retry(retry::RetryArgs),
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
        Command::Approve(args) => approve::run(args).await,
        Command::Retry(args) => retry::run(args).await,
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
