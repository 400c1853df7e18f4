//! Taking back what a run did to one user.
//!
//! Promises that an account is as it was before the run: off or on, with its former values where the
//! journal has them. Leaves memberships to the groups.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Done, Draft, Unlink};
use crate::core::attribute::{AttrChange, AttrName, Value};
use crate::core::change::{Action, ActionKind, Subject};
use crate::core::deed::Deed;
use crate::core::desired::Desired;
use crate::core::key::{RemoteId, UserKey};
use crate::core::link::Link;
use crate::core::normal::same;
use crate::core::pin::Pinned;
use crate::core::profile::{DeactivateBy, Deactivation, Reactivation};

/// What a run did to one user.
#[derive(Default)]
pub(super) struct UserDeeds {
    label: Option<Arc<str>>,
    /// The first change of being there, or of being on: before it, things were the other way round.
    first: Option<ActionKind>,
    account: Option<RemoteId>,
    is_adopted: bool,
    former: BTreeMap<AttrName, Option<Value>>,
    lost_values: bool,
    is_deleted: bool,
}

impl UserDeeds {
    /// Adds the next line; of an attribute that was changed twice the first former value counts.
    pub(super) fn add(&mut self, done: &Done) {
        self.label = Some(Arc::clone(&done.label)).filter(|label| !label.is_empty());
        if let Some(Deed::Account(id)) = &done.deed {
            self.account = Some(id.clone());
        }
        match (done.action, &done.deed) {
            (ActionKind::Create | ActionKind::Deactivate | ActionKind::Reactivate, _) => {
                self.first.get_or_insert(done.action);
            }
            (ActionKind::Delete, _) => self.is_deleted = true,
            (ActionKind::Adopt, _) => self.is_adopted = true,
            (ActionKind::Update, Some(Deed::Values(values))) => {
                for (name, value) in values {
                    let known = self.former.entry(name.clone());
                    known.or_insert_with(|| value.clone());
                }
            }
            (ActionKind::Update, _) => self.lost_values = true,
            // A link that goes by another key is the same link, and nothing was sent.
            (
                ActionKind::Rekey
                | ActionKind::AdoptGroup
                | ActionKind::CreateGroup
                | ActionKind::RenameGroup
                | ActionKind::DeleteGroup
                | ActionKind::AddMembers
                | ActionKind::RemoveMembers,
                _,
            ) => {}
        }
    }

    /// What is told of somebody about whom nothing can be taken back.
    fn action(&self) -> ActionKind {
        let adopted = self.is_adopted.then_some(ActionKind::Adopt);
        self.first.or(adopted).unwrap_or(ActionKind::Update)
    }
}

const NO_VALUES: &str = "cannot be reversed: the journal keeps no values (set journal.values)";

