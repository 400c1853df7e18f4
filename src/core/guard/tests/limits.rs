//! The limits of each lane, to the last change.

use std::collections::BTreeMap;

use super::{
    Case, NONE, add_members, assigned, change, create, deactivate, delete, delete_group, links,
    members, remove_members, told, update,
};
use crate::core::change::{Action, Change, Reason};
use crate::core::plan::scene::group;
use crate::core::rules::Limit;

#[test]
fn leavers_are_ten_or_five_per_cent_but_never_over_half() {
    for (active, limit) in [
        (0, 1),
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 2),
        (19, 9),
        (20, 10),
        (100, 10),
        (219, 10),
        (220, 11),
        (1000, 50),
    ] {
        let within = links(active).leavers(limit);
        assert_eq!(within.held(), NONE, "{limit} of {active}");
        let over = links(active).leavers(limit + 1);
        let held = format!("leavers: {}, limit {limit}", limit + 1);
        assert_eq!(over.held(), [held], "{active}");
    }
}

#[test]
fn the_config_sets_count_and_share() {
    let mut case = links(100).leavers(8);
    let limit = |count, percent| Limit { count, percent };
    case.rules.limits.leavers = limit(0, 8);
    assert_eq!(case.held(), NONE);
    case.rules.limits.leavers = limit(0, 7);
    assert_eq!(case.held(), ["leavers: 8, limit 7"]);
    case.rules.limits.leavers = limit(8, 7);
    assert_eq!(case.held(), NONE);
    case.rules.limits.leavers = limit(0, 0);
    case.changes.truncate(1);
    assert_eq!(case.held(), NONE, "one is always allowed");
}

#[test]
fn deletions_count_like_deactivations() {
    let case = links(100).leavers(6).changes((6..10).map(delete));
    assert_eq!(case.held(), NONE);
    let case = case.changes([delete(10)]);
    assert_eq!(case.held(), ["leavers: 11, limit 10"]);
}

/// 200 links now, after so many left in the window.
fn after(left: usize) -> Case {
    links(200).state(|state| state.window.leavers = left)
}

#[test]
fn who_left_in_the_window_counts() {
    assert_eq!(after(9).leavers(1).held(), NONE);
    assert_eq!(after(9).leavers(2).held(), ["leavers: 2, limit 10"]);
    assert_eq!(after(10).leavers(1).held(), ["leavers: 1, limit 10"]);
    assert_eq!(after(40).held(), NONE, "nothing is held of nothing");
}

#[test]
fn shares_are_of_the_links_there_were_before_the_window_saw_them_go() {
    let limit = |left| after(left).leavers(99).review().held[0].limit;
    assert_eq!(limit(0), 10, "5 % of 200");
    assert_eq!(limit(40), 12, "5 % of 240");
}

#[test]
fn accounts_that_are_adopted_now_count_as_links() {
    let adopt = |active| {
        move |number| {
            let id = "x".into();
            change(number, Action::Adopt { id, active }, assigned())
        }
    };
    let case = links(0).changes((0..20).map(adopt(true)));
    assert_eq!(case.clone().leavers(10).held(), NONE);
    assert_eq!(case.leavers(11).held(), ["leavers: 11, limit 10"]);
    let inactive = links(0).changes((0..20).map(adopt(false)));
    assert_eq!(inactive.leavers(2).held(), ["leavers: 2, limit 1"]);
}

#[test]
fn inactive_links_are_no_links_to_lose() {
    let case = links(40).state(|state| {
        for link in state.links.values_mut().skip(4) {
            link.active = false;
        }
    });
    assert_eq!(case.leavers(3).held(), ["leavers: 3, limit 2"]);
}

#[test]
fn updates_are_fifty_or_half() {
    let updates = |active: usize, count: usize| links(active).changes((0..count).map(update));
    assert_eq!(updates(60, 50).held(), NONE);
    assert_eq!(updates(60, 51).held(), ["updates: 51, limit 50"]);
    assert_eq!(updates(200, 100).held(), NONE);
    assert_eq!(updates(200, 101).held(), ["updates: 101, limit 100"]);
    let spent = |count| updates(60, count).state(|state| state.window.updates = 49);
    assert_eq!(spent(1).held(), NONE);
    assert_eq!(spent(2).held(), ["updates: 2, limit 50"]);
}

#[test]
fn late_references_new_accounts_and_returns_have_no_limit() {
    let late = |number| Change {
        reason: Reason::LateReference,
        ..update(number)
    };
    let back = |number| {
        let attributes = Vec::new();
        change(number, Action::Reactivate { attributes }, Reason::Returned)
    };
    let case = links(60)
        .changes((0..60).map(late))
        .changes((0..60).map(back))
        .changes((100..900).map(|number| create(number, assigned())));
    assert_eq!(case.held(), NONE);
}

