//! One person of several rows.
//!
//! Promises that each attribute has the values of one source, and never a mixture. Leaves whose rows
//! they are to [`super`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Joint;
use crate::core::key::UserKey;
use crate::core::user::User;

/// The name under which a config may say who speaks for the manager.
const MANAGER: &str = "manager";

/// Makes one person of `rows`, each of another source, under `key`.
pub(super) fn merge(joint: &Joint, key: UserKey, mut rows: Vec<User>) -> User {
    rows.sort_by_key(|row| joint.place(&row.key.source));
    let label = rows
        .iter()
        .find(|row| has_name(row))
        .or_else(|| rows.iter().find(|row| row.label != row.key.id))
        .or(rows.first())
        .map_or_else(|| Arc::clone(&key.id), |row| Arc::clone(&row.label));
    let manager = rows
        .iter()
        .filter_map(|row| Some((joint.rank(MANAGER, &row.key.source)?, row.manager.clone()?)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, manager)| manager);
    User {
        key,
        label,
        disabled: rows.iter().any(|row| row.disabled),
        manager,
        attributes: attributes(joint, rows),
    }
}

/// Is this person called by a name, and not by the key or the e-mail for want of one?
fn has_name(row: &User) -> bool {
    row.label != row.key.id && row.first("mail") != Some(&*row.label)
}

fn attributes(joint: &Joint, rows: Vec<User>) -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
    let mut best: BTreeMap<Arc<str>, (usize, Vec<Arc<str>>)> = BTreeMap::new();
    for row in rows {
        for (name, values) in row.attributes {
            let Some(rank) = joint.rank(&name, &row.key.source) else {
                continue;
            };
            if best.get(&name).is_none_or(|(known, _)| rank < *known) {
                best.insert(name, (rank, values));
            }
        }
    }
    let best = best.into_iter();
    best.map(|(name, (_, values))| (name, values)).collect()
}
