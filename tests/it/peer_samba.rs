//! The real program against Samba's Active Directory.
//!
//! Promises that what changes there is in the app after one run and that a second run has nothing to
//! do; that each way to leave is told from the others; and that no reading which is short, empty or
//! refused takes anything away from anybody. `tests/run` installs the server and makes an empty
//! domain. Leaves what Samba cannot be made to do to unit tests.

mod restored;
mod watch;
mod words;

use std::path::PathBuf;

use serde_json::json;

use crate::fed::{Fed, Server};
use crate::samba::{BIND, PASSWORD, Samba, TOP, crowd, hired, person, team};

const CONFIG: &str = r#"
state: { dir: state }
sources:
  hq:
    absent_for: 0s
    ldap:
      url: URL
      ca: ca.pem
      bind: { dn: "rollcall@ad.example.com", password: { file: bind.password } }
      users: { base: "OU=Staff,DC=ad,DC=example,DC=com" }
      groups: { base: "DC=ad,DC=example,DC=com" }
      page: 70
targets:
  app:
    connector: scim
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [Domain Users] }
    groups: { push: ["team-*"] }
    mapping: { userName: user.sAMAccountName }
    override: { rates: { buckets: [] } }
"#;

/// A domain, an app, and the program between them.
type Story = Fed<Samba>;

impl Server for Samba {
    const CONFIG: &'static str = CONFIG;
    const PASSWORD: &'static str = PASSWORD;

    async fn with(people: usize, groups: usize) -> Self {
        Samba::with(people, groups).await
    }

    fn secure(&self) -> String {
        Samba::secure(self)
    }

    fn path(&self, name: &str) -> PathBuf {
        Samba::path(self, name)
    }

    fn without_address(&self, told: String) -> String {
        let number = regex::Regex::new(r"change number \d+").expect("a pattern");
        let told = number.replace_all(&told, "change number N");
        // By keys, which the server draws.
        let held = regex::Regex::new(r"(?m)^ {6}user0012, .*$").expect("a pattern");
        let told = held.replace_all(&told, |found: &regex::Captures<'_>| {
            let mut names: Vec<&str> = found[0].trim().split(", ").collect();
            names.sort_unstable();
            format!("      {}", names.join(", "))
        });
        let told = told.replace(&self.secure(), "ldaps://DC");
        told.replace(&self.plain(), "ldap://DC")
    }
}

/// Ticks of 100 ns since 1601 for a day in the past, and one in the future (MS-ADA1, 2.1).
const PAST: &str = "130000000000000000";
const FUTURE: &str = "160000000000000000";

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn a_company_is_kept_in_line_with_its_domain() {
    let story = Story::begin(300, 30).await;
    assert_eq!(
        story.active(),
        300,
        "no computer, no contact, all by their primary group"
    );
    assert_eq!(story.account("user0003")["displayName"], "李小龍");
    assert_eq!(story.account("user0005")["displayName"], "Family5, Given5");
    assert_eq!(story.members("team-01"), 10);
    assert_eq!(story.members("team-10"), 20, "with those of team-09");

    story.server.set(&person(1), "manager", &person(2));
    story.server.set(&person(11), "title", "Chief");
    story.server.set(&person(12), "userAccountControl", "546");
    story.server.set(&person(13), "accountExpires", PAST);
    story.server.set(&person(14), "accountExpires", FUTURE);
    story
        .server
        .change(&hired(301).replace("objectClass", "changetype: add\nobjectClass"));
    story.server.membership(&team(7), &person(301), true);
    // The two who are off leave their groups.
    story.takes(
        "a manager, a title, a switch, an end, a hire with a group",
        1 + 1 + 2 + 2 + 2,
    );
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let manager = &story.account("user0001")[enterprise]["manager"]["value"];
    assert_eq!(*manager, story.account("user0002")["id"]);
    assert_eq!(story.account("user0011")["title"], "Chief");
    for (login, active) in [
        ("user0012", false),
        ("user0013", false),
        ("user0014", true),
        ("user0301", true),
    ] {
        assert_eq!(story.account(login)["active"], active, "{login}");
    }

    story.server.set(&person(12), "userAccountControl", "544");
    story
        .server
        .set(&person(13), "accountExpires", "9223372036854775807");
    let abroad = format!("OU=Abroad,OU=Staff,{TOP}");
    story
        .server
        .move_to(&person(11), "CN=Another Name", &abroad);
    story.server.membership(&team(8), &person(15), true);
    story.server.membership(&team(9), &person(9), false);
    story
        .server
        .move_to(&team(6), "CN=team-six", &format!("OU=Teams,{TOP}"));
    // Two are back, in their groups too, and team-10 loses one with team-09.
    story.takes(
        "two returns, a name, three groups and a renamed one",
        4 + 1 + 3 + 1,
    );
    assert_eq!(story.account("user0011")["displayName"], "Another Name");
    assert_eq!(story.account("user0012")["active"], true);
    assert_eq!(story.account("user0013")["active"], true);
    assert_eq!(story.members("team-08"), 11);
    assert_eq!(story.members("team-09"), 9);
    assert_eq!(story.members("team-10"), 19);
    assert_eq!(story.members("team-six"), 10);
}

