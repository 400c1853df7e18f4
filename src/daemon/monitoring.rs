//! Everything that lets people see how the daemon fares: log, metrics, listener, notifications.
//!
//! Promises that none of it delays a worker, and that a reload changes it without losing what was
//! counted. Leaves what there is to see to those who write the board and tell events.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;

use super::Handle;
use super::event::Event;
use super::health::lacking;
use super::listener::{self, Sight};
use super::logging::{self, teller};
use super::metrics::Metrics;
use super::notify::Notifier;
use crate::config::{NotifyConfig, ReadyConfig};
use crate::show::problem::Trouble;

/// Who does not get on for so long is stuck, for `/healthz`: as `WatchdogSec=` of the unit.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long notifications may take that are under way at the end.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Everything that lets people see how the daemon fares.
pub struct Monitoring {
    handle: Handle,
    events: Receiver<Event>,
    metrics: Metrics,
    listening: Option<SocketAddr>,
    listener: JoinSet<()>,
    notify: (Vec<NotifyConfig>, ReadyConfig),
    notifier: JoinSet<()>,
    teller: JoinSet<()>,
}

impl Monitoring {
    /// Begins to log, count, answer and notify as the config says.
    ///
    /// # Errors
    /// When the port of `listen:` cannot be had.
    pub async fn begin(handle: Handle) -> Result<Self, Trouble> {
        let config = handle.installation().config.clone();
        logging::adopt(&config.log);
        let mut teller = JoinSet::new();
        teller.spawn(teller::write(handle.events()));
        let mut begun = Self {
            events: handle.events(),
            metrics: Metrics::new(),
            handle,
            listening: None,
            listener: JoinSet::new(),
            notify: (Vec::new(), config.ready),
            notifier: JoinSet::new(),
            teller,
        };
        begun.listen(config.listen).await?;
        begun.notify(config.notify, config.ready);
        Ok(begun)
    }

    /// Goes on until the daemon stops; notifications that are under way then have a few seconds.
    pub async fn run(mut self) {
        loop {
            match self.events.recv().await {
                Ok(event) => {
                    self.metrics.count(&event);
                    match event {
                        Event::Reloaded(_) => self.adopt().await,
                        Event::Stopping => break,
                        Event::Read { .. }
                        | Event::SourceFailed { .. }
                        | Event::SourceBack(_)
                        | Event::Cycle { .. }
                        | Event::Held { .. }
                        | Event::Parked { .. }
                        | Event::Paused { .. }
                        | Event::Resumed(_)
                        | Event::Expiring { .. }
                        | Event::ReloadRefused(_) => {}
                    }
                }
                Err(RecvError::Lagged(missed)) => self.metrics.miss(missed),
                Err(RecvError::Closed) => break,
            }
        }
        self.teller.abort_all();
        let clock = self.handle.installation().clock().clone();
        tokio::select! {
            _ = self.notifier.join_next() => {}
            () = clock.sleep(LAST_WORDS) => {}
        }
    }

    /// Goes on as the config in force says. What did not change is left alone.
    async fn adopt(&mut self) {
        let installation = self.handle.installation();
        let config = &installation.config;
        logging::adopt(&config.log);
        self.metrics
            .follow(installation.units.iter().map(|unit| &**unit));
        if self.notify != (config.notify.clone(), config.ready) {
            self.notify(config.notify.clone(), config.ready);
        }
        if self.listening != config.listen
            && let Err(trouble) = self.listen(config.listen).await
        {
            let text = crate::show::problem::trouble(&trouble);
            tracing::error!(text, "monitoring is not answered any more");
        }
    }

    async fn listen(&mut self, address: Option<SocketAddr>) -> Result<(), Trouble> {
        self.listener.shutdown().await;
        self.listening = address;
        let Some(address) = address else {
            return Ok(());
        };
        let listener = listener::bind(address).await.map_err(|error| {
            Trouble::new(
                format!("cannot listen on {address} for monitoring: {error}"),
                Some("write another address as `listen:`, or end who has this one"),
            )
        })?;
        let clock = self.handle.installation().clock().clone();
        let sight = Arc::new(Overview {
            handle: self.handle.clone(),
            metrics: self.metrics.clone(),
        });
        self.listener.spawn(async move {
            if let Err(error) = listener::serve(listener, sight, clock).await {
                tracing::error!(%error, "monitoring is not answered any more");
            }
        });
        Ok(())
    }

    /// Begins anew with these ways; what was open is told again.
    fn notify(&mut self, config: Vec<NotifyConfig>, bounds: ReadyConfig) {
        self.notifier.abort_all();
        self.notifier.detach_all();
        if !config.is_empty() {
            let installation = self.handle.installation();
            let clock = installation.clock().clone();
            let metrics = self.metrics.clone();
            let notifier = Notifier::begin(&config, bounds, metrics, clock, installation.draw());
            let events = self.handle.events();
            self.notifier
                .spawn(notifier.run(events, self.handle.boards()));
        }
        self.notify = (config, bounds);
    }
}

/// What a listener sees of the daemon.
struct Overview {
    handle: Handle,
    metrics: Metrics,
}

impl Sight for Overview {
    fn stuck(&self) -> Vec<String> {
        self.handle.stuck(PATIENCE)
    }

    fn lacking(&self) -> Vec<String> {
        let installation = self.handle.installation();
        let now = installation.clock().now();
        lacking(
            &self.handle.boards().borrow(),
            installation.config.ready,
            now,
        )
    }

    fn metrics(&self) -> String {
        let installation = self.handle.installation();
        self.metrics
            .follow(installation.units.iter().map(|unit| &**unit));
        let now = installation.clock().now();
        self.metrics.print(&self.handle.boards().borrow(), now)
    }
}
