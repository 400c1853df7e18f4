//! The connection to a target: its certificates and its proxy.
//!
//! Promises that a certificate has its key, and that a proxy's password is nowhere in the clear.
//! Leaves reading files to those who connect.

use std::path::Path;

use super::auth::resolve;
use super::findings::Findings;
use super::place::Place;
use super::raw::RawTls;
use super::words::RawProxy;
use super::{ProxyConfig, TlsConfig, addresses};

/// Checks the `tls:` of the target at `target`.
pub fn tls(
    raw: RawTls,
    target: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<TlsConfig> {
    let place = target.key("tls");
    let client = match (raw.client_cert, raw.client_key) {
        (Some(path), Some(key)) => Some((folder.join(path), resolve(key, folder))),
        (None, None) => None,
        (Some(_), None) => {
            let hint = "write beside it: client_key: { file: PATH }";
            let message = "a client certificate needs its key";
            findings.lacks(&place, "client_key", message, Some(hint.into()));
            return None;
        }
        (None, Some(_)) => {
            let hint = "write beside it: client_cert: PATH";
            let message = "a client key needs its certificate";
            findings.lacks(&place, "client_cert", message, Some(hint.into()));
            return None;
        }
    };
    Some(TlsConfig {
        ca: raw.ca.map(|path| folder.join(path)),
        client,
    })
}

/// Checks the `proxy:` of the target at `target`.
pub fn proxy(
    raw: Option<RawProxy>,
    target: &Place,
    folder: &Path,
    findings: &mut Findings<'_>,
) -> Option<ProxyConfig> {
    let place = target.key("proxy");
    let raw = match raw {
        None => return Some(ProxyConfig::Environment),
        Some(RawProxy::None) => return Some(ProxyConfig::Direct),
        Some(RawProxy::Block(raw)) => raw,
    };
    let Some(url) = raw.url else {
        findings.lacks(&place, "url", "`url` is missing", None);
        return None;
    };
    let url = addresses::proxy(&url, &place.key("url"), findings);
    let login = match (raw.username, raw.password) {
        (Some(username), Some(password)) => {
            Some((resolve(username, folder), resolve(password, folder)))
        }
        (None, None) => None,
        (Some(_), None) => {
            findings.lacks(&place, "password", "`password` is missing", None);
            return None;
        }
        (None, Some(_)) => {
            findings.lacks(&place, "username", "`username` is missing", None);
            return None;
        }
    };
    Some(ProxyConfig::Through { url: url?, login })
}
