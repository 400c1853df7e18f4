//! A server that is listened to, in each way that it offers.
//!
//! Promises that every kind of change is heard, that what is then followed is what the server holds,
//! and that who left is told from who was deleted, also where that happened while the line was down.
//! Leaves servers that say what 389 never would to unit tests.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rollcall::core::key::UserKey;
use rollcall::core::reading::{Reading, Whereabouts};
use rollcall::source::ldap::LdapSource;
use rollcall::source::{Heard, Source as _, Watch};

use super::{ABROAD, ELSEWHERE, STAFF};
use crate::churn::Churn;
use crate::ds389::{Ds389, Tells};
use crate::ldif::{added, deleted, modify, move_to};
use crate::line::Line;
use crate::program::Folder;
use crate::read::{self, user};
use crate::slapd::{PASSWORD, hired, person, team};

const CONFIG: &str = r#"
sources:
  hq:
    ldap:
      url: URL
      plain_text: true
      bind: { dn: "cn=rollcall,ou=services,dc=example,dc=com", password: { file: bind.password } }
      users: { base: "ou=people,dc=example,dc=com", filter: "(&(objectClass=person)(!(employeeType=left)))" }
      groups: { base: "ou=groups,dc=example,dc=com" }
      poll: 1s
      timeout: 10s
targets:
  app:
    connector: scim
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [staff] }
"#;

/// A group that is not among those that are read.
const OUTSIDE: &str = "cn=plenty,ou=rights,dc=example,dc=com";

/// How long a test waits for anything.
const LONG: Duration = Duration::from_mins(1);

/// How long it listens on, to see a test fail that should; none passes only by it.
const SHORT: Duration = Duration::from_millis(200);

/// A directory, and a line to it.
struct Directory {
    server: Ds389,
    folder: Folder,
    line: Line,
}

impl Directory {
    async fn with(people: usize, groups: usize, tells: Tells) -> Self {
        let server = Ds389::with(people, groups, tells).await;
        let folder = Folder::new();
        folder.keep("bind.password", PASSWORD);
        let line = Line::to(server.port());
        Self {
            server,
            folder,
            line,
        }
    }

    /// A source over the line.
    fn near(&self, change: impl Fn(String) -> String) -> LdapSource {
        self.source(&format!("ldap://127.0.0.1:{}", self.line.port), change)
    }

    fn source(&self, url: &str, change: impl Fn(String) -> String) -> LdapSource {
        let text = change(CONFIG.replace("URL", url));
        read::source(&self.folder, &text)
    }

    /// What the server itself holds.
    async fn truth(&self) -> Reading {
        let source = self.source(&self.server.plain(), |text| text);
        source.read().await.expect("the server is there")
    }
}

/// A source over the line, and an ear at it.
struct Followed<'d> {
    directory: &'d Directory,
    source: LdapSource,
    watch: Box<dyn Watch>,
}

impl<'d> Followed<'d> {
    /// An ear that has heard everything there is to hear so far.
    async fn of(directory: &'d Directory) -> Self {
        let source = directory.near(|text| text);
        Self::by(directory, source).await
    }

    async fn by(directory: &'d Directory, source: LdapSource) -> Self {
        source.read().await.expect("it can be read");
        let watch = source.watch().expect("an ear");
        let mut followed = Self {
            directory,
            source,
            watch,
        };
        let heard = followed.next("it has just begun").await;
        assert!(matches!(heard, Heard::Change), "{heard:?}");
        followed
    }

    async fn next(&mut self, what: &str) -> Heard {
        let heard = tokio::time::timeout(LONG, self.watch.next()).await;
        heard.unwrap_or_else(|_| panic!("nothing is heard: {what}"))
    }

    /// Something is heard, and sooner or later what is followed is what the server holds.
    async fn hears(&mut self, what: &str) -> Reading {
        let truth = self.directory.truth().await;
        loop {
            let heard = self.next(what).await;
            assert!(matches!(heard, Heard::Change), "{what}: {heard:?}");
            let reading = self.source.follow().await.expect("it can be followed");
            // Whom a right hides is not told to a copy, and so not counted by it.
            let reading = Reading {
                dangling: truth.dangling,
                ..reading
            };
            if reading == truth {
                self.listen_on().await;
                return reading;
            }
        }
    }

