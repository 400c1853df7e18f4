//! The JSON of `sync`, with stable fields.
//!
//! Promises that fields are only ever added. Leaves text to [`super::plan`].
//!
//! `targets[]`: `target` (name), `plan_id` (hash of the plan's content), `basis` (`observed` or
//! `remembered`), `counts` (changes by kind, members one by one; a deactivation that may delete counts
//! as `delete`), `changes[]` (`subject`, `key`, `action`, `reason`, for a deactivation its `effect`,
//! `attributes[]` with `name`, `old`, `new`), `held[]` (`id`, `lane`, `count`, `limit`, `since`), `skipped[]`
//! (`subject`, `action`, `reason`), `pinned[]` (`subject`, `action`, `run`, `by`, `at`), `parked[]` and `warnings[]`, `waiting[]`, `orphans[]`, `mails`
//! (`certain`, `possible`), `applied` (`done`, `failed`), `requests` (`read`, `write`, `token`),
//! `left_out` in a run for one person or group, `error` when the target could not be planned. Beside
//! it `refused[]` (`source`, `problem`, `hint`), `doubted[]` (`source`, `problem`) and `broken[]` (`source`,
//! `place`, `problem`), where there are any.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::words;
use crate::core::attribute::{AttrChange, Value};
use crate::core::change::{Action, ActionKind, Change, Subject};
use crate::core::guard::Reviewed;
use crate::core::key::UserKey;
use crate::core::mails::Mails;
use crate::core::memory::Hold;
use crate::core::plan::{Basis, Orphan, Spared, WaitingFor};
use crate::core::profile::{Deactivation, Profile};
use crate::engine::apply::Applied;

/// The whole answer of `sync --format json`.
#[derive(Debug, Default, Serialize)]
pub struct SyncJson {
    /// One entry a target.
    pub targets: Vec<TargetJson>,
    /// Sources that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedJson>,
    /// Why readings are in doubt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubted: Vec<DoubtedJson>,
    /// Rows of sources that could not be used: whom they are about stays as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub broken: Vec<BrokenJson>,
}

