//! Running for years: one worker a target, and whoever wants to know how it goes.
//!
//! Promises that a target which is slow or dead delays no other, and that nothing is sent once the
//! end was asked for. Leaves the cycle itself to [`crate::engine`], and what a person sees to
//! [`crate::show`].
//!
//! [`sources`] reads the directory, once for all, and hands everybody to the `worker`s; each plans its
//! target and carries the plan out when it is its [turn](turns). [`reload`] is the only one who
//! exchanges the installation that all of them work by. The workers write the [`board`], which says how
//! things stand, and tell [`event`]s, which say what happened. The listener, notifications, logs and the
//! control socket read these and nothing else of the workers.

pub mod board;
pub mod control;
mod crew;
mod cycle;
pub mod event;
pub mod health;
pub mod listener;
pub mod logging;
pub mod metrics;
pub mod monitoring;
pub mod notify;
mod pulse;
pub mod reload;
mod rest;
pub mod signal;
pub mod sources;
pub mod systemd;
mod told;
pub mod turns;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::board::{Board, Boards};
use self::event::{Event, Events};
use self::pulse::Pulse;
use self::reload::{Loader, Reload, Renewal};
use self::sources::{Ask, Everybody, Reader};
use self::turns::Turns;
use crate::core::key::TargetName;
use crate::engine::halt::{Brake, Halt};
use crate::installation::{Installation, Unit};

/// How long requests that are on their way are waited for when the end is asked for.
pub const GRACE: Duration = Duration::from_secs(10);
/// Events that a listener may lag behind before it misses some.
const EVENTS: usize = 1024;

/// The daemon, ready to run.
pub struct Daemon {
    handle: Handle,
    asks: mpsc::UnboundedReceiver<Ask>,
    renewals: mpsc::UnboundedReceiver<Renewal>,
    load: Loader,
}

/// What everybody in the process has of the daemon. Clones are the same.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    installation: watch::Sender<Arc<Installation>>,
    everybody: watch::Sender<Option<Arc<Everybody>>>,
    boards: Boards,
    events: Events,
    turns: Turns,
    pulse: Pulse,
    stop: Brake,
    asks: mpsc::UnboundedSender<Ask>,
    renewals: mpsc::UnboundedSender<Renewal>,
    pokes: broadcast::Sender<TargetName>,
    /// The sources were read once, or were found to be unreadable.
    begun: watch::Sender<bool>,
}

/// How the daemon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All that was on its way was heard out.
    Calmly,
    /// Something was still on its way after [`GRACE`]: it is in doubt on disk, and looked up by the
    /// next start.
    Abruptly,
}

impl Daemon {
    /// A daemon over an installation; `load` gives the config anew.
    #[must_use]
    pub fn new(installation: Installation, load: Loader) -> Self {
        let (asks, asked) = mpsc::unbounded_channel();
        let (renewals, renewed) = mpsc::unbounded_channel();
        let clock = installation.clock().clone();
        let mut board = Board::begun(clock.now());
        board.fit(&installation);
        let shared = Shared {
            installation: watch::Sender::new(Arc::new(installation)),
            everybody: watch::Sender::new(None),
            boards: watch::Sender::new(board),
            events: broadcast::Sender::new(EVENTS),
            turns: Turns::default(),
            pulse: Pulse::new(clock),
            stop: Brake::default(),
            asks,
            renewals,
            pokes: broadcast::Sender::new(EVENTS),
            begun: watch::Sender::new(false),
        };
        Self {
            handle: Handle(Arc::new(shared)),
            asks: asked,
            renewals: renewed,
            load,
        }
    }

    /// What others need of it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs until the end is asked for, and then until what is on its way is heard out.
    pub async fn run(self) -> Ended {
        let Self {
            handle,
            asks,
            renewals,
            load,
        } = self;
        let mut tasks = JoinSet::new();
        tasks.spawn(Reader::new(handle.clone(), asks).run());
        tasks.spawn(Reload::new(handle.clone(), renewals, load).run());
        tasks.spawn(crew::run(handle.clone()));
        handle.stopping().await;
        tracing::info!("stopping: nothing more is sent");
        handle.tell(Event::Stopping);
        let calm = async { while tasks.join_next().await.is_some() {} };
        let clock = handle.installation().clock().clone();
        let ended = tokio::select! {
            () = calm => Ended::Calmly,
            () = clock.sleep(GRACE) => Ended::Abruptly,
        };
        if ended == Ended::Abruptly {
            tracing::warn!(
                "some requests got no answer in time: they are in doubt, and the next start looks them up"
            );
        }
        tasks.shutdown().await;
        ended
    }
}

