//! Filters and addresses: the two places where a value of ours becomes part of a URL.
//!
//! Promises one comparison a filter, quoted as JSON and percent-encoded whole, so that no value can
//! change what is asked or where it goes. Leaves comparing the answer again to [`super::lookup`].

use std::fmt::Write;

use super::path::Place;
use crate::core::attribute::AttrName;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::RemoteId;
use crate::core::profile::{AttributeRule, ValueKind};

/// `path eq "value"`; the value is a JSON string (RFC 7644, 3.4.2.2).
pub fn equals(path: &str, value: &str) -> String {
    format!("{path} eq {}", quote(value))
}

fn quote(value: &str) -> String {
    serde_json::to_string(value).expect("a text is always JSON")
}

/// `path gt "value"`: what comes after it in the order of texts (RFC 7644, 3.4.2.2).
pub fn after(path: &str, value: &str) -> String {
    format!("{path} gt {}", quote(value))
}

/// The filter for the resources whose attribute `name` is `value`, written as the app holds it: a
/// number as a number, `true` as `true`.
pub fn holding(name: &AttrName, rule: &AttributeRule, value: &str) -> String {
    let path = Place::of(name, rule).filter_path();
    let bare = match rule.kind {
        ValueKind::Integer | ValueKind::TextOrInteger => whole_number(value).is_some(),
        ValueKind::Boolean => matches!(value, "true" | "false"),
        ValueKind::Text | ValueKind::List | ValueKind::Account => false,
    };
    if bare {
        format!("{path} eq {value}")
    } else {
        equals(&path, value)
    }
}

/// The number that `text` is the one spelling of; `007` is a text.
pub fn whole_number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The text with everything but unreserved characters percent-encoded (RFC 3986, 2.3).
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a text cannot fail");
        }
    }
    encoded
}

/// The path of the resource `id` below `list`.
///
/// # Errors
/// When the id would lead to another place than below the list: empty, `.` and `..` cannot be
/// encoded, and a DELETE there could hit everything.
pub fn resource(list: &str, id: &RemoteId) -> Result<String, Fault> {
    if matches!(id.as_str(), "" | "." | "..") {
        return Err(Fault::new(
            FaultKind::Rejected,
            Effect::None,
            format!("the app's id `{id}` cannot stand in an address; nothing was sent"),
        ));
    }
    Ok(format!(
        "{}/{}",
        list.trim_end_matches('/'),
        encode(id.as_str())
    ))
}

/// Which page of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The one that begins with this row.
    Row(u64),
    /// The one that this cursor leads to; the first one is led to by the empty cursor (RFC 9865, 2.1).
    Cursor(String),
    /// All there is.
    All,
}

/// The path of one page of a list of at most `count` rows, sorted by the attribute `sort` if that is
/// not empty. Place and number are both always sent: some apps show nothing without.
pub fn page(list: &str, turn: &Turn, count: u32, sort: &str, filter: Option<&str>) -> String {
    let mut query: Vec<String> = Vec::new();
    query.extend(filter.map(|filter| format!("filter={}", encode(filter))));
    if !sort.is_empty() && *turn != Turn::All {
        query.push(format!("sortBy={}", encode(sort)));
    }
    match turn {
        Turn::Row(start) => query.push(format!("startIndex={start}&count={count}")),
        Turn::Cursor(cursor) => query.push(format!("cursor={}&count={count}", encode(cursor))),
        Turn::All => {}
    }
    let list = list.trim_end_matches('/');
    if query.is_empty() {
        list.to_owned()
    } else {
        format!("{list}?{}", query.join("&"))
    }
}

/// The path of the first page of a list, sorted (RFC 7644, 3.4.2.3).
pub fn sorted_page(list: &str, by: &str, count: u32, filter: Option<&str>) -> String {
    let page = page(list, &Turn::Row(1), count, "", filter);
    format!("{page}&sortBy={}", encode(by))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::profile::Element;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(
            equals("userName", "a\" or \"b\\c\n"),
            r#"userName eq "a\" or \"b\\c\n""#
        );
    }

    #[test]
    fn everything_in_a_filter_is_encoded() {
        let filter = equals("userName", "ana+x&y=%é@example.com");
        assert_eq!(
            page("/Users", &Turn::Row(1), 100, "", Some(&filter)),
            "/Users?filter=userName%20eq%20%22ana%2Bx%26y%3D%25%C3%A9%40example.com%22\
             &startIndex=1&count=100"
        );
        assert_eq!(
            page("/Users/", &Turn::Row(101), 50, "", None),
            "/Users?startIndex=101&count=50"
        );
    }

    #[test]
    fn an_element_is_asked_for_by_its_part_and_a_number_as_one() {
        let work = AttributeRule {
            element: Some(Element {
                kind: "work".into(),
                primary: true,
                only: false,
            }),
            ..AttributeRule::default()
        };
        assert_eq!(
            holding(&"emails".into(), &work, "a@b"),
            r#"emails.value eq "a@b""#
        );
        let number = AttributeRule {
            kind: ValueKind::TextOrInteger,
            ..AttributeRule::default()
        };
        assert_eq!(holding(&"division".into(), &number, "42"), "division eq 42");
        assert_eq!(
            holding(&"division".into(), &number, "042"),
            r#"division eq "042""#
        );
        assert_eq!(
            holding(&"division".into(), &number, "4 or 1"),
            r#"division eq "4 or 1""#
        );
    }

    #[test]
    fn an_id_stays_one_segment() {
        for (id, path) in [
            ("a b/c@d?e#f", "/Users/a%20b%2Fc%40d%3Fe%23f"),
            ("../../Groups", "/Users/..%2F..%2FGroups"),
            ("ü", "/Users/%C3%BC"),
        ] {
            assert_eq!(resource("/Users", &id.into()).expect("a path"), path);
        }
        for id in ["", ".", ".."] {
            let fault = resource("/Users", &id.into()).expect_err("no path");
            assert_eq!(
                fault.to_string(),
                format!(
                    "the app refused the request: the app's id `{id}` cannot stand in an address; \
                     nothing was sent"
                )
            );
        }
    }

    fn below(path: &str) -> url::Url {
        let base = url::Url::parse("https://app.example.com/scim/v2").expect("a URL");
        crate::http::join(&base, path).expect("a URL")
    }

    proptest::proptest! {
        #[test]
        fn any_id_stays_below_its_list(id in ".+") {
            proptest::prop_assume!(id != "." && id != "..");
            let url = below(&resource("/Users", &id.as_str().into()).expect("a path"));
            let parts: Vec<&str> = url.path_segments().expect("a path").collect();
            proptest::prop_assert_eq!(parts.len(), 4);
            proptest::prop_assert_eq!(parts[3], encode(&id));
            proptest::prop_assert!(url.query().is_none() && url.fragment().is_none());
        }

        #[test]
        fn any_value_arrives_as_it_was(value in ".*") {
            let filter = equals("userName", &value);
            let url = below(&page("/Users", &Turn::Row(1), 1, "", Some(&filter)));
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            proptest::prop_assert_eq!(pairs.len(), 3);
            proptest::prop_assert_eq!(&pairs[0].1, &filter);
            let quoted = filter.strip_prefix("userName eq ").expect("a comparison");
            let back: String = serde_json::from_str(quoted).expect("a JSON string");
            proptest::prop_assert_eq!(back, value);
        }
    }
}
