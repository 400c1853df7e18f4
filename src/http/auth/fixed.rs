//! Fixed credentials: one, or several of which the next is used when one is refused.
//!
//! Promises that each of them is refused at most once a run: until one has worked, only one request
//! is on its way with it. Leaves sending to [`super::Authorized`].

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{FixedProof, Proof};
use crate::core::credential::Remark;

/// Fixed credentials, and how each has fared in this run.
pub(super) struct Fixed {
    proofs: Vec<FixedProof>,
    standings: Mutex<Vec<Standing>>,
    /// Held by whoever tries one for the first time.
    pub(super) turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Untried,
    Good,
    Refused,
}

/// Which one is to be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// This one, which has worked.
    Proven(usize),
    /// This one, which nobody has tried yet.
    Untried(usize),
    /// None is left.
    Spent,
}

impl Fixed {
    pub(super) fn new(proofs: Vec<FixedProof>) -> Self {
        let standings = Mutex::new(vec![Standing::Untried; proofs.len()]);
        Self {
            proofs,
            standings,
            turn: tokio::sync::Mutex::default(),
        }
    }

    fn standings(&self) -> MutexGuard<'_, Vec<Standing>> {
        self.standings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The first that was not refused.
    pub(super) fn choice(&self) -> Choice {
        let standings = self.standings();
        let found = standings
            .iter()
            .position(|standing| *standing != Standing::Refused);
        match found {
            Some(index) if standings[index] == Standing::Good => Choice::Proven(index),
            Some(index) => Choice::Untried(index),
            None => Choice::Spent,
        }
    }

    pub(super) fn proof(&self, index: usize) -> &Proof {
        &self.proofs[index].proof
    }

    /// It works. Says so where there are several.
    pub(super) fn accept(&self, index: usize) -> Option<Remark> {
        let mut standings = self.standings();
        standings[index] = Standing::Good;
        if self.proofs.len() < 2 {
            return None;
        }
        let refused = self
            .proofs
            .iter()
            .zip(standings.iter())
            .filter(|(_, standing)| **standing == Standing::Refused)
            .map(|(proof, _)| proof.name.clone())
            .collect();
        Some(Remark::InUse {
            name: self.proofs[index].name.clone(),
            refused,
        })
    }

    /// It was refused. Is that news?
    pub(super) fn refuse(&self, index: usize) -> bool {
        let before = std::mem::replace(&mut self.standings()[index], Standing::Refused);
        before != Standing::Refused
    }

    /// Is there another one than this to go on with?
    pub(super) fn has_other(&self, index: usize) -> bool {
        self.standings()
            .iter()
            .enumerate()
            .any(|(other, standing)| other != index && *standing != Standing::Refused)
    }
}
