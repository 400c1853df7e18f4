//! Reading again who names somebody that was renamed, moved or deleted.
//!
//! Servers put such names right by themselves and tell nobody: OpenLDAP's refint in the background,
//! Active Directory at once and without another number for the entry. Promises that an entry which was
//! read again is the one that was meant. Leaves who that is to the copy.

use tokio::time::Instant;

use super::domain;
use super::mirror::{Delta, Held, Mirror, Naming};
use super::packed::Packed;
use super::part::Part;
use crate::source::ReadError;
use crate::source::ldap::dialect::Dialect;
use crate::source::ldap::range;
use crate::source::ldap::session::{Found, Session};
use crate::source::ldap::settings::LdapConfig;

/// Reads those again of whom the copy thinks that they should have been put right by now; gives
/// whether it was time to.
///
/// # Errors
/// When the line breaks.
pub(super) async fn tidy(
    session: &mut Session,
    config: &LdapConfig,
    mirror: &Mirror,
    now: Instant,
) -> Result<bool, ReadError> {
    if mirror.due().is_none_or(|due| due > now) {
        return Ok(false);
    }
    for Naming { kind, uuid, dn } in mirror.naming(now) {
        let Some(part) = Part::of(kind, config, session.dialect) else {
            continue;
        };
        let by_guid = session.dialect == Dialect::Ad;
        let wanted = if by_guid {
            domain::wanted(&part)
        } else {
            part.attributes
        };
        // Of one that went away in between, we hear.
        let Found::Entry(entry) = session.find(&dn, &wanted).await? else {
            continue;
        };
        let entry = range::complete(session, entry).await?;
        if by_guid && domain::uuid(&entry) != Some(uuid) {
            continue;
        }
        let mut delta = Delta::default();
        delta.put.insert(uuid, Held::Entry(Packed::of(&entry)));
        mirror.take(kind, delta, now);
    }
    mirror.settle(now);
    Ok(true)
}
