//! What is worth a look about a target that can be run.
//!
//! Promises that a remark is no problem: nothing is refused because of one. Leaves showing it to
//! `check`.

use super::TargetConfig;
use super::addresses::BaseUrl;
use crate::core::leaver::LeaveCause;
use crate::core::profile::Deactivation;
use crate::core::rules::Rules;

/// Something that is worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it is.
    pub text: String,
    /// What to do.
    pub hint: String,
}

/// Everything that is worth a look about a target.
#[must_use]
pub fn remarks(target: &TargetConfig) -> Vec<Remark> {
    misfit(target)
        .into_iter()
        .chain(destruction(&target.rules))
        .collect()
}

/// A base URL that looks like no other of its kind.
fn misfit(target: &TargetConfig) -> Option<Remark> {
    let known = BaseUrl::of(&target.rules.profile)?;
    if known.fits(&target.base_url) {
        return None;
    }
    let hint = match known {
        BaseUrl::Fixed(url) => {
            let title = &target.rules.profile.title;
            format!("{title}'s is {url}; if yours is right, leave it")
        }
        BaseUrl::Form { .. } => {
            let shown = known.shown().unwrap_or_default();
            format!("{shown}; if yours is right, leave it")
        }
    };
    Some(Remark {
        text: "`base_url` does not look like the others of this connector".into(),
        hint,
    })
}

/// A deactivation that may be a deletion, which nobody has chosen.
fn destruction(rules: &Rules) -> Option<Remark> {
    let causes = [
        LeaveCause::Unassigned,
        LeaveCause::Disabled,
        LeaveCause::Deleted,
    ];
    let held: Vec<&str> = causes
        .into_iter()
        .filter(|cause| rules.leavers.policy(*cause).deactivate.is_some())
        .filter(|cause| rules.destroys_unasked(*cause))
        .map(LeaveCause::word)
        .collect();
    if held.is_empty() {
        return None;
    }
    let what = match rules.profile.users.deactivate.effect {
        Deactivation::Deletes => "switching an account off deletes it in this app",
        Deactivation::DeletesInvited => {
            "switching an account off deletes it in this app while the invitation is open"
        }
        Deactivation::Unknown
        | Deactivation::Suspends
        | Deactivation::FreesUserName
        | Deactivation::Renames
        | Deactivation::Unlinks => {
            "switching an account off may delete it in this app: the vendor contradicts itself, or \
             nobody has looked"
        }
    };
    let deletes: Vec<String> = held
        .iter()
        .map(|cause| format!("{cause}: delete"))
        .collect();
    Some(Remark {
        text: format!(
            "{what}; each such leaver ({}) is held until a person approves",
            held.join(", ")
        ),
        hint: format!(
            "say what it does, override: {{ users: {{ deactivate: {{ effect: suspends }} }} }}, or that \
             deleting is meant, leavers: {{ {} }}",
            deletes.join(", ")
        ),
    })
}
