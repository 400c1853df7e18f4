//! The state in an `SQLite` file, or in memory.
//!
//! Promises what [`Store`] promises: a batch is one transaction, synced (`synchronous=FULL`, WAL)
//! before [`Store::commit`] returns. Works inline, without a thread of its own, so that a
//! simulated installation does the same steps in the same order every time; a commit keeps its
//! caller for as long as the disk takes to sync. Leaves tables to [`super::load`] and
//! [`super::write`].
//!
//! A state directory holds `state.db` (with `-wal` and `-shm` while a writer is at work), `key`,
//! `lock`, `tokens` (see [`super::tokens`]) and, after an upgrade, `state.db.v<N>.bak`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use crate::core::fingerprint::FingerprintKey;
use crate::core::key::{SourceName, TargetName, UserKey};
use crate::core::link::Link;

use super::history::{Wanted, Written};
use super::lock::Lock;
use super::names::Names;
use super::place::Place;
use super::summary::TargetSummary;
use super::write::Writer;
use super::{
    Epoch, JournalEntry, Journaling, Record, SourceState, Span, Store, StoreError, TargetState,
    connection, history, identity, journal, load, private, schema, snapshot, summary,
};

/// Whose state it is; decided when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// Of the real apps.
    Real,
    /// Of sandbox copies of them.
    Sandbox,
}

impl StateKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Sandbox => "sandbox",
        }
    }
}

/// What a state is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading and writing, alone.
    Write,
    /// Reading a copy of this moment. Nothing in the directory is made or changed; where there is
    /// no state, it is an empty one under a key that nobody keeps.
    Snapshot,
}

/// The state.
pub struct SqliteStore {
    // Before the lock: fields are dropped in order, and the file is closed before others may write.
    inner: Mutex<Inner>,
    _lock: Option<Lock>,
    place: Place,
    kind: StateKind,
    access: Access,
    key: FingerprintKey,
    journaling: Mutex<Journaling>,
}

struct Inner {
    db: Connection,
    /// Read when first needed; taken out for a batch, and put back only when the batch is in.
    names: Option<Names>,
}

impl SqliteStore {
    /// Opens the state in a directory. For writing, both are made if they are not there. Where the key
    /// file is gone, the state gets a new key and all its fingerprints become
    /// [`UNKNOWN`](crate::core::fingerprint::Fingerprint::UNKNOWN): for a snapshot only in the copy.
    ///
    /// # Errors
    /// When another process writes it, it is of the other kind or of a newer version, it is damaged,
    /// its key is another one, or the system refuses.
    pub fn open(dir: &Path, kind: StateKind, access: Access) -> Result<Self, StoreError> {
        match access {
            Access::Write => Self::open_for_writing(dir, kind),
            Access::Snapshot => Self::open_snapshot(dir, kind),
        }
    }

    /// A new sandbox state that ends with this process. Its fingerprint key is always the same, so
    /// that runs in it are too.
    ///
    /// # Panics
    /// When there is no memory left for an empty database.
    #[must_use]
    pub fn in_memory() -> Self {
        let open = || {
            let place = Place::Memory;
            let mut db = Connection::open_in_memory().map_err(place.while_opening())?;
            schema::upgrade(&mut db, &place, schema::STEPS, None)?;
            let (kind, key) = (StateKind::Sandbox, FingerprintKey::new(&[0; 32]));
            identity::mark(&mut db, &place, kind, &key)?;
            Self::new(db, place, kind, Access::Write, key, None)
        };
        open().expect("an empty database in memory opens")
    }

    /// The same, with a journal that says this.
    #[must_use]
    pub fn with_journaling(self, journaling: Journaling) -> Self {
        self.set_journaling(journaling);
        self
    }

    /// From now on the journal says this.
    pub fn set_journaling(&self, journaling: Journaling) {
        *self.journaling_now() = journaling;
    }

    fn journaling_now(&self) -> MutexGuard<'_, Journaling> {
        self.journaling
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A new state in memory that holds a copy of all that is committed in this one: what a crash at
    /// this moment would leave behind. What is written to either is not seen by the other.
    ///
    /// # Errors
    /// When this one cannot be read.
    pub fn fork(&self) -> Result<Self, StoreError> {
        let copy = snapshot::duplicate(&self.locked().db).map_err(self.place.while_reading())?;
        let key = self.key.clone();
        let copy = Self::new(copy, Place::Memory, self.kind, Access::Write, key, None)?;
        Ok(copy.with_journaling(*self.journaling_now()))
    }

