//! The commands that a running daemon carries out, since the state is its own.
//!
//! Promises that a daemon is asked where there is one, and that the command works by itself where
//! there is none. Leaves the way there to [`crate::daemon::control`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Subcommand;

use super::desk::{Books, Desk};
use super::{
    Common, Exit, approve, ignore, link, reload, resend, retry, status, sync, undo, unlink,
};
use crate::config::{self, Config};
use crate::daemon::Handle;
use crate::daemon::control::{Called, Caller, Request, VERSION, call};
use crate::installation::{self, Installation, Need};
use crate::show::console::Console;
use crate::show::problem::Trouble;
use crate::store::SqliteStore;

/// A command for a daemon.
#[derive(Debug, Subcommand)]
pub(super) enum Errand {
    /// Bring the apps in line with the directory, once.
    ///
    /// Exit codes: 0 in line (a dry run: nothing to change), 1 error, 2 a dry run found changes,
    /// 3 something is held back or a reading was refused, 4 something is parked or failed.
    Sync(sync::SyncArgs),
    /// Show how every source and target stands, and what a daemon does.
    Status(status::StatusArgs),
    /// Release what the guard holds.
    Approve(approve::ApproveArgs),
    /// Let the next run try again what was parked.
    Retry(retry::RetryArgs),
    /// Say whose an account is.
    Link(link::LinkArgs),
    /// Say that an account is not somebody's.
    Unlink(unlink::UnlinkArgs),
    /// Leave an account, or the account of a person, alone from now on.
    Ignore(ignore::IgnoreArgs),
    /// Take a run back: what it switched off is switched on, what it made is switched off.
    ///
    /// Shows what it does first. What cannot be taken back is said. What is taken back is left alone by
    /// later runs until the directory says something else. Exit codes: 0 done, 1 error, 2 a dry run
    /// found changes, 3 the guard holds something, 4 something failed or cannot be taken back.
    Undo(undo::UndoArgs),
    /// Switch one person's account off and on again, so that the app sends its mail anew.
    ///
    /// Exit codes: 0 done, 1 it may not be done and nothing was sent, 4 it did not go through: what
    /// happened and what is due is said.
    Resend(resend::ResendArgs),
    /// Let the daemon that runs take up its config again.
    Reload(reload::ReloadArgs),
}

