//! JSON in two halves: what the app sent, kept byte for byte, and what we build around it.
//!
//! Promises that a part nobody edits leaves as the same bytes it came in, in the same order, and
//! that names are found whatever their case (RFC 7643, 2.1). Leaves the meaning of names to
//! [`super::path`].

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// A JSON object that is only looked at.
pub struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The fields of `raw`, if it is an object.
    pub fn of(raw: &'a RawValue) -> Option<Self> {
        raw.get()
            .starts_with('{')
            .then(|| serde_json::from_str(raw.get()).ok())?
    }

    /// The value under `name`; of a name that stands there twice, the last.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let exact = self.0.iter().rev().find(|(key, _)| key == name);
        exact
            .or_else(|| {
                self.0
                    .iter()
                    .rev()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
            })
            .map(|(_, raw)| *raw)
    }
}

#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut fields = Vec::with_capacity(map.size_hint().unwrap_or(16));
        while let Some((Key(key), raw)) = map.next_entry()? {
            fields.push((key, raw));
        }
        Ok(Fields(fields))
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// The items of an array; null is none, and anything else is the one item.
pub fn items(raw: &RawValue) -> Vec<&RawValue> {
    match raw.get().bytes().next() {
        Some(b'[') => serde_json::from_str(raw.get()).expect("a raw array is a valid array"),
        Some(b'n') | None => Vec::new(),
        Some(_) => vec![raw],
    }
}

/// A JSON value without parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A text, perhaps empty.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A number, by its digits.
    Number(String),
}

impl Scalar {
    /// The scalar that `raw` is; null is none.
    pub fn of(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        match text.bytes().next()? {
            b'"' => serde_json::from_str(text).ok().map(Self::Text),
            b't' => Some(Self::Bool(true)),
            b'f' => Some(Self::Bool(false)),
            b'-' | b'0'..=b'9' => Some(Self::Number(text.into())),
            _ => None,
        }
    }

    /// It as a text; the empty text is no value.
    pub fn into_text(self) -> Option<String> {
        let text = match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Bool(flag) => flag.to_string(),
        };
        (!text.is_empty()).then_some(text)
    }

    /// It as a truth value; some apps write one as a text.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Text(text) | Self::Number(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
        }
    }

    /// It as a whole number; some apps write one as a text.
    pub fn as_int<T: std::str::FromStr>(&self) -> Option<T> {
        match self {
            Self::Text(text) | Self::Number(text) => text.trim().parse().ok(),
            Self::Bool(_) => None,
        }
    }
}

/// A JSON value to be sent.
#[derive(Clone, Debug)]
pub enum Node {
    /// As the app sent it.
    Raw(Box<RawValue>),
    /// `null`.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object.
    Object(Object),
}

