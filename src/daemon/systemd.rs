//! How the daemon is, for systemd (`sd_notify(3)`): ready, reloading, stopping, a line of text, and alive.
//!
//! Promises that the watchdog is fed only while everybody gets on or waits on purpose, and that nothing
//! happens where no systemd listens. `WatchdogSec=` has to be longer than reading the largest source
//! takes. Leaves who gets on to `pulse`.

use std::time::Duration;

use sd_notify::NotifyState;

use super::Handle;
use super::board::Board;
use crate::show::words::count;

/// Tells systemd. That it does not hear is no reason to stop working.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd cannot be told anything: {error}");
    }
}

/// A new config is being taken in.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!("the monotonic clock cannot be read: {error}"),
    }
}

/// It is in force, or the one before is.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Tells systemd how the daemon is until the end is asked for, and then that.
pub async fn report(handle: Handle) {
    let told = async {
        handle.ready().await;
        ready();
        tokio::join!(feed(&handle), describe(&handle));
    };
    tokio::select! {
        () = handle.stopping() => {}
        () = told => {}
    }
    tell(&[NotifyState::Stopping]);
}

/// Feeds the watchdog while nobody is stuck.
async fn feed(handle: &Handle) {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut known = Vec::new();
    loop {
        let stuck = handle.stuck(patience);
        if stuck.is_empty() {
            tell(&[NotifyState::Watchdog]);
        } else if stuck != known {
            tracing::error!(
                "no longer gets on, so the watchdog is not fed: {}",
                stuck.join(", ")
            );
        }
        known = stuck;
        handle.installation().clock().sleep(patience / 3).await;
    }
}

/// Keeps the line of `systemctl status` up to date, at most once a second.
async fn describe(handle: &Handle) {
    let mut boards = handle.boards();
    let mut known = String::new();
    loop {
        let line = status(&boards.borrow_and_update());
        if line != known {
            tell(&[NotifyState::Status(&line)]);
            known = line;
        }
        if boards.changed().await.is_err() {
            return;
        }
        let second = Duration::from_secs(1);
        handle.installation().clock().sleep(second).await;
    }
}

/// How things stand, in a line.
#[must_use]
pub fn status(board: &Board) -> String {
    let paused = board.targets.values().filter(|one| one.pause.is_some());
    let deaf = board.sources.values().filter(|one| one.trouble.is_some());
    let sum = |number: fn(&super::board::TargetBoard) -> usize| -> usize {
        board.targets.values().map(number).sum()
    };
    let mut parts = vec![count(board.targets.len(), "target")];
    for (number, what) in [
        (paused.count(), "paused"),
        (deaf.count(), "unreadable"),
        (sum(|one| one.due), "due"),
        (sum(|one| one.holds), "held"),
        (sum(|one| one.parked), "parked"),
    ] {
        match (number, what) {
            (0, _) => {}
            (_, "unreadable") => parts.push(count(number, "source") + " unreadable"),
            _ => parts.push(format!("{number} {what}")),
        }
    }
    if board.refused.is_some() {
        parts.push("the new config was refused".into());
    }
    if parts.len() == 1 {
        parts.push("nothing due".into());
    }
    parts.join(", ")
}
