//! Pins: what an undo has set back is left alone until the directory says something else.
//!
//! Promises that a pin holds for as long as the facts which decide are those of the day it was set,
//! and that what nobody may conclude lifts none. Leaves taking pinned changes out of a plan to
//! [`super::plan`], and keeping pins to the store.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;

use super::attribute::{AttrName, Attributes, Value};
use super::change::Subject;
use super::desired::Wanted;
use super::fingerprint::{Fingerprint, FingerprintKey};
use super::key::{GroupKey, UserKey};
use super::leaver::LeaveCause;
use super::plan::Input;
use super::reading::{Absence, Coverage, Reading};
use super::user::Group;

/// What is left alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pinned {
    /// The account of this user: whether there is one, whether it is on, what it holds.
    Account(UserKey),
    /// This group: whether it is there, and what it is called.
    Group(GroupKey),
    /// Whether this user is in this group.
    Member(GroupKey, UserKey),
}

impl Pinned {
    /// Whom a plan's line is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::Account(user) => Subject::User(user.clone()),
            Self::Group(group) | Self::Member(group, _) => Subject::Group(group.clone()),
        }
    }

    /// The same under other keys: `name` tells what becomes of each.
    #[must_use]
    pub fn renamed(self, name: impl Fn(Subject) -> Subject) -> Self {
        let user = |user: UserKey| match name(Subject::User(user.clone())) {
            Subject::User(renamed) => renamed,
            Subject::Group(_) => user,
        };
        let group = |group: GroupKey| match name(Subject::Group(group.clone())) {
            Subject::Group(renamed) => renamed,
            Subject::User(_) => group,
        };
        match self {
            Self::Account(one) => Self::Account(user(one)),
            Self::Group(one) => Self::Group(group(one)),
            Self::Member(one, member) => Self::Member(group(one), user(member)),
        }
    }

    /// Everybody and everything it is about, people first.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        match self {
            Self::Account(user) => vec![Subject::User(user.clone())],
            Self::Group(group) => vec![Subject::Group(group.clone())],
            Self::Member(group, user) => {
                vec![Subject::User(user.clone()), Subject::Group(group.clone())]
            }
        }
    }
}

/// Why it is left alone, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The fingerprint of the facts that decide; unknown until a reading has shown them.
    pub facts: Fingerprint,
    /// The run that was undone.
    pub run: String,
    /// Who undid it, by the system's name.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The facts of one reading that decide about what is pinned.
pub struct Facts<'a> {
    input: &'a Input<'a>,
    groups: BTreeMap<&'a GroupKey, &'a Group>,
}

/// What the sources say of a user's access.
enum Access<'a> {
    Active(&'a Attributes),
    Out(LeaveCause),
}

impl<'a> Facts<'a> {
    /// Of what a plan is made of.
    #[must_use]
    pub fn new(input: &'a Input<'a>) -> Self {
        let groups = input.readings.iter().flat_map(|reading| &reading.groups);
        Self {
            input,
            groups: groups.map(|group| (&group.key, group)).collect(),
        }
    }

    /// The fingerprint of the facts that decide about this; `None`: nothing may be concluded.
    #[must_use]
    pub fn of(&self, pinned: &Pinned) -> Option<Fingerprint> {
        let key = self.input.key;
        match pinned {
            Pinned::Account(user) => match self.access(user)? {
                Access::Active(attributes) => Some(print(key, &written(attributes))),
                Access::Out(cause) => Some(print(key, cause.word())),
            },
            Pinned::Group(group) => match self.group(group)? {
                Some(group) if self.input.rules.push.matches(&group.name) => {
                    Some(print(key, &format!("pushed {}", group.name)))
                }
                Some(_) | None => Some(print(key, "not pushed")),
            },
            Pinned::Member(group, user) => {
                let group = self.group(group)?;
                let is_in = group.is_some_and(|group| group.members.contains(user));
                let access = match self.access(user)? {
                    Access::Active(_) => "active",
                    Access::Out(cause) => cause.word(),
                };
                Some(print(key, &format!("{is_in} {access}")))
            }
        }
    }

    fn access(&self, user: &UserKey) -> Option<Access<'a>> {
        let desired = self.input.desired;
        match desired.binary_search_by(|desired| desired.user.cmp(user)) {
            Ok(at) => match &desired[at].wanted {
                Wanted::Active { attributes, .. } => Some(Access::Active(attributes)),
                Wanted::Out(cause) => Some(Access::Out(*cause)),
                Wanted::Unclear { .. } => None,
            },
            Err(_) => match self.input.absent.get(user)? {
                Absence::Sure => Some(Access::Out(LeaveCause::Deleted)),
                Absence::Outside => Some(Access::Out(LeaveCause::Unassigned)),
                Absence::Waits(_) | Absence::Unknown => None,
            },
        }
    }

    /// The outer `None`: the group may be there, and was not read.
    #[expect(
        clippy::option_option,
        reason = "whether it was read and whether it is there are two questions"
    )]
    fn group(&self, key: &GroupKey) -> Option<Option<&'a Group>> {
        if let Some(group) = self.groups.get(key) {
            return Some(Some(group));
        }
        let of_source = |reading: &&Reading| reading.source == key.source;
        let reading = self.input.readings.iter().find(of_source)?;
        (reading.coverage == Coverage::Whole).then_some(None)
    }
}

fn print(key: &FingerprintKey, facts: &str) -> Fingerprint {
    key.of(&AttrName::new("facts"), &Value::text(facts))
}

/// Attributes in a form that is the same in every version.
fn written(attributes: &Attributes) -> String {
    let mut text = String::from("active");
    for (name, value) in attributes {
        let kind = match value {
            Value::Text(_) => 't',
            Value::Bool(_) => 'b',
            Value::Int(_) => 'i',
            Value::List(_) => 'l',
            Value::Account(_) => 'a',
        };
        let value = value.to_string();
        let _ = write!(text, "\n{name} {kind} {} {value}", value.len());
    }
    text
}
