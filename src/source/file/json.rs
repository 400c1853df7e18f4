//! Users and groups in JSON (RFC 8259): `{"users": [...], "groups": [...]}`.
//!
//! Promises that numbers and switches stay the text they were written as, and that a bad row leaves
//! the others alone. Leaves what a field means to [`super::users`] and [`super::groups`].

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::flaw::{Flaw, WRITE_WHOLE};
use super::lines::Lines;
use super::rows::{Row, Table};
use crate::source::pool::Pool;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    #[serde(borrow, default)]
    users: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    groups: Vec<&'a RawValue>,
}

/// Reads a whole document.
///
/// # Errors
/// When it is no JSON, or not of the shape above.
pub(super) fn read(text: &str) -> Result<Table, Flaw> {
    if text.trim_start().starts_with('[') {
        // serde takes a list for the fields of a struct in their order.
        return Err(misshapen(1));
    }
    let document: Document<'_> = serde_json::from_str(text).map_err(unreadable)?;
    let mut pool = Pool::default();
    Ok(Table {
        users: rows(&document.users, text, &mut pool).collect(),
        groups: rows(&document.groups, text, &mut pool).collect(),
        notes: Vec::new(),
    })
}

fn unreadable(cause: serde_json::Error) -> Flaw {
    let line = cause.line();
    if cause.is_eof() {
        Flaw::at(line, "the file ends too early").hint(WRITE_WHOLE)
    } else if cause.is_data() {
        misshapen(line).because(cause)
    } else {
        Flaw::at(line, "is no JSON")
            .hint(format!(
                "set it right; if the file was cut off, {WRITE_WHOLE}"
            ))
            .because(cause)
    }
}

fn misshapen(line: usize) -> Flaw {
    Flaw::at(line, "is not of the shape of a directory")
        .hint("write {\"users\": [{…}], \"groups\": [{…}]}")
}

fn rows(raw: &[&RawValue], text: &str, pool: &mut Pool) -> impl Iterator<Item = Row> {
    let mut lines = Lines::of(text);
    raw.iter()
        .map(move |raw| row(lines.line_of(raw.get()), raw, pool))
}

fn row(line: usize, raw: &RawValue, pool: &mut Pool) -> Row {
    let Ok(entries) = serde_json::from_str::<Entries<'_>>(raw.get()) else {
        return Row::broken(line, "is no object");
    };
    let mut row = Row::new(line);
    let mut seen: Vec<Arc<str>> = Vec::with_capacity(entries.0.len());
    for (name, value) in &entries.0 {
        let name = pool.share(name.trim());
        if seen.contains(&name) {
            row.spoil(format!("holds `{name}` twice"));
            continue;
        }
        match values(value) {
            Ok(values) => row.append(&name, values),
            Err(Unfit) => row.spoil(format!("`{name}` is neither a value nor a list of values")),
        }
        seen.push(name);
    }
    row
}

/// An object, a list in a list, or a text with half a character (an unpaired surrogate).
struct Unfit;

/// The texts of a value, without nulls.
fn values(raw: &RawValue) -> Result<Vec<Cow<'_, str>>, Unfit> {
    if !raw.get().starts_with('[') {
        return Ok(scalar(raw)?.into_iter().collect());
    }
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| Unfit)?;
    items
        .into_iter()
        .filter_map(|item| scalar(item).transpose())
        .collect()
}

/// The text of a scalar; `None` for `null`.
fn scalar(raw: &RawValue) -> Result<Option<Cow<'_, str>>, Unfit> {
    let written = raw.get();
    match written.as_bytes().first() {
        Some(b'[' | b'{') | None => Err(Unfit),
        Some(b'"') => text(written).map(Some),
        Some(_) if written == "null" => Ok(None),
        Some(_) => Ok(Some(Cow::Borrowed(written))),
    }
}

fn text(written: &str) -> Result<Cow<'_, str>, Unfit> {
    match serde_json::from_str::<&str>(written) {
        Ok(plain) => Ok(Cow::Borrowed(plain)),
        Err(_) => serde_json::from_str(written)
            .map(Cow::Owned)
            .map_err(|_| Unfit),
    }
}

/// The members of an object in their order, repeated names included.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(text: &str) -> Vec<Row> {
        let table = read(text).expect("readable");
        table.users.iter().collect()
    }

    fn problem(text: &str) -> String {
        let flaw = read(text).expect_err("not readable");
        flaw.in_file("F".as_ref()).problem
    }

    fn texts<'a>(row: &'a Row, name: &str) -> Vec<&'a str> {
        row.all(name).collect()
    }

    #[test]
    fn numbers_and_switches_stay_as_written() {
        let text = r#"{"users": [{"key": 12, "rate": 1.10, "disabled": true, "sn": "NO",
                       "mail": ["a@x", null, "b\u0040x"], "title": null, "big": 12345678901234567890123}]}"#;
        let rows = users(text);
        assert_eq!(texts(&rows[0], "key"), ["12"]);
        assert_eq!(texts(&rows[0], "rate"), ["1.10"]);
        assert_eq!(texts(&rows[0], "disabled"), ["true"]);
        assert_eq!(texts(&rows[0], "mail"), ["a@x", "b@x"]);
        assert_eq!(texts(&rows[0], "big"), ["12345678901234567890123"]);
        assert!(texts(&rows[0], "title").is_empty());
    }

    #[test]
    fn a_bad_row_leaves_the_others_alone() {
        let text = "{\"users\": [\n  {\"key\": \"p-1\", \"address\": {\"c\": \"DE\"}},\n  7,\n  \
                    {\"key\": \"p-3\", \"sn\": \"a\", \"sn\": \"b\"},\n  {\"key\": \"p-4\"}\n]}";
        let rows = users(text);
        let told: Vec<(usize, Option<&str>)> = rows
            .iter()
            .map(|row| (row.line, row.problem.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                (2, Some("`address` is neither a value nor a list of values")),
                (3, Some("is no object")),
                (4, Some("holds `sn` twice")),
                (5, None),
            ]
        );
        assert_eq!(texts(&rows[0], "key"), ["p-1"]);
    }

    #[test]
    fn half_a_character_spoils_its_row() {
        let rows = users(r#"{"users": [{"key": "p-1", "sn": "\ud83d"}]}"#);
        let problem = "`sn` is neither a value nor a list of values";
        assert_eq!(rows[0].problem.as_deref(), Some(problem));
    }

    #[test]
    fn a_cut_file_is_never_a_short_one() {
        let whole = "{\"users\": [\n{\"key\": \"p-1\"},\n{\"key\": \"p-2\"}\n]}";
        for end in 1..whole.len() {
            let problem = problem(&whole[..end]);
            assert!(
                problem.ends_with(": the file ends too early"),
                "{end}: {problem}"
            );
        }
    }

    #[test]
    fn another_shape_is_named() {
        assert_eq!(
            problem("{\"user\": []}"),
            "F:1: is not of the shape of a directory"
        );
        assert_eq!(
            problem("{\"users\": null}"),
            "F:1: is not of the shape of a directory"
        );
        assert_eq!(problem("[]"), "F:1: is not of the shape of a directory");
        assert_eq!(problem("{\"users\":\n nope}"), "F:2: is no JSON");
    }
}
