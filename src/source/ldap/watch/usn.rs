//! Asking a domain controller what it has changed since, by its update sequence numbers (MS-ADTS,
//! 3.1.1.1.9).
//!
//! One question about the root tells whether anything has changed at all, and wants no right but to
//! read; the `DirSync` control would want the right to replicate the directory.
//! Promises that a controller is compared with itself alone: another one, or one that was restored, is
//! read anew; that whoever leaves the base or the filter is heard like whoever changes, also where a
//! whole branch is moved; that an account which ends at its time is heard then; and that a log-in or a
//! new password is no change. Deleted people are heard where the bind name may read them; leaves them
//! to whole readings where not, and leaves what a change means to whoever reads it.
//!
//! It keeps some 60 bytes a user.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use ldap3::controls::RawControl;

use super::News;
use super::part::{Kind, Part};
use crate::clock::Clock;
use crate::core::duration;
use crate::source::ReadError;
use crate::source::ldap::dialect::Dialect;
use crate::source::ldap::entry::Entry;
use crate::source::ldap::failure::refuse;
use crate::source::ldap::search::{Search, both};
use crate::source::ldap::session::{Found, Session};
use crate::source::ldap::settings::{Branch, Depth, Disabled, LdapConfig};
use crate::source::ldap::sign::{self, Sign};
use crate::source::value::GUID;

/// How often is asked where nobody says it.
const PAUSE: Duration = Duration::from_secs(2);
/// The number of the last change that a controller made or took over.
const HIGHEST: &str = "highestCommittedUSN";
/// The same, of an entry.
const CHANGED: &str = "uSNChanged";
/// The entry of the controller itself.
const CONTROLLER: &str = "dsServiceName";
/// Its database; a restored one has another.
const DATABASE: &str = "invocationId";
/// Entries that were deleted are shown, too (MS-ADTS, 3.1.1.3.4.1.14).
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";
const IS_DELETED: &str = "isDeleted";
/// Classes whose entries have users below them, who move with them and whose numbers stay.
const PLACES: [&str; 6] = [
    "builtinDomain",
    "container",
    "country",
    "domain",
    "organization",
    "organizationalUnit",
];

/// Are deleted people heard?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::ldap) enum Deletions {
    /// As soon as anything else.
    Heard,
    /// The bind name may not read them.
    Hidden,
}

/// What is known of the controller that was asked last.
#[derive(Debug, Default)]
pub(super) struct Usn {
    seen: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    controller: Controller,
    highest: u64,
    held: BTreeMap<Vec<u8>, Held>,
    at: Timestamp,
}

/// A database of a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Controller {
    name: String,
    database: Vec<u8>,
}

/// What is kept of a user or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    /// Its name and values.
    hash: u64,
    /// When it ends by itself, in seconds from 1970.
    ends: Option<i64>,
}

/// What has come of asking.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Change,
    Anew(String),
}

/// Does the server number its changes?
///
/// # Errors
/// When it does not answer.
pub(super) async fn is_possible(
    session: &mut Session,
    config: &LdapConfig,
) -> Result<Option<Deletions>, ReadError> {
    if session.dialect != Dialect::Ad || highest(session).await?.is_none() {
        return Ok(None);
    }
    let mut deletions = Deletions::Hidden;
    for tree in trees(session, config) {
        let search = Search {
            what: "deleted entries",
            branch: &tree,
            filter: "(&(isDeleted=TRUE)(objectClass=container)(cn=Deleted Objects))",
            attributes: &[IS_DELETED.to_owned()],
            page: config.page,
        };
        let mut take = |entry: Entry| {
            if entry.values(IS_DELETED).next().is_some() {
                deletions = Deletions::Heard;
            }
            Ok(())
        };
        search.run_with(session, &show_deleted(), &mut take).await?;
    }
    Ok(Some(deletions))
}

/// What an admin is told of it.
pub(super) fn told(deletions: Deletions, config: &LdapConfig) -> String {
    let pause = duration::print(pause(config));
    match deletions {
        Deletions::Heard => format!("by asking for {HIGHEST} every {pause}"),
        Deletions::Hidden => format!(
            "by asking for {HIGHEST} every {pause}; deletions at the next whole reading, unless the \
             bind name may read CN=Deleted Objects"
        ),
    }
}

