//! How lists are read, page by page.
//!
//! Promises to call paging what two pages of one row each have shown, and to say so where the app
//! has too few users to tell.

use super::Probe;
use super::finding::Certainty::{self, Contradictory, SeenTwice};
use super::line::{ProbeError, Seen};
use super::made::Kind;
use crate::connector::scim::filter::{Turn, page};
use crate::core::fault::FaultKind;

/// Rows that are asked for at once.
const PAGE: u32 = 100;

/// The ids of three short pages: from 1, from 2 and from 0, one row each.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    pub(super) from_one: Vec<String>,
    pub(super) from_two: Vec<String>,
    pub(super) from_zero: Vec<String>,
    pub(super) total: Option<u64>,
}

/// What the pages say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Index,
    Offset,
    /// Every page is the first one, and there is more than it shows.
    Repeats,
    /// Everything comes, whatever is asked for.
    Whole,
    /// Too few rows to tell.
    TooFew,
    /// None of these.
    Odd,
}

/// What short pages say of a list.
pub(super) fn judge(pages: &Pages) -> Verdict {
    let Pages {
        from_one,
        from_two,
        from_zero,
        total,
    } = pages;
    let few = total.is_some_and(|total| total < 2) || from_one.is_empty();
    if few {
        return Verdict::TooFew;
    }
    if from_one == from_two {
        let all = total.is_none_or(|total| total <= from_one.len() as u64);
        return if all {
            Verdict::Whole
        } else {
            Verdict::Repeats
        };
    }
    if from_one.len() != 1 || from_two.len() > 1 {
        return Verdict::Odd;
    }
    if from_zero.is_empty() || from_zero == from_one {
        return Verdict::Index;
    }
    if from_zero.len() == 1 && from_zero != from_one {
        return Verdict::Offset;
    }
    Verdict::Odd
}

impl Probe<'_> {
    /// Who is there already; makes sure that the address and the credentials are right.
    pub(super) async fn look_around(&mut self) -> Result<(), ProbeError> {
        let path = page(&self.profile.users.path, &Turn::Row(1), PAGE, "", None);
        let seen = self.line.get(&path).await?;
        match seen.status {
            401 => return Err(ProbeError::answer(&seen, FaultKind::Unauthenticated)),
            404 => return Err(ProbeError::answer(&seen, FaultKind::Missing)),
            _ => {}
        }
        self.made.met(seen.ids());
        let plain = self.profile.users.path.clone();
        if !seen.ok() {
            let bare = self.line.get(&plain).await?;
            if !bare.ok() {
                return Err(ProbeError::answer(&bare, FaultKind::Unsupported));
            }
            self.made.met(bare.ids());
            let says = "it refuses `startIndex` and `count`";
            let by = [&seen.exchange, &bare.exchange];
            self.book
                .found("users.paging", "none", SeenTwice, says, &by);
            return Ok(());
        }
        self.cap(&seen);
        let bare = self.line.get(&plain).await?;
        self.made.met(bare.ids());
        if seen.total() > Some(0) && bare.ids().is_empty() {
            self.book
                .note("A list shows nothing without `startIndex` and `count`.".into());
        }
        Ok(())
    }

    /// Does a page hold fewer rows than were asked for?
    pub(super) fn cap(&mut self, seen: &Seen) {
        let rows = seen.ids().len() as u64;
        let cut = seen.total().is_some_and(|total| total > rows) && rows > 0;
        if cut && rows < u64::from(PAGE) {
            let says = format!("{PAGE} were asked for, and a page had {rows}");
            let by = [&seen.exchange];
            self.book
                .found("users.page", rows, Certainty::SeenOnce, says, &by);
        } else if rows == u64::from(PAGE) {
            let says = "a page of so many came whole";
            let by = [&seen.exchange];
            self.book
                .found("users.page", rows, Certainty::SeenOnce, says, &by);
        }
    }

    /// With more users, what could not be told may show.
    pub(super) async fn pages_again(&mut self) -> Result<(), ProbeError> {
        let before = self.book.findings.len();
        self.book.findings.retain(|finding| {
            finding.key != ["users", "paging"] || finding.certainty != Contradictory
        });
        if self.book.findings.len() < before {
            self.pages().await?;
        }
        Ok(())
    }

    /// Reads short pages of users.
    pub(super) async fn pages(&mut self) -> Result<(), ProbeError> {
        let is_known = |key: &[String]| *key == ["users", "paging"];
        if self
            .book
            .findings
            .iter()
            .any(|finding| is_known(&finding.key))
        {
            return Ok(());
        }
        let list = self.list_path(Kind::User).to_owned();
        let one = self
            .line
            .get(&page(&list, &Turn::Row(1), 1, "", None))
            .await?;
        let two = self
            .line
            .get(&page(&list, &Turn::Row(2), 1, "", None))
            .await?;
        let zero = self
            .line
            .get(&page(&list, &Turn::Row(0), 1, "", None))
            .await?;
        let verdict = judge(&Pages {
            from_one: one.ids(),
            from_two: two.ids(),
            from_zero: zero.ids(),
            total: one.total(),
        });
        let by = [&one.exchange, &two.exchange, &zero.exchange];
        let key = "users.paging";
        match verdict {
            Verdict::Index => {
                let says = "a page from 2 goes on after a page from 1";
                self.book.found(key, "index", SeenTwice, says, &by);
            }
            Verdict::Offset => {
                let says = "the first row is number 0";
                self.book.found(key, "offset", SeenTwice, says, &by);
            }
            Verdict::Repeats | Verdict::Odd => self.cursor(&list, &one, &two).await?,
            Verdict::Whole => {
                let says = "whatever is asked for, all rows came; whether there is a limit shows \
                            only with more users";
                self.book.found(key, "index", Contradictory, says, &by);
            }
            Verdict::TooFew => self.book.unknown(key, "the app has fewer than two users"),
        }
        Ok(())
    }

    /// Where numbers lead nowhere, a cursor may (RFC 9865).
    async fn cursor(&mut self, list: &str, one: &Seen, two: &Seen) -> Result<(), ProbeError> {
        let first = self.line.get(&format!("{list}?cursor&count=1")).await?;
        let key = "users.paging";
        let next = first
            .body
            .get("nextCursor")
            .and_then(serde_json::Value::as_str);
        let Some(next) = next.map(crate::connector::scim::filter::encode) else {
            let says = "every page is the first one, and there is more than it shows";
            let by = [&one.exchange, &two.exchange];
            self.book.found(key, "index", Contradictory, says, &by);
            self.book.note(
                "Its pages repeat: lists are read in the order of ids, or not at all.".into(),
            );
            return Ok(());
        };
        let second = self
            .line
            .get(&format!("{list}?cursor={next}&count=1"))
            .await?;
        let goes_on = second.ok() && !second.ids().is_empty() && second.ids() != first.ids();
        let by = [&first.exchange, &second.exchange];
        if goes_on {
            self.book
                .found(key, "cursor", SeenTwice, "`nextCursor` leads on", &by);
        } else {
            let says = "neither numbers nor `nextCursor` lead on";
            self.book.found(key, "index", Contradictory, says, &by);
        }
        Ok(())
    }
}
