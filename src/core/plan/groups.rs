//! The changes of groups and their members.
//!
//! Promises deltas only: a group is never emptied and filled again, and members who are nobody's
//! accounts stay. Leaves chunks and ids that come into being on the way to the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::pushed::{
    changes_groups, deletes_groups, is_managed, makes_groups, pushed, renames_groups,
};
use super::{Note, Parked, Plan, Standing, Standings, View, leaver};
use crate::core::account::AppGroup;
use crate::core::attribute::{AttrName, Value};
use crate::core::change::{Action, Change, Member, Reason, Subject};
use crate::core::desired::Wanted;
use crate::core::fingerprint::Fingerprint;
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::GroupLink;
use crate::core::members::Members;
use crate::core::profile::GroupRules;
use crate::core::reading::{Coverage, Reading};
use crate::core::rules::{Drift, GroupGone};
use crate::core::settle::Pending;
use crate::core::text;
use crate::core::user::Group;

/// The attribute that a group's name is remembered under.
#[must_use]
pub(crate) fn name_attribute() -> AttrName {
    AttrName::new("displayName")
}

/// Plans every pushed group, and those that are not pushed any more.
pub(super) fn plan_groups(view: &View<'_>, standings: &Standings<'_>, plan: &mut Plan) {
    if !view.input.rules.profile.has_groups() {
        return;
    }
    let mut groups = Groups::new(view, standings, plan);
    let pushed = pushed(view.input.rules, view.input.readings, plan);
    groups.claims = groups.claimed(pushed.values().copied());
    for group in pushed.values() {
        groups.plan_pushed(group, plan);
    }
    for link in view.input.state.groups.values() {
        if !pushed.contains_key(&link.group) {
            groups.plan_not_pushed(link, plan);
        }
    }
    for pattern in &view.input.rules.push.patterns {
        let fits = |group: &Group| crate::core::rules::glob(pattern, &group.name);
        let mut groups = view.input.readings.iter().flat_map(|read| &read.groups);
        if !groups.any(fits) {
            plan.unknown
                .push(format!("groups: no source has a group like `{pattern}`"));
        }
    }
}

struct Groups<'a> {
    view: &'a View<'a>,
    standings: &'a Standings<'a>,
    labels: BTreeMap<&'a UserKey, &'a Arc<str>>,
    /// Accounts that are somebody's, by id.
    owners: BTreeMap<RemoteId, UserKey>,
    /// Accounts that were somebody's before a request made another one, by id.
    former: BTreeMap<&'a RemoteId, &'a UserKey>,
    /// Users whom this plan sees out.
    leavers: BTreeMap<UserKey, Arc<str>>,
    by_id: BTreeMap<&'a RemoteId, &'a AppGroup>,
    linked: BTreeSet<&'a RemoteId>,
    /// Groups of ours that a free group of the app fits, by its id.
    claims: BTreeMap<&'a RemoteId, Vec<&'a GroupKey>>,
}

/// What those are called whom the plan sees out: they may be gone from the source.
fn leavers(plan: &Plan) -> BTreeMap<UserKey, Arc<str>> {
    plan.changes
        .iter()
        .filter_map(|change| Some((leaver(change)?.clone(), Arc::clone(&change.label))))
        .collect()
}

/// A pushed group as it stands in the app.
struct Present {
    /// Members whom the app has, as far as they are ours.
    members: BTreeSet<UserKey>,
    /// Members whom it has acknowledged to us.
    acknowledged: BTreeSet<UserKey>,
    /// Others who may be in: a request about them had no answer, and the app does not show them.
    in_doubt: BTreeSet<UserKey>,
    /// Users whose former account is in, or may be.
    former: BTreeSet<UserKey>,
}

