//! The config: YAML in, a checked [`Config`] out, or every problem at once.
//!
//! Promises that a `Config` which exists can be run: every name resolves, every expression compiles,
//! every profile is whole. Leaves to `check` what needs the world: files, secrets, apps.

mod addresses;
mod assignments;
mod auth;
mod document;
mod expressions;
mod findings;
mod load;
mod mappings;
mod names;
mod node;
mod place;
mod policies;
mod problems;
pub mod profile;
mod raw;
mod redaction;
mod scalar;
pub mod schema;
mod shape;
mod sources;
mod targets;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;
use url::Url;

use crate::core::key::{SourceName, TargetName};
use crate::core::rules::Rules;
pub use crate::http::token::ClientAuth;
use crate::secret::SecretRef;
use crate::store::Journaling;

pub use addresses::parse as address;
pub use load::{check, load};
pub use problems::{ConfigProblem, Problems};

/// A checked config.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// The state directory.
    pub state: PathBuf,
    /// What the lines of the journal say.
    pub journal: Journaling,
    /// The sources, by name.
    pub sources: BTreeMap<SourceName, SourceConfig>,
    /// The targets, by name.
    pub targets: BTreeMap<TargetName, TargetConfig>,
}

/// A source.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceConfig {
    /// How long somebody must be missing before it counts, where the source cannot be asked.
    pub absent_for: Duration,
    /// What kind of source, with its settings.
    pub kind: SourceKind,
}

/// The kinds of source.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceKind {
    /// One or two files.
    File(crate::source::file::FileConfig),
}

/// A target.
#[derive(Clone, Debug)]
pub struct TargetConfig {
    /// The profile's name.
    pub connector: String,
    /// What decides about it.
    pub rules: Rules,
    /// Where each key of the effective profile comes from: `scim`, `trotto`, `override`; by dotted
    /// path. A key that is not in here has its default.
    pub origins: BTreeMap<String, String>,
    /// Where the app is; paths of the profile are joined to it.
    pub base_url: Url,
    /// How we prove who we are.
    pub auth: AuthConfig,
    /// A private CA to trust, besides the system's.
    pub ca: Option<PathBuf>,
    /// A file of accounts and groups that the sandbox copy begins with.
    pub sandbox_accounts: Option<PathBuf>,
    /// Examples of the mapping, run by `check`.
    pub tests: Vec<MappingTest>,
}

/// How we prove who we are.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthConfig {
    /// A fixed token.
    Bearer(SecretRef),
    /// OAuth2 client credentials.
    Oauth2(Oauth2Config),
}

/// OAuth2 client credentials (RFC 6749, 4.4).
#[derive(Clone, Debug, PartialEq)]
pub struct Oauth2Config {
    /// Where tokens are had.
    pub token_url: Url,
    /// Who we are.
    pub client_id: SecretRef,
    /// The proof.
    pub client_secret: SecretRef,
    /// How the client proves itself there.
    pub client_auth: ClientAuth,
    /// The scopes to ask for; none: none is sent.
    pub scopes: Vec<String>,
    /// The `audience` to ask for.
    pub audience: Option<String>,
    /// Further form fields.
    pub extra: BTreeMap<String, String>,
}

/// An example of the mapping, run by `check`.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingTest {
    /// The user, by key or label.
    pub user: String,
    /// What the attributes must be; `null`: no value.
    pub expect: BTreeMap<String, Json>,
    /// The line of the config it stands in.
    pub line: u64,
}
