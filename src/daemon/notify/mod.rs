//! Telling people who are not looking that something needs them.
//!
//! Promises that no worker waits for a notification, that one trouble is told once and its end once,
//! and that a receiver which is away is tried again a few times. Leaves the words to
//! [`crate::show::notice`].
//!
//! What happened ([`Event`]) and how things stand ([`Board`]) go into the `ledger`, which knows what
//! is open. Its notices go to every channel: through the channel's own `budget`, then into the queue
//! of its `delivery`.

mod budget;
mod delivery;
mod ledger;
mod mail;
mod webhook;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, warn};

use self::budget::Budget;
use self::ledger::Ledger;
use self::mail::Mail;
use self::webhook::Webhook;
use super::board::Board;
use super::event::Event;
use super::metrics::{Delivery, Metrics};
use crate::clock::Clock;
use crate::config::{ChannelConfig, NotifyConfig, ReadyConfig};
use crate::draw::Draw;
use crate::http::client::ClientError;
use crate::secret::SecretError;
use crate::show::notice::Notice;

/// How often it is looked at how things stand.
const EVERY: Duration = Duration::from_mins(1);
/// So many notices wait for a channel that is slow; it gets at most as many in some hours.
const QUEUE: usize = 64;

/// Why a channel cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// A secret of it cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What is kept as its address is none.
    #[error("{place} holds no address of a webhook: {problem}")]
    Address {
        /// Where it is kept.
        place: String,
        /// What is wrong, without quoting it.
        problem: &'static str,
    },
    /// There is no client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The certificates of a relay cannot be used.
    #[error("TLS to the relay cannot be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
    /// A file of certificates cannot be read.
    #[error("the CA file {path} cannot be read")]
    Unreadable {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}

/// Why a notice was not taken. Never holds the address of a webhook, nor a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What happened, in one line.
    pub reason: String,
    /// Is there any use in trying again?
    pub passing: bool,
    /// How long the receiver asked us to wait.
    pub wait: Option<Duration>,
}

/// A way to people.
#[async_trait]
pub trait Channel: Send + Sync {
    /// What kind it is: `webhook` or `mail`.
    fn kind(&self) -> &'static str;

    /// Sends one notice.
    ///
    /// # Errors
    /// When it was not taken.
    async fn send(&self, notice: &Notice) -> Result<(), Refusal>;
}

/// Makes a channel, with its secrets.
///
/// # Errors
/// When something that it needs cannot be had.
pub fn channel(
    config: &ChannelConfig,
    clock: &Clock,
    draw: &Draw,
) -> Result<Box<dyn Channel>, ChannelError> {
    Ok(match config {
        ChannelConfig::Webhook { url, format } => {
            Box::new(Webhook::new(url, *format, clock.clone())?)
        }
        ChannelConfig::Mail(mail) => Box::new(Mail::new(mail, clock.clone(), draw.clone())?),
    })
}

/// A channel in use: what it bears, and the queue in front of it.
struct Outlet {
    kind: &'static str,
    people: bool,
    budget: Budget,
    queue: mpsc::Sender<Notice>,
}

/// Everything that tells people.
pub struct Notifier {
    ledger: Ledger,
    outlets: Vec<Outlet>,
    deliveries: JoinSet<()>,
    bounds: ReadyConfig,
    metrics: Metrics,
    clock: Clock,
}

impl Notifier {
    /// Begins; a channel that cannot be used is told in the log, and the others are used.
    #[must_use]
    pub fn begin(
        config: &[NotifyConfig],
        bounds: ReadyConfig,
        metrics: Metrics,
        clock: Clock,
        draw: &Draw,
    ) -> Self {
        let mut begun = Self::new(bounds, metrics, clock);
        for (index, config) in config.iter().enumerate() {
            match channel(&config.channel, &begun.clock, draw) {
                Ok(channel) => begun.add(channel, config.people, config.per_hour),
                Err(problem) => {
                    let place = format!("notify[{index}]");
                    let text = crate::show::error(&problem.to_string(), &[], None);
                    error!(place, text, "nobody is told this way");
                }
            }
        }
        begun
    }

    /// One that tells nobody.
    #[must_use]
    pub fn new(bounds: ReadyConfig, metrics: Metrics, clock: Clock) -> Self {
        Self {
            ledger: Ledger::default(),
            outlets: Vec::new(),
            deliveries: JoinSet::new(),
            bounds,
            metrics,
            clock,
        }
    }

    /// Tells by this channel, too: with the names of people or without, so many an hour at most.
    pub fn add(&mut self, channel: Box<dyn Channel>, people: bool, per_hour: u16) {
        let (queue, notices) = mpsc::channel(QUEUE);
        self.outlets.push(Outlet {
            kind: channel.kind(),
            people,
            budget: Budget::new(per_hour),
            queue,
        });
        let (metrics, clock) = (self.metrics.clone(), self.clock.clone());
        self.deliveries
            .spawn(delivery::run(channel, notices, metrics, clock));
    }

    /// Tells people what they should know, until the daemon stops; then waits for what is under way.
    pub async fn run(mut self, mut events: Receiver<Event>, board: watch::Receiver<Board>) {
        loop {
            tokio::select! {
                heard = events.recv() => match heard {
                    Ok(Event::Stopping) | Err(RecvError::Closed) => break,
                    Ok(event) => {
                        let notice = self.ledger.hear(&event, self.clock.now());
                        self.tell(notice);
                    }
                    Err(RecvError::Lagged(missed)) => {
                        warn!(missed, "notifications could not keep up; the board tells what stands");
                    }
                },
                () = self.clock.sleep(EVERY) => {
                    let now = self.clock.now();
                    let notices = self.ledger.look(&board.borrow(), self.bounds, now);
                    self.tell(notices);
                    self.settle(now);
                }
            }
        }
        self.outlets.clear();
        while self.deliveries.join_next().await.is_some() {}
    }

    fn tell(&mut self, notices: impl IntoIterator<Item = Notice>) {
        for notice in notices {
            for outlet in &mut self.outlets {
                outlet.offer(notice.clone(), &self.metrics);
            }
        }
    }

    fn settle(&mut self, now: Timestamp) {
        for outlet in &mut self.outlets {
            if let Some(sum) = outlet.budget.settle(now) {
                outlet.push(sum, &self.metrics);
            }
        }
    }
}

impl Outlet {
    fn offer(&mut self, notice: Notice, metrics: &Metrics) {
        let notice = if self.people {
            notice
        } else {
            notice.without_people()
        };
        let now = notice.at;
        match self.budget.admit(notice, now) {
            Some(notice) => self.push(notice, metrics),
            None => metrics.deliver(self.kind, Delivery::Summed),
        }
    }

    /// Never waits: a channel whose queue is full gets this one no more.
    fn push(&self, notice: Notice, metrics: &Metrics) {
        if self.queue.try_send(notice).is_err() {
            metrics.deliver(self.kind, Delivery::Failed);
            warn!(
                channel = self.kind,
                "a notification was dropped: too many wait"
            );
        }
    }
}

#[cfg(test)]
mod tests;
