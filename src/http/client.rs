//! The network itself: one HTTP client for each target.
//!
//! Promises no redirects, no retries, bounded bodies and a fault with a plain reason when there is no
//! answer. Leaves credentials to [`super::auth`], limits to [`super::limit`] and the meaning of answers
//! to [`super::answer`].

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, Response};
use rustls::crypto::CryptoProvider;

use super::body::{Body, BodyError, LIMITS};
use super::failure::{CONNECT_TIMEOUT, Place, explain};
use super::{Answer, Request, Transport};
use crate::core::fault::{Effect, Fault, FaultKind};

/// How we name ourselves.
const USER_AGENT: &str = concat!("rollcall/", env!("CARGO_PKG_VERSION"));
/// How long an idle connection is kept; many servers close theirs after a minute, and a request that
/// meets the closing is lost.
const IDLE: Duration = Duration::from_secs(30);

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file of the private CA is not there or cannot be read.
    #[error("the CA file {path} cannot be read")]
    CaUnreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// There is no certificate in the file.
    #[error("the CA file {path} holds no certificate; it must be PEM, with BEGIN CERTIFICATE")]
    CaEmpty {
        /// Which file.
        path: PathBuf,
    },
    /// What is in the file is no certificate.
    #[error("the CA file {path} holds a certificate that cannot be read")]
    CaInvalid {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: reqwest::Error,
    },
    /// TLS cannot be set up; most often the system has no trusted authorities.
    #[error("TLS cannot be set up; are the system's CA certificates installed (ca-certificates)?")]
    Tls(#[source] reqwest::Error),
}

/// The network, through `reqwest`: TLS by rustls with the platform's trusted authorities, HTTP/1.1 and
/// HTTP/2, the system's proxy settings.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    client: Client,
}

impl ReqwestTransport {
    /// A client that trusts the platform's authorities, and those in the PEM file `ca`.
    ///
    /// # Errors
    /// When `ca` cannot be used, or TLS cannot be set up.
    pub fn new(ca: Option<&Path>) -> Result<Self, ClientError> {
        Self::build(Client::builder(), ca)
    }

    fn build(builder: ClientBuilder, ca: Option<&Path>) -> Result<Self, ClientError> {
        install_provider();
        let (authorities, path) = match ca {
            Some(path) => (read_authorities(path)?, Some(path)),
            None => (Vec::new(), None),
        };
        builder
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE)
            .tls_certs_merge(authorities)
            .build()
            .map(|client| Self { client })
            .map_err(|cause| match path {
                Some(path) => ClientError::CaInvalid {
                    path: path.into(),
                    cause,
                },
                None => ClientError::Tls(cause),
            })
    }
}

/// rustls needs one provider of cryptography for the process; whoever was first is right.
fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        // An error says only that another thread was faster.
        provider.install_default().ok();
    }
}

fn read_authorities(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let pem = std::fs::read(path).map_err(|cause| ClientError::CaUnreadable {
        path: path.into(),
        cause,
    })?;
    let authorities =
        Certificate::from_pem_bundle(&pem).map_err(|cause| ClientError::CaInvalid {
            path: path.into(),
            cause,
        })?;
    if authorities.is_empty() {
        return Err(ClientError::CaEmpty { path: path.into() });
    }
    Ok(authorities)
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let place = Place::new(&request.url, request.timeout);
        let mut headers = request.headers;
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let mut outgoing = self
            .client
            .request(request.method, request.url)
            .headers(headers)
            .timeout(request.timeout);
        if !request.body.is_empty() {
            outgoing = outgoing.body(request.body);
        }
        let mut response = outgoing
            .send()
            .await
            .map_err(|error| explain(&error, &place))?;
        let body = receive(&mut response, &place).await?;
        Ok(Answer {
            status: response.status(),
            headers: unpacked_headers(response.headers()),
            body,
        })
    }
}

/// Reads the body up to the limits.
async fn receive(response: &mut Response, place: &Place) -> Result<Bytes, Fault> {
    let garbled = |error: BodyError| garbled(&error, place);
    let mut body = Body::new(response.headers(), LIMITS).map_err(garbled)?;
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| explain(&error, place))?
    {
        body.push(&piece).map_err(garbled)?;
    }
    body.finish().map_err(garbled)
}

fn garbled(error: &BodyError, place: &Place) -> Fault {
    Fault::new(
        FaultKind::Garbled,
        Effect::Unknown,
        format!("{}: {error}", place.address),
    )
}

/// The headers without those that speak of the body as it was sent.
fn unpacked_headers(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    if headers.remove(CONTENT_ENCODING).is_some() {
        headers.remove(CONTENT_LENGTH);
    }
    headers
}

#[cfg(test)]
mod tests;
