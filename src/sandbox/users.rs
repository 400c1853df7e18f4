//! The users of an app, with what its profile says of them.
//!
//! Promises that switching off, on and deleting do what this kind of app really does. Leaves the
//! values to the rulebook and PATCH to its own file.

use http::StatusCode;
use serde_json::Value as Json;

use super::app::App;
use super::call::{Call, check_schemas};
use super::filter::{Filter, folded};
use super::object::{self, Object};
use super::operation::{self, Op, Operation};
use super::patch;
use super::path::{AttrPath, USER};
use super::records::{Members, Record, is_active};
use super::refusal::{Refusal, ScimType};
use super::reply;
use super::route::encode;
use super::rulebook::Act;
use super::view::{self, Page, Shown};
use crate::core::profile::{Deactivation, PatchForm, Reactivation, UpdateForm};
use crate::http::Answer;

/// What becomes of a user by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Destroyed,
}

impl App {
    pub(super) fn list_users(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let Some(filter) = &call.query.filter else {
            let all = self.users.iter().map(|(_, record)| record);
            return Ok(self.user_page(self.users.len(), all, call));
        };
        self.check_filter(filter)?;
        let candidates = filter
            .anchor()
            .and_then(|(path, text)| self.users.holders(path, text));
        let mut hits: Vec<&Record> = match candidates {
            Some(numbers) => numbers
                .iter()
                .filter_map(|number| self.users.get(*number))
                .collect(),
            None => self.users.iter().map(|(_, record)| record).collect(),
        };
        hits.retain(|record| filter.matches(&record.resource));
        Ok(self.user_page(hits.len(), hits.into_iter(), call))
    }