/// Whoever gets another primary group is put into the old one by the server, and out of the new one.
#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn another_primary_group_changes_no_membership() {
    let story = Story::begin(40, 20).await;
    let group = team(4);
    story.server.membership(&group, &person(7), true);
    story.takes("a member", 1);
    story
        .server
        .set(&person(7), "primaryGroupID", &story.server.account(&group));
    story.is_quiet();
    assert_eq!(story.members("team-04"), 3);
    story.config("member_of.yaml", |text| {
        text.replace("groups: { base", "groups: { form: member_of, base")
    });
    let other = story.sync_with("member_of.yaml", "--format json");
    assert_eq!(other.code, Some(0), "{}", other.told());
    let target = &other.json()["targets"][0];
    assert_eq!(target["changes"], json!([]), "{}", other.told());
    assert_eq!(story.active(), 40);
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn a_group_of_thousands_is_read_to_its_end() {
    let mut story = Story::begin(10, 5).await;
    story.server.stop();
    story.server.load(&crowd(3500));
    story.server.start().await;
    story.config("crowd.yaml", |text| text.replace("Domain Users", "crowd"));
    let ended = story.sync_with("crowd.yaml", "--dry-run --format json");
    let changes = ended.json()["targets"][0]["changes"].clone();
    let actions = changes.as_array().expect("changes").iter();
    let created = actions
        .filter(|change| change["action"] == "create")
        .count();
    assert_eq!(created, 3500, "{:?}", ended.code);
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn a_config_that_points_elsewhere_hurts_nobody() {
    let story = Story::begin(60, 20).await;
    story.config("empty.yaml", |text| text.replace("OU=Staff", "OU=Empty"));
    story.hurts_nobody("empty.yaml", 3, words::EMPTY);
    story.config("wrong.yaml", |text| text.replace("OU=Staff", "OU=Stuff"));
    story.hurts_nobody("wrong.yaml", 3, words::NO_BASE);
    let base = "\"OU=Staff,DC=ad,DC=example,DC=com\"";
    let filter = |filter: &'static str| {
        move |text: String| text.replace(base, &format!("{base}, filter: \"{filter}\""))
    };
    story.config("typo.yaml", filter("(objectClass=usr)"));
    story.hurts_nobody("typo.yaml", 3, words::NO_CLASS);
    story.config("fewer.yaml", filter("(sAMAccountName=user000*)"));
    story.hurts_nobody("fewer.yaml", 3, words::FEWER);
    story.config("groups.yaml", |text| {
        text.replace("groups: { base: \"DC", "groups: { base: \"OU=Empty,DC")
    });
    story.hurts_nobody("groups.yaml", 3, words::NO_GROUPS);
    story.is_quiet();
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn a_bind_that_fails_says_what_to_do() {
    let story = Story::begin(20, 10).await;
    story.folder.keep("wrong.password", "not-the-password");
    story.config("password.yaml", |text| {
        text.replace("bind.password", "wrong.password")
    });
    story.hurts_nobody("password.yaml", 3, words::WRONG_PASSWORD);
    story.config("nobody.yaml", |text| {
        let bind = format!("{{ dn: \"{BIND}\", password: {{ file: bind.password }} }}");
        text.replace(&bind, "anonymous")
    });
    story.hurts_nobody("nobody.yaml", 3, words::ANONYMOUS);
    story.config("plain.yaml", |text| {
        let plain = format!("{}\n      plain_text: true", story.server.plain());
        text.replace(&story.server.secure(), &plain)
    });
    story.hurts_nobody("plain.yaml", 3, words::PLAIN);
    story.config("starttls.yaml", |text| {
        let starttls = format!("{}\n      starttls: true", story.server.plain());
        text.replace(&story.server.secure(), &starttls)
    });
    let ended = story.sync_with("starttls.yaml", "--dry-run");
    assert_eq!(ended.code, Some(0), "{}", ended.told());
}

/// What everybody may read of people in a domain comes of one group; many admins empty it.
#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn rights_that_are_taken_away_hurt_nobody() {
    let story = Story::begin(60, 20).await;
    story.server.set(&person(1), "userAccountControl", "546");
    story.takes("somebody is switched off, and out of a group", 2);
    let everybody = format!("CN=S-1-5-11,CN=ForeignSecurityPrincipals,{TOP}");
    let readers = format!("CN=Pre-Windows 2000 Compatible Access,CN=Builtin,{TOP}");
    story.server.membership(&readers, &everybody, false);
    story.hurts_nobody("rollcall.yaml", 3, words::FEWER_RIGHTS);
    story.server.membership(&readers, &everybody, true);
    story.is_quiet();
}

