//! Requests and answers in the shape that a vendor documents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A request and its answer in the shape that a source documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What is done by it.
    pub does: Deed,
    /// The short name of the source that shows it.
    pub source: String,
    /// What is there before, for a PUT, which carries it along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Json>,
    /// What is asked.
    pub request: Asked,
    /// What comes back.
    pub answer: Answered,
}

/// What an example does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Reads a page of users.
    ListUsers,
    /// Looks a user up by a filter.
    FindUser,
    /// Makes a user.
    CreateUser,
    /// Changes values of a user.
    UpdateUser,
    /// Switches a user off.
    Deactivate,
    /// Switches a user on.
    Reactivate,
    /// Deletes a user.
    DeleteUser,
    /// Reads a page of groups.
    ListGroups,
    /// Makes a group.
    CreateGroup,
    /// Renames a group.
    RenameGroup,
    /// Adds members.
    AddMembers,
    /// Takes members out.
    RemoveMembers,
    /// Deletes a group.
    DeleteGroup,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Path and query, below the base URL.
    pub path: String,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Json>,
}
