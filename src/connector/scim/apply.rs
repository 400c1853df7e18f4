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
use super::{ScimConnector, creation, due, encode, operation, patch, put};
use crate::connector::{Apply, Direction, GroupMember};
use crate::core::account::{Account, AppGroup};
use crate::core::attribute::{AttrChange, Attributes};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::core::profile::UpdateForm;
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
        match self.profile.users.update {
            UpdateForm::Patch | UpdateForm::None => {
                self.patch_user(id, changes, activate, now).await
            }
            UpdateForm::Put => self.put_user(id, changes, activate, now).await,
        }
    }

    async fn deactivate(&self, id: &RemoteId) -> Result<Option<Account>, Fault> {
        let path = self.user(id)?;
        match self.profile.users.update {
            UpdateForm::Patch | UpdateForm::None => {
                let off = operation::active(false, self.profile.users.patch.form);
                let answer = self
                    .patch(&path, About::User, &operation::bodies(&[off], 1))
                    .await?;
                Ok(answer.and_then(|answer| decode::shown(&answer.body, &self.profile)))
            }
            UpdateForm::Put => {
                let present = self.present(id).await?;
                self.put(&path, &put::switched_off(&present, &self.profile)?)
                    .await
            }
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
        let mut last = None;
        for body in bodies {
            let sent = self
                .exchange
                .write(Method::PATCH, path, about, Some(body))
                .await;
            last = Some(sent.map_err(|fault| match last {
                Some(_) => Fault {
                    effect: Effect::Unknown,
                    ..fault
                },
                None => fault,
            })?);
        }
        Ok(last)
    }

    async fn patch_user(
        &self,
        id: &RemoteId,
        changes: &[AttrChange],
        activate: bool,
        now: Option<&Account>,
    ) -> Result<Option<Account>, Fault> {
        let path = self.user(id)?;
        let read = if now.is_none() && patch::needs_present(changes, &self.profile) {
            Some(self.present(id).await?)
        } else {
            None
        };
        let present = now.or(read.as_ref());
        let operations = patch::operations(changes, activate, &self.profile, present)?;
        let bodies = operation::bodies(&operations, self.profile.users.patch.max_operations);
        let last = self.patch(&path, About::User, &bodies).await?;
        Ok(last.and_then(|answer| decode::shown(&answer.body, &self.profile)))
    }

    async fn put_user(
        &self,
        id: &RemoteId,
        changes: &[AttrChange],
        activate: bool,
        now: Option<&Account>,
    ) -> Result<Option<Account>, Fault> {
        let idle = |now| !activate && due::due(changes, &self.profile, now).is_empty();
        if idle(now) {
            return Ok(None);
        }
        let read;
        let present = if let Some(now) = now {
            now
        } else {
            read = self.present(id).await?;
            &read
        };
        if idle(Some(present)) {
            return Ok(None);
        }
        let due = due::due(changes, &self.profile, Some(present));
        let body = put::changed(present, &due, activate, &self.profile)?;
        self.put(&self.user(id)?, &body).await
    }

    async fn put(&self, path: &str, body: &Object) -> Result<Option<Account>, Fault> {
        let answer = self
            .exchange
            .write(Method::PUT, path, About::User, Some(body))
            .await?;
        Ok(decode::shown(&answer.body, &self.profile))
    }

    async fn delete_at(&self, path: &str, about: About) -> Result<(), Fault> {
        match self.exchange.write(Method::DELETE, path, about, None).await {
            Err(fault) if fault.kind != FaultKind::Missing => Err(fault),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
