//! What a state directory must do beyond what every store must: locks, crashes, snapshots, damage.
//!
//! Promises to check words and files as a person would see them. Leaves rows to
//! [`super::conformance`].

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::core::attribute::Value;
use crate::core::fingerprint::{Fingerprint, Fingerprints};
use crate::core::key::TargetName;
use crate::core::link::Link;

use super::example::{app, full_link, group_link, jobs, line, plain_link, time};
use super::schema::STEPS;
use super::{
    Access, Epoch, Record, SqliteStore, StateKind, Store, StoreError, TargetState, private,
};

const NOW: Epoch = Epoch(1);

/// A directory that does not exist yet.
fn home() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("state");
    (home, dir)
}

fn open(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, StateKind::Real, Access::Write).expect("a state")
}

fn refusal(dir: &Path, kind: StateKind, access: Access) -> StoreError {
    SqliteStore::open(dir, kind, access).expect_err("refused")
}

fn peek(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, StateKind::Real, Access::Snapshot).expect("a snapshot")
}

async fn fill(store: &SqliteStore) {
    let mut batch = vec![
        Record::PutLink(app(), full_link("1")),
        Record::PutGroup(app(), group_link("g1", ["1", "2"])),
        Record::Journal(line("user hq:1", "update")),
    ];
    batch.extend(jobs().into_iter().map(|job| Record::PutJob(app(), job)));
    store.commit(NOW, &batch).await.expect("written");
}

async fn state(store: &SqliteStore) -> TargetState {
    store.target(&app(), time(-1440)).await.expect("readable")
}

/// Every name in a directory with content and mode. The memory that readers and a writer share
/// (`-shm`) holds no state, and a reader marks there how far it has read.
fn listing(dir: &Path) -> BTreeMap<String, (Vec<u8>, u32)> {
    fs::read_dir(dir)
        .expect("readable")
        .map(|entry| {
            let entry = entry.expect("readable");
            let name = entry.file_name().to_string_lossy().into_owned();
            let content = fs::read(entry.path()).expect("readable");
            let mode = entry.metadata().expect("there").permissions().mode() & 0o777;
            (name, (content, mode))
        })
        .collect()
}

/// What is on the disk when the power fails now: the files without the memory they share.
fn crash(dir: &Path) -> (tempfile::TempDir, PathBuf) {
    let (home, copy) = home();
    private::make_directory(&copy).expect("made");
    for (name, (content, mode)) in listing(dir) {
        if name.ends_with("-shm") {
            continue;
        }
        fs::write(copy.join(&name), content).expect("written");
        fs::set_permissions(copy.join(&name), fs::Permissions::from_mode(mode)).expect("set");
    }
    (home, copy)
}

#[tokio::test]
async fn a_new_directory_is_for_its_owner_alone() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    let mode = fs::metadata(&dir).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    let modes: BTreeMap<_, _> = listing(&dir)
        .into_iter()
        .map(|(name, (_, mode))| (name, mode))
        .collect();
    let names = ["key", "lock", "state.db", "state.db-shm", "state.db-wal"];
    assert_eq!(modes, names.map(|name| (name.to_owned(), 0o600)).into());
    drop(store);
    assert_eq!(
        listing(&dir).into_keys().collect::<Vec<_>>(),
        ["key", "lock", "state.db"]
    );
}

#[tokio::test]
async fn a_state_is_there_again_after_a_clean_end_and_after_a_crash() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    let written = state(&store).await;
    let print = |store: &SqliteStore| {
        store
            .fingerprint_key()
            .of(&"mail".into(), &Value::text("a"))
    };
    let (_crashed_home, crashed) = crash(&dir);
    let before = print(&store);
    drop(store);
    for dir in [dir, crashed] {
        let again = open(&dir);
        assert_eq!(state(&again).await, written);
        assert_eq!(print(&again), before);
        assert_eq!(again.verify().expect("whole"), 1);
        again
            .commit(NOW, &[Record::Journal(line("user hq:1", "update"))])
            .await
            .expect("written");
        assert_eq!(again.verify().expect("whole"), 2);
    }
}

