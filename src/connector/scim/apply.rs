//! Writing to an app that speaks SCIM: POST, PATCH, PUT, DELETE.
//!
//! Promises one change a call, each request once, and a deactivation alone in its request. Leaves
//! the bodies to [`super::encode`], [`super::patch`] and [`super::put`], and groups to
//! [`super::groups`].

use async_trait::async_trait;
use http::Method;

use super::decode;
use super::groups::GroupWrite;
use super::node::Object;
use super::version::{self, Version};
use super::{ScimConnector, creation, due, encode, operation, patch, put};
use crate::connector::{Apply, Direction, GroupMember};
use crate::core::account::{Account, AppGroup};
use crate::core::attribute::{AttrChange, Attributes};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::core::profile::{DeactivateBy, Deactivation, ETags, Reactivation, UpdateForm};
use crate::http::{About, Answer};

#[async_trait]
impl Apply for ScimConnector {
    async fn create(&self, attributes: &Attributes) -> Result<Account, Fault> {
        let body = encode::account(attributes, &self.profile)?;
        let path = &self.profile.users.path;
        let answer = self
            .exchange
            .write(Method::POST, path, About::User, Some(&body))
            .await?;
        match decode::shown(&answer.body, &self.profile) {
            Some(account) => Ok(account),
            None => creation::account(self, &answer, attributes).await,
        }
    }

    async fn update(
        &self,
        id: &RemoteId,
        changes: &[AttrChange],
        activate: bool,
        now: Option<&Account>,
    ) -> Result<Option<Account>, Fault> {
        if !(activate && self.activates_first(changes)) {
            return self.change(id, changes, activate, now).await;
        }
        let shown = self.switch(id, true, now).await?;
        let present = match shown {
            Some(account) => account,
            None => self.present(id).await.map_err(half_done)?,
        };
        // Switching it on may have given it another id.
        let id = &present.id;
        let changed = self.change(id, changes, false, Some(&present)).await;
        Ok(changed.map_err(half_done)?.or(Some(present)))
    }

    async fn deactivate(&self, id: &RemoteId) -> Result<Option<Account>, Fault> {
        match self.profile.users.deactivate.by {
            DeactivateBy::Active => self.switch(id, false, None).await,
            DeactivateBy::Delete => {
                self.delete_at(&self.user(id)?, About::User).await?;
                Ok(None)
            }
            DeactivateBy::None => Err(Fault::new(
                FaultKind::Unsupported,
                Effect::None,
                "the profile says that nobody can be switched off from outside; nothing was sent",
            )),
        }
    }

    async fn delete(&self, id: &RemoteId) -> Result<(), Fault> {
        self.delete_at(&self.user(id)?, About::User).await
    }

    async fn create_group(
        &self,
        name: &str,
        external_id: &str,
        members: &[GroupMember],
    ) -> Result<AppGroup, Fault> {
        self.make_group(name, external_id, members).await
    }

    async fn rename_group(&self, id: &RemoteId, name: &str) -> Result<(), Fault> {
        self.write_group(id, &GroupWrite::Rename(name)).await
    }

    async fn delete_group(&self, id: &RemoteId) -> Result<(), Fault> {
        self.delete_at(&self.group_path(id)?, About::Group).await
    }

    fn portion(&self, direction: Direction, members: &[GroupMember]) -> usize {
        self.group_portion(direction, members)
    }

    async fn move_members(
        &self,
        group: &RemoteId,
        direction: Direction,
        members: &[GroupMember],
    ) -> Result<(), Fault> {
        if members.is_empty() {
            return Ok(());
        }
        self.write_group(group, &GroupWrite::Move(direction, members))
            .await
    }
}

impl ScimConnector {
    /// Sends each body; gives the last answer. Once one has landed, a later failure is in doubt.
    async fn patch(
        &self,
        path: &str,
        about: About,
        bodies: &[Object],
    ) -> Result<Option<Answer>, Fault> {
        self.patch_bound(path, about, bodies, None).await
    }

    /// The same, of what has this version.
    async fn patch_bound(
        &self,
        path: &str,
        about: About,
        bodies: &[Object],
        mut version: Option<Version>,
    ) -> Result<Option<Answer>, Fault> {
        let mut last = None;
        for body in bodies {
            let body = operation::spelled(body, self.profile.users.patch.op_case);
            let sent = self
                .send(Method::PATCH, path, about, &body, version.as_ref())
                .await;
            let answer = sent.map_err(|fault| match last {
                Some(_) => half_done(fault),
                None => fault,
            })?;
            version = version.and_then(|_| Version::of_answer(&answer));
            last = Some(answer);
        }
        Ok(last)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        about: About,
        body: &Object,
        version: Option<&Version>,
    ) -> Result<Answer, Fault> {
        let exchange = &self.exchange;
        match version {
            Some(version) => {
                exchange
                    .write_bound(method, path, about, Some(body), version)
                    .await
            }
            None => exchange.write(method, path, about, Some(body)).await,
        }
    }

    /// The version that a write to the account at `path`, worded after `present`, is bound to.
    async fn version_of(
        &self,
        path: &str,
        present: Option<&Account>,
    ) -> Result<Option<Version>, Fault> {
        let known = present.and_then(Version::of_account);
        match (self.profile.http.etags, known) {
            (ETags::Off, _) | (ETags::Send, None) => Ok(None),
            (ETags::Send | ETags::Required, Some(version)) => Ok(Some(version)),
            (ETags::Required, None) => self.exchange.version(path, About::User).await.map(Some),
        }
    }

    /// Was the account changed by somebody else between our read and our write?
    fn is_overtaken(&self, fault: &Fault) -> bool {
        self.profile.http.etags != ETags::Off && version::is_outdated(fault)
    }

