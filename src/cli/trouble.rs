//! From the errors of the parts to what a person is told.

use std::error::Error;

use crate::config::Problems;
use crate::config::profile::ProfileError;
use crate::core::fault::Fault;
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
fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut last = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        let text = cause.to_string();
        if !last.contains(&text) {
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

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        plain(&error, error.hint.clone())
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

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        plain(&fault, None)
    }
}

impl From<SecretError> for Trouble {
    fn from(error: SecretError) -> Self {
        plain(&error, None)
    }
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        plain(&error, None)
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
