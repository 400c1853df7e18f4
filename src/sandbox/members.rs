//! The members of a group while a request is at work on them.
//!
//! Promises that nothing of a large group is copied, and that nothing changes before the whole
//! request has been accepted. Leaves the rest of a group to the groups.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::filter::Filter;
use super::operation::{Op, Operation};
use super::records::Members;
use super::refusal::Refusal;
use super::shape::Shape;
use crate::core::profile::MemberRemoval;

/// What a request does to the members of a group.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    base: &'a Members,
    cleared: bool,
    changed: BTreeMap<String, Option<Json>>,
    named: usize,
    wants_display: bool,
}

/// The outcome of a draft.
#[derive(Debug, PartialEq)]
pub(super) struct MemberChange {
    cleared: bool,
    changed: BTreeMap<String, Option<Json>>,
}

impl<'a> Draft<'a> {
    /// Nothing yet.
    pub(super) fn new(base: &'a Members) -> Self {
        Self {
            base,
            cleared: false,
            changed: BTreeMap::new(),
            named: 0,
            wants_display: false,
        }
    }

    /// Refuses new members without a `display`, where the app wants one.
    pub(super) fn wanting_display(mut self, wants: bool) -> Self {
        self.wants_display = wants;
        self
    }

    /// How many members the request named so far.
    pub(super) fn named(&self) -> usize {
        self.named
    }

    /// What has to happen in the end.
    pub(super) fn finish(self) -> MemberChange {
        MemberChange {
            cleared: self.cleared,
            changed: self.changed,
        }
    }

    /// Takes everybody out.
    pub(super) fn clear(&mut self) {
        self.cleared = true;
        self.changed.clear();
    }

    fn holds(&self, id: &str) -> bool {
        match self.changed.get(id) {
            Some(member) => member.is_some(),
            None => !self.cleared && self.base.contains_key(id),
        }
    }

    /// Puts the members of a list in; one that is in already stays as it is.
    pub(super) fn add(
        &mut self,
        value: Json,
        shape: &Shape,
        exists: &dyn Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        for item in list(value)? {
            self.named += 1;
            let item = admit(item, shape)?;
            let id = id_of(&item)?.to_owned();
            if self.holds(&id) {
                continue;
            }
            match self.base.get(&id) {
                Some(held) => self.changed.insert(id, Some(held.clone())),
                None if self.wants_display && item.get("display").is_none() => {
                    return Err(Refusal::value("each member needs a display"));
                }
                None if exists(&id) => self.changed.insert(id, Some(item)),
                None => {
                    let problem = format!("members names {id}, and there is no such user");
                    return Err(Refusal::value(problem));
                }
            };
        }
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        self.named += 1;
        if self.base.contains_key(id) || self.changed.contains_key(id) {
            self.changed.insert(id.to_owned(), None);
        }
    }

    /// Carries out a PATCH operation whose path is `members`. Who is not a member need not be taken
    /// out: as at most apps, that is no error.
    pub(super) fn apply(
        &mut self,
        operation: Operation,
        shape: &Shape,
        form: MemberRemoval,
        exists: &dyn Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        let filter = operation
            .path
            .as_ref()
            .and_then(|path| path.filter.as_ref());
        match (operation.op, filter, operation.value) {
            (Op::Add, None, Some(value)) => self.add(value, shape, exists),
            (Op::Replace, None, Some(value)) => {
                self.clear();
                self.add(value, shape, exists)
            }
            (Op::Remove, None, None) => {
                self.clear();
                Ok(())
            }
            (Op::Remove, None, Some(value)) => self.remove_list(value, form),
            (Op::Remove, Some(filter), None) => self.remove_filtered(filter, form),
            (Op::Remove, Some(_), Some(_)) => {
                Err(Refusal::value("a remove with a filter takes no value"))
            }
            (Op::Add | Op::Replace, _, _) => {
                Err(Refusal::path("a member is added and removed as a whole"))
            }
        }
    }

    fn remove_list(&mut self, value: Json, form: MemberRemoval) -> Result<(), Refusal> {
        match form {
            MemberRemoval::List => self.remove_items(value),
            MemberRemoval::Object => match value {
                Json::Object(mut fields) if fields.contains_key("members") => {
                    self.remove_items(fields.remove("members").unwrap_or_default())
                }
                _ => Err(Refusal::value(
                    "a remove of members takes an object that holds members",
                )),
            },
            MemberRemoval::Filter => Err(Refusal::value(
                "a remove of members takes no value; use members[value eq \"…\"]",
            )),
        }
    }

    fn remove_items(&mut self, value: Json) -> Result<(), Refusal> {
        for item in list(value)? {
            self.remove(id_of(&item)?);
        }
        Ok(())
    }

    fn remove_filtered(&mut self, filter: &Filter, form: MemberRemoval) -> Result<(), Refusal> {
        match form {
            MemberRemoval::Filter => {}
            MemberRemoval::List | MemberRemoval::Object => {
                return Err(Refusal::path(
                    "this app takes members out by a list of values",
                ));
            }
        }
        if let Some(id) = filter.value() {
            self.remove(id);
            return Ok(());
        }
        let added = self
            .changed
            .iter()
            .filter_map(|(id, item)| Some((id, item.as_ref()?)));
        let hits = self.base.iter().chain(added);
        let hits = hits.filter(|(_, item)| filter.matches_element(item, "members"));
        let hits: Vec<String> = hits.map(|(id, _)| id.clone()).collect();
        for id in &hits {
            self.remove(id);
        }
        Ok(())
    }
}

impl MemberChange {
    /// How many members there will be.
    pub(super) fn size(&self, members: &Members) -> usize {
        let kept = if self.cleared { 0 } else { members.len() };
        let is_held = |id: &String| !self.cleared && members.contains_key(id);
        self.changed.iter().fold(kept, |size, (id, member)| {
            match (member.is_some(), is_held(id)) {
                (true, false) => size + 1,
                (false, true) => size - 1,
                (true, true) | (false, false) => size,
            }
        })
    }

    /// Makes the change; says whether anything is different afterwards.
    pub(super) fn make(self, members: &mut Members) -> bool {
        let mut differs = false;
        if self.cleared {
            let stays = |id: &String| self.changed.get(id).is_some_and(Option::is_some);
            let before = members.len();
            members.retain(|id, _| stays(id));
            differs = members.len() != before;
        }
        for (id, member) in self.changed {
            differs |= match member {
                Some(member) => members.insert(id, member.clone()) != Some(member),
                None => members.remove(&id).is_some(),
            };
        }
        differs
    }
}

fn list(value: Json) -> Result<Vec<Json>, Refusal> {
    match value {
        Json::Array(items) => Ok(items),
        single @ Json::Object(_) => Ok(vec![single]),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            Err(Refusal::value("members has to be a list"))
        }
    }
}

fn admit(item: Json, shape: &Shape) -> Result<Json, Refusal> {
    let node = shape.nodes.get("members").expect("groups have members");
    node.admit_item(item, None)
}

fn id_of(item: &Json) -> Result<&str, Refusal> {
    let id = item.get("value").and_then(Json::as_str);
    id.ok_or_else(|| Refusal::value("each member needs a value, the id of a user"))
}
