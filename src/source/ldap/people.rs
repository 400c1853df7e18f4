//! From entries to users: keys, values, switches and managers.
//!
//! Promises that an entry which cannot be used is held back alone, and that its user counts as present
//! as soon as the key can be read; that two entries with one key are both held back. Leaves groups to
//! [`super::groups`].

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::iter::Peekable;

use jiff::Timestamp;

use super::asking::{self, Spelling};
use super::column::{Column, Columns, Kept};
use super::content::{Content, contents, key};
use super::dialect::Dialect;
use super::entry::{Attribute, Entry};
use super::failure::refuse;
use super::note::{counted, examples};
use super::primary::{self, Sid};
use super::roll::{Place, Roll, Writing};
use super::settings::{Disabled, LdapConfig};
use super::sign::Sign;
use crate::core::key::{SourceName, UserKey};
use crate::core::packed::{put_number, put_text, take_number, take_text};
use crate::core::people::{Head, InOrder, Names, Sheet, SheetWriter, Sorter};
use crate::core::reading::BrokenRow;
use crate::source::ReadError;
use crate::source::dn;
use crate::source::register::Register;
use crate::source::value::switch;

/// The users of a directory, as they come; each is packed at once.
pub(super) struct People<'c> {
    config: &'c LdapConfig,
    dialect: Dialect,
    source: SourceName,
    columns: Columns,
    writer: SheetWriter,
    packed: Vec<u8>,
    persons: Sorter,
    ids: Ids,
    keys: Register,
    dns: Register,
    uids: Register,
    /// What is wrong with users that their own entries do not show.
    problems: BTreeMap<Place, String>,
    /// Those who have a login in common.
    shared: BTreeMap<String, BTreeSet<Place>>,
    /// Who is in a group, by the name by which their entries call it.
    memberships: BTreeMap<String, BTreeSet<Place>>,
    /// Whose primary group it is.
    primaries: BTreeMap<Sid, BTreeSet<Place>>,
    nameless: Vec<BrokenRow>,
    too_long: usize,
}

/// An entry whose key can be read, packed: `place dn problem sheet`.
struct Person<'b> {
    place: Place,
    dn: &'b str,
    /// Nothing, if there is none.
    problem: &'b str,
    sheet: Sheet<'b>,
}

impl<'b> Person<'b> {
    fn unpack(mut bytes: &'b [u8]) -> Self {
        Self {
            place: Place(u32::try_from(take_number(&mut bytes)).unwrap_or(u32::MAX)),
            dn: take_text(&mut bytes),
            problem: take_text(&mut bytes),
            sheet: Sheet::at(bytes),
        }
    }

    /// Is it somebody of a Windows domain who could log in, and not a contact?
    fn is_account(&self, numbers: &Numbers) -> bool {
        self.sheet.values(numbers.account).next().is_some()
    }
}

/// The keys of those who came, one behind the other.
#[derive(Default)]
struct Ids {
    text: String,
    ends: Vec<usize>,
}

impl Ids {
    fn count(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, id: &str) {
        self.text.push_str(id);
        self.ends.push(self.text.len());
    }

    fn get(&self, place: Place) -> &str {
        let before = place.at().checked_sub(1);
        let start = before.map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[place.at()]]
    }
}

/// The numbers of the attributes that say what a user is; `None`: no entry has it.
struct Numbers {
    manager: Option<usize>,
    labels: Vec<usize>,
    account: Option<usize>,
    disabled: Option<usize>,
    signs: Vec<(Sign, Option<usize>)>,
}

impl Numbers {
    fn of(names: &Names, config: &LdapConfig, dialect: Dialect) -> Self {
        let own = config.users.label.as_deref();
        let labels = own.into_iter().chain(dialect.labels());
        let signs = dialect.signs().iter();
        Self {
            manager: names.find(&config.users.manager),
            labels: labels.filter_map(|name| names.find(name)).collect(),
            account: names.find(primary::ACCOUNT),
            disabled: match &config.users.disabled {
                Disabled::Attribute(name) => names.find(name),
                Disabled::Dialect | Disabled::Expression(_) => None,
            },
            signs: signs
                .map(|sign| (*sign, names.find(sign.attribute())))
                .collect(),
        }
    }
}

impl<'c> People<'c> {
    /// Nobody yet.
    pub(super) fn new(config: &'c LdapConfig, dialect: Dialect, source: &SourceName) -> Self {
        Self {
            config,
            dialect,
            source: source.clone(),
            columns: Columns::new(Spelling::of(&asking::kept(config, dialect))),
            writer: SheetWriter::default(),
            packed: Vec::new(),
            persons: Sorter::default(),
            ids: Ids::default(),
            keys: Register::default(),
            dns: Register::default(),
            uids: Register::default(),
            problems: BTreeMap::new(),
            shared: BTreeMap::new(),
            memberships: BTreeMap::new(),
            primaries: BTreeMap::new(),
            nameless: Vec::new(),
            too_long: 0,
        }
    }