impl Draft<'_> {
    pub(super) fn user(&mut self, user: &UserKey, deeds: &UserDeeds) {
        let label = deeds.label.clone().unwrap_or_else(|| Arc::clone(&user.id));
        let subject = || Subject::User(user.clone());
        if deeds.is_deleted {
            let why = "an account that was deleted does not come back";
            return self.last(subject(), &label, ActionKind::Delete, why);
        }
        let link = match self.present(user, deeds, &label) {
            Ok(Some(link)) => link,
            Ok(None) => return,
            Err(why) => return self.last(subject(), &label, deeds.action(), why),
        };
        if deeds.lost_values {
            self.last(subject(), &label, ActionKind::Update, NO_VALUES);
        }
        let account = self.accounts.get(&link.id).copied();
        let is_active = account.map_or(link.active, |account| account.active);
        let action = match deeds.first {
            Some(ActionKind::Deactivate) if !is_active => self.on(user, deeds, &link),
            Some(kind @ (ActionKind::Create | ActionKind::Reactivate)) => {
                self.off(kind == ActionKind::Create, is_active)
            }
            Some(_) | None => Ok(self.values(deeds, &link)),
        };
        match action {
            Err(why) => return self.last(subject(), &label, deeds.action(), why),
            Ok(Some(action)) => self.change(subject(), &label, action),
            Ok(None) => {}
        }
        if deeds.is_adopted {
            self.reversal.unlinks.push(Unlink {
                subject: subject(),
                label: Arc::clone(&label),
                id: link.id.clone(),
            });
        }
        if deeds.first.is_some() || deeds.is_adopted || !deeds.former.is_empty() {
            self.pin(Pinned::Account(user.clone()));
        }
    }

    /// The link to the account that the run was about. `None`: there is nothing left of what it made.
    fn present(
        &self,
        user: &UserKey,
        deeds: &UserDeeds,
        label: &str,
    ) -> Result<Option<Link>, String> {
        let (rules, state) = (self.input.rules, self.input.state);
        let Some(link) = state.links.get(user) else {
            let is_made = deeds.is_adopted || deeds.first == Some(ActionKind::Create);
            return if is_made {
                Ok(None)
            } else {
                Err("no account is linked to them any more".into())
            };
        };
        let follows_ids =
            rules.profile.users.id_changes || rules.reactivation() == Reactivation::Post;
        let other = deeds.account.as_ref().filter(|id| **id != link.id);
        if other.is_some() && !follows_ids {
            return Err(format!("they have another account by now: {}", link.id));
        }
        if self.input.is_gone(&link.id) {
            return Err("the app does not have the account any more".into());
        }
        if state.ignores_user(user) || state.ignores_account(&link.id) {
            return Err("the account is ignored by hand".into());
        }
        let names = [&*user.id, label, link.id.as_str()];
        let account = self.accounts.get(&link.id);
        let mut readings = self.input.readings.iter();
        let is_read = readings.any(|read| read.source == user.source && read.holds(user));
        if is_read && self.desired(user).is_none()
            || names.iter().any(|name| rules.protected.contains(*name))
            || account.is_some_and(|account| rules.protects(account))
        {
            return Err("the account is protected".into());
        }
        Ok(Some(link.clone()))
    }

    /// Switches off what the run made or switched on.
    fn off(&self, is_new: bool, is_active: bool) -> Result<Option<Action>, String> {
        let rules = self.input.rules;
        let users = &rules.profile.users;
        let deletes = is_new && self.delete;
        if deletes && users.delete.is_possible() {
            return Ok(Some(Action::Delete));
        }
        if !is_active {
            return Ok(None);
        }
        if users.deactivate.by == DeactivateBy::None {
            return Err("this app lets nobody be switched off from outside".into());
        }
        if users.deactivate.effect.is_destructive() && !rules.knows_effect && !deletes {
            let flag = if is_new {
                "; if that is meant: --delete"
            } else {
                ""
            };
            return Err(format!(
                "switching an account off may delete it in this app{flag}"
            ));
        }
        Ok(Some(Action::Deactivate))
    }

    /// Switches on what the run switched off.
    fn on(&self, user: &UserKey, deeds: &UserDeeds, link: &Link) -> Result<Option<Action>, String> {
        let desired = self.desired(user);
        let is_wanted = desired.is_some_and(|desired| desired.attributes().is_some());
        match self.input.rules.reactivation() {
            Reactivation::Activate | Reactivation::ActivateFirst => {}
            Reactivation::Post if is_wanted => {}
            Reactivation::Post => {
                return Err(
                    "this app brings an account back only with all its values, and the directory \
                     has the person out"
                        .into(),
                );
            }
            Reactivation::Create => {
                return Err(
                    "an account that was switched off stays off in this app: a return makes \
                            a new one"
                        .into(),
                );
            }
            Reactivation::Refuse => {
                return Err(
                    "an account that was switched off is not brought back: switch it on in \
                            the app"
                        .into(),
                );
            }
        }
        let mut attributes = self.former(deeds, link);
        attributes.extend(self.user_name(desired, &attributes));
        Ok(Some(Action::Reactivate { attributes }))
    }

    fn desired(&self, user: &UserKey) -> Option<&Desired> {
        let desired = self.input.desired;
        let at = desired.binary_search_by(|desired| desired.user.cmp(user));
        at.ok().map(|at| &desired[at])
    }

    /// The user name, where switching off has taken it away.
    fn user_name(&self, desired: Option<&Desired>, there: &[AttrChange]) -> Option<AttrChange> {
        let name = AttrName::new("userName");
        let effect = self.input.rules.profile.users.deactivate.effect;
        if effect != Deactivation::FreesUserName || there.iter().any(|one| one.name == name) {
            return None;
        }
        let (name, value) = desired?.keys.iter().find(|(key, _)| *key == name)?;
        Some(AttrChange {
            name: name.clone(),
            old: None,
            new: Some(Value::text(value)),
        })
    }

    fn values(&self, deeds: &UserDeeds, link: &Link) -> Option<Action> {
        let attributes = self.former(deeds, link);
        (!attributes.is_empty()).then_some(Action::Update { attributes })
    }

    /// Former values that the account does not hold now; what the app insists on is never cleared.
    fn former(&self, deeds: &UserDeeds, link: &Link) -> Vec<AttrChange> {
        let profile = &self.input.rules.profile;
        let account = self.accounts.get(&link.id);
        let now = |name: &AttrName| account.and_then(|account| account.attributes.get(name));
        let differs = |name: &AttrName, former: Option<&Value>| match (former, now(name)) {
            (Some(former), Some(now)) => profile
                .rule(name)
                .is_some_and(|rule| !same(rule, former, now)),
            (None, now) => now.is_some() && !profile.is_indispensable(name),
            (Some(_), None) => true,
        };
        deeds
            .former
            .iter()
            .filter(|(name, former)| differs(name, former.as_ref()))
            .map(|(name, former)| AttrChange {
                name: name.clone(),
                old: now(name).cloned(),
                new: former.clone(),
            })
            .collect()
    }
}
