//! From entries to users: keys, values, switches and managers.
//!
//! Promises that an entry which cannot be used is held back alone, and that its user counts as present
//! as soon as the key can be read; that two entries with one key are both held back. Leaves groups to
//! [`super::groups`].

use std::collections::btree_map;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::asking::{self, Spelling};
use super::column::{Column, Columns};
use super::content::{Content, contents, key};
use super::dialect::Dialect;
use super::entry::{Attribute, Entry};
use super::failure::refuse;
use super::note::{counted, examples};
use super::primary::{self, Sid};
use super::settings::{Disabled, LdapConfig};
use crate::core::key::{SourceName, UserKey};
use crate::core::reading::BrokenRow;
use crate::core::user::User;
use crate::source::ReadError;
use crate::source::dn;
use crate::source::pool::Pool;
use crate::source::value::{switch, without_repeats};

/// The users of a directory, as they come.
pub(super) struct People<'c> {
    config: &'c LdapConfig,
    dialect: Dialect,
    source: SourceName,
    columns: Columns,
    pool: Pool,
    persons: BTreeMap<Arc<str>, Person>,
    nameless: Vec<BrokenRow>,
    dns: HashMap<String, Arc<str>>,
    uids: HashMap<String, Vec<Arc<str>>>,
    too_long: usize,
}

/// An entry whose key can be read.
struct Person {
    dn: String,
    fields: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    groups: Vec<String>,
    primary: Option<Sid>,
    problem: Option<String>,
}

/// What came of the entries.
pub(super) struct Roll {
    /// Those that can be used, sorted by key.
    pub(super) users: Vec<User>,
    /// Those that cannot.
    pub(super) broken: Vec<BrokenRow>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

impl<'c> People<'c> {
    /// Nobody yet.
    pub(super) fn new(config: &'c LdapConfig, dialect: Dialect, source: &SourceName) -> Self {
        Self {
            config,
            dialect,
            source: source.clone(),
            columns: Columns::new(Spelling::of(&asking::kept(config, dialect))),
            pool: Pool::default(),
            persons: BTreeMap::new(),
            nameless: Vec::new(),
            dns: HashMap::new(),
            uids: HashMap::new(),
            too_long: 0,
        }
    }

    /// Takes one more entry.
    pub(super) fn take(&mut self, entry: Entry) {
        let name = asking::user_key(self.config, self.dialect);
        let key = match key(&entry, name) {
            Ok(key) => key,
            Err(problem) => {
                self.nameless.push(BrokenRow {
                    place: entry.dn,
                    user: None,
                    group: None,
                    problem,
                });
                return;
            }
        };
        if let Some(dn) = dn::normal(&entry.dn) {
            self.dns.insert(dn, Arc::clone(&key));
        }
        let logins = asking::reads_logins(self.config).then(|| entry.texts("uid"));
        for uid in logins.into_iter().flatten() {
            let known = self.uids.entry(uid.to_owned()).or_default();
            if !known.contains(&key) {
                known.push(Arc::clone(&key));
            }
        }
        let person = self.person(entry);
        self.add(key, person, name);
    }

    /// An entry that comes twice was met at two pages, and counts as it came last; two entries with
    /// one key are held back.
    fn add(&mut self, key: Arc<str>, mut person: Person, name: &str) {
        if let Some(twin) = self.persons.get(&key)
            && dn::normal(&twin.dn) != dn::normal(&person.dn)
        {
            person.problem = Some(format!(
                "`{name}` {key} is also that of {}; a key belongs to one user only",
                twin.dn
            ));
        }
        self.persons.insert(key, person);
    }

    fn person(&mut self, entry: Entry) -> Person {
        let mut person = Person {
            dn: String::new(),
            fields: BTreeMap::new(),
            groups: Vec::new(),
            primary: None,
            problem: None,
        };
        for attribute in &entry.attributes {
            self.keep(attribute, &mut person);
        }
        if let Some(member_of) = asking::member_of(self.config) {
            let groups = entry.texts(member_of).map(str::to_owned);
            person.groups.extend(groups);
        }
        if primary::counts(self.config.groups.as_ref(), self.dialect) {
            match primary::group_of(&entry) {
                Ok(group) => person.primary = group,
                Err(problem) => {
                    person.problem.get_or_insert(problem);
                }
            }
        }
        person.dn = entry.dn;
        person
    }

