//! Writing a batch, record by record, inside one transaction.
//!
//! Promises one statement or two a record, prepared once. Leaves the transaction to the store: when
//! a record fails, nothing of the batch may stay.

use rusqlite::{Connection, Params, params};

use crate::core::change::{ActionKind, Subject};
use crate::core::key::{GroupKey, SourceName, TargetName, UserKey};
use crate::core::link::{GroupLink, Job, JobState, Link};

use super::column::{Bits, Count, Stamp, subject_parts};
use super::journal::End;
use super::names::Names;
use super::{Hold, JournalEntry, Journaling, Missing, ReadingRecord, Record};
use super::{looked, pin, verdict};

/// Writes records into an open transaction.
pub(super) struct Writer<'a> {
    db: &'a Connection,
    names: &'a mut Names,
    journal: Option<End>,
    journaling: Journaling,
}

impl<'a> Writer<'a> {
    /// A writer into the transaction that is open on `db`.
    pub(super) fn new(db: &'a Connection, names: &'a mut Names, journaling: Journaling) -> Self {
        Self {
            db,
            names,
            journal: None,
            journaling,
        }
    }

    /// Writes one record.
    pub(super) fn write(&mut self, record: &Record) -> rusqlite::Result<()> {
        match record {
            Record::PutLink(target, link) => self.put_link(target, link),
            Record::DropLink(target, user) => self.drop_link(target, user),
            Record::PutGroup(target, group) => self.put_group(target, group),
            Record::DropGroup(target, group) => self.drop_group(target, group),
            Record::PutJob(target, job) => self.put_job(target, job),
            Record::DropJob(target, subject, action) => self.drop_job(target, subject, *action),
            Record::PutHold(target, hold) => self.put_hold(target, hold),
            Record::DropHold(target, id) => self.drop_hold(target, id),
            Record::PutVerdict(target, told) => verdict::put(self.db, target, told),
            Record::DropVerdict(target, told) => verdict::drop(self.db, target, told),
            Record::PutLooked(target, user, at) => looked::put(self.db, target, user, *at),
            Record::DropLooked(target, user) => looked::drop(self.db, target, user),
            Record::PutPin(target, pinned, told) => pin::put(self.db, target, pinned, told),
            Record::DropPin(target, pinned) => pin::drop(self.db, target, pinned),
            Record::PutReading(source, reading) => self.put_reading(source, reading),
            Record::PutMissing(user, missing) => self.put_missing(user, missing),
            Record::DropMissing(user) => self.drop_missing(user),
            Record::PutRow(row, owner) => self.put_row(row, owner),
            Record::DropRow(row) => self.run(
                "DELETE FROM joined_row WHERE source = ?1 AND key = ?2",
                params![row.source.as_str(), row.id],
            ),
            Record::PutTrouble(source, trouble) => self.run(
                "REPLACE INTO reading_trouble (source, since, problem) VALUES (?1, ?2, ?3)",
                params![source.as_str(), Stamp(trouble.since), trouble.problem],
            ),
            Record::DropTrouble(source) => self.run(
                "DELETE FROM reading_trouble WHERE source = ?1",
                [source.as_str()],
            ),
            Record::Journal(entry) => self.journal(entry),
        }
    }

    /// Writes what comes last: where the journal ends now.
    pub(super) fn finish(self) -> rusqlite::Result<()> {
        match self.journal {
            Some(end) => end.save(self.db),
            None => Ok(()),
        }
    }

