//! Getting notices to one receiver, one after the other.
//!
//! Promises a few tries with growing pauses, and a line in the log where all were in vain. Leaves what
//! a try is to the channel.

use std::time::Duration;

use tokio::sync::mpsc;
use tracing::{info, warn};

use super::Channel;
use crate::clock::Clock;
use crate::daemon::metrics::{Delivery, Metrics};
use crate::show::notice::Notice;

/// The pauses between the tries.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
];
/// A receiver may ask for so long a pause at most.
const LONGEST: Duration = Duration::from_mins(10);

/// Delivers until nothing comes any more.
pub(super) async fn run(
    channel: Box<dyn Channel>,
    mut notices: mpsc::Receiver<Notice>,
    metrics: Metrics,
    clock: Clock,
) {
    while let Some(notice) = notices.recv().await {
        let delivery = deliver(&*channel, &notice, &clock).await;
        metrics.deliver(channel.kind(), delivery);
    }
}

async fn deliver(channel: &dyn Channel, notice: &Notice, clock: &Clock) -> Delivery {
    let (kind, about) = (channel.kind(), notice.kind.word());
    let mut pauses = PAUSES.into_iter();
    loop {
        let Err(refusal) = channel.send(notice).await else {
            info!(channel = kind, about, "a notification was sent");
            return Delivery::Sent;
        };
        let pause = pauses.next().filter(|_| refusal.passing);
        let Some(pause) = pause else {
            let reason = refusal.reason;
            warn!(
                channel = kind,
                about, reason, "a notification was not taken, and is given up"
            );
            return Delivery::Failed;
        };
        clock
            .sleep(
                refusal
                    .wait
                    .map_or(pause, |wait| wait.clamp(pause, LONGEST)),
            )
            .await;
    }
}
