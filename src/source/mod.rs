//! Reading an authoritative directory: one file of code a kind of source.
//!
//! Promises that a source which cannot be read as a whole says so, and that a reading is never
//! silently short. Leaves to the core what a reading means.

mod dn;
pub mod file;
pub mod ldap;
mod nested;
mod pool;
mod value;

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