#[test]
fn accounts_that_vanished_are_made_again_only_in_small_numbers() {
    let vanished = |count| (0..count).map(|number| create(number, Reason::Vanished));
    assert_eq!(links(40).changes(vanished(10)).held(), NONE);
    let case = links(40).changes(vanished(11));
    assert_eq!(case.held(), ["recreated: 11, limit 10"]);
}

#[test]
fn what_refers_to_a_held_account_waits_with_it() {
    let released = links(40)
        .changes((0..11).map(|number| create(number, Reason::Vanished)))
        .changes([add_members("night", 10..12), add_members("day", 0..2)])
        .review()
        .released;
    assert_eq!(told(&released), ["members_add night"]);
    let members = members(11..12);
    assert_eq!(released[0].action, Action::AddMembers { members });
}

#[test]
fn leavers_who_are_held_stay_in_their_groups() {
    let released = links(40)
        .group("night", 40)
        .group("day", 40)
        .leavers(11)
        .changes([remove_members("night", 12), remove_members("day", 3)])
        .review()
        .released;
    assert_eq!(told(&released), ["members_remove night"]);
    let members = members(11..12);
    assert_eq!(released[0].action, Action::RemoveMembers { members });
}

#[test]
fn members_of_one_group_are_ten_or_thirty_per_cent() {
    let case = |size: usize, out: usize| {
        links(0)
            .group("night", size)
            .changes([remove_members("night", out)])
    };
    assert_eq!(case(12, 10).held(), NONE);
    assert_eq!(case(12, 11).held(), ["members:hq:k-night: 11, limit 10"]);
    assert_eq!(case(100, 30).held(), NONE);
    assert_eq!(case(100, 31).held(), ["members:hq:k-night: 31, limit 30"]);
    let spent = |out| {
        let window = BTreeMap::from([(group("night"), 20)]);
        case(100, out).state(|state| state.window.members = window)
    };
    assert_eq!(spent(16).held(), NONE, "30 % of the 120 there were");
    assert_eq!(spent(17).held(), ["members:hq:k-night: 17, limit 36"]);
}

#[test]
fn each_group_has_a_limit_of_its_own() {
    let case = links(0)
        .group("day", 10)
        .group("night", 40)
        .changes([remove_members("day", 10), remove_members("night", 13)]);
    assert_eq!(case.held(), ["members:hq:k-night: 13, limit 12"]);
    assert_eq!(told(&case.review().released), ["members_remove day"]);
}

#[test]
fn a_group_that_is_deleted_takes_all_its_members_out() {
    let case = |size| {
        links(0)
            .group("night", size)
            .changes([delete_group("night")])
    };
    assert_eq!(case(0).held(), NONE);
    assert_eq!(case(10).held(), NONE);
    assert_eq!(case(11).held(), ["members:hq:k-night: 1, limit 10"]);
}

#[test]
fn a_lane_is_held_as_a_whole_and_the_rest_goes_on() {
    let reviewed = links(20)
        .changes([create(77, assigned()), update(1)])
        .leavers(11)
        .changes([deactivate(19)])
        .review();
    assert_eq!(told(&reviewed.released), ["create u0077", "update u0001"]);
    let lanes: Vec<(&str, usize)> = reviewed
        .held
        .iter()
        .map(|hold| (&*hold.lane, hold.changes.len()))
        .collect();
    assert_eq!(lanes, [("leavers", 12)]);
    assert_eq!(reviewed.plan.changes.len(), 14, "the plan shows everything");
}

#[test]
fn lanes_are_held_side_by_side() {
    let case = links(60).changes((0..51).map(update)).leavers(11);
    assert_eq!(
        case.held(),
        ["leavers: 11, limit 10", "updates: 51, limit 50"]
    );
    assert_eq!(case.review().released, []);
}

#[test]
fn accounts_that_an_app_has_lost_are_made_again_in_portions_or_by_permission() {
    let vanished = |number| create(number, Reason::Vanished);
    let case = |count: usize, window: usize| {
        links(100)
            .changes((0..count).map(vanished))
            .state(|state| state.window.recreated = window)
    };
    assert_eq!(case(10, 0).held(), NONE);
    assert_eq!(case(11, 0).held(), ["recreated: 11, limit 10"]);
    assert_eq!(case(3, 7).held(), NONE);
    assert_eq!(
        case(3, 8).held(),
        ["recreated: 3, limit 10"],
        "small runs pass no more than one large one would"
    );
}
