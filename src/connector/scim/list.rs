//! A whole list, page by page (RFC 7644, 3.4.2.4; RFC 9865).
//!
//! Promises each id once, in the order of the app, and that a part is never taken for everything:
//! any page that fails fails the list, and so does a list that ends before its total or repeats
//! itself. Short pages, long pages, rows shown twice and totals that change are borne. Leaves what a
//! row means to its caller.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::decode::{self, Page, Unreadable};
use super::exchange::Exchange;
use super::filter::{self, Turn};
use super::keyset;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::core::profile::{Hidden, Paging, Profile};
use crate::http::About;

/// Which list.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    /// Where it is, below the base URL.
    pub path: &'a str,
    /// What it is about.
    pub about: About,
    /// How its pages follow each other.
    pub paging: Paging,
    /// Rows a page to ask for.
    pub count: u32,
    /// The attribute it is sorted by; empty: none.
    pub sort: &'a str,
    /// What of it is shown.
    pub extent: Extent,
    /// Only what this filter fits.
    pub filter: Option<String>,
}

/// How much of a list an app shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// A part: its total may count what it hides.
    Part,
    /// The first page.
    FirstPage,
}

impl<'a> Listing<'a> {
    /// The list of users, or those of them that a filter fits.
    pub fn of_users(profile: &'a Profile, filter: Option<String>) -> Self {
        let rules = &profile.users;
        Self {
            path: &rules.path,
            about: About::User,
            paging: rules.paging,
            count: rules.page,
            sort: &rules.sort,
            extent: if rules.hides.contains(&Hidden::Overflow) {
                Extent::FirstPage
            } else if rules.hides.is_empty() {
                Extent::Whole
            } else {
                Extent::Part
            },
            filter,
        }
    }

    /// The list of groups, or those of them that a filter fits.
    pub fn of_groups(profile: &'a Profile, filter: Option<String>) -> Self {
        let rules = &profile.groups;
        Self {
            path: &rules.path,
            about: About::Group,
            paging: rules.paging,
            count: rules.page,
            sort: "",
            extent: Extent::Whole,
            filter,
        }
    }

    /// The path of its first page.
    pub fn first_page(&self) -> String {
        self.page(&first(self.paging))
    }

    fn page(&self, turn: &Turn) -> String {
        let filter = self.filter.as_deref();
        filter::page(self.path, turn, self.count, self.sort, filter)
    }
}

fn first(paging: Paging) -> Turn {
    match paging {
        Paging::Index => Turn::Row(1),
        Paging::Offset => Turn::Row(0),
        Paging::Cursor => Turn::Cursor(String::new()),
        Paging::None => Turn::All,
    }
}

/// Reads a row: its id and what it says.
pub type ReadRow<'a, T> = &'a (dyn Fn(Box<RawValue>) -> Result<(RemoteId, T), Unreadable> + Sync);

/// Reads all pages; `progress` hears after each how many rows there are so far. A cursor that the
/// app does not know any more, and pages that overlap, are met by starting over, once.
///
/// # Errors
/// The fault of the first page that failed or cannot be understood, or what is wrong with the list.
pub async fn read<T: Send>(
    exchange: &Exchange,
    listing: &Listing<'_>,
    row: ReadRow<'_, T>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<T>, Fault> {
    let walked = match walk(exchange, listing, row, progress).await {
        Err(Stop::StartOver(_)) => walk(exchange, listing, row, progress).await,
        walked => walked,
    };
    match walked {
        Ok(found) => Ok(found),
        Err(Stop::StartOver(fault) | Stop::Fault(fault)) => Err(fault),
        Err(Stop::Repeats(repeats)) if listing.filter.is_some() => Err(repeats.fault("")),
        Err(Stop::Repeats(repeats)) => {
            keyset::read(exchange, listing, row, repeats, progress).await
        }
    }
}

/// Why a walk through a list ended before its end.
enum Stop {
    /// The list moved on meanwhile; another walk may do.
    StartOver(Fault),
    /// Its numbered pages repeat: it is read by its ids.
    Repeats(Repeats),
    /// Another walk would end likewise.
    Fault(Fault),
}

