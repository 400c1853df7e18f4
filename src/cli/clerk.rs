//! Carries out in a daemon what somebody at its control socket wants.
//!
//! Promises that only commands which are meant for a daemon are carried out, and only those that mean
//! the config and the apps that it runs with. Leaves the socket to [`crate::daemon::control`], and the
//! commands to their files.

use std::iter;
use std::path::PathBuf;

use async_trait::async_trait;
use clap::Parser as _;

use super::desk::Desk;
use super::{Cli, Command, Exit};
use crate::daemon::Handle;
use crate::daemon::control::{Clerk, Peer, Request};
use crate::installation::{self, Apps, Common};
use crate::show;
use crate::show::console::Console;
use crate::show::problem::Trouble;

/// Whoever serves at a daemon's socket.
pub(super) struct DaemonClerk {
    daemon: Handle,
    config: PathBuf,
    apps: Apps,
}

impl DaemonClerk {
    /// Serves for the daemon that `common` has named.
    ///
    /// # Errors
    /// When that names no apps.
    pub fn new(daemon: Handle, common: &Common) -> Result<Self, Trouble> {
        Ok(Self {
            daemon,
            config: std::fs::canonicalize(&common.config).unwrap_or(common.config.clone()),
            apps: installation::apps(common)?,
        })
    }

    async fn carry_out(
        &self,
        request: &Request,
        peer: Peer,
        console: &Console,
    ) -> Result<Exit, Trouble> {
        self.is_ours(request)?;
        let words = iter::once("rollcall").chain(request.arguments.iter().map(String::as_str));
        let Ok(Command::Errand(errand)) = Cli::try_parse_from(words).map(|cli| cli.command) else {
            // A client of ours has read the same words before.
            return Err(Trouble::new(
                "a daemon carries out no such command",
                Some("rollcall --help lists the commands"),
            ));
        };
        let by = peer.named(&request.caller);
        let command = errand.word();
        if errand.only_looks() {
            tracing::debug!(by, command, "a command at the control socket");
        } else {
            tracing::info!(by, command, "a command at the control socket");
        }
        let desk = Desk::in_daemon(self.daemon.clone(), console.clone(), by);
        errand.at(&desk, &self.daemon).await
    }

    /// Does the command mean what the daemon runs with?
    fn is_ours(&self, request: &Request) -> Result<(), Trouble> {
        if request.config != self.config {
            return Err(Trouble::new(
                format!(
                    "the daemon runs with the config {}, and the command names {}",
                    self.config.display(),
                    request.config.display()
                ),
                Some("name the daemon's with --config, or another state with --state"),
            ));
        }
        let meant = installation::apps(&Common {
            config: request.config.clone(),
            state: None,
            sandbox: request.sandbox.clone(),
        })?;
        if meant == self.apps {
            return Ok(());
        }
        Err(Trouble::new(
            format!(
                "the daemon works with {}, and the command means {}",
                named(&self.apps),
                named(&meant)
            ),
            Some("give the command the same --sandbox as the daemon has, or none if it has none"),
        ))
    }
}

fn named(apps: &Apps) -> String {
    match apps {
        Apps::Real => "the real apps".into(),
        Apps::InProcess => "sandbox copies of its own".into(),
        Apps::Served(root) => format!("the sandbox copies at {root}"),
    }
}

#[async_trait]
impl Clerk for DaemonClerk {
    async fn serve(&self, request: Request, peer: Peer, console: Console) -> u8 {
        let ended = self.carry_out(&request, peer, &console).await;
        let exit = ended.unwrap_or_else(|trouble| {
            console.err(&show::problem::trouble(&trouble));
            Exit::Error
        });
        exit.code()
    }
}