impl<'a> Groups<'a> {
    fn new(view: &'a View<'a>, standings: &'a Standings<'a>, plan: &Plan) -> Self {
        let mut owners: BTreeMap<RemoteId, UserKey> = view
            .input
            .state
            .links
            .values()
            .filter(|link| view.link(&link.user).is_some())
            .map(|link| (link.id.clone(), link.user.clone()))
            .collect();
        owners.extend(plan.notes.iter().filter_map(|note| match note {
            Note::Link(link) => Some((link.id.clone(), link.user.clone())),
            Note::ForgetUser(_)
            | Note::Group(_)
            | Note::ForgetGroup(_)
            | Note::Pin(..)
            | Note::Unpin(_) => None,
        }));
        let observed = view
            .input
            .observed
            .map_or(&[][..], |observed| &observed.groups);
        Self {
            view,
            standings,
            labels: view
                .input
                .desired
                .iter()
                .map(|desired| (&desired.user, &desired.label))
                .collect(),
            leavers: leavers(plan),
            owners,
            former: view.former().collect(),
            by_id: observed.iter().map(|group| (&group.id, group)).collect(),
            linked: view
                .input
                .state
                .groups
                .values()
                .map(|link| &link.id)
                .collect(),
            claims: BTreeMap::new(),
        }
    }

    fn claimed(
        &self,
        pushed: impl Iterator<Item = &'a Group>,
    ) -> BTreeMap<&'a RemoteId, Vec<&'a GroupKey>> {
        let mut claims: BTreeMap<&RemoteId, Vec<&GroupKey>> = BTreeMap::new();
        for group in pushed.filter(|group| self.link(group).is_none()) {
            for found in self.find(group) {
                claims.entry(&found.id).or_default().push(&group.key);
            }
        }
        claims
    }

