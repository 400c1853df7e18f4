//! What sets a run back: the plan, what is unlinked, and what stays.
//!
//! `undo --format json`: `run` and `targets[]`, each as a target of `sync` (see [`super::json`]) with
//! `unlinked[]` (`subject`, `id`) and `lasting[]` (`subject`, `action`, `reason`).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::json::TargetJson;
use super::plan::PlanText;
use super::problem::{self, Trouble};
use super::words;
use super::{DIM, MINUS, PLUS, styled};
use crate::core::key::{TargetName, UserKey};
use crate::core::plan::reversal::{Lasting, Unlink};
use crate::core::profile::Profile;
use crate::engine::undo::Undoing;

/// The whole answer of `undo --format json`.
#[derive(Debug, Default, Serialize)]
pub struct UndoJson {
    /// The run that is taken back.
    pub run: String,
    /// One entry a target in which it did something.
    pub targets: Vec<UndoneJson>,
}

/// One target.
#[derive(Debug, Default, Serialize)]
pub struct UndoneJson {
    /// What sets it back.
    #[serde(flatten)]
    pub plan: TargetJson,
    /// Links that are forgotten; nothing is sent for them.
    pub unlinked: Vec<UnlinkedJson>,
    /// What stays as it is.
    pub lasting: Vec<LastingJson>,
}

/// A link that is forgotten.
#[derive(Debug, Serialize)]
pub struct UnlinkedJson {
    /// What a person calls whose it was.
    pub subject: String,
    /// The account or group of the app.
    pub id: String,
}

/// Something that stays as it is.
#[derive(Debug, Serialize)]
pub struct LastingJson {
    /// What a person calls the subject.
    pub subject: String,
    /// What the run did.
    pub action: &'static str,
    /// Why it stays.
    pub reason: String,
}

impl UndoneJson {
    /// What sets a run back in one target.
    #[must_use]
    pub fn of(undoing: &Undoing, profile: &Profile) -> Self {
        Self {
            plan: TargetJson::of(&undoing.proposal.reviewed, profile, &BTreeMap::new()),
            unlinked: undoing.unlinks.iter().map(unlinked).collect(),
            lasting: undoing.lasting.iter().map(lasting).collect(),
        }
    }

    /// A target that could not be read.
    #[must_use]
    pub fn failed(name: &TargetName, trouble: &Trouble) -> Self {
        Self {
            plan: TargetJson {
                target: name.to_string(),
                error: Some(problem::headline(trouble)),
                ..TargetJson::default()
            },
            ..Self::default()
        }
    }
}

fn unlinked(unlink: &Unlink) -> UnlinkedJson {
    UnlinkedJson {
        subject: unlink.label.to_string(),
        id: unlink.id.to_string(),
    }
}

fn lasting(lasting: &Lasting) -> LastingJson {
    LastingJson {
        subject: lasting.label.to_string(),
        action: lasting.action.word(),
        reason: lasting.why.clone(),
    }
}

/// What sets a run back, with what surrounds it.
pub struct UndoText<'a> {
    /// It.
    pub undoing: &'a Undoing,
    /// What the app is like, for its side effects.
    pub profile: &'a Profile,
    /// What people are called, for references.
    pub labels: &'a BTreeMap<UserKey, Arc<str>>,
    /// The run.
    pub run: &'a str,
    /// The time.
    pub now: Timestamp,
}

impl UndoText<'_> {
    /// The whole text.
    #[must_use]
    pub fn render(&self) -> String {
        let plan = PlanText {
            reviewed: &self.undoing.proposal.reviewed,
            profile: self.profile,
            labels: self.labels,
            part: self.undoing.proposal.part.as_ref(),
            now: self.now,
        };
        let mut text = plan.render();
        self.unlinked(&mut text);
        self.lasting(&mut text);
        if self.undoing.is_empty() {
            let _ = writeln!(
                text,
                "  {}",
                styled(
                    PLUS,
                    format!("nothing is left of {} to take back", self.run)
                )
            );
        } else {
            let _ = writeln!(
                text,
                "  {}",
                styled(
                    DIM,
                    "what is taken back is pinned: later runs leave it alone until the directory \
                     says something else, or until `rollcall retry NAME`"
                )
            );
        }
        text.push('\n');
        text
    }

    fn unlinked(&self, text: &mut String) {
        if self.undoing.unlinks.is_empty() {
            return;
        }
        let title = "unlinked: these stay as they are in the app, and are nobody's";
        let _ = writeln!(text, "\n  {}", styled(DIM, title));
        for unlink in &self.undoing.unlinks {
            let _ = writeln!(
                text,
                "    {} {} ({})",
                styled(DIM, "="),
                unlink.label,
                unlink.id
            );
        }
    }

    fn lasting(&self, text: &mut String) {
        if self.undoing.lasting.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n  {}", styled(MINUS, "stays as it is"));
        for lasting in &self.undoing.lasting {
            let _ = writeln!(
                text,
                "    {} {} {}: {}",
                styled(MINUS, "!"),
                words::action(lasting.action),
                lasting.label,
                lasting.why
            );
        }
    }
}
