//! The client against hand-written servers on loopback.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use http::{Method, StatusCode};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::super::body::pack;
use super::*;

mod hostile;
mod mutual_tls;
mod proxies;

use crate::clock::Clock;
use crate::http::About;

/// A client that ignores the proxy settings of the machine that runs the tests.
fn client(ca: Option<&Path>) -> ReqwestTransport {
    let connection = Connection {
        ca: ca.map(Into::into),
        ..Connection::default()
    };
    ReqwestTransport::build(Client::builder(), &connection, |_| None).expect("a client")
}

fn get(scheme: &str, address: SocketAddr) -> Request {
    let url = format!("{scheme}://{address}/scim/v2/Users?filter=s3cret");
    Request {
        method: Method::GET,
        url: Url::parse(&url).expect("a URL"),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: Duration::from_secs(10),
        about: About::User,
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

/// Reads up to the end of the request's head.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Serves one connection: what `reply` gives for the request's head, and then the end.
async fn serve_one(reply: impl FnOnce(String) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let head = read_head(&mut stream).await;
        stream.write_all(&reply(head)).await.ok();
        stream.shutdown().await.ok();
    });
    address
}

fn http_answer(head: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn assert_discreet(fault: &Fault) {
    let shown = format!("{fault} {fault:?}");
    assert!(
        !shown.contains("s3cret") && !shown.contains("/scim"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_answer_comes_whole_and_we_say_who_we_are() {
    let address = serve_one(|head| http_answer("200 OK", head.as_bytes())).await;
    let mut request = get("http", address);
    request
        .headers
        .insert("x-tenant", HeaderValue::from_static("7"));
    let answer = client(None).send(request).await.expect("an answer");
    let head = String::from_utf8(answer.body.to_vec()).expect("text");
    assert_eq!(answer.status, StatusCode::OK);
    assert!(
        head.starts_with("GET /scim/v2/Users?filter=s3cret HTTP/1.1\r\n"),
        "{head}"
    );
    for line in [
        concat!("user-agent: rollcall/", env!("CARGO_PKG_VERSION")),
        "accept-encoding: gzip",
        "x-tenant: 7",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
}

#[tokio::test]
async fn a_body_goes_out_with_its_length() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let head = read_head(&mut stream).await;
        let mut body = [0; 9];
        stream.read_exact(&mut body).await.expect("the body");
        stream
            .write_all(&http_answer("201 Created", b"{}"))
            .await
            .expect("an answer sent");
        (head, String::from_utf8_lossy(&body).into_owned())
    });
    let mut request = get("http", address);
    request.method = Method::POST;
    request.body = Bytes::from_static(b"{\"a\": 42}");
    let answer = client(None).send(request).await.expect("an answer");
    let (head, body) = server.await.expect("the server ends well");
    assert_eq!(answer.status, StatusCode::CREATED);
    assert!(head.contains("content-length: 9"), "{head}");
    assert_eq!(body, "{\"a\": 42}");
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let address =
        serve_one(|_| http_answer("302 Found\r\nLocation: http://127.0.0.1:9/", b"")).await;
    let answer = client(None)
        .send(get("http", address))
        .await
        .expect("an answer");
    assert_eq!(answer.status, StatusCode::FOUND);
}

#[tokio::test]
async fn a_packed_answer_is_unpacked() {
    let address =
        serve_one(|_| http_answer("200 OK\r\nContent-Encoding: gzip", &pack(b"{\"ok\":1}"))).await;
    let answer = client(None)
        .send(get("http", address))
        .await
        .expect("an answer");
    assert_eq!(answer.body, "{\"ok\":1}");
    assert!(answer.headers.get(CONTENT_ENCODING).is_none());
    assert!(answer.headers.get(CONTENT_LENGTH).is_none());
}

#[tokio::test]
async fn a_gzip_bomb_is_stopped() {
    let address = serve_one(|_| {
        let bomb = pack(&vec![0; (64 << 20) + 1]);
        http_answer("200 OK\r\nContent-Encoding: gzip", &bomb)
    })
    .await;
    let fault = client(None)
        .send(get("http", address))
        .await
        .expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Garbled, Effect::Unknown)
    );
    assert_eq!(
        fault.detail,
        format!("{address}: the answer is larger than 64 MiB")
    );
}

