//! The network itself: one HTTP client for each target.
//!
//! Promises no redirects, no retries, bounded heads and bodies, and a fault with a plain reason when
//! there is no answer. Leaves credentials to [`super::auth`], limits to [`super::limit`] and the
//! meaning of answers to [`super::answer`].

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Response};
use rustls::crypto::CryptoProvider;

use super::body::{Body, BodyError, LIMITS};
use super::failure::{CONNECT_TIMEOUT, Place, explain};
use super::proxy::{ProxyChoice, Routes};
use super::{Answer, Request, Transport, tls};
use crate::core::fault::{Effect, Fault, FaultKind};

pub use super::tls::ClientCertificate;

/// How we name ourselves.
const USER_AGENT: &str = concat!("rollcall/", env!("CARGO_PKG_VERSION"));
/// How long an idle connection is kept; many servers close theirs after a minute, and a request that
/// meets the closing is lost.
const IDLE: Duration = Duration::from_secs(30);
/// Header fields of an answer, at most; HTTP/1.1 has no limit of its own, and nobody needs more.
const MOST_HEADERS: usize = 200;
/// Bytes of all header fields of an HTTP/2 answer, at most.
const LARGEST_HEAD: u32 = 64 << 10;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A file of certificates is not there or cannot be read.
    #[error("the certificate file {path} cannot be read")]
    Unreadable {
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
    /// There is no certificate of ours in the file.
    #[error(
        "the client certificate {path} holds no certificate; it must be PEM, with BEGIN CERTIFICATE"
    )]
    CertificateEmpty {
        /// Which file.
        path: PathBuf,
    },
    /// The key of our certificate is none.
    #[error(
        "the client key ({name}) cannot be used; it must be PEM, with BEGIN PRIVATE KEY, without a password"
    )]
    KeyUnusable {
        /// Where it is kept.
        name: String,
    },
    /// The key is that of another certificate.
    #[error("the client key ({name}) does not belong to the client certificate {path}")]
    KeyForeign {
        /// Which certificate.
        path: PathBuf,
        /// Where the key is kept.
        name: String,
    },
    /// TLS cannot be set up; most often the system has no trusted authorities.
    #[error("TLS cannot be set up; are the system's CA certificates installed (ca-certificates)?")]
    Tls(#[source] reqwest::Error),
}

/// How a target is reached.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// A PEM file of authorities to trust besides the platform's.
    pub ca: Option<PathBuf>,
    /// Who we are to the server's TLS.
    pub certificate: Option<ClientCertificate>,
    /// Through which proxy.
    pub proxy: ProxyChoice,
}

/// The network, through `reqwest`: TLS by rustls with the platform's trusted authorities, HTTP/1.1 and
/// HTTP/2.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    client: Client,
    routes: Arc<Routes>,
}

impl ReqwestTransport {
    /// A client for such a connection.
    ///
    /// # Errors
    /// When a certificate or a key cannot be used, or TLS cannot be set up.
    pub fn new(connection: &Connection) -> Result<Self, ClientError> {
        Self::build(Client::builder(), connection, |name| {
            std::env::var(name).ok()
        })
    }

    fn build(
        builder: ClientBuilder,
        connection: &Connection,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ClientError> {
        install_provider();
        let routes = Arc::new(Routes::new(&connection.proxy, variable));
        let ways = Arc::clone(&routes);
        let mut builder = builder
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE)
            .http1_max_headers(MOST_HEADERS)
            .http2_max_header_list_size(LARGEST_HEAD)
            .no_proxy()
            .proxy(reqwest::Proxy::custom(move |url| {
                ways.of(url).map(super::proxy::Proxy::url)
            }));
        if let Some(path) = &connection.ca {
            builder = builder.tls_certs_merge(tls::authorities(path)?);
        }
        if let Some(certificate) = &connection.certificate {
            builder = builder.identity(certificate.identity()?);
        }
        let client = builder.build().map_err(|cause| match &connection.ca {
            Some(path) => ClientError::CaInvalid {
                path: path.clone(),
                cause,
            },
            None => ClientError::Tls(cause),
        })?;
        Ok(Self { client, routes })
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

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let place = Place::new(&request.url, request.timeout, self.routes.of(&request.url));
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
