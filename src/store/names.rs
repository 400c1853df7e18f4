//! The small numbers of people and attributes, as the state keeps them.
//!
//! Promises that a number means the same in every row of a state, and that a list of ten thousand
//! members costs no ten thousand queries: people are read all at once where lists of them are,
//! as sorted keys and numbers, and one by one where somebody is written. Whoever rolls a transaction back must forget these too. Leaves the bytes to [`super::pack`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::core::attribute::AttrName;
use crate::core::fingerprint::Fingerprints;
use crate::core::key::{SourceName, UserKey};
use crate::core::link::Refusal;
use crate::core::members::Members;
use crate::core::people::{Growing, Keys};

use super::column::damaged;
use super::dictionary::Dictionary;
use super::pack::{self, Torn};

/// People and attributes by number, and the other way.
#[derive(Debug)]
pub(super) struct Names {
    attributes: Dictionary<AttrName>,
    /// The numbers of some who were written lately.
    numbers: HashMap<UserKey, u32>,
    /// Everybody, as they were when lists of them were last read.
    people: Arc<People>,
}

/// Everybody by number, and the other way.
#[derive(Debug, Default)]
pub(super) struct People {
    keys: Arc<Keys>,
    /// The place of each number among the keys; the first is of number 1.
    places: Vec<u32>,
    /// The number at each place.
    numbers: Vec<u32>,
}

/// The numbers of so many are remembered.
const LATELY: usize = 64 * 1024;

impl Names {
    /// Reads all of them.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            attributes: load_attributes(db)?,
            numbers: HashMap::new(),
            people: Arc::default(),
        })
    }

    /// The number of a person, if there is one.
    pub(super) fn known_person(db: &Connection, user: &UserKey) -> rusqlite::Result<Option<u32>> {
        db.prepare_cached("SELECT number FROM person WHERE source = ?1 AND key = ?2")?
            .query_row(params![user.source.as_str(), user.id], |row| row.get(0))
            .optional()
    }

    /// The number of a person, who gets the next one if need be.
    pub(super) fn number_person(
        &mut self,
        db: &Connection,
        user: &UserKey,
    ) -> rusqlite::Result<u32> {
        if let Some(number) = self.numbers.get(user) {
            return Ok(*number);
        }
        let number = match Self::known_person(db, user)? {
            Some(number) => number,
            None => Self::new_person(db, user)?,
        };
        if self.numbers.len() >= LATELY {
            self.numbers.clear();
        }
        self.numbers.insert(user.clone(), number);
        Ok(number)
    }

    fn new_person(db: &Connection, user: &UserKey) -> rusqlite::Result<u32> {
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
        &mut self,
        db: &Connection,
        members: &Members,
    ) -> rusqlite::Result<Vec<u8>> {
        let people = Arc::clone(&self.people);
        let mut numbers = Vec::with_capacity(members.len());
        match members.places_among(&people.keys) {
            Some((places, others)) => {
                let known = places.iter().map(|place| people.numbers[*place as usize]);
                numbers.extend(known);
                for user in others {
                    numbers.push(self.number_person(db, user)?);
                }
            }
            None => {
                for user in members {
                    numbers.push(self.number_person(db, &user)?);
                }
            }
        }
        numbers.sort_unstable();
        Ok(pack::set(&numbers))
    }

    /// Everybody, to unpack lists of them.
    pub(super) fn people(&mut self, db: &Connection) -> rusqlite::Result<Arc<People>> {
        let count: u32 = db
            .prepare_cached("SELECT ifnull(max(number), 0) FROM person")?
            .query_row([], |row| row.get(0))?;
        let count = count as usize;
        if count != self.people.places.len() {
            self.people = Arc::new(People::load(db, count)?);
        }
        Ok(Arc::clone(&self.people))
    }
}

impl People {
    /// Reads everybody. A gap means that a row is gone, and that lists would name the wrong people.
    fn load(db: &Connection, count: usize) -> rusqlite::Result<Self> {
        let mut keys = Growing::default();
        let mut places = vec![u32::MAX; count];
        let mut numbers: Vec<u32> = Vec::with_capacity(count);
        let mut query =
            db.prepare_cached("SELECT number, source, key FROM person ORDER BY source, key")?;
        let mut rows = query.query([])?;
        let mut source = SourceName::new("");
        while let Some(row) = rows.next()? {
            let name = row.get_ref(1)?.as_str()?;
            if source.as_str() != name {
                source = SourceName::new(name);
            }
            keys.push(&UserKey::new(&source, row.get_ref(2)?.as_str()?));
            let number: u32 = row.get(0)?;
            let place = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            if let Some(free) = (number as usize)
                .checked_sub(1)
                .and_then(|at| places.get_mut(at))
            {
                *free = place;
            }
            numbers.push(number);
        }
        if let Some(gap) = places.iter().position(|place| *place == u32::MAX) {
            let number = u32::try_from(gap + 1).unwrap_or(u32::MAX);
            let what = "person";
            return Err(damaged(0, Torn::Unknown { what, number }));
        }
        let keys = Arc::new(keys.finish());
        Ok(Self {
            keys,
            places,
            numbers,
        })
    }

    /// Unpacks members.
    pub(super) fn members(&self, bytes: &[u8]) -> Result<Members, Torn> {
        let numbers = pack::read_set(bytes)?.into_iter();
        let places: Result<Vec<u32>, Torn> = numbers.map(|number| self.place(number)).collect();
        Ok(Members::at(&self.keys, places?))
    }

    fn place(&self, number: u32) -> Result<u32, Torn> {
        let what = "person";
        (number as usize)
            .checked_sub(1)
            .and_then(|at| self.places.get(at).copied())
            .ok_or(Torn::Unknown { what, number })
    }
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
