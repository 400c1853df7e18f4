//! The fingerprint of what a change would send.
//!
//! Promises that it differs when anything that is sent differs, an account that is referred to
//! included, and not when only what the app happens to hold does. Leaves parking to the engine.

use std::collections::BTreeMap;

use super::dependence::referred;
use crate::core::attribute::{AttrName, Value};
use crate::core::change::{Action, Change};
use crate::core::fingerprint::{Fingerprint, FingerprintKey};
use crate::core::key::UserKey;
use crate::core::link::Link;

/// The fingerprint of what a change would send: a parked change is tried again when it differs, also
/// when only an account that it refers to is another one now.
#[must_use]
pub fn content(
    key: &FingerprintKey,
    change: &Change,
    links: &BTreeMap<UserKey, Link>,
) -> Fingerprint {
    let accounts: Vec<&str> = referred(&change.action)
        .map(|user| links.get(user).map_or("", |link| link.id.as_str()))
        .collect();
    key.of(
        &AttrName::new("change"),
        &Value::text(format!("{} {accounts:?}", what_is_sent(&change.action))),
    )
}

/// An action without what the app happens to hold now.
fn what_is_sent(action: &Action) -> String {
    match action {
        Action::Update { attributes } | Action::Reactivate { attributes } => {
            let new: Vec<_> = attributes
                .iter()
                .map(|attribute| (&attribute.name, &attribute.new))
                .collect();
            format!("{} {new:?}", action.kind().word())
        }
        Action::Adopt { .. }
        | Action::Rekey { .. }
        | Action::Create { .. }
        | Action::Deactivate
        | Action::Delete
        | Action::AdoptGroup { .. }
        | Action::CreateGroup { .. }
        | Action::RenameGroup { .. }
        | Action::DeleteGroup
        | Action::AddMembers { .. }
        | Action::RemoveMembers { .. } => format!("{action:?}"),
    }
}