    /// Hears what the server did to other entries by itself, so that it is not taken for more.
    async fn listen_on(&mut self) {
        while let Ok(heard) = tokio::time::timeout(SHORT, self.watch.next()).await {
            assert!(matches!(heard, Heard::Change), "{heard:?}");
        }
    }
}

fn groups_of(reading: &Reading, label: &str) -> Vec<String> {
    let user = user(reading, label).unwrap_or_else(|| panic!("no {label}"));
    let groups = reading.groups.iter();
    let groups = groups.filter(|group| group.members.contains(&user.key));
    let mut names: Vec<String> = groups.map(|group| group.name.to_string()).collect();
    names.sort();
    names
}

/// Lives through every kind of change.
async fn changes(directory: &Directory) {
    let server = &directory.server;
    let mut followed = Followed::of(directory).await;

    server.change(&modify(&person(4), "replace", "title", "Chief"));
    let reading = followed.hears("a title").await;
    assert!(user(&reading, "user0004").is_some());

    server.change(&modify(&person(5), "add", "nsAccountLock", "true"));
    let reading = followed.hears("a lock").await;
    assert!(user(&reading, "user0005").expect("still there").disabled);

    server.change(&added(&hired(21)));
    followed.hears("a hire").await;
    server.change(&modify(STAFF, "add", "member", &person(21)));
    let reading = followed.hears("a member").await;
    assert_eq!(groups_of(&reading, "user0021"), ["staff"]);

    server.change(&move_to(&person(2), "uid=second", ABROAD));
    let reading = followed.hears("a rename and a move").await;
    assert_eq!(groups_of(&reading, "second"), ["staff", "team-002"]);
    let boss = &user(&reading, "second").expect("there").key;
    let assistant = user(&reading, "user0001").expect("there");
    assert_eq!(assistant.manager.as_ref(), Some(boss));

    server.change(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: cn=team-six\ndeleteoldrdn: 1\n",
        team(6)
    ));
    let reading = followed.hears("a group is renamed").await;
    assert_eq!(groups_of(&reading, "user0006"), ["staff", "team-six"]);

    server.change(&modify(&person(7), "add", "employeeType", "left"));
    let reading = followed.hears("somebody leaves the filter").await;
    assert_eq!(user(&reading, "user0007"), None);
    server.change(&modify(&person(7), "delete", "employeeType", "left"));
    let reading = followed.hears("and is back").await;
    assert_eq!(groups_of(&reading, "user0007"), ["staff", "team-007"]);

    server.change(&move_to(&person(8), "uid=user0008", ELSEWHERE));
    let reading = followed.hears("somebody leaves the base").await;
    assert_eq!(user(&reading, "user0008"), None);

    server.change(&deleted(&person(9)));
    let reading = followed.hears("somebody is deleted").await;
    assert_eq!(user(&reading, "user0009"), None);

    server.change(&deleted(&team(3)));
    let reading = followed.hears("a group is deleted").await;
    assert_eq!(groups_of(&reading, "user0003"), ["staff"]);
}

/// What happens while the line is down is known when it is up again, and who is missing then is told
/// from who was deleted.
async fn goes_on(directory: &Directory) {
    let (server, line) = (&directory.server, &directory.line);
    let mut followed = Followed::of(directory).await;
    let first = directory.truth().await;
    let key = |login: &str| user(&first, login).expect("there").key.clone();
    line.limit(0);
    line.cut();
    let heard = followed.next("the line is cut").await;
    assert!(matches!(heard, Heard::Lost(_)), "{heard:?}");
    assert!(followed.source.follow().await.is_err(), "nobody to ask");
    server.change(&modify(&person(14), "replace", "title", "Chief"));
    server.change(&modify(&person(15), "add", "nsAccountLock", "true"));
    server.change(&modify(&person(11), "add", "employeeType", "left"));
    server.change(&move_to(&person(12), "uid=user0012", ELSEWHERE));
    server.change(&deleted(&person(13)));
    line.limit(usize::MAX);
    let heard = followed.next("the line is mended").await;
    assert!(matches!(heard, Heard::Back), "{heard:?}");
    let reading = followed.hears("what has changed meanwhile").await;
    assert_eq!(reading.users.len(), first.users.len() - 3);
    assert!(user(&reading, "user0015").expect("still there").disabled);
    let there = user(&reading, "user0014").expect("there").key.clone();
    let missing = ["user0011", "user0012", "user0013"].map(key);
    let asked: BTreeSet<UserKey> = missing.iter().chain([&there]).cloned().collect();
    let told = followed.source.whereabouts(&asked).await;
    let told = told.expect("it answers").expect("it can be asked");
    let [left, moved, gone] = missing;
    assert_eq!(
        told,
        BTreeMap::from([
            (left, Whereabouts::Outside),
            (moved, Whereabouts::Outside),
            (gone, Whereabouts::Deleted),
            (there, Whereabouts::Unknown),
        ])
    );
}

