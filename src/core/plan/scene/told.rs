//! A plan in lines, for comparing it whole.
//!
//! Promises one line for each thing that a person would be shown, in the plan's own order. Leaves
//! what is only noted to the tests that ask for it.

use std::collections::BTreeSet;

use super::{Scene, start};
use crate::core::attribute::{AttrChange, Attributes, Value};
use crate::core::change::{Action, Change, Member, Reason, Subject};
use crate::core::plan::{Orphan, Plan};

impl Scene {
    /// The plan, one line a thing.
    pub fn told(&self) -> Vec<String> {
        tell(&self.plan())
    }
}

fn tell(plan: &Plan) -> Vec<String> {
    let mut lines: Vec<String> = plan.changes.iter().map(tell_change).collect();
    lines.extend(plan.skipped.iter().map(|skipped| {
        let (action, off) = (skipped.action.word(), skipped.off.word());
        format!(
            "skipped {}: {action} {}, {off} is off",
            skipped.label, skipped.size
        )
    }));
    lines.extend(plan.parked.iter().map(|parked| {
        format!(
            "parked {}: {} → {}",
            parked.label, parked.reason, parked.hint
        )
    }));
    lines.extend(plan.waiting.iter().map(|waiting| {
        format!(
            "waiting {}: {:?} in {} minutes",
            waiting.label,
            waiting.what,
            waiting.until.duration_since(start()).as_mins()
        )
    }));
    lines.extend(
        plan.orphans
            .iter()
            .map(|orphan| tell_orphan("orphan", orphan)),
    );
    lines.extend(
        plan.unassigned
            .iter()
            .map(|orphan| tell_orphan("unassigned", orphan)),
    );
    lines.extend(plan.unknown.iter().map(|text| format!("unknown {text}")));
    lines.extend(plan.warnings.iter().map(|text| format!("warning {text}")));
    lines
}

fn tell_orphan(what: &str, orphan: &Orphan) -> String {
    let state = if orphan.active { "active" } else { "inactive" };
    format!("{what} {} ({}, {state})", orphan.label, orphan.id)
}

/// One change in one line.
pub(crate) fn tell_change(change: &Change) -> String {
    let subject = match &change.subject {
        Subject::User(_) => change.label.to_string(),
        Subject::Group(_) => format!("group {}", change.label),
    };
    let word = change.action.kind().word();
    let detail = detail(&change.action);
    let colon = if detail.is_empty() { "" } else { ": " };
    format!(
        "{word} {subject} ({}){colon}{detail}",
        reason(&change.reason)
    )
}

fn detail(action: &Action) -> String {
    match action {
        Action::Adopt { id, .. } | Action::AdoptGroup { id } => id.to_string(),
        Action::Rekey { from, .. } => from.to_string(),
        Action::Create { attributes } => values(attributes),
        Action::Update { attributes } | Action::Reactivate { attributes } => {
            differences(attributes)
        }
        Action::Deactivate | Action::Delete | Action::DeleteGroup => String::new(),
        Action::CreateGroup { name } => name.to_string(),
        Action::RenameGroup { old, new } => {
            format!("{} → {new}", old.as_deref().unwrap_or("?"))
        }
        Action::AddMembers { members } | Action::RemoveMembers { members } => labels(members),
    }
}

fn values(attributes: &Attributes) -> String {
    let pairs: Vec<String> = attributes
        .iter()
        .map(|(name, value)| format!("{name} {}", text(Some(value))))
        .collect();
    pairs.join(", ")
}

fn differences(changes: &[AttrChange]) -> String {
    let lines: Vec<String> = changes
        .iter()
        .map(|change| {
            let (old, new) = (text(change.old.as_ref()), text(change.new.as_ref()));
            format!("{} {old} → {new}", change.name)
        })
        .collect();
    lines.join(", ")
}

fn text(value: Option<&Value>) -> String {
    match value {
        None => "–".into(),
        Some(Value::Account(user)) => format!("the account of {}", user.id),
        Some(value) => value.to_string(),
    }
}

fn labels(members: &BTreeSet<Member>) -> String {
    let labels: Vec<&str> = members.iter().map(|member| &*member.label).collect();
    labels.join(", ")
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Assigned { by } => format!("assigned by {by}"),
        Reason::Matched { by } => format!("matched by {by}"),
        Reason::ReturnedAsNew { old } => format!("returned as new beside {old}"),
        other => other.word().into(),
    }
}
