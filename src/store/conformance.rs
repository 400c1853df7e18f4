//! What every store must do, run on a directory and in memory.
//!
//! Promises that a check which passes on one passes on the other. Leaves what only a directory has
//! (locks, crashes, snapshots) to [`super::directory`].

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use crate::core::change::{ActionKind, Subject};
use crate::core::fingerprint::Fingerprint;
use crate::core::key::{GroupKey, SourceName, TargetName, UserKey};
use crate::core::link::{JobState, Link};
use crate::core::memory::{ReadingTrouble, Verdict, Window};
use crate::core::pin::{Pin, Pinned};

use super::example::{
    app, approval, full_link, group_key, group_link, hold, jobs, line, missing, plain_link,
    reading, source, time, user,
};
use super::{
    Access, Epoch, Hold, JournalEntry, Journaling, LastRun, Record, SourceState, SqliteStore,
    StateKind, Store, StoreError, TargetState, TargetSummary,
};

const NOW: Epoch = Epoch(1);

/// Runs a check on a store in a directory, on one in memory, and on a copy.
async fn on_each(check: impl AsyncFn(&SqliteStore)) {
    let dir = tempfile::tempdir().expect("a directory");
    let on_disk =
        SqliteStore::open(dir.path(), StateKind::Real, Access::Write).expect("a new state");
    let copy = on_disk.fork().expect("a copy");
    check(&on_disk).await;
    check(&copy).await;
    check(&SqliteStore::in_memory()).await;
}

async fn put(store: &SqliteStore, batch: &[Record]) {
    store.commit(NOW, batch).await.expect("written");
}

async fn state(store: &SqliteStore) -> TargetState {
    store.target(&app(), time(-1440)).await.expect("readable")
}

async fn refused(store: &SqliteStore, batch: &[Record]) -> StoreError {
    store.commit(NOW, batch).await.expect_err("refused")
}

#[tokio::test]
async fn without_labels_a_line_names_nobody() {
    let store = SqliteStore::in_memory().with_journaling(Journaling {
        labels: false,
        ..Journaling::default()
    });
    let about_nobody = JournalEntry {
        label: "H-12345678".into(),
        ..line("", "hold")
    };
    let lines = [line("user hq:1", "update"), about_nobody.clone()];
    put(&store, &lines.map(Record::Journal)).await;
    let nameless = JournalEntry {
        label: String::new(),
        ..line("user hq:1", "update")
    };
    assert_eq!(
        store.journal(None, 10).await.expect("readable"),
        [nameless, about_nobody]
    );
    assert_eq!(store.verify().expect("whole"), 2);
    assert!(!store.fork().expect("a copy").journaling().labels);
}

#[tokio::test]
async fn an_empty_state_is_empty() {
    on_each(async |store| {
        assert_eq!(state(store).await, TargetState::default());
        assert_eq!(
            store.source(&source()).await.expect("readable"),
            SourceState::default()
        );
        assert_eq!(store.journal(None, 10).await.expect("readable"), []);
        assert_eq!(store.verify().expect("whole"), 0);
        put(store, &[]).await;
    })
    .await;
}

#[tokio::test]
async fn links_come_back_as_they_were_put() {
    on_each(async |store| {
        let links = [full_link("1"), plain_link("2"), plain_link("10")];
        let batch: Vec<_> = links
            .iter()
            .map(|l| Record::PutLink(app(), l.clone()))
            .collect();
        put(store, &batch).await;
        let expected: BTreeMap<_, _> = links.into_iter().map(|l| (l.user.clone(), l)).collect();
        assert_eq!(state(store).await.links, expected);

        let other = TargetName::new("other");
        let changed = Link {
            active: false,
            ..plain_link("2")
        };
        put(
            store,
            &[
                Record::DropLink(app(), user("1")),
                Record::DropLink(app(), user("nobody")),
                Record::DropLink(other.clone(), user("10")),
                Record::PutLink(app(), changed.clone()),
            ],
        )
        .await;
        let links = state(store).await.links;
        assert_eq!(links.keys().collect::<Vec<_>>(), [&user("10"), &user("2")]);
        assert_eq!(links[&user("2")], changed);
        let elsewhere = store.target(&other, time(0)).await.expect("readable");
        assert_eq!(elsewhere, TargetState::default());
    })
    .await;
}

