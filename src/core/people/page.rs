//! One page of packed people, plain or deflated.
//!
//! Promises that what was put in comes out. Leaves what the bytes mean to [`super::form`].

use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};

/// So many people, and the place of the first of them.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) first: usize,
    pub(super) people: usize,
    size: usize,
    bytes: Bytes,
}

#[derive(Clone)]
enum Bytes {
    Plain(Box<[u8]>),
    Deflated(Box<[u8]>),
}

impl Page {
    pub(super) fn of(first: usize, people: usize, bytes: &[u8], deflated: bool) -> Self {
        Self {
            first,
            people,
            size: bytes.len(),
            bytes: if deflated {
                Bytes::Deflated(deflate(bytes))
            } else {
                Bytes::Plain(bytes.into())
            },
        }
    }

    /// The bytes as they were put in.
    pub(super) fn open(&self) -> Vec<u8> {
        match &self.bytes {
            Bytes::Plain(bytes) => bytes.to_vec(),
            Bytes::Deflated(bytes) => {
                let mut open = Vec::with_capacity(self.size);
                DeflateDecoder::new(&**bytes)
                    .read_to_end(&mut open)
                    .expect("memory that we deflated ourselves inflates");
                open
            }
        }
    }
}

fn deflate(bytes: &[u8]) -> Box<[u8]> {
    let mut packed = Vec::with_capacity(bytes.len() / 3);
    DeflateEncoder::new(bytes, Compression::new(4))
        .read_to_end(&mut packed)
        .expect("memory is read to its end");
    packed.into()
}
