//! `rollcall approve`: a person releases what the guard holds.

use std::collections::BTreeSet;

use clap::Args;

use super::lever::Lever;
use super::{Common, Exit, assemble};
use crate::config;
use crate::core::key::TargetName;
use crate::core::memory::{Approval, Hold};
use crate::show;
use crate::show::problem::Trouble;
use crate::store::{Epoch, JournalEntry, Record, SqliteStore, Store};

/// The arguments of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    common: Common,
    /// The hold, as the plan names it: `H-…`.
    hold: String,
    /// Why this is right; it is kept in the journal.
    #[arg(long, value_name = "TEXT")]
    because: String,
}

/// Releases a hold. The next run carries out what of it is still due; nothing is sent now.
///
/// # Errors
/// When there is no such hold, or the state cannot be written.
pub async fn run(args: ApproveArgs) -> Result<Exit, Trouble> {
    let config = config::load(&args.common.config)?;
    let store = assemble::state(&args.common, &config, assemble::Need::Write)?;
    let mut known = BTreeSet::new();
    let mut found = false;
    for target in config.targets.keys() {
        let state = store.target(target, jiff::Timestamp::UNIX_EPOCH).await?;
        for hold in state
            .holds
            .into_iter()
            .filter(|hold| hold.approved.is_none())
        {
            if hold.id == args.hold {
                found = true;
                release(&store, target, hold.clone(), &args.because).await?;
                show::out(&show::status::released(target, &hold));
            }
            known.insert(hold.id);
        }
    }
    if found {
        return Ok(Exit::InLine);
    }
    let hint = if known.is_empty() {
        "nothing is held".to_owned()
    } else {
        let known: Vec<String> = known.into_iter().collect();
        format!("held now: {}", known.join(", "))
    };
    Err(Trouble::new(
        format!("there is no hold {}", args.hold),
        Some(&hint),
    ))
}

async fn release(
    store: &SqliteStore,
    target: &TargetName,
    hold: Hold,
    because: &str,
) -> Result<(), Trouble> {
    let lever = Lever::pulled(because);
    let line = JournalEntry {
        label: hold.id.clone(),
        count: hold.changes.len(),
        ..lever.line(target, "approve", "")
    };
    let approved = Some(Approval {
        at: lever.at,
        by: lever.by,
        because: because.to_owned(),
    });
    let records = [
        Record::PutHold(target.clone(), Hold { approved, ..hold }),
        Record::Journal(line),
    ];
    store.commit(Epoch(1), &records).await?;
    Ok(())
}