#[tokio::test]
async fn an_endless_answer_is_stopped() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\n\r\n")
            .await
            .expect("a head sent");
        let piece = vec![b'x'; 1 << 20];
        while stream.write_all(&piece).await.is_ok() {}
    });
    let fault = client(None)
        .send(get("http", address))
        .await
        .expect_err("a fault");
    assert_eq!(
        fault.detail,
        format!("{address}: the answer is larger than 64 MiB")
    );
}

#[tokio::test]
async fn a_refused_connection_had_no_effect() {
    let (listener, address) = listen().await;
    drop(listener);
    let fault = client(None)
        .send(get("http", address))
        .await
        .expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Unreachable, Effect::None)
    );
    assert_eq!(
        fault.to_string(),
        format!("the app cannot be reached: {address}: connection refused")
    );
}

/// A resolver that knows no name, so that no question leaves this machine.
struct KnowsNothing;

impl reqwest::dns::Resolve for KnowsNothing {
    fn resolve(&self, _name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err("no such name".into()) })
    }
}

#[tokio::test]
async fn an_unknown_name_had_no_effect() {
    let mut request = get("http", "127.0.0.1:80".parse().expect("an address"));
    request.url = Url::parse("http://nobody.invalid/scim?x=s3cret").expect("a URL");
    let builder = Client::builder().dns_resolver(KnowsNothing);
    let client = ReqwestTransport::build(builder, &Connection::default(), |_| None);
    let client = client.expect("a client");
    let fault = client.send(request).await.expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Unreachable, Effect::None)
    );
    assert_eq!(
        fault.detail,
        "nobody.invalid:80: the name cannot be resolved"
    );
}

#[tokio::test]
async fn a_connection_closed_before_the_answer_leaves_the_effect_open() {
    let address = serve_one(|_| Vec::new()).await;
    let fault = client(None)
        .send(get("http", address))
        .await
        .expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Unreachable, Effect::Unknown)
    );
    assert!(
        fault
            .detail
            .starts_with(&format!("{address}: connection closed")),
        "{fault}"
    );
    assert_discreet(&fault);
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_body_leaves_the_effect_open() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        read_head(&mut stream).await;
        let begun = b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"id\":";
        stream.write_all(begun).await.expect("a beginning sent");
        tokio::time::sleep(Duration::from_millis(50)).await;
        reset(&stream);
    });
    let fault = client(None)
        .send(get("http", address))
        .await
        .expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Unreachable, Effect::Unknown)
    );
    assert_eq!(fault.detail, format!("{address}: the connection was reset"));
    assert_discreet(&fault);
}

/// Makes the coming close a reset.
fn reset(stream: &TcpStream) {
    stream.set_zero_linger().expect("a socket option");
}

#[tokio::test]
async fn a_slow_answer_leaves_the_effect_open() {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
            .await
            .ok();
        tokio::time::sleep(Duration::from_mins(1)).await;
    });
    let mut request = get("http", address);
    request.timeout = Duration::from_millis(200);
    let start = Clock::System.instant();
    let fault = client(None).send(request).await.expect_err("a fault");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::TimedOut, Effect::Unknown)
    );
    assert_eq!(fault.detail, format!("{address}: waited for 200ms"));
}

/// A certificate and its key, signed by an authority whose PEM is given with them.
struct Identity {
    server: rcgen::CertifiedKey<rcgen::KeyPair>,
    authority: tempfile::NamedTempFile,
}

