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
use super::listen::RawReady;
use super::log::RawLog;
use super::notify::RawNotify;
use super::words::{
    Day, Often, RawAssign, RawBearer, RawBind, RawField, RawJoin, RawLeaver, RawLimit, RawListen,
    RawMapping, RawProtected, RawProxy, RawSecret, RawServers, Span,
};
use crate::core::attribute::AttrName;
use crate::core::features::{Feature, Features};
use crate::core::profile::Profile;
use crate::core::rules::{Adopt, Drift, GroupGone, Returns, UnassignedUnlinked};
use crate::source::ldap::{Depth, Dialect, Form};
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
    /// What is written into the log.
    pub log: RawLog,
    /// Where `run` answers monitoring; nowhere unless said.
    pub listen: Option<RawListen>,
    /// How old things may be before `/readyz` says no.
    pub ready: RawReady,
    /// Who is told when something needs a person.
    pub notify: Vec<RawNotify>,
    /// Where commands reach the daemon, and who may.
    pub control: RawControl,
    /// A folder of further connectors, `<name>.yaml`; one with the name of a shipped one replaces it.
    pub connectors: Option<PathBuf>,
    /// The authoritative directories, by a name of your own.
    #[schemars(required)]
    pub sources: Option<BTreeMap<String, RawSource>>,
    /// How several sources become one roster; unless it is there, they stand side by side, and two
    /// that hold one person are two people.
    pub roster: Option<RawRoster>,
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

/// Where commands reach the daemon, and who may.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawControl {
    /// The socket; `control` in the state directory unless said otherwise, where only the owner of
    /// the state comes to.
    pub socket: Option<PathBuf>,
    /// The group of the system whose members may use it, besides the owner; none unless said.
    pub group: Option<String>,
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
    /// Users and groups of an LDAP server.
    pub ldap: Option<RawLdap>,
    /// How long somebody must be missing, in two whole readings at least, before it counts; `10m`
    /// unless said otherwise.
    pub absent_for: Option<Span>,
    /// May the daemon listen to the source, and act within a second on what it hears; `true` unless
    /// said otherwise.
    pub watch: Option<bool>,
    /// How often the daemon reads all of it again, whatever it heard; `6h` unless said otherwise.
    pub full_read_every: Option<Span>,
}

/// How several sources become one roster.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["join", "from"]))]
pub struct RawRoster {
    /// What the rows of one person have in common: an expression over a user, or one for each source.
    #[schemars(required)]
    pub join: Option<RawJoin>,
    /// Every source, the one that speaks first first: the first that holds a person, of those that
    /// bring people, says whether the person is there.
    #[schemars(required)]
    pub from: Option<Vec<String>>,
    /// The sources that bring people; whoever is only in the others is none of ours. The first of
    /// `from` unless said otherwise.
    pub people: Option<Vec<String>>,
    /// Who speaks for an attribute, first to last; sources that are not named say nothing of it. The
    /// order of `from` unless said otherwise.
    pub attributes: BTreeMap<String, Vec<String>>,
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

/// Users and groups of an LDAP server: OpenLDAP, Active Directory, 389, FreeIPA.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["url", "bind", "users"]))]
pub struct RawLdap {
    /// The server: `ldaps://HOST`, `ldap://HOST`, `ldapi://%2Fpath%2Fof%2Fsocket`; or a list of
    /// servers that hold the same directory, tried in this order.
    #[schemars(required)]
    pub url: Option<RawServers>,
    /// Turn on TLS on an `ldap://` line before anything else is said.
    pub starttls: bool,
    /// A private CA to trust besides the system's: a PEM file.
    pub ca: Option<PathBuf>,
    /// The certificate that rollcall shows: a PEM file, its issuers after it.
    pub client_cert: Option<PathBuf>,
    /// Where the key of that certificate is kept: PEM, without a passphrase.
    pub client_key: Option<RawSecret>,
    /// Who rollcall is there.
    #[schemars(required)]
    pub bind: Option<RawBind>,
    /// Send the password although the line is not encrypted.
    pub plain_text: bool,
    /// What kind of server it is; `auto`, unless said otherwise: it is asked.
    pub dialect: RawDialect,
    /// Where the users are.
    #[schemars(required)]
    pub users: Option<RawLdapUsers>,
    /// Where the groups are; none are read unless said.
    pub groups: Option<RawLdapGroups>,
    /// So many entries are asked for at a time; `500` unless said otherwise, `0`: all at once.
    pub page: Option<u16>,
    /// How long connecting may take, and each answer; `30s` unless said otherwise.
    pub timeout: Option<Span>,
    /// How often a server that does not tell of changes by itself is asked for them; `2s` on Active
    /// Directory and `15s` elsewhere unless said otherwise.
    pub poll: Option<Span>,
}

/// A name and a password.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["dn", "password"]))]
pub struct RawBindBlock {
    /// The name: a DN; on Active Directory also `user@domain`.
    #[schemars(required)]
    pub dn: Option<String>,
    /// The proof.
    #[schemars(required)]
    pub password: Option<RawSecret>,
}

/// What kind of LDAP server it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawDialect {
    /// The server is asked.
    #[default]
    Auto,
    /// OpenLDAP: key `entryUUID`; off by `pwdAccountLockedTime` for good, or `shadowExpire`.
    #[serde(rename = "openldap")]
    OpenLdap,
    /// Active Directory, Samba: key `objectGUID`; off by `userAccountControl` or `accountExpires`.
    Ad,
    /// 389 or Red Hat Directory Server: key `nsUniqueId`; off by `nsAccountLock` or `shadowExpire`.
    Rhds,
    /// FreeIPA: key `ipaUniqueID`; off by `nsAccountLock`.
    #[serde(rename = "freeipa")]
    FreeIpa,
    /// Any other: key `entryUUID`; off by any of the attributes above but those of Active Directory.
    Other,
}

