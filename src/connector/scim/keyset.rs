//! A whole list by the ids of its rows, for apps whose page numbers do nothing.
//!
//! Promises never to ask without end and never to take a part for everything: each page has to go on
//! after the last id, and in the end as many rows must have been seen as the app says that it has.
//! Needs `sortBy` and the filter `gt` on `id` (RFC 7644, 3.4.2.2 and 3.4.2.3); where an app has neither,
//! the list is a fault. Leaves finding out that pages repeat to [`super::list`].

use std::collections::BTreeSet;

use super::decode::{self, Page, Unreadable};
use super::exchange::Exchange;
use super::filter;
use super::list::{Listing, ReadRow, Repeats};
use crate::core::fault::Fault;
use crate::core::key::RemoteId;

/// Reads all pages in the order of their ids; `progress` hears after each how many rows there are.
///
/// # Errors
/// The fault of `repeats` where the app does not take this way either; else that of the page.
pub async fn read<T: Send>(
    exchange: &Exchange,
    listing: &Listing<'_>,
    row: ReadRow<'_, T>,
    repeats: Repeats,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<T>, Fault> {
    let mut walk = Walk {
        total: repeats.total,
        ..Walk::default()
    };
    let mut found = Vec::new();
    loop {
        let after = walk
            .last
            .as_ref()
            .map(|id| filter::after("id", id.as_str()));
        let path = filter::sorted_page(listing.path, "id", listing.count, after.as_deref());
        let answer = match exchange.get(&path, listing.about).await {
            Err(fault) if fault.kind.is_inability() => return Err(neither(repeats)),
            other => other?,
        };
        let page = decode::page(&answer.body).map_err(Unreadable::fault)?;
        let next = walk.take(page, row, &mut found)?;
        progress(found.len());
        match next {
            Next::Page => {}
            Next::End => return Ok(found),
            Next::Stuck => return Err(neither(repeats)),
        }
    }
}

fn neither(repeats: Repeats) -> Fault {
    repeats.fault(", and does not list by id")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Page,
    End,
    Stuck,
}

/// How far a list has been read.
#[derive(Default)]
struct Walk {
    /// How many there are in all, by the larger of two numbers: the list's and this first page's.
    total: Option<u64>,
    /// The last id so far.
    last: Option<RemoteId>,
    /// The ids so far.
    seen: BTreeSet<RemoteId>,
}

impl Walk {
    fn take<T>(
        &mut self,
        page: Page,
        row: ReadRow<'_, T>,
        found: &mut Vec<T>,
    ) -> Result<Next, Fault> {
        if self.last.is_none() {
            self.total = self.total.max(page.total);
        }
        let (rows, left) = (page.rows.len() as u64, page.total);
        let before = self.seen.len();
        for raw in page.rows {
            let (id, item) = row(raw).map_err(Unreadable::fault)?;
            if self.seen.insert(id.clone()) {
                found.push(item);
            }
            self.last = Some(id);
        }
        let fresh = (self.seen.len() - before) as u64;
        Ok(self.next(rows, fresh, left))
    }

    /// `left`: how many the app says come after the page before, this page's rows included.
    fn next(&self, rows: u64, fresh: u64, left: Option<u64>) -> Next {
        let (Some(total), Some(left)) = (self.total, left) else {
            return Next::Stuck;
        };
        if fresh < rows {
            return Next::Stuck;
        }
        match (rows >= left, self.seen.len() as u64 >= total) {
            (true, true) => Next::End,
            (true, false) => Next::Stuck,
            (false, _) if rows == 0 => Next::Stuck,
            (false, _) => Next::Page,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::connector::Observe;
    use crate::connector::scim::script::{Script, connector};
    use crate::core::profile::Profile;

    const REPEATED: &str = r#"{"totalResults":5,"Resources":[{"id":"c"},{"id":"a"}]}"#;

    /// What comes after the same page three times: the ids or the fault, and the requests.
    async fn after_repeats(pages: &[(u16, &str)]) -> (Result<Vec<String>, String>, Vec<String>) {
        let answers = [&[(200, REPEATED); 3], pages].concat();
        let script = Script::of(&answers);
        let mut profile = Profile::default();
        profile.users.page = 2;
        let accounts = connector(&script, profile).accounts(&|_| ()).await;
        let ids = accounts
            .map(|found| found.iter().map(|account| account.id.to_string()).collect())
            .map_err(|fault| fault.to_string());
        (ids, script.lines().split_off(3))
    }

    const NEITHER: &str = "the app cannot do this: it sends the same page again, whatever the \
                           startIndex, and does not list by id; it says that it has 5, and 2 were seen";

    #[tokio::test]
    async fn the_list_goes_on_after_the_last_id() {
        let (found, asked) = after_repeats(&[
            (
                200,
                r#"{"totalResults":5,"Resources":[{"id":"a"},{"id":"b"}]}"#,
            ),
            (
                200,
                r#"{"totalResults":3,"Resources":[{"id":"c"},{"id":"d\""}]}"#,
            ),
            (200, r#"{"totalResults":1,"Resources":[{"id":"e"}]}"#),
        ])
        .await;
        assert_eq!(found.expect("a list"), ["a", "b", "c", "d\"", "e"]);
        assert_eq!(
            asked,
            [
                "GET /scim/v2/Users?startIndex=1&count=2&sortBy=id",
                "GET /scim/v2/Users?filter=id%20gt%20%22b%22&startIndex=1&count=2&sortBy=id",
                "GET /scim/v2/Users?filter=id%20gt%20%22d%5C%22%22&startIndex=1&count=2&sortBy=id",
            ]
        );
    }

    #[tokio::test]
    async fn a_part_is_never_taken_for_everything_here_either() {
        let first = (
            200,
            r#"{"totalResults":5,"Resources":[{"id":"a"},{"id":"b"}]}"#,
        );
        for (second, why) in [
            (first, "the filter is ignored"),
            (
                (200, r#"{"totalResults":0,"Resources":[]}"#),
                "it finds nothing",
            ),
            (
                (200, r#"{"totalResults":3,"Resources":[]}"#),
                "it shows nothing",
            ),
            (
                (200, r#"{"totalResults":1,"Resources":[{"id":"c"}]}"#),
                "too few in all",
            ),
            (
                (200, r#"{"Resources":[{"id":"c"}]}"#),
                "nobody knows how many",
            ),
            ((400, "{}"), "the filter is refused"),
            ((501, "{}"), "filters are unknown"),
        ] {
            let (found, asked) = after_repeats(&[first, second]).await;
            assert_eq!(found, Err(NEITHER.to_owned()), "{why}");
            assert_eq!(asked.len(), 2, "{why}");
        }
        let all = (
            200,
            r#"{"totalResults":2,"Resources":[{"id":"a"},{"id":"b"}]}"#,
        );
        let (found, asked) = after_repeats(&[all]).await;
        assert_eq!(
            (found, asked.len()),
            (Err(NEITHER.to_owned()), 1),
            "5 of a sudden 2"
        );
        let (found, _) = after_repeats(&[first, (500, "")]).await;
        assert_eq!(found, Err("the app is not able to answer now (500)".into()));
    }
}
