//! The daemon as those see it who do not sit in front of it: monitoring, notifications, the log; and
//! that no secret is in any byte of it.
//!
//! Promises real sockets and the real program, on loopback alone. Leaves the words of each part to its
//! own tests.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::program::Folder;
use super::relay::{Relay, Tls};
use super::slapd::certify;

/// Every secret of the story; each is found wherever it is written.
const CANARIES: [&str; 4] = [
    "c4nary-bearer-of-the-wiki",
    "c4nary-client-secret",
    "c4nary-password-of-the-relay",
    "c4nary-hook-in-the-address",
];

/// A server that gives the same answer to each request, and keeps what it was sent.
struct Echo {
    address: SocketAddr,
    got: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    /// Answers with what it was sent in its body: head, secrets and all, as a bad app may.
    fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let request = answer(stream, status);
                kept.lock().expect("no panic").push(request);
            }
        });
        Self { address, got }
    }

    fn got(&self) -> String {
        self.got.lock().expect("no panic").join("\n")
    }
}

fn answer(mut stream: TcpStream, status: &str) -> String {
    let patience = Some(Duration::from_secs(2));
    stream
        .set_read_timeout(patience)
        .expect("a time-out can be set");
    let mut request = String::new();
    let mut reader = BufReader::new(stream.try_clone().expect("a copy"));
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        request.push_str(&line);
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body follows");
    request.push_str(&String::from_utf8_lossy(&body));
    let told = serde_json::json!({ "detail": format!("you said: {request}") }).to_string();
    // It may have gone away already.
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: \
         close\r\n\r\n{told}",
        told.len()
    );
    request
}

/// The daemon in a folder, with a listener; ended by its own id.
struct Daemon {
    child: Child,
    port: u16,
}

impl Daemon {
    fn start(folder: &Folder, port: u16) -> Self {
        let log = std::fs::File::create(folder.path("log")).expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .args(["run", "--config", "config.yaml"])
            .current_dir(folder.path("."))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a copy"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        Self { child, port }
    }

    /// The answer to GET `path`; none while nobody listens.
    fn ask(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// Waits until the answer to GET `path` holds `words`.
    fn until(&self, path: &str, words: &str, folder: &Folder) -> String {
        let mut answer = String::new();
        let came = patiently(|| {
            answer = self.ask(path).unwrap_or_default();
            answer.contains(words)
        });
        let log = std::fs::read_to_string(folder.path("log")).unwrap_or_default();
        assert!(came, "{words}: {answer}\n{log}");
        answer
    }

    /// Asks for the end, and waits for it.
    fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill is there");
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to stop.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits until it is so, forty seconds at most; was it?
#[expect(
    clippy::disallowed_methods,
    reason = "another process is waited for, which has the machine's clock"
)]
fn patiently(mut is_so: impl FnMut() -> bool) -> bool {
    for _ in 0..400 {
        if is_so() {
            return true;
        }
        thread::sleep(Duration::from_millis(100));
    }
    false
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound").port()
}

/// Every file below `folder` that holds a secret and is not one of those that may.
fn leaks(folder: &Path, may: &[&str], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            leaks(&path, may, found);
            continue;
        }
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if may.contains(&name) || !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        found.extend(
            canaries(&text)
                .into_iter()
                .map(|canary| format!("{}: {canary}", path.display())),
        );
    }
}

fn canaries(text: &str) -> Vec<&'static str> {
    CANARIES
        .into_iter()
        .filter(|canary| text.contains(canary))
        .collect()
}

#[test]
fn no_secret_is_in_any_byte_that_is_emitted() {
    let app = Echo::start("401 Unauthorized");
    let tokens = Echo::start("400 Bad Request");
    let hook = Echo::start("500 Internal Server Error");
    let port = free_port();
    let folder = Folder::new();
    certify(&folder.path("."), "127.0.0.1");
    let relay = Relay::start(&folder.path("."), Tls::Starttls);
    folder.write("people.yaml", super::wiki::PEOPLE);
    for (name, canary) in ["token", "client", "password"].into_iter().zip(CANARIES) {
        folder.keep(name, canary);
    }
    folder.keep("hook", &format!("http://{}/{}", hook.address, CANARIES[3]));
    folder.write(
        "config.yaml",
        &format!(
            "state: {{ dir: state }}\nlog: {{ format: json, level: trace, people: true }}\nlisten: \
             127.0.0.1:{port}\nnotify:\n- webhook: {{ url: {{ file: hook }}, format: slack }}\n- mail: \
             {{ relay: '127.0.0.1:{}', from: r@example.com, to: [it@example.com], ca: ca.pem, username: \
             {{ file: password }}, password: {{ file: password }} }}\nsources: {{ hq: {{ file: {{ users: \
             people.yaml }} }} }}\ntargets:\n  wiki: {{ connector: scim, base_url: 'http://{app}/scim', \
             auth: {{ bearer: {{ file: token }} }}, assign: everyone }}\n  forum: {{ connector: scim, \
             base_url: 'http://{app}/forum', assign: everyone, auth: {{ oauth2: {{ token_url: \
             'http://{}/token', client_id: {{ file: client }}, client_secret: {{ file: client }} }} }} }}\n",
            relay.port,
            tokens.address,
            app = app.address,
        ),
    );
    let mut told = String::new();
    for command in [
        "check",
        "sync --dry-run",
        "sync",
        "sync --format json",
        "status",
        "history",
    ] {
        let ended = folder.rollcall(&format!("{command} --config config.yaml"));
        told.push_str(&ended.out);
        told.push_str(&ended.err);
    }
    let daemon = Daemon::start(&folder, port);
    let metrics = daemon.until(
        "/metrics",
        "rollcall_target_paused{target=\"wiki\"} 1",
        &folder,
    );
    told.push_str(&metrics);
    told.push_str(&daemon.until("/readyz", "503", &folder));
    patiently(|| !hook.got().is_empty());
    let mailed = "refused our credentials";
    assert!(
        patiently(|| relay.mails().contains(mailed)),
        "{}",
        relay.mails()
    );
    daemon.stop();
    // The story has teeth: the secrets were sent where they belong, and came back.
    assert!(app.got().contains(CANARIES[0]), "the app saw no token");
    assert!(hook.got().contains(CANARIES[3]), "nobody was notified");
    assert_eq!(canaries(&told), Vec::<&str>::new(), "{told}");
    let mails = relay.mails();
    assert!(mails.contains("AUTH PLAIN "), "{mails}");
    assert_eq!(canaries(&mails), Vec::<&str>::new(), "{mails}");
    let bodies = hook.got().replace(CANARIES[3], "");
    assert_eq!(canaries(&bodies), Vec::<&str>::new(), "{bodies}");
    let mut found = Vec::new();
    leaks(
        &folder.path("."),
        &["token", "client", "password", "hook"],
        &mut found,
    );
    assert_eq!(found, Vec::<String>::new());
    let log = std::fs::read_to_string(folder.path("log")).expect("a log");
    let of_wiki = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).is_ok_and(|line| line["target"] == "wiki")
    };
    assert!(log.lines().any(of_wiki), "{log}");
}

