//! Reading a directory over LDAP (RFC 4511).
//!
//! Promises that an answer which is cut short, refused, empty or nonsense is an error and never a
//! small directory, whatever the server does; that an entry which cannot be used counts as present;
//! and that the whole of `ldap3` stays behind this module. Leaves how long somebody must be missing
//! before that means anything to the engine.
//!
//! The way of a reading: `session` reaches a server, binds and asks what it is; `search` pages
//! through users and then groups; `people` and `groups` make them of entries; `strangers` looks
//! again for members that were renamed meanwhile. Afterwards `watch` listens for changes and keeps a
//! copy where it can, `follow` makes a reading of that copy, and `whereabouts` asks for who is missing.

mod asking;
mod column;
mod content;
mod csn;
mod dialect;
mod draft;
mod entry;
mod failure;
mod follow;
mod groups;
mod note;
mod people;
mod primary;
mod range;
mod roll;
mod root;
#[cfg(test)]
mod script;
mod search;
mod session;
mod settings;
mod sign;
mod stamps;
mod strangers;
mod trust;
mod watch;
mod whereabouts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinSet};

use self::failure::refuse;
use self::groups::{Flock, Groups};
use self::people::People;
use self::search::{Search, Tally};
use self::session::Session;
use self::stamps::Stamps;
use self::watch::{Listener, Mirror, Way};
use self::whereabouts::Past;
use super::{ReadError, Source, Watch};
use crate::clock::Clock;
use crate::core::crowd::Crowd;
use crate::core::expression::{Program, Subject};
use crate::core::key::{SourceName, UserKey};
use crate::core::newest::Newest;
use crate::core::people::Packer;
use crate::core::reading::{BrokenRow, Coverage, Reading, Whereabouts};
use crate::core::user::User;
use crate::draw::Draw;

pub use self::dialect::Dialect;
pub use self::settings::{
    Bind, Branch, ClientCertificate, Depth, Disabled, Form, GroupSettings, LdapConfig, UserSettings,
};

/// Can this text be sent as a filter (RFC 4515)?
#[must_use]
pub fn is_filter(text: &str) -> bool {
    ldap3::parse_filter(text).is_ok()
}

/// Is this text a distinguished name (RFC 4514)?
#[must_use]
pub fn is_dn(text: &str) -> bool {
    super::dn::normal(text).is_some()
}

/// Is this the name of an attribute that proves who somebody is, and is never read?
#[must_use]
pub fn is_secret(attribute: &str) -> bool {
    super::value::is_secret(attribute)
}

/// A directory behind one server, or several that hold the same.
#[derive(Clone, Debug)]
pub struct LdapSource {
    name: SourceName,
    config: Arc<LdapConfig>,
    clock: Clock,
    draw: Draw,
    mirror: Arc<Mirror>,
    past: Arc<Past>,
}

impl LdapSource {
    /// The source `name` with its settings; nobody is asked yet.
    #[must_use]
    pub fn new(name: SourceName, config: LdapConfig, clock: Clock) -> Self {
        Self {
            name,
            config: Arc::new(config),
            clock,
            draw: Draw::ambient(),
            mirror: Arc::default(),
            past: Arc::default(),
        }
    }

    async fn read_all(&self) -> Result<Reading, ReadError> {
        let config = &*self.config;
        let mut session = Session::open(config).await?;
        let newest = csn::newest(&mut session, config).await?;
        let mut stamps = Stamps::beside(newest, session.dialect);
        let mut people = People::new(config, session.dialect, &self.name);
        let tally = read_users(&mut session, config, &mut people, &mut stamps).await?;
        let flock = self
            .read_groups(&mut session, &mut people, &mut stamps)
            .await?;
        let server = session.server.clone();
        let refers = !session.dialect.always_refers();
        session.close().await;
        let referrals = if refers { tally.referrals } else { 0 };
        let reading = self.conclude(&server, people, flock, referrals)?;
        self.past.remember(&reading, &server, stamps.finish());
        self.mirror.renew();
        Ok(reading)
    }

    /// Makes a reading of users and groups.
    fn conclude(
        &self,
        server: &str,
        people: People<'_>,
        flock: Flock,
        referrals: usize,
    ) -> Result<Reading, ReadError> {
        let mut roll = people.finish(self.clock.now());
        refuse_if_all(server, roll.users.len(), &roll.broken)?;
        let mut notes = std::mem::take(&mut roll.notes);
        notes.extend(flock.notes);
        notes.extend(referral_note(referrals));
        let dangling = flock.dangling;
        let groups = flock.groups.into_iter().map(|group| roll.group(group));
        let mut reading = Reading {
            source: self.name.clone(),
            groups: groups.collect(),
            coverage: coverage(&roll.broken, referrals),
            users: roll.users,
            broken: roll.broken,
            notes,
            dangling,
        };
        if let Disabled::Expression(program) = &self.config.users.disabled {
            switch_off(&mut reading, program);
        }
        Ok(reading)
    }

