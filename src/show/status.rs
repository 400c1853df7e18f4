//! What is known of an installation: accounts, what is due, held or parked.
//!
//! `--format json`: `sources[]` (`source`, `read_at`, `users`, `missing`) and `targets[]` (`target`,
//! `accounts`, `active`, `forgotten`, `groups`, `due`, `in_doubt`, `parked[]`, `held[]`, `ignored`,
//! `last_run`).

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::json::{HeldJson, ParkedJson};
use super::words::{self, count};
use super::{BOLD, DIM, MINUS, PLUS, TILDE, styled};
use crate::core::key::{SourceName, TargetName};
use crate::core::link::JobState;
use crate::core::memory::{Hold, SourceState, TargetState, Verdict};
use crate::store::TargetSummary;

/// The whole answer of `status --format json`.
#[derive(Debug, Default, Serialize)]
pub struct StatusJson {
    /// One entry a source.
    pub sources: Vec<SourceStatus>,
    /// One entry a target.
    pub targets: Vec<TargetStatus>,
}

/// A source.
#[derive(Debug, Serialize)]
pub struct SourceStatus {
    /// Its name.
    pub source: String,
    /// When a reading was last accepted (RFC 3339).
    pub read_at: Option<String>,
    /// How many users it had.
    pub users: usize,
    /// Linked users whom it did not hold.
    pub missing: usize,
}

/// A target.
#[derive(Debug, Serialize)]
pub struct TargetStatus {
    /// Its name.
    pub target: String,
    /// Accounts that are linked.
    pub accounts: usize,
    /// Of those, active ones.
    pub active: usize,
    /// Active accounts that wait to be compared afresh, since the key file was lost.
    pub forgotten: usize,
    /// Groups that are linked.
    pub groups: usize,
    /// Changes that are to be sent.
    pub due: usize,
    /// Changes of which nobody knows whether they were done.
    pub in_doubt: usize,
    /// Changes that wait for a person.
    pub parked: Vec<ParkedJson>,
    /// What the guard holds.
    pub held: Vec<HeldJson>,
    /// Accounts and people that a person has said are never touched.
    pub ignored: usize,
    /// The last run.
    pub last_run: Option<RunJson>,
}

/// How a run ended.
#[derive(Debug, Serialize)]
pub struct RunJson {
    /// When (RFC 3339).
    pub at: String,
    /// `in line`, `unfinished`, `held` or `stopped`.
    pub outcome: String,
}

/// A source's row.
#[must_use]
pub fn source(name: &SourceName, state: &SourceState) -> SourceStatus {
    SourceStatus {
        source: name.to_string(),
        read_at: state.last.as_ref().map(|last| last.at.to_string()),
        users: state.last.as_ref().map_or(0, |last| last.users),
        missing: state.missing.len(),
    }
}

/// A target's row; `labels` are what people call the subjects of its jobs, in their order.
#[must_use]
pub fn target(
    name: &TargetName,
    summary: &TargetSummary,
    state: &TargetState,
    labels: &[String],
) -> TargetStatus {
    let parked = state
        .jobs
        .iter()
        .zip(labels)
        .filter_map(|(job, label)| match &job.state {
            JobState::Parked { reason, hint, .. } => Some(ParkedJson {
                subject: label.clone(),
                reason: reason.clone(),
                hint: hint.clone(),
            }),
            JobState::Due(_) | JobState::InDoubt(_) => None,
        })
        .collect();
    TargetStatus {
        target: name.to_string(),
        accounts: summary.links,
        active: summary.active,
        forgotten: state
            .links
            .values()
            .filter(|link| link.active && link.is_forgotten())
            .count(),
        groups: summary.groups,
        due: summary.due,
        in_doubt: summary.in_doubt,
        parked,
        held: state
            .holds
            .iter()
            .filter(|hold| hold.approved.is_none())
            .map(|hold| HeldJson {
                id: hold.id.clone(),
                lane: hold.lane.clone(),
                count: hold.changes.len(),
                limit: hold.limit,
            })
            .collect(),
        ignored: state
            .verdicts
            .iter()
            .filter(|verdict| match verdict {
                Verdict::IgnoredAccount(_) | Verdict::IgnoredUser(_) => true,
                Verdict::Apart(..) => false,
            })
            .count(),
        last_run: summary.last_run.as_ref().map(|run| RunJson {
            at: run.at.to_string(),
            outcome: run.outcome.clone(),
        }),
    }
}