/// How deep a search goes.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawScope {
    /// Everything below the base.
    #[default]
    Sub,
    /// What stands right below the base.
    One,
    /// The base alone.
    Base,
}

/// Where the users of an LDAP server are, and what their attributes are called.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["base"]))]
pub struct RawLdapUsers {
    /// The DN to search from.
    #[schemars(required)]
    pub base: Option<String>,
    /// Which entries are users; `(objectClass=inetOrgPerson)` unless said otherwise (389, FreeIPA:
    /// `(objectClass=person)`; Active Directory: `(&(objectCategory=person)(objectClass=user))`).
    pub filter: Option<String>,
    /// How deep; `sub` unless said otherwise.
    pub scope: RawScope,
    /// The attribute that names a user for ever; as the dialect does unless said otherwise.
    pub key: Option<String>,
    /// The attribute that an admin calls a user by; `uid` unless said otherwise (Active Directory:
    /// `sAMAccountName`).
    pub label: Option<String>,
    /// The attribute that holds the DN of the manager; `manager` unless said otherwise.
    pub manager: Option<String>,
    /// Who is switched off: an expression, or an attribute whose value is `true`, `yes` or `1`; as
    /// the dialect does unless said otherwise.
    pub disabled: Option<String>,
    /// Attributes to read although no expression asks for them.
    pub attributes: Vec<String>,
}

/// Where the groups of an LDAP server are, and what their attributes are called.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["base"]))]
pub struct RawLdapGroups {
    /// The DN to search from.
    #[schemars(required)]
    pub base: Option<String>,
    /// Which entries are groups; `groupOfNames`, `groupOfUniqueNames` and `posixGroup` unless said
    /// otherwise (Active Directory: `group`).
    pub filter: Option<String>,
    /// How deep; `sub` unless said otherwise.
    pub scope: RawScope,
    /// The attribute that names a group for ever; as the dialect does unless said otherwise.
    pub key: Option<String>,
    /// The attribute that holds the name of a group; `cn` unless said otherwise.
    pub name: Option<String>,
    /// The attribute that holds the members (`form: member_of`: the groups of a user); as the form
    /// does unless said otherwise.
    pub member: Option<String>,
    /// How members are written; `auto` unless said otherwise.
    pub form: RawForm,
}

/// How the members of a group are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawForm {
    /// As a group has them: DNs or login names.
    #[default]
    Auto,
    /// DNs in the group: `member`, `uniqueMember`.
    GroupOfNames,
    /// Login names in the group: `memberUid`.
    Posix,
    /// DNs of groups in the user: `memberOf`.
    MemberOf,
}

