//! Reading what is remembered, table by table.
//!
//! Promises that a row which cannot be read is an error that names it, and is never left out.
//! Leaves what a row means to the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Row, params};

use crate::core::change::{ActionKind, Reason, Subject};
use crate::core::fingerprint::Fingerprint;
use crate::core::key::{GroupKey, RemoteId, SourceName, TargetName, UserKey};
use crate::core::leaver::Left;
use crate::core::link::{GroupLink, Job, JobState, Link};
use crate::core::memory::{
    Approval, Extent, Hold, Missing, ReadingRecord, ReadingTrouble, SourceState, TargetState,
    Window,
};
use crate::core::newest::{Marks, Scale};

use super::column::{Act, Bits, Cause, Count, Stamp, Unknown, damaged, subject};
use super::names::{Names, People};
use super::pack::Torn;
use super::{Span, looked, pin, verdict};

/// Everything about a target; the window counts from `since`.
pub(super) fn target(
    db: &Connection,
    names: &mut Names,
    target: &TargetName,
    since: Timestamp,
) -> rusqlite::Result<TargetState> {
    Ok(TargetState {
        links: links(db, names, target, &Span::default())?,
        ..outline(db, names, target, since)?
    })
}

/// Everything but the links of its users; the window counts from `since`.
pub(super) fn outline(
    db: &Connection,
    names: &mut Names,
    target: &TargetName,
    since: Timestamp,
) -> rusqlite::Result<TargetState> {
    Ok(TargetState {
        links: BTreeMap::new(),
        even: Arc::default(),
        groups: groups(db, names, target)?,
        jobs: jobs(db, names, target)?,
        holds: holds(db, target)?,
        verdicts: verdict::of_target(db, target)?,
        looked: looked::of_target(db, target)?,
        pins: pin::of_target(db, target)?,
        window: window(db, target, since)?,
    })
}

/// Everything about a source.
pub(super) fn source(db: &Connection, source: &SourceName) -> rusqlite::Result<SourceState> {
    Ok(SourceState {
        last: reading(db, source)?,
        missing: missing(db, source)?,
        rows: rows(db, source)?,
        trouble: trouble(db, source)?,
    })
}

/// Everybody of a source with a link, or for whom a request may have made an account, in any target, who
/// `counts`.
pub(super) fn holders(
    db: &Connection,
    source: &SourceName,
    counts: &dyn Fn(&UserKey) -> bool,
) -> rusqlite::Result<BTreeSet<UserKey>> {
    // `CROSS` keeps SQLite from going through all links again for each person.
    let mut query = db.prepare_cached(
        "SELECT person.key FROM link CROSS JOIN person ON person.number = link.person
         WHERE person.source = ?1
         UNION ALL
         SELECT key FROM job
         WHERE source = ?1 AND subject = 'user' AND state = 'in_doubt'
           AND (action = 'create' OR action = 'reactivate' AND length(keys) > 0)",
    )?;
    let mut rows = query.query([source.as_str()])?;
    let mut holders = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let user = UserKey::new(source, row.get_ref(0)?.as_str()?);
        if counts(&user) {
            holders.insert(user);
        }
    }
    Ok(holders)
}

/// The links of a span of users.
pub(super) fn links(
    db: &Connection,
    names: &mut Names,
    target: &TargetName,
    span: &Span<'_>,
) -> rusqlite::Result<BTreeMap<UserKey, Link>> {
    let (after, upto) = (span.after, span.upto);
    // `CROSS` makes SQLite go along the keys. No source is called by an empty name.
    db.prepare_cached(
        "SELECT person.key, remote_id, ours, active, sent, held, refused, left_cause, left_since,
                unseen, person.source
         FROM person CROSS JOIN link ON link.target = ?1 AND link.person = person.number
         WHERE (person.source, person.key) > (?2, ?3)
           AND (?4 IS NULL OR (person.source, person.key) <= (?4, ?5))",
    )?
    .query_map(
        params![
            target.as_str(),
            after.map_or("", |user| user.source.as_str()),
            after.map_or("", |user| &*user.id),
            upto.map(|user| user.source.as_str()),
            upto.map(|user| &*user.id),
        ],
        |row| {
            let link = link(row, names)?;
            Ok((link.user.clone(), link))
        },
    )?
    .collect()
}

