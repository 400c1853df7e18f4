//! Lists packed into bytes: members, fingerprints, refusals.
//!
//! Promises that what was packed comes back, and that other bytes are told apart as far as their
//! form shows it. Numbers are variable-length (LEB128), a sorted set of them holds differences.
//! Leaves to [`super::names`] what a number stands for.

use jiff::Timestamp;

use crate::core::fingerprint::Fingerprint;
use crate::core::link::Refusal;

/// Why bytes are no list of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Torn {
    /// They end in the middle, or a number is too large.
    #[error("a packed list is torn")]
    Form,
    /// A number stands for nothing.
    #[error("a packed list names {what} number {number}, which does not exist")]
    Unknown {
        /// Of which kind.
        what: &'static str,
        /// Which number.
        number: u32,
    },
}

/// Packs a rising list of numbers.
pub(super) fn set(rising: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rising.len() + 4);
    let mut last = 0;
    for number in rising {
        put_number(&mut bytes, number - last);
        last = *number;
    }
    bytes
}

/// Unpacks a rising list of numbers.
///
/// # Errors
/// When the bytes are no such list.
pub(super) fn read_set(bytes: &[u8]) -> Result<Vec<u32>, Torn> {
    let mut rest = Rest(bytes);
    let mut numbers = Vec::with_capacity(bytes.len());
    let mut last: u32 = 0;
    while !rest.is_empty() {
        let step = rest.number()?;
        last = last
            .checked_add(step)
            .filter(|_| step > 0)
            .ok_or(Torn::Form)?;
        numbers.push(last);
    }
    Ok(numbers)
}

/// Packs one fingerprint behind the others.
pub(super) fn put_fingerprint(bytes: &mut Vec<u8>, attribute: u32, print: Fingerprint) {
    put_number(bytes, attribute);
    bytes.extend(print.0.to_le_bytes());
}

/// Unpacks fingerprints.
///
/// # Errors
/// When the bytes are no such list.
pub(super) fn read_fingerprints(bytes: &[u8]) -> Result<Vec<(u32, Fingerprint)>, Torn> {
    let mut rest = Rest(bytes);
    let mut prints = Vec::with_capacity(bytes.len() / 9);
    while !rest.is_empty() {
        let attribute = rest.number()?;
        prints.push((attribute, Fingerprint(u64::from_le_bytes(rest.take()?))));
    }
    Ok(prints)
}

/// Packs one refusal behind the others.
pub(super) fn put_refusal(bytes: &mut Vec<u8>, attribute: u32, refusal: &Refusal) {
    put_number(bytes, attribute);
    put_number(bytes, refusal.times);
    put_stamp(bytes, refusal.again);
}

/// Packs one point in time behind the others.
pub(super) fn put_time(bytes: &mut Vec<u8>, attribute: u32, at: Timestamp) {
    put_number(bytes, attribute);
    put_stamp(bytes, at);
}

/// Unpacks points in time.
///
/// # Errors
/// When the bytes are no such list.
pub(super) fn read_times(bytes: &[u8]) -> Result<Vec<(u32, Timestamp)>, Torn> {
    let mut rest = Rest(bytes);
    let mut times = Vec::new();
    while !rest.is_empty() {
        times.push((rest.number()?, rest.stamp()?));
    }
    Ok(times)
}

fn put_stamp(bytes: &mut Vec<u8>, at: Timestamp) {
    bytes.extend(at.as_second().to_le_bytes());
    bytes.extend(at.subsec_nanosecond().to_le_bytes());
}

/// Unpacks refusals.
///
/// # Errors
/// When the bytes are no such list.
pub(super) fn read_refusals(bytes: &[u8]) -> Result<Vec<(u32, Refusal)>, Torn> {
    let mut rest = Rest(bytes);
    let mut refusals = Vec::new();
    while !rest.is_empty() {
        let attribute = rest.number()?;
        let times = rest.number()?;
        let again = rest.stamp()?;
        refusals.push((attribute, Refusal { times, again }));
    }
    Ok(refusals)
}

fn put_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// What has not been unpacked yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Torn> {
        let (head, tail) = self.0.split_first_chunk().ok_or(Torn::Form)?;
        self.0 = tail;
        Ok(*head)
    }

    fn stamp(&mut self) -> Result<Timestamp, Torn> {
        let second = i64::from_le_bytes(self.take()?);
        let nanosecond = i32::from_le_bytes(self.take()?);
        Timestamp::new(second, nanosecond).map_err(|_| Torn::Form)
    }

    fn number(&mut self) -> Result<u32, Torn> {
        let mut number: u64 = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.take()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).map_err(|_| Torn::Form);
            }
        }
        Err(Torn::Form)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_comes_back(numbers: BTreeSet<u32>) {
            let rising: Vec<u32> = numbers.into_iter().filter(|number| *number > 0).collect();
            prop_assert_eq!(read_set(&set(&rising)), Ok(rising));
        }

        #[test]
        fn fingerprints_come_back(prints: Vec<(u32, u64)>) {
            let prints: Vec<_> = prints.into_iter().map(|(n, p)| (n, Fingerprint(p))).collect();
            let mut bytes = Vec::new();
            for (number, print) in &prints {
                put_fingerprint(&mut bytes, *number, *print);
            }
            prop_assert_eq!(read_fingerprints(&bytes), Ok(prints));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = (read_set(&bytes), read_fingerprints(&bytes));
            let _ = (read_refusals(&bytes), read_times(&bytes));
        }
    }

    #[test]
    fn refusals_come_back_to_the_nanosecond() {
        for again in [
            Timestamp::MIN,
            Timestamp::MAX,
            "2027-03-01T09:00:00.123456789Z".parse().expect("a time"),
        ] {
            let refusal = Refusal { times: 300, again };
            let mut bytes = Vec::new();
            put_refusal(&mut bytes, 70_000, &refusal);
            assert_eq!(read_refusals(&bytes), Ok(vec![(70_000, refusal)]));
            let mut bytes = Vec::new();
            put_time(&mut bytes, 70_000, again);
            assert_eq!(read_times(&bytes), Ok(vec![(70_000, again)]));
        }
    }

    #[test]
    fn neighbours_take_one_byte_each() {
        let crowd: Vec<u32> = (50_000..60_000).collect();
        assert_eq!(set(&crowd).len(), 10_002);
    }

    #[test]
    fn a_torn_list_is_refused() {
        assert_eq!(read_set(&[0x80]), Err(Torn::Form));
        assert_eq!(read_set(&[5, 0]), Err(Torn::Form));
        assert_eq!(
            read_set(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1]),
            Err(Torn::Form)
        );
        assert_eq!(read_set(&[0xff, 0xff, 0xff, 0xff, 0x1f]), Err(Torn::Form));
        assert_eq!(read_fingerprints(&[1, 2, 3]), Err(Torn::Form));
    }
}
