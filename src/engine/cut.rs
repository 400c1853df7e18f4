//! A proposal cut to one person or one group.
//!
//! Promises that a cut proposal is a part of the whole one, made by the same plan and the same guard:
//! what is left out stays due, and a lane that is held stays held. Leaves carrying it out to
//! [`super::apply`].

use std::collections::BTreeSet;

use super::propose::Proposal;
use super::roster::Roster;
use crate::core::change::{Action, Change, Subject};
use crate::core::guard::Reviewed;
use crate::core::key::{GroupKey, UserKey};
use crate::core::link::GroupLink;
use crate::core::memory::{Hold, TargetState};
use crate::core::plan::{Note, Plan, creates, without_accounts};

/// Whom a proposal is cut to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Who or what it is about; `None`: what an undo sets back.
    pub subject: Option<Subject>,
    /// What a person calls that.
    pub label: String,
    users: BTreeSet<UserKey>,
    group: Option<GroupKey>,
    /// Changes that are due and left out.
    pub left_out: usize,
}

impl Part {
    /// One person, and their memberships of groups that are in the app already.
    #[must_use]
    pub fn of_user(user: &UserKey, label: &str) -> Self {
        Self {
            subject: Some(Subject::User(user.clone())),
            label: label.to_owned(),
            users: BTreeSet::from([user.clone()]),
            group: None,
            left_out: 0,
        }
    }

    /// One group, and everybody who is in it by the directory or may be in the app.
    #[must_use]
    pub fn of_group(group: &GroupKey, label: &str, roster: &Roster, state: &TargetState) -> Self {
        let groups = roster.readings.iter().flat_map(|reading| &reading.groups);
        let now = groups
            .filter(|one| one.key == *group)
            .flat_map(|one| one.members.iter());
        let links = state.groups.get(group).into_iter();
        let before = links.flat_map(GroupLink::possible);
        Self {
            subject: Some(Subject::Group(group.clone())),
            label: label.to_owned(),
            users: now.chain(before).collect(),
            group: Some(group.clone()),
            left_out: 0,
        }
    }

    /// Nothing of what is due for this user or anybody else: all of that stays as it is.
    #[must_use]
    pub(super) fn nothing_of(user: &UserKey, label: &str) -> Self {
        Self {
            subject: Some(Subject::User(user.clone())),
            label: label.to_owned(),
            users: BTreeSet::new(),
            group: None,
            left_out: 0,
        }
    }

    /// What an undo of this run sets back: nothing else of what is due is touched.
    #[must_use]
    pub(super) fn of_undo(run: &str) -> Self {
        Self {
            subject: None,
            label: format!("what undoes {run}"),
            users: BTreeSet::new(),
            group: None,
            left_out: 0,
        }
    }

    /// Is this subject as a whole within the part?
    #[must_use]
    pub fn holds(&self, subject: &Subject) -> bool {
        match subject {
            Subject::User(user) => self.users.contains(user),
            Subject::Group(group) => self.group.as_ref() == Some(group),
        }
    }

    /// The part of a change that is within: of another group only the memberships of the person.
    fn cut(&self, change: &Change, state: &TargetState) -> Option<Change> {
        // A link that moves sends nothing, and what is planned for anybody rests on all of them.
        if self.holds(&change.subject) || matches!(change.action, Action::Rekey { .. }) {
            return Some(change.clone());
        }
        let group = change.subject.group()?;
        if self.group.is_some() || !state.groups.contains_key(group) {
            return None;
        }
        let mut ours = change.clone();
        let members = ours.action.members_mut()?;
        members.retain(|member| self.users.contains(&member.user));
        (!members.is_empty()).then_some(ours)
    }

    fn cut_all(&self, changes: &[Change], state: &TargetState) -> Vec<Change> {
        changes
            .iter()
            .filter_map(|change| self.cut(change, state))
            .collect()
    }

    fn holds_note(&self, note: &Note) -> bool {
        match note {
            Note::Link(link) => self.users.contains(&link.user),
            Note::ForgetUser(user) => self.users.contains(user),
            Note::Group(link) => self.group.as_ref() == Some(&link.group),
            Note::ForgetGroup(group) => self.group.as_ref() == Some(group),
            Note::Pin(pinned, _) | Note::Unpin(pinned) => self.holds(&pinned.subject()),
        }
    }

    /// Does the hold keep something of this part back?
    fn is_held(&self, hold: &Hold, plan: &Plan) -> bool {
        if let Some(source) = hold.lane.strip_prefix("reading:") {
            let group = self.group.iter().map(|group| &group.source);
            let mut sources = self.users.iter().map(|user| &user.source).chain(group);
            return sources.any(|one| one.as_str() == source);
        }
        plan.changes.iter().any(|change| hold.touches(change))
    }
}

/// Cuts a proposal. Nothing is planned or judged anew.
#[must_use]
pub fn cut(proposal: Proposal, mut part: Part) -> Proposal {
    let Proposal {
        reviewed, state, ..
    } = &proposal;
    let mut released = part.cut_all(&reviewed.released, state);
    let kept: BTreeSet<&UserKey> = released.iter().filter_map(creates).collect();
    let unmade: BTreeSet<UserKey> = reviewed
        .plan
        .changes
        .iter()
        .filter_map(creates)
        .filter(|user| !kept.contains(user))
        .cloned()
        .collect();
    without_accounts(&mut released, &unmade);
    let plan = cut_plan(&reviewed.plan, &part, state);
    let held = reviewed.held.iter();
    let held = held.filter(|hold| part.is_held(hold, &plan)).cloned();
    let held = held.collect();
    let size = |changes: &[Change]| -> usize { changes.iter().map(|one| one.action.size()).sum() };
    part.left_out = size(&reviewed.released).saturating_sub(size(&released));
    let reviewed = Reviewed {
        held,
        approved: reviewed.approved.clone(),
        settled: Vec::new(),
        released,
        plan,
    };
    Proposal {
        reviewed,
        part: Some(part),
        ..proposal
    }
}

fn cut_plan(plan: &Plan, part: &Part, state: &TargetState) -> Plan {
    let labels: BTreeSet<String> = plan
        .changes
        .iter()
        .filter(|change| part.holds(&change.subject))
        .map(|change| change.label.to_string())
        .chain([part.label.clone()])
        .collect();
    let is_ours = |text: &&String| {
        let about = text.split_once(": ").map(|(about, _)| about);
        about.is_some_and(|about| labels.contains(about))
    };
    Plan {
        target: plan.target.clone(),
        basis: plan.basis,
        unread: plan.unread,
        changes: part.cut_all(&plan.changes, state),
        parked: plan
            .parked
            .iter()
            .filter(|parked| part.holds(&parked.subject))
            .cloned()
            .collect(),
        skipped: plan
            .skipped
            .iter()
            .filter(|skipped| part.holds(&skipped.subject))
            .cloned()
            .collect(),
        pinned: plan
            .pinned
            .iter()
            .filter(|spared| part.holds(&spared.subject))
            .cloned()
            .collect(),
        waiting: plan
            .waiting
            .iter()
            .filter(|waiting| part.holds(&waiting.subject))
            .cloned()
            .collect(),
        orphans: Vec::new(),
        unassigned: plan
            .unassigned
            .iter()
            .filter(|account| labels.contains(&*account.label))
            .cloned()
            .collect(),
        unknown: Vec::new(),
        warnings: plan.warnings.iter().filter(is_ours).cloned().collect(),
        notes: plan
            .notes
            .iter()
            .filter(|note| part.holds_note(note))
            .cloned()
            .collect(),
    }
}
