//! What an undo has pinned: taken out of the changes, and never out of sight.
//!
//! Promises that a pin which no longer holds is lifted by the plan that sees it, and that nothing is
//! sent which refers to what is left alone. Leaves how long a pin holds to [`crate::core::pin`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::skipped::is_about;
use super::{Note, Parked, Plan, View, Waiting, WaitingFor, creates, leaver, returns};
use super::{without_accounts, without_removals};
use crate::core::change::{Action, ActionKind, Change, Member, Subject};
use crate::core::fingerprint::Fingerprint;
use crate::core::key::{GroupKey, UserKey};
use crate::core::pin::{Facts, Pin, Pinned};

/// A change that is not made, because an undo has pinned what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spared {
    /// About whom.
    pub subject: Subject,
    /// What a person calls them.
    pub label: Arc<str>,
    /// What would be done; `None`: it would wait for a person.
    pub action: Option<ActionKind>,
    /// How many things that would change: members one by one.
    pub size: usize,
    /// The pin.
    pub pin: Pin,
}

/// Takes what is pinned out of the plan, learns the facts of new pins, and lifts those that hold no
/// longer.
pub(super) fn pin(view: &View<'_>, plan: &mut Plan) {
    if view.input.state.pins.is_empty() {
        return;
    }
    let pins = Pins::holding(view, plan);
    let mut taken = Taken::default();
    for change in std::mem::take(&mut plan.changes) {
        if is_about(&change, &taken.unmade) {
            continue;
        }
        plan.changes.extend(pins.spare(change, &mut taken));
    }
    taken.unmade.append(&mut taken.off);
    without_accounts(&mut plan.changes, &taken.unmade);
    without_removals(&mut plan.changes, &taken.staying);
    plan.changes.retain(|change| {
        let absent = &taken.groups;
        !matches!(&change.subject, Subject::Group(group) if absent.contains(group))
    });
    pins.spare_parked(plan, &mut taken);
    plan.waiting.retain(|waiting| !pins.ends(waiting));
    plan.notes.retain(|note| !pins.forbids(view, note));
    plan.pinned = taken.spared;
    plan.pinned
        .sort_by(|one, other| (&one.subject, one.action).cmp(&(&other.subject, other.action)));
}

/// What was taken out, and what goes with it.
#[derive(Default)]
struct Taken {
    spared: Vec<Spared>,
    /// Users who get no account.
    unmade: BTreeSet<UserKey>,
    /// Users whose accounts stay off.
    off: BTreeSet<UserKey>,
    /// Users who stay for now.
    staying: BTreeSet<UserKey>,
    /// Groups that the app does not get.
    groups: BTreeSet<GroupKey>,
}

/// The pins that hold.
struct Pins<'a> {
    accounts: BTreeMap<&'a UserKey, &'a Pin>,
    groups: BTreeMap<&'a GroupKey, &'a Pin>,
    members: BTreeMap<(&'a GroupKey, &'a UserKey), &'a Pin>,
}

impl<'a> Pins<'a> {
    /// Those of the state that hold by the facts of this plan.
    fn holding(view: &View<'a>, plan: &mut Plan) -> Self {
        let mut pins = Self {
            accounts: BTreeMap::new(),
            groups: BTreeMap::new(),
            members: BTreeMap::new(),
        };
        let facts = Facts::new(view.input);
        for (pinned, pin) in &view.input.state.pins {
            match facts.of(pinned) {
                Some(now) if pin.facts.is_known() && pin.facts != now => {
                    plan.notes.push(Note::Unpin(pinned.clone()));
                    continue;
                }
                Some(now) if !pin.facts.is_known() => {
                    plan.notes
                        .push(Note::Pin(pinned.clone(), learned(pin, now)));
                }
                Some(_) | None => {}
            }
            match pinned {
                Pinned::Account(user) => {
                    pins.accounts.insert(user, pin);
                }
                Pinned::Group(group) => {
                    pins.groups.insert(group, pin);
                }
                Pinned::Member(group, user) => {
                    pins.members.insert((group, user), pin);
                }
            }
        }
        pins
    }