    /// The link of a group, if the app still has it.
    fn link(&self, group: &Group) -> Option<&'a GroupLink> {
        let link = self.view.input.state.groups.get(&group.key)?;
        (!self.view.input.is_gone(&link.id)).then_some(link)
    }

    fn plan_pushed(&self, group: &Group, plan: &mut Plan) {
        match self.link(group) {
            Some(link) => self.plan_linked(group, link, plan),
            None => self.plan_unlinked(group, plan),
        }
    }

    /// What the app does with groups.
    fn rules(&self) -> &'a GroupRules {
        &self.view.input.rules.profile.groups
    }

    fn plan_linked(&self, group: &Group, link: &GroupLink, plan: &mut Plan) {
        let (observed, pending) = self.seen(link);
        let mut learned = link.clone();
        match pending {
            Some(pending) => {
                let subject = Subject::Group(group.key.clone());
                plan.wait_for_sight(subject, &group.name, pending);
            }
            None if observed.is_some() => learned.unseen = None,
            None => {}
        }
        self.plan_name(group, link, observed, &mut learned, plan);
        let present = self.present(observed, Some(link));
        let wanted = self.wanted(group);
        // What drifted and is not repaired stays acknowledged, or the next plan would take it for new.
        let kept = present.acknowledged.iter().filter(|_| !self.repairs());
        let members: BTreeSet<UserKey> = present
            .members
            .iter()
            .filter(|user| link.may_hold(user) || wanted.contains(*user))
            .chain(kept.filter(|user| wanted.contains(*user)))
            .cloned()
            .collect();
        if !self.uneven(&link.members).eq(members.iter().cloned()) {
            let is_in = |user: &UserKey| self.view.is_even(user) || members.contains(user);
            learned.members.retain(is_in);
            learned.members.extend(members);
        }
        learned.in_doubt.clone_from(&present.in_doubt);
        if learned != *link {
            plan.notes.push(Note::Group(learned));
        }
        self.plan_members(group, &present, plan);
    }

    /// The group as the app shows it; while that may lag behind what it acknowledged, nothing, and
    /// the write that is not seen yet.
    fn seen(&self, link: &GroupLink) -> (Option<&'a AppGroup>, Option<Pending>) {
        let shown = self.by_id.get(&link.id).copied();
        let input = self.view.input;
        let pending = link
            .pending(&input.rules.profile, input.now)
            .filter(|_| match shown {
                Some(shown) => !self.shows_all(shown, link),
                None => self.view.is_unseen(&link.id),
            });
        (shown.filter(|_| pending.is_none()), pending)
    }

    /// Does the app show all that it has acknowledged?
    fn shows_all(&self, shown: &AppGroup, link: &GroupLink) -> bool {
        let members = shown.members.as_ref().is_none_or(|ids| {
            let ours: BTreeSet<&UserKey> =
                ids.iter().filter_map(|id| self.owners.get(id)).collect();
            ours.into_iter().cloned().eq(&link.members)
        });
        members && self.print(&shown.name) == link.name
    }

    /// Who should be in the group: its members with an account here, but for those who are even.
    fn wanted(&self, group: &Group) -> BTreeSet<UserKey> {
        self.uneven(&group.members)
            .filter(|user| self.standings.contains_key(user))
            .collect()
    }

    /// Those of them who are not even. Whoever is even is in a group here and there, or in neither.
    fn uneven<'m>(&'m self, members: &'m Members) -> impl Iterator<Item = UserKey> + 'm {
        members.iter().filter(|user| !self.view.is_even(user))
    }

    fn plan_unlinked(&self, group: &Group, plan: &mut Plan) {
        match self.find(group).as_slice() {
            [] if makes_groups(self.rules()) => self.plan_created(group, plan),
            [] => self.park_missing(group, plan),
            [one] => match self.claims.get(&one.id).map(Vec::as_slice) {
                Some([_, _, ..]) => self.park_claimed(group, one, plan),
                Some([_] | []) | None => self.plan_adopted(group, one, plan),
            },
            several => {
                let ids: Vec<&str> = several.iter().map(|group| group.id.as_str()).collect();
                let reason = format!("several groups in the app fit: {}", ids.join(", "));
                let hint = "rename or remove all but one of them in the app";
                park(group, reason, hint, plan);
            }
        }
    }

    /// The app has its own groups only, and none that fits. Where nobody looked, nothing is known.
    fn park_missing(&self, group: &Group, plan: &mut Plan) {
        if self.view.input.observed.is_none() {
            return;
        }
        let reason = "the app has no group of this name, and makes none for us".into();
        let hint =
            "give the group the name of one in the app, or take it out of `groups: { push }`";
        park(group, reason, hint, plan);
    }

    fn plan_created(&self, group: &Group, plan: &mut Plan) {
        if self.is_too_large(group, plan) {
            return;
        }
        let vanished = self.view.input.state.groups.contains_key(&group.key);
        let reason = if vanished {
            Reason::Vanished
        } else {
            Reason::Pushed
        };
        let action = Action::CreateGroup {
            name: Arc::clone(&group.name),
        };
        plan.changes.push(change(group, action, reason));
        self.plan_members(group, &self.present(None, None), plan);
    }

    fn plan_adopted(&self, group: &Group, one: &'a AppGroup, plan: &mut Plan) {
        let action = Action::AdoptGroup { id: one.id.clone() };
        let by = name_attribute();
        plan.changes
            .push(change(group, action, Reason::Matched { by }));
        let present = self.present(Some(one), None);
        let wanted = self.wanted(group);
        let members = present.members.iter().filter(|user| wanted.contains(user));
        plan.notes.push(Note::Group(GroupLink {
            group: group.key.clone(),
            id: one.id.clone(),
            ours: false,
            name: self.print(&one.name),
            members: members.cloned().collect(),
            in_doubt: BTreeSet::new(),
            unseen: None,
        }));
        if one.name != *group.name {
            self.plan_rename(group, Some(one), Reason::Renamed, plan);
        }
        self.plan_members(group, &present, plan);
    }

    fn park_claimed(&self, group: &Group, one: &AppGroup, plan: &mut Plan) {
        let ours: Vec<String> = self.claims[&one.id]
            .iter()
            .map(ToString::to_string)
            .collect();
        let reason = format!(
            "the group {} in the app fits several groups: {}",
            one.id,
            ours.join(", ")
        );
        park(group, reason, "push only one of them, or rename one", plan);
    }

    /// Groups of the app that no link explains and that fit: by our key, else by name.
    fn find(&self, group: &Group) -> Vec<&'a AppGroup> {
        let free = |found: &&&'a AppGroup| !self.linked.contains(&found.id);
        // An app's own groups know nothing of our keys.
        let by_key: Vec<&AppGroup> = self
            .by_id
            .values()
            .filter(free)
            .filter(|_| makes_groups(self.rules()))
            .filter(|found| found.external_id.as_deref() == Some(&*group.key.id))
            .copied()
            .collect();
        if !by_key.is_empty() {
            return by_key;
        }
        let name = text::fold(&group.name);
        self.by_id
            .values()
            .filter(free)
            .filter(|found| text::fold(&found.name) == name)
            .copied()
            .collect()
    }

    fn plan_name(
        &self,
        group: &Group,
        link: &GroupLink,
        observed: Option<&AppGroup>,
        learned: &mut GroupLink,
        plan: &mut Plan,
    ) {
        if !link.name.is_known() {
            return self.relearn_name(group, observed, learned, plan);
        }
        let print = self.print(&group.name);
        let is_sent = link.name == print;
        let is_there = observed.is_some_and(|observed| {
            observed.name == *group.name
                || (is_sent && text::fold(&observed.name) == text::fold(&group.name))
        });
        if is_sent {
            if observed.is_some() && !is_there {
                self.plan_drifted_name(group, observed, plan);
            }
        } else if is_there {
            learned.name = print;
        } else {
            self.plan_rename(group, observed, Reason::Renamed, plan);
        }
    }

    /// The name we sent was forgotten: what the app shows is taken for it, or for drift that is left
    /// alone. A group that nobody looked at stays as it is.
    fn relearn_name(
        &self,
        group: &Group,
        observed: Option<&AppGroup>,
        learned: &mut GroupLink,
        plan: &mut Plan,
    ) {
        let Some(there) = observed else {
            return;
        };
        learned.name = self.print(&group.name);
        if text::fold(&there.name) == text::fold(&group.name) {
            return;
        }
        match self.view.input.rules.drift {
            Drift::Repair => {
                learned.name = self.print(&there.name);
                self.plan_rename(group, observed, Reason::Renamed, plan);
            }
            Drift::Report | Drift::Ignore => self.plan_drifted_name(group, observed, plan),
        }
    }

    /// A rename, where the app can do it.
    fn plan_rename(
        &self,
        group: &Group,
        observed: Option<&AppGroup>,
        reason: Reason,
        plan: &mut Plan,
    ) {
        if renames_groups(self.rules()) {
            plan.changes.push(Self::rename(group, observed, reason));
            return;
        }
        let kept = observed.map_or_else(
            || "the name it has".to_owned(),
            |observed| format!("`{}`", observed.name),
        );
        plan.warnings.push(format!(
            "{}: the group cannot be renamed in this app, and stays {kept} there",
            group.name
        ));
    }

    fn plan_drifted_name(&self, group: &Group, observed: Option<&AppGroup>, plan: &mut Plan) {
        match self.view.input.rules.drift {
            Drift::Repair => self.plan_rename(group, observed, Reason::Drifted, plan),
            Drift::Report => plan.warnings.push(format!(
                "{}: the group was renamed in the app (drift: report)",
                group.name
            )),
            Drift::Ignore => {}
        }
    }

    fn rename(group: &Group, observed: Option<&AppGroup>, reason: Reason) -> Change {
        let action = Action::RenameGroup {
            old: observed.map(|observed| Arc::from(observed.name.as_str())),
            new: Arc::clone(&group.name),
        };
        change(group, action, reason)
    }

    fn print(&self, name: &str) -> Fingerprint {
        self.view
            .input
            .key
            .of(&name_attribute(), &Value::text(name))
    }

    /// Who of ours is in the group now. An account that will be made anew is in no group.
    fn present(&self, observed: Option<&'a AppGroup>, link: Option<&GroupLink>) -> Present {
        let is_lasting = |user: &&UserKey| !matches!(self.standings.get(user), Some(Standing::New));
        let lasts = |user: &UserKey| is_lasting(&user) && self.view.link(user).is_some();
        let mut acknowledged: BTreeSet<UserKey> = link.map_or_else(BTreeSet::new, |link| {
            self.uneven(&link.members).filter(lasts).collect()
        });
        let doubted = link.map_or_else(BTreeSet::new, |link| {
            let doubted = link.in_doubt.iter().filter(|user| lasts(user));
            doubted.cloned().collect()
        });
        let members = match observed.and_then(|observed| observed.members.as_ref()) {
            Some(ids) => ids
                .iter()
                .filter_map(|id| self.owners.get(id))
                .filter(is_lasting)
                .chain(acknowledged.iter().filter(|user| self.is_hidden(user)))
                .cloned()
                .collect(),
            None => acknowledged.clone(),
        };
        // What is seen is not in doubt, and neither is what would be seen.
        let (seen, mut in_doubt): (BTreeSet<UserKey>, BTreeSet<UserKey>) =
            doubted.into_iter().partition(|user| members.contains(user));
        acknowledged.extend(seen);
        if observed.is_some_and(|observed| observed.members.is_some()) {
            in_doubt.retain(|user| self.is_hidden(user));
        }
        Present {
            members,
            acknowledged,
            in_doubt,
            former: self.former_in(observed, link),
        }
    }

    /// Users whose former account is in the group, or may be where the app does not show that.
    fn former_in(
        &self,
        observed: Option<&AppGroup>,
        link: Option<&GroupLink>,
    ) -> BTreeSet<UserKey> {
        let shown = observed.and_then(|observed| observed.members.as_ref());
        let is_in = |id: &RemoteId, user: &UserKey| match shown {
            Some(ids) => ids.contains(id),
            None => link.is_some_and(|link| link.may_hold(user)),
        };
        let former = self.former.iter();
        former
            .filter(|(id, user)| is_in(id, user))
            .map(|(_, user)| (*user).clone())
            .collect()
    }

    /// Does the app leave this member out of what it shows, since the account is off? Then only our
    /// link knows.
    fn is_hidden(&self, user: &UserKey) -> bool {
        self.rules().hides_inactive
            && self.view.link(user).is_some_and(|link| {
                let account = self.view.accounts.get(&link.id);
                !account.map_or(link.active, |account| account.active)
            })
    }

    /// Parks a group with more members than the app takes.
    fn is_too_large(&self, group: &Group, plan: &mut Plan) -> bool {
        let Some(most) = self.rules().max_members else {
            return false;
        };
        let is_wanted =
            |user: &UserKey| self.standings.contains_key(user) || self.view.is_even(user);
        let wanted = group.members.iter().filter(is_wanted).count();
        if wanted <= most {
            return false;
        }
        let reason = format!(
            "{wanted} members have an account, and the app takes {most} in one group; nobody is put \
             in, and nobody is taken out for that"
        );
        let hint = "split the group in the directory, or push a smaller one";
        park(group, reason, hint, plan);
        true
    }

    fn repairs(&self) -> bool {
        self.view.input.rules.drift == Drift::Repair
    }

    fn plan_members(&self, group: &Group, present: &Present, plan: &mut Plan) {
        let wanted = self.wanted(group);
        let repairs = self.repairs();
        let is_too_large = self.is_too_large(group, plan);
        let gone: BTreeSet<Member> = present
            .members
            .iter()
            .filter(|user| repairs || present.acknowledged.contains(user))
            .chain(&present.in_doubt)
            .filter(|user| !wanted.contains(*user))
            .filter(|user| self.is_judged(group, user))
            .chain(&present.former)
            .map(|user| self.member(user))
            .collect();
        let new: BTreeSet<Member> = wanted
            .into_iter()
            .filter(|user| !present.members.contains(user))
            .filter(|user| repairs || !present.acknowledged.contains(user))
            .map(|user| self.member(&user))
            .collect();
        if !changes_groups(self.rules()) {
            return self.plan_unchangeable(group, &gone, new, plan);
        }
        let new = if is_too_large { BTreeSet::new() } else { new };
        if !gone.is_empty() {
            let action = Action::RemoveMembers { members: gone };
            plan.changes.push(change(group, action, Reason::Membership));
        }
        if !new.is_empty() {
            let action = Action::AddMembers { members: new };
            plan.changes.push(change(group, action, Reason::Membership));
        }
    }

    /// Members of a group that the app does not change once it is made: only a new one takes some along.
    fn plan_unchangeable(
        &self,
        group: &Group,
        gone: &BTreeSet<Member>,
        mut new: BTreeSet<Member>,
        plan: &mut Plan,
    ) {
        let mut differing = gone.len() + new.len();
        if self.link(group).is_none() && self.find(group).is_empty() {
            let along = self.rules().inline_members.min(self.rules().chunk);
            new = new.into_iter().take(along).collect();
            differing -= new.len();
            if !new.is_empty() {
                let action = Action::AddMembers { members: new };
                plan.changes.push(change(group, action, Reason::Membership));
            }
        }
        if differing > 0 {
            plan.warnings.push(format!(
                "{}: the members of a group cannot be changed in this app; {differing} differ",
                group.name
            ));
        }
    }

    /// Do we know that this user is not wanted in the group? Nobody is taken out because a source
    /// was read in part, a row was broken, the user is parked, or the account is never touched.
    fn is_judged(&self, group: &Group, user: &UserKey) -> bool {
        if self.view.is_left_alone(user) {
            return false;
        }
        if !group.members.contains(user) {
            return self.was_read(user);
        }
        let desired = self.view.desired(user);
        desired.is_some_and(|desired| matches!(desired.wanted, Wanted::Out(_)))
    }

    fn was_read(&self, user: &UserKey) -> bool {
        if let Some(absence) = self.view.input.absent.get(user) {
            return absence.is_known();
        }
        let mut readings = self.view.input.readings.iter();
        readings.any(|reading| reading.holds(user))
    }

    fn member(&self, user: &UserKey) -> Member {
        let leaver = self.leavers.get(user);
        let label = self.labels.get(user).copied().or(leaver);
        Member {
            user: user.clone(),
            label: Arc::clone(label.unwrap_or(&user.id)),
        }
    }

    /// A group that is not pushed any more, or is gone from its source.
    fn plan_not_pushed(&self, link: &GroupLink, plan: &mut Plan) {
        if self.view.input.is_gone(&link.id) {
            plan.notes.push(Note::ForgetGroup(link.group.clone()));
            return;
        }
        let Some(reading) = self.reading_of(&link.group) else {
            return;
        };
        let is_broken = reading
            .broken
            .iter()
            .any(|row| row.group.as_ref() == Some(&link.group));
        let is_whole = match &reading.coverage {
            Coverage::Whole => true,
            Coverage::Part { .. } => false,
        };
        if is_broken || !is_whole {
            return;
        }
        let label = self.name_of(link);
        match self.view.input.rules.push.gone {
            GroupGone::Delete
                if !deletes_groups(self.rules()) || is_managed(self.rules(), &label) =>
            {
                plan.notes.push(Note::ForgetGroup(link.group.clone()));
                plan.warnings.push(format!(
                    "{label}: the group is not pushed any more and cannot be deleted in this app; it \
                     stays there with its members"
                ));
            }
            GroupGone::Unlink => plan.notes.push(Note::ForgetGroup(link.group.clone())),
            GroupGone::Delete => {
                plan.changes.push(Change {
                    subject: Subject::Group(link.group.clone()),
                    label,
                    action: Action::DeleteGroup,
                    reason: Reason::NotPushed,
                });
            }
        }
    }

    /// What the group is called: in the app, else in the directory.
    fn name_of(&self, link: &GroupLink) -> Arc<str> {
        if let Some(group) = self.by_id.get(&link.id) {
            return Arc::from(group.name.as_str());
        }
        let mut groups = self
            .view
            .input
            .readings
            .iter()
            .flat_map(|read| &read.groups);
        let known = groups.find(|group| group.key == link.group);
        Arc::clone(known.map_or(&link.group.id, |group| &group.name))
    }

    fn reading_of(&self, group: &GroupKey) -> Option<&'a Reading> {
        self.view
            .input
            .readings
            .iter()
            .find(|reading| reading.source == group.source)
    }
}

fn change(group: &Group, action: Action, reason: Reason) -> Change {
    Change {
        subject: Subject::Group(group.key.clone()),
        label: Arc::clone(&group.name),
        action,
        reason,
    }
}

fn park(group: &Group, reason: String, hint: &str, plan: &mut Plan) {
    plan.parked.push(Parked {
        subject: Subject::Group(group.key.clone()),
        label: Arc::clone(&group.name),
        reason,
        hint: hint.into(),
    });
}
