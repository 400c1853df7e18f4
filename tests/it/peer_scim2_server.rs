//! The real program against scim2-server, a strict SCIM server that nobody here wrote.
//!
//! Promises that each kind of change takes just the writes it needs, arrives as the server understands
//! it, and leaves nothing for a second run. `tests/run` installs the server and names it in
//! `ROLLCALL_TEST_SCIM2_SERVER`. Leaves quirks to the profiles.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rollcall::clock::Clock;
use serde_json::{Value as Json, json};

use crate::company::Company;
use crate::served::{Home, Leashed, Ran, get};

const CONFIG: &str = r#"
sources:
  hq: { file: { users: users.csv, groups: groups.csv }, absent_for: 0s }
targets:
  peer:
    connector: scim
    base_url: ROOT/v2
    auth: { bearer: { file: token } }
    assign: everyone
    groups: { push: ["Team *"], gone: delete }
    leavers: { deleted: delete }
    override: { rates: { buckets: [] } }
"#;

const TOKEN: &str = "a-token-for-a-test";
const PEOPLE: usize = 300;
const TEAMS: usize = 20;

#[tokio::test]
#[ignore = "needs scim2-server: run ./tests/run"]
async fn a_server_that_nobody_here_wrote_is_kept_in_line() {
    let mut story = Story::begin().await;
    story.step("onboarding", PEOPLE + TEAMS + TEAMS, |_| ());
    story.people_are("before", 300);

    story.step("a title changes", 1, |company| {
        company.person("p-0001").title = Some("Head of Everything".into());
    });
    assert_eq!(story.user("p-0001")["title"], "Head of Everything");

    story.step("a title is cleared", 1, |company| {
        company.person("p-0001").title = None;
    });
    assert_eq!(story.user("p-0001")["title"], Json::Null);

    story.somebody_leaves_for_good();
    story.people_are("after", 299);

    story.step("somebody is disabled", 2, |company| {
        company.person("p-0002").disabled = true;
    });
    assert_eq!(story.user("p-0002")["active"], false);
    assert!(!story.is_member("Team 2", "p-0002"));

    story.step("and comes back", 2, |company| {
        company.person("p-0002").disabled = false;
    });
    assert_eq!(story.user("p-0002")["active"], true);
    assert!(story.is_member("Team 2", "p-0002"));

    story.step("somebody gets another name", 1, |company| {
        let person = company.person("p-0003");
        person.uid = "anna.schmidt".into();
        person.family = "Schmidt".into();
    });
    assert_eq!(story.user("p-0003")["userName"], "anna.schmidt");
    let email = &story.user("p-0003")["emails"][0]["value"];
    assert_eq!(email, "anna.schmidt@example.com");

    story.step("somebody joins a group", 1, |company| {
        company.group("g-06").members.insert("p-0005".into());
    });
    assert!(story.is_member("Team 6", "p-0005"));

    story.step("and leaves another", 1, |company| {
        company.group("g-05").members.remove("p-0005");
    });
    assert!(!story.is_member("Team 5", "p-0005"));

    story.step("a group gets another name", 1, |company| {
        company.group("g-07").name = "Team Seven".into();
    });
    assert!(story.is_member("Team Seven", "p-0007"));

    story.step("a new group", 2, |company| {
        company.found_group(21, &["p-0001", "p-0002", "p-0003"]);
    });
    assert!(story.is_member("Team 21", "p-0003"));

    story.step_in_two("a group is not pushed any more", [0, 1], |company| {
        company.group("g-20").name = "Former team 20".into();
    });
    assert_eq!(story.group("Team 20"), None);
    story.tell();
}

/// A company, the program in a folder, and the server.
struct Story {
    home: Home,
    company: Company,
    root: String,
    table: Vec<[String; 4]>,
    _server: Leashed,
}

