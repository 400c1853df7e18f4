//! How new the content of a server is, by the numbers that it gives its changes.
//!
//! - OpenLDAP: `contextCSN`, the newest change of each server that takes writes. A server without the
//!   overlay `syncprov` may have none.
//! - Active Directory (MS-ADTS, 3.1.1.1.9): `highestCommittedUSN` of one database of one controller, and
//!   what that has of the others in `replUpToDateVector` (MS-DRSR, 5.165).
//! - 389 and FreeIPA: `nsds50ruv`, the newest change of each replica, where the bind name may read it;
//!   `lastusn`, the number of the last change of this server, where its USN plugin is on.
//!
//! Promises that what a server does not show is left out. Leaves servers that number nothing to
//! [`super::stamps`], and what the numbers mean to [`crate::core::newest`].

use jiff::Timestamp;

use super::dialect::Dialect;
use super::entry::Entry;
use super::session::{Found, Session};
use super::settings::{Bind, Branch, Depth, LdapConfig};
use crate::core::newest::{Newest, Scale, number};
use crate::source::ReadError;
use crate::source::value;

/// The attribute at the top of a tree that holds them, one for each server that takes writes.
const CONTEXT_CSN: &str = "contextCSN";
/// The entry of a controller itself.
pub(super) const CONTROLLER: &str = "dsServiceName";
/// The number of the last change that a controller made or took over.
pub(super) const HIGHEST: &str = "highestCommittedUSN";
/// The database of a controller; a restored one has another.
pub(super) const DATABASE: &str = "invocationId";
/// What a controller has of the changes of others.
const VECTOR: &str = "replUpToDateVector";
/// The newest change of each replica.
const RUV: &str = "nsds50ruv";
/// The entry that holds it.
const RUV_FILTER: &str =
    "(&(objectClass=nsTombstone)(nsUniqueId=ffffffff-ffffffff-ffffffff-ffffffff))";
/// The number of the last change of each backend: `lastusn;userroot`.
const LAST_USN: &str = "lastusn";

/// Of the tree that holds the users; nothing where the server does not say.
///
/// # Errors
/// When the line breaks.
pub(super) async fn newest(
    session: &mut Session,
    config: &LdapConfig,
) -> Result<Newest, ReadError> {
    let top = session.root.context_of(&config.users.branch.base);
    let Some(top) = top.map(str::to_owned) else {
        return Ok(Newest::default());
    };
    match session.dialect {
        Dialect::OpenLdap => of_tree(session, &top).await,
        Dialect::Ad => of_controller(session, config, &top).await,
        Dialect::Rhds | Dialect::FreeIpa => of_replica(session, &top).await,
        Dialect::Other => Ok(Newest::default()),
    }
}

async fn of_tree(session: &mut Session, top: &str) -> Result<Newest, ReadError> {
    Ok(match session.find(top, &[CONTEXT_CSN.to_owned()]).await? {
        Found::Entry(entry) => of_values(entry.texts(CONTEXT_CSN)),
        Found::Absent | Found::Hidden => Newest::default(),
    })
}

/// Of a cookie: `rid=000,csn=…;…`, and of any other cookie nothing.
pub(super) fn of_cookie(cookie: &[u8]) -> Newest {
    let text = std::str::from_utf8(cookie).unwrap_or_default();
    let csns = text.split(',').find_map(|part| part.strip_prefix("csn="));
    of_values(csns.unwrap_or_default().split(';'))
}

/// `20261122093348.123456Z#000000#001#000000`: time, counter, server, change within.
fn of_values<'v>(values: impl Iterator<Item = &'v str>) -> Newest {
    let mut newest = Newest::default();
    for value in values {
        let parts: Vec<&str> = value.split('#').collect();
        if let [time, count, server, within] = parts[..] {
            newest.put(Scale::Time, server, format!("{time}#{count}#{within}"));
        }
    }
    newest
}

/// A controller, and what it has of others. One whose database cannot be told is known by its name.
async fn of_controller(
    session: &mut Session,
    config: &LdapConfig,
    top: &str,
) -> Result<Newest, ReadError> {
    let mut newest = Newest::default();
    let asked = [CONTROLLER, HIGHEST].map(str::to_owned);
    let Found::Entry(root) = session.find("", &asked).await? else {
        return Ok(newest);
    };
    let Some(highest) = first_number(&root, HIGHEST) else {
        return Ok(newest);
    };
    let name = root.texts(CONTROLLER).next().unwrap_or(&session.server);
    let name = name.to_owned();
    if config.bind == Bind::Anonymous {
        // To whom it does not know it says no more, and the search says so better.
        newest.put(Scale::Here, name, highest);
        return Ok(newest);
    }
    let own = session.find(&name, &[DATABASE.to_owned()]).await?;
    let own = match &own {
        Found::Entry(own) => own.values(DATABASE).next().and_then(value::guid),
        Found::Absent | Found::Hidden => None,
    };
    let Some(own) = own else {
        newest.put(Scale::Here, name, highest);
        return Ok(newest);
    };
    newest.put(Scale::Here, own.clone(), highest.clone());
    newest.put(Scale::Database, name, own.clone());
    newest.reach(Scale::Count, own, highest);
    if let Found::Entry(head) = session.find(top, &[VECTOR.to_owned()]).await? {
        for (other, count) in head.values(VECTOR).flat_map(cursors) {
            newest.reach(Scale::Count, other, count);
        }
    }
    Ok(newest)
}

