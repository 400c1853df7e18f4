//! `rollcall run` between a real directory and an app.
//!
//! Promises a daemon that listens and has nothing left to do when a story begins, the same of a daemon
//! that a story ends, and that the app is compared whole. Leaves what happens to the stories.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rollcall::clock::Clock;
use rollcall::config::SourceKind;
use rollcall::core::key::{SourceName, UserKey};
use rollcall::core::reading::Reading;
use rollcall::core::user::User;
use rollcall::source::Source as _;
use rollcall::source::ldap::LdapSource;
use serde_json::{Value as Json, json};

use super::Story;
use crate::daemon::process::{Service, pause};
use crate::line::Line;
use crate::program::{Ended, Folder};
use crate::slapd::{PASSWORD, Slapd};

/// How long a story waits for anything. Nothing that takes `absent_for` (ten minutes) or a whole
/// reading by the clock (six hours) comes so soon.
const PATIENCE: Duration = Duration::from_mins(1);
/// The same where there is much to do.
const LONG: Duration = Duration::from_mins(5);
/// How often it looks meanwhile.
const LOOKS: u32 = 600;
/// The config of the daemon.
pub const CONFIG: &str = "run.yaml";

/// What an app holds, by the names that people and groups have there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct App {
    /// Are they active, and what is their title?
    pub people: BTreeMap<String, (bool, String)>,
    pub groups: BTreeMap<String, BTreeSet<String>>,
}

/// A daemon beside a directory, over a line that can be cut.
pub struct Beside {
    pub story: Story,
    pub line: Line,
    service: Service,
}

impl App {
    fn of(dump: &Json) -> Self {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let all = |kind: &str| dump[kind].as_array().cloned().unwrap_or_default();
        let mut app = Self::default();
        let mut logins = BTreeMap::new();
        for user in all("users") {
            let login = text(&user["userName"]);
            logins.insert(text(&user["id"]), login.clone());
            let held = (user["active"] == true, text(&user["title"]));
            let before = app.people.insert(login.clone(), held);
            assert_eq!(before, None, "{login} is there twice");
        }
        for group in all("groups") {
            let members = group["members"].as_array().cloned().unwrap_or_default();
            let members = members.iter().map(|member| {
                let id = text(&member["value"]);
                logins.get(&id).cloned().unwrap_or(id)
            });
            let name = text(&group["displayName"]);
            app.groups.insert(name, members.collect());
        }
        app
    }

    /// What a directory wants to be there: who is active, and the teams of these.
    fn due(reading: &Reading) -> Self {
        let users: Vec<User> = reading.users.iter().collect();
        let staff = reading.groups.iter().find(|group| &*group.name == "staff");
        let staff = &staff.expect("it is there").members;
        let active = users.iter().filter(|user| !user.disabled);
        let active = active.filter(|user| staff.contains(&user.key));
        let logins: BTreeMap<&UserKey, &User> = active.map(|user| (&user.key, user)).collect();
        let mut app = Self::default();
        for user in logins.values() {
            let title = user.first("title").unwrap_or_default().to_owned();
            app.people.insert(user.label.to_string(), (true, title));
        }
        let teams = reading.groups.iter();
        for team in teams.filter(|group| group.name.starts_with("team-")) {
            let inside = logins.iter().filter(|(key, _)| team.members.contains(key));
            let inside = inside.map(|(_, user)| user.label.to_string());
            app.groups.insert(team.name.to_string(), inside.collect());
        }
        app
    }

    /// Without those who are off.
    pub fn active(mut self) -> Self {
        self.people.retain(|_, (is_active, _)| *is_active);
        self
    }

    pub fn person(&mut self, login: &str) -> &mut (bool, String) {
        let person = self.people.get_mut(login);
        person.unwrap_or_else(|| panic!("{login} is not there"))
    }

    pub fn group(&mut self, name: &str) -> &mut BTreeSet<String> {
        let group = self.groups.get_mut(name);
        group.unwrap_or_else(|| panic!("{name} is not there"))
    }

    /// Somebody has another login name.
    pub fn rename(&mut self, login: &str, to: &str) {
        let held = self.people.remove(login);
        let held = held.unwrap_or_else(|| panic!("{login} is not there"));
        self.people.insert(to.to_owned(), held);
        for members in self.groups.values_mut() {
            if members.remove(login) {
                members.insert(to.to_owned());
            }
        }
    }

    /// Somebody is off, and in no group.
    pub fn leave(&mut self, login: &str) {
        self.person(login).0 = false;
        for members in self.groups.values_mut() {
            members.remove(login);
        }
    }

    /// What is in one of two and not the same in the other.
    fn difference(&self, other: &Self) -> String {
        let mut told = String::new();
        let logins = self.people.keys().chain(other.people.keys());
        for login in logins.collect::<BTreeSet<_>>() {
            let (one, two) = (self.people.get(login), other.people.get(login));
            if one != two {
                told.push_str(&format!("\n{login}: {one:?} / {two:?}"));
            }
        }
        let names = self.groups.keys().chain(other.groups.keys());
        for name in names.collect::<BTreeSet<_>>() {
            let (one, two) = (self.groups.get(name), other.groups.get(name));
            if one != two {
                told.push_str(&format!("\n{name}: {one:?} / {two:?}"));
            }
        }
        told
    }
}