/// How the server is listened to, as `rollcall check` says it.
async fn told(directory: &Directory) -> String {
    let source = directory.near(|text| text);
    let told = source.describe().await.expect("it answers");
    told.last().cloned().unwrap_or_default()
}

#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn every_change_is_heard_by_syncrepl() {
    let directory = Directory::with(20, 10, Tells::Syncrepl).await;
    assert_eq!(told(&directory).await, "changes: by syncrepl (RFC 4533)");
    changes(&directory).await;
    goes_on(&directory).await;
}

#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn every_change_is_heard_by_persistent_search() {
    let directory = Directory::with(20, 10, Tells::Persistently).await;
    assert_eq!(
        told(&directory).await,
        "changes: by persistent search, and asking what has changed"
    );
    changes(&directory).await;
    goes_on(&directory).await;
}

/// A group that nobody reads changes, and the server writes that into its member before anybody can
/// see either.
#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn what_the_server_does_to_a_user_by_itself_is_heard_too() {
    let directory = Directory::with(20, 10, Tells::Persistently).await;
    let source = directory
        .near(|text| text.replace("users: { base", "users: { attributes: [memberOf], base"));
    let mut followed = Followed::by(&directory, source).await;
    for (how, number) in [("add", 1), ("delete", 0)] {
        directory
            .server
            .change(&modify(OUTSIDE, how, "member", &person(3)));
        let reading = loop {
            let heard = followed.next("a group outside").await;
            assert!(matches!(heard, Heard::Change), "{how}: {heard:?}");
            let reading = followed.source.follow().await;
            let reading = reading.expect("it can be followed");
            let user = user(&reading, "user0003").expect("there");
            let groups = user.attributes.get("memberOf").into_iter().flatten();
            if groups.filter(|group| &***group == OUTSIDE).count() == number {
                break reading;
            }
        };
        assert_eq!(reading.users.len(), 20);
        followed.listen_on().await;
    }
}

/// Whatever happens, and in whatever order the server tells of it.
#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn two_hundred_changes_later_what_is_followed_is_what_is_read() {
    let directory = Directory::with(60, 20, Tells::Syncrepl).await;
    let mut followed = Followed::of(&directory).await;
    let mut churn = Churn::new(60);
    for round in 0..10 {
        let ldif: String = (0..20).map(|_| churn.step()).collect();
        let ldif = ldif.replace("pwdAccountLockedTime: 000001010000Z", "nsAccountLock: true");
        let ldif = ldif.replace("pwdAccountLockedTime", "nsAccountLock");
        directory.server.change(&ldif);
        let reading = followed.source.follow().await.expect("it can be followed");
        for number in 1..=10 {
            let groups = groups_of(&reading, &format!("user{number:04}"));
            assert!(groups.contains(&"staff".to_owned()), "{number}: {groups:?}");
        }
        if round % 3 == 1 {
            directory.line.cut();
        }
    }
    let truth = directory.truth().await;
    assert_eq!(truth.users.len(), churn.there());
    let agree = async {
        while followed.source.follow().await.ok().as_ref() != Some(&truth) {
            tokio::time::timeout(SHORT, followed.watch.next())
                .await
                .ok();
        }
    };
    let agreed = tokio::time::timeout(LONG, agree).await;
    if agreed.is_err() {
        let reading = followed.source.follow().await.expect("it can be followed");
        assert_eq!(reading, truth);
    }
}
