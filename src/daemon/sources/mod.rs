//! Everybody, read once for all targets: when somebody hears of a change, when somebody needs to know,
//! and when it is time.
//!
//! Promises one reading for all who want one, and one more for what is heard meanwhile; that a reading is
//! remembered at once, so that no target can hold that up; that changes which come all the time leave
//! half of the time to others; and that no absence is counted over a jump of the clock. Leaves reading
//! to [`Roster`], and what follows to the workers.
//!
//! **When a reading is accepted.** What a source that nobody doubts has given is accepted as soon as it is
//! read: whatever a target makes of it, it was true. A doubted reading is accepted when no target holds
//! anything because of it. Whether one does is worked out here from what is remembered, without asking any
//! app, and not by waiting for the targets' own cycles, since one of those may take hours.
//!
//! **Clocks.** Everything here is scheduled by the monotonic clock. Only what outlives the program goes by
//! the wall clock: since when somebody is missing. When that clock and the monotonic one do not agree on the
//! time between two readings (it was set, or the machine slept), the absences counted so far are forgotten,
//! and counted anew: that costs `absent_for`, and nobody their account.

mod accept;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::accept::{accept, forget_absences, second_reading};
use self::standing::Standing;
use super::Handle;
use super::board::{Ear, Trouble};
use super::event::Event;
use crate::core::backoff;
use crate::core::key::SourceName;
use crate::core::profile::RetryPolicy;
use crate::core::reading::{Coverage, Reading};
use crate::engine::World;
use crate::engine::roster::{Mode, Roster};
use crate::installation::Installation;
use crate::show::plain;
use crate::show::problem::{self, Trouble as Told};
use crate::source::{Heard, Watch};
use crate::store::StoreError;

/// The name under which the watchdog knows it.
const WHO: &str = "the sources";
/// Where changes come all the time, the next reading begins so long after the last one at the latest.
const DEBOUNCE: Duration = Duration::from_secs(2);
/// The wall clock may differ from the monotonic one by so much between two readings before it counts as
/// a jump.
const JUMP: SignedDuration = SignedDuration::from_secs(60);
/// A server that takes the deleted out of groups does so within seconds. One that has not by then is
/// read as a whole, and a person hears of what is doubtful about it.
const TIDY: Duration = Duration::from_mins(1);
/// How a source that could not be read is tried again.
const AGAIN: RetryPolicy = RetryPolicy {
    base: Duration::from_secs(15),
    max: Duration::from_mins(10),
    attempts: u32::MAX,
    patience: Duration::MAX,
};

/// What one reading of all sources gave.
pub struct Everybody {
    /// The readings.
    pub roster: Roster,
    /// When the reading began.
    pub begun: Instant,
    /// When something was first heard that led to it.
    pub heard: Option<Instant>,
}

/// Why everybody is to be read.
pub(super) enum Ask {
    /// Somebody needs a reading that begins from then on.
    Since(Instant),
    /// Something was heard at a source, at that moment.
    Heard(SourceName, Instant, Heard),
}

/// Reads the sources.
pub(super) struct Reader {
    handle: Handle,
    asks: mpsc::UnboundedReceiver<Ask>,
    installations: watch::Receiver<Arc<Installation>>,
    standing: BTreeMap<SourceName, Standing>,
    listeners: JoinSet<()>,
    /// When everything is read again for a reason of its own: somebody is missing, or a failure.
    again: Option<Instant>,
    /// What the clocks said at the last reading.
    clocks: Option<(Timestamp, Instant)>,
    heard: Option<Instant>,
    /// When the next reading may begin for what is heard.
    rested: Instant,
}

impl Reader {
    pub fn new(handle: Handle, asks: mpsc::UnboundedReceiver<Ask>) -> Self {
        Self {
            installations: handle.0.installation.subscribe(),
            rested: handle.now(),
            handle,
            asks,
            standing: BTreeMap::new(),
            listeners: JoinSet::new(),
            again: None,
            clocks: None,
            heard: None,
        }
    }

    /// Reads until the daemon ends.
    pub async fn run(mut self) {
        self.renew();
        loop {
            let handle = self.handle.clone();
            tokio::select! {
                biased;
                () = handle.stopping() => break,
                () = self.round() => {}
            }
        }
        self.handle.0.pulse.leaves(WHO);
    }

    /// One reading, and the wait for a reason for the next. Reading is given up at any point when the
    /// daemon ends: it changes nothing.
    async fn round(&mut self) {
        self.handle.0.pulse.works(WHO, None);
        let begun = self.handle.now();
        let read = AssertUnwindSafe(self.read()).catch_unwind().await;
        if read.is_err() {
            tracing::error!(
                "reading the sources broke off: this is a fault in rollcall, please report it"
            );
            self.again = Some(self.handle.now() + AGAIN.base);
        }
        let ended = self.handle.now();
        self.rested = ended + ended.duration_since(begun).min(DEBOUNCE);
        self.handle.0.begun.send_replace(true);
        self.wait().await;
    }

