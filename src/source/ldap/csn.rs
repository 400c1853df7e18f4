//! How new the content of an OpenLDAP server is, by its change sequence numbers.
//!
//! Promises to tell a server that lags behind another, or was restored from a backup, from one that
//! knows at least as much. Leaves servers that number nothing to their names.

use std::collections::BTreeMap;

use super::dialect::Dialect;
use super::session::{Found, Session};
use super::settings::LdapConfig;
use crate::source::ReadError;

/// The attribute at the top of a tree that holds them, one for each server that takes writes.
const CONTEXT_CSN: &str = "contextCSN";

/// The newest change known of each server that takes writes, by its number: `20261122093348.123456Z`
/// and a counter, which compare as texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Newest(BTreeMap<String, String>);

impl Newest {
    /// Of the tree that holds the users; nothing where the server does not say.
    ///
    /// # Errors
    /// When the line breaks.
    pub(super) async fn of(session: &mut Session, config: &LdapConfig) -> Result<Self, ReadError> {
        let is_told = match session.dialect {
            Dialect::OpenLdap => true,
            Dialect::Ad | Dialect::Rhds | Dialect::FreeIpa | Dialect::Other => false,
        };
        let top = session.root.context_of(&config.users.branch.base);
        let Some(top) = top.filter(|_| is_told).map(str::to_owned) else {
            return Ok(Self::default());
        };
        let wanted = [CONTEXT_CSN.to_owned()];
        Ok(match session.find(&top, &wanted).await? {
            Found::Entry(entry) => Self::of_values(entry.texts(CONTEXT_CSN)),
            Found::Absent | Found::Hidden => Self::default(),
        })
    }

    /// Of a cookie: `rid=000,csn=…;…`, and of any other cookie nothing.
    pub(super) fn of_cookie(cookie: &[u8]) -> Self {
        let text = std::str::from_utf8(cookie).unwrap_or_default();
        let csns = text.split(',').find_map(|part| part.strip_prefix("csn="));
        Self::of_values(csns.unwrap_or_default().split(';'))
    }

    /// `20261122093348.123456Z#000000#001#000000`: time, counter, server, change within.
    fn of_values<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let mut newest = Self::default();
        for value in values {
            let parts: Vec<&str> = value.split('#').collect();
            if let [time, count, server, within] = parts[..] {
                newest.raise_one(server, &format!("{time}#{count}#{within}"));
            }
        }
        newest
    }

    /// Takes what is newer in the other.
    pub(super) fn raise(&mut self, other: &Self) {
        for (server, csn) in &other.0 {
            self.raise_one(server, csn);
        }
    }

    fn raise_one(&mut self, server: &str, csn: &str) {
        let known = self.0.entry(server.to_owned()).or_default();
        if csn > known.as_str() {
            csn.clone_into(known);
        }
    }

    /// Is nothing known?
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is everything in here that is in the other? A server whose number is not here at all was
    /// taken out of service, or this tree was loaded anew: then the newest of all has to do.
    pub(super) fn reaches(&self, other: &Self) -> bool {
        let newest = self.0.values().max();
        let of = |server: &String| self.0.get(server).or(newest);
        let mut all = other.0.iter();
        all.all(|(server, csn)| of(server).is_some_and(|own| own >= csn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest(values: &[&str]) -> Newest {
        Newest::of_values(values.iter().copied())
    }

    #[test]
    fn a_server_that_lags_or_was_restored_is_told_from_one_that_knows_as_much() {
        let old = newest(&["20261121000000.000000Z#000000#001#000000"]);
        let new = newest(&["20261122000000.000000Z#000000#001#000000"]);
        let counted = newest(&["20261122000000.000000Z#000001#001#000000"]);
        let two = newest(&[
            "20261122000000.000000Z#000000#001#000000",
            "20261120000000.000000Z#000000#002#000000",
        ]);
        for (one, other, reaches) in [
            (&new, &old, true),
            (&old, &new, false),
            (&new, &new, true),
            (&new, &counted, false),
            (&counted, &new, true),
            (&two, &new, true),
            (&new, &two, true),
            (&old, &two, false),
            (&Newest::default(), &old, false),
            (&old, &Newest::default(), true),
        ] {
            assert_eq!(one.reaches(other), reaches, "{one:?} {other:?}");
        }
        let mut raised = old.clone();
        raised.raise(&two);
        raised.raise(&old);
        assert_eq!(raised, two);
    }

    #[test]
    fn a_cookie_says_the_same_as_the_tree() {
        let cookie = b"rid=000,csn=20261122000000.000000Z#000000#001#000000;\
                       20261120000000.000000Z#000000#002#000000,delcsn=x";
        let told = Newest::of_cookie(cookie);
        assert_eq!(
            told,
            newest(&[
                "20261122000000.000000Z#000000#001#000000",
                "20261120000000.000000Z#000000#002#000000",
            ])
        );
        for foreign in [
            &b"localhost:389#cn=x:#7"[..],
            b"",
            &[0xff, 0xfe],
            b"csn=;#,",
        ] {
            assert!(Newest::of_cookie(foreign).is_empty(), "{foreign:?}");
        }
    }
}
