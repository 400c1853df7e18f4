//! What a sandbox app holds in the beginning.
//!
//! Promises that a seed which exists is sound: ids and user names once, members that are there; and
//! that every attribute is kept as it was written. Leaves the app's own rules aside: what an app holds
//! need not be what it would take today.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::filter::folded;
use super::object::{self, Object};

/// Accounts and groups to begin with.
#[derive(Clone, Debug, Default)]
pub struct Seed {
    users: Vec<Row>,
    groups: Vec<Row>,
}

/// A resource, with the place it was written in.
#[derive(Clone, Debug)]
struct Row {
    resource: Object,
    place: String,
}

/// Why a seed is not usable.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file cannot be read.
    #[error("the file of sandbox accounts {path} cannot be read")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// It is not `{"users": […], "groups": […]}`.
    #[error(
        "{place}: sandbox accounts have to be JSON, an object with the lists \"users\" and \"groups\""
    )]
    Shape {
        /// File, line and column.
        place: String,
        /// Why.
        #[source]
        cause: serde_json::Error,
    },
    /// A resource in it cannot be.
    #[error("{place}: {problem}")]
    Row {
        /// File and line, or the position in the list.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow, default)]
    users: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    groups: Vec<&'a RawValue>,
}

/// Reads `{"users": […], "groups": […]}`, each a resource as the app holds it.
///
/// # Errors
/// With the file and the line, and what is wrong there.
pub fn load_seed(path: &Path) -> Result<Seed, SeedError> {
    let text = std::fs::read_to_string(path).map_err(|cause| SeedError::Unreadable {
        path: path.into(),
        cause,
    })?;
    read_seed(&text, &path.display().to_string())
}

fn read_seed(text: &str, file: &str) -> Result<Seed, SeedError> {
    let written: Written<'_> = serde_json::from_str(text).map_err(|cause| SeedError::Shape {
        place: format!("{file}:{}:{}", cause.line(), cause.column().max(1)),
        cause,
    })?;
    let rows = |raw: Vec<&RawValue>| -> Result<Vec<Row>, SeedError> {
        raw.into_iter()
            .map(|raw| read_row(raw, text, file))
            .collect()
    };
    Seed {
        users: rows(written.users)?,
        groups: rows(written.groups)?,
    }
    .checked()
}

fn read_row(raw: &RawValue, text: &str, file: &str) -> Result<Row, SeedError> {
    let offset = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let line = text
        .bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1;
    let place = format!("{file}:{line}");
    match serde_json::from_str(raw.get()) {
        Ok(resource) => Ok(Row { resource, place }),
        Err(cause) => Err(SeedError::Row {
            place,
            problem: format!("this is no object of attributes ({cause})"),
        }),
    }
}

impl Seed {
    /// A seed from values; places are positions in the lists.
    ///
    /// # Errors
    /// What is wrong with which resource.
    pub fn new(users: Vec<Json>, groups: Vec<Json>) -> Result<Self, SeedError> {
        Self {
            users: number(users, "users")?,
            groups: number(groups, "groups")?,
        }
        .checked()
    }

    /// The users and the groups.
    pub(super) fn into_parts(self) -> (Vec<Object>, Vec<Object>) {
        let resources = |rows: Vec<Row>| rows.into_iter().map(|row| row.resource).collect();
        (resources(self.users), resources(self.groups))
    }

    fn checked(self) -> Result<Self, SeedError> {
        let mut ids = BTreeSet::new();
        let mut names = BTreeSet::new();
        for row in self.users.iter().chain(&self.groups) {
            row.check_id(&mut ids)?;
        }
        for row in &self.users {
            row.check_user(&mut names)?;
        }
        for row in &self.groups {
            row.check_group(&ids)?;
        }
        Ok(self)
    }
}

fn number(values: Vec<Json>, list: &str) -> Result<Vec<Row>, SeedError> {
    let rows = values.into_iter().enumerate().map(|(at, value)| {
        let place = format!("{list}[{at}]");
        match value {
            Json::Object(resource) => Ok(Row { resource, place }),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Err(SeedError::Row {
                    place,
                    problem: "this is no object of attributes".into(),
                })
            }
        }
    });
    rows.collect()
}

