//! The tables of a state, and the steps from an older version to this one.
//!
//! Promises that a step is done as a whole or not at all, that an older state is copied to
//! `state.db.v<N>.bak` before its first step, and that neither a newer state nor a file of somebody
//! else's is touched. Leaves rows to [`super::load`] and [`super::write`].

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::place::{FILE, Place};
use super::{StoreError, private};

/// The steps, in order: after the first, the state has version 1.
pub(super) const STEPS: &[&str] = &[
    include_str!("schema/001_first.sql"),
    include_str!("schema/002_verdicts.sql"),
    include_str!("schema/003_unseen.sql"),
    include_str!("schema/004_looked.sql"),
    include_str!("schema/005_coverage.sql"),
    include_str!("schema/006_undo.sql"),
    include_str!("schema/007_doubt.sql"),
    include_str!("schema/008_newest.sql"),
    include_str!("schema/009_hidden.sql"),
];

/// Marks the file as ours (`rllc` in ASCII).
const APPLICATION: u32 = 0x726c_6c63;

/// Refuses a file that is not ours or that a newer program wrote.
///
/// # Errors
/// Says which of the two.
pub(super) fn check(db: &Connection, place: &Place) -> Result<(), StoreError> {
    let application: u32 = pragma(db, place, "application_id")?;
    let tables: u32 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(place.while_opening())?;
    if application != APPLICATION && (application != 0 || tables > 0) {
        return Err(StoreError::new(
            format!("{} was not made by rollcall", place.file()),
            "use another --state directory",
        ));
    }
    let (found, known) = (version(db, place)?, STEPS.len());
    if found > known {
        return Err(place.refuse(
            &format!(
                "was written by a newer rollcall (state version {found}, this one knows {known})"
            ),
            "run the newer version, or start over with an empty --state directory",
        ));
    }
    Ok(())
}

/// Is there nothing in it yet?
///
/// # Errors
/// When it cannot be read.
pub(super) fn is_new(db: &Connection, place: &Place) -> Result<bool, StoreError> {
    Ok(version(db, place)? == 0)
}

/// Does the steps that are still to do, keeping a copy of an older state in `backups`, if given.
///
/// # Errors
/// When a step fails; the state is then as it was before that step.
pub(super) fn upgrade(
    db: &mut Connection,
    place: &Place,
    steps: &[&str],
    backups: Option<&Path>,
) -> Result<(), StoreError> {
    let found = version(db, place)?;
    if let Some(dir) = backups
        && found > 0
        && found < steps.len()
    {
        back_up(db, place, &dir.join(format!("{FILE}.v{found}.bak")))?;
    }
    for (step, version) in steps.iter().zip(1_u32..).skip(found) {
        advance(db, step, version).map_err(place.while_writing())?;
    }
    Ok(())
}

fn advance(db: &mut Connection, step: &str, version: u32) -> rusqlite::Result<()> {
    let step_by_step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    step_by_step.execute_batch(step)?;
    step_by_step.pragma_update(None, "application_id", APPLICATION)?;
    step_by_step.pragma_update(None, "user_version", version)?;
    step_by_step.commit()
}

fn back_up(db: &Connection, place: &Place, path: &Path) -> Result<(), StoreError> {
    let unwritten = |cause| private::failed(path, "could not be written", cause);
    let beside = private::beside(path);
    private::remove(&beside).map_err(unwritten)?;
    let file = private::open(&beside)?;
    db.backup(
        rusqlite::MAIN_DB,
        &beside,
        None::<fn(rusqlite::backup::Progress)>,
    )
    .map_err(place.while_writing())?;
    file.sync_all()
        .and_then(|()| private::replace(&beside, path))
        .map_err(unwritten)
}

fn version(db: &Connection, place: &Place) -> Result<usize, StoreError> {
    pragma(db, place, "user_version").map(|version: u32| version as usize)
}

fn pragma(db: &Connection, place: &Place, name: &str) -> Result<u32, StoreError> {
    db.pragma_query_value(None, name, |row| row.get(0))
        .map_err(place.while_opening())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older() -> Connection {
        let mut db = Connection::open_in_memory().expect("memory");
        upgrade(&mut db, &Place::Memory, &STEPS[..1], None).expect("made");
        db.execute("INSERT INTO attribute VALUES (1, 'userName')", [])
            .expect("written");
        db
    }

    #[test]
    fn an_older_state_is_copied_before_its_first_step() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut db = older();
        let steps = [
            STEPS[0],
            "ALTER TABLE attribute ADD COLUMN more TEXT",
            "DROP TABLE missing",
        ];
        upgrade(&mut db, &Place::Memory, &steps, Some(dir.path())).expect("upgraded");
        assert_eq!(version(&db, &Place::Memory).expect("readable"), 3);

        let copy = Connection::open(dir.path().join("state.db.v1.bak")).expect("a copy");
        assert_eq!(version(&copy, &Place::Memory).expect("readable"), 1);
        let name: String = copy
            .query_row("SELECT name FROM attribute", [], |row| row.get(0))
            .expect("the row");
        assert_eq!(name, "userName");
        upgrade(&mut db, &Place::Memory, &steps, Some(dir.path())).expect("nothing to do");
        assert!(!dir.path().join("state.db.v3.bak").exists());
    }

    #[test]
    fn an_older_link_has_nothing_unseen() {
        let mut db = older();
        db.execute_batch(
            "INSERT INTO person VALUES (1, 'hq', '1');
             INSERT INTO link VALUES ('app', 1, 'u', 1, 1, x'', x'', x'', NULL, NULL);
             INSERT INTO group_link VALUES ('app', 'hq', 'g', 'g', 1, 0, x'');",
        )
        .expect("written");
        upgrade(&mut db, &Place::Memory, STEPS, None).expect("upgraded");
        let unseen: (Vec<u8>, Option<String>) = db
            .query_row(
                "SELECT link.unseen, group_link.unseen FROM link JOIN group_link USING (target)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .expect("the row");
        assert_eq!(unseen, (Vec::new(), None));
    }

    #[test]
    fn a_step_that_fails_leaves_nothing_behind() {
        let mut db = older();
        let steps = [STEPS[0], "DROP TABLE missing; DROP TABLE no_such_table"];
        let error = upgrade(&mut db, &Place::Memory, &steps, None).expect_err("a bad step");
        assert_eq!(error.problem, "the state in memory could not be written");
        assert_eq!(version(&db, &Place::Memory).expect("readable"), 1);
        db.execute("DELETE FROM missing", []).expect("still there");
    }

    #[test]
    fn a_file_of_somebody_else_is_refused() {
        let db = Connection::open_in_memory().expect("memory");
        check(&db, &Place::Memory).expect("an empty file may become ours");
        db.execute("CREATE TABLE invoices (id INTEGER)", [])
            .expect("made");
        let error = check(&db, &Place::Memory).expect_err("not ours");
        assert_eq!(
            error.problem,
            "the state in memory was not made by rollcall"
        );
        assert_eq!(error.hint.as_deref(), Some("use another --state directory"));
    }
}
