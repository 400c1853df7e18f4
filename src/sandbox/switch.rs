//! Switching users off and on, as this kind of app really does it.
//!
//! Promises the effect that the profile names, whoever causes it: a client or an administrator. What
//! is deleted softly, or taken out of the organisation, is kept on a shelf where no client sees it.
//! Leaves values to the rulebook and requests to the users.

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::app::App;
use super::call::Call;
use super::filter::folded;
use super::object::{self, Object};
use super::records::{Members, is_active};
use super::refusal::Refusal;
use super::reply;
use super::rulebook::Act;
use crate::core::profile::{DeactivateBy, Deactivation, Deletion, Reactivation, UpdateForm};
use crate::http::Answer;

/// How long somebody who was invited takes to accept.
const INVITED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What is hidden of a user who is off, where the app renames them.
const NAMES: [&str; 5] = ["userName", "name", "displayName", "emails", "phoneNumbers"];

/// What becomes of a user by a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// They stay.
    Kept,
    /// They go, and nothing is left.
    Destroyed,
    /// They go where no client sees them.
    Shelved,
}

/// A user whom no client sees.
#[derive(Debug)]
pub(super) struct Shelved {
    resource: Object,
    keeps_names: bool,
}

impl App {
    /// May `after` take the place of `before`, as far as being on and off goes?
    pub(super) fn check_turn(&self, before: &Object, after: &Object) -> Result<(), Refusal> {
        let rules = &self.profile.users;
        let changes = differs(before, after);
        if rules.update == UpdateForm::None && changes {
            let problem = "this app changes nothing of a user but active";
            return Err(Refusal::unsupported(problem));
        }
        if !is_active(before) && changes && rules.reactivate == Reactivation::ActivateFirst {
            let problem = "an inactive user can only be activated, in a request of its own";
            return Err(Refusal::mutability(problem));
        }
        let is_changed = |name: &&str| before.get(*name) != after.get(*name);
        if self.is_renamed(before) && NAMES.iter().any(is_changed) {
            let problem = "names and addresses cannot change before the user is active again";
            return Err(Refusal::mutability(problem));
        }
        if is_active(before) && !is_active(after) && rules.deactivate.by != DeactivateBy::Active {
            let problem = "active cannot be set to false in this app";
            return Err(Refusal::mutability(problem));
        }
        Ok(())
    }

    fn is_renamed(&self, before: &Object) -> bool {
        object::text(before, "id").is_some_and(|id| self.names.contains_key(id))
    }

    /// Switching off and on, as this kind of app does it; `after` is what is left to see.
    pub(super) fn switch(
        &mut self,
        before: &Object,
        after: &mut Object,
        now: Timestamp,
    ) -> Result<Fate, Refusal> {
        let id = object::text(before, "id").unwrap_or_default().to_owned();
        match (is_active(before), is_active(after)) {
            (true, false) => Ok(self.switch_off(&id, before, after, now)),
            (false, true) => {
                self.check_return()?;
                self.give_names_back(&id, after);
                Ok(Fate::Kept)
            }
            (true, true) | (false, false) => Ok(Fate::Kept),
        }
    }

    fn check_return(&self) -> Result<(), Refusal> {
        let users = &self.profile.users;
        let problem = match users.reactivate {
            Reactivation::Activate | Reactivation::ActivateFirst => return Ok(()),
            // Only the look-up misses the old account, for want of its name: whoever knows the id and
            // gives the name back has it again.
            Reactivation::Create if users.deactivate.effect == Deactivation::FreesUserName => {
                return Ok(());
            }
            Reactivation::Post => "an inactive user comes back by a POST",
            Reactivation::Create => "an inactive user cannot be activated again; make a new one",
            Reactivation::Refuse => "an inactive user cannot be activated again",
        };
        Err(Refusal::mutability(problem))
    }

    fn switch_off(
        &mut self,
        id: &str,
        before: &Object,
        after: &mut Object,
        now: Timestamp,
    ) -> Fate {
        let rules = &self.profile.users;
        match rules.deactivate.effect {
            Deactivation::FreesUserName => {
                after.remove("userName");
                Fate::Kept
            }
            Deactivation::Renames => {
                self.take_names(id, after);
                Fate::Kept
            }
            Deactivation::Unlinks if rules.reactivate == Reactivation::Post => Fate::Shelved,
            Deactivation::Suspends | Deactivation::Unlinks => Fate::Kept,
            Deactivation::DeletesInvited if !is_invited(before, now) => Fate::Kept,
            Deactivation::Deletes | Deactivation::DeletesInvited | Deactivation::Unknown => {
                Fate::Destroyed
            }
        }
    }

