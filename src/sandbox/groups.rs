//! The groups of an app, with what its profile says of them.
//!
//! Promises that members are users of the app, each one once, and that a request changes all that it
//! names or nothing. Leaves the bookkeeping of members to their draft.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::Value as Json;

use super::app::App;
use super::call::{Call, check_schemas};
use super::filter::{Filter, folded};
use super::members::{Draft, MemberChange};
use super::object::{self, Object};
use super::operation::{Op, Operation};
use super::paging::Window;
use super::patch;
use super::path::{AttrPath, GROUP};
use super::records::{Members, Record};
use super::refusal::{Refusal, ScimType};
use super::reply;
use super::route::encode;
use super::view::{self, Page, Projection, Shown};
use crate::core::profile::{GroupModel, MemberAddition, UpdateForm};
use crate::core::rules::glob;
use crate::http::Answer;

impl App {
    pub(super) fn list_groups(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        if let Some(filter) = &call.query.filter {
            self.check_group_filter(filter)?;
        }
        let hits = self.groups_that_fit(call.query.filter.as_ref());
        let window = Window::of(&call.query, self.profile.groups.paging, self.pages.1, "")?;
        let total = hits.len();
        let page = window.cut(hits.into_iter()).into_iter();
        let shown = page.map(|record| self.show_group(record, call)).collect();
        Ok(reply::scim(
            StatusCode::OK,
            &Page::new(total, &window, shown),
        ))
    }

    pub(super) fn groups_that_fit(&self, filter: Option<&Filter>) -> Vec<&Record> {
        let fits =
            |record: &&Record| filter.is_none_or(|filter| filter.matches(&whole(record, filter)));
        let groups = self.groups.iter().map(|(_, record)| record);
        groups.filter(fits).collect()
    }

    fn check_group_filter(&self, filter: &Filter) -> Result<(), Refusal> {
        let stranger = filter.paths().into_iter().find(|path| {
            let is_always = ["id", "meta"]
                .iter()
                .any(|name| path.name.eq_ignore_ascii_case(name));
            !is_always && self.group_shape.locate(path).is_err()
        });
        match stranger {
            None => Ok(()),
            Some(path) => {
                let problem = format!("this app does not filter groups by {}", path.name);
                Err(Refusal::bad(ScimType::InvalidFilter, problem))
            }
        }
    }

    pub(super) fn read_group(&self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        let record = self.group(id)?;
        Ok(self.group_answer(StatusCode::OK, record, call))
    }

    pub(super) fn create_group(&mut self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let mut sent = call.object(&self.profile)?;
        self.check_makes_groups()?;
        let schemas = check_schemas(&sent, GROUP, &|urn| urn.eq_ignore_ascii_case(GROUP))?;
        let members = object::take(&mut sent, "members").filter(|list| !list.is_null());
        let mut after = self.group_shape.admit(sent, None)?;
        self.settle_group(None, None, &mut after)?;
        let nobody = Members::new();
        let mut draft = self.draft(&nobody);
        if let Some(list) = members {
            draft.add(list, &self.group_shape, &|id| self.can_join(id))?;
        }
        self.check_inline(draft.named())?;
        self.check_chunk(draft.named())?;
        let change = draft.finish();
        self.check_size(change.size(&nobody))?;
        let mut members = Members::new();
        change.make(&mut members);
        after.insert("schemas".into(), schemas.into());
        let number = self.groups.insert(after, members, call.now);
        let record = self.groups.get(number).expect("it was taken in just now");
        let answer = self.group_answer(StatusCode::CREATED, record, call);
        Ok(reply::located(answer, &self.group_location(record, call)))
    }

    pub(super) fn replace_group(&mut self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        let mut sent = call.object(&self.profile)?;
        self.check_update(UpdateForm::Put)?;
        let record = self.group(id)?;
        call.check_version(record.version)?;
        let held = record.resource.get("schemas").and_then(Json::as_array);
        let schemas = check_schemas(&sent, GROUP, &|urn| {
            urn.eq_ignore_ascii_case(GROUP)
                || held.is_some_and(|held| held.iter().any(|one| one.as_str() == Some(urn)))
        })?;
        let members = object::take(&mut sent, "members").filter(|list| !list.is_null());
        let mut after = self.group_shape.admit(sent, Some(&record.resource))?;
        let mut draft = self.draft(&record.members);
        if members.is_some() || self.profile.groups.members_readable {
            draft.clear();
        }
        if let Some(list) = members {
            draft.add(list, &self.group_shape, &|id| self.can_join(id))?;
        }
        let change = draft.finish();
        after.insert("schemas".into(), schemas.into());
        self.change_group(id, after, change, call)?;
        self.read_group(id, call)
    }

