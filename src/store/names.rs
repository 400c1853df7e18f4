//! The small numbers of people and attributes, as the state keeps them.
//!
//! Promises that a number means the same in every row of a state, and that a list of ten thousand
//! members costs no ten thousand queries: people are read all at once where lists of them are
//! ([`People`]), and one by one where somebody is written, so that nobody keeps a million of them in
//! memory. Whoever rolls a transaction back must forget these too. Leaves the bytes to [`super::pack`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::core::attribute::AttrName;
use crate::core::fingerprint::Fingerprints;
use crate::core::key::{SourceName, UserKey};
use crate::core::link::Refusal;

use super::column::damaged;
use super::dictionary::Dictionary;
use super::pack::{self, Torn};

/// People and attributes by number, and the other way.
#[derive(Debug)]
pub(super) struct Names {
    attributes: Dictionary<AttrName>,
}

/// Everybody by number, for as long as lists are read.
pub(super) struct People(Vec<UserKey>);

impl Names {
    /// Reads all of them.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            attributes: load_attributes(db)?,
        })
    }

    /// The number of a person, if there is one.
    pub(super) fn known_person(db: &Connection, user: &UserKey) -> rusqlite::Result<Option<u32>> {
        db.prepare_cached("SELECT number FROM person WHERE source = ?1 AND key = ?2")?
            .query_row(params![user.source.as_str(), user.id], |row| row.get(0))
            .optional()
    }

    /// The number of a person, who gets the next one if need be.
    pub(super) fn number_person(db: &Connection, user: &UserKey) -> rusqlite::Result<u32> {
        if let Some(number) = Self::known_person(db, user)? {
            return Ok(number);
        }
        db.prepare_cached(
            "INSERT INTO person (number, source, key)
             SELECT ifnull(max(number), 0) + 1, ?1, ?2 FROM person RETURNING number",
        )?
        .query_row(params![user.source.as_str(), user.id], |row| row.get(0))
    }

    fn number_attribute(&mut self, db: &Connection, name: &AttrName) -> rusqlite::Result<u32> {
        if let Some(number) = self.attributes.number(name) {
            return Ok(number);
        }
        let number = self.attributes.add(name.clone());
        db.prepare_cached("INSERT INTO attribute (number, name) VALUES (?1, ?2)")?
            .execute(params![number, name.as_str()])?;
        Ok(number)
    }

    fn attribute(&self, number: u32) -> Result<AttrName, Torn> {
        let what = "attribute";
        self.attributes
            .item(number)
            .cloned()
            .ok_or(Torn::Unknown { what, number })
    }

    /// Packs fingerprints.
    pub(super) fn pack_fingerprints(
        &mut self,
        db: &Connection,
        prints: &Fingerprints,
    ) -> rusqlite::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(prints.len() * 9);
        for (name, print) in prints {
            pack::put_fingerprint(&mut bytes, self.number_attribute(db, name)?, *print);
        }
        Ok(bytes)
    }

    /// Unpacks fingerprints.
    pub(super) fn fingerprints(&self, bytes: &[u8]) -> Result<Fingerprints, Torn> {
        pack::read_fingerprints(bytes)?
            .into_iter()
            .map(|(number, print)| Ok((self.attribute(number)?, print)))
            .collect()
    }

    /// Packs refusals.
    pub(super) fn pack_refusals(
        &mut self,
        db: &Connection,
        refusals: &BTreeMap<AttrName, Refusal>,
    ) -> rusqlite::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for (name, refusal) in refusals {
            pack::put_refusal(&mut bytes, self.number_attribute(db, name)?, refusal);
        }
        Ok(bytes)
    }

    /// Unpacks refusals.
    pub(super) fn refusals(&self, bytes: &[u8]) -> Result<BTreeMap<AttrName, Refusal>, Torn> {
        pack::read_refusals(bytes)?
            .into_iter()
            .map(|(number, refusal)| Ok((self.attribute(number)?, refusal)))
            .collect()
    }

    /// Packs points in time.
    pub(super) fn pack_times(
        &mut self,
        db: &Connection,
        times: &BTreeMap<AttrName, Timestamp>,
    ) -> rusqlite::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for (name, at) in times {
            pack::put_time(&mut bytes, self.number_attribute(db, name)?, *at);
        }
        Ok(bytes)
    }

    /// Unpacks points in time.
    pub(super) fn times(&self, bytes: &[u8]) -> Result<BTreeMap<AttrName, Timestamp>, Torn> {
        pack::read_times(bytes)?
            .into_iter()
            .map(|(number, at)| Ok((self.attribute(number)?, at)))
            .collect()
    }

    /// Packs members.
    pub(super) fn pack_members(
        db: &Connection,
        members: &BTreeSet<UserKey>,
    ) -> rusqlite::Result<Vec<u8>> {
        let mut numbers = members
            .iter()
            .map(|user| Self::number_person(db, user))
            .collect::<Result<Vec<_>, _>>()?;
        numbers.sort_unstable();
        Ok(pack::set(&numbers))
    }
}

impl People {
    /// Reads everybody.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        load_people(db).map(Self)
    }

    /// Unpacks members.
    pub(super) fn members(&self, bytes: &[u8]) -> Result<BTreeSet<UserKey>, Torn> {
        pack::read_set(bytes)?
            .into_iter()
            .map(|number| self.person(number).cloned())
            .collect()
    }

    /// The person under a number.
    fn person(&self, number: u32) -> Result<&UserKey, Torn> {
        let what = "person";
        (number as usize)
            .checked_sub(1)
            .and_then(|at| self.0.get(at))
            .ok_or(Torn::Unknown { what, number })
    }
}

fn load_people(db: &Connection) -> rusqlite::Result<Vec<UserKey>> {
    let mut people: Vec<UserKey> = Vec::new();
    let mut sources: BTreeMap<String, SourceName> = BTreeMap::new();
    let mut query = db.prepare_cached("SELECT number, source, key FROM person ORDER BY number")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let name = row.get_ref(1)?.as_str()?;
        let source = match sources.get(name) {
            Some(source) => source.clone(),
            None => sources
                .entry(name.into())
                .or_insert(SourceName::new(name))
                .clone(),
        };
        people.push(UserKey {
            source,
            id: row.get(2)?,
        });
        let given = u32::try_from(people.len()).unwrap_or(u32::MAX);
        same_number("person", row.get(0)?, given)?;
    }
    Ok(people)
}

fn load_attributes(db: &Connection) -> rusqlite::Result<Dictionary<AttrName>> {
    let mut attributes = Dictionary::new();
    let mut query = db.prepare_cached("SELECT number, name FROM attribute ORDER BY number")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let given = attributes.add(AttrName::new(row.get_ref(1)?.as_str()?));
        same_number("attribute", row.get(0)?, given)?;
    }
    Ok(attributes)
}

/// A gap means that a row is gone, and that lists would name the wrong people.
fn same_number(what: &'static str, stored: u32, given: u32) -> rusqlite::Result<()> {
    if stored == given {
        return Ok(());
    }
    let number = given;
    Err(damaged(0, Torn::Unknown { what, number }))
}