/// The number that a controller has of each database: `UPTODATE_VECTOR_V1_EXT` or `V2_EXT`.
fn cursors(vector: &[u8]) -> Vec<(String, String)> {
    let word = |at: usize| {
        let bytes = vector.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    };
    let size = match word(0) {
        Some(1) => 24,
        Some(2) => 32,
        Some(_) | None => return Vec::new(),
    };
    let count = word(8).and_then(|count| usize::try_from(count).ok());
    let cursors = vector.get(16..).unwrap_or_default().chunks_exact(size);
    let cursors = cursors.take(count.unwrap_or_default());
    cursors
        .filter_map(|cursor| {
            let database = value::guid(&cursor[..16])?;
            let count = cursor[16..24].try_into().ok()?;
            Some((database, number(u64::from_le_bytes(count))))
        })
        .collect()
}

/// A replica; its last number counts for nobody but the server at this address.
async fn of_replica(session: &mut Session, top: &str) -> Result<Newest, ReadError> {
    let mut newest = Newest::default();
    let tree = Branch {
        base: top.to_owned(),
        filter: None,
        scope: Depth::Subtree,
    };
    // Who may not look is told in many ways; a line that broke fails the next question.
    let ruv = session.sample(&tree, RUV_FILTER, RUV).await;
    for (replica, csn) in ruv.ok().flatten().iter().flat_map(replicas) {
        newest.put(Scale::Time, replica, csn);
    }
    if let Found::Entry(root) = session.find("", &[LAST_USN.to_owned()]).await? {
        for attribute in &root.attributes {
            let is_it = attribute.is(LAST_USN);
            let last = attribute.values.first().filter(|_| is_it);
            if let Some(last) = last.and_then(|last| parsed(std::str::from_utf8(last).ok()?)) {
                let origin = format!("{} {}", session.server, attribute.name);
                newest.put(Scale::Here, origin, last);
            }
        }
    }
    Ok(newest)
}

/// `{replica 1 ldap://host:389} 5f5e1000000000010000 6921f3a2000000010000`: the last is the newest.
fn replicas(entry: &Entry) -> Vec<(String, String)> {
    let values = entry.texts(RUV).filter_map(|value| {
        let (name, csns) = value.strip_prefix("{replica ")?.split_once('}')?;
        let newest = csns.split_ascii_whitespace().last()?;
        Some((name.split(' ').next()?.to_owned(), time_of(newest)?))
    });
    values.collect()
}

/// Eight digits of seconds, four to tell changes of one second apart, four of the replica, and four of
/// the change within; in the form of OpenLDAP.
fn time_of(csn: &str) -> Option<String> {
    let seconds = i64::from_str_radix(csn.get(..8)?, 16).ok()?;
    let at = Timestamp::from_second(seconds).ok()?;
    let (count, within) = (csn.get(8..12)?, csn.get(16..20)?);
    Some(format!("{}#{count}#{within}", at.strftime("%Y%m%d%H%M%SZ")))
}

fn first_number(entry: &Entry, name: &str) -> Option<String> {
    parsed(entry.texts(name).next()?)
}

fn parsed(text: &str) -> Option<String> {
    text.parse().ok().map(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_says_the_same_as_the_tree() {
        let csns = [
            "20261122000000.000000Z#000000#001#000000",
            "20261120000000.000000Z#000000#002#000000",
        ];
        let cookie = format!("rid=000,csn={},delcsn=x", csns.join(";"));
        let told = of_cookie(cookie.as_bytes());
        assert_eq!(told, of_values(csns.into_iter()));
        let of = |server: &str| told.seen.get(&(Scale::Time, server.to_owned()));
        let second = of("002").map(String::as_str);
        assert_eq!(second, Some("20261120000000.000000Z#000000#000000"));
        for foreign in [
            &b"localhost:389#cn=x:#7"[..],
            b"",
            &[0xff, 0xfe],
            b"csn=;#,",
        ] {
            assert!(of_cookie(foreign).is_empty(), "{foreign:?}");
        }
    }

    #[test]
    fn a_replica_says_how_far_it_and_the_others_have_come() {
        let told = |value| {
            let entry = Entry::made("", &[(RUV, value)]);
            replicas(&entry)
        };
        assert_eq!(
            told("{replica 7 ldap://a:389} 6921f3a2000000070000 6921f3a3000200070001"),
            [("7".to_owned(), "20251122173219Z#0002#0001".to_owned())]
        );
        for nothing in [
            "{replicageneration} 6921f3a2000000070000",
            "{replica 7 ldap://a:389}",
            "{replica 7 ldap://a:389} now",
            "{replica 7",
            "",
        ] {
            assert_eq!(told(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn a_controller_says_what_it_has_of_others() {
        let mut vector = vec![2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        vector.extend(0..16);
        vector.extend([0x0f, 1, 0, 0, 0, 0, 0, 0]);
        vector.extend([0; 8]);
        let told = [(
            "03020100-0504-0706-0809-0a0b0c0d0e0f".to_owned(),
            number(271),
        )];
        assert_eq!(cursors(&vector), told);
        for end in 0..vector.len() {
            assert_eq!(cursors(&vector[..end]), [], "cut after {end}");
        }
        vector[0] = 3;
        assert_eq!(cursors(&vector), []);
    }
}
