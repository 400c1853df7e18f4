//! Is what the daemon knows fresh enough?
//!
//! Promises that "ready" means: every source was read as a whole and every target had a cycle in
//! which nothing failed, both lately. Leaves what "lately" is to the config, and who is stuck to `pulse`.

use std::time::Duration;

use jiff::Timestamp;

use super::board::{Board, SourceBoard, TargetBoard};
use crate::config::ReadyConfig;
use crate::core::duration;

/// What is not fresh enough, a line each; none: the daemon is ready.
#[must_use]
pub fn lacking(board: &Board, bounds: ReadyConfig, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    if board.sources.is_empty() && board.targets.is_empty() {
        lines.push("nothing was read yet".to_owned());
    }
    for (name, source) in &board.sources {
        lines.extend(stale(source, bounds, now).map(|why| format!("source {name}: {why}")));
    }
    for (name, target) in &board.targets {
        lines.extend(unsuccessful(target, bounds, now).map(|why| format!("target {name}: {why}")));
    }
    lines
}

/// Why the last whole reading of a source is too old, if it is.
#[must_use]
pub fn stale(source: &SourceBoard, bounds: ReadyConfig, now: Timestamp) -> Option<String> {
    match source.whole {
        None => Some("was never read as a whole".into()),
        Some(at) => {
            let age = age(at, now);
            (age > bounds.reading).then(|| {
                format!(
                    "was last read as a whole {} ago",
                    duration::print(minutes(age))
                )
            })
        }
    }
}

fn unsuccessful(target: &TargetBoard, bounds: ReadyConfig, now: Timestamp) -> Option<String> {
    match target.success {
        None => Some("has had no cycle in which nothing failed".into()),
        Some(at) => {
            let age = age(at, now);
            (age > bounds.success).then(|| {
                format!(
                    "had its last cycle in which nothing failed {} ago",
                    duration::print(minutes(age))
                )
            })
        }
    }
}

/// How long ago `at` was; a clock that was set back makes it no time.
#[must_use]
pub fn age(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

/// Whole minutes, for people.
fn minutes(span: Duration) -> Duration {
    Duration::from_secs(span.as_secs() / 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::{SourceName, TargetName};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn what_is_not_fresh_is_named() {
        let now = at("2026-11-22T09:00:00Z");
        let mut board = Board::begun(now);
        let bounds = ReadyConfig::default();
        assert_eq!(lacking(&board, bounds, now), ["nothing was read yet"]);
        let (hq, wiki) = (SourceName::new("hq"), TargetName::new("wiki"));
        board.sources.insert(hq.clone(), SourceBoard::default());
        board.targets.insert(wiki.clone(), TargetBoard::default());
        assert_eq!(
            lacking(&board, bounds, now),
            [
                "source hq: was never read as a whole",
                "target wiki: has had no cycle in which nothing failed"
            ]
        );
        let source = board.sources.get_mut(&hq).expect("it was put there");
        source.whole = Some(at("2026-11-21T08:58:30Z"));
        let target = board.targets.get_mut(&wiki).expect("it was put there");
        target.success = Some(at("2026-11-21T09:00:00Z"));
        assert_eq!(
            lacking(&board, bounds, now),
            ["source hq: was last read as a whole 1d 1m ago"]
        );
        assert_eq!(
            lacking(&board, bounds, at("2026-11-21T09:00:00Z")),
            Vec::<String>::new()
        );
    }
}
