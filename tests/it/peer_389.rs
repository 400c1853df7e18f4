//! The real program against 389 Directory Server.
//!
//! Promises that what changes there is in the app after one run and that a second run has nothing to
//! do; that each way to switch somebody off is seen, and each way to leave told from the others; and
//! that no reading which is short, empty or refused takes anything away from anybody. `tests/run`
//! installs the server. Leaves FreeIPA, which is this server with keys of its own, to unit tests.

mod hidden;
mod restored;
mod watch;
mod words;

use std::path::PathBuf;

use crate::ds389::{Ds389, Tells};
use crate::fed::{Fed, Server};
use crate::ldif::{added, deleted, modify, move_to};
use crate::slapd::{PASSWORD, hired, person, team};

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
type Story = Fed<Ds389>;

impl Server for Ds389 {
    const CONFIG: &'static str = CONFIG;
    const PASSWORD: &'static str = PASSWORD;

    async fn with(people: usize, groups: usize) -> Self {
        Ds389::with(people, groups, Tells::Persistently).await
    }

    fn secure(&self) -> String {
        Ds389::secure(self)
    }

    fn path(&self, name: &str) -> PathBuf {
        Ds389::path(self, name)
    }

    fn without_address(&self, told: String) -> String {
        let number = regex::Regex::new(r"change number \d+").expect("a pattern");
        number.replace_all(&told, "change number N").into_owned()
    }
}

/// A role that switches off whoever has it, by a class of service, as the server's own tools made it
/// before they locked each account by itself.
const DISABLED_ROLE: &str = r#"dn: cn=nsManagedDisabledRole,dc=example,dc=com
changetype: add
objectClass: LDAPsubentry
objectClass: nsRoleDefinition
objectClass: nsSimpleRoleDefinition
objectClass: nsManagedRoleDefinition
cn: nsManagedDisabledRole

dn: cn=nsAccountInactivationTmp,dc=example,dc=com
changetype: add
objectClass: nsContainer
cn: nsAccountInactivationTmp

dn: cn="cn=nsManagedDisabledRole,dc=example,dc=com",cn=nsAccountInactivationTmp,dc=example,dc=com
changetype: add
objectClass: cosTemplate
objectClass: extensibleObject
cosPriority: 1
nsAccountLock: true

dn: cn=nsAccountInactivation_cos,dc=example,dc=com
changetype: add
objectClass: LDAPsubentry
objectClass: cosSuperDefinition
objectClass: cosClassicDefinition
cosTemplateDn: cn=nsAccountInactivationTmp,dc=example,dc=com
cosSpecifier: nsRole
cosAttribute: nsAccountLock operational
"#;

const PEOPLE: &str = "ou=people,dc=example,dc=com";
const ABROAD: &str = "ou=abroad,ou=people,dc=example,dc=com";
const ELSEWHERE: &str = "ou=services,dc=example,dc=com";
const STAFF: &str = "cn=staff,ou=groups,dc=example,dc=com";
const ROLE: &str = "cn=nsManagedDisabledRole,dc=example,dc=com";

#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn a_company_is_kept_in_line_with_its_directory() {
    let story = Story::begin(300, 30).await;
    assert_eq!(story.active(), 300);
    assert_eq!(story.account("user0003")["displayName"], "李小龍");
    let boss = &story.account("user0002")["id"];
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let manager = &story.account("user0001")[enterprise]["manager"]["value"];
    assert_eq!(manager, boss);
    assert_eq!(story.members("team-001"), 10);
    assert_eq!(story.members("team-010"), 20, "with those of team-009");

    story.server.change(DISABLED_ROLE);
    story.is_quiet();
    story
        .server
        .change(&modify(&person(11), "replace", "title", "Chief"));
    story
        .server
        .change(&modify(&person(12), "add", "nsAccountLock", "true"));
    story
        .server
        .change(&modify(&person(13), "add", "nsRoleDN", ROLE));
    story
        .server
        .change(&modify(&person(14), "add", "shadowExpire", "1"));
    story
        .server
        .change(&modify(&person(15), "add", "nsAccountLock", "false"));
    story.server.change(&added(&hired(301)));
    story
        .server
        .change(&modify(STAFF, "add", "member", &person(301)));
    // The three who are off leave their groups.
    story.takes("a title, a lock, a role, an end, a hire", 1 + 2 * 3 + 1);
    assert_eq!(story.account("user0011")["title"], "Chief");
    for (login, active) in [
        ("user0012", false),
        ("user0013", false),
        ("user0014", false),
        ("user0015", true),
        ("user0301", true),
    ] {
        assert_eq!(story.account(login)["active"], active, "{login}");
    }

    story
        .server
        .change(&modify(&person(12), "delete", "nsAccountLock", "true"));
    story
        .server
        .change(&modify(&person(13), "delete", "nsRoleDN", ROLE));
    story
        .server
        .change(&move_to(&person(11), "uid=new.name", ABROAD));
    story.takes("two are back, another is renamed and moved", 2 * 2 + 1);
    assert_eq!(story.account("new.name")["title"], "Chief");
    assert_eq!(story.account("user0012")["active"], true);
    assert_eq!(story.account("user0013")["active"], true);

    story.server.change(&move_to(
        &team(8),
        "cn=team-eight",
        "ou=groups,dc=example,dc=com",
    ));
    let eight = "cn=team-eight,ou=groups,dc=example,dc=com";
    story
        .server
        .change(&modify(&team(7), "add", "member", eight));
    story.takes("a group is renamed and put into another", 1 + 1);
    assert_eq!(story.members("team-eight"), 10);
    assert_eq!(story.members("team-007"), 20);
}

