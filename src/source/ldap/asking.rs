//! Which attributes are asked for, and under which names they are kept.
//!
//! Promises that a server is asked for what somebody needs and nothing else, and that an attribute is
//! found under the name that an expression calls it by: attributes are known by several names and do
//! not heed case (RFC 4512, 2.5). Leaves their values to users and groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dialect::Dialect;
use super::primary;
use super::settings::{Disabled, Form, LdapConfig};
use crate::source::value::is_secret;

/// Attributes with two names (RFC 4519, RFC 4524); servers answer with the first.
const ALIASES: [(&str, &str); 12] = [
    ("c", "countryName"),
    ("cn", "commonName"),
    ("facsimileTelephoneNumber", "fax"),
    ("givenName", "gn"),
    ("l", "localityName"),
    ("mail", "rfc822Mailbox"),
    ("o", "organizationName"),
    ("ou", "organizationalUnitName"),
    ("sn", "surname"),
    ("st", "stateOrProvinceName"),
    ("street", "streetAddress"),
    ("uid", "userid"),
];

/// The attribute that names the groups of an entry.
pub(super) const MEMBER_OF: &str = "memberOf";

/// The attributes of a user that are kept.
pub(super) fn kept(config: &LdapConfig, dialect: Dialect) -> BTreeSet<String> {
    let users = &config.users;
    let mut names = config.mapped.clone();
    names.extend(users.attributes.iter().cloned());
    names.extend(users.label.clone());
    names.insert(user_key(config, dialect).to_owned());
    names.insert(users.manager.clone());
    names.extend(dialect.labels().map(str::to_owned));
    match &users.disabled {
        Disabled::Dialect => {
            let signs = dialect.signs().iter();
            names.extend(signs.map(|sign| sign.attribute().to_owned()));
        }
        Disabled::Attribute(name) => {
            names.insert(name.clone());
        }
        Disabled::Expression(program) => names.extend(program.attributes().iter().cloned()),
    }
    names.retain(|name| !is_secret(name));
    names
}

/// The attributes of a user that the server is asked for.
pub(super) fn of_users(config: &LdapConfig, dialect: Dialect) -> Vec<String> {
    let mut names = kept(config, dialect);
    if reads_logins(config) {
        names.insert("uid".into());
    }
    names.extend(member_of(config).map(str::to_owned));
    if primary::counts(config.groups.as_ref(), dialect) {
        names.extend([primary::PRIMARY, primary::SID].map(str::to_owned));
    }
    names.into_iter().collect()
}

/// The attribute that names a user for ever.
pub(super) fn user_key(config: &LdapConfig, dialect: Dialect) -> &str {
    config.users.key.as_deref().unwrap_or(dialect.key())
}

/// The attribute of a user that names their groups; `None`: groups name their members.
pub(super) fn member_of(config: &LdapConfig) -> Option<&str> {
    let groups = config.groups.as_ref()?;
    (groups.form == Form::MemberOf).then(|| groups.member.as_deref().unwrap_or(MEMBER_OF))
}

/// May groups name users by what these log in with?
pub(super) fn reads_logins(config: &LdapConfig) -> bool {
    let form = config.groups.as_ref().map(|groups| groups.form);
    form.is_some_and(|form| match form {
        Form::Auto | Form::Posix => true,
        Form::MemberOf | Form::GroupOfNames => false,
    })
}

/// The names under which an attribute is kept, by the name it comes under.
pub(super) struct Spelling {
    names: BTreeMap<String, BTreeSet<Arc<str>>>,
}

impl Spelling {
    /// For these attributes, as those who want them write them.
    pub(super) fn of(wanted: &BTreeSet<String>) -> Self {
        let mut names: BTreeMap<String, BTreeSet<Arc<str>>> = BTreeMap::new();
        for name in wanted {
            let kept: Arc<str> = Arc::from(name.as_str());
            for received in received_as(name) {
                let known = names.entry(received.to_ascii_lowercase()).or_default();
                known.insert(Arc::clone(&kept));
            }
        }
        Self { names }
    }

    /// Under which names an attribute that the server calls so is kept; none: nobody wants it, or it
    /// proves who somebody is.
    pub(super) fn kept(&self, received: &str) -> impl Iterator<Item = &Arc<str>> {
        let folded = received.to_ascii_lowercase();
        let plain = folded.strip_suffix(";binary").unwrap_or(&folded);
        let is_kept = !is_secret(folded.split(';').next().unwrap_or_default());
        let names = self.names.get(plain).filter(|_| is_kept);
        names.into_iter().flatten()
    }
}

/// The names under which an attribute may come.
fn received_as(name: &str) -> impl Iterator<Item = &str> {
    let is = |one: &str| one.eq_ignore_ascii_case(name);
    let twins = ALIASES.iter().filter(move |(one, two)| is(one) || is(two));
    std::iter::once(name).chain(twins.flat_map(|(one, two)| [*one, *two]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_kept_as_those_who_want_it_write_it() {
        let wanted = ["givenname", "GivenName", "surname", "userCertificate", "cn"];
        let spelling = Spelling::of(&wanted.map(str::to_owned).into());
        for (received, kept) in [
            ("givenName", &["GivenName", "givenname"][..]),
            ("sn", &["surname"]),
            ("CN", &["cn"]),
            ("userCertificate;binary", &["userCertificate"]),
            ("cn;lang-de", &[]),
            ("mail", &[]),
        ] {
            let found: Vec<&str> = spelling.kept(received).map(|name| &**name).collect();
            assert_eq!(found, kept, "{received}");
        }
    }
}
