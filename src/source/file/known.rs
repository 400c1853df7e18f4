//! Everybody a file names, and the ways in which its groups and managers name them.
//!
//! Promises that a user whose row is held back is found as well as any other, and that a name which
//! two users share finds nobody. Leaves the rows themselves to [`super::users`].

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::FileConfig;
use super::rows::{Row, Rows};
use crate::core::key::{SourceName, UserKey};
use crate::core::packed::{put_text, take_text};
use crate::core::people::{Growing, Keys};
use crate::core::text::fold;
use crate::source::dn;

/// The users of a file, whatever becomes of their rows.
#[derive(Debug)]
pub(super) struct Known {
    source: SourceName,
    keys: Arc<Keys>,
    dns: Names,
    uids: Names,
    logins: Names,
    /// The lines of each key that stands in several.
    repeated: BTreeMap<Arc<str>, Vec<usize>>,
}

impl Known {
    /// All whose key can be read.
    pub(super) fn of(rows: &Rows, source: &SourceName, config: &FileConfig) -> Self {
        let (keys, repeated) = keys(rows, source, config);
        let mut known = Self {
            source: source.clone(),
            keys: Arc::new(keys),
            dns: Names::default(),
            uids: Names::default(),
            logins: Names::default(),
            repeated,
        };
        // Only LDIF names people by these.
        if rows.have_dns() {
            known.index_dns(rows, config);
        }
        if known.needs_logins(rows, config) {
            known.index_logins(rows, config);
        }
        known
    }

    /// The keys, sorted.
    pub(super) fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// The lines in which a key stands that is not one user's alone.
    pub(super) fn repeated(&self, key: &str) -> Option<&[usize]> {
        self.repeated.get(key).map(Vec::as_slice)
    }

    /// The rows whose key can be read, each with the place of the key, and with these fields.
    fn places<'r>(
        &'r self,
        rows: &'r Rows,
        config: &'r FileConfig,
        fields: &[&str],
    ) -> impl Iterator<Item = (u32, Row)> + use<'r> {
        let rows = rows.only(&[fields, &[&*config.user_key]].concat());
        rows.filter_map(move |row| Some((self.by_key(row.key(&config.user_key).ok()?)?, row)))
    }

    fn index_dns(&mut self, rows: &Rows, config: &FileConfig) {
        let (mut dns, mut uids) = (Names::default(), Names::default());
        for (place, row) in self.places(rows, config, &["uid"]) {
            if let Some(dn) = &row.dn {
                dns.add(dn, place);
                for uid in row.all("uid") {
                    uids.add(uid, place);
                }
            }
        }
        (self.dns, self.uids) = (dns.sorted(), uids.sorted());
    }

    /// Is there a manager who is not named by a key?
    fn needs_logins(&self, rows: &Rows, config: &FileConfig) -> bool {
        let is_unknown = |row: &Row| {
            let manager = row.first(&config.manager);
            manager.is_some_and(|manager| self.surely(manager).is_none())
        };
        rows.only(&[&config.manager]).any(|row| is_unknown(&row))
    }

    /// Logins and e-mail addresses, for managers who are not named by a key.
    fn index_logins(&mut self, rows: &Rows, config: &FileConfig) {
        let called = [&*config.label, "uid", "mail"];
        let mut logins = Names::default();
        for (place, row) in self.places(rows, config, &called) {
            for login in called.into_iter().flat_map(|name| row.all(name)) {
                logins.add(&fold(login), place);
            }
        }
        self.logins = logins.sorted();
    }

    /// The place of the user of this key.
    pub(super) fn by_key(&self, key: &str) -> Option<u32> {
        let key = UserKey::new(&self.source, key);
        u32::try_from(self.keys.place(&key)?).ok()
    }

    /// The place of the user of this name in the tree, however it is written.
    pub(super) fn by_dn(&self, name: &str) -> Option<u32> {
        if self.dns.is_empty() {
            return None;
        }
        self.dns.first(&dn::normal(name)?)
    }

    /// The place of the only user of this login.
    pub(super) fn by_uid(&self, uid: &str) -> Option<u32> {
        self.uids.only(uid)
    }

    /// Whom a manager attribute names: a key, a DN, a login or an e-mail.
    pub(super) fn manager(&self, named: &str) -> Option<UserKey> {
        let sure = self.surely(named);
        let place = sure.or_else(|| self.logins.only(&fold(named)))?;
        self.keys.get(place as usize)
    }

    fn surely(&self, named: &str) -> Option<u32> {
        self.by_key(named).or_else(|| self.by_dn(named))
    }
}

/// The keys of all rows, sorted, and the lines of those that stand in several.
fn keys(
    rows: &Rows,
    source: &SourceName,
    config: &FileConfig,
) -> (Keys, BTreeMap<Arc<str>, Vec<usize>>) {
    let (mut ids, mut starts) = (Vec::new(), Vec::new());
    for row in rows.only(&[&config.user_key]) {
        if let Ok(key) = row.key(&config.user_key) {
            starts.push(ids.len());
            put_text(&mut ids, key);
        }
    }
    let id = |start: usize| take_text(&mut &ids[start..]);
    starts.sort_unstable_by_key(|start| id(*start));
    let mut keys = Growing::default();
    let mut repeated = BTreeMap::new();
    for same in starts.chunk_by(|one, other| id(*one) == id(*other)) {
        let key = id(same[0]);
        keys.push(&UserKey::new(source, key));
        if same.len() > 1 {
            repeated.insert(Arc::from(key), Vec::with_capacity(same.len()));
        }
    }
    if !repeated.is_empty() {
        add_lines(&mut repeated, rows, config);
    }
    (keys.finish(), repeated)
}

fn add_lines(repeated: &mut BTreeMap<Arc<str>, Vec<usize>>, rows: &Rows, config: &FileConfig) {
    for row in rows.only(&[&config.user_key]) {
        let key = row.key(&config.user_key);
        if let Some(lines) = key.ok().and_then(|key| repeated.get_mut(key)) {
            lines.push(row.line);
        }
    }
}

/// Names, each as a hash, with the places of whoever has it.
#[derive(Debug, Default)]
struct Names(Vec<(u128, u32)>);

impl Names {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, name: &str, place: u32) {
        self.0.push((hash(name), place));
    }

    fn sorted(mut self) -> Self {
        self.0.sort_unstable();
        self.0.dedup();
        self.0.shrink_to_fit();
        self
    }

    fn places(&self, name: &str) -> &[(u128, u32)] {
        let hash = hash(name);
        let start = self.0.partition_point(|(known, _)| *known < hash);
        let end = self.0.partition_point(|(known, _)| *known <= hash);
        &self.0[start..end]
    }

    /// Whoever of those with this name has the first key.
    fn first(&self, name: &str) -> Option<u32> {
        self.places(name).first().map(|(_, place)| *place)
    }

    /// Whoever alone has this name.
    fn only(&self, name: &str) -> Option<u32> {
        match self.places(name) {
            [(_, place)] => Some(*place),
            [] | [..] => None,
        }
    }
}

/// Long enough that no two names have the same, by chance or by design.
fn hash(name: &str) -> u128 {
    let digest = Sha256::digest(name);
    let mut head = [0; 16];
    head.copy_from_slice(&digest[..16]);
    u128::from_le_bytes(head)
}
