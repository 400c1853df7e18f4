//! What a line of the journal did, in enough detail to take it back, and the writes that did it.
//!
//! Promises to hold ids and members, and former values only where the journal keeps values. Leaves
//! taking back to [`super::plan::reversal`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::attribute::{AttrName, Value};
use super::key::{RemoteId, SourceName, UserKey};

/// What was changed, as it has to be known to change it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is about this account, or this group of the app.
    Account(RemoteId),
    /// These users went into the group, or out of it.
    Members(BTreeSet<UserKey>),
    /// The attributes had these values before; none is no value.
    Values(BTreeMap<AttrName, Option<Value>>),
    /// The group was called so before.
    Name(Arc<str>),
}

impl Deed {
    /// The deed as the journal keeps it: an object with one key.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let (key, value) = match self {
            Self::Account(id) => ("account", Json::from(id.as_str())),
            Self::Members(users) => ("members", users.iter().map(ToString::to_string).collect()),
            Self::Values(values) => {
                let former = values
                    .iter()
                    .map(|(name, value)| (name.to_string(), former(value.as_ref())));
                ("values", Json::Object(former.collect()))
            }
            Self::Name(name) => ("name", Json::from(&**name)),
        };
        Json::Object(Map::from_iter([(key.to_owned(), value)]))
    }

    /// The deed of such an object; `None` if it is none.
    #[must_use]
    pub fn from_json(json: &Json) -> Option<Self> {
        let (key, value) = json.as_object()?.iter().next()?;
        match key.as_str() {
            "account" => Some(Self::Account(RemoteId::new(value.as_str()?))),
            "members" => {
                let users = value
                    .as_array()?
                    .iter()
                    .map(|user| user_key(user.as_str()?));
                Some(Self::Members(users.collect::<Option<_>>()?))
            }
            "values" => {
                let values = value.as_object()?.iter();
                let values = values.map(|(name, value)| Some((AttrName::new(name), read(value)?)));
                Some(Self::Values(values.collect::<Option<_>>()?))
            }
            "name" => Some(Self::Name(Arc::from(value.as_str()?))),
            _ => None,
        }
    }
}

fn user_key(text: &str) -> Option<UserKey> {
    let (source, id) = text.split_once(':')?;
    Some(UserKey::new(&SourceName::new(source), id))
}

/// A former value; an account of another user is an object, so that it is not taken for a text.
fn former(value: Option<&Value>) -> Json {
    match value {
        None => Json::Null,
        Some(Value::Text(text)) => Json::from(&**text),
        Some(Value::Bool(flag)) => Json::Bool(*flag),
        Some(Value::Int(number)) => Json::from(*number),
        Some(Value::List(items)) => items.iter().map(|item| &**item).collect(),
        Some(Value::Account(user)) => Json::Object(Map::from_iter([(
            "account".to_owned(),
            user.to_string().into(),
        )])),
    }
}

/// The outer `None`: it is no former value.
#[expect(
    clippy::option_option,
    reason = "whether it can be read and whether there was a value are two questions"
)]
fn read(json: &Json) -> Option<Option<Value>> {
    Some(Some(match json {
        Json::Null => return Some(None),
        Json::String(text) => Value::text(text),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => Value::Int(number.as_i64()?),
        Json::Array(items) => {
            let items = items.iter().map(|item| Some(Arc::from(item.as_str()?)));
            Value::List(items.collect::<Option<_>>()?)
        }
        Json::Object(object) => Value::Account(user_key(object.get("account")?.as_str()?)?),
    }))
}

/// A write as it was sent: no query, no body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Where to, below the target's base URL.
    pub path: String,
    /// The status of the answer; `None`: there was none.
    pub status: Option<u16>,
    /// How often in a row.
    pub times: u32,
}

impl Sent {
    /// Did the app say yes?
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }

    /// Adds a write to others; the same one again is counted.
    pub fn add(self, to: &mut Vec<Self>) {
        match to.last_mut() {
            Some(last)
                if (&last.method, &last.path, last.status)
                    == (&self.method, &self.path, self.status) =>
            {
                last.times += self.times;
            }
            Some(_) | None => to.push(self),
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.method, self.path)?;
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_str("unanswered")?,
        }
        match self.times {
            0 | 1 => Ok(()),
            times => write!(f, " ×{times}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::plan::scene::user;

    #[test]
    fn a_deed_comes_back_as_it_was_kept() {
        let values = [
            ("title", Some(Value::text("Guard"))),
            ("active", Some(Value::Bool(true))),
            ("seats", Some(Value::Int(-7))),
            ("roles", Some(Value::List(vec!["a".into(), "b".into()]))),
            ("manager", Some(Value::Account(user("m")))),
            ("nickName", None),
        ];
        let values = values.into_iter().map(|(name, value)| (name.into(), value));
        for deed in [
            Deed::Account("7".into()),
            Deed::Members([user("1"), user("a:b")].into()),
            Deed::Values(values.collect()),
            Deed::Name("Night shift".into()),
        ] {
            assert_eq!(Deed::from_json(&deed.to_json()), Some(deed));
        }
        assert_eq!(Deed::from_json(&serde_json::json!({"members": [7]})), None);
        assert_eq!(Deed::from_json(&serde_json::json!({"colour": "red"})), None);
    }

    #[test]
    fn the_same_write_again_is_counted() {
        let sent = |path: &str, status| Sent {
            method: "PATCH".into(),
            path: path.into(),
            status,
            times: 1,
        };
        let mut all = Vec::new();
        for one in [
            sent("/Groups/7", Some(204)),
            sent("/Groups/7", Some(204)),
            sent("/Groups/7", Some(400)),
            sent("/Users/1", None),
        ] {
            one.add(&mut all);
        }
        let told: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "PATCH /Groups/7 204 ×2",
                "PATCH /Groups/7 400",
                "PATCH /Users/1 unanswered"
            ]
        );
        assert!(all[0].is_success() && !all[1].is_success() && !all[2].is_success());
    }
}