    pub(super) fn patch_group(&mut self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        self.check_update(UpdateForm::Patch)?;
        let operations = self.operations(call)?;
        let record = self.group(id)?;
        call.check_version(record.version)?;
        let mut after = record.resource.clone();
        let mut draft = self.draft(&record.members);
        for operation in operations {
            self.apply_to_group(operation, &mut after, &mut draft)?;
        }
        self.check_chunk(draft.named())?;
        let change = draft.finish();
        self.change_group(id, after, change, call)?;
        if call.query.projection == Projection::Whole {
            return Ok(reply::nothing());
        }
        self.read_group(id, call)
    }

    fn apply_to_group(
        &self,
        mut operation: Operation,
        after: &mut Object,
        draft: &mut Draft<'_>,
    ) -> Result<(), Refusal> {
        let removal = self.profile.groups.remove;
        let can_join = |id: &str| self.can_join(id);
        if let Some(path) = &operation.path {
            if path.attr.schema.is_some() || !path.attr.name.eq_ignore_ascii_case("members") {
                return patch::apply(after, operation, &self.group_shape);
            }
            if path.attr.sub.is_some() {
                return Err(Refusal::path("a member is added and removed as a whole"));
            }
            let wants_object = self.profile.groups.add == MemberAddition::Object;
            if operation.op == Op::Add && wants_object {
                let problem = "this app adds members by an object without a path";
                return Err(Refusal::path(problem));
            }
            return draft.apply(operation, &self.group_shape, removal, &can_join);
        }
        let members = match (&operation.op, &mut operation.value) {
            (Op::Add | Op::Replace, Some(Json::Object(fields))) => object::take(fields, "members"),
            (Op::Add | Op::Replace | Op::Remove, _) => None,
        };
        if let Some(list) = members {
            if operation.op == Op::Replace {
                draft.clear();
            }
            draft.add(list, &self.group_shape, &can_join)?;
        }
        patch::apply(after, operation, &self.group_shape)
    }

    pub(super) fn delete_group(&mut self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        self.check_makes_groups()?;
        if !self.profile.groups.delete {
            return Err(Refusal::unsupported("this app does not delete groups"));
        }
        call.check_version(self.group(id)?.version)?;
        self.destroy_group(id, call.now);
        Ok(reply::nothing())
    }

    /// Takes a group out. Says whether there was one.
    pub(super) fn destroy_group(&mut self, id: &str, now: jiff::Timestamp) -> bool {
        let record = self
            .groups
            .number(id)
            .and_then(|number| self.groups.remove(number));
        self.groups.drop_member(id, now);
        record.is_some()
    }

    fn change_group(
        &mut self,
        id: &str,
        mut after: Object,
        change: MemberChange,
        call: &Call<'_>,
    ) -> Result<(), Refusal> {
        let missing = || Refusal::missing("there is no such group");
        let number = self.groups.number(id).ok_or_else(missing)?;
        let record = self.groups.get(number).ok_or_else(missing)?;
        let before = &record.resource;
        let size = change.size(&record.members);
        if size > record.members.len() {
            self.check_size(size)?;
        }
        self.settle_group(Some(number), Some(before), &mut after)?;
        self.groups.update(number, after, call.now);
        self.groups
            .change_members(number, call.now, |members| change.make(members));
        Ok(())
    }