#[tokio::test]
async fn half_a_batch_in_the_log_is_no_batch() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    let before = state(&store).await;
    let whole = fs::metadata(dir.join("state.db-wal")).expect("there").len();
    let batch: Vec<_> = (0..500)
        .map(|n| Record::PutLink(app(), plain_link(format!("{n}"))))
        .collect();
    store.commit(NOW, &batch).await.expect("written");
    let longer = fs::metadata(dir.join("state.db-wal")).expect("there").len();
    for length in [whole, whole + 1, whole.midpoint(longer), longer - 1] {
        let (_crashed_home, crashed) = crash(&dir);
        let log = fs::File::options()
            .write(true)
            .open(crashed.join("state.db-wal"));
        log.and_then(|log| log.set_len(length)).expect("cut");
        assert_eq!(
            state(&open(&crashed)).await,
            before,
            "cut to {length} bytes"
        );
    }
}

#[test]
fn one_writer_at_a_time() {
    let (_home, dir) = home();
    let store = open(&dir);
    let error = refusal(&dir, StateKind::Real, Access::Write);
    let (shown, process) = (dir.display(), std::process::id());
    assert_eq!(
        error.to_string(),
        format!("the state in {shown} is in use by another rollcall (process {process})")
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("stop it first, or use another --state directory")
    );
    drop(store);
    open(&dir);
}

#[test]
fn sandbox_and_real_never_mix() {
    let (_home, dir) = home();
    drop(SqliteStore::open(&dir, StateKind::Sandbox, Access::Write).expect("a state"));
    for access in [Access::Write, Access::Snapshot] {
        let error = refusal(&dir, StateKind::Real, access);
        let shown = dir.display();
        assert_eq!(
            error.problem,
            format!("the state in {shown} belongs to sandbox apps")
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("use another --state directory for the real ones")
        );
    }
    let (_home, dir) = home();
    drop(open(&dir));
    let error = refusal(&dir, StateKind::Sandbox, Access::Write);
    assert_eq!(
        error.problem,
        format!("the state in {} belongs to the real apps", dir.display())
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("use another --state directory for the sandbox")
    );
    open(&dir);
}

#[test]
fn a_crash_before_the_first_mark_leaves_a_new_state() {
    let (_home, dir) = home();
    drop(open(&dir));
    let db = Connection::open(dir.join("state.db")).expect("open");
    db.execute("DELETE FROM meta", []).expect("no marks");
    drop(db);
    drop(SqliteStore::open(&dir, StateKind::Sandbox, Access::Write).expect("still new"));
    let error = refusal(&dir, StateKind::Real, Access::Write);
    assert_eq!(
        error.hint.as_deref(),
        Some("use another --state directory for the real ones")
    );
}

#[test]
fn a_newer_state_is_left_alone() {
    let (_home, dir) = home();
    drop(open(&dir));
    let db = Connection::open(dir.join("state.db")).expect("open");
    db.pragma_update(None, "user_version", 99).expect("written");
    drop(db);
    let before = listing(&dir);
    for access in [Access::Write, Access::Snapshot] {
        let error = refusal(&dir, StateKind::Real, access);
        assert_eq!(
            error.problem,
            format!(
                "the state in {} was written by a newer rollcall (state version 99, this one \
                 knows {})",
                dir.display(),
                STEPS.len()
            )
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("run the newer version, or start over with an empty --state directory")
        );
    }
    assert_eq!(listing(&dir)["state.db"], before["state.db"]);
}