impl Node {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The scalar that it is.
    pub fn scalar(&self) -> Option<Scalar> {
        match self {
            Self::Raw(raw) => Scalar::of(raw),
            Self::Bool(flag) => Some(Scalar::Bool(*flag)),
            Self::Int(number) => Some(Scalar::Number(number.to_string())),
            Self::Text(text) => Some(Scalar::Text(text.clone())),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The object that it is, opened for editing.
    pub fn to_object(&self) -> Option<Object> {
        match self {
            Self::Raw(raw) => Object::of(raw),
            Self::Object(object) => Some(object.clone()),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The items of the array that it is; null is none, and anything else is the one item.
    pub fn to_items(&self) -> Vec<Self> {
        match self {
            Self::Raw(raw) => items(raw)
                .into_iter()
                .map(|item| Self::Raw(item.to_owned()))
                .collect(),
            Self::List(list) => list.clone(),
            Self::Null => Vec::new(),
            Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::Object(_) => vec![self.clone()],
        }
    }
}

impl From<Object> for Node {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => list.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

/// A JSON object to be sent; keeps the order of its fields.
#[derive(Clone, Debug, Default)]
pub struct Object(Vec<(String, Node)>);

impl Object {
    /// The fields of `raw`, each as the app sent it, if it is an object.
    pub fn of(raw: &RawValue) -> Option<Self> {
        let mut object = Self::default();
        for (key, raw) in Fields::of(raw)?.0 {
            let node = Node::Raw(raw.to_owned());
            match object.0.iter_mut().find(|(known, _)| *known == key) {
                Some((_, value)) => *value = node,
                None => object.0.push((key.into_owned(), node)),
            }
        }
        Some(object)
    }

    /// With one more field.
    #[must_use]
    pub fn with(mut self, name: &str, node: Node) -> Self {
        self.set(name, node);
        self
    }

    /// Has it no fields?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.position(name).map(|at| &self.0[at].1)
    }

    /// Puts a value under `name`, in the spelling and place that the name has already, else last.
    pub fn set(&mut self, name: &str, node: Node) {
        match self.position(name) {
            Some(at) => self.0[at].1 = node,
            None => self.0.push((name.into(), node)),
        }
    }

    /// Takes the field `name` out.
    pub fn remove(&mut self, name: &str) {
        if let Some(at) = self.position(name) {
            self.0.remove(at);
        }
    }

    /// Edits the object under `name`, which is made if there is none, and unmade if nothing is left.
    pub fn edit<T>(&mut self, name: &str, edit: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.get(name).and_then(Node::to_object);
        let was_object = before.is_some();
        let mut child = before.unwrap_or_default();
        let result = edit(&mut child);
        if !child.is_empty() {
            self.set(name, Node::Object(child));
        } else if was_object {
            self.remove(name);
        }
        result
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("keys are texts and numbers are whole")
    }

    fn position(&self, name: &str) -> Option<usize> {
        let exact = self.0.iter().position(|(key, _)| key == name);
        exact.or_else(|| {
            self.0
                .iter()
                .position(|(key, _)| key.eq_ignore_ascii_case(name))
        })
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, node) in &self.0 {
            map.serialize_entry(key, node)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.into()).expect("valid JSON")
    }

    #[test]
    fn what_nobody_edits_leaves_as_it_came() {
        let text = r#"{"z":1.50,"a":{"deep":[1e3, "\u0041" ]},"B":99999999999999999999}"#;
        let mut object = Object::of(&raw(text)).expect("an object");
        object.set("b", Node::Bool(true));
        let sent = String::from_utf8(object.to_bytes()).expect("text");
        assert_eq!(sent, r#"{"z":1.50,"a":{"deep":[1e3, "\u0041" ]},"B":true}"#);
    }

    #[test]
    fn names_are_found_whatever_their_case_and_the_exact_one_first() {
        let text = raw(r#"{"USERNAME":"a","userName":"b","username":"c","TITLE":1,"Title":2}"#);
        let fields = Fields::of(&text).expect("an object");
        assert_eq!(fields.get("userName").map(RawValue::get), Some("\"b\""));
        assert_eq!(fields.get("title").map(RawValue::get), Some("2"));
        assert!(fields.get("nothing").is_none());
    }

    #[test]
    fn an_object_that_loses_its_last_field_is_unmade() {
        let mut object = Object::of(&raw(r#"{"name":{"givenName":"A"},"id":"1"}"#)).expect("one");
        object.edit("name", |name| name.remove("givenname"));
        assert_eq!(object.to_bytes(), br#"{"id":"1"}"#);
        object.edit("name", |_| ());
        assert_eq!(object.to_bytes(), br#"{"id":"1"}"#);
    }

    #[test]
    fn truth_and_numbers_may_be_texts() {
        for (text, flag, number) in [
            ("true", Some(true), None),
            ("\"False\"", Some(false), None),
            ("0", Some(false), Some(0)),
            ("\" 12\"", None, Some(12)),
            ("\"yes\"", None, None),
        ] {
            let scalar = Scalar::of(&raw(text)).expect("a scalar");
            assert_eq!(
                (scalar.as_bool(), scalar.as_int::<u64>()),
                (flag, number),
                "{text}"
            );
        }
        assert_eq!(Scalar::of(&raw("null")), None);
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!(
            r#"{{"id":"1","x":{}{}}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        let text = raw(&deep);
        assert_eq!(
            Fields::of(&text)
                .and_then(|fields| fields.get("id"))
                .map(RawValue::get),
            Some("\"1\"")
        );
    }
}
