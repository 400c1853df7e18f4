//! What a kind of app is like: the effective profile of a target, as data.
//!
//! Promises that every key has a default, which is what the RFCs say, so that a plain app takes five
//! lines. Leaves reading, `extends:` and overrides to the config, and every act to the connector.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::attribute::AttrName;
use super::duration;

/// The profile of a kind of app (`connectors/<name>.yaml`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// The profile that this one begins from; maps merge, lists and words replace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// The app's name as its vendor writes it.
    pub title: String,
    /// How the facts in here are known: `documented`, `probed` or `inferred`.
    pub evidence: Evidence,
    /// Where the facts come from, each with the day it was looked at.
    pub sources: Vec<Citation>,
    /// What an admin should know that no key says.
    pub notes: Vec<String>,
    /// How the app wants to be spoken to.
    pub http: HttpRules,
    /// How fast it may be spoken to.
    pub rates: Rates,
    /// The ways to prove who we are that it takes.
    pub auth: Vec<AuthKind>,
    /// What it does with users.
    pub users: UserRules,
    /// What it does with groups.
    pub groups: GroupRules,
    /// The attributes it takes; anything else is never sent.
    pub attributes: BTreeMap<AttrName, AttributeRule>,
    /// Sets of attributes of which it takes all or none.
    pub all_or_none: Vec<Vec<AttrName>>,
    /// The mapping that holds where the target's own says nothing.
    pub mapping: BTreeMap<AttrName, String>,
}

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
}

/// A way to prove who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthKind {
    /// A fixed token in the `Authorization` header (RFC 6750).
    Bearer,
    /// A user name and a password (RFC 7617).
    Basic,
    /// A secret in a header of the app's own.
    Header,
    /// A token of an `OAuth2` server (RFC 6749).
    Oauth2,
}

/// How an app wants to be spoken to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpRules {
    /// The media type of our bodies.
    pub content_type: String,
    /// Further headers on every request.
    pub headers: BTreeMap<String, String>,
    /// How long one request may take, first byte to last.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub timeout: Duration,
}

impl Default for HttpRules {
    fn default() -> Self {
        Self {
            content_type: "application/scim+json".into(),
            headers: BTreeMap::new(),
            timeout: Duration::from_mins(1),
        }
    }
}

/// How fast an app may be spoken to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Requests in flight at once, at most.
    pub concurrency: usize,
    /// Every bucket that matches a request applies to it.
    pub buckets: Vec<Bucket>,
    /// How a request that failed for now is tried again.
    pub retry: RetryPolicy,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            concurrency: 4,
            buckets: vec![Bucket {
                only: BucketScope::All,
                limit: 20,
                per: Duration::from_secs(1),
                burst: 20,
            }],
            retry: RetryPolicy::default(),
        }
    }
}

/// So many requests in so much time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Which requests it counts.
    #[serde(default)]
    pub only: BucketScope,
    /// How many.
    pub limit: u32,
    /// In how long.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub per: Duration,
    /// How many at once after a quiet time; the app's page says so, or 1.
    #[serde(default = "one")]
    pub burst: u32,
}

fn one() -> u32 {
    1
}

/// Which requests a bucket counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BucketScope {
    /// All of them.
    #[default]
    All,
    /// GET.
    Reads,
    /// POST, PUT, PATCH and DELETE.
    Writes,
    /// Writes of users.
    UserWrites,
    /// Writes of groups.
    GroupWrites,
}

/// How a request that failed for now is tried again: full jitter over a doubling ceiling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPolicy {
    /// The ceiling of the first pause.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub base: Duration,
    /// The ceiling of every pause.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub max: Duration,
    /// Tries of one change in one run, the first included.
    pub attempts: u32,
    /// The longest that a run waits because the app asks for it; when it asks for more, what is left
    /// stays due for the next run.
    #[serde(with = "duration::text")]
    #[schemars(with = "String")]
    pub patience: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            max: Duration::from_mins(1),
            attempts: 6,
            patience: Duration::from_mins(5),
        }
    }
}

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
    /// Accounts a page.
    pub page: u32,
    /// How an account is changed.
    pub update: UpdateForm,
    /// How PATCH is to be worded.
    pub patch: PatchDialect,
    /// How an account is switched off, and what that really does.
    pub deactivate: Deactivation,
    /// What a return does.
    pub reactivate: Reactivation,
    /// May an account be deleted (`DELETE`)?
    pub delete: bool,
    /// Does a create send the person a mail?
    pub mail_on_create: Known,
}

