//! `sync` for one person or one group: the same plan and the same guard, and nothing else is touched.
//!
//! Promises that what is left out stays due, held or in line, as it was. Leaves the whole run to the
//! other stories.

use std::fmt::Write as _;

use insta::assert_snapshot;
use rollcall::core::change::{ActionKind, Subject};
use rollcall::core::fingerprint::Fingerprint;
use rollcall::core::key::{SourceName, TargetName, UserKey};
use rollcall::core::link::{Job, JobState};
use rollcall::store::{Access, Epoch, Record, SqliteStore, StateKind, Store as _};
use serde_json::Value as Json;

use super::program::{Ended, Folder, Served};

const CONFIG: &str = "\
state: { dir: state }
sources:
  hq:
    file: { users: people.csv, groups: groups.csv, manager: manager }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: everyone
    groups: { push: [\"team-*\"] }
";

/// So many people; those numbered up to `gone` are disabled. User 2 is the manager of user 1.
fn people(count: usize, gone: usize) -> String {
    let mut text = "key,uid,mail,givenName,sn,manager,disabled\n".to_owned();
    for number in 1..=count {
        let manager = if number == 1 { "p-2" } else { "" };
        let disabled = number <= gone;
        writeln!(
            text,
            "p-{number},user{number:02},user{number:02}@example.com,User,N{number:02},{manager},{disabled}"
        )
        .expect("writing to a text cannot fail");
    }
    text
}

struct Site {
    folder: Folder,
    served: Served,
}

impl Site {
    fn new(count: usize) -> Self {
        let folder = Folder::new();
        folder.write("config.yaml", CONFIG);
        folder.write("people.csv", &people(count, 0));
        folder.write(
            "groups.csv",
            "key,name,members\ng-1,team-a,p-1;p-2\ng-2,team-b,p-3\n",
        );
        let served = folder.serve("config.yaml");
        Self { folder, served }
    }

    fn run(&self, command: &str) -> Ended {
        self.folder.rollcall_with(&self.served, command)
    }

    fn dump(&self) -> Json {
        self.served.ask("/_sandbox/wiki/dump")
    }

    fn active(&self) -> Vec<String> {
        let dump = self.dump();
        let users = dump["users"].as_array().expect("a list").iter();
        let active = users.filter(|user| user["active"] == true);
        let mut names: Vec<String> = active
            .map(|user| user["userName"].as_str().expect("a name").to_owned())
            .collect();
        names.sort();
        names
    }

    /// The groups of the app with how many members each has.
    fn groups(&self) -> Vec<(String, usize)> {
        let dump = self.dump();
        let groups = dump["groups"].as_array().expect("a list").iter();
        let mut groups: Vec<(String, usize)> = groups
            .map(|group| {
                let members = group["members"].as_array().map_or(0, Vec::len);
                (
                    group["displayName"].as_str().expect("a name").into(),
                    members,
                )
            })
            .collect();
        groups.sort();
        groups
    }
}

#[test]
fn one_person_and_nobody_else() {
    let site = Site::new(3);
    let command = "sync --user user01";
    let dry = site.run(&format!("{command} --dry-run"));
    assert_eq!(dry.code, Some(2));
    assert!(
        !site.folder.path("state").exists(),
        "a dry run leaves no state"
    );
    // The manager and the group are not in the app yet: the account is made without them.
    assert_snapshot!(site.run(command).told(), @r#"
    hq  3 users, 2 groups

    wiki  plan ID, compared with the app, only user01

      joiners
        + create         user01  everyone is assigned
            displayName User N01 · emails user01@example.com · externalId p-1 · name.familyName N01
            name.givenName User · userName user01

      to do: 1 create
      this run may send up to 1 mail: the vendor does not say
      7 changes of others left out: due as before

    wiki  1 done, 0 not; requests: 2 read, 1 write, 0 token

    took: reading the directory N ms, reading wiki and planning N ms, changing wiki N ms
    -- exit 0
    "#);
    assert_eq!(site.active(), ["user01"]);
    assert_eq!(site.groups(), []);
    assert_snapshot!(site.run("status").told(), @r#"
    source hq  never read
    target wiki  1 account (1 active), 0 groups
      never run
    -- exit 0
    "#);

    assert_eq!(site.run("sync").code, Some(0));
    assert_eq!(site.active(), ["user01", "user02", "user03"]);
    assert_eq!(site.groups(), [("team-a".into(), 2), ("team-b".into(), 1)]);
    let manager = site.dump()["users"]
        .as_array()
        .expect("a list")
        .iter()
        .any(|user| {
            let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
            user["userName"] == "user01" && user[enterprise]["manager"]["value"].is_string()
        });
    assert!(manager, "{}", site.dump());

    // A membership is the person's as well, where the group is there; the others' are not.
    site.folder.write(
        "groups.csv",
        "key,name,members\ng-1,team-a,p-2\ng-2,team-b,p-1;p-2;p-3\n",
    );
    let moved = site.run(&format!("{command} --format json")).json();
    let counts = &moved["targets"][0]["counts"];
    assert_eq!(
        (&counts["members_add"], &counts["members_remove"]),
        (&1.into(), &1.into())
    );
    assert_eq!(site.groups(), [("team-a".into(), 1), ("team-b".into(), 2)]);
    assert_eq!(
        site.run("sync --dry-run --format json").json()["targets"][0]["counts"]["members_add"],
        1
    );
}

#[test]
fn one_group_with_its_members() {
    let site = Site::new(4);
    assert_snapshot!(site.run("sync --group team-a").told(), @r#"
    hq  4 users, 2 groups

    wiki  plan ID, compared with the app, only team-a

      joiners
        + create         user02  everyone is assigned
            displayName User N02 · emails user02@example.com · externalId p-2 · name.familyName N02
            name.givenName User · userName user02
        + create         user01  everyone is assigned
            displayName User N01 · emails user01@example.com · externalId p-1 · name.familyName N01
            name.givenName User · manager user02 · userName user01

      groups
        + create group   team-a  the group is pushed
        + add members    team-a  as in the directory
            user01, user02

      to do: 2 create, 1 create group, 2 add members
      this run may send up to 2 mails: the vendor does not say
      4 changes of others left out: due as before

    wiki  5 done, 0 not; requests: 2 read, 4 write, 0 token

    took: reading the directory N ms, reading wiki and planning N ms, changing wiki N ms
    -- exit 0
    "#);
    assert_eq!(site.active(), ["user01", "user02"]);
    assert_eq!(site.groups(), [("team-a".into(), 2)]);
    // Who is out of the group is taken out, by the same command.
    site.folder.write(
        "groups.csv",
        "key,name,members\ng-1,team-a,p-2\ng-2,team-b,p-3\n",
    );
    assert_eq!(site.run("sync --group g-1").code, Some(0));
    assert_eq!(site.groups(), [("team-a".into(), 1)]);

    assert_snapshot!(site.run("sync --group team-c").told(), @r#"
    hq  4 users, 2 groups

    -- stderr
    error: no source has a group `team-c`
      hint: did you mean `team-a`?
    -- exit 1
    "#);
    assert_eq!(site.run("sync --group team-a --user user01").code, Some(64));
}

#[test]
fn a_held_lane_stays_held_for_each_of_its_people() {
    let site = Site::new(40);
    assert_eq!(site.run("sync").code, Some(0));
    site.folder.write("people.csv", &people(40, 20));
    assert_snapshot!(site.run("sync --user user07").told(), @r#"
    hq  40 users, 2 groups

    wiki  plan ID, compared with the app, only user07

      held back by the guard
        ! H-ID: 20 changes of leavers; the limit is 10 in 24 hours
          user07, and 19 more
          → if this is right: rollcall approve H-ID --because "…"

      nothing else to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    took: reading the directory N ms, reading wiki and planning N ms, changing wiki N ms
    -- exit 3
    "#);
    assert_eq!(site.active().len(), 40);
    // Who is not in that lane is not held by it, and takes nothing away from the hold.
    assert_eq!(site.run("sync --user user30").code, Some(0));
    let status = site.run("status --format json");
    assert_eq!(status.json()["targets"][0]["held"][0]["count"], 20);
    let hold = status.hold();
    assert_eq!(
        site.run(&format!("approve {hold} --because layoffs")).code,
        Some(0)
    );
    assert_eq!(site.run("sync --user user07").code, Some(0));
    assert_eq!(site.active().len(), 39);
    assert_eq!(site.run("sync").code, Some(0));
    assert_eq!(site.active().len(), 20);
}

#[test]
fn what_is_parked_of_others_stays_parked() {
    let site = Site::new(2);
    assert_eq!(site.run("sync").code, Some(0));
    let dir = site.folder.path("state");
    let store = SqliteStore::open(&dir, StateKind::Sandbox, Access::Write).expect("ours");
    let jobs = ["p-1", "p-2"].map(|key| {
        let state = JobState::Parked {
            since: jiff::Timestamp::UNIX_EPOCH,
            reason: "the app refused the request".into(),
            hint: "mend it".into(),
        };
        let job = Job {
            subject: Subject::User(UserKey::new(&SourceName::new("hq"), key)),
            action: ActionKind::Update,
            attempts: 1,
            keys: std::collections::BTreeMap::new(),
            content: Fingerprint(7),
            state,
        };
        Record::PutJob(TargetName::new("wiki"), job)
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime
        .block_on(store.commit(Epoch(1), &jobs))
        .expect("written");
    drop(store);
    let parked = || {
        let status = site.run("status --format json").json();
        let parked = status["targets"][0]["parked"]
            .as_array()
            .expect("a list")
            .clone();
        parked
            .iter()
            .map(|one| one["subject"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(parked(), [r#""user01""#, r#""user02""#]);
    // Nothing is wanted of either any more; a run for one of them settles that one alone.
    assert_eq!(site.run("sync --user user02").code, Some(0));
    assert_eq!(parked(), [r#""user01""#]);
    assert_eq!(site.run("sync --group team-b").code, Some(0));
    assert_eq!(parked(), [r#""user01""#]);
    assert_eq!(site.run("sync").code, Some(0));
    assert_eq!(parked(), [""; 0]);
}
