//! What a person should know about a credential before it fails.
//!
//! Promises a warning in good time. Leaves the words to those who show them.

use jiff::civil::Date;

/// So many days before its end a credential is spoken of.
pub const WARNING_DAYS: i32 = 30;

/// One thing to know, learned while credentials were used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remark {
    /// Of several tokens this one is in use.
    InUse {
        /// Where it is kept.
        name: String,
        /// Where those are kept that the app refused.
        refused: Vec<String>,
    },
    /// A new refresh token, or a refusal, could not be kept for the next run.
    Unkept {
        /// Why.
        reason: String,
    },
}

/// What is to be said about the end of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ends in so many days; 0: today.
    Soon(i32),
    /// It has ended.
    Passed,
}

impl Ending {
    /// Is anything to be said today about a credential whose last day is `last`?
    #[must_use]
    pub fn of(last: Date, today: Date) -> Option<Self> {
        let left = today.until(last).map_or(i32::MAX, |span| span.get_days());
        match left {
            ..0 => Some(Self::Passed),
            0..=WARNING_DAYS => Some(Self::Soon(left)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_spoken_of_thirty_days_before_its_end() {
        let last: Date = "2027-01-31".parse().expect("a day");
        for (today, ending) in [
            ("2026-11-22", None),
            ("2026-12-31", None),
            ("2027-01-01", Some(Ending::Soon(30))),
            ("2027-01-31", Some(Ending::Soon(0))),
            ("2027-02-01", Some(Ending::Passed)),
            ("2029-02-01", Some(Ending::Passed)),
        ] {
            let today: Date = today.parse().expect("a day");
            assert_eq!(Ending::of(last, today), ending, "{today}");
        }
    }
}
