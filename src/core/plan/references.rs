//! The order of new accounts: whoever is referred to comes first.
//!
//! Promises that a reference needs a second write only where accounts refer to each other in a
//! circle. Leaves references to accounts that are there already to the comparison.

use std::collections::{BTreeMap, BTreeSet};

use super::{creates, referred};
use crate::core::attribute::{AttrChange, AttrName, Value};
use crate::core::change::{Action, Change, Reason};
use crate::core::key::UserKey;

/// Puts every create after the creates it refers to; a reference that closes a circle becomes an
/// update after them all. Other changes keep their places around the block of creates.
pub(super) fn order(changes: &mut Vec<Change>) {
    let Some(first) = changes.iter().position(is_create) else {
        return;
    };
    let (makers, mut rest): (Vec<Change>, Vec<Change>) =
        std::mem::take(changes).into_iter().partition(is_create);
    let at = first.min(rest.len());
    let tail = rest.split_off(at);
    let (ordered, late) = sort(makers);
    rest.extend(ordered);
    rest.extend(tail);
    rest.extend(late);
    *changes = rest;
}

fn is_create(change: &Change) -> bool {
    creates(change).is_some()
}

/// Emits creates in rounds: those whose references are all there. When a round finds nobody, the
/// first of the rest gives up its references to the rest.
fn sort(makers: Vec<Change>) -> (Vec<Change>, Vec<Change>) {
    let mut pending: BTreeMap<UserKey, Change> = makers
        .into_iter()
        .filter_map(|change| Some((creates(&change)?.clone(), change)))
        .collect();
    let mut ordered = Vec::with_capacity(pending.len());
    let mut late = Vec::new();
    while !pending.is_empty() {
        let ready: Vec<UserKey> = pending
            .iter()
            .filter(|(_, change)| {
                referred(&change.action).all(|other| !pending.contains_key(other))
            })
            .map(|(key, _)| key.clone())
            .collect();
        if ready.is_empty() {
            let stuck: BTreeSet<UserKey> = pending.keys().cloned().collect();
            if let Some(change) = on_a_circle(&pending).and_then(|key| pending.get_mut(&key)) {
                late.extend(postpone(change, &stuck));
            }
        }
        ordered.extend(ready.into_iter().filter_map(|key| pending.remove(&key)));
    }
    (ordered, late)
}

/// Somebody on a circle: follow references from the first one until somebody comes twice.
fn on_a_circle(pending: &BTreeMap<UserKey, Change>) -> Option<UserKey> {
    let mut seen = BTreeSet::new();
    let mut at = pending.keys().next()?.clone();
    while seen.insert(at.clone()) {
        at = referred(&pending.get(&at)?.action)
            .find(|other| pending.contains_key(*other))?
            .clone();
    }
    Some(at)
}

/// Takes the references to `stuck` out of a create and gives the update that adds them later.
fn postpone(change: &mut Change, stuck: &BTreeSet<UserKey>) -> Option<Change> {
    let Action::Create { attributes } = &mut change.action else {
        return None;
    };
    let names: Vec<AttrName> = attributes
        .iter()
        .filter(|(_, value)| matches!(value, Value::Account(key) if stuck.contains(key)))
        .map(|(name, _)| name.clone())
        .collect();
    let later = names
        .iter()
        .filter_map(|name| {
            Some(AttrChange {
                name: name.clone(),
                old: None,
                new: Some(attributes.remove(name)?),
            })
        })
        .collect();
    Some(Change {
        subject: change.subject.clone(),
        label: change.label.clone(),
        action: Action::Update { attributes: later },
        reason: Reason::LateReference,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::attribute::Attributes;
    use crate::core::change::Subject;
    use crate::core::key::SourceName;

    fn create(name: &str, manager: Option<&str>) -> Change {
        let source = SourceName::new("hq");
        let mut attributes = Attributes::new();
        if let Some(manager) = manager {
            attributes.insert(
                "manager".into(),
                Value::Account(UserKey::new(&source, manager)),
            );
        }
        Change {
            subject: Subject::User(UserKey::new(&source, name)),
            label: name.into(),
            action: Action::Create { attributes },
            reason: Reason::Vanished,
        }
    }

    fn labels(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|change| format!("{} {}", change.action.kind().word(), change.label))
            .collect()
    }

    #[test]
    fn managers_come_first() {
        let mut changes = vec![
            create("a", Some("b")),
            create("b", Some("c")),
            create("c", None),
            create("d", Some("elsewhere")),
        ];
        order(&mut changes);
        assert_eq!(
            labels(&changes),
            ["create c", "create d", "create b", "create a"]
        );
    }

    #[test]
    fn a_circle_costs_one_late_reference() {
        let mut changes = vec![
            create("a", Some("b")),
            create("b", Some("a")),
            create("c", Some("a")),
        ];
        order(&mut changes);
        assert_eq!(
            labels(&changes),
            ["create a", "create b", "create c", "update a"]
        );
    }

    #[test]
    fn nobody_is_lost_when_somebody_is_their_own_manager() {
        let mut changes = vec![create("a", Some("a"))];
        order(&mut changes);
        assert_eq!(labels(&changes), ["create a", "update a"]);
    }
}
