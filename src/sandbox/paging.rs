//! Which rows of a list a client asks for, and whether it asks in the way of the app.
//!
//! Promises that whoever pages in another way than the profile says is refused, and that a list
//! which needs an order comes without one in pages that overlap. Leaves what stands in the list to
//! the users and the groups.

use super::call::Query;
use super::records::Record;
use super::refusal::{Refusal, ScimType};
use crate::core::profile::Paging;

/// What each cursor begins with.
const CURSOR: &str = "after-";

/// The rows that are asked for.
#[derive(Debug)]
pub(super) struct Window {
    paging: Paging,
    /// Rows before the first one.
    skip: usize,
    count: usize,
    /// Does every other page count from the end?
    is_unsteady: bool,
}

impl Window {
    /// The rows that `query` asks for, at most `most`; `sort` is what the list has to be sorted by.
    pub(super) fn of(
        query: &Query,
        paging: Paging,
        most: usize,
        sort: &str,
    ) -> Result<Self, Refusal> {
        let count = query.count.unwrap_or(most).min(most);
        let skip = match paging {
            Paging::Index => query.start.unwrap_or(1).max(1) - 1,
            Paging::Offset => query.start.unwrap_or(0),
            Paging::Cursor => cursor(query)?,
            Paging::None => {
                if query.start.is_some() || query.count.is_some() || query.cursor.is_some() {
                    let problem = "this app shows everything at once; it takes no startIndex, \
                                   count or cursor";
                    return Err(Refusal::value(problem));
                }
                return Ok(Self {
                    paging,
                    skip: 0,
                    count: usize::MAX,
                    is_unsteady: false,
                });
            }
        };
        let is_sorted = sort.is_empty() || query.sort.as_deref() == Some(sort);
        Ok(Self {
            paging,
            skip,
            count,
            is_unsteady: !is_sorted,
        })
    }

    /// The rows among `total`.
    pub(super) fn cut<'a>(&self, hits: impl Iterator<Item = &'a Record>) -> Vec<&'a Record> {
        if self.is_unsteady && self.count > 0 && (self.skip / self.count) % 2 == 1 {
            let mut all: Vec<&Record> = hits.collect();
            all.reverse();
            return all.into_iter().skip(self.skip).take(self.count).collect();
        }
        hits.skip(self.skip).take(self.count).collect()
    }

    /// The rows of a list that is always in order.
    pub(super) fn slice<T>(&self, hits: impl Iterator<Item = T>) -> Vec<T> {
        hits.skip(self.skip).take(self.count).collect()
    }

    /// The first row's number, where the app counts rows.
    pub(super) fn start(&self) -> Option<usize> {
        match self.paging {
            Paging::Index => Some(self.skip + 1),
            Paging::Offset => Some(self.skip),
            Paging::Cursor | Paging::None => None,
        }
    }

    /// Where the next page is, if the app leads there and `total` rows are not done yet.
    pub(super) fn next_cursor(&self, total: usize) -> Option<String> {
        let next = self.skip.saturating_add(self.count);
        (self.paging == Paging::Cursor && next < total).then(|| format!("{CURSOR}{next}"))
    }
}

fn cursor(query: &Query) -> Result<usize, Refusal> {
    let invalid = |problem: &str| Err(Refusal::bad(ScimType::InvalidCursor, problem));
    match query.cursor.as_deref() {
        _ if query.start.is_some() => invalid("this app pages by cursor, not by startIndex"),
        None => invalid("this app pages by cursor; begin with an empty one"),
        Some("") => Ok(0),
        Some(text) => {
            let rows = text.strip_prefix(CURSOR).and_then(|rows| rows.parse().ok());
            rows.map_or_else(|| invalid("there is no such cursor"), Ok)
        }
    }
}
