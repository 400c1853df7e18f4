//! What a persistent search tells of.
//!
//! Promises that a move is told from every other change. Leaves what has become of the entry to
//! whoever asks for it.

use ldap3::ResultEntry;
use ldap3::asn1::parse_tag;
use ldap3::controls::Control;

use crate::source::ldap::entry::Entry;

/// What kind a change is (section 5).
const NOTIFICATION: &str = "2.16.840.1.113730.3.4.7";
/// An entry that has another name, or another place.
const MODIFY_DN: u8 = 8;

/// An entry that has changed.
pub(super) struct Touched {
    pub(super) entry: Entry,
    pub(super) is_moved: bool,
}

impl Touched {
    /// Reads what the search tells of; `None` when it is no entry.
    pub(super) fn decode(item: ResultEntry) -> Option<Self> {
        let is_moved = item.1.iter().any(is_moved);
        let entry = Entry::decode(item.0)?;
        Some(Self { entry, is_moved })
    }
}

/// `EntryChangeNotification ::= SEQUENCE { changeType, previousDN OPTIONAL, changeNumber OPTIONAL }`.
fn is_moved(Control(_, raw): &Control) -> bool {
    let kind = || {
        let (_, tag) = parse_tag(raw.val.as_deref()?).ok()?;
        let kind = tag.expect_constructed()?.into_iter().next()?;
        kind.expect_primitive()
    };
    raw.ctype == NOTIFICATION && kind().is_some_and(|kind| kind == [MODIFY_DN])
}

#[cfg(test)]
mod tests {
    use ldap3::controls::RawControl;

    use super::*;
    use crate::source::ldap::root::PERSISTENT;

    #[test]
    fn a_move_is_told_from_every_other_change() {
        let control = |ctype: &str, val: &[u8]| {
            let raw = RawControl {
                ctype: ctype.to_owned(),
                crit: false,
                val: Some(val.to_vec()),
            };
            Control(None, raw)
        };
        for (ctype, val, moved) in [
            (NOTIFICATION, &[0x30, 3, 10, 1, 8][..], true),
            (NOTIFICATION, &[0x30, 6, 10, 1, 8, 4, 1, b'x'], true),
            (NOTIFICATION, &[0x30, 3, 10, 1, 4], false),
            (NOTIFICATION, &[0x30, 0], false),
            (NOTIFICATION, &[0x30], false),
            (PERSISTENT, &[0x30, 3, 10, 1, 8], false),
        ] {
            assert_eq!(is_moved(&control(ctype, val)), moved, "{val:?}");
        }
    }
}
