//! What the system tells a daemon by signals.
//!
//! Promises that SIGTERM and SIGINT ask for the end and a second one forces it, and that SIGHUP reloads.
//! Leaves carrying that out to the daemon.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Handle;

/// Listens for signals.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Hands signals on, until the end was asked for a second time.
    pub async fn obey(mut self, handle: &Handle) {
        let mut asked = false;
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
                _ = self.hang_up.recv() => {
                    let handle = handle.clone();
                    // What comes of it is logged and on the board.
                    tokio::spawn(async move { handle.reload().await });
                    continue;
                }
            }
            if asked {
                return;
            }
            asked = true;
            handle.stop();
        }
    }
}
