//! Writing to groups: made, renamed, members moved; by PATCH, or by PUT of the whole group.
//!
//! Promises that a PUT is sent only where the app shows all members, since it would take out whom it
//! does not name, and that an app which once said 501 to a PATCH is not asked to PATCH a group again.
//! Leaves the operations to [`super::members`] and portions that are refused to the engine.

use http::Method;

use super::decode::{self, Unreadable};
use super::node::Object;
use super::{ScimConnector, creation, encode, members, no_groups, put};
use crate::connector::{Direction, GroupMember};
use crate::core::account::AppGroup;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::core::profile::UpdateForm;
use crate::http::About;

/// What is to be changed in a group.
pub enum GroupWrite<'a> {
    /// Its name.
    Rename(&'a str),
    /// Who is in it.
    Move(Direction, &'a [GroupMember]),
}

impl ScimConnector {
    /// Makes a group; see [`Apply::create_group`](crate::connector::Apply::create_group).
    pub(super) async fn make_group(
        &self,
        name: &str,
        external_id: &str,
        members: &[GroupMember],
    ) -> Result<AppGroup, Fault> {
        if !self.profile.has_groups() {
            return Err(no_groups());
        }
        let rules = &self.profile.groups;
        let external_id = (rules.external_id && !external_id.is_empty()).then_some(external_id);
        let mut body = encode::group(name, external_id);
        if !members.is_empty() {
            body.set("members", members::list(members, rules));
        }
        let answer = self
            .exchange
            .write(Method::POST, &rules.path, About::Group, Some(&body))
            .await?;
        match creation::read(self, &answer) {
            Ok(group) => Ok(group),
            Err(_) => creation::group(self, &answer, name, external_id).await,
        }
    }

    /// Changes a group in the form that the profile says, or that the app turned out to need.
    pub(super) async fn write_group(
        &self,
        id: &RemoteId,
        write: &GroupWrite<'_>,
    ) -> Result<(), Fault> {
        let path = self.group_path(id)?;
        match self.group_form() {
            UpdateForm::None => Err(unchangeable()),
            UpdateForm::Put => self.put_group(&path, write).await,
            UpdateForm::Patch => match self.patch_group(&path, write).await {
                Err(fault)
                    if self.profile.groups.shows_all_members()
                        && self.patches_groups.ends_with(&fault) =>
                {
                    self.put_group(&path, write).await
                }
                other => other,
            },
        }
    }

    /// How many members fit into one request.
    pub(super) fn group_portion(&self, direction: Direction, members: &[GroupMember]) -> usize {
        match self.group_form() {
            // The whole group goes in any case.
            UpdateForm::Put | UpdateForm::None => members.len().max(1),
            UpdateForm::Patch => members::portion(direction, members, &self.profile),
        }
    }

    fn group_form(&self) -> UpdateForm {
        self.patches_groups.form(self.profile.groups.update)
    }

    async fn patch_group(&self, path: &str, write: &GroupWrite<'_>) -> Result<(), Fault> {
        let body = match write {
            GroupWrite::Rename(name) => members::renamed(name, self.profile.users.patch.form),
            GroupWrite::Move(direction, members) => {
                members::moved(*direction, members, &self.profile)
            }
        };
        let body = super::operation::spelled(&body, self.profile.users.patch.op_case);
        self.exchange
            .write(Method::PATCH, path, About::Group, Some(&body))
            .await
            .map(|_| ())
    }

    /// The present group with the change made in it; nothing is sent when it holds it already.
    async fn put_group(&self, path: &str, write: &GroupWrite<'_>) -> Result<(), Fault> {
        if !self.profile.groups.shows_all_members() {
            return Err(would_empty());
        }
        let answer = self.exchange.get(path, About::Group).await?;
        let raw = decode::object(&answer.body).map_err(Unreadable::fault)?;
        decode::group(&raw, &self.profile.groups).map_err(Unreadable::fault)?;
        let present = Object::of(&raw).ok_or_else(|| Unreadable::NotAnObject.fault())?;
        let body = match write {
            GroupWrite::Rename(name) => Some(put::renamed(present, name)),
            GroupWrite::Move(direction, members) => {
                put::moved(present, *direction, members, &self.profile.groups)
            }
        };
        match body {
            None => Ok(()),
            Some(body) => self
                .exchange
                .write(Method::PUT, path, About::Group, Some(&body))
                .await
                .map(|_| ()),
        }
    }
}

fn unchangeable() -> Fault {
    Fault::new(
        FaultKind::Unsupported,
        Effect::None,
        "the profile says that its groups cannot be changed; nothing was sent",
    )
}

fn would_empty() -> Fault {
    Fault::new(
        FaultKind::Unsupported,
        Effect::None,
        "it takes only PUT for groups and does not show all members, so that a PUT would take the \
         others out; nothing was sent: change the group in the app",
    )
}
