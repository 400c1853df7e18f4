//! A search to its end, page by page (RFC 2696).
//!
//! Promises that an answer which was cut short by a limit, a referral or a broken line is an error and
//! never the end of a list, that a page of large groups is no larger in memory than one of people, and
//! that referrals are not followed: nobody else gets our password. Leaves entries to whoever takes them.

use std::sync::Arc;

use ldap3::asn1::{StructureTag, parse_tag};
use ldap3::controls::{Control, PagedResults, RawControl};
use ldap3::{LdapResult, Scope};

use super::dialect::Dialect;
use super::entry::Entry;
use super::failure::{code, refuse, said};
use super::root::PAGES;
use super::session::{Session, garbled};
use super::settings::{Branch, Depth};
use crate::source::ReadError;
use crate::source::value::{GUID, guid_bytes};

/// What is searched.
pub(super) struct Search<'s> {
    /// What it is for, as the config calls it: `users`, `groups`.
    pub(super) what: &'static str,
    /// Where.
    pub(super) branch: &'s Branch,
    /// Which entries.
    pub(super) filter: &'s str,
    /// Which of their attributes.
    pub(super) attributes: &'s [String],
    /// So many a page at most; 0: no pages.
    pub(super) page: u16,
}

/// What a search came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Entries that were given.
    pub(super) entries: usize,
    /// References to other servers, which were not followed.
    pub(super) referrals: usize,
}

/// So many values of entries are waited for at a time. A page of people has fewer; one of groups may
/// have millions, and all that the server has sent of a page stands in memory.
const MANY: usize = 20_000;

/// Entries that came and are not taken yet.
#[derive(Debug)]
struct Waiting {
    entries: Vec<Entry>,
    /// How many values they have.
    values: usize,
    pace: Pace,
}

impl Waiting {
    fn within(most: u16) -> Self {
        Self {
            entries: Vec::new(),
            values: 0,
            pace: Pace::within(most),
        }
    }

    /// A server that gives everything in one page is not waited for.
    fn add(
        &mut self,
        entry: Entry,
        take: &mut (dyn FnMut(Entry) -> Result<(), ReadError> + Send),
    ) -> Result<(), ReadError> {
        // One that shows us nothing takes room as well.
        let values = entry.weight().max(1);
        self.values += values;
        self.pace.see(values);
        self.entries.push(entry);
        if self.values < MANY {
            return Ok(());
        }
        self.take(take)
    }

    fn take(
        &mut self,
        take: &mut (dyn FnMut(Entry) -> Result<(), ReadError> + Send),
    ) -> Result<(), ReadError> {
        self.values = 0;
        self.entries.drain(..).try_for_each(take)
    }
}

/// How large a page may be: as many entries as have [`MANY`] values, by those of the page before.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// As the config has it.
    most: u16,
    size: u16,
    entries: usize,
    values: usize,
}

impl Pace {
    /// What comes is not known yet.
    const FIRST: u16 = 16;
    /// A page is at most so many times as large as the one before, whose entries may be no example.
    const GROWTH: u16 = 4;

    fn within(most: u16) -> Self {
        Self {
            most,
            size: Self::FIRST.min(most),
            entries: 0,
            values: 0,
        }
    }

    /// One more has come, with so many values.
    fn see(&mut self, values: usize) {
        self.entries += 1;
        self.values += values;
    }

    /// Those of the page before have come.
    fn turn(&mut self) {
        let fits = MANY * self.entries.max(1) / self.values.max(1);
        let fits = u16::try_from(fits).unwrap_or(u16::MAX);
        let grown = self.size.saturating_mul(Self::GROWTH);
        self.size = fits.min(grown).min(self.most).max(1);
        (self.entries, self.values) = (0, 0);
    }
}

impl From<Depth> for Scope {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Subtree => Self::Subtree,
            Depth::One => Self::OneLevel,
            Depth::Base => Self::Base,
        }
    }
}

