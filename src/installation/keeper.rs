//! The token cache of the state, as the client of one target sees it.
//!
//! Promises that what the client keeps is in the state's own cache, under the target's name. Leaves
//! what is kept to the client, and how to the store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::core::cooldown::{Refusals, Urgency};
use crate::core::key::TargetName;
use crate::http::keeper::{Keeper, KeeperError, Turn};
use crate::secret::Secret;
use crate::store::{StoreError, TokenCache};

/// How long another program may have the turn: longer than a token endpoint may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often it is asked for.
const PAUSE: Duration = Duration::from_millis(100);

/// The cache of an installation, and who wants to use it.
#[derive(Clone)]
pub struct Keepers {
    /// Refresh tokens and refusals, on disk.
    pub cache: Arc<TokenCache>,
    /// Whether a person waits for the answer.
    pub urgency: Urgency,
    /// Time.
    pub clock: Clock,
}

impl Keepers {
    /// The part of one target.
    #[must_use]
    pub fn of(&self, target: &TargetName) -> Arc<dyn Keeper> {
        Arc::new(TargetKeeper {
            keepers: self.clone(),
            target: target.clone(),
        })
    }
}

struct TargetKeeper {
    keepers: Keepers,
    target: TargetName,
}

#[async_trait]
impl Keeper for TargetKeeper {
    async fn turn(&self) -> Result<Turn, KeeperError> {
        let clock = &self.keepers.clock;
        let begun = clock.instant();
        loop {
            if let Some(turn) = self
                .keepers
                .cache
                .try_turn(&self.target)
                .map_err(|error| told(&error))?
            {
                return Ok(Box::new(turn));
            }
            if clock.instant() > begun + PATIENCE {
                let text = "another rollcall has been asking for a token for this target for 40 s; \
                            wait for it, or end it";
                return Err(KeeperError(text.into()));
            }
            clock.sleep(PAUSE).await;
        }
    }

    fn refresh_token(&self) -> Result<Option<Secret>, KeeperError> {
        self.keepers
            .cache
            .refresh_token(&self.target)
            .map_err(|error| told(&error))
    }

    fn keep(&self, token: &Secret) -> Result<(), KeeperError> {
        self.keepers
            .cache
            .keep(&self.target, token)
            .map_err(|error| told(&error))
    }

    fn forget(&self) -> Result<(), KeeperError> {
        self.keepers
            .cache
            .forget(&self.target)
            .map_err(|error| told(&error))
    }

    fn refusals(&self, credentials: &Secret) -> Result<Refusals, KeeperError> {
        let known = self.keepers.cache.refusals(&self.target, credentials);
        known.map_err(|error| told(&error))
    }

    fn refuse(&self, credentials: &Secret, at: Timestamp) -> Result<(), KeeperError> {
        let kept = self.keepers.cache.refuse(&self.target, credentials, at);
        kept.map_err(|error| told(&error))
    }

    fn accept(&self, credentials: &Secret) -> Result<(), KeeperError> {
        self.keepers
            .cache
            .accept(&self.target, credentials)
            .map_err(|error| told(&error))
    }

    fn urgency(&self) -> Urgency {
        self.keepers.urgency
    }
}

/// The error with its causes and its remedy, in one line.
fn told(error: &StoreError) -> KeeperError {
    let mut text = error.to_string();
    for cause in super::trouble::causes(error) {
        text.push_str(&format!(": {cause}"));
    }
    if let Some(hint) = &error.hint {
        text.push_str(&format!("; {hint}"));
    }
    KeeperError(text)
}
