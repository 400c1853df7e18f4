//! What happens in an app without us: an administrator changes something by hand.
//!
//! Promises to work past all rules of the profile, so that a test or a simulation can bring an app
//! into any state. Leaves the log of requests alone: none was sent.

use serde_json::{Map, Value as Json};

use super::{Sandbox, object};
use crate::core::key::{RemoteId, TargetName};

#[expect(
    clippy::must_use_candidate,
    reason = "these are called for what they do; the answer is often of no interest"
)]
impl Sandbox {
    /// Puts a user into `target` past all rules, as if an administrator of the app had always had
    /// it there; one of the same `id` is replaced. `None` without such a target.
    pub fn put_user(&self, target: &TargetName, user: Map<String, Json>) -> Option<RemoteId> {
        let now = self.clock.now();
        let mut app = self.app(target)?;
        let known = object::text(&user, "id").and_then(|id| app.users.number(id));
        let number = match known {
            Some(number) => {
                let mut user = user;
                app.user_shape.respell(&mut user);
                let schemas = app.user_shape.schemas_of(&user);
                user.entry("schemas").or_insert_with(|| schemas.into());
                app.users.update(number, user, now);
                number
            }
            None => app.plant_user(user, now),
        };
        app.users
            .get(number)
            .map(|record| RemoteId::new(record.id()))
    }

    /// Changes a user of `target` past all rules; says whether there is one. Its `id` and `meta` stay.
    pub fn edit_user(
        &self,
        target: &TargetName,
        id: &RemoteId,
        change: impl FnOnce(&mut Map<String, Json>),
    ) -> bool {
        let now = self.clock.now();
        let Some(mut app) = self.app(target) else {
            return false;
        };
        let Some(number) = app.users.number(id.as_str()) else {
            return false;
        };
        let Some(mut user) = app.users.get(number).map(|record| record.resource.clone()) else {
            return false;
        };
        change(&mut user);
        app.users.update(number, user, now);
        true
    }

    /// Switches a user of `target` off or on, as an administrator of the app would, with all that
    /// the profile says comes of it; says whether there is one.
    pub fn set_active(&self, target: &TargetName, id: &RemoteId, active: bool) -> bool {
        let now = self.clock.now();
        self.app(target)
            .is_some_and(|mut app| app.set_active(id.as_str(), active, now))
    }

    /// Takes a user out of `target`, and out of its groups; says whether there was one.
    pub fn remove_user(&self, target: &TargetName, id: &RemoteId) -> bool {
        let now = self.clock.now();
        self.app(target)
            .is_some_and(|mut app| app.destroy_user(id.as_str(), now))
    }

    /// Puts a new group with its members into `target`, past all rules; one of the same `id` goes.
    /// `None` without such a target.
    pub fn put_group(&self, target: &TargetName, group: Map<String, Json>) -> Option<RemoteId> {
        let now = self.clock.now();
        let mut app = self.app(target)?;
        if let Some(number) = object::text(&group, "id").and_then(|id| app.groups.number(id)) {
            app.groups.remove(number);
        }
        let number = app.plant_group(group, now);
        app.groups
            .get(number)
            .map(|record| RemoteId::new(record.id()))
    }

    /// Takes a group out of `target`; says whether there was one.
    pub fn remove_group(&self, target: &TargetName, id: &RemoteId) -> bool {
        let now = self.clock.now();
        self.app(target)
            .is_some_and(|mut app| app.destroy_group(id.as_str(), now))
    }

    /// Gives `target` so many seats: while as many accounts are active, none is made. `None`: as many
    /// as it takes.
    pub fn set_seats(&self, target: &TargetName, seats: Option<usize>) {
        if let Some(mut app) = self.app(target) {
            app.switches.seats = seats;
        }
    }

    /// Switches provisioning in `target` off, so that every request is refused, or on again.
    pub fn set_paused(&self, target: &TargetName, paused: bool) {
        if let Some(mut app) = self.app(target) {
            app.switches.paused = paused;
        }
    }

    /// Lets no request change the user `id` of `target` any more.
    pub fn guard_user(&self, target: &TargetName, id: &RemoteId) {
        if let Some(mut app) = self.app(target) {
            app.switches.guarded.insert(id.as_str().to_owned());
        }
    }

    /// Makes `target` keep to the rates of its profile from now on: a request too many is answered
    /// with 429 and `Retry-After`.
    pub fn keep_rates(&self, target: &TargetName) {
        if let Some(mut app) = self.app(target) {
            let profile = app.profile.clone();
            app.switches.keep_rates(&profile);
        }
    }

    /// Ends every OAuth 2.0 token that `target` has issued.
    pub fn expire_tokens(&self, target: &TargetName) {
        let now = self.clock.now();
        if let Some(mut app) = self.app(target) {
            app.expire_tokens(now);
        }
    }

    /// Makes every refresh token of `target` void.
    pub fn revoke_refresh_tokens(&self, target: &TargetName) {
        if let Some(mut app) = self.app(target) {
            app.revoke_refresh_tokens();
        }
    }
}
