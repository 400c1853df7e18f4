//! What an app holds: accounts and groups, as the connector read them.
//!
//! Promises the flat view that planning compares and the app's own words beside it, untouched, for
//! writers that must carry foreign attributes through. Leaves the decoding to the connector.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::attribute::Attributes;
use super::key::RemoteId;

/// An account in an app.
#[derive(Clone, Debug)]
pub struct Account {
    /// The app's id for it.
    pub id: RemoteId,
    /// What a person calls it: its `userName`, else the id.
    pub label: String,
    /// May it be used? An app that does not say means yes (RFC 7643, 4.1.1).
    pub active: bool,
    /// The attributes that the profile knows, in the app's own spelling.
    pub attributes: Attributes,
    /// The resource as the app sent it.
    pub raw: Box<RawValue>,
}

/// A group in an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppGroup {
    /// The app's id for it.
    pub id: RemoteId,
    /// Its `displayName`.
    pub name: String,
    /// Its `externalId`, if it has one.
    pub external_id: Option<String>,
    /// The accounts in it; `None` when the app does not show members.
    pub members: Option<BTreeSet<RemoteId>>,
}
