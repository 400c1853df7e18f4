//! Secrets that cannot print, and references to where they are kept.
//!
//! Promises that a secret is never in `Debug`, `Display`, JSON or an error. Leaves to the config
//! which references are there, and to the client how a secret is sent.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A secret in memory; wiped when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a text into keeping.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself: only for the place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// A systemd credential (`LoadCredential=`): the file of that name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// A file that only its owner may read.
    File(PathBuf),
    /// A variable of the environment.
    Env(String),
}

/// Why a secret could not be had. Never holds the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file is not there or cannot be read.
    #[error("the secret file {path} cannot be read")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file can be read by others.
    #[error(
        "the secret file {path} can be read by others (mode {mode:04o}); run: chmod 600 {path}"
    )]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There is nothing in it.
    #[error("the secret {place} is empty")]
    Empty {
        /// Which one.
        place: String,
    },
    /// A credential was asked for, but the program does not run under systemd.
    #[error(
        "the credential {name} cannot be read: $CREDENTIALS_DIRECTORY is not set; \
         run under systemd with LoadCredential={name}:…, or use {{ file: … }}"
    )]
    NoCredentials {
        /// Which one.
        name: String,
    },
    /// The variable is not set.
    #[error("the environment variable {name} is not set")]
    Unset {
        /// Which one.
        name: String,
    },
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(name) => write!(f, "credential {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
        }
    }
}

impl SecretRef {
    /// Fetches the secret; a line end at its end is dropped.
    ///
    /// # Errors
    /// Says which place failed and what to do.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        let text = match self {
            Self::Credential(name) => read(&credential(name)?, &Others::Trusted)?,
            Self::File(path) => read(path, &Others::Refused)?,
            Self::Env(name) => {
                std::env::var(name).map_err(|_| SecretError::Unset { name: name.clone() })?
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(SecretError::Empty {
                place: self.to_string(),
            });
        }
        Ok(Secret::new(text))
    }
}

fn credential(name: &str) -> Result<PathBuf, SecretError> {
    std::env::var_os("CREDENTIALS_DIRECTORY")
        .map(|folder| Path::new(&folder).join(name))
        .ok_or_else(|| SecretError::NoCredentials { name: name.into() })
}

/// Whether the permissions of a file are ours to judge.
#[derive(PartialEq)]
enum Others {
    /// systemd made the file and guards its folder.
    Trusted,
    /// Group and others must not read it.
    Refused,
}

fn read(path: &Path, others: &Others) -> Result<String, SecretError> {
    use std::os::unix::fs::PermissionsExt;
    let unreadable = |cause| SecretError::Unreadable {
        path: path.into(),
        cause,
    };
    let mode = std::fs::metadata(path)
        .map_err(unreadable)?
        .permissions()
        .mode()
        & 0o777;
    if *others == Others::Refused && mode & 0o077 != 0 {
        return Err(SecretError::Exposed {
            path: path.into(),
            mode,
        });
    }
    std::fs::read_to_string(path).map_err(unreadable)
}
