//! What the messages of a refresh come to (RFC 4533, 3.3).
//!
//! Promises that nothing comes of them before the one that ends it. Leaves the line that they come
//! over to [`super::syncrepl`].

use std::collections::{BTreeMap, BTreeSet};

use super::message::{About, Message, State, Uuid};
use super::mirror::{Delta, Held};
use super::packed::Packed;

/// What a refresh has told so far.
#[derive(Default)]
pub(super) struct Refresh {
    put: BTreeMap<Uuid, Held>,
    gone: BTreeSet<Uuid>,
    present: BTreeSet<Uuid>,
    /// Was everybody named who is still there?
    is_all: bool,
    cookie: Option<Vec<u8>>,
}

impl Refresh {
    /// Nothing told yet; from nothing, everything will be.
    pub(super) fn begun(goes_on: bool) -> Self {
        Self {
            is_all: !goes_on,
            ..Self::default()
        }
    }

    /// Takes a message; is the refresh over with it?
    pub(super) fn take(&mut self, message: Message) -> bool {
        if message.cookie.is_some() {
            self.cookie = message.cookie;
        }
        match message.about {
            About::Entry(State::Present, uuid, _) | About::Reference(State::Present, uuid) => {
                self.present.insert(uuid);
            }
            About::Entry(State::Add | State::Modify, uuid, entry) => {
                self.put(uuid, Held::Entry(Packed::of(&entry)));
            }
            About::Reference(State::Add | State::Modify, uuid) => {
                self.put(uuid, Held::Reference);
            }
            About::Entry(State::Delete, uuid, _) | About::Reference(State::Delete, uuid) => {
                self.delete(uuid);
            }
            About::Present(uuids) => self.present.extend(uuids),
            About::Deleted(uuids) => uuids.into_iter().for_each(|uuid| self.delete(uuid)),
            About::PresentEnds(is_over) => {
                self.is_all = true;
                return is_over;
            }
            About::DeletesEnd(is_over) => return is_over,
            About::Nothing => {}
        }
        false
    }

    fn put(&mut self, uuid: Uuid, held: Held) {
        self.gone.remove(&uuid);
        self.put.insert(uuid, held);
    }

    fn delete(&mut self, uuid: Uuid) {
        self.put.remove(&uuid);
        self.present.remove(&uuid);
        self.gone.insert(uuid);
    }

    /// What the copy is to take in.
    pub(super) fn finish(self) -> Delta {
        Delta {
            put: self.put,
            gone: self.gone,
            all: self.is_all.then_some(self.present),
            cookie: self.cookie,
        }
    }
}

/// What a message after the refresh changes.
pub(super) fn changed(message: Message) -> Delta {
    let mut delta = Delta {
        cookie: message.cookie,
        ..Delta::default()
    };
    match message.about {
        About::Entry(State::Add | State::Modify, uuid, entry) => {
            delta.put.insert(uuid, Held::Entry(Packed::of(&entry)));
        }
        About::Reference(State::Add | State::Modify, uuid) => {
            delta.put.insert(uuid, Held::Reference);
        }
        About::Entry(State::Delete, uuid, _) | About::Reference(State::Delete, uuid) => {
            delta.gone.insert(uuid);
        }
        About::Deleted(uuids) => delta.gone.extend(uuids),
        About::Entry(State::Present, ..)
        | About::Reference(State::Present, _)
        | About::Present(_)
        | About::PresentEnds(_)
        | About::DeletesEnd(_)
        | About::Nothing => {}
    }
    delta
}
