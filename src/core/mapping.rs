//! What an account should hold: expressions from a user to the attributes of the account.
//!
//! Promises that values which break a rule of the app never reach the wire. Leaves who gets an
//! account to [`super::assign`].

use std::collections::BTreeMap;

use super::attribute::AttrName;
use super::expression::Program;

/// The mapping of a target: the profile's defaults, overridden by the target's own.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// One expression an attribute.
    pub attributes: BTreeMap<AttrName, MappingRule>,
}

/// How one attribute gets its value.
#[derive(Clone, Debug)]
pub struct MappingRule {
    /// The expression.
    pub program: Program,
    /// What follows when it gives nothing.
    pub when_empty: WhenEmpty,
    /// Where it was written: `profile` or `config`, for `explain`.
    pub origin: Origin,
}

/// What follows when an expression gives no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenEmpty {
    /// The app's value is cleared.
    #[default]
    Clear,
    /// The app's value stays.
    Keep,
}

/// Where an expression was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the profile of the app.
    Profile,
    /// In the target's `mapping:`.
    Config,
}
