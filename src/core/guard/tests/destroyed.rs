//! Deactivations that may destroy accounts: each one is held until the site or a person has said so.

use super::{delete, links, told};
use crate::core::guard::tests::{Case, NONE};
use crate::core::leaver::LeaverPolicy;
use crate::core::profile::Deactivation;
use std::time::Duration;

/// A hundred accounts, two leavers, in an app of which the vendor contradicts itself.
fn contradicted() -> Case {
    let mut case = links(100).leavers(2);
    case.rules.profile.users.deactivate.effect = Deactivation::Unknown;
    case
}

#[test]
fn one_that_nobody_has_asked_for_is_held() {
    assert_eq!(contradicted().held(), ["destroyed: 2, limit 0"]);
    assert_eq!(contradicted().review().released, []);
}

#[test]
fn one_that_the_site_has_chosen_counts_like_any_leaver() {
    let mut case = contradicted();
    case.rules.knows_effect = true;
    assert_eq!(case.held(), NONE);
    assert_eq!(case.clone().leavers(12).held(), ["leavers: 14, limit 10"]);
    let mut case = contradicted();
    case.rules.leavers.disabled = LeaverPolicy {
        deactivate: Some(Duration::ZERO),
        delete: Some(Duration::ZERO),
    };
    assert_eq!(case.held(), NONE);
}

#[test]
fn a_delete_is_not_held_with_them() {
    let case = contradicted().changes([delete(50)]);
    assert_eq!(case.held(), ["destroyed: 2, limit 0"]);
    assert_eq!(told(&case.review().released), ["delete u0050"]);
}

#[test]
fn an_approval_releases_them() {
    let case = contradicted().keep(true);
    assert_eq!(case.held(), NONE);
    assert_eq!(
        told(&case.review().released),
        ["deactivate u0000", "deactivate u0001"]
    );
}