/// The links of these users.
pub(super) fn links_of(
    db: &Connection,
    names: &mut Names,
    target: &TargetName,
    users: &BTreeSet<UserKey>,
) -> rusqlite::Result<BTreeMap<UserKey, Link>> {
    let mut query = db.prepare_cached(
        "SELECT person.key, remote_id, ours, active, sent, held, refused, left_cause, left_since,
                unseen, person.source
         FROM person CROSS JOIN link ON link.target = ?1 AND link.person = person.number
         WHERE person.source = ?2 AND person.key = ?3",
    )?;
    let mut found = BTreeMap::new();
    for user in users {
        let key = params![target.as_str(), user.source.as_str(), user.id];
        let link = query.query_row(key, |row| link(row, names)).optional()?;
        found.extend(link.map(|link| (user.clone(), link)));
    }
    Ok(found)
}

fn link(row: &Row<'_>, names: &Names) -> rusqlite::Result<Link> {
    let source = SourceName::new(row.get_ref(10)?.as_str()?);
    Ok(Link {
        user: UserKey::new(&source, row.get_ref(0)?.as_str()?),
        id: RemoteId::new(row.get_ref(1)?.as_str()?),
        ours: row.get(2)?,
        active: row.get(3)?,
        sent: names
            .fingerprints(row.get_ref(4)?.as_blob()?)
            .map_err(torn(4))?,
        held: names
            .fingerprints(row.get_ref(5)?.as_blob()?)
            .map_err(torn(5))?,
        refused: names
            .refusals(row.get_ref(6)?.as_blob()?)
            .map_err(torn(6))?,
        left: left(row, 7)?,
        unseen: names.times(row.get_ref(9)?.as_blob()?).map_err(torn(9))?,
    })
}

fn left(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Left>> {
    let cause: Option<Cause> = row.get(first)?;
    let since: Option<Stamp> = row.get(first + 1)?;
    Ok(cause.zip(since).map(|(cause, since)| Left {
        cause: cause.0,
        since: since.0,
    }))
}

fn groups(
    db: &Connection,
    names: &mut Names,
    target: &TargetName,
) -> rusqlite::Result<BTreeMap<GroupKey, GroupLink>> {
    let has_some: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM group_link WHERE target = ?1)")?
        .query_row([target.as_str()], |row| row.get(0))?;
    if !has_some {
        return Ok(BTreeMap::new());
    }
    let people = names.people(db)?;
    db.prepare_cached(
        "SELECT source, key, remote_id, ours, name, members, unseen, in_doubt
         FROM group_link WHERE target = ?1",
    )?
    .query_map([target.as_str()], |row| {
        let group = group(row, &people)?;
        Ok((group.group.clone(), group))
    })?
    .collect()
}

fn group(row: &Row<'_>, people: &People) -> rusqlite::Result<GroupLink> {
    let source = SourceName::new(row.get_ref(0)?.as_str()?);
    Ok(GroupLink {
        group: GroupKey::new(&source, row.get_ref(1)?.as_str()?),
        id: RemoteId::new(row.get_ref(2)?.as_str()?),
        ours: row.get(3)?,
        name: Fingerprint(row.get::<_, Bits>(4)?.0),
        members: people
            .members(row.get_ref(5)?.as_blob()?)
            .map_err(torn(5))?,
        unseen: row.get::<_, Option<Stamp>>(6)?.map(|at| at.0),
        in_doubt: people
            .members(row.get_ref(7)?.as_blob()?)
            .map_err(torn(7))?
            .iter()
            .collect(),
    })
}

fn torn(column: usize) -> impl Fn(Torn) -> Error {
    move |cause| Error::FromSqlConversionFailure(column, Type::Blob, Box::new(cause))
}

fn jobs(db: &Connection, names: &Names, target: &TargetName) -> rusqlite::Result<Vec<Job>> {
    let mut jobs: Vec<Job> = db
        .prepare_cached(
            "SELECT subject, source, key, action, attempts, state, at, reason, hint, content,
                    keys
             FROM job WHERE target = ?1",
        )?
        .query_map([target.as_str()], |row| job(row, names))?
        .collect::<Result<_, _>>()?;
    jobs.sort_by(|a, b| (&a.subject, a.action).cmp(&(&b.subject, b.action)));
    Ok(jobs)
}

fn job(row: &Row<'_>, names: &Names) -> rusqlite::Result<Job> {
    let at = row.get::<_, Stamp>(6)?.0;
    let state = match row.get_ref(5)?.as_str()? {
        "due" => JobState::Due(at),
        "in_doubt" => JobState::InDoubt(at),
        "parked" => JobState::Parked {
            since: at,
            reason: row.get(7)?,
            hint: row.get(8)?,
        },
        word => return Err(damaged(5, Unknown::new("state of a job", word))),
    };
    Ok(Job {
        subject: subject(row, 0)?,
        action: row.get::<_, Act>(3)?.0,
        attempts: row.get(4)?,
        content: Fingerprint(row.get::<_, Bits>(9)?.0),
        keys: names
            .fingerprints(row.get_ref(10)?.as_blob()?)
            .map_err(torn(10))?,
        state,
    })
}

