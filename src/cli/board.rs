//! What a daemon's board says, as `status` shows it.
//!
//! Promises nothing that is not on the board. Leaves the words to [`crate::show::live`].

use jiff::Timestamp;

use crate::daemon::board::{Board, Ear, Phase, SourceBoard, TargetBoard, Trouble};
use crate::show::live::{
    DaemonLive, Listening, PauseLive, PhaseLive, SourceLive, TargetLive, TroubleLive,
};
use crate::show::status::StatusJson;

/// Adds to what the state says how it stands with the daemon.
pub(super) fn add(status: &mut StatusJson, board: &Board) {
    status.daemon = Some(DaemonLive {
        since: board.since.to_string(),
        config: board.config.to_string(),
        refused: board.refused.as_ref().map(trouble),
    });
    for row in &mut status.sources {
        let known = board.sources.get(&row.source.as_str().into());
        row.live = known.map(source);
    }
    for row in &mut status.targets {
        let known = board.targets.get(&row.target.as_str().into());
        row.live = known.map(target);
    }
}

fn trouble(trouble: &Trouble) -> TroubleLive {
    TroubleLive {
        since: trouble.since.to_string(),
        problem: trouble.problem.clone(),
    }
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

fn source(source: &SourceBoard) -> SourceLive {
    let (listening, deaf) = match &source.ear {
        Ear::Off => (Listening::Off, None),
        Ear::On => (Listening::On, None),
        Ear::Lost(why) => (Listening::Lost, Some(trouble(why))),
    };
    SourceLive {
        last: text(source.last),
        users: source.users,
        groups: source.groups,
        part: source.is_part,
        trouble: source.trouble.as_ref().map(trouble),
        listening,
        deaf,
        next: text(source.next),
    }
}

fn target(target: &TargetBoard) -> TargetLive {
    let (phase, done, total) = match target.phase {
        Phase::Idle => (PhaseLive::Idle, 0, 0),
        Phase::Reading(done) => (PhaseLive::Reading, done, 0),
        Phase::Applying { done, total } => (PhaseLive::Applying, done, total),
    };
    TargetLive {
        phase,
        done,
        total,
        due: target.due,
        next: text(target.next),
        pause: target.pause.as_ref().map(|pause| PauseLive {
            since: pause.since.to_string(),
            until: text(pause.until),
            reason: pause.reason.clone(),
        }),
    }
}