impl Beside {
    /// A company that is in the app as it is in the directory, and a daemon that listens.
    pub async fn begin(people: usize, groups: usize) -> Self {
        let server = Slapd::with(people, groups).await;
        let line = Line::to(server.port());
        // As an admin leaves it, but for the line in the clear, which can be cut at every byte.
        let near = format!("ldap://127.0.0.1:{}\n      plain_text: true", line.port);
        let filter = "filter: \"(&(objectClass=inetOrgPerson)(!(employeeType=left)))\"";
        let base = "\"ou=people,dc=example,dc=com\"";
        let text = super::CONFIG
            .replace("URL\n      ca: ca.pem", &near)
            .replace("    absent_for: 0s\n", "")
            .replace("      page: 7\n", "")
            .replace(base, &format!("{base}, {filter}"))
            + "    guard: { leavers: 50%, members: 100%, updates: 100% }\n";
        assert!(!text.contains("absent_for"), "{text}");
        let folder = Folder::new();
        folder.keep("bind.password", PASSWORD);
        folder.write(CONFIG, &text);
        let served = folder.serve(CONFIG);
        let story = Story {
            server,
            folder,
            served,
        };
        let first = story.sync_with(CONFIG, "--format json");
        assert_eq!(first.code, Some(0), "{}", first.told());
        let arguments = format!("run --config {CONFIG} --sandbox={}", story.served.root);
        let log = [("ROLLCALL_LOG", "rollcall=debug")];
        let service = Service::start(&story.folder, "daemon", &arguments, &log);
        let beside = Self {
            story,
            line,
            service,
        };
        beside.until("what was heard at first is taken in", |beside| {
            beside.readings("follow") > 0 && beside.is_idle()
        });
        beside
    }

    /// Waits until it is so.
    pub fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        assert!(self.comes(PATIENCE, &is_so), "{what}\n{}", self.log());
    }

    /// Waits until nothing is left to do, and all who are active and their groups are in the app as they
    /// are in the directory: as it is then, for after a new name the server puts its groups right in its
    /// own time.
    pub async fn settles(&self) {
        let mut difference = String::new();
        for _ in 0..LOOKS {
            if self.is_idle() {
                let due = App::due(&self.directory().await);
                difference = due.difference(&self.app().active());
                if difference.is_empty() {
                    return;
                }
            }
            pause(LONG / LOOKS);
        }
        panic!("wanted / there{difference}\n{}", self.log());
    }

    /// Waits until the app is like this, in everything.
    pub fn shows(&self, what: &str, wanted: &App) {
        if !self.comes(PATIENCE, &|beside: &Self| beside.app() == *wanted) {
            let difference = wanted.difference(&self.app());
            panic!("{what}: wanted / there{difference}\n{}", self.log());
        }
    }

    fn comes(&self, patience: Duration, is_so: &dyn Fn(&Self) -> bool) -> bool {
        let step = patience / LOOKS;
        (0..LOOKS).any(|_| {
            let is_so = is_so(self);
            if !is_so {
                pause(step);
            }
            is_so
        })
    }

    /// What the app holds.
    pub fn app(&self) -> App {
        App::of(&self.story.served.ask("/_sandbox/app/dump"))
    }

    /// What the directory itself holds, without the daemon and its line.
    pub async fn directory(&self) -> Reading {
        let folder = &self.story.folder;
        let place = folder.path(CONFIG);
        let text = std::fs::read_to_string(&place).expect("it was written");
        let near = format!("ldap://127.0.0.1:{}", self.line.port);
        let text = text.replace(&near, &self.story.server.plain());
        let config = rollcall::config::check(&place, &text);
        let mut config = config.unwrap_or_else(|problems| panic!("{problems}"));
        let source = config.sources.remove(&SourceName::new("hq"));
        let source = match source.expect("it is there").kind {
            SourceKind::Ldap(ldap) => LdapSource::new("hq".into(), *ldap, Clock::System),
            SourceKind::File(file) => panic!("{file:?}"),
        };
        source.read().await.expect("the server is there")
    }

    /// How often everything was read (`whole`), or only what was heard taken in (`follow`).
    pub fn readings(&self, how: &str) -> usize {
        let whole = format!("whole={}", how == "whole");
        let log = self.log();
        let read = log.lines().filter(|line| line.contains(&whole));
        read.count()
    }

    /// What the daemon says of itself.
    pub fn status(&self) -> Ended {
        self.command("status")
    }

    /// The source and the target in that.
    pub fn stands(&self) -> (Json, Json) {
        let status = self.command("status --format json").json();
        (status["sources"][0].clone(), status["targets"][0].clone())
    }

    /// Is nothing under way and nothing due?
    pub fn is_idle(&self) -> bool {
        let (_, target) = self.stands();
        target["live"]["phase"] == "idle" && target["due"] == 0
    }

    /// Ends the daemon. Whoever looks then, and reads all of both, finds nothing to do, twice.
    pub fn ends_in_line(self) {
        let log = self.log();
        assert_eq!(self.service.stop(), Some(0), "{log}");
        for arguments in ["--dry-run --format json", "--format json", "--format json"] {
            let ended = self.story.sync_with(CONFIG, arguments);
            assert_eq!(ended.code, Some(0), "{}\n{log}", ended.told());
            let target = &ended.json()["targets"][0];
            assert_eq!(target["changes"], json!([]), "{}\n{log}", ended.told());
        }
    }

    fn command(&self, command: &str) -> Ended {
        let sandbox = &self.story.served.root;
        let arguments = format!("{command} --config {CONFIG} --sandbox={sandbox}");
        self.story.folder.rollcall(&arguments)
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        self.service.said(&self.story.folder, "err")
    }
}