    /// The rules of a group's own attributes: a name, and no other group of that name.
    fn settle_group(
        &self,
        own: Option<u64>,
        before: Option<&Object>,
        after: &mut Object,
    ) -> Result<(), Refusal> {
        self.group_shape.prune(before, after);
        if !self.profile.groups.external_id {
            let held = before.and_then(|before| before.get("externalId"));
            after.remove("externalId");
            after.extend(held.map(|value| ("externalId".to_owned(), value.clone())));
        }
        for name in ["displayName", "externalId"] {
            if after.get(name).is_some_and(|value| !value.is_string()) {
                return Err(Refusal::value(format!("{name} has to be a text")));
            }
        }
        let name = object::text(after, "displayName").unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::value("displayName is required"));
        }
        let held = before.and_then(|before| object::text(before, "displayName"));
        let rules = &self.profile.groups;
        let is_fixed = !rules.rename || rules.model == GroupModel::Fixed;
        if is_fixed && held.is_some_and(|held| held != name) {
            return Err(Refusal::mutability("a group of this app keeps its name"));
        }
        let is_managed = |pattern: &String| glob(pattern, name);
        if rules.managed_by_app.iter().any(is_managed) {
            let problem = "this app manages the group itself";
            return Err(Refusal::plain(StatusCode::FORBIDDEN, problem));
        }
        let path = AttrPath::of(&"displayName".into());
        let holders = self
            .groups
            .holders(&path, &folded(name))
            .unwrap_or_default();
        if holders.into_iter().any(|number| Some(number) != own) {
            return Err(Refusal::taken("another group has this displayName"));
        }
        Ok(())
    }

    fn draft<'a>(&self, members: &'a Members) -> Draft<'a> {
        Draft::new(members).wanting_display(self.profile.groups.member_display)
    }

    fn check_makes_groups(&self) -> Result<(), Refusal> {
        match self.profile.groups.model {
            GroupModel::Groups | GroupModel::Roles => Ok(()),
            GroupModel::None | GroupModel::Fixed => {
                let problem = "the groups of this app are its own: none is made or deleted";
                Err(Refusal::plain(StatusCode::FORBIDDEN, problem))
            }
        }
    }

    /// PUT is taken wherever PATCH is (RFC 7644, 3.5.1); an app of PUT alone knows no PATCH.
    fn check_update(&self, form: UpdateForm) -> Result<(), Refusal> {
        match (self.profile.groups.update, form) {
            (UpdateForm::None, _) => Err(Refusal::unsupported("this app does not change groups")),
            (UpdateForm::Put, UpdateForm::Patch) => {
                Err(Refusal::unsupported("this app changes groups by PUT only"))
            }
            (UpdateForm::Put | UpdateForm::Patch, _) => Ok(()),
        }
    }

    /// An app that says nothing about members of a new group takes them.
    fn check_inline(&self, members: usize) -> Result<(), Refusal> {
        let most = self.profile.groups.inline_members;
        if most == 0 || members <= most {
            return Ok(());
        }
        let problem = format!("a group is made with at most {most} members");
        Err(Refusal::value(problem))
    }

    fn check_size(&self, members: usize) -> Result<(), Refusal> {
        match self.profile.groups.max_members {
            Some(most) if members > most => {
                let problem = format!("a group of this app holds at most {most} members");
                Err(Refusal::value(problem))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn is_inactive(&self, id: &str) -> bool {
        let number = self.users.number(id);
        let user = number.and_then(|number| self.users.get(number));
        user.is_some_and(|user| !user.is_active())
    }

    fn check_chunk(&self, members: usize) -> Result<(), Refusal> {
        let most = self.profile.groups.chunk;
        if members <= most {
            return Ok(());
        }
        let problem = format!("a request may name at most {most} members");
        Err(Refusal::plain(StatusCode::PAYLOAD_TOO_LARGE, problem))
    }

    fn can_join(&self, id: &str) -> bool {
        self.users.number(id).is_some()
    }

    fn group(&self, id: &str) -> Result<&Record, Refusal> {
        let number = self.groups.number(id);
        let record = number.and_then(|number| self.groups.get(number));
        record.ok_or_else(|| Refusal::missing("there is no such group"))
    }

    fn group_location(&self, record: &Record, call: &Call<'_>) -> String {
        format!(
            "{}{}/{}",
            call.base,
            self.profile.groups.path,
            encode(record.id())
        )
    }

    pub(super) fn show_group<'a>(&self, record: &'a Record, call: &Call<'_>) -> Shown<'a> {
        let location = self.group_location(record, call);
        let members = self.profile.groups.members_readable;
        let shown = view::show(record, &call.query.projection, &[], members, location);
        if self.profile.groups.hides_inactive {
            shown.without_members(&|id| self.is_inactive(id))
        } else {
            shown
        }
    }

    fn group_answer(&self, status: StatusCode, record: &Record, call: &Call<'_>) -> Answer {
        let answer = reply::scim(status, &self.show_group(record, call));
        reply::versioned(answer, record.version)
    }
}

/// The group with its members, if the filter asks about them.
fn whole<'a>(record: &'a Record, filter: &Filter) -> Cow<'a, Object> {
    let asks = |path: &&AttrPath| path.name.eq_ignore_ascii_case("members");
    if !filter.paths().iter().any(asks) {
        return Cow::Borrowed(&record.resource);
    }
    let mut resource = record.resource.clone();
    resource.insert("members".into(), record.members.values().cloned().collect());
    Cow::Owned(resource)
}