    async fn read_groups(
        &self,
        session: &mut Session,
        people: &mut People<'_>,
        stamps: &mut Stamps,
    ) -> Result<Flock, ReadError> {
        let Some(settings) = &self.config.groups else {
            return Ok(Flock::default());
        };
        let mut groups = Groups::new(settings, session.dialect, &session.server);
        let attributes = stamps.beyond(draft::attributes(settings, session.dialect));
        let key = draft::key_name(settings, session.dialect);
        let filter = settings.branch.filter.as_deref();
        let search = Search {
            what: "groups",
            branch: &settings.branch,
            filter: filter.unwrap_or(session.dialect.group_filter()),
            attributes: &attributes,
            page: self.config.page,
        };
        let mut ranged = Vec::new();
        let mut take = |entry| {
            stamps.group(&entry, key);
            if range::is_ranged(&entry) {
                ranged.push(entry);
                return Ok(());
            }
            groups.take(&entry, people)
        };
        search.run(session, &mut take).await?;
        for entry in ranged {
            let entry = range::complete(session, entry).await?;
            groups.take(&entry, people)?;
        }
        let (config, clock) = (&*self.config, &self.clock);
        let unseen =
            strangers::recognise(session, config, &mut groups, people, settings, clock).await?;
        let mut flock = groups.finish(&self.name, people, &unseen.gone)?;
        flock.dangling = Some(unseen.count(session.dialect));
        Ok(flock)
    }

    async fn describe_server(&self) -> Result<Vec<String>, ReadError> {
        let mut session = Session::open(&self.config).await?;
        let way = Way::choose(&mut session, &self.config).await?;
        let root = &session.root;
        let mut maker = session.dialect.title().to_owned();
        let version = [&root.vendor, &root.version].into_iter().flatten();
        let version: Vec<&str> = version.map(String::as_str).collect();
        if !version.is_empty() {
            maker.push_str(&format!(" ({})", version.join(", ")));
        }
        let features = match root.features().as_slice() {
            [] => "nothing that we would use".to_owned(),
            features => features.join(", "),
        };
        let lines = vec![
            format!("{} is {maker}", session.server),
            format!("it can: {features}"),
            format!(
                "users are known by `{}`",
                asking::user_key(&self.config, session.dialect)
            ),
            format!("changes: {}", way.told(&self.config)),
        ];
        session.close().await;
        Ok(lines)
    }
}

#[async_trait]
impl Source for LdapSource {
    /// Reads users and groups to their end.
    async fn read(&self) -> Result<Reading, ReadError> {
        let source = self.clone();
        self.past.doubt();
        alone(async move { source.read_all().await }).await
    }

    async fn follow(&self) -> Result<Reading, ReadError> {
        let source = self.clone();
        alone(async move {
            match source.follow_copy().await? {
                Some(reading) => Ok(reading),
                None => source.read_all().await,
            }
        })
        .await
    }

    fn newest(&self) -> Newest {
        self.past.newest()
    }

    fn settle(&self) {
        self.past.settle();
    }

    async fn whereabouts(
        &self,
        missing: &BTreeSet<UserKey>,
    ) -> Result<Option<BTreeMap<UserKey, Whereabouts>>, ReadError> {
        let (source, missing) = (self.clone(), missing.clone());
        apart(async move { source.past.whereabouts(&source.config, &missing).await }).await
    }

    fn watch(&self) -> Option<Box<dyn Watch>> {
        Some(Box::new(Listener::at(self.clone())))
    }

    /// Any: what a server holds is known only when it is asked.
    fn attributes(&self) -> Option<Vec<String>> {
        None
    }

    fn leaves_out(&self, attribute: &str) -> bool {
        let kept = |dialect: &Dialect| asking::kept(&self.config, *dialect);
        let mut kept = Dialect::ALL.iter().flat_map(kept);
        !kept.any(|name| name == attribute)
    }

    async fn describe(&self) -> Result<Vec<String>, ReadError> {
        let source = self.clone();
        apart(async move { source.describe_server().await }).await
    }
}

/// Does it in a task of its own: what a server sends may make the client panic, and that is a failure of
/// this work alone.
async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, ReadError>> + Send + 'static,
) -> Result<T, ReadError> {
    // A set ends its tasks with itself: nobody reads on for somebody who has gone.
    let mut task = JoinSet::new();
    task.spawn(work);
    let done = task.join_next().await.expect("one was put in");
    done.unwrap_or_else(|cause| Err(broken_off(cause)))
}