impl Story {
    async fn begin() -> Self {
        let server = std::env::var("ROLLCALL_TEST_SCIM2_SERVER")
            .expect("ROLLCALL_TEST_SCIM2_SERVER says where scim2-server is; ./tests/run sets it");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        drop(listener);
        let child = Command::new(server)
            .args(["--hostname", "127.0.0.1", "--bearer-token", TOKEN])
            .args(["--port", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let server = Leashed(child.expect("scim2-server starts"));
        let root = format!("http://{address}");
        let company = Company::of(PEOPLE, TEAMS);
        let home = Home::new(&CONFIG.replace("ROOT", &root), &company);
        let token = home.path().join("token");
        fs::write(&token, TOKEN).expect("the folder can be written");
        fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).expect("it is ours");
        let story = Self {
            home,
            company,
            root,
            table: Vec::new(),
            _server: server,
        };
        story.wait_until_ready().await;
        story
    }

    async fn wait_until_ready(&self) {
        for _ in 0..300 {
            let path = "/v2/ServiceProviderConfig";
            if let Ok((200, _)) = get(&self.root, path, Some(TOKEN)) {
                return;
            }
            Clock::System.sleep(Duration::from_millis(100)).await;
        }
        panic!("scim2-server does not answer at {} after 30 s", self.root);
    }

    fn sync(&self) -> Ran {
        self.home.run("sync", &["--format", "json"])
    }

    /// One change of the directory, so many writes, and a second run without any.
    fn step(&mut self, what: &str, writes: usize, change: fn(&mut Company)) {
        change(&mut self.company);
        self.company.write(self.home.path());
        let ran = self.sync();
        self.note(what, &ran);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{what}: {ran:?}");
        assert_eq!(ran.writes(), writes as u64, "{what}: {ran:?}");
        assert_eq!(changes(&ran), writes, "{what}: {ran:?}");
        self.is_quiet(what);
    }

    fn is_quiet(&mut self, what: &str) {
        let ran = self.sync();
        assert_eq!(
            (ran.code, ran.writes()),
            (Some(0), 0),
            "after {what}: {ran:?}"
        );
        assert_eq!(changes(&ran), 0, "after {what}: {ran:?}");
        self.note("  again", &ran);
    }

    /// Nothing happens to somebody who is missing once; the second time it counts.
    fn somebody_leaves_for_good(&mut self) {
        self.company.remove("p-0004");
        self.company.write(self.home.path());
        let missing = self.sync();
        self.note("somebody is missing", &missing);
        assert_eq!(
            (missing.code, missing.writes()),
            (Some(0), 0),
            "{missing:?}"
        );
        assert_eq!(missing.target("peer")["waiting"][0]["what"], "missing");

        self.step("and is gone", 2, |_| ());
        let users = self.list("Users");
        assert!(users.iter().all(|user| user["externalId"] != "p-0004"));
        assert_eq!(self.members("Team 4").len(), PEOPLE / TEAMS - 1);
    }

    /// What is over the guard's limit is held until somebody says that it is right.
    fn step_in_two(&mut self, what: &str, writes: [usize; 2], change: fn(&mut Company)) {
        change(&mut self.company);
        self.company.write(self.home.path());
        let held = self.sync();
        self.note(what, &held);
        assert_eq!(held.code, Some(3), "{what}: {held:?}");
        assert_eq!(held.writes(), writes[0] as u64, "{what}: {held:?}");
        let hold = held.target("peer")["held"][0]["id"].clone();
        let hold = hold.as_str().expect("the hold has an id");
        let approved = self
            .home
            .run("approve", &[hold, "--because", "it is right"]);
        assert_eq!(approved.code, Some(0), "{what}: {approved:?}");
        self.step("  approved", writes[1], |_| ());
    }

    fn note(&mut self, what: &str, ran: &Ran) {
        let requests = &ran.target("peer")["requests"];
        self.table.push([
            what.to_owned(),
            changes(ran).to_string(),
            requests["write"].to_string(),
            requests["read"].to_string(),
        ]);
    }

    #[expect(
        clippy::print_stdout,
        reason = "seen with --nocapture, by whoever asks what it takes"
    )]
    fn tell(&self) {
        println!(
            "{:<32} {:>7} {:>7} {:>7}",
            "step", "changes", "writes", "reads"
        );
        for [what, changes, writes, reads] in &self.table {
            println!("{what:<32} {changes:>7} {writes:>7} {reads:>7}");
        }
    }

    /// Everything of one kind that the server holds, page by page as it likes.
    fn list(&self, kind: &str) -> Vec<Json> {
        let mut all = Vec::new();
        loop {
            let path = format!("/v2/{kind}?startIndex={}&count=100", all.len() + 1);
            let (status, page) = get(&self.root, &path, Some(TOKEN)).expect("it answers");
            assert_eq!(status, 200, "{page}");
            let rows = page["Resources"].as_array().cloned().unwrap_or_default();
            if rows.is_empty() {
                return all;
            }
            all.extend(rows);
        }
    }

    fn user(&self, key: &str) -> Json {
        let mut found = self.list("Users");
        found.retain(|user| user["externalId"] == key);
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        found.remove(0)
    }

    fn group(&self, name: &str) -> Option<Json> {
        let groups = self.list("Groups").into_iter();
        groups
            .into_iter()
            .find(|group| group["displayName"] == name)
    }

    fn members(&self, group: &str) -> Vec<Json> {
        let found = self.group(group).unwrap_or_else(|| panic!("no {group}"));
        let members = found["members"].as_array().into_iter().flatten();
        members.map(|member| member["value"].clone()).collect()
    }

    fn is_member(&self, group: &str, key: &str) -> bool {
        self.members(group).contains(&self.user(key)["id"])
    }

    fn people_are(&self, when: &str, wanted: usize) {
        let users = self.list("Users");
        let active = users.iter().filter(|user| user["active"] == json!(true));
        assert_eq!(active.count(), wanted, "{when}");
    }
}

fn changes(ran: &Ran) -> usize {
    ran.target("peer")["changes"].as_array().map_or(0, Vec::len)
}
