//! What an app says is left of its rate, in headers of its own names.
//!
//! Promises a pause only when nothing is left, as long as the app says and no longer than a day.
//! Leaves waiting to [`super::limit`].

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use jiff::Timestamp;

use super::retry_after;

/// The headers that tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowanceNames {
    /// How many requests are left.
    pub remaining: HeaderName,
    /// When the rate begins anew: seconds to go, or seconds or milliseconds since 1970.
    pub reset: HeaderName,
}

/// What is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests.
    pub remaining: u64,
    /// The time until the rate begins anew.
    pub reset: Duration,
}

impl Allowance {
    /// The pause that the headers of an answer call for: until the rate begins anew, once nothing
    /// is left of it. A point in time is measured by the answer's own `Date`, else by `now`.
    #[must_use]
    pub fn read(headers: &HeaderMap, names: &AllowanceNames, now: Timestamp) -> Option<Duration> {
        let allowance = Self::of(headers, names, now)?;
        (allowance.remaining == 0).then_some(allowance.reset)
    }

    fn of(headers: &HeaderMap, names: &AllowanceNames, now: Timestamp) -> Option<Self> {
        let remaining = headers.get(&names.remaining)?.to_str().ok()?.trim();
        // Some give a fraction, or a count below zero once it is overdrawn.
        let remaining = remaining.parse::<f64>().ok()?;
        Some(Self {
            remaining: whole(remaining),
            reset: retry_after::read_reset(headers, &names.reset, now)?,
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is below zero is nothing, and a cast of a double saturates"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn nothing_left_means_a_pause_until_the_reset() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a point in time");
        let names = AllowanceNames {
            remaining: HeaderName::from_static("x-ratelimit-remaining"),
            reset: HeaderName::from_static("x-ratelimit-reset"),
        };
        let ahead = (now.as_second() + 45).to_string();
        let ahead_ms = (now.as_millisecond() + 45_000).to_string();
        for (remaining, reset, pause) in [
            ("0", "30", Some(30)),
            ("0", &*ahead, Some(45)),
            ("0.0", &*ahead_ms, Some(45)),
            ("-1", "30", Some(30)),
            ("0", "9999999", Some(86_400)),
            ("1", "30", None),
            ("many", "30", None),
            ("0", "soon", None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(&names.remaining, remaining), (&names.reset, reset)] {
                headers.insert(name, HeaderValue::from_str(value).expect("a header"));
            }
            let read = Allowance::read(&headers, &names, now);
            assert_eq!(
                read.map(|span| span.as_secs()),
                pause,
                "{remaining}, {reset}"
            );
        }
        assert_eq!(Allowance::read(&HeaderMap::new(), &names, now), None);
    }

    #[test]
    fn a_point_in_time_is_measured_by_the_answers_own_date() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().expect("a point in time");
        let names = AllowanceNames {
            remaining: HeaderName::from_static("left"),
            reset: HeaderName::from_static("again"),
        };
        let mut headers = HeaderMap::new();
        headers.insert("left", HeaderValue::from_static("0"));
        let again = (now.as_second() + 3600 + 10).to_string();
        headers.insert("again", HeaderValue::from_str(&again).expect("a header"));
        let date = HeaderValue::from_static("Sun, 22 Nov 2026 13:00:00 GMT");
        headers.insert(http::header::DATE, date);
        let pause = Allowance::read(&headers, &names, now);
        assert_eq!(pause, Some(Duration::from_secs(10)));
    }
}
