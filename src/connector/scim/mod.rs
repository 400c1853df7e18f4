//! SCIM 2.0 (RFC 7643, RFC 7644) in the dialect that an app's profile describes.
//!
//! Promises that foreign attributes, elements and members stay as they were, that a deactivation
//! travels alone, and that a write whose outcome nobody knows says so. Leaves retries, rates and the
//! choice of what to do to others: every call here is as many requests as its words need, each once.

mod apply;
mod claims;
mod creation;
mod decode;
mod due;
mod element;
mod encode;
mod exchange;
mod fallback;
pub(crate) mod filter;
mod greeting;
mod groups;
mod keyset;
mod list;
mod lookup;
mod members;
mod node;
mod observe;
mod operation;
mod patch;
mod path;
mod put;
mod resource;
#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;
mod version;

use std::sync::Arc;

use serde_json::value::RawValue;
use url::Url;

use self::decode::Unreadable;
use self::exchange::Exchange;
use self::fallback::Patches;
use super::Observe;
use crate::clock::Clock;
use crate::core::account::{Account, AppGroup};
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::core::profile::{GroupRules, Profile};
use crate::http::Transport;

/// An app that speaks SCIM.
pub struct ScimConnector {
    exchange: Exchange,
    profile: Arc<Profile>,
    patches_users: Patches,
    patches_groups: Patches,
}

impl ScimConnector {
    /// The app at `base_url`, which is like `profile` says. The transport proves who we are and
    /// keeps the app's pace; the clock is only for dates in `Retry-After`.
    #[must_use]
    pub fn new(
        transport: Arc<dyn Transport>,
        base_url: Url,
        profile: Arc<Profile>,
        clock: Clock,
    ) -> Self {
        Self {
            exchange: Exchange::new(transport, base_url, Arc::clone(&profile), clock),
            profile,
            patches_users: Patches::default(),
            patches_groups: Patches::default(),
        }
    }

    fn user(&self, id: &RemoteId) -> Result<String, Fault> {
        filter::resource(&self.profile.users.path, id)
    }

    fn group_path(&self, id: &RemoteId) -> Result<String, Fault> {
        if self.profile.has_groups() {
            filter::resource(&self.profile.groups.path, id)
        } else {
            Err(no_groups())
        }
    }

    /// The account as it is now.
    async fn present(&self, id: &RemoteId) -> Result<Account, Fault> {
        let missing = || Fault {
            status: Some(404),
            ..Fault::new(
                FaultKind::Missing,
                Effect::None,
                "it was to be read before a change",
            )
        };
        self.account(id).await?.ok_or_else(missing)
    }
}

fn no_groups() -> Fault {
    Fault::new(
        FaultKind::Unsupported,
        Effect::None,
        "the profile says that it has no groups; nothing was sent",
    )
}

/// Reads a row of a list of accounts.
fn read_account(
    profile: &Profile,
) -> impl Fn(Box<RawValue>) -> Result<(RemoteId, Account), Unreadable> + Sync {
    |raw| decode::account(raw, profile).map(|account| (account.id.clone(), account))
}

/// Reads a row of a list of groups.
fn read_group(
    rules: &GroupRules,
) -> impl Fn(Box<RawValue>) -> Result<(RemoteId, AppGroup), Unreadable> + Sync {
    |raw| decode::group(&raw, rules).map(|group| (group.id.clone(), group))
}
