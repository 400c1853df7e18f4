//! The two searches that a directory is read by, users and groups.
//!
//! Promises that what is listened to is what is read. Leaves reading it to the source.

use crate::source::ldap::dialect::Dialect;
use crate::source::ldap::settings::{Branch, LdapConfig};
use crate::source::ldap::{asking, draft};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::ldap) enum Kind {
    Users,
    Groups,
}

/// A search.
pub(super) struct Part<'c> {
    /// As the config calls it: `users`, `groups`.
    pub(super) what: &'static str,
    /// Where.
    pub(super) branch: &'c Branch,
    /// Which entries.
    pub(super) filter: &'c str,
    /// Which of their attributes.
    pub(super) attributes: Vec<String>,
}

impl<'c> Part<'c> {
    /// The users.
    pub(super) fn users(config: &'c LdapConfig, dialect: Dialect) -> Self {
        let branch = &config.users.branch;
        Self {
            what: "users",
            branch,
            filter: branch.filter.as_deref().unwrap_or(dialect.user_filter()),
            attributes: asking::of_users(config, dialect),
        }
    }

    /// The groups, if any are wanted.
    pub(super) fn groups(config: &'c LdapConfig, dialect: Dialect) -> Option<Self> {
        let settings = config.groups.as_ref()?;
        let branch = &settings.branch;
        Some(Self {
            what: "groups",
            branch,
            filter: branch.filter.as_deref().unwrap_or(dialect.group_filter()),
            attributes: draft::attributes(settings, dialect),
        })
    }

    /// Those of this kind, if any are wanted.
    pub(super) fn of(kind: Kind, config: &'c LdapConfig, dialect: Dialect) -> Option<Self> {
        match kind {
            Kind::Users => Some(Self::users(config, dialect)),
            Kind::Groups => Self::groups(config, dialect),
        }
    }

    /// Both.
    pub(super) fn all(config: &'c LdapConfig, dialect: Dialect) -> Vec<Self> {
        let users = Self::users(config, dialect);
        std::iter::once(users)
            .chain(Self::groups(config, dialect))
            .collect()
    }
}
