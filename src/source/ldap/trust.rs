//! TLS to a directory server: whom we trust, and what we show.
//!
//! Promises the one TLS and the one provider of cryptography that the rest of the program uses, and
//! certificates that are always verified. Leaves the line itself to [`super::session`].

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::failure::{because, refuse};
use super::settings::LdapConfig;
use crate::source::ReadError;

/// What TLS is done with.
///
/// # Errors
/// When a file cannot be used, or there is nobody to trust.
pub(super) fn client(config: &LdapConfig) -> Result<Arc<ClientConfig>, ReadError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows the default versions of TLS")
        .with_root_certificates(authorities(config.ca.as_deref())?);
    let Some(client) = &config.client else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let chain = certificates(&client.certificate)?;
    let place = client.key.to_string();
    let hint = "it must be PEM, with BEGIN PRIVATE KEY and no passphrase";
    let key = client.key.resolve().map_err(|cause| ReadError {
        problem: cause.to_string(),
        hint: None,
        cause: std::error::Error::source(&cause).map(|cause| cause.to_string().into()),
    })?;
    // What is wrong with a key is not told: the error might quote it.
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| refuse(format!("the key in the {place} cannot be read"), hint))?;
    let config = builder.with_client_auth_cert(chain, key).map_err(|_| {
        let hint = "name the key that `client_cert` was made with";
        refuse(
            format!("the key in the {place} does not fit the certificate"),
            hint,
        )
    })?;
    Ok(Arc::new(config))
}

/// The system's authorities and those in `ca`.
fn authorities(ca: Option<&Path>) -> Result<RootCertStore, ReadError> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in ca.map(certificates).transpose()?.unwrap_or_default() {
        store.add(certificate).map_err(|cause| {
            let problem = format!("{} is no certificate", shown(ca));
            because(problem, "it must be PEM, with BEGIN CERTIFICATE", cause)
        })?;
    }
    if store.is_empty() {
        let hint = "install the system's CA certificates (ca-certificates), or name one under `ca`";
        return Err(refuse("there is no authority to trust", hint));
    }
    Ok(store)
}

fn shown(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string())
        .unwrap_or_default()
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ReadError> {
    let place = path.display();
    let hint = "it must be PEM, with BEGIN CERTIFICATE";
    let pem = std::fs::read(path).map_err(|cause| {
        let problem = format!("the certificate file {place} cannot be read");
        because(problem, "correct the path, or who may read it", cause)
    })?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = read.map_err(|cause| {
        because(
            format!("the certificate file {place} cannot be used"),
            hint,
            cause,
        )
    })?;
    if certificates.is_empty() {
        return Err(refuse(
            format!("the file {place} holds no certificate"),
            hint,
        ));
    }
    Ok(certificates)
}
