//! What a value of a directory may be, in every kind of source.
//!
//! Promises that a value which got in is in NFC, trimmed, at most 64 KiB long and free of control
//! characters (line breaks and tabs inside a text are kept: a postal address may have them, RFC 7643,
//! 4.1.2), and that nothing which proves who somebody is gets in at all. Leaves what a value means to
//! the sources.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::core::text::nfc;

/// The longest value, in bytes.
pub(super) const LONGEST_VALUE: usize = 64 * 1024;

/// Active Directory's key: an attribute that is binary.
pub(super) const GUID: &str = "objectGUID";

/// Attributes that prove who somebody is; they have no business in an app.
const SECRETS: [&str; 13] = [
    "authPassword",
    "krbExtraData",
    "krbPrincipalKey",
    "lmPwdHistory",
    "ntPwdHistory",
    "pwdHistory",
    "sambaLMPassword",
    "sambaNTPassword",
    "sambaPasswordHistory",
    "supplementalCredentials",
    "unicodePwd",
    "userPKCS12",
    "userPassword",
];

/// Does this attribute (without options) prove who somebody is?
pub(super) fn is_secret(name: &str) -> bool {
    SECRETS
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name))
}

/// The value as it is kept.
pub(super) fn clean(value: &str) -> Result<Cow<'_, str>, String> {
    let trimmed = value.trim();
    if trimmed.len() > LONGEST_VALUE {
        let size = trimmed.len() / 1024;
        return Err(format!("is {size} KiB long, more than 64"));
    }
    if trimmed.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(Cow::Borrowed(trimmed));
    }
    match trimmed.chars().find(|sign| is_unfit(*sign)) {
        Some(sign) => Err(format!(
            "holds the control character U+{:04X}",
            u32::from(sign)
        )),
        None => Ok(nfc(trimmed)),
    }
}

fn is_unfit(sign: char) -> bool {
    sign.is_control() && !matches!(sign, '\n' | '\r' | '\t')
}

/// A switch as people write it; `None` when it says neither yes nor no.
pub(super) fn switch(value: &str) -> Option<bool> {
    let is = |word: &&str| word.eq_ignore_ascii_case(value);
    if ["true", "yes", "1"].iter().any(&is) {
        return Some(true);
    }
    ["false", "no", "0"].iter().any(is).then_some(false)
}

/// The values in their order, each once.
pub(super) fn without_repeats(mut values: Vec<Arc<str>>) -> Vec<Arc<str>> {
    if values.len() > 1 {
        let mut seen = HashSet::new();
        values.retain(|value| seen.insert(Arc::clone(value)));
    }
    values
}

/// Active Directory's `objectGUID` is 16 bytes, the first three groups little-endian
/// (MS-DTYP, 2.3.4); written as its own tools show it.
pub(super) fn guid(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 16] = bytes.try_into().ok()?;
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let digits = order.into_iter().enumerate().map(|(at, from)| {
        let dash = if matches!(at, 4 | 6 | 8 | 10) {
            "-"
        } else {
            ""
        };
        format!("{dash}{:02x}", bytes[from])
    });
    Some(digits.collect())
}

/// The bytes of an `objectGUID` that [`guid`] wrote.
pub(super) fn guid_bytes(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.split('-').collect();
    let mut written = [0; 16];
    for (at, byte) in written.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    (digits.len() == 32).then(|| order.map(|at| written[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_read_as_it_was_written() {
        let bytes: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).expect("it is below 16"));
        let text = guid(&bytes).expect("sixteen bytes");
        assert_eq!(text, "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert_eq!(guid_bytes(&text), Some(bytes));
        for odd in [
            "",
            "0302",
            "03020100-0504-0706-0809-0a0b0c0d0e0f00",
            "ÄÄ020100-0504-0706",
        ] {
            assert_eq!(guid_bytes(odd), None, "{odd}");
        }
    }
}
