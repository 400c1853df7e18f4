//! The certificates of a connection: whom we trust, and who we are.
//!
//! Promises an error with the file's name for each way in which one can be wrong. Leaves the
//! handshake to the client.

use std::io;
use std::path::{Path, PathBuf};

use reqwest::{Certificate, Identity};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::client::ClientError;
use crate::secret::Secret;

/// A certificate that proves who we are, with its key (mutual TLS, RFC 8446, 4.4.2).
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The PEM file of the certificate, followed by those of its authorities, if any.
    pub certificate: PathBuf,
    /// The key, PEM.
    pub key: Secret,
    /// Where the key is kept, for people.
    pub key_name: String,
}

impl ClientCertificate {
    /// Both, checked to fit each other.
    pub(super) fn identity(&self) -> Result<Identity, ClientError> {
        let path = &self.certificate;
        let chain = read(path)?;
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain)
            .filter_map(Result::ok)
            .collect();
        if certificates.is_empty() {
            return Err(ClientError::CertificateEmpty { path: path.clone() });
        }
        let unusable = || ClientError::KeyUnusable {
            name: self.key_name.clone(),
        };
        let key = PrivateKeyDer::from_pem_slice(self.key.expose().as_bytes());
        let key = key.map_err(|_| unusable())?;
        let signer = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key);
        let pair = CertifiedKey::new(certificates, signer.map_err(|_| unusable())?);
        match pair.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
            Err(_) => {
                return Err(ClientError::KeyForeign {
                    path: path.clone(),
                    name: self.key_name.clone(),
                });
            }
        }
        let both = Secret::new(format!(
            "{}\n{}",
            String::from_utf8_lossy(&chain),
            self.key.expose()
        ));
        Identity::from_pem(both.expose().as_bytes()).map_err(|_| unusable())
    }
}

/// The authorities in a PEM file.
pub(super) fn authorities(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let pem = read(path)?;
    let invalid = |cause| ClientError::CaInvalid {
        path: path.into(),
        cause,
    };
    let authorities = Certificate::from_pem_bundle(&pem).map_err(invalid)?;
    if authorities.is_empty() {
        return Err(ClientError::CaEmpty { path: path.into() });
    }
    Ok(authorities)
}

fn read(path: &Path) -> Result<Vec<u8>, ClientError> {
    std::fs::read(path).map_err(|cause: io::Error| ClientError::Unreadable {
        path: path.into(),
        cause,
    })
}
