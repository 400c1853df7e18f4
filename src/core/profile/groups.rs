//! What an app does with groups.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::users::{Paging, UpdateForm};

/// What an app does with groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub struct GroupRules {
    /// Does it have them, and what are they there?
    pub model: GroupModel,
    /// Where they are, below the base URL.
    pub path: String,
    /// How a list is read, page by page.
    pub paging: Paging,
    /// Groups a page.
    pub page: u32,
    /// How a group is changed.
    pub update: UpdateForm,
    /// Can a group be renamed?
    pub rename: bool,
    /// Is the `externalId` of a group kept?
    pub external_id: bool,
    /// Does it show the members of a group?
    pub members_readable: bool,
    /// Are members who are switched off left out of what it shows?
    pub hides_inactive: bool,
    /// Members that a create may bring along, at most; 0: it is made empty and filled after.
    pub inline_members: usize,
    /// Members in one request, at most.
    pub chunk: usize,
    /// Does a member need a `display` beside its `value`?
    pub member_display: bool,
    /// How members are added.
    pub add: MemberAddition,
    /// How a member is taken out.
    pub remove: MemberRemoval,
    /// What is looked at after members were written.
    pub verify: Verification,
    /// Members of one group, at most.
    pub max_members: Option<usize>,
    /// May a group be deleted?
    pub delete: bool,
    /// Groups of the directory that the app itself manages, by name, `*` for any text: they are never
    /// pushed.
    pub managed_by_app: Vec<String>,
}

impl GroupRules {
    /// Can everybody who is in a group be seen?
    #[must_use]
    pub fn shows_all_members(&self) -> bool {
        self.members_readable && !self.hides_inactive
    }
}

impl Default for GroupRules {
    fn default() -> Self {
        Self {
            model: GroupModel::Groups,
            path: "/Groups".into(),
            paging: Paging::Index,
            page: 100,
            update: UpdateForm::Patch,
            rename: true,
            external_id: true,
            members_readable: true,
            hides_inactive: false,
            inline_members: 0,
            chunk: 100,
            member_display: false,
            add: MemberAddition::List,
            remove: MemberRemoval::Filter,
            verify: Verification::None,
            max_members: None,
            delete: true,
            managed_by_app: Vec::new(),
        }
    }
}

/// What a group is at this app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupModel {
    /// There are none.
    None,
    /// Groups.
    Groups,
    /// Roles that look like groups.
    Roles,
    /// Groups that the app has by itself: only their members can be changed.
    Fixed,
}

/// How members are added by PATCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberAddition {
    /// `add`, path `members`, with a list of values (RFC 7644, 3.5.2.1).
    List,
    /// `add` without a path, with an object that holds `members`.
    Object,
}

/// How a member is taken out of a group by PATCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberRemoval {
    /// `remove`, path `members[value eq "id"]`, one operation a member (RFC 7644, 3.5.2.2).
    Filter,
    /// `remove`, path `members`, with a list of values: outside the RFC, but common.
    List,
    /// `remove`, path `members`, with an object that holds `members`.
    Object,
}

/// What is looked at after members were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verification {
    /// Nothing.
    None,
    /// Whether the group holds whom it should: it is read again, and what is missing is due again.
    Count,
}
