//! What a domain controller holds of users and groups, as a copy takes it in.
//!
//! Promises that an entry comes with all its values, however many ranges they are given in, under the
//! `objectGUID` that it keeps for ever; and that whoever was touched is named, wherever in the tree they
//! are now, deleted ones too where the bind name may read these. Leaves what follows from it to
//! [`super::usn`].

use std::collections::{BTreeMap, BTreeSet};

use ldap3::controls::RawControl;

use super::message::Uuid;
use super::mirror::Held;
use super::packed::Packed;
use super::part::{Kind, Part};
use crate::source::ReadError;
use crate::source::ldap::entry::Entry;
use crate::source::ldap::range;
use crate::source::ldap::search::Search;
use crate::source::ldap::session::Session;
use crate::source::ldap::settings::{Branch, Depth, Disabled, Form, LdapConfig};
use crate::source::ldap::sign::{self, Sign};
use crate::source::value::GUID;

/// Entries that were deleted are shown, too (MS-ADTS, 3.1.1.3.4.1.14).
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";
const IS_DELETED: &str = "isDeleted";
/// The number of the last change of an entry.
const CHANGED: &str = "uSNChanged";
/// Classes whose entries have users below them, who move with them and whose numbers stay.
const PLACES: [&str; 6] = [
    "builtinDomain",
    "container",
    "country",
    "domain",
    "organization",
    "organizationalUnit",
];
/// So many names a question.
const NAMES: usize = 50;

/// Entries that were found.
#[derive(Debug, Default)]
pub(super) struct Catch {
    /// By their `objectGUID`.
    pub(super) held: BTreeMap<Uuid, Held>,
    /// When accounts end by themselves, in seconds from 1970.
    pub(super) ends: BTreeMap<Uuid, i64>,
    /// Did one show no `objectGUID`? Then it can be read, and not be kept.
    pub(super) is_short: bool,
}

impl Catch {
    fn add(&mut self, entry: &Entry, config: &LdapConfig) {
        let Some(uuid) = uuid(entry) else {
            self.is_short = true;
            return;
        };
        self.ends.extend(ends(entry, config).map(|end| (uuid, end)));
        self.held.insert(uuid, Held::Entry(Packed::of(entry)));
    }

    /// Takes in what was found later.
    pub(super) fn join(&mut self, later: Self) {
        self.held.extend(later.held);
        self.ends.extend(later.ends);
        self.is_short |= later.is_short;
    }
}

/// What has changed since.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Everything that was changed, moved or deleted in the trees of users and groups.
    pub(super) all: BTreeSet<Uuid>,
    /// May users be below one of them?
    pub(super) is_place: bool,
}

/// What is asked for of an entry, so that it can be kept.
pub(super) fn wanted(part: &Part<'_>) -> Vec<String> {
    let mut wanted = part.attributes.clone();
    if !wanted.iter().any(|name| name.eq_ignore_ascii_case(GUID)) {
        wanted.push(GUID.to_owned());
    }
    wanted
}

/// The filter of what has changed from this number on.
pub(super) fn since(number: u64) -> String {
    format!("({CHANGED}>={number})")
}

/// The users or groups that also match `more`, whole.
///
/// # Errors
/// When not all can be had.
pub(super) async fn find(
    session: &mut Session,
    config: &LdapConfig,
    kind: Kind,
    more: Option<&str>,
) -> Result<Catch, ReadError> {
    let mut catch = Catch::default();
    let Some(part) = Part::of(kind, config, session.dialect) else {
        return Ok(catch);
    };
    let mut ranged = Vec::new();
    let take = |entry: Entry| {
        if range::is_ranged(&entry) {
            ranged.push(entry);
        } else {
            catch.add(&entry, config);
        }
    };
    part.ask(session, config, &wanted(&part), more, take)
        .await?;
    for entry in ranged {
        let entry = range::complete(session, entry).await?;
        catch.add(&entry, config);
    }
    Ok(catch)
}

/// Those of this kind who name one of these entries: as their manager, or as their member.
///
/// # Errors
/// As for [`find`].
pub(super) async fn naming(
    session: &mut Session,
    config: &LdapConfig,
    kind: Kind,
    names: &[String],
) -> Result<Catch, ReadError> {
    let mut catch = Catch::default();
    let Some(attribute) = reference(config, kind) else {
        return Ok(catch);
    };
    for names in names.chunks(NAMES) {
        let one = |name: &String| format!("({attribute}={})", ldap3::ldap_escape(name.as_str()));
        let any: String = names.iter().map(one).collect();
        let found = find(session, config, kind, Some(&format!("(|{any})"))).await?;
        catch.join(found);
    }
    Ok(catch)
}

