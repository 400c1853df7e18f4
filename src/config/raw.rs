//! The config as it is written: the shapes that serde reads and the JSON Schema is made from.
//!
//! Promises that each key is documented here, once, for editors and people. Every key may be absent
//! as far as these shapes go, so that one that lacks hides no other mistake. Leaves every rule that
//! spans more than one key to the checks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::ClientAuth;
use super::words::{
    Day, RawAssign, RawBearer, RawField, RawLeaver, RawLimit, RawMapping, RawProxy, RawSecret, Span,
};
use crate::core::attribute::AttrName;
use crate::core::profile::Profile;
use crate::core::rules::{Adopt, Drift, GroupGone, UnassignedUnlinked};
use crate::store::Journaling;

/// The config of rollcall. Relative paths count from the folder of this file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "rollcall config", extend("required" = ["sources", "targets"]))]
pub struct RawConfig {
    /// Where links, holds and the journal are kept.
    pub state: RawState,
    /// What the lines of the journal say.
    pub journal: RawJournal,
    /// A folder of further connectors, `<name>.yaml`; one with the name of a shipped one replaces it.
    pub connectors: Option<PathBuf>,
    /// The authoritative directories, by a name of your own.
    #[schemars(required)]
    pub sources: Option<BTreeMap<String, RawSource>>,
    /// The apps, by a name of your own.
    #[schemars(required)]
    pub targets: Option<BTreeMap<String, RawTarget>>,
}

/// Where links, holds and the journal are kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawState {
    /// The folder; `/var/lib/rollcall` unless said otherwise.
    pub dir: Option<PathBuf>,
}

/// What the lines of the journal say.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawJournal {
    /// The old and new values of attributes too, each cut at 300 characters, but never those that the
    /// app does not show or that sound like a secret; `false` unless said otherwise.
    pub values: Option<bool>,
    /// What people are called; `true` unless said otherwise. With `false` a line has only the keys of
    /// the source, and no text of a refusal, which may name people. Values name them all the same.
    pub labels: Option<bool>,
}

impl RawJournal {
    pub(super) fn checked(&self) -> Journaling {
        let usual = Journaling::default();
        Journaling {
            values: self.values.unwrap_or(usual.values),
            labels: self.labels.unwrap_or(usual.labels),
        }
    }
}

/// An authoritative directory: one kind, with its settings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawSource {
    /// Users and groups from one or two files.
    pub file: Option<RawFile>,
    /// How long somebody must be missing, in two whole readings at least, before it counts; `10m`
    /// unless said otherwise.
    pub absent_for: Option<Span>,
}

/// Users and groups from one or two files.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["users"]))]
pub struct RawFile {
    /// Users, or users and groups: `.yaml`, `.json`, `.csv` or `.ldif`.
    #[schemars(required)]
    pub users: Option<PathBuf>,
    /// Groups, when they are in a file of their own (always so for CSV).
    pub groups: Option<PathBuf>,
    /// The attribute that names a user for ever; never a name or an e-mail. `key` unless said
    /// otherwise (LDIF: `entryUUID`).
    pub key: Option<String>,
    /// The same for a group.
    pub group_key: Option<String>,
    /// The attribute whose value `true`, `yes` or `1` switches a user off; `disabled` unless said
    /// otherwise.
    pub disabled: Option<String>,
    /// The attribute that holds the key of the manager; `manager` unless said otherwise.
    pub manager: Option<String>,
    /// The attribute that an admin calls a user by; `uid` unless said otherwise.
    pub label: Option<String>,
}

/// An app.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["connector", "base_url", "auth", "assign"]))]
pub struct RawTarget {
    /// What kind of app it is; `rollcall connectors` lists them, `scim` is any plain SCIM 2.0 app.
    #[schemars(required)]
    pub connector: Option<String>,
    /// Where its SCIM service is, without `/Users`.
    #[schemars(required)]
    pub base_url: Option<String>,
    /// How rollcall proves who it is.
    #[schemars(required)]
    pub auth: Option<RawAuth>,
    /// Who gets an account.
    #[schemars(required)]
    pub assign: Option<RawAssign>,
    /// What an account holds: attribute → expression. Goes over the mapping of the connector.
    pub mapping: BTreeMap<AttrName, RawMapping>,
    /// Which groups are pushed.
    pub groups: RawGroups,
    /// What happens to accounts of people who are out.
    pub leavers: RawLeavers,
    /// How much may change in 24 hours before a person is asked.
    pub guard: RawGuard,
    /// What happens with an account that already belongs to a user.
    pub adopt: Option<RawAdopt>,
    /// What happens with the account of a user who is not assigned, where we never linked it.
    pub unassigned_unlinked: Option<RawUnassignedUnlinked>,
    /// What happens with values that somebody changed in the app.
    pub drift: Option<RawDrift>,
    /// Accounts and users that are never touched, by `userName`, id, key or label.
    pub protected: Vec<String>,
    /// How the connection is secured.
    pub tls: RawTls,
    /// Through which proxy it goes; by `HTTPS_PROXY` and `NO_PROXY` of the environment unless said
    /// otherwise, and then never for loopback.
    pub proxy: Option<RawProxy>,
    /// What differs from the connector at this site: any of its keys.
    #[serde(rename = "override")]
    pub over: Option<Profile>,
    /// The copy of the app that `--sandbox` makes.
    pub sandbox: RawSandbox,
    /// Examples of the mapping, run by `rollcall check`.
    pub tests: Vec<RawTest>,
}