fn holds(db: &Connection, target: &TargetName) -> rusqlite::Result<Vec<Hold>> {
    let mut holds: Vec<Hold> = db
        .prepare_cached(
            "SELECT id, lane, size_limit, since, approved_at, approved_by, because
             FROM hold WHERE target = ?1 ORDER BY since, id",
        )?
        .query_map([target.as_str()], hold)?
        .collect::<Result<_, _>>()?;
    for hold in &mut holds {
        hold.changes = hold_changes(db, target, &hold.id)?;
    }
    Ok(holds)
}

fn hold(row: &Row<'_>) -> rusqlite::Result<Hold> {
    let approved = match row.get::<_, Option<Stamp>>(4)? {
        Some(at) => Some(Approval {
            at: at.0,
            by: row.get(5)?,
            because: row.get(6)?,
        }),
        None => None,
    };
    Ok(Hold {
        id: row.get(0)?,
        lane: row.get(1)?,
        changes: Vec::new(),
        limit: row.get::<_, Count>(2)?.0,
        since: row.get::<_, Stamp>(3)?.0,
        approved,
    })
}

fn hold_changes(
    db: &Connection,
    target: &TargetName,
    hold: &str,
) -> rusqlite::Result<Vec<(Subject, ActionKind)>> {
    db.prepare_cached(
        "SELECT subject, source, key, action FROM hold_change
         WHERE target = ?1 AND hold = ?2 ORDER BY position",
    )?
    .query_map([target.as_str(), hold], |row| {
        Ok((subject(row, 0)?, row.get::<_, Act>(3)?.0))
    })?
    .collect()
}

fn window(db: &Connection, target: &TargetName, since: Timestamp) -> rusqlite::Result<Window> {
    let mut window = Window {
        members: members_removed(db, target, since)?,
        recreated: recreated(db, target, since)?,
        ..Window::default()
    };
    let mut query = db.prepare_cached(
        "SELECT action, sum(count) FROM journal
         WHERE target = ?1 AND at >= ?2 AND outcome = 'done' AND approved = 0 GROUP BY action",
    )?;
    let mut rows = query.query(params![target.as_str(), Stamp(since)])?;
    while let Some(row) = rows.next()? {
        let Some(action) = ActionKind::from_word(row.get_ref(0)?.as_str()?) else {
            continue;
        };
        count(&mut window, action, row.get::<_, Count>(1)?.0);
    }
    Ok(window)
}

fn count(window: &mut Window, action: ActionKind, number: usize) {
    match action {
        ActionKind::Deactivate | ActionKind::Delete => window.leavers += number,
        ActionKind::Create | ActionKind::Adopt | ActionKind::Reactivate => {
            window.joiners += number;
        }
        ActionKind::Update => window.updates += number,
        ActionKind::Rekey => window.rekeyed += number,
        // Members taken out are counted by group; the rest has no limit.
        ActionKind::RemoveMembers
        | ActionKind::AddMembers
        | ActionKind::AdoptGroup
        | ActionKind::CreateGroup
        | ActionKind::RenameGroup
        | ActionKind::DeleteGroup => {}
    }
}

fn members_removed(
    db: &Connection,
    target: &TargetName,
    since: Timestamp,
) -> rusqlite::Result<BTreeMap<GroupKey, usize>> {
    let action = ActionKind::RemoveMembers.word();
    db.prepare_cached(
        "SELECT subject, sum(count) FROM journal
         WHERE target = ?1 AND at >= ?2 AND outcome = 'done' AND approved = 0 AND action = ?3
         GROUP BY subject",
    )?
    .query_map(params![target.as_str(), Stamp(since), action], |row| {
        Ok((journaled_group(row)?, row.get::<_, Count>(1)?.0))
    })?
    .collect()
}

/// Accounts made again that the app had lost, by the reason that their lines begin with.
fn recreated(db: &Connection, target: &TargetName, since: Timestamp) -> rusqlite::Result<usize> {
    let action = ActionKind::Create.word();
    let reason = format!("{}:*", Reason::Vanished.word());
    db.prepare_cached(
        "SELECT coalesce(sum(count), 0) FROM journal
         WHERE target = ?1 AND at >= ?2 AND outcome = 'done' AND approved = 0 AND action = ?3
           AND detail GLOB ?4",
    )?
    .query_row(
        params![target.as_str(), Stamp(since), action, reason],
        |row| Ok(row.get::<_, Count>(0)?.0),
    )
}

