//! Doing one change: the request, or the look that must come before it.
//!
//! Promises that a create whose answer was lost is looked up before it is sent again, and that a
//! conflict is looked up and never answered by a second create. Leaves retries to [`super::apply`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Target;
use crate::core::account::{Account, AppGroup};
use crate::core::attribute::{AttrChange, AttrName, Attributes, Value};
use crate::core::change::{Action, Change, Member, Subject};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::{GroupLink, Link};
use crate::core::plan::adopt_hint;
use crate::core::profile::Reactivation;
use crate::core::rules::Adopt;

/// What came of one try.
#[derive(Debug)]
pub(super) enum Result {
    /// It is done.
    Done(Effects),
    /// An earlier request had done it.
    Found(Effects),
    /// It waits for a person.
    Park { reason: String, hint: String },
    /// It is not sure to be done. Some members may be, though.
    Fault(Fault, Option<Effects>),
}

/// What is to be remembered.
#[derive(Debug)]
pub(super) enum Effects {
    /// An account was made, with these values.
    Created(Account, Attributes),
    /// An account was changed: set, and cleared.
    Changed {
        set: Attributes,
        cleared: Vec<AttrName>,
        account: Option<Account>,
        activated: bool,
    },
    /// It is off.
    Deactivated,
    /// It is gone.
    Deleted,
    /// A group was made.
    GroupCreated(AppGroup),
    /// A group has this name.
    GroupRenamed(Arc<str>),
    /// A group is gone.
    GroupDeleted,
    /// These are in.
    Added(BTreeSet<UserKey>),
    /// These are out.
    Removed(BTreeSet<UserKey>),
    /// There was nothing to send.
    Nothing,
}

/// What a try may look at; it changes nothing.
pub(super) struct Scene<'a> {
    pub target: &'a Target,
    pub links: &'a BTreeMap<UserKey, Link>,
    /// The links as they were when the run began: a deleted account is taken out of its groups by the
    /// id it had, since not every app does that by itself.
    pub before: &'a BTreeMap<UserKey, Link>,
    pub groups: &'a BTreeMap<GroupKey, GroupLink>,
    pub accounts: &'a BTreeMap<RemoteId, Account>,
    /// Accounts that the app says it does not have any more, though links name them.
    pub gone: &'a BTreeSet<RemoteId>,
    pub keys: &'a BTreeMap<&'a UserKey, &'a [(AttrName, Arc<str>)]>,
}

