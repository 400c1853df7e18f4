//! `rollcall reload`: a running daemon takes up its config again.

use clap::Args;

use super::desk::Desk;
use super::{Common, Exit};
use crate::config;
use crate::daemon::Handle;
use crate::show;
use crate::show::problem::Trouble;

/// The arguments of `reload`.
#[derive(Debug, Args)]
pub struct ReloadArgs {
    #[command(flatten)]
    pub(super) common: Common,
}

/// Has the daemon load the config and fetch its secrets again, and says what is different now.
///
/// # Errors
/// Why the config was refused; the one before stays in force.
pub(super) async fn pull(daemon: &Handle, desk: &Desk) -> Result<Exit, Trouble> {
    desk.console.doing("the daemon loads its config");
    match daemon.reload().await {
        Ok(changes) => {
            desk.console.out(&show::lever::reloaded(&changes));
            Ok(Exit::InLine)
        }
        Err(problem) => {
            desk.console.err(&show::lever::not_reloaded(&problem));
            Ok(Exit::Error)
        }
    }
}

/// There is no daemon that could.
pub(super) fn nobody(common: &Common) -> Trouble {
    let socket = config::control_socket(&common.config, common.state.as_deref());
    let place = socket.map_or_else(String::new, |socket| format!(" at {}", socket.display()));
    Trouble::new(
        format!("no daemon listens{place}"),
        Some("a config is read when a command or a daemon starts: rollcall run"),
    )
}