#[tokio::test]
async fn another_key_is_refused_until_it_is_taken_away() {
    let (_home, dir) = home();
    drop(open(&dir));
    let key = dir.join("key");
    let right = fs::read_to_string(&key).expect("readable");
    let shown = key.display();

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("changed");
    let error = refusal(&dir, StateKind::Real, Access::Write);
    assert_eq!(
        error.problem,
        format!("the key file {shown} can be read by others (mode 0644)")
    );
    assert_eq!(error.hint, Some(format!("run: chmod 600 {shown}")));

    private::write(&key, &"0".repeat(64)).expect("written");
    for access in [Access::Write, Access::Snapshot] {
        let error = refusal(&dir, StateKind::Real, access);
        assert_eq!(
            error.problem,
            format!(
                "the key file {shown} is not the one that the fingerprints in the state were made \
                 with"
            )
        );
        assert_eq!(
            error.hint.as_deref(),
            Some(
                "put the right file back from a backup; if there is none, remove this one, and the \
                 next sync reads the apps and learns what they hold afresh"
            )
        );
    }
    private::write(&key, &right).expect("written");
    open(&dir);
    fs::remove_file(&key).expect("removed");
    open(&dir);
    assert_ne!(fs::read_to_string(&key).expect("a new one"), right);
}

/// What the filled state is without its key: who has which account, and nothing of values.
fn without_prints(mut state: TargetState) -> TargetState {
    for link in state.links.values_mut() {
        forget(&mut link.sent);
        forget(&mut link.held);
    }
    for link in state.groups.values_mut() {
        link.name = Fingerprint::UNKNOWN;
    }
    for job in &mut state.jobs {
        job.content = Fingerprint::UNKNOWN;
        forget(&mut job.keys);
    }
    state
}

fn forget(prints: &mut Fingerprints) {
    for print in prints.values_mut() {
        *print = Fingerprint::UNKNOWN;
    }
}

#[tokio::test]
async fn without_its_key_a_state_forgets_values_and_nothing_else() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    // More than one step takes, and in two targets.
    let other = TargetName::new("zulip");
    let crowd: Vec<_> = (0..1500)
        .map(|n| Record::PutLink(other.clone(), plain_link(format!("{n}"))))
        .collect();
    store.commit(NOW, &crowd).await.expect("written");
    let known = without_prints(state(&store).await);
    drop(store);
    fs::remove_file(dir.join("key")).expect("removed");

    let store = open(&dir);
    assert_eq!(state(&store).await, known);
    let crowd = store.target(&other, time(0)).await.expect("readable");
    assert_eq!(crowd.links.len(), 1500);
    assert!(crowd.links.values().all(Link::is_forgotten));
    let lines = store.journal(None, 10).await.expect("readable");
    let last = lines.last().expect("a line");
    assert_eq!((&*last.action, &*last.outcome), ("new_key", "done"));
    assert_eq!(
        last.detail,
        "the key file was missing: fingerprints forgotten of links: 1501, groups: 1, changes in the \
         outbox: 4"
    );
    assert_eq!(store.verify().expect("whole"), 2);
    let mode = fs::metadata(dir.join("key"))
        .expect("made")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(store);
    // The new key is its key from now on.
    assert_eq!(open(&dir).verify().expect("whole"), 2);
}

#[tokio::test]
async fn a_snapshot_without_the_key_forgets_in_its_copy_only() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    let known = without_prints(state(&store).await);
    drop(store);
    fs::remove_file(dir.join("key")).expect("removed");
    let before = listing(&dir);
    let snapshot = peek(&dir);
    assert_eq!(state(&snapshot).await, known);
    drop(snapshot);
    assert_eq!(listing(&dir), before);
}

/// A crash between the two steps: the state has forgotten, and its new key was never kept.
#[tokio::test]
async fn a_crash_before_the_new_key_is_kept_forgets_once_more() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    drop(store);
    for lines in [2, 3] {
        fs::remove_file(dir.join("key")).expect("removed");
        assert_eq!(open(&dir).verify().expect("whole"), lines);
    }
}

#[tokio::test]
async fn a_torn_row_is_not_forgotten_but_told() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    drop(store);
    let db = Connection::open(dir.join("state.db")).expect("open");
    db.execute("UPDATE link SET held = x'010203'", [])
        .expect("torn");
    drop(db);
    fs::remove_file(dir.join("key")).expect("removed");
    let error = refusal(&dir, StateKind::Real, Access::Write);
    let shown = dir.join("state.db");
    assert_eq!(
        error.problem,
        format!("the state file {} is damaged", shown.display())
    );
    assert!(!dir.join("key").exists());
}

