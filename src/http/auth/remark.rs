//! What there is to know about the credentials of a target, gathered while they are used.

use std::sync::{Arc, Mutex, PoisonError};

use crate::core::credential::Remark;
use crate::http::keeper::KeeperError;

/// The remarks of one target. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Remarks(Arc<Mutex<Vec<Remark>>>);

impl Remarks {
    /// Those there are, each once, in order.
    #[must_use]
    pub fn all(&self) -> Vec<Remark> {
        let mut all = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        all.sort();
        all.dedup();
        all
    }

    /// Adds one; of the token in use the newest counts.
    pub(in crate::http) fn add(&self, remark: Remark) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(remark, Remark::InUse { .. }) {
            all.retain(|known| !matches!(known, Remark::InUse { .. }));
        }
        all.push(remark);
    }
    /// What could not be kept is told; this run goes on without.
    pub(in crate::http) fn note(&self, kept: Result<(), KeeperError>) {
        if let Err(error) = kept {
            let reason = error.to_string();
            self.add(Remark::Unkept { reason });
        }
    }
}
