//! The two ways to an app: looking ([`Observe`]) and writing ([`Apply`]).
//!
//! Promises that whoever is handed only `Observe` cannot change the app. Neither retries (but for
//! one token refresh after a 401). Leaves to the engine when to call what.

pub mod scim;
pub mod trace;

use std::sync::Arc;

use async_trait::async_trait;

use crate::core::account::{Account, AppGroup};
use crate::core::attribute::{AttrChange, AttrName, Attributes};
use crate::core::fault::Fault;
use crate::core::key::RemoteId;

/// Looking at an app.
#[async_trait]
pub trait Observe: Send + Sync {
    /// Proves address and credentials, and tries on one account what the profile says of reading.
    ///
    /// # Errors
    /// Why the app did not answer as it should.
    async fn test(&self) -> Result<Greeting, Fault>;

    /// One request: is the app there?
    ///
    /// # Errors
    /// Why it did not answer as it should.
    async fn knock(&self) -> Result<(), Fault>;

    /// Every account, in the order of the app, each id once. `progress` hears how many so far.
    ///
    /// # Errors
    /// Any page that fails fails the whole list: a part is never taken for everything.
    async fn accounts(&self, progress: &(dyn Fn(usize) + Sync)) -> Result<Vec<Account>, Fault>;

    /// The account `id`, or `None` when the app says that there is none.
    ///
    /// # Errors
    /// Why nobody knows.
    async fn account(&self, id: &RemoteId) -> Result<Option<Account>, Fault>;

    /// The accounts, inactive ones included, that hold one of these values, compared here again.
    ///
    /// # Errors
    /// Why nobody knows.
    async fn find(&self, keys: &[(AttrName, String)]) -> Result<Vec<Account>, Fault>;

    /// Every group, with members where the app shows them.
    ///
    /// # Errors
    /// Any page that fails fails the whole list.
    async fn groups(&self) -> Result<Vec<AppGroup>, Fault>;

    /// The group `id`, or `None` when the app says that there is none.
    ///
    /// # Errors
    /// Why nobody knows.
    async fn group(&self, id: &RemoteId) -> Result<Option<AppGroup>, Fault>;

    /// The groups that hold `external_id`, where the app keeps one; if none does, those of that name.
    /// Compared here again.
    ///
    /// # Errors
    /// Why nobody knows.
    async fn find_groups(
        &self,
        name: &str,
        external_id: Option<&str>,
    ) -> Result<Vec<AppGroup>, Fault>;
}

/// What an app said of itself when tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// How many accounts it says it has.
    pub accounts: Option<u64>,
    /// Where its `ServiceProviderConfig`, or what it does, contradicts the profile, which wins.
    pub contradictions: Vec<String>,
}

/// Somebody who goes into a group, or out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The account.
    pub id: RemoteId,
    /// What a person calls its owner, for apps that want a `display`.
    pub display: Arc<str>,
}

/// Into a group, or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Into it.
    In,
    /// Out of it.
    Out,
}

/// Writing to an app. Every call is one change; values of other users' accounts are already ids.
#[async_trait]
pub trait Apply: Observe {
    /// Makes an active account; at some apps this brings back one that was switched off.
    ///
    /// # Errors
    /// With [`Effect::Unknown`](crate::core::fault::Effect::Unknown) it may be there all the same.
    async fn create(&self, attributes: &Attributes) -> Result<Account, Fault>;

    /// Changes attributes, and with `activate` switches the account on, in the same request or in one
    /// before it, as the profile says.
    /// `now` is the account as it was read in this run, if it was; what the profile cannot word
    /// without it is read first. Gives the account after the change, if the app showed it.
    ///
    /// # Errors
    /// Why it is not sure to be changed.
    async fn update(
        &self,
        id: &RemoteId,
        changes: &[AttrChange],
        activate: bool,
        now: Option<&Account>,
    ) -> Result<Option<Account>, Fault>;

    /// Switches the account off, in a request that carries nothing else: as the profile says, `active:
    /// false` or a `DELETE`.
    ///
    /// # Errors
    /// Why it is not sure to be off.
    async fn deactivate(&self, id: &RemoteId) -> Result<Option<Account>, Fault>;

    /// Deletes the account; one that is not there counts as deleted (RFC 7644, 3.6).
    ///
    /// # Errors
    /// Why it is not sure to be gone.
    async fn delete(&self, id: &RemoteId) -> Result<(), Fault>;

    /// Makes a group with these members, of whom the profile allows at most `inline_members`.
    ///
    /// # Errors
    /// With an unknown effect it may be there all the same.
    async fn create_group(
        &self,
        name: &str,
        external_id: &str,
        members: &[GroupMember],
    ) -> Result<AppGroup, Fault>;

    /// Renames a group, by id.
    ///
    /// # Errors
    /// Why it is not sure to be renamed.
    async fn rename_group(&self, id: &RemoteId, name: &str) -> Result<(), Fault>;

    /// Deletes a group; one that is not there counts as deleted.
    ///
    /// # Errors
    /// Why it is not sure to be gone.
    async fn delete_group(&self, id: &RemoteId) -> Result<(), Fault>;

    /// How many of these members, from the first on, go into one request: at least one, and never more
    /// than the profile's `chunk` and `max_body` allow.
    fn portion(&self, direction: Direction, members: &[GroupMember]) -> usize;

    /// Puts members in, or takes them out, in one request; at most a [portion](Apply::portion).
    /// Nobody else is touched.
    ///
    /// # Errors
    /// Why they are not sure to be moved.
    async fn move_members(
        &self,
        group: &RemoteId,
        direction: Direction,
        members: &[GroupMember],
    ) -> Result<(), Fault>;
}
