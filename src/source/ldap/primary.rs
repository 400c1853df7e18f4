//! Membership by the primary group of a user, which no group lists.
//!
//! On Active Directory a user is in the group that `primaryGroupID` names, by the last part of its
//! security identifier, and stands neither in the `member` of that group nor has it in `memberOf`
//! (MS-ADA3, 2.120). Promises that such a member is not missed: a user or a group that hides what
//! this is known by is held back, or refused. Leaves other members to [`super::groups`].

use super::dialect::Dialect;
use super::entry::Entry;
use super::settings::{Form, GroupSettings};

/// The last part of the identifier of the primary group.
pub(super) const PRIMARY: &str = "primaryGroupID";
/// The identifier of a user or group.
pub(super) const SID: &str = "objectSid";
/// What users of a domain have, and contacts have not.
pub(super) const ACCOUNT: &str = "sAMAccountName";

/// A security identifier (MS-DTYP, 2.4.2.2): the domain, and in its last four bytes the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sid(Vec<u8>);

impl Sid {
    /// That of an entry; `None`: it shows none.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        entry.values(SID).next().and_then(Self::read)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let [1, parts @ 1..=15, ..] = *bytes else {
            return None;
        };
        (bytes.len() == 8 + 4 * usize::from(parts)).then(|| Self(bytes.to_vec()))
    }

    /// Another account of the same domain.
    fn neighbour(mut self, account: u32) -> Self {
        let last = self.0.len() - 4;
        self.0[last..].copy_from_slice(&account.to_le_bytes());
        self
    }
}

/// Is somebody a member of the primary group, too? Not where members are something else than those of
/// the directory itself.
pub(super) fn counts(settings: Option<&GroupSettings>, dialect: Dialect) -> bool {
    let Some(settings) = settings else {
        return false;
    };
    let own = match settings.form {
        Form::Auto | Form::GroupOfNames => "member",
        Form::MemberOf => super::asking::MEMBER_OF,
        Form::Posix => return false,
    };
    let named = settings.member.as_deref();
    dialect.has_primary_groups() && named.is_none_or(|name| name.eq_ignore_ascii_case(own))
}

/// The primary group of a user; `None`: there is none, as for a contact.
///
/// # Errors
/// When there must be one, and it cannot be known.
pub(super) fn group_of(user: &Entry) -> Result<Option<Sid>, String> {
    let Some(text) = user.texts(PRIMARY).next() else {
        return match user.values(ACCOUNT).next() {
            Some(_) => Err(format!(
                "shows no `{PRIMARY}`, so nobody knows all its groups; let the bind name read it"
            )),
            None => Ok(None),
        };
    };
    let account = text.parse();
    let account = account.map_err(|_| format!("`{PRIMARY}` is “{text}”, not a whole number"))?;
    let own = Sid::of(user).ok_or_else(|| {
        format!(
            "shows no `{SID}`, so nobody knows which group its `{PRIMARY}` is; let the bind name \
             read it"
        )
    })?;
    Ok(Some(own.neighbour(account)))
}

#[cfg(test)]
mod tests {
    use super::super::entry::Attribute;
    use super::super::settings::{Branch, Depth};
    use super::*;

    const DOMAIN: [u8; 8] = [1, 2, 0, 0, 0, 0, 0, 5];

    fn sid(domain: u8, account: u32) -> Vec<u8> {
        let domain = [DOMAIN.as_slice(), &[domain, 0, 0, 0]].concat();
        [domain, account.to_le_bytes().to_vec()].concat()
    }

    fn user(values: &[(&str, &str)], id: Option<Vec<u8>>) -> Entry {
        let mut user = Entry::made("CN=Ann,DC=x", values);
        user.attributes.extend(id.map(|id| Attribute {
            name: SID.into(),
            values: vec![id],
        }));
        user
    }

    #[test]
    fn the_primary_group_is_of_the_domain_of_its_user() {
        let ann = user(&[(ACCOUNT, "ann"), (PRIMARY, "513")], Some(sid(7, 1105)));
        let group = group_of(&ann).expect("known").expect("one");
        assert_eq!(Some(&group), Sid::read(&sid(7, 513)).as_ref());
        assert_ne!(Some(&group), Sid::read(&sid(8, 513)).as_ref());
    }

    #[test]
    fn what_is_hidden_is_no_lack_of_a_group() {
        for (values, id, told) in [
            (&[][..], None, Ok(None)),
            (
                &[(ACCOUNT, "ann")],
                Some(sid(7, 1)),
                Err(
                    "shows no `primaryGroupID`, so nobody knows all its groups; let the bind name \
                     read it",
                ),
            ),
            (
                &[(ACCOUNT, "ann"), (PRIMARY, "513")],
                None,
                Err(
                    "shows no `objectSid`, so nobody knows which group its `primaryGroupID` is; \
                     let the bind name read it",
                ),
            ),
            (
                &[(PRIMARY, "staff")],
                Some(sid(7, 1)),
                Err("`primaryGroupID` is “staff”, not a whole number"),
            ),
        ] {
            let group = group_of(&user(values, id));
            assert_eq!(group, told.map_err(str::to_owned), "{values:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_identifier_are_none() {
        for bytes in [
            &[][..],
            &[1],
            &[1, 0, 0, 0, 0, 0, 0, 5],
            &[1, 2, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0],
            &[2, 1, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0],
        ] {
            assert_eq!(Sid::read(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn members_of_another_kind_are_not_mixed_with_it() {
        let groups = |form, member: Option<&str>| GroupSettings {
            branch: Branch {
                base: "DC=x".into(),
                filter: None,
                scope: Depth::Subtree,
            },
            key: None,
            name: "cn".into(),
            member: member.map(str::to_owned),
            form,
        };
        for (form, member, counted) in [
            (Form::Auto, None, true),
            (Form::GroupOfNames, Some("Member"), true),
            (Form::GroupOfNames, Some("owner"), false),
            (Form::MemberOf, None, true),
            (Form::Posix, None, false),
        ] {
            let settings = groups(form, member);
            let is = |dialect| counts(Some(&settings), dialect);
            assert_eq!(is(Dialect::Ad), counted, "{form:?} {member:?}");
            assert!(!is(Dialect::OpenLdap));
        }
        assert!(!counts(None, Dialect::Ad));
    }
}
