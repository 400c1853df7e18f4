//! The installation in force, and the next one: a changed config, a changed secret.
//!
//! Promises that a config with problems changes nothing, and that whoever is at work ends by the
//! installation it began with. Leaves to the workers and the
//! [sources](super::sources) to notice.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::board::{Board, Trouble};
use super::event::Event;
use super::{Handle, systemd};
use crate::config::Config;
use crate::core::key::TargetName;
use crate::installation::Installation;
use crate::lookout::Lookout;
use crate::show::plain;
use crate::show::problem::{self, Trouble as Told};

/// Gives the config anew.
pub type Loader = Box<dyn Fn() -> Result<Config, Told> + Send>;

/// What is to be made anew.
pub(super) enum Renewal {
    /// Everything.
    Config {
        /// Secrets that did not change by their place are fetched anew, too.
        secrets: bool,
        /// Who waits for what came of it.
        reply: Option<oneshot::Sender<Result<Vec<String>, String>>>,
    },
    /// The way to one app, with fresh secrets.
    Way(TargetName),
}

/// Exchanges the installation.
pub(super) struct Reload {
    handle: Handle,
    renewals: mpsc::UnboundedReceiver<Renewal>,
    load: Loader,
    lookout: Lookout,
}

impl Reload {
    /// Looks after the files from now on, and not only once it runs.
    pub fn new(handle: Handle, renewals: mpsc::UnboundedReceiver<Renewal>, load: Loader) -> Self {
        let lookout = lookout(&handle);
        Self {
            handle,
            renewals,
            load,
            lookout,
        }
    }

    /// Works until the daemon ends.
    pub async fn run(mut self) {
        loop {
            let handle = self.handle.clone();
            let renewal = tokio::select! {
                biased;
                () = handle.stopping() => return,
                Some(renewal) = self.renewals.recv() => renewal,
                changed = self.lookout.changed() => {
                    self.notice(&changed);
                    continue;
                }
            };
            match renewal {
                Renewal::Config { secrets, reply } => {
                    // Before anything is read, so that what is saved meanwhile is noticed.
                    let before = files(&self.handle);
                    self.lookout = lookout(&self.handle);
                    let answer = self.reload(secrets);
                    if let Some(reply) = reply {
                        // Whoever asked may have gone.
                        let _ = reply.send(answer);
                    }
                    if files(&self.handle) != before {
                        self.lookout = lookout(&self.handle);
                    }
                }
                Renewal::Way(target) => {
                    let installation = self.handle.installation().reequipped(&target);
                    self.exchange(installation);
                }
            }
        }
    }

    /// Some files have changed.
    fn notice(&self, changed: &[PathBuf]) {
        let installation = self.handle.installation();
        if changed
            .iter()
            .any(|file| installation.config.files.contains(file))
        {
            tracing::info!("the config has changed");
            self.handle.renew(Renewal::Config {
                secrets: false,
                reply: None,
            });
        }
        for unit in &installation.units {
            if unit.files().iter().any(|file| changed.contains(file)) {
                let name = &unit.target.rules.target;
                tracing::info!(target = %name, "a secret or a certificate has changed");
                self.handle.renew(Renewal::Way(name.clone()));
            }
        }
    }

    /// Takes the config anew, unless it has problems.
    fn reload(&self, secrets: bool) -> Result<Vec<String>, String> {
        let is_ready = self.handle.is_ready();
        if is_ready {
            systemd::reloading();
        }
        let before = self.handle.installation();
        let made = (self.load)().and_then(|config| before.renewed(config));
        let answer = match made {
            Ok(installation) => Ok(self.take(&before, installation, secrets)),
            Err(trouble) => Err(self.refuse(&trouble)),
        };
        if is_ready {
            systemd::ready();
        }
        answer
    }

    fn take(&self, before: &Installation, mut after: Installation, secrets: bool) -> Vec<String> {
        let changes = changes(&before.config, &after.config);
        if secrets {
            let names = after.config.targets.keys().cloned().collect::<Vec<_>>();
            for name in names {
                after = after.reequipped(&name);
            }
        }
        if changes.is_empty() {
            tracing::info!("reloaded: nothing in the config is different");
        } else {
            tracing::info!("reloaded: {}", changes.join(", "));
        }
        self.exchange(after);
        let now = self.handle.installation().clock().now();
        self.handle.write(|board| {
            board.config = now;
            board.refused = None;
        });
        self.handle.tell(Event::Reloaded(changes.clone()));
        changes
    }

    fn refuse(&self, trouble: &Told) -> String {
        let problem = plain(&problem::trouble(trouble));
        tracing::error!(
            "the new config was refused, and the one before stays in force:\n{problem}"
        );
        let since = self.handle.installation().clock().now();
        self.handle.write(|board| {
            board.refused = Some(Trouble {
                since,
                problem: problem.clone(),
            });
        });
        self.handle.tell(Event::ReloadRefused(problem.clone()));
        problem
    }

    fn exchange(&self, installation: Installation) {
        self.handle.write(|board| board.fit(&installation));
        self.handle
            .0
            .installation
            .send_replace(Arc::new(installation));
    }
}

/// Looks after everything that the installation was made of.
fn lookout(handle: &Handle) -> Lookout {
    Lookout::over(files(handle), handle.installation().clock().clone())
}

/// Everything that the installation was made of.
fn files(handle: &Handle) -> BTreeSet<PathBuf> {
    let installation = handle.installation();
    let secrets = installation.units.iter().flat_map(|unit| unit.files());
    let config = installation.config.files.iter().cloned();
    config.chain(secrets).collect()
}

impl Board {
    /// Shows the sources and targets of an installation, and no others.
    pub(super) fn fit(&mut self, installation: &Installation) {
        let config = &installation.config;
        self.sources
            .retain(|name, _| config.sources.contains_key(name));
        self.targets
            .retain(|name, _| config.targets.contains_key(name));
        for name in config.sources.keys() {
            self.sources.entry(name.clone()).or_default();
        }
        for (name, target) in &config.targets {
            self.targets.entry(name.clone()).or_default().expires = target.expires;
        }
    }
}

/// What differs between two configs, a line each.
#[must_use]
pub fn changes(before: &Config, after: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    differ("source", &before.sources, &after.sources, &mut lines);
    differ("target", &before.targets, &after.targets, &mut lines);
    if before.journal != after.journal {
        lines.push("journal changed".into());
    }
    if before.log != after.log {
        lines.push("log changed".into());
    }
    if before.listen != after.listen {
        lines.push("listen changed".into());
    }
    if before.ready != after.ready {
        lines.push("ready changed".into());
    }
    if before.notify != after.notify {
        lines.push("notify changed".into());
    }
    lines
}

fn differ<K: Ord + std::fmt::Display, V: Debug>(
    what: &str,
    before: &std::collections::BTreeMap<K, V>,
    after: &std::collections::BTreeMap<K, V>,
    lines: &mut Vec<String>,
) {
    let names: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    for name in names {
        let word = match (before.get(name), after.get(name)) {
            (None, _) => "added",
            (Some(_), None) => "removed",
            (Some(before), Some(after)) if format!("{before:?}") != format!("{after:?}") => {
                "changed"
            }
            (Some(_), Some(_)) => continue,
        };
        lines.push(format!("{what} {name} {word}"));
    }
}