impl Errand {
    /// The command, in one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sync(_) => "sync",
            Self::Status(_) => "status",
            Self::Approve(_) => "approve",
            Self::Retry(_) => "retry",
            Self::Link(_) => "link",
            Self::Unlink(_) => "unlink",
            Self::Ignore(_) => "ignore",
            Self::Undo(_) => "undo",
            Self::Resend(_) => "resend",
            Self::Reload(_) => "reload",
        }
    }

    /// Does it change nothing?
    pub fn only_looks(&self) -> bool {
        match self {
            Self::Sync(args) => args.dry_run,
            Self::Undo(args) => args.dry_run,
            Self::Status(_) => true,
            Self::Approve(_)
            | Self::Retry(_)
            | Self::Link(_)
            | Self::Unlink(_)
            | Self::Ignore(_)
            | Self::Resend(_)
            | Self::Reload(_) => false,
        }
    }

    fn common(&self) -> &Common {
        match self {
            Self::Sync(args) => &args.common,
            Self::Status(args) => &args.common,
            Self::Approve(args) => &args.common,
            Self::Retry(args) => &args.common,
            Self::Link(args) => &args.common,
            Self::Unlink(args) => &args.common,
            Self::Ignore(args) => &args.common,
            Self::Undo(args) => &args.common,
            Self::Resend(args) => &args.common,
            Self::Reload(args) => &args.common,
        }
    }

    /// Carries it out: in the daemon if there is one, else here. `arguments` are the whole command
    /// line.
    ///
    /// # Errors
    /// Why it could not be done, or not be asked for.
    pub async fn carry_out(&self, arguments: &[OsString]) -> Result<Exit, Trouble> {
        if let Self::Status(args) = self
            && args.watch
        {
            return status::watch(args).await;
        }
        let desk = Desk::here();
        let ended = self.try_both(arguments, &desk).await;
        // Whatever is said now is not said below a line that moves.
        desk.console.done();
        ended
    }

    async fn try_both(&self, arguments: &[OsString], desk: &Desk) -> Result<Exit, Trouble> {
        // A plan that is only shown rests on a copy of the state, which is to be had beside a daemon.
        let is_shown = matches!(self, Self::Sync(_) | Self::Undo(_)) && self.only_looks();
        if !is_shown && let Some(exit) = ask(self.common(), arguments, &desk.console).await? {
            return Ok(exit);
        }
        self.here(desk).await
    }

    /// Without a daemon.
    async fn here(&self, desk: &Desk) -> Result<Exit, Trouble> {
        let common = self.common();
        let need = if self.only_looks() {
            Need::Look
        } else {
            Need::Write
        };
        let assemble = || Installation::assemble(common, need);
        match self {
            Self::Sync(args) => sync::pull(args, &assemble()?, desk).await,
            Self::Status(args) => status::run(args, desk).await,
            Self::Approve(args) => {
                let (config, store) = kept(common)?;
                let (config, store) = (&config, &store);
                approve::pull(args, Books { config, store }, desk).await
            }
            Self::Retry(args) => {
                let (config, store) = kept(common)?;
                let (config, store) = (&config, &store);
                retry::pull(args, Books { config, store }, desk).await
            }
            Self::Link(args) => link::pull(args, &assemble()?, desk).await,
            Self::Unlink(args) => unlink::pull(args, &assemble()?, desk).await,
            Self::Ignore(args) => ignore::pull(args, &assemble()?, desk).await,
            Self::Undo(args) => undo::pull(args, &assemble()?, desk).await,
            Self::Resend(args) => resend::pull(args, &assemble()?, desk).await,
            Self::Reload(args) => Err(reload::nobody(&args.common)),
        }
    }

    /// In a daemon, for somebody at its socket.
    ///
    /// # Errors
    /// Why it could not be done.
    pub async fn at(&self, desk: &Desk, daemon: &Handle) -> Result<Exit, Trouble> {
        let installation = &*daemon.installation();
        let books = Books::of(installation);
        match self {
            Self::Sync(args) => sync::pull(args, installation, desk).await,
            Self::Status(args) => {
                let board = daemon.boards().borrow().clone();
                status::pull(args, books, &board, desk).await
            }
            Self::Approve(args) => approve::pull(args, books, desk).await,
            Self::Retry(args) => retry::pull(args, books, desk).await,
            Self::Link(args) => link::pull(args, installation, desk).await,
            Self::Unlink(args) => unlink::pull(args, installation, desk).await,
            Self::Ignore(args) => ignore::pull(args, installation, desk).await,
            Self::Undo(args) => undo::pull(args, installation, desk).await,
            Self::Resend(args) => resend::pull(args, installation, desk).await,
            Self::Reload(_) => reload::pull(daemon, desk).await,
        }
    }
}

fn kept(common: &Common) -> Result<(Config, SqliteStore), Trouble> {
    let config = config::load(&common.config)?;
    let store = installation::state(common, &config, Need::Write)?;
    Ok((config, store))
}

/// Has the daemon carry a command out; `None`: there is none. `arguments` are the whole command line.
///
/// # Errors
/// When there is one, and it may not be asked, refuses, or ends in the middle.
pub(super) async fn ask(
    common: &Common,
    arguments: &[OsString],
    console: &Console,
) -> Result<Option<Exit>, Trouble> {
    let Some((socket, request)) = request(common, arguments) else {
        return Ok(None);
    };
    match call(&socket, &request, console).await? {
        Called::Nobody => Ok(None),
        Called::Ended(code) => match Exit::of(code) {
            Some(exit) => Ok(Some(exit)),
            None => Err(Trouble::new(
                format!("the daemon has ended the command with {code}, which means nothing"),
                Some("restart the daemon: systemctl restart rollcall"),
            )),
        },
    }
}

/// What the daemon would be asked, and where; `None` where none can be meant: copies in this process
/// are this process's own.
fn request(common: &Common, arguments: &[OsString]) -> Option<(PathBuf, Request)> {
    if common.sandbox.as_deref() == Some("") {
        return None;
    }
    let socket = config::control_socket(&common.config, common.state.as_deref())?;
    let words = arguments.iter().skip(1);
    let request = Request {
        rollcall: VERSION.into(),
        config: std::fs::canonicalize(&common.config).ok()?,
        sandbox: common.sandbox.clone(),
        arguments: words
            .map(|word| word.to_str().map(ToOwned::to_owned))
            .collect::<Option<_>>()?,
        caller: Caller::ours(),
    };
    Some((socket, request))
}
