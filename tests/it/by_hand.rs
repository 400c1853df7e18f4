//! What a person says about accounts by hand: whose one is, whose it is not, and which is left alone.
//!
//! Promises that looking writes nothing, and that what was said holds in the runs that follow. Leaves
//! correlation itself to the core's own tests.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

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
    assign: { groups: [staff] }
    groups: { push: [staff] }
    adopt: ask
    protected: [root]
    sandbox: { accounts: wiki.json }
";

const PEOPLE: &str = "\
users:
- { key: p-1, uid: ana, mail: ana@example.com, givenName: Ana, sn: Lima }
- { key: p-2, uid: bob, mail: bob@example.com, givenName: Bob, sn: Stone }
- { key: p-3, uid: cy, mail: cy@example.com, givenName: Cy, sn: Young }
- { key: p-4, uid: dora, mail: dora@example.com, givenName: Dora, sn: Ray }
- { key: p-5, uid: eve, mail: eve@example.com, givenName: Eve, sn: Sol, disabled: true }
groups:
- { key: g-1, name: staff, members: [p-1, p-2, p-3, p-5] }
";

/// Neither a change nor anything parked.
const NOTHING: [String; 0] = [];

fn accounts() -> Json {
    let mail = |name: &str| json!([{ "value": format!("{name}@example.com"), "type": "work" }]);
    json!({
        "users": [
            { "id": "u-1", "userName": "ana", "active": true, "emails": mail("ana") },
            { "id": "u-2", "userName": "bob2", "active": true, "emails": mail("bob") },
            { "id": "u-3", "userName": "bob3", "active": true, "emails": mail("bob") },
            { "id": "u-4", "userName": "dora", "active": true },
            { "id": "u-5", "userName": "root", "active": true },
            { "id": "u-6", "userName": "stray", "active": false },
            { "id": "u-7", "userName": "eve", "active": true },
        ],
        "groups": [],
    })
}

/// A wiki that holds accounts from before, and asks before it adopts any.
struct Site {
    folder: Folder,
    served: Served,
}

impl Site {
    fn new() -> Self {
        let folder = Folder::new();
        folder.write("config.yaml", CONFIG);
        folder.write("people.yaml", PEOPLE);
        folder.write("wiki.json", &accounts().to_string());
        let served = folder.serve("config.yaml");
        Self { folder, served }
    }

    fn run(&self, command: &str) -> Ended {
        self.folder.rollcall_with(&self.served, command)
    }

    fn told(&self, command: &str) -> String {
        self.run(command).told()
    }

    fn writes(&self) -> u64 {
        let log = self.served.ask("/_sandbox/wiki/requests");
        log["counts"]["write"].as_u64().expect("a number")
    }

    /// An account as the app holds it.
    fn account(&self, id: &str) -> Json {
        let dump = self.served.ask("/_sandbox/wiki/dump");
        let mut users = dump["users"].as_array().expect("a list").iter();
        users
            .find(|user| user["id"] == id)
            .expect("it is there")
            .clone()
    }

    /// What the next plan says of a person: changes and what is parked.
    fn due(&self, person: &str) -> Vec<String> {
        let answer = self
            .run(&format!("sync --dry-run --format json --user {person}"))
            .json();
        let target = &answer["targets"][0];
        let texts = |list: &str, field: &str| -> Vec<String> {
            let rows = target[list].as_array().expect("a list").iter();
            rows.map(|row| row[field].as_str().expect("a text").to_owned())
                .collect()
        };
        [texts("changes", "action"), texts("parked", "reason")].concat()
    }
}

