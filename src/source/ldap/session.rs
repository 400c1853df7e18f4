//! A line to a directory server: connected, bound, and knowing what server it is.
//!
//! Promises that servers are tried in their order, that no password is sent twice to servers which
//! share it, and that a server which speaks nonsense costs a reading and not the program: the driver
//! of the line panics on malformed frames, in a task of its own. Leaves searching to
//! [`super::search`].

use std::io::ErrorKind;
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, SearchOptions};
use tokio::task::JoinHandle;
use url::Url;

use super::dialect::Dialect;
use super::entry::Entry;
use super::failure::{because, code, refuse, unbound, unreached};
use super::root::{self, RootDse};
use super::settings::{Bind, Branch, Depth, LdapConfig};
use super::trust;
use crate::core::duration;
use crate::secret::Secret;
use crate::source::ReadError;

/// How long the end of a line may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A line to a server.
pub(super) struct Session {
    /// Sends requests.
    pub(super) ldap: Ldap,
    /// The server, without the path of its address.
    pub(super) server: String,
    /// What it says of itself.
    pub(super) root: RootDse,
    /// What kind it is.
    pub(super) dialect: Dialect,
    /// How long an answer may take.
    pub(super) timeout: Duration,
    driver: JoinHandle<Result<(), LdapError>>,
}

/// Why there is no line to one server.
enum Trouble {
    /// Another may be better.
    Unreached { reason: String, hint: String },
    /// Another would say the same.
    Refused(ReadError),
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        Self::Refused(error)
    }
}

impl Session {
    /// Reaches the first server that answers, and binds.
    ///
    /// # Errors
    /// When none can be reached, the bind is refused, or nobody knows what kind of server it is.
    pub(super) async fn open(config: &LdapConfig) -> Result<Self, ReadError> {
        let mut reasons = Vec::new();
        let mut last_hint = String::new();
        for server in &config.servers {
            match Self::reach(config, server).await {
                Ok(session) => return Ok(session),
                Err(Trouble::Refused(error)) => return Err(error),
                Err(Trouble::Unreached { reason, hint }) => {
                    reasons.push(format!("{}: {reason}", shown(server)));
                    last_hint = hint;
                }
            }
        }
        Err(refuse(reasons.join("; "), last_hint))
    }

    async fn reach(config: &LdapConfig, server: &Url) -> Result<Self, Trouble> {
        let (driver, ldap) = dial(config, server).await?;
        let mut session = Self {
            ldap,
            server: shown(server),
            root: RootDse::default(),
            dialect: config.dialect.unwrap_or(Dialect::Other),
            timeout: config.timeout,
            driver: tokio::spawn(driver.drive()),
        };
        session.bind(config).await?;
        session.identify(config).await?;
        Ok(session)
    }

    async fn bind(&mut self, config: &LdapConfig) -> Result<(), Trouble> {
        let password = password(&config.bind)?;
        self.ldap.with_timeout(self.timeout);
        let answer = match (&config.bind, &password) {
            (Bind::Simple { dn, .. }, Some(password)) => {
                self.ldap.simple_bind(dn, password.expose()).await
            }
            (Bind::External, _) => self.ldap.sasl_external_bind().await,
            (Bind::Simple { .. } | Bind::Anonymous, _) => self.ldap.simple_bind("", "").await,
        };
        let result = match answer {
            Ok(result) => result,
            Err(error) => return Err(self.silent(error).await),
        };
        match result.rc {
            code::SUCCESS => Ok(()),
            code::BUSY | code::UNAVAILABLE => Err(unavailable(&result)),
            _ => Err(unbound(config, &self.server, &result).into()),
        }
    }

    /// A server that went away while we said who we are: the next one may be there.
    async fn silent(&mut self, error: LdapError) -> Trouble {
        let ReadError { problem, hint, .. } = self.lost(error, "the bind").await;
        let reason = problem.trim_start_matches(&format!("{}: ", self.server));
        Trouble::Unreached {
            reason: reason.to_owned(),
            hint: hint.unwrap_or_default(),
        }
    }

    async fn identify(&mut self, config: &LdapConfig) -> Result<(), ReadError> {
        let attributes = root::ATTRIBUTES.map(str::to_owned);
        if let Found::Entry(entry) = self.find("", &attributes).await? {
            self.root = RootDse::of(&entry);
        }
        match config.dialect {
            Some(dialect) => self.dialect = dialect,
            None if self.root.is_silent() => {
                let problem = format!("{}: the server does not say what it is", self.server);
                let hint = "write `dialect`: openldap, ad, rhds, freeipa or other";
                return Err(refuse(problem, hint));
            }
            None => self.dialect = Dialect::detect(&self.root),
        }
        Ok(())
    }

    /// Reads one entry by its name.
    ///
    /// # Errors
    /// When the line breaks, or the server does not look.
    pub(super) async fn find(
        &mut self,
        dn: &str,
        attributes: &[String],
    ) -> Result<Found, ReadError> {
        let doing = if dn.is_empty() { "what it is" } else { dn };
        self.ldap.with_timeout(self.timeout);
        let (any, scope) = ("(objectClass=*)", Depth::Base.into());
        let answer = self.ldap.search(dn, scope, any, attributes.to_vec()).await;
        let ldap3::SearchResult(entries, result) = match answer {
            Ok(answer) => answer,
            Err(error) => return Err(self.lost(error, doing).await),
        };
        match result.rc {
            code::SUCCESS => {}
            code::NO_SUCH_OBJECT | code::INVALID_DN => return Ok(Found::Absent),
            code::INSUFFICIENT_ACCESS | code::REFERRAL => return Ok(Found::Hidden),
            _ => {
                let problem = format!(
                    "{}: {doing}: {}",
                    self.server,
                    super::failure::said(&result)
                );
                return Err(refuse(problem, "see the server's log for why"));
            }
        }
        match entries.into_iter().next() {
            None => Ok(Found::Hidden),
            Some(entry) => Entry::decode(entry.0)
                .map(Found::Entry)
                .ok_or_else(|| garbled(&self.server, doing)),
        }
    }