#[test]
fn a_daemon_becomes_ready_counts_and_forges_no_line() {
    let folder = Folder::new();
    let port = free_port();
    let hostile = "users:\n- { key: p-1, uid: ana, mail: ana@example.com, givenName: Ana, sn: Lima }\n- { key: \
                   p-2, uid: \"<0>eve ERROR target=x\", mail: eve@example.com, givenName: Eve, sn: \
                   \"Mall\\u202eory\" }\n";
    folder.write("people.yaml", hostile);
    folder.keep("token", "t0ken");
    let config = |more: &str| {
        format!(
            "state: {{ dir: state }}\nlog: {{ level: debug, people: true }}\nlisten: \
             127.0.0.1:{port}\n{more}sources: {{ hq: {{ file: {{ users: people.yaml }} }} }}\ntargets:\n  \
             wiki: {{ connector: scim, base_url: 'http://127.0.0.1:9/scim', auth: {{ bearer: {{ file: token \
             }} }}, assign: everyone }}\n"
        )
    };
    folder.write("config.yaml", &config(""));
    let served = folder.serve("config.yaml");
    let sandbox = format!("--sandbox={}", served.root);
    let log = std::fs::File::create(folder.path("log")).expect("a file");
    let child = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(["run", "--config", "config.yaml", &sandbox])
        .current_dir(folder.path("."))
        .env_clear()
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a copy"))
        .stderr(log)
        .spawn()
        .expect("the program starts");
    let daemon = Daemon { child, port };
    let ready = daemon.until("/readyz", "\"ready\":true", &folder);
    assert!(ready.starts_with("HTTP/1.1 200 OK\r\n"), "{ready}");
    assert!(
        daemon
            .until("/healthz", "200 OK", &folder)
            .ends_with("\r\n\r\nok\n")
    );
    let metrics = daemon.until(
        "/metrics",
        "rollcall_changes_total{target=\"wiki\",action=\"create\"} 2",
        &folder,
    );
    for line in [
        "rollcall_source_users{source=\"hq\"} 2.0",
        "rollcall_target_links{target=\"wiki\"} 2.0",
        "rollcall_requests_total{target=\"wiki\",method=\"POST\",status=\"201\"} 2",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    // A reload that closes the port is heard.
    folder.write(
        "config.yaml",
        &config("").replace(&format!("listen: 127.0.0.1:{port}\n"), ""),
    );
    let id = daemon.child.id().to_string();
    Command::new("kill")
        .args(["-HUP", &id])
        .status()
        .expect("kill is there");
    let is_closed = patiently(|| daemon.ask("/healthz").is_none());
    assert!(is_closed, "it still listens");
    assert_eq!(daemon.stop(), Some(0));
    let log = std::fs::read_to_string(folder.path("log")).expect("a log");
    assert!(!log.contains(['\u{1b}', '\u{202e}']), "{log}");
    let named = "target=wiki run=";
    assert!(log.contains(named), "{named}\n{log}");
    let named = "job=create person=\"<0>eve ERROR target=x\"";
    assert!(log.contains(named), "{named}\n{log}");
    for line in log.lines() {
        assert!(!line.starts_with("<0>"), "{log}");
    }
}

#[test]
fn a_port_that_is_taken_ends_the_start_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound");
    let folder = super::wiki::with(
        "state: { dir: state }",
        &format!("state: {{ dir: state }}\nlisten: {address}"),
    );
    let ended = folder.rollcall("run --config config.yaml");
    assert_eq!(ended.code, Some(1), "{}", ended.told());
    assert!(
        ended.err.ends_with(&format!(
            "error: cannot listen on {address} for monitoring: Address already in use (os error 98)\n  hint: \
             write another address as `listen:`, or end who has this one\n"
        )),
        "{}",
        ended.told()
    );
}
