//! What `sync --user` and `sync --group` are cut to.
//!
//! Promises that the names are found before any app is asked. Leaves the cut to
//! [`crate::engine::cut`].

use super::Trouble;
use super::people::{self, Candidate};
use crate::core::key::{GroupKey, UserKey};
use crate::core::rules::Rules;
use crate::engine::cut::{Part, cut};
use crate::engine::propose::Proposal;
use crate::engine::roster::Roster;

/// One person or one group.
#[derive(Clone, Debug)]
pub(super) enum Only {
    /// This person.
    User(UserKey, String),
    /// This group, with its members.
    Group(GroupKey, String),
}

impl Only {
    /// What the command line names, if it names anything.
    ///
    /// # Errors
    /// When nobody or several are called so.
    pub fn of(
        user: Option<&str>,
        group: Option<&str>,
        roster: &Roster,
        rules: &[&Rules],
    ) -> Result<Option<Self>, Trouble> {
        if let Some(name) = user {
            let everybody = people::of_roster(roster, rules);
            let user = &people::pick(name, &everybody, people::NO_USER)?.item;
            return Ok(Some(Self::User(user.key.clone(), user.label.to_string())));
        }
        let Some(name) = group else {
            return Ok(None);
        };
        let all = groups(roster);
        let found = people::pick(name, &all, "no source has a group")?;
        let (key, label) = (found.item.clone(), found.label.clone());
        let is_pushed = |rules: &&Rules| rules.push.matches(&label);
        if !rules.iter().any(is_pushed) {
            return Err(Trouble::new(
                format!("the group {label} is pushed to none of these targets"),
                Some("name it under `groups: { push: […] }` of a target"),
            ));
        }
        Ok(Some(Self::Group(key, label)))
    }

    /// The part of a proposal that is meant.
    pub fn cut(&self, proposal: Proposal, roster: &Roster) -> Proposal {
        let part = match self {
            Self::User(user, label) => Part::of_user(user, label),
            Self::Group(group, label) => Part::of_group(group, label, roster, &proposal.state),
        };
        cut(proposal, part)
    }
}

fn groups(roster: &Roster) -> Vec<Candidate<GroupKey>> {
    let groups = roster.readings.iter().flat_map(|reading| &reading.groups);
    groups
        .map(|group| Candidate {
            item: group.key.clone(),
            key: group.key.to_string(),
            label: group.name.to_string(),
            names: vec![group.name.to_string()],
        })
        .collect()
}
