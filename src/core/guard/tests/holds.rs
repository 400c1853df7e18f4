//! Holds: their ids, their age, and what an approval releases.

use super::{
    Case, NONE, add_members, approval, assigned, change, create, deactivate, delete, delete_group,
    links, of_group, remove_members, title, told, update,
};
use crate::core::change::{Action, ActionKind, Change, Reason, Subject};
use crate::core::key::{SourceName, UserKey};
use crate::core::plan::scene::{days, start, user};

#[test]
fn the_id_of_a_hold_is_its_content() {
    let case = links(40).leavers(11);
    let first = case.review().held.remove(0);
    assert!(first.id.starts_with("H-"), "{}", first.id);
    assert_eq!(first.id.len(), 10);
    assert_eq!(first.since, start());
    let mut reversed = case.clone();
    reversed.changes.reverse();
    assert_eq!(reversed.review().held, std::slice::from_ref(&first));
    let more = case.clone().changes([deactivate(30)]);
    assert_ne!(more.review().held[0].id, first.id);
    let mut others = case.clone();
    others.changes = (0..11).map(delete).collect();
    assert_ne!(others.review().held[0].id, first.id);
    assert_ne!(case.doubted().review().held[0].id, first.id);
}

#[test]
fn a_hold_that_nobody_approves_keeps_its_age() {
    let mut case = links(40).leavers(11).keep(false);
    case.state.holds[0].since = start() - days(3);
    let again = case.review();
    assert_eq!(again.held, case.state.holds);
    assert_eq!(told(&again.released), NONE);
    assert_eq!(again.settled, NONE);
    let more = case.changes([deactivate(30)]).review();
    assert_eq!(
        more.held, again.held,
        "one more is within the limit by itself"
    );
    assert_eq!(told(&more.released), ["deactivate u0030"]);
}

#[test]
fn a_hold_can_be_released_however_the_directory_changes_meanwhile() {
    let mut case = links(100).leavers(20).keep(false);
    let first = case.state.holds[0].clone();
    for minute in 1..8 {
        // Each minute one is back, and two more are out.
        case.changes.remove(0);
        case.changes
            .extend([deactivate(18 + 2 * minute), deactivate(19 + 2 * minute)]);
        let reviewed = case.review();
        assert_eq!(reviewed.held[0].id, first.id, "minute {minute}");
        assert_eq!(reviewed.held[0].changes.len(), 20 - minute);
        assert_eq!(reviewed.held[0].changes, first.changes[minute..]);
        let next = usize::from(2 * minute > 10);
        assert_eq!(reviewed.held.len(), 1 + next, "minute {minute}");
        assert_eq!(reviewed.released.len(), 2 * minute * (1 - next));
        case.state.holds = reviewed.held;
    }
    let next = case.state.holds[1].clone();
    case.state.holds[0].approved = Some(approval(start()));
    let reviewed = case.review();
    assert_eq!(reviewed.released.len(), 13, "what is still due of it");
    assert_eq!(reviewed.held, [next], "and the next one waits");
}

#[test]
fn what_becomes_little_enough_is_held_no_longer() {
    let mut case = links(40).leavers(12).keep(false);
    case.changes.drain(..2);
    let reviewed = case.review();
    assert_eq!(reviewed.held, []);
    assert_eq!(reviewed.released.len(), 10);
}

#[test]
fn a_release_lapses_after_a_day() {
    let mut case = links(40).leavers(11).keep(true);
    let id = case.state.holds[0].id.clone();
    let minute = std::time::Duration::from_mins(1);
    case.state.holds[0].approved = Some(approval(start() - days(1) + minute));
    assert_eq!(case.review().released.len(), 11);
    case.state.holds[0].approved = Some(approval(start() - days(1)));
    let lapsed = case.review();
    assert_eq!(told(&lapsed.released), NONE);
    assert_eq!(
        lapsed.held[0].id, id,
        "the same changes are asked for again"
    );
    assert_eq!(lapsed.held[0].approved, None);
    assert_eq!(lapsed.settled, NONE);
    case.changes.truncate(3);
    assert_eq!(
        case.review().settled,
        [id],
        "and what is left of nothing goes"
    );
}

#[test]
fn members_are_released_one_by_one() {
    let mut case = links(0)
        .group("night", 40)
        .changes([remove_members("night", 20)])
        .keep(true);
    assert_eq!(case.state.holds[0].changes.len(), 20);
    // Five of those who were released are due, and four whom nobody has seen.
    let members = super::members(15..24);
    case.changes = vec![of_group(
        "night",
        Action::RemoveMembers { members },
        Reason::Membership,
    )];
    let reviewed = case.review();
    assert_eq!(reviewed.held, []);
    let members = super::members(15..20);
    assert_eq!(
        reviewed.released[0].action,
        Action::RemoveMembers { members },
        "the others are counted by the next run"
    );
    assert_eq!(reviewed.approved.len(), 1);
    case.state.holds.clear();
    assert_eq!(case.held(), NONE, "nine are within the limit");
}

