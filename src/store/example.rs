//! Rows for tests: one of each kind, filled to the last field.
//!
//! Promises the same rows every time. Leaves what is checked to the tests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan};

use crate::core::attribute::AttrName;
use crate::core::change::{ActionKind, Subject};
use crate::core::deed::{Deed, Sent};
use crate::core::fingerprint::{Fingerprint, Fingerprints};
use crate::core::key::{GroupKey, RemoteId, SourceName, TargetName, UserKey};
use crate::core::leaver::{LeaveCause, Left};
use crate::core::link::{GroupLink, Job, JobState, Link, Refusal};

use super::JournalEntry;
use crate::core::memory::{Approval, Extent, Hold, Missing, ReadingRecord};
use crate::core::newest::Scale;

pub(super) fn time(minutes: i64) -> Timestamp {
    let start: Timestamp = "2027-03-01T09:00:00.000000001Z".parse().expect("a time");
    start + minutes.minutes()
}

pub(super) fn app() -> TargetName {
    TargetName::new("trotto")
}

pub(super) fn source() -> SourceName {
    SourceName::new("hq")
}

pub(super) fn user(id: impl AsRef<str>) -> UserKey {
    UserKey::new(&source(), id)
}

pub(super) fn group_key(id: &str) -> GroupKey {
    GroupKey::new(&source(), id)
}

fn prints(seed: u64, names: &[&str]) -> Fingerprints {
    names
        .iter()
        .zip(seed..)
        .map(|(name, print)| (AttrName::new(name), Fingerprint(print)))
        .collect()
}

/// A link as most are: active, ten attributes, nothing special.
pub(super) fn plain_link(id: impl AsRef<str>) -> Link {
    const NAMES: [&str; 10] = [
        "userName",
        "externalId",
        "name.givenName",
        "name.familyName",
        "displayName",
        "emails",
        "title",
        "phoneNumbers",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    ];
    Link {
        id: RemoteId::new(format!("8f14e45f-ceea-467f-a8d2-{}", id.as_ref())),
        user: user(id),
        ours: true,
        active: true,
        sent: prints(u64::MAX - 20, &NAMES),
        held: prints(u64::MAX / 2, &NAMES),
        refused: BTreeMap::new(),
        left: None,
        unseen: BTreeMap::new(),
    }
}

/// A link with everything in it.
pub(super) fn full_link(id: &str) -> Link {
    let refusal = Refusal {
        times: 2,
        again: time(30),
    };
    Link {
        ours: false,
        active: false,
        held: prints(7, &["userName"]),
        refused: BTreeMap::from([(AttrName::new("title"), refusal)]),
        left: Some(Left {
            cause: LeaveCause::Disabled,
            since: time(-90),
        }),
        unseen: BTreeMap::from([(AttrName::new("active"), time(-90))]),
        ..plain_link(id)
    }
}

pub(super) fn group_link(id: &str, members: impl IntoIterator<Item = &'static str>) -> GroupLink {
    GroupLink {
        group: group_key(id),
        id: RemoteId::new(format!("g-{id}")),
        ours: true,
        name: Fingerprint(u64::MAX),
        members: members.into_iter().map(user).collect(),
        in_doubt: BTreeSet::from([user("3"), user("88")]),
        unseen: Some(time(-5)),
    }
}

pub(super) fn jobs() -> Vec<Job> {
    let job = |subject, action, attempts, state| Job {
        subject,
        action,
        attempts,
        keys: if attempts == 1 {
            prints(7, &["userName", "emails"])
        } else {
            Fingerprints::new()
        },
        content: Fingerprint(u64::from(attempts) + u64::MAX / 2),
        state,
    };
    vec![
        job(
            Subject::User(user("1")),
            ActionKind::Create,
            1,
            JobState::InDoubt(time(1)),
        ),
        job(
            Subject::User(user("1")),
            ActionKind::Update,
            0,
            JobState::Due(time(2)),
        ),
        job(
            Subject::User(user("2")),
            ActionKind::Update,
            7,
            JobState::Parked {
                since: time(3),
                reason: "two accounts fit".into(),
                hint: "link one of them".into(),
            },
        ),
        job(
            Subject::Group(group_key("g1")),
            ActionKind::AddMembers,
            2,
            JobState::Due(time(0)),
        ),
    ]
}

pub(super) fn hold(id: &str, since: Timestamp) -> Hold {
    Hold {
        id: id.into(),
        lane: "members:hq:g1".into(),
        changes: vec![
            (Subject::User(user("1")), ActionKind::Deactivate),
            (Subject::User(user("2")), ActionKind::Delete),
            (Subject::Group(group_key("g1")), ActionKind::RemoveMembers),
        ],
        limit: 10,
        since,
        approved: None,
    }
}

pub(super) fn approval() -> Approval {
    Approval {
        at: time(5),
        by: "ana".into(),
        because: "the east office closed".into(),
    }
}

pub(super) fn reading() -> ReadingRecord {
    ReadingRecord {
        at: time(0),
        settings: u64::MAX - 1,
        extent: Extent::Part,
        users: 3,
        attributes: BTreeMap::from([("mail".into(), 3), ("title".into(), 1)]),
        groups: BTreeMap::from([("staff".into(), 3)]),
        dangling: Some(2),
        newest: Scale::ALL
            .map(|scale| ((scale, "001".into()), "7".into()))
            .into(),
    }
}

pub(super) fn missing(readings: u32) -> Missing {
    Missing {
        since: time(0),
        readings,
    }
}

pub(super) fn line(subject: &str, action: &str) -> JournalEntry {
    JournalEntry {
        at: time(0),
        run: "r1".into(),
        target: "trotto".into(),
        subject: subject.into(),
        label: "ana".into(),
        action: action.into(),
        outcome: "done".into(),
        detail: "title".into(),
        count: 1,
        approved: false,
        requests: vec![Sent {
            method: "PATCH".into(),
            path: "/Users/7".into(),
            status: Some(200),
            times: 1,
        }],
        deed: Some(Deed::Account("7".into())),
    }
}
