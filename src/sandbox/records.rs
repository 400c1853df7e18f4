//! The resources of one kind that an app holds, in the order they were made.
//!
//! Promises that ids come from a counter, that a look-up by id or by an indexed attribute does not
//! walk through everything, and that `meta` moves only when something changes. Leaves what may be
//! stored to the callers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::filter::folded;
use super::object::{self, Object};
use super::path::AttrPath;
use super::reply::etag;

/// The members of a group: what each one is, by its `value`.
pub(super) type Members = BTreeMap<String, Json>;

/// A resource.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Its attributes, with `id` and `meta`, without `members`.
    pub(super) resource: Object,
    /// Its members; none for a user.
    pub(super) members: Members,
    /// How often it was written.
    pub(super) version: u64,
    /// Was it made without a client of ours?
    pub(super) foreign: bool,
}

impl Record {
    /// Its id.
    pub(super) fn id(&self) -> &str {
        object::text(&self.resource, "id").unwrap_or_default()
    }

    /// May it be used? Absence means yes (RFC 7643, 4.1.1).
    pub(super) fn is_active(&self) -> bool {
        is_active(&self.resource)
    }
}

/// May this user log in? Absence means yes (RFC 7643, 4.1.1).
pub(super) fn is_active(resource: &Object) -> bool {
    object::get(resource, "active")
        .and_then(Json::as_bool)
        .unwrap_or(true)
}

/// All resources of one kind.
#[derive(Debug)]
pub(super) struct Records {
    prefix: char,
    kind: &'static str,
    last: u64,
    all: BTreeMap<u64, Record>,
    numbers: HashMap<String, u64>,
    indexes: Vec<Index>,
}

/// Who holds which value of an attribute, case folded.
#[derive(Debug)]
struct Index {
    path: AttrPath,
    holders: HashMap<String, BTreeSet<u64>>,
}

impl Records {
    /// None yet; `prefix` begins each id, `indexed` are looked up quickly.
    pub(super) fn new(prefix: char, kind: &'static str, indexed: Vec<AttrPath>) -> Self {
        let index = |path| Index {
            path,
            holders: HashMap::new(),
        };
        Self {
            prefix,
            kind,
            last: 0,
            all: BTreeMap::new(),
            numbers: HashMap::new(),
            indexes: indexed.into_iter().map(index).collect(),
        }
    }

