//! Where the daemon answers monitoring, and when it calls itself ready.
//!
//! Promises that nobody listens beyond this machine by a slip: an address that others can reach has
//! to be said twice. Leaves opening the port to the daemon.

use std::net::SocketAddr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::findings::Findings;
use super::place::Place;
use super::words::{RawListen, Span};

/// How old the last whole reading and the last success may be, unless the config says otherwise.
const DAY: Duration = Duration::from_hours(24);

/// Where monitoring is answered.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["address"]))]
pub struct RawListenBlock {
    /// Address and port: `127.0.0.1:9464`.
    #[schemars(required)]
    pub address: Option<String>,
    /// Yes, other machines may ask: nobody has to prove who they are, and nothing is encrypted.
    pub beyond_loopback: bool,
}

/// How old things may be before `/readyz` says no.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawReady {
    /// The last whole reading of each source; `24h` unless said otherwise.
    pub reading: Option<Span>,
    /// The last cycle of each target in which nothing failed; `24h` unless said otherwise.
    pub success: Option<Span>,
}

/// How old things may be before `/readyz` says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyConfig {
    /// The last whole reading of each source.
    pub reading: Duration,
    /// The last cycle of each target in which nothing failed.
    pub success: Duration,
}

impl Default for ReadyConfig {
    fn default() -> Self {
        RawReady::default().checked()
    }
}

impl RawReady {
    pub(super) fn checked(&self) -> ReadyConfig {
        let or_a_day = |span: Option<Span>| span.map_or(DAY, |Span(span)| span);
        ReadyConfig {
            reading: or_a_day(self.reading),
            success: or_a_day(self.success),
        }
    }
}

/// Checks the `listen:`.
pub(super) fn check(raw: Option<RawListen>, findings: &mut Findings<'_>) -> Option<SocketAddr> {
    let place = Place::top().key("listen");
    let (text, at, beyond) = match raw? {
        RawListen::Address(text) => (text, place, false),
        RawListen::Block(block) => {
            let Some(text) = block.address else {
                findings.lacks(&place, "address", "`address` is missing", None);
                return None;
            };
            (text, place.key("address"), block.beyond_loopback)
        }
    };
    let Ok(address) = text.parse::<SocketAddr>() else {
        let hint = "write it like 127.0.0.1:9464 or [::1]:9464";
        findings.value(&at, "this is no address with a port", Some(hint.into()));
        return None;
    };
    if !address.ip().is_loopback() && !beyond {
        let message = "other machines can reach this address";
        let hint = format!(
            "write 127.0.0.1:{}; or, if they shall read it without a password, listen: {{ address: \
             \"{address}\", beyond_loopback: true }}",
            address.port()
        );
        findings.value(&at, message, Some(hint));
        return None;
    }
    Some(address)
}
