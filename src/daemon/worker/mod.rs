//! The worker of one target: a cycle when everybody was read anew, when it is time, and when somebody
//! pokes it.
//!
//! Promises that a target which rests is not asked for anything, and that a cycle which takes long makes
//! room: for what is new in the directory, since that may be a leaver, for a person who waits, and for a
//! new config. Leaves the cycle itself to [`super::cycle`].
//!
//! The first cycle reads the app, and then one every `audit.every`, slowly; all others trust what the app
//! last acknowledged. A slow reading that is disturbed is begun anew a while later, and the third time it
//! goes on undisturbed, at the pace that the app bears.

mod after;
mod report;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use tracing::Instrument as _;

use self::report::show_phase;
use super::Handle;
use super::cycle::{Cycle, Look};
use super::reload::Renewal;
use super::rest::{Fatigue, Rest};
use super::sources::{Ask, Everybody};
use super::told::Told;
use crate::core::change::{ActionKind, Subject};
use crate::core::key::TargetName;
use crate::core::plan::Basis;
use crate::engine::Progress;
use crate::engine::apply::RunEnd;
use crate::engine::halt::Brake;
use crate::engine::propose::propose;
use crate::installation::{Installation, Unit};

/// A cycle is not disturbed by what is new in the directory before it has had so long.
const UNDISTURBED: Duration = Duration::from_secs(5);
/// So often a slow reading may be disturbed.
const DISTURBED: u32 = 2;
/// So long after that it is begun anew.
const AUDIT_AGAIN: Duration = Duration::from_mins(5);
/// What failed for now is tried again after this, and then ever more seldom.
const UNFINISHED: Duration = Duration::from_mins(1);

/// The worker of one target.
pub(super) struct Worker {
    handle: Handle,
    name: TargetName,
    who: String,
    unit: Arc<Unit>,
    everybody: watch::Receiver<Option<Arc<Everybody>>>,
    installations: watch::Receiver<Arc<Installation>>,
    pokes: broadcast::Receiver<TargetName>,
    /// When the next cycle is, if nothing comes before.
    next: Instant,
    /// When the app is read again.
    audit: Instant,
    /// Is it read as fast as it bears?
    is_brisk: bool,
    disturbed: u32,
    rest: Option<Rest>,
    fatigue: Fatigue,
    /// Cycles in a row that left something undone.
    unfinished: u32,
    last: Option<RunEnd>,
    told: Told,
    /// What is due, since when.
    due: BTreeMap<(Subject, ActionKind), Timestamp>,
}

/// Why a worker wakes up.
enum Wake {
    /// Everybody was read anew.
    News,
    /// It is time, or somebody pokes.
    Time,
    /// The target is another one now.
    Other,
    /// There is nothing to do any more.
    End,
}

impl Worker {
    pub fn new(handle: Handle, unit: Arc<Unit>) -> Self {
        let name = unit.target.rules.target.clone();
        let mut everybody = handle.0.everybody.subscribe();
        // Somebody who comes later begins with what is known.
        everybody.mark_changed();
        Self {
            who: format!("target {name}"),
            everybody,
            installations: handle.0.installation.subscribe(),
            pokes: handle.0.pokes.subscribe(),
            next: handle.now() + unit.config.rhythm.every,
            audit: handle.now(),
            is_brisk: true,
            disturbed: 0,
            rest: None,
            fatigue: Fatigue::default(),
            unfinished: 0,
            last: None,
            told: Told::default(),
            due: BTreeMap::new(),
            handle,
            name,
            unit,
        }
    }

    /// Works until the daemon ends or the target is gone.
    pub async fn run(mut self) {
        loop {
            self.handle.0.pulse.idle(&self.who, Some(self.next));
            match self.wake().await {
                Wake::News => self.meet().await,
                Wake::Time => self.call(),
                Wake::Other => {
                    self.renew();
                    self.call();
                }
                Wake::End => break,
            }
        }
        self.handle.0.pulse.leaves(&self.who);
    }

    async fn wake(&mut self) -> Wake {
        loop {
            tokio::select! {
                biased;
                () = self.handle.stopping() => return Wake::End,
                changed = self.installations.changed() => {
                    match self.handle.unit(&self.name) {
                        Some(unit) if changed.is_ok() => {
                            if !Arc::ptr_eq(&unit, &self.unit) {
                                return Wake::Other;
                            }
                        }
                        Some(_) | None => return Wake::End,
                    }
                }
                changed = self.everybody.changed() => {
                    return if changed.is_ok() { Wake::News } else { Wake::End };
                }
                poked = self.pokes.recv() => match poked {
                    Ok(name) if name != self.name => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return Wake::Time,
                    Err(broadcast::error::RecvError::Closed) => return Wake::End,
                },
                () = tokio::time::sleep_until(self.next) => return Wake::Time,
            }
        }
    }

