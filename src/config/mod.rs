//! The config: YAML in, a checked [`Config`] out, or every problem at once.
//!
//! Promises that a `Config` which exists can be run: every name resolves, every expression compiles,
//! every profile is whole. Leaves to `check` what needs the world: files, secrets, apps.

mod addresses;
mod assignments;
mod auth;
mod connection;
mod control;
mod document;
mod expressions;
mod findings;
mod ldap;
mod listen;
mod load;
mod log;
mod mappings;
mod names;
mod node;
mod notify;
mod oauth2;
mod place;
mod policies;
mod problems;
pub mod profile;
mod raw;
mod redaction;
mod remarks;
mod roster;
mod scalar;
pub mod schema;
mod shape;
mod sources;
mod targets;
mod words;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;
use jiff::civil::Date;
use serde_json::Value as Json;
use url::Url;

use crate::core::key::{SourceName, TargetName};
use crate::core::roster::Joint;
use crate::core::rules::Rules;
pub use crate::http::token::ClientAuth;
use crate::secret::SecretRef;
use crate::store::Journaling;

pub use addresses::parse as address;
pub use control::{Control, find as control_socket};
pub use listen::ReadyConfig;
pub use load::{check, load};
pub use log::{LogConfig, LogFormat, LogLevel};
pub use notify::{
    ChannelConfig, MailConfig, MailTls, NotifyConfig, WebhookFormat, WebhookUrl, webhook_url,
};
pub use problems::{ConfigProblem, Problems};
pub use remarks::{Remark, remarks};

/// A checked config.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// Every file that it was made of, itself included.
    pub files: Vec<PathBuf>,
    /// The state directory.
    pub state: PathBuf,
    /// What the lines of the journal say.
    pub journal: Journaling,
    /// What is written into the log.
    pub log: LogConfig,
    /// Where monitoring is answered, if anywhere.
    pub listen: Option<SocketAddr>,
    /// How old things may be before the daemon says that it is not ready.
    pub ready: ReadyConfig,
    /// Who is told when something needs a person.
    pub notify: Vec<NotifyConfig>,
    /// Where commands reach the daemon, and who may.
    pub control: Control,
    /// The sources, by name.
    pub sources: BTreeMap<SourceName, SourceConfig>,
    /// How the sources become one roster; `None`: they stand side by side.
    pub joint: Option<Joint>,
    /// The targets, by name.
    pub targets: BTreeMap<TargetName, TargetConfig>,
}

/// A source.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceConfig {
    /// How long somebody must be missing before it counts, where the source cannot be asked.
    pub absent_for: Duration,
    /// Does the daemon listen to it for changes?
    pub watch: bool,
    /// How often the daemon reads all of it again, whatever it heard.
    pub full_read_every: Duration,
    /// What kind of source, with its settings.
    pub kind: SourceKind,
}

/// The kinds of source.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceKind {
    /// One or two files.
    File(crate::source::file::FileConfig),
    /// A directory server. Boxed, since it holds much more than the other kinds.
    Ldap(Box<crate::source::ldap::LdapConfig>),
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
    /// The day on which our credential ends, if somebody wrote it down.
    pub expires: Option<Date>,
    /// The certificates of the connection.
    pub tls: TlsConfig,
    /// Through which proxy it goes.
    pub proxy: ProxyConfig,
    /// A file of accounts and groups that the sandbox copy begins with.
    pub sandbox_accounts: Option<PathBuf>,
    /// Examples of the mapping, run by `check`.
    pub tests: Vec<MappingTest>,
    /// When the daemon does something about it.
    pub rhythm: Rhythm,
}

/// When the daemon does something about a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// What is known is compared with the sources so often, whatever is heard.
    pub every: Duration,
    /// The app itself is read so often.
    pub audit_every: Duration,
    /// The time between two requests of such a reading, at least.
    pub audit_pause: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            every: Duration::from_mins(15),
            audit_every: Duration::from_hours(7 * 24),
            audit_pause: Duration::from_secs(1),
        }
    }
}

