//! Spans of time and shares as people write them: `10m`, `1h 30m`, `30d`, `5%`.
//!
//! Promises that text goes in and out unchanged in meaning. A day is 24 hours. Leaves months and
//! years out: nobody agrees how long they are.

use std::time::Duration;

/// Reads `90s`, `10m`, `1h 30m`, `30d`, `500ms`.
///
/// # Errors
/// Says what was expected when the text is no span of time.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span of time; write it like 30s, 10m, 6h or 30d");
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let amount: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let tail = &rest[digits..];
        let unit_end = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let unit = match &tail[..unit_end] {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" | "min" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            "d" => Duration::from_hours(24),
            _ => return Err(wrong()),
        };
        let amount = u32::try_from(amount).map_err(|_| wrong())?;
        total = unit
            .checked_mul(amount)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(wrong)?;
        rest = tail[unit_end..].trim_start();
    }
    Ok(total)
}

/// Writes the shortest text that [`parse`] reads back.
#[must_use]
pub fn print(span: Duration) -> String {
    let seconds = span.as_secs();
    if span.subsec_millis() > 0 {
        return format!("{}ms", span.as_millis());
    }
    let mut parts = Vec::new();
    let mut rest = seconds;
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if rest >= size {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if parts.is_empty() {
        return "0s".into();
    }
    parts.join(" ")
}

/// For serde: a [`Duration`] as its text.
pub mod text {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the text.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::print(*span))
    }

    /// Reads the text.
    ///
    /// # Errors
    /// When it is no span of time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_back_as_they_were_written() {
        for text in ["30s", "10m", "6h", "30d", "1h 30m", "500ms", "0s"] {
            assert_eq!(print(parse(text).expect(text)), text);
        }
    }

    #[test]
    fn a_span_without_a_unit_is_refused() {
        for text in ["", "10", "m", "10 weeks", "-5m"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
