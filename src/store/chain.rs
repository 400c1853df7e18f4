//! The hash chain of the journal: each line carries the SHA-256 of the line before and of itself.
//!
//! Promises that a line which was changed, dropped, moved or put in between no longer fits. Shows
//! damage and careless hands, not somebody who has the file and works out every hash anew: against
//! that, keep exported journals elsewhere. Leaves rows to [`super::journal`].

use sha2::{Digest as _, Sha256};

/// A link of the chain.
pub(super) type Digest = [u8; 32];

/// What the first line follows.
pub(super) const START: Digest = [0; 32];

/// A line as it stands in its row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Its number, the first being 1.
    pub(super) number: i64,
    /// Time, run, target, subject, label, action, outcome and detail.
    pub(super) texts: [&'a str; 8],
    /// How many things changed.
    pub(super) count: i64,
    /// A person released it.
    pub(super) approved: bool,
    /// Requests and deed; lines of older versions have neither.
    pub(super) more: [&'a str; 2],
}

/// The chain after this line. Each text goes in behind its length, so that no text can flow into
/// the next.
pub(super) fn extend(before: &Digest, line: &Line<'_>) -> Digest {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(line.number.to_le_bytes());
    for text in line.texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.update(line.count.to_le_bytes());
    hash.update([u8::from(line.approved)]);
    // A line without either is hashed as it always was, so that an older journal still verifies.
    if line.more != [""; 2] {
        for text in line.more {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Line<'_> = Line {
        number: 1,
        texts: [
            "t",
            "r",
            "app",
            "user hq:1",
            "ana",
            "update",
            "done",
            "mail",
        ],
        count: 1,
        approved: false,
        more: ["[]", "{}"],
    };

    #[test]
    fn a_line_of_an_older_version_keeps_its_hash() {
        let older = Line {
            more: [""; 2],
            ..LINE
        };
        assert_eq!(
            crate::core::hex::encode(&extend(&START, &older)),
            "b1d101b2e6936e464a1fca8d5ff1a99f8f5b8b3ba7b3e451c4379b273664c790"
        );
    }

    #[test]
    fn every_field_counts() {
        let mut digests = vec![extend(&START, &LINE), extend(&[1; 32], &LINE)];
        digests.push(extend(&START, &Line { number: 2, ..LINE }));
        digests.push(extend(&START, &Line { count: 2, ..LINE }));
        digests.push(extend(
            &START,
            &Line {
                approved: true,
                ..LINE
            },
        ));
        for more in [["", "{}"], ["[]", ""], ["", ""], ["[]{", "}"]] {
            digests.push(extend(&START, &Line { more, ..LINE }));
        }
        for at in 0..8 {
            let mut texts = LINE.texts;
            texts[at] = "other";
            digests.push(extend(&START, &Line { texts, ..LINE }));
        }
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), 17);
    }

    #[test]
    fn a_text_cannot_flow_into_the_next() {
        let mut moved = LINE.texts;
        moved[3] = "user hq:1a";
        moved[4] = "na";
        assert_ne!(
            extend(&START, &LINE),
            extend(
                &START,
                &Line {
                    texts: moved,
                    ..LINE
                }
            )
        );
    }
}