#[test]
fn an_import_shows_whose_each_account_is_and_writes_nothing() {
    let site = Site::new();
    assert_snapshot!(site.told("import wiki"), @r#"
    wiki  7 accounts beside 5 users
      1 to confirm, 2 left alone, 2 ambiguous, 1 orphan, 1 never touched

      fit one person, and wait for somebody to say so
        ? ana (u-1)  ana, by userName
          → if it is theirs: rollcall link ana wiki u-1

      fit one person, and are left alone
        · dora (u-4)  dora, by userName; not assigned
        · eve (u-7)  eve, by userName; disabled in the directory

      ambiguous: several accounts or several people fit
        ! bob2 (u-2)
          bob: emails `bob@example.com` fits several accounts: u-2 (bob2), u-3 (bob3)
          → if it is theirs: rollcall link bob wiki u-2
        ! bob3 (u-3)
          bob: emails `bob@example.com` fits several accounts: u-2 (bob2), u-3 (bob3)
          → if it is theirs: rollcall link bob wiki u-3

      orphans: nobody's in the directory, left alone
        · stray (u-6, switched off)

      never touched
        · root (u-5); by `protected:`
    -- exit 0
    "#);
    assert_eq!(site.writes(), 0);
    assert!(
        !site.folder.path("state").exists(),
        "looking makes no state"
    );
    assert_snapshot!(site.told("import wikki"), @r#"
    -- stderr
    error: there is no target `wikki`
      hint: the config has: wiki
    -- exit 1
    "#);
}

#[test]
fn an_import_in_json_has_its_documented_fields() {
    let site = Site::new();
    let answer = site.run("import wiki --format json").json();
    assert_eq!(answer["target"], "wiki");
    assert_eq!(answer["users"], 5);
    assert_eq!(
        answer["counts"],
        json!({
            "linked": 0, "match": 0, "confirm": 1, "left_alone": 2, "ambiguous": 2, "orphan": 1,
            "unreadable": 0, "never_touched": 1
        })
    );
    assert_eq!(
        answer["accounts"][0],
        json!({
            "id": "u-1", "label": "ana", "active": true, "standing": "confirm", "user": "ana",
            "key": "hq:p-1", "by": "userName", "confirm": ["rollcall link ana wiki u-1"]
        })
    );
    assert_eq!(answer["gone"], json!([]));
}

#[test]
fn an_import_without_the_directory_is_none() {
    let site = Site::new();
    site.folder.write("people.yaml", "users: [{");
    let ended = site.run("import wiki");
    assert_eq!((ended.code, &*ended.out), (Some(1), ""), "{}", ended.told());
}

#[test]
fn a_link_holds_in_the_plans_that_follow() {
    let site = Site::new();
    let waits = "the account ana (u-1) fits by userName, and `adopt:` wants a person to say so";
    assert_eq!(site.due("ana"), [waits]);
    assert_snapshot!(site.told("link ana wiki u-1 --because badge"), @r#"
    linked: ana has the account ana (u-1) in wiki
      what is due now: rollcall sync --user ana --target wiki --dry-run
    -- exit 0
    "#);
    assert_eq!(site.due("ana"), ["update"]);
    assert_eq!(
        site.told("link bob@example.com wiki u-3").lines().last(),
        Some("-- exit 0")
    );
    assert_eq!(site.due("bob"), ["update"]);
    let synced = site.run("sync --user ana");
    assert_eq!(synced.code, Some(0), "{}", synced.told());
    assert_eq!(site.account("u-1")["displayName"], "Ana Lima");
    assert_eq!(
        site.run("import wiki --format json").json()["counts"]["linked"],
        2
    );
}

#[test]
fn nobody_is_linked_unasked_by_a_run_that_reads_no_app() {
    let site = Site::new();
    let waits = "the account ana (u-1) fits by userName, and `adopt:` wants a person to say so";
    for command in ["sync --quick", "sync --quick", "sync"] {
        let ended = site.run(&format!("{command} --user ana --format json"));
        assert_eq!(ended.code, Some(4), "{command}: {}", ended.told());
        assert!(ended.out.contains(waits), "{command}: {}", ended.told());
    }
    assert_eq!(site.account("u-1")["displayName"], Json::Null);
    let counts = site.run("import wiki --format json").json()["counts"].clone();
    assert_eq!(counts["linked"], 0, "{counts}");
}

#[test]
fn a_link_that_cannot_be_is_refused() {
    let site = Site::new();
    assert_eq!(site.run("link ana wiki u-1").code, Some(0));
    assert_snapshot!(site.told("link ana wiki u-2"), @r#"
    -- stderr
    error: ana has an account in wiki already: u-1
      hint: if that is wrong: rollcall unlink ana wiki
    -- exit 1
    "#);
    assert_snapshot!(site.told("link bob wiki u-1"), @r#"
    -- stderr
    error: the account ana (u-1) of wiki is linked to ana already
      hint: if that is wrong: rollcall unlink ana wiki
    -- exit 1
    "#);
    assert_snapshot!(site.told("link bob wiki u-9"), @r#"
    -- stderr
    error: wiki has no account with the id u-9
      hint: rollcall import wiki lists them
    -- exit 1
    "#);
    assert_snapshot!(site.told("link bob wiki u-5"), @r#"
    -- stderr
    error: the account root (u-5) of wiki is protected
      hint: take it out of `protected:` first, or leave it be
    -- exit 1
    "#);
    assert_snapshot!(site.told("link bop wiki u-2"), @r#"
    -- stderr
    error: no source has a user `bop`
      hint: did you mean `bob`?
    -- exit 1
    "#);
    assert_eq!(
        site.run("journal verify").out,
        "ok the journal is whole: 1 line\n"
    );
}

#[test]
fn what_was_unlinked_is_not_taken_back_until_it_is_linked() {
    let site = Site::new();
    site.folder.write(
        "config.yaml",
        &CONFIG.replace("adopt: ask", "adopt: unique"),
    );
    let first = site.run("sync");
    assert_eq!(first.code, Some(4), "bob is parked: {}", first.told());
    let members =
        |site: &Site| site.served.ask("/_sandbox/wiki/dump")["groups"][0]["members"].clone();
    assert_eq!(members(&site).as_array().map(Vec::len), Some(2));

    assert_snapshot!(site.told("unlink ana wiki --because mixup"), @r#"
    unlinked: the account u-1 of wiki is not ana's any more; it stays as it is in the app
      to take that back: rollcall link ana wiki u-1
    -- exit 0
    "#);
    assert_snapshot!(site.told("unlink ana wiki"), @r#"
    -- stderr
    error: no account in wiki is linked to ana
      hint: rollcall explain ana wiki shows what is known
    -- exit 1
    "#);
    let apart = "the account ana (u-1) fits by externalId, and was unlinked by hand";
    assert_eq!(site.due("ana"), [apart]);

    // Neither a full run nor one that asks nothing first takes it back, nor makes a second account.
    let before = site.writes();
    assert_eq!(site.run("sync").code, Some(4));
    assert_eq!(site.writes(), before);
    let quick = site.run("sync --quick");
    assert_eq!(quick.code, Some(4), "{}", quick.told());
    assert!(
        quick.out.contains(
            "! create ana: the account ana (u-1) fits by externalId, and was unlinked by hand\n    \
             → if it is theirs: rollcall link hq:p-1 wiki u-1; else correct the value in the app"
        ),
        "{}",
        quick.told()
    );
    assert_eq!(site.writes(), before);
    assert_eq!(
        members(&site).as_array().map(Vec::len),
        Some(2),
        "it stays as it is"
    );

    assert_eq!(site.run("link ana wiki u-1").code, Some(0));
    assert_eq!(site.due("ana"), NOTHING);
    assert_eq!(site.run("sync").code, Some(4), "bob is parked as before");
    assert_eq!(site.writes(), before);
}

#[test]
fn memberships_go_with_the_account_and_not_with_the_person() {
    let site = Site::new();
    assert_eq!(site.run("link ana wiki u-1").code, Some(0));
    assert_eq!(site.run("sync --user ana").code, Some(0));
    assert_eq!(
        site.run("sync --group staff").code,
        Some(4),
        "bob is parked"
    );
    assert_eq!(site.run("unlink ana wiki").code, Some(0));
    assert_eq!(site.run("link ana wiki u-2").code, Some(0));
    site.run("sync --quick");
    let dump = site.served.ask("/_sandbox/wiki/dump");
    let members = dump["groups"][0]["members"].as_array().expect("a list");
    let mut ids: Vec<&str> = members
        .iter()
        .filter_map(|one| one["value"].as_str())
        .collect();
    ids.retain(|id| ["u-1", "u-2"].contains(id));
    ids.sort_unstable();
    assert_eq!(
        ids,
        ["u-1", "u-2"],
        "the old account stays as it was, the new one is put in"
    );
}

#[test]
fn somebody_who_is_gone_from_the_directory_can_be_unlinked() {
    let site = Site::new();
    assert_eq!(site.run("link ana wiki u-1").code, Some(0));
    site.folder.write(
        "people.yaml",
        &PEOPLE
            .replace(
                "- { key: p-1, uid: ana, mail: ana@example.com, givenName: Ana, sn: Lima }\n",
                "",
            )
            .replace("p-1, ", ""),
    );
    let ended = site.run("unlink ana wiki");
    assert_eq!(ended.code, Some(0), "{}", ended.told());
}

#[test]
fn an_ignored_account_is_never_touched_until_that_is_undone() {
    let site = Site::new();
    assert_snapshot!(site.told("ignore u-6 wiki --because legal"), @r#"
    ignored: account u-6 of wiki is never touched, until `ignore … --undo`
    -- exit 0
    "#);
    assert_snapshot!(site.told("ignore u-6 wiki"), @r#"
    -- stderr
    error: account u-6 of wiki is ignored already
      hint: to end that: --undo
    -- exit 1
    "#);
    assert_snapshot!(site.told("link cy wiki u-6"), @r#"
    -- stderr
    error: the account stray (u-6) of wiki is ignored
      hint: first: rollcall ignore u-6 wiki --undo
    -- exit 1
    "#);
    let answer = site.run("import wiki --format json").json();
    assert_eq!(answer["counts"]["orphan"], 0);
    assert_eq!(answer["counts"]["never_touched"], 2);
    assert_snapshot!(site.told("ignore u-6 wiki --undo"), @r#"
    not ignored any more: account u-6 of wiki is treated like any other again
    -- exit 0
    "#);
    assert_snapshot!(site.told("ignore u-6 wiki --undo"), @r#"
    -- stderr
    error: account u-6 of wiki is not ignored
      hint: rollcall import lists what is
    -- exit 1
    "#);
    assert_eq!(site.run("ignore u-9 wiki").code, Some(1), "there is none");
    assert_eq!(site.run("ignore wiki").code, Some(64));
    assert_eq!(site.run("ignore u-1 wiki --user ana").code, Some(64));
}

#[test]
fn an_ignored_person_keeps_the_account_as_it_is() {
    let site = Site::new();
    assert_eq!(site.run("link ana wiki u-1").code, Some(0));
    assert_eq!(site.run("sync --user ana").code, Some(0));
    let before = site.account("u-1");
    assert_snapshot!(site.told("ignore --user ana wiki"), @r#"
    ignored: ana of wiki is never touched, until `ignore … --undo`
    -- exit 0
    "#);
    // She is disabled, out of the group, and called otherwise: nothing of it is anybody's business.
    let gone = PEOPLE
        .replace("sn: Lima }", "sn: Luz, disabled: true }")
        .replace("[p-1, ", "[");
    site.folder.write("people.yaml", &gone);
    assert_eq!(site.due("ana"), NOTHING);
    let explained = site.run("explain ana wiki").out;
    let why =
        "! ignored by hand: never touched until `rollcall ignore … --undo`\n  nothing is due\n";
    assert!(explained.ends_with(why), "{explained}");
    let status = site.run("status").out;
    let number = "\n  1 ignored by hand: rollcall import wiki shows them\n";
    assert!(status.contains(number), "{status}");
    let imported = site.run("import wiki").out;
    assert!(
        imported.contains("\n    · ana (u-1)  ana; by `rollcall ignore`\n"),
        "{imported}"
    );
    site.run("sync");
    assert_eq!(site.account("u-1"), before);
    assert_eq!(site.run("ignore --user ana wiki --undo").code, Some(0));
    assert_eq!(site.due("ana"), ["deactivate"]);
}

#[test]
fn every_lever_leaves_a_line_with_who_and_why() {
    let site = Site::new();
    for command in [
        "link ana wiki u-1 --because badge",
        "ignore --user ana wiki",
        "ignore --user ana wiki --undo",
        "ignore u-6 wiki --because legal",
        "unlink ana wiki",
    ] {
        assert_eq!(site.run(command).code, Some(0), "{command}");
    }
    assert_snapshot!(site.told("history"), @r#"
    WHEN  wiki  ana         link           done        u-1 by NAME (uid N): badge
    WHEN  wiki  ana         ignore         done        by NAME (uid N)
    WHEN  wiki  ana         unignore       done        by NAME (uid N)
    WHEN  wiki  account u-6 ignore         done        by NAME (uid N): legal
    WHEN  wiki  ana         unlink         done        u-1 by NAME (uid N)
    -- exit 0
    "#);
}
