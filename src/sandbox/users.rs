//! The users of an app, with what its profile says of them.
//!
//! Promises that lists hide what this kind of app hides, and that a request is worded as it wants.
//! Leaves switching off, on and deleting to [`super::switch`], the values to the rulebook and PATCH
//! to its own file.

use http::StatusCode;
use serde_json::Value as Json;

use super::app::App;
use super::call::{Call, check_schemas};
use super::filter::{Filter, folded};
use super::object::{self, Object};
use super::operation::{self, Op, Operation, Wording};
use super::paging::Window;
use super::patch;
use super::path::{AttrPath, USER};
use super::records::{Members, Record, is_active};
use super::refusal::{Refusal, ScimType};
use super::reply;
use super::route::encode;
use super::rulebook::Act;
use super::switch::Fate;
use super::view::{self, Page, Shown};
use crate::core::profile::{
    Booleans, Deactivation, Hidden, PatchForm, PutAbsent, Reactivation, UpdateForm,
};
use crate::http::Answer;

impl App {
    pub(super) fn list_users(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let Some(filter) = &call.query.filter else {
            return self.list_all(call);
        };
        let hits = self.users_that_fit(filter)?;
        self.user_page(hits.len(), hits.into_iter(), call)
    }

    pub(super) fn users_that_fit(&self, filter: &Filter) -> Result<Vec<&Record>, Refusal> {
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
        Ok(hits)
    }

    /// The list without a filter, in which some are left out.
    fn list_all(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let rules = &self.profile.users;
        let hides = |what| rules.hides.contains(&what);
        let is_shown = |record: &&Record| {
            let is_hidden = !record.is_active() && hides(Hidden::Inactive)
                || record.foreign && hides(Hidden::Foreign)
                || self.is_outside(&record.resource);
            !is_hidden
        };
        let most = if hides(Hidden::Overflow) {
            self.pages.0
        } else {
            usize::MAX
        };
        let shown = || {
            let all = self.users.iter().map(|(_, record)| record);
            all.filter(is_shown).take(most)
        };
        self.user_page(shown().count(), shown(), call)
    }

