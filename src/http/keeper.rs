//! What outlives a run about the credentials of one target.
//!
//! Promises that a refresh token which was handed to [`Keeper::keep`] is not lost, and that refusals
//! are known to the next run. Leaves how and where to whoever implements it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::core::cooldown::{Refusals, Urgency};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::secret::Secret;

/// Nothing could be kept, or what was kept could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeeperError(pub String);

impl KeeperError {
    /// Nothing was sent: first this has to be set right.
    pub(super) fn fault(&self) -> Fault {
        Fault::new(FaultKind::Unready, Effect::None, &self.0)
    }
}

/// Held while a refresh token is on its way: the server makes the old one void when it gives a new
/// one (RFC 6749, 6), so that no two programs may use the same.
pub type Turn = Box<dyn Send + Sync>;

/// Keeps what outlives a run.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// Waits until no other program asks for a token for this target.
    ///
    /// # Errors
    /// When the turn does not come, or cannot be taken.
    async fn turn(&self) -> Result<Turn, KeeperError>;

    /// The refresh token that is kept.
    ///
    /// # Errors
    /// When it cannot be read.
    fn refresh_token(&self) -> Result<Option<Secret>, KeeperError>;

    /// Keeps a refresh token in place of the one before.
    ///
    /// # Errors
    /// When it could not be written; it is then kept for this run only.
    fn keep(&self, token: &Secret) -> Result<(), KeeperError>;

    /// Forgets the refresh token, once the server has refused it.
    ///
    /// # Errors
    /// When that could not be written.
    fn forget(&self) -> Result<(), KeeperError>;

    /// How often these credentials were refused since they last worked.
    ///
    /// # Errors
    /// When it cannot be read.
    fn refusals(&self, credentials: &Secret) -> Result<Refusals, KeeperError>;

    /// Remembers a refusal of these credentials.
    ///
    /// # Errors
    /// When that could not be written.
    fn refuse(&self, credentials: &Secret, at: Timestamp) -> Result<(), KeeperError>;

    /// These credentials work.
    ///
    /// # Errors
    /// When that could not be written.
    fn accept(&self, credentials: &Secret) -> Result<(), KeeperError>;

    /// Who wants to try refused credentials again.
    fn urgency(&self) -> Urgency;
}

/// Keeps everything for as long as it lives.
#[derive(Default)]
pub struct Forgetful(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    refresh: Option<Secret>,
    refused: BTreeMap<String, Refusals>,
}

impl Forgetful {
    /// One that knows a refresh token already.
    #[must_use]
    pub fn holding(refresh: Secret) -> Self {
        Self(Mutex::new(Kept {
            refresh: Some(refresh),
            refused: BTreeMap::new(),
        }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Keeper for Forgetful {
    async fn turn(&self) -> Result<Turn, KeeperError> {
        Ok(Box::new(()))
    }

    fn refresh_token(&self) -> Result<Option<Secret>, KeeperError> {
        Ok(self.kept().refresh.clone())
    }

    fn keep(&self, token: &Secret) -> Result<(), KeeperError> {
        self.kept().refresh = Some(token.clone());
        Ok(())
    }

    fn forget(&self) -> Result<(), KeeperError> {
        self.kept().refresh = None;
        Ok(())
    }

    fn refusals(&self, credentials: &Secret) -> Result<Refusals, KeeperError> {
        let kept = self.kept();
        let found = kept.refused.get(credentials.expose());
        Ok(found.cloned().unwrap_or_default())
    }

    fn refuse(&self, credentials: &Secret, at: Timestamp) -> Result<(), KeeperError> {
        let mut kept = self.kept();
        let known = kept.refused.entry(credentials.expose().into());
        known.or_default().add(at);
        Ok(())
    }

    fn accept(&self, credentials: &Secret) -> Result<(), KeeperError> {
        self.kept().refused.remove(credentials.expose());
        Ok(())
    }

    fn urgency(&self) -> Urgency {
        Urgency::Scheduled
    }
}
