//! The real program against OpenLDAP's own server.
//!
//! Promises that what changes there is in the app after one run and that a second run has nothing to
//! do; and that no reading which is short, empty, cut or refused takes anything away from anybody.
//! `tests/run` installs the server. Leaves kinds of server that cannot be installed to unit tests.

mod beside;
mod elsewhere;
mod forms;
mod hidden;
mod restored;
mod run;
mod service;
mod watch;
mod words;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;

use serde_json::json;

use crate::fed::{Fed, Server};
use crate::slapd::{BIND, PASSWORD, Slapd, hired, person, team};

const CONFIG: &str = r#"
state: { dir: state }
sources:
  hq:
    absent_for: 0s
    ldap:
      url: URL
      ca: ca.pem
      bind: { dn: "cn=rollcall,ou=services,dc=example,dc=com", password: { file: bind.password } }
      users: { base: "ou=people,dc=example,dc=com" }
      groups: { base: "ou=groups,dc=example,dc=com" }
      page: 7
targets:
  app:
    connector: scim
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [staff] }
    groups: { push: ["team-*"] }
    override: { rates: { buckets: [] } }
"#;

/// A directory, an app, and the program between them.
type Story = Fed<Slapd>;

impl Server for Slapd {
    const CONFIG: &'static str = CONFIG;
    const PASSWORD: &'static str = PASSWORD;

    async fn with(people: usize, groups: usize) -> Self {
        Slapd::with(people, groups).await
    }

    fn secure(&self) -> String {
        Slapd::secure(self)
    }

