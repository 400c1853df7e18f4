//! Distinguished names (RFC 4514), made comparable.
//!
//! Promises that two spellings of a name (case, spaces around `,` `=` `+`, escapes) become one text.
//! Leaves out the matching rules of single attributes: values compare without regard to case, as
//! nearly all naming attributes do (RFC 4519).

use crate::core::text::fold;

/// The comparable form of a DN; `None` when it is not one.
pub(super) fn normal(dn: &str) -> Option<String> {
    if is_tidy(dn) {
        return Some(dn.to_ascii_lowercase());
    }
    careful(dn)
}

fn careful(dn: &str) -> Option<String> {
    let names: Option<Vec<String>> = split(dn, ',').map(relative).collect();
    Some(names?.join(","))
}

/// Is it a name, and comparable as it is, but for its case? Nearly all are: ASCII, one value in a step, no
/// escape, and no space but one between two words.
fn is_tidy(dn: &str) -> bool {
    let (mut in_value, mut before) = (false, b',');
    for byte in dn.bytes() {
        match byte {
            b',' if in_value && before != b' ' => in_value = false,
            b'=' if !in_value && before != b',' => in_value = true,
            b' ' if in_value && !matches!(before, b' ' | b'=') => {}
            b',' | b'=' | b' ' | b'\\' | b'+' => return false,
            b'!'..=b'~' => {}
            _ => return false,
        }
        before = byte;
    }
    in_value && before != b' '
}

/// Is this the name of the base, or of something below it?
pub(super) fn is_below(name: &str, base: &str) -> bool {
    let (Some(name), Some(base)) = (normal(name), normal(base)) else {
        return base.is_empty();
    };
    name == base || name.ends_with(&format!(",{base}"))
}

/// The DN of a `uniqueMember`, which a bit string may follow (RFC 4517, 3.3.21).
pub(super) fn without_uid(value: &str) -> &str {
    match value.rsplit_once('#') {
        Some((dn, uid)) if uid.starts_with('\'') && uid.ends_with("'B") => dn,
        _ => value,
    }
}

/// One step of the name; several values in it are sorted.
fn relative(name: &str) -> Option<String> {
    let pairs: Option<Vec<String>> = split(name, '+').map(pair).collect();
    let mut pairs = pairs?;
    pairs.sort();
    Some(pairs.join("+"))
}

fn pair(text: &str) -> Option<String> {
    let (kind, value) = text.split_once('=')?;
    let kind = kind.trim().to_ascii_lowercase();
    let value = fold(&unescape(trim(value))?);
    let words: Vec<&str> = value.split_whitespace().collect();
    if kind.is_empty() {
        return None;
    }
    Some(format!("{kind}={}", escape(&words.join(" "))))
}

/// The parts between separators that no backslash stands before.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |sign| {
        let free = !escaped;
        escaped = free && sign == '\\';
        free && sign == separator
    })
}

/// Without the spaces around it, but with an escaped one at the end.
fn trim(value: &str) -> &str {
    let value = value.trim_start_matches(' ');
    let bare = value.trim_end_matches(' ');
    let slashes = bare.bytes().rev().take_while(|byte| *byte == b'\\').count();
    if slashes % 2 == 1 {
        value.get(..=bare.len()).unwrap_or(bare)
    } else {
        bare
    }
}

/// The value itself: `\,` is a comma, `\C3\BC` an ü.
fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let first = rest.next()?;
        match hex(first) {
            Some(high) => bytes.push(high * 16 + hex(rest.next()?)?),
            None => bytes.push(first),
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for sign in value.chars() {
        if matches!(sign, ',' | '+' | '=' | '\\') {
            escaped.push('\\');
        }
        escaped.push(sign);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_tidy_comes_to_the_same_with_care(
            dn in "([ab ]{0,2}=[ aB\\\\+=\t\u{1f}.#]{0,3}[, ]{0,2}){1,3}"
        ) {
            if is_tidy(&dn) {
                prop_assert_eq!(Some(dn.to_ascii_lowercase()), careful(&dn), "{:?}", dn);
            }
        }
    }

    #[test]
    fn names_as_servers_write_them_are_tidy() {
        for dn in [
            "uid=Ann,ou=People,dc=example",
            "CN=Ann B. Smith,OU=x,DC=ad",
            "cn=,dc=x",
        ] {
            assert!(is_tidy(dn), "{dn}");
        }
        for dn in [
            "uid=a, ou=x",
            "cn=a  b",
            "cn=a ",
            "c n=a",
            "=a",
            "cn=a=b",
            "cn=a,",
            "a",
            "cn=\u{e9}",
        ] {
            assert!(!is_tidy(dn), "{dn}");
        }
    }

    #[test]
    fn spellings_of_one_name_are_equal() {
        for (one, other) in [
            (
                "uid=Ann,ou=People,dc=example",
                "UID = ann , OU=people, DC=Example",
            ),
            ("cn=O\\'Brien\\, Pat,dc=x", "CN=o'brien\\2c pat,dc=x"),
            ("cn=Müller,dc=x", "cn=M\\C3\\BCLLER,dc=x"),
            ("cn=a+sn=b,dc=x", "SN=B + CN=A,dc=x"),
            ("cn=two  words,dc=x", "cn=Two Words,dc=x"),
            ("cn=end\\ ,dc=x", "cn=end,dc=x"),
        ] {
            assert_eq!(normal(one), normal(other), "{one}");
            assert!(normal(one).is_some(), "{one}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (one, other) in [
            ("cn=a\\,dc=x", "cn=a,dc=x"),
            ("cn=a,cn=b", "cn=b,cn=a"),
            ("uid=ann,dc=x", "uid=anna,dc=x"),
        ] {
            assert_ne!(normal(one), normal(other), "{one}");
        }
    }

    #[test]
    fn only_names_below_a_base_are_below_it() {
        let base = "OU=People, dc=x";
        for (name, below) in [
            ("uid=a,ou=people,dc=x", true),
            ("uid=a,ou=more,ou=people,DC=x", true),
            ("ou=people,dc=x", true),
            ("uid=a,ou=mypeople,dc=x", false),
            ("uid=a\\,ou=people,dc=x", false),
            ("cn=app,ou=services,dc=x", false),
            ("no name", false),
        ] {
            assert_eq!(is_below(name, base), below, "{name}");
        }
        assert!(is_below("uid=a,dc=x", ""));
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in ["", "ann", "uid=a,,dc=x", "=a", "cn=a\\", "cn=\\ff"] {
            assert_eq!(normal(text), None, "{text}");
        }
    }

    #[test]
    fn a_bit_string_after_a_unique_member_is_left_out() {
        assert_eq!(without_uid("uid=a,dc=x#'0101'B"), "uid=a,dc=x");
        assert_eq!(without_uid("cn=#1,dc=x"), "cn=#1,dc=x");
    }
}
