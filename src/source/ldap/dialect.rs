//! What differs between the kinds of LDAP server.
//!
//! Promises that each fact about a kind of server stands here and nowhere else. Leaves what a value
//! of an attribute means to [`super::sign`].

use super::root::RootDse;
use super::sign::Sign;

/// A kind of LDAP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// OpenLDAP's slapd.
    OpenLdap,
    /// Active Directory, AD LDS, Samba.
    Ad,
    /// 389 Directory Server, Red Hat Directory Server.
    Rhds,
    /// FreeIPA.
    FreeIpa,
    /// Any other.
    Other,
}

/// Active Directory, and AD LDS (MS-ADTS, 3.1.1.3.4.3).
const AD_CAPABILITIES: [&str; 2] = ["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"];

impl Dialect {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::OpenLdap,
        Self::Ad,
        Self::Rhds,
        Self::FreeIpa,
        Self::Other,
    ];

    /// The kind of server that has this root DSE.
    pub(super) fn detect(root: &RootDse) -> Self {
        let vendor = root.vendor.as_deref().unwrap_or_default();
        let version = root.version.as_deref().unwrap_or_default();
        let is_389 = |text: &str| text.contains("389") || text.contains("Red Hat");
        if AD_CAPABILITIES
            .iter()
            .any(|capability| root.capabilities.contains(*capability))
        {
            Self::Ad
        } else if root.is_ipa {
            Self::FreeIpa
        } else if is_389(vendor) || version.contains("-Directory/") {
            Self::Rhds
        } else if root.classes.contains("openldaprootdse") {
            Self::OpenLdap
        } else {
            Self::Other
        }
    }

    /// What it is called.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenLdap => "OpenLDAP",
            Self::Ad => "Active Directory",
            Self::Rhds => "389 Directory Server",
            Self::FreeIpa => "FreeIPA",
            Self::Other => "an LDAP server of a kind we do not know",
        }
    }

    /// The attribute that names an entry for ever: RFC 4530, or what the server has in its place.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::OpenLdap | Self::Other => "entryUUID",
            Self::Ad => "objectGUID",
            Self::Rhds => "nsUniqueId",
            Self::FreeIpa => "ipaUniqueID",
        }
    }

    /// The attributes that say who may not log in.
    pub(super) fn signs(self) -> &'static [Sign] {
        match self {
            Self::OpenLdap => &[Sign::LockedTime, Sign::ShadowExpire],
            Self::Ad => &[Sign::AccountControl, Sign::AccountExpires],
            Self::Rhds => &[Sign::AccountLock, Sign::ShadowExpire],
            Self::FreeIpa => &[Sign::AccountLock],
            Self::Other => &[Sign::LockedTime, Sign::AccountLock, Sign::ShadowExpire],
        }
    }

    /// The attributes that a person is called by, the first that has a value.
    pub(super) fn labels(self) -> [&'static str; 2] {
        match self {
            Self::Ad => ["sAMAccountName", "mail"],
            Self::OpenLdap | Self::Rhds | Self::FreeIpa | Self::Other => ["uid", "mail"],
        }
    }

    /// Which entries are users, where nobody says it.
    pub(super) fn user_filter(self) -> &'static str {
        match self {
            Self::Ad => "(&(objectCategory=person)(objectClass=user))",
            Self::OpenLdap | Self::Other => "(objectClass=inetOrgPerson)",
            Self::Rhds | Self::FreeIpa => "(objectClass=person)",
        }
    }

    /// Which entries are groups, where nobody says it.
    pub(super) fn group_filter(self) -> &'static str {
        match self {
            Self::Ad => "(objectClass=group)",
            Self::OpenLdap | Self::Rhds | Self::FreeIpa | Self::Other => {
                "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"
            }
        }
    }

    /// Classes whose entries must have a member by the schema that this server enforces (RFC 4519,
    /// 3.5 and 3.6): one that shows none is one whose members we may not see. 389 and FreeIPA ship a
    /// laxer schema.
    pub(super) fn never_empty(self) -> &'static [&'static str] {
        match self {
            Self::OpenLdap => &["groupOfNames", "groupOfUniqueNames"],
            Self::Ad | Self::Rhds | Self::FreeIpa | Self::Other => &[],
        }
    }

    /// Does it say of an entry that a right hides that there is none? 389 and FreeIPA answer with
    /// success and nothing, so where they say "no such object" there is none; OpenLDAP (slapd.access(5),
    /// `disclose`) and AD (MS-ADTS, 3.1.1.3.1.3) give the same answer for both.
    pub(super) fn hides_as_absent(self) -> bool {
        match self {
            Self::OpenLdap | Self::Ad | Self::Other => true,
            Self::Rhds | Self::FreeIpa => false,
        }
    }

    /// Are references to other servers a part of every search from the top of a domain? Then they
    /// do not mean that anybody is elsewhere.
    pub(super) fn always_refers(self) -> bool {
        match self {
            Self::Ad => true,
            Self::OpenLdap | Self::Rhds | Self::FreeIpa | Self::Other => false,
        }
    }

    /// Is a user a member of one group without standing in it?
    pub(super) fn has_primary_groups(self) -> bool {
        match self {
            Self::Ad => true,
            Self::OpenLdap | Self::Rhds | Self::FreeIpa | Self::Other => false,
        }
    }

    /// Who listens by syncrepl and was cut off: can it go on from where it stood? 389 then tells
    /// nothing of whoever has left the filter meanwhile, and leaves out the attributes that must be
    /// asked for by name, the key and `nsAccountLock` among them (2.3.1, tried on 2026-11-22).
    pub(super) fn goes_on(self) -> bool {
        match self {
            Self::Rhds | Self::FreeIpa => false,
            Self::OpenLdap | Self::Ad | Self::Other => true,
        }
    }

    /// Does it tell by syncrepl of somebody who is gone as of one who has changed? 389 first tells
    /// of a deletion and then of what it did to the entry on the way, such as taking it out of its
    /// groups (2.3.1 with memberOf and referential integrity, tried on 2026-11-22).
    pub(super) fn tells_of_the_gone(self) -> bool {
        match self {
            Self::Rhds | Self::FreeIpa => true,
            Self::OpenLdap | Self::Ad | Self::Other => false,
        }
    }

    /// Does it tell of every change by persistent search, also to whom it does not by syncrepl?
    pub(super) fn tells_by_persistent_search(self) -> bool {
        match self {
            Self::Rhds | Self::FreeIpa => true,
            Self::OpenLdap | Self::Ad | Self::Other => false,
        }
    }

    /// Where the limits of an answer are set.
    pub(super) fn limits(self) -> &'static str {
        match self {
            Self::OpenLdap => {
                "raise it for the bind name: olcLimits (limits), size.prtotal=unlimited for pages, \
                 time=unlimited for slow searches"
            }
            Self::Ad => {
                "raise MaxPageSize and MaxQueryDuration in the LDAP policy, or write a smaller `page`"
            }
            Self::Rhds | Self::FreeIpa => {
                "raise it for the bind name: nsLookThroughLimit, nsTimeLimit, and nsSizeLimit for answers \
                 without pages; -1 is none"
            }
            Self::Other => "raise the server's limits for the bind name, or write a smaller `page`",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Entry;
    use super::*;

    fn detect(attributes: &[(&str, &str)]) -> Dialect {
        Dialect::detect(&RootDse::of(&Entry::made("", attributes)))
    }

    #[test]
    fn a_server_is_known_by_its_root() {
        for (attributes, dialect) in [
            (
                &[("objectClass", "top"), ("objectClass", "OpenLDAProotDSE")][..],
                Dialect::OpenLdap,
            ),
            (
                &[("supportedCapabilities", "1.2.840.113556.1.4.800")],
                Dialect::Ad,
            ),
            (
                &[
                    ("vendorName", "Samba Team (https://samba.org)"),
                    ("supportedCapabilities", "1.2.840.113556.1.4.800"),
                ],
                Dialect::Ad,
            ),
            (
                &[
                    ("vendorName", "389 Project"),
                    ("vendorVersion", "389-Directory/2.4.5 B2024.1"),
                ],
                Dialect::Rhds,
            ),
            (
                &[("vendorVersion", "Red Hat-Directory/10.2")],
                Dialect::Rhds,
            ),
            (
                &[("vendorName", "389 Project"), ("ipaDomainLevel", "1")],
                Dialect::FreeIpa,
            ),
            (&[("vendorName", "Example Corp.")], Dialect::Other),
        ] {
            assert_eq!(detect(attributes), dialect, "{attributes:?}");
        }
    }

    #[test]
    fn each_kind_has_a_key_and_a_way_to_switch_off() {
        let keys = Dialect::ALL.map(Dialect::key);
        assert_eq!(
            keys,
            [
                "entryUUID",
                "objectGUID",
                "nsUniqueId",
                "ipaUniqueID",
                "entryUUID"
            ]
        );
        for dialect in Dialect::ALL {
            assert!(!dialect.signs().is_empty(), "{dialect:?}");
            for filter in [dialect.user_filter(), dialect.group_filter()] {
                assert!(super::super::is_filter(filter), "{filter}");
            }
        }
    }
}
