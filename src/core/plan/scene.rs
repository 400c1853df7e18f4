//! A small installation for tests: what a target is like, who should have what, what the app holds
//! and what is remembered.
//!
//! Promises the same values for the same words; a user's key, label and `userName` are one word.
//! Leaves what is expected of them to the tests.

mod steps;
mod target;
pub(crate) mod told;

pub(crate) use target::{profile, rules};

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Observed;
use crate::core::account::Account;
use crate::core::attribute::{Attributes, Value};
use crate::core::desired::{Desired, Wanted};
use crate::core::fingerprint::{Fingerprint, FingerprintKey, Fingerprints};
use crate::core::key::{GroupKey, SourceName, UserKey};
use crate::core::link::Link;
use crate::core::memory::TargetState;
use crate::core::reading::{Absence, Reading};
use crate::core::rules::Rules;

/// Pairs of an attribute and its text.
pub(crate) type Texts<'t> = &'t [(&'t str, &'t str)];

/// An installation with one source `hq` and one target `app`.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub rules: Rules,
    pub desired: BTreeMap<UserKey, Desired>,
    pub reading: Reading,
    pub state: TargetState,
    pub observed: Option<Observed>,
    pub absent: BTreeMap<UserKey, Absence>,
    pub now: Timestamp,
}

pub(crate) fn hq() -> SourceName {
    SourceName::new("hq")
}

pub(crate) fn user(id: &str) -> UserKey {
    UserKey::new(&hq(), id)
}

pub(crate) fn group(name: &str) -> GroupKey {
    GroupKey::new(&hq(), format!("k-{name}"))
}

pub(crate) fn key() -> FingerprintKey {
    FingerprintKey::new(&[7; 32])
}

/// When every scene begins.
pub(crate) fn start() -> Timestamp {
    "2027-03-01T09:00:00Z".parse().expect("it is a time")
}

pub(crate) fn days(count: u64) -> Duration {
    Duration::from_hours(24 * count)
}

pub(crate) fn print(name: &str, text: &str) -> Fingerprint {
    key().of(&name.into(), &Value::text(text))
}

fn texts(user_name: &str, values: Texts<'_>) -> Attributes {
    values
        .iter()
        .chain([&("userName", user_name)])
        .map(|(name, text)| ((*name).into(), Value::text(text)))
        .collect()
}

/// An account called `user_name`, which also holds `values`.
pub(crate) fn account(id: &str, user_name: &str, active: bool, values: Texts<'_>) -> Account {
    Account {
        id: id.into(),
        label: user_name.to_owned(),
        active,
        attributes: texts(user_name, values),
        raw: serde_json::value::RawValue::from_string("{}".into()).expect("it is JSON"),
    }
}

/// Somebody, wanted or not, who is found by the user name.
pub(crate) fn desired(id: &str, wanted: Wanted) -> Desired {
    Desired {
        user: user(id),
        label: id.into(),
        wanted,
        keys: vec![("userName".into(), id.into())],
        warnings: Vec::new(),
    }
}

/// The link of an account that holds what was sent to it.
pub(crate) fn link(id: &str, account: &str, values: Texts<'_>) -> Link {
    let prints: Fingerprints = texts(id, values)
        .iter()
        .map(|(name, value)| (name.clone(), key().of(name, value)))
        .collect();
    Link {
        user: user(id),
        id: account.into(),
        ours: true,
        active: true,
        sent: prints.clone(),
        held: prints,
        refused: BTreeMap::new(),
        left: None,
        unseen: BTreeMap::new(),
    }
}
