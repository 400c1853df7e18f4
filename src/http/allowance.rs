//! What an app says is left of its rate, in headers of its own names.
//!
//! Promises a pause only when nothing is left, as long as the app says and never longer than a day.
//! Leaves keeping to it to [`super::limit`].

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use jiff::Timestamp;

use super::retry_after;
use crate::core::profile::RateHeaders;

/// The headers that tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowanceNames {
    /// How many requests are left.
    pub remaining: HeaderName,
    /// When the rate begins anew: seconds to go, or seconds or milliseconds since 1970.
    pub reset: HeaderName,
}

impl AllowanceNames {
    /// The names that a profile gives; `None` when one of them is no name of a header.
    #[must_use]
    pub fn of(headers: &RateHeaders) -> Option<Self> {
        Some(Self {
            remaining: headers.remaining.parse().ok()?,
            reset: headers.reset.parse().ok()?,
        })
    }
}

/// The pause that the headers of an answer call for: until the rate begins anew, once nothing is
/// left of it. A point in time is measured by the answer's own `Date`, else by `now`.
#[must_use]
pub fn read(headers: &HeaderMap, names: &AllowanceNames, now: Timestamp) -> Option<Duration> {
    let remaining = headers.get(&names.remaining)?.to_str().ok()?.trim();
    // Some give a fraction, or a count below zero once it is overdrawn.
    let remaining: f64 = remaining.parse().ok()?;
    if remaining < 1.0 {
        retry_after::until_reset(headers, &names.reset, now)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn names() -> AllowanceNames {
        AllowanceNames::of(&RateHeaders {
            remaining: "X-Rate-Limit-Remaining".into(),
            reset: "X-Rate-Limit-Reset".into(),
        })
        .expect("names of headers")
    }

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().expect("a point in time")
    }

    fn pause(remaining: &str, reset: &str, date: Option<&'static str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        let names = names();
        for (name, value) in [(&names.remaining, remaining), (&names.reset, reset)] {
            headers.insert(name, HeaderValue::from_str(value).expect("a header"));
        }
        if let Some(date) = date {
            headers.insert(http::header::DATE, HeaderValue::from_static(date));
        }
        read(&headers, &names, now()).map(|span| span.as_secs())
    }

    #[test]
    fn nothing_left_means_a_pause_until_the_reset() {
        let ahead = (now().as_second() + 45).to_string();
        let ahead_ms = (now().as_millisecond() + 45_000).to_string();
        for (remaining, reset, expected) in [
            ("0", "30", Some(30)),
            ("0", &*ahead, Some(45)),
            ("0.0", &*ahead_ms, Some(45)),
            ("-1", "30", Some(30)),
            ("0", "9999999", Some(86_400)),
            ("1", "30", None),
            ("many", "30", None),
            ("0", "soon", None),
        ] {
            assert_eq!(
                pause(remaining, reset, None),
                expected,
                "{remaining} {reset}"
            );
        }
        assert_eq!(read(&HeaderMap::new(), &names(), now()), None);
    }

    #[test]
    fn a_point_in_time_is_measured_by_the_answers_own_date() {
        let again = (now().as_second() + 3610).to_string();
        let date = "Sun, 22 Nov 2026 13:00:00 GMT";
        assert_eq!(pause("0", &again, Some(date)), Some(10));
    }

    #[test]
    fn a_name_that_is_none_of_a_header_gives_no_names() {
        let odd = RateHeaders {
            remaining: "X Left".into(),
            reset: "X-Reset".into(),
        };
        assert_eq!(AllowanceNames::of(&odd), None);
    }
}