    /// Waits until there is a reason to read.
    async fn wait(&mut self) {
        loop {
            let due = self.next();
            self.handle.0.pulse.idle(WHO, due);
            let until = due.unwrap_or_else(|| self.handle.now() + Duration::from_hours(24));
            tokio::select! {
                biased;
                changed = self.installations.changed() => {
                    if changed.is_ok() && self.renew() {
                        return;
                    }
                }
                Some(ask) = self.asks.recv() => {
                    if self.take(ask) {
                        self.gather().await;
                        return;
                    }
                }
                () = tokio::time::sleep_until(until) => return,
            }
        }
    }

    /// Takes in what else is heard, so that one reading does for all of it. After quiet that is at
    /// once: whoever listens tells a burst as one. Where changes come all the time, it waits as long as
    /// the last reading took.
    async fn gather(&mut self) {
        let pause = self.rested.saturating_duration_since(self.handle.now());
        if self.heard.is_some() && !pause.is_zero() {
            self.handle.installation().clock().sleep(pause).await;
        }
        while let Ok(ask) = self.asks.try_recv() {
            self.take(ask);
        }
    }

    /// When something is to be read without a further reason.
    fn next(&self) -> Option<Instant> {
        let whole = self.standing.values();
        let whole = whole.filter(|standing| standing.ear == Ear::On);
        let whole = whole.flat_map(|standing| [Some(standing.due), standing.tidying]);
        whole.flatten().chain(self.again).min()
    }

    /// Is this a reason to read?
    fn take(&mut self, ask: Ask) -> bool {
        match ask {
            Ask::Since(since) => {
                let known = self.handle.0.everybody.borrow();
                known.as_ref().is_none_or(|known| known.begun < since)
            }
            Ask::Heard(name, at, heard) => {
                let Some(standing) = self.standing.get_mut(&name) else {
                    return false;
                };
                let now = self.handle.installation().clock().now();
                let is_reason = standing.hear(&name, heard, now, &self.handle);
                let ear = standing.ear.clone();
                self.handle.write(|board| {
                    board.sources.entry(name).or_default().ear = ear;
                });
                if is_reason {
                    self.heard.get_or_insert(at);
                }
                is_reason
            }
        }
    }

    /// Follows the installation in force. Are its sources others than before?
    fn renew(&mut self) -> bool {
        let installation = Arc::clone(&self.installations.borrow_and_update());
        let now = self.handle.now();
        let mut before = std::mem::take(&mut self.standing);
        let mut is_other = false;
        for (name, unit) in installation.sources.iter() {
            let kept = before
                .remove(name)
                .filter(|standing| Arc::ptr_eq(&standing.source, &unit.source));
            is_other |= kept.is_none();
            let standing = kept.unwrap_or_else(|| {
                let watch = unit.watch.then(|| unit.source.watch()).flatten();
                Standing {
                    source: Arc::clone(&unit.source),
                    ear: watch.as_ref().map_or(Ear::Off, |_| Ear::On),
                    anew: true,
                    due: now,
                    tidying: None,
                    failures: 0,
                    listener: watch.map(|watch| self.listen(name.clone(), watch)),
                }
            });
            let ear = standing.ear.clone();
            self.handle.write(|board| {
                board.sources.entry(name.clone()).or_default().ear = ear;
            });
            self.standing.insert(name.clone(), standing);
        }
        is_other |= !before.is_empty();
        before
            .values()
            .filter_map(|standing| standing.listener.as_ref())
            .for_each(tokio::task::AbortHandle::abort);
        is_other
    }

    /// Hands on what is heard at a source, until it is there no longer.
    fn listen(&mut self, name: SourceName, mut watch: Box<dyn Watch>) -> tokio::task::AbortHandle {
        let handle = self.handle.clone();
        self.listeners.spawn(async move {
            loop {
                let heard = watch.next().await;
                handle.ask(Ask::Heard(name.clone(), handle.now(), heard));
            }
        })
    }

    /// Reads everybody, remembers the reading, and hands it on.
    async fn read(&mut self) {
        let installation = self.handle.installation();
        let world = installation.world(&|_| ());
        let (now, begun) = (world.clock.now(), world.clock.instant());
        let heard = self.heard.take();
        self.again = None;
        let follows = self.following(begun);
        let read = self
            .read_all(&installation, world, &follows, (now, begun))
            .await;
        let roster = match read {
            Ok(roster) => roster,
            Err(error) => {
                let told = Told::from(error);
                for name in installation.sources.keys() {
                    self.refused(name, &told, now, begun);
                }
                self.heard = heard;
                return;
            }
        };
        let took = world.clock.instant().duration_since(begun);
        for (name, error) in &roster.refused {
            self.refused(name, &Told::from(error), now, begun);
        }
        for reading in &roster.readings {
            let whole = !follows.contains(&reading.source);
            self.was_read(reading, whole, (now, begun, took));
        }
        let everybody = Everybody {
            roster,
            begun,
            heard,
        };
        self.handle
            .0
            .everybody
            .send_replace(Some(Arc::new(everybody)));
    }