#[tokio::test]
async fn groups_keep_their_members() {
    on_each(async |store| {
        // Members need no link, and their numbers need not rise with their keys.
        put(store, &[Record::PutLink(app(), plain_link("9"))]).await;
        let group = group_link("g1", ["1", "5", "9", "77"]);
        put(store, &[Record::PutGroup(app(), group.clone())]).await;
        assert_eq!(
            state(store).await.groups,
            BTreeMap::from([(group_key("g1"), group)])
        );

        let group = group_link("g1", ["5", "6"]);
        put(store, &[Record::PutGroup(app(), group.clone())]).await;
        assert_eq!(state(store).await.groups[&group_key("g1")], group);
        put(store, &[Record::DropGroup(app(), group_key("g1"))]).await;
        assert_eq!(state(store).await.groups, BTreeMap::new());
    })
    .await;
}

#[tokio::test]
async fn people_of_two_sources_are_two_people() {
    on_each(async |store| {
        let elsewhere = UserKey::new(&SourceName::new("lab"), "1");
        let link = Link {
            user: elsewhere.clone(),
            ..plain_link("1")
        };
        put(
            store,
            &[
                Record::PutLink(app(), plain_link("1")),
                Record::PutLink(app(), link),
            ],
        )
        .await;
        let links = state(store).await.links;
        assert_eq!(
            links.into_keys().collect::<Vec<_>>(),
            [user("1"), elsewhere]
        );
    })
    .await;
}

#[tokio::test]
async fn a_job_replaces_the_one_with_the_same_subject_and_action() {
    on_each(async |store| {
        let mut batch: Vec<_> = jobs()
            .into_iter()
            .map(|j| Record::PutJob(app(), j))
            .collect();
        batch.reverse();
        put(store, &batch).await;
        assert_eq!(state(store).await.jobs, jobs());

        let mut expected = jobs();
        expected[1].state = JobState::InDoubt(time(9));
        expected[1].attempts = 1;
        expected[2].state = JobState::Due(time(9));
        let changes = [1, 2].map(|at| Record::PutJob(app(), expected[at].clone()));
        put(store, &changes).await;
        assert_eq!(state(store).await.jobs, expected);

        let first = Subject::User(user("1"));
        put(
            store,
            &[
                Record::DropJob(app(), first.clone(), ActionKind::Update),
                Record::DropJob(app(), first, ActionKind::Delete),
            ],
        )
        .await;
        expected.remove(1);
        assert_eq!(state(store).await.jobs, expected);
    })
    .await;
}

#[tokio::test]
async fn whoever_may_have_an_account_holds_one() {
    on_each(async |store| {
        let mut in_doubt = jobs().remove(0);
        in_doubt.subject = Subject::User(user("made"));
        let mut called_back = in_doubt.clone();
        called_back.subject = Subject::User(user("called back"));
        called_back.action = ActionKind::Reactivate;
        let mut on_again = called_back.clone();
        on_again.subject = Subject::User(user("on again"));
        on_again.keys.clear();
        let jobs = [in_doubt, called_back, on_again];
        let jobs = jobs.map(|job| Record::PutJob(app(), job));
        put(store, &jobs).await;
        put(store, &[Record::PutLink(app(), plain_link("2"))]).await;
        let holders = store.holders(&source(), &|_| true).await.expect("readable");
        let expected = ["2", "called back", "made"].map(user);
        assert_eq!(holders.into_iter().collect::<Vec<_>>(), expected);
        let state = state(store).await;
        let mut known: Vec<_> = state.holders().cloned().collect();
        known.sort();
        assert_eq!(known, expected);
    })
    .await;
}

#[tokio::test]
async fn holds_stand_newest_last_and_go_with_their_changes() {
    on_each(async |store| {
        let (late, early) = (hold("a", time(10)), hold("b", time(1)));
        put(
            store,
            &[
                Record::PutHold(app(), late.clone()),
                Record::PutHold(app(), early.clone()),
            ],
        )
        .await;
        assert_eq!(state(store).await.holds, [early.clone(), late.clone()]);

        let approved = Hold {
            approved: Some(approval()),
            changes: early.changes[1..].to_vec(),
            ..early
        };
        put(store, &[Record::PutHold(app(), approved.clone())]).await;
        assert_eq!(state(store).await.holds, [approved, late.clone()]);
        put(store, &[Record::DropHold(app(), "b".into())]).await;
        assert_eq!(state(store).await.holds, [late]);
        put(store, &[Record::DropHold(app(), "a".into())]).await;
        let again = Hold {
            changes: vec![],
            lane: "reading:hq".into(),
            ..hold("a", time(20))
        };
        put(store, &[Record::PutHold(app(), again.clone())]).await;
        assert_eq!(state(store).await.holds, [again]);
    })
    .await;
}

