//! Why there was no answer, in plain words.
//!
//! Promises a fault that names the address and the reason, and says whether the request may have
//! arrived; never a path, a query or a header. Leaves what follows to the engine.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::iter;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};
use url::Url;

use super::answer::clean;
use super::proxy::Proxy;
use crate::core::duration;
use crate::core::fault::{Effect, Fault, FaultKind};

/// How long making a connection may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a failure is about.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Host and port.
    pub(super) address: String,
    /// How long the request was allowed to take.
    pub(super) timeout: Duration,
    /// Host and port of the proxy that leads there.
    proxy: Option<String>,
}

impl Place {
    pub(super) fn new(url: &Url, timeout: Duration, proxy: Option<&Proxy>) -> Self {
        let host = url.host_str().unwrap_or("no host");
        let address = match url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Self {
            address,
            timeout,
            proxy: proxy.map(Proxy::address),
        }
    }
}

/// The fault that an error of the HTTP client stands for.
pub(super) fn explain(error: &reqwest::Error, place: &Place) -> Fault {
    let effect = effect(error);
    let (kind, reason) = if let Some(tls) = find::<rustls::Error>(error) {
        tls_reason(tls)
    } else if let Some(told) = proxy_reason(error, place) {
        told
    } else if error.is_timeout() {
        let waited = if error.is_connect() {
            CONNECT_TIMEOUT
        } else {
            place.timeout
        };
        (
            FaultKind::TimedOut,
            format!("waited for {}", duration::print(waited.min(place.timeout))),
        )
    } else if error.is_builder() {
        (
            FaultKind::Rejected,
            format!("the request cannot be built: {}", root(error)),
        )
    } else if is_oversized_head(error) {
        let reason = "the head of the answer is too large";
        (FaultKind::Garbled, reason.to_owned())
    } else {
        (FaultKind::Unreachable, reason(error))
    };
    Fault::new(kind, effect, format!("{}: {reason}", place.address))
}

/// What a proxy on the way did. Its errors are told by their words, since their type is not ours to
/// name; other words only make the reason less plain.
fn proxy_reason(error: &reqwest::Error, place: &Place) -> Option<(FaultKind, String)> {
    let proxy = place.proxy.as_ref().filter(|_| error.is_connect())?;
    let said = |words: &str| causes(error).any(|cause| cause.to_string().contains(words));
    if said("proxy authorization required") {
        let reason = format!(
            "the proxy {proxy} wants to know who we are; write proxy: {{ url, username, password }}"
        );
        return Some((FaultKind::Unready, reason));
    }
    if said("tunnel error: unsuccessful") || said("tunnel error: unexpected end of file") {
        let reason = format!("the proxy {proxy} refused to connect us; does it allow this host?");
        return Some((FaultKind::Unreachable, reason));
    }
    let why = if error.is_timeout() {
        format!(
            "waited for {}",
            duration::print(CONNECT_TIMEOUT.min(place.timeout))
        )
    } else {
        reason(error)
    };
    let reason = format!("the proxy {proxy} cannot be reached: {why}");
    Some((FaultKind::Unreachable, reason))
}

/// Told by the words of the HTTP implementation, as above.
fn is_oversized_head(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let text = cause.to_string();
        text.contains("message head is too large") || text.contains("header list too large")
    })
}

/// A request that never left, or that the server says it never looked at, had no effect.
fn effect(error: &reqwest::Error) -> Effect {
    if error.is_connect() || error.is_builder() || was_refused(error) || was_turned_away(error) {
        Effect::None
    } else {
        Effect::Unknown
    }
}

/// Did an HTTP/2 server say that it did not look at this request (RFC 9113, 6.8 and 8.7)? Its error
/// is told by its words, since its type is not ours to name; other words only make us more careful.
fn was_refused(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let text = cause.to_string();
        text.starts_with("stream error received: refused stream")
            || text.starts_with("connection error received: not a result of an error")
    })
}

/// Did the server end TLS over our certificate? With TLS 1.3 that comes after our first bytes, but
/// before it looks at them.
fn was_turned_away(error: &reqwest::Error) -> bool {
    match find::<rustls::Error>(error) {
        Some(rustls::Error::AlertReceived(alert)) => alert_reason(*alert).0 == FaultKind::Unready,
        Some(_) | None => false,
    }
}

