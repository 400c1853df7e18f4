//! Names that cannot be mixed up: one type for each kind of key.
//!
//! Promises that a user's key, a group's key, an app's id and a target's name never stand in for
//! each other. Leaves their meaning to the modules that use them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            #[must_use]
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            /// The text inside.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

name!(
    /// A source, by its name in the config.
    SourceName
);
name!(
    /// A target, by its name in the config.
    TargetName
);
name!(
    /// What an app calls a resource of its own (SCIM `id`): opaque, case exact (RFC 7643, 3.1).
    RemoteId
);

macro_rules! source_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            /// The source that holds it.
            pub source: SourceName,
            /// Its immutable key there, never a name or an e-mail.
            pub id: Arc<str>,
        }

        impl $name {
            /// The key `id` of `source`.
            #[must_use]
            pub fn new(source: &SourceName, id: impl AsRef<str>) -> Self {
                Self { source: source.clone(), id: Arc::from(id.as_ref()) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}", self.source, self.id)
            }
        }
    };
}

source_key!(
    /// A user of a source.
    UserKey
);
source_key!(
    /// A group of a source.
    GroupKey
);