#[tokio::test]
async fn a_damaged_file_is_told() {
    let (_home, dir) = home();
    let store = open(&dir);
    let batch: Vec<_> = (0..500)
        .map(|n| Record::PutLink(app(), plain_link(format!("{n}"))))
        .collect();
    store.commit(NOW, &batch).await.expect("written");
    drop(store);
    let file = dir.join("state.db");
    let mut bytes = fs::read(&file).expect("readable");
    bytes[4096..].fill(0xA5);
    fs::write(&file, bytes).expect("written");
    let problem = format!("the state file {} is damaged", file.display());
    let error = refusal(&dir, StateKind::Real, Access::Write);
    assert_eq!(error.problem, problem);
    assert_eq!(
        error.hint.as_deref(),
        Some(
            "restore the directory from a backup, or start over with an empty --state directory: \
             accounts are found again by their match keys"
        )
    );
    fs::write(
        &file,
        "no database at all, but long enough to be taken for one",
    )
    .expect("written");
    assert_eq!(
        refusal(&dir, StateKind::Real, Access::Snapshot).problem,
        problem
    );
}

#[tokio::test]
async fn a_torn_row_is_damage_and_is_not_left_out() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    drop(store);
    let db = Connection::open(dir.join("state.db")).expect("open");
    db.execute("UPDATE link SET held = x'010203'", [])
        .expect("torn");
    drop(db);
    let store = open(&dir);
    let error = store.target(&app(), time(0)).await.expect_err("damaged");
    let shown = dir.join("state.db");
    assert_eq!(
        error.problem,
        format!("the state file {} is damaged", shown.display())
    );
    let cause = error.cause.expect("a cause").to_string();
    assert!(cause.contains("a packed list is torn"), "{cause}");
}

#[test]
fn a_snapshot_of_nothing_is_empty_and_makes_nothing() {
    let (home, dir) = home();
    let store = peek(&dir);
    assert_eq!(
        store.summary(&app()).expect("readable"),
        super::TargetSummary::default()
    );
    assert!(!dir.exists());
    peek(home.path());
    assert_eq!(listing(home.path()), BTreeMap::new());
}

#[tokio::test]
async fn a_snapshot_changes_nothing_after_a_clean_end_or_a_crash() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    let written = state(&store).await;
    let (_crashed_home, crashed) = crash(&dir);
    drop(store);
    for dir in [dir, crashed] {
        let before = listing(&dir);
        let snapshot = peek(&dir);
        assert_eq!(state(&snapshot).await, written);
        let error = snapshot.commit(NOW, &[]).await.expect_err("refused");
        assert_eq!(
            error.problem,
            format!("the state in {} was opened for reading only", dir.display())
        );
        drop(snapshot);
        assert_eq!(listing(&dir), before);
    }
}

#[tokio::test]
async fn a_snapshot_beside_a_writer_holds_one_moment() {
    let (_home, dir) = home();
    let store = open(&dir);
    fill(&store).await;
    let written = state(&store).await;
    let without_shared_memory = |dir: &Path| {
        let mut files = listing(dir);
        files.remove("state.db-shm").expect("there");
        files
    };
    let before = without_shared_memory(&dir);
    let snapshot = peek(&dir);
    assert_eq!(without_shared_memory(&dir), before);
    store
        .commit(NOW, &[Record::PutLink(app(), plain_link("later"))])
        .await
        .expect("written");
    assert_eq!(state(&snapshot).await, written);
    assert_eq!(state(&peek(&dir)).await.links.len(), 2);
}

#[tokio::test]
async fn ten_thousand_links_come_back_as_they_were_written() {
    let (_home, dir) = home();
    let store = open(&dir);
    let links: Vec<Link> = (0..10_000).map(|n| plain_link(format!("{n}"))).collect();
    let batch: Vec<_> = links
        .iter()
        .map(|link| Record::PutLink(app(), link.clone()))
        .collect();
    store.commit(NOW, &batch).await.expect("written");
    let mut read: Vec<Link> = state(&store).await.links.into_values().collect();
    read.sort_by_key(|link| link.user.id.parse::<u32>().expect("a number"));
    assert_eq!(read, links);
}