    /// Every record with its number, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Record)> {
        self.all.iter().map(|(number, record)| (*number, record))
    }

    /// The number of the record `id`.
    pub(super) fn number(&self, id: &str) -> Option<u64> {
        self.numbers.get(id).copied()
    }

    /// The record of that number.
    pub(super) fn get(&self, number: u64) -> Option<&Record> {
        self.all.get(&number)
    }

    /// The records whose attribute `path` has the value `folded` when case does not count, if that
    /// attribute is indexed.
    pub(super) fn holders(&self, path: &AttrPath, folded: &str) -> Option<Vec<u64>> {
        let index = self.indexes.iter().find(|index| index.path.is_same(path))?;
        let holders = index.holders.get(folded).into_iter().flatten();
        Some(holders.copied().collect())
    }

    /// Takes a new resource in; one that has no `id` gets the next.
    pub(super) fn insert(&mut self, mut resource: Object, members: Members, now: Timestamp) -> u64 {
        self.last += 1;
        if object::text(&resource, "id").is_none() {
            resource.insert("id".into(), self.fresh_id().into());
        }
        let created = object::get(&resource, "meta")
            .and_then(|meta| meta.get("created"))
            .cloned();
        let meta = json!({
            "resourceType": self.kind,
            "created": created.unwrap_or_else(|| now.to_string().into()),
            "lastModified": now.to_string(),
            "version": etag(1),
        });
        resource.insert("meta".into(), meta);
        let record = Record {
            resource,
            members,
            version: 1,
            foreign: false,
        };
        self.numbers.insert(record.id().to_owned(), self.last);
        self.index(self.last, &record.resource);
        self.all.insert(self.last, record);
        self.last
    }

    /// Notes that a record was made by hand.
    pub(super) fn mark_foreign(&mut self, number: u64) {
        if let Some(record) = self.all.get_mut(&number) {
            record.foreign = true;
        }
    }

    /// Gives a record another id.
    pub(super) fn rename(&mut self, number: u64, id: &str) {
        let Some(record) = self.all.get_mut(&number) else {
            return;
        };
        let old = record.id().to_owned();
        record.resource.insert("id".into(), id.into());
        self.numbers.remove(&old);
        self.numbers.insert(id.to_owned(), number);
    }

    /// Gives a member another id, in every group that holds it.
    pub(super) fn rename_member(&mut self, old: &str, new: &str, now: Timestamp) {
        let holds = |record: &Record| record.members.contains_key(old);
        let groups = self.iter().filter(|(_, record)| holds(record));
        let groups: Vec<u64> = groups.map(|(number, _)| number).collect();
        for number in groups {
            self.change_members(number, now, |members| {
                let Some(mut member) = members.remove(old) else {
                    return false;
                };
                member["value"] = new.into();
                members.insert(new.to_owned(), member);
                true
            });
        }
    }

    /// Gives whoever is referred to by `old` another id, in every resource that does.
    pub(super) fn rename_references(&mut self, old: &str, new: &str, now: Timestamp) {
        let numbers: Vec<u64> = self.all.keys().copied().collect();
        for number in numbers {
            let Some(record) = self.all.get(&number) else {
                continue;
            };
            let mut after = record.resource.clone();
            for part in after
                .iter_mut()
                .filter(|(name, _)| name.starts_with("urn:"))
                .filter_map(|(_, part)| part.as_object_mut())
            {
                for reference in part.values_mut() {
                    if reference.get("value").and_then(Json::as_str) == Some(old) {
                        reference["value"] = new.into();
                    }
                }
            }
            self.update(number, after, now);
        }
    }

    fn fresh_id(&mut self) -> String {
        loop {
            let id = format!("{}-{:06}", self.prefix, self.last);
            if !self.numbers.contains_key(&id) {
                return id;
            }
            self.last += 1;
        }
    }

    /// Puts `after` in the place of what was there. Nothing moves when both are equal.
    pub(super) fn update(&mut self, number: u64, mut after: Object, now: Timestamp) {
        let Some(record) = self.all.get_mut(&number) else {
            return;
        };
        for key in ["id", "meta"] {
            after.extend(
                record
                    .resource
                    .get(key)
                    .map(|value| (key.to_owned(), value.clone())),
            );
        }
        if record.resource == after {
            return;
        }
        let before = std::mem::take(&mut record.resource);
        self.unindex(number, &before);
        self.index(number, &after);
        if let Some(record) = self.all.get_mut(&number) {
            record.resource = after;
        }
        self.touch(number, now);
    }

    /// Changes the members of a group. Nothing moves when they are the same afterwards.
    pub(super) fn change_members(
        &mut self,
        number: u64,
        now: Timestamp,
        change: impl FnOnce(&mut Members) -> bool,
    ) {
        let Some(record) = self.all.get_mut(&number) else {
            return;
        };
        if change(&mut record.members) {
            self.touch(number, now);
        }
    }

    fn touch(&mut self, number: u64, now: Timestamp) {
        let Some(record) = self.all.get_mut(&number) else {
            return;
        };
        record.version += 1;
        if let Some(meta) = record
            .resource
            .get_mut("meta")
            .and_then(Json::as_object_mut)
        {
            meta.insert("lastModified".into(), now.to_string().into());
            meta.insert("version".into(), etag(record.version).into());
        }
    }

    /// Takes a record out.
    pub(super) fn remove(&mut self, number: u64) -> Option<Record> {
        let record = self.all.remove(&number)?;
        self.numbers.remove(record.id());
        self.unindex(number, &record.resource);
        Some(record)
    }

    /// Takes a user out of every group that holds it.
    pub(super) fn drop_member(&mut self, id: &str, now: Timestamp) {
        let holds = |record: &Record| record.members.contains_key(id);
        let groups = self.iter().filter(|(_, record)| holds(record));
        let groups: Vec<u64> = groups.map(|(number, _)| number).collect();
        for number in groups {
            self.change_members(number, now, |members| members.remove(id).is_some());
        }
    }

    fn index(&mut self, number: u64, resource: &Object) {
        for index in &mut self.indexes {
            for key in keys(resource, &index.path) {
                index.holders.entry(key).or_default().insert(number);
            }
        }
    }

    fn unindex(&mut self, number: u64, resource: &Object) {
        for index in &mut self.indexes {
            for key in keys(resource, &index.path) {
                if let Some(holders) = index.holders.get_mut(&key) {
                    holders.remove(&number);
                    if holders.is_empty() {
                        index.holders.remove(&key);
                    }
                }
            }
        }
    }
}

fn keys(resource: &Object, path: &AttrPath) -> Vec<String> {
    let values = object::values(resource, path);
    values
        .into_iter()
        .filter_map(Json::as_str)
        .map(folded)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Records {
        Records::new('u', "User", vec![AttrPath::of(&"userName".into())])
    }

    fn user(name: &str) -> Object {
        json!({"userName": name})
            .as_object()
            .expect("an object")
            .clone()
    }

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().expect("a time")
    }

    fn holders(records: &Records, name: &str) -> Vec<u64> {
        let path = AttrPath::of(&"userName".into());
        records.holders(&path, name).expect("indexed")
    }

    #[test]
    fn ids_come_from_a_counter_that_steps_over_taken_ones() {
        let mut records = records();
        let mut taken = user("x");
        taken.insert("id".into(), "u-000002".into());
        records.insert(taken, Members::new(), now());
        let number = records.insert(user("y"), Members::new(), now());
        assert_eq!(records.get(number).expect("there").id(), "u-000003");
    }

    #[test]
    fn the_index_follows_every_change() {
        let mut records = records();
        let number = records.insert(user("Ana"), Members::new(), now());
        assert_eq!(holders(&records, "ana"), [number]);
        records.update(number, user("Bea"), now());
        assert_eq!(holders(&records, "ana"), [0_u64; 0]);
        assert_eq!(holders(&records, "bea"), [number]);
        records.remove(number);
        assert_eq!(holders(&records, "bea"), [0_u64; 0]);
        assert_eq!(records.number("u-000001"), None);
    }

    #[test]
    fn the_version_moves_only_with_the_content() {
        let mut records = records();
        let number = records.insert(user("ana"), Members::new(), now());
        records.update(number, user("ana"), now());
        assert_eq!(records.get(number).expect("there").version, 1);
        records.update(number, user("bea"), now());
        let record = records.get(number).expect("there");
        assert_eq!(record.version, 2);
        assert_eq!(record.resource["meta"]["version"], "W/\"2\"");
    }
}
