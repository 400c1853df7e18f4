//! Which change goes when.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use super::{Queue, Task};
use crate::core::attribute::{AttrChange, Attributes, Value};
use crate::core::change::{Action, Change, Member, Reason, Subject};
use crate::core::plan::scene::{group, user};
use crate::core::profile::UserRules;

fn task(subject: Subject, label: &str, action: Action, due: Instant) -> Task {
    let change = Change {
        subject,
        label: label.into(),
        action,
        reason: Reason::Changed,
    };
    Task::new(change, due)
}

/// Tasks that are due now.
struct Desk {
    now: Instant,
}

impl Desk {
    fn new() -> Self {
        Self {
            now: Instant::now(),
        }
    }

    fn user(&self, id: &str, action: Action) -> Task {
        task(Subject::User(user(id)), id, action, self.now)
    }

    fn group(&self, name: &str, action: Action) -> Task {
        task(Subject::Group(group(name)), name, action, self.now)
    }

    fn create(&self, id: &str, manager: Option<&str>) -> Task {
        let attributes: Attributes = manager
            .map(|manager| ("manager".into(), Value::Account(user(manager))))
            .into_iter()
            .collect();
        self.user(id, Action::Create { attributes })
    }

    fn deactivate(&self, id: &str) -> Task {
        self.user(id, Action::Deactivate)
    }

    fn wave(&self, queue: &mut Queue, most: usize) -> Vec<String> {
        told(&queue.take_ready(self.now, most))
    }
}

fn adopt(id: &str) -> Action {
    Action::Adopt {
        id: id.into(),
        active: true,
    }
}

fn manager(id: &str) -> Vec<AttrChange> {
    vec![AttrChange {
        name: "manager".into(),
        old: None,
        new: Some(Value::Account(user(id))),
    }]
}

fn members(ids: &[&str]) -> BTreeSet<Member> {
    ids.iter()
        .map(|id| Member {
            user: user(id),
            label: (*id).into(),
        })
        .collect()
}

fn told(tasks: &[Task]) -> Vec<String> {
    tasks
        .iter()
        .map(|task| format!("{} {}", task.change.action.kind().word(), task.change.label))
        .collect()
}

const NONE: [&str; 0] = [];

/// The tasks before an app whose ids stay.
fn fill(tasks: Vec<Task>) -> Queue {
    Queue::fill(tasks, &UserRules::default())
}

#[test]
fn adoptions_leavers_joiners_movers_groups_each_in_waves_of_their_own() {
    let desk = Desk::new();
    let mut queue = fill(vec![
        desk.group(
            "late",
            Action::AddMembers {
                members: members(&["x"]),
            },
        ),
        desk.group(
            "day",
            Action::RemoveMembers {
                members: members(&["x"]),
            },
        ),
        desk.group(
            "night",
            Action::CreateGroup {
                name: "night".into(),
            },
        ),
        desk.user(
            "u",
            Action::Update {
                attributes: Vec::new(),
            },
        ),
        desk.create("c", None),
        desk.user(
            "r",
            Action::Reactivate {
                attributes: Vec::new(),
            },
        ),
        desk.user("x", Action::Delete),
        desk.deactivate("d"),
        desk.user("a", adopt("1")),
    ]);
    for wave in [
        &["adopt a"][..],
        &["delete x", "deactivate d"],
        &["create c", "reactivate r"],
        &["update u"],
        &["group_create night"],
        &["members_remove day"],
        &["members_add late"],
    ] {
        assert_eq!(desk.wave(&mut queue, 99), wave);
    }
    assert!(queue.is_empty());
}

#[test]
fn no_more_than_a_wave_is_taken_and_the_rest_keeps_its_order() {
    let desk = Desk::new();
    let mut queue = fill(["a", "b", "c"].map(|id| desk.deactivate(id)).into());
    assert_eq!(desk.wave(&mut queue, 2), ["deactivate a", "deactivate b"]);
    assert_eq!(queue.len(), 1);
    assert_eq!(desk.wave(&mut queue, 2), ["deactivate c"]);
}

#[test]
fn one_change_of_a_subject_is_in_flight() {
    let desk = Desk::new();
    let mut queue = fill(vec![
        desk.user("a", adopt("1")),
        desk.deactivate("a"),
        desk.deactivate("b"),
        desk.user("b", Action::Delete),
    ]);
    assert_eq!(desk.wave(&mut queue, 9), ["adopt a"]);
    assert_eq!(desk.wave(&mut queue, 9), ["deactivate a", "deactivate b"]);
    assert_eq!(desk.wave(&mut queue, 9), ["delete b"]);
}

