//! What a person reads when an app cannot be reached, or does not let us in.
//!
//! Promises that the app which fails is named, that nothing was changed in it, and that the others
//! go on. Leaves changes that fail one by one to the engine's own tests.

use std::net::TcpListener;
use std::sync::Arc;

use insta::assert_snapshot;
use rollcall::core::key::TargetName;
use rollcall::sandbox::credentials;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::program::{Folder, Served};
use super::wiki::{PEOPLE, with};

/// An address on loopback where nobody listens.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    address.to_string()
}

/// Two apps that are served: `guards` takes OAuth2, `wiki` a token. The credentials are right.
struct Site {
    folder: Folder,
    served: Served,
}

impl Site {
    fn new() -> Self {
        let folder = Folder::new();
        folder.write("people.yaml", PEOPLE);
        let known = |target: &str| credentials(&TargetName::new(target));
        folder.keep("wiki-token", known("wiki").token.expose());
        folder.keep("guards-id", &known("guards").client_id);
        folder.keep("guards-client", known("guards").client_secret.expose());
        folder.write("served.yaml", &config("https://apps.example.com"));
        let served = folder.serve("served.yaml");
        folder.write("config.yaml", &config(&served.root));
        Self { folder, served }
    }

    fn told(&self, command: &str) -> String {
        self.folder
            .rollcall(&format!("{command} --config config.yaml"))
            .told()
    }

    /// Requests that would have changed something.
    fn writes(&self, target: &str) -> u64 {
        let log = self.served.ask(&format!("/_sandbox/{target}/requests"));
        log["counts"]["write"].as_u64().expect("a number")
    }
}

fn config(root: &str) -> String {
    format!(
        "\
state: {{ dir: state }}
sources:
  hq:
    file: {{ users: people.yaml }}
targets:
  guards:
    connector: scim
    base_url: {root}/guards/scim/v2
    auth:
      oauth2:
        token_url: {root}/guards/oauth2/token
        client_id: {{ file: guards-id }}
        client_secret: {{ file: guards-client }}
    assign: {{ groups: [staff] }}
  wiki:
    connector: scim
    base_url: {root}/wiki/scim/v2
    auth: {{ bearer: {{ file: wiki-token }} }}
    assign: {{ groups: [staff] }}
"
    )
}

