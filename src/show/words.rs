//! The words for counts, times and reasons.
//!
//! Promises that one thing is called the same wherever it is shown. Leaves layout to the others.

use std::time::Duration;

use jiff::Timestamp;

use crate::core::change::{Action, ActionKind, Change, Reason, SameAs};
use crate::core::duration;
use crate::core::features::Feature;
use crate::core::leaver::LeaveCause;
use crate::core::mails::Mails;
use crate::core::plan::{Skipped, WaitingFor};
use crate::core::profile::Deactivation;
use crate::core::text::quoted;

/// `1 change`, `2 changes`.
#[must_use]
pub fn count(number: usize, one: &str) -> String {
    if number == 1 {
        return format!("1 {one}");
    }
    match one {
        "person" => format!("{number} people"),
        "reply" => format!("{number} replies"),
        _ => format!("{number} {one}s"),
    }
}

/// What an action is called in a plan.
#[must_use]
pub fn action(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Adopt => "adopt",
        ActionKind::Rekey => "rekey",
        ActionKind::Create => "create",
        ActionKind::Update => "update",
        ActionKind::Deactivate => "deactivate",
        ActionKind::Reactivate => "reactivate",
        ActionKind::Delete => "delete",
        ActionKind::AdoptGroup => "adopt group",
        ActionKind::CreateGroup => "create group",
        ActionKind::RenameGroup => "rename group",
        ActionKind::DeleteGroup => "delete group",
        ActionKind::AddMembers => "add members",
        ActionKind::RemoveMembers => "remove members",
    }
}

/// What an action does at this app: switching off may be no such thing there.
#[must_use]
pub fn verb(kind: ActionKind, effect: Deactivation) -> &'static str {
    match (kind, effect) {
        (ActionKind::Deactivate, Deactivation::Deletes) => "DELETES",
        (ActionKind::Deactivate, Deactivation::DeletesInvited | Deactivation::Unknown) => {
            "may delete"
        }
        _ => action(kind),
    }
}

/// The kind that a change is counted as: what may destroy an account is a deletion.
#[must_use]
pub fn counted(kind: ActionKind, effect: Deactivation) -> ActionKind {
    if kind == ActionKind::Deactivate && effect.is_destructive() {
        ActionKind::Delete
    } else {
        kind
    }
}

/// Why a change is due, with what comes of it at this app.
#[must_use]
pub fn why(change: &Change, effect: Deactivation) -> String {
    let reason = reason(&change.reason);
    match &change.action {
        Action::Deactivate => match side_effect(effect) {
            Some(effect) => format!("{reason}; {effect}"),
            None => reason,
        },
        Action::Adopt { active: false, .. } => format!("{reason}; it is switched off"),
        Action::Adopt { .. }
        | Action::Rekey { .. }
        | Action::Create { .. }
        | Action::Update { .. }
        | Action::Reactivate { .. }
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup
        | Action::AddMembers { .. }
        | Action::RemoveMembers { .. } => reason,
    }
}

/// What switching off does besides, if it does.
#[must_use]
pub fn side_effect(effect: Deactivation) -> Option<&'static str> {
    match effect {
        Deactivation::Suspends => None,
        Deactivation::FreesUserName => Some("this app takes the user name away as well"),
        Deactivation::Renames => Some("this app changes names and addresses as well"),
        Deactivation::Unlinks => Some("this app takes the person out of the organisation"),
        Deactivation::Deletes => Some("switching off deletes the account for good in this app"),
        Deactivation::DeletesInvited => {
            Some("may delete: this app does so with people who have not accepted their invitation")
        }
        Deactivation::Unknown => Some("may delete: the vendor contradicts itself"),
    }
}

/// What a site can write, so that what may delete is not held each time.
pub const CHOOSE_EFFECT: &str = "or write once for all what it does, override: { users: { deactivate: { effect: suspends } } }, \
     or that deleting is meant, leavers: { unassigned: delete, disabled: delete, deleted: delete }";

/// Why something is skipped.
#[must_use]
pub fn skipped(skipped: &Skipped) -> String {
    let off = format!("`features.{}` is off", skipped.off.word());
    if skipped.action == ActionKind::Deactivate && skipped.off == Feature::Delete {
        format!("{off}, and switching off may delete here")
    } else {
        off
    }
}