    /// Asks for everybody as they are now; the cycle begins when they are there. A target that has
    /// rested gets fresh secrets first, where that may help: it comes back as another one.
    fn call(&mut self) {
        let now = self.handle.now();
        self.next = now + self.unit.config.rhythm.every;
        let rest = self.rest.as_ref().filter(|_| !self.rests());
        if rest.is_some_and(|rest| rest.cause.wants_secrets() && !rest.is_equipped) {
            self.handle.renew(Renewal::Way(self.name.clone()));
        } else {
            self.handle.ask(Ask::Since(now));
        }
    }

    /// Takes the target as it is now: what kept the old one may not keep this one.
    fn renew(&mut self) {
        let Some(unit) = self.handle.unit(&self.name) else {
            return;
        };
        let now = self.handle.now();
        let is_other = format!("{:?}", unit.config) != format!("{:?}", self.unit.config);
        if is_other {
            (self.audit, self.is_brisk) = (now, true);
            self.fatigue = Fatigue::default();
        }
        if let Some(rest) = &mut self.rest
            && (is_other || rest.cause.wants_secrets())
        {
            rest.until = Some(now);
            rest.is_equipped = true;
        }
        self.unit = unit;
    }

    fn rests(&self) -> bool {
        let now = self.handle.now();
        self.rest
            .as_ref()
            .is_some_and(|rest| rest.until.is_none_or(|until| now < until))
    }

    /// Everybody was read anew.
    async fn meet(&mut self) {
        let Some(everybody) = self.everybody.borrow_and_update().clone() else {
            return;
        };
        if everybody.roster.readings.is_empty() {
            return;
        }
        let installation = self.handle.installation();
        if self.rests() {
            self.look(&everybody, &installation).await;
            return;
        }
        let turn = tokio::select! {
            biased;
            () = self.handle.stopping() => return,
            turn = self.handle.0.turns.wait_for(&self.name) => turn,
        };
        let run = installation.clock().now().to_string();
        let span = tracing::info_span!("cycle", target = %self.name, run = %run);
        self.cycle(&everybody, &installation, &run)
            .instrument(span)
            .await;
        drop(turn);
    }

    /// What would be due, of a target that rests: nothing is asked of it, and nothing written.
    async fn look(&mut self, everybody: &Everybody, installation: &Installation) {
        let world = installation.world(&|_| ());
        let (rules, app) = (&self.unit.target.rules, &*self.unit.target.app);
        let planned = propose(rules, app, &everybody.roster, Basis::Remembered, world).await;
        if let Ok(proposal) = planned {
            let now = world.clock.now();
            self.count_due(proposal.reviewed.released.iter(), now);
            self.write(|_| ());
        }
    }

    async fn cycle(&mut self, everybody: &Everybody, installation: &Arc<Installation>, run: &str) {
        let clock = installation.clock();
        let (at, begun) = (clock.now(), clock.instant());
        let look = self.look_at(begun);
        let (reading, sending) = (Brake::default(), Brake::default());
        let (reading_halt, sending_halt) = (reading.halt(), sending.halt());
        let (handle, who, unit) = (
            self.handle.clone(),
            self.who.clone(),
            Arc::clone(&self.unit),
        );
        self.handle.0.pulse.works(&self.who, Some(&unit));
        let hear = move |progress: Progress| {
            handle.0.pulse.works(&who, Some(&unit));
            show_phase(&handle, &progress);
        };
        let unit = Arc::clone(&self.unit);
        let cycle = Cycle {
            unit: &unit,
            everybody,
            run,
            last: self.last,
            look,
            rested: self.rest.as_ref().and_then(|rest| rest.cause.of_app()),
            reading: &reading_halt,
            sending: &sending_halt,
        };
        let came = tokio::select! {
            biased;
            came = cycle.run(installation.world(&hear)) => came,
            never = self.disturb(look, &reading, &sending) => match never {},
        };
        let took = clock.instant().duration_since(begun);
        self.settle(came, look, (run, at, took), everybody, installation);
    }

    /// Is the app read this time, and how?
    fn look_at(&self, now: Instant) -> Look {
        match (self.audit <= now, self.is_brisk) {
            (false, _) => Look::Trust,
            (true, true) => Look::Read,
            (true, false) => Look::Audit,
        }
    }

    /// Ends a cycle for those who must not wait for it.
    async fn disturb(
        &self,
        look: Look,
        reading: &Brake,
        sending: &Brake,
    ) -> std::convert::Infallible {
        let (mut everybody, mut installations) =
            (self.everybody.clone(), self.installations.clone());
        let begun = self.handle.now();
        let news = async {
            let _ = everybody.changed().await;
            tokio::time::sleep_until(begun + UNDISTURBED).await;
        };
        let other = async {
            while installations.changed().await.is_ok() {
                let unit = self.handle.unit(&self.name);
                if unit.is_none_or(|unit| !Arc::ptr_eq(&unit, &self.unit)) {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            () = self.handle.stopping() => reading.pull(),
            () = self.handle.0.turns.wanted(&self.name) => {}
            () = other => {}
            () = news => {}
        }
        sending.pull();
        if look == Look::Audit {
            reading.pull();
        }
        self.handle.stopping().await;
        reading.pull();
        std::future::pending().await
    }
}
