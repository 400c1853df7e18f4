//! Everybody of a source, packed: a million people take the memory of a few bytes a value.
//!
//! Promises people sorted by key, no key twice, each as they were put in; that they are found by key
//! without unpacking anybody else's neighbours more than once; and that nothing of them is written to
//! a disk. Leaves what a person means to [`super::desired`].
//!
//! Keys stay in memory as plain text, one behind the other, since they are asked for again and again.
//! All else of a person is packed into pages of so many bytes, and pages behind the first few are
//! deflated: what people of one directory hold is much alike. A file would take less memory still; it
//! would also be personal data on a disk, and a reading that can break at any moment of a plan.

mod form;
mod keys;
mod page;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::key::UserKey;
use super::user::User;
use form::Form;
pub use keys::Keys;
use page::Page;

/// A page is full when it holds so many bytes, unpacked.
const FULL: usize = 32 * 1024;

/// So many pages are never deflated: a small directory is read as fast as it was.
const PLAIN: usize = 64;

/// People sorted by key.
#[derive(Clone)]
pub struct People {
    keys: Arc<Keys>,
    form: Form,
    pages: Vec<Page>,
    /// The page that was looked at last: whoever looks people up does so in their order, mostly.
    open: Arc<Mutex<Option<Open>>>,
}

/// An unpacked page.
#[derive(Clone)]
struct Open {
    page: usize,
    bytes: Arc<[u8]>,
    /// Where each person of it begins.
    starts: Arc<[u32]>,
}

impl People {
    /// Nobody.
    #[must_use]
    pub fn none() -> Self {
        Packer::default().finish()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Nobody?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Their keys, shared: a person's place among them is the person's place here.
    #[must_use]
    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// Is there somebody of this key?
    #[must_use]
    pub fn contains(&self, key: &UserKey) -> bool {
        self.keys.place(key).is_some()
    }

    /// The person of this key.
    #[must_use]
    pub fn get(&self, key: &UserKey) -> Option<User> {
        self.at(self.keys.place(key)?)
    }

    /// The person at a place.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<User> {
        let page = self.pages.partition_point(|page| page.first <= place);
        let page = page.checked_sub(1)?;
        let open = self.open(page);
        let start = *open.starts.get(place - self.pages[page].first)?;
        let mut rest = &open.bytes[start as usize..];
        Some(self.form.unpack(self.keys.get(place)?, &mut rest))
    }

    /// The first person.
    #[must_use]
    pub fn first(&self) -> Option<User> {
        self.at(0)
    }

    /// Everybody, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = User> + '_ {
        let Self { keys, form, .. } = self;
        self.pages.iter().flat_map(move |page| {
            let bytes = page.open();
            let mut at = 0;
            (page.first..page.first + page.people).filter_map(move |place| {
                let mut rest = &bytes[at..];
                let user = form.unpack(keys.get(place)?, &mut rest);
                at = bytes.len() - rest.len();
                Some(user)
            })
        })
    }

    fn open(&self, page: usize) -> Open {
        let mut known = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = known.as_ref().filter(|open| open.page == page) {
            return open.clone();
        }
        let bytes = self.pages[page].open();
        let mut rest = &*bytes;
        let mut starts = Vec::with_capacity(self.pages[page].people);
        while !rest.is_empty() {
            starts.push(u32::try_from(bytes.len() - rest.len()).unwrap_or(u32::MAX));
            form::pass(&mut rest);
        }
        let open = Open {
            page,
            starts: starts.into(),
            bytes: bytes.into(),
        };
        *known = Some(open.clone());
        open
    }
}

/// Packs people. Those who come in the order of their keys never stand in memory unpacked.
#[derive(Default)]
pub struct Packer {
    keys: keys::Growing,
    form: Form,
    pages: Vec<Page>,
    bytes: Vec<u8>,
    people: usize,
    /// Whoever came out of order.
    late: Vec<User>,
}

impl Packer {
    /// Packs one more. Of two with one key, the one who came first counts.
    pub fn push(&mut self, user: User) {
        if !self.keys.push(&user.key) {
            self.late.push(user);
            return;
        }
        self.form.pack(&user, &mut self.bytes);
        self.people += 1;
        if self.bytes.len() >= FULL {
            self.turn();
        }
    }

    /// Ends a page.
    fn turn(&mut self) {
        let first = self.keys.len() - self.people;
        let deflated = self.pages.len() >= PLAIN;
        let page = Page::of(first, self.people, &self.bytes, deflated);
        self.pages.push(page);
        self.bytes.clear();
        self.people = 0;
    }

    /// All of them.
    #[must_use]
    pub fn finish(mut self) -> People {
        if self.people > 0 {
            self.turn();
        }
        let late = std::mem::take(&mut self.late);
        let people = People {
            keys: Arc::new(self.keys.finish()),
            form: self.form,
            pages: self.pages,
            open: Arc::default(),
        };
        if late.is_empty() {
            people
        } else {
            people.iter().chain(late).collect()
        }
    }
}

impl FromIterator<User> for People {
    fn from_iter<T: IntoIterator<Item = User>>(users: T) -> Self {
        let mut users: Vec<User> = users.into_iter().collect();
        users.sort_by(|one, other| one.key.cmp(&other.key));
        // Sorting keeps the order of equals, so the first of them stays.
        users.dedup_by(|one, other| one.key == other.key);
        let mut packer = Packer::default();
        for user in users {
            packer.push(user);
        }
        packer.finish()
    }
}

impl From<Vec<User>> for People {
    fn from(users: Vec<User>) -> Self {
        users.into_iter().collect()
    }
}

impl Default for People {
    fn default() -> Self {
        Self::none()
    }
}

impl PartialEq for People {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for People {}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
