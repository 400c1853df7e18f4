//! What a person reads when the state cannot be used, and that nothing was sent then.
//!
//! Promises that a state is written by one process, for one kind of app, and by a program that
//! knows its version; and that one without its key costs no write. Leaves a disk that is full to [`super::full_disk`].

use futures_util::FutureExt as _;
use insta::assert_snapshot;
use jiff::Timestamp;
use rollcall::core::change::{ActionKind, Subject};
use rollcall::core::fingerprint::Fingerprint;
use rollcall::core::key::{SourceName, TargetName, UserKey};
use rollcall::core::link::{Job, JobState};
use rollcall::store::{Access, Epoch, Record, SqliteStore, StateKind, Store as _, StoreError};

use super::program::{Folder, Served};
use super::wiki::{PEOPLE, with};

/// A state that a run against served copies has made.
fn used() -> (Folder, Served) {
    let folder = with("people.yaml", "people.yaml");
    let served = folder.serve("config.yaml");
    let ended = folder.rollcall(&sync(&served));
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    (folder, served)
}

fn sync(served: &Served) -> String {
    format!("sync --config config.yaml --sandbox={}", served.root)
}

fn requests(served: &Served) -> String {
    served.ask("/_sandbox/wiki/requests")["counts"].to_string()
}

#[test]
fn a_state_that_another_process_writes() {
    let (folder, served) = used();
    let before = requests(&served);
    let other = SqliteStore::open(&folder.path("state"), StateKind::Sandbox, Access::Write)
        .expect("nobody else has it");
    assert_snapshot!(folder.rollcall(&sync(&served)).told(), @r#"
    -- stderr
    error: the state in state is in use by another rollcall (process N)
      hint: stop it first, or use another --state directory
    -- exit 1
    "#);
    assert_eq!(requests(&served), before, "an app was asked");
    // Looking takes no lock.
    let looked = folder.rollcall(&format!("{} --dry-run", sync(&served)));
    assert_eq!(looked.code, Some(0), "{}", looked.told());
    drop(other);
    let ended = folder.rollcall(&sync(&served));
    assert_eq!(ended.code, Some(0), "{}", ended.told());
}

#[test]
fn a_state_of_a_newer_version() {
    let (folder, served) = used();
    let before = requests(&served);
    let db = rusqlite::Connection::open(folder.path("state/state.db")).expect("it is there");
    db.pragma_update(None, "user_version", 99).expect("ours");
    drop(db);
    let bytes = std::fs::read(folder.path("state/state.db")).expect("it is there");
    assert_snapshot!(folder.rollcall(&sync(&served)).told(), @r#"
    -- stderr
    error: the state in state was written by a newer rollcall (state version 99, this one knows N)
      hint: run the newer version, or start over with an empty --state directory
    -- exit 1
    "#);
    assert_eq!(requests(&served), before, "an app was asked");
    let after = std::fs::read(folder.path("state/state.db")).expect("it is there");
    assert!(bytes == after, "the state was touched");
}

#[test]
fn a_state_that_is_damaged() {
    let (folder, served) = used();
    folder.keep("state/state.db", &"no database ".repeat(1000));
    assert_snapshot!(folder.rollcall(&sync(&served)).told(), @r#"
    -- stderr
    error: the state file state/state.db is damaged
      because: file is not a database
      hint: restore the directory from a backup, or start over with an empty --state directory: accounts are found again by their match keys
    -- exit 1
    "#);
}

#[test]
fn a_state_of_sandbox_apps_is_not_for_the_real_ones() {
    let (folder, _served) = used();
    assert_snapshot!(folder.rollcall("sync --config config.yaml").told(), @r#"
    -- stderr
    error: the state in state belongs to sandbox apps
      hint: use another --state directory for the real ones
    -- exit 1
    "#);
    assert_snapshot!(folder.rollcall("status --config config.yaml").told(), @r#"
    -- stderr
    error: the state in state belongs to sandbox apps
      hint: use another --state directory for the real ones
    -- exit 1
    "#);
    let approve = folder.rollcall("approve H-1 --because why --config config.yaml");
    assert_eq!(approve.code, Some(1), "{}", approve.told());
}

#[test]
fn a_state_of_the_real_apps_is_not_for_sandbox_apps() {
    let folder = with("people.yaml", "people.yaml");
    drop(
        SqliteStore::open(&folder.path("state"), StateKind::Real, Access::Write)
            .expect("a new state"),
    );
    let served = folder.serve("config.yaml");
    assert_snapshot!(folder.rollcall(&sync(&served)).told(), @r#"
    -- stderr
    error: the state in state belongs to the real apps
      hint: use another --state directory for the sandbox
    -- exit 1
    "#);
    assert_eq!(requests(&served), r#"{"read":0,"token":0,"write":0}"#);
}

#[test]
fn a_state_directory_that_cannot_be_made() {
    let folder = with("dir: state", "dir: people.yaml/state");
    assert_snapshot!(folder.rollcall("sync --config config.yaml").told(), @r#"
    -- stderr
    error: the state directory people.yaml/state cannot be made
      because: Not a directory (os error 20)
      hint: make it for the user that rollcall runs as, or use another --state directory
    -- exit 1
    "#);
}

/// A state with accounts and a group, whose key file somebody has lost.
fn keyless() -> (Folder, Served) {
    let groups = "{ groups: [staff] }\n    groups: { push: [staff] }";
    let folder = with("{ groups: [staff] }", groups);
    let served = folder.serve("config.yaml");
    let ended = folder.rollcall(&sync(&served));
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    lose(&folder);
    (folder, served)
}

fn lose(folder: &Folder) {
    std::fs::remove_file(folder.path("state/key")).expect("it is there");
}

/// Requests that changed something, up to now.
fn writes(served: &Served) -> u64 {
    served.ask("/_sandbox/wiki/requests")["counts"]["write"]
        .as_u64()
        .expect("a number")
}

#[test]
fn a_lost_key_is_replaced_and_nothing_is_sent() {
    let (folder, served) = keyless();
    let before = writes(&served);
    assert_snapshot!(folder.rollcall(&sync(&served)).told(), @r#"
    hq  2 users, 1 group

    wiki  plan ID, compared with the app

      warnings
        ! the key file was lost: 2 accounts were learned afresh from what the app holds; only what differs from the directory is sent

      in line: nothing to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 0
    "#);
    assert_eq!(writes(&served), before);
    assert_snapshot!(folder.rollcall(&sync(&served)).told(), @r#"
    hq  2 users, 1 group

    wiki  plan ID, compared with the app

      in line: nothing to change

    wiki  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 0
    "#);
    assert_eq!(writes(&served), before);
    // What was learned is known without reading.
    let quick = folder.rollcall(&format!("{} --quick", sync(&served)));
    assert!(
        quick.told().contains("in line: nothing to change"),
        "{}",
        quick.told()
    );
}

#[test]
fn a_change_made_while_the_key_was_lost_is_the_one_write() {
    let (folder, served) = keyless();
    let before = writes(&served);
    folder.write("people.yaml", &PEOPLE.replace("sn: Stone", "sn: Rock"));
    let ended = folder.rollcall(&format!("{} --format json", sync(&served)));
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    let target = &ended.json()["targets"][0];
    let changes: Vec<_> = target["changes"].as_array().into_iter().flatten().collect();
    assert_eq!(changes.len(), 1, "{target}");
    assert_eq!(changes[0]["subject"], "bob");
    assert_eq!(
        changes[0]["attributes"],
        serde_json::json!([
            { "name": "displayName", "old": "Bob Stone", "new": "Bob Rock" },
            { "name": "name.familyName", "old": "Stone", "new": "Rock" }
        ])
    );
    assert_eq!(writes(&served), before + 1);
    let again = folder.rollcall(&sync(&served));
    assert!(
        again.told().contains("in line: nothing to change"),
        "{}",
        again.told()
    );
    assert_eq!(writes(&served), before + 1);
}

#[test]
fn without_the_key_looking_writes_nothing_and_a_quick_run_compares_nobody() {
    let (folder, served) = keyless();
    folder.write("people.yaml", &PEOPLE.replace("sn: Stone", "sn: Rock"));
    let state = || std::fs::read(folder.path("state/state.db")).expect("it is there");
    let before = (writes(&served), state());
    let status = format!("status --config config.yaml --sandbox={}", served.root);
    assert_snapshot!(folder.rollcall(&status).told(), @r#"
    source hq  read HH:MM UTC, AGE ago, 2 users
    target wiki  2 accounts (2 active), 1 group
      last run HH:MM UTC: in line
      ! the key file was lost: 2 accounts to be compared afresh
        → sync without --quick reads the app, and sends only what differs
    -- exit 0
    "#);
    let looked = folder.rollcall(&format!("{} --dry-run", sync(&served)));
    assert_eq!(looked.code, Some(2), "{}", looked.told());
    assert!(!folder.path("state/key").exists());
    assert!(
        (writes(&served), state()) == before,
        "something was written"
    );

    assert_snapshot!(folder.rollcall(&format!("{} --quick", sync(&served))).told(), @r#"
    hq  2 users, 1 group

    wiki  plan ID, compared with what the app last acknowledged

      warnings
        ! the key file was lost: 2 accounts were not compared; run sync without --quick, which reads the app

      nothing else to change

    wiki  0 done, 0 not; requests: 0 read, 0 write, 0 token

    -- exit 4
    "#);
    assert_eq!(writes(&served), before.0);
    let real = folder.rollcall(&sync(&served));
    let plan = |told: String| told.split("to do:").next().map(str::to_owned);
    assert_eq!(plan(real.told()), plan(looked.told()));
    assert_eq!(writes(&served), before.0 + 1);
    let done = folder.rollcall(&status);
    assert!(!done.told().contains("afresh"), "{}", done.told());
}

#[test]
fn another_key_is_refused() {
    let (folder, served) = keyless();
    let before = requests(&served);
    folder.keep("state/key", &"7".repeat(64));
    assert_snapshot!(folder.rollcall(&sync(&served)).told(), @r#"
    -- stderr
    error: the key file state/key is not the one that the fingerprints in the state were made with
      hint: put the right file back from a backup; if there is none, remove this one, and the next sync reads the apps and learns what they hold afresh
    -- exit 1
    "#);
    assert_eq!(requests(&served), before, "an app was asked");
    lose(&folder);
    let ended = folder.rollcall(&sync(&served));
    assert_eq!(ended.code, Some(0), "{}", ended.told());
}

/// Bob's create was sent and its answer lost, then the key, and Bob is called otherwise now.
fn keyless_in_doubt(matching: &str) -> (Folder, Served) {
    let groups = "{ groups: [staff] }";
    let over = format!("{groups}\n    override: {{ users: {{ matching: [{matching}] }} }}");
    let folder = with(groups, &over);
    let served = folder.serve("config.yaml");
    let ended = folder.rollcall(&sync(&served));
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    let store = SqliteStore::open(&folder.path("state"), StateKind::Sandbox, Access::Write)
        .expect("nobody else has it");
    let wiki = TargetName::new("wiki");
    let bob = UserKey::new(&SourceName::new("hq"), "p-2");
    let create = Job {
        subject: Subject::User(bob.clone()),
        action: ActionKind::Create,
        attempts: 1,
        keys: [("userName".into(), Fingerprint(7))].into(),
        content: Fingerprint(7),
        state: JobState::InDoubt(Timestamp::UNIX_EPOCH),
    };
    let batch = [
        Record::DropLink(wiki.clone(), bob),
        Record::PutJob(wiki, create),
    ];
    now(store.commit(Epoch(1), &batch));
    drop(store);
    lose(&folder);
    folder.write("people.yaml", &PEOPLE.replace("uid: bob", "uid: robert"));
    (folder, served)
}

/// What the store gives, which never waits.
fn now<T>(answer: impl Future<Output = Result<T, StoreError>>) -> T {
    answer
        .now_or_never()
        .expect("it does not wait")
        .expect("the state can be used")
}

#[test]
fn an_account_in_doubt_is_found_by_what_bob_is_known_by_now() {
    let (folder, served) = keyless_in_doubt("externalId, userName");
    let before = writes(&served);
    let ended = folder.rollcall(&sync(&served));
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    assert!(ended.told().contains("= adopt"), "{}", ended.told());
    // The new user name, and no second account.
    assert_eq!(writes(&served), before + 1);
}

#[test]
fn an_account_in_doubt_that_nothing_tells_from_an_orphan_waits_for_a_person() {
    let (folder, served) = keyless_in_doubt("userName");
    let before = writes(&served);
    for _ in 0..2 {
        let ended = folder.rollcall(&sync(&served));
        assert_eq!(ended.code, Some(4), "{}", ended.told());
        let parked = "! robert: an answer was lost, and then the key file: the account it may have \
                      made cannot be told from the orphans\n      → if one of the orphans is theirs, \
                      give it their user name in the app; if none is: rollcall retry\n";
        assert!(ended.told().contains(parked), "{}", ended.told());
        assert_eq!(writes(&served), before);
    }
    let retry = format!("retry --config config.yaml --sandbox={}", served.root);
    assert_snapshot!(folder.rollcall(&retry).told(), @r#"
    not parked any more: 1 change; the next sync tries again
    -- exit 0
    "#);
    let ended = folder.rollcall(&sync(&served));
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    assert_eq!(writes(&served), before + 1);
}

/// The rows of the journal about people and groups: whom, what they are called, what was done.
fn journal(journal: &str) -> Vec<String> {
    let folder = with(
        "state: { dir: state }",
        &format!("state: {{ dir: state }}\njournal: {journal}"),
    );
    let served = folder.serve("config.yaml");
    for surname in ["Stone", "Rock"] {
        folder.write("people.yaml", &PEOPLE.replace("Stone", surname));
        let ended = folder.rollcall(&sync(&served));
        assert_eq!(ended.code, Some(0), "{}", ended.told());
    }
    let store = SqliteStore::open(&folder.path("state"), StateKind::Sandbox, Access::Snapshot)
        .expect("a state");
    now(store.journal(None, 100))
        .iter()
        .filter(|line| !line.subject.is_empty())
        .map(|line| {
            format!(
                "{} | {} | {} | {} | {}",
                line.subject, line.label, line.action, line.outcome, line.detail
            )
        })
        .collect()
}

#[test]
fn the_journal_names_people_and_attributes() {
    assert_eq!(
        journal("{}"),
        [
            "user hq:p-1 | ana | create | done | assigned: displayName, emails, externalId, name.familyName, name.givenName, userName",
            "user hq:p-2 | bob | create | done | assigned: displayName, emails, externalId, name.familyName, name.givenName, userName",
            "user hq:p-2 | bob | update | done | changed: displayName, name.familyName",
        ]
    );
}

#[test]
fn the_journal_has_values_where_they_are_wanted() {
    assert_eq!(
        journal("{ values: true }"),
        [
            "user hq:p-1 | ana | create | done | assigned: displayName \"Ana Lima\", emails \"ana@example.com\", externalId \"p-1\", name.familyName \"Lima\", name.givenName \"Ana\", userName \"ana\"",
            "user hq:p-2 | bob | create | done | assigned: displayName \"Bob Stone\", emails \"bob@example.com\", externalId \"p-2\", name.familyName \"Stone\", name.givenName \"Bob\", userName \"bob\"",
            "user hq:p-2 | bob | update | done | changed: displayName \"Bob Stone\" → \"Bob Rock\", name.familyName \"Stone\" → \"Rock\"",
        ]
    );
}

#[test]
fn the_journal_names_nobody_where_labels_are_off() {
    assert_eq!(
        journal("{ labels: false }"),
        [
            "user hq:p-1 |  | create | done | assigned: displayName, emails, externalId, name.familyName, name.givenName, userName",
            "user hq:p-2 |  | create | done | assigned: displayName, emails, externalId, name.familyName, name.givenName, userName",
            "user hq:p-2 |  | update | done | changed: displayName, name.familyName",
        ]
    );
}
