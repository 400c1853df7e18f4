//! Kinds of values, as far as they are known before a user is.
//!
//! Promises to be definite only where the kind is certain, so that nothing that works is refused.
//! Leaves the rules of operators and functions to their files.

use cel::common::types::Kind as CelKind;
use cel::common::types::{CelOptional, CelString};
use cel::common::value::Val;

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Known only when it runs.
    Any,
    /// `null`.
    Null,
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// Whole or not.
    Number,
    /// A list of texts.
    Texts,
    /// Another list.
    List,
    /// A map.
    Map,
    /// Bytes.
    Bytes,
    /// A text that may be absent.
    MaybeText,
    /// A list of texts that may be absent.
    MaybeTexts,
    /// Anything else that may be absent.
    Maybe,
}

impl Kind {
    /// How a sentence calls it.
    pub(super) fn named(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Null => "null",
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Texts | Self::List => "a list",
            Self::Map => "a map",
            Self::Bytes => "bytes",
            Self::MaybeText => "a text that may be absent",
            Self::MaybeTexts => "a list that may be absent",
            Self::Maybe => "a value that may be absent",
        }
    }

    /// May it be absent, so that it has to be taken out with `orValue` first?
    pub(super) fn is_optional(self) -> bool {
        matches!(self, Self::MaybeText | Self::MaybeTexts | Self::Maybe)
    }

    /// What `orValue` takes out of it; other kinds as they are.
    pub(super) fn held(self) -> Self {
        match self {
            Self::MaybeText => Self::Text,
            Self::MaybeTexts => Self::Texts,
            Self::Maybe => Self::Any,
            Self::Any
            | Self::Null
            | Self::Text
            | Self::Bool
            | Self::Number
            | Self::Texts
            | Self::List
            | Self::Map
            | Self::Bytes => self,
        }
    }

    /// The same in an optional.
    pub(super) fn optional(self) -> Self {
        match self {
            Self::Text | Self::MaybeText => Self::MaybeText,
            Self::Texts | Self::MaybeTexts => Self::MaybeTexts,
            Self::Any
            | Self::Null
            | Self::Bool
            | Self::Number
            | Self::List
            | Self::Map
            | Self::Bytes
            | Self::Maybe => Self::Maybe,
        }
    }

    /// What comes out of either of two.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, two) if one == two => one,
            (Self::Texts, Self::List) | (Self::List, Self::Texts) => Self::List,
            (one, two) if one.is_optional() && two.is_optional() => Self::Maybe,
            _ => Self::Any,
        }
    }

    /// The kind of an element of it.
    pub(super) fn element(self) -> Self {
        if self == Self::Texts {
            Self::Text
        } else {
            Self::Any
        }
    }

    /// May a value of this kind be one that is `wanted`? Optionals are not looked into.
    pub(super) fn may_be(self, wanted: Self) -> bool {
        let lists = |kind| matches!(kind, Self::Texts | Self::List);
        self == wanted
            || self == Self::Any
            || wanted == Self::Any
            || (lists(self) && lists(wanted))
            || (self.is_optional() && wanted.is_optional())
    }
}

/// What is known about a part of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    /// What it gives.
    pub(super) kind: Kind,
    /// How many texts of the input may be strung together in it. Loops over what they made
    /// themselves could double it with every step.
    pub(super) pieces: u32,
}

impl Estimate {
    pub(super) fn new(kind: Kind, pieces: u32) -> Self {
        let sizeless = matches!(kind, Kind::Bool | Kind::Number | Kind::Null);
        Self {
            kind,
            pieces: if sizeless { 0 } else { pieces },
        }
    }
}

/// The kind of a value that is there.
pub(super) fn of_value(value: &dyn Val) -> Kind {
    if value.downcast_ref::<CelString>().is_some() {
        return Kind::Text;
    }
    if let Some(optional) = value.downcast_ref::<CelOptional>() {
        return optional
            .option()
            .map_or(Kind::Maybe, |held| of_value(held).optional());
    }
    match value.get_type().kind() {
        CelKind::Boolean => Kind::Bool,
        CelKind::Int | CelKind::UInt | CelKind::Double => Kind::Number,
        CelKind::List => Kind::List,
        CelKind::Map => Kind::Map,
        CelKind::NullType => Kind::Null,
        CelKind::Bytes => Kind::Bytes,
        // The kinds are another crate's; those that are left cannot be made in our environment.
        _ => Kind::Any,
    }
}

/// What an error of the evaluator calls a type, in our words.
pub(super) fn of_type_name(name: &str) -> Kind {
    match name {
        "string" => Kind::Text,
        "bool" => Kind::Bool,
        "int" | "uint" | "double" => Kind::Number,
        "list" => Kind::List,
        "map" => Kind::Map,
        "bytes" => Kind::Bytes,
        "null_type" => Kind::Null,
        "optional_type" => Kind::Maybe,
        _ => Kind::Any,
    }
}
