//! Doing one change: the request, or the look that must come before it.
//!
//! Promises that a create whose answer was lost is looked up before it is sent again, that a conflict
//! is looked up and never answered by a second create, and that nobody is named by an id that was given
//! up in this run. Leaves accounts that a POST brings back to [`super::sleeper`], groups to
//! [`super::members`] and retries to [`super::apply`].

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Target;
use super::bounds::Bounds;
use crate::core::account::{Account, AppGroup};
use crate::core::attribute::{AttrChange, AttrName, Attributes, Value};
use crate::core::change::{Action, Change, Member, Subject};
use crate::core::desired::Desired;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::fingerprint::FingerprintKey;
use crate::core::key::{GroupKey, RemoteId, UserKey};
use crate::core::link::{GroupLink, Link};
use crate::core::memory::TargetState;
use crate::core::profile::Reactivation;
use crate::core::rules::Adopt;
use crate::core::text::quoted;

/// What came of one try.
#[derive(Debug)]
pub(super) enum Result {
    /// It is done.
    Done(Effects),
    /// An earlier request had done it.
    Found(Effects),
    /// The account has another id than its link says; what was to be done is not, and was refused if
    /// it was sent.
    Moved {
        id: RemoteId,
        refused: Option<Fault>,
    },
    /// It waits for a person.
    Park { reason: String, hint: String },
    /// It is not sure to be done. Some members may be, though.
    Fault(Fault, Option<Effects>),
    /// The app said yes and did not do all of it: the rest is due again.
    Short {
        effects: Effects,
        reason: String,
        hint: String,
    },
    /// Nothing was sent: the app has no seat left.
    NoSeat,
    /// Nothing was sent: the target has stopped for this run.
    Stopped,
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
    /// It is off, and this is what the app shows of it.
    Deactivated(Option<Account>),
    /// It is gone.
    Deleted,
    /// A group was made, or found, with these in it.
    GroupCreated(AppGroup, BTreeSet<UserKey>),
    /// A group has this name.
    GroupRenamed(Arc<str>),
    /// A group is gone.
    GroupDeleted,
    /// These are in, and those turned out to be out.
    Added {
        users: BTreeSet<UserKey>,
        lost: BTreeSet<UserKey>,
    },
    /// These are out, and those turned out to be out as well.
    Removed {
        users: BTreeSet<UserKey>,
        lost: BTreeSet<UserKey>,
    },
    /// There was nothing to send.
    Nothing,
}

/// What a try may look at; it changes nothing.
pub(super) struct Scene<'a> {
    pub target: &'a Target,
    pub links: &'a BTreeMap<UserKey, Link>,
    /// What was remembered when the run began.
    pub state: &'a TargetState,
    /// The links as they were when the run began: a deleted account is taken out of its groups by the
    /// id it had, since not every app does that by itself.
    pub before: &'a BTreeMap<UserKey, Link>,
    pub groups: &'a BTreeMap<GroupKey, GroupLink>,
    pub accounts: &'a BTreeMap<RemoteId, Account>,
    /// Accounts that the app says it does not have any more, though links name them.
    pub gone: &'a BTreeSet<RemoteId>,
    /// What everybody should have.
    pub desired: &'a BTreeMap<&'a UserKey, &'a Desired>,
    /// Ids that accounts had before in this run, or that they may not have any more, with whose they are.
    pub former: &'a BTreeMap<RemoteId, UserKey>,
    /// Users whose accounts may have another id since a request of this run whose answer was lost.
    pub unsure: &'a BTreeSet<UserKey>,
    pub key: &'a FingerprintKey,
    /// Who goes into which group in this run.
    pub entering: &'a BTreeMap<&'a GroupKey, &'a BTreeSet<Member>>,
    pub bounds: &'a Bounds,
}