    /// A [`fork`](Self::fork) whose key file was lost at the moment `at`: it has the key `key`, and all
    /// its fingerprints are forgotten.
    ///
    /// # Errors
    /// When this one cannot be read, or a row of it is damaged.
    pub fn fork_under(&self, key: FingerprintKey, at: Timestamp) -> Result<Self, StoreError> {
        let mut copy =
            snapshot::duplicate(&self.locked().db).map_err(self.place.while_reading())?;
        let place = Place::Memory;
        identity::replace_key(&mut copy, &place, &key, at)?;
        let copy = Self::new(copy, place, self.kind, Access::Write, key, None)?;
        Ok(copy.with_journaling(*self.journaling_now()))
    }

    /// The key that this state's fingerprints are made with.
    #[must_use]
    pub fn fingerprint_key(&self) -> FingerprintKey {
        self.key.clone()
    }

    /// Whose state it is.
    #[must_use]
    pub fn kind(&self) -> StateKind {
        self.kind
    }

    /// What is remembered of a target, in numbers.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn summary(&self, target: &TargetName) -> Result<TargetSummary, StoreError> {
        self.read(|db| summary::of_target(db, target))
    }

    /// What people called the subject (`user hq:1001`, `group hq:g7`) when the journal last named it.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn last_label(&self, subject: &str) -> Result<Option<String>, StoreError> {
        self.read(|db| journal::last_label(db, subject))
    }

    /// Gives the wanted lines of the journal to `each`, oldest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn history(
        &self,
        wanted: &Wanted,
        mut each: impl FnMut(Written),
    ) -> Result<(), StoreError> {
        self.read(|db| history::read(db, wanted, &mut each))
    }

    /// The runs whose names begin with `prefix` and that did something to somebody, oldest first.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn runs(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.read(|db| history::runs(db, prefix))
    }

    /// The last run that did something to somebody and took nothing back.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn last_run(&self) -> Result<Option<String>, StoreError> {
        self.read(history::last_run)
    }

    /// Every subject that the journal names (`user hq:1001`), with each label it had.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn subjects(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(history::subjects)
    }

    /// The subjects whose links have moved to other keys since: they are called what those are called.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn moved(&self) -> Result<BTreeSet<String>, StoreError> {
        self.read(history::moved)
    }

    /// Checks the journal's hash chain and gives the number of lines.
    ///
    /// # Errors
    /// Names the first line that is missing or not as it was written.
    pub fn verify(&self) -> Result<usize, StoreError> {
        journal::verify(&self.locked().db, &self.place)
    }

    /// Lets the file grow to `pages` pages of 4 KiB and no further (but never less than it has): a
    /// full disk, for tests and simulations.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn limit_pages(&self, pages: NonZeroU32) -> Result<(), StoreError> {
        self.locked()
            .db
            .pragma_update(None, "max_page_count", pages.get())
            .map_err(self.place.while_writing())
    }

    fn open_for_writing(dir: &Path, kind: StateKind) -> Result<Self, StoreError> {
        let place = Place::Directory(dir.into());
        private::make_directory(dir)?;
        let lock = Lock::take(dir)?;
        let mut db = connection::connect(dir, &place)?;
        schema::check(&db, &place)?;
        identity::check_kind(&db, &place, kind)?;
        connection::log_ahead(&db, &place)?;
        schema::upgrade(&mut db, &place, schema::STEPS, Some(dir))?;
        let access = Access::Write;
        let key = identity::settle_key(&mut db, &place, dir, kind, access)?;
        Self::new(db, place, kind, access, key, Some(lock))
    }

    fn open_snapshot(dir: &Path, kind: StateKind) -> Result<Self, StoreError> {
        let place = Place::Directory(dir.into());
        let mut db = match snapshot::take(dir, &place)? {
            Some(copy) => copy,
            None => Connection::open_in_memory().map_err(place.while_opening())?,
        };
        schema::check(&db, &place)?;
        identity::check_kind(&db, &place, kind)?;
        schema::upgrade(&mut db, &place, schema::STEPS, None)?;
        let access = Access::Snapshot;
        let key = identity::settle_key(&mut db, &place, dir, kind, access)?;
        Self::new(db, place, kind, access, key, None)
    }

    fn new(
        db: Connection,
        place: Place,
        kind: StateKind,
        access: Access,
        key: FingerprintKey,
        lock: Option<Lock>,
    ) -> Result<Self, StoreError> {
        connection::tune(&db).map_err(place.while_opening())?;
        let inner = Mutex::new(Inner { db, names: None });
        Ok(Self {
            inner,
            _lock: lock,
            place,
            kind,
            access,
            key,
            journaling: Mutex::default(),
        })
    }

    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        read(&self.locked().db).map_err(self.place.while_reading())
    }

    /// Reads what names attributes.
    fn read_named<T>(
        &self,
        read: impl FnOnce(&Connection, &mut Names) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let unread = self.place.while_reading();
        let mut inner = self.locked();
        let mut names = inner.take_names().map_err(&unread)?;
        let found = read(&inner.db, &mut names);
        inner.names = Some(names);
        found.map_err(&unread)
    }

    fn write_batch(&self, epoch: Epoch, batch: &[Record]) -> Result<(), StoreError> {
        self.check_access()?;
        let unwritten = self.place.while_writing();
        let mut inner = self.locked();
        let mut names = inner.take_names().map_err(&unwritten)?;
        let transaction = inner
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(&unwritten)?;
        identity::check_epoch(&transaction, &self.place, epoch)?;
        let mut writer = Writer::new(&transaction, &mut names, *self.journaling_now());
        for record in batch {
            writer.write(record).map_err(&unwritten)?;
        }
        writer.finish().map_err(&unwritten)?;
        transaction.commit().map_err(&unwritten)?;
        inner.names = Some(names);
        Ok(())
    }

    fn check_access(&self) -> Result<(), StoreError> {
        match self.access {
            Access::Write => Ok(()),
            Access::Snapshot => Err(self.place.refuse(
                "was opened for reading only",
                "this should not happen: please report it",
            )),
        }
    }
}

