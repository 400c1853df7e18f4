//! What an app turned out to bear in this run.
//!
//! Promises that it only ever gets less, and that a run begins with nothing of it. Leaves to
//! [`super::perform`] and [`super::members`] what follows.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::core::fault::{Fault, FaultKind};

/// The bounds of one run of one target; requests on their way at once share them.
#[derive(Debug)]
pub(super) struct Bounds {
    members: AtomicUsize,
    full: AtomicBool,
    closed: AtomicBool,
}

impl Bounds {
    pub fn new() -> Self {
        Self {
            members: AtomicUsize::new(usize::MAX),
            full: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// Members that one request may move, at most.
    pub fn members(&self) -> usize {
        self.members.load(Ordering::Relaxed).max(1)
    }

    /// A request that moved this many was too large.
    pub fn was_too_large(&self, members: usize) {
        self.members.fetch_min(members / 2, Ordering::Relaxed);
    }

    /// Has the app said that it has no seat left?
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Has something been said after which nothing more is sent in this run?
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Learns from a fault.
    pub fn learn(&self, fault: &Fault) {
        if fault.kind == FaultKind::NoSeat {
            self.full.store(true, Ordering::Relaxed);
        } else if fault.kind.stops_target() {
            self.closed.store(true, Ordering::Relaxed);
        }
    }
}
