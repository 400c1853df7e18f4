//! A relay that takes mail on loopback (RFC 5321), with TLS by a CA of its own.
//!
//! Promises to keep every line that it was told, and whether it came over TLS. Leaves who is to say what
//! to the stories.

use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio_rustls::TlsAcceptor;

/// When TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// With the first byte (RFC 8314, 3).
    Wrapped,
    /// After STARTTLS (RFC 3207).
    Starttls,
}

/// A relay, for as long as the test runs.
pub struct Relay {
    pub port: u16,
    told: Arc<Mutex<Vec<(Tie, String)>>>,
}

/// What a line came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    Open,
    Private,
}

impl Relay {
    /// Begins, with the certificate that `folder` holds as `server.pem` and `server.key`.
    pub fn start(folder: &Path, tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let acceptor = acceptor(folder);
        let told = Arc::default();
        let kept = Arc::clone(&told);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
                .expect("a runtime starts");
            runtime.block_on(async {
                listener.set_nonblocking(true).expect("a socket option");
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                while let Ok((stream, _)) = listener.accept().await {
                    serve(stream, &acceptor, tls, &kept).await;
                }
            });
        });
        Self { port, told }
    }

    /// The lines that came over this.
    pub fn told(&self, tie: Tie) -> Vec<String> {
        let told = self.told.lock().expect("no panic");
        let lines = told.iter().filter(|(one, _)| *one == tie);
        lines.map(|(_, line)| line.clone()).collect()
    }

    /// The texts of its mails, as a reader sees them: what quoted-printable has folded is whole again.
    pub fn mails(&self) -> String {
        self.told(Tie::Private).join("\n").replace("=\n", "")
    }
}

fn acceptor(folder: &Path) -> TlsAcceptor {
    let chain = CertificateDer::from_pem_file(folder.join("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .expect("the key fits the certificate");
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(
    mut stream: tokio::net::TcpStream,
    acceptor: &TlsAcceptor,
    tls: Tls,
    told: &Mutex<Vec<(Tie, String)>>,
) {
    let is_bare = tls == Tls::Starttls && !talk(&mut stream, Tie::Open, true, told).await;
    if is_bare {
        return;
    }
    // Whoever does not trust us goes away here.
    if let Ok(mut stream) = acceptor.accept(stream).await {
        talk(&mut stream, Tie::Private, tls == Tls::Wrapped, told).await;
    }
}

/// Talks until the other side ends it, or wants TLS: then it is true.
async fn talk(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    tie: Tie,
    greets: bool,
    told: &Mutex<Vec<(Tie, String)>>,
) -> bool {
    let mut stream = BufReader::new(stream);
    if greets {
        say(&mut stream, "220 relay.example.com ESMTP").await;
    }
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if !stream
            .read_line(&mut line)
            .await
            .is_ok_and(|length| length > 0)
        {
            return false;
        }
        let line = line.trim_end().to_owned();
        let answer = answer(&line, tie, &mut in_data);
        told.lock().expect("no panic").push((tie, line.clone()));
        if !answer.is_empty() {
            say(&mut stream, answer).await;
        }
        if line == "STARTTLS" {
            return true;
        }
    }
}

fn answer(line: &str, tie: Tie, in_data: &mut bool) -> &'static str {
    match line {
        "." => {
            *in_data = false;
            "250 taken"
        }
        _ if *in_data => "",
        "DATA" => {
            *in_data = true;
            "354 go on"
        }
        "QUIT" => "221 bye",
        "STARTTLS" => "220 go on",
        line if line.starts_with("EHLO") => match tie {
            Tie::Open => "250-relay.example.com\r\n250-8BITMIME\r\n250 STARTTLS",
            Tie::Private => "250-relay.example.com\r\n250-8BITMIME\r\n250 AUTH PLAIN",
        },
        line if line.starts_with("AUTH") => "235 welcome",
        _ => "250 ok",
    }
}

async fn say(stream: &mut (impl AsyncWrite + Unpin), answer: &str) {
    // It may have gone away.
    stream
        .write_all(format!("{answer}\r\n").as_bytes())
        .await
        .ok();
    stream.flush().await.ok();
}
