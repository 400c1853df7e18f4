//! Links that move to other keys, and doubted readings of a roster of several sources.

use super::*;
use crate::core::key::{RemoteId, UserKey};

fn rekey(number: usize) -> Change {
    let from = UserKey::new(&hq(), format!("old-{number}"));
    let action = Action::Rekey {
        from: Subject::User(from),
        id: RemoteId::new(name(number)),
    };
    let by = "userName".into();
    let reason = Reason::Rekeyed {
        by: crate::core::change::SameAs::Value { by },
    };
    change(number, action, reason)
}

fn moves(case: Case, count: usize) -> Case {
    case.changes((0..count).map(rekey))
}

/// How many may move, by the answer before the plan; the review afterwards has to agree.
fn moving(case: &Case) -> usize {
    let Case {
        rules,
        state,
        changes,
        doubted,
    } = case;
    let before = may_move(changes.iter(), rules, state, doubted, start()).len();
    let released = case.review().released.len();
    assert_eq!(before, released, "two answers to one question");
    before
}

#[test]
fn a_few_links_may_move_and_many_ask_a_person() {
    let few = moves(links(100), 10);
    assert_eq!(moving(&few), 10);
    let many = moves(links(100), 11);
    assert_eq!(many.held(), ["rekeyed: 11, limit 10"]);
    assert_eq!(moving(&many), 0);
    assert_eq!(moving(&many.keep(true)), 11);
}

#[test]
fn moves_of_the_last_day_count() {
    let case = moves(links(100), 6).state(|state| state.window.rekeyed = 5);
    assert_eq!(case.held(), ["rekeyed: 6, limit 10"]);
    assert_eq!(moving(&case), 0);
}

#[test]
fn a_doubted_reading_moves_nobody() {
    let case = moves(links(100), 1).doubted();
    assert_eq!(case.held(), ["reading:hq: 1, limit 0"]);
    assert_eq!(moving(&case), 0);
    assert_eq!(moving(&case.keep(true)), 1);
}

/// One of each that a doubted reading of another source may have to do with.
fn of_everybody(reach: Reach) -> Vec<String> {
    let gone = change(6, Action::Deactivate, Reason::Left(LeaveCause::Deleted));
    let clears = Action::Update {
        attributes: title(None),
    };
    let mut case = links(100).changes([
        deactivate(0),
        update(1),
        create(2, assigned()),
        change(3, clears, Reason::Changed),
        rekey(4),
        gone,
    ]);
    let lab = crate::core::key::SourceName::new("lab");
    case.doubted.insert(
        lab,
        DoubtedReading {
            id: "H-lab".into(),
            is_grave: false,
            is_approved: false,
            reach,
        },
    );
    let released = case.review().released;
    released.iter().map(told_one).collect()
}

fn told_one(change: &Change) -> String {
    super::told(std::slice::from_ref(change)).concat()
}

#[test]
fn how_far_a_doubted_reading_reaches() {
    assert_eq!(of_everybody(Reach::Own).len(), 6);
    assert_eq!(
        of_everybody(Reach::Removals),
        ["update u0001", "create u0002", "deactivate u0006"]
    );
    assert_eq!(of_everybody(Reach::Changes), ["deactivate u0006"]);
}