    fn keep(&mut self, attribute: &Attribute, person: &mut Person) {
        let Column {
            names, form, habit, ..
        } = self.columns.of(&attribute.name);
        let Some((name, others)) = names.split_first() else {
            return;
        };
        let mut values = Vec::with_capacity(attribute.values.len());
        let pool = &mut self.pool;
        for content in contents(attribute, *form, |text| pool.share_by(habit, text)) {
            match content {
                Content::Text(text) => values.push(text),
                Content::Nothing => {}
                Content::TooLong => self.too_long += 1,
                Content::Unfit(why) => {
                    person.problem.get_or_insert(format!("`{name}` {why}"));
                }
            }
        }
        let values = without_repeats(values);
        if values.is_empty() {
            return;
        }
        for name in others {
            let held = person.fields.entry(Arc::clone(name)).or_default();
            held.extend(values.iter().cloned());
        }
        match person.fields.entry(Arc::clone(name)) {
            btree_map::Entry::Vacant(free) => {
                free.insert(values);
            }
            btree_map::Entry::Occupied(mut held) => held.get_mut().extend(values),
        }
    }

    /// A name that a user had until a moment ago, normalised; whoever has it now comes first.
    pub(super) fn remember(&mut self, name: &str, user: &UserKey) {
        let dns = self.dns.entry(name.to_owned());
        dns.or_insert_with(|| Arc::clone(&user.id));
    }

    /// Names of managers that are no user's.
    pub(super) fn strange_managers(&self) -> impl Iterator<Item = &str> {
        let attribute = self.config.users.manager.as_str();
        let named = self.persons.values();
        let named = named.filter_map(move |person| person.all(attribute).first());
        let strange = named.filter(|name| self.by_dn(name).is_none());
        strange.map(|name| &**name)
    }

    /// The key of the user with this DN.
    pub(super) fn by_dn(&self, name: &str) -> Option<UserKey> {
        let key = self.dns.get(&dn::normal(name)?)?;
        Some(self.key(key))
    }

    /// The key of the user whose entry has this key, if there is one.
    pub(super) fn by_key(&self, entry: &Entry) -> Option<UserKey> {
        let name = asking::user_key(self.config, self.dialect);
        let key = key(entry, name).ok()?;
        self.persons
            .contains_key(&key)
            .then(|| UserKey::new(&self.source, &key))
    }

    /// The key of the user who logs in so. Where several do, all of them are held back: a group that
    /// names one of them would else have lost a member.
    pub(super) fn by_uid(&mut self, uid: &str) -> Option<UserKey> {
        match self.uids.get(uid)?.as_slice() {
            [] => None,
            [key] => Some(self.key(key)),
            several => {
                let problem = format!(
                    "`uid` {uid} is also another's, so nobody knows whose a `memberUid` is"
                );
                for key in several {
                    if let Some(person) = self.persons.get_mut(key) {
                        person.problem.get_or_insert_with(|| problem.clone());
                    }
                }
                None
            }
        }
    }

    /// Everybody with the DNs of the groups that their own entry names.
    pub(super) fn memberships(&self) -> impl Iterator<Item = (UserKey, &[String])> {
        self.persons
            .iter()
            .map(|(key, person)| (self.key(key), person.groups.as_slice()))
    }

    /// Who is in which group without standing in it.
    pub(super) fn primaries(&self) -> impl Iterator<Item = (UserKey, &Sid)> {
        let persons = self.persons.iter();
        persons.filter_map(|(key, person)| Some((self.key(key), person.primary.as_ref()?)))
    }

    fn key(&self, key: &Arc<str>) -> UserKey {
        UserKey {
            source: self.source.clone(),
            id: Arc::clone(key),
        }
    }

    /// Did no entry come?
    pub(super) fn is_empty(&self) -> bool {
        self.persons.is_empty() && self.nameless.is_empty()
    }

    /// Entries of which none says whose it is say more about the settings than about people.
    ///
    /// # Errors
    /// When that is so.
    pub(super) fn refuse_nameless(&self, server: &str) -> Result<(), ReadError> {
        match self.nameless.first() {
            Some(first) if self.persons.is_empty() => Err(useless(server, first)),
            Some(_) | None => Ok(()),
        }
    }

