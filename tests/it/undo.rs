//! A run that should not have been is taken back: shown first, carried out, and left alone after.
//!
//! Promises that what is seen here is seen by an operator at a shell. Leaves what sets each deed back
//! to the core's own tests.

use insta::assert_snapshot;
use serde_json::Value as Json;

use super::program::{Ended, Folder, Served};

const CONFIG: &str = "\
state: { dir: state }
sources:
  hq:
    file: { users: people.yaml }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: everyone
    groups: { push: [night] }
";

const PEOPLE: &str = "\
users:
- { key: p-1, uid: ana, mail: ana@example.com, givenName: Ana, sn: Lima }
- { key: p-2, uid: bob, mail: bob@example.com, givenName: Bob, sn: Stone }
- { key: p-3, uid: cid, mail: cid@example.com, givenName: Cid, sn: Poe }
groups:
- { key: g-1, name: night, members: [p-1, p-2] }
";

struct Site {
    folder: Folder,
    served: Served,
}

impl Site {
    /// Three people with accounts, two of them in a group.
    fn new(config: &str) -> Self {
        let folder = Folder::new();
        folder.write("config.yaml", config);
        folder.write("people.yaml", PEOPLE);
        let served = folder.serve("config.yaml");
        let site = Self { folder, served };
        assert_eq!(site.rollcall("sync").code, Some(0));
        site
    }

    fn rollcall(&self, command: &str) -> Ended {
        self.folder.rollcall_with(&self.served, command)
    }

    /// Bob is disabled and out of the group, cid is in it, and ana is called otherwise.
    fn go_wrong(&self) {
        let people = PEOPLE
            .replace("sn: Stone", "sn: Stone, disabled: true")
            .replace("sn: Lima", "sn: Luz")
            .replace("[p-1, p-2]", "[p-1, p-3]");
        self.folder.write("people.yaml", &people);
        let wrong = self.rollcall("sync");
        assert_eq!(wrong.code, Some(0), "{}", wrong.told());
    }

    /// Every account, as `name on` or `name off`, and the members of the group.
    fn app(&self) -> (Vec<String>, Vec<String>) {
        let dump = self.served.ask("/_sandbox/wiki/dump");
        let users = dump["users"].as_array().expect("a list").clone();
        let name = |id: &Json| {
            let user = users.iter().find(|user| user["id"] == *id);
            user.map_or_else(String::new, |user| text(&user["userName"]))
        };
        let mut accounts: Vec<String> = users
            .iter()
            .map(|user| {
                let state = if user["active"] == true { "on" } else { "off" };
                format!("{} {state}", text(&user["userName"]))
            })
            .collect();
        accounts.sort();
        let members = dump["groups"][0]["members"].as_array().cloned();
        let mut members: Vec<String> = members
            .unwrap_or_default()
            .iter()
            .map(|member| name(&member["value"]))
            .collect();
        members.sort();
        (accounts, members)
    }
}

