//! Keyed fingerprints: what we remember of a value without keeping it.
//!
//! Promises that the same value under the same key gives the same fingerprint for ever, and that
//! without the key nobody can guess a value from it (HMAC-SHA-256, cut to 64 bits). When the key is
//! lost, what was made with it is [`Fingerprint::UNKNOWN`], and no value has that one. Leaves the
//! keeping of the key to the store.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::attribute::{AttrName, Value};

/// The fingerprint of one attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// There was a value, and the key that could tell which is lost. It is the fingerprint of no value.
    pub const UNKNOWN: Self = Self(0);

    /// Can it be compared with the fingerprint of a value?
    #[must_use]
    pub fn is_known(self) -> bool {
        self != Self::UNKNOWN
    }
}

/// Fingerprints by attribute; an attribute without a value has none.
pub type Fingerprints = BTreeMap<AttrName, Fingerprint>;

/// The installation's key for fingerprints. Never printed.
#[derive(Clone)]
pub struct FingerprintKey(Hmac<Sha256>);

impl std::fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[fingerprint key]")
    }
}

impl FingerprintKey {
    /// A key from its 32 bytes.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(bytes).expect("HMAC takes a key of any length"))
    }

    /// A fingerprint that no value of the attribute `name` has: whatever is compared with it differs.
    #[must_use]
    pub fn of_no_value(&self, name: &AttrName) -> Fingerprint {
        // No value is an empty list: that would be the absence of one.
        self.of(name, &Value::List(Vec::new()))
    }

    /// The fingerprint of a value of the attribute `name`; never [`Fingerprint::UNKNOWN`].
    #[must_use]
    pub fn of(&self, name: &AttrName, value: &Value) -> Fingerprint {
        let mut mac = self.0.clone();
        mac.update(name.as_str().as_bytes());
        let (tag, text): (u8, String) = match value {
            Value::Text(text) => (0, text.to_string()),
            Value::Bool(flag) => (1, flag.to_string()),
            Value::Int(number) => (2, number.to_string()),
            Value::List(items) => (3, items.join("\u{0}")),
            Value::Account(key) => (4, key.to_string()),
        };
        mac.update(&[0, tag]);
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let mut head = [0; 8];
        head.copy_from_slice(&bytes[..8]);
        Fingerprint(u64::from_le_bytes(head).max(1))
    }
}