/// The same on a thread of its own. To take a million entries in and to sort them is work for a processor,
/// which nothing else that the program does may wait for; and whoever hears and takes on one thread is not
/// woken for each entry.
async fn alone<T: Send + 'static>(
    work: impl Future<Output = Result<T, ReadError>> + Send + 'static,
) -> Result<T, ReadError> {
    // It ends with us: nobody reads on for somebody who has gone.
    let (_here, gone) = oneshot::channel::<()>();
    let thread = tokio::task::spawn_blocking(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|cause| {
            let hint = "raise the limit of open files";
            failure::because("the reading has nothing to wait with", hint, cause)
        })?;
        runtime.block_on(async {
            tokio::select! {
                done = work => done,
                _ = gone => Err(ReadError {
                    problem: "nobody waits for the reading any more".to_owned(),
                    hint: None,
                    cause: None,
                }),
            }
        })
    });
    thread.await.unwrap_or_else(|cause| Err(broken_off(cause)))
}

fn broken_off(cause: JoinError) -> ReadError {
    let hint = "check that `url` leads to a directory server; if it does, please report this";
    failure::because(
        "the reading broke off: the server sent what is no answer of LDAP",
        hint,
        cause,
    )
}

async fn read_users(
    session: &mut Session,
    config: &LdapConfig,
    people: &mut People<'_>,
    stamps: &mut Stamps,
) -> Result<Tally, ReadError> {
    let attributes = stamps.beyond(asking::of_users(config, session.dialect));
    let key = asking::user_key(config, session.dialect);
    let branch = &config.users.branch;
    let filter = branch.filter.as_deref();
    let search = Search {
        what: "users",
        branch,
        filter: filter.unwrap_or(session.dialect.user_filter()),
        attributes: &attributes,
        page: config.page,
    };
    let mut ranged = Vec::new();
    let mut take = |entry| {
        stamps.user(&entry, key);
        if range::is_ranged(&entry) {
            ranged.push(entry);
        } else {
            people.take(&entry);
        }
        Ok(())
    };
    let tally = search.run(session, &mut take).await?;
    for entry in ranged {
        people.take(&range::complete(session, entry).await?);
    }
    people.put_away();
    refuse_nobody(&session.server, config, session.dialect, people)?;
    Ok(tally)
}

/// A search that finds nobody, or nobody with a key, says more about the settings than about people.
fn refuse_nobody(
    server: &str,
    config: &LdapConfig,
    dialect: Dialect,
    people: &People<'_>,
) -> Result<(), ReadError> {
    people.refuse_nameless(server)?;
    if people.is_empty() {
        let branch = &config.users.branch;
        let problem = format!(
            "{server}: users: nothing under {} matches {}, which is never taken for an empty directory",
            branch.base,
            branch.filter.as_deref().unwrap_or(dialect.user_filter())
        );
        let hint = "correct `users.base` or `users.filter`, or let the bind name read the entries";
        return Err(refuse(problem, hint));
    }
    Ok(())
}

/// Entries of which none can be used say more about the settings than about people.
fn refuse_if_all(server: &str, usable: usize, broken: &[BrokenRow]) -> Result<(), ReadError> {
    match broken.first() {
        Some(first) if usable == 0 => Err(people::useless(server, first)),
        Some(_) | None => Ok(()),
    }
}

/// Absence says something only when each entry says whose it is, and none is on another server.
fn coverage(broken: &[BrokenRow], referrals: usize) -> Coverage {
    if referrals == 0 && broken.iter().all(|row| row.user.is_some()) {
        return Coverage::Whole;
    }
    Coverage::Part {
        gone: BTreeSet::new(),
    }
}

fn referral_note(referrals: usize) -> Option<String> {
    let refer = match referrals {
        0 => return None,
        1 => "1 part of the tree is".to_owned(),
        more => format!("{more} parts of the tree are"),
    };
    Some(format!(
        "users: {refer} on another server, and referrals are not followed; while that is so, nobody \
         counts as missing (choose `users.base` below it)"
    ))
}

/// Asks an expression of the config who may not log in.
fn switch_off(reading: &mut Reading, program: &Program) {
    let mut users = Packer::default();
    let mut broken = Vec::new();
    for person in Crowd::of(std::slice::from_ref(reading))
        .portions()
        .flatten()
    {
        let verdict = program.truth(&Subject::new(&person.user, &person.groups));
        match verdict {
            Ok(disabled) => users.push(&User {
                disabled,
                ..person.user
            }),
            Err(error) => broken.push(BrokenRow {
                place: person.user.label.to_string(),
                user: Some(person.user.key),
                group: None,
                problem: format!("`disabled`: {error}"),
            }),
        }
    }
    reading.users = users.finish();
    reading.broken.extend(broken);
}

#[cfg(test)]
mod tests;