/// The group of a journal line: `group hq:g7`. One that is none would slip past the guard, so it is
/// an error.
fn journaled_group(row: &Row<'_>) -> rusqlite::Result<GroupKey> {
    let text = row.get_ref(0)?.as_str()?;
    text.strip_prefix("group ")
        .and_then(|key| key.split_once(':'))
        .map(|(source, id)| GroupKey::new(&SourceName::new(source), id))
        .ok_or_else(|| damaged(0, Unknown::new("group", text)))
}

fn reading(db: &Connection, source: &SourceName) -> rusqlite::Result<Option<ReadingRecord>> {
    let found = db
        .prepare_cached(
            "SELECT at, settings, users, coverage, dangling FROM reading WHERE source = ?1",
        )?
        .query_row([source.as_str()], |row| {
            Ok(ReadingRecord {
                at: row.get::<_, Stamp>(0)?.0,
                settings: row.get::<_, Bits>(1)?.0,
                users: row.get::<_, Count>(2)?.0,
                extent: extent(row)?,
                attributes: BTreeMap::new(),
                groups: BTreeMap::new(),
                dangling: row.get::<_, Option<Count>>(4)?.map(|count| count.0),
                newest: Marks::new(),
            })
        })
        .optional()?;
    found
        .map(|mut reading| {
            reading.attributes = reading_attributes(db, source)?;
            reading.groups = reading_groups(db, source)?;
            reading.newest = reading_marks(db, source)?;
            Ok(reading)
        })
        .transpose()
}

fn extent(row: &Row<'_>) -> rusqlite::Result<Extent> {
    let word = row.get_ref(3)?.as_str()?;
    Extent::from_word(word).ok_or_else(|| damaged(3, Unknown::new("coverage", word)))
}

fn reading_attributes(
    db: &Connection,
    source: &SourceName,
) -> rusqlite::Result<BTreeMap<String, usize>> {
    db.prepare_cached("SELECT name, users FROM reading_attribute WHERE source = ?1")?
        .query_map([source.as_str()], |row| {
            Ok((row.get(0)?, row.get::<_, Count>(1)?.0))
        })?
        .collect()
}

fn reading_groups(
    db: &Connection,
    source: &SourceName,
) -> rusqlite::Result<BTreeMap<String, usize>> {
    db.prepare_cached("SELECT key, members FROM reading_group WHERE source = ?1")?
        .query_map([source.as_str()], |row| {
            Ok((row.get(0)?, row.get::<_, Count>(1)?.0))
        })?
        .collect()
}

fn reading_marks(db: &Connection, source: &SourceName) -> rusqlite::Result<Marks> {
    db.prepare_cached("SELECT scale, origin, at FROM reading_mark WHERE source = ?1")?
        .query_map([source.as_str()], |row| {
            let word = row.get_ref(0)?.as_str()?;
            let scale = Scale::from_word(word);
            let scale = scale.ok_or_else(|| damaged(0, Unknown::new("scale", word)))?;
            Ok(((scale, row.get(1)?), row.get(2)?))
        })?
        .collect()
}

fn rows(db: &Connection, source: &SourceName) -> rusqlite::Result<BTreeMap<UserKey, UserKey>> {
    db.prepare_cached("SELECT key, owner_source, owner FROM joined_row WHERE source = ?1")?
        .query_map([source.as_str()], |row| {
            let owner = SourceName::new(row.get_ref(1)?.as_str()?);
            Ok((
                UserKey::new(source, row.get_ref(0)?.as_str()?),
                UserKey::new(&owner, row.get_ref(2)?.as_str()?),
            ))
        })?
        .collect()
}

fn trouble(db: &Connection, source: &SourceName) -> rusqlite::Result<Option<ReadingTrouble>> {
    db.prepare_cached("SELECT since, problem FROM reading_trouble WHERE source = ?1")?
        .query_row([source.as_str()], |row| {
            Ok(ReadingTrouble {
                since: row.get::<_, Stamp>(0)?.0,
                problem: row.get(1)?,
            })
        })
        .optional()
}

fn missing(db: &Connection, source: &SourceName) -> rusqlite::Result<BTreeMap<UserKey, Missing>> {
    db.prepare_cached("SELECT key, since, readings FROM missing WHERE source = ?1")?
        .query_map([source.as_str()], |row| {
            let user = UserKey::new(source, row.get_ref(0)?.as_str()?);
            let missing = Missing {
                since: row.get::<_, Stamp>(1)?.0,
                readings: row.get(2)?,
            };
            Ok((user, missing))
        })?
        .collect()
}
