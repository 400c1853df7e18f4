//! `rollcall connectors`: the kinds of app, and one of them with the origin of every key.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Exit;
use crate::config::profile;
use crate::show;
use crate::show::problem::Trouble;

/// The arguments of `connectors`.
#[derive(Debug, Args)]
pub struct ConnectorsArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// A folder with further profiles, which win over those of the same name.
    #[arg(long, value_name = "DIR", global = true)]
    connectors: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show one kind of app: every key, and where it comes from.
    Show {
        /// Its name, as the list shows it.
        name: String,
    },
}

/// Lists the profiles, or shows one.
///
/// # Errors
/// When a profile cannot be read.
pub fn run(args: &ConnectorsArgs) -> Result<Exit, Trouble> {
    let folder = args.connectors.as_deref();
    let text = match &args.what {
        Some(What::Show { name }) => show::profile::render(&profile::load(name, folder, None)?),
        None => {
            let profiles = profile::names(folder)
                .iter()
                .map(|name| profile::load(name, folder, None))
                .collect::<Result<Vec<_>, _>>()?;
            show::profile::list(&profiles)
        }
    };
    show::out(&text);
    Ok(Exit::InLine)
}