/// A row of a source that could not be used.
#[derive(Debug, Serialize)]
pub struct BrokenJson {
    /// Of which source.
    pub source: String,
    /// File and line, or the entry's name.
    pub place: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Why the reading of a source is in doubt.
#[derive(Debug, Serialize)]
pub struct DoubtedJson {
    /// Which source.
    pub source: String,
    /// What is odd about it.
    pub problem: String,
}

/// A source that could not be read.
#[derive(Debug, Serialize)]
pub struct RefusedJson {
    /// Which source.
    pub source: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: Option<String>,
}

/// One target.
#[derive(Debug, Default, Serialize)]
pub struct TargetJson {
    /// Its name.
    pub target: String,
    /// The hash of the plan's content.
    pub plan_id: String,
    /// Changes by kind.
    pub counts: BTreeMap<&'static str, usize>,
    /// What the plan rests on.
    pub basis: &'static str,
    /// The changes that may be done, in order.
    pub changes: Vec<ChangeJson>,
    /// What the guard holds.
    pub held: Vec<HeldJson>,
    /// What is switched off by `features:`.
    pub skipped: Vec<SkippedJson>,
    /// What an undo has pinned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<PinnedJson>,
    /// What waits for a person.
    pub parked: Vec<ParkedJson>,
    /// What waits for a time.
    pub waiting: Vec<WaitingJson>,
    /// Accounts that are nobody's.
    pub orphans: Vec<OrphanJson>,
    /// What was left out.
    pub warnings: Vec<String>,
    /// Mails that the app sends because of this run.
    pub mails: MailsJson,
    /// What came of it.
    pub applied: AppliedJson,
    /// Requests sent.
    pub requests: RequestsJson,
    /// Of a run for one person or one group: changes of others that are due, and stay so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<usize>,
    /// Why there is no plan, if there is none, or why the run stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A change.
#[derive(Debug, Serialize)]
pub struct ChangeJson {
    /// What a person calls the subject.
    pub subject: String,
    /// Its immutable key, `source:key`.
    pub key: String,
    /// What to do.
    pub action: &'static str,
    /// Why.
    pub reason: String,
    /// What switching off really does here: a word of `users.deactivate.effect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Deactivation>,
    /// From what to what.
    pub attributes: Vec<AttributeJson>,
}

/// An attribute of a change.
#[derive(Debug, Serialize)]
pub struct AttributeJson {
    /// Its name.
    pub name: String,
    /// What the app holds; null also when nobody looked.
    pub old: Json,
    /// What it should hold.
    pub new: Json,
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldJson {
    /// Its id, for `approve`.
    pub id: String,
    /// Which limit.
    pub lane: String,
    /// How many changes.
    pub count: usize,
    /// What the limit is.
    pub limit: usize,
    /// Since when (RFC 3339).
    pub since: String,
    /// In `status`, whom it is about: the ten most telling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

impl HeldJson {
    /// A hold, with lines about whom it is about.
    #[must_use]
    pub fn of(hold: &Hold, lines: Vec<String>) -> Self {
        Self {
            id: hold.id.clone(),
            lane: hold.lane.clone(),
            count: hold.changes.len(),
            limit: hold.limit,
            since: hold.since.to_string(),
            lines,
        }
    }
}

/// Something that is switched off.
#[derive(Debug, Serialize)]
pub struct SkippedJson {
    /// What a person calls the subject.
    pub subject: String,
    /// What would be done.
    pub action: &'static str,
    /// Which switch is off.
    pub reason: String,
}

/// Something that an undo has pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedJson {
    /// What a person calls the subject.
    pub subject: String,
    /// The name under which `retry` knows it.
    pub name: String,
    /// What would be done, if anything.
    pub action: Option<String>,
    /// The run that was undone.
    pub run: String,
    /// Who undid it.
    pub by: String,
    /// When (RFC 3339).
    pub at: String,
}

/// Mails to people.
#[derive(Debug, Default, Serialize)]
pub struct MailsJson {
    /// So many, for sure.
    pub certain: usize,
    /// Up to so many more: the vendor does not say.
    pub possible: usize,
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedJson {
    /// What a person calls the subject.
    pub subject: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

/// Something that waits for a time.
#[derive(Debug, Serialize)]
pub struct WaitingJson {
    /// What a person calls the subject.
    pub subject: String,
    /// What it is.
    pub what: &'static str,
    /// Of what was sent and is not seen yet: when it was sent (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Until when (RFC 3339).
    pub until: String,
}

/// An account that is nobody's.
#[derive(Debug, Serialize)]
pub struct OrphanJson {
    /// The app's id.
    pub id: String,
    /// What a person calls it.
    pub label: String,
    /// May it be used?
    pub active: bool,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct AppliedJson {
    /// Changes done; members one by one.
    pub done: usize,
    /// Changes not done.
    pub failed: usize,
}

/// Requests sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestsJson {
    /// GET.
    pub read: u64,
    /// POST, PUT, PATCH, DELETE.
    pub write: u64,
    /// To token endpoints.
    pub token: u64,
}

impl TargetJson {
    /// The plan of a target.
    #[must_use]
    pub fn of(
        reviewed: &Reviewed,
        profile: &Profile,
        labels: &BTreeMap<UserKey, Arc<str>>,
    ) -> Self {
        let plan = &reviewed.plan;
        let effect = profile.users.deactivate.effect;
        let mails = Mails::of(profile, &reviewed.released);
        Self {
            target: plan.target.to_string(),
            plan_id: plan.id(),
            counts: counts(&reviewed.released, effect),
            basis: match plan.basis {
                Basis::Observed => "observed",
                Basis::Remembered => "remembered",
            },
            changes: reviewed
                .released
                .iter()
                .map(|change| change_json(change, effect, labels))
                .collect(),
            held: reviewed
                .held
                .iter()
                .map(|hold| HeldJson::of(hold, Vec::new()))
                .collect(),
            skipped: plan
                .skipped
                .iter()
                .map(|skipped| SkippedJson {
                    subject: skipped.label.to_string(),
                    action: skipped.action.word(),
                    reason: words::skipped(skipped),
                })
                .collect(),
            pinned: plan.pinned.iter().map(pinned_json).collect(),
            mails: MailsJson {
                certain: mails.certain,
                possible: mails.possible,
            },
            parked: plan
                .parked
                .iter()
                .map(|parked| ParkedJson {
                    subject: parked.label.to_string(),
                    reason: parked.reason.clone(),
                    hint: parked.hint.clone(),
                })
                .collect(),
            waiting: plan
                .waiting
                .iter()
                .map(|waiting| WaitingJson {
                    subject: waiting.label.to_string(),
                    what: words::waiting(waiting.what),
                    since: match waiting.what {
                        WaitingFor::Sight { since } => Some(since.to_string()),
                        WaitingFor::Absence
                        | WaitingFor::Deactivation
                        | WaitingFor::Deletion
                        | WaitingFor::AnotherTry
                        | WaitingFor::Retry => None,
                    },
                    until: waiting.until.to_string(),
                })
                .collect(),
            orphans: plan.orphans.iter().map(orphan_json).collect(),
            warnings: [plan.unknown.as_slice(), &plan.warnings].concat(),
            ..Self::default()
        }
    }

    /// Adds what came of it.
    pub fn add(&mut self, applied: &Applied) {
        self.applied.done += applied.done;
        self.applied.failed += applied.failed.len() + applied.left.len();
        for failure in applied.failed.iter().filter(|failure| failure.parked) {
            self.parked.push(ParkedJson {
                subject: failure.change.label.to_string(),
                reason: failure.reason.clone(),
                hint: failure.hint.clone(),
            });
        }
        self.error = applied.stopped.as_ref().map(ToString::to_string);
    }
}

/// Every kind by its word, zeros included.
fn counts(changes: &[Change], effect: Deactivation) -> BTreeMap<&'static str, usize> {
    let mut counts: BTreeMap<&'static str, usize> = ActionKind::ALL
        .iter()
        .map(|kind| (kind.word(), 0))
        .collect();
    for change in changes {
        let kind = words::counted(change.action.kind(), effect);
        *counts.entry(kind.word()).or_default() += change.action.size();
    }
    counts
}

fn change_json(
    change: &Change,
    effect: Deactivation,
    labels: &BTreeMap<UserKey, Arc<str>>,
) -> ChangeJson {
    let is_off = change.action.kind() == ActionKind::Deactivate;
    ChangeJson {
        effect: is_off.then_some(effect),
        subject: change.label.to_string(),
        key: match &change.subject {
            Subject::User(user) => user.to_string(),
            Subject::Group(group) => group.to_string(),
        },
        action: change.action.kind().word(),
        reason: words::reason(&change.reason),
        attributes: attributes(&change.subject, &change.action, labels),
    }
}

fn attributes(
    subject: &Subject,
    action: &Action,
    labels: &BTreeMap<UserKey, Arc<str>>,
) -> Vec<AttributeJson> {
    let row = |name: &str, old: Json, new: Json| AttributeJson {
        name: name.into(),
        old,
        new,
    };
    let value = |value: Option<&Value>| value.map_or(Json::Null, |value| value_json(value, labels));
    match action {
        Action::Create { attributes } => attributes
            .iter()
            .map(|(name, new)| row(name.as_str(), Json::Null, value(Some(new))))
            .collect(),
        Action::Update { attributes } | Action::Reactivate { attributes } => attributes
            .iter()
            .map(|AttrChange { name, old, new }| {
                row(name.as_str(), value(old.as_ref()), value(new.as_ref()))
            })
            .collect(),
        Action::AddMembers { members } => members
            .iter()
            .map(|member| row("members", Json::Null, Json::from(&*member.label)))
            .collect(),
        Action::RemoveMembers { members } => members
            .iter()
            .map(|member| row("members", Json::from(&*member.label), Json::Null))
            .collect(),
        Action::CreateGroup { name } => vec![row("displayName", Json::Null, Json::from(&**name))],
        Action::RenameGroup { old, new } => {
            let old = old.as_deref().map_or(Json::Null, Json::from);
            vec![row("displayName", old, Json::from(&**new))]
        }
        Action::Rekey { from, .. } => {
            let old = Json::from(from.to_string());
            vec![row("key", old, Json::from(subject.to_string()))]
        }
        Action::Deactivate => vec![row("active", Json::Bool(true), Json::Bool(false))],
        Action::Adopt { .. } | Action::Delete | Action::AdoptGroup { .. } | Action::DeleteGroup => {
            Vec::new()
        }
    }
}

fn value_json(value: &Value, labels: &BTreeMap<UserKey, Arc<str>>) -> Json {
    match value {
        Value::Text(text) => Json::from(&**text),
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::List(items) => items.iter().map(|item| &**item).collect(),
        Value::Account(user) => Json::from(
            labels
                .get(user)
                .map_or_else(|| user.to_string(), ToString::to_string),
        ),
    }
}

fn pinned_json(spared: &Spared) -> PinnedJson {
    PinnedJson {
        subject: spared.label.to_string(),
        name: spared.label.to_string(),
        action: spared.action.map(|kind| kind.word().to_owned()),
        run: spared.pin.run.clone(),
        by: spared.pin.by.clone(),
        at: spared.pin.at.to_string(),
    }
}

fn orphan_json(orphan: &Orphan) -> OrphanJson {
    OrphanJson {
        id: orphan.id.to_string(),
        label: orphan.label.to_string(),
        active: orphan.active,
    }
}

/// Any of the answers as text, two spaces a level.
///
/// # Panics
/// Never: the answers hold nothing that JSON cannot.
#[must_use]
pub fn print(answer: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(answer).expect("the answers are plain data");
    text.push('\n');
    text
}
