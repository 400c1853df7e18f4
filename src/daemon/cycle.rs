//! One cycle of one target: plan, and carry out.
//!
//! Promises to end soon after it is told to, with what is not done still due. Leaves when, and what
//! follows, to the [worker](super::worker).

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use super::rest::Cause;
use super::sources::Everybody;
use crate::core::fault::FaultKind;
use crate::core::guard::Reviewed;
use crate::core::memory::TargetState;
use crate::core::plan::Basis;
use crate::engine::World;
use crate::engine::apply::{Applied, RunEnd, Terms, apply_on};
use crate::engine::halt::Halt;
use crate::engine::propose::{ProposeError, propose};
use crate::installation::Unit;
use crate::show::plain;
use crate::show::problem;
use crate::store::StoreError;

/// What a cycle is to do.
#[derive(Clone, Copy)]
pub(super) struct Cycle<'a> {
    pub unit: &'a Unit,
    pub everybody: &'a Everybody,
    pub run: &'a str,
    /// How the one before ended.
    pub last: Option<RunEnd>,
    pub look: Look,
    /// What the app rested for, if it did.
    pub rested: Option<FaultKind>,
    /// Ends the reading of the app.
    pub reading: &'a Halt,
    /// Ends the sending.
    pub sending: &'a Halt,
}

/// How a cycle knows what the app holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// By what it last acknowledged.
    Trust,
    /// It is read, as fast as it bears.
    Read,
    /// It is read slowly.
    Audit,
}

/// What came of a cycle.
pub(super) enum Came {
    /// It was carried out, as far as it came.
    Through(Box<Through>),
    /// It was told to end while the app was read: nothing was done.
    Nowhere,
    /// It could not be planned, or not be written down.
    Failed(Cause),
}

/// A cycle that was carried out.
pub(super) struct Through {
    pub reviewed: Reviewed,
    /// What was remembered before.
    pub state: TargetState,
    pub applied: Applied,
}

impl Cycle<'_> {
    /// Runs it. A fault of ours ends this cycle and nothing else.
    pub async fn run(self, world: World<'_>) -> Came {
        let ran = AssertUnwindSafe(self.plan_and_apply(world)).catch_unwind();
        ran.await.unwrap_or(Came::Failed(Cause::Bug))
    }

    async fn plan_and_apply(self, world: World<'_>) -> Came {
        let target = &self.unit.target;
        let basis = match self.look {
            Look::Trust => Basis::Remembered,
            Look::Read | Look::Audit => Basis::Observed,
        };
        let pause = self.unit.config.rhythm.audit_pause;
        let thrift = (self.look == Look::Audit).then(|| self.unit.budget.thrift(pause));
        let roster = &self.everybody.roster;
        let planned = tokio::select! {
            biased;
            () = self.reading.pulled() => return Came::Nowhere,
            planned = propose(&target.rules, &*target.app, roster, basis, world) => planned,
        };
        drop(thrift);
        let proposal = match planned {
            Ok(proposal) => proposal,
            Err(ProposeError::App(fault)) => return Came::Failed(Cause::App(fault)),
            Err(ProposeError::State(error)) => return Came::Failed(unusable(error)),
        };
        let (reviewed, state) = (proposal.reviewed.clone(), proposal.state.clone());
        let terms = Terms {
            run: self.run,
            halt: self.sending,
            last: self.last,
            // The first page of its list has told that already.
            rested: self.rested.filter(|_| basis == Basis::Remembered),
        };
        match apply_on(target, proposal, terms, world).await {
            Ok(applied) => Came::Through(Box::new(Through {
                reviewed,
                state,
                applied,
            })),
            Err(error) => Came::Failed(unusable(error)),
        }
    }
}

/// The state cannot be read or written.
fn unusable(error: StoreError) -> Cause {
    Cause::State(plain(&problem::trouble(&error.into())))
}
