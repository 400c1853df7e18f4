//! What an administrator of an app has switched on: seats, a pause, guarded accounts, strict rates.
//!
//! Promises that all of it is off in the beginning, and that a request which it refuses changes
//! nothing. Leaves the switching to [`super::admin`].

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use jiff::Timestamp;

use super::meter::Meter;
use super::refusal::Refusal;
use super::route::{Place, Scope};
use super::wording;
use crate::core::profile::{Profile, Resource};

/// The switches of one app.
#[derive(Debug, Default)]
pub(super) struct Switches {
    /// Active accounts, at most.
    pub(super) seats: Option<usize>,
    /// No request is served.
    pub(super) paused: bool,
    /// Accounts that no request may change.
    pub(super) guarded: BTreeSet<String>,
    /// The rates of the profile, kept.
    pub(super) meter: Option<Meter>,
}

impl Switches {
    /// Refuses a request that comes too soon, where rates are kept.
    pub(super) fn admit(
        &mut self,
        method: &Method,
        place: &Place,
        bytes: usize,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let Some(meter) = &mut self.meter else {
            return Ok(());
        };
        meter
            .take(method, about(place), bytes, now)
            .map_err(|wait| Refusal {
                retry_after: Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
                ..Refusal::plain(StatusCode::TOO_MANY_REQUESTS, "too many requests")
            })
    }

    /// Refuses what is switched off; `active` says how many accounts are active.
    pub(super) fn check(
        &self,
        method: &Method,
        place: &Place,
        active: impl FnOnce() -> usize,
    ) -> Result<(), Refusal> {
        if self.paused {
            return Err(wording::paused());
        }
        match place {
            Place::User(id) if method != Method::GET && self.guarded.contains(id) => {
                Err(wording::guarded())
            }
            Place::Users if method == Method::POST => match self.seats {
                Some(seats) if active() >= seats => Err(wording::no_seat()),
                Some(_) | None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Keeps the rates of the profile from now on.
    pub(super) fn keep_rates(&mut self, profile: &Profile) {
        self.meter = Some(Meter::new(&profile.rates.buckets));
    }
}

fn about(place: &Place) -> Option<Resource> {
    match place {
        Place::Users | Place::User(_) | Place::Search(Scope::Users) => Some(Resource::Users),
        Place::Groups | Place::Group(_) | Place::Search(Scope::Groups) => Some(Resource::Groups),
        Place::Search(Scope::All)
        | Place::Provider
        | Place::ResourceTypes(_)
        | Place::Schemas(_)
        | Place::Absent(_) => None,
    }
}
