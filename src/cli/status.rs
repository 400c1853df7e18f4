//! `rollcall status`: what is known of every target, from the state alone.

use clap::Args;

use super::{Common, Exit, Format, assemble};
use crate::clock::Clock;
use crate::config;
use crate::core::key::TargetName;
use crate::show;
use crate::show::problem::Trouble;
use crate::show::status::{StatusJson, TargetStatus};
use crate::store::{SqliteStore, Store};

/// The arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    common: Common,
    /// How to show it.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Shows what is known. Asks no app and no source.
///
/// # Errors
/// When the config or the state cannot be read.
pub async fn run(args: StatusArgs) -> Result<Exit, Trouble> {
    let config = config::load(&args.common.config)?;
    let store = assemble::state(&args.common, &config, assemble::Need::Look)?;
    let now = Clock::System.now();
    let mut status = StatusJson::default();
    for name in config.sources.keys() {
        status
            .sources
            .push(show::status::source(name, &store.source(name).await?));
    }
    for name in config.targets.keys() {
        status.targets.push(target(&store, name).await?);
    }
    show::out(&match args.format {
        Format::Text => show::status::render(&status, now),
        Format::Json => show::json::print(&status),
    });
    Ok(Exit::InLine)
}

async fn target(store: &SqliteStore, name: &TargetName) -> Result<TargetStatus, Trouble> {
    let summary = store.summary(name)?;
    let state = store.target(name, jiff::Timestamp::UNIX_EPOCH).await?;
    let mut labels = Vec::new();
    for job in &state.jobs {
        let subject = job.subject.journal_name();
        let label = store.last_label(&subject)?;
        labels.push(label.unwrap_or_else(|| job.subject.to_string()));
    }
    Ok(show::status::target(name, &summary, &state, &labels))
}