    fn path(&self, name: &str) -> PathBuf {
        Slapd::path(self, name)
    }
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_company_is_kept_in_line_with_its_directory() {
    let story = Story::begin(2000, 200).await;
    assert_eq!(story.active(), 2000);
    assert_eq!(story.account("user0003")["displayName"], "李小龍");
    let boss = &story.account("user0002")["id"];
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let manager = &story.account("user0001")[enterprise]["manager"]["value"];
    assert_eq!(manager, boss);
    assert_eq!(story.members("team-001"), 10);
    assert_eq!(story.members("team-010"), 20, "with those of team-009");
    assert_eq!(story.members("team-199"), 20, "a cycle holds each of both");

    let (one, two, three, four) = (person(11), person(12), person(13), person(14));
    story.server.change(&format!(
        "dn: {one}\nchangetype: modify\nreplace: title\ntitle: Chief\n\n\
         dn: {two}\nchangetype: modify\nadd: pwdAccountLockedTime\n\
         pwdAccountLockedTime: 000001010000Z\n\n\
         dn: {three}\nchangetype: modify\nadd: shadowExpire\nshadowExpire: 1\n\n\
         dn: {four}\nchangetype: modify\nadd: shadowExpire\nshadowExpire: 99999\n\n{}",
        hired(2001).replace("objectClass: inet", "changetype: add\nobjectClass: inet")
    ));
    story.server.change(&format!(
        "dn: cn=staff,ou=groups,dc=example,dc=com\nchangetype: modify\nadd: member\nmember: {}\n",
        person(2001)
    ));
    story.takes("a title, a lock, an account over, a hire", 3 + 1 + 2);
    assert_eq!(story.account("user0011")["title"], "Chief");
    assert_eq!(story.account("user0012")["active"], false);
    assert_eq!(story.account("user0013")["active"], false);
    assert_eq!(story.account("user0014")["active"], true, "not over yet");
    assert_eq!(story.account("user2001")["active"], true);

    story.server.change(&format!(
        "dn: {two}\nchangetype: modify\ndelete: pwdAccountLockedTime\n\n\
         dn: {three}\nchangetype: modify\nreplace: shadowExpire\nshadowExpire: -1\n\n\
         dn: {one}\nchangetype: modrdn\nnewrdn: uid=new.name\ndeleteoldrdn: 1\n\
         newsuperior: ou=abroad,ou=people,dc=example,dc=com\n"
    ));
    story.takes("two are back, another is renamed and moved", 3 + 2);
    assert_eq!(story.account("new.name")["title"], "Chief");
    assert_eq!(story.account("user0012")["active"], true);
    assert_eq!(story.account("user0013")["active"], true);

    story.server.change(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: cn=team-eight\ndeleteoldrdn: 1\n\n\
         dn: {}\nchangetype: modify\nadd: member\nmember: cn=team-eight,ou=groups,dc=example,dc=com\n",
        team(8),
        team(7)
    ));
    story.takes("a group is renamed and put into another", 1 + 1);
    assert_eq!(story.members("team-eight"), 10);
    assert_eq!(story.members("team-007"), 20);
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn three_who_are_really_deleted_are_three_accounts_that_are_off() {
    let story = Story::begin(60, 20).await;
    for number in [4, 5, 6] {
        story
            .server
            .change(&format!("dn: {}\nchangetype: delete\n", person(number)));
    }
    story.takes("the server says that they are nowhere", 3 + 3);
    assert_eq!(story.active(), 57);
    for uid in ["user0004", "user0005", "user0006"] {
        assert_eq!(story.account(uid)["active"], false);
    }
    story.server.change(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: uid=user0007\ndeleteoldrdn: 1\n\
         newsuperior: ou=services,dc=example,dc=com\n",
        person(7)
    ));
    let plan = story.sync("--dry-run").told();
    assert!(plan.contains("not assigned any more"), "{plan}");
    story.takes("one is still there, and no user any more", 1 + 1);
    let status = format!(
        "status --config rollcall.yaml --sandbox={} --format json",
        story.served.root
    );
    let source = &story.folder.rollcall(&status).json()["sources"][0];
    assert_eq!(
        (&source["coverage"], &source["users"], &source["missing"]),
        (&json!("whole"), &json!(56), &json!(4)),
        "{source}"
    );
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_config_that_points_elsewhere_hurts_nobody() {
    let story = Story::begin(60, 20).await;
    story.config("empty.yaml", |text| text.replace("ou=people", "ou=empty"));
    story.hurts_nobody("empty.yaml", 3, words::EMPTY);
    story.config("wrong.yaml", |text| text.replace("ou=people", "ou=peple"));
    story.hurts_nobody("wrong.yaml", 3, words::NO_BASE);
    let base = "\"ou=people,dc=example,dc=com\"";
    let filter = |filter: &'static str| {
        move |text: String| text.replace(base, &format!("{base}, filter: \"{filter}\""))
    };
    story.config("typo.yaml", filter("(objectClass=inetOrgPersn)"));
    story.hurts_nobody("typo.yaml", 3, words::NO_CLASS);
    story.config("open.yaml", filter("(&(objectClass=inetOrgPerson)(uid=*)"));
    story.hurts_nobody("open.yaml", 1, words::NO_FILTER);
    story.config("fewer.yaml", filter("(uid=user000*)"));
    story.hurts_nobody("fewer.yaml", 3, words::FEWER);
    story.config("groups.yaml", |text| text.replace("ou=groups", "ou=empty"));
    story.hurts_nobody("groups.yaml", 3, words::NO_GROUPS);
    story.is_quiet();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn rights_that_are_taken_away_hurt_nobody() {
    let story = Story::begin(60, 20).await;
    for (right, words) in [
        ("mail", words::NO_MAIL),
        ("members", words::NO_MEMBERS),
        ("plenty", words::LIMIT),
        ("everybody", words::HIDDEN),
    ] {
        story.server.allow(right, false);
        story.hurts_nobody("rollcall.yaml", 3, words);
        story.server.allow(right, true);
        story.is_quiet();
    }
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_server_that_goes_away_hurts_nobody() {
    let mut story = Story::begin(60, 20).await;
    let proxy = cutting(story.server.port(), 9000);
    story.config("cut.yaml", |text| {
        let cut = format!("ldap://127.0.0.1:{proxy}\n      plain_text: true");
        text.replace(&story.server.secure(), &cut)
    });
    story.hurts_nobody("cut.yaml", 3, words::CUT);
    story.server.stop();
    story.hurts_nobody("rollcall.yaml", 3, words::AWAY);
    story.server.start().await;
    story.is_quiet();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_bind_that_fails_says_what_to_do() {
    let story = Story::begin(20, 10).await;
    story.folder.keep("wrong.password", "not-the-password");
    story.config("password.yaml", |text| {
        text.replace("bind.password", "wrong.password")
    });
    story.hurts_nobody("password.yaml", 3, words::WRONG_PASSWORD);
    story.config("stranger.yaml", |text| {
        text.replace("      ca: ca.pem\n", "")
    });
    story.hurts_nobody("stranger.yaml", 3, words::UNTRUSTED);
    story.config("plain.yaml", |text| {
        text.replace(&story.server.secure(), &story.server.plain())
    });
    story.hurts_nobody("plain.yaml", 1, words::PLAIN);
    story.config("dialect.yaml", |text| {
        text.replace("      page: 7\n", "      page: 7\n      dialect: rhds\n")
    });
    story.hurts_nobody("dialect.yaml", 3, words::OTHER_DIALECT);
    story.config("key.yaml", |text| {
        text.replace("users: {", "users: { key: employeeNumber,")
    });
    story.hurts_nobody("key.yaml", 3, words::NO_KEY);
    story.is_quiet();
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn every_way_to_the_server_leads_to_the_same_directory() {
    let story = Story::begin(20, 10).await;
    for file in ["client.pem", "client.key"] {
        let pem = std::fs::read_to_string(story.server.path(file)).expect("it was written");
        story.folder.keep(file, &pem);
    }
    let password = format!("bind: {{ dn: \"{BIND}\", password: {{ file: bind.password }} }}");
    let (secure, plain) = (story.server.secure(), story.server.plain());
    let socket = story.server.socket();
    let certificate =
        "bind: external\n      client_cert: client.pem\n      client_key: { file: client.key }";
    for (name, changes) in [
        (
            "starttls.yaml",
            vec![(&*secure, format!("{plain}\n      starttls: true"))],
        ),
        ("external.yaml", vec![(&*password, certificate.to_owned())]),
        (
            "socket.yaml",
            vec![
                (&*secure, socket),
                (&*password, "bind: external".to_owned()),
            ],
        ),
        (
            "second.yaml",
            vec![(&*secure, format!("[\"ldaps://127.0.0.1:1\", \"{secure}\"]"))],
        ),
    ] {
        story.config(name, |text| {
            changes
                .iter()
                .fold(text, |text, (old, new)| text.replace(old, new))
        });
        let ended = story.sync_with(name, "--dry-run --format json");
        assert_eq!(ended.code, Some(0), "{name}: {}", ended.told());
        let check = format!("check --config {name} --sandbox={}", story.served.root);
        let checked = story.folder.rollcall(&check);
        assert_eq!(checked.code, Some(0), "{name}: {}", checked.told());
    }
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn check_says_which_server_it_found() {
    let story = Story::begin(20, 10).await;
    let check = format!(
        "check --config rollcall.yaml --sandbox={}",
        story.served.root
    );
    let told = story.folder.rollcall(&check).told();
    let key = regex::Regex::new(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").expect("a pattern");
    insta::assert_snapshot!(key.replace_all(&told, "UUID"), @r"
    ok config  1 source, 1 target
    ok hq  20 users, 11 groups
         · ldaps://127.0.0.1:PORT is OpenLDAP
         · it can: paged results (RFC 2696), syncrepl (RFC 4533), StartTLS
         · users are known by `entryUUID`
         · changes: by syncrepl (RFC 4533)
         · the first user is user0001: cn Given1 Family1 · entryUUID UUID · givenName Given1 · mail user0001@example.com · manager UID=user0002, OU=People,dc=example,dc=com · sn Family1 · title Title 1 · uid user0001
         · the first group is team-001: 2 members
         · groups team-009 → team-010 → team-009 form a cycle
    ok app  for user0001 it would hold: displayName Given1 Family1 · emails user0001@example.com · externalId UUID · name.familyName Family1 · name.givenName Given1 · title Title 1 · manager hq:UUID · userName user0001
    ok app  for the group team-001 it would hold: displayName team-001 · 2 members (pushed by `team-*`)
    ok app  answers, and has 20 accounts
    everything is as it should be
    -- exit 0
    ");
    let offline = story
        .folder
        .rollcall("check --config rollcall.yaml --offline")
        .told();
    insta::assert_snapshot!(offline, @r"
    ok config  1 source, 1 target
    ok hq  a directory server, not asked offline
    everything is as it should be
    -- exit 0
    ");
}

/// A line to the server that is cut after so many bytes of answers; gives its port.
fn cutting(server: u16, after: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for line in listener.incoming() {
            let mut near = line.expect("a line");
            let mut far = TcpStream::connect(("127.0.0.1", server)).expect("the server is there");
            let (mut asks, mut asked) = (
                near.try_clone().expect("a copy"),
                far.try_clone().expect("a copy"),
            );
            std::thread::spawn(move || std::io::copy(&mut asks, &mut asked));
            let mut left = after;
            let mut bytes = [0; 1024];
            while left > 0 {
                let some = left.min(bytes.len());
                let Ok(count @ 1..) = far.read(&mut bytes[..some]) else {
                    break;
                };
                near.write_all(&bytes[..count]).expect("somebody listens");
                left -= count;
            }
            near.shutdown(Shutdown::Both).ok();
            far.shutdown(Shutdown::Both).ok();
        }
    });
    port
}