#[tokio::test]
async fn for_whom_an_app_was_asked_in_vain_is_kept_with_the_newest_time() {
    on_each(async |store| {
        let other = TargetName::new("other");
        put(
            store,
            &[
                Record::PutLooked(app(), user("1"), time(0)),
                Record::PutLooked(app(), user("2"), time(0)),
                Record::PutLooked(other.clone(), user("3"), time(1)),
                Record::PutLooked(app(), user("1"), time(7)),
                Record::DropLooked(app(), user("2")),
                Record::DropLooked(app(), user("3")),
            ],
        )
        .await;
        let looked = state(store).await.looked;
        assert_eq!(looked, [(user("1"), time(7))].into());
        let elsewhere = store.target(&other, time(-1440)).await.expect("readable");
        assert_eq!(elsewhere.looked, [(user("3"), time(1))].into());
    })
    .await;
}

#[tokio::test]
async fn verdicts_stand_until_they_are_dropped() {
    on_each(async |store| {
        let verdicts = [
            Verdict::Apart(user("1"), "a-1".into()),
            Verdict::Apart(user("1"), "a-2".into()),
            Verdict::IgnoredAccount("a-1".into()),
            Verdict::IgnoredUser(user("1")),
        ];
        let put_all: Vec<_> = verdicts
            .iter()
            .chain(&verdicts)
            .map(|verdict| Record::PutVerdict(app(), verdict.clone()))
            .collect();
        put(store, &put_all).await;
        assert_eq!(state(store).await.verdicts, verdicts.clone().into());
        let other = TargetName::new("other");
        put(
            store,
            &[
                Record::DropVerdict(app(), verdicts[0].clone()),
                Record::DropVerdict(app(), verdicts[3].clone()),
                Record::DropVerdict(other, verdicts[2].clone()),
            ],
        )
        .await;
        let left = [verdicts[1].clone(), verdicts[2].clone()];
        assert_eq!(state(store).await.verdicts, left.into());
    })
    .await;
}

#[tokio::test]
async fn pins_stand_until_they_are_dropped() {
    on_each(async |store| {
        let lab = SourceName::new("lab");
        let pin = |facts, by: &str| Pin {
            facts: Fingerprint(facts),
            run: "2026-11-02T07:00:00Z".into(),
            by: by.into(),
            at: time(3),
        };
        // A person and a group of the same name, in two sources each.
        let group = |source: &SourceName| GroupKey::new(source, "1");
        let pins: BTreeMap<Pinned, Pin> = [
            (Pinned::Account(user("1")), pin(7, "ana (uid 1000)")),
            (
                Pinned::Account(UserKey::new(&lab, "1")),
                pin(u64::MAX, "ana"),
            ),
            (Pinned::Group(group(&source())), pin(0, "ana")),
            (Pinned::Group(group(&lab)), pin(8, "ana")),
            (Pinned::Member(group(&lab), user("1")), pin(9, "ana")),
            (Pinned::Member(group(&source()), user("2")), pin(10, "ana")),
        ]
        .into();
        let all: Vec<Record> = pins
            .iter()
            .map(|(pinned, pin)| Record::PutPin(app(), pinned.clone(), pin.clone()))
            .collect();
        put(store, &all).await;
        assert_eq!(state(store).await.pins, pins);
        // A newer one takes the place of the one before.
        let first = Pinned::Account(user("1"));
        let newer = pin(11, "bea");
        put(
            store,
            &[Record::PutPin(app(), first.clone(), newer.clone())],
        )
        .await;
        assert_eq!(state(store).await.pins[&first], newer);
        let other = TargetName::new("other");
        let elsewhere = store.target(&other, time(-1440)).await.expect("readable");
        assert!(elsewhere.pins.is_empty(), "{:?}", elsewhere.pins);
        let member = Pinned::Member(group(&lab), user("1"));
        put(
            store,
            &[
                Record::DropPin(app(), first.clone()),
                Record::DropPin(app(), member.clone()),
                Record::DropPin(other, Pinned::Group(group(&lab))),
            ],
        )
        .await;
        let mut left = pins.clone();
        left.remove(&first);
        left.remove(&member);
        assert_eq!(state(store).await.pins, left);
    })
    .await;
}

#[tokio::test]
async fn sources_remember_their_reading_and_who_is_missing() {
    on_each(async |store| {
        let lab = UserKey::new(&SourceName::new("lab"), "1");
        put(
            store,
            &[
                Record::PutReading(source(), reading()),
                Record::PutMissing(user("1"), missing(1)),
                Record::PutMissing(user("2"), missing(1)),
                Record::PutMissing(lab, missing(4)),
                Record::PutMissing(user("1"), missing(2)),
                Record::DropMissing(user("2")),
            ],
        )
        .await;
        let found = store.source(&source()).await.expect("readable");
        assert_eq!(found.last, Some(reading()));
        assert_eq!(found.missing, BTreeMap::from([(user("1"), missing(2))]));

        let mut next = reading();
        next.attributes.remove("mail");
        next.groups.clear();
        next.dangling = None;
        next.newest.pop_first();
        put(store, &[Record::PutReading(source(), next.clone())]).await;
        assert_eq!(
            store.source(&source()).await.expect("readable").last,
            Some(next)
        );
    })
    .await;
}