    /// Takes one more entry.
    pub(super) fn take(&mut self, entry: &Entry) {
        let name = asking::user_key(self.config, self.dialect);
        let id = match key(entry, name) {
            Ok(id) => id,
            Err(problem) => {
                self.nameless.push(BrokenRow {
                    place: entry.dn.clone(),
                    user: None,
                    group: None,
                    problem,
                });
                return;
            }
        };
        let place = self.place(&id);
        if let Some(dn) = dn::normal(&entry.dn) {
            self.dns.set(&dn, place.0);
        }
        if asking::reads_logins(self.config) {
            for uid in entry.texts("uid") {
                self.log_in(uid, place);
            }
        }
        let problem = self.put_down(entry, place);
        let packed = &mut self.packed;
        packed.clear();
        put_number(packed, place.at());
        put_text(packed, &entry.dn);
        put_text(packed, &problem.unwrap_or_default());
        self.writer.end(packed);
        let source = self.source.clone();
        self.persons.push(UserKey { source, id }, packed);
    }

    /// All entries have come; their groups are read next.
    pub(super) fn put_away(&mut self) {
        self.persons.put_away();
    }

    /// The place of a key. An entry that comes twice was met at two pages, and counts as it came last.
    fn place(&mut self, id: &str) -> Place {
        let next = self.ids.count();
        let Some(place) = self.keys.claim(id, next) else {
            self.ids.push(id);
            return Place(next);
        };
        let place = Place(place);
        let groups = self.memberships.values_mut();
        for members in groups.chain(self.primaries.values_mut()) {
            members.remove(&place);
        }
        place
    }

    fn log_in(&mut self, uid: &str, place: Place) {
        match self.uids.claim(uid, place.0) {
            Some(other) if other != place.0 => {
                let known = self.shared.entry(uid.to_owned()).or_default();
                known.extend([Place(other), place]);
            }
            Some(_) | None => {}
        }
    }

    /// Writes the attributes of an entry, and notes its groups; gives what is wrong with it.
    fn put_down(&mut self, entry: &Entry, place: Place) -> Option<String> {
        let mut problem = None;
        for attribute in &entry.attributes {
            problem = problem.or(self.keep(attribute));
        }
        if let Some(member_of) = asking::member_of(self.config) {
            for group in entry.texts(member_of) {
                let members = self.memberships.entry(group.to_owned()).or_default();
                members.insert(place);
            }
        }
        if primary::counts(self.config.groups.as_ref(), self.dialect) {
            match primary::group_of(entry) {
                Ok(None) => {}
                Ok(Some(group)) => {
                    self.primaries.entry(group).or_default().insert(place);
                }
                Err(why) => problem = problem.or(Some(why)),
            }
        }
        problem
    }

    /// Writes an attribute, each value once; gives what is wrong with it.
    fn keep(&mut self, attribute: &Attribute) -> Option<String> {
        let Column { kept, form, .. } = self.columns.of(&attribute.name);
        let name = &kept.first()?.name;
        let several = attribute.values.len() > 1;
        let (mut seen, mut problem) = (HashSet::new(), None);
        for content in contents(attribute, *form) {
            match content {
                Content::Text(text) => {
                    if several && !seen.insert(text.clone()) {
                        continue;
                    }
                    for Kept { number, .. } in kept {
                        self.writer.put(*number, &text);
                    }
                }
                Content::Nothing => {}
                Content::TooLong => self.too_long += 1,
                Content::Unfit(why) => problem = problem.or(Some(why)),
            }
        }
        problem.map(|why| format!("`{name}` {why}"))
    }

    /// A name that a user had until a moment ago, normalised; whoever has it now comes first.
    pub(super) fn remember(&mut self, name: &str, user: Place) {
        self.dns.claim(name, user.0);
    }

    /// Names of managers that are no user's.
    pub(super) fn strange_managers(&self) -> impl Iterator<Item = String> {
        let manager = self.columns.names().find(&self.config.users.manager);
        let named = self.persons.iter().filter_map(move |(_, packed)| {
            let named = Person::unpack(&packed).sheet.values(manager).next();
            named.map(str::to_owned)
        });
        named.filter(|name| self.by_dn(name).is_none())
    }

    /// The user with this DN.
    pub(super) fn by_dn(&self, name: &str) -> Option<Place> {
        self.dns.get(&dn::normal(name)?).map(Place)
    }

    /// The user whose entry has the key of this one, if there is one.
    pub(super) fn by_key(&self, entry: &Entry) -> Option<Place> {
        let name = asking::user_key(self.config, self.dialect);
        self.keys.get(&key(entry, name).ok()?).map(Place)
    }

    /// The user who logs in so. Where several do, all of them are held back: a group that names one of
    /// them would else have lost a member.
    pub(super) fn by_uid(&mut self, uid: &str) -> Option<Place> {
        let only = self.uids.get(uid).map(Place)?;
        let Some(several) = self.shared.get(uid) else {
            return Some(only);
        };
        let problem =
            format!("`uid` {uid} is also another's, so nobody knows whose a `memberUid` is");
        for place in several {
            self.problems
                .entry(*place)
                .or_insert_with(|| problem.clone());
        }
        None
    }

