//! `rollcall connectors`: the kinds of app, and one of them with the origin of every key.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Exit, Format};
use crate::config::profile;
use crate::config::profile::EffectiveProfile;
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
    /// How to show it.
    #[arg(long, value_enum, default_value_t, global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show one kind of app: what its files say, who says it and where it is known from.
    Show {
        /// Its name, as the list shows it.
        name: String,
        /// Also the keys that have their default.
        #[arg(long)]
        all: bool,
    },
}

/// Lists the profiles, or shows one.
///
/// # Errors
/// When a profile cannot be read.
pub fn run(args: &ConnectorsArgs) -> Result<Exit, Trouble> {
    let folder = args.connectors.as_deref();
    let text = match &args.what {
        Some(What::Show { name, all }) => {
            one(&profile::load(name, folder, None)?, *all, args.format)
        }
        None => {
            let profiles = profile::names(folder)
                .iter()
                .map(|name| profile::load(name, folder, None))
                .collect::<Result<Vec<_>, _>>()?;
            every(&profiles, args.format)
        }
    };
    show::out(&text);
    Ok(Exit::InLine)
}

fn every(profiles: &[EffectiveProfile], format: Format) -> String {
    let entries: Vec<_> = profiles.iter().map(show::profile::entry).collect();
    match format {
        Format::Text => show::profile::list(&entries),
        Format::Json => show::json::print(&entries),
    }
}

fn one(profile: &EffectiveProfile, all: bool, format: Format) -> String {
    let shown = show::profile::shown(profile, all);
    match format {
        Format::Text => show::profile::render(&shown),
        Format::Json => show::json::print(&shown),
    }
}