impl Search<'_> {
    /// Hands every entry to `take`. While the server makes up a page, the one before is taken.
    ///
    /// # Errors
    /// When not all can be had, or `take` wants no more.
    pub(super) async fn run(
        &self,
        session: &mut Session,
        take: &mut (dyn FnMut(Entry) -> Result<(), ReadError> + Send),
    ) -> Result<Tally, ReadError> {
        self.run_with(session, &[], take).await
    }

    /// The same, and tells the server more of what is meant.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub(super) async fn run_with(
        &self,
        session: &mut Session,
        controls: &[RawControl],
        take: &mut (dyn FnMut(Entry) -> Result<(), ReadError> + Send),
    ) -> Result<Tally, ReadError> {
        let mut tally = Tally::default();
        let mut cookie = Vec::new();
        let mut waiting = Waiting::within(self.page);
        loop {
            let before = tally.entries;
            let page = self.controls(session, controls, waiting.pace.size, &cookie);
            let next = self
                .page(session, page, &mut tally, &mut waiting, take)
                .await?;
            waiting.pace.turn();
            match next {
                None => {
                    waiting.take(take)?;
                    return Ok(tally);
                }
                Some(next) if tally.entries == before && next == cookie => {
                    return Err(garbled(&session.server, &self.after(tally)));
                }
                Some(next) => cookie = next,
            }
        }
    }

    /// One page; gives the cookie of the next.
    async fn page(
        &self,
        session: &mut Session,
        controls: Vec<RawControl>,
        tally: &mut Tally,
        waiting: &mut Waiting,
        take: &mut (dyn FnMut(Entry) -> Result<(), ReadError> + Send),
    ) -> Result<Option<Vec<u8>>, ReadError> {
        if !controls.is_empty() {
            session.ldap.with_controls(controls);
        }
        session.ldap.with_timeout(session.timeout);
        let (branch, wanted) = (self.branch, self.attributes.to_vec());
        let (base, scope) = (branch.base.as_str(), branch.scope.into());
        let begun = session
            .ldap
            .streaming_search(base, scope, self.filter, wanted);
        let mut stream = match begun.await {
            Ok(stream) => stream,
            Err(error) => return Err(session.lost(error, &self.after(*tally)).await),
        };
        waiting.take(take)?;
        loop {
            match stream.next().await {
                Ok(None) => break,
                Ok(Some(item)) if item.is_ref() => tally.referrals += 1,
                Ok(Some(item)) if item.is_intermediate() => {}
                Ok(Some(item)) => {
                    let entry = Entry::decode(item.0);
                    let entry =
                        entry.ok_or_else(|| garbled(&session.server, &self.after(*tally)))?;
                    tally.entries += 1;
                    waiting.add(entry, take)?;
                }
                Err(error) => return Err(session.lost(error, &self.after(*tally)).await),
            }
        }
        let result = stream.finish().await;
        self.judge(session, &result, *tally)?;
        next_page(&result).map_err(|Garbled| garbled(&session.server, &self.after(*tally)))
    }

    /// What a page is asked for with.
    fn controls(
        &self,
        session: &Session,
        more: &[RawControl],
        size: u16,
        cookie: &[u8],
    ) -> Vec<RawControl> {
        let mut controls = more.to_vec();
        if self.page > 0 && session.root.capabilities.contains(PAGES) {
            let paged = PagedResults {
                size: i32::from(size),
                cookie: cookie.to_vec(),
            };
            controls.push(RawControl {
                crit: true,
                ..paged.into()
            });
        }
        controls
    }

    fn after(&self, tally: Tally) -> String {
        match tally.entries {
            0 => self.what.to_owned(),
            1 => format!("{}, after 1 entry", self.what),
            entries => format!("{}, after {entries} entries", self.what),
        }
    }

    /// Is the answer whole?
    fn judge(&self, session: &Session, result: &LdapResult, tally: Tally) -> Result<(), ReadError> {
        let (what, base) = (self.what, &self.branch.base);
        let (problem, hint) = match result.rc {
            code::SUCCESS => return Ok(()),
            code::SIZE_LIMIT | code::TIME_LIMIT | code::ADMIN_LIMIT => (
                format!(
                    "the server stopped after {} of the entries ({})",
                    tally.entries,
                    limit(result.rc)
                ),
                session.dialect.limits().to_owned(),
            ),
            code::NO_SUCH_OBJECT => missing(self, session, result),
            code::INVALID_DN => (
                format!("the base “{base}” is no distinguished name"),
                format!("correct `{what}.base`"),
            ),
            code::REFERRAL => (
                format!("the base {base} is on another server, and referrals are not followed"),
                format!("write that server in `url`: {}", result.refs.join(", ")),
            ),
            code::INSUFFICIENT_ACCESS => (
                format!("we may not read {base} ({})", said(result)),
                "give the bind name the right to read it".to_owned(),
            ),
            code::CRITICAL_EXTENSION => (
                format!("the server gives no pages ({})", said(result)),
                "write `page: 0`".to_owned(),
            ),
            // What Active Directory says to who has not told a name (MS-ADTS, 3.1.1.3.1.3.1).
            code::OPERATIONS if session.dialect == Dialect::Ad => (
                format!(
                    "the server tells nothing to whom it does not know ({})",
                    said(result)
                ),
                "write a `bind` with a name and a password".to_owned(),
            ),
            _ => (
                format!("the server ended the search ({})", said(result)),
                "see the server's log for why".to_owned(),
            ),
        };
        Err(refuse(
            format!("{}: {what}: {problem}", session.server),
            hint,
        ))
    }
}