impl Row {
    fn wrong(&self, problem: impl Into<String>) -> SeedError {
        SeedError::Row {
            place: self.place.clone(),
            problem: problem.into(),
        }
    }

    fn check_id(&self, ids: &mut BTreeSet<String>) -> Result<(), SeedError> {
        match self.resource.get("id") {
            None => Ok(()),
            Some(Json::String(id)) if id.is_empty() => Err(self.wrong("the id is empty")),
            Some(Json::String(id)) if ids.insert(id.clone()) => Ok(()),
            Some(Json::String(id)) => Err(self.wrong(format!("the id {id} is there twice"))),
            Some(_) => Err(self.wrong("the id has to be a text")),
        }
    }

    fn check_user(&self, names: &mut BTreeSet<String>) -> Result<(), SeedError> {
        match object::get(&self.resource, "active") {
            None | Some(Json::Bool(_)) => {}
            Some(_) => return Err(self.wrong("active has to be true or false")),
        }
        match object::get(&self.resource, "userName") {
            None => Ok(()),
            Some(Json::String(name)) if names.insert(folded(name)) => Ok(()),
            Some(Json::String(name)) => {
                Err(self.wrong(format!("the userName {name} is there twice")))
            }
            Some(_) => Err(self.wrong("userName has to be a text")),
        }
    }

    fn check_group(&self, ids: &BTreeSet<String>) -> Result<(), SeedError> {
        let Some(name) = object::text(&self.resource, "displayName") else {
            return Err(self.wrong("a group needs a displayName"));
        };
        let members = match object::get(&self.resource, "members") {
            None => return Ok(()),
            Some(Json::Array(members)) => members,
            Some(_) => return Err(self.wrong("members has to be a list")),
        };
        for member in members {
            let Some(id) = member.get("value").and_then(Json::as_str) else {
                return Err(self.wrong("each member needs a value, the id of a user"));
            };
            if !ids.contains(id) {
                let problem = format!("the group {name} has the member {id}, who is not there");
                return Err(self.wrong(problem));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        read_seed(text, "acme.json")
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn errors_say_file_line_and_what_is_wrong() {
        for (text, wanted) in [
            (
                "{\n\"users\": [\n",
                "acme.json:3:1: sandbox accounts have to be JSON, an object with the lists \
                 \"users\" and \"groups\"",
            ),
            (
                "{\"people\": []}",
                "acme.json:1:9: sandbox accounts have to be JSON, an object with the lists \
                 \"users\" and \"groups\"",
            ),
            (
                "{\"users\": [\n{\"id\": \"u\"},\n{\"id\": \"u\"}]}",
                "acme.json:3: the id u is there twice",
            ),
            (
                "{\"users\": [\n{\"userName\": \"ANA\"},\n\n{\"userName\": \"ana\"}]}",
                "acme.json:4: the userName ana is there twice",
            ),
            (
                "{\"users\": [\n{\"active\": \"no\"}]}",
                "acme.json:2: active has to be true or false",
            ),
            (
                "{\"groups\": [{}]}",
                "acme.json:1: a group needs a displayName",
            ),
            (
                "{\"groups\": [{\"displayName\": \"g\", \"members\": [{\"value\": \"u-9\"}]}]}",
                "acme.json:1: the group g has the member u-9, who is not there",
            ),
        ] {
            assert_eq!(problem(text), wanted, "{text}");
        }
        let not_an_object = problem("{\"users\": [7]}");
        assert!(not_an_object.starts_with("acme.json:1: this is no object of attributes ("));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = load_seed(Path::new("/nowhere/acme.json")).expect_err("not there");
        assert_eq!(
            error.to_string(),
            "the file of sandbox accounts /nowhere/acme.json cannot be read"
        );
    }

    #[test]
    fn values_are_placed_by_position() {
        let error = Seed::new(
            vec![serde_json::json!({}), serde_json::json!(7)],
            Vec::new(),
        );
        assert_eq!(
            error.expect_err("refused").to_string(),
            "users[1]: this is no object of attributes"
        );
    }
}