#[test]
fn nobody_listens() {
    let folder = with(
        "127.0.0.1:9/scim/v2",
        &format!(
            "{}/scim/v2\n    override: {{ rates: {{ retry: {{ attempts: 1 }} }} }}",
            closed()
        ),
    );
    assert_snapshot!(folder.rollcall("sync --config config.yaml").told(), @r#"
    hq  2 users, 1 group

    wiki  not planned: nothing was changed in this app
    error: the app cannot be reached: 127.0.0.1:PORT: connection refused
      hint: check the address in the config and the way there; the next run tries again

    -- exit 1
    "#);
    let json = folder.rollcall("sync --config config.yaml --format json");
    assert_eq!(json.code, Some(1));
    let error = json.json()["targets"][0]["error"].to_string();
    assert!(error.contains("connection refused"), "{error}");
    assert_snapshot!(folder.rollcall("check --config config.yaml").told(), @r#"
    ok config  1 source, 1 target
    ok hq  2 users, 1 group
    !! wiki
    error: the app cannot be reached: 127.0.0.1:PORT: connection refused
      hint: check the address in the config and the way there; the next run tries again
    1 problem
    -- exit 1
    "#);
}

#[test]
fn with_the_right_credentials_both_apps_are_in_line() {
    let site = Site::new();
    let ended = site.folder.rollcall("sync --config config.yaml");
    assert_eq!(ended.code, Some(0), "{}", ended.told());
    assert_eq!((site.writes("guards"), site.writes("wiki")), (2, 2));
}

#[test]
fn a_wrong_token() {
    let site = Site::new();
    site.folder.keep("wiki-token", "not-the-t0ken");
    let told = site.told("sync");
    assert!(!told.contains("t0ken"), "{told}");
    assert_snapshot!(told, @r#"
    hq  2 users, 1 group

    guards  plan ID, compared with the app

      joiners
        + create         ana  assigned by group staff
            displayName Ana Lima · emails ana@example.com · externalId p-1 · name.familyName Lima
            name.givenName Ana · userName ana
        + create         bob  assigned by group staff
            displayName Bob Stone · emails bob@example.com · externalId p-2 · name.familyName Stone
            name.givenName Bob · userName bob

      to do: 2 create
      this run may send up to 2 mails: the vendor does not say

    guards  2 done, 0 not; requests: 2 read, 2 write, 1 token

    wiki  not planned: nothing was changed in this app
    error: the app refused our credentials (401): the token is not the right one
      hint: check the target's `auth:`, and in the app whether it was revoked; then: rollcall check

    -- exit 1
    "#);
    assert_eq!((site.writes("guards"), site.writes("wiki")), (2, 0));
    assert_snapshot!(site.told("check"), @r#"
    ok config  1 source, 2 targets
    ok hq  2 users, 1 group
    ok guards  answers, and has 2 accounts
    !! wiki
    error: the app refused our credentials (401): the token is not the right one
      hint: check the target's `auth:`, and in the app whether it was revoked; then: rollcall check
    1 problem
    -- exit 1
    "#);
}

#[test]
fn a_wrong_client_secret() {
    let site = Site::new();
    site.folder.keep("guards-client", "not-the-s3cret");
    let told = site.told("sync");
    assert!(!told.contains("s3cret"), "{told}");
    assert_snapshot!(told, @r#"
    hq  2 users, 1 group

    guards  not planned: nothing was changed in this app
    error: the app refused our credentials (401): the token endpoint 127.0.0.1: refused our client credentials: invalid_client: the client is not known here, or its secret is wrong
      hint: check the target's `auth:`, and in the app whether it was revoked; then: rollcall check

    wiki  plan ID, compared with the app

      joiners
        + create         ana  assigned by group staff
            displayName Ana Lima · emails ana@example.com · externalId p-1 · name.familyName Lima
            name.givenName Ana · userName ana
        + create         bob  assigned by group staff
            displayName Bob Stone · emails bob@example.com · externalId p-2 · name.familyName Stone
            name.givenName Bob · userName bob

      to do: 2 create
      this run may send up to 2 mails: the vendor does not say

    wiki  2 done, 0 not; requests: 2 read, 2 write, 0 token

    -- exit 1
    "#);
    assert_eq!((site.writes("guards"), site.writes("wiki")), (0, 2));
}

#[test]
fn a_token_endpoint_that_wants_something_else() {
    let site = Site::new();
    let config = config(&site.served.root).replace(
        "client_secret: { file: guards-client }",
        "client_secret: { file: guards-client }\n        extra: { grant_type: password }",
    );
    site.folder.write("config.yaml", &config);
    assert_snapshot!(site.told("check"), @r#"
    ok config  1 source, 2 targets
    ok hq  2 users, 1 group
    !! guards
    error: the app refused our credentials (400): the token endpoint 127.0.0.1: refused our client credentials: invalid_request: a field is there twice
      hint: check the target's `auth:`, and in the app whether it was revoked; then: rollcall check
    ok wiki  answers, and has 0 accounts
    1 problem
    -- exit 1
    "#);
}

#[test]
fn a_missing_secret_stops_its_own_target_only() {
    let site = Site::new();
    std::fs::remove_file(site.folder.path("guards-client")).expect("it was there");
    assert_snapshot!(site.told("sync"), @r#"
    hq  2 users, 1 group

    guards  not planned: nothing was changed in this app
    error: the target cannot be used: the secret file guards-client cannot be read: No such file or directory (os error 2)
      hint: set that right, and run it again

    wiki  plan ID, compared with the app

      joiners
        + create         ana  assigned by group staff
            displayName Ana Lima · emails ana@example.com · externalId p-1 · name.familyName Lima
            name.givenName Ana · userName ana
        + create         bob  assigned by group staff
            displayName Bob Stone · emails bob@example.com · externalId p-2 · name.familyName Stone
            name.givenName Bob · userName bob

      to do: 2 create
      this run may send up to 2 mails: the vendor does not say

    wiki  2 done, 0 not; requests: 2 read, 2 write, 0 token

    -- exit 1
    "#);
    assert_eq!((site.writes("guards"), site.writes("wiki")), (0, 2));
    // Explaining asks no app, and so needs no secret.
    let explained = site.told("explain ana guards");
    assert!(explained.contains("  due: create: "), "{explained}");
}

#[test]
fn a_base_url_that_is_no_scim_service() {
    let site = Site::new();
    let config = config(&site.served.root).replace("/wiki/scim/v2", "/wiki");
    site.folder.write("config.yaml", &config);
    assert_snapshot!(site.told("check"), @r#"
    ok config  1 source, 2 targets
    ok hq  2 users, 1 group
    ok guards  answers, and has 0 accounts
    !! wiki
    error: the app does not have this any more (404): there is nothing at this address
      hint: check the target's `base_url`: it ends before `/Users`
    1 problem
    -- exit 1
    "#);
}

/// Serves TLS under a certificate that nobody has signed but itself.
fn serve_self_signed() -> String {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("the key fits the certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("a runtime starts");
        runtime.block_on(async {
            listener.set_nonblocking(true).expect("a socket option");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                // It fails: that is the story.
                acceptor.accept(stream).await.ok();
            }
        });
    });
    address.to_string()
}

#[test]
fn a_certificate_that_nobody_trusts() {
    let address = serve_self_signed();
    let folder = with("http://127.0.0.1:9", &format!("https://{address}"));
    assert_snapshot!(folder.rollcall("sync --config config.yaml").told(), @r#"
    hq  2 users, 1 group

    wiki  not planned: nothing was changed in this app
    error: the app's certificate is not trusted: 127.0.0.1:PORT: the certificate is signed by an authority that is not trusted
      hint: give the CA that signed it as `tls: { ca: FILE }`, or mend the certificate

    -- exit 1
    "#);
}
