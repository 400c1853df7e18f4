//! What an app does with users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::attribute::AttrName;

/// What an app does with users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UserRules {
    /// Where they are, below the base URL.
    pub path: String,
    /// The attributes that tell whose account one is, best first.
    pub matching: Vec<AttrName>,
    /// The attributes that a filter `eq` works on; none: list everything and compare here.
    pub filters: Vec<AttrName>,
    /// How a list is read, page by page.
    pub paging: Paging,
    /// Accounts a page.
    pub page: u32,
    /// The attribute that a list is sorted by (`sortBy`), where pages overlap without; empty: none.
    pub sort: String,
    /// What a list leaves out: absence from it proves nothing then, and an account is looked up.
    pub hides: Vec<Hidden>,
    /// How an account is changed.
    pub update: UpdateForm,
    /// What a PUT does with what it does not name.
    pub put_absent: PutAbsent,
    /// How PATCH is to be worded.
    pub patch: PatchDialect,
    /// How an account is switched off, and what that really does.
    pub deactivate: Deactivate,
    /// What a return does.
    pub reactivate: Reactivation,
    /// May an account be deleted (`DELETE`), and is it gone then?
    pub delete: Deletion,
    /// Can a write change the `id`? The answer says the new one.
    pub id_changes: bool,
    /// Does a create send the person a mail?
    pub mail_on_create: Known,
    /// Does switching an account on send the person a mail?
    pub mail_on_reactivate: Known,
}

impl Default for UserRules {
    fn default() -> Self {
        Self {
            path: "/Users".into(),
            matching: vec!["externalId".into(), "userName".into(), "emails".into()],
            filters: vec!["externalId".into(), "userName".into()],
            paging: Paging::Index,
            page: 100,
            sort: String::new(),
            hides: Vec::new(),
            update: UpdateForm::Patch,
            put_absent: PutAbsent::Cleared,
            patch: PatchDialect::default(),
            deactivate: Deactivate::default(),
            reactivate: Reactivation::Activate,
            delete: Deletion::Hard,
            id_changes: false,
            mail_on_create: Known::Unknown,
            mail_on_reactivate: Known::Unknown,
        }
    }
}

impl UserRules {
    /// May an account be there that a list of all does not show?
    #[must_use]
    pub fn leaves_out(&self) -> bool {
        !self.hides.is_empty() || self.deactivate.effect == Deactivation::Unlinks
    }

    /// May an account be on that a list of all does not show?
    #[must_use]
    pub fn leaves_out_active(&self) -> bool {
        self.hides.iter().any(|hidden| match hidden {
            Hidden::Foreign | Hidden::Overflow => true,
            Hidden::Inactive => false,
        })
    }

    /// Does a list of all leave out accounts that are switched off?
    #[must_use]
    pub fn leaves_out_inactive(&self) -> bool {
        self.hides.contains(&Hidden::Inactive) || self.deactivate.effect == Deactivation::Unlinks
    }
}

/// Yes, no, or nobody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The vendor does not say.
    #[default]
    Unknown,
}

/// How a list is read, page by page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Paging {
    /// `startIndex` from 1, and `count` (RFC 7644, 3.4.2.4).
    #[default]
    Index,
    /// `startIndex` from 0.
    Offset,
    /// `cursor`, empty at first, then what `nextCursor` says (RFC 9865).
    Cursor,
    /// Everything comes at once; nothing is asked for page by page.
    None,
}

/// What a list leaves out.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Hidden {
    /// Accounts that are switched off.
    Inactive,
    /// Guests, and accounts that SCIM did not make.
    Foreign,
    /// Whatever does not fit on the first page.
    Overflow,
}

/// How a resource is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateForm {
    /// PATCH with only what changes (RFC 7644, 3.5.2).
    Patch,
    /// PUT of the present resource with our attributes replaced (RFC 7644, 3.5.1).
    Put,
    /// Not at all: what an account holds is settled by its create.
    None,
}

/// What a PUT does with what it does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PutAbsent {
    /// It is taken away (RFC 7644, 3.5.1).
    #[default]
    Cleared,
    /// It stays; a value is taken away by `null` or the empty text, as its `clear` says.
    Kept,
}

