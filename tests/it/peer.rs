//! A server that nobody here wrote, and a company whose every change has to reach it.
//!
//! Promises that each of the standard changes takes just the writes it needs, arrives as the server
//! understands it, and leaves nothing for a second run. Leaves starting the server, and reading what it
//! really holds, to the story of each.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value as Json;

use crate::company::Company;
use crate::served::{Home, Ran, without_proxies};

/// A server that stands in for an app.
pub trait Peer {
    /// Everything of one kind that it holds, `Users` or `Groups`, whatever its lists leave out.
    fn list(&self, kind: &str) -> Vec<Json>;

    /// Where it listens, without the path.
    fn root(&self) -> &str;

    /// How many writes it has refused because their token had ended: such a write is sent again.
    fn refused_writes(&self) -> u64 {
        0
    }
}

/// A company, the program in a folder, and the server.
pub struct Story<P> {
    pub peer: P,
    pub home: Home,
    pub company: Company,
    table: Vec<[String; 5]>,
}

impl<P: Peer> Story<P> {
    /// `ROOT` in the config stands for the server's; its one target is called `peer`.
    pub fn begin(peer: P, config: &str, company: Company) -> Self {
        let home = Home::new(&config.replace("ROOT", peer.root()), &company);
        Self {
            peer,
            home,
            company,
            table: Vec::new(),
        }
    }