    fn take_names(&mut self, id: &str, after: &mut Object) {
        let mut names = Object::new();
        for name in NAMES {
            names.extend(after.remove(name).map(|value| (name.to_owned(), value)));
        }
        after.insert("userName".into(), format!("gone-{id}").into());
        self.names.insert(id.to_owned(), names);
    }

    fn give_names_back(&mut self, id: &str, after: &mut Object) {
        if let Some(names) = self.names.remove(id) {
            after.extend(names);
        }
    }

    /// Does a list without a filter leave this user out, as somebody who is not of the organisation?
    pub(super) fn is_outside(&self, resource: &Object) -> bool {
        self.profile.users.deactivate.effect == Deactivation::Unlinks && !is_active(resource)
    }

    /// Carries out what becomes of a user who does not stay.
    pub(super) fn send_off(&mut self, id: &str, fate: Fate, now: Timestamp) {
        match fate {
            Fate::Kept => {}
            Fate::Destroyed => {
                self.destroy_user(id, now);
            }
            Fate::Shelved => self.shelve(id, false, now),
        }
    }

    fn shelve(&mut self, id: &str, keeps_names: bool, now: Timestamp) {
        let number = self.users.number(id);
        let Some(record) = number.and_then(|number| self.users.get(number)) else {
            return;
        };
        let mut resource = record.resource.clone();
        resource.insert("active".into(), Json::Bool(false));
        self.destroy_user(id, now);
        self.shelf.push(Shelved {
            resource,
            keeps_names,
        });
    }

    /// `DELETE`, which may only switch off.
    pub(super) fn delete_user(&mut self, id: &str, call: &Call<'_>) -> Result<Answer, Refusal> {
        let rules = &self.profile.users;
        let switches_off = rules.deactivate.by == DeactivateBy::Delete;
        let delete = rules.delete;
        if !switches_off && !delete.is_possible() {
            return Err(Refusal::unsupported("this app does not delete users"));
        }
        call.check_version(self.user(id)?.version)?;
        if switches_off {
            self.set_active(id, false, call.now);
        } else {
            match delete {
                Deletion::Soft => self.shelve(id, true, call.now),
                Deletion::Hard | Deletion::None => {
                    self.destroy_user(id, call.now);
                }
            }
        }
        Ok(reply::nothing())
    }

    /// Switches a user off or on, as an administrator of the app would. Says whether there is one.
    pub(super) fn set_active(&mut self, id: &str, active: bool, now: Timestamp) -> bool {
        let number = self.users.number(id);
        let Some((number, record)) = number.and_then(|at| Some((at, self.users.get(at)?))) else {
            return false;
        };
        let before = record.resource.clone();
        let mut after = before.clone();
        after.insert("active".into(), Json::Bool(active));
        let fate = match (is_active(&before), active) {
            (true, false) => self.switch_off(id, &before, &mut after, now),
            (false, true) => {
                self.give_names_back(id, &mut after);
                Fate::Kept
            }
            (true, true) | (false, false) => Fate::Kept,
        };
        self.users.update(number, after, now);
        self.send_off(id, fate, now);
        true
    }

    /// Does somebody who was deleted softly still hold this value?
    pub(super) fn is_reserved(&self, path: &super::path::AttrPath, text: &str) -> bool {
        let holds = |shelved: &Shelved| {
            let values = object::values(&shelved.resource, path);
            let mut texts = values.into_iter().filter_map(Json::as_str);
            texts.any(|held| folded(held) == folded(text))
        };
        self.shelf
            .iter()
            .any(|shelved| shelved.keeps_names && holds(shelved))
    }