impl Inner {
    /// The names, out of the keeping of the store: whoever loses them makes it read them anew.
    fn take_names(&mut self) -> rusqlite::Result<Names> {
        match self.names.take() {
            Some(names) => Ok(names),
            None => Names::load(&self.db),
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}, {:?})",
            self.place,
            self.kind.word(),
            self.access
        )
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn target(
        &self,
        target: &TargetName,
        since: Timestamp,
    ) -> Result<TargetState, StoreError> {
        self.read_named(|db, names| load::target(db, names, target, since))
    }

    async fn outline(
        &self,
        target: &TargetName,
        since: Timestamp,
    ) -> Result<TargetState, StoreError> {
        self.read_named(|db, names| load::outline(db, names, target, since))
    }

    async fn links(
        &self,
        target: &TargetName,
        span: Span<'_>,
    ) -> Result<BTreeMap<UserKey, Link>, StoreError> {
        self.read_named(|db, names| load::links(db, names, target, &span))
    }

    async fn links_of(
        &self,
        target: &TargetName,
        users: &BTreeSet<UserKey>,
    ) -> Result<BTreeMap<UserKey, Link>, StoreError> {
        self.read_named(|db, names| load::links_of(db, names, target, users))
    }

    async fn source(&self, source: &SourceName) -> Result<SourceState, StoreError> {
        self.read(|db| load::source(db, source))
    }

    async fn holders(
        &self,
        source: &SourceName,
        counts: &(dyn for<'u> Fn(&'u UserKey) -> bool + Sync),
    ) -> Result<BTreeSet<UserKey>, StoreError> {
        self.read(|db| load::holders(db, source, counts))
    }

    async fn commit(&self, epoch: Epoch, batch: &[Record]) -> Result<(), StoreError> {
        self.write_batch(epoch, batch)
    }

    fn journaling(&self) -> Journaling {
        *self.journaling_now()
    }

    async fn journal(
        &self,
        subject: Option<&str>,
        limit: usize,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        self.read(|db| journal::tail(db, subject, limit))
    }
}