#[test]
fn nothing_overtakes_an_earlier_change_of_its_subject() {
    let desk = Desk::new();
    let mut waits = desk.group(
        "night",
        Action::CreateGroup {
            name: "night".into(),
        },
    );
    waits.due += Duration::from_secs(5);
    let add = desk.group(
        "night",
        Action::AddMembers {
            members: members(&["a"]),
        },
    );
    let mut queue = fill(vec![add, waits]);
    assert_eq!(desk.wave(&mut queue, 9), NONE);
    assert_eq!(queue.pause(desk.now), Some(Duration::from_secs(5)));
    let later = desk.now + Duration::from_secs(5);
    assert_eq!(told(&queue.take_ready(later, 9)), ["group_create night"]);
    assert_eq!(told(&queue.take_ready(later, 9)), ["members_add night"]);
}

#[test]
fn a_report_waits_until_the_manager_is_there() {
    let desk = Desk::new();
    let mut queue = fill(vec![
        desk.create("ana", Some("bob")),
        desk.create("bob", None),
        desk.create("cid", Some("elsewhere")),
        desk.user(
            "dot",
            Action::Update {
                attributes: manager("bob"),
            },
        ),
        desk.user(
            "eve",
            Action::Reactivate {
                attributes: manager("bob"),
            },
        ),
    ]);
    let wave = queue.take_ready(desk.now, 9);
    assert_eq!(told(&wave), ["create bob", "create cid"]);
    assert_eq!(
        desk.wave(&mut queue, 9),
        NONE,
        "the answer is not there yet"
    );
    queue.finish(&wave[0].change);
    assert_eq!(desk.wave(&mut queue, 9), ["create ana", "reactivate eve"]);
    assert_eq!(desk.wave(&mut queue, 9), ["update dot"]);
}

#[test]
fn members_wait_until_their_accounts_are_there() {
    let desk = Desk::new();
    let add = Action::AddMembers {
        members: members(&["ana", "bob"]),
    };
    let mut queue = fill(vec![desk.create("ana", None), desk.group("night", add)]);
    let wave = queue.take_ready(desk.now, 9);
    assert_eq!(told(&wave), ["create ana"]);
    assert_eq!(desk.wave(&mut queue, 9), NONE);
    queue.finish(&wave[0].change);
    assert_eq!(desk.wave(&mut queue, 9), ["members_add night"]);
}

#[test]
fn what_is_put_back_goes_behind_its_rank_and_before_the_next() {
    let desk = Desk::new();
    let mut queue = fill(vec![
        desk.deactivate("a"),
        desk.deactivate("b"),
        desk.create("c", None),
    ]);
    let mut wave = queue.take_ready(desk.now, 1);
    queue.put_back(wave.remove(0));
    assert_eq!(
        told(&queue.into_rest()),
        ["deactivate b", "deactivate a", "create c"]
    );
}

#[test]
fn the_pause_is_until_the_first_that_waits() {
    let desk = Desk::new();
    let later = |id: &str, seconds| {
        let mut task = desk.deactivate(id);
        task.due += Duration::from_secs(seconds);
        task
    };
    let queue = fill(vec![later("a", 9), later("b", 3), desk.deactivate("c")]);
    assert_eq!(queue.pause(desk.now), Some(Duration::from_secs(3)));
    assert_eq!(fill(vec![desk.deactivate("c")]).pause(desk.now), None);
}

#[test]
fn a_circle_is_broken_by_its_first_when_nothing_else_can_go() {
    let desk = Desk::new();
    let mut queue = fill(vec![
        desk.create("ana", Some("bob")),
        desk.create("bob", Some("ana")),
    ]);
    assert_eq!(desk.wave(&mut queue, 9), NONE);
    assert_eq!(queue.pause(desk.now), None);
    let first = queue.take_first().expect("somebody is waiting");
    assert_eq!(told(std::slice::from_ref(&first)), ["create ana"]);
    queue.finish(&first.change);
    assert_eq!(desk.wave(&mut queue, 9), ["create bob"]);
}

#[test]
fn creates_are_withdrawn_and_what_waited_for_them_goes_on() {
    let desk = Desk::new();
    let mut queue = fill(vec![
        desk.create("a", None),
        desk.create("b", Some("a")),
        desk.deactivate("d"),
        desk.group(
            "night",
            Action::AddMembers {
                members: members(&["a", "c"]),
            },
        ),
    ]);
    let withdrawn = queue.withdraw_creates();
    assert_eq!(told(&withdrawn), ["create a", "create b"]);
    assert_eq!(desk.wave(&mut queue, 9), ["deactivate d"]);
    assert_eq!(desk.wave(&mut queue, 9), ["members_add night"]);
    assert!(queue.is_empty());
}

/// The tasks before an app that may change an id with any update.
fn fill_renumbering(tasks: Vec<Task>) -> Queue {
    let users = UserRules {
        id_changes: true,
        ..UserRules::default()
    };
    Queue::fill(tasks, &users)
}