/// So many things of a kind that are skipped: `3 creates`, `2 members not added`.
#[must_use]
pub fn kind_count(kind: ActionKind, number: usize) -> String {
    let one = match kind {
        ActionKind::Adopt => "adoption",
        ActionKind::Rekey => "new key",
        ActionKind::Create => "create",
        ActionKind::Update => "update",
        ActionKind::Deactivate => "deactivation",
        ActionKind::Reactivate => "reactivation",
        ActionKind::Delete => "deletion",
        ActionKind::AdoptGroup => "adoption of a group",
        ActionKind::CreateGroup => "create of a group",
        ActionKind::RenameGroup => "rename of a group",
        ActionKind::DeleteGroup => "deletion of a group",
        ActionKind::AddMembers => "member to add",
        ActionKind::RemoveMembers => "member to remove",
    };
    match one.split_once(' ') {
        Some((head, rest)) => format!("{} {rest}", count(number, head)),
        None => count(number, one),
    }
}

/// The mails of a run, a line for each that there are.
#[must_use]
pub fn mails(mails: Mails) -> Vec<String> {
    let certain = (mails.certain > 0)
        .then(|| format!("this run sends {}", count(mails.certain, "welcome mail")));
    let more = if mails.certain > 0 { "more " } else { "" };
    let possible = (mails.possible > 0).then(|| {
        let mails = count(mails.possible, &format!("{more}mail"));
        format!("this run may send up to {mails}: the vendor does not say")
    });
    certain.into_iter().chain(possible).collect()
}

/// Why a change is due, for people.
#[must_use]
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Assigned { by } if &**by == "everyone" => "everyone is assigned".into(),
        Reason::Assigned { by } if &**by == "name" => "assigned by name".into(),
        Reason::Assigned { by } if &**by == "rule" => "assigned by `when`".into(),
        Reason::Assigned { by } => format!("assigned by {by}"),
        Reason::Matched { by } => format!("is in the app already, by {}", by.short()),
        Reason::Recovered => "made by an earlier run that never heard the answer".into(),
        Reason::Rekeyed { by: SameAs::Joined } => "the roster joins both keys".into(),
        Reason::Rekeyed {
            by: SameAs::Value { by },
        } => format!("the same {} under a new key", by.short()),
        Reason::Changed => "the directory or the mapping says so".into(),
        Reason::Drifted => "was changed in the app".into(),
        Reason::NotTaken => "the app did not keep it the last time".into(),
        Reason::Left(cause) => left(*cause).into(),
        Reason::Returned => "is back".into(),
        Reason::ReturnedAsNew { old } => {
            format!("is back; a new account is made, and the old one ({old}) stays off")
        }
        Reason::Vanished => "was deleted in the app".into(),
        Reason::LateReference => "refers to an account that is made later".into(),
        Reason::Pushed => "the group is pushed".into(),
        Reason::Renamed => "has another name in the directory".into(),
        Reason::NotPushed => "is not pushed any more".into(),
        Reason::Membership => "as in the directory".into(),
        Reason::Resent => "asked for by resend".into(),
        Reason::Undone { run } => format!("undoes the run {run}"),
    }
}

/// Why somebody is out, for people.
#[must_use]
pub fn left(cause: LeaveCause) -> &'static str {
    match cause {
        LeaveCause::Unassigned => "not assigned any more",
        LeaveCause::Disabled => "disabled in the directory",
        LeaveCause::Deleted => "gone from the directory",
    }
}

