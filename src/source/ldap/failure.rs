//! Why a directory was not read, in an admin's words.
//!
//! Promises that each failure says what failed and what to do about it, and never shows a password.
//! Leaves to the callers what they were doing when it failed.

use std::error::Error;
use std::io;

use ldap3::{LdapError, LdapResult};
use rustls::CertificateError;

use super::settings::{Bind, LdapConfig};
use crate::source::ReadError;

/// Result codes (RFC 4511, appendix A.2) that say something about our settings.
pub(super) mod code {
    pub(crate) const SUCCESS: u32 = 0;
    pub(crate) const OPERATIONS: u32 = 1;
    pub(crate) const TIME_LIMIT: u32 = 3;
    pub(crate) const SIZE_LIMIT: u32 = 4;
    pub(crate) const METHOD_NOT_SUPPORTED: u32 = 7;
    pub(crate) const STRONGER_AUTH: u32 = 8;
    pub(crate) const REFERRAL: u32 = 10;
    pub(crate) const ADMIN_LIMIT: u32 = 11;
    pub(crate) const CRITICAL_EXTENSION: u32 = 12;
    pub(crate) const CONFIDENTIALITY: u32 = 13;
    pub(crate) const NO_SUCH_OBJECT: u32 = 32;
    pub(crate) const INVALID_DN: u32 = 34;
    pub(crate) const INAPPROPRIATE_AUTH: u32 = 48;
    pub(crate) const INVALID_CREDENTIALS: u32 = 49;
    pub(crate) const INSUFFICIENT_ACCESS: u32 = 50;
    pub(crate) const BUSY: u32 = 51;
    pub(crate) const UNAVAILABLE: u32 = 52;
    pub(crate) const UNWILLING: u32 = 53;
}

/// A failure with what to do about it.
pub(super) fn refuse(problem: impl Into<String>, hint: impl Into<String>) -> ReadError {
    ReadError {
        problem: problem.into(),
        hint: Some(hint.into()),
        cause: None,
    }
}

/// The same, with what lies below it.
pub(super) fn because(
    problem: impl Into<String>,
    hint: impl Into<String>,
    cause: impl Into<Box<dyn Error + Send + Sync>>,
) -> ReadError {
    ReadError {
        cause: Some(cause.into()),
        ..refuse(problem, hint)
    }
}

/// A result as the server words it: ` (code 53: …)`.
pub(super) fn said(result: &LdapResult) -> String {
    let text: String = result.text.chars().filter(|c| !c.is_control()).collect();
    match text.trim() {
        "" => format!("code {}", result.rc),
        text => format!("code {}: {text}", result.rc),
    }
}

/// Why a server cannot be reached, and what to do: reason and hint.
pub(super) fn unreached(error: &LdapError) -> (String, &'static str) {
    if let LdapError::LdapResult { result } = error {
        let reason = format!("it refuses StartTLS ({})", said(result));
        return (reason, "set up TLS on the server, or write ldaps://");
    }
    if let Some(tls) = tls(error) {
        return untrusted(tls);
    }
    let check = "check that it runs, and that host and port in `url` are right";
    match io(error) {
        Some(error) => (format!("it cannot be reached: {error}"), check),
        None => (format!("it cannot be reached: {error}"), check),
    }
}

fn untrusted(error: &rustls::Error) -> (String, &'static str) {
    let rustls::Error::InvalidCertificate(reason) = error else {
        let hint = "check that this port speaks TLS, and that the server takes our certificate";
        return (format!("TLS failed: {error}"), hint);
    };
    let (reason, hint) = match reason {
        CertificateError::UnknownIssuer => (
            "its certificate is signed by an authority that is not trusted",
            "name the file of that authority under `ca`",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("its certificate has expired", "have it renewed")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            "its certificate is for another host",
            "write the host of the certificate in `url`",
        ),
        other => {
            let reason = format!("its certificate is not accepted: {other}");
            return (reason, "have it made anew");
        }
    };
    (reason.into(), hint)
}

fn io(error: &LdapError) -> Option<&io::Error> {
    match error {
        LdapError::Io { source } => Some(source),
        _ => None,
    }
}

fn tls(error: &LdapError) -> Option<&rustls::Error> {
    match error {
        LdapError::Rustls { source } => Some(source),
        _ => io(error)?.get_ref()?.downcast_ref(),
    }
}

/// A bind that was refused.
pub(super) fn unbound(config: &LdapConfig, server: &str, result: &LdapResult) -> ReadError {
    let who = match &config.bind {
        Bind::Simple { dn, .. } => format!("the bind as {dn}"),
        Bind::External => "the bind as `external`".to_owned(),
        Bind::Anonymous => "the anonymous bind".to_owned(),
    };
    let (reason, hint) = match (result.rc, &config.bind) {
        (code::INVALID_CREDENTIALS, Bind::Simple { password, .. }) => (
            "wrong name or password".to_owned(),
            format!("check `bind.dn`, and the password in the {password}"),
        ),
        (code::STRONGER_AUTH | code::CONFIDENTIALITY, _) => (
            "it takes no password over this line".to_owned(),
            "write ldaps:// or `starttls: true`".to_owned(),
        ),
        (code::METHOD_NOT_SUPPORTED | code::INVALID_CREDENTIALS, Bind::External) => (
            format!("it does not know us by this line ({})", said(result)),
            "check `client_cert` and the server's mapping of names (OpenLDAP: authz-regexp), or \
             bind with a password"
                .to_owned(),
        ),
        (
            code::INAPPROPRIATE_AUTH | code::UNWILLING | code::INSUFFICIENT_ACCESS,
            Bind::Anonymous,
        ) => (
            format!("it serves nobody who gives no name ({})", said(result)),
            "write a `bind` with a name and a password".to_owned(),
        ),
        (_, _) => (said(result), "see the server's log for why".to_owned()),
    };
    refuse(format!("{server}: {who} was refused: {reason}"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(rc: u32, text: &str) -> LdapResult {
        LdapResult {
            rc,
            matched: String::new(),
            text: text.into(),
            refs: Vec::new(),
            ctrls: Vec::new(),
        }
    }

    #[test]
    fn a_result_is_told_in_the_words_of_the_server() {
        assert_eq!(said(&result(53, "not\u{7} now\n")), "code 53: not now");
        assert_eq!(said(&result(80, "")), "code 80");
    }

    #[test]
    fn a_server_out_of_reach_says_why() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let tls = |reason| {
            let error = rustls::Error::InvalidCertificate(reason);
            io::Error::new(io::ErrorKind::InvalidData, error)
        };
        for (error, reason) in [
            (refused, "it cannot be reached: connection refused"),
            (
                tls(CertificateError::UnknownIssuer),
                "its certificate is signed by an authority that is not trusted",
            ),
            (
                tls(CertificateError::NotValidForName),
                "its certificate is for another host",
            ),
            (
                tls(CertificateError::Expired),
                "its certificate has expired",
            ),
        ] {
            assert_eq!(unreached(&LdapError::from(error)).0, reason);
        }
        let starttls = LdapError::from(result(2, "unsupported extended operation"));
        assert_eq!(
            unreached(&starttls).0,
            "it refuses StartTLS (code 2: unsupported extended operation)"
        );
    }
}