impl Scene<'_> {
    /// Tries `change` once.
    pub async fn perform(&self, change: &Change, look_first: bool) -> Result {
        let result = match &change.subject {
            Subject::User(user) => self.perform_user(user, &change.action, look_first).await,
            Subject::Group(group) => self.perform_group(group, &change.action, look_first).await,
        };
        result.unwrap_or_else(|fault| Result::Fault(fault, None))
    }

    async fn perform_user(
        &self,
        user: &UserKey,
        action: &Action,
        look_first: bool,
    ) -> std::result::Result<Result, Fault> {
        match action {
            Action::Create { attributes } => self.create(user, attributes, look_first).await,
            Action::Update { attributes } => self.update(user, attributes, false).await,
            Action::Reactivate { attributes } => self.update(user, attributes, true).await,
            Action::Deactivate => self.deactivate(user).await,
            Action::Delete => {
                self.target.app.delete(&self.link(user)?.id).await?;
                Ok(Result::Done(Effects::Deleted))
            }
            Action::Adopt { .. }
            | Action::AdoptGroup { .. }
            | Action::CreateGroup { .. }
            | Action::RenameGroup { .. }
            | Action::DeleteGroup
            | Action::AddMembers { .. }
            | Action::RemoveMembers { .. } => Ok(Result::Done(Effects::Nothing)),
        }
    }

    fn link(&self, user: &UserKey) -> std::result::Result<&Link, Fault> {
        self.links.get(user).ok_or_else(|| {
            Fault::new(
                FaultKind::Rejected,
                Effect::None,
                "the user has no account here yet",
            )
        })
    }

    async fn create(
        &self,
        user: &UserKey,
        wanted: &Attributes,
        look_first: bool,
    ) -> std::result::Result<Result, Fault> {
        let attributes = self.resolved(wanted);
        if look_first && let Some(result) = self.look(user, &attributes, Look::InDoubt).await? {
            return Ok(result);
        }
        match self.target.app.create(&attributes).await {
            Ok(account) => Ok(Result::Done(Effects::Created(account, attributes))),
            Err(fault) if fault.kind == FaultKind::Conflict => {
                match self.look(user, &attributes, Look::Conflict).await? {
                    Some(result) => Ok(result),
                    None => Ok(Result::Park {
                        reason: format!("{fault}, but it shows no account that holds one"),
                        hint: "look in the app for a deleted or hidden account with this userName \
                               or e-mail"
                            .into(),
                    }),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    /// Looks for an account that is this user's already. `None`: there is none.
    async fn look(
        &self,
        user: &UserKey,
        attributes: &Attributes,
        why: Look,
    ) -> std::result::Result<Option<Result>, Fault> {
        let taken: BTreeSet<&RemoteId> = self
            .links
            .values()
            .filter(|link| link.user != *user)
            .map(|link| &link.id)
            .collect();
        let own = self.links.get(user).map(|link| &link.id);
        for (name, value) in self.keys.get(user).copied().unwrap_or_default() {
            let key = [(name.clone(), value.to_string())];
            let mut hits = self.target.app.find(&key).await?;
            hits.retain(|account| Some(&account.id) != own && self.is_usable(account));
            let several: Vec<String> = hits
                .iter()
                .map(|account| format!("{} ({})", account.id, account.label))
                .collect();
            hits.retain(|account| !taken.contains(&account.id));
            match (hits.len(), several.len()) {
                (_, 0) => {}
                (1, _) => {
                    let account = hits.remove(0);
                    let found = (account, name);
                    return Ok(Some(self.take(user, found, attributes, why)));
                }
                _ => {
                    return Ok(Some(Result::Park {
                        reason: format!(
                            "{} `{value}` is held already: {}",
                            name.short(),
                            several.join(", ")
                        ),
                        hint: "correct the value in the app, so that one account fits".into(),
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Where a return makes a new account, an old one that is off is nobody's any more.
    fn is_usable(&self, account: &Account) -> bool {
        account.active || self.target.rules.reactivation() != Reactivation::Create
    }

    /// An account of a lost answer is ours; one that a conflict shows is adopted as `adopt:` says.
    fn take(
        &self,
        user: &UserKey,
        (account, by): (Account, &AttrName),
        attributes: &Attributes,
        why: Look,
    ) -> Result {
        match (why, self.target.rules.adopt) {
            (Look::InDoubt, _) | (Look::Conflict, Adopt::Unique) => {
                Result::Found(Effects::Created(account, attributes.clone()))
            }
            (Look::Conflict, Adopt::Ask | Adopt::Never) => Result::Park {
                reason: format!(
                    "the account {} ({}) fits by {}, and `adopt:` wants a person to say so",
                    account.label,
                    account.id,
                    by.short()
                ),
                hint: adopt_hint(&user.to_string(), &self.target.rules.target, &account.id),
            },
        }
    }

    async fn update(
        &self,
        user: &UserKey,
        changes: &[AttrChange],
        activate: bool,
    ) -> std::result::Result<Result, Fault> {
        let link = self.link(user)?;
        let changes: Vec<AttrChange> = changes
            .iter()
            .filter_map(|change| self.resolved_change(change))
            .collect();
        if changes.is_empty() && !activate {
            return Ok(Result::Done(Effects::Nothing));
        }
        let now = self.accounts.get(&link.id);
        let account = self
            .target
            .app
            .update(&link.id, &changes, activate, now)
            .await?;
        let mut set = Attributes::new();
        let mut cleared = Vec::new();
        for change in changes {
            match change.new {
                Some(value) => {
                    set.insert(change.name, value);
                }
                None => cleared.push(change.name),
            }
        }
        Ok(Result::Done(Effects::Changed {
            set,
            cleared,
            account,
            activated: activate,
        }))
    }

    /// A success is no evidence that somebody is out: where the answer does not show it, we look.
    async fn deactivate(&self, user: &UserKey) -> std::result::Result<Result, Fault> {
        let id = &self.link(user)?.id;
        let shown = match self.target.app.deactivate(id).await? {
            Some(account) => Some(account),
            None => self.target.app.account(id).await.ok().flatten(),
        };
        let lags = !self.target.rules.profile.settle.is_zero();
        if !lags && shown.is_some_and(|account| account.active) {
            return Ok(Result::Park {
                reason: "the app answered with success, and the account is still active".into(),
                hint: "switch the account off in the app by hand, now".into(),
            });
        }
        Ok(Result::Done(Effects::Deactivated))
    }

    async fn perform_group(
        &self,
        group: &GroupKey,
        action: &Action,
        look_first: bool,
    ) -> std::result::Result<Result, Fault> {
        let app = &self.target.app;
        match action {
            Action::CreateGroup { name } => self.create_group(group, name, look_first).await,
            Action::RenameGroup { new, .. } => {
                app.rename_group(self.group(group)?, new).await?;
                Ok(Result::Done(Effects::GroupRenamed(Arc::clone(new))))
            }
            Action::DeleteGroup => {
                app.delete_group(self.group(group)?).await?;
                Ok(Result::Done(Effects::GroupDeleted))
            }
            Action::AddMembers { members } => Ok(self
                .move_members(self.group(group)?, members, Direction::In)
                .await),
            Action::RemoveMembers { members } => Ok(self
                .move_members(self.group(group)?, members, Direction::Out)
                .await),
            Action::AdoptGroup { .. }
            | Action::Adopt { .. }
            | Action::Create { .. }
            | Action::Update { .. }
            | Action::Deactivate
            | Action::Reactivate { .. }
            | Action::Delete => Ok(Result::Done(Effects::Nothing)),
        }
    }

    fn group(&self, group: &GroupKey) -> std::result::Result<&RemoteId, Fault> {
        self.groups.get(group).map(|link| &link.id).ok_or_else(|| {
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
        look_first: bool,
    ) -> std::result::Result<Result, Fault> {
        if look_first && let Some(found) = self.look_for_group(name).await? {
            return Ok(Result::Found(Effects::GroupCreated(found)));
        }
        match self.target.app.create_group(name, &group.id).await {
            Ok(made) => {
                let made = AppGroup {
                    name: name.to_owned(),
                    ..made
                };
                Ok(Result::Done(Effects::GroupCreated(made)))
            }
            Err(fault) if fault.kind == FaultKind::Conflict => {
                match self.look_for_group(name).await? {
                    Some(found) => Ok(Result::Found(Effects::GroupCreated(found))),
                    None => Err(fault),
                }
            }
            Err(fault) => Err(fault),
        }
    }

    async fn look_for_group(&self, name: &str) -> std::result::Result<Option<AppGroup>, Fault> {
        let taken: BTreeSet<&RemoteId> = self.groups.values().map(|link| &link.id).collect();
        let mut found = self.target.app.find_groups(name).await?;
        found.retain(|group| !taken.contains(&group.id));
        Ok((found.len() == 1).then(|| found.remove(0)))
    }

    /// Members in chunks of the profile's size; a chunk that is refused is halved until the member
    /// who is to blame stands alone, so that one bad member holds back nobody else.
    async fn move_members(
        &self,
        group: &RemoteId,
        members: &BTreeSet<Member>,
        direction: Direction,
    ) -> Result {
        let known: Vec<(UserKey, RemoteId)> = members
            .iter()
            .filter_map(|member| {
                Some((
                    member.user.clone(),
                    self.member_id(&member.user, direction)?.clone(),
                ))
            })
            .collect();
        let size = self.target.rules.profile.groups.chunk.max(1);
        let mut chunks: Vec<&[(UserKey, RemoteId)]> = known.chunks(size).rev().collect();
        let mut moved = BTreeSet::new();
        let mut refused: Option<Fault> = None;
        while let Some(chunk) = chunks.pop() {
            let ids = chunk.iter().map(|(_, id)| id.clone()).collect();
            let sent = match direction {
                Direction::In => self.target.app.add_members(group, &ids).await,
                Direction::Out => self.target.app.remove_members(group, &ids).await,
            };
            match sent {
                Ok(()) => moved.extend(chunk.iter().map(|(user, _)| user.clone())),
                Err(fault) if fault.kind == FaultKind::Rejected && chunk.len() > 1 => {
                    let (one, other) = chunk.split_at(chunk.len() / 2);
                    chunks.extend([other, one]);
                }
                Err(fault) if fault.kind == FaultKind::Rejected && self.are_deleted(chunk) => {
                    moved.extend(chunk.iter().map(|(user, _)| user.clone()));
                }
                Err(fault) if fault.kind == FaultKind::Rejected => refused = Some(fault),
                Err(fault) => return Result::Fault(fault, Some(direction.effects(moved))),
            }
        }
        match refused {
            Some(fault) => Result::Fault(fault, Some(direction.effects(moved))),
            None => Result::Done(direction.effects(moved)),
        }
    }

    /// The values with accounts for users; a reference to nobody's account is left out.
    fn resolved(&self, attributes: &Attributes) -> Attributes {
        attributes
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), self.resolve(value)?)))
            .collect()
    }

    /// The id by which a user is put into a group or taken out of it.
    fn member_id(&self, user: &UserKey, direction: Direction) -> Option<&RemoteId> {
        match direction {
            Direction::In => self.account_of(user),
            Direction::Out => {
                let link = self.links.get(user).or_else(|| self.before.get(user))?;
                Some(&link.id)
            }
        }
    }

    /// Were these accounts deleted in this run? An app that has taken them out of its groups by itself
    /// may well refuse to do so again.
    fn are_deleted(&self, members: &[(UserKey, RemoteId)]) -> bool {
        members
            .iter()
            .all(|(user, _)| !self.links.contains_key(user))
    }

    /// The account of a user that others may refer to.
    fn account_of(&self, user: &UserKey) -> Option<&RemoteId> {
        let id = &self.links.get(user)?.id;
        (!self.gone.contains(id)).then_some(id)
    }

    fn resolve(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Account(user) => Some(Value::text(self.account_of(user)?.as_str())),
            Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::List(_) => Some(value.clone()),
        }
    }

    fn resolved_change(&self, change: &AttrChange) -> Option<AttrChange> {
        let new = match &change.new {
            Some(value) => Some(self.resolve(value)?),
            None => None,
        };
        Some(AttrChange {
            name: change.name.clone(),
            old: change.old.clone(),
            new,
        })
    }
}

/// Why an account is looked for.
#[derive(Clone, Copy)]
enum Look {
    /// An earlier create may have made it.
    InDoubt,
    /// The app says that a unique value is taken.
    Conflict,
}

/// Into a group, or out of it.
#[derive(Clone, Copy)]
enum Direction {
    In,
    Out,
}

impl Direction {
    fn effects(self, moved: BTreeSet<UserKey>) -> Effects {
        match self {
            Self::In => Effects::Added(moved),
            Self::Out => Effects::Removed(moved),
        }
    }
}