/// How PATCH is to be worded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchDialect {
    /// The shape of an operation.
    pub form: PatchForm,
    /// Does it take `emails[type eq "work"].value`? Else the whole list is replaced.
    pub valued_paths: bool,
    /// Operations in one request, at most.
    pub max_operations: usize,
    /// How the name of an operation is written.
    pub op_case: OpCase,
    /// How `true` and `false` are written.
    pub booleans: Booleans,
    /// What stands between the URN of an extension and its attribute in a path.
    pub extension_paths: ExtensionPaths,
}

impl Default for PatchDialect {
    fn default() -> Self {
        Self {
            form: PatchForm::Path,
            valued_paths: true,
            max_operations: 100,
            op_case: OpCase::Lower,
            booleans: Booleans::Json,
            extension_paths: ExtensionPaths::Colon,
        }
    }
}

/// The shape of a PATCH operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PatchForm {
    /// `{"op":"replace","path":"title","value":"…"}`
    Path,
    /// `{"op":"replace","value":{"title":"…","nickName":"…"}}`
    Object,
    /// As `object`, with one attribute in each operation.
    ObjectEach,
}

/// How the name of an operation is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpCase {
    /// `replace` (RFC 7644, 3.5.2).
    Lower,
    /// `Replace`
    Title,
}

/// How `true` and `false` are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Booleans {
    /// `false`
    Json,
    /// `"false"`, a text.
    Text,
}

/// What stands between the URN of an extension and its attribute in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExtensionPaths {
    /// `urn:…:User:department` (RFC 7644, 3.10).
    Colon,
    /// `urn:…:User.department`
    Dot,
}

/// How an account is switched off, and what that really does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deactivate {
    /// What is sent.
    pub by: DeactivateBy,
    /// What it does.
    pub effect: Deactivation,
}

/// What is sent to switch an account off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeactivateBy {
    /// `active: false`, as an update says it, in a request of its own.
    #[default]
    Active,
    /// `DELETE`, which only switches off here; `active: true` or a POST brings the account back.
    Delete,
    /// Nothing: the app cannot do it, and a leaver is shown until somebody has done it by hand.
    None,
}

/// What switching an account off really does at this app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deactivation {
    /// It suspends; everything is kept.
    #[default]
    Suspends,
    /// It suspends and takes the `userName` away, so that a look-up misses it.
    FreesUserName,
    /// It suspends and changes names and addresses to what nobody knows, until the account is
    /// switched on again.
    Renames,
    /// It takes the person out of the organisation; the account stays theirs.
    Unlinks,
    /// It destroys the account: counts as a deletion.
    Deletes,
    /// It destroys the account of somebody who has not accepted an invitation yet: counts as a
    /// deletion.
    DeletesInvited,
    /// The vendor contradicts itself: counts as a deletion until a site says what it does.
    Unknown,
}

impl Deactivation {
    /// May it destroy the account?
    #[must_use]
    pub fn is_destructive(self) -> bool {
        match self {
            Self::Suspends | Self::FreesUserName | Self::Renames | Self::Unlinks => false,
            Self::Deletes | Self::DeletesInvited | Self::Unknown => true,
        }
    }
}

/// What a return of a person does at this app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reactivation {
    /// `active: true` brings the account back, in the same request as other changes.
    #[default]
    Activate,
    /// `active: true` brings the account back, in a request before any other change.
    ActivateFirst,
    /// A POST brings the same account back.
    Post,
    /// A new account has to be made; the old one stays as it is.
    Create,
    /// Neither: a person has to decide.
    Refuse,
}

/// May an account be deleted, and is it gone then?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deletion {
    /// `DELETE` is refused or never to be sent.
    None,
    /// `DELETE` keeps a record: names stay taken, and the vendor can bring it back.
    Soft,
    /// `DELETE` is final.
    #[default]
    Hard,
}

impl Deletion {
    /// May it be sent?
    #[must_use]
    pub fn is_possible(self) -> bool {
        match self {
            Self::None => false,
            Self::Soft | Self::Hard => true,
        }
    }
}
