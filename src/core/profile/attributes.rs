//! What an app asks of one attribute.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::duration;

/// What an app asks of one attribute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AttributeRule {
    /// Of which kind its value is.
    pub kind: ValueKind,
    /// Must it have a value?
    pub required: Required,
    /// Characters, at least.
    pub min_length: Option<usize>,
    /// Characters, at most.
    pub max_length: Option<usize>,
    /// The values it takes; empty: any.
    pub one_of: Vec<String>,
    /// The pattern a value must match as a whole.
    pub pattern: Option<String>,
    /// The element of a multi-valued attribute that is ours.
    pub element: Option<Element>,
    /// How the account of another user is written, where the kind is `account`.
    pub account: AccountForm,
    /// When two values are the same to this app.
    pub compare: Comparison,
    /// How a value is taken away.
    pub clear: Clearing,
    /// Can it change after the create?
    pub fixed: bool,
    /// Is it unique among all accounts?
    pub unique: bool,
    /// Is it never shown when read (RFC 7643, 7: `returned: never`)?
    pub write_only: bool,
    /// How long a change of it may take until it is seen, where that is longer than the profile's
    /// `settle`: somebody has to confirm it, for example.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub settle: Duration,
}

/// Of which kind a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// A text.
    #[default]
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A text, or a whole number that is sent as one (an id).
    TextOrInteger,
    /// Several texts.
    List,
    /// The account of another user: an object with `value` (RFC 7643, 4.3 `manager`).
    Account,
}

/// How the account of another user is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountForm {
    /// `{"value":"id"}` (RFC 7643, 4.3).
    #[default]
    Object,
    /// `"id"`, a text where the RFC has an object.
    Text,
}

/// When a value must be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// Never.
    #[default]
    No,
    /// When the account is made.
    Create,
    /// Always.
    Always,
}

/// The element of a multi-valued attribute that is ours; others are never touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// Its `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Is it `primary` when we add it to a list that has no primary element?
    #[serde(default)]
    pub primary: bool,
    /// Does the app keep no other element beside it? Then it takes the place of what is there.
    #[serde(default)]
    pub only: bool,
}

/// When two values are the same to an app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Character by character, after Unicode normalisation (NFC).
    #[default]
    Exact,
    /// Without regard to case (RFC 7643, 2.2 `caseExact: false`).
    Fold,
    /// By the digits alone, as telephone numbers are.
    Digits,
}

/// How a value is taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clearing {
    /// PATCH `remove`, or left out of a PUT.
    #[default]
    Remove,
    /// `null`.
    Null,
    /// The empty text.
    Empty,
    /// Not at all: the app keeps the last value, and the plan says so.
    Never,
}