impl Scene<'_> {
    /// Tries `change` once.
    pub async fn perform(&self, change: &Change, look_first: Option<Look>) -> Result {
        if self.bounds.is_closed() {
            return Result::Stopped;
        }
        let result = match &change.subject {
            Subject::User(user) => {
                let tried = self.perform_user(user, &change.action, look_first).await;
                self.followed(user, tried).await
            }
            Subject::Group(group) => self.perform_group(group, &change.action, look_first).await,
        };
        let result = result.unwrap_or_else(|fault| Result::Fault(fault, None));
        if let Result::Fault(fault, _) = &result {
            self.bounds.learn(fault);
        }
        result
    }

    async fn perform_user(
        &self,
        user: &UserKey,
        action: &Action,
        look_first: Option<Look>,
    ) -> std::result::Result<Result, Fault> {
        match action {
            Action::Create { attributes } => self.create(user, attributes, look_first).await,
            Action::Update { attributes } => self.update(user, attributes, false).await,
            Action::Reactivate { attributes } => match self.target.rules.profile.users.reactivate {
                Reactivation::Post => self.revive(user, attributes, look_first).await,
                Reactivation::Activate
                | Reactivation::ActivateFirst
                | Reactivation::Create
                | Reactivation::Refuse => self.update(user, attributes, true).await,
            },
            Action::Deactivate => self.deactivate(user).await,
            Action::Delete => self.delete(user).await,
            Action::Adopt { .. }
            | Action::Rekey { .. }
            | Action::AdoptGroup { .. }
            | Action::CreateGroup { .. }
            | Action::RenameGroup { .. }
            | Action::DeleteGroup
            | Action::AddMembers { .. }
            | Action::RemoveMembers { .. } => Ok(Result::Done(Effects::Nothing)),
        }
    }

    /// Where a write can change an id and the app does not have the one we know, the account may be
    /// there under another: a request whose answer was lost may have changed it.
    async fn followed(
        &self,
        user: &UserKey,
        tried: std::result::Result<Result, Fault>,
    ) -> std::result::Result<Result, Fault> {
        match tried {
            Err(fault) if fault.kind == FaultKind::Missing => match self.find_again(user).await? {
                Some(id) => Ok(Result::Moved {
                    id,
                    refused: Some(fault),
                }),
                None => Err(fault),
            },
            tried => tried,
        }
    }

    /// The id of the only free account that holds the best of a user's values which any account holds.
    async fn find_again(&self, user: &UserKey) -> std::result::Result<Option<RemoteId>, Fault> {
        if !self.target.rules.profile.users.id_changes || !self.links.contains_key(user) {
            return Ok(None);
        }
        for (name, value) in self.keys(user) {
            let key = [(name.clone(), value.to_string())];
            let hits = self.target.app.find(&key).await?;
            match hits.as_slice() {
                [] => {}
                [one] if self.is_free(&one.id) && self.forbids(user, one).is_none() => {
                    return Ok(Some(one.id.clone()));
                }
                [_, ..] => return Ok(None),
            }
        }
        Ok(None)
    }

    /// What is not there counts as deleted: so where ids change, we look under which one it is.
    async fn delete(&self, user: &UserKey) -> std::result::Result<Result, Fault> {
        let id = &self.link(user)?.id;
        let app = &self.target.app;
        if self.target.rules.profile.users.id_changes && app.account(id).await?.is_none() {
            let found = self.find_again(user).await?;
            return Ok(match found {
                Some(id) => Result::Moved { id, refused: None },
                None => Result::Done(Effects::Deleted),
            });
        }
        app.delete(id).await?;
        Ok(Result::Done(Effects::Deleted))
    }

    pub(super) fn link(&self, user: &UserKey) -> std::result::Result<&Link, Fault> {
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
        look_first: Option<Look>,
    ) -> std::result::Result<Result, Fault> {
        let attributes = self.resolved(wanted);
        if let Some(why) = look_first
            && let Some(result) = self.look(user, &attributes, why, |_| true).await?
        {
            return Ok(result);
        }
        if self.bounds.is_full() {
            return Ok(Result::NoSeat);
        }
        match self.target.app.create(&attributes).await {
            Ok(account) => Ok(Result::Done(Effects::Created(account, attributes))),
            Err(fault) if fault.kind == FaultKind::Conflict => {
                let found = self.look(user, &attributes, Look::Conflict, |_| true);
                match found.await? {
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

    /// Looks for an account that is this user's already, among those that fit. `None`: there is none.
    pub(super) async fn look(
        &self,
        user: &UserKey,
        attributes: &Attributes,
        why: Look,
        fits: impl Fn(&Account) -> bool + Send + Sync,
    ) -> std::result::Result<Option<Result>, Fault> {
        let own = self.links.get(user).map(|link| &link.id);
        for (name, value) in self.keys(user) {
            let key = [(name.clone(), value.to_string())];
            let mut hits = self.target.app.find(&key).await?;
            hits.retain(|one| Some(&one.id) != own && self.is_usable(one) && fits(one));
            let several: Vec<String> = hits
                .iter()
                .map(|account| format!("{} ({})", account.id, account.label))
                .collect();
            hits.retain(|account| self.is_free(&account.id));
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
                        hint: self.link_hint(user, "ACCOUNT-ID"),
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Is the account nobody's? Hardly any turns up, so everybody is looked through for each.
    fn is_free(&self, id: &RemoteId) -> bool {
        let mut links = self.links.values();
        !links.any(|link| link.id == *id) && !self.state.even.owns(id)
    }

    /// Where a return makes a new account, an old one that is off is nobody's any more.
    fn is_usable(&self, account: &Account) -> bool {
        account.active || self.target.rules.reactivation() != Reactivation::Create
    }

    /// An account of a lost answer is ours; any other that turns up is adopted as `adopt:` says.
    fn take(
        &self,
        user: &UserKey,
        (account, by): (Account, &AttrName),
        attributes: &Attributes,
        why: Look,
    ) -> Result {
        let fits = format!(
            "the account {} ({}) fits by {}",
            account.label,
            account.id,
            by.short()
        );
        if let Some(verdict) = self.forbids(user, &account) {
            return Result::Park {
                reason: format!("{fits}, and {verdict}"),
                hint: self.link_hint(user, account.id.as_str()),
            };
        }
        match (why, self.target.rules.adopt) {
            (Look::InDoubt, _) | (Look::Unread | Look::Conflict, Adopt::Unique) => {
                Result::Found(Effects::Created(account, attributes.clone()))
            }
            (Look::Unread | Look::Conflict, Adopt::Ask | Adopt::Never) => Result::Park {
                reason: format!("{fits}, and `adopt:` wants a person to say so"),
                hint: self.link_hint(user, account.id.as_str()),
            },
        }
    }

    /// Why this account may not be taken for this user, whatever fits.
    fn forbids(&self, user: &UserKey, account: &Account) -> Option<&'static str> {
        if self.state.ignores_account(&account.id) {
            Some("is ignored")
        } else if self.target.rules.protects(account) {
            Some("is protected")
        } else if self.state.is_apart(user, &account.id) {
            Some("was unlinked by hand")
        } else {
            None
        }
    }

    fn link_hint(&self, user: &UserKey, id: &str) -> String {
        format!(
            "if it is theirs: rollcall link {} {} {}; else correct the value in the app",
            quoted(&user.to_string()),
            self.target.rules.target,
            quoted(id)
        )
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
        let account = self
            .target
            .app
            .update(&link.id, &changes, activate, self.as_read(&link.id))
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

    /// An account as it was read, unless it names others by ids that they may not have any more: those
    /// go back with a PUT, and the app would refuse it.
    pub(super) fn as_read(&self, id: &RemoteId) -> Option<&Account> {
        let account = self.accounts.get(id)?;
        let names_former = || {
            let mut names = self.target.rules.profile.references();
            names.any(|name| {
                let value = account.attributes.get(name).and_then(Value::as_text);
                value.is_some_and(|id| self.former.contains_key(&RemoteId::new(id)))
            })
        };
        let is_outdated = !self.former.is_empty() && names_former();
        (!is_outdated).then_some(account)
    }

    /// The values that a user's account can be found by.
    pub(super) fn keys(&self, user: &UserKey) -> &[(AttrName, Arc<str>)] {
        let desired = self.desired.get(user);
        desired.map_or(&[], |desired| desired.keys.as_slice())
    }

    /// A success is no evidence that somebody is out: where the answer does not show it, we look.
    async fn deactivate(&self, user: &UserKey) -> std::result::Result<Result, Fault> {
        let id = &self.link(user)?.id;
        let shown = match self.target.app.deactivate(id).await? {
            Some(account) => Some(account),
            None => self.target.app.account(id).await.ok().flatten(),
        };
        let lags = !self.target.rules.profile.settle.is_zero();
        if !lags && shown.as_ref().is_some_and(|account| account.active) {
            return Ok(Result::Park {
                reason: "the app answered with success, and the account is still active".into(),
                hint: "switch the account off in the app by hand, now".into(),
            });
        }
        Ok(Result::Done(Effects::Deactivated(shown)))
    }

    /// The values with accounts for users; a reference to nobody's account is left out.
    pub(super) fn resolved(&self, attributes: &Attributes) -> Attributes {
        attributes
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), self.resolve(value)?)))
            .collect()
    }

    /// The account of a user that others may refer to.
    pub(super) fn account_of(&self, user: &UserKey) -> Option<&RemoteId> {
        let id = &self.links.get(user)?.id;
        (!self.gone.contains(id)).then_some(id)
    }

    /// A reference by the id that the account has now: it may have another one than when it was planned.
    fn renewed<'v>(&self, name: &AttrName, value: &'v Value) -> Cow<'v, Value> {
        let is_reference = || {
            self.target
                .rules
                .profile
                .references()
                .any(|known| known == name)
        };
        let now = value
            .as_text()
            .filter(|_| !self.former.is_empty() && is_reference())
            .and_then(|id| self.account_of(self.former.get(&RemoteId::new(id))?));
        match now {
            Some(id) => Cow::Owned(Value::text(id.as_str())),
            None => Cow::Borrowed(value),
        }
    }

    fn resolve(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Account(user) => Some(Value::text(self.account_of(user)?.as_str())),
            Value::Text(_) | Value::Bool(_) | Value::Int(_) | Value::List(_) => Some(value.clone()),
        }
    }

    pub(super) fn resolved_change(&self, change: &AttrChange) -> Option<AttrChange> {
        let new = match &change.new {
            Some(value) => Some(self.resolve(self.renewed(&change.name, value).as_ref())?),
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The plan was made without reading the app: somebody else may have made it.
    Unread,
    /// An earlier create may have made it.
    InDoubt,
    /// The app says that a unique value is taken.
    Conflict,
}