    fn run(&self, sql: &str, values: impl Params) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn put_link(&mut self, target: &TargetName, link: &Link) -> rusqlite::Result<()> {
        let person = self.names.number_person(self.db, &link.user)?;
        let sent = self.names.pack_fingerprints(self.db, &link.sent)?;
        let held = self.names.pack_fingerprints(self.db, &link.held)?;
        let refused = self.names.pack_refusals(self.db, &link.refused)?;
        let unseen = self.names.pack_times(self.db, &link.unseen)?;
        self.run(
            "REPLACE INTO link (target, person, remote_id, ours, active, sent, held, refused,
                                left_cause, left_since, unseen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                target.as_str(),
                person,
                link.id.as_str(),
                link.ours,
                link.active,
                sent,
                held,
                refused,
                link.left.map(|left| left.cause.word()),
                link.left.map(|left| Stamp(left.since)),
                unseen,
            ],
        )
    }

    fn drop_link(&self, target: &TargetName, user: &UserKey) -> rusqlite::Result<()> {
        let Some(person) = Names::known_person(self.db, user)? else {
            return Ok(());
        };
        self.run(
            "DELETE FROM link WHERE target = ?1 AND person = ?2",
            params![target.as_str(), person],
        )
    }

    fn put_group(&mut self, target: &TargetName, link: &GroupLink) -> rusqlite::Result<()> {
        let in_doubt = link.in_doubt.iter().cloned().collect();
        let members = self.names.pack_members(self.db, &link.members)?;
        let in_doubt = self.names.pack_members(self.db, &in_doubt)?;
        self.run(
            "REPLACE INTO group_link (target, source, key, remote_id, ours, name, members, unseen,
                                      in_doubt)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                target.as_str(),
                link.group.source.as_str(),
                link.group.id,
                link.id.as_str(),
                link.ours,
                Bits(link.name.0),
                members,
                link.unseen.map(Stamp),
                in_doubt,
            ],
        )
    }

    fn drop_group(&self, target: &TargetName, group: &GroupKey) -> rusqlite::Result<()> {
        self.run(
            "DELETE FROM group_link WHERE target = ?1 AND source = ?2 AND key = ?3",
            params![target.as_str(), group.source.as_str(), group.id],
        )
    }

    fn put_job(&mut self, target: &TargetName, job: &Job) -> rusqlite::Result<()> {
        let keys = self.names.pack_fingerprints(self.db, &job.keys)?;
        let (kind, source, key) = subject_parts(&job.subject);
        let (state, at, reason, hint) = match &job.state {
            JobState::Due(at) => ("due", at, None, None),
            JobState::InDoubt(at) => ("in_doubt", at, None, None),
            JobState::Parked {
                since,
                reason,
                hint,
            } => ("parked", since, Some(reason), Some(hint)),
        };
        self.run(
            "REPLACE INTO job (target, subject, source, key, action, attempts, state, at, reason,
                               hint, content, keys)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                target.as_str(),
                kind,
                source,
                key,
                job.action.word(),
                job.attempts,
                state,
                Stamp(*at),
                reason,
                hint,
                Bits(job.content.0),
                keys,
            ],
        )
    }

    fn drop_job(
        &self,
        target: &TargetName,
        subject: &Subject,
        action: ActionKind,
    ) -> rusqlite::Result<()> {
        let (kind, source, key) = subject_parts(subject);
        self.run(
            "DELETE FROM job WHERE target = ?1 AND subject = ?2 AND source = ?3 AND key = ?4
                                   AND action = ?5",
            params![target.as_str(), kind, source, key, action.word()],
        )
    }

    fn put_hold(&self, target: &TargetName, hold: &Hold) -> rusqlite::Result<()> {
        self.drop_hold(target, &hold.id)?;
        let approved = hold.approved.as_ref();
        self.run(
            "INSERT INTO hold (target, id, lane, size_limit, since, approved_at, approved_by,
                               because)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                target.as_str(),
                hold.id,
                hold.lane,
                Count(hold.limit),
                Stamp(hold.since),
                approved.map(|approval| Stamp(approval.at)),
                approved.map(|approval| &approval.by),
                approved.map(|approval| &approval.because),
            ],
        )?;
        for (position, (subject, action)) in hold.changes.iter().enumerate() {
            let (kind, source, key) = subject_parts(subject);
            self.run(
                "INSERT INTO hold_change (target, hold, position, subject, source, key, action)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    target.as_str(),
                    hold.id,
                    Count(position),
                    kind,
                    source,
                    key,
                    action.word()
                ],
            )?;
        }
        Ok(())
    }

    /// Its changes go with it.
    fn drop_hold(&self, target: &TargetName, id: &str) -> rusqlite::Result<()> {
        self.run(
            "DELETE FROM hold WHERE target = ?1 AND id = ?2",
            [target.as_str(), id],
        )
    }

    fn put_reading(&self, source: &SourceName, reading: &ReadingRecord) -> rusqlite::Result<()> {
        self.run("DELETE FROM reading WHERE source = ?1", [source.as_str()])?;
        self.run(
            "INSERT INTO reading (source, at, settings, users, coverage, dangling)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                source.as_str(),
                Stamp(reading.at),
                Bits(reading.settings),
                Count(reading.users),
                reading.extent.word(),
                reading.dangling.map(Count)
            ],
        )?;
        for (name, users) in &reading.attributes {
            self.run(
                "INSERT INTO reading_attribute (source, name, users) VALUES (?1, ?2, ?3)",
                params![source.as_str(), name, Count(*users)],
            )?;
        }
        for (key, members) in &reading.groups {
            self.run(
                "INSERT INTO reading_group (source, key, members) VALUES (?1, ?2, ?3)",
                params![source.as_str(), key, Count(*members)],
            )?;
        }
        for ((scale, origin), at) in &reading.newest {
            self.run(
                "INSERT INTO reading_mark (source, scale, origin, at) VALUES (?1, ?2, ?3, ?4)",
                params![source.as_str(), scale.word(), origin, at],
            )?;
        }
        Ok(())
    }

    fn put_missing(&self, user: &UserKey, missing: &Missing) -> rusqlite::Result<()> {
        self.run(
            "REPLACE INTO missing (source, key, since, readings) VALUES (?1, ?2, ?3, ?4)",
            params![
                user.source.as_str(),
                user.id,
                Stamp(missing.since),
                missing.readings
            ],
        )
    }

    fn put_row(&self, row: &UserKey, owner: &UserKey) -> rusqlite::Result<()> {
        self.run(
            "REPLACE INTO joined_row (source, key, owner_source, owner) VALUES (?1, ?2, ?3, ?4)",
            params![row.source.as_str(), row.id, owner.source.as_str(), owner.id],
        )
    }

    fn drop_missing(&self, user: &UserKey) -> rusqlite::Result<()> {
        self.run(
            "DELETE FROM missing WHERE source = ?1 AND key = ?2",
            params![user.source.as_str(), user.id],
        )
    }

    fn journal(&mut self, entry: &JournalEntry) -> rusqlite::Result<()> {
        let mut end = match self.journal.take() {
            Some(end) => end,
            None => End::load(self.db)?,
        };
        // The label of a line without a subject is no person's: the id of a hold.
        if self.journaling.labels || entry.subject.is_empty() {
            end.append(self.db, entry)?;
        } else {
            let nameless = JournalEntry {
                label: String::new(),
                ..entry.clone()
            };
            end.append(self.db, &nameless)?;
        }
        self.journal = Some(end);
        Ok(())
    }
}
