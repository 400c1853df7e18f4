//! A plan as people read it: who, what, why, and old → new.
//!
//! Promises that nothing of a plan is left out without saying how much. Leaves JSON to
//! [`super::json`].

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::words;
use super::{BOLD, DIM, MINUS, PLUS, TILDE, styled};
use crate::core::attribute::{AttrChange, Attributes, Value};
use crate::core::change::{Action, ActionKind, Change, Lane, Member, Subject};
use crate::core::estimate::Estimate;
use crate::core::guard::Reviewed;
use crate::core::key::UserKey;
use crate::core::mails::Mails;
use crate::core::memory::Hold;
use crate::core::plan::{Basis, Orphan, Parked, Plan, Skipped, Spared, Waiting};
use crate::core::profile::{Deactivation, Profile};
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
            "re-keyed: links that move to the key the same people have now",
            &self.of_kind(|kind| kind == ActionKind::Rekey),
        );
        for (lane, title) in [
            (Lane::Leavers, "leavers"),
            (Lane::Joiners, "joiners"),
            (Lane::Movers, "movers"),
            (Lane::Groups, "groups"),
        ] {
            self.changes(&mut text, title, &self.of_kind(|kind| kind.lane() == lane));
        }
        skipped(&mut text, &plan.skipped);
        self.pinned(&mut text, &plan.pinned);
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
            styled(
                style,
                format!("{sign} {:<14}", words::verb(kind, self.effect()))
            ),
            change.label,
            styled(DIM, words::why(change, self.effect()))
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
            Action::Rekey { from, .. } => {
                let _ = writeln!(text, "        {from} → {}", change.subject);
            }
            Action::Adopt { .. }
            | Action::Deactivate
            | Action::Delete
            | Action::AdoptGroup { .. }
            | Action::CreateGroup { .. }
            | Action::DeleteGroup => {}
        }
    }

    fn effect(&self) -> Deactivation {
        self.profile.users.deactivate.effect
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
            let changes = self.reviewed.plan.changes.iter();
            let names: Vec<&str> = changes
                .filter(|change| hold.touches(change))
                .flat_map(|change| held_names(hold, change))
                .take(8)
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
            if hold.lane == "destroyed" {
                let _ = writeln!(text, "      → {}", words::CHOOSE_EFFECT);
            }
        }
    }

    fn pinned(&self, text: &mut String, pinned: &[Spared]) {
        if pinned.is_empty() {
            return;
        }
        let title = "pinned: taken back by undo, and left alone";
        let _ = writeln!(text, "\n  {}", styled(DIM, title));
        for one in pinned.iter().take(SHOWN) {
            let what = one.action.map_or("parked", words::action);
            let undone = words::undone(&one.pin.by, one.pin.at, self.now);
            let _ = writeln!(
                text,
                "    {} {what} {}; {undone}",
                styled(DIM, "·"),
                one.label
            );
            let _ = writeln!(text, "      → {}", words::unpin(&one.label));
        }
        if pinned.len() > SHOWN {
            let _ = writeln!(text, "    … and {} more", pinned.len() - SHOWN);
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
                "    {} {}: {}",
                styled(DIM, "·"),
                waits.label,
                words::waits(waits.what, waits.until, self.now)
            );
        }
    }

    fn summary(&self, text: &mut String, plan: &Plan) {
        let mut counts: BTreeMap<ActionKind, usize> = BTreeMap::new();
        for change in &self.reviewed.released {
            let kind = words::counted(change.action.kind(), self.effect());
            *counts.entry(kind).or_default() += change.action.size();
        }
        if counts.is_empty() {
            let is_all = self.reviewed.held.is_empty()
                && plan.parked.is_empty()
                && plan.skipped.is_empty()
                && plan.pinned.is_empty()
                && !plan.waits_to_retry()
                && plan.unread == 0;
            let state = if is_all {
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
        for line in words::mails(Mails::of(self.profile, &self.reviewed.released)) {
            let _ = writeln!(text, "  {line}");
        }
        let released = self.reviewed.released.iter();
        let sizes = released.map(|change| (change.action.kind(), change.action.size()));
        let estimate = Estimate::of(self.profile, sizes);
        let line = estimate.and_then(|it| words::estimate(it.time, it.limit, it.per));
        if let Some(line) = line {
            let _ = writeln!(text, "  {line}");
        }
    }
}

/// Whom a hold keeps back of a change: of members, each of them.
fn held_names<'a>(hold: &Hold, change: &'a Change) -> Vec<&'a str> {
    match &change.action {
        Action::RemoveMembers { members } => members
            .iter()
            .filter(|member| {
                let unit = (Subject::User(member.user.clone()), change.action.kind());
                hold.changes.contains(&unit)
            })
            .map(|member| &*member.label)
            .collect(),
        _ => vec![&*change.label],
    }
}

/// What is due besides and was cut off.
fn left_out(text: &mut String, part: Option<&Part>) {
    let more = part.map_or(0, |part| part.left_out);
    if more > 0 {
        let _ = writeln!(
            text,
            "  {} of others left out: due as before",
            words::count(more, "change")
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

fn sign(kind: ActionKind) -> (char, anstyle::Style) {
    match kind {
        ActionKind::Adopt | ActionKind::Rekey | ActionKind::AdoptGroup => ('=', DIM),
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

/// What is switched off, one line a kind with everybody whom it is about; leavers who stay on are no
/// small print.
fn skipped(text: &mut String, skipped: &[Skipped]) {
    if skipped.is_empty() {
        return;
    }
    let mut kinds: BTreeMap<(ActionKind, String), Vec<&Skipped>> = BTreeMap::new();
    for one in skipped {
        let kind = (one.action, words::skipped(one));
        kinds.entry(kind).or_default().push(one);
    }
    let title = "skipped: switched off by `features:` of this target";
    let _ = writeln!(text, "\n  {}", styled(DIM, title));
    for ((kind, why), list) in kinds {
        let number = list.iter().map(|one| one.size).sum();
        let (sign, style, so) = match kind {
            ActionKind::Deactivate => ('!', MINUS, "; these accounts stay on"),
            _ => ('·', DIM, ""),
        };
        let _ = writeln!(
            text,
            "    {} {} skipped: {why}{so}",
            styled(style, sign),
            words::kind_count(kind, number)
        );
        let names: Vec<&str> = list.iter().take(SHOWN).map(|one| &*one.label).collect();
        let more = match list.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let _ = writeln!(text, "      {}{more}", names.join(", "));
    }
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
        applied.failed.len() + applied.left.len()
    );
    if !applied.left.is_empty() {
        let left = words::count(applied.left.len(), "change");
        let _ = writeln!(
            text,
            "  {} ended before it was done: {left} not tried, due as before",
            styled(MINUS, "!")
        );
    }
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