#[tokio::test]
async fn sources_remember_whose_their_rows_are_and_what_is_the_matter() {
    on_each(async |store| {
        let hr = |id: &str| UserKey::new(&SourceName::new("hr"), id);
        let trouble = |problem: &str| ReadingTrouble {
            since: time(0),
            problem: problem.into(),
        };
        put(
            store,
            &[
                Record::PutRow(user("1"), hr("a")),
                Record::PutRow(user("2"), hr("b")),
                Record::PutRow(user("1"), hr("c")),
                Record::PutRow(hr("7"), user("7")),
                Record::PutTrouble(source(), trouble("away")),
                Record::PutTrouble(source(), trouble("in doubt")),
                Record::PutTrouble(SourceName::new("hr"), trouble("away")),
            ],
        )
        .await;
        let found = store.source(&source()).await.expect("readable");
        let rows = BTreeMap::from([(user("1"), hr("c")), (user("2"), hr("b"))]);
        assert_eq!(found.rows, rows);
        assert_eq!(found.trouble, Some(trouble("in doubt")));
        let gone = [Record::DropRow(user("1")), Record::DropTrouble(source())];
        put(store, &gone).await;
        let found = store.source(&source()).await.expect("readable");
        assert_eq!(found.rows, BTreeMap::from([(user("2"), hr("b"))]));
        assert_eq!(found.trouble, None);
        let other = store
            .source(&SourceName::new("hr"))
            .await
            .expect("readable");
        assert_eq!(other.trouble, Some(trouble("away")));
    })
    .await;
}

#[tokio::test]
async fn the_journal_gives_its_last_lines_oldest_first() {
    on_each(async |store| {
        let lines: Vec<JournalEntry> = (0..6)
            .map(|n| JournalEntry {
                label: if n == 4 {
                    String::new()
                } else {
                    format!("name {n}")
                },
                at: time(-n),
                ..line(&format!("user hq:{}", n % 2), "update")
            })
            .collect();
        let batch: Vec<_> = lines.iter().cloned().map(Record::Journal).collect();
        put(store, &batch[..4]).await;
        put(store, &batch[4..]).await;
        assert_eq!(store.journal(None, 3).await.expect("readable"), lines[3..]);
        assert_eq!(
            store.journal(None, usize::MAX).await.expect("readable"),
            lines
        );
        let of_one = store.journal(Some("user hq:1"), 2).await.expect("readable");
        assert_eq!(of_one, [lines[3].clone(), lines[5].clone()]);
        assert_eq!(
            store.last_label("user hq:0").expect("readable").as_deref(),
            Some("name 2")
        );
        assert_eq!(store.last_label("user hq:9").expect("readable"), None);
        assert_eq!(store.verify().expect("whole"), 6);
    })
    .await;
}

#[tokio::test]
async fn the_window_counts_what_was_done_since_and_not_approved() {
    on_each(async |store| {
        let subject = "group hq:a:b";
        let old = line("user hq:1", "deactivate");
        let lines = [
            JournalEntry {
                at: time(-2000),
                ..old.clone()
            },
            JournalEntry {
                at: time(-1440),
                ..old.clone()
            },
            JournalEntry {
                approved: true,
                ..old.clone()
            },
            JournalEntry {
                outcome: "failed".into(),
                ..old.clone()
            },
            JournalEntry {
                target: "other".into(),
                ..old
            },
            line("user hq:2", "delete"),
            line("user hq:3", "create"),
            line("user hq:4", "adopt"),
            line("user hq:5", "reactivate"),
            line("user hq:6", "update"),
            JournalEntry {
                count: 40,
                ..line(subject, "members_remove")
            },
            JournalEntry {
                count: 2,
                ..line(subject, "members_remove")
            },
            JournalEntry {
                count: 9,
                ..line(subject, "members_add")
            },
            line(subject, "group_update"),
            line("user hq:2", "rekey"),
            line("", "approve"),
            JournalEntry {
                detail: "vanished: userName".into(),
                ..line("user hq:9", "create")
            },
            JournalEntry {
                detail: "vanished: userName".into(),
                approved: true,
                ..line("user hq:9", "create")
            },
        ];
        put(store, &lines.map(Record::Journal)).await;
        let expected = Window {
            leavers: 2,
            joiners: 4,
            updates: 1,
            rekeyed: 1,
            recreated: 1,
            members: BTreeMap::from([(group_key("a:b"), 42)]),
        };
        assert_eq!(state(store).await.window, expected);
    })
    .await;
}

