//! Chance, in one place: jitter and key material, ambient or from a seed.
//!
//! Promises that a seeded draw gives the same numbers for ever. Leaves to its users what the numbers
//! mean. Never used for a plan: plans hold no chance.

use std::sync::{Arc, Mutex, PoisonError};

/// A source of numbers. Clones share one stream.
#[derive(Clone, Debug)]
pub struct Draw {
    state: Arc<Mutex<u64>>,
}

impl Draw {
    /// A stream that is the same for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self {
            state: Arc::new(Mutex::new(seed)),
        }
    }

    /// A stream that nobody can foretell, seeded by the operating system.
    #[must_use]
    pub fn ambient() -> Self {
        let bytes: [u8; 32] = key();
        let mut seed = [0; 8];
        seed.copy_from_slice(&bytes[..8]);
        Self::seeded(u64::from_le_bytes(seed))
    }

    /// The next number (SplitMix64).
    #[must_use]
    pub fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    #[must_use]
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// A place in a list of `length` things; 0 when it is empty.
    #[must_use]
    pub fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    /// A number in `0.0..1.0`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub fn unit(&self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// 32 bytes of key material from the operating system.
///
/// # Panics
/// When the operating system has no randomness to give, since no key may be weak.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the machine for randomness"
)]
pub fn key() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}