    /// The sources of which it is enough to follow what was heard.
    fn following(&self, begun: Instant) -> BTreeSet<SourceName> {
        let standing = self.standing.iter();
        let following = standing.filter(|(_, standing)| standing.follows(begun));
        following.map(|(name, _)| name.clone()).collect()
    }

    async fn read_all(
        &mut self,
        installation: &Installation,
        world: World<'_>,
        follows: &BTreeSet<SourceName>,
        (now, begun): (Timestamp, Instant),
    ) -> Result<Roster, StoreError> {
        if self.has_jumped(now, begun) {
            tracing::warn!("the clock has jumped: whoever is missing is counted anew");
            forget_absences(installation, world).await?;
        }
        let mode = |name: &SourceName| {
            if follows.contains(name) {
                Mode::Follow
            } else {
                Mode::Whole
            }
        };
        let roster = Roster::read_as(&installation.sources, mode, world).await?;
        for (name, standing) in &mut self.standing {
            let was_read = roster
                .readings
                .iter()
                .any(|reading| reading.source == *name);
            if was_read && !follows.contains(name) {
                let every = installation
                    .sources
                    .get(name)
                    .map(|unit| unit.full_read_every);
                // What is heard of a server that lags says no more than the server.
                standing.anew = roster.is_older(name);
                standing.due = begun + every.unwrap_or_default();
            }
            standing.tidying = roster
                .is_tidying(name)
                .then(|| standing.tidying.unwrap_or(begun + TIDY));
        }
        accept(&roster, installation, world).await?;
        let second = second_reading(installation, world).await?;
        self.again = second.map(|pause| world.clock.instant() + pause);
        Ok(roster)
    }

    /// Do the clocks disagree on how long ago the last reading was?
    fn has_jumped(&mut self, now: Timestamp, begun: Instant) -> bool {
        let before = self.clocks.replace((now, begun));
        before.is_some_and(|(wall, instant)| {
            let elapsed = SignedDuration::try_from(begun.duration_since(instant));
            let elapsed = elapsed.unwrap_or(SignedDuration::MAX);
            (now.duration_since(wall) - elapsed).abs() > JUMP
        })
    }

    /// A source could not be read.
    fn refused(&mut self, name: &SourceName, why: &Told, now: Timestamp, begun: Instant) {
        let told = plain(&problem::trouble(why));
        let mut is_new = false;
        self.handle.write(|board| {
            let source = board.sources.entry(name.clone()).or_default();
            let since = source.trouble.as_ref().map(|trouble| trouble.since);
            is_new = source
                .trouble
                .as_ref()
                .is_none_or(|known| known.problem != told);
            source.trouble = Some(Trouble {
                since: since.unwrap_or(now),
                problem: told.clone(),
            });
        });
        if is_new {
            tracing::error!(source = %name, "the source was not read, so it changes nobody: {told}");
            self.handle.tell(Event::SourceFailed {
                source: name.clone(),
                problem: told,
            });
        }
        if let Some(standing) = self.standing.get_mut(name) {
            standing.failures = standing.failures.saturating_add(1);
            standing.anew = true;
            let again = begun + backoff::ceiling(standing.failures, &AGAIN);
            self.again = Some(self.again.map_or(again, |known| known.min(again)));
        }
    }

    /// A source was read.
    fn was_read(
        &mut self,
        reading: &Reading,
        whole: bool,
        (now, begun, took): (Timestamp, Instant, Duration),
    ) {
        let name = &reading.source;
        let Some(standing) = self.standing.get_mut(name) else {
            return;
        };
        standing.failures = 0;
        let next = standing.due.saturating_duration_since(begun);
        let next = (standing.ear == Ear::On).then(|| now.saturating_add(next).unwrap_or(now));
        let mut is_back = false;
        self.handle.write(|board| {
            let source = board.sources.entry(name.clone()).or_default();
            is_back = source.trouble.take().is_some();
            source.last = Some(now);
            if whole {
                source.whole = Some(now);
            }
            source.users = reading.users.len();
            source.groups = reading.groups.len();
            source.is_part = reading.coverage != Coverage::Whole;
            source.next = next;
        });
        if is_back {
            tracing::info!(source = %name, "the source can be read again");
            self.handle.tell(Event::SourceBack(name.clone()));
        }
        tracing::debug!(source = %name, whole, users = reading.users.len(), "read");
        self.handle.tell(Event::Read {
            source: name.clone(),
            whole,
            took,
            users: reading.users.len(),
        });
    }
}
