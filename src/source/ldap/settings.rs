//! The settings of an LDAP source.
//!
//! Promises that whatever stands here can be tried: addresses with a host, filters that parse,
//! passwords only over lines that hide them, or where somebody said that it is right. Leaves checking
//! that to the config.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::dialect::Dialect;
use crate::core::expression::Program;
use crate::secret::SecretRef;

/// The settings of an LDAP source.
#[derive(Clone, Debug, PartialEq)]
pub struct LdapConfig {
    /// The servers that hold the same directory, in the order they are tried.
    pub servers: Vec<Url>,
    /// Turn on TLS on an `ldap://` line before anything else is said (RFC 4511, 4.14).
    pub starttls: bool,
    /// A private CA to trust besides the system's: a PEM file.
    pub ca: Option<PathBuf>,
    /// The certificate that we show.
    pub client: Option<ClientCertificate>,
    /// Who we are.
    pub bind: Bind,
    /// What kind of server it is; `None`: it is asked.
    pub dialect: Option<Dialect>,
    /// Where the users are.
    pub users: UserSettings,
    /// Where the groups are, if any are wanted.
    pub groups: Option<GroupSettings>,
    /// So many entries a page at most, fewer where they are large; 0: no pages.
    pub page: u16,
    /// How long connecting may take, and each answer.
    pub timeout: Duration,
    /// How often a server that does not tell of changes is asked for them; `None`: as is usual for
    /// the way it is asked.
    pub poll: Option<Duration>,
    /// The attributes of users that expressions ask for.
    pub mapped: BTreeSet<String>,
}

/// A certificate and its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, its issuers after it.
    pub certificate: PathBuf,
    /// Where the key is kept.
    pub key: SecretRef,
}

/// Who we are (RFC 4513, 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bind {
    /// A name and a password.
    Simple {
        /// The name: a DN; on Active Directory also `user@domain`.
        dn: String,
        /// Where the password is kept.
        password: SecretRef,
    },
    /// Who the line says we are: by our certificate, or on `ldapi://` by our Unix account.
    External,
    /// Nobody.
    Anonymous,
}

/// Where something is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The DN to start from.
    pub base: String,
    /// Which entries (RFC 4515); `None`: as the dialect does.
    pub filter: Option<String>,
    /// How deep.
    pub scope: Depth,
}

/// How deep a search goes (RFC 4511, 4.5.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Everything below, and the base itself.
    #[default]
    Subtree,
    /// What stands right below the base.
    One,
    /// The base alone.
    Base,
}

/// Where the users are, and what their attributes are called.
#[derive(Clone, Debug, PartialEq)]
pub struct UserSettings {
    /// Where to search.
    pub branch: Branch,
    /// The attribute that names a user for ever; `None`: as the dialect does.
    pub key: Option<String>,
    /// The attribute that a person is called by; `None`: the login name.
    pub label: Option<String>,
    /// The attribute that holds the DN of the manager.
    pub manager: String,
    /// Who may not log in.
    pub disabled: Disabled,
    /// Attributes to read although no expression asks for them.
    pub attributes: BTreeSet<String>,
}

/// How it is known that somebody may not log in.
#[derive(Clone, Debug, PartialEq)]
pub enum Disabled {
    /// As the dialect does.
    Dialect,
    /// An attribute whose value is `true`, `yes` or `1`.
    Attribute(String),
    /// A condition over the user.
    Expression(Program),
}

/// Where the groups are, and what their attributes are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSettings {
    /// Where to search.
    pub branch: Branch,
    /// The attribute that names a group for ever; `None`: as the dialect does.
    pub key: Option<String>,
    /// The attribute that holds its name.
    pub name: String,
    /// The attribute that holds the members; `None`: as the form does.
    pub member: Option<String>,
    /// How members are written.
    pub form: Form,
}

/// How the members of a group are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// DNs or login names in the group, whichever it has.
    #[default]
    Auto,
    /// DNs in the group: `member`, `uniqueMember` (RFC 4519).
    GroupOfNames,
    /// Login names in the group: `memberUid` (RFC 2307).
    Posix,
    /// DNs of groups in the user: `memberOf`.
    MemberOf,
}

impl LdapConfig {
    /// The part that decides who is read. Pages, time-outs, how often we ask and what mappings ask
    /// for do not: a reading with others of those is as good as the one before.
    #[must_use]
    pub fn decisive(&self) -> Self {
        Self {
            page: 0,
            timeout: Duration::ZERO,
            poll: None,
            mapped: BTreeSet::new(),
            ..self.clone()
        }
    }

    /// Does the line to this server hide what is said?
    #[must_use]
    pub fn hides(&self, server: &Url) -> bool {
        match server.scheme() {
            "ldaps" | "ldapi" => true,
            _ => self.starttls,
        }
    }
}