/// How we prove who we are.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthConfig {
    /// Fixed tokens, at least one, in the order in which they are tried.
    Bearer(Vec<SecretRef>),
    /// A user name and a password.
    Basic {
        /// The user name.
        username: SecretRef,
        /// Its password.
        password: SecretRef,
    },
    /// A secret in a header of the app's own.
    Header {
        /// The header.
        name: HeaderName,
        /// Its value.
        value: SecretRef,
    },
    /// A token of an OAuth2 server.
    Oauth2(Box<Oauth2Config>),
}

impl AuthConfig {
    /// Every secret that it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<&SecretRef> {
        match self {
            Self::Bearer(tokens) => tokens.iter().collect(),
            Self::Basic { username, password } => vec![username, password],
            Self::Header { value, .. } => vec![value],
            Self::Oauth2(oauth2) => oauth2.secrets(),
        }
    }
}

/// The certificates of a connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TlsConfig {
    /// A private CA to trust, besides the system's.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key, for an app that asks for one.
    pub client: Option<(PathBuf, SecretRef)>,
}

/// Through which proxy a target is reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ProxyConfig {
    /// As the environment says.
    #[default]
    Environment,
    /// None.
    Direct,
    /// This one.
    Through {
        /// Where it is.
        url: Url,
        /// User name and password for it.
        login: Option<(SecretRef, SecretRef)>,
    },
}

/// A token of an OAuth2 server (RFC 6749).
#[derive(Clone, Debug, PartialEq)]
pub struct Oauth2Config {
    /// Where tokens are had.
    pub token_url: Url,
    /// Who we are.
    pub client_id: SecretRef,
    /// The proof; a public client has none.
    pub client_secret: Option<SecretRef>,
    /// How the client proves itself there.
    pub client_auth: ClientAuth,
    /// What is shown for a token.
    pub grant: GrantConfig,
    /// The scopes to ask for; none: none is sent.
    pub scopes: Vec<String>,
    /// The `audience` to ask for.
    pub audience: Option<String>,
    /// Further form fields.
    pub extra: BTreeMap<String, FieldConfig>,
}

impl Oauth2Config {
    /// Every secret that it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<&SecretRef> {
        let mut secrets = vec![&self.client_id];
        secrets.extend(&self.client_secret);
        match &self.grant {
            GrantConfig::Password { username, password } => secrets.extend([username, password]),
            GrantConfig::RefreshToken { first } => secrets.push(first),
            GrantConfig::ClientCredentials
            | GrantConfig::AuthorizationCode { .. }
            | GrantConfig::Vendor(_) => {}
        }
        secrets.extend(self.extra.values().filter_map(|field| match field {
            FieldConfig::Text(_) => None,
            FieldConfig::Secret(secret) => Some(secret),
        }));
        secrets
    }
}

/// What is shown for a token.
#[derive(Clone, Debug, PartialEq)]
pub enum GrantConfig {
    /// Who the client is (RFC 6749, 4.4).
    ClientCredentials,
    /// The password of a service account (RFC 6749, 4.3).
    Password {
        /// The account.
        username: SecretRef,
        /// Its password.
        password: SecretRef,
    },
    /// A refresh token (RFC 6749, 6).
    RefreshToken {
        /// The first one; those that follow are kept in the state.
        first: SecretRef,
    },
    /// The consent of a person (RFC 6749, 4.1).
    AuthorizationCode {
        /// Where they consent.
        authorize_url: Url,
        /// Where they are sent back to, if the server wants one that it knows.
        redirect_uri: Option<Url>,
    },
    /// A grant of the vendor's own.
    Vendor(String),
}

/// A further form field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldConfig {
    /// A text.
    Text(String),
    /// Where a secret is kept.
    Secret(SecretRef),
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