/// A filter that takes what both take.
pub(super) fn both(one: &str, other: &str) -> String {
    let bracketed = |filter: &str| {
        if filter.starts_with('(') {
            filter.to_owned()
        } else {
            format!("({filter})")
        }
    };
    format!("(&{}{})", bracketed(one), bracketed(other))
}

/// A filter that takes whoever has one of these keys; `None` when there are none. A key of sixteen
/// bytes is sent as it is on the wire.
pub(super) fn any<'k>(attribute: &str, keys: impl Iterator<Item = &'k Arc<str>>) -> Option<String> {
    let one = |key: &Arc<str>| {
        let value = if attribute.eq_ignore_ascii_case(GUID) {
            let bytes = guid_bytes(key)?;
            bytes.map(|byte| format!("\\{byte:02x}")).concat()
        } else {
            ldap3::ldap_escape(&**key).into_owned()
        };
        Some(format!("({attribute}={value})"))
    };
    let all: String = keys.filter_map(one).collect();
    (!all.is_empty()).then(|| format!("(|{all})"))
}

fn limit(rc: u32) -> &'static str {
    match rc {
        code::SIZE_LIMIT => "size limit",
        code::TIME_LIMIT => "time limit",
        _ => "administrative limit",
    }
}

fn missing(search: &Search<'_>, session: &Session, result: &LdapResult) -> (String, String) {
    let there = match (&*result.matched, session.root.contexts.as_slice()) {
        ("", []) => String::new(),
        ("", contexts) => format!("; the server has {}", contexts.join(", ")),
        (matched, _) => format!("; what is there ends at {matched}"),
    };
    let what = search.what;
    let mut hint = format!("correct `{what}.base`, or let the bind name read it");
    if session.dialect == Dialect::Ad {
        hint.push_str(
            "; on Active Directory it begins with CN= or OU= and ends with the DC= of the domain",
        );
    }
    (
        format!("the base {} is not there{there}", search.branch.base),
        hint,
    )
}

/// A control that cannot be read.
#[derive(Debug, PartialEq, Eq)]
struct Garbled;

