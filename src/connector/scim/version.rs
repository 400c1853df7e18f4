//! The version of a resource, to which a write is bound where the app keeps one (RFC 7644, 3.14).
//!
//! Promises the version as the app wrote it, weak ones included. Leaves sending it to
//! [`super::exchange`] and reading again after a 412 to whoever words the write.

use std::fmt;

use http::header::ETAG;
use serde_json::value::RawValue;

use super::decode;
use super::node::{Fields, Scalar};
use crate::core::account::Account;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::Answer;

/// How often a write is sent that others overtake.
pub const TRIES: u32 = 4;

/// A version, as it stands in `meta.version` and `ETag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// That of an account, if it shows one.
    pub fn of_account(account: &Account) -> Option<Self> {
        Self::of_raw(&account.raw)
    }

    /// That of the resource in an answer: its `ETag`, else what the resource says.
    pub fn of_answer(answer: &Answer) -> Option<Self> {
        let header = answer.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
        match header.filter(|tag| !tag.is_empty()) {
            Some(tag) => Some(Self(tag.to_owned())),
            None => Self::of_raw(&decode::object(&answer.body).ok()?),
        }
    }

    fn of_raw(resource: &RawValue) -> Option<Self> {
        let meta = Fields::of(Fields::of(resource)?.get("meta")?)?;
        Scalar::of(meta.get("version")?)?.into_text().map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Was the write refused because the resource has changed since it was read?
pub fn is_outdated(fault: &Fault) -> bool {
    fault.status == Some(412)
}

/// What is left to say when every try was overtaken: nothing was done, and another run may do it.
pub fn overtaken(fault: Fault) -> Fault {
    if !is_outdated(&fault) {
        return fault;
    }
    Fault {
        kind: FaultKind::Unavailable,
        detail: format!("it changed each of the {TRIES} times between our read and our write"),
        ..fault
    }
}

/// The app wants a version with each write, and shows none.
pub fn unseen() -> Fault {
    Fault::new(
        FaultKind::Unsupported,
        Effect::None,
        "the profile says that it takes no write without a version (`http.etags`), and it shows \
         none; nothing was sent",
    )
}
