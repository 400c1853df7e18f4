//! What an app's refusals mean, where they do not mean what the RFCs say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A rule about refusals; it fits when everything that it names does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// The status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// A regular expression that is found somewhere in the body, in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// What it means.
    pub means: Meaning,
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Another one has the same unique value: it is looked up.
    Conflict,
    /// A value is not taken: this request will never work.
    Invalid,
    /// What we know is not there any more.
    Missing,
    /// We may not do this.
    Forbidden,
    /// Too fast: the target pauses.
    Throttled,
    /// Not now: it is tried again.
    Unavailable,
    /// Provisioning is switched off in the app: the whole target waits, no person is at fault.
    Paused,
    /// There is no seat left: creates wait, leavers go on, since they free seats.
    NoSeat,
    /// The app guards this account (the last owner, the setup user): a person has to look.
    Guarded,
    /// The app cannot do this at all.
    Unsupported,
    /// This is no answer of the app.
    Misdirected,
}