fn pause(config: &LdapConfig) -> Duration {
    config.poll.unwrap_or(PAUSE)
}

impl Usn {
    /// Asks until the line breaks, and says why it did.
    pub(super) async fn listen(
        &mut self,
        session: &mut Session,
        config: &LdapConfig,
        clock: &Clock,
        news: &News,
    ) -> ReadError {
        let controller = match controller(session).await {
            Ok(controller) => controller,
            Err(error) => return error,
        };
        loop {
            let told = self.look(session, config, &controller, clock.now()).await;
            match told {
                Ok(told) => {
                    news.up();
                    match told {
                        Told::Nothing => {}
                        Told::Change => news.change(),
                        Told::Anew(why) => news.anew(why),
                    }
                }
                Err(error) => return error,
            }
            clock.sleep(pause(config)).await;
        }
    }

    /// Asks once: has anything changed since the last time? Who has never asked does not know.
    async fn look(
        &mut self,
        session: &mut Session,
        config: &LdapConfig,
        controller: &Controller,
        now: Timestamp,
    ) -> Result<Told, ReadError> {
        // Asked before everything else: what changes meanwhile is heard twice, and never missed.
        let highest = highest(session).await?;
        let highest = highest.ok_or_else(|| {
            let problem = format!(
                "{}: changes: it shows no {HIGHEST} any more",
                session.server
            );
            refuse(problem, "let the bind name read the root of the server")
        })?;
        let why = match &self.seen {
            None => None,
            Some(seen) => match seen.refuse(controller, highest) {
                None => return self.go_on(session, config, highest, now).await,
                Some(why) => Some(format!("{}: {why}", session.server)),
            },
        };
        // Until it is known what there is, nothing is.
        self.seen = None;
        let held = everything(session, config).await?;
        self.seen = Some(Seen {
            controller: controller.clone(),
            highest,
            held,
            at: now,
        });
        Ok(why.map_or(Told::Change, Told::Anew))
    }

    async fn go_on(
        &mut self,
        session: &mut Session,
        config: &LdapConfig,
        highest: u64,
        now: Timestamp,
    ) -> Result<Told, ReadError> {
        let Some(seen) = &mut self.seen else {
            return Ok(Told::Nothing);
        };
        let mut is_change = seen.has_ended(now);
        if highest > seen.highest {
            is_change |= seen.catch_up(session, config).await?;
            seen.highest = highest;
        }
        seen.at = now;
        Ok(if is_change {
            Told::Change
        } else {
            Told::Nothing
        })
    }
}

impl Seen {
    /// Why what was heard so far says nothing about this controller.
    fn refuse(&self, controller: &Controller, highest: u64) -> Option<String> {
        let own = &self.controller;
        if own.name != controller.name {
            return Some(format!(
                "it is another domain controller than before, {}, which numbers changes by itself",
                controller.name
            ));
        }
        if own.database != controller.database {
            return Some("its database was restored, or made anew".to_owned());
        }
        (highest < self.highest).then(|| {
            format!(
                "its last change is number {highest}, and was number {} before: it was restored",
                self.highest
            )
        })
    }

    /// Has an account come to its end since the last time?
    fn has_ended(&self, now: Timestamp) -> bool {
        let span = self.at.as_second() + 1..=now.as_second();
        let mut ends = self.held.values().filter_map(|held| held.ends);
        ends.any(|end| span.contains(&end))
    }

    /// Takes in what has changed; is anything another than before?
    async fn catch_up(
        &mut self,
        session: &mut Session,
        config: &LdapConfig,
    ) -> Result<bool, ReadError> {
        let since = format!("({CHANGED}>={})", self.highest + 1);
        let here = matching(session, config, Some(&since)).await?;
        let all = touched(session, config, &since).await?;
        if all.iter().any(|(_, is_place)| *is_place) {
            let held = everything(session, config).await?;
            let is_change = held != self.held;
            self.held = held;
            return Ok(is_change);
        }
        let mut is_change = false;
        for (key, _) in all {
            if !here.contains_key(&key) {
                is_change |= self.held.remove(&key).is_some();
            }
        }
        for (key, held) in here {
            is_change |= self.held.insert(key, held) != Some(held);
        }
        Ok(is_change)
    }
}

