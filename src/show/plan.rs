//! A plan as people read it: who, what, why, and old → new.
//!
//! Promises that nothing of a plan is left out without saying how much. Leaves JSON to
//! [`super::json`].

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::words::{self, count};
use super::{BOLD, DIM, MINUS, PLUS, TILDE, styled};
use crate::core::attribute::{AttrChange, Attributes, Value};
use crate::core::change::{Action, ActionKind, Change, Member};
use crate::core::guard::Reviewed;
use crate::core::key::UserKey;
use crate::core::memory::Hold;
use crate::core::plan::{Basis, Orphan, Parked, Plan, Waiting};
use crate::core::profile::{Deactivation, Known, Profile};
use crate::engine::apply::Applied;
use crate::engine::cut::Part;

/// Changes of a kind that are shown one by one; of more, the rest is counted.
const SHOWN: usize = 200;

/// Characters of a line of values, where they fit.
const WIDTH: usize = 92;

/// A plan, with what surrounds it.
pub struct PlanText<'a> {
    /// The plan after the guard.
    pub reviewed: &'a Reviewed,
    /// What the app is like, for its side effects.
    pub profile: &'a Profile,
    /// What people are called, for references.
    pub labels: &'a BTreeMap<UserKey, Arc<str>>,
    /// What it was cut to, if it was.
    pub part: Option<&'a Part>,
    /// The time.
    pub now: Timestamp,
}

