//! The workers: one for each target of the installation in force.
//!
//! Promises that a target which comes gets one and that one whose target is gone ends. Leaves the
//! work to the [worker](super::worker).

use std::collections::BTreeMap;

use tokio::task::{Id, JoinSet};

use super::Handle;
use super::worker::Worker;
use crate::core::key::TargetName;

/// Keeps one worker a target until the daemon ends, and then waits for them.
pub(super) async fn run(handle: Handle) {
    let mut installations = handle.0.installation.subscribe();
    let mut crew: JoinSet<()> = JoinSet::new();
    let mut at_work: BTreeMap<TargetName, Id> = BTreeMap::new();
    loop {
        let installation = installations.borrow_and_update().clone();
        for unit in &installation.units {
            let name = &unit.target.rules.target;
            if !at_work.contains_key(name) {
                let worker = Worker::new(handle.clone(), unit.clone());
                let id = crew.spawn(worker.run()).id();
                at_work.insert(name.clone(), id);
            }
        }
        tokio::select! {
            biased;
            () = handle.stopping() => break,
            _ = installations.changed() => {}
            Some(ended) = crew.join_next_with_id() => {
                let id = match &ended {
                    Ok((id, ())) => *id,
                    Err(error) => {
                        tracing::error!("a worker broke off and is started anew: this is a fault in \
                                         rollcall, please report it: {error}");
                        error.id()
                    }
                };
                at_work.retain(|_, known| *known != id);
            }
        }
    }
    while crew.join_next().await.is_some() {}
}