fn identity(name: &str, shape: impl FnOnce(&mut rcgen::CertificateParams)) -> Identity {
    let authority_key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_cert = params.self_signed(&authority_key).expect("a certificate");
    let issuer = rcgen::Issuer::new(params, authority_key);
    let signing_key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    shape(&mut params);
    let cert = params
        .signed_by(&signing_key, &issuer)
        .expect("a certificate");
    let authority = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(authority.path(), authority_cert.pem()).expect("a file written");
    Identity {
        server: rcgen::CertifiedKey { cert, signing_key },
        authority,
    }
}

async fn serve_tls(server: &rcgen::CertifiedKey<rcgen::KeyPair>) -> SocketAddr {
    install_provider();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![server.cert.der().clone()], key)
        .expect("a server's config");
    serve_once(config).await
}

/// A server that answers one request over TLS.
async fn serve_once(config: rustls::ServerConfig) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        if let Ok(mut stream) = acceptor.accept(stream).await {
            answer_ok(&mut stream).await;
        }
    });
    address
}

async fn answer_ok(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    read_head(stream).await;
    stream.write_all(&http_answer("200 OK", b"{}")).await.ok();
    stream.shutdown().await.ok();
}

/// A server that answers whatever comes in plain HTTP.
async fn serve_without_tls() -> SocketAddr {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.read_u8().await.expect("a greeting");
        let refusal = http_answer("400 Bad Request", b"");
        stream.write_all(&refusal).await.ok();
        stream.shutdown().await.ok();
    });
    address
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named() {
    let identity = identity("127.0.0.1", |_| {});
    let address = serve_tls(&identity.server).await;
    let client = client(Some(identity.authority.path()));
    let answer = client.send(get("https", address)).await.expect("an answer");
    assert_eq!(answer.body, "{}");
}

#[tokio::test]
async fn bad_certificates_are_refused_before_anything_is_sent() {
    let good = identity("127.0.0.1", |_| {});
    let expired = identity("127.0.0.1", |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let other = identity("other.example.com", |_| {});
    for (identity, trusted, reason) in [
        (
            &good,
            false,
            "the certificate is signed by an authority that is not trusted",
        ),
        (&expired, true, "the certificate has expired"),
        (&other, true, "the certificate is for another host"),
    ] {
        let address = serve_tls(&identity.server).await;
        let client = client(trusted.then(|| identity.authority.path()));
        let fault = client
            .send(get("https", address))
            .await
            .expect_err("a fault");
        assert_eq!(
            (fault.kind, fault.effect),
            (FaultKind::Untrusted, Effect::None)
        );
        assert_eq!(fault.detail, format!("{address}: {reason}"));
    }
}

#[tokio::test]
async fn an_authority_as_a_server_and_a_server_without_tls_are_named() {
    let own = identity("127.0.0.1", |params| {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    });
    let address = serve_tls(&own.server).await;
    let fault = client(None)
        .send(get("https", address))
        .await
        .expect_err("a fault");
    assert_eq!(
        fault.detail,
        format!("{address}: the certificate is an authority's own, not a server's")
    );

    let address = serve_without_tls().await;
    let fault = client(None)
        .send(get("https", address))
        .await
        .expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Untrusted);
    assert_eq!(
        fault.detail,
        format!("{address}: the server does not speak TLS on this port")
    );
}

/// Why there is no client that trusts this file.
fn refused_authority(path: &Path) -> String {
    let connection = Connection {
        ca: Some(path.into()),
        ..Connection::default()
    };
    let error = ReqwestTransport::new(&connection).expect_err("no certificate");
    error.to_string()
}

#[test]
fn a_ca_file_that_cannot_be_used_says_why() {
    assert_eq!(
        refused_authority(Path::new("/nowhere/ca.pem")),
        "the certificate file /nowhere/ca.pem cannot be read"
    );
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path();
    for (text, words) in [
        (
            "nothing",
            "holds no certificate; it must be PEM, with BEGIN CERTIFICATE",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "holds a certificate that cannot be read",
        ),
    ] {
        std::fs::write(path, text).expect("a file written");
        assert_eq!(
            refused_authority(path),
            format!("the CA file {} {words}", path.display())
        );
    }
}