impl Handle {
    /// The installation in force. Whoever begins something keeps it to its end.
    #[must_use]
    pub fn installation(&self) -> Arc<Installation> {
        Arc::clone(&self.0.installation.borrow())
    }

    /// The target of that name, as it is now.
    #[must_use]
    pub fn unit(&self, target: &TargetName) -> Option<Arc<Unit>> {
        let installation = self.installation();
        let mut units = installation.units.iter();
        units
            .find(|unit| unit.target.rules.target == *target)
            .cloned()
    }

    /// How things stand, from now on.
    #[must_use]
    pub fn boards(&self) -> watch::Receiver<Board> {
        self.0.boards.subscribe()
    }

    /// What happens, from now on.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Whose turn it is at each target. Whoever plans or changes a target takes it first.
    #[must_use]
    pub fn turns(&self) -> &Turns {
        &self.0.turns
    }

    /// Those who have not got on for longer than `patience`: nobody, in a sound daemon.
    #[must_use]
    pub fn stuck(&self, patience: Duration) -> Vec<String> {
        self.0.pulse.stuck(patience)
    }

    /// A cycle of this target as soon as it is its turn: something about it is different now.
    pub fn poke(&self, target: &TargetName) {
        // Without a worker there is nobody to poke.
        let _ = self.0.pokes.send(target.clone());
    }

    /// Everybody, as they were last read; `None`: they never were.
    #[must_use]
    pub fn newest(&self) -> Option<Arc<Everybody>> {
        self.0.everybody.borrow().clone()
    }

    /// Everybody, by a reading that begins from now on and is shared with all who want one.
    /// `None`: the daemon ends.
    pub async fn everybody(&self) -> Option<Arc<Everybody>> {
        let now = self.installation().clock().instant();
        let mut readings = self.0.everybody.subscribe();
        self.ask(Ask::Since(now));
        let is_new =
            |known: &Option<Arc<Everybody>>| known.as_ref().is_some_and(|known| known.begun >= now);
        tokio::select! {
            found = readings.wait_for(is_new) => found.ok()?.clone(),
            () = self.stopping() => None,
        }
    }

    /// Takes the config anew, and fetches every secret anew. Gives what changed, a line each.
    ///
    /// # Errors
    /// Why it was refused; the one before is still in force.
    pub async fn reload(&self) -> Result<Vec<String>, String> {
        let (reply, answer) = oneshot::channel();
        let ended = "rollcall is ending";
        let renewal = Renewal::Config {
            secrets: true,
            reply: Some(reply),
        };
        self.renew(renewal);
        answer.await.unwrap_or_else(|_| Err(ended.into()))
    }

    /// Asks for the end.
    pub fn stop(&self) {
        self.0.stop.pull();
    }

    /// Ends what somebody does with the daemon when the end is asked for.
    #[must_use]
    pub fn halt(&self) -> Halt {
        self.0.stop.halt()
    }

    /// Waits until the end is asked for.
    pub async fn stopping(&self) {
        self.halt().pulled().await;
    }

    /// Waits until the sources were read for the first time, or were found to be unreadable.
    pub async fn ready(&self) {
        let mut begun = self.0.begun.subscribe();
        // The sender is in what we hold.
        let _ = begun.wait_for(|begun| *begun).await;
    }

    fn is_ready(&self) -> bool {
        *self.0.begun.borrow()
    }

    fn ask(&self, ask: Ask) {
        // The reader is there until the daemon ends, and then nobody needs an answer.
        let _ = self.0.asks.send(ask);
    }

    fn renew(&self, renewal: Renewal) {
        // Likewise.
        let _ = self.0.renewals.send(renewal);
    }

    fn tell(&self, event: Event) {
        // It is no error that nobody listens.
        let _ = self.0.events.send(event);
    }

    fn write(&self, change: impl FnOnce(&mut Board)) {
        self.0.boards.send_modify(change);
    }

    fn now(&self) -> Instant {
        self.installation().clock().instant()
    }
}