    /// The DNs of groups that entries of users name, with these users.
    pub(super) fn memberships(&self) -> impl Iterator<Item = (&str, &BTreeSet<Place>)> {
        let groups = self.memberships.iter();
        groups.map(|(name, members)| (name.as_str(), members))
    }

    /// Who is in which group without standing in it.
    pub(super) fn primaries(&self) -> impl Iterator<Item = (&Sid, &BTreeSet<Place>)> {
        self.primaries.iter()
    }

    fn key(&self, place: Place) -> UserKey {
        UserKey::new(&self.source, self.ids.get(place))
    }

    /// Did no entry come?
    pub(super) fn is_empty(&self) -> bool {
        self.ids.count() == 0 && self.nameless.is_empty()
    }

    /// Entries of which none says whose it is say more about the settings than about people.
    ///
    /// # Errors
    /// When that is so.
    pub(super) fn refuse_nameless(&self, server: &str) -> Result<(), ReadError> {
        match self.nameless.first() {
            Some(first) if self.ids.count() == 0 => Err(useless(server, first)),
            Some(_) | None => Ok(()),
        }
    }

    /// The users as they are at this time.
    pub(super) fn finish(mut self, now: Timestamp) -> Roll {
        // Nobody is looked up by these any more, and there may be millions.
        (self.keys, self.uids) = (Register::default(), Register::default());
        let names = self.columns.names();
        let numbers = Numbers::of(names, self.config, self.dialect);
        let mut roll = Writing::new(names.clone(), self.ids.count());
        let mut strangers = Vec::new();
        let mut persons = std::mem::take(&mut self.persons).finish().peekable();
        while let Some((key, packed)) = persons.next() {
            let (packed, twin) = self.last_of(&key, packed, &mut persons);
            let person = Person::unpack(&packed);
            let problem = twin
                .or_else(|| (!person.problem.is_empty()).then(|| person.problem.to_owned()))
                .or_else(|| self.problems.remove(&person.place));
            let disabled = match problem {
                Some(problem) => Err(problem),
                None => self.is_disabled(&person, &numbers, now),
            };
            match disabled {
                Ok(disabled) => {
                    let named = person.sheet.values(numbers.manager).next();
                    let manager = named.and_then(|name| self.by_dn(name));
                    if manager.is_none() {
                        strangers.extend(named.map(str::to_owned));
                    }
                    let mut labels = numbers.labels.iter();
                    let label = labels.find_map(|number| person.sheet.values(Some(*number)).next());
                    let manager = manager.map(|place| self.key(place));
                    let head = Head {
                        key: &key,
                        label: label.unwrap_or(&key.id),
                        disabled,
                        manager: manager.as_ref(),
                    };
                    roll.add(person.place, head, person.sheet);
                }
                Err(problem) => roll.hold(person.place, key, person.dn, problem),
            }
        }
        roll.finish(std::mem::take(&mut self.nameless), |broken| {
            self.notes(broken, &strangers)
        })
    }

    /// The last of the entries with this key, and what is wrong if not all of them are one and the same.
    fn last_of(
        &self,
        key: &UserKey,
        first: Box<[u8]>,
        rest: &mut Peekable<InOrder>,
    ) -> (Box<[u8]>, Option<String>) {
        let (mut last, mut problem) = (first, None);
        while let Some((_, next)) = rest.next_if(|(next, _)| next == key) {
            let dn = Person::unpack(&last).dn;
            if dn::normal(dn) != dn::normal(Person::unpack(&next).dn) {
                let name = asking::user_key(self.config, self.dialect);
                problem = Some(format!(
                    "`{name}` {} is also that of {dn}; a key belongs to one user only",
                    key.id
                ));
            }
            last = next;
        }
        (last, problem)
    }

    fn is_disabled(
        &self,
        person: &Person<'_>,
        numbers: &Numbers,
        now: Timestamp,
    ) -> Result<bool, String> {
        let mut disabled = false;
        match &self.config.users.disabled {
            Disabled::Dialect => {
                for (sign, number) in &numbers.signs {
                    let mut values = person.sheet.values(*number).peekable();
                    let must = sign.is_always_there() && person.is_account(numbers);
                    if values.peek().is_none() && must {
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
                for value in person.sheet.values(numbers.disabled) {
                    disabled |= switch(value)
                        .ok_or_else(|| format!("`{name}` is “{value}”, not true or false"))?;
                }
            }
            // It is asked when the groups are known.
            Disabled::Expression(_) => {}
        }
        Ok(disabled)
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

/// The failure of a reading of which no user can be used.
pub(super) fn useless(server: &str, first: &BrokenRow) -> ReadError {
    let BrokenRow { place, problem, .. } = first;
    refuse(
        format!("{server}: users: {place} {problem}; no other user can be used either"),
        "check `users.key` and `dialect`, and that the bind name may read the attribute",
    )
}
