//! The inventory of one target: its accounts as they are now, beside our users.
//!
//! Promises to write nothing anywhere, like a proposal. Leaves whose an account is to
//! [`crate::core::plan::inventory`].

use super::World;
use super::follow::follow;
use super::propose::{ProposeError, observe, window_start};
use super::roster::Roster;
use crate::connector::Observe;
use crate::core::desired::desire;
use crate::core::plan::Input;
use crate::core::plan::inventory::{Inventory, inventory};
use crate::core::rules::Rules;

/// Reads the app and says whose each account is.
///
/// # Errors
/// When the app or the state cannot be read.
pub async fn take(
    rules: &Rules,
    app: &dyn Observe,
    roster: &Roster,
    world: World<'_>,
) -> Result<Inventory, ProposeError> {
    let now = world.clock.now();
    let mut state = world.store.target(&rules.target, window_start(now)).await?;
    let mut desired = desire(rules, &roster.readings);
    let view = observe(rules, app, roster, &desired, &mut state, world).await?;
    let doubted = roster.doubted(&state);
    let seen = Some(&view.observed);
    let rekeyed = follow(rules, roster, &doubted, state, &mut desired, seen, world);
    Ok(inventory(&Input {
        rules,
        desired: &desired,
        readings: &roster.readings,
        state: rekeyed.planned(),
        observed: seen,
        absent: &rekeyed.absent,
        key: world.key,
        now,
    }))
}