#[tokio::test]
async fn a_summary_counts_one_target() {
    on_each(async |store| {
        assert_eq!(
            store.summary(&app()).expect("readable"),
            TargetSummary::default()
        );
        let approved = Hold {
            approved: Some(approval()),
            ..hold("b", time(2))
        };
        let run = |at, outcome: &str| {
            let outcome = outcome.into();
            Record::Journal(JournalEntry {
                at,
                outcome,
                ..line("", "run")
            })
        };
        let mut batch = vec![
            Record::PutLink(app(), plain_link("1")),
            Record::PutLink(app(), full_link("2")),
            Record::PutLink(TargetName::new("other"), full_link("2")),
            Record::PutGroup(app(), group_link("g1", [])),
            Record::PutHold(app(), hold("a", time(1))),
            Record::PutHold(app(), approved),
            run(time(1), "failed"),
            run(time(2), "done"),
            Record::Journal(line("user hq:1", "update")),
        ];
        batch.extend(jobs().into_iter().map(|job| Record::PutJob(app(), job)));
        put(store, &batch).await;
        let expected = TargetSummary {
            links: 2,
            active: 1,
            groups: 1,
            due: 2,
            in_doubt: 1,
            parked: 1,
            holds: 1,
            last_run: Some(LastRun {
                at: time(2),
                outcome: "done".into(),
            }),
        };
        assert_eq!(store.summary(&app()).expect("readable"), expected);
    })
    .await;
}

#[tokio::test]
async fn a_batch_under_another_epoch_is_refused() {
    on_each(async |store| {
        let batch = [Record::PutLink(app(), plain_link("1"))];
        for epoch in [Epoch(0), Epoch(2)] {
            let error = store.commit(epoch, &batch).await.expect_err("refused");
            let told = format!(
                "is written by another rollcall now (epoch 1, this one has {})",
                epoch.0
            );
            assert!(error.problem.ends_with(&told), "{}", error.problem);
        }
        assert_eq!(state(store).await, TargetState::default());
        put(store, &batch).await;
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_loses_the_batch_and_nothing_else() {
    on_each(async |store| {
        put(
            store,
            &[
                Record::PutLink(app(), plain_link("1")),
                Record::Journal(line("", "run")),
            ],
        )
        .await;
        let before = state(store).await;
        store.limit_pages(NonZeroU32::MIN).expect("limited");
        let mut batch = vec![Record::Journal(line("user hq:1", "update"))];
        batch.extend((0..2000).map(|n| Record::PutLink(app(), plain_link(format!("new-{n}")))));
        let error = refused(store, &batch).await;
        assert!(
            error.problem.ends_with("could not be written"),
            "{}",
            error.problem
        );
        assert_eq!(
            error.hint.as_deref(),
            Some("free some space on the disk; nothing more was sent to any app")
        );
        assert_eq!(state(store).await, before);
        assert_eq!(store.verify().expect("whole"), 1);

        let room = NonZeroU32::new(100_000).expect("not zero");
        store.limit_pages(room).expect("limited");
        put(store, &batch).await;
        let links = state(store).await.links;
        assert_eq!(links.len(), 2001);
        assert_eq!(links[&user("new-7")], plain_link("new-7"));
        assert_eq!(store.verify().expect("whole"), 2);
    })
    .await;
}

#[tokio::test]
async fn a_fork_goes_its_own_way() {
    on_each(async |store| {
        put(store, &[Record::PutLink(app(), plain_link("1"))]).await;
        let fork = store.fork().expect("a copy");
        assert_eq!(state(&fork).await, state(store).await);
        assert_eq!(fork.kind(), store.kind());
        let name = "userName".into();
        let value = crate::core::attribute::Value::text("ana");
        let print = store.fingerprint_key().of(&name, &value);
        assert_eq!(fork.fingerprint_key().of(&name, &value), print);
        assert_ne!(print, Fingerprint(0));

        put(&fork, &[Record::PutLink(app(), plain_link("2"))]).await;
        put(store, &[Record::PutLink(app(), plain_link("3"))]).await;
        let users = |state: TargetState| state.links.into_keys().collect::<Vec<_>>();
        assert_eq!(users(state(&fork).await), [user("1"), user("2")]);
        assert_eq!(users(state(store).await), [user("1"), user("3")]);
    })
    .await;
}