impl Default for UserRules {
    fn default() -> Self {
        Self {
            path: "/Users".into(),
            matching: vec!["externalId".into(), "userName".into(), "emails".into()],
            filters: vec!["externalId".into(), "userName".into()],
            page: 100,
            update: UpdateForm::Patch,
            patch: PatchDialect::default(),
            deactivate: Deactivation::default(),
            reactivate: Reactivation::Activate,
            delete: true,
            mail_on_create: Known::Unknown,
        }
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

/// How a resource is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UpdateForm {
    /// PATCH with only what changes (RFC 7644, 3.5.2).
    Patch,
    /// PUT of the present resource with our attributes replaced (RFC 7644, 3.5.1).
    Put,
}

/// How PATCH is to be worded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchDialect {
    /// `path`: one operation an attribute; `object`: one operation without a path, with an object.
    pub form: PatchForm,
    /// Does it take `emails[type eq "work"].value`? Else the whole list is replaced.
    pub valued_paths: bool,
    /// Operations in one request, at most.
    pub max_operations: usize,
}

impl Default for PatchDialect {
    fn default() -> Self {
        Self {
            form: PatchForm::Path,
            valued_paths: true,
            max_operations: 100,
        }
    }
}

/// The shape of a PATCH operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PatchForm {
    /// `{"op":"replace","path":"title","value":"…"}`
    Path,
    /// `{"op":"replace","value":{"title":"…"}}`
    Object,
}

/// What switching an account off really does at this app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deactivation {
    /// `active: false` suspends; everything is kept.
    #[default]
    Suspends,
    /// `active: false` suspends and takes the `userName` away, so that a look-up misses it.
    FreesUserName,
    /// `active: false` destroys the account: counts as a deletion.
    Deletes,
}

/// What a return of a person does at this app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reactivation {
    /// `active: true` brings the account back.
    #[default]
    Activate,
    /// A new account has to be made; the old one stays as it is.
    Create,
    /// Neither: a person has to decide.
    Refuse,
}

/// What an app does with groups.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupRules {
    /// Does it have them, and what are they there?
    pub model: GroupModel,
    /// Where they are, below the base URL.
    pub path: String,
    /// Groups a page.
    pub page: u32,
    /// Members in one request, at most.
    pub chunk: usize,
    /// Does it show the members of a group?
    pub members_readable: bool,
    /// Is the `externalId` of a group kept?
    pub external_id: bool,
    /// How a member is taken out.
    pub remove: MemberRemoval,
    /// May a group be deleted?
    pub delete: bool,
}

impl Default for GroupRules {
    fn default() -> Self {
        Self {
            model: GroupModel::Groups,
            path: "/Groups".into(),
            page: 100,
            chunk: 100,
            members_readable: true,
            external_id: true,
            remove: MemberRemoval::Filter,
            delete: true,
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
}

/// How a member is taken out of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberRemoval {
    /// `remove`, path `members[value eq "id"]`, one operation a member (RFC 7644, 3.5.2.2).
    Filter,
    /// `remove`, path `members`, with a list of values: outside the RFC, but common.
    List,
}

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

impl Profile {
    /// The rule for an attribute, if the app takes it.
    #[must_use]
    pub fn rule(&self, name: &AttrName) -> Option<&AttributeRule> {
        self.attributes.get(name)
    }

    /// Does the app have groups?
    #[must_use]
    pub fn has_groups(&self) -> bool {
        match self.groups.model {
            GroupModel::None => false,
            GroupModel::Groups | GroupModel::Roles => true,
        }
    }

    /// Must this attribute keep a value: required, or one that accounts are found by?
    #[must_use]
    pub fn is_indispensable(&self, name: &AttrName) -> bool {
        self.users.matching.first() == Some(name)
            || name.as_str() == "userName"
            || self
                .rule(name)
                .is_some_and(|rule| rule.required != Required::No)
    }
}