async fn walk<T: Send>(
    exchange: &Exchange,
    listing: &Listing<'_>,
    row: ReadRow<'_, T>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<T>, Stop> {
    let mut walk = Walk::new(listing);
    let mut found = Vec::new();
    loop {
        let path = listing.page(&walk.turn);
        let answer = match exchange.get(&path, listing.about).await {
            Err(fault) if walk.probing && says_no(&fault) => return Ok(found),
            Err(fault) if walk.is_on_a_cursor() && fault.status == Some(400) => {
                return Err(Stop::StartOver(fault));
            }
            other => other.map_err(Stop::Fault)?,
        };
        let page = decode::page(&answer.body)
            .map_err(Unreadable::fault)
            .map_err(Stop::Fault)?;
        let next = walk.take(page, row, &mut found)?;
        progress(found.len());
        if next == Next::End {
            return Ok(found);
        }
    }
}

/// A page that was asked for beyond the total may be refused.
fn says_no(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Missing | FaultKind::Rejected)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Page,
    End,
}

/// A list that shows rows which it has shown, and has not shown all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// How many there are, as it says.
    pub total: Option<u64>,
    /// How many were seen.
    pub seen: usize,
}

impl Repeats {
    /// The end of such a list; `more` is what else was tried.
    pub fn fault(self, more: &str) -> Fault {
        let total = self.total.map(|total| total.to_string());
        let detail = format!(
            "it sends the same page again, whatever the startIndex{more}; it says that it has {}, \
             and {} were seen",
            total.as_deref().unwrap_or("more"),
            self.seen
        );
        Fault::new(FaultKind::Unsupported, Effect::None, detail)
    }
}

/// How far a list has been read.
struct Walk {
    /// Which page comes next; a number moves on by the rows received.
    turn: Turn,
    /// What the app shows of the list.
    extent: Extent,
    /// Rows a page asked for.
    count: u64,
    /// The ids so far.
    seen: BTreeSet<RemoteId>,
    /// The cursors so far.
    cursors: BTreeSet<String>,
    /// Rows so far, repeated ones included.
    received: u64,
    /// Rows that an earlier page had shown already.
    overlapping: u64,
    /// Pages in a row that brought nothing new.
    stale: u32,
    /// The next page is beyond the total, and asked for only to make sure.
    probing: bool,
}

impl Walk {
    fn new(listing: &Listing<'_>) -> Self {
        Self {
            turn: first(listing.paging),
            extent: listing.extent,
            count: listing.count.into(),
            seen: BTreeSet::new(),
            cursors: BTreeSet::new(),
            received: 0,
            overlapping: 0,
            stale: 0,
            probing: false,
        }
    }

    /// Does the next page hang on what the app said on the one before?
    fn is_on_a_cursor(&self) -> bool {
        !self.cursors.is_empty()
    }

    fn take<T>(
        &mut self,
        page: Page,
        row: ReadRow<'_, T>,
        found: &mut Vec<T>,
    ) -> Result<Next, Stop> {
        let rows = page.rows.len() as u64;
        let mut fresh = BTreeSet::new();
        for raw in page.rows {
            let (id, item) = row(raw).map_err(Unreadable::fault).map_err(Stop::Fault)?;
            if self.seen.contains(&id) {
                self.overlapping += 1;
            } else if fresh.insert(id) {
                found.push(item);
            }
        }
        self.received += rows;
        let is_stale = fresh.is_empty();
        self.stale = if is_stale { self.stale + 1 } else { 0 };
        self.seen.append(&mut fresh);
        if self.extent == Extent::FirstPage {
            return Ok(Next::End);
        }
        match &self.turn {
            Turn::Row(start) => self.next_row(start + rows, rows, page.total),
            Turn::Cursor(_) => self.next_cursor(page.next_cursor, page.total),
            Turn::All => self.end(page.total),
        }
    }

    fn next_row(&mut self, start: u64, rows: u64, total: Option<u64>) -> Result<Next, Stop> {
        if rows == 0 {
            return self.end(total);
        }
        self.turn = Turn::Row(start);
        // Some apps give the size of the page as the total: a full page may not be the last.
        self.probing = self.stale == 0 && rows == self.count && total == Some(rows);
        if self.probing {
            return Ok(Next::Page);
        }
        if total.is_some_and(|total| self.seen.len() as u64 >= total) {
            return Ok(Next::End);
        }
        if self.stale >= 2 {
            return Err(Stop::Repeats(Repeats {
                total,
                seen: self.seen.len(),
            }));
        }
        Ok(Next::Page)
    }

    /// The absence of a next cursor ends the list, not an empty page (RFC 9865, 2.1).
    fn next_cursor(&mut self, next: Option<String>, total: Option<u64>) -> Result<Next, Stop> {
        let Some(cursor) = next else {
            return self.end(total);
        };
        if !self.cursors.insert(cursor.clone()) {
            return Err(self.repeats(total));
        }
        self.turn = Turn::Cursor(cursor);
        if self.stale >= 2 {
            return Err(self.repeats(total));
        }
        Ok(Next::Page)
    }

