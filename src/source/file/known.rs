//! Everybody a file names, and the ways in which its groups and managers name them.
//!
//! Promises that a user whose row is held back is found as well as any other, and that a name which
//! two users share finds nobody. Leaves the rows themselves to [`super::users`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::FileConfig;
use super::rows::Row;
use super::users::Keyed;
use crate::core::key::UserKey;
use crate::core::text::fold;
use crate::source::dn;

/// The users of a file, by all their names.
#[derive(Debug, Default)]
pub(super) struct Known {
    keys: HashMap<Arc<str>, UserKey>,
    dns: HashMap<String, UserKey>,
    uids: Names<Arc<str>>,
    /// Folded logins and e-mails; filled only when a manager is named by one.
    logins: Names<String>,
}

/// Names that should be unique; `None` stands where they are not.
type Names<T> = HashMap<T, Option<UserKey>>;

impl Known {
    /// Indexes the users by key, DN and `uid`, and by login where managers are named so.
    pub(super) fn of(keyed: &[Keyed], config: &FileConfig) -> Self {
        let mut known = Self::default();
        for Keyed { key, row } in keyed {
            known.keys.insert(Arc::clone(&key.id), key.clone());
            if let Some(dn) = &row.dn {
                known.dns.entry(dn.clone()).or_insert_with(|| key.clone());
            }
            for uid in row.all("uid") {
                name(&mut known.uids, Arc::clone(uid), key);
            }
        }
        if keyed
            .iter()
            .any(|user| known.needs_logins(&user.row, config))
        {
            known.index_logins(keyed, config);
        }
        known
    }

    fn needs_logins(&self, row: &Row, config: &FileConfig) -> bool {
        let manager = row.first(&config.manager);
        manager.is_some_and(|manager| {
            self.by_key(manager)
                .or_else(|| self.by_dn(manager))
                .is_none()
        })
    }

    fn index_logins(&mut self, keyed: &[Keyed], config: &FileConfig) {
        for Keyed { key, row } in keyed {
            for attribute in [&*config.label, "uid", "mail"] {
                for login in row.all(attribute) {
                    name(&mut self.logins, fold(login), key);
                }
            }
        }
    }

    /// The user under a key of the file.
    pub(super) fn by_key(&self, key: &str) -> Option<&UserKey> {
        self.keys.get(key)
    }

    /// The user under a DN, however it is spelled.
    pub(super) fn by_dn(&self, name: &str) -> Option<&UserKey> {
        if self.dns.is_empty() {
            return None;
        }
        self.dns.get(&dn::normal(name)?)
    }

    /// The user of a `uid`, unless several have it.
    pub(super) fn by_uid(&self, uid: &str) -> Option<&UserKey> {
        self.uids.get(uid)?.as_ref()
    }

    /// The user whom a manager attribute names: by key, DN, login or e-mail.
    pub(super) fn manager(&self, named: &str) -> Option<&UserKey> {
        let sure = self.by_key(named).or_else(|| self.by_dn(named));
        sure.or_else(|| self.logins.get(&fold(named))?.as_ref())
    }
}

fn name<T: std::hash::Hash + Eq>(names: &mut Names<T>, name: T, key: &UserKey) {
    match names.entry(name) {
        Entry::Vacant(free) => {
            free.insert(Some(key.clone()));
        }
        Entry::Occupied(mut taken) => {
            if taken.get().as_ref() != Some(key) {
                taken.insert(None);
            }
        }
    }
}