/// The number of the last change.
async fn highest(session: &mut Session) -> Result<Option<u64>, ReadError> {
    let root = session.find("", &[HIGHEST.to_owned()]).await?;
    Ok(match root {
        Found::Entry(root) => root
            .texts(HIGHEST)
            .next()
            .and_then(|text| text.parse().ok()),
        Found::Absent | Found::Hidden => None,
    })
}

/// Who the controller is. One that does not tell is known by its address.
async fn controller(session: &mut Session) -> Result<Controller, ReadError> {
    let mut controller = Controller {
        name: session.server.clone(),
        database: Vec::new(),
    };
    let Found::Entry(root) = session.find("", &[CONTROLLER.to_owned()]).await? else {
        return Ok(controller);
    };
    let Some(name) = root.texts(CONTROLLER).next() else {
        return Ok(controller);
    };
    name.clone_into(&mut controller.name);
    if let Found::Entry(own) = session.find(name, &[DATABASE.to_owned()]).await? {
        controller.database = own.values(DATABASE).next().unwrap_or_default().to_vec();
    }
    Ok(controller)
}

/// All users and groups.
async fn everything(
    session: &mut Session,
    config: &LdapConfig,
) -> Result<BTreeMap<Vec<u8>, Held>, ReadError> {
    matching(session, config, None).await
}

/// The users and groups that also match `more`.
async fn matching(
    session: &mut Session,
    config: &LdapConfig,
    more: Option<&str>,
) -> Result<BTreeMap<Vec<u8>, Held>, ReadError> {
    let mut all = BTreeMap::new();
    let users = Part::users(config, session.dialect);
    let groups = Part::groups(config, session.dialect);
    let kinds = std::iter::once((Kind::Users, users));
    for (kind, part) in kinds.chain(groups.map(|groups| (Kind::Groups, groups))) {
        let filter = more.map_or_else(|| part.filter.to_owned(), |more| both(part.filter, more));
        let search = Search {
            what: part.what,
            branch: part.branch,
            filter: &filter,
            attributes: &wanted(kind, &part),
            page: config.page,
        };
        let mut take = |entry: Entry| {
            if let Some(key) = entry.values(GUID).next() {
                let held = Held {
                    hash: hash(&entry),
                    ends: ends(&entry, config),
                };
                all.insert(key.to_vec(), held);
            }
            Ok(())
        };
        search.run(session, &mut take).await?;
    }
    Ok(all)
}

/// What is compared: the values of a user, and the number of a group, whose members are many.
fn wanted(kind: Kind, part: &Part<'_>) -> Vec<String> {
    let mut wanted = match kind {
        Kind::Users => part.attributes.clone(),
        Kind::Groups => vec![CHANGED.to_owned()],
    };
    wanted.push(GUID.to_owned());
    wanted
}

/// Everything in the trees of users and groups that was changed or deleted since, and whether users
/// may be below it.
async fn touched(
    session: &mut Session,
    config: &LdapConfig,
    since: &str,
) -> Result<Vec<(Vec<u8>, bool)>, ReadError> {
    let mut all = Vec::new();
    for tree in trees(session, config) {
        let search = Search {
            what: "changes",
            branch: &tree,
            filter: since,
            attributes: &[GUID, "objectClass"].map(str::to_owned),
            page: config.page,
        };
        let mut take = |entry: Entry| {
            let is_place = entry.texts("objectClass").any(is_place);
            let key = entry.values(GUID).next().unwrap_or_default();
            all.push((key.to_vec(), is_place));
            Ok(())
        };
        search.run_with(session, &show_deleted(), &mut take).await?;
    }
    Ok(all)
}

fn is_place(class: &str) -> bool {
    PLACES.iter().any(|place| place.eq_ignore_ascii_case(class))
}