    fn repeats(&self, total: Option<u64>) -> Stop {
        garbled(format!(
            "the app sends the same page again; it says that it has {}, and {} were seen",
            total.map_or_else(|| "more".to_owned(), |total| total.to_string()),
            self.seen.len()
        ))
    }

    /// The end of a list, if everything is there that its total promises.
    fn end(&self, total: Option<u64>) -> Result<Next, Stop> {
        let promised = match self.extent {
            Extent::Whole => total.unwrap_or_default(),
            Extent::Part | Extent::FirstPage => return Ok(Next::End),
        };
        if self.received < promised {
            let shown = match self.received {
                0 => "none".to_owned(),
                some => some.to_string(),
            };
            return Err(garbled(format!(
                "the app says that it has {promised} and shows {shown}"
            )));
        }
        // A row that stands on a page twice is one too many; one that an earlier page had is there
        // in place of another, since the pages shifted.
        let repeated = self.received - self.seen.len() as u64 - self.overlapping;
        if self.overlapping > 0 && self.seen.len() as u64 + repeated < promised {
            let fault = Fault::new(
                FaultKind::Garbled,
                Effect::None,
                format!(
                    "its pages overlap: it says that it has {promised}, and {} were seen; does the \
                     profile need `users.sort`?",
                    self.seen.len()
                ),
            );
            return Err(Stop::StartOver(fault));
        }
        Ok(Next::End)
    }
}