    /// The pin on a subject as a whole.
    fn on(&self, subject: &Subject) -> Option<&'a Pin> {
        match subject {
            Subject::User(user) => self.accounts.get(user).copied(),
            Subject::Group(group) => self.groups.get(group).copied(),
        }
    }

    /// What of a change is left to do.
    fn spare(&self, mut change: Change, taken: &mut Taken) -> Option<Change> {
        if let (Some(group), Some(members)) = (change.subject.group(), change.action.members_mut())
        {
            let held = self.spare_members(group, members);
            let first = held.first();
            if let Some(pin) = first.map(|member| self.members[&(group, &member.user)]) {
                taken.spared.push(spared(&change, held.len(), pin));
            }
            return (change.action.size() > 0).then_some(change);
        }
        let Some(pin) = self.on(&change.subject) else {
            return Some(change);
        };
        taken
            .spared
            .push(spared(&change, change.action.size(), pin));
        taken.unmade.extend(creates(&change).cloned());
        taken.off.extend(returns(&change).cloned());
        taken.staying.extend(leaver(&change).cloned());
        if let (Subject::Group(group), Action::CreateGroup { .. } | Action::AdoptGroup { .. }) =
            (&change.subject, &change.action)
        {
            taken.groups.insert(group.clone());
        }
        None
    }

    /// Takes pinned members out of those that are to move.
    fn spare_members(&self, group: &GroupKey, members: &mut BTreeSet<Member>) -> Vec<Member> {
        let is_pinned = |member: &Member| self.members.contains_key(&(group, &member.user));
        let held: Vec<Member> = members
            .iter()
            .filter(|one| is_pinned(one))
            .cloned()
            .collect();
        members.retain(|member| !is_pinned(member));
        held
    }

    /// Whoever is pinned waits for nobody.
    fn spare_parked(&self, plan: &mut Plan, taken: &mut Taken) {
        for parked in std::mem::take(&mut plan.parked) {
            let Some(pin) = self.on(&parked.subject) else {
                plan.parked.push(parked);
                continue;
            };
            let is_known = taken.spared.iter().any(|one| one.subject == parked.subject);
            if !is_known {
                taken.spared.push(unparked(parked, pin));
            }
        }
    }

    /// Does the step that is waited for not come, since the account is pinned?
    fn ends(&self, waiting: &Waiting) -> bool {
        let is_step = match waiting.what {
            WaitingFor::Absence | WaitingFor::Deactivation | WaitingFor::Deletion => true,
            WaitingFor::AnotherTry | WaitingFor::Retry | WaitingFor::Sight { .. } => false,
        };
        is_step && self.on(&waiting.subject).is_some()
    }

    /// Would the note link what an undo has unlinked?
    fn forbids(&self, view: &View<'_>, note: &Note) -> bool {
        let state = view.input.state;
        match note {
            Note::Link(link) => {
                self.accounts.contains_key(&link.user) && !state.links.contains_key(&link.user)
            }
            Note::Group(link) => {
                self.groups.contains_key(&link.group) && !state.groups.contains_key(&link.group)
            }
            Note::ForgetUser(_) | Note::ForgetGroup(_) | Note::Pin(..) | Note::Unpin(_) => false,
        }
    }
}

fn learned(pin: &Pin, facts: Fingerprint) -> Pin {
    Pin {
        facts,
        ..pin.clone()
    }
}

fn spared(change: &Change, size: usize, pin: &Pin) -> Spared {
    Spared {
        subject: change.subject.clone(),
        label: Arc::clone(&change.label),
        action: Some(change.action.kind()),
        size,
        pin: pin.clone(),
    }
}

fn unparked(parked: Parked, pin: &Pin) -> Spared {
    Spared {
        subject: parked.subject,
        label: parked.label,
        action: None,
        size: 1,
        pin: pin.clone(),
    }
}
