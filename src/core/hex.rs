//! Bytes as text: two hexadecimal digits each.
//!
//! Promises one form, in lower case, and that nothing else is read back. Leaves what the bytes are to
//! others.

use std::fmt::Write as _;

/// The digits, in lower case.
///
/// # Panics
/// Never: a `String` takes every text.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes every text");
    }
    text
}

/// The 32 bytes, if the text is 64 hexadecimal digits.
#[must_use]
pub fn decode(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sixty_four_digits_are_read() {
        let bytes: [u8; 32] = std::array::from_fn(|n| u8::try_from(n * 8).expect("below 256"));
        let text = encode(&bytes);
        assert_eq!(decode(&text), Some(bytes));
        assert_eq!(decode(&text[1..]), None);
        assert_eq!(decode(&format!("+{}", &text[1..])), None);
        assert_eq!(decode(&"ä".repeat(32)), None);
    }

    #[test]
    fn a_few_bytes_are_a_few_digits() {
        assert_eq!(encode(&[0, 10, 255]), "000aff");
    }
}