/// A hold in one line: how much, of what, and the limit it went over.
#[must_use]
pub fn held(id: &str, lane: &str, changes: usize, limit: usize) -> String {
    let undone = lane.strip_prefix("undo ");
    if let Some((run, lane)) = undone.and_then(|rest| rest.split_once(' ')) {
        return format!("{}, to undo the run {run}", held(id, lane, changes, limit));
    }
    let none = changes == 0;
    let changes = count(changes, "change");
    match lane.split_once(':') {
        Some(("reading", source)) if none => {
            format!("{id}: the reading of {source} is in doubt, so nobody counts as missing")
        }
        Some(("reading", source)) => {
            format!("{id}: the reading of {source} is in doubt, and with it {changes} of this app")
        }
        None if lane == "destroyed" => format!(
            "{id}: {changes} may delete the account, and nobody has said that this is meant"
        ),
        None if lane == "rekeyed" => {
            format!("{id}: {changes} of keys in the directory; the limit is {limit} in 24 hours")
        }
        Some(("members", group)) => {
            format!("{id}: too many members of {group} would go; the limit is {limit} in 24 hours")
        }
        _ => format!("{id}: {changes} of {lane}; the limit is {limit} in 24 hours"),
    }
}

/// What to do about a hold.
#[must_use]
pub fn approve(id: &str) -> String {
    format!("if this is right: rollcall approve {id} --because \"…\"")
}

/// Who has undone something, and when.
#[must_use]
pub fn undone(by: &str, at: Timestamp, now: Timestamp) -> String {
    format!("undone by {by} at {}", time(at, now))
}

/// What to do about something that an undo has pinned.
#[must_use]
pub fn unpin(label: &str) -> String {
    format!(
        "left alone until the directory says something else; to have it done after all: rollcall \
         retry {}",
        quoted(label)
    )
}

/// How long something has been so.
#[must_use]
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(since);
    match (age.as_hours() / 24, age.as_hours(), age.as_mins()) {
        (2.., _, _) => count_of(age.as_hours() / 24, "day"),
        (_, 1.., _) => count_of(age.as_hours(), "hour"),
        (_, _, 1..) => count_of(age.as_mins(), "minute"),
        (_, _, _) => "less than a minute".into(),
    }
}

fn count_of(number: i64, one: &str) -> String {
    count(usize::try_from(number).unwrap_or_default(), one)
}

/// Of an account that a person has said is never touched.
pub const IGNORED: &str = "ignored by hand: never touched until `rollcall ignore … --undo`";

/// Of a user whom the config protects.
pub const PROTECTED: &str = "protected: never touched, as `protected:` of the target says";

/// What somebody waits for.
#[must_use]
pub fn waiting(what: WaitingFor) -> &'static str {
    match what {
        WaitingFor::Absence => "missing",
        WaitingFor::Deactivation => "to be deactivated",
        WaitingFor::Deletion => "to be deleted",
        WaitingFor::AnotherTry => "a value is sent again",
        WaitingFor::Retry => "failed, is tried again",
        WaitingFor::Sight { .. } => "sent, not seen yet",
    }
}

/// What somebody waits for, and until when.
#[must_use]
pub fn waits(what: WaitingFor, until: Timestamp, now: Timestamp) -> String {
    let until = time(until, now);
    match what {
        WaitingFor::Sight { since } => {
            let since = time(since, now);
            format!("sent at {since}, not seen yet, waits until {until}")
        }
        WaitingFor::Absence
        | WaitingFor::Deactivation
        | WaitingFor::Deletion
        | WaitingFor::AnotherTry
        | WaitingFor::Retry => format!("{}, waits until {until}", waiting(what)),
    }
}

/// How long changes take at least; `None` where that is not worth a word.
#[must_use]
pub fn estimate(time: Duration, limit: u32, per: Duration) -> Option<String> {
    const WORTH: Duration = Duration::from_mins(1);
    if time < WORTH {
        return None;
    }
    let minutes = time.as_secs().div_ceil(60);
    let time = match minutes {
        0..100 => format!("{minutes} min"),
        100..2_880 => format!("{} h", minutes.div_ceil(60)),
        _ => format!("{} days", minutes.div_ceil(1_440)),
    };
    let limit = count(limit as usize, "request");
    let per = duration::print(per);
    Some(format!(
        "that takes {time} at least: the app allows {limit} in {per}"
    ))
}

/// A point in time: the hour when it is within a day of `now`, else the date. UTC.
#[must_use]
pub fn time(at: Timestamp, now: Timestamp) -> String {
    let near = at.duration_since(now).as_hours().abs() < 20;
    let format = if near {
        "%H:%M UTC"
    } else {
        "%Y-%m-%d %H:%M UTC"
    };
    at.strftime(format).to_string()
}
