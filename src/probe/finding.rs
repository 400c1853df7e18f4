//! What a probe found out, and how sure it is of each thing.
//!
//! Promises that every finding names the requests that showed it. Leaves words to `show`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::line::{Exchange, ProbeError};
use super::made::Left;
use crate::core::attribute::AttrName;
use crate::core::profile::{AuthKind, Profile};

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Two requests or more showed the same.
    SeenTwice,
    /// One request showed it.
    SeenOnce,
    /// Two requests showed different things; the value is what it is by default.
    Contradictory,
    /// Nothing was asked.
    NotProbed,
}

/// What is known of one key of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The key, from the top: `["users", "paging"]`.
    pub key: Vec<String>,
    /// Its value; null where nothing was found out.
    pub value: Json,
    /// How sure.
    pub certainty: Certainty,
    /// What was seen, or why nothing was.
    pub says: String,
    /// The requests that showed it.
    pub shown_by: Vec<Exchange>,
}

/// What came of a probe.
#[derive(Debug)]
pub struct Report {
    /// The app's host.
    pub host: String,
    /// The way we proved who we are.
    pub auth: AuthKind,
    /// What any app was taken to be like.
    pub profile: Profile,
    /// What was found, in the order in which it was asked.
    pub findings: Vec<Finding>,
    /// What no key says.
    pub notes: Vec<String>,
    /// Attributes that the app refuses or drops.
    pub refused: BTreeSet<AttrName>,
    /// Requests that were sent.
    pub requests: u64,
    /// What could not be removed.
    pub left: Vec<Left>,
    /// Why it ended early, if it did.
    pub ended: Option<ProbeError>,
}

/// What was written down so far.
#[derive(Debug, Default)]
pub(super) struct Notebook {
    pub(super) findings: Vec<Finding>,
    pub(super) notes: Vec<String>,
    pub(super) refused: BTreeSet<AttrName>,
}

impl Notebook {
    /// Writes down that `key`, with dots, is `value`.
    pub(super) fn found(
        &mut self,
        key: &str,
        value: impl Into<Json>,
        certainty: Certainty,
        says: impl Into<String>,
        shown_by: &[&Exchange],
    ) {
        let key = key.split('.').map(str::to_owned).collect();
        self.push(key, value.into(), certainty, says.into(), shown_by);
    }

    /// Writes down a rule of an attribute.
    pub(super) fn rule(
        &mut self,
        attribute: &AttrName,
        rule: &str,
        value: impl Into<Json>,
        says: impl Into<String>,
        shown_by: &[&Exchange],
    ) {
        let key = ["attributes", attribute.as_str(), rule];
        let key = key.map(str::to_owned).to_vec();
        let certainty = Certainty::SeenOnce;
        self.push(key, value.into(), certainty, says.into(), shown_by);
    }

    /// Writes down that nothing is known of `key`, and why.
    pub(super) fn unknown(&mut self, key: &str, why: &str) {
        self.found(key, Json::Null, Certainty::NotProbed, why, &[]);
    }

    fn push(
        &mut self,
        key: Vec<String>,
        value: Json,
        certainty: Certainty,
        says: String,
        shown_by: &[&Exchange],
    ) {
        self.findings.push(Finding {
            key,
            value,
            certainty,
            says,
            shown_by: shown_by.iter().copied().cloned().collect(),
        });
    }

    /// The word that was found for `key`.
    pub(super) fn word(&self, key: &str) -> Option<&'static str> {
        let is_it = |finding: &&Finding| finding.key.join(".") == key;
        let value = self.findings.iter().rev().find(is_it)?.value.as_str()?;
        ["list", "object", "filter", "delete", "active"]
            .into_iter()
            .find(|word| *word == value)
    }

    /// Writes down what no key says.
    pub(super) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// Writes down which headers spoke of limits.
    pub(super) fn hints(&mut self, seen: &BTreeMap<String, Exchange>) {
        let first = |names: [&str; 3]| {
            let mut held = names
                .into_iter()
                .filter_map(|name| seen.get_key_value(name));
            held.next()
        };
        let remaining = first([
            "ratelimit-remaining",
            "x-ratelimit-remaining",
            "x-rate-limit-remaining",
        ]);
        let reset = first(["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"]);
        if let (Some((remaining, by)), Some((reset, _))) = (remaining, reset) {
            let says = "answers carry it";
            self.found(
                "rates.headers.remaining",
                &**remaining,
                Certainty::SeenOnce,
                says,
                &[by],
            );
            self.found(
                "rates.headers.reset",
                &**reset,
                Certainty::SeenOnce,
                says,
                &[by],
            );
        }
        if let Some(by) = seen.get("retry-after") {
            self.note(format!("It sent Retry-After, with {}.", by.status));
        }
    }
}
