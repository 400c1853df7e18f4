//! The journal's lines of a run.
//!
//! Promises one line for each write that was sent, with the person's name and the attributes that
//! changed, and no value. Leaves the chain to the store.

use jiff::Timestamp;

use super::cut::Part;
use crate::core::attribute::AttrName;
use crate::core::change::{Action, Change};
use crate::core::key::TargetName;
use crate::core::memory::Hold;
use crate::store::JournalEntry;

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The app acknowledged it.
    Done,
    /// It had been done before, by a request whose answer was lost.
    Found,
    /// Nobody knows: the answer was lost.
    Unanswered,
    /// The app said no.
    Refused,
    /// It waits for a person.
    Parked,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Found => "found",
            Self::Unanswered => "unanswered",
            Self::Refused => "refused",
            Self::Parked => "parked",
        }
    }
}

/// Writes lines for one run of one target.
#[derive(Clone, Debug)]
pub(super) struct Scribe {
    pub run: String,
    pub target: TargetName,
}

impl Scribe {
    /// The line of a change.
    pub fn line(
        &self,
        at: Timestamp,
        change: &Change,
        outcome: Outcome,
        count: usize,
        approved: bool,
        trouble: Option<String>,
    ) -> JournalEntry {
        JournalEntry {
            at,
            run: self.run.clone(),
            target: self.target.to_string(),
            subject: change.subject.journal_name(),
            label: change.label.to_string(),
            action: change.action.kind().word().into(),
            outcome: outcome.word().into(),
            detail: trouble.unwrap_or_else(|| detail(change)),
            count,
            approved,
        }
    }

    /// The last line of a run of a target; `part` is what the run was cut to.
    pub fn end(
        &self,
        at: Timestamp,
        part: Option<&Part>,
        outcome: &str,
        detail: String,
    ) -> JournalEntry {
        JournalEntry {
            at,
            run: self.run.clone(),
            target: self.target.to_string(),
            subject: part.map_or_else(String::new, |part| part.subject.journal_name()),
            label: part.map_or_else(String::new, |part| part.label.clone()),
            action: part.map_or("run", |_| "part_run").into(),
            outcome: outcome.into(),
            detail,
            count: 0,
            approved: false,
        }
    }

    /// The line of a hold.
    pub fn hold(&self, at: Timestamp, hold: &Hold) -> JournalEntry {
        JournalEntry {
            at,
            run: self.run.clone(),
            target: self.target.to_string(),
            subject: String::new(),
            label: hold.id.clone(),
            action: "hold".into(),
            outcome: "held".into(),
            detail: format!(
                "{} ({} changes, limit {})",
                hold.lane,
                hold.changes.len(),
                hold.limit
            ),
            count: hold.changes.len(),
            approved: false,
        }
    }
}

/// Why, and which attributes: `assigned: displayName, emails`.
fn detail(change: &Change) -> String {
    let why = change.reason.word();
    match attributes(&change.action) {
        what if what.is_empty() => why.into(),
        what => format!("{why}: {what}"),
    }
}

fn attributes(action: &Action) -> String {
    match action {
        Action::Create { attributes } => {
            let names: Vec<&str> = attributes.keys().map(AttrName::short).collect();
            names.join(", ")
        }
        Action::Update { attributes } | Action::Reactivate { attributes } => {
            let names: Vec<&str> = attributes
                .iter()
                .map(|change| change.name.short())
                .collect();
            names.join(", ")
        }
        Action::AddMembers { members } | Action::RemoveMembers { members } => {
            format!("{} members", members.len())
        }
        Action::Adopt { .. }
        | Action::Deactivate
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup => String::new(),
    }
}
