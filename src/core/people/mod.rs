//! Everybody of a source, packed: a million people take the memory of a few bytes a value.
//!
//! Promises people sorted by key, no key twice, each as they were put in; that they are found by key
//! without unpacking anybody else's neighbours more than once; and that nothing of them is written to
//! a disk. Leaves what a person means to [`super::desired`].
//!
//! Keys stay in memory as plain text, one behind the other, since they are asked for again and again.
//! All else of a person is packed.

mod form;
mod keys;
mod sheet;
mod sorter;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::key::UserKey;
use super::packed::{Open, Pages, put_bytes, take_bytes};
use super::user::User;
use form::Form;
pub use form::Head;
pub use keys::{Growing, Keys};
pub use sheet::{Names, Sheet, SheetWriter};
pub use sorter::{InOrder, Sorter};

/// People sorted by key.
#[derive(Clone)]
pub struct People {
    keys: Arc<Keys>,
    form: Form,
    pages: Pages,
    /// The page that was looked at last: whoever looks people up does so in their order, mostly.
    looked: Arc<Mutex<Option<Looked>>>,
}

/// An open page.
#[derive(Clone)]
struct Looked {
    open: Arc<Open>,
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
        let key = self.keys.get(place)?;
        let looked = self.look(place)?;
        let start = *looked.starts.get(place - looked.open.first)?;
        let mut rest = &looked.open.bytes[start as usize..];
        Some(self.form.unpack(key, take_bytes(&mut rest)))
    }

    /// The same people under shared keys, if they are the same keys.
    #[must_use]
    pub fn sharing(mut self, keys: &Arc<Keys>) -> Self {
        if self.keys == *keys {
            self.keys = Arc::clone(keys);
        }
        self
    }

    /// The first person.
    #[must_use]
    pub fn first(&self) -> Option<User> {
        self.at(0)
    }

    /// Everybody, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = User> + '_ {
        let Self { keys, form, .. } = self;
        self.pages.iter().flat_map(move |open| {
            let mut at = 0;
            (open.first..open.first + open.entries).filter_map(move |place| {
                let mut rest = &open.bytes[at..];
                let user = form.unpack(keys.get(place)?, take_bytes(&mut rest));
                at = open.bytes.len() - rest.len();
                Some(user)
            })
        })
    }

    fn look(&self, place: usize) -> Option<Looked> {
        let mut known = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_on = |looked: &&Looked| {
            let open = &looked.open;
            (open.first..open.first + open.entries).contains(&place)
        };
        if let Some(looked) = known.as_ref().filter(is_on) {
            return Some(looked.clone());
        }
        let open = self.pages.open(self.pages.page_of(place)?)?;
        let mut rest = &*open.bytes;
        let mut starts = Vec::with_capacity(open.entries);
        while !rest.is_empty() {
            starts.push(u32::try_from(open.bytes.len() - rest.len()).unwrap_or(u32::MAX));
            take_bytes(&mut rest);
        }
        let looked = Looked {
            starts: starts.into(),
            open: Arc::new(open),
        };
        *known = Some(looked.clone());
        Some(looked)
    }
}

/// Packs people who come in the order of their keys.
#[derive(Default)]
pub struct Sorted {
    keys: Growing,
    form: Form,
    pages: Pages,
}

impl Sorted {
    /// Nobody yet; sheets of attributes have these names.
    #[must_use]
    pub fn with(names: Names) -> Self {
        Self {
            form: Form::of(names),
            ..Self::default()
        }
    }

    /// Packs one more; says whether it was their turn, and leaves them out if not.
    pub fn push_sheet(&mut self, head: Head<'_>, sheet: Sheet<'_>) -> bool {
        let packed = self.form.pack_sheet(head, sheet);
        put(&mut self.keys, &mut self.pages, head.key, packed)
    }

    /// All of them.
    #[must_use]
    pub fn finish(self) -> People {
        People {
            keys: Arc::new(self.keys.finish()),
            form: self.form,
            pages: self.pages,
            looked: Arc::default(),
        }
    }
}

/// Puts a packed person behind the others, if it is their turn.
fn put(keys: &mut Growing, pages: &mut Pages, key: &UserKey, packed: &[u8]) -> bool {
    let is_next = keys.push(key);
    if is_next {
        pages.push(|page| put_bytes(page, packed));
    }
    is_next
}

/// Packs people, in whatever order they come.
#[derive(Default)]
pub struct Packer {
    /// Those who came in order, from the first one on.
    sorted: Sorted,
    /// Everybody since somebody did not.
    others: Sorter,
}

impl Packer {
    /// Packs one more. Of two with one key, the one who came first counts.
    pub fn push(&mut self, user: &User) {
        let Sorted { keys, form, pages } = &mut self.sorted;
        let packed = form.pack(user);
        if !self.others.is_empty() || !put(keys, pages, &user.key, packed) {
            self.others.push(user.key.clone(), packed);
        }
    }

    /// All of them.
    #[must_use]
    pub fn finish(self) -> People {
        if self.others.is_empty() {
            return self.sorted.finish();
        }
        let Sorted { keys, form, pages } = self.sorted;
        let sorted = entries(keys.finish(), pages);
        let (mut keys, mut pages) = (Growing::default(), Pages::default());
        for (key, packed) in self.others.finish_after(sorted) {
            put(&mut keys, &mut pages, &key, &packed);
        }
        Sorted { keys, form, pages }.finish()
    }
}

/// Packed people, one after the other.
fn entries(keys: Keys, pages: Pages) -> impl Iterator<Item = sorter::Entry> + Send {
    pages.into_open().flat_map(move |open| {
        let places = open.first..open.first + open.entries;
        let keys: Vec<UserKey> = places.filter_map(|place| keys.get(place)).collect();
        let mut at = 0;
        keys.into_iter().map(move |key| {
            let mut rest = &open.bytes[at..];
            let packed = take_bytes(&mut rest).into();
            at = open.bytes.len() - rest.len();
            (key, packed)
        })
    })
}

impl FromIterator<User> for People {
    fn from_iter<T: IntoIterator<Item = User>>(users: T) -> Self {
        let mut packer = Packer::default();
        for user in users {
            packer.push(&user);
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
