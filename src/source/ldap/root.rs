//! What a server says of itself (RFC 4512, 5.1).
//!
//! Promises to hold what an admin or a decision needs of it, and no more. Leaves conclusions to
//! [`super::dialect`].

use std::collections::BTreeSet;

use super::entry::Entry;
use super::watch::NOTIFICATION;
use crate::source::dn;

/// The root DSE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RootDse {
    /// Who made the server.
    pub(super) vendor: Option<String>,
    /// Which version.
    pub(super) version: Option<String>,
    /// Its classes, in small letters.
    pub(super) classes: BTreeSet<String>,
    /// Object ids of what it can do.
    pub(super) capabilities: BTreeSet<String>,
    /// The tops of its trees.
    pub(super) contexts: Vec<String>,
    /// Is it a FreeIPA server?
    pub(super) is_ipa: bool,
}

/// What is asked for.
pub(super) const ATTRIBUTES: [&str; 10] = [
    "objectClass",
    "vendorName",
    "vendorVersion",
    "supportedControl",
    "supportedExtension",
    "supportedCapabilities",
    "namingContexts",
    "ipaDomainLevel",
    "ipaTopologyPluginVersion",
    "ipaTopologyIsManaged",
];

/// Paged results (RFC 2696).
pub(super) const PAGES: &str = "1.2.840.113556.1.4.319";

/// Persistent search (draft-ietf-ldapext-psearch-03).
pub(super) const PERSISTENT: &str = "2.16.840.1.113730.3.4.3";

/// What an admin may want to know of, by object id.
const FEATURES: [(&str, &str); 6] = [
    (PAGES, "paged results (RFC 2696)"),
    ("1.3.6.1.4.1.4203.1.9.1.1", "syncrepl (RFC 4533)"),
    ("1.2.840.113556.1.4.841", "DirSync"),
    (NOTIFICATION, "change notifications"),
    (PERSISTENT, "persistent search"),
    ("1.3.6.1.4.1.1466.20037", "StartTLS"),
];

impl RootDse {
    /// Reads the entry.
    pub(super) fn of(entry: &Entry) -> Self {
        let first = |name| entry.texts(name).next().map(str::to_owned);
        let all = |name| entry.texts(name).map(str::to_owned);
        Self {
            vendor: first("vendorName"),
            version: first("vendorVersion"),
            classes: all("objectClass")
                .map(|class| class.to_ascii_lowercase())
                .collect(),
            capabilities: all("supportedControl")
                .chain(all("supportedExtension"))
                .chain(all("supportedCapabilities"))
                .collect(),
            contexts: all("namingContexts")
                .filter(|context| !context.is_empty())
                .collect(),
            is_ipa: ATTRIBUTES
                .iter()
                .any(|name| name.starts_with("ipa") && first(name).is_some()),
        }
    }

    /// Does it say nothing at all?
    pub(super) fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    /// The top of the tree that this name is in.
    pub(super) fn context_of(&self, name: &str) -> Option<&str> {
        let contexts = self.contexts.iter().map(String::as_str);
        let above = contexts.filter(|context| dn::is_below(name, context));
        above.max_by_key(|context| context.len())
    }

    /// What it can do, in words.
    pub(super) fn features(&self) -> Vec<&'static str> {
        let has = |(id, _): &&(&str, &str)| self.capabilities.contains(*id);
        FEATURES.iter().filter(has).map(|(_, name)| *name).collect()
    }
}
