//! How long an app asks us to wait, from the headers of its answer.
//!
//! Promises a span between zero and [`LONGEST`], whatever the header says, and a date measured by the
//! app's own clock. Leaves waiting to the limiter and to the engine.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, StatusCode};
use jiff::Timestamp;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

/// The longest wait we believe; what is beyond it is a mistake of the app's.
pub const LONGEST: Duration = Duration::from_hours(24);

/// Headers that tell when a rate begins anew. There is no common form: seconds to go, or seconds or
/// milliseconds since 1970.
const RESETS: [&str; 3] = ["x-ratelimit-reset", "ratelimit-reset", "x-rate-limit-reset"];

/// The parts after the weekday of the three forms of a date (RFC 9110, 5.6.7), without the zone.
const IMF_FIXDATE: &str = "%d %b %Y %H:%M:%S";
const RFC_850: &str = "%d-%b-%y %H:%M:%S";
const ASCTIME: &str = "%b %e %H:%M:%S %Y";

/// The wait that the headers of an answer ask for (RFC 9110, 10.2.3), or for a 429 without
/// `Retry-After` the time until its rate begins anew. `None`: they do not say.
///
/// `now` counts only when the wait is a point in time and the answer has no `Date` of its own.
#[must_use]
pub fn read(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let base = date_of(headers, now);
    let asked = texts(headers, RETRY_AFTER.as_str())
        .filter_map(|text| read_wait(text, base))
        .max();
    match asked {
        Some(wait) => Some(wait),
        None if status == StatusCode::TOO_MANY_REQUESTS => RESETS
            .iter()
            .flat_map(|name| texts(headers, name))
            .find_map(|text| read_reset(text, base)),
        None => None,
    }
}

/// The time until a rate begins anew, from the header `name`: seconds to go, or seconds or
/// milliseconds since 1970, measured by the answer's own `Date`, else by `now`.
pub(super) fn until_reset(
    headers: &HeaderMap,
    name: &HeaderName,
    now: Timestamp,
) -> Option<Duration> {
    let base = date_of(headers, now);
    texts(headers, name.as_str()).find_map(|text| read_reset(text, base))
}

/// The point in time at which the app says that it answered.
fn date_of(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    texts(headers, DATE.as_str())
        .find_map(|text| read_date(text, now))
        .unwrap_or(now)
}

fn texts<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::trim)
}

fn read_wait(text: &str, base: Timestamp) -> Option<Duration> {
    match read_number(text) {
        Some(seconds) => Some(bound(seconds)),
        None => read_date(text, base).map(|point| until(point, base)),
    }
}

fn read_reset(text: &str, base: Timestamp) -> Option<Duration> {
    /// Fewer seconds than this cannot be a point in time later than 2001.
    const EPOCH_SECONDS: f64 = 1e9;
    /// More seconds than this would be the year 5138: it is milliseconds.
    const EPOCH_MILLISECONDS: f64 = 1e11;
    let number = read_number(text)?;
    let now = base.as_duration().as_secs_f64();
    Some(if number < EPOCH_SECONDS {
        bound(number)
    } else if number < EPOCH_MILLISECONDS {
        bound(number - now)
    } else {
        bound(number / 1000.0 - now)
    })
}

/// A plain number: no exponent, no words for infinity.
fn read_number(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|sign| sign.is_ascii_digit() || b".-".contains(&sign));
    if plain { text.parse().ok() } else { None }
}

fn bound(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64()).ceil())
}

fn until(point: Timestamp, base: Timestamp) -> Duration {
    Duration::try_from(point.duration_since(base))
        .unwrap_or(Duration::ZERO)
        .min(LONGEST)
}

/// Reads a date in any of the three forms (RFC 9110, 5.6.7). The weekday is not looked at: it only
/// repeats what the date says, and some apps get it wrong.
fn read_date(text: &str, near: Timestamp) -> Option<Timestamp> {
    let (_weekday, rest) = text.split_once([',', ' '])?;
    let rest = rest.trim();
    let point = rest
        .strip_suffix("GMT")
        .or_else(|| rest.strip_suffix("UTC"));
    let mut parts = match point.map(str::trim_end) {
        Some(point) => BrokenDownTime::parse(IMF_FIXDATE, point)
            .ok()
            .or_else(|| place(BrokenDownTime::parse(RFC_850, point).ok()?, near))?,
        None => BrokenDownTime::parse(ASCTIME, rest).ok()?,
    };
    parts.set_offset(Some(jiff::tz::Offset::UTC));
    parts.to_timestamp().ok()
}

