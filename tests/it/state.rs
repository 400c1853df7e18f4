//! What a person reads when the state cannot be used, and that nothing was sent then.
//!
//! Promises that a state is written by one process, for one kind of app, and by a program that
//! knows its version. Leaves a disk that is full to [`super::full_disk`].

use insta::assert_snapshot;
use rollcall::store::{Access, SqliteStore, StateKind};

use super::program::{Folder, Served};
use super::wiki::with;

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
