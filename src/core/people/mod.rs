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

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::key::UserKey;
use super::packed::{Open, Pages};
use super::user::User;
use form::Form;
pub use keys::{Growing, Keys};

/// Whoever comes out of order is sorted with so many others.
const RUN: usize = 2048;

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
        Some(self.form.unpack(key, &mut rest))
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
                let user = form.unpack(keys.get(place)?, &mut rest);
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
            form::pass(&mut rest);
        }
        let looked = Looked {
            starts: starts.into(),
            open: Arc::new(open),
        };
        *known = Some(looked.clone());
        Some(looked)
    }
}

/// Packs people, in whatever order they come. Only so many of them stand in memory unpacked.
#[derive(Default)]
pub struct Packer {
    runs: Vec<Run>,
    /// Those of the last run who came out of order.
    late: Vec<User>,
}

/// People in the order of their keys.
#[derive(Default)]
struct Run {
    keys: keys::Growing,
    form: Form,
    pages: Pages,
}

impl Run {
    /// Packs one more, if it is their turn.
    fn push(&mut self, user: &User) -> bool {
        let is_next = self.keys.push(&user.key);
        if is_next {
            let form = &mut self.form;
            self.pages.push(|bytes| form.pack(user, bytes));
        }
        is_next
    }

    fn finish(self) -> People {
        People {
            keys: Arc::new(self.keys.finish()),
            form: self.form,
            pages: self.pages,
            looked: Arc::default(),
        }
    }
}

impl Packer {
    /// Packs one more. Of two with one key, the one who came first counts.
    pub fn push(&mut self, user: User) {
        if self.runs.is_empty() {
            self.runs.push(Run::default());
        }
        if let [only] = self.runs.as_mut_slice()
            && self.late.is_empty()
            && only.push(&user)
        {
            return;
        }
        self.late.push(user);
        if self.late.len() == RUN {
            self.turn();
        }
    }

    /// Makes a run of those who came out of order.
    fn turn(&mut self) {
        self.late.sort_by(|one, other| one.key.cmp(&other.key));
        let mut run = Run::default();
        for user in self.late.drain(..) {
            run.push(&user);
        }
        self.runs.push(run);
    }

    /// All of them.
    #[must_use]
    pub fn finish(mut self) -> People {
        if !self.late.is_empty() {
            self.turn();
        }
        if self.runs.len() < 2 {
            return self.runs.pop().unwrap_or_default().finish();
        }
        let runs: Vec<People> = self.runs.into_iter().map(Run::finish).collect();
        let mut heads: Vec<_> = runs.iter().map(|run| run.iter().peekable()).collect();
        let mut all = Run::default();
        // Sorting is stable, so of two with one key the one of the earlier run comes first.
        let mut next: BTreeSet<(UserKey, usize)> = BTreeSet::new();
        for (run, head) in heads.iter_mut().enumerate() {
            next.extend(head.peek().map(|user| (user.key.clone(), run)));
        }
        while let Some((_, run)) = next.pop_first() {
            if let Some(user) = heads[run].next() {
                all.push(&user);
            }
            next.extend(heads[run].peek().map(|user| (user.key.clone(), run)));
        }
        drop(heads);
        all.finish()
    }
}

impl FromIterator<User> for People {
    fn from_iter<T: IntoIterator<Item = User>>(users: T) -> Self {
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