    /// One entry of those that a search would find, with one of its attributes; `None`: there is none.
    ///
    /// # Errors
    /// When the line breaks, or the server does not look.
    pub(super) async fn sample(
        &mut self,
        branch: &Branch,
        filter: &str,
        attribute: &str,
    ) -> Result<Option<Entry>, ReadError> {
        self.ldap.with_timeout(self.timeout);
        let one = SearchOptions::new().sizelimit(1);
        let (base, scope) = (branch.base.as_str(), branch.scope.into());
        let asked = self.ldap.with_search_options(one);
        let ldap3::SearchResult(entries, result) =
            match asked.search(base, scope, filter, [attribute]).await {
                Ok(answer) => answer,
                Err(error) => return Err(self.lost(error, base).await),
            };
        match result.rc {
            code::SUCCESS | code::SIZE_LIMIT => {
                let mut entries = entries.into_iter().filter(|entry| !entry.is_ref());
                Ok(entries.next().and_then(|entry| Entry::decode(entry.0)))
            }
            _ => {
                let said = super::failure::said(&result);
                let problem = format!("{}: {base}: {said}", self.server);
                Err(refuse(problem, "see the server's log for why"))
            }
        }
    }

    /// Why a line gave no more, while we were at `doing`.
    pub(super) async fn lost(&mut self, error: LdapError, doing: &str) -> ReadError {
        let place = format!("{}: {doing}", self.server);
        let again = "nothing is concluded from what came before it; the next run reads again";
        match error {
            LdapError::Timeout { .. } => {
                let waited = duration::print(self.timeout);
                let hint = "see why the server is slow, or raise `timeout`";
                refuse(format!("{place}: no answer for {waited}"), hint)
            }
            LdapError::EndOfStream
            | LdapError::ResultRecv { .. }
            | LdapError::OpSend { .. }
            | LdapError::IdScrubSend { .. } => {
                match tokio::time::timeout(LAST_WORDS, &mut self.driver).await {
                    // In the middle of a message; what the codec says of that means little.
                    Ok(Ok(Err(LdapError::Io { source }))) if source.kind() == ErrorKind::Other => {
                        refuse(format!("{place}: the connection was cut"), again)
                    }
                    Ok(Ok(Err(LdapError::Io { source }))) => {
                        because(format!("{place}: the connection was cut"), again, source)
                    }
                    Ok(Err(join)) if join.is_panic() => garbled(&self.server, doing),
                    Ok(Ok(_) | Err(_)) | Err(_) => {
                        refuse(format!("{place}: the server closed the connection"), again)
                    }
                }
            }
            other => because(
                format!("{place}: the search could not be sent"),
                again,
                other,
            ),
        }
    }

    /// Says goodbye; that it is not heard is no matter.
    pub(super) async fn close(mut self) {
        self.ldap.with_timeout(LAST_WORDS);
        self.ldap.unbind().await.ok();
    }
}

/// What is under a name.
pub(super) enum Found {
    /// An entry.
    Entry(Entry),
    /// Nothing.
    Absent,
    /// Something that we may not see.
    Hidden,
}

/// The failure of a server that does not speak LDAP.
pub(super) fn garbled(server: &str, doing: &str) -> ReadError {
    refuse(
        format!("{server}: {doing}: the server sent what is no answer of LDAP"),
        "check that `url` leads to a directory server; nothing is concluded from what came before it",
    )
}

async fn dial(config: &LdapConfig, server: &Url) -> Result<(LdapConnAsync, Ldap), Trouble> {
    let mut settings = LdapConnSettings::new();
    if server.scheme() == "ldaps" || config.starttls && server.scheme() == "ldap" {
        settings = settings
            .set_config(trust::client(config)?)
            .set_starttls(config.starttls);
    }
    let dialling = LdapConnAsync::from_url_with_settings(settings, server);
    match tokio::time::timeout(config.timeout, dialling).await {
        Ok(Ok(pair)) => Ok(pair),
        Ok(Err(error)) => {
            let (reason, hint) = unreached(&error);
            Err(Trouble::Unreached {
                reason,
                hint: hint.into(),
            })
        }
        Err(_) => Err(Trouble::Unreached {
            reason: format!("no connection within {}", duration::print(config.timeout)),
            hint: "check that host and port in `url` are right, and the way to them".into(),
        }),
    }
}

fn password(bind: &Bind) -> Result<Option<Secret>, ReadError> {
    let Bind::Simple { password, .. } = bind else {
        return Ok(None);
    };
    let secret = password.resolve().map_err(|cause| ReadError {
        problem: cause.to_string(),
        hint: None,
        cause: std::error::Error::source(&cause).map(|cause| cause.to_string().into()),
    })?;
    Ok(Some(secret))
}

fn unavailable(result: &LdapResult) -> Trouble {
    Trouble::Unreached {
        reason: format!("it is not available ({})", super::failure::said(result)),
        hint: "try again when the server is up".into(),
    }
}

/// The address of a server: scheme, host and port.
fn shown(server: &Url) -> String {
    server.as_str().trim_end_matches('/').to_owned()
}