    /// Brings back the inactive user whom `sent` means, where a POST does that.
    pub(super) fn revive(
        &mut self,
        sent: &Object,
        call: &Call<'_>,
    ) -> Result<Option<Answer>, Refusal> {
        if self.profile.users.reactivate != Reactivation::Post {
            return Ok(None);
        }
        let Some(id) = self.sleeper(sent, call.now) else {
            return Ok(None);
        };
        let missing = || Refusal::missing("there is no such user");
        let number = self.users.number(&id).ok_or_else(missing)?;
        let before = self.users.get(number).ok_or_else(missing)?.resource.clone();
        let mut after = before.clone();
        self.give_names_back(&id, &mut after);
        for (name, value) in sent {
            let merged = beside(after.get(name), value);
            after.insert(name.clone(), merged);
        }
        after.insert("active".into(), Json::Bool(true));
        self.settle(Some(&before), &mut after, Act::Patch)?;
        self.check_unique(Some(number), &before, &after)?;
        self.extend_schemas(&mut after);
        self.users.update(number, after, call.now);
        let record = self.user(&id)?;
        let answer = self.user_answer(StatusCode::OK, record, call);
        Ok(Some(reply::located(
            answer,
            &self.user_location(record, call),
        )))
    }

    /// The inactive user with the same `externalId`, else with the same `userName`; one on the shelf
    /// comes back from it.
    fn sleeper(&mut self, sent: &Object, now: Timestamp) -> Option<String> {
        for name in ["externalId", "userName"] {
            let Some(wanted) = object::text(sent, name).map(folded) else {
                continue;
            };
            let is_same = |resource: &Object| {
                object::text(resource, name).is_some_and(|held| folded(held) == wanted)
            };
            let mut users = self.users.iter();
            let found = users.find(|(_, record)| !record.is_active() && is_same(&record.resource));
            if let Some((_, record)) = found {
                return Some(record.id().to_owned());
            }
            drop(users);
            let at = self.shelf.iter().position(|one| is_same(&one.resource));
            if let Some(at) = at {
                let resource = self.shelf.remove(at).resource;
                let id = object::text(&resource, "id").map(str::to_owned);
                self.users.insert(resource, Members::new(), now);
                return id;
            }
        }
        None
    }

    /// Gives a user a new id where a new name does that; groups and references follow. Gives the id.
    pub(super) fn settle_id(&mut self, id: &str, before: &Object, now: Timestamp) -> String {
        let number = self.users.number(id);
        let Some(number) = number.filter(|_| self.profile.users.id_changes) else {
            return id.to_owned();
        };
        let name = |resource: &Object| object::text(resource, "userName").map(str::to_owned);
        let renamed = self
            .users
            .get(number)
            .filter(|record| name(&record.resource) != name(before));
        let Some(version) = renamed.map(|record| record.version) else {
            return id.to_owned();
        };
        let root = id.split('.').next().unwrap_or(id);
        let fresh = format!("{root}.{version}");
        self.users.rename(number, &fresh);
        self.groups.rename_member(id, &fresh, now);
        self.users.rename_references(id, &fresh, now);
        if let Some(names) = self.names.remove(id) {
            self.names.insert(fresh.clone(), names);
        }
        fresh
    }
}

/// Do two states of a user differ in more than whether they are active?
fn differs(before: &Object, after: &Object) -> bool {
    let counts = |name: &&String| !["id", "meta", "schemas", "active"].contains(&name.as_str());
    let names = before.keys().chain(after.keys()).filter(counts);
    names
        .into_iter()
        .any(|name| before.get(name) != after.get(name))
}

fn is_invited(resource: &Object, now: Timestamp) -> bool {
    let created = object::get(resource, "meta")
        .and_then(|meta| meta.get("created")?.as_str()?.parse::<Timestamp>().ok());
    created.is_some_and(|created| now.duration_since(created) < INVITED_FOR)
}

/// What a value is after another one was sent beside it: elements of other types stay, and parts of an
/// object that are not named.
fn beside(held: Option<&Json>, sent: &Json) -> Json {
    match (held, sent) {
        (Some(Json::Object(held)), Json::Object(sent)) => {
            let mut merged = held.clone();
            merged.extend(sent.clone());
            Json::Object(merged)
        }
        (Some(Json::Array(held)), Json::Array(sent)) => {
            let kind = |item: &Json| item.get("type").cloned();
            let is_other = |item: &&Json| {
                kind(item).is_some() && sent.iter().all(|one| kind(one) != kind(item))
            };
            let kept = held.iter().filter(is_other);
            kept.chain(sent).cloned().collect()
        }
        (Some(_) | None, sent) => sent.clone(),
    }
}