/// An app.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["connector", "auth", "assign"]))]
pub struct RawTarget {
    /// What kind of app it is; `rollcall connectors` lists them, `scim` is any plain SCIM 2.0 app.
    #[schemars(required)]
    pub connector: Option<String>,
    /// Where its SCIM service is, without `/Users`. Needed unless the connector knows it.
    pub base_url: Option<String>,
    /// How rollcall proves who it is.
    #[schemars(required)]
    pub auth: Option<RawAuth>,
    /// Who gets an account.
    #[schemars(required)]
    pub assign: Option<RawAssign>,
    /// What an account holds: attribute → expression. Goes over the mapping of the connector.
    pub mapping: BTreeMap<AttrName, RawMapping>,
    /// What rollcall may do in the app; what is off is shown as skipped.
    pub features: RawFeatures,
    /// Which groups are pushed.
    pub groups: RawGroups,
    /// What happens to accounts of people who are out.
    pub leavers: RawLeavers,
    /// What happens with the account of somebody who is back; as the app does it unless said
    /// otherwise.
    pub reactivate: Option<RawReturns>,
    /// How much may change in 24 hours before a person is asked.
    pub guard: RawGuard,
    /// What happens with an account that already belongs to a user.
    pub adopt: Option<RawAdopt>,
    /// What happens with the account of a user who is not assigned, where we never linked it.
    pub unassigned_unlinked: Option<RawUnassignedUnlinked>,
    /// What happens with values that somebody changed in the app.
    pub drift: Option<RawDrift>,
    /// Accounts and users that are never touched, by `userName`, id, key or label; or by an expression
    /// over the user: { when: … }.
    pub protected: Vec<RawProtected>,
    /// How often the daemon compares what is known with the sources again, whatever it heard; `15m`
    /// unless said otherwise.
    pub every: Option<Span>,
    /// How the daemon looks at the app itself, for what somebody changed there.
    pub audit: RawAudit,
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

/// How the daemon looks at an app itself, for what somebody changed there.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawAudit {
    /// How often; `7d` unless said otherwise. It also looks once when it starts.
    pub every: Option<Span>,
    /// How many requests that may take; `1/s` unless said otherwise, and never more than the connector's
    /// rates allow.
    pub budget: Option<Often>,
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

/// Users whose accounts are never touched.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["when"]))]
pub struct RawProtectedBlock {
    /// An expression: those for whom it is true.
    #[schemars(required)]
    pub when: Option<String>,
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

/// What rollcall may do in an app; all of it unless said otherwise.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub struct RawFeatures {
    /// Make accounts.
    pub create: bool,
    /// Change values of accounts.
    pub update: bool,
    /// Switch accounts off.
    pub deactivate: bool,
    /// Switch accounts on.
    pub reactivate: bool,
    /// Delete accounts, by whatever request.
    pub delete: bool,
    /// Write groups and their members.
    pub groups: bool,
}

impl Default for RawFeatures {
    fn default() -> Self {
        Self {
            create: true,
            update: true,
            deactivate: true,
            reactivate: true,
            delete: true,
            groups: true,
        }
    }
}

/// What happens with the account of somebody who is back, if it is switched off.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawReturns {
    /// It stays off, and a new one is made.
    Create,
    /// It is switched on again.
    Link,
    /// A person is asked.
    Refuse,
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

impl From<RawDialect> for Option<Dialect> {
    fn from(raw: RawDialect) -> Self {
        match raw {
            RawDialect::Auto => None,
            RawDialect::OpenLdap => Some(Dialect::OpenLdap),
            RawDialect::Ad => Some(Dialect::Ad),
            RawDialect::Rhds => Some(Dialect::Rhds),
            RawDialect::FreeIpa => Some(Dialect::FreeIpa),
            RawDialect::Other => Some(Dialect::Other),
        }
    }
}

impl From<RawScope> for Depth {
    fn from(raw: RawScope) -> Self {
        match raw {
            RawScope::Sub => Self::Subtree,
            RawScope::One => Self::One,
            RawScope::Base => Self::Base,
        }
    }
}

impl From<RawForm> for Form {
    fn from(raw: RawForm) -> Self {
        match raw {
            RawForm::Auto => Self::Auto,
            RawForm::GroupOfNames => Self::GroupOfNames,
            RawForm::Posix => Self::Posix,
            RawForm::MemberOf => Self::MemberOf,
        }
    }
}

impl From<RawGroupGone> for GroupGone {
    fn from(raw: RawGroupGone) -> Self {
        match raw {
            RawGroupGone::Unlink => Self::Unlink,
            RawGroupGone::Delete => Self::Delete,
        }
    }
}

impl From<RawFeatures> for Features {
    fn from(raw: RawFeatures) -> Self {
        let is_on = |feature: &Feature| match feature {
            Feature::Create => raw.create,
            Feature::Update => raw.update,
            Feature::Deactivate => raw.deactivate,
            Feature::Reactivate => raw.reactivate,
            Feature::Delete => raw.delete,
            Feature::Groups => raw.groups,
        };
        Self::without(Feature::ALL.into_iter().filter(|feature| !is_on(feature)))
    }
}

impl From<RawReturns> for Returns {
    fn from(raw: RawReturns) -> Self {
        match raw {
            RawReturns::Create => Self::Create,
            RawReturns::Link => Self::Link,
            RawReturns::Refuse => Self::Refuse,
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