fn reason(error: &reqwest::Error) -> String {
    if error.is_dns() {
        return "the name cannot be resolved".into();
    }
    find::<io::Error>(error)
        .and_then(|error| io_reason(error.kind()))
        .map_or_else(|| root(error), str::to_owned)
}

fn io_reason(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::ConnectionRefused => Some("connection refused"),
        ErrorKind::ConnectionReset => Some("the connection was reset"),
        ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => Some("the connection was closed"),
        ErrorKind::UnexpectedEof => Some("the connection was closed too soon"),
        ErrorKind::HostUnreachable => Some("there is no route to the host"),
        ErrorKind::NetworkUnreachable => Some("the network cannot be reached"),
        ErrorKind::AddrNotAvailable => Some("there is no local port left"),
        _ => None,
    }
}

/// The reason of a TLS failure, in an admin's words.
fn tls_reason(error: &rustls::Error) -> (FaultKind, String) {
    let reason = match error {
        rustls::Error::InvalidCertificate(reason) => certificate_reason(reason),
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS on this port".into(),
        rustls::Error::AlertReceived(alert) => return alert_reason(*alert),
        other => clean(&format!("TLS failed: {other}")),
    };
    (FaultKind::Untrusted, reason)
}

/// What the server says of us (RFC 8446, 6.2): its alerts about a certificate are about ours.
fn alert_reason(alert: AlertDescription) -> (FaultKind, String) {
    match alert {
        AlertDescription::CertificateRequired => (
            FaultKind::Unready,
            "the server asks for a client certificate; write tls: { client_cert: FILE, client_key: \
             { file: FILE } }"
                .into(),
        ),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => (
            FaultKind::Unready,
            format!("the server does not accept our client certificate ({alert:?})"),
        ),
        other => (
            FaultKind::Untrusted,
            format!("the server ended TLS with {other:?}"),
        ),
    }
}

fn certificate_reason(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => {
            "the certificate is signed by an authority that is not trusted".into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet; is this machine's clock right?".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another host".into()
        }
        CertificateError::Revoked => "the certificate was revoked".into(),
        CertificateError::BadEncoding => "the certificate cannot be read".into(),
        CertificateError::BadSignature => {
            "the certificate has a signature that does not fit it".into()
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not meant for a server".into()
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "the certificate is an authority's own, not a server's".into()
        }
        other => clean(&format!("the certificate is not accepted: {other}")),
    }
}

/// An error somewhere in a chain of causes.
type Cause<'a> = &'a (dyn Error + 'static);

/// The causes below an error, outermost first.
fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    iter::successors(error.source(), |cause| below(*cause))
}

/// The next cause. An I/O error hides what it wraps from `source`.
fn below(cause: Cause<'_>) -> Option<Cause<'_>> {
    match cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => cause.source(),
    }
}

fn find<T: Error + 'static>(error: Cause<'_>) -> Option<&T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The innermost cause. The client's own error is never shown: its text has the whole URL.
fn root(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(
        || "the connection failed".into(),
        |cause| clean(&cause.to_string()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_host_and_port() {
        for (url, address) in [
            (
                "https://app.example.com/scim?token=s3cret",
                "app.example.com:443",
            ),
            ("http://app.example.com/", "app.example.com:80"),
            ("https://user:s3cret@[::1]:8443/x", "[::1]:8443"),
        ] {
            let url = Url::parse(url).expect("a URL");
            assert_eq!(Place::new(&url, Duration::ZERO, None).address, address);
        }
    }

    #[test]
    fn certificates_are_refused_in_plain_words() {
        let plain = |reason| tls_reason(&rustls::Error::InvalidCertificate(reason)).1;
        assert_eq!(
            plain(CertificateError::Expired),
            "the certificate has expired"
        );
        assert_eq!(
            plain(CertificateError::Revoked),
            "the certificate was revoked"
        );
        assert_eq!(
            plain(CertificateError::BadSignature),
            "the certificate has a signature that does not fit it"
        );
    }
}
