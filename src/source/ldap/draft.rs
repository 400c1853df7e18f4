//! A group whose members are not all known yet.
//!
//! Promises to be whole: a group that shows less than it must have is an error. Leaves which of its
//! names are groups, and which are nobody's, to [`super::groups`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::content;
use super::dialect::Dialect;
use super::entry::Entry;
use super::people::People;
use super::primary::{self, Sid};
use super::roll::Place;
use super::settings::{Form, GroupSettings};
use crate::source::dn;
use crate::source::value::clean;

/// Attributes that hold DNs (RFC 4519).
const NAMED: [&str; 2] = ["member", "uniqueMember"];
/// The attribute that holds login names (RFC 2307).
const UIDS: &str = "memberUid";

/// A group whose members are not all known yet.
pub(super) struct Draft {
    /// Its name, as the server spells it.
    pub(super) dn: String,
    /// What it is known by for ever.
    pub(super) key: Arc<str>,
    /// What it is called.
    pub(super) name: Arc<str>,
    /// What users name it by whose primary group it is.
    pub(super) sid: Option<Sid>,
    /// Users who stand in it.
    pub(super) members: BTreeSet<Place>,
    /// DNs that are no user's: groups and strangers.
    pub(super) loose: BTreeSet<String>,
    /// Login names that are nobody's.
    pub(super) logins: BTreeSet<String>,
}

impl Draft {
    /// Reads an entry.
    ///
    /// # Errors
    /// When it cannot be used, and why.
    pub(super) fn of(
        entry: &Entry,
        settings: &GroupSettings,
        dialect: Dialect,
        people: &mut People<'_>,
    ) -> Result<Self, String> {
        let name = entry.texts(&settings.name).next();
        let name = name.ok_or_else(|| format!("has no `{}`", settings.name))?;
        let mut draft = Self {
            dn: entry.dn.clone(),
            key: content::key(entry, key_name(settings, dialect))?,
            name: Arc::from(&*clean(name).map_err(|why| format!("`{}` {why}", settings.name))?),
            sid: Sid::of(entry),
            members: BTreeSet::new(),
            loose: BTreeSet::new(),
            logins: BTreeSet::new(),
        };
        refuse_hidden(entry, settings, dialect)?;
        for attribute in held(settings) {
            for value in entry.values(attribute) {
                let value = std::str::from_utf8(value)
                    .map_err(|_| format!("a value of `{attribute}` is not text"))?;
                match meaning(settings, attribute) {
                    Meaning::Login => match people.by_uid(value) {
                        Some(user) => {
                            draft.members.insert(user);
                        }
                        None => {
                            draft.logins.insert(value.to_owned());
                        }
                    },
                    Meaning::Name => draft.add(value, people),
                    // Which groups this one is in; put right when all are known.
                    Meaning::Parent => {
                        draft.loose.insert(value.to_owned());
                    }
                }
            }
        }
        Ok(draft)
    }

    fn add(&mut self, value: &str, people: &People<'_>) {
        let name = dn::without_uid(value);
        match people.by_dn(name) {
            Some(user) => {
                self.members.insert(user);
            }
            None => {
                self.loose.insert(name.to_owned());
            }
        }
    }
}

/// The attributes of a group that the server is asked for.
pub(super) fn attributes(settings: &GroupSettings, dialect: Dialect) -> Vec<String> {
    let mut names = vec!["objectClass".to_owned(), settings.name.clone()];
    names.push(key_name(settings, dialect).to_owned());
    names.extend(held(settings).into_iter().map(str::to_owned));
    if primary::counts(Some(settings), dialect) {
        names.push(primary::SID.to_owned());
    }
    names
}

/// A class that must have members, and shows none: somebody may not see them.
fn refuse_hidden(entry: &Entry, settings: &GroupSettings, dialect: Dialect) -> Result<(), String> {
    let strict = dialect.never_empty();
    let is_strict = |class: &str| strict.iter().any(|name| name.eq_ignore_ascii_case(class));
    let Some(class) = entry.texts("objectClass").find(|class| is_strict(class)) else {
        return Ok(());
    };
    let reads_members = match settings.form {
        Form::Auto | Form::GroupOfNames => settings.member.is_none(),
        Form::Posix | Form::MemberOf => false,
    };
    let has_none = NAMED.iter().all(|name| entry.values(name).next().is_none());
    if reads_members && has_none {
        return Err(format!(
            "a {class} always has members, and this one shows none; let the bind name read them"
        ));
    }
    Ok(())
}

/// What the values of an attribute of a group are.
enum Meaning {
    Login,
    Name,
    Parent,
}

fn meaning(settings: &GroupSettings, attribute: &str) -> Meaning {
    match settings.form {
        Form::Posix => Meaning::Login,
        Form::MemberOf => Meaning::Parent,
        Form::Auto if attribute == UIDS => Meaning::Login,
        Form::Auto | Form::GroupOfNames => Meaning::Name,
    }
}

/// The attributes of a group that say who is in it, or what it is in.
fn held(settings: &GroupSettings) -> Vec<&str> {
    match (&settings.member, settings.form) {
        (Some(own), _) => vec![own],
        (None, Form::Auto) => vec![NAMED[0], NAMED[1], UIDS],
        (None, Form::GroupOfNames) => NAMED.to_vec(),
        (None, Form::Posix) => vec![UIDS],
        (None, Form::MemberOf) => vec![super::asking::MEMBER_OF],
    }
}

/// The attribute that names a group for ever.
pub(super) fn key_name(settings: &GroupSettings, dialect: Dialect) -> &str {
    settings.key.as_deref().unwrap_or(dialect.key())
}
