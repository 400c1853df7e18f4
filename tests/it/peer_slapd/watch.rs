//! A directory that is listened to.
//!
//! Promises that what changes is heard and then followed without asking the server again, that what
//! is followed equals what is read, and that no line which breaks, no server which is restored and no
//! filter which somebody leaves takes anybody away. Leaves servers that say what slapd never would to
//! unit tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rollcall::clock::Clock;
use rollcall::config::SourceKind;
use rollcall::core::key::{SourceName, UserKey};
use rollcall::core::reading::{Reading, Whereabouts};
use rollcall::core::user::User;
use rollcall::source::ldap::LdapSource;
use rollcall::source::{Heard, Source as _, Watch};

use super::churn::Churn;
use super::line::Line;
use crate::program::Folder;
use crate::slapd::{PASSWORD, Slapd, hired, person, team};

const CONFIG: &str = r#"
sources:
  hq:
    ldap:
      url: URL
      plain_text: true
      bind: { dn: "cn=rollcall,ou=services,dc=example,dc=com", password: { file: bind.password } }
      users: { base: "ou=people,dc=example,dc=com", filter: "(&(objectClass=inetOrgPerson)(!(employeeType=left)))" }
      groups: { base: "ou=groups,dc=example,dc=com" }
      poll: 1s
      timeout: 5s
targets:
  app:
    connector: scim
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [staff] }
"#;

/// How long a test waits for anything.
const LONG: Duration = Duration::from_secs(30);

/// A directory, and a line to it.
struct Directory {
    slapd: Slapd,
    folder: Folder,
    line: Line,
}

impl Directory {
    async fn with(people: usize, groups: usize) -> Self {
        let slapd = Slapd::with(people, groups).await;
        let folder = Folder::new();
        folder.keep("bind.password", PASSWORD);
        let line = Line::to(slapd.port());
        Self {
            slapd,
            folder,
            line,
        }
    }

    fn source(&self, url: &str, change: impl Fn(String) -> String) -> LdapSource {
        let text = change(CONFIG.replace("URL", url));
        let place = self.folder.path("rollcall.yaml");
        let config = rollcall::config::check(Path::new(&place), &text);
        let mut config = config.unwrap_or_else(|problems| panic!("{problems}"));
        let source = config.sources.remove(&SourceName::new("hq"));
        match source.expect("it is there").kind {
            SourceKind::Ldap(ldap) => LdapSource::new("hq".into(), *ldap, Clock::System),
            SourceKind::File(file) => panic!("{file:?}"),
        }
    }

    /// A source over the line.
    fn near(&self) -> LdapSource {
        self.source(&format!("ldap://127.0.0.1:{}", self.line.port), |text| text)
    }

    /// What the server itself holds.
    async fn truth(&self) -> Reading {
        let source = self.source(&self.slapd.plain(), |text| text);
        source.read().await.expect("the server is there")
    }

    /// Follows until the reading is what the server holds.
    async fn agree(&self, source: &LdapSource, watch: &mut Box<dyn Watch>) -> Reading {
        let waited = tokio::time::timeout(LONG, async {
            loop {
                let reading = source.follow().await.expect("it can be followed");
                let truth = self.truth().await;
                if reading == truth {
                    return reading;
                }
                let beat = Duration::from_millis(200);
                tokio::time::timeout(beat, watch.next()).await.ok();
            }
        });
        if let Ok(reading) = waited.await {
            return reading;
        }
        let reading = source.follow().await.expect("it can be followed");
        assert_eq!(reading, self.truth().await);
        reading
    }

    fn lock(&self, number: usize) {
        self.slapd.change(&format!(
            "dn: {}\nchangetype: modify\nadd: pwdAccountLockedTime\n\
             pwdAccountLockedTime: 000001010000Z\n",
            person(number)
        ));
    }
}

/// An ear that has heard everything there is to hear so far.
async fn listening(source: &LdapSource) -> Box<dyn Watch> {
    let mut watch = source.watch().expect("an ear");
    change(&mut watch).await;
    watch
}