fn text(value: &Json) -> String {
    let name = value.as_str().unwrap_or_default();
    name.split('@').next().unwrap_or(name).to_owned()
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn a_run_is_shown_taken_back_and_left_alone_until_the_directory_says_otherwise() {
    let site = Site::new(CONFIG);
    let before = site.app();
    site.go_wrong();
    let after = site.app();
    assert_eq!(after.0, names(&["ana on", "bob off", "cid on"]));
    assert_eq!(after.1, names(&["ana", "cid"]));

    let shown = site.rollcall("undo last --dry-run");
    assert_snapshot!(shown.told(), @r#"
    wiki  plan ID, compared with the app, only what undoes RUN

      joiners
        + reactivate     bob  undoes the run RUN

      groups
        - remove members night  undoes the run RUN
            cid
        + add members    night  undoes the run RUN
            bob

      to do: 1 reactivate, 1 add members, 1 remove members
      this run may send up to 1 mail: the vendor does not say

      stays as it is
        ! update ana: cannot be reversed: the journal keeps no values (set journal.values)
      what is taken back is pinned: later runs leave it alone until the directory says something else, or until `rollcall retry NAME`

    -- exit 2
    "#);
    assert_eq!(site.app(), after, "a dry run sends nothing");
    assert_eq!(
        site.rollcall("undo last").code,
        Some(64),
        "it wants a reason"
    );

    let undone = site.rollcall("undo last --because mistake");
    assert_snapshot!(undone.told(), @r#"
    wiki  plan ID, compared with the app, only what undoes RUN

      joiners
        + reactivate     bob  undoes the run RUN

      groups
        - remove members night  undoes the run RUN
            cid
        + add members    night  undoes the run RUN
            bob

      to do: 1 reactivate, 1 add members, 1 remove members
      this run may send up to 1 mail: the vendor does not say

      stays as it is
        ! update ana: cannot be reversed: the journal keeps no values (set journal.values)
      what is taken back is pinned: later runs leave it alone until the directory says something else, or until `rollcall retry NAME`

    wiki  3 done, 0 not; requests: 2 read, 3 write, 0 token

    -- exit 4
    "#);
    assert_eq!(site.app(), before);

    // What the directory still says is not done again.
    let next = site.rollcall("sync");
    assert_snapshot!(next.told(), @r#"
    hq  3 users, 1 group

    wiki  plan ID, compared with the app

      pinned: taken back by undo, and left alone
        · deactivate bob; undone by NAME (uid N) at HH:MM UTC
          → left alone until the directory says something else; to have it done after all: rollcall retry bob
        · add members night; undone by NAME (uid N) at HH:MM UTC
          → left alone until the directory says something else; to have it done after all: rollcall retry night
        · remove members night; undone by NAME (uid N) at HH:MM UTC
          → left alone until the directory says something else; to have it done after all: rollcall retry night

      nothing else to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 0
    "#);
    assert_eq!(site.app(), before);
    assert_snapshot!(site.rollcall("status").told(), @r#"
    source hq  read HH:MM UTC, AGE ago, 3 users
    target wiki  3 accounts (3 active), 1 group
      last run HH:MM UTC: in line
      · pinned bob: undone by NAME (uid N) at HH:MM UTC
        → left alone until the directory says something else; to have it done after all: rollcall retry bob
      · pinned bob in night: undone by NAME (uid N) at HH:MM UTC
        → left alone until the directory says something else; to have it done after all: rollcall retry bob
      · pinned cid in night: undone by NAME (uid N) at HH:MM UTC
        → left alone until the directory says something else; to have it done after all: rollcall retry cid
    -- exit 0
    "#);
    let explained = site.rollcall("explain bob").told();
    assert!(explained.contains("pinned: undone by "), "{explained}");

    // Asked for again, there is nothing left to take back.
    let again = site.rollcall("undo last --because twice --format json");
    assert_eq!(again.code, Some(4), "{}", again.told());
    assert_eq!(again.json()["targets"][0]["changes"], serde_json::json!([]));
    assert_eq!(again.json()["targets"][0]["requests"]["write"], 0);
    the_directory_is_mended(&site);
}

/// The directory is mended for bob, whose pin goes, and a person lets the rest be done after all.
fn the_directory_is_mended(site: &Site) {
    let people = PEOPLE
        .replace("sn: Lima", "sn: Luz")
        .replace("[p-1, p-2]", "[p-1, p-3]");
    site.folder.write("people.yaml", &people);
    assert_eq!(site.rollcall("sync").code, Some(0));
    let pins = site.rollcall("status --format json").json();
    let pins: Vec<String> = pins["targets"][0]["pinned"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|pin| pin["subject"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        pins,
        ["cid in night"],
        "bob is wanted again, and pinned no longer"
    );
    let lifted = site.rollcall("retry cid --because agreed");
    assert_snapshot!(lifted.told(), @r#"
    not pinned any more: 1; the next sync brings them in line with the directory
    -- exit 0
    "#);
    assert_eq!(site.rollcall("sync").code, Some(0));
    assert_eq!(site.app().1, names(&["ana", "cid"]));
    let nobody = site.rollcall("retry cid");
    assert_snapshot!(nobody.told(), @r#"
    -- stderr
    error: nothing is parked or pinned of `cid`
      hint: rollcall status lists what is
    -- exit 1
    "#);
    let whole = site.rollcall("journal verify");
    assert_eq!(whole.code, Some(0), "{}", whole.told());
}

#[test]
fn the_journal_names_the_run_its_writes_and_who_took_it_back() {
    let site = Site::new(CONFIG);
    site.go_wrong();
    site.rollcall("undo last --because mistake");
    let mut told = site.rollcall("history").told();
    // Which of them is made first is the network's choice.
    for number in 1..=3 {
        told = told.replace(&format!("u-00000{number}"), "u-N");
    }
    assert_snapshot!(told, @r#"
    run RUN
    WHEN  wiki  ana   create         done        assigned: displayName, emails, externalId, name.familyName, name.givenName, userName
        POST /Users 201
    WHEN  wiki  bob   create         done        assigned: displayName, emails, externalId, name.familyName, name.givenName, userName
        POST /Users 201
    WHEN  wiki  cid   create         done        assigned: displayName, emails, externalId, name.familyName, name.givenName, userName
        POST /Users 201
    WHEN  wiki  night create group   done        pushed
        POST /Groups 201
    WHEN  wiki  night add members    done        membership: 2 members
        PATCH /Groups/g-000001 204
    WHEN  wiki        run            in line     6 done, 0 not
    run RUN
    WHEN  wiki  bob   deactivate     done        disabled
        PATCH /Users/u-N 200
    WHEN  wiki  ana   update         done        changed: displayName, name.familyName
        PATCH /Users/u-N 200
    WHEN  wiki  night remove members done        membership: 1 members
        PATCH /Groups/g-000001 204
    WHEN  wiki  night add members    done        membership: 1 members
        PATCH /Groups/g-000001 204
    WHEN  wiki        run            in line     4 done, 0 not
    run RUN
    WHEN  wiki        undo           done        RUN by NAME (uid N): mistake
    WHEN  wiki  bob   reactivate     done        undone
        PATCH /Users/u-N 200
    WHEN  wiki  night remove members done        undone: 1 members
        PATCH /Groups/g-000001 204
    WHEN  wiki  night add members    done        undone: 1 members
        PATCH /Groups/g-000001 204
    WHEN  wiki        part run       in line     3 done, 0 not
    -- exit 0
    "#);
    let history = site.rollcall("history --format json").json();
    let lines = history["lines"].as_array().expect("a list");
    let moved = lines.iter().find(|line| line["action"] == "members_remove");
    let moved = moved.expect("bob went out of the group");
    assert_eq!(moved["deed"], serde_json::json!({"members": ["hq:p-2"]}));
    assert_eq!(moved["requests"][0]["method"], "PATCH");
    assert_eq!(moved["requests"][0]["status"], 204);
}

#[test]
fn a_run_is_named_by_the_beginning_of_its_name() {
    let site = Site::new(CONFIG);
    site.go_wrong();
    let history = site.rollcall("history --format json").json();
    let lines = history["lines"].as_array().expect("a list");
    let runs: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["run"].as_str())
        .collect();
    let (first, last) = (runs[0], runs[runs.len() - 1]);
    let several = site.rollcall(&format!("undo {} --dry-run", &first[..4]));
    assert_snapshot!(several.told(), @r#"
    -- stderr
    error: several runs begin with 2026
      hint: name one of them: RUN, RUN
    -- exit 1
    "#);
    let common = first.chars().zip(last.chars());
    let common = common.take_while(|(one, other)| one == other).count();
    let prefix = &first[..=common];
    let one = site.rollcall(&format!("undo {prefix} --dry-run --format json"));
    assert_eq!(one.code, Some(3), "the guard has its say: {}", one.told());
    assert_eq!(one.json()["run"], first);
    let none = site.rollcall("undo 1999 --dry-run");
    assert_snapshot!(none.told(), @r#"
    -- stderr
    error: no run that changed anything is called 1999
      hint: rollcall history lists the runs and what each did
    -- exit 1
    "#);
}

#[test]
fn the_guard_holds_an_undo_like_any_run_and_the_hold_outlives_the_runs_between() {
    let site = Site::new(CONFIG);
    let first = site.rollcall("undo last --because mistake --format json");
    assert_eq!(first.code, Some(3), "{}", first.told());
    assert_eq!(site.app().0, names(&["ana on", "bob on", "cid on"]));
    let held = &first.json()["targets"][0]["held"][0];
    let hold = held["id"].as_str().expect("a hold").to_owned();
    assert_eq!(held["count"], 3, "{held}");
    assert_eq!(
        site.rollcall("sync").code,
        Some(0),
        "the directory's own run goes on"
    );
    assert_snapshot!(site.rollcall("status").told(), @r#"
    source hq  read HH:MM UTC, AGE ago, 3 users
    target wiki  3 accounts (3 active), 1 group
      last run HH:MM UTC: in line
      ! held H-ID: 3 changes of leavers; the limit is 1 in 24 hours, to undo the run RUN; held for less than a minute
          deactivate ana
          deactivate bob
          deactivate cid
        → if this is right: rollcall approve H-ID --because "…", then rollcall undo RUN
    -- exit 0
    "#);
    let approved = site.rollcall(&format!("approve {hold} --because sure"));
    assert_eq!(approved.code, Some(0), "{}", approved.told());
    assert_eq!(site.rollcall("sync").code, Some(0));
    assert_eq!(
        site.app().0,
        names(&["ana on", "bob on", "cid on"]),
        "not by itself"
    );
    let undone = site.rollcall("undo last --because mistake");
    assert_snapshot!(undone.told(), @r#"
    wiki  plan ID, compared with the app, only what undoes RUN

      leavers
        - deactivate     ana  undoes the run RUN
        - deactivate     bob  undoes the run RUN
        - deactivate     cid  undoes the run RUN

      groups
        - remove members night  undoes the run RUN
            ana, bob

      to do: 3 deactivate, 2 remove members

      stays as it is
        ! create group night: the group stays in the app, without the members we put in; to delete it: --delete
      what is taken back is pinned: later runs leave it alone until the directory says something else, or until `rollcall retry NAME`

    wiki  5 done, 0 not; requests: 2 read, 4 write, 0 token

    -- exit 4
    "#);
    assert_eq!(site.app().0, names(&["ana off", "bob off", "cid off"]));
    assert_eq!(site.rollcall("sync").code, Some(0));
    assert_eq!(site.app().0, names(&["ana off", "bob off", "cid off"]));
}

#[test]
fn former_values_come_back_where_the_journal_keeps_them() {
    let site = Site::new(&format!("journal: {{ values: true }}\n{CONFIG}"));
    site.go_wrong();
    let surname = || {
        let dump = site.served.ask("/_sandbox/wiki/dump");
        let users = dump["users"].as_array().expect("a list").clone();
        let ana = users
            .into_iter()
            .find(|user| text(&user["userName"]) == "ana");
        ana.expect("ana")["name"]["familyName"].clone()
    };
    assert_eq!(surname(), "Luz");
    let undone = site.rollcall("undo last --because mistake");
    assert_eq!(undone.code, Some(0), "{}", undone.told());
    assert_eq!(surname(), "Lima");
    assert_eq!(site.rollcall("sync").code, Some(0));
    assert_eq!(
        surname(),
        "Lima",
        "and stay while the directory says the same"
    );
}