    /// The users as they are at this time.
    pub(super) fn finish(mut self, now: Timestamp) -> Roll {
        let (mut users, mut strangers) = (Vec::new(), Vec::new());
        let mut broken = std::mem::take(&mut self.nameless);
        for (key, person) in std::mem::take(&mut self.persons) {
            let key = self.key(&key);
            match self.is_disabled(&person, now) {
                Ok(disabled) => {
                    let manager = self.manager(&person, &mut strangers);
                    users.push(self.user(key, disabled, manager, person));
                }
                Err(problem) => broken.push(BrokenRow {
                    place: person.dn,
                    user: Some(key),
                    group: None,
                    problem,
                }),
            }
        }
        broken.sort_by(|one, other| one.place.cmp(&other.place));
        Roll {
            users,
            notes: self.notes(&broken, &strangers),
            broken,
        }
    }

    fn is_disabled(&self, person: &Person, now: Timestamp) -> Result<bool, String> {
        if let Some(problem) = &person.problem {
            return Err(problem.clone());
        }
        let mut disabled = false;
        match &self.config.users.disabled {
            Disabled::Dialect => {
                for sign in self.dialect.signs() {
                    let values = person.all(sign.attribute());
                    if values.is_empty() && sign.is_always_there() && person.is_account() {
                        return Err(format!(
                            "shows no `{}`, so nobody knows whether it is switched off; let the \
                             bind name read it",
                            sign.attribute()
                        ));
                    }
                    for value in values {
                        disabled |= sign.is_off(value, now)?;
                    }
                }
            }
            Disabled::Attribute(name) => {
                for value in person.all(name) {
                    disabled |= switch(value)
                        .ok_or_else(|| format!("`{name}` is “{value}”, not true or false"))?;
                }
            }
            // It is asked when the groups are known.
            Disabled::Expression(_) => {}
        }
        Ok(disabled)
    }

    fn manager(&self, person: &Person, strangers: &mut Vec<String>) -> Option<UserKey> {
        let named = person.all(&self.config.users.manager).first()?;
        let manager = self.by_dn(named);
        if manager.is_none() {
            strangers.push(named.to_string());
        }
        manager
    }

    fn user(&self, key: UserKey, disabled: bool, manager: Option<UserKey>, person: Person) -> User {
        let own = self.config.users.label.as_deref();
        let mut labels = own.into_iter().chain(self.dialect.labels());
        let label = labels.find_map(|name| person.all(name).first());
        User {
            label: Arc::clone(label.unwrap_or(&key.id)),
            key,
            disabled,
            manager,
            attributes: person.fields,
        }
    }

    fn notes(&self, broken: &[BrokenRow], strangers: &[String]) -> Vec<String> {
        let nameless = broken.iter().filter(|row| row.user.is_none()).count();
        let mut notes = Vec::new();
        match nameless {
            0 => {}
            1 => notes.push(
                "users: 1 entry does not say whose it is; until that is set right, nobody counts \
                 as missing"
                    .to_owned(),
            ),
            more => notes.push(format!(
                "users: {more} entries do not say whose they are; until that is set right, nobody \
                 counts as missing"
            )),
        }
        if !strangers.is_empty() {
            notes.push(format!(
                "users: {} not among them: {}",
                counted(strangers.len(), "manager is", "managers are"),
                examples(strangers)
            ));
        }
        if self.too_long > 0 {
            notes.push(format!(
                "users: {} longer than 64 KiB left out",
                counted(self.too_long, "value", "values")
            ));
        }
        notes
    }
}

impl Person {
    fn all(&self, name: &str) -> &[Arc<str>] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// Is it somebody of a Windows domain who could log in, and not a contact?
    fn is_account(&self) -> bool {
        !self.all(primary::ACCOUNT).is_empty()
    }
}

/// The failure of a reading of which no user can be used.
pub(super) fn useless(server: &str, first: &BrokenRow) -> ReadError {
    let BrokenRow { place, problem, .. } = first;
    refuse(
        format!("{server}: users: {place} {problem}; no other user can be used either"),
        "check `users.key` and `dialect`, and that the bind name may read the attribute",
    )
}
