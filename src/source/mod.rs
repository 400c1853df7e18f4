//! Reading an authoritative directory: one file of code a kind of source.
//!
//! Promises that a source which cannot be read as a whole says so, and that a reading is never
//! silently short. Leaves to the core what a reading means.

mod dn;
pub mod file;
pub mod ldap;
mod nested;
mod pool;
mod register;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::core::key::UserKey;
use crate::core::newest::Newest;
use crate::core::reading::{Reading, Whereabouts};

/// An authoritative directory.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads everything.
    ///
    /// # Errors
    /// When nothing can be concluded from what was read: nobody is changed by it.
    async fn read(&self) -> Result<Reading, ReadError>;

    /// What the last whole reading has become by what [`Watch`] heard since; everything is read where
    /// nothing was heard or kept.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    async fn follow(&self) -> Result<Reading, ReadError> {
        self.read().await
    }

    /// How far it had come at the last reading, by what it numbers its changes with.
    fn newest(&self) -> Newest {
        Newest::default()
    }

    /// The last reading is not taken for an older one: from now on nothing newer than it is asked for.
    fn settle(&self) {}

    /// Where those are who are missing from a reading: each is asked for by key, without our filter.
    /// `None`: this source cannot be asked, and only time tells.
    ///
    /// # Errors
    /// When the source did not answer: nothing is concluded.
    async fn whereabouts(
        &self,
        _missing: &BTreeSet<UserKey>,
    ) -> Result<Option<BTreeMap<UserKey, Whereabouts>>, ReadError> {
        Ok(None)
    }

    /// Listens to the source from now on; `None` when it has no way to tell of changes.
    fn watch(&self) -> Option<Box<dyn Watch>> {
        None
    }

    /// The attributes this source is known to hold, for checking expressions; `None`: any.
    fn attributes(&self) -> Option<Vec<String>>;

    /// Does a reading leave this attribute out because nobody asks for it? Then that nobody has it
    /// says nothing.
    fn leaves_out(&self, _attribute: &str) -> bool {
        false
    }

    /// What an admin may want to know of the source itself, in lines: which server, what it can do.
    ///
    /// # Errors
    /// When it cannot be asked.
    async fn describe(&self) -> Result<Vec<String>, ReadError> {
        Ok(Vec::new())
    }
}

/// An ear at a source.
///
/// What is heard is a hint to read and never a fact by itself: whole readings go on, in their own
/// time.
#[async_trait]
pub trait Watch: Send {
    /// Waits for the next thing to hear. A loss mends itself, with growing pauses. Nothing is lost
    /// when the future is dropped before its end.
    async fn next(&mut self) -> Heard;
}

/// What was heard.
#[derive(Debug)]
pub enum Heard {
    /// Something has changed: [`Source::follow`] tells what.
    Change,
    /// What was heard is not enough to go on with, and why: read everything.
    Anew(String),
    /// Nothing can be heard any more.
    Lost(ReadError),
    /// It can again.
    Back,
}

/// Why a source could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct ReadError {
    /// What is wrong, with its place.
    pub problem: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The cause.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}