/// The whole trees that users and groups are in: who leaves a base is still in its tree.
fn trees(session: &Session, config: &LdapConfig) -> Vec<Branch> {
    let groups = config.groups.iter().map(|groups| &groups.branch);
    let bases = std::iter::once(&config.users.branch).chain(groups);
    let tops: BTreeSet<&str> = bases
        .map(|branch| {
            let top = session.root.context_of(&branch.base);
            top.unwrap_or(&branch.base)
        })
        .collect();
    let tree = |top: &str| Branch {
        base: top.to_owned(),
        filter: None,
        scope: Depth::Subtree,
    };
    tops.into_iter().map(tree).collect()
}

fn show_deleted() -> Vec<RawControl> {
    vec![RawControl {
        ctype: SHOW_DELETED.to_owned(),
        crit: false,
        val: None,
    }]
}

/// Of the name and the values, in whatever order these come.
fn hash(entry: &Entry) -> u64 {
    let mut values: Vec<(&str, &[u8])> = entry
        .attributes
        .iter()
        .flat_map(|attribute| {
            let values = attribute.values.iter();
            values.map(|value| (attribute.name.as_str(), value.as_slice()))
        })
        .collect();
    values.sort_unstable();
    let mut hasher = DefaultHasher::new();
    (&entry.dn, values).hash(&mut hasher);
    hasher.finish()
}

fn ends(entry: &Entry, config: &LdapConfig) -> Option<i64> {
    match &config.users.disabled {
        Disabled::Dialect => {
            let value = entry.texts(Sign::AccountExpires.attribute()).next();
            value.and_then(sign::ends)
        }
        Disabled::Attribute(_) | Disabled::Expression(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controller(name: &str, database: u8) -> Controller {
        Controller {
            name: name.to_owned(),
            database: vec![database],
        }
    }

    fn seen(ends: Option<i64>) -> Seen {
        Seen {
            controller: controller("CN=NTDS Settings,CN=DC1", 1),
            highest: 4000,
            held: BTreeMap::from([(vec![7], Held { hash: 1, ends })]),
            at: Timestamp::from_second(1000).expect("a time"),
        }
    }

    #[test]
    fn a_controller_is_compared_with_itself_alone() {
        for (name, database, highest, told) in [
            ("CN=NTDS Settings,CN=DC1", 1, 4000, None),
            ("CN=NTDS Settings,CN=DC1", 1, 4001, None),
            (
                "CN=NTDS Settings,CN=DC1",
                1,
                3999,
                Some("its last change is number 3999, and was number 4000 before: it was restored"),
            ),
            (
                "CN=NTDS Settings,CN=DC1",
                2,
                9000,
                Some("its database was restored, or made anew"),
            ),
            (
                "CN=NTDS Settings,CN=DC2",
                1,
                9000,
                Some(
                    "it is another domain controller than before, CN=NTDS Settings,CN=DC2, which \
                     numbers changes by itself",
                ),
            ),
        ] {
            let why = seen(None).refuse(&controller(name, database), highest);
            assert_eq!(why.as_deref(), told, "{name} {database} {highest}");
        }
    }

    #[test]
    fn an_end_is_heard_once_when_it_comes() {
        let at = |second| Timestamp::from_second(second).expect("a time");
        for (ends, now, heard) in [
            (None, 2000, false),
            (Some(1000), 1002, false),
            (Some(1001), 1002, true),
            (Some(1002), 1002, true),
            (Some(1003), 1002, false),
            (Some(1003), 900, false),
        ] {
            assert_eq!(seen(ends).has_ended(at(now)), heard, "{ends:?} {now}");
        }
    }

    #[test]
    fn the_order_of_values_is_no_change_and_a_name_is_one() {
        let entry = |dn: &str, values: &[(&str, &str)]| hash(&Entry::made(dn, values));
        let one = entry("CN=Ann", &[("sn", "A"), ("mail", "a@x"), ("mail", "b@x")]);
        let other = entry("CN=Ann", &[("mail", "b@x"), ("sn", "A"), ("mail", "a@x")]);
        assert_eq!(one, other);
        assert_ne!(
            one,
            entry("CN=Anna", &[("sn", "A"), ("mail", "a@x"), ("mail", "b@x")])
        );
        assert_ne!(
            one,
            entry("CN=Ann", &[("sn", "B"), ("mail", "a@x"), ("mail", "b@x")])
        );
    }
}
