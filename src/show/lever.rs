//! What a lever says once it is pulled.
//!
//! Promises that each says what follows and what to do next. Leaves refusals to [`super::problem`].

use super::{BOLD, MINUS, PLUS, styled};
use crate::core::account::Account;
use crate::core::key::{RemoteId, TargetName};
use crate::core::text::quoted;
use crate::engine::resend::Resent;

/// An account that was linked by hand.
#[must_use]
pub fn linked(target: &TargetName, user: &str, account: &Account) -> String {
    let off = if account.active { "" } else { ", switched off" };
    format!(
        "{} {user} has the account {} ({}{off}) in {target}\n  {} rollcall sync --user {} \
         --target {target} --dry-run\n",
        styled(PLUS, "linked:"),
        account.label,
        account.id,
        styled(BOLD, "what is due now:"),
        quoted(user)
    )
}

/// A link that was forgotten by hand.
#[must_use]
pub fn unlinked(target: &TargetName, user: &str, id: &RemoteId) -> String {
    format!(
        "{} the account {id} of {target} is not {user}'s any more; it stays as it is in the app\n  \
         {} rollcall link {} {target} {}\n",
        styled(PLUS, "unlinked:"),
        styled(BOLD, "to take that back:"),
        quoted(user),
        quoted(id.as_str())
    )
}

/// Something that is never touched from now on, or is again.
#[must_use]
pub fn ignored(target: &TargetName, label: &str, undone: bool) -> String {
    if undone {
        return format!(
            "{} {label} of {target} is treated like any other again\n",
            styled(PLUS, "not ignored any more:")
        );
    }
    format!(
        "{} {label} of {target} is never touched, until `ignore … --undo`\n",
        styled(PLUS, "ignored:")
    )
}

/// A config that is in force now; `changes` are what is different, a line each.
#[must_use]
pub fn reloaded(changes: &[String]) -> String {
    let head = styled(PLUS, "reloaded:");
    if changes.is_empty() {
        return format!("{head} nothing is different; secrets were fetched again\n");
    }
    let mut text = format!("{head} the config is in force\n");
    for change in changes {
        text.push_str(&format!("  · {change}\n"));
    }
    text
}

/// A config that was refused.
#[must_use]
pub fn not_reloaded(problem: &str) -> String {
    let problem = problem.trim_end();
    format!(
        "{problem}\n{} the daemon goes on with the config from before\n",
        styled(MINUS.bold(), "not reloaded:")
    )
}

/// What came of switching an account off and on again.
#[must_use]
pub fn resent(target: &TargetName, user: &str, resent: &Resent) -> String {
    let mend = format!("rollcall sync --user {} --target {target}", quoted(user));
    match resent {
        Resent::Done => format!(
            "{} the account of {user} in {target} was switched off and on again\n",
            styled(PLUS, "resent:")
        ),
        Resent::NotOff { reason } => format!(
            "{} the account of {user} in {target} was not switched off, so nothing was sent anew: \
             {reason}\n  {} it is on, as before; try again, or have the mail sent in the app itself\n",
            styled(MINUS.bold(), "not resent:"),
            styled(BOLD, "hint:")
        ),
        Resent::StillOff { reason } => format!(
            "{} the account of {user} in {target} may be off now, and could not be switched on: \
             {reason}\n  switching it on is due, and the next sync does it\n  {} {mend}; if that \
             fails too, switch it on in the app by hand\n",
            styled(MINUS.bold(), "LOCKED OUT:"),
            styled(BOLD, "at once:")
        ),
    }
}