/// The status for people.
#[must_use]
pub fn render(status: &StatusJson, now: Timestamp) -> String {
    let mut text = String::new();
    for source in &status.sources {
        let read = source.read_at.as_deref().map_or_else(
            || "never read".to_owned(),
            |at| format!("read {}, {}", when(at, now), count(source.users, "user")),
        );
        let missing = match source.missing {
            0 => String::new(),
            missing => format!(", {missing} missing"),
        };
        let _ = writeln!(
            text,
            "source {}  {read}{missing}",
            styled(BOLD, &source.source)
        );
    }
    for target in &status.targets {
        let _ = writeln!(
            text,
            "target {}  {} ({} active), {}",
            styled(BOLD, &target.target),
            count(target.accounts, "account"),
            target.active,
            count(target.groups, "group")
        );
        let run = target.last_run.as_ref().map_or_else(
            || "never run".to_owned(),
            |run| format!("last run {}: {}", when(&run.at, now), run.outcome),
        );
        let _ = writeln!(text, "  {}", styled(DIM, run));
        if target.due + target.in_doubt > 0 {
            let _ = writeln!(
                text,
                "  {} due, {} in doubt: the next sync sends or looks them up",
                target.due, target.in_doubt
            );
        }
        if target.forgotten > 0 {
            let _ = writeln!(
                text,
                "  {} the key file was lost: {} to be compared afresh\n    \
                 → sync without --quick reads the app, and sends only what differs",
                styled(TILDE, "!"),
                count(target.forgotten, "account")
            );
        }
        if target.ignored > 0 {
            let _ = writeln!(
                text,
                "  {} ignored by hand: rollcall import {} shows them",
                target.ignored, target.target
            );
        }
        for held in &target.held {
            let _ = writeln!(
                text,
                "  {} held {}\n    → {}",
                styled(MINUS, "!"),
                words::held(&held.id, &held.lane, held.count, held.limit),
                words::approve(&held.id)
            );
        }
        for parked in &target.parked {
            let _ = writeln!(
                text,
                "  {} parked {}: {}\n    → {}",
                styled(MINUS, "!"),
                parked.subject,
                parked.reason,
                parked.hint
            );
        }
    }
    text
}

fn when(text: &str, now: Timestamp) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |at| words::time(at, now))
}

/// A hold that was released.
#[must_use]
pub fn released(target: &TargetName, hold: &Hold) -> String {
    format!(
        "{} {} of {target} is released: {}; the next sync carries out what of it is still due\n",
        styled(PLUS, "approved:"),
        hold.id,
        count(hold.changes.len(), "change")
    )
}

/// Parked changes that are tried again.
#[must_use]
pub fn unparked(number: usize) -> String {
    format!(
        "{} {}; the next sync tries again\n",
        styled(PLUS, "not parked any more:"),
        count(number, "change")
    )
}

/// A sandbox copy that is served.
pub struct Copy {
    /// Of which target.
    pub target: TargetName,
    /// Where it is.
    pub base_url: Url,
    /// Its test credentials: made from the target's name, secret to nobody.
    pub credentials: Vec<(&'static str, String)>,
}

/// What `rollcall sandbox` says when it begins.
#[must_use]
pub fn sandbox(root: &Url, copies: &[Copy]) -> String {
    let mut text = String::new();
    for copy in copies {
        let _ = writeln!(text, "{}", styled(BOLD, &copy.target));
        let _ = writeln!(text, "  {:<14} {}", "base_url", copy.base_url);
        for (name, value) in &copy.credentials {
            let _ = writeln!(text, "  {name:<14} {value}");
        }
    }
    let root = root.as_str().trim_end_matches('/');
    let _ = writeln!(
        text,
        "\nserving at {root}; stop with Ctrl-C. In another terminal:"
    );
    let _ = writeln!(
        text,
        "  rollcall sync --config … --sandbox={root} --state DIR"
    );
    text
}
