//! Which rows belong together: those that give the same join key.
//!
//! Promises that no row belongs to two people, and that where two rows of one source give the same
//! key, none of that key is used. Leaves making people of them to [`super`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Joint;
use crate::core::attribute::Value;
use crate::core::crowd::Crowd;
use crate::core::expression::{Program, Subject};
use crate::core::key::{SourceName, UserKey};
use crate::core::reading::{BrokenRow, Reading};
use crate::core::text::fold;
use crate::core::user::User;

/// The rows that belong together.
pub(super) struct Ties {
    /// Rows of different sources that are one person, by the join key.
    pub(super) people: Vec<Vec<UserKey>>,
    /// Rows of several people with one key, as broken rows.
    pub(super) clashes: Vec<BrokenRow>,
    /// The same, as keys.
    pub(super) clashing: BTreeSet<UserKey>,
    /// How many rows give no key, by source.
    pub(super) keyless: BTreeMap<SourceName, usize>,
}

/// A row that gives a join key.
struct Row {
    key: UserKey,
    label: Arc<str>,
}

impl Ties {
    pub(super) fn of(joint: &Joint, readings: &[Reading]) -> Self {
        let mut ties = Self {
            people: Vec::new(),
            clashes: Vec::new(),
            clashing: BTreeSet::new(),
            keyless: BTreeMap::new(),
        };
        let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        let crowd = Crowd::of(readings);
        for person in crowd.portions().flatten() {
            let user = &person.user;
            let source = &user.key.source;
            let program = joint.keys.get(source);
            match program.and_then(|program| join_key(program, user, &person.groups)) {
                Some(key) => rows.entry(key).or_default().push(Row {
                    key: user.key.clone(),
                    label: Arc::clone(&user.label),
                }),
                None => *ties.keyless.entry(source.clone()).or_default() += 1,
            }
        }
        for mut rows in rows.into_values() {
            rows.sort_by_key(|row| (joint.place(&row.key.source), row.key.clone()));
            ties.tie(rows);
        }
        ties
    }

    fn tie(&mut self, rows: Vec<Row>) {
        let sources: BTreeSet<&SourceName> = rows.iter().map(|row| &row.key.source).collect();
        if sources.len() == rows.len() {
            self.people
                .push(rows.into_iter().map(|row| row.key).collect());
            return;
        }
        let names: Vec<String> = rows
            .iter()
            .map(|row| format!("{} ({})", row.label, row.key))
            .collect();
        let problem = format!(
            "{} have one join key; until it is one person's, they stay as they are",
            names.join(" and ")
        );
        for row in rows {
            self.clashing.insert(row.key.clone());
            self.clashes.push(BrokenRow {
                place: row.key.to_string(),
                user: Some(row.key),
                group: None,
                problem: problem.clone(),
            });
        }
    }
}

/// What joins this row with others, without regard to case; a list, nothing, or an expression that
/// fails joins nobody.
fn join_key(program: &Program, user: &User, groups: &[Arc<str>]) -> Option<String> {
    match program.value(&Subject::new(user, groups)) {
        Ok(Some(Value::Text(text))) => Some(fold(text.trim())).filter(|key| !key.is_empty()),
        Ok(Some(Value::Int(number))) => Some(number.to_string()),
        Ok(Some(Value::Bool(_) | Value::List(_) | Value::Account(_)) | None) | Err(_) => None,
    }
}
