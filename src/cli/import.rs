//! `rollcall import`: an app's accounts beside our users, before anything is linked.

use clap::Args;

use super::assemble::{Installation, Need};
use super::{Common, Exit, Format, people};
use crate::engine::inventory;
use crate::show;
use crate::show::import::ImportJson;
use crate::show::problem::Trouble;
use crate::show::progress::ProgressLine;

/// The arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    common: Common,
    /// The app.
    target: String,
    /// How to show it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Reads the app and shows whose each account is. Writes nothing, in the app or in the state.
///
/// # Errors
/// When a source, the app or the state cannot be read: with half of them, accounts would look like
/// nobody's.
pub async fn run(args: ImportArgs) -> Result<Exit, Trouble> {
    let installation = Installation::assemble(&args.common, Need::Look)?;
    let target = &installation.unit(&args.target)?.target;
    let line = ProgressLine::new();
    let hear = |event: crate::engine::Progress| line.show(&event);
    let world = installation.world(&hear);
    let roster = people::whole_roster(&installation, world).await?;
    let taken = inventory::take(&target.rules, &*target.app, &roster, world).await;
    line.clear();
    let users = roster.readings.iter().map(|one| one.users.len()).sum();
    let answer = ImportJson::of(&target.rules, users, &taken?);
    show::out(&match args.format {
        Format::Text => show::import::render(&answer),
        Format::Json => show::json::print(&answer),
    });
    Ok(Exit::InLine)
}