impl PlanText<'_> {
    /// The whole text.
    #[must_use]
    pub fn render(&self) -> String {
        let plan = &self.reviewed.plan;
        let mut text = head(plan, self.part);
        let adopted =
            self.of_kind(|kind| matches!(kind, ActionKind::Adopt | ActionKind::AdoptGroup));
        self.changes(&mut text, "adopted", &adopted);
        self.changes(
            &mut text,
            "leavers",
            &self.of_kind(|kind| matches!(kind, ActionKind::Deactivate | ActionKind::Delete)),
        );
        self.changes(
            &mut text,
            "joiners",
            &self.of_kind(|kind| matches!(kind, ActionKind::Create | ActionKind::Reactivate)),
        );
        self.changes(
            &mut text,
            "movers",
            &self.of_kind(|kind| kind == ActionKind::Update),
        );
        self.changes(&mut text, "groups", &self.of_kind(is_group));
        self.held(&mut text);
        parked(&mut text, &plan.parked);
        self.waiting(&mut text, &plan.waiting);
        untouched(&mut text, plan);
        warnings(
            &mut text,
            &[plan.unknown.as_slice(), &plan.warnings].concat(),
        );
        self.summary(&mut text, plan);
        left_out(&mut text, self.part);
        text
    }

    fn of_kind(&self, wanted: impl Fn(ActionKind) -> bool) -> Vec<&Change> {
        self.reviewed
            .released
            .iter()
            .filter(|change| wanted(change.action.kind()))
            .collect()
    }

    fn changes(&self, text: &mut String, title: &str, changes: &[&Change]) {
        if changes.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n  {}", styled(DIM, title));
        let shown = &changes[..changes.len().min(SHOWN)];
        let width = shown
            .iter()
            .map(|change| change.label.chars().count())
            .max()
            .unwrap_or_default()
            .min(36);
        for change in shown {
            self.change(text, change, width);
        }
        if changes.len() > SHOWN {
            let _ = writeln!(
                text,
                "    … and {} more; --format json shows them all",
                changes.len() - SHOWN
            );
        }
    }

    fn change(&self, text: &mut String, change: &Change, width: usize) {
        let kind = change.action.kind();
        let (sign, style) = sign(kind);
        let _ = writeln!(
            text,
            "    {} {:<width$}  {}",
            styled(style, format!("{sign} {:<14}", words::action(kind))),
            change.label,
            styled(DIM, self.why(change))
        );
        match &change.action {
            Action::Create { attributes } => self.values(text, attributes),
            Action::Update { attributes } | Action::Reactivate { attributes } => {
                self.differences(text, attributes);
            }
            Action::AddMembers { members } | Action::RemoveMembers { members } => {
                let labels: Vec<&str> = members
                    .iter()
                    .map(|member: &Member| &*member.label)
                    .collect();
                let _ = writeln!(text, "        {}", labels.join(", "));
            }
            Action::RenameGroup { old, new } => {
                let old = old.as_deref().unwrap_or("(not read)");
                let _ = writeln!(text, "        {old} → {new}");
            }
            Action::Adopt { .. }
            | Action::Deactivate
            | Action::Delete
            | Action::AdoptGroup { .. }
            | Action::CreateGroup { .. }
            | Action::DeleteGroup => {}
        }
    }

    fn why(&self, change: &Change) -> String {
        let reason = words::reason(&change.reason);
        match (&change.action, self.profile.users.deactivate.effect) {
            (Action::Deactivate, Deactivation::Deletes) => {
                format!("{reason}; this app deletes the account for good")
            }
            (Action::Deactivate, Deactivation::FreesUserName) => {
                format!("{reason}; this app takes the user name away as well")
            }
            (Action::Adopt { active: false, .. }, _) => format!("{reason}; it is switched off"),
            _ => reason,
        }
    }

    /// The values of a create, several a line, none of them broken in two.
    fn values(&self, text: &mut String, attributes: &Attributes) {
        let mut line = String::new();
        let mut width = 0;
        for (name, value) in attributes {
            let value = self.value(value);
            let length = name.short().chars().count() + value.chars().count() + 4;
            if width > 0 && width + length > WIDTH {
                let _ = writeln!(text, "        {line}");
                line.clear();
                width = 0;
            }
            if width > 0 {
                line.push_str(&styled(DIM, " · "));
            }
            line.push_str(&format!("{} {value}", styled(DIM, name.short())));
            width += length;
        }
        let _ = writeln!(text, "        {line}");
    }

    fn differences(&self, text: &mut String, attributes: &[AttrChange]) {
        for change in attributes {
            let old = change
                .old
                .as_ref()
                .map_or_else(|| "(none)".into(), |old| self.value(old));
            let new = change
                .new
                .as_ref()
                .map_or_else(|| "(cleared)".into(), |new| self.value(new));
            let _ = writeln!(
                text,
                "        {} {old} → {new}",
                styled(DIM, change.name.short())
            );
        }
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Account(user) => self
                .labels
                .get(user)
                .map_or_else(|| user.to_string(), ToString::to_string),
            Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::List(_) => {
                value.to_string().replace(char::is_control, "\u{fffd}")
            }
        }
    }

    fn held(&self, text: &mut String) {
        if self.reviewed.held.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n  {}", styled(MINUS, "held back by the guard"));
        for hold in &self.reviewed.held {
            let _ = writeln!(text, "    {} {}", styled(MINUS, "!"), hold_line(hold));
            let names: Vec<&str> = self
                .reviewed
                .plan
                .changes
                .iter()
                .filter(|change| {
                    hold.changes
                        .contains(&(change.subject.clone(), change.action.kind()))
                })
                .take(8)
                .map(|change| &*change.label)
                .collect();
            let more = hold.changes.len().saturating_sub(names.len());
            let more = if more > 0 {
                format!(", and {more} more")
            } else {
                String::new()
            };
            if !names.is_empty() {
                let _ = writeln!(text, "      {}{more}", names.join(", "));
            }
            let _ = writeln!(text, "      → {}", words::approve(&hold.id));
        }
    }

    fn waiting(&self, text: &mut String, waiting: &[Waiting]) {
        if waiting.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n  {}", styled(DIM, "waiting"));
        for waits in waiting {
            let _ = writeln!(
                text,
                "    {} {}: {}, waits until {}",
                styled(DIM, "·"),
                waits.label,
                words::waiting(waits.what),
                words::time(waits.until, self.now)
            );
        }
    }

    fn summary(&self, text: &mut String, plan: &Plan) {
        let mut counts: BTreeMap<ActionKind, usize> = BTreeMap::new();
        for change in &self.reviewed.released {
            *counts.entry(change.action.kind()).or_default() += change.action.size();
        }
        if counts.is_empty() {
            let state =
                if self.reviewed.held.is_empty() && plan.parked.is_empty() && plan.unread == 0 {
                    "in line: nothing to change"
                } else {
                    "nothing else to change"
                };
            let _ = writeln!(text, "\n  {}", styled(PLUS, state));
            return;
        }
        let parts: Vec<String> = counts
            .iter()
            .map(|(kind, number)| format!("{number} {}", words::action(*kind)))
            .collect();
        let _ = writeln!(text, "\n  {} {}", styled(BOLD, "to do:"), parts.join(", "));
        let creates = counts.get(&ActionKind::Create).copied().unwrap_or_default();
        if self.profile.users.mail_on_create == Known::Yes && creates > 0 {
            let _ = writeln!(text, "  this run sends {}", count(creates, "welcome mail"));
        }
    }
}

/// What is due besides and was cut off.
fn left_out(text: &mut String, part: Option<&Part>) {
    let more = part.map_or(0, |part| part.left_out);
    if more > 0 {
        let _ = writeln!(
            text,
            "  {} of others left out: due as before",
            count(more, "change")
        );
    }
}

