//! Attributes that a server gives in ranges (MS-ADTS, 3.1.1.3.1.3.3).
//!
//! Promises the whole attribute or an error, never its beginning alone: each range but the last is as
//! long as it says and begins behind the one before, and no value comes twice. What the server moves
//! up while we read, because a value before it goes, is missed without a sign: the last range says no
//! number. Leaves servers that give everything at once alone.

use std::collections::HashSet;

use super::entry::{Attribute, Entry};
use super::failure::refuse;
use super::session::{Found, Session, garbled};
use crate::source::ReadError;

/// A range as it was given: `member;range=0-1499`, the last one `member;range=1500-*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    /// The number of the first value.
    first: usize,
    /// The number of the last; `None`: the end.
    last: Option<usize>,
}

impl Range {
    fn of(attribute: &str) -> Option<Self> {
        let mut options = attribute.split(';').skip(1);
        let range = options.find_map(|option| option.strip_prefix("range="))?;
        let (first, last) = range.split_once('-')?;
        Some(Self {
            first: first.parse().ok()?,
            last: match last {
                "*" => None,
                last => Some(last.parse().ok()?),
            },
        })
    }
}

/// Does a part of the entry stand elsewhere?
pub(super) fn is_ranged(entry: &Entry) -> bool {
    entry.attributes.iter().any(Attribute::is_part)
}

/// Fetches what is missing of each attribute that came in ranges.
///
/// # Errors
/// When a range is missing, is not the one that was asked for, or repeats a value.
pub(super) async fn complete(session: &mut Session, entry: Entry) -> Result<Entry, ReadError> {
    let Entry { dn, attributes } = entry;
    let mut whole = Vec::with_capacity(attributes.len());
    for attribute in attributes {
        if !attribute.is_part() {
            whole.push(attribute);
            continue;
        }
        match Range::of(&attribute.name) {
            Some(range) if range.first == 0 => {
                whole.push(rest(session, &dn, attribute, range).await?);
            }
            Some(_) | None => {
                let name = attribute.plain();
                return Err(garbled(&session.server, &format!("{name} of {dn}")));
            }
        }
    }
    // An empty attribute stands beside its ranges; the ranges are what counts.
    whole.retain(|attribute| !attribute.values.is_empty());
    Ok(Entry {
        dn,
        attributes: whole,
    })
}

async fn rest(
    session: &mut Session,
    dn: &str,
    attribute: Attribute,
    mut range: Range,
) -> Result<Attribute, ReadError> {
    let name = attribute.plain().to_owned();
    let mut values = attribute.values;
    while let Some(last) = range.last {
        if values.len() != last + 1 {
            return Err(garbled(&session.server, &format!("{name} of {dn}")));
        }
        let next = last + 1;
        let wanted = [format!("{name};range={next}-*")];
        let Found::Entry(entry) = session.find(dn, &wanted).await? else {
            let problem = format!(
                "{}: {dn} went away while its {name} was read",
                session.server
            );
            return Err(refuse(problem, "the next run reads again"));
        };
        let part = entry
            .attributes
            .into_iter()
            .find_map(|part| Some((Range::of(&part.name)?, part.values)));
        match part {
            Some((given, more)) if given.first == next && !more.is_empty() => {
                range = given;
                values.extend(more);
            }
            Some(_) | None => return Err(garbled(&session.server, &format!("{name} of {dn}"))),
        }
    }
    if let Some(twice) = repeated(&values) {
        let problem = format!(
            "{}: {dn} changed while its {name} was read: {} came twice",
            session.server,
            String::from_utf8_lossy(twice)
        );
        return Err(refuse(problem, "the next run reads again"));
    }
    Ok(Attribute { name, values })
}

/// A value that is among them twice: no attribute has one (RFC 4512, 2.2), unless the values moved
/// while they were read.
fn repeated(values: &[Vec<u8>]) -> Option<&[u8]> {
    let mut seen = HashSet::with_capacity(values.len());
    let twice = values.iter().find(|value| !seen.insert(value.as_slice()));
    twice.map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read() {
        let range = |first, last| Some(Range { first, last });
        for (name, wanted) in [
            ("member;range=0-1499", range(0, Some(1499))),
            ("member;range=1500-*", range(1500, None)),
            ("member;x;range=3-4", range(3, Some(4))),
            ("member", None),
            ("member;range=a-b", None),
            ("member;range=5", None),
        ] {
            assert_eq!(Range::of(name), wanted, "{name}");
        }
    }

    #[test]
    fn an_entry_with_a_range_is_not_whole() {
        let whole = Entry::made("cn=x", &[("member", "uid=a")]);
        let ranged = Entry::made("cn=x", &[("member;range=0-0", "uid=a")]);
        assert!(!is_ranged(&whole));
        assert!(is_ranged(&ranged));
    }
}