    /// Writes a secret into the folder as the file `name`.
    pub fn keep_secret(&self, name: &str, secret: &str) {
        let file = self.home.path().join(name);
        fs::write(&file, secret).expect("the folder can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }

    /// From nobody there to one change of each kind; wants six groups or more.
    pub fn live_through_the_standard_changes(&mut self) {
        let people = self.company.people.len();
        let groups = self.company.groups.len();
        self.step("onboarding", people + groups + groups, |_| ());
        self.live_on();
    }

    /// One change of each kind, when everybody is there.
    pub fn live_on(&mut self) {
        let people = self.company.people.len();
        self.people_are("before", people);
        self.values_change();
        self.somebody_leaves_for_good();
        self.people_are("after", people - 1);
        self.somebody_goes_and_comes_back();
        self.members_move();
        self.groups_change();
    }

    fn values_change(&mut self) {
        self.step("a title changes", 1, |company| {
            company.person("p-0001").title = Some("Head of Everything".into());
        });
        assert_eq!(self.user("p-0001")["title"], "Head of Everything");

        self.step("a title is cleared", 1, |company| {
            company.person("p-0001").title = None;
        });
        assert_eq!(self.user("p-0001")["title"], Json::Null);

        self.step("somebody gets another name", 1, |company| {
            let person = company.person("p-0003");
            person.uid = "anna.schmidt".into();
            person.family = "Schmidt".into();
        });
        assert_eq!(self.user("p-0003")["userName"], "anna.schmidt");
        let email = &self.user("p-0003")["emails"][0]["value"];
        assert_eq!(email, "anna.schmidt@example.com");
    }

    /// Nothing happens to somebody who is missing once; the second time it counts.
    fn somebody_leaves_for_good(&mut self) {
        let team = self.team_of("p-0004");
        let before = self.members(&team).len();
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
        let users = self.peer.list("Users");
        assert!(users.iter().all(|user| user["externalId"] != "p-0004"));
        assert_eq!(self.members(&team).len(), before - 1);
    }

    fn somebody_goes_and_comes_back(&mut self) {
        let team = self.team_of("p-0002");
        self.step("somebody is disabled", 2, |company| {
            company.person("p-0002").disabled = true;
        });
        assert_eq!(self.user("p-0002")["active"], false);
        assert!(!self.is_member(&team, "p-0002"));

        self.step("and comes back", 2, |company| {
            company.person("p-0002").disabled = false;
        });
        assert_eq!(self.user("p-0002")["active"], true);
        assert!(self.is_member(&team, "p-0002"));
    }

    fn members_move(&mut self) {
        self.step("somebody joins a group", 1, |company| {
            company.group("g-06").members.insert("p-0005".into());
        });
        assert!(self.is_member("Team 6", "p-0005"));

        self.step("and leaves another", 1, |company| {
            company.group("g-05").members.remove("p-0005");
        });
        assert!(!self.is_member("Team 5", "p-0005"));
    }

    fn groups_change(&mut self) {
        self.step("a group gets another name", 1, |company| {
            company.group("g-06").name = "Team Six".into();
        });
        assert!(self.is_member("Team Six", "p-0006"));

        self.step("a new group", 2, |company| {
            company.found_group(99, &["p-0001", "p-0002", "p-0003"]);
        });
        assert!(self.is_member("Team 99", "p-0003"));

        self.step_in_two("a group is not pushed any more", [0, 1], |company| {
            company.group("g-05").name = "Former team 5".into();
        });
        assert_eq!(self.group("Team 5"), None);
    }

    /// Probes the server at `path`, with the token that is kept as `token`, and keeps what comes of
    /// it as the connector `probed`. The server has to hold afterwards what it held before.
    pub fn probe(&self, path: &str, more: &[&str]) -> String {
        let kinds = ["Users", "Groups"];
        let before = kinds.map(|kind| self.peer.list(kind));
        let folder = self.home.path().join("connectors");
        fs::create_dir_all(&folder).expect("the folder can be written");
        let file = folder.join("probed.yaml");
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.args(["probe", &format!("{}{path}", self.peer.root()), "--yes"]);
        command
            .arg("--bearer-file")
            .arg(self.home.path().join("token"));
        command.arg("--output").arg(&file).args(more);
        without_proxies(&mut command);
        let ran = Ran::of(&mut command);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
        assert_eq!(kinds.map(|kind| self.peer.list(kind)), before);
        fs::read_to_string(file).expect("it was written")
    }

    pub fn sync(&self) -> Ran {
        self.home.run("sync", &["--format", "json"])
    }

    /// One change of the directory, so many writes, and a second run without any.
    pub fn step(&mut self, what: &str, writes: usize, change: fn(&mut Company)) {
        change(&mut self.company);
        self.company.write(self.home.path());
        let before = self.peer.refused_writes();
        let ran = self.sync();
        self.note(what, &ran);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{what}: {ran:?}");
        let again = self.peer.refused_writes() - before;
        assert_eq!(ran.writes() - again, writes as u64, "{what}: {ran:?}");
        assert_eq!(changes(&ran), writes, "{what}: {ran:?}");
        self.is_quiet(what);
    }

    /// Another run finds nothing to do.
    pub fn is_quiet(&mut self, what: &str) {
        let ran = self.sync();
        let did = (ran.code, ran.writes(), changes(&ran));
        assert_eq!(did, (Some(0), 0, 0), "after {what}: {ran:?}");
        self.note("  again", &ran);
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

    pub fn note(&mut self, what: &str, ran: &Ran) {
        let requests = &ran.target("peer")["requests"];
        self.table.push([
            what.to_owned(),
            changes(ran).to_string(),
            requests["write"].to_string(),
            requests["read"].to_string(),
            requests["token"].to_string(),
        ]);
    }

    /// The table of what each change took.
    #[expect(
        clippy::print_stdout,
        reason = "seen with --nocapture, by whoever asks what it takes"
    )]
    pub fn tell(&self, server: &str) {
        let head = ["changes", "writes", "reads", "tokens"].map(|column| format!("{column:>8}"));
        println!("{server:<32}{}", head.concat());
        for [what, numbers @ ..] in &self.table {
            let row = numbers.each_ref().map(|number| format!("{number:>8}"));
            println!("{what:<32}{}", row.concat());
        }
    }

    pub fn user(&self, key: &str) -> Json {
        let mut found = self.peer.list("Users");
        found.retain(|user| user["externalId"] == key);
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        found.remove(0)
    }

    pub fn group(&self, name: &str) -> Option<Json> {
        let mut groups = self.peer.list("Groups").into_iter();
        groups.find(|group| group["displayName"] == name)
    }

    pub fn members(&self, group: &str) -> Vec<Json> {
        let found = self.group(group).unwrap_or_else(|| panic!("no {group}"));
        let members = found["members"].as_array().into_iter().flatten();
        members.map(|member| member["value"].clone()).collect()
    }

    pub fn is_member(&self, group: &str, key: &str) -> bool {
        self.members(group).contains(&self.user(key)["id"])
    }

    /// The name of the one group that somebody is in.
    fn team_of(&self, key: &str) -> String {
        let mut groups = self.company.groups.values();
        let team = groups.find(|group| group.members.contains(key));
        team.expect("everybody is in a group").name.clone()
    }

    pub fn people_are(&self, when: &str, wanted: usize) {
        let users = self.peer.list("Users");
        let active = users.iter().filter(|user| user["active"] == true);
        assert_eq!(active.count(), wanted, "{when}");
    }
}

/// How many changes a run made or found due.
fn changes(ran: &Ran) -> usize {
    ran.target("peer")["changes"].as_array().map_or(0, Vec::len)
}
