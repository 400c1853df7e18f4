//! The body of an answer, taken in piece by piece and unpacked.
//!
//! Promises to stop at the first byte over a limit, so that no answer can fill the memory. Leaves
//! reading the pieces to the client.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// What a body may weigh.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of a packed body as they are sent, at most.
    pub(super) packed: usize,
    /// Bytes of a body as we hold it, at most.
    pub(super) held: usize,
}

/// Far more than a page of any app we know: ten thousand accounts weigh some ten megabytes.
pub(super) const LIMITS: Limits = Limits {
    packed: 16 << 20,
    held: 64 << 20,
};

/// Why a body was given up.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// Over a limit.
    #[error("the answer is larger than {} MiB", .limit >> 20)]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Packed in a way we did not offer.
    #[error("the answer is packed as `{coding}`, which we did not ask for")]
    ForeignCoding {
        /// What the answer says it is.
        coding: String,
    },
    /// Says it is gzip, but is not, or ends too soon.
    #[error("the answer says that it is gzip, but it cannot be unpacked")]
    Unpackable(#[source] io::Error),
}

/// A body that is being taken in.
pub(super) struct Body {
    form: Form,
    limits: Limits,
    received: usize,
}

enum Form {
    Plain(Held),
    Gzip(Box<MultiGzDecoder<Held>>),
}

impl Body {
    /// An empty body of the form that the headers tell (RFC 9110, 8.4).
    ///
    /// # Errors
    /// When it is packed in another way than gzip.
    pub(super) fn new(headers: &HeaderMap, limits: Limits) -> Result<Self, BodyError> {
        let coding = headers.get(CONTENT_ENCODING).map(|value| {
            String::from_utf8_lossy(value.as_bytes())
                .trim()
                .to_ascii_lowercase()
        });
        let held = Held {
            bytes: Vec::new(),
            limit: limits.held,
        };
        let form = match coding.as_deref() {
            None | Some("" | "identity") => Form::Plain(held),
            Some("gzip" | "x-gzip") => Form::Gzip(Box::new(MultiGzDecoder::new(held))),
            Some(coding) => {
                let coding = super::answer::clean(coding);
                return Err(BodyError::ForeignCoding { coding });
            }
        };
        Ok(Self {
            form,
            limits,
            received: 0,
        })
    }

    /// Takes in one piece.
    ///
    /// # Errors
    /// When the body is over a limit, or no gzip although it says so.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), BodyError> {
        self.received = self.received.saturating_add(piece.len());
        match &mut self.form {
            Form::Plain(held) => held.write_all(piece).map_err(refusal),
            Form::Gzip(_) if self.received > self.limits.packed => Err(BodyError::TooLarge {
                limit: self.limits.packed,
            }),
            Form::Gzip(decoder) => decoder.write_all(piece).map_err(refusal),
        }
    }

    /// The whole body, unpacked.
    ///
    /// # Errors
    /// When gzip ends too soon.
    pub(super) fn finish(self) -> Result<Bytes, BodyError> {
        match self.form {
            Form::Plain(held) => Ok(held.bytes.into()),
            // A 204 may carry the header all the same.
            Form::Gzip(_) if self.received == 0 => Ok(Bytes::new()),
            Form::Gzip(decoder) => Ok(decoder.finish().map_err(refusal)?.bytes.into()),
        }
    }
}

fn refusal(error: io::Error) -> BodyError {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Full>())
    {
        Some(Full(limit)) => BodyError::TooLarge { limit: *limit },
        None => BodyError::Unpackable(error),
    }
}

/// Bytes in memory, up to a limit.
struct Held {
    bytes: Vec<u8>,
    limit: usize,
}

/// There is no room for more.
#[derive(Debug, thiserror::Error)]
#[error("over the limit of {0} bytes")]
struct Full(usize);

impl Write for Held {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.len() > self.limit - self.bytes.len() {
            return Err(io::Error::other(Full(self.limit)));
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const SMALL: Limits = Limits {
        packed: 1 << 20,
        held: 4 << 20,
    };

    fn read(coding: Option<&'static str>, body: &[u8], limits: Limits) -> Result<Bytes, String> {
        let mut headers = HeaderMap::new();
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        let unpacked = || {
            let mut whole = Body::new(&headers, limits)?;
            for piece in body.chunks(4096) {
                whole.push(piece)?;
            }
            whole.finish()
        };
        unpacked().map_err(|error: BodyError| error.to_string())
    }

    #[test]
    fn plain_and_packed_bodies_come_out_the_same() {
        let text = b"{\"Resources\":[]}".repeat(1000);
        for (coding, body) in [
            (None, text.clone()),
            (Some("identity"), text.clone()),
            (Some("gzip"), pack(&text)),
            (Some("X-GZIP"), pack(&text)),
            (
                Some("gzip"),
                [pack(&text[..16]), pack(&text[16..])].concat(),
            ),
        ] {
            assert_eq!(
                read(coding, &body, SMALL).expect("a body"),
                text,
                "{coding:?}"
            );
        }
        assert_eq!(read(Some("gzip"), b"", SMALL).expect("a body"), "");
    }

    #[test]
    fn a_small_body_that_unpacks_to_a_huge_one_is_stopped() {
        let bomb = pack(&vec![0; 5 << 20]);
        assert!(bomb.len() < 64 << 10, "{}", bomb.len());
        let error = read(Some("gzip"), &bomb, SMALL).expect_err("too large");
        assert_eq!(error, "the answer is larger than 4 MiB");
    }

    #[test]
    fn limits_hold_to_the_byte() {
        let small = Limits {
            packed: 1,
            held: 1 << 20,
        };
        let size = |body: &[u8], coding, limits| read(coding, body, limits).map(|body| body.len());
        assert_eq!(size(&vec![b'x'; 1 << 20], None, small), Ok(1 << 20));
        let refusal = Err("the answer is larger than 1 MiB".to_owned());
        assert_eq!(size(&vec![b'x'; (1 << 20) + 1], None, small), refusal);

        let draw = crate::draw::Draw::seeded(1);
        let noise: Vec<u8> = (0..1 << 18)
            .flat_map(|_| draw.next().to_le_bytes())
            .collect();
        let tight = Limits {
            packed: 1 << 20,
            held: 64 << 20,
        };
        assert_eq!(size(&pack(&noise), Some("gzip"), tight), refusal);
        let wide = Limits {
            packed: 4 << 20,
            held: 64 << 20,
        };
        assert_eq!(size(&pack(&noise), Some("gzip"), wide), Ok(noise.len()));
    }

    #[test]
    fn what_cannot_be_unpacked_is_an_error() {
        let whole = pack(b"{}");
        let broken = "the answer says that it is gzip, but it cannot be unpacked";
        for body in [
            &b"{\"plain\": true}"[..],
            &whole[..whole.len() - 4],
            &whole[..5],
        ] {
            assert_eq!(
                read(Some("gzip"), body, SMALL),
                Err(broken.into()),
                "{body:?}"
            );
        }
        assert_eq!(
            read(Some("br"), b"", SMALL),
            Err("the answer is packed as `br`, which we did not ask for".into())
        );
    }
}
