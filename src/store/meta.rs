//! What a state says of itself: what it is for, which key it goes with, who may write, and where
//! its journal ends.
//!
//! Promises one value for each mark. Leaves what follows from a mark to the store.

use rusqlite::{Connection, OptionalExtension, params};

/// What is marked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    /// `real` or `sandbox`.
    Kind,
    /// A fingerprint of the key.
    KeyCheck,
    /// Who may write.
    Epoch,
    /// The number and the chain of the journal's last line.
    JournalEnd,
}

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::KeyCheck => "key_check",
            Self::Epoch => "epoch",
            Self::JournalEnd => "journal_end",
        }
    }
}

/// The value of a mark, if it is set.
pub(super) fn get(db: &Connection, mark: Mark) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([mark.word()], |row| row.get(0))
        .optional()
}

/// Sets a mark.
pub(super) fn put(db: &Connection, mark: Mark, value: &str) -> rusqlite::Result<()> {
    db.prepare_cached("REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
        .execute(params![mark.word(), value])?;
    Ok(())
}
