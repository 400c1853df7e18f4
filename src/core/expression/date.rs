//! `formatDate`: dates as directories write them, in the form an app wants.
//!
//! Promises to keep the time of day and the offset that were written; nothing is converted to another
//! zone. Leaves the codes of the format to jiff (those of strftime).

use cel::ExecutionError;
use cel::common::value::CowVal;
use jiff::Zoned;
use jiff::civil::{self, DateTime};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::{Offset, TimeZone};

use super::receiver::{Outcome, made_text, on_text, text_at};

pub(super) fn format_date<'b, 'v>(arguments: &[CowVal<'b, 'v>]) -> Outcome<'b, 'v> {
    on_text("formatDate", arguments, |text, rest| {
        let format = text_at("formatDate", rest, 0)?;
        let formatted = formatted(text, format)
            .map_err(|cause| ExecutionError::function_error("formatDate", cause))?;
        made_text("formatDate", formatted)
    })
}

/// A moment as it was written: with an offset, or of unknown zone.
enum Moment {
    Zoned(Zoned),
    Local(DateTime),
}

fn formatted(text: &str, format: &str) -> Result<String, String> {
    let moment = moment(text.trim()).ok_or(
        "knows dates like `2026-11-22`, `2026-11-22T10:30:00Z` and `20261122103000Z`, not this text",
    )?;
    let broken_down = match &moment {
        Moment::Zoned(zoned) => BrokenDownTime::from(zoned),
        Moment::Local(local) => BrokenDownTime::from(*local),
    };
    strtime::format(format, broken_down)
        .map_err(|error| format!("cannot write a date as `{format}`: {error}"))
}

/// What is wrong with a format, tried on a moment that has everything a moment can have.
pub(super) fn refuse_format(format: &str) -> Result<(), String> {
    let sample = civil::date(2026, 11, 22).at(10, 30, 0, 0);
    let sample = TimeZone::UTC.to_ambiguous_zoned(sample).compatible();
    let sample = sample.map_err(|error| error.to_string())?;
    strtime::format(format, BrokenDownTime::from(&sample))
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn moment(text: &str) -> Option<Moment> {
    let (head, offset) = split_offset(text)?;
    let local = generalized(head).or_else(|| iso(head))?;
    let Some(offset) = offset else {
        return Some(Moment::Local(local));
    };
    let zoned = TimeZone::fixed(offset)
        .to_ambiguous_zoned(local)
        .compatible()
        .ok()?;
    Some(Moment::Zoned(zoned))
}

/// Splits `Z`, `+01:00`, `+0100` or `+01` off a time; a date alone has no offset.
fn split_offset(text: &str) -> Option<(&str, Option<Offset>)> {
    if let Some(head) = text.strip_suffix(['Z', 'z']) {
        return Some((head, Some(Offset::UTC)));
    }
    let sign = text
        .rfind(['+', '-'])
        .filter(|_| text.contains(['T', ' ', '+']) || is_compact(text));
    let Some(sign) = sign.filter(|sign| *sign > 8 && !text[*sign..].contains(['T', ' '])) else {
        return Some((text, None));
    };
    let digits = text[sign + 1..].replace(':', "");
    let (hours, minutes) = match digits.len() {
        2 => (number(&digits, 0, 2)?, 0),
        4 => (number(&digits, 0, 2)?, number(&digits, 2, 4)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    let seconds = if text[sign..].starts_with('-') {
        -seconds
    } else {
        seconds
    };
    Some((&text[..sign], Some(Offset::from_seconds(seconds).ok()?)))
}

/// Does a text begin as generalized time does, with at least ten digits?
fn is_compact(text: &str) -> bool {
    text.bytes().take_while(u8::is_ascii_digit).count() >= 10
}

/// Generalized time without its zone: `YYYYMMDD[HH[MM[SS]]][.fraction]` (RFC 4517, 3.3.13; the date
/// alone is not of the RFC, but found in the field). The fraction is dropped.
fn generalized(text: &str) -> Option<DateTime> {
    let digits = text.split(['.', ',']).next()?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit())
        || !matches!(digits.len(), 8 | 10 | 12 | 14)
    {
        return None;
    }
    let part = |from| {
        if digits.len() > from {
            number(digits, from, from + 2)
        } else {
            Some(0)
        }
    };
    let date = civil::Date::new(number(digits, 0, 4)?, small(part(4)?)?, small(part(6)?)?).ok()?;
    let time = civil::Time::new(small(part(8)?)?, small(part(10)?)?, small(part(12)?)?, 0).ok()?;
    Some(date.to_datetime(time))
}

fn iso(text: &str) -> Option<DateTime> {
    let shaped = text.len() >= 10 && text.as_bytes().get(4) == Some(&b'-');
    shaped.then(|| text.parse().ok()).flatten()
}

fn number(digits: &str, from: usize, to: usize) -> Option<i16> {
    digits.get(from..to)?.parse().ok()
}

fn small(number: i16) -> Option<i8> {
    i8::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_directories_are_understood() {
        for (text, iso) in [
            ("2026-11-22", "2026-11-22 00:00:00"),
            ("2026-11-22T10:30:00Z", "2026-11-22 10:30:00"),
            ("2026-11-22 10:30:00", "2026-11-22 10:30:00"),
            ("2026-11-22T10:30:00.123+01:00", "2026-11-22 10:30:00"),
            ("2026-11-22T10:30:00-0330", "2026-11-22 10:30:00"),
            ("20261122103000Z", "2026-11-22 10:30:00"),
            ("20261122103000.0Z", "2026-11-22 10:30:00"),
            ("202611221030+0100", "2026-11-22 10:30:00"),
            ("2026112210Z", "2026-11-22 10:00:00"),
            ("20261122", "2026-11-22 00:00:00"),
            (" 2026-11-22 ", "2026-11-22 00:00:00"),
        ] {
            assert_eq!(
                formatted(text, "%Y-%m-%d %H:%M:%S").as_deref(),
                Ok(iso),
                "{text}"
            );
        }
    }

    #[test]
    fn the_offset_that_was_written_is_kept() {
        assert_eq!(
            formatted("20261122103000-0330", "%H:%M %z").as_deref(),
            Ok("10:30 -0330")
        );
        assert_eq!(
            formatted("2026-11-22T10:30:00+01:00", "%:z").as_deref(),
            Ok("+01:00")
        );
        let complaint = formatted("2026-11-22", "%z").expect_err("no zone was written");
        assert!(
            complaint.starts_with("cannot write a date as `%z`: "),
            "{complaint}"
        );
    }

    #[test]
    fn what_is_no_date_is_refused_and_nothing_is_guessed() {
        for text in [
            "",
            "-",
            "22.11.2026",
            "2026-13-01",
            "20261345",
            "202611221",
            "2026-11-22T10:30:00+1",
            "20261122103000+2500",
            "20261122250000Z",
            "ä026-11-22",
            "2026-11-22T",
            "9223372036854775807",
        ] {
            assert_eq!(
                formatted(text, "%Y").expect_err("it is no date"),
                "knows dates like `2026-11-22`, `2026-11-22T10:30:00Z` and `20261122103000Z`, not this text",
                "{text}"
            );
        }
    }

    #[test]
    fn a_bad_format_is_known_beforehand() {
        assert_eq!(refuse_format("%d.%m.%Y %H:%M %z"), Ok(()));
        assert!(refuse_format("%").is_err());
        assert!(refuse_format("%!").is_err());
    }
}
