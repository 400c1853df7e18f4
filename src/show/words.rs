//! The words for counts, times and reasons.
//!
//! Promises that one thing is called the same wherever it is shown. Leaves layout to the others.

use jiff::Timestamp;

use crate::core::change::{ActionKind, Reason};
use crate::core::leaver::LeaveCause;
use crate::core::plan::WaitingFor;

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
        Reason::Changed => "the directory or the mapping says so".into(),
        Reason::Drifted => "was changed in the app".into(),
        Reason::NotTaken => "the app did not keep it the last time".into(),
        Reason::Left(cause) => left(*cause).into(),
        Reason::Returned => "is back".into(),
        Reason::ReturnedAsNew => "is back; this app makes a new account of that".into(),
        Reason::Vanished => "was deleted in the app".into(),
        Reason::LateReference => "refers to an account that is made later".into(),
        Reason::Pushed => "the group is pushed".into(),
        Reason::Renamed => "has another name in the directory".into(),
        Reason::NotPushed => "is not pushed any more".into(),
        Reason::Membership => "as in the directory".into(),
        Reason::Resent => "asked for by resend".into(),
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
    let none = changes == 0;
    let changes = count(changes, "change");
    match lane.split_once(':') {
        Some(("reading", source)) if none => {
            format!("{id}: the reading of {source} is in doubt, so nobody counts as missing")
        }
        Some(("reading", source)) => {
            format!("{id}: the reading of {source} is in doubt, and with it {changes} of this app")
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

/// Of an account that a person has said is never touched.
pub const IGNORED: &str = "ignored by hand: never touched until `rollcall ignore … --undo`";

/// What somebody waits for.
#[must_use]
pub fn waiting(what: WaitingFor) -> &'static str {
    match what {
        WaitingFor::Absence => "missing",
        WaitingFor::Deactivation => "to be deactivated",
        WaitingFor::Deletion => "to be deleted",
        WaitingFor::AnotherTry => "a value is sent again",
    }
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
