//! Doing one change of a group: making it, renaming it, and moving its members in portions.
//!
//! Promises that a create whose answer was lost is looked up before it is sent again, that one member
//! whom the app refuses holds back nobody else, and that a portion which was acknowledged stays
//! acknowledged whatever becomes of the next. Leaves retries to [`super::apply`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::perform::{Effects, Look, Result, Scene};
use crate::connector::{Direction, GroupMember};
use crate::core::account::AppGroup;
use crate::core::change::{Action, Member};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::{GroupLink, Link};
use crate::core::profile::{Reactivation, UpdateForm, Verification};
use crate::core::rules::{Drift, Rules};

type Tried<T> = std::result::Result<T, Fault>;

impl Scene<'_> {
    pub(super) async fn perform_group(
        &self,
        group: &GroupKey,
        action: &Action,
        look_first: Option<Look>,
    ) -> Tried<Result> {
        let app = &self.target.app;
        match action {
            Action::CreateGroup { name } => self.create_group(group, name, look_first).await,
            Action::RenameGroup { new, .. } => {
                app.rename_group(&self.group(group)?.id, new).await?;
                Ok(Result::Done(Effects::GroupRenamed(Arc::clone(new))))
            }
            Action::DeleteGroup => {
                app.delete_group(&self.group(group)?.id).await?;
                Ok(Result::Done(Effects::GroupDeleted))
            }
            Action::AddMembers { members } => {
                let link = self.group(group)?;
                Ok(self.move_members(link, members, Direction::In).await)
            }
            Action::RemoveMembers { members } => {
                let link = self.group(group)?;
                Ok(self.move_members(link, members, Direction::Out).await)
            }
            Action::AdoptGroup { .. }
            | Action::Adopt { .. }
            | Action::Rekey { .. }
            | Action::Create { .. }
            | Action::Update { .. }
            | Action::Deactivate
            | Action::Reactivate { .. }
            | Action::Delete => Ok(Result::Done(Effects::Nothing)),
        }
    }

    fn group(&self, group: &GroupKey) -> Tried<&GroupLink> {
        self.groups.get(group).ok_or_else(|| {
            Fault::new(
                FaultKind::Rejected,
                Effect::None,
                "the group is not in the app yet",
            )
        })
    }

    async fn create_group(
        &self,
        group: &GroupKey,
        name: &str,
        look_first: Option<Look>,
    ) -> Tried<Result> {
        if look_first.is_some()
            && let Some(found) = self.look_for_group(group, name).await?
        {
            return Ok(found_group(found));
        }
        match self.make_group(group, name).await {
            Ok((made, brought)) => {
                let brought = self.confirmed(&made, brought).await;
                let made = AppGroup {
                    name: name.to_owned(),
                    ..made
                };
                Ok(Result::Done(Effects::GroupCreated(made, brought)))
            }
            Err(fault) if fault.kind == FaultKind::Conflict => {
                match self.look_for_group(group, name).await? {
                    Some(found) => Ok(found_group(found)),
                    None => Ok(Result::Park {
                        reason: format!("{fault}, and not exactly one free group is called that"),
                        hint: "look in the app for a deleted, hidden or second group of this name"
                            .into(),
                    }),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    /// Makes the group with those who may come along; empty where the app refuses them.
    async fn make_group(
        &self,
        group: &GroupKey,
        name: &str,
    ) -> Tried<(AppGroup, BTreeMap<RemoteId, UserKey>)> {
        let app = &self.target.app;
        let (users, members) = self.founders(group);
        match app.create_group(name, &group.id, &members).await {
            Ok(made) => {
                let ids = members.into_iter().map(|member| member.id);
                Ok((made, ids.zip(users).collect()))
            }
            Err(fault) if !members.is_empty() && fault.kind == FaultKind::Rejected => {
                let made = app.create_group(name, &group.id, &[]).await?;
                Ok((made, BTreeMap::new()))
            }
            Err(fault) => Err(fault),
        }
    }

    /// Who comes along when the group is made. Where the app does not show all members, nobody, if they
    /// can be put in later: should the answer be lost, nothing would tell who is in.
    fn founders(&self, group: &GroupKey) -> (Vec<UserKey>, Vec<GroupMember>) {
        let rules = &self.target.rules.profile.groups;
        if !rules.shows_all_members() && rules.update != UpdateForm::None {
            return (Vec::new(), Vec::new());
        }
        let most = rules.inline_members.min(rules.chunk);
        let entering = self.entering.get(group).into_iter().copied().flatten();
        let (users, mut members): (Vec<UserKey>, Vec<GroupMember>) = entering
            .filter_map(|member| self.entrant(member, Direction::In))
            .take(most)
            .unzip();
        let fitting = self.target.app.portion(Direction::In, &members);
        members.truncate(fitting.min(self.bounds.members()));
        (users, members)
    }

    /// Of those who were brought along, the ones who are in: by the answer, or by another look. Where
    /// the app shows nobody, its word counts.
    async fn confirmed(
        &self,
        made: &AppGroup,
        brought: BTreeMap<RemoteId, UserKey>,
    ) -> BTreeSet<UserKey> {
        if brought.is_empty() {
            return BTreeSet::new();
        }
        let looked = if self.verifies() {
            self.target.app.group(&made.id).await.ok().flatten()
        } else {
            None
        };
        let shown = looked.as_ref().unwrap_or(made).members.as_ref();
        brought
            .into_iter()
            .filter(|(id, _)| shown.is_none_or(|shown| shown.contains(id)))
            .map(|(_, user)| user)
            .collect()
    }

    async fn look_for_group(&self, group: &GroupKey, name: &str) -> Tried<Option<AppGroup>> {
        let taken: BTreeSet<&RemoteId> = self.groups.values().map(|link| &link.id).collect();
        let mut found = self.target.app.find_groups(name, Some(&group.id)).await?;
        found.retain(|group| !taken.contains(&group.id));
        Ok((found.len() == 1).then(|| found.remove(0)))
    }

    /// Moves members in portions; one that is refused is halved until the member who is to blame
    /// stands alone. What is too large is halved for the rest of the run.
    async fn move_members(
        &self,
        link: &GroupLink,
        members: &BTreeSet<Member>,
        direction: Direction,
    ) -> Result {
        let app = &self.target.app;
        let moving = Moving::of(self, link, members, direction);
        let mut moved = BTreeSet::new();
        let mut refused: Option<Fault> = None;
        let whole = 0..moving.users.len();
        let mut todo = Vec::from([whole]);
        while let Some(range) = todo.pop().filter(|range| !range.is_empty()) {
            let most = app.portion(direction, &moving.members[range.clone()]);
            let (now, rest) = cut(range, most.min(self.bounds.members()));
            todo.extend(Some(rest).filter(|rest| !rest.is_empty()));
            let sent = app
                .move_members(&link.id, direction, &moving.members[now.clone()])
                .await;
            match sent {
                Ok(()) => moved.extend(moving.users[now].iter().cloned()),
                Err(fault) if fault.status == Some(413) && now.len() > 1 => {
                    self.bounds.was_too_large(now.len());
                    todo.push(now);
                }
                Err(fault) if is_refusal(&fault) && now.len() > 1 => {
                    let half = now.len() / 2;
                    let (one, other) = cut(now, half);
                    todo.extend([other, one]);
                }
                Err(fault)
                    if is_refusal(&fault) && self.are_deleted(&moving.users[now.clone()]) =>
                {
                    moved.extend(moving.users[now].iter().cloned());
                }
                Err(fault) if is_refusal(&fault) => refused = Some(fault),
                Err(fault) => return Result::Fault(fault, Some(effects(direction, moved))),
            }
        }
        match refused {
            Some(fault) => Result::Fault(fault, Some(effects(direction, moved))),
            None => self.verified(link, members, direction, moved).await,
        }
    }

    /// Somebody with the id by which they are put into a group or taken out of it.
    fn entrant(&self, member: &Member, direction: Direction) -> Option<(UserKey, GroupMember)> {
        let now = self.links.get(&member.user);
        let before = self.before.get(&member.user);
        let id = match direction {
            Direction::In if self.may_be_another(&member.user) => return None,
            Direction::In => self.account_of(&member.user)?,
            Direction::Out if self.target.rules.profile.users.id_changes => &now.or(before)?.id,
            // Was another account made for somebody, the one before is the one that is in.
            Direction::Out => &before.or(now)?.id,
        };
        let entrant = GroupMember {
            id: id.clone(),
            display: Arc::clone(&member.label),
        };
        Some((member.user.clone(), entrant))
    }

    /// May it turn out that another account is this user's?
    fn may_be_another(&self, user: &UserKey) -> bool {
        let link = self.links.get(user);
        link.is_some_and(|link| may_be_another(&self.target.rules, link, self.unsure))
    }

    /// Were these accounts deleted in this run? An app that has taken them out of its groups by itself
    /// may well refuse to do so again.
    fn are_deleted(&self, users: &[UserKey]) -> bool {
        users.iter().all(|user| !self.links.contains_key(user))
    }

    fn verifies(&self) -> bool {
        let rules = &self.target.rules.profile.groups;
        rules.members_readable && rules.verify == Verification::Count
    }

    /// Looks whether the app did what it said yes to, where the profile asks for that. Where nothing
    /// can be seen, its word counts.
    async fn verified(
        &self,
        link: &GroupLink,
        members: &BTreeSet<Member>,
        direction: Direction,
        moved: BTreeSet<UserKey>,
    ) -> Result {
        if !self.verifies() || moved.is_empty() {
            return Result::Done(effects(direction, moved));
        }
        let looked = self.target.app.group(&link.id).await.ok().flatten();
        let Some(shown) = looked.and_then(|group| group.members) else {
            return Result::Done(effects(direction, moved));
        };
        let shows = |user: &UserKey| match self.links.get(user).or_else(|| self.before.get(user)) {
            Some(link) if self.is_hidden(user) => {
                shown.contains(&link.id) || direction == Direction::In
            }
            Some(link) => shown.contains(&link.id),
            None => false,
        };
        let wanted = direction == Direction::In;
        let (done, not): (BTreeSet<UserKey>, BTreeSet<UserKey>) =
            moved.into_iter().partition(|user| shows(user) == wanted);
        let lost: BTreeSet<UserKey> = link
            .members
            .iter()
            .filter(|_| self.target.rules.drift == Drift::Repair)
            .filter(|user| !done.contains(user) && !not.contains(user))
            .filter(|user| self.links.contains_key(user) && !self.is_hidden(user) && !shows(user))
            .collect();
        let gap = Gap {
            direction,
            moved: done.len() + not.len(),
            not: names(members, &not),
            lost: lost.len(),
        };
        let effects = match direction {
            Direction::In => Effects::Added { users: done, lost },
            Direction::Out => Effects::Removed { users: done, lost },
        };
        match gap.told() {
            None => Result::Done(effects),
            Some((reason, hint)) => Result::Short {
                effects,
                reason,
                hint,
            },
        }
    }

    /// Does the app leave this member out of what it shows, because the account is off?
    fn is_hidden(&self, user: &UserKey) -> bool {
        self.target.rules.profile.groups.hides_inactive
            && self.links.get(user).is_none_or(|link| !link.active)
    }
}

/// May it turn out that another account than the one of `link` is its user's? Where a POST brings an
/// account back, whose it means is for the app to say, so one that is off is not put into groups.
pub(super) fn may_be_another(rules: &Rules, link: &Link, unsure: &BTreeSet<UserKey>) -> bool {
    let by_post = rules.profile.users.reactivate == Reactivation::Post;
    by_post && (!link.active || unsure.contains(&link.user))
}

/// Members on their way, each with the user it is.
struct Moving {
    users: Vec<UserKey>,
    members: Vec<GroupMember>,
}

impl Moving {
    /// Those who have an account. Whoever came along when the group was made is in already.
    fn of(
        scene: &Scene<'_>,
        link: &GroupLink,
        members: &BTreeSet<Member>,
        direction: Direction,
    ) -> Self {
        let is_due = |member: &&Member| match direction {
            Direction::In => !link.members.contains(&member.user),
            Direction::Out => true,
        };
        let (users, members) = members
            .iter()
            .filter(is_due)
            .filter_map(|member| scene.entrant(member, direction))
            .unzip();
        Self { users, members }
    }
}

/// What an app did not do of what it said yes to.
struct Gap {
    direction: Direction,
    moved: usize,
    not: Vec<String>,
    lost: usize,
}

impl Gap {
    /// What to tell about it, and what to do; nothing when there is none.
    fn told(&self) -> Option<(String, String)> {
        let mut parts = Vec::new();
        if !self.not.is_empty() {
            let (count, moved, names) = (self.not.len(), self.moved, some(&self.not));
            parts.push(match self.direction {
                Direction::In => format!("{count} of {moved} are not in the group: {names}"),
                Direction::Out => format!("{count} of {moved} are still in the group: {names}"),
            });
        }
        if self.lost > 0 {
            parts.push(format!("{} others are out of it now", self.lost));
        }
        if parts.is_empty() {
            return None;
        }
        let reason = format!(
            "the app answered with success, and {}",
            parts.join(", and ")
        );
        let hint = match self.direction {
            Direction::Out if !self.not.is_empty() => {
                "take them out in the app by hand, now; the next run tries it again"
            }
            Direction::In | Direction::Out => "the next run puts them in again",
        };
        Some((reason, hint.into()))
    }
}

/// The first few of many.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn names(members: &BTreeSet<Member>, users: &BTreeSet<UserKey>) -> Vec<String> {
    let named = members.iter().filter(|member| users.contains(&member.user));
    named.map(|member| member.label.to_string()).collect()
}

/// A group that an earlier create has made. Whoever is in it is put in again, which changes nothing.
fn found_group(found: AppGroup) -> Result {
    Result::Found(Effects::GroupCreated(found, BTreeSet::new()))
}

/// Is it the request that the app does not like? A version that has moved on (412) is not.
fn is_refusal(fault: &Fault) -> bool {
    fault.kind == FaultKind::Rejected && fault.status != Some(412)
}

/// The first `most`, and the rest.
fn cut(range: Range<usize>, most: usize) -> (Range<usize>, Range<usize>) {
    let middle = range.end.min(range.start + most.max(1));
    (range.start..middle, middle..range.end)
}

fn effects(direction: Direction, users: BTreeSet<UserKey>) -> Effects {
    let lost = BTreeSet::new();
    match direction {
        Direction::In => Effects::Added { users, lost },
        Direction::Out => Effects::Removed { users, lost },
    }
}
