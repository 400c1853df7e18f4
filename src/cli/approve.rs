//! `rollcall approve`: a person releases what the guard holds.

use std::collections::BTreeSet;

use clap::Args;

use super::desk::{Books, Desk};
use super::{Common, Exit};
use crate::core::key::TargetName;
use crate::core::memory::{Approval, Hold};
use crate::show;
use crate::show::problem::Trouble;
use crate::store::{Epoch, JournalEntry, Record, SqliteStore, Store, StoreError};

/// The arguments of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    pub(super) common: Common,
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
pub(super) async fn pull(
    args: &ApproveArgs,
    books: Books<'_>,
    desk: &Desk,
) -> Result<Exit, Trouble> {
    let mut known = BTreeSet::new();
    let mut found = false;
    for target in books.config.targets.keys() {
        let holds = held(books.store, target).await?;
        if holds.iter().any(|hold| hold.id == args.hold) {
            found |= release_at(args, target, books.store, desk).await?;
        }
        known.extend(holds.into_iter().map(|hold| hold.id));
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

/// What nobody has approved.
async fn held(store: &SqliteStore, target: &TargetName) -> Result<Vec<Hold>, StoreError> {
    let state = store.target(target, jiff::Timestamp::UNIX_EPOCH).await?;
    let holds = state.holds.into_iter();
    Ok(holds.filter(|hold| hold.approved.is_none()).collect())
}

/// Releases the hold at a target in its turn; it may be gone by then.
async fn release_at(
    args: &ApproveArgs,
    target: &TargetName,
    store: &SqliteStore,
    desk: &Desk,
) -> Result<bool, Trouble> {
    let _turn = desk.turn(target).await;
    let mut found = false;
    for hold in held(store, target).await? {
        if hold.id == args.hold {
            found = true;
            release(store, target, hold.clone(), &args.because, desk).await?;
            desk.console.out(&show::status::released(target, &hold));
        }
    }
    desk.changed(target);
    Ok(found)
}

async fn release(
    store: &SqliteStore,
    target: &TargetName,
    hold: Hold,
    because: &str,
    desk: &Desk,
) -> Result<(), Trouble> {
    let lever = desk.lever(because);
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
