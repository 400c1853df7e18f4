//! Asking whether somebody is there who was told of and was not there before.
//!
//! Promises that nobody comes back by what a server tells of an entry after its end. Leaves servers
//! that tell of each entry in the order of its changes alone.

use super::message::Uuid;
use super::mirror::{Delta, Held};
use super::packed::Packed;
use super::part::{Kind, Part};
use crate::source::ReadError;
use crate::source::ldap::entry::Entry;
use crate::source::ldap::search::any;
use crate::source::ldap::session::Session;
use crate::source::ldap::{LdapSource, content};

/// Takes out of what was heard after the refresh who is not there.
///
/// # Errors
/// When the server does not answer.
pub(super) async fn confirm(
    session: &mut Session,
    source: &LdapSource,
    kind: Kind,
    delta: &mut Delta,
) -> Result<(), ReadError> {
    if !session.dialect.tells_of_the_gone() || delta.all.is_some() {
        return Ok(());
    }
    let config = &*source.config;
    let part = match kind {
        Kind::Users => Some(Part::users(config, session.dialect)),
        Kind::Groups => Part::groups(config, session.dialect),
    };
    let Some(part) = part else { return Ok(()) };
    let mut told: Vec<Uuid> = delta.put.keys().copied().collect();
    told.retain(|uuid| !source.mirror.holds(kind, uuid));
    for uuid in told {
        let key = match delta.put.get(&uuid) {
            Some(Held::Entry(packed)) => content::key(&packed.entry(), part.key),
            Some(Held::Reference) | None => continue,
        };
        // Whose key cannot be read is taken as told: then nobody counts as missing.
        let Ok(key) = key else { continue };
        let mut there = None;
        let by_key = any(part.key, std::iter::once(&key));
        let take = |entry: Entry| there = Some(Held::Entry(Packed::of(&entry)));
        let (attributes, by_key) = (&part.attributes, by_key.as_deref());
        part.ask(session, config, attributes, by_key, take).await?;
        match there {
            Some(entry) => delta.put.insert(uuid, entry),
            None => delta.put.remove(&uuid),
        };
    }
    Ok(())
}