/// Puts a year of two digits into the century that brings it nearest: never more than 50 years ahead
/// (RFC 9110, 5.6.7).
fn place(mut parts: BrokenDownTime, near: Timestamp) -> Option<BrokenDownTime> {
    let this = near.to_zoned(TimeZone::UTC).year();
    let year = parts.year().map(|year| {
        let year = this - this.rem_euclid(100) + year.rem_euclid(100);
        match year - this {
            51.. => year - 100,
            ..=-50 => year + 100,
            _ => year,
        }
    });
    parts.set_year(year).ok()?;
    Some(parts)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const BUSY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
    const MANY: StatusCode = StatusCode::TOO_MANY_REQUESTS;

    /// 06 Nov 1994 08:49:37 GMT, the RFC's own example.
    fn noon() -> Timestamp {
        "1994-11-06T08:49:37Z".parse().expect("a point in time")
    }

    fn wait(status: StatusCode, headers: &[(&'static str, &str)], now: Timestamp) -> Option<u64> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).expect("a header"),
                )
            })
            .collect();
        read(status, &headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn every_form_of_retry_after_is_read() {
        let table = [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("1.2", Some(2)),
            ("-5", Some(0)),
            ("31536000", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:50:07 GMT", Some(30)),
            ("Sun Nov  6 08:50:07 1994", Some(30)),
            ("Sun Nov 16 08:50:07 1994", Some(86_400)),
            ("Mon, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 6 Nov 1994 08:50:07 UTC", Some(30)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("Sun, 06 Nov 2094 08:49:07 GMT", Some(86_400)),
            ("", None),
            ("soon", None),
            ("-", None),
            (".", None),
            ("1e3", None),
            ("inf", None),
            ("NaN", None),
            ("Sun, 31 Feb 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 25:49:37 GMT", None),
            ("1994-11-06T08:50:07Z", None),
        ];
        for (text, seconds) in table {
            assert_eq!(
                wait(BUSY, &[("retry-after", text)], noon()),
                seconds,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_date_is_measured_by_the_apps_own_clock() {
        let headers = [
            ("date", "Sun, 06 Nov 1994 08:00:00 GMT"),
            ("retry-after", "Sun, 06 Nov 1994 08:01:00 GMT"),
        ];
        assert_eq!(wait(BUSY, &headers, noon()), Some(60));
        let garbled = [
            ("date", "yesterday"),
            ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT"),
        ];
        assert_eq!(wait(BUSY, &garbled, noon()), Some(10));
    }

    #[test]
    fn two_digits_of_a_year_mean_the_nearest_century() {
        for (now, text, year) in [
            (
                "2026-11-22T00:00:00Z",
                "Sunday, 06-Nov-26 08:49:37 GMT",
                2026,
            ),
            (
                "2026-11-22T00:00:00Z",
                "Sunday, 06-Nov-76 08:49:37 GMT",
                2076,
            ),
            (
                "2026-11-22T00:00:00Z",
                "Sunday, 06-Nov-77 08:49:37 GMT",
                1977,
            ),
            (
                "1999-12-31T23:59:59Z",
                "Saturday, 01-Jan-00 00:00:00 GMT",
                2000,
            ),
            (
                "2099-12-31T23:59:59Z",
                "Friday, 01-Jan-00 00:00:00 GMT",
                2100,
            ),
        ] {
            let now: Timestamp = now.parse().expect("a point in time");
            let point = read_date(text, now).expect("a date");
            assert_eq!(
                point.to_zoned(TimeZone::UTC).year(),
                year,
                "{text} seen from {now}"
            );
        }
    }

    #[test]
    fn the_longest_of_several_counts_and_garbage_does_not() {
        let headers = [
            ("retry-after", "5"),
            ("retry-after", "9"),
            ("retry-after", "x"),
        ];
        assert_eq!(wait(BUSY, &headers, noon()), Some(9));
    }

    #[test]
    fn the_reset_of_a_rate_counts_for_a_429_without_retry_after() {
        let epoch = noon().as_second();
        for (name, text, seconds) in [
            ("x-ratelimit-reset", "30".to_owned(), Some(30)),
            ("ratelimit-reset", "30".to_owned(), Some(30)),
            ("x-rate-limit-reset", "30".to_owned(), Some(30)),
            ("x-ratelimit-reset", "-3".to_owned(), Some(0)),
            (
                "x-ratelimit-reset",
                "Sun, 06 Nov 1994 08:50:07 GMT".to_owned(),
                None,
            ),
        ] {
            assert_eq!(
                wait(MANY, &[(name, &text)], noon()),
                seconds,
                "{name}: {text}"
            );
            assert_eq!(wait(BUSY, &[(name, &text)], noon()), None);
        }
        assert_eq!(
            epoch, 784_111_777,
            "the example is older than the bound between the forms"
        );
        let later: Timestamp = "2026-11-22T00:00:00Z".parse().expect("a point in time");
        let reset = (later.as_second() + 45).to_string();
        assert_eq!(
            wait(MANY, &[("x-ratelimit-reset", &reset)], later),
            Some(45)
        );
        let reset = (later.as_millisecond() + 45_000).to_string();
        assert_eq!(
            wait(MANY, &[("x-ratelimit-reset", &reset)], later),
            Some(45)
        );
        let past = (later.as_second() - 45).to_string();
        assert_eq!(wait(MANY, &[("x-ratelimit-reset", &past)], later), Some(0));
        let both = [("retry-after", "2"), ("x-ratelimit-reset", reset.as_str())];
        assert_eq!(wait(MANY, &both, later), Some(2));
    }
}
