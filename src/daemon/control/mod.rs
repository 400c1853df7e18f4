//! The control socket: how a command reaches the daemon that holds the state it is about.
//!
//! Promises that what a person sees is what the command would have said itself, and that nothing that
//! comes through the socket, however long or broken, harms the daemon or another client. Leaves
//! carrying the command out to a [`Clerk`], and who may connect to the system: the socket has an owner
//! and a group.
//!
//! One command a connection, in lines of JSON. The daemon speaks first ([`Greeting`]), the client asks
//! ([`Request`]), the daemon answers with what the command says and how it ended (`Reply`). Both are
//! to be of one version: it is the same program.

mod call;
mod line;
mod peer;
mod socket;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use call::{Called, call};
pub use peer::{Caller, Peer};
pub use socket::Socket;

use crate::show::console::{Console, Said};

/// How long the other side may take to speak first, or to take what is sent.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the daemon says that it is still at it.
const BEAT: Duration = Duration::from_secs(5);
/// How long a client waits for any word of the daemon.
const SILENCE: Duration = Duration::from_secs(30);

/// What to do where command and daemon do not understand each other.
const SAME: &str = "restart the daemon, so that both are the same: systemctl restart rollcall";

/// Our version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the daemon says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// Its version.
    pub rollcall: String,
    /// Its process.
    pub process: u32,
}

/// A command that somebody wants to have carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The version of the client.
    pub rollcall: String,
    /// The config that the command line names, from the root.
    pub config: PathBuf,
    /// The apps that it means: `None` the real ones, else where their copies are served.
    pub sandbox: Option<String>,
    /// The command line after the name of the program.
    pub arguments: Vec<String>,
    /// Who the client says it is.
    pub caller: Caller,
}

/// What the daemon answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    /// The command says something.
    Said(Said),
    /// The command is still at work.
    Alive,
    /// The command was not begun.
    Refused {
        /// Why.
        problem: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The command has ended with this exit code.
    Ended(u8),
}

/// Carries commands out.
#[async_trait]
pub trait Clerk: Send + Sync {
    /// Carries out one command that `peer` wants, and says on `console` what there is to say. Gives
    /// its exit code. Goes on to the end also when nobody listens any more.
    async fn serve(&self, request: Request, peer: Peer, console: Console) -> u8;
}

#[cfg(test)]
mod tests;
