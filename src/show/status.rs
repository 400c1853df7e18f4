//! What is known of an installation: accounts, what is due, held or parked, and what a daemon does.
//!
//! `--format json`: `sources[]` (`source`, `read_at`, `age`, `coverage`, `users`, `missing`, `trouble`:
//! what keeps newer readings from being accepted, `since` and `problem`) and `targets[]`
//! (`target`, `accounts`, `active`, `forgotten`, `groups`, `due`, `in_doubt`, `estimate`, `parked[]`,
//! `held[]` (with `lines[]`: the ten most telling), `pinned[]` (`subject`, `name`, `run`, `by`, `at`), `ignored`,
//! `last_run`). Where a daemon runs there are also `daemon`, and `live` of each source and target (see
//! [`super::live`]).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::json::{HeldJson, ParkedJson, PinnedJson};
use super::live::{self, DaemonLive, SourceLive, TargetLive};
use super::words::{self, count};
use super::{BOLD, DIM, MINUS, PLUS, TILDE, styled};
use crate::core::change::{ActionKind, Subject};
use crate::core::estimate::Estimate;
use crate::core::key::{SourceName, TargetName};
use crate::core::link::JobState;
use crate::core::memory::{Hold, SourceState, TargetState, Verdict};
use crate::core::pin::Pinned;
use crate::core::rules::Rules;
use crate::store::TargetSummary;

/// The whole answer of `status --format json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusJson {
    /// The daemon that answered, if one runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daemon: Option<DaemonLive>,
    /// One entry a source.
    pub sources: Vec<SourceStatus>,
    /// One entry a target.
    pub targets: Vec<TargetStatus>,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Its name.
    pub source: String,
    /// When a reading was last accepted (RFC 3339).
    pub read_at: Option<String>,
    /// How long ago that was, in seconds.
    pub age: Option<i64>,
    /// How much of the source it covered: `whole` or `part`.
    pub coverage: Option<String>,
    /// How many users it had.
    pub users: usize,
    /// Linked users whom it did not hold.
    pub missing: usize,
    /// What keeps newer readings from being accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<TroubleJson>,
    /// How it stands with the daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<SourceLive>,
}

/// What keeps the readings of a source from being accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleJson {
    /// Since when (RFC 3339).
    pub since: String,
    /// What it is, and what to do.
    pub problem: String,
}

/// A target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// How long these take at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<EstimateJson>,
    /// Changes that wait for a person.
    pub parked: Vec<ParkedJson>,
    /// What the guard holds.
    pub held: Vec<HeldJson>,
    /// What an undo has pinned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<PinnedJson>,
    /// Accounts and people that a person has said are never touched.
    pub ignored: usize,
    /// The last run.
    pub last_run: Option<RunJson>,
    /// How it stands with the daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<TargetLive>,
}

/// How long changes take at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimateJson {
    /// So many seconds.
    pub seconds: u64,
    /// Since the app allows so many requests…
    pub limit: u32,
    /// … in so many seconds.
    pub per_seconds: u64,
}