/// How rollcall proves who it is: one of the ways, and until when it is good.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("oneOf" = [
    { "required": ["bearer"] },
    { "required": ["basic"] },
    { "required": ["header"] },
    { "required": ["oauth2"] },
]))]
pub struct RawAuth {
    /// A fixed token; or two, of which the second is used when the first is refused.
    pub bearer: Option<RawBearer>,
    /// A user name and a password.
    pub basic: Option<RawBasic>,
    /// A secret in a header of the app's own.
    pub header: Option<RawHeader>,
    /// A token of an OAuth 2.0 server.
    pub oauth2: Option<RawOauth2>,
    /// The day on which the credential ends, `2027-01-31`: rollcall warns 30 days before.
    pub expires: Option<Day>,
}

/// A user name and a password.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["username", "password"]))]
pub struct RawBasic {
    /// The user name.
    #[schemars(required)]
    pub username: Option<RawSecret>,
    /// Its password.
    #[schemars(required)]
    pub password: Option<RawSecret>,
}

/// A secret in a header of the app's own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["name", "value"]))]
pub struct RawHeader {
    /// The header's name: `X-Api-Key`.
    #[schemars(required)]
    pub name: Option<String>,
    /// Its value.
    #[schemars(required)]
    pub value: Option<RawSecret>,
}

/// A token of an OAuth 2.0 server.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["token_url", "client_id"]))]
pub struct RawOauth2 {
    /// What is shown for a token: `client_credentials` (the default), `password`, `refresh_token`,
    /// `authorization_code`, or the name of a grant of the vendor's own.
    pub grant: Option<String>,
    /// Where tokens are had.
    #[schemars(required)]
    pub token_url: Option<String>,
    /// Who we are.
    #[schemars(required)]
    pub client_id: Option<RawSecret>,
    /// The proof; a public client has none.
    pub client_secret: Option<RawSecret>,
    /// How the client proves itself at the token URL; `basic` unless said otherwise.
    pub client_auth: ClientAuth,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// The `audience` to ask for.
    pub audience: Option<String>,
    /// Further form fields: texts, or references to secrets.
    pub extra: BTreeMap<String, RawField>,
    /// For `password`: the service account.
    pub username: Option<RawSecret>,
    /// For `password`: its password.
    pub password: Option<RawSecret>,
    /// For `refresh_token`: the first one; those that follow are kept in the state.
    pub refresh_token: Option<RawSecret>,
    /// For `authorization_code`: where a person consents.
    pub authorize_url: Option<String>,
    /// For `authorization_code`: where the server sends the person back to, if it wants one that it
    /// knows; a free port of this machine unless said otherwise.
    pub redirect_uri: Option<String>,
}

/// A proxy that speaks HTTP.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["url"]))]
pub struct RawProxyBlock {
    /// Where it is: `http://proxy.example.com:3128`.
    #[schemars(required)]
    pub url: Option<String>,
    /// Who we are to it.
    pub username: Option<RawSecret>,
    /// The password for it.
    pub password: Option<RawSecret>,
}

/// Who gets an account: the members of `groups` and `users`, less those for whom `when` is false.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawAssignBlock {
    /// Everybody, before `except`; as `assign: everyone`, with room for more.
    pub everyone: bool,
    /// Members of any of these groups, by name.
    pub groups: Vec<String>,
    /// These users, by key or label.
    pub users: Vec<String>,
    /// An expression: only those for whom it is true; alone, everybody for whom it is true.
    pub when: Option<String>,
    /// Never these.
    pub except: RawExcept,
    /// Values that come with a group; the first rule that fits counts.
    pub rules: Vec<RawAssignRule>,
}

/// Who never gets an account.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawExcept {
    /// Members of these groups, by name.
    pub groups: Vec<String>,
    /// These users, by key or label.
    pub users: Vec<String>,
}

/// Values that come with a group.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["groups", "set"]))]
pub struct RawAssignRule {
    /// Any of these groups, by name.
    pub groups: Vec<String>,
    /// Attribute → expression; goes over the mapping.
    pub set: BTreeMap<AttrName, String>,
}