async fn next(watch: &mut Box<dyn Watch>) -> Heard {
    let heard = tokio::time::timeout(LONG, watch.next()).await;
    heard.expect("something is heard")
}

/// The next thing to hear is a change.
async fn change(watch: &mut Box<dyn Watch>) {
    let heard = next(watch).await;
    assert!(matches!(heard, Heard::Change), "{heard:?}");
}

fn user(reading: &Reading, label: &str) -> Option<User> {
    reading.users.iter().find(|user| &*user.label == label)
}

fn groups_of(reading: &Reading, label: &str) -> Vec<String> {
    let Some(user) = user(reading, label) else {
        return Vec::new();
    };
    let groups = reading.groups.iter();
    let groups = groups.filter(|group| group.members.contains(&user.key));
    let mut names: Vec<String> = groups.map(|group| group.name.to_string()).collect();
    names.sort();
    names
}

pub fn modify(dn: &str, how: &str, name: &str, value: &str) -> String {
    format!("dn: {dn}\nchangetype: modify\n{how}: {name}\n{name}: {value}\n\n")
}

pub fn added(entry: &str) -> String {
    entry.replacen("objectClass", "changetype: add\nobjectClass", 1)
}

pub const STAFF: &str = "cn=staff,ou=groups,dc=example,dc=com";

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn every_kind_of_change_is_heard_and_followed_without_asking_again() {
    let directory = Directory::with(20, 10).await;
    let (source, slapd) = (directory.near(), &directory.slapd);
    source.read().await.expect("it can be read");
    let mut watch = listening(&source).await;
    assert_eq!(
        source.follow().await.expect("a copy"),
        directory.truth().await
    );
    let came = directory.line.came();

    slapd.change(&modify(&person(4), "replace", "title", "Chief"));
    change(&mut watch).await;
    let reading = source.follow().await.expect("it can be followed");
    let chief = user(&reading, "user0004").expect("still there");
    assert_eq!(chief.first("title"), Some("Chief"));

    directory.lock(5);
    change(&mut watch).await;
    let reading = source.follow().await.expect("it can be followed");
    assert!(user(&reading, "user0005").expect("still there").disabled);

    slapd.change(&added(&hired(21)));
    slapd.change(&modify(STAFF, "add", "member", &person(21)));
    change(&mut watch).await;
    let reading = directory.agree(&source, &mut watch).await;
    assert_eq!(groups_of(&reading, "user0021"), ["staff"]);

    slapd.change(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: cn=team-six\ndeleteoldrdn: 1\n",
        team(6)
    ));
    let reading = directory.agree(&source, &mut watch).await;
    assert_eq!(groups_of(&reading, "user0006"), ["staff", "team-six"]);

    slapd.change(&format!("dn: {}\nchangetype: delete\n", team(7)));
    let reading = directory.agree(&source, &mut watch).await;
    assert_eq!(groups_of(&reading, "user0007"), ["staff"]);
    assert_eq!(directory.line.came(), came, "nobody was asked again");

    slapd.change(&format!("dn: {}\nchangetype: delete\n", person(8)));
    let reading = directory.agree(&source, &mut watch).await;
    assert_eq!(user(&reading, "user0008"), None);
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn who_is_renamed_or_moved_leaves_no_group_not_even_for_a_moment() {
    let directory = Directory::with(20, 10).await;
    let source = directory.near();
    source.read().await.expect("it can be read");
    let mut watch = listening(&source).await;
    let key = user(&directory.truth().await, "user0002")
        .expect("there")
        .key
        .clone();
    for (dn, rdn, above) in [
        (person(2), "uid=second", "ou=people,dc=example,dc=com"),
        (
            "uid=second,ou=people,dc=example,dc=com".to_owned(),
            "uid=second",
            "ou=abroad,ou=people,dc=example,dc=com",
        ),
    ] {
        directory.slapd.change(&format!(
            "dn: {dn}\nchangetype: modrdn\nnewrdn: {rdn}\ndeleteoldrdn: 1\nnewsuperior: {above}\n"
        ));
        change(&mut watch).await;
        for _ in 0..30 {
            let reading = source.follow().await.expect("it can be followed");
            assert_eq!(groups_of(&reading, "second"), ["staff", "team-002"]);
            let assistant = user(&reading, "user0001").expect("there");
            assert_eq!(
                assistant.manager.as_ref(),
                Some(&key),
                "the manager is found"
            );
            Clock::System.sleep(Duration::from_millis(20)).await;
        }
        directory.agree(&source, &mut watch).await;
    }
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_branch_that_moves_is_put_right_by_the_next_whole_reading() {
    let directory = Directory::with(20, 10).await;
    let source = directory.near();
    source.read().await.expect("it can be read");
    let mut watch = listening(&source).await;
    for number in [3, 4] {
        directory.slapd.change(&format!(
            "dn: {}\nchangetype: modrdn\nnewrdn: uid=user000{number}\ndeleteoldrdn: 1\n\
             newsuperior: ou=abroad,ou=people,dc=example,dc=com\n",
            person(number)
        ));
    }
    directory.agree(&source, &mut watch).await;
    directory.slapd.change(
        "dn: ou=abroad,ou=people,dc=example,dc=com\nchangetype: modrdn\nnewrdn: ou=overseas\n\
         deleteoldrdn: 1\n",
    );
    // The server tells nobody of those below, and then changes the groups that they are in: what the
    // copy does not know is asked, and shows that the copy is worth nothing.
    for _ in 0..50 {
        let reading = source.follow().await.expect("it can be followed");
        let groups = groups_of(&reading, "user0003");
        assert_eq!(groups, ["staff", "team-003"]);
        Clock::System.sleep(Duration::from_millis(50)).await;
    }
    directory.agree(&source, &mut watch).await;
    directory.slapd.change(
        "dn: ou=overseas,ou=people,dc=example,dc=com\nchangetype: modrdn\nnewrdn: ou=overseas\n\
         deleteoldrdn: 1\nnewsuperior: ou=services,dc=example,dc=com\n",
    );
    source.read().await.expect("it can be read");
    let reading = directory.agree(&source, &mut watch).await;
    assert_eq!(user(&reading, "user0003"), None);
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn who_is_missing_is_outside_or_deleted_or_nobody_knows() {
    let directory = Directory::with(20, 10).await;
    let (source, slapd) = (directory.near(), &directory.slapd);
    let first = source.read().await.expect("it can be read");
    let mut watch = listening(&source).await;
    let key = |number: usize| {
        let label = format!("user{number:04}");
        user(&first, &label).expect("there").key.clone()
    };
    slapd.change(&modify(&person(2), "add", "employeeType", "left"));
    slapd.change(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: uid=user0003\ndeleteoldrdn: 1\n\
         newsuperior: ou=services,dc=example,dc=com\n",
        person(3)
    ));
    slapd.change(&format!("dn: {}\nchangetype: delete\n", person(4)));
    let reading = directory.agree(&source, &mut watch).await;
    let missing: BTreeSet<UserKey> = [2, 3, 4].map(key).into();
    assert!(missing.iter().all(|user| !reading.mentions(user)));
    let told = source.whereabouts(&missing).await.expect("it answers");
    let told = told.expect("it can be asked");
    assert_eq!(
        told,
        BTreeMap::from([
            (key(2), Whereabouts::Outside),
            (key(3), Whereabouts::Outside),
            (key(4), Whereabouts::Deleted),
        ])
    );
    let came = directory.line.came();
    let again = source.whereabouts(&missing).await.expect("it answers");
    assert_eq!(
        (again, directory.line.came()),
        (Some(told), came),
        "remembered"
    );

    let there = BTreeSet::from([key(5), UserKey::new(&"hq".into(), "never-was")]);
    let told = source.whereabouts(&there).await.expect("it answers");
    let told: Vec<Whereabouts> = told.expect("it can be asked").into_values().collect();
    assert!(
        told.contains(&Whereabouts::Unknown),
        "who is there is not missing"
    );
    assert!(told.contains(&Whereabouts::Deleted));

    slapd.change(&modify(&person(2), "delete", "employeeType", "left"));
    let reading = directory.agree(&source, &mut watch).await;
    assert!(user(&reading, "user0002").is_some(), "and back again");
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn who_cannot_be_seen_with_everybody_else_is_not_called_deleted() {
    let directory = Directory::with(20, 10).await;
    let source = directory.near();
    let first = source.read().await.expect("it can be read");
    let missing = BTreeSet::from([UserKey::new(&"hq".into(), "never-was")]);
    let told = source.whereabouts(&missing).await.expect("it answers");
    assert_eq!(
        told.expect("it can be asked")
            .into_values()
            .collect::<Vec<_>>(),
        [Whereabouts::Deleted]
    );
    // Those who must be there go out of sight with everybody else.
    let fresh = directory.near();
    fresh.read().await.expect("it can be read");
    let moved = first.users.iter().map(|user| {
        format!(
            "dn: uid={0},ou=people,dc=example,dc=com\nchangetype: modrdn\nnewrdn: uid={0}\n\
             deleteoldrdn: 1\nnewsuperior: ou=empty,dc=example,dc=com\n\n",
            user.label
        )
    });
    directory.slapd.change(&moved.collect::<String>());
    let told = fresh.whereabouts(&missing).await.expect("it answers");
    assert_eq!(
        told.expect("it can be asked")
            .into_values()
            .collect::<Vec<_>>(),
        [Whereabouts::Unknown]
    );
    directory.slapd.allow("plenty", false);
    let told = directory.near();
    assert!(told.read().await.is_err(), "a limit");
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_line_that_is_cut_is_lost_once_and_mends_itself() {
    let directory = Directory::with(60, 20).await;
    let (source, slapd, line) = (directory.near(), &directory.slapd, &directory.line);
    source.read().await.expect("it can be read");
    let mut watch = listening(&source).await;
    // Nothing gets through until there is something to tell.
    line.limit(0);
    line.cut();
    let heard = next(&mut watch).await;
    assert!(matches!(heard, Heard::Lost(_)), "{heard:?}");
    slapd.change(&modify(&person(4), "replace", "title", "Chief"));
    slapd.change(&format!("dn: {}\nchangetype: delete\n", person(6)));
    // So much that it never passes at once.
    let long = "Chief of everything ".repeat(100);
    for number in 8..28 {
        slapd.change(&modify(&person(number), "replace", "title", long.trim()));
    }
    // In the middle of what is told anew, again and again.
    line.limit(5000);
    let came = line.came();
    while line.came() < came + 3 {
        let silent = tokio::time::timeout(Duration::from_millis(100), watch.next()).await;
        assert!(silent.is_err(), "it was told already: {silent:?}");
        let followed = source.follow().await;
        assert!(followed.is_err(), "half a copy is none: {followed:?}");
    }
    line.limit(usize::MAX);
    let heard = next(&mut watch).await;
    assert!(matches!(heard, Heard::Back), "{heard:?}");
    change(&mut watch).await;
    let reading = directory.agree(&source, &mut watch).await;
    assert_eq!(reading.users.len(), 59);
    assert_eq!(
        user(&reading, "user0004").expect("there").first("title"),
        Some("Chief")
    );
    // While nobody changes anything; what the server did to groups by itself may be told before.
    line.cut();
    let mut heard = next(&mut watch).await;
    while matches!(heard, Heard::Change) {
        heard = next(&mut watch).await;
    }
    assert!(matches!(heard, Heard::Lost(_)), "{heard:?}");
    assert!(matches!(next(&mut watch).await, Heard::Back));
    directory.agree(&source, &mut watch).await;
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_server_that_starts_again_is_followed_on() {
    let mut directory = Directory::with(60, 20).await;
    let source = directory.near();
    source.read().await.expect("it can be read");
    let mut watch = listening(&source).await;
    directory
        .slapd
        .change(&modify(&person(4), "replace", "title", "Chief"));
    change(&mut watch).await;
    directory.slapd.stop();
    assert!(matches!(next(&mut watch).await, Heard::Lost(_)));
    assert!(source.follow().await.is_err(), "nobody is there to ask");
    directory.slapd.start().await;
    directory
        .slapd
        .change(&modify(&person(5), "replace", "title", "Chief"));
    assert!(matches!(next(&mut watch).await, Heard::Back));
    let reading = directory.agree(&source, &mut watch).await;
    assert_eq!(reading.users.len(), 60);
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_server_that_is_restored_from_yesterday_removes_nobody() {
    let mut directory = Directory::with(60, 20).await;
    let source = directory.near();
    directory.slapd.stop();
    let (db, yesterday) = (
        directory.slapd.path("db"),
        directory.slapd.path("yesterday"),
    );
    copy(&db, &yesterday);
    directory.slapd.start().await;
    let mut watch = listening(&source).await;
    directory.slapd.change(&added(&hired(61)));
    directory
        .slapd
        .change(&modify(STAFF, "add", "member", &person(61)));
    let reading = directory.agree(&source, &mut watch).await;
    let new = user(&reading, "user0061").expect("hired").key.clone();
    directory.slapd.stop();
    fs::remove_dir_all(&db).expect("it can be removed");
    copy(&yesterday, &db);
    directory.slapd.start().await;
    let mut heard = Vec::new();
    while !heard.iter().any(|heard| matches!(heard, Heard::Anew(_))) {
        heard.push(next(&mut watch).await);
    }
    let Some(Heard::Anew(why)) = heard.pop() else {
        panic!("{heard:?}");
    };
    assert!(why.contains("was it restored, or is it another?"), "{why}");
    let reading = source.read().await.expect("it can be read");
    assert_eq!(
        (reading.users.len(), user(&reading, "user0061")),
        (60, None)
    );
    let asked = source.whereabouts(&BTreeSet::from([new.clone()])).await;
    let told = asked.expect("it answers").expect("it can be asked");
    assert_eq!(told, BTreeMap::from([(new, Whereabouts::Unknown)]));
    directory.agree(&source, &mut watch).await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("there is room");
    for file in fs::read_dir(from).expect("it is there") {
        let file = file.expect("it can be read");
        fs::copy(file.path(), to.join(file.file_name())).expect("there is room");
    }
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn two_hundred_changes_later_what_is_followed_is_what_is_read() {
    let directory = Directory::with(60, 20).await;
    let (source, slapd) = (directory.near(), &directory.slapd);
    source.read().await.expect("it can be read");
    let mut watch = listening(&source).await;
    let mut churn = Churn::new(60);
    for round in 0..10 {
        let ldif: String = (0..20).map(|_| churn.step()).collect();
        slapd.change(&ldif);
        let reading = source.follow().await.expect("it can be followed");
        let there: BTreeSet<Arc<str>> = reading.users.iter().map(|user| user.label).collect();
        for number in 1..=10 {
            let label = format!("user{number:04}");
            assert!(there.contains(&*label), "{label} is gone in round {round}");
            let groups = groups_of(&reading, &label);
            assert!(groups.contains(&"staff".to_owned()), "{label}: {groups:?}");
        }
        if round % 3 == 1 {
            directory.line.cut();
        }
    }
    let reading = directory.agree(&source, &mut watch).await;
    assert_eq!(reading.users.len(), churn.there());
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_server_without_syncrepl_is_asked_for_what_was_modified() {
    let mut directory = Directory::with(20, 10).await;
    let conf = directory.slapd.path("slapd.conf");
    let text = fs::read_to_string(&conf).expect("it was written");
    directory.slapd.stop();
    fs::write(&conf, text.replace("overlay syncprov\n", "")).expect("it can be written");
    directory.slapd.start().await;
    let (source, slapd) = (directory.near(), &directory.slapd);
    source.read().await.expect("it can be read");
    let told = source.describe().await.expect("it answers");
    assert_eq!(
        told.last().map(String::as_str),
        Some("changes: by asking every 1s; deletions at the next whole reading")
    );
    let mut watch = listening(&source).await;
    for title in ["One", "Two"] {
        slapd.change(&modify(&person(4), "replace", "title", title));
        change(&mut watch).await;
        let reading = source.follow().await.expect("it can be followed");
        let four = user(&reading, "user0004").expect("there");
        assert_eq!(four.first("title"), Some(title));
    }
    slapd.change(&added(&hired(21)));
    slapd.change(&modify(STAFF, "add", "member", &person(21)));
    change(&mut watch).await;
    directory.agree(&source, &mut watch).await;
    let first = source.read().await.expect("it can be read");
    let four = user(&first, "user0004").expect("there").key.clone();
    slapd.change(&format!("dn: {}\nchangetype: delete\n", person(4)));
    let asked = source.whereabouts(&BTreeSet::from([four.clone()])).await;
    let told = asked.expect("it answers").expect("it can be asked");
    assert_eq!(told, BTreeMap::from([(four, Whereabouts::Deleted)]));
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_bind_name_that_may_not_read_so_much_at_once_is_told_and_asks_instead() {
    let directory = Directory::with(60, 20).await;
    let conf = directory.slapd.path("slapd.conf");
    let text = fs::read_to_string(&conf).expect("it was written");
    let mut directory = directory;
    directory.slapd.stop();
    let limits = "size=unlimited size.prtotal=unlimited";
    fs::write(&conf, text.replace(limits, "size.prtotal=unlimited")).expect("it can be written");
    directory.slapd.start().await;
    let source = directory.near();
    let mut watch = source.watch().expect("an ear");
    let Heard::Lost(error) = next(&mut watch).await else {
        panic!("it is refused");
    };
    let address = format!("ldap://127.0.0.1:{}", directory.line.port);
    assert_eq!(
        error.problem.replace(&address, "SERVER"),
        "SERVER: changes of users: the server stopped before the end (code 4)"
    );
    assert!(matches!(next(&mut watch).await, Heard::Back));
    change(&mut watch).await;
    directory
        .slapd
        .change(&modify(&person(4), "replace", "title", "Chief"));
    change(&mut watch).await;
}

/// How long it takes from a change to the reading that has it. Shown and not asserted: it is as much
/// about the machine.
#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
#[expect(clippy::print_stdout, reason = "the numbers are what it is for")]
async fn how_long_a_change_takes_to_be_followed_is_shown() {
    const CHANGES: usize = 50;
    let directory = Directory::with(2000, 20).await;
    let source = directory.near();
    source.read().await.expect("it can be read");
    let mut watch = listening(&source).await;
    let (mut heard, mut followed) = (Vec::new(), Vec::new());
    for number in 1..=CHANGES {
        let title = format!("Chief {number}");
        directory
            .slapd
            .change(&modify(&person(number), "replace", "title", &title));
        let changed = Clock::System.instant();
        change(&mut watch).await;
        heard.push(changed.elapsed());
        let reading = source.follow().await.expect("it can be followed");
        followed.push(changed.elapsed());
        let chief = user(&reading, &format!("user{number:04}")).expect("there");
        assert_eq!(chief.first("title"), Some(&*title));
        // Five a second.
        Clock::System.sleep(Duration::from_millis(200)).await;
    }
    for (what, mut times) in [("heard", heard), ("followed", followed)] {
        times.sort();
        let (half, most) = (times[CHANGES / 2], times[CHANGES - 1]);
        println!("2000 people, {CHANGES} changes: {what} after {half:?}, at most {most:?}");
    }
}