#[test]
fn what_takes_a_run_back_is_held_and_released_by_itself() {
    let undone = |number| Change {
        reason: Reason::Undone { run: "r1".into() },
        ..deactivate(number)
    };
    let mut case = links(40).changes((0..11).map(undone));
    assert_eq!(case.held(), ["undo r1 leavers: 11, limit 10"]);
    case = case.keep(true);
    assert_eq!(case.state.holds[0].undone_run(), Some("r1"));
    assert_eq!(case.review().released.len(), 11);
    assert_eq!(case.review().settled, NONE);
    // A run of the directory's own is not released by that, and leaves the hold alone.
    let mut run = case.clone();
    run.changes = (0..11).map(deactivate).collect();
    assert_eq!(run.held(), ["leavers: 11, limit 10"]);
    assert_eq!(run.review().settled, NONE);
    // Nor does a doubted reading say anything about what is taken back.
    assert_eq!(case.doubted().review().held, []);
}

#[test]
fn an_approval_releases_what_is_still_due_and_no_more() {
    let mut case = links(40).leavers(12).keep(true);
    case.changes.remove(0);
    case.changes.extend((20..30).map(deactivate));
    let reviewed = case.review();
    assert_eq!(reviewed.held, [], "ten new ones are within the limit");
    assert_eq!(reviewed.released.len(), 21);
    let approved: Vec<_> = reviewed.approved.into_iter().collect();
    let of = |number| {
        let user = user(&super::name(number));
        (Subject::User(user), ActionKind::Deactivate)
    };
    assert_eq!(approved, (1..12).map(of).collect::<Vec<_>>());
    assert_eq!(reviewed.settled, NONE);

    let too_many = case.changes([deactivate(30)]).review();
    assert_eq!(too_many.held[0].changes.len(), 11, "the new ones alone");
    assert_eq!(too_many.released.len(), 11, "the approved ones go");
}

#[test]
fn an_approval_is_for_the_changes_that_were_held() {
    let case = links(40).leavers(11).keep(true);
    let mut deletions = case.clone();
    deletions.changes = (0..11).map(delete).collect();
    assert_eq!(deletions.held(), ["leavers: 11, limit 10"]);
    let doubted = case.changes([deactivate(30)]).doubted();
    assert_eq!(doubted.held(), ["reading:hq: 1, limit 0"]);
    assert_eq!(doubted.review().released.len(), 11);
}

#[test]
fn an_approved_hold_settles_when_nothing_of_it_is_due_any_more() {
    let case = links(40).leavers(11).keep(true);
    let id = case.state.holds[0].id.clone();
    let left_over = |changes| {
        let case = Case {
            changes,
            ..case.clone()
        };
        case.review().settled
    };
    assert_eq!(left_over(vec![deactivate(4)]), NONE);
    assert_eq!(left_over(vec![deactivate(20)]), std::slice::from_ref(&id));
    assert_eq!(left_over(vec![]), [id]);
}

#[test]
fn a_doubted_reading_holds_removals_and_clearings_and_nothing_else() {
    let clearing = |number| {
        let attributes = title(None);
        change(number, Action::Update { attributes }, Reason::Changed)
    };
    let clearing_return = |number| {
        let attributes = title(None);
        change(number, Action::Reactivate { attributes }, Reason::Returned)
    };
    let case = links(40)
        .group("night", 5)
        .changes([
            deactivate(0),
            delete(9),
            create(77, assigned()),
            update(1),
            clearing(2),
            clearing_return(3),
            remove_members("night", 1),
            add_members("night", 0..1),
            delete_group("day"),
        ])
        .doubted();
    assert_eq!(
        told(&case.review().released),
        ["create u0077", "update u0001", "members_add night"]
    );
    assert_eq!(case.held(), ["reading:hq: 6, limit 0"]);

    assert_eq!(case.review().held[0].id, "H-doubt");

    let approved = case.keep(true).review();
    assert_eq!(approved.held, []);
    assert_eq!(approved.released.len(), 9);
    assert_eq!(approved.approved.len(), 6);
}

#[test]
fn a_grave_doubt_is_held_though_nobody_would_be_removed() {
    let case = links(40).changes([update(1)]).doubted();
    assert_eq!(case.held(), NONE);
    let grave = case.doubt(|reading| reading.is_grave = true);
    assert_eq!(grave.held(), ["reading:hq: 0, limit 0"]);
    assert_eq!(told(&grave.review().released), ["update u0001"]);
}

#[test]
fn a_reading_that_a_person_vouched_for_is_like_any_other() {
    let case = links(40).doubted().doubt(|reading| {
        reading.is_grave = true;
        reading.is_approved = true;
    });
    assert_eq!(case.held(), NONE);
    assert_eq!(case.clone().leavers(10).held(), NONE);
    assert_eq!(case.leavers(11).held(), ["leavers: 11, limit 10"]);
}

#[test]
fn the_approval_of_a_reading_lasts_as_long_as_the_doubt() {
    let grave = |case: Case| case.doubted().doubt(|reading| reading.is_grave = true);
    let case = grave(links(40)).keep(true);
    assert_eq!(case.review().settled, NONE);
    let mut accepted = case;
    accepted.doubted.clear();
    assert_eq!(accepted.review().settled, ["H-doubt"]);
}

#[test]
fn a_doubted_reading_is_about_its_own_source() {
    let mut other = deactivate(1);
    other.subject = Subject::User(UserKey::new(&SourceName::new("eu"), "x"));
    let case = links(40).changes([deactivate(0), other]).doubted();
    assert_eq!(case.held(), ["reading:hq: 1, limit 0"]);
    assert_eq!(told(&case.review().released), ["deactivate u0001"]);
}
