//! Two sources of one roster, and a directory that was imported anew: through the built program.
//!
//! Promises that a person whom two sources hold has one account, that a source which is short, blank or
//! away takes nothing from anybody, and that new keys move links and send nothing. Leaves each rule of
//! joining to the core's own tests.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::Value as Json;

use super::program::{Ended, Folder, Served};

const CONFIG: &str = "\
state: { dir: state }
sources:
  hr: { file: { users: hr.csv }, absent_for: now }
  ad: { file: { users: ad.yaml }, absent_for: now }
roster:
  join: { hr: user.number, ad: user.?employeeID.orValue(\"\") }
  from: [hr, ad]
  attributes: { mail: [ad, hr] }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [staff] }
    groups: { push: [staff] }
";

/// Ten people of `hr`, without those in `gone`; number 3 is off when `off` says so.
fn hr(gone: &[usize], off: bool) -> String {
    let mut text = "key,number,givenName,sn,title,mail,disabled\n".to_owned();
    for number in (1..=10).filter(|number| !gone.contains(number)) {
        let off = off && number == 3;
        writeln!(
            text,
            "p{number},E{number},User,Number{number},Guard,old{number}@example.com,{off}"
        )
        .expect("writing to a text cannot fail");
    }
    text
}

/// The same people in the directory, under keys that begin with `prefix`, and the group of all of them;
/// besides, an account of the machines that is nobody of ours.
fn ad(prefix: &str, gone: &[usize], mails: bool) -> String {
    let mut text = "users:\n".to_owned();
    let mut members = Vec::new();
    for number in (1..=10).filter(|number| !gone.contains(number)) {
        let mail = if mails {
            format!(", mail: user{number}@example.com")
        } else {
            String::new()
        };
        let manager = if number > 1 {
            format!(", manager: {prefix}1")
        } else {
            String::new()
        };
        writeln!(
            text,
            "- {{ key: {prefix}{number}, uid: user{number}, employeeID: e{number}{mail}{manager} }}"
        )
        .expect("writing to a text cannot fail");
        members.push(format!("{prefix}{number}"));
    }
    writeln!(
        text,
        "- {{ key: svc, uid: backup }}\ngroups:\n- {{ key: {prefix}staff, name: staff, members: [{}] }}",
        members.join(", ")
    )
    .expect("writing to a text cannot fail");
    text
}

struct Story {
    folder: Folder,
    served: Served,
}

impl Story {
    /// Two sources, and an account for each of ten people.
    fn new() -> Self {
        let story = Self::before_the_first_run(CONFIG);
        story.in_line();
        assert_eq!(story.active(), 10);
        story
    }

    fn before_the_first_run(config: &str) -> Self {
        let folder = Folder::new();
        folder.write("config.yaml", config);
        folder.write("hr.csv", &hr(&[], false));
        folder.write("ad.yaml", &ad("a", &[], true));
        let served = folder.serve("config.yaml");
        Self { folder, served }
    }

    fn rollcall(&self, command: &str) -> Ended {
        self.folder.rollcall_with(&self.served, command)
    }

    /// Runs, and a second time with nothing left to do.
    fn in_line(&self) {
        let first = self.rollcall("sync");
        assert_eq!(first.code, Some(0), "{}", first.told());
        let second = self.rollcall("sync --format json");
        assert_eq!(second.code, Some(0), "{}", second.told());
        let target = &second.json()["targets"][0];
        assert_eq!(target["changes"], serde_json::json!([]));
        assert_eq!(target["requests"]["write"], 0);
    }

    fn users(&self) -> Vec<Json> {
        let dump = self.served.ask("/_sandbox/wiki/dump");
        dump["users"].as_array().expect("a list").clone()
    }

    fn active(&self) -> usize {
        let users = self.users();
        users.iter().filter(|user| user["active"] == true).count()
    }

    fn user(&self, name: &str) -> Json {
        let users = self.users().into_iter();
        let mut own = users.filter(|user| user["userName"] == name);
        own.next().expect("somebody of that name")
    }

    /// Releases the one hold.
    fn approve(&self) {
        let id = self.rollcall("status --format json").hold();
        let approved = self.rollcall(&format!("approve {id} --because checked"));
        assert_eq!(approved.code, Some(0), "{}", approved.told());
    }

    /// Nothing may happen to anybody: a run ends with this code, sends no write, and all are as before.
    fn hurts_nobody(&self, code: i32) -> Ended {
        let before = self.users();
        let ran = self.rollcall("sync --format json");
        assert_eq!(ran.code, Some(code), "{}", ran.told());
        assert_eq!(self.users(), before, "{}", ran.told());
        assert_eq!(ran.json()["targets"][0]["requests"]["write"], 0);
        ran
    }
}

#[test]
fn people_of_two_sources_have_one_account_each() {
    let story = Story::before_the_first_run(CONFIG);
    let first = story.rollcall("sync");
    assert_eq!(first.code, Some(0), "{}", first.told());
    let head: Vec<&str> = first.out.lines().take(4).collect();
    assert_snapshot!(head.join("\n"), @r#"
    ad  11 users, 1 group
      · 1 user joins nobody and is none of ours: `ad` brings no people (`people:`)
    hr  10 users, 0 groups
    "#);
    let user = story.user("user2");
    assert_eq!(user["emails"][0]["value"], "user2@example.com", "{user}");
    assert_eq!(user["title"], "Guard");
    assert_eq!(user["externalId"], "p2");
    assert_eq!(story.active(), 10);
    let group = &story.served.ask("/_sandbox/wiki/dump")["groups"][0];
    assert_eq!(group["members"].as_array().map(Vec::len), Some(10));
    assert_snapshot!(story.rollcall("explain user2 wiki").told().lines().take(12).collect::<Vec<_>>().join("\n"), @r#"
    user2  hr:p2
      disabled             false
      employeeID           e2
      givenName            User
      key                  p2
      mail                 user2@example.com
      manager              a1
      number               E2
      sn                   Number2
      title                Guard
      uid                  user2
      groups               staff
    "#);
    assert_snapshot!(story.rollcall("status").told(), @r#"
    source ad  read HH:MM UTC, AGE ago, 11 users
    source hr  read HH:MM UTC, AGE ago, 10 users
    target wiki  10 accounts (10 active), 1 group
      last run HH:MM UTC: in line
    -- exit 0
    "#);
}

#[test]
fn whoever_is_gone_from_the_authority_leaves_and_the_directory_alone_keeps_nobody() {
    let story = Story::new();
    story.folder.write("hr.csv", &hr(&[7], false));
    let first = story.rollcall("sync");
    assert_eq!(first.code, Some(0), "{}", first.told());
    assert_eq!(story.active(), 10, "one reading proves nothing");
    story.in_line();
    assert_eq!(story.active(), 9);
    assert_eq!(story.user("user7")["active"], false);
}

#[test]
fn a_source_that_is_away_takes_nothing_and_leavers_go_on() {
    let story = Story::new();
    story
        .folder
        .write("ad.yaml", "users:\n- { key: a1, uid: us");
    story.folder.write("hr.csv", &hr(&[], true));
    let ran = story.rollcall("sync");
    assert_snapshot!(ran.told(), @r#"
    hr  10 users, 0 groups
      · 10 users stay as before: `ad`, not read as a whole, may have more to say of them

    wiki  plan ID, compared with the app

      leavers
        - deactivate     old3@example.com  disabled in the directory

      to do: 1 deactivate

    wiki  1 done, 0 not; requests: 2 read, 1 write, 0 token

    -- stderr
    refused: source ad was not read, so it changes nobody
    error: ad.yaml:2: is no YAML
      because: unclosed bracket '{' at char 9 line 2 column 3
      hint: set it right; if the file was cut off, write the file under another name and rename it when it is complete
    -- exit 3
    "#);
    assert_eq!(story.active(), 9);
    story.hurts_nobody(3);
    assert_snapshot!(story.rollcall("status").told(), @r"
    source ad  read HH:MM UTC, AGE ago, 11 users
      ! since HH:MM UTC: was not read, so it changes nobody: ad.yaml:2: is no YAML
        → set it right; if the file was cut off, write the file under another name and rename it when it is complete
    source hr  read HH:MM UTC, AGE ago, 10 users
    target wiki  10 accounts (9 active), 1 group
      last run HH:MM UTC: in line
    -- exit 0
    ");
    let status = story.rollcall("status --format json").json();
    let trouble = &status["sources"][0]["trouble"];
    assert!(trouble["since"].is_string(), "{trouble}");
    story.folder.write("ad.yaml", &ad("a", &[], true));
    story.in_line();
    let status = story.rollcall("status").told();
    assert!(!status.contains("was not read"), "{status}");

    story.folder.write("hr.csv", "");
    story.hurts_nobody(3);
    story.folder.write("hr.csv", &hr(&[], true));
    story.in_line();
}

#[test]
fn a_row_that_cannot_be_read_leaves_its_person_as_before() {
    let story = Story::new();
    let whole = ad("a", &[], true);
    let broken = whole.replace("{ key: a4, uid: user4,", "{ key: a4, uid: [[user4]],");
    assert_ne!(whole, broken);
    story.folder.write("ad.yaml", &broken);
    let ran = story.hurts_nobody(4);
    assert_eq!(ran.json()["broken"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_row_without_a_key_makes_the_reading_a_part_and_status_says_so() {
    let story = Story::new();
    let nameless = ad("a", &[4], true).replace("groups:", "- { uid: user4 }\ngroups:");
    story.folder.write("ad.yaml", &nameless);
    story.hurts_nobody(4);
    assert_snapshot!(story.rollcall("status").told(), @r#"
    source ad  read HH:MM UTC, AGE ago, 10 users, read in part: nobody counts as missing
    source hr  read HH:MM UTC, AGE ago, 10 users
    target wiki  10 accounts (10 active), 1 group
      last run HH:MM UTC: in line
    -- exit 0
    "#);
    let source = &story.rollcall("status --format json").json()["sources"][0];
    assert_eq!(source["coverage"], "part", "{source}");
    assert!(
        source["age"].as_i64().is_some_and(|age| age < 60),
        "{source}"
    );
}

#[test]
fn a_row_of_the_second_source_that_is_gone_counts_by_its_policy() {
    let story = Story::new();
    story.folder.write("ad.yaml", &ad("a", &[4], true));
    let first = story.rollcall("sync");
    assert_snapshot!(first.told(), @r"
    ad  10 users, 1 group
      · 1 user joins nobody and is none of ours: `ad` brings no people (`people:`)
      · 1 user stays as before: `ad` does not show their row any more, and it is not yet sure that it is gone
    hr  10 users, 0 groups

    wiki  plan ID, compared with the app

      in line: nothing to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 0
    ");
    assert_eq!(story.active(), 10, "one reading proves nothing");
    assert_snapshot!(story.rollcall("status").told(), @r"
    source ad  read HH:MM UTC, AGE ago, 10 users, 1 missing
    source hr  read HH:MM UTC, AGE ago, 10 users
    target wiki  10 accounts (10 active), 1 group
      last run HH:MM UTC: in line
    -- exit 0
    ");
    story.in_line();
    assert_eq!(story.active(), 9, "in no group any more");
    story.folder.write("ad.yaml", &ad("a", &[], true));
    story.in_line();
    assert_eq!(story.active(), 10);
}

#[test]
fn a_row_of_the_second_source_is_waited_for_as_long_as_its_policy_says() {
    let waits = CONFIG.replace("ad.yaml }, absent_for: now", "ad.yaml }, absent_for: 1h");
    assert_ne!(waits, CONFIG);
    let story = Story::before_the_first_run(&waits);
    story.in_line();
    story.folder.write("ad.yaml", &ad("a", &[4], true));
    for _ in 0..3 {
        story.hurts_nobody(0);
    }
    story.folder.write("ad.yaml", &ad("a", &[], true));
    story.in_line();
    assert_eq!(story.active(), 10);
}

#[test]
fn all_mails_blank_at_once_is_held() {
    let story = Story::new();
    story.folder.write("ad.yaml", &ad("a", &[], false));
    let ran = story.rollcall("sync");
    assert_snapshot!(ran.told(), @r#"
    ad  11 users, 1 group
      · 1 user joins nobody and is none of ours: `ad` brings no people (`people:`)
      ! in doubt, so it removes nobody without approval: nobody has `mail` any more, where the last reading had it 10 times
    hr  10 users, 0 groups

    wiki  plan ID, compared with the app

      held back by the guard
        ! H-ID: the reading of ad is in doubt, and with it 10 changes of this app
          user1, user10, user2, user3, user4, user5, user6, user7, and 2 more
          → if this is right: rollcall approve H-ID --because "…"

      nothing else to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 3
    "#);
    story.hurts_nobody(3);
    story.approve();
    let carried_out = story.rollcall("sync");
    assert_eq!(carried_out.code, Some(0), "{}", carried_out.told());
    assert_eq!(
        story.user("user2")["emails"][0]["value"],
        "old2@example.com"
    );
}

#[test]
fn a_third_of_a_source_gone_at_once_is_held() {
    for file in ["hr.csv", "ad.yaml"] {
        let story = Story::new();
        let gone = [2, 5, 8];
        match file {
            "hr.csv" => story.folder.write(file, &hr(&gone, false)),
            _ => story.folder.write(file, &ad("a", &gone, true)),
        }
        story.hurts_nobody(3);
        story.hurts_nobody(3);
    }
}

#[test]
fn two_people_with_one_number_are_held_back_and_named() {
    let story = Story::new();
    let twice = hr(&[], false).replace("p9,E9,", "p9,E8,");
    story.folder.write("hr.csv", &twice);
    let ran = story.hurts_nobody(4);
    let broken: Vec<String> = ran.json()["broken"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| format!("{}: {}", row["place"], row["problem"]))
        .collect();
    assert_snapshot!(broken.join("\n"), @r#"
    "ad:a8": "old8@example.com (hr:p8) and old9@example.com (hr:p9) and user8 (ad:a8) have one join key; until it is one person's, they stay as they are"
    "hr:p8": "old8@example.com (hr:p8) and old9@example.com (hr:p9) and user8 (ad:a8) have one join key; until it is one person's, they stay as they are"
    "hr:p9": "old8@example.com (hr:p8) and old9@example.com (hr:p9) and user8 (ad:a8) have one join key; until it is one person's, they stay as they are"
    "#);
}

#[test]
fn the_directory_imported_anew_under_a_roster_changes_nothing() {
    let story = Story::new();
    story.folder.write("ad.yaml", &ad("new-", &[], true));
    let ran = story.rollcall("sync");
    assert_snapshot!(ran.told(), @r#"
    ad  11 users, 1 group
      · 1 user joins nobody and is none of ours: `ad` brings no people (`people:`)
    hr  10 users, 0 groups

    wiki  plan ID, compared with the app

      re-keyed: links that move to the key the same people have now
        = rekey          staff  the same displayName under a new key
            ad:astaff → ad:new-staff

      to do: 1 rekey

    wiki  1 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 0
    "#);
    assert_eq!(story.active(), 10);
    story.in_line();
}

/// One source, and accounts that hold nothing of its keys.
const ALONE: &str = "\
state: { dir: state }
sources:
  ad: { file: { users: ad.yaml }, absent_for: now }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [staff] }
    groups: { push: [staff] }
    mapping: { externalId: '\"\"' }
";

#[test]
fn a_directory_imported_anew_moves_links_and_sends_nothing() {
    let story = Story::before_the_first_run(ALONE);
    story.in_line();
    story.folder.write("ad.yaml", &ad("new-", &[], true));
    let held = story.rollcall("sync");
    assert_snapshot!(held.told(), @r#"
    ad  11 users, 1 group

    wiki  plan ID, compared with the app

      held back by the guard
        ! H-ID: 11 changes of keys in the directory; the limit is 5 in 24 hours
          user1, user10, user2, user3, user4, user5, user6, user7, and 3 more
          → if this is right: rollcall approve H-ID --because "…"

      nothing else to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 3
    "#);
    story.hurts_nobody(3);
    story.approve();
    let moved = story.rollcall("sync");
    assert_snapshot!(moved.told(), @r#"
    ad  11 users, 1 group

    wiki  plan ID, compared with the app

      re-keyed: links that move to the key the same people have now
        = rekey          user1   the same userName under a new key
            ad:a1 → ad:new-1
        = rekey          user10  the same userName under a new key
            ad:a10 → ad:new-10
        = rekey          user2   the same userName under a new key
            ad:a2 → ad:new-2
        = rekey          user3   the same userName under a new key
            ad:a3 → ad:new-3
        = rekey          user4   the same userName under a new key
            ad:a4 → ad:new-4
        = rekey          user5   the same userName under a new key
            ad:a5 → ad:new-5
        = rekey          user6   the same userName under a new key
            ad:a6 → ad:new-6
        = rekey          user7   the same userName under a new key
            ad:a7 → ad:new-7
        = rekey          user8   the same userName under a new key
            ad:a8 → ad:new-8
        = rekey          user9   the same userName under a new key
            ad:a9 → ad:new-9
        = rekey          staff   the same displayName under a new key
            ad:astaff → ad:new-staff

      to do: 11 rekey

    wiki  11 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 0
    "#);
    story.in_line();
    assert_snapshot!(story.rollcall("history user2").told(), @r"
    run RUN
    WHEN  wiki  user2 rekey          done        rekeyed: was ad:a2; approved
    -- exit 0
    ");
    assert_eq!(story.rollcall("history ad:a2").code, Some(0));
}

#[test]
fn a_source_that_comes_to_speak_for_people_takes_their_links_over() {
    let alone = ALONE.replace(
        "ad.yaml }, absent_for: now }",
        "ad.yaml } }\n  hr: { file: { users: hr.csv } }",
    );
    let story = Story::before_the_first_run(&alone);
    story.in_line();
    assert_eq!(story.active(), 10);
    let roster = CONFIG.split("roster:").nth(1).expect("a roster");
    let roster = roster.split("targets:").next().expect("and targets");
    let joined = alone.replace("targets:", &format!("roster:{roster}targets:"));
    story.folder.write("config.yaml", &joined);
    let before = story.users();
    let held = story.rollcall("sync");
    assert_eq!(held.code, Some(3), "{}", held.told());
    assert_eq!(story.users(), before);
    let ids =
        |users: Vec<Json>| -> Vec<Json> { users.iter().map(|user| user["id"].clone()).collect() };
    while story.rollcall("sync").code == Some(3) {
        let status = story.rollcall("status --format json").json();
        let held = status["targets"][0]["held"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for hold in held {
            let id = hold["id"].as_str().expect("an id");
            story.rollcall(&format!("approve {id} --because planned"));
        }
    }
    story.in_line();
    assert_eq!(ids(story.users()), ids(before), "no second account");
    assert_eq!(
        story.user("user2")["title"],
        "Guard",
        "what hr says of them"
    );
}

#[test]
fn what_is_wrong_with_a_roster_is_told_all_at_once() {
    let folder = Folder::new();
    folder.write("hr.csv", &hr(&[], false));
    folder.write("ad.yaml", &ad("a", &[], true));
    let wrong = CONFIG
        .replace(
            "{ hr: user.number, ad: user.?employeeID.orValue(\"\") }",
            "user.number",
        )
        .replace("[hr, ad]\n", "[hr, hq, hr]\n  people: [adx]\n")
        .replace("{ mail: [ad, hr] }", "{ mial: [ad], title: [] }");
    folder.write("config.yaml", &wrong);
    assert_snapshot!(folder.rollcall("check --offline --config config.yaml").told(), @r#"
    -- stderr
    error: roster.join: users have no attribute `number`, in the source `ad`
     --> config.yaml:6:14
      |
    6 |   join: user.number
      |              ^^^^^^
      |
      = help: known are `employeeID`, `key`, `mail`, `manager`, `uid`

    error: roster.from: the source `ad` has no place in `from`
     --> config.yaml:7:3
      |
    7 |   from: [hr, hq, hr]
      |   ^^^^
      |
      = help: name every source, the one that speaks first first

    error: roster.from[1]: there is no source `hq`
     --> config.yaml:7:14
      |
    7 |   from: [hr, hq, hr]
      |              ^^
      |
      = help: did you mean `hr`?

    error: roster.from[2]: the source `hr` stands here twice
     --> config.yaml:7:18
      |
    7 |   from: [hr, hq, hr]
      |                  ^^

    error: roster.people[0]: there is no source `adx`
     --> config.yaml:8:12
      |
    8 |   people: [adx]
      |            ^^^
      |
      = help: did you mean `ad`?

    error: roster.attributes.mial: none of these sources has `mial`
     --> config.yaml:9:17
      |
    9 |   attributes: { mial: [ad], title: [] }
      |                 ^^^^
      |
      = help: did you mean `mail`?

    error: roster.attributes.title: nobody speaks for `title`
     --> config.yaml:9:29
      |
    9 |   attributes: { mial: [ad], title: [] }
      |                             ^^^^^
      |
      = help: name the sources that have it, the one that speaks first first

    error: the config has 7 problems; nothing was done
    -- exit 1
    "#);
}
