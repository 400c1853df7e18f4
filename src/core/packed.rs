//! Bytes packed by us, in pages that are deflated once there are many.
//!
//! Promises that what was put in comes out. Leaves what the bytes mean to whoever packs them.
//!
//! What stands for many people is much alike, so deflating makes a quarter or less of it. A file would
//! take less memory still; it would also be personal data on a disk, and a reading that can break at
//! any moment of a plan.

use std::io::Read;

use flate2::read::DeflateDecoder;
use flate2::{Compress, Compression, FlushCompress, Status};

/// A page is full when it holds so many bytes, unpacked.
const FULL: usize = 32 * 1024;

/// So many pages are never deflated: a small directory is read as fast as it was.
const PLAIN: usize = 64;

/// So many pages are deflated in one go: setting a compressor up takes as long as deflating a page.
const GO: usize = 16;

/// Pages, the last of them still open.
#[derive(Clone, Default)]
pub(crate) struct Pages {
    full: Vec<Page>,
    last: Vec<u8>,
    /// How many entries the last one has.
    entries: usize,
    len: usize,
}

/// So many entries.
#[derive(Clone)]
struct Page {
    first: usize,
    entries: usize,
    size: usize,
    bytes: Bytes,
}

#[derive(Clone)]
enum Bytes {
    Plain(Box<[u8]>),
    Deflated(Box<[u8]>),
}

/// A page that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// The number of its first entry.
    pub(crate) first: usize,
    /// How many entries it has.
    pub(crate) entries: usize,
    /// They, one behind the other.
    pub(crate) bytes: Vec<u8>,
}

impl Pages {
    /// Puts one more entry behind the others.
    pub(crate) fn push(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        put(&mut self.last);
        self.entries += 1;
        self.len += 1;
        if self.last.len() >= FULL {
            self.full.push(Page {
                first: self.len - self.entries,
                entries: self.entries,
                size: self.last.len(),
                bytes: Bytes::Plain(self.last.as_slice().into()),
            });
            self.last.clear();
            self.entries = 0;
            let many = self.full.len().saturating_sub(PLAIN);
            if many > 0 && many.is_multiple_of(GO) {
                deflate(&mut self.full[PLAIN + many - GO..]);
            }
        }
    }

    /// The page that an entry is on.
    pub(crate) fn page_of(&self, entry: usize) -> Option<usize> {
        let page = self.full.partition_point(|page| page.first <= entry);
        let in_last = self.len - self.entries <= entry;
        (entry < self.len).then(|| if in_last { self.full.len() } else { page - 1 })
    }

    /// Opens a page.
    pub(crate) fn open(&self, page: usize) -> Option<Open> {
        match self.full.get(page) {
            Some(page) => Some(page.open()),
            None => (page == self.full.len() && self.entries > 0).then(|| Open {
                first: self.len - self.entries,
                entries: self.entries,
                bytes: self.last.clone(),
            }),
        }
    }

    /// Every page, one after the other.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Open> + '_ {
        (0..=self.full.len()).filter_map(|page| self.open(page))
    }

    /// Every page, one after the other; one that was opened is not kept any more.
    pub(crate) fn into_open(self) -> impl Iterator<Item = Open> {
        let last = (self.entries > 0).then(|| Open {
            first: self.len - self.entries,
            entries: self.entries,
            bytes: self.last,
        });
        let full = self.full.into_iter();
        full.map(|page| page.open()).chain(last)
    }

    /// How many pages are deflated.
    #[cfg(test)]
    pub(crate) fn deflated(&self) -> usize {
        let pages = self.full.iter();
        pages
            .filter(|page| matches!(page.bytes, Bytes::Deflated(_)))
            .count()
    }
}

impl Page {
    fn open(&self) -> Open {
        let bytes = match &self.bytes {
            Bytes::Plain(bytes) => bytes.to_vec(),
            Bytes::Deflated(bytes) => {
                let mut open = Vec::with_capacity(self.size);
                DeflateDecoder::new(&**bytes)
                    .read_to_end(&mut open)
                    .expect("memory that we deflated ourselves inflates");
                open
            }
        };
        Open {
            first: self.first,
            entries: self.entries,
            bytes,
        }
    }
}

/// Deflates pages, as fast as it goes: trying harder makes a page a twentieth smaller, in twice the time.
fn deflate(pages: &mut [Page]) {
    let mut compress = Compress::new(Compression::fast(), false);
    let mut packed = Vec::with_capacity(2 * FULL);
    for page in pages {
        if let Bytes::Plain(bytes) = &page.bytes {
            packed.clear();
            packed.reserve(bytes.len());
            compress.reset();
            let done = compress.compress_vec(bytes, &mut packed, FlushCompress::Finish);
            // What does not get smaller stays as it is.
            if matches!(done, Ok(Status::StreamEnd)) && packed.len() < bytes.len() {
                page.bytes = Bytes::Deflated(packed.as_slice().into());
            }
        }
    }
}

/// Puts a number behind `bytes`, variable-length (LEB128).
pub(crate) fn put_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Puts a text behind `bytes`, with its length before it.
pub(crate) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_bytes(bytes, text.as_bytes());
}

/// Puts bytes behind `bytes`, with their length before them.
pub(crate) fn put_bytes(bytes: &mut Vec<u8>, more: &[u8]) {
    put_number(bytes, more.len());
    bytes.extend_from_slice(more);
}

/// Takes a byte from the head of what we have packed.
pub(crate) fn take_byte(bytes: &mut &[u8]) -> u8 {
    let (byte, rest) = bytes.split_first().expect("packed by us");
    *bytes = rest;
    *byte
}

/// Takes a number from the head of what we have packed.
pub(crate) fn take_number(bytes: &mut &[u8]) -> usize {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = take_byte(bytes);
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return number;
        }
        shift += 7;
    }
}

/// Takes bytes from the head of what we have packed.
pub(crate) fn take_bytes<'b>(bytes: &mut &'b [u8]) -> &'b [u8] {
    let length = take_number(bytes);
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

/// Takes a text from the head of what we have packed.
pub(crate) fn take_text<'b>(bytes: &mut &'b [u8]) -> &'b str {
    std::str::from_utf8(take_bytes(bytes)).expect("packed by us")
}