fn garbled(detail: String) -> Stop {
    Stop::Fault(Fault::new(FaultKind::Garbled, Effect::None, detail))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use crate::connector::Observe;
    use crate::connector::scim::script::{Script, connector};
    use crate::core::profile::Profile;

    fn page(total: &str, ids: &[u32]) -> String {
        let rows: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        format!(r#"{{{total}"Resources":[{}]}}"#, rows.join(","))
    }

    /// Pages of two.
    fn small() -> Profile {
        let mut profile = Profile::default();
        profile.users.page = 2;
        profile
    }

    /// Gives the ids, the start of each page and what progress heard, or the fault.
    async fn walk(answers: &[(u16, String)]) -> (Result<Vec<String>, String>, Vec<String>) {
        let answers: Vec<(u16, &str)> = answers
            .iter()
            .map(|(status, body)| (*status, body.as_str()))
            .collect();
        let script = Script::of(&answers);
        let accounts = connector(&script, small()).accounts(&|_| ()).await;
        let ids = accounts
            .map(|found| found.iter().map(|account| account.id.to_string()).collect())
            .map_err(|fault| fault.to_string());
        (ids, script.lines())
    }

    fn ok(pages: &[String]) -> Vec<(u16, String)> {
        pages.iter().map(|page| (200, page.clone())).collect()
    }

    fn asked(starts: &[u32]) -> Vec<String> {
        let line = |start| format!("GET /scim/v2/Users?startIndex={start}&count=2");
        starts.iter().map(line).collect()
    }

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[tokio::test]
    async fn pages_follow_each_other_by_the_rows_received() {
        let total = r#""totalResults":4,"#;
        let pages = ok(&[page(total, &[1]), page(total, &[2, 3]), page(total, &[4])]);
        assert_eq!(
            walk(&pages).await,
            (Ok(ids(&["1", "2", "3", "4"])), asked(&[1, 2, 4]))
        );
    }

    #[tokio::test]
    async fn repeated_rows_count_once_and_an_empty_page_ends() {
        let total = r#""totalResults":"4","#;
        let pages = ok(&[page(total, &[1, 1]), page(total, &[2, 2]), page(total, &[])]);
        assert_eq!(
            walk(&pages).await,
            (Ok(ids(&["1", "2"])), asked(&[1, 3, 5]))
        );
    }

    #[tokio::test]
    async fn a_total_may_change_or_be_missing() {
        let pages = ok(&[
            page(r#""totalResults":3,"#, &[1, 2]),
            page(r#""totalResults":5,"#, &[3, 4]),
            page(r#""totalResults":4,"#, &[5]),
        ]);
        assert_eq!(
            walk(&pages).await,
            (Ok(ids(&["1", "2", "3", "4", "5"])), asked(&[1, 3, 5]))
        );
        let pages = ok(&[page("", &[1, 2]), page("", &[])]);
        assert_eq!(walk(&pages).await, (Ok(ids(&["1", "2"])), asked(&[1, 3])));
    }

    #[tokio::test]
    async fn a_page_may_be_larger_than_asked() {
        let pages = ok(&[page(r#""totalResults":3,"#, &[1, 2, 3])]);
        assert_eq!(walk(&pages).await, (Ok(ids(&["1", "2", "3"])), asked(&[1])));
    }

    #[tokio::test]
    async fn a_total_that_is_the_size_of_the_page_is_not_believed() {
        let total = r#""totalResults":2,"#;
        let pages = ok(&[page(total, &[1, 2]), page(total, &[3, 4]), page(total, &[])]);
        assert_eq!(
            walk(&pages).await,
            (Ok(ids(&["1", "2", "3", "4"])), asked(&[1, 3, 5]))
        );
        for (status, body) in [
            (404, "{}".to_owned()),
            (400, String::new()),
            (200, page(total, &[1, 2])),
        ] {
            let pages = [(200, page(total, &[1, 2])), (status, body)];
            assert_eq!(
                walk(&pages).await,
                (Ok(ids(&["1", "2"])), asked(&[1, 3])),
                "{status}"
            );
        }
        let pages = [(200, page(total, &[1, 2])), (500, String::new())];
        assert_eq!(
            walk(&pages).await.0,
            Err("the app is not able to answer now (500)".to_owned())
        );
    }

    #[tokio::test]
    async fn the_same_page_again_and_again_is_a_fault_of_a_search() {
        let total = r#""totalResults":9,"#;
        let pages = ok(&[
            page(total, &[1, 2]),
            page(total, &[1, 2]),
            page(total, &[1, 2]),
        ]);
        let script = Script::of(
            &pages
                .iter()
                .map(|(status, body)| (*status, &**body))
                .collect::<Vec<_>>(),
        );
        let keys = [("userName".into(), "ana".to_owned())];
        let found = connector(&script, small()).find(&keys).await;
        assert_eq!(
            found.expect_err("a fault").to_string(),
            "the app cannot do this: it sends the same page again, whatever the startIndex; it says \
             that it has 9, and 2 were seen"
        );
        assert_eq!(script.lines().len(), 3);
    }

    #[tokio::test]
    async fn an_empty_list_is_empty_only_if_the_total_agrees() {
        let empty = r#"{"totalResults":0}"#.to_owned();
        assert_eq!(walk(&ok(&[empty])).await, (Ok(ids(&[])), asked(&[1])));
        for lie in [
            r#"{"totalResults":7}"#,
            r#"{"totalResults":7,"Resources":[]}"#,
        ] {
            assert_eq!(
                walk(&ok(&[lie.to_owned()])).await.0,
                Err(
                    "the app's answer cannot be understood: the app says that it has 7 and shows \
                     none"
                        .to_owned()
                )
            );
        }
    }

    #[tokio::test]
    async fn a_part_is_never_taken_for_everything() {
        let first = page(r#""totalResults":4,"#, &[1, 2]);
        for (status, body, expected) in [
            (
                200,
                "<html>sign in</html>",
                "the answer did not come from a SCIM service (200): an HTML page; is base_url right?",
            ),
            (
                200,
                r#"{"totalResults":4,"Resources":[{"id":"3"}"#,
                "the app's answer cannot be understood: it is not valid JSON (line 1, column 41)",
            ),
            (
                200,
                r#"{"totalResults":4,"Resources":[{"userName":"x"}]}"#,
                "the app's answer cannot be understood: a resource in it has no id",
            ),
            (
                404,
                "{}",
                "the answer did not come from a SCIM service (404): there is no list at /Users; is base_url right?",
            ),
        ] {
            let pages = [(200, first.clone()), (status, body.to_owned())];
            assert_eq!(walk(&pages).await.0, Err(expected.to_owned()));
        }
    }

    #[tokio::test]
    async fn progress_is_heard_after_each_page() {
        let total = r#""totalResults":3,"#;
        let (one, two) = (page(total, &[1, 2]), page(total, &[3]));
        let script = Script::of(&[(200, &one), (200, &two)]);
        let heard = Mutex::new(Vec::new());
        let mut profile = Profile::default();
        profile.users.page = 2;
        connector(&script, profile)
            .accounts(&|count| heard.lock().expect("not poisoned").push(count))
            .await
            .expect("accounts");
        assert_eq!(*heard.lock().expect("not poisoned"), [2, 3]);
    }
}
