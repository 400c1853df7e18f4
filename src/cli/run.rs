//! `rollcall run`: the daemon.

use std::sync::Arc;

use clap::Args;

use super::clerk::DaemonClerk;
use super::{Common, Exit};
use crate::config;
use crate::daemon::control::Socket;
use crate::daemon::monitoring::Monitoring;
use crate::daemon::signal::Signals;
use crate::daemon::{Daemon, Handle, systemd};
use crate::installation::{Installation, Need};
use crate::show;
use crate::show::problem::Trouble;

/// The arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    common: Common,
}

/// Runs until it is told to stop.
///
/// # Errors
/// When it cannot begin.
pub async fn run(args: RunArgs) -> Result<Exit, Trouble> {
    let installation = Installation::assemble(&args.common, Need::Write)?;
    let signals = Signals::listen()
        .map_err(|error| Trouble::new(format!("no signals can be received: {error}"), None))?;
    show::out(&show::daemon::begun(
        &installation.config,
        installation.state.as_deref(),
    ));
    let socket = listen(&args.common, &installation).await?;
    let path = args.common.config.clone();
    let load = Box::new(move || config::load(&path).map_err(Trouble::from));
    let daemon = Daemon::new(installation, load);
    let handle = daemon.handle();
    let clerk = Arc::new(DaemonClerk::new(handle.clone(), &args.common)?);
    let monitoring = tokio::spawn(Monitoring::begin(handle.clone()).await?.run());
    let report = tokio::spawn(systemd::report(handle.clone()));
    let desk = tokio::spawn(serve(socket, clerk, handle.clone()));
    let exit = tokio::select! {
        _ = daemon.run() => Exit::InLine,
        () = signals.obey(&handle) => Exit::Error,
    };
    if exit == Exit::InLine {
        // Whoever is at the socket hears how it ended; a panic there was told already.
        let _ = desk.await;
        // They have nothing more to say than that the end has come.
        let _ = tokio::join!(report, monitoring);
    }
    // Else nobody is waited for: what is under way ends with the process.
    Ok(exit)
}

/// The control socket; `None` where nobody but this process has its apps.
async fn listen(common: &Common, installation: &Installation) -> Result<Option<Socket>, Trouble> {
    if installation.is_in_process() {
        return Ok(None);
    }
    let config = &installation.config;
    let path = config
        .control
        .socket(&config.state, common.state.as_deref());
    Socket::bind(&path, config.control.group.as_deref())
        .await
        .map(Some)
}

async fn serve(socket: Option<Socket>, clerk: Arc<DaemonClerk>, daemon: Handle) {
    if let Some(socket) = socket {
        socket.serve(clerk, daemon.stopping()).await;
    }
}