#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn who_leaves_is_told_by_the_way_of_leaving() {
    let story = Story::begin(60, 20).await;
    for number in [4, 5, 6] {
        story.server.change(&deleted(&person(number)));
    }
    story.takes("the server says that they are nowhere", 3 + 3);
    assert_eq!(story.active(), 57);
    for uid in ["user0004", "user0005", "user0006"] {
        assert_eq!(story.account(uid)["active"], false);
    }
    story
        .server
        .change(&move_to(&person(7), "uid=user0007", ELSEWHERE));
    let plan = story.sync("--dry-run").told();
    assert!(plan.contains("not assigned any more"), "{plan}");
    story.takes("one is still there, and no user any more", 1 + 1);
    let back = format!("uid=user0007,{ELSEWHERE}");
    story.server.change(&move_to(&back, "uid=user0007", PEOPLE));
    story.takes("and back again", 1 + 1);
    assert_eq!(story.account("user0007")["active"], true);
}

#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn what_points_elsewhere_or_may_not_read_hurts_nobody() {
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
    story.config("fewer.yaml", filter("(uid=user000*)"));
    story.hurts_nobody("fewer.yaml", 3, words::FEWER);
    story.config("groups.yaml", |text| text.replace("ou=groups", "ou=empty"));
    story.hurts_nobody("groups.yaml", 3, words::NO_GROUPS);
    let bind =
        "{ dn: \"cn=rollcall,ou=services,dc=example,dc=com\", password: { file: bind.password } }";
    story.config("nobody.yaml", |text| text.replace(bind, "anonymous"));
    story.hurts_nobody("nobody.yaml", 3, words::ANONYMOUS);
    story.folder.keep("wrong.password", "not-the-password");
    story.config("password.yaml", |text| {
        text.replace("bind.password", "wrong.password")
    });
    story.hurts_nobody("password.yaml", 3, words::WRONG_PASSWORD);
    story.is_quiet();
    for (right, words) in [
        ("mail", words::NO_MAIL),
        ("members", words::NO_MEMBERS),
        ("everybody", words::HIDDEN),
    ] {
        story.server.allow(right, false);
        story.hurts_nobody("rollcall.yaml", 3, words);
        story.server.allow(right, true);
        story.is_quiet();
    }
    story.server.limit("nsLookThroughLimit", 20);
    story.hurts_nobody("rollcall.yaml", 3, words::LIMIT);
    story.server.limit("nsLookThroughLimit", -1);
    story.is_quiet();
}

#[tokio::test]
#[ignore = "needs 389 Directory Server: run ./tests/run"]
async fn check_says_which_server_it_found() {
    let story = Story::begin(20, 10).await;
    let sandbox = &story.served.root;
    let check = format!("check --config rollcall.yaml --sandbox={sandbox}");
    let told = story.folder.rollcall(&check).told();
    let key = regex::Regex::new(r"[0-9a-f]{8}(-[0-9a-f]{8}){3}").expect("a pattern");
    let version = regex::Regex::new(r"389-Directory/[^)]*").expect("a pattern");
    let told = key.replace_all(&told, "KEY");
    assert_eq!(version.replace_all(&told, "VERSION"), words::CHECK);
}
