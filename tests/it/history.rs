//! The journal, read back: what was done to whom, and the proof that nobody has changed it since.
//!
//! Promises that it can be read when the directory and the app cannot. Leaves the chain to the store.

use insta::assert_snapshot;
use rollcall::store::{Access, Epoch, JournalEntry, Record, SqliteStore, StateKind, Store as _};
use rusqlite::Connection;
use serde_json::Value as Json;

use super::program::{Ended, Folder};
use super::wiki::{PEOPLE, with};

/// Two people who joined; one was renamed, and the other has left. Neither source nor app is there.
fn afterwards() -> Folder {
    let folder = with("people.yaml", "people.yaml");
    let served = folder.serve("config.yaml");
    let sync = || folder.rollcall_with(&served, "sync");
    // One after the other, or either create may be the first.
    folder.write("people.yaml", &PEOPLE.replace("[p-1, p-2]", "[p-1]"));
    assert_eq!(sync().code, Some(0));
    folder.write("people.yaml", PEOPLE);
    assert_eq!(sync().code, Some(0));
    let later = PEOPLE
        .replace("sn: Lima", "sn: Luz")
        .replace("sn: Stone", "sn: Stone, disabled: true");
    folder.write("people.yaml", &later);
    assert_eq!(sync().code, Some(0));
    std::fs::remove_file(folder.path("people.yaml")).expect("it is ours");
    folder
}

fn run(folder: &Folder, command: &str) -> Ended {
    folder.rollcall(&format!(
        "{command} --config config.yaml --sandbox=http://127.0.0.1:9"
    ))
}

#[test]
fn what_was_done_to_whom_and_why() {
    let folder = afterwards();
    assert_snapshot!(run(&folder, "history").told(), @r#"
    run RUN
    WHEN  wiki  ana create         done        assigned: displayName, emails, externalId, name.familyName, name.givenName, userName
        POST /Users 201
    WHEN  wiki      run            in line     1 done, 0 not
    run RUN
    WHEN  wiki  bob create         done        assigned: displayName, emails, externalId, name.familyName, name.givenName, userName
        POST /Users 201
    WHEN  wiki      run            in line     1 done, 0 not
    run RUN
    WHEN  wiki  bob deactivate     done        disabled
        PATCH /Users/u-000002 200
    WHEN  wiki  ana update         done        changed: displayName, name.familyName
        PATCH /Users/u-000001 200
    WHEN  wiki      run            in line     2 done, 0 not
    -- exit 0
    "#);
    let of_bob = run(&folder, "history bob").told();
    assert_snapshot!(of_bob, @r#"
    run RUN
    WHEN  wiki  bob create         done        assigned: displayName, emails, externalId, name.familyName, name.givenName, userName
        POST /Users 201
    run RUN
    WHEN  wiki  bob deactivate     done        disabled
        PATCH /Users/u-000002 200
    -- exit 0
    "#);
    assert_eq!(run(&folder, "history hq:p-2").told(), of_bob);
    assert_eq!(run(&folder, "history p-2 --since 1h").told(), of_bob);
    assert_eq!(
        run(&folder, "history wiki").told(),
        run(&folder, "history").told()
    );
    assert_eq!(
        run(&folder, "history bob --since 0s").told(),
        "nothing was done\n-- exit 0\n"
    );
    assert_snapshot!(run(&folder, "history bop").told(), @r#"
    -- stderr
    error: the journal has no target, person or group `bop`
      hint: did you mean `bob`?
    -- exit 1
    "#);
    assert_eq!(run(&folder, "history --since soon").code, Some(64));
}

#[test]
fn history_and_export_are_the_same_lines() {
    let folder = afterwards();
    let history = run(&folder, "history --format json").json();
    let exported = run(&folder, "journal export").out;
    let lines: Vec<Json> = exported
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(history["lines"], Json::from(lines.clone()));
    assert_eq!(lines.len(), 7);
    let line = lines[4].as_object().expect("an object");
    let fields: Vec<&str> = line.keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "action", "approved", "at", "chain", "count", "deed", "detail", "label", "number",
            "outcome", "requests", "run", "subject", "target"
        ]
    );
    assert_eq!(line["number"], 5);
    assert_eq!(line["subject"], "user hq:p-2");
    assert_eq!(line["action"], "deactivate");
    assert_eq!(line["detail"], "disabled");
    assert_eq!(line["chain"].as_str().map(str::len), Some(64));
    assert_eq!(run(&folder, "journal export --since 0s").out, "");
}

#[test]
fn a_journal_that_somebody_changed_is_told_with_its_first_bad_line() {
    let folder = afterwards();
    assert_snapshot!(run(&folder, "journal verify").told(), @r#"
    ok the journal is whole: 7 lines
    -- exit 0
    "#);
    let db = Connection::open(folder.path("state/state.db")).expect("it is there");
    db.execute_batch(
        "DROP TRIGGER journal_unchanged;
         UPDATE journal SET label = 'mallory' WHERE number IN (3, 5)",
    )
    .expect("changed");
    drop(db);
    assert_snapshot!(run(&folder, "journal verify").told(), @r#"
    -- stderr
    error: line 3 of the journal of the state in state is not as it was written
      hint: compare the journal with an earlier export or a backup of the directory; syncing does not depend on it
    -- exit 1
    "#);
}

#[test]
fn what_others_wrote_begins_no_line_of_ours() {
    let folder = with("people.yaml", "people.yaml");
    let store = SqliteStore::open(&folder.path("state"), StateKind::Sandbox, Access::Write);
    let store = store.expect("a new state");
    let line = JournalEntry {
        at: jiff::Timestamp::UNIX_EPOCH,
        run: "r".into(),
        target: "wiki".into(),
        subject: "user hq:p-1".into(),
        label: "ana\n2027-01-01 forged \u{1b}[31m".into(),
        action: "update".into(),
        outcome: "refused".into(),
        detail: "the app said\rno".into(),
        count: 0,
        approved: false,
        requests: Vec::new(),
        deed: None,
    };
    tokio::runtime::Runtime::new()
        .expect("a runtime")
        .block_on(store.commit(Epoch(1), &[Record::Journal(line)]))
        .expect("written");
    drop(store);
    assert_eq!(
        run(&folder, "history").told(),
        "run r\nWHEN  wiki  ana\u{fffd}2027-01-01 forged \u{fffd}[31m update         refused     the app \
         said\u{fffd}no\n-- exit 0\n"
    );
}
