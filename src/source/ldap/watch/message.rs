//! What a server says in a search that goes on (RFC 4533, section 2).
//!
//! Promises that a message is understood or refused, and never ends the program. Leaves what follows
//! from it to [`super::syncrepl`].

use ldap3::ResultEntry;
use ldap3::asn1::{ASNTag, Enumerated, OctetString, Sequence, StructureTag, Tag, parse_tag, write};
use ldap3::controls::{Control, RawControl};

use crate::source::ldap::entry::Entry;

/// The control that asks for it (section 2.2).
pub(super) const SYNC_REQUEST: &str = "1.3.6.1.4.1.4203.1.9.1.1";
/// The control of each entry (section 2.3).
const SYNC_STATE: &str = "1.3.6.1.4.1.4203.1.9.1.2";
/// The message between entries (section 2.5).
const SYNC_INFO: &str = "1.3.6.1.4.1.4203.1.9.1.4";

/// `IntermediateResponse` (RFC 4511, 4.13).
const INTERMEDIATE: u64 = 25;
/// `SearchResultReference` (RFC 4511, 4.5.2).
const REFERENCE: u64 = 19;

/// What names an entry for ever.
pub(super) type Uuid = [u8; 16];

/// How the server goes on (section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It ends when everything is told.
    RefreshOnly,
    /// It goes on for ever.
    RefreshAndPersist,
}

/// What became of an entry (section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Present,
    Add,
    Modify,
    Delete,
}

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// One entry.
    Entry(State, Uuid, Entry),
    /// A part of the tree that is on another server.
    Reference(State, Uuid),
    /// Entries that are still as they were.
    Present(Vec<Uuid>),
    /// Entries that are gone.
    Deleted(Vec<Uuid>),
    /// Whoever was not told of as present is gone; `true`: that is all.
    PresentEnds(bool),
    /// Everybody who is gone was told; `true`: that is all.
    DeletesEnd(bool),
    /// Nothing but the cookie.
    Nothing,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// What it is about.
    pub(super) about: About,
    /// Where to go on from, when it has come in.
    pub(super) cookie: Option<Vec<u8>>,
}

/// The control that asks for it. It is critical: a server that does not know it would just list.
pub(super) fn request(mode: Mode, cookie: Option<&[u8]>) -> RawControl {
    let mode = Enumerated {
        inner: match mode {
            Mode::RefreshOnly => 1,
            Mode::RefreshAndPersist => 3,
        },
        ..Enumerated::default()
    };
    let mut parts = vec![Tag::Enumerated(mode)];
    parts.extend(cookie.map(|cookie| {
        Tag::OctetString(OctetString {
            inner: cookie.to_vec(),
            ..OctetString::default()
        })
    }));
    let value = Sequence {
        inner: parts,
        ..Sequence::default()
    };
    let mut bytes = bytes::BytesMut::new();
    write::encode_into(&mut bytes, value.into_structure()).expect("memory takes every byte");
    RawControl {
        ctype: SYNC_REQUEST.into(),
        crit: true,
        val: Some(bytes.to_vec()),
    }
}

impl Message {
    /// Reads a message; `None` when it is none.
    pub(super) fn decode(item: ResultEntry) -> Option<Self> {
        let (tag, controls) = (item.0, item.1);
        match tag.id {
            INTERMEDIATE => info(tag),
            REFERENCE => {
                let (state, uuid, cookie) = state(&controls)?;
                let about = About::Reference(state, uuid);
                Some(Self { about, cookie })
            }
            _ => {
                let (state, uuid, cookie) = state(&controls)?;
                let about = About::Entry(state, uuid, Entry::decode(tag)?);
                Some(Self { about, cookie })
            }
        }
    }
}

type Cookie = Option<Vec<u8>>;

/// `syncStateValue ::= SEQUENCE { state, entryUUID, cookie OPTIONAL }`.
fn state(controls: &[Control]) -> Option<(State, Uuid, Cookie)> {
    let mut found = controls
        .iter()
        .filter(|Control(_, raw)| raw.ctype == SYNC_STATE);
    let Control(_, raw) = found.next()?;
    let (_, tag) = parse_tag(raw.val.as_deref()?).ok()?;
    let mut parts = tag.expect_constructed()?.into_iter();
    let state = match *parts.next()?.expect_primitive()?.as_slice() {
        [0] => State::Present,
        [1] => State::Add,
        [2] => State::Modify,
        [3] => State::Delete,
        _ => return None,
    };
    let uuid = uuid(parts.next()?)?;
    let cookie = match parts.next() {
        None => None,
        Some(tag) => Some(tag.expect_primitive()?),
    };
    Some((state, uuid, cookie))
}

/// An intermediate message; those of other kinds say nothing to us.
fn info(tag: StructureTag) -> Option<Message> {
    let (mut name, mut value) = (Vec::new(), None);
    for part in tag.expect_constructed()? {
        match part.id {
            0 => name = part.expect_primitive()?,
            1 => value = Some(part.expect_primitive()?),
            _ => return None,
        }
    }
    if name != SYNC_INFO.as_bytes() {
        return Some(Message {
            about: About::Nothing,
            cookie: None,
        });
    }
    let (_, choice) = parse_tag(&value?).ok()?;
    if choice.id == 0 {
        return Some(Message {
            about: About::Nothing,
            cookie: Some(choice.expect_primitive()?),
        });
    }
    let kind = choice.id;
    let Parts {
        cookie,
        flag,
        uuids,
    } = Parts::of(choice)?;
    let about = match kind {
        1 => About::DeletesEnd(flag.unwrap_or(true)),
        2 => About::PresentEnds(flag.unwrap_or(true)),
        3 if flag.unwrap_or(false) => About::Deleted(uuids?),
        3 => About::Present(uuids?),
        _ => return None,
    };
    Some(Message { about, cookie })
}

/// `SEQUENCE { cookie OPTIONAL, flag DEFAULT, SET OF entryUUID }`, in any of the three choices.
#[derive(Default)]
struct Parts {
    cookie: Cookie,
    flag: Option<bool>,
    uuids: Option<Vec<Uuid>>,
}

impl Parts {
    fn of(tag: StructureTag) -> Option<Self> {
        const BOOLEAN: u64 = 1;
        const OCTETS: u64 = 4;
        const SET: u64 = 17;
        let mut parts = Self::default();
        for part in tag.expect_constructed()? {
            match part.id {
                OCTETS => parts.cookie = Some(part.expect_primitive()?),
                BOOLEAN => parts.flag = Some(*part.expect_primitive()?.first()? != 0),
                SET => {
                    let uuids = part.expect_constructed()?.into_iter().map(uuid);
                    parts.uuids = Some(uuids.collect::<Option<_>>()?);
                }
                _ => return None,
            }
        }
        Some(parts)
    }
}

fn uuid(tag: StructureTag) -> Option<Uuid> {
    tag.expect_primitive()?.try_into().ok()
}
