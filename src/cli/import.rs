//! `rollcall import`: an app's accounts beside our users, before anything is linked.

use clap::Args;

use super::desk::Desk;
use super::{Common, Exit, Format, people};
use crate::engine::{Progress, inventory};
use crate::installation::{Installation, Need};
use crate::show;
use crate::show::import::ImportJson;
use crate::show::problem::Trouble;

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
    let desk = Desk::here();
    let hear = |event: Progress| desk.console.progress(event);
    let world = installation.world(&hear);
    let roster = people::whole_roster(&installation, &desk, world).await?;
    let taken = inventory::take(&target.rules, &*target.app, &roster, world).await;
    desk.console.done();
    let users = roster.readings.iter().map(|one| one.users.len()).sum();
    let answer = ImportJson::of(&target.rules, users, &taken?);
    desk.console.out(&match args.format {
        Format::Text => show::import::render(&answer),
        Format::Json => show::json::print(&answer),
    });
    Ok(Exit::InLine)
}