/// Nobody is taken for deleted who is only elsewhere, and each goes at once: the server is asked.
#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn who_leaves_is_told_by_the_way_of_leaving() {
    let story = Story::begin(60, 20).await;
    let place = format!("OU=Left,{TOP}");
    story.server.move_to(&person(4), "CN=Left", &place);
    let delete = format!("dn: {}\nchangetype: delete\n", person(5));
    story.server.change(&delete);
    let ended = story.sync("--format json");
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    let changes = ended.json()["targets"][0]["changes"].clone();
    let mut gone: Vec<(&str, &str, &str)> = changes
        .as_array()
        .expect("changes")
        .iter()
        .filter(|change| change["action"] == "deactivate")
        .map(|change| {
            let text = |name: &str| change[name].as_str().unwrap_or_default();
            (text("subject"), text("action"), text("reason"))
        })
        .collect();
    gone.sort_unstable();
    assert_eq!(
        gone,
        [
            ("user0004", "deactivate", "not assigned any more"),
            ("user0005", "deactivate", "gone from the directory")
        ]
    );
    assert_eq!(story.active(), 58);
    story.is_quiet();
    story.server.move_to(
        &format!("CN=Left,{place}"),
        "CN=Back",
        &format!("OU=Staff,{TOP}"),
    );
    story.takes("a return with a name, and a group", 2);
    assert_eq!(story.account("user0004")["active"], true);
    // Twelve at once are more than the guard lets go.
    for number in 10..22 {
        let delete = format!("dn: {}\nchangetype: delete\n", person(number));
        story.server.change(&delete);
    }
    let ended = story.sync("--format json");
    assert_eq!(ended.code, Some(3), "{}", ended.told());
    assert_eq!(story.active(), 59);
}

#[tokio::test]
#[ignore = "needs Samba: run ./tests/run"]
async fn check_says_which_server_it_found() {
    let story = Story::begin(1, 1).await;
    // Builtin groups come in an order of their own.
    story.config("teams.yaml", |text| {
        let text = text.replace("groups: { base: \"DC", "groups: { base: \"OU=Teams,DC");
        text.replace("Domain Users", "team-01")
    });
    let sandbox = &story.served.root;
    let check = format!("check --config teams.yaml --sandbox={sandbox}");
    let told = story.told(&story.folder.rollcall(&check));
    let key = regex::Regex::new(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").expect("a pattern");
    let version = regex::Regex::new(r"\d+\.\d+\.\d+[^)]*").expect("a pattern");
    let told = key.replace_all(&told, "UUID");
    assert_eq!(version.replace_all(&told, "VERSION"), words::CHECK);
}
