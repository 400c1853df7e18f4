//! A whole list, page by page (RFC 7644, 3.4.2.4).
//!
//! Promises each id once, in the order of the app, and that a part is never taken for everything:
//! any page that fails fails the list. Short pages, long pages, repeated rows and totals that
//! change are borne. Leaves what a row means to its caller.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::decode::{self, Page, Unreadable};
use super::exchange::Exchange;
use super::filter;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::http::About;

/// Which list.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    /// Where it is, below the base URL.
    pub path: &'a str,
    /// What it is about.
    pub about: About,
    /// Rows a page to ask for.
    pub count: u32,
    /// Only what this filter fits.
    pub filter: Option<String>,
}

/// Reads a row: its id and what it says.
pub type ReadRow<'a, T> = &'a (dyn Fn(Box<RawValue>) -> Result<(RemoteId, T), Unreadable> + Sync);

/// Reads all pages; `progress` hears after each how many rows there are so far.
///
/// # Errors
/// The fault of the first page that failed or cannot be understood.
pub async fn read<T: Send>(
    exchange: &Exchange,
    listing: &Listing<'_>,
    row: ReadRow<'_, T>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<T>, Fault> {
    let mut walk = Walk::new(listing.count);
    let mut found = Vec::new();
    loop {
        let filter = listing.filter.as_deref();
        let path = filter::page(listing.path, walk.start, listing.count, filter);
        let answer = match exchange.get(&path, listing.about).await {
            Err(fault) if walk.probing && says_no(&fault) => return Ok(found),
            other => other?,
        };
        let page = decode::page(&answer.body).map_err(Unreadable::fault)?;
        let next = walk.take(page, row, &mut found)?;
        progress(found.len());
        if next == Next::End {
            return Ok(found);
        }
    }
}

/// A page that was asked for beyond the total may be refused.
fn says_no(fault: &Fault) -> bool {
    match fault.kind {
        FaultKind::Missing | FaultKind::Rejected => true,
        FaultKind::Unreachable
        | FaultKind::Untrusted
        | FaultKind::TimedOut
        | FaultKind::Throttled
        | FaultKind::Unavailable
        | FaultKind::Unauthenticated
        | FaultKind::Forbidden
        | FaultKind::Conflict
        | FaultKind::Unsupported
        | FaultKind::Misdirected
        | FaultKind::Garbled
        | FaultKind::Unready
        | FaultKind::NoSeat
        | FaultKind::Guarded
        | FaultKind::Paused => false,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Page,
    End,
}

/// How far a list has been read.
struct Walk {
    /// The number of the next row, from 1; moves on by the rows received.
    start: u64,
    /// Rows a page asked for.
    count: u64,
    /// The ids so far.
    seen: BTreeSet<RemoteId>,
    /// Pages in a row that brought nothing new.
    stale: u32,
    /// The next page is beyond the total, and asked for only to make sure.
    probing: bool,
}

impl Walk {
    fn new(count: u32) -> Self {
        Self {
            start: 1,
            count: count.into(),
            seen: BTreeSet::new(),
            stale: 0,
            probing: false,
        }
    }

    fn take<T>(
        &mut self,
        page: Page,
        row: ReadRow<'_, T>,
        found: &mut Vec<T>,
    ) -> Result<Next, Fault> {
        let rows = page.rows.len() as u64;
        let before = self.seen.len();
        for raw in page.rows {
            let (id, item) = row(raw).map_err(Unreadable::fault)?;
            if self.seen.insert(id) {
                found.push(item);
            }
        }
        self.next(rows, self.seen.len() > before, page.total)
    }

    fn next(&mut self, rows: u64, fresh: bool, total: Option<u64>) -> Result<Next, Fault> {
        if rows == 0 {
            return self.nothing(total);
        }
        self.start += rows;
        self.stale = if fresh { 0 } else { self.stale + 1 };
        // Some apps give the size of the page as the total: a full page may not be the last.
        self.probing = fresh && rows == self.count && total == Some(rows);
        if self.probing {
            return Ok(Next::Page);
        }
        if total.is_some_and(|total| self.seen.len() as u64 >= total) {
            return Ok(Next::End);
        }
        if self.stale >= 2 {
            return Err(garbled(format!(
                "the app sends the same page again; it says that it has {}, and {} were seen",
                total.map_or_else(|| "more".to_owned(), |total| total.to_string()),
                self.seen.len()
            )));
        }
        Ok(Next::Page)
    }

    /// An empty page ends the list, but an empty list that has rows is a lie.
    fn nothing(&self, total: Option<u64>) -> Result<Next, Fault> {
        match total {
            Some(total) if total > 0 && self.seen.is_empty() => Err(garbled(format!(
                "the app says that it has {total} and shows none"
            ))),
            Some(_) | None => Ok(Next::End),
        }
    }
}

fn garbled(detail: String) -> Fault {
    Fault::new(FaultKind::Garbled, Effect::None, detail)
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

    /// Pages of two; gives the ids, the start of each page and what progress heard, or the fault.
    async fn walk(answers: &[(u16, String)]) -> (Result<Vec<String>, String>, Vec<String>) {
        let answers: Vec<(u16, &str)> = answers
            .iter()
            .map(|(status, body)| (*status, body.as_str()))
            .collect();
        let script = Script::of(&answers);
        let mut profile = Profile::default();
        profile.users.page = 2;
        let accounts = connector(&script, profile).accounts(&|_| ()).await;
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
        let total = r#""totalResults":"6","#;
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
    async fn the_same_page_again_and_again_is_a_fault() {
        let total = r#""totalResults":9,"#;
        let pages = ok(&[
            page(total, &[1, 2]),
            page(total, &[1, 2]),
            page(total, &[1, 2]),
        ]);
        assert_eq!(
            walk(&pages).await,
            (
                Err(
                    "the app's answer cannot be understood: the app sends the same page again; \
                     it says that it has 9, and 2 were seen"
                        .to_owned()
                ),
                asked(&[1, 3, 5])
            )
        );
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