impl From<Estimate> for EstimateJson {
    fn from(estimate: Estimate) -> Self {
        Self {
            seconds: estimate.time.as_secs(),
            limit: estimate.limit,
            per_seconds: estimate.per.as_secs(),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunJson {
    /// When (RFC 3339).
    pub at: String,
    /// `in line`, `unfinished`, `held` or `stopped`.
    pub outcome: String,
}

/// A source's row.
#[must_use]
pub fn source(name: &SourceName, state: &SourceState, now: Timestamp) -> SourceStatus {
    SourceStatus {
        source: name.to_string(),
        read_at: state.last.as_ref().map(|last| last.at.to_string()),
        age: state
            .last
            .as_ref()
            .map(|last| now.duration_since(last.at).as_secs()),
        coverage: state
            .last
            .as_ref()
            .map(|last| last.extent.word().to_owned()),
        users: state.last.as_ref().map_or(0, |last| last.users),
        missing: state.missing.len(),
        trouble: state.trouble.as_ref().map(|trouble| TroubleJson {
            since: trouble.since.to_string(),
            problem: trouble.problem.clone(),
        }),
        live: None,
    }
}

/// What people call the subjects of what is known.
#[derive(Clone, Debug, Default)]
pub struct Labels(BTreeMap<Subject, String>);

impl Labels {
    /// Everybody whom the jobs, holds and pins of a target are about, by what `called` gives.
    ///
    /// # Errors
    /// Those of `called`.
    pub fn of<E>(
        state: &TargetState,
        called: impl Fn(&Subject) -> Result<Option<String>, E>,
    ) -> Result<Self, E> {
        let jobs = state.jobs.iter().map(|job| job.subject.clone());
        let holds = state.holds.iter().flat_map(|hold| &hold.changes);
        let holds = holds.map(|(subject, _)| subject.clone());
        let pins = state.pins.keys().flat_map(Pinned::subjects);
        let mut labels = BTreeMap::new();
        for subject in jobs.chain(holds).chain(pins) {
            if let Entry::Vacant(place) = labels.entry(subject) {
                let label = called(place.key())?;
                let label = label.unwrap_or_else(|| place.key().to_string());
                place.insert(label);
            }
        }
        Ok(Self(labels))
    }

    fn get(&self, subject: &Subject) -> String {
        let label = self.0.get(subject).cloned();
        label.unwrap_or_else(|| subject.to_string())
    }

    /// The ten lines of a hold that tell most: what cannot be taken back first, then by name.
    fn telling(&self, hold: &Hold) -> Vec<String> {
        let mut lines: Vec<(u8, String, &'static str)> = hold
            .changes
            .iter()
            .map(|(subject, kind)| (gravity(*kind), self.get(subject), words::action(*kind)))
            .collect();
        lines.sort();
        let lines = lines.into_iter().take(TELLING);
        lines
            .map(|(_, label, action)| format!("{action} {label}"))
            .collect()
    }

    fn pinned(&self, pinned: &Pinned) -> String {
        let names: Vec<String> = pinned
            .subjects()
            .iter()
            .map(|subject| self.get(subject))
            .collect();
        names.join(" in ")
    }
}

/// Lines of a hold that are shown.
const TELLING: usize = 10;

/// What weighs most comes first.
fn gravity(kind: ActionKind) -> u8 {
    match kind {
        ActionKind::Delete | ActionKind::DeleteGroup => 0,
        ActionKind::Deactivate => 1,
        ActionKind::RemoveMembers => 2,
        ActionKind::Create
        | ActionKind::Update
        | ActionKind::Reactivate
        | ActionKind::Adopt
        | ActionKind::Rekey
        | ActionKind::AdoptGroup
        | ActionKind::CreateGroup
        | ActionKind::RenameGroup
        | ActionKind::AddMembers => 3,
    }
}

/// A target's row.
#[must_use]
pub fn target(
    rules: &Rules,
    summary: &TargetSummary,
    state: &TargetState,
    labels: &Labels,
) -> TargetStatus {
    let parked = state
        .jobs
        .iter()
        .filter_map(|job| match &job.state {
            JobState::Parked { reason, hint, .. } => Some(ParkedJson {
                subject: labels.get(&job.subject),
                reason: reason.clone(),
                hint: hint.clone(),
            }),
            JobState::Due(_) | JobState::InDoubt(_) => None,
        })
        .collect();
    let waiting = state.jobs.iter().filter(|job| match job.state {
        JobState::Due(_) | JobState::InDoubt(_) => true,
        JobState::Parked { .. } => false,
    });
    let estimate = Estimate::of(&rules.profile, waiting.map(|job| (job.action, 1)));
    TargetStatus {
        target: rules.target.to_string(),
        estimate: estimate.map(EstimateJson::from),
        live: None,
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
            .map(|hold| HeldJson::of(hold, labels.telling(hold)))
            .collect(),
        pinned: state
            .pins
            .iter()
            .map(|(pinned, pin)| PinnedJson {
                subject: labels.pinned(pinned),
                name: pinned
                    .subjects()
                    .first()
                    .map_or_else(String::new, |subject| labels.get(subject)),
                action: None,
                run: pin.run.clone(),
                by: pin.by.clone(),
                at: pin.at.to_string(),
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
    if let Some(daemon) = &status.daemon {
        text.push_str(&live::daemon(daemon, now));
    }
    for source in &status.sources {
        render_source(&mut text, source, now);
    }
    let heard: Vec<&str> = status
        .sources
        .iter()
        .filter(|source| source.live.as_ref().is_some_and(SourceLive::is_heard))
        .map(|source| source.source.as_str())
        .collect();
    for target in &status.targets {
        render_target(&mut text, target, &heard, now);
    }
    text
}

fn render_source(text: &mut String, source: &SourceStatus, now: Timestamp) {
    let live = source.live.as_ref();
    let kept = source
        .read_at
        .as_deref()
        .map(|at| format!("{}, {}", read(at, now), count(source.users, "user")));
    let seen = live.and_then(|live| live::reading(live, now));
    let read = seen.as_ref().or(kept.as_ref());
    let read = read.map_or("never read", String::as_str);
    let missing = match source.missing {
        0 => String::new(),
        missing => format!(", {missing} missing"),
    };
    let is_part = match &source.live {
        Some(live) if live.last.is_some() => live.part,
        Some(_) | None => source.coverage.as_deref() == Some("part"),
    };
    let part = if is_part {
        ", read in part: nobody counts as missing"
    } else {
        ""
    };
    let name = styled(BOLD, &source.source);
    let _ = writeln!(text, "source {name}  {read}{missing}{part}");
    let Some(live) = live else {
        if let Some(trouble) = &source.trouble {
            let _ = writeln!(
                text,
                "  {} since {}: {}",
                styled(MINUS, "!"),
                when(&trouble.since, now),
                live::indented(&trouble.problem)
            );
        }
        return;
    };
    if let Some(kept) = kept.filter(|_| seen.is_some() && live.users != source.users) {
        let _ = writeln!(
            text,
            "  compared with the last one that was accepted: {kept}"
        );
    }
    text.push_str(&live::source(live, now));
}

fn render_target(text: &mut String, target: &TargetStatus, heard: &[&str], now: Timestamp) {
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
    if let Some(target) = &target.live {
        text.push_str(&live::target(target, heard, now));
    }
    render_due(text, target);
    if target.ignored > 0 {
        let _ = writeln!(
            text,
            "  {} ignored by hand: rollcall import {} shows them",
            target.ignored, target.target
        );
    }
    for held in &target.held {
        render_held(text, held, now);
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
    render_pinned(text, &target.pinned, now);
}

fn render_held(text: &mut String, held: &HeldJson, now: Timestamp) {
    let since = held.since.parse();
    let age = since.map_or_else(
        |_| String::new(),
        |since| format!("; held for {}", words::age(since, now)),
    );
    let _ = writeln!(
        text,
        "  {} held {}{age}",
        styled(MINUS, "!"),
        words::held(&held.id, &held.lane, held.count, held.limit),
    );
    for line in &held.lines {
        let _ = writeln!(text, "      {line}");
    }
    if held.count > held.lines.len() && !held.lines.is_empty() {
        let _ = writeln!(text, "      … and {} more", held.count - held.lines.len());
    }
    let undone = held.lane.strip_prefix("undo ");
    let then = undone.and_then(|rest| Some(rest.split_once(' ')?.0));
    let then = then.map_or_else(String::new, |run| format!(", then rollcall undo {run}"));
    let _ = writeln!(text, "    → {}{then}", words::approve(&held.id));
}

fn render_pinned(text: &mut String, pinned: &[PinnedJson], now: Timestamp) {
    for one in pinned.iter().take(TELLING) {
        let at = one.at.parse();
        let undone = at.map_or_else(
            |_| format!("undone by {}", one.by),
            |at| words::undone(&one.by, at, now),
        );
        let _ = writeln!(
            text,
            "  {} pinned {}: {undone}\n    → {}",
            styled(DIM, "·"),
            one.subject,
            words::unpin(&one.name)
        );
    }
    if pinned.len() > TELLING {
        let _ = writeln!(
            text,
            "  … and {} more pinned; all that the undo of one run has pinned: rollcall retry \
             --undone RUN",
            pinned.len() - TELLING
        );
    }
}

fn render_due(text: &mut String, target: &TargetStatus) {
    if target.due + target.in_doubt > 0 {
        let (due, in_doubt) = (target.due, target.in_doubt);
        let _ = match &target.live {
            Some(live) if live.is_at_work() => {
                writeln!(text, "  {due} due, {in_doubt} on their way")
            }
            Some(_) => writeln!(
                text,
                "  {due} due, {in_doubt} in doubt: the next run sends or looks them up"
            ),
            None => writeln!(
                text,
                "  {due} due, {in_doubt} in doubt: the next sync sends or looks them up"
            ),
        };
    }
    if let Some(estimate) = &target.estimate {
        let (seconds, per) = (estimate.seconds, estimate.per_seconds);
        if let Some(line) = words::estimate(
            Duration::from_secs(seconds),
            estimate.limit,
            Duration::from_secs(per),
        ) {
            let _ = writeln!(text, "  {line}");
        }
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
}

/// When something was read, and how long ago that is.
pub(super) fn read(text: &str, now: Timestamp) -> String {
    let read = format!("read {}", when(text, now));
    text.parse().map_or_else(
        |_| read.clone(),
        |at| format!("{read}, {} ago", words::age(at, now)),
    )
}

pub(super) fn when(text: &str, now: Timestamp) -> String {
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

/// Parked changes that are tried again; nothing where there are none.
#[must_use]
pub fn unparked(number: usize) -> String {
    if number == 0 {
        return String::new();
    }
    format!(
        "{} {}; the next sync tries again\n",
        styled(PLUS, "not parked any more:"),
        count(number, "change")
    )
}

/// Pins that are lifted; nothing where there are none.
#[must_use]
pub fn unpinned(number: usize) -> String {
    if number == 0 {
        return String::new();
    }
    format!(
        "{} {}; the next sync brings them in line with the directory\n",
        styled(PLUS, "not pinned any more:"),
        number
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_says_when_it_was_read_and_how_long_ago() {
        for (now, told) in [
            (
                "2026-11-22T15:12:00Z",
                "read 15:11 UTC, less than a minute ago",
            ),
            ("2026-11-22T15:15:30Z", "read 15:11 UTC, 4 minutes ago"),
            (
                "2026-11-25T08:00:00Z",
                "read 2026-11-22 15:11 UTC, 2 days ago",
            ),
        ] {
            let now = now.parse().expect("a time");
            assert_eq!(read("2026-11-22T15:11:09Z", now), told);
        }
    }
}
