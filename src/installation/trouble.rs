//! From the errors of the parts to what a person is told.

use std::error::Error;

use super::way::Lack;
use crate::config::Problems;
use crate::config::profile::ProfileError;
use crate::core::fault::{Fault, FaultKind};
use crate::engine::propose::ProposeError;
use crate::http::client::ClientError;
use crate::sandbox::{SeedError, SetupError};
use crate::secret::SecretError;
use crate::show::problem::Trouble;
use crate::source::ReadError;
use crate::store::StoreError;

fn plain(error: &dyn Error, hint: Option<String>) -> Trouble {
    Trouble::Plain {
        problem: error.to_string(),
        causes: causes(error),
        hint,
    }
}

/// The causes of an error, outermost first; what repeats the one before is left out.
pub fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut last = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        let text = cause.to_string();
        if !last.contains(&text) && !text.contains(&last) {
            causes.push(text.clone());
        }
        last = text;
        at = cause.source();
    }
    causes
}

impl From<Problems> for Trouble {
    fn from(problems: Problems) -> Self {
        Self::Config(Box::new(problems))
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        plain(&error, error.hint.clone())
    }
}

impl From<&ReadError> for Trouble {
    fn from(error: &ReadError) -> Self {
        plain(error, error.hint.clone())
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        Self::from(&error)
    }
}

impl From<ProposeError> for Trouble {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::App(fault) => fault.into(),
            ProposeError::State(error) => error.into(),
        }
    }
}

/// Of looking at an app; what follows a failed change is for the engine to say.
impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        plain(&fault, Some(after_looking(fault.kind).into()))
    }
}

/// What happens next and what to do when an app could not be looked at.
fn after_looking(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Unreachable => {
            "check the address in the config and the way there; the next run tries again"
        }
        FaultKind::Untrusted => {
            "give the CA that signed it as `tls: { ca: FILE }`, or mend the certificate"
        }
        FaultKind::TimedOut | FaultKind::Throttled | FaultKind::Unavailable => {
            "the next run tries again; if it stays like this, ask whoever runs the app"
        }
        FaultKind::Unauthenticated => {
            "check the target's `auth:`, and in the app whether it was revoked; then: rollcall check"
        }
        FaultKind::Forbidden => "give our credential the right to read users and groups in the app",
        FaultKind::Missing | FaultKind::Misdirected | FaultKind::Garbled => {
            "check the target's `base_url`: it ends before `/Users`"
        }
        FaultKind::Conflict | FaultKind::Rejected | FaultKind::Unsupported => {
            "the app is not as its connector says; write what differs into the target's `override:`"
        }
        FaultKind::Unready => "set that right, and run it again",
        FaultKind::Paused => "switch provisioning on again in the app; the next run goes on",
        FaultKind::NoSeat | FaultKind::Guarded => {
            "a rule of `errors:` fits a refusal to read; make it narrower"
        }
    }
}

impl From<SecretError> for Trouble {
    fn from(error: SecretError) -> Self {
        let hint = match error {
            SecretError::Unreadable { .. } => {
                Some("put the secret into that file, and let only its owner read it (chmod 600)")
            }
            SecretError::Empty { .. } => Some("put the secret there"),
            SecretError::Unset { .. } => {
                Some("set it, or keep the secret in a file and write { file: PATH }")
            }
            SecretError::Exposed { .. } | SecretError::NoCredentials { .. } => None,
        };
        plain(&error, hint.map(ToOwned::to_owned))
    }
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        plain(&error, None)
    }
}

impl From<Lack> for Trouble {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Secret(error) => error.into(),
            Lack::Client(error) => error.into(),
        }
    }
}

impl From<ProfileError> for Trouble {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Unknown { name, hint } => {
                Self::new(format!("there is no connector `{name}`"), Some(&hint))
            }
            ProfileError::Wrong(problems) => problems.into(),
        }
    }
}

impl From<SeedError> for Trouble {
    fn from(error: SeedError) -> Self {
        plain(&error, None)
    }
}

impl From<SetupError> for Trouble {
    fn from(error: SetupError) -> Self {
        plain(&error, None)
    }
}
