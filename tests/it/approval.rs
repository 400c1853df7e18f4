//! A company of forty loses half its people at once: held, approved, carried out, and done.
//!
//! Promises that nobody is switched off before a person says so, and everybody whom they released
//! after. Leaves how limits are counted to the guard's own tests.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::Value as Json;

use super::program::{Ended, Folder, Served};

const CONFIG: &str = "\
state: { dir: state }
sources:
  hq:
    file: { users: people.csv }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: everyone
";

/// Forty people; those numbered up to `gone` are disabled.
fn people(gone: usize) -> String {
    let mut text = "key,uid,mail,givenName,sn,disabled\n".to_owned();
    for number in 1..=40 {
        let disabled = number <= gone;
        writeln!(
            text,
            "p-{number},user{number:02},user{number:02}@example.com,User,Number{number:02},{disabled}"
        )
        .expect("writing to a text cannot fail");
    }
    text
}

struct Company {
    folder: Folder,
    served: Served,
}

impl Company {
    /// Founded, with an account for everybody.
    fn new() -> Self {
        let folder = Folder::new();
        folder.write("config.yaml", CONFIG);
        folder.write("people.csv", &people(0));
        let served = folder.serve("config.yaml");
        let company = Self { folder, served };
        let first = company.rollcall("sync");
        assert_eq!(first.code, Some(0), "{}", first.told());
        assert_eq!(company.active(), 40);
        company
    }

    fn rollcall(&self, command: &str) -> Ended {
        self.folder.rollcall_with(&self.served, command)
    }

    /// Active accounts in the app.
    fn active(&self) -> usize {
        let dump = self.served.ask("/_sandbox/wiki/dump");
        let users = dump["users"].as_array().expect("a list");
        users.iter().filter(|user| user["active"] == true).count()
    }

    /// The id of the one hold.
    fn hold(&self) -> String {
        self.rollcall("status --format json").hold()
    }
}

#[test]
fn a_mass_leave_is_held_until_a_person_approves_it() {
    let company = Company::new();

    company.folder.write("people.csv", &people(20));
    let held = company.rollcall("sync");
    assert_snapshot!(held.told(), @r#"
    hq  40 users, 0 groups

    wiki  plan ID, compared with the app

      held back by the guard
        ! H-ID: 20 changes of leavers; the limit is 10 in 24 hours
          user01, user10, user11, user12, user13, user14, user15, user16, and 12 more
          → if this is right: rollcall approve H-ID --because "…"

      nothing else to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 3
    "#);
    assert_eq!(company.active(), 40);
    assert_snapshot!(company.rollcall("status").told(), @r#"
    source hq  read HH:MM UTC, AGE ago, 40 users
    target wiki  40 accounts (40 active), 0 groups
      last run HH:MM UTC: held
      ! held H-ID: 20 changes of leavers; the limit is 10 in 24 hours; held for less than a minute
          deactivate user01
          deactivate user02
          deactivate user03
          deactivate user04
          deactivate user05
          deactivate user06
          deactivate user07
          deactivate user08
          deactivate user09
          deactivate user10
          … and 10 more
        → if this is right: rollcall approve H-ID --because "…"
    -- exit 0
    "#);

    let wrong = company.rollcall("approve H-0000 --because guess");
    assert_snapshot!(wrong.told(), @r#"
    -- stderr
    error: there is no hold H-ID
      hint: held now: H-ID
    -- exit 1
    "#);
    let hold = company.hold();
    let approved = company.rollcall(&format!("approve {hold} --because layoffs"));
    assert_snapshot!(approved.told(), @r#"
    approved: H-ID of wiki is released: 20 changes; the next sync carries out what of it is still due
    -- exit 0
    "#);
    assert_eq!(company.active(), 40, "approving sends nothing");

    let carried_out = company.rollcall("sync --format json");
    assert_eq!(carried_out.code, Some(0), "{}", carried_out.told());
    let target = &carried_out.json()["targets"][0];
    assert_eq!(target["counts"]["deactivate"], 20);
    assert_eq!(target["applied"]["done"], 20);
    assert_eq!(target["requests"]["write"], 20);
    assert_eq!(company.active(), 20);

    assert_snapshot!(company.rollcall("sync").told(), @r#"
    hq  40 users, 0 groups

    wiki  plan ID, compared with the app

      in line: nothing to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 0
    "#);
    assert_eq!(company.active(), 20);
}

#[test]
fn what_was_approved_does_not_cover_what_comes_later() {
    let company = Company::new();
    company.folder.write("people.csv", &people(20));
    assert_eq!(company.rollcall("sync").code, Some(3));
    let hold = company.hold();
    company.rollcall(&format!("approve {hold} --because layoffs"));

    // Eleven more go before the next run, one over the limit; the hold released twenty.
    company.folder.write("people.csv", &people(31));
    let next = company.rollcall("sync --format json");
    assert_eq!(next.code, Some(3), "{}", next.told());
    let target = &next.json()["targets"][0];
    assert_eq!(target["applied"]["done"], 20);
    assert_eq!(target["held"][0]["count"], 11);
    assert_eq!(company.active(), 20);
}

#[test]
fn half_a_directory_is_doubted_and_removes_nobody() {
    let company = Company::new();
    let half: Vec<String> = people(0).lines().take(21).map(ToOwned::to_owned).collect();
    company
        .folder
        .write("people.csv", &(half.join("\n") + "\n"));
    let doubted = company.rollcall("sync");
    assert_snapshot!(doubted.told(), @r#"
    hq  20 users, 0 groups
      ! in doubt, so it removes nobody without approval: 20 users, where the last reading had 40

    wiki  plan ID, compared with the app

      held back by the guard
        ! H-ID: the reading of hq is in doubt, so nobody counts as missing
          → if this is right: rollcall approve H-ID --because "…"

      nothing else to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 3
    "#);
    assert_eq!(company.active(), 40);

    // It stays in doubt until a person says that it is right.
    assert_eq!(company.rollcall("sync").code, Some(3));
    let hold = company.hold();
    company.rollcall(&format!("approve {hold} --because moved"));

    // Whoever is missing waits, and then the guard holds what is too much.
    let waiting = company.rollcall("sync --format json");
    assert_eq!(waiting.code, Some(0), "{}", waiting.told());
    let config = CONFIG.replace("people.csv }", "people.csv }\n    absent_for: 0s");
    company.folder.write("config.yaml", &config);
    for _ in 0..3 {
        company.rollcall("sync");
    }
    let held = company.rollcall("sync --format json");
    assert_eq!(held.code, Some(3), "{}", held.told());
    assert_eq!(held.json()["targets"][0]["held"][0]["lane"], "leavers");
    assert_eq!(held.json()["targets"][0]["held"][0]["count"], 20);
    assert_eq!(company.active(), 40);
}

#[test]
fn an_approval_is_journaled_with_who_and_why() {
    let company = Company::new();
    company.folder.write("people.csv", &people(20));
    company.rollcall("sync");
    let hold = company.hold();
    company.rollcall(&format!("approve {hold} --because layoffs"));
    let db = rusqlite::Connection::open_with_flags(
        company.folder.path("state/state.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .expect("the state is there");
    let lines: i64 = db
        .query_row(
            "SELECT count(*) FROM journal WHERE detail LIKE 'by %: layoffs'",
            [],
            |row| row.get(0),
        )
        .expect("a journal");
    assert_eq!(lines, 1);
    // The window that the guard counts by does not hold what a person released.
    company.rollcall("sync");
    let status: Json = company.rollcall("status --format json").json();
    assert_eq!(status["targets"][0]["active"], 20);
}
