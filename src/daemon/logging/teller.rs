//! What needs a person, as lines of the log.
//!
//! Promises that what people are notified of stands in the log, too, and no name of a person above the
//! level `debug`. Leaves the rest of the log to those who work: each writes what it does.

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tracing::{debug, warn};

use crate::daemon::event::Event;

/// Writes what is told until nobody tells any more.
pub async fn write(mut events: Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(event) => tell(&event),
            Err(RecvError::Lagged(missed)) => warn!(missed, "the log could not keep up"),
            Err(RecvError::Closed) => return,
        }
    }
}

fn tell(event: &Event) {
    match event {
        Event::Held {
            target,
            hold,
            lane,
            changes,
        } => {
            let target = target.as_str();
            warn!(
                target,
                hold, lane, changes, "held until a person approves: rollcall approve {hold}"
            );
        }
        Event::Parked {
            target,
            label: person,
            reason,
            hint,
        } => {
            let target = target.as_str();
            warn!(
                target,
                "a change waits for a person: rollcall status names it"
            );
            let detail = format!("{reason}; {hint}");
            debug!(target, person, detail, "parked");
        }
        Event::Expiring { target, last } => {
            let (target, last) = (target.as_str(), last.to_string());
            warn!(target, last, "the credential ends soon, or has ended");
        }
        Event::Read { .. }
        | Event::SourceFailed { .. }
        | Event::SourceBack(_)
        | Event::Cycle { .. }
        | Event::Paused { .. }
        | Event::Resumed(_)
        | Event::Reloaded(_)
        | Event::ReloadRefused(_)
        | Event::Stopping => {}
    }
}