    /// Has the account to be on before anything else of it is changed? What an app hides while an
    /// account is off could not be told from what it holds.
    fn activates_first(&self, changes: &[AttrChange]) -> bool {
        let rules = &self.profile.users;
        let is_apart = rules.reactivate == Reactivation::ActivateFirst
            || rules.deactivate.effect == Deactivation::Renames;
        is_apart && !due::due(changes, &self.profile, None).is_empty()
    }

    /// Switches an account on or off, in a request that says nothing else.
    async fn switch(
        &self,
        id: &RemoteId,
        on: bool,
        now: Option<&Account>,
    ) -> Result<Option<Account>, Fault> {
        let word = |present: &Account| put::switched(present, on, &self.profile).map(Some);
        match self.patches_users.form(self.profile.users.update) {
            UpdateForm::Put => self.put_user(id, now, word).await,
            UpdateForm::None => self.patch_switch(id, on).await,
            UpdateForm::Patch => match self.patch_switch(id, on).await {
                Err(fault) if self.patches_users.ends_with(&fault) => {
                    self.put_user(id, now, word).await
                }
                switched => switched,
            },
        }
    }

    async fn patch_switch(&self, id: &RemoteId, on: bool) -> Result<Option<Account>, Fault> {
        let switch = operation::active(on, &self.profile.users.patch);
        let bodies = operation::bodies(&[switch], 1);
        let answer = self.patch(&self.user(id)?, About::User, &bodies).await?;
        Ok(answer.and_then(|answer| decode::shown(&answer.body, &self.profile)))
    }

    /// Changes an account in one request, or in as many as its operations need.
    async fn change(
        &self,
        id: &RemoteId,
        changes: &[AttrChange],
        activate: bool,
        now: Option<&Account>,
    ) -> Result<Option<Account>, Fault> {
        match self.patches_users.form(self.profile.users.update) {
            UpdateForm::None => self.patch_user(id, &[], activate, now).await,
            UpdateForm::Put => self.put_changes(id, changes, activate, now).await,
            UpdateForm::Patch => match self.patch_user(id, changes, activate, now).await {
                Err(fault) if self.patches_users.ends_with(&fault) => {
                    self.put_changes(id, changes, activate, now).await
                }
                changed => changed,
            },
        }
    }

    /// Sends the present account with our values in it, where any of them differs.
    async fn put_changes(
        &self,
        id: &RemoteId,
        changes: &[AttrChange],
        activate: bool,
        now: Option<&Account>,
    ) -> Result<Option<Account>, Fault> {
        if !activate && due::due(changes, &self.profile, now).is_empty() {
            return Ok(None);
        }
        let word = |present: &Account| {
            let due = due::due(changes, &self.profile, Some(present));
            if !activate && due.is_empty() {
                return Ok(None);
            }
            put::changed(present, &due, activate, &self.profile).map(Some)
        };
        self.put_user(id, now, word).await
    }

    async fn patch_user(
        &self,
        id: &RemoteId,
        changes: &[AttrChange],
        activate: bool,
        now: Option<&Account>,
    ) -> Result<Option<Account>, Fault> {
        let path = self.user(id)?;
        let mut read = if now.is_none() && patch::needs_present(changes, &self.profile) {
            Some(self.present(id).await?)
        } else {
            None
        };
        let mut tries = 1;
        loop {
            let present = read.as_ref().or(now);
            let operations = patch::operations(changes, activate, &self.profile, present)?;
            if operations.is_empty() {
                return Ok(None);
            }
            let bodies = operation::bodies(&operations, self.profile.users.patch.max_operations);
            let version = self.version_of(&path, present).await?;
            match self.patch_bound(&path, About::User, &bodies, version).await {
                Err(fault) if self.is_overtaken(&fault) && tries < version::TRIES => {
                    read = Some(self.present(id).await?);
                    tries += 1;
                }
                Err(fault) if self.is_overtaken(&fault) => return Err(version::overtaken(fault)),
                sent => {
                    let last = sent?;
                    return Ok(last.and_then(|answer| decode::shown(&answer.body, &self.profile)));
                }
            }
        }
    }

    /// Sends what `word` makes of the present account, if it makes anything of it.
    async fn put_user(
        &self,
        id: &RemoteId,
        now: Option<&Account>,
        word: impl Fn(&Account) -> Result<Option<Object>, Fault>,
    ) -> Result<Option<Account>, Fault> {
        let path = self.user(id)?;
        let mut present = match now {
            Some(now) => now.clone(),
            None => self.present(id).await?,
        };
        let mut tries = 1;
        loop {
            let Some(body) = word(&present)? else {
                return Ok(None);
            };
            let version = self.version_of(&path, Some(&present)).await?;
            let sent = self
                .send(Method::PUT, &path, About::User, &body, version.as_ref())
                .await;
            match sent {
                Err(fault) if self.is_overtaken(&fault) && tries < version::TRIES => {
                    present = self.present(id).await?;
                    tries += 1;
                }
                Err(fault) if self.is_overtaken(&fault) => return Err(version::overtaken(fault)),
                sent => return Ok(decode::shown(&sent?.body, &self.profile)),
            }
        }
    }

    async fn delete_at(&self, path: &str, about: About) -> Result<(), Fault> {
        match self.exchange.write(Method::DELETE, path, about, None).await {
            Err(fault) if fault.kind != FaultKind::Missing => Err(fault),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// A request before this one has landed: whatever this one did, something has changed.
fn half_done(fault: Fault) -> Fault {
    Fault {
        effect: Effect::Unknown,
        ..fault
    }
}
