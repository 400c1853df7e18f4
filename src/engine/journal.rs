//! The journal's lines of a run.
//!
//! Promises one line for each write that was sent, with the person's name and the attributes that
//! changed; values only where the config wants them, and never those that an app keeps to itself.
//! Leaves the chain, and leaving names out, to the store.

use std::sync::Arc;

use jiff::Timestamp;

use super::cut::Part;
use super::perform::Effects;
use crate::core::attribute::{AttrChange, AttrName, Value};
use crate::core::change::{Action, Change, Subject, moved_from};
use crate::core::deed::Deed;
use crate::core::key::{RemoteId, TargetName};
use crate::core::memory::Hold;
use crate::core::plan::{Basis, name_attribute};
use crate::core::profile::Profile;
use crate::store::{JournalEntry, Journaling};

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

/// Characters of a value that are written down.
const CUT: usize = 300;

/// Words in the name of an attribute whose values are nobody's business.
const SECRET: [&str; 6] = [
    "password",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
];

/// Writes lines for one run of one target.
#[derive(Clone, Debug)]
pub(super) struct Scribe<'a> {
    pub run: String,
    pub target: TargetName,
    pub profile: &'a Profile,
    pub basis: Basis,
    pub journaling: Journaling,
}

impl Scribe<'_> {
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
        // What went wrong may well name the person, in the app's words or in ours.
        let trouble = trouble.filter(|_| self.journaling.labels);
        JournalEntry {
            at,
            run: self.run.clone(),
            target: self.target.to_string(),
            subject: change.subject.journal_name(),
            label: change.label.to_string(),
            action: change.action.kind().word().into(),
            outcome: outcome.word().into(),
            detail: trouble.unwrap_or_else(|| self.detail(change)),
            count,
            approved,
            requests: Vec::new(),
            deed: None,
        }
    }

    /// What a change did, in enough detail to take it back; `account` is whose it was.
    pub fn deed(
        &self,
        change: &Change,
        effects: &Effects,
        account: Option<&RemoteId>,
    ) -> Option<Deed> {
        match (&change.action, effects) {
            (_, Effects::Created(account, _)) => Some(Deed::Account(account.id.clone())),
            (_, Effects::GroupCreated(group, _)) => Some(Deed::Account(group.id.clone())),
            (_, Effects::Added { users, .. } | Effects::Removed { users, .. }) => {
                Some(Deed::Members(users.clone()))
            }
            (Action::Adopt { id, .. } | Action::AdoptGroup { id }, _) => {
                Some(Deed::Account(id.clone()))
            }
            (Action::Update { attributes }, _) => self.former(attributes),
            (Action::RenameGroup { old: Some(old), .. }, _) => {
                let is_kept = self.journaling.labels || self.journaling.values;
                is_kept.then(|| Deed::Name(Arc::clone(old)))
            }
            (
                Action::Create { .. }
                | Action::Rekey { .. }
                | Action::Deactivate
                | Action::Reactivate { .. }
                | Action::Delete
                | Action::CreateGroup { .. }
                | Action::RenameGroup { old: None, .. }
                | Action::DeleteGroup
                | Action::AddMembers { .. }
                | Action::RemoveMembers { .. },
                _,
            ) => account.cloned().map(Deed::Account),
        }
    }

    /// The former values of an update, where the journal keeps values and the app was read.
    fn former(&self, attributes: &[AttrChange]) -> Option<Deed> {
        if !self.journaling.values || self.basis != Basis::Observed {
            return None;
        }
        let open = attributes
            .iter()
            .filter(|change| !self.is_secret(&change.name));
        let former = open.map(|change| (change.name.clone(), change.old.clone()));
        Some(Deed::Values(former.collect()))
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
            subject: part
                .and_then(|part| part.subject.as_ref())
                .map_or_else(String::new, Subject::journal_name),
            label: part
                .filter(|part| part.subject.is_some())
                .map_or_else(String::new, |part| part.label.clone()),
            action: part.map_or("run", |_| "part_run").into(),
            outcome: outcome.into(),
            detail,
            count: 0,
            approved: false,
            requests: Vec::new(),
            deed: None,
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
            requests: Vec::new(),
            deed: None,
        }
    }
}

impl Scribe<'_> {
    /// Why, and what of the subject was changed: `assigned: displayName, emails`.
    fn detail(&self, change: &Change) -> String {
        let why = change.reason.word();
        match self.what(&change.action) {
            what if what.is_empty() => why.into(),
            what => format!("{why}: {what}"),
        }
    }

    fn what(&self, action: &Action) -> String {
        match action {
            Action::Rekey { from, .. } => moved_from(from),
            Action::Create { attributes } => {
                let made = attributes.iter().map(|(name, new)| self.set(name, new));
                made.collect::<Vec<_>>().join(", ")
            }
            Action::Update { attributes } | Action::Reactivate { attributes } => {
                let changed = attributes.iter().map(|change| self.changed(change));
                changed.collect::<Vec<_>>().join(", ")
            }
            Action::AddMembers { members } | Action::RemoveMembers { members } => {
                format!("{} members", members.len())
            }
            Action::CreateGroup { name } if self.journaling.values => {
                self.set(&name_attribute(), &Value::text(name))
            }
            Action::RenameGroup { old, new } if self.journaling.values => {
                self.changed(&AttrChange {
                    name: name_attribute(),
                    old: old.as_ref().map(Value::text),
                    new: Some(Value::text(new)),
                })
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

    /// An attribute of a new account or group.
    fn set(&self, name: &AttrName, new: &Value) -> String {
        if !self.journaling.values {
            return name.short().to_owned();
        }
        if self.is_secret(name) {
            return format!("{} {HIDDEN}", name.short());
        }
        format!("{} {}", name.short(), written(new))
    }

    /// An attribute that has another value now.
    fn changed(&self, change: &AttrChange) -> String {
        let name = change.name.short();
        if !self.journaling.values {
            return name.to_owned();
        }
        if self.is_secret(&change.name) {
            return format!("{name} {HIDDEN}");
        }
        let old = change.old.as_ref().map_or_else(
            || match self.basis {
                Basis::Observed => "(none)".to_owned(),
                Basis::Remembered => "(not read)".to_owned(),
            },
            written,
        );
        let new = change.new.as_ref().map_or("(cleared)".to_owned(), written);
        format!("{name} {old} → {new}")
    }

    /// Does the app keep the value to itself, or does its name sound as if it should?
    fn is_secret(&self, name: &AttrName) -> bool {
        let is_write_only = self.profile.rule(name).is_some_and(|rule| rule.write_only);
        let words = name.short().to_lowercase();
        is_write_only || SECRET.iter().any(|secret| words.contains(secret))
    }
}

const HIDDEN: &str = "(not shown)";

/// A value in quotes, control characters escaped, and not too much of it.
fn written(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(CUT) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests;
