//! Groups under other keys: a group of a directory that was imported anew is known by its name.
//!
//! Promises that of two groups with one name neither moves. Leaves users to [`super`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Facts, Move};
use crate::core::attribute::Value;
use crate::core::change::{Action, Change, Reason, SameAs, Subject};
use crate::core::fingerprint::Fingerprint;
use crate::core::key::GroupKey;
use crate::core::link::GroupLink;
use crate::core::plan::name_attribute;
use crate::core::reading::Coverage;
use crate::core::user::Group;

/// Group links whose key is gone from a whole reading, while a new pushed group of the same source has
/// the name that was sent.
pub(super) fn groups(facts: &Facts<'_>) -> Vec<Move> {
    let mut by_name: BTreeMap<Fingerprint, Vec<&GroupLink>> = BTreeMap::new();
    for link in facts.state.groups.values() {
        let is_linked_still = !has_vanished(facts, &link.group);
        if link.name.is_known() && !is_linked_still {
            by_name.entry(link.name).or_default().push(link);
        }
    }
    if by_name.is_empty() {
        return Vec::new();
    }
    let pushed = facts.readings.iter().flat_map(|reading| &reading.groups);
    let mut claims: BTreeMap<&GroupKey, Vec<Move>> = BTreeMap::new();
    for group in pushed.filter(|group| facts.rules.push.matches(&group.name)) {
        if facts.state.groups.contains_key(&group.key) {
            continue;
        }
        let print = facts.key.of(&name_attribute(), &Value::text(&group.name));
        let links = by_name.get(&print).map_or(&[][..], Vec::as_slice);
        if let [link] = links
            && link.group.source == group.key.source
        {
            let found = of_group(group, link);
            claims.entry(&link.group).or_default().push(found);
        }
    }
    let sole = claims.into_values().filter(|claims| claims.len() == 1);
    sole.flatten().collect()
}

fn of_group(group: &Group, link: &GroupLink) -> Move {
    Move {
        change: Change {
            subject: Subject::Group(group.key.clone()),
            label: Arc::clone(&group.name),
            action: Action::Rekey {
                from: Subject::Group(link.group.clone()),
                id: link.id.clone(),
            },
            reason: Reason::Rekeyed {
                by: SameAs::Value {
                    by: name_attribute(),
                },
            },
        },
        waits: None,
    }
}

/// Is the group gone from its source, as far as a whole reading tells?
fn has_vanished(facts: &Facts<'_>, group: &GroupKey) -> bool {
    let mut readings = facts.readings.iter();
    let Some(reading) = readings.find(|reading| reading.source == group.source) else {
        return false;
    };
    let mut broken = reading.broken.iter();
    let is_broken = broken.any(|row| row.group.as_ref() == Some(group));
    let found = reading.groups.binary_search_by(|one| one.key.cmp(group));
    reading.coverage == Coverage::Whole && !is_broken && found.is_err()
}
