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
    };

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
        for at in 0..8 {
            let mut texts = LINE.texts;
            texts[at] = "other";
            digests.push(extend(&START, &Line { texts, ..LINE }));
        }
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), 13);
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
