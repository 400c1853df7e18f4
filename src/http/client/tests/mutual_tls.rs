//! Servers that want to know who we are before they listen.

use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;

use super::*;
use crate::secret::Secret;

/// Two authorities, each with a certificate: of the server, and of a client.
struct Parties {
    server: Identity,
    client: Identity,
}

fn parties() -> Parties {
    let client = identity("client.example.com", |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    });
    Parties {
        server: identity("127.0.0.1", |_| {}),
        client,
    }
}

/// A server that takes certificates of this authority only.
async fn serve_mutual(parties: &Parties) -> SocketAddr {
    install_provider();
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(parties.client.authority.path()).expect("a file");
    let authority = <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(&pem);
    roots
        .add(authority.expect("a certificate"))
        .expect("an authority");
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
    let server = &parties.server.server;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server.signing_key.serialize_der()));
    let config = rustls::ServerConfig::builder()
        .with_client_cert_verifier(verifier.expect("a verifier"))
        .with_single_cert(vec![server.cert.der().clone()], key)
        .expect("a server's config");
    serve_once(config).await
}

/// The certificate of `identity` in a file, with a key.
fn certificate(identity: &Identity, key: &str) -> (tempfile::NamedTempFile, ClientCertificate) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), identity.server.cert.pem()).expect("a file written");
    let certificate = ClientCertificate {
        certificate: file.path().into(),
        key: Secret::new(key),
        key_name: "file client.key".into(),
    };
    (file, certificate)
}

fn transport(
    parties: &Parties,
    certificate: Option<ClientCertificate>,
) -> Result<ReqwestTransport, ClientError> {
    let connection = Connection {
        ca: Some(parties.server.authority.path().into()),
        certificate,
        ..Connection::default()
    };
    ReqwestTransport::build(Client::builder(), &connection, |_| None)
}

#[tokio::test]
async fn our_certificate_opens_the_door() {
    let parties = parties();
    let key = parties.client.server.signing_key.serialize_pem();
    let (_file, certificate) = certificate(&parties.client, &key);
    let address = serve_mutual(&parties).await;
    let transport = transport(&parties, Some(certificate)).expect("a client");
    let answer = transport
        .send(get("https", address))
        .await
        .expect("an answer");
    assert_eq!(answer.body, "{}");
}

#[tokio::test]
async fn without_a_certificate_or_with_a_strangers_the_server_says_no() {
    let parties = parties();
    let stranger = identity("stranger.example.com", |_| {});
    let key = stranger.server.signing_key.serialize_pem();
    let (_file, theirs) = certificate(&stranger, &key);
    for (certificate, words) in [
        (
            None,
            "the server asks for a client certificate; write tls: { client_cert: FILE, client_key: \
             { file: FILE } }",
        ),
        (
            Some(theirs),
            "the server does not accept our client certificate (DecryptError)",
        ),
    ] {
        let address = serve_mutual(&parties).await;
        let transport = transport(&parties, certificate).expect("a client");
        let fault = transport
            .send(get("https", address))
            .await
            .expect_err("a fault");
        assert_eq!(
            (fault.kind, fault.effect),
            (FaultKind::Unready, Effect::None)
        );
        assert_eq!(fault.detail, format!("{address}: {words}"));
    }
}

#[test]
fn a_certificate_or_a_key_that_cannot_be_used_says_why() {
    let parties = parties();
    let good = parties.client.server.signing_key.serialize_pem();
    let other = parties.server.server.signing_key.serialize_pem();
    let (file, with_other) = certificate(&parties.client, &other);
    let (_file, with_none) = certificate(&parties.client, "no key");
    let swapped = ClientCertificate {
        certificate: parties.server.authority.path().with_extension("nowhere"),
        key: Secret::new(good),
        key_name: "file client.key".into(),
    };
    let missing = swapped.certificate.display().to_string();
    let path = file.path().display().to_string();
    for (certificate, words) in [
        (
            with_other,
            format!("the client key (file client.key) does not belong to the client certificate {path}"),
        ),
        (
            with_none,
            "the client key (file client.key) cannot be used; it must be PEM, with BEGIN PRIVATE KEY, \
             without a password"
                .to_owned(),
        ),
        (swapped, format!("the certificate file {missing} cannot be read")),
    ] {
        let error = transport(&parties, Some(certificate)).expect_err("no client");
        assert_eq!(error.to_string(), words);
        assert!(!format!("{error:?}").contains("PRIVATE KEY-----"));
    }
}