    fn user_page<'a>(
        &self,
        total: usize,
        hits: impl Iterator<Item = &'a Record>,
        call: &Call<'_>,
    ) -> Answer {
        let start = call.query.start;
        let count = call.query.count.unwrap_or(self.pages.0).min(self.pages.0);
        let page = hits.skip(start - 1).take(count);
        let shown = page.map(|record| self.show_user(record, call)).collect();
        reply::scim(StatusCode::OK, &Page::new(total, start, shown))
    }

    /// A filter may ask only for what the profile lists.
    fn check_filter(&self, filter: &Filter) -> Result<(), Refusal> {
        let listed: Vec<AttrPath> = self
            .profile
            .users
            .filters
            .iter()
            .map(AttrPath::of)
            .collect();
        let stranger = filter
            .paths()
            .into_iter()
            .find(|path| !listed.iter().any(|known| known.is_same(path)));
        match stranger {
            None => Ok(()),
            Some(path) => {
                let sub = path
                    .sub
                    .as_ref()
                    .map(|sub| format!(".{sub}"))
                    .unwrap_or_default();
                let problem = format!("this app does not filter users by {}{sub}", path.name);
                Err(Refusal::bad(ScimType::InvalidFilter, problem))
            }
        }
    }

    pub(super) fn read_user(&self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        let record = self.user(id)?;
        Ok(self.user_answer(StatusCode::OK, record, call))
    }

    pub(super) fn create_user(&mut self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let sent = call.object(&self.profile)?;
        let schemas = self.user_schemas(&sent, None)?;
        let mut after = self.user_shape.admit(sent, None)?;
        after.entry("active").or_insert(Json::Bool(true));
        self.settle(None, &mut after, Act::Create)?;
        self.settle_name(None, &mut after)?;
        if !is_active(&after) && self.profile.users.deactivate.effect == Deactivation::Deletes {
            return Err(Refusal::value("this app keeps no inactive users"));
        }
        self.check_unique(None, &Object::new(), &after)?;
        after.insert("schemas".into(), schemas.into());
        let number = self.users.insert(after, Members::new(), call.now);
        let record = self.users.get(number).expect("it was taken in just now");
        let answer = self.user_answer(StatusCode::CREATED, record, call);
        Ok(reply::located(answer, &self.user_location(record, call)))
    }

    pub(super) fn replace_user(&mut self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        let sent = call.object(&self.profile)?;
        let record = self.user(id)?;
        call.check_version(record.version)?;
        let before = &record.resource;
        let schemas = self.user_schemas(&sent, Some(before))?;
        let mut after = self.user_shape.admit(sent, Some(before))?;
        self.keep_unseen(before, &mut after);
        after.insert("schemas".into(), schemas.into());
        self.change_user(id, after, Act::Replace, call)
    }

    /// What a client cannot know is not taken away by its silence: what is never shown, and whether
    /// the user is active.
    fn keep_unseen(&self, before: &Object, after: &mut Object) {
        let unseen = self
            .hidden
            .iter()
            .filter(|path| path.sub.is_none() && path.schema.is_none());
        for name in unseen.map(|path| path.name.as_str()).chain(["active"]) {
            if let Some(value) = before.get(name) {
                after.entry(name).or_insert_with(|| value.clone());
            }
        }
    }

    pub(super) fn patch_user(&mut self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        if self.profile.users.update == UpdateForm::Put {
            return Err(Refusal::unsupported(
                "this app does not take PATCH of users; use PUT",
            ));
        }
        let operations = operation::read(call.object(&self.profile)?)?;
        self.check_count(operations.len())?;
        let record = self.user(id)?;
        call.check_version(record.version)?;
        let mut after = record.resource.clone();
        for operation in operations {
            self.check_dialect(&operation)?;
            patch::apply(&mut after, operation, &self.user_shape)?;
        }
        self.change_user(id, after, Act::Patch, call)
    }

    /// Refuses more operations than the app takes at once.
    pub(super) fn check_count(&self, operations: usize) -> Result<(), Refusal> {
        let most = self.profile.users.patch.max_operations;
        if operations <= most {
            return Ok(());
        }
        let problem = format!("a request may hold at most {most} operations");
        Err(Refusal::plain(StatusCode::PAYLOAD_TOO_LARGE, problem))
    }

    fn check_dialect(&self, operation: &Operation) -> Result<(), Refusal> {
        let dialect = &self.profile.users.patch;
        let Some(path) = &operation.path else {
            return Ok(());
        };
        if path.filter.is_some() && !dialect.valued_paths {
            return Err(Refusal::path("this app takes no filter in a path"));
        }
        match (dialect.form, operation.op) {
            (PatchForm::Object | PatchForm::ObjectEach, Op::Add | Op::Replace) => Err(
                Refusal::path("this app takes no path in an add or a replace"),
            ),
            (PatchForm::Object | PatchForm::ObjectEach, Op::Remove) | (PatchForm::Path, _) => {
                Ok(())
            }
        }
    }

    pub(super) fn delete_user(&mut self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        if !self.profile.users.delete.is_possible() {
            return Err(Refusal::unsupported("this app does not delete users"));
        }
        call.check_version(self.user(id)?.version)?;
        self.destroy_user(id, call.now);
        Ok(reply::nothing())
    }

    /// Takes a user out, and out of every group. Says whether there was one.
    pub(super) fn destroy_user(&mut self, id: &str, now: jiff::Timestamp) -> bool {
        let record = self
            .users
            .number(id)
            .and_then(|number| self.users.remove(number));
        self.groups.drop_member(id, now);
        record.is_some()
    }

    /// Brings a user into a new state, if the app allows it.
    fn change_user(
        &mut self,
        id: &str,
        mut after: Object,
        act: Act,
        call: &Call<'_>,
    ) -> Result<Answer, Refusal> {
        let missing = || Refusal::missing("there is no such user");
        let number = self.users.number(id).ok_or_else(missing)?;
        let before = &self.users.get(number).ok_or_else(missing)?.resource;
        self.settle(Some(before), &mut after, act)?;
        let fate = self.switch(before, &after)?;
        self.settle_name(Some(before), &mut after)?;
        self.check_unique(Some(number), before, &after)?;
        self.extend_schemas(&mut after);
        match fate {
            Fate::Destroyed => {
                self.destroy_user(id, call.now);
                Ok(reply::nothing())
            }
            Fate::Kept => {
                self.users.update(number, after, call.now);
                self.read_user(id, call)
            }
        }
    }

    fn settle(&self, before: Option<&Object>, after: &mut Object, act: Act) -> Result<(), Refusal> {
        let exists = |id: &str| self.users.number(id).is_some();
        self.rulebook
            .settle(&self.user_shape, before, after, act, &exists)?;
        if !matches!(after.get("active"), None | Some(Json::Bool(_))) {
            return Err(Refusal::value("active has to be true or false"));
        }
        Ok(())
    }

    /// Takes the `userName` of an inactive user away where the app does; else there has to be one.
    fn settle_name(&self, before: Option<&Object>, after: &mut Object) -> Result<(), Refusal> {
        let frees = self.profile.users.deactivate.effect == Deactivation::FreesUserName;
        if frees && !is_active(after) {
            after.remove("userName");
            return Ok(());
        }
        let had_none = before.is_some_and(|before| !before.contains_key("userName"));
        match after.get("userName") {
            Some(Json::String(name)) if !name.is_empty() => Ok(()),
            None if had_none && !is_active(after) => Ok(()),
            Some(_) | None => Err(Refusal::value("userName is required")),
        }
    }

    /// Switching off and on, as this kind of app does it.
    fn switch(&self, before: &Object, after: &Object) -> Result<Fate, Refusal> {
        let rules = &self.profile.users;
        match (is_active(before), is_active(after)) {
            (true, false) => match rules.deactivate.effect {
                Deactivation::Suspends
                | Deactivation::FreesUserName
                | Deactivation::Renames
                | Deactivation::Unlinks
                | Deactivation::DeletesInvited
                | Deactivation::Unknown => Ok(Fate::Kept),
                Deactivation::Deletes => Ok(Fate::Destroyed),
            },
            (false, true) => match rules.reactivate {
                Reactivation::Activate | Reactivation::ActivateFirst | Reactivation::Post => {
                    Ok(Fate::Kept)
                }
                // Only the look-up misses the old account, for want of its name: whoever knows the id
                // and gives the name back has it again.
                Reactivation::Create if rules.deactivate.effect == Deactivation::FreesUserName => {
                    Ok(Fate::Kept)
                }
                Reactivation::Create => {
                    let problem = "an inactive user cannot be activated again; make a new one";
                    Err(Refusal::mutability(problem))
                }
                Reactivation::Refuse => Err(Refusal::mutability(
                    "an inactive user cannot be activated again",
                )),
            },
            (true, true) | (false, false) => Ok(Fate::Kept),
        }
    }

    /// What the profile says is unique, without regard to case. Where a return makes a new account, the
    /// inactive old one does not stand in its way; when it comes back after all, everything of it counts
    /// anew.
    fn check_unique(
        &self,
        own: Option<u64>,
        before: &Object,
        after: &Object,
    ) -> Result<(), Refusal> {
        let rules = self
            .rulebook
            .unique()
            .map(|(name, path)| (name.short(), path));
        let is_alone = self.profile.users.reactivate == Reactivation::Create;
        let counts = |record: &Record| record.is_active() || !is_alone;
        let comes_back = is_alone && !is_active(before) && is_active(after);
        for (name, path) in rules {
            let held = if comes_back {
                Vec::new()
            } else {
                object::values(before, path)
            };
            let fresh = object::values(after, path)
                .into_iter()
                .filter(|one| !held.contains(one));
            for text in fresh.filter_map(Json::as_str) {
                let holders = self.users.holders(path, &folded(text)).unwrap_or_default();
                let mut others = holders.into_iter().filter(|number| Some(*number) != own);
                if others.any(|number| self.users.get(number).is_some_and(counts)) {
                    return Err(Refusal::taken(format!("another user has this {name}")));
                }
            }
        }
        Ok(())
    }

    fn user_schemas(&self, sent: &Object, before: Option<&Object>) -> Result<Vec<Json>, Refusal> {
        let held = before
            .and_then(|before| before.get("schemas"))
            .and_then(Json::as_array);
        let known = |urn: &str| {
            urn.eq_ignore_ascii_case(USER)
                || self.user_shape.extensions.contains_key(&urn.to_lowercase())
                || held.is_some_and(|held| held.iter().any(|one| one.as_str() == Some(urn)))
        };
        check_schemas(sent, USER, &known)
    }

    /// Names the extensions that came into use by a PATCH.
    fn extend_schemas(&self, after: &mut Object) {
        let used = self.user_shape.schemas_of(after);
        let Some(Json::Array(named)) = after.get_mut("schemas") else {
            return;
        };
        for urn in used {
            let is_named = |one: &Json| {
                one.as_str()
                    .is_some_and(|one| one.eq_ignore_ascii_case(&urn))
            };
            if !named.iter().any(is_named) {
                named.push(urn.into());
            }
        }
    }

    /// Switches a user off or on, as an administrator of the app would. Says whether there is one.
    pub(super) fn set_active(&mut self, id: &str, active: bool, now: jiff::Timestamp) -> bool {
        let Some(number) = self.users.number(id) else {
            return false;
        };
        let Some(record) = self.users.get(number) else {
            return false;
        };
        let mut after = record.resource.clone();
        after.insert("active".into(), Json::Bool(active));
        match self.profile.users.deactivate.effect {
            Deactivation::Deletes if !active => return self.destroy_user(id, now),
            Deactivation::FreesUserName if !active => {
                after.remove("userName");
            }
            Deactivation::Suspends
            | Deactivation::FreesUserName
            | Deactivation::Renames
            | Deactivation::Unlinks
            | Deactivation::Deletes
            | Deactivation::DeletesInvited
            | Deactivation::Unknown => {}
        }
        self.users.update(number, after, now);
        true
    }

    fn user(&self, id: &str) -> Result<&Record, Refusal> {
        let number = self.users.number(id);
        let record = number.and_then(|number| self.users.get(number));
        record.ok_or_else(|| Refusal::missing("there is no such user"))
    }

    fn user_location(&self, record: &Record, call: &Call<'_>) -> String {
        format!(
            "{}{}/{}",
            call.base,
            self.profile.users.path,
            encode(record.id())
        )
    }

    fn show_user<'a>(&self, record: &'a Record, call: &Call<'_>) -> Shown<'a> {
        let location = self.user_location(record, call);
        view::show(
            record,
            &call.query.projection,
            &self.hidden,
            false,
            location,
        )
    }

    fn user_answer(&self, status: StatusCode, record: &Record, call: &Call<'_>) -> Answer {
        let answer = reply::scim(status, &self.show_user(record, call));
        reply::versioned(answer, record.version)
    }
}
