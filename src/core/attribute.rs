//! Attributes of an account, flat: a name in SCIM's path notation and a value.
//!
//! Promises a total order and one spelling for each name, so that plans are the same byte for byte.
//! Leaves to the connector how a flat attribute sits in a SCIM resource.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// The name of an attribute: `userName`, `name.givenName`, `emails`,
/// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division`
/// (RFC 7644, 3.10; the last colon ends the schema's URN).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AttrName(Arc<str>);

impl AttrName {
    /// The name as it is written.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(Arc::from(text.as_ref()))
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URN of the extension schema, if the name begins with one.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        if !self.0.starts_with("urn:") {
            return None;
        }
        self.0.rfind(':').map(|colon| &self.0[..colon])
    }

    /// The part after the schema: `name.givenName`, `division`.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.schema() {
            Some(schema) => &self.0[schema.len() + 1..],
            None => &self.0,
        }
    }

    /// The attribute itself: `name` of `name.givenName`.
    #[must_use]
    pub fn head(&self) -> &str {
        self.path().split('.').next().unwrap_or_default()
    }

    /// The sub-attribute: `givenName` of `name.givenName`.
    #[must_use]
    pub fn sub(&self) -> Option<&str> {
        self.path().split_once('.').map(|(_, sub)| sub)
    }

    /// What a person calls it: without the URN.
    #[must_use]
    pub fn short(&self) -> &str {
        self.path()
    }
}

impl fmt::Display for AttrName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for AttrName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl From<&str> for AttrName {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for AttrName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl schemars::JsonSchema for AttrName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AttributeName".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

/// What an attribute holds. Null, an empty list and absence are one state (RFC 7643, 2.5): no value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A text; also the value of the one element of a multi-valued attribute that is ours.
    Text(Arc<str>),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Several texts, sorted, without repeats.
    List(Vec<Arc<str>>),
    /// Another user's account in the same app, known by id only when it is sent (`manager`).
    Account(super::key::UserKey),
}

impl Value {
    /// A text value.
    #[must_use]
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    /// The user whose account it is, if it is one.
    #[must_use]
    pub fn account(&self) -> Option<&super::key::UserKey> {
        match self {
            Self::Account(user) => Some(user),
            Self::Text(_) | Self::Bool(_) | Self::Int(_) | Self::List(_) => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bool(_) | Self::Int(_) | Self::List(_) | Self::Account(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::List(items) => f.write_str(&items.join(", ")),
            Self::Account(key) => write!(f, "{key}"),
        }
    }
}

/// Attributes with their values; what is not in here has no value.
pub type Attributes = BTreeMap<AttrName, Value>;

/// One attribute of an update: from what to what. `new: None` clears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttrChange {
    /// Which attribute.
    pub name: AttrName,
    /// What the app holds; `None` also when we have not looked.
    pub old: Option<Value>,
    /// What it should hold.
    pub new: Option<Value>,
}