    fn user_page<'a>(
        &self,
        total: usize,
        hits: impl Iterator<Item = &'a Record>,
        call: &Call<'_>,
    ) -> Result<Answer, Refusal> {
        let rules = &self.profile.users;
        let window = Window::of(&call.query, rules.paging, self.pages.0, &rules.sort)?;
        let page = window.cut(hits).into_iter();
        let shown = page.map(|record| self.show_user(record, call)).collect();
        Ok(reply::scim(
            StatusCode::OK,
            &Page::new(total, &window, shown),
        ))
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
        if let Some(revived) = self.revive(&after, call)? {
            return Ok(revived);
        }
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
        if self.profile.users.update == UpdateForm::None {
            return Err(Refusal::unsupported("this app does not take PUT of users"));
        }
        let sent = call.object(&self.profile)?;
        let record = self.user(id)?;
        call.check_version(record.version)?;
        let before = &record.resource;
        let schemas = self.user_schemas(&sent, Some(before))?;
        let mut after = self.user_shape.admit(sent, Some(before))?;
        self.keep_unseen(before, &mut after);
        if self.profile.users.put_absent == PutAbsent::Kept {
            keep_absent(before, &mut after);
        }
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
        let operations = self.operations(call)?;
        let record = self.user(id)?;
        call.check_version(record.version)?;
        let mut after = record.resource.clone();
        for mut operation in operations {
            self.check_dialect(&operation)?;
            self.read_active(&mut operation)?;
            patch::apply(&mut after, operation, &self.user_shape)?;
        }
        self.change_user(id, after, Act::Patch, call)
    }

    /// The operations of a PATCH, worded as the app wants them and no more than it takes at once.
    pub(super) fn operations(&self, call: &Call<'_>) -> Result<Vec<Operation>, Refusal> {
        let extensions = self.user_shape.extensions.values();
        let wording = Wording {
            dialect: &self.profile.users.patch,
            extensions: extensions.map(|(urn, _)| urn.as_str()).collect(),
        };
        let operations = operation::read(call.object(&self.profile)?, &wording)?;
        let most = wording.dialect.max_operations;
        if operations.len() <= most {
            return Ok(operations);
        }
        let problem = format!("a request may hold at most {most} operations");
        Err(Refusal::plain(StatusCode::PAYLOAD_TOO_LARGE, problem))
    }

    /// Turns `active` into a truth value where the app takes it as a text, and only so.
    fn read_active(&self, operation: &mut Operation) -> Result<(), Refusal> {
        if self.profile.users.patch.booleans == Booleans::Json {
            return Ok(());
        }
        let is_active = |name: &str| name.eq_ignore_ascii_case("active");
        let value = match (&operation.path, &mut operation.value) {
            (Some(path), Some(value)) if is_active(&path.attr.name) => Some(value),
            (None, Some(Json::Object(fields))) => {
                let found = fields.iter_mut().find(|(name, _)| is_active(name));
                found.map(|(_, value)| value)
            }
            (Some(_) | None, _) => None,
        };
        let Some(value) = value else { return Ok(()) };
        *value = match value.as_str() {
            Some("true") => Json::Bool(true),
            Some("false") => Json::Bool(false),
            Some(_) | None => {
                let problem = "active has to be \"True\" or \"False\" in this app";
                return Err(Refusal::value(problem));
            }
        };
        Ok(())
    }

    fn check_dialect(&self, operation: &Operation) -> Result<(), Refusal> {
        let dialect = &self.profile.users.patch;
        let Some(path) = &operation.path else {
            let named = operation.value.as_ref().map_or(0, attributes_of);
            if dialect.form == PatchForm::ObjectEach && named > 1 {
                let problem = "an operation without a path takes one attribute in this app";
                return Err(Refusal::value(problem));
            }
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
        let before = self.users.get(number).ok_or_else(missing)?.resource.clone();
        self.settle(Some(&before), &mut after, act)?;
        self.check_turn(&before, &after)?;
        let mut shown = after;
        let names = self.names.get(id).cloned();
        let fate = self.switch(&before, &mut shown, call.now)?;
        let fits = self
            .settle_name(Some(&before), &mut shown)
            .and_then(|()| self.check_unique(Some(number), &before, &shown));
        if let Err(refusal) = fits {
            self.names.extend(names.map(|names| (id.to_owned(), names)));
            return Err(refusal);
        }
        self.extend_schemas(&mut shown);
        self.users.update(number, shown, call.now);
        if fate == Fate::Kept {
            let id = self.settle_id(id, &before, call.now);
            return self.read_user(&id, call);
        }
        self.send_off(id, fate, call.now);
        Ok(reply::nothing())
    }

    pub(super) fn settle(
        &self,
        before: Option<&Object>,
        after: &mut Object,
        act: Act,
    ) -> Result<(), Refusal> {
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

    /// What the profile says is unique, without regard to case. Where a return makes a new account,
    /// the inactive old one does not stand in its way; when it comes back after all, everything of it
    /// counts anew.
    pub(super) fn check_unique(
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
                let is_held = others.any(|number| self.users.get(number).is_some_and(counts));
                if is_held || self.is_reserved(path, text) {
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
    pub(super) fn extend_schemas(&self, after: &mut Object) {
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

    pub(super) fn user(&self, id: &str) -> Result<&Record, Refusal> {
        let number = self.users.number(id);
        let record = number.and_then(|number| self.users.get(number));
        record.ok_or_else(|| Refusal::missing("there is no such user"))
    }

    pub(super) fn user_location(&self, record: &Record, call: &Call<'_>) -> String {
        format!(
            "{}{}/{}",
            call.base,
            self.profile.users.path,
            encode(record.id())
        )
    }

    pub(super) fn show_user<'a>(&self, record: &'a Record, call: &Call<'_>) -> Shown<'a> {
        let location = self.user_location(record, call);
        view::show(
            record,
            &call.query.projection,
            &self.hidden,
            false,
            location,
        )
    }

    pub(super) fn user_answer(
        &self,
        status: StatusCode,
        record: &Record,
        call: &Call<'_>,
    ) -> Answer {
        let answer = reply::scim(status, &self.show_user(record, call));
        reply::versioned(answer, record.version)
    }
}

/// How many attributes an object names, those of extensions one by one.
fn attributes_of(value: &Json) -> usize {
    let Some(fields) = value.as_object() else {
        return 0;
    };
    let count = |(name, value): (&String, &Json)| match value {
        Json::Object(parts) if name.starts_with("urn:") => parts.len(),
        _ => 1,
    };
    fields.iter().map(count).sum()
}

/// Keeps what a PUT does not name, in objects too. A list that is named is what it says.
fn keep_absent(before: &Object, after: &mut Object) {
    for (name, held) in before {
        match (held, after.get_mut(name)) {
            (Json::Object(held), Some(Json::Object(fields))) => keep_absent(held, fields),
            (_, Some(_)) => {}
            (held, None) => {
                after.insert(name.clone(), held.clone());
            }
        }
    }
}