/// The cookie of the next page; `None` at the end.
fn next_page(result: &LdapResult) -> Result<Option<Vec<u8>>, Garbled> {
    let paged = |Control(_, raw): &&Control| raw.ctype == PAGES;
    let Some(Control(_, raw)) = result.ctrls.iter().find(paged) else {
        return Ok(None);
    };
    let value = raw.val.as_deref().ok_or(Garbled)?;
    let (_, tag) = parse_tag(value).map_err(|_| Garbled)?;
    let parts = tag.expect_constructed().ok_or(Garbled)?;
    let [_, cookie] = <[StructureTag; 2]>::try_from(parts).map_err(|_| Garbled)?;
    let cookie = cookie.expect_primitive().ok_or(Garbled)?;
    Ok((!cookie.is_empty()).then_some(cookie))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(value: Option<&[u8]>) -> LdapResult {
        let control = RawControl {
            ctype: PAGES.into(),
            crit: false,
            val: value.map(<[u8]>::to_vec),
        };
        LdapResult {
            rc: 0,
            matched: String::new(),
            text: String::new(),
            refs: Vec::new(),
            ctrls: vec![Control(None, control)],
        }
    }

    #[test]
    fn a_page_is_as_large_as_what_came_before_is_small() {
        let mut pace = Pace::within(500);
        let person = Entry::made("uid=a", &[("cn", "x"), ("sn", "x"), ("sn", "y")]);
        pace.see(person.weight());
        assert_eq!((pace.size, pace.entries, pace.values), (16, 1, 3));
        // People; groups of ten thousand; one of a million; nobody; people.
        let came = [
            (16, 160),
            (64, 640),
            (256, 2560),
            (500, 5_000_000),
            (2, 20_000),
            (8, 1_000_000),
        ];
        let sizes = came
            .into_iter()
            .chain([(0, 0), (4, 40)])
            .map(|(entries, values)| {
                (pace.entries, pace.values) = (entries, values);
                pace.turn();
                pace.size
            });
        assert_eq!(sizes.collect::<Vec<_>>(), [64, 256, 500, 2, 2, 1, 4, 16]);
        assert_eq!(Pace::within(7).size, 7);
    }

    #[test]
    fn keys_are_asked_for_as_the_server_holds_them() {
        let any = |attribute: &str, keys: &[&str]| {
            let keys: Vec<Arc<str>> = keys.iter().copied().map(Arc::from).collect();
            any(attribute, keys.iter())
        };
        assert_eq!(
            any("employeeNumber", &["7*", "a(b)"]).as_deref(),
            Some("(|(employeeNumber=7\\2a)(employeeNumber=a\\28b\\29))")
        );
        assert_eq!(
            any(
                "objectGUID",
                &["03020100-0504-0706-0809-0a0b0c0d0e0f", "no guid"]
            )
            .as_deref(),
            Some(
                "(|(objectGUID=\\00\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f))"
            )
        );
        assert_eq!(any("objectGUID", &["no guid"]), None);
        assert_eq!(both("uid=a", "(cn=b)"), "(&(uid=a)(cn=b))");
    }

    #[test]
    fn the_cookie_of_the_next_page_is_found() {
        let next = |value: &[u8]| next_page(&result(Some(value)));
        assert_eq!(next(&[0x30, 5, 2, 1, 0, 4, 0]), Ok(None));
        assert_eq!(next(&[0x30, 7, 2, 1, 0, 4, 2, 7, 8]), Ok(Some(vec![7, 8])));
    }

    #[test]
    fn a_control_that_is_none_is_no_end_of_list() {
        for value in [
            &[][..],
            &[0x30],
            &[0x30, 0],
            &[4, 1, 1],
            &[0x30, 3, 2, 1, 0],
        ] {
            assert_eq!(next_page(&result(Some(value))), Err(Garbled), "{value:?}");
        }
        assert_eq!(next_page(&result(None)), Err(Garbled));
    }
}
