//! Lifting what an undo has pinned: the part of `retry` that is about pins.
//!
//! Promises that nothing is lifted that was not named: whoever retries what is parked does not bring
//! back what was undone. Leaves what follows to the next run.

use super::Trouble;
use super::lever::Lever;
use crate::core::key::TargetName;
use crate::core::pin::{Pin, Pinned};
use crate::store::{JournalEntry, Record, SqliteStore, Store};

/// Which pins are meant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meant<'a> {
    /// Those on this person or group, by label or key.
    Of(&'a str),
    /// Those of this undone run, or of one whose name begins so.
    Run(&'a str),
}

/// What is written when pins of one target are lifted: of each that it is gone, and the line about it.
///
/// # Errors
/// When the state cannot be read.
pub(super) async fn lifted(
    store: &SqliteStore,
    target: &TargetName,
    meant: Meant<'_>,
    lever: &Lever,
) -> Result<Vec<Record>, Trouble> {
    let state = store.target(target, jiff::Timestamp::UNIX_EPOCH).await?;
    let mut batch = Vec::new();
    for (pinned, pin) in &state.pins {
        if is_meant(store, pinned, pin, meant)? {
            let subject = pinned.subject().journal_name();
            let label = store.last_label(&subject)?.unwrap_or_default();
            batch.push(Record::DropPin(target.clone(), pinned.clone()));
            batch.push(Record::Journal(JournalEntry {
                subject,
                label,
                ..lever.line(target, "unpin", &pin.run)
            }));
        }
    }
    Ok(batch)
}

fn is_meant(
    store: &SqliteStore,
    pinned: &Pinned,
    pin: &Pin,
    meant: Meant<'_>,
) -> Result<bool, Trouble> {
    let name = match meant {
        Meant::Run(run) => return Ok(pin.run.starts_with(run)),
        Meant::Of(name) => name,
    };
    for subject in pinned.subjects() {
        let label = store.last_label(&subject.journal_name())?;
        if subject.to_string() == name || label.as_deref() == Some(name) {
            return Ok(true);
        }
    }
    Ok(false)
}
