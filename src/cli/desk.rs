//! Where a command that changes something is carried out: in this process, or in the daemon's for
//! somebody at its socket.
//!
//! Promises that a command is the same code with the same words in both places, that in the daemon it
//! takes its turn at a target with the target's worker, and that nothing older is sent than what the
//! directory was last seen to hold. Leaves what is done to the commands.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use super::lever::Lever;
use crate::clock::Clock;
use crate::config::Config;
use crate::core::key::{SourceName, TargetName, UserKey};
use crate::daemon::Handle;
use crate::daemon::control::{Caller, Peer};
use crate::daemon::sources::Everybody;
use crate::daemon::turns::Turn;
use crate::engine::World;
use crate::engine::halt::Halt;
use crate::engine::roster::Roster;
use crate::installation::Installation;
use crate::show::console::Console;
use crate::show::problem::Trouble;
use crate::store::SqliteStore;

/// A config and the state it is about: what a lever needs that asks no app.
#[derive(Clone, Copy)]
pub(super) struct Books<'a> {
    /// The config.
    pub config: &'a Config,
    /// The state.
    pub store: &'a SqliteStore,
}

impl<'a> Books<'a> {
    /// Those of an installation.
    pub fn of(installation: &'a Installation) -> Self {
        Self {
            config: &installation.config,
            store: &installation.store,
        }
    }
}

/// Where a command is carried out, for whom, and to whom it speaks.
pub(super) struct Desk {
    /// To whom it speaks.
    pub console: Console,
    by: String,
    daemon: Option<Handle>,
}

impl Desk {
    /// In this process, for whoever runs it.
    pub fn here() -> Self {
        Self {
            console: Console::here(),
            by: Peer::ours().named(&Caller::ours()),
            daemon: None,
        }
    }

    /// In a daemon, for somebody at its socket.
    pub fn in_daemon(daemon: Handle, console: Console, by: String) -> Self {
        Self {
            console,
            by,
            daemon: Some(daemon),
        }
    }

    /// A lever that is pulled now.
    pub fn lever(&self, because: &str) -> Lever {
        Lever::pulled(Clock::System.now(), &self.by, because)
    }

    /// The right to change a target, for as long as the result is kept. Without a daemon the lock of
    /// the state is that right.
    pub async fn turn(&self, target: &TargetName) -> Option<Turn> {
        let daemon = self.daemon.as_ref()?;
        self.console
            .doing(format!("waiting for the turn of {target}"));
        let turn = daemon.turns().take(target).await;
        self.console.done();
        Some(turn)
    }

    /// Ends what is under way when the daemon ends; without one, nobody does.
    pub fn halt(&self) -> Halt {
        self.daemon.as_ref().map_or_else(Halt::never, Handle::halt)
    }

    /// Something about a target is different now: its worker looks at it as soon as it can.
    pub fn changed(&self, target: &TargetName) {
        if let Some(daemon) = &self.daemon {
            daemon.poke(target);
        }
    }

    /// Everybody in the directory, read from now on.
    ///
    /// # Errors
    /// When the state cannot be read, or the daemon ends.
    pub async fn read(
        &self,
        installation: &Installation,
        world: World<'_>,
    ) -> Result<Known, Trouble> {
        self.console.doing("reading the directory");
        let known = match &self.daemon {
            None => Known::Ours(Roster::read(&installation.sources, world).await?),
            Some(daemon) => Known::Daemon(daemon.everybody().await.ok_or_else(ending)?),
        };
        self.console.done();
        Ok(known)
    }

    /// What is known now, if that is newer than what `read` gave: while somebody waits for a turn, the
    /// directory may be read again, and acted on.
    pub fn newer(&self) -> Option<Known> {
        Some(Known::Daemon(self.daemon.as_ref()?.newest()?))
    }

    /// Accepts a reading, as [`Roster::accept`]. A daemon has done so by itself.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn accept(
        &self,
        known: &Known,
        linked: &BTreeSet<UserKey>,
        unsettled: &BTreeSet<SourceName>,
        world: World<'_>,
    ) -> Result<(), Trouble> {
        match known {
            Known::Ours(roster) => Ok(roster.accept(linked, unsettled, world).await?),
            Known::Daemon(_) => Ok(()),
        }
    }
}

/// The daemon ends, and with it what was asked of it.
pub(super) fn ending() -> Trouble {
    Trouble::new(
        "the daemon is ending, and what is not done by now stays due",
        Some("give the command again: without a daemon it works by itself"),
    )
}

/// Everybody in the directory.
pub(super) enum Known {
    /// As we read them.
    Ours(Roster),
    /// As the daemon did.
    Daemon(Arc<Everybody>),
}

impl Deref for Known {
    type Target = Roster;

    fn deref(&self) -> &Roster {
        match self {
            Self::Ours(roster) => roster,
            Self::Daemon(everybody) => &everybody.roster,
        }
    }
}