/// How long each step took.
#[must_use]
pub fn steps(taken: &[(String, Duration)]) -> String {
    let taken: Vec<String> = taken
        .iter()
        .map(|(step, time)| format!("{step} {} ms", time.as_millis()))
        .collect();
    format!("{} {}\n", styled(BOLD, "took:"), taken.join(", "))
}

fn head(plan: &Plan, part: Option<&Part>) -> String {
    let basis = match plan.basis {
        Basis::Observed => "compared with the app",
        Basis::Remembered => "compared with what the app last acknowledged",
    };
    let only = part.map_or_else(String::new, |part| format!(", only {}", part.label));
    format!(
        "{}  {}\n",
        styled(BOLD, &plan.target),
        styled(DIM, format!("plan {}, {basis}{only}", plan.id()))
    )
}

fn is_group(kind: ActionKind) -> bool {
    match kind {
        ActionKind::CreateGroup
        | ActionKind::RenameGroup
        | ActionKind::DeleteGroup
        | ActionKind::AddMembers
        | ActionKind::RemoveMembers => true,
        ActionKind::Adopt
        | ActionKind::AdoptGroup
        | ActionKind::Create
        | ActionKind::Update
        | ActionKind::Deactivate
        | ActionKind::Reactivate
        | ActionKind::Delete => false,
    }
}

fn sign(kind: ActionKind) -> (char, anstyle::Style) {
    match kind {
        ActionKind::Adopt | ActionKind::AdoptGroup => ('=', DIM),
        ActionKind::Create
        | ActionKind::Reactivate
        | ActionKind::CreateGroup
        | ActionKind::AddMembers => ('+', PLUS),
        ActionKind::Update | ActionKind::RenameGroup => ('~', TILDE),
        ActionKind::Deactivate
        | ActionKind::Delete
        | ActionKind::DeleteGroup
        | ActionKind::RemoveMembers => ('-', MINUS),
    }
}

/// A hold in one line.
#[must_use]
pub fn hold_line(hold: &Hold) -> String {
    words::held(&hold.id, &hold.lane, hold.changes.len(), hold.limit)
}

fn parked(text: &mut String, parked: &[Parked]) {
    if parked.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {}", styled(MINUS, "parked: waits for a person"));
    for one in parked {
        let _ = writeln!(
            text,
            "    {} {}: {}",
            styled(MINUS, "!"),
            one.label,
            one.reason
        );
        let _ = writeln!(text, "      → {}", one.hint);
    }
}

fn untouched(text: &mut String, plan: &Plan) {
    accounts(
        text,
        "orphans: accounts that are nobody's in the directory, left alone",
        &plan.orphans,
    );
    accounts(
        text,
        "not assigned, but have an account: left alone",
        &plan.unassigned,
    );
}

fn accounts(text: &mut String, title: &str, list: &[Orphan]) {
    if list.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {}", styled(DIM, title));
    for orphan in list.iter().take(SHOWN) {
        let off = if orphan.active { "" } else { ", switched off" };
        let _ = writeln!(
            text,
            "    {} {} ({}{off})",
            styled(DIM, "?"),
            orphan.label,
            orphan.id
        );
    }
    if list.len() > SHOWN {
        let _ = writeln!(text, "    … and {} more", list.len() - SHOWN);
    }
}

fn warnings(text: &mut String, warnings: &[String]) {
    if warnings.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {}", styled(TILDE, "warnings"));
    for warning in warnings.iter().take(SHOWN) {
        let _ = writeln!(text, "    {} {warning}", styled(TILDE, "!"));
    }
    if warnings.len() > SHOWN {
        let _ = writeln!(text, "    … and {} more", warnings.len() - SHOWN);
    }
}

/// What came of carrying a plan out.
#[must_use]
pub fn applied(target: &str, applied: &Applied, requests: &str) -> String {
    let mut text = format!(
        "{}  {} done, {} not; {requests}\n",
        styled(BOLD, target),
        applied.done,
        applied.failed.len()
    );
    if let Some(fault) = &applied.stopped {
        let _ = writeln!(text, "  {} stopped: {fault}", styled(MINUS, "!"));
        if let Some(first) = applied.failed.first() {
            let _ = writeln!(text, "    → {}", first.hint);
        }
    }
    for failure in applied
        .failed
        .iter()
        .filter(|failure| failure.reason != "not tried")
        .take(SHOWN)
    {
        let _ = writeln!(
            text,
            "  {} {} {}: {}",
            styled(MINUS, "!"),
            words::action(failure.change.action.kind()),
            failure.change.label,
            failure.reason
        );
        let _ = writeln!(text, "    → {}", failure.hint);
    }
    text
}

/// `reads 3, writes 12, tokens 1`.
#[must_use]
pub fn requests(read: u64, write: u64, token: u64) -> String {
    format!("requests: {read} read, {write} write, {token} token")
}
