//! The two searches that a directory is read by, users and groups.
//!
//! Promises that what is listened to is what is read. Leaves what is concluded from it to whoever
//! listens.

use crate::source::ReadError;
use crate::source::ldap::dialect::Dialect;
use crate::source::ldap::entry::Entry;
use crate::source::ldap::search::{Search, both};
use crate::source::ldap::session::Session;
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
    /// The attribute that names each of them for ever.
    pub(super) key: &'c str,
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
            key: asking::user_key(config, dialect),
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
            key: draft::key_name(settings, dialect),
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

    /// Asks for these attributes of those who also match `more`, and hands each to `take`.
    ///
    /// # Errors
    /// As for [`Search::run`].
    pub(super) async fn ask(
        &self,
        session: &mut Session,
        config: &LdapConfig,
        attributes: &[String],
        more: Option<&str>,
        mut take: impl FnMut(Entry) + Send,
    ) -> Result<(), ReadError> {
        let filter = more.map_or_else(|| self.filter.to_owned(), |more| both(self.filter, more));
        let search = Search {
            what: self.what,
            branch: self.branch,
            filter: &filter,
            attributes,
            page: config.page,
        };
        let mut take = |entry| {
            take(entry);
            Ok(())
        };
        search.run(session, &mut take).await?;
        Ok(())
    }
}