/// Ana is changed, Bob reports to her, and both are in the group.
fn team(desk: &Desk) -> Vec<Task> {
    let update = |id: &str, attributes| desk.user(id, Action::Update { attributes });
    let add = Action::AddMembers {
        members: members(&["ana", "bob"]),
    };
    vec![
        update("bob", manager("ana")),
        update("ana", Vec::new()),
        desk.group("night", add),
    ]
}

#[test]
fn what_names_an_account_waits_until_its_id_is_settled() {
    let desk = Desk::new();
    let mut queue = fill_renumbering(team(&desk));
    let wave = queue.take_ready(desk.now, 9);
    assert_eq!(told(&wave), ["update ana"]);
    assert_eq!(desk.wave(&mut queue, 9), NONE, "no answer has come");
    queue.finish(&wave[0].change);
    let wave = queue.take_ready(desk.now, 9);
    assert_eq!(told(&wave), ["update bob"]);
    queue.finish(&wave[0].change);
    assert_eq!(desk.wave(&mut queue, 9), ["members_add night"]);
    let mut stays = fill(team(&desk));
    assert_eq!(desk.wave(&mut stays, 9), ["update bob", "update ana"]);
}

#[test]
fn what_was_tried_once_may_have_changed_an_id_for_all_that_comes_before_it() {
    let desk = Desk::new();
    let update = desk.user(
        "ana",
        Action::Update {
            attributes: Vec::new(),
        },
    );
    let joiner = desk.create("bob", Some("ana"));
    let mut queue = fill_renumbering(vec![update.clone(), joiner.clone()]);
    assert_eq!(
        desk.wave(&mut queue, 9),
        ["create bob"],
        "ana is as she was"
    );
    let mut queue = fill_renumbering(vec![update]);
    let mut tried = queue.take_ready(desk.now, 9).remove(0);
    tried.due += Duration::from_secs(5);
    queue.put_back(tried);
    queue.put_back(joiner);
    assert_eq!(desk.wave(&mut queue, 9), NONE, "her id may be another one");
    let later = desk.now + Duration::from_secs(5);
    let wave = queue.take_ready(later, 9);
    assert_eq!(told(&wave), ["update ana"]);
    queue.finish(&wave[0].change);
    assert_eq!(desk.wave(&mut queue, 9), ["create bob"]);
}

#[test]
fn two_who_name_each_other_go_one_by_one() {
    let desk = Desk::new();
    let update = |id: &str, other: &str| {
        let attributes = manager(other);
        desk.user(id, Action::Update { attributes })
    };
    let mut queue = fill_renumbering(vec![
        update("ana", "bob"),
        update("bob", "ana"),
        update("cid", "cid"),
    ]);
    assert_eq!(desk.wave(&mut queue, 9), ["update cid"]);
    assert_eq!(desk.wave(&mut queue, 9), NONE);
    let first = queue.take_first().expect("somebody is waiting");
    queue.finish(&first.change);
    assert_eq!(desk.wave(&mut queue, 9), ["update bob"]);
}

#[test]
fn whoever_goes_back_with_a_put_is_waited_for_but_not_by_a_leaver() {
    let desk = Desk::new();
    let carrying = |action: Action| {
        let mut task = desk.user("bob", action);
        task.carried.insert(user("ana"));
        task
    };
    let update = || Action::Update {
        attributes: Vec::new(),
    };
    let mut queue = fill_renumbering(vec![carrying(update()), desk.user("ana", update())]);
    let wave = queue.take_ready(desk.now, 9);
    assert_eq!(told(&wave), ["update ana"]);
    queue.finish(&wave[0].change);
    assert_eq!(desk.wave(&mut queue, 9), ["update bob"]);
    let leavers = vec![carrying(Action::Deactivate), desk.deactivate("ana")];
    assert_eq!(
        desk.wave(&mut fill_renumbering(leavers), 9),
        ["deactivate bob", "deactivate ana"]
    );
}

#[test]
fn somebody_is_taken_out_of_a_group_beside_those_who_are_already() {
    let desk = Desk::new();
    let out = |name: &str, ids: &[&str]| {
        let members = members(ids);
        desk.group(name, Action::RemoveMembers { members })
    };
    let mut queue = fill(vec![out("day", &["x"])]);
    queue.take_out(out("day", &["ana"]));
    queue.take_out(out("night", &["ana"]));
    let wave = queue.take_ready(desk.now, 9);
    let sizes: Vec<usize> = wave.iter().map(|task| task.change.action.size()).collect();
    assert_eq!(told(&wave), ["members_remove day", "members_remove night"]);
    assert_eq!(sizes, [2, 1]);
}
