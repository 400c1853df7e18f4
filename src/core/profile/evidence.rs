//! How a profile knows what it says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How sure a profile is of what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The vendor's own page says so.
    Documented,
    /// A live server was asked.
    Probed,
    /// Likely, but nobody looked: enables nothing destructive.
    #[default]
    Inferred,
}

/// Where a fact comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Citation {
    /// The page or standard, by its title.
    pub page: String,
    /// The day it was looked at, `2026-11-22`.
    pub checked: String,
    /// How sure it makes us, where that differs from the profile's own `evidence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}