/// The attribute by which they name others.
fn reference(config: &LdapConfig, kind: Kind) -> Option<&str> {
    match kind {
        Kind::Users => Some(&config.users.manager),
        Kind::Groups => {
            let groups = config.groups.as_ref()?;
            match groups.form {
                Form::Posix | Form::MemberOf => None,
                Form::Auto | Form::GroupOfNames => {
                    Some(groups.member.as_deref().unwrap_or("member"))
                }
            }
        }
    }
}

/// The keys of all users or groups; `None`: one shows none.
///
/// # Errors
/// As for [`find`].
pub(super) async fn keys(
    session: &mut Session,
    config: &LdapConfig,
    kind: Kind,
) -> Result<Option<BTreeSet<Uuid>>, ReadError> {
    let mut keys = Some(BTreeSet::new());
    let Some(part) = Part::of(kind, config, session.dialect) else {
        return Ok(keys);
    };
    let take = |entry: Entry| match (uuid(&entry), &mut keys) {
        (Some(uuid), Some(keys)) => {
            keys.insert(uuid);
        }
        (None, _) => keys = None,
        (Some(_), None) => {}
    };
    let attributes = [GUID.to_owned()];
    part.ask(session, config, &attributes, None, take).await?;
    Ok(keys)
}

/// Everything in the trees of users and groups that matches `since`, deleted or not.
///
/// # Errors
/// As for [`find`].
pub(super) async fn touched(
    session: &mut Session,
    config: &LdapConfig,
    since: &str,
) -> Result<Touched, ReadError> {
    let mut touched = Touched::default();
    for tree in trees(session, config) {
        let search = Search {
            what: "changes",
            branch: &tree,
            filter: since,
            attributes: &[GUID, "objectClass"].map(str::to_owned),
            page: config.page,
        };
        let mut take = |entry: Entry| {
            touched.is_place |= entry.texts("objectClass").any(is_place);
            touched.all.extend(uuid(&entry));
            Ok(())
        };
        search.run_with(session, &show_deleted(), &mut take).await?;
    }
    Ok(touched)
}

/// Is the bind name shown what was deleted?
///
/// # Errors
/// As for [`find`].
pub(super) async fn shows_deleted(
    session: &mut Session,
    config: &LdapConfig,
) -> Result<bool, ReadError> {
    let mut is_shown = false;
    for tree in trees(session, config) {
        let search = Search {
            what: "deleted entries",
            branch: &tree,
            filter: "(&(isDeleted=TRUE)(objectClass=container)(cn=Deleted Objects))",
            attributes: &[IS_DELETED.to_owned()],
            page: config.page,
        };
        let mut take = |entry: Entry| {
            is_shown |= entry.values(IS_DELETED).next().is_some();
            Ok(())
        };
        search.run_with(session, &show_deleted(), &mut take).await?;
    }
    Ok(is_shown)
}

/// The key of an entry.
pub(super) fn uuid(entry: &Entry) -> Option<Uuid> {
    entry.values(GUID).next()?.try_into().ok()
}

fn is_place(class: &str) -> bool {
    PLACES.iter().any(|place| place.eq_ignore_ascii_case(class))
}

/// The whole trees that users and groups are in: who leaves a base is still in its tree.
fn trees(session: &Session, config: &LdapConfig) -> Vec<Branch> {
    let groups = config.groups.iter().map(|groups| &groups.branch);
    let bases = std::iter::once(&config.users.branch).chain(groups);
    let tops: BTreeSet<&str> = bases
        .map(|branch| {
            let top = session.root.context_of(&branch.base);
            top.unwrap_or(&branch.base)
        })
        .collect();
    let tree = |top: &str| Branch {
        base: top.to_owned(),
        filter: None,
        scope: Depth::Subtree,
    };
    tops.into_iter().map(tree).collect()
}

pub(super) fn show_deleted() -> Vec<RawControl> {
    vec![RawControl {
        ctype: SHOW_DELETED.to_owned(),
        crit: false,
        val: None,
    }]
}

fn ends(entry: &Entry, config: &LdapConfig) -> Option<i64> {
    match &config.users.disabled {
        Disabled::Dialect => {
            let value = entry.texts(Sign::AccountExpires.attribute()).next();
            value.and_then(sign::ends)
        }
        Disabled::Attribute(_) | Disabled::Expression(_) => None,
    }
}
