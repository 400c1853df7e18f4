//! What holds for every installation: any people, any app, any policy.

mod story;

use std::collections::BTreeSet;

use proptest::prelude::*;

use story::{PEOPLE, story};

use super::model::obey;
use crate::core::account::Account;
use crate::core::change::{Action, Change, Subject};
use crate::core::desired::Wanted;
use crate::core::key::RemoteId;
use crate::core::plan::scene::Scene;
use crate::core::reading::Absence;
use crate::core::rules::Drift;

fn accounts(scene: &Scene) -> &[Account] {
    &scene.observed.as_ref().expect("the app was read").accounts
}

/// Accounts that a user has a link to.
fn linked(scene: &Scene) -> BTreeSet<RemoteId> {
    let links = scene.state.links.values();
    links.map(|link| link.id.clone()).collect()
}

fn adopted(scene: &Scene) -> BTreeSet<RemoteId> {
    let actions = scene.changes().into_iter().map(|change| change.action);
    actions
        .filter_map(|action| match action {
            Action::Adopt { id, .. } => Some(id),
            _ => None,
        })
        .collect()
}

fn account_text(account: &Account) -> String {
    format!("{account:?}")
}

/// Is the subject of the change somebody who is out, by what the source says?
fn is_out(scene: &Scene, change: &Change) -> bool {
    let Subject::User(user) = &change.subject else {
        return false;
    };
    match scene.desired.get(user) {
        Some(desired) => matches!(desired.wanted, Wanted::Out(_)),
        None => scene.absent.get(user) == Some(&Absence::Sure),
    }
}

/// Links alone do not tell that an account is gone whose user is missing, nor what was switched off in
/// the app and is only reported or parked.
fn links_tell_all(scene: &Scene) -> bool {
    let observed = scene.observed.as_ref().expect("the app was read");
    let all_there = linked(scene).is_disjoint(&observed.gone);
    all_there && scene.rules.drift == Drift::Repair && scene.plan().parked.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_input_in_another_order_gives_the_same_plan(story in story(), turn in 0_usize..8) {
        let scene = story.scene();
        let mut other = scene.clone();
        let observed = other.observed.as_mut().expect("the app was read");
        let count = observed.accounts.len();
        observed.accounts.rotate_left(turn % count);
        observed.groups.reverse();
        prop_assert_eq!(format!("{:?}", scene.plan()), format!("{:?}", other.plan()));
    }

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(story in story()) {
        let scene = story.scene();
        // A second account of somebody comes to light only when the first one is gone.
        let has_twins = story.people.iter().any(|person| person.twin);
        let after = obey(&scene);
        let after = if has_twins { obey(&after) } else { after };
        prop_assert_eq!(after.changes(), []);
        let learned = obey(&after);
        prop_assert_eq!(learned.plan().notes, []);
        if links_tell_all(&learned) {
            prop_assert_eq!(learned.remembered().changes(), []);
        }
    }

    #[test]
    fn nobody_loses_an_account_but_who_is_out(story in story()) {
        let scene = story.scene();
        for change in scene.changes() {
            let takes_away = matches!(change.action, Action::Deactivate | Action::Delete);
            prop_assert!(!takes_away || is_out(&scene, &change), "{:?}", change);
        }
    }

    #[test]
    fn two_users_never_share_an_account_and_nobody_gets_two(story in story()) {
        let scene = story.scene();
        let after = obey(&scene);
        prop_assert_eq!(linked(&after).len(), after.state.links.len());
        for name in PEOPLE {
            let made = accounts(&after)
                .iter()
                .filter(|account| account.label == name && account.id.as_str().starts_with("new"))
                .count();
            prop_assert!(made <= 1);
        }
    }

    #[test]
    fn what_is_not_ours_stays_as_it_was(story in story()) {
        let scene = story.scene();
        let after = obey(&scene);
        let ours = &linked(&scene) | &adopted(&scene);
        let protected = &scene.rules.protected;
        let now: BTreeSet<String> = accounts(&after).iter().map(account_text).collect();
        for before in accounts(&scene) {
            if !ours.contains(&before.id) || protected.contains(before.label.as_str()) {
                prop_assert!(now.contains(&account_text(before)), "{:?}", before);
            }
        }
        for group in &after.observed.as_ref().expect("the app was read").groups {
            let was_there = group.id.as_str().starts_with("g-");
            let strangers = group.members.as_ref().is_some_and(|ids| ids.contains(&"stranger".into()));
            prop_assert!(!was_there || strangers, "{:?}", group);
        }
    }
}
