//! Reading an authoritative directory: one file of code a kind of source.
//!
//! Promises that a source which cannot be read as a whole says so, and that a reading is never
//! silently short. Leaves to the core what a reading means.

pub mod file;

use async_trait::async_trait;

use crate::core::reading::Reading;

/// An authoritative directory.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads everything.
    ///
    /// # Errors
    /// When nothing can be concluded from what was read: nobody is changed by it.
    async fn read(&self) -> Result<Reading, ReadError>;

    /// The attributes this source is known to hold, for checking expressions; `None`: any.
    fn attributes(&self) -> Option<Vec<String>>;
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
