//! `rollcall journal`: proving that the journal is whole, and keeping a copy elsewhere.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::history::ago;
use super::{Common, Exit};
use crate::config;
use crate::core::duration;
use crate::installation;
use crate::show;
use crate::show::history::LineJson;
use crate::show::problem::Trouble;
use crate::store::Wanted;

/// The arguments of `journal`.
#[derive(Debug, Args)]
pub struct JournalArgs {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Follow the hash chain from the first line to the last; 1 and the first bad line if it is broken.
    Verify {
        #[command(flatten)]
        common: Common,
    },
    /// Write the journal to standard output, one JSON object a line, with its number and hash.
    Export {
        #[command(flatten)]
        common: Common,
        /// Only what is not older: 12h, 7d.
        #[arg(long, value_name = "SPAN", value_parser = duration::parse)]
        since: Option<Duration>,
    },
}

/// Verifies or exports the journal. Changes nothing, and works beside a run.
///
/// # Errors
/// When the state cannot be read, or the chain is broken.
pub fn run(args: JournalArgs) -> Result<Exit, Trouble> {
    match args.command {
        JournalCommand::Verify { common } => {
            let config = config::load(&common.config)?;
            let store = installation::state(&common, &config, installation::Need::Look)?;
            show::out(&show::history::whole(store.verify()?));
        }
        JournalCommand::Export { common, since } => {
            let config = config::load(&common.config)?;
            let store = installation::state(&common, &config, installation::Need::Look)?;
            let wanted = Wanted {
                since: since.map(ago),
                ..Wanted::default()
            };
            store.history(&wanted, |line| {
                show::out(&show::history::exported(&LineJson::of(line)));
            })?;
        }
    }
    Ok(Exit::InLine)
}