/// An expression with more to say about it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["value"]))]
pub struct RawMappingBlock {
    /// The expression.
    #[schemars(required)]
    pub value: Option<String>,
    /// What follows when it gives nothing; `clear` unless said otherwise.
    pub when_empty: RawWhenEmpty,
}

/// What follows when an expression gives nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawWhenEmpty {
    /// The value in the app is cleared.
    #[default]
    Clear,
    /// The value in the app stays.
    Keep,
}

/// Which groups are pushed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawGroups {
    /// Their names; `*` stands for any text.
    pub push: Vec<String>,
    /// What happens to a group that is not pushed any more; `unlink` unless said otherwise.
    pub gone: Option<RawGroupGone>,
}

/// What happens to a group that is not pushed any more.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawGroupGone {
    /// It stays in the app as it is, and rollcall forgets it.
    Unlink,
    /// It is deleted in the app.
    Delete,
}

/// What happens to accounts of people who are out, by why they are out; `deactivate` unless said
/// otherwise.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLeavers {
    /// Not assigned any more.
    pub unassigned: Option<RawLeaver>,
    /// Disabled in the source.
    pub disabled: Option<RawLeaver>,
    /// Gone from the source.
    pub deleted: Option<RawLeaver>,
}

/// A leaver in two steps.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLeaverSteps {
    /// Switch the account off after this long; `now` unless said otherwise.
    pub deactivate: Option<Span>,
    /// Delete it after this long; never unless said.
    pub delete: Option<Span>,
}

/// How much may change in 24 hours before a person is asked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawGuard {
    /// Accounts switched off or deleted; the larger of 10 and 5% unless said otherwise.
    pub leavers: Option<RawLimit>,
    /// Members taken out of one group; the larger of 10 and 30% unless said otherwise.
    pub members: Option<RawLimit>,
    /// Accounts changed; the larger of 50 and 50% unless said otherwise.
    pub updates: Option<RawLimit>,
}

/// The larger of a count and a share.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimitBlock {
    /// A share of what there is: `5%`.
    pub percent: Option<super::words::Percent>,
    /// So many, always.
    pub count: Option<usize>,
}

/// What happens with an account that already belongs to a user.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawAdopt {
    /// It is linked when exactly one account fits.
    Unique,
    /// A person is asked.
    Ask,
    /// A person has to link it.
    Never,
}

/// What happens with the account of a user who is not assigned, where we never linked it.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawUnassignedUnlinked {
    /// It is shown.
    Report,
    /// It is adopted and switched off.
    Deactivate,
}

/// What happens with values that somebody changed in the app.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawDrift {
    /// They are set right.
    Repair,
    /// They are shown.
    Report,
    /// Nothing.
    Ignore,
}

/// How the connection is secured.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawTls {
    /// A private CA to trust besides the system's: a PEM file.
    pub ca: Option<PathBuf>,
    /// Our own certificate, for an app that asks for one: a PEM file.
    pub client_cert: Option<PathBuf>,
    /// Its key, PEM.
    pub client_key: Option<RawSecret>,
}

/// The copy of the app that `--sandbox` makes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawSandbox {
    /// What it holds at first: a JSON file with `users` and `groups`, SCIM resources.
    pub accounts: Option<PathBuf>,
}

/// An example of the mapping.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["user", "expect"]))]
pub struct RawTest {
    /// The user, by key or label.
    #[schemars(required)]
    pub user: Option<String>,
    /// What attributes must come out; `null`: no value.
    pub expect: BTreeMap<AttrName, Json>,
}

impl From<RawGroupGone> for GroupGone {
    fn from(raw: RawGroupGone) -> Self {
        match raw {
            RawGroupGone::Unlink => Self::Unlink,
            RawGroupGone::Delete => Self::Delete,
        }
    }
}

impl From<RawAdopt> for Adopt {
    fn from(raw: RawAdopt) -> Self {
        match raw {
            RawAdopt::Unique => Self::Unique,
            RawAdopt::Ask => Self::Ask,
            RawAdopt::Never => Self::Never,
        }
    }
}

impl From<RawUnassignedUnlinked> for UnassignedUnlinked {
    fn from(raw: RawUnassignedUnlinked) -> Self {
        match raw {
            RawUnassignedUnlinked::Report => Self::Report,
            RawUnassignedUnlinked::Deactivate => Self::Deactivate,
        }
    }
}

impl From<RawDrift> for Drift {
    fn from(raw: RawDrift) -> Self {
        match raw {
            RawDrift::Repair => Self::Repair,
            RawDrift::Report => Self::Report,
            RawDrift::Ignore => Self::Ignore,
        }
    }
}

impl From<RawWhenEmpty> for crate::core::mapping::WhenEmpty {
    fn from(raw: RawWhenEmpty) -> Self {
        match raw {
            RawWhenEmpty::Clear => Self::Clear,
            RawWhenEmpty::Keep => Self::Keep,
        }
    }
}
