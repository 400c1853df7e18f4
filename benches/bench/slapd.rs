//! A slapd of its own for a bench.
//!
//! Promises to listen on loopback alone and to end with the bench. Leaves its config, `slapd.conf`, and
//! what it holds, `all.ldif`, to the bench.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rollcall::clock::Clock;

/// A child process that ends with the bench.
pub struct Leashed(pub Child);

impl Drop for Leashed {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Fills it, with these flags for `slapadd`, and starts it on a free port.
pub fn start(folder: &Path, flags: &[&str]) -> (Leashed, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    drop(listener);
    fill(folder, flags);
    let child = Command::new("slapd")
        .args(["-d", "0", "-h", &format!("ldap://127.0.0.1:{port}/"), "-f"])
        .arg(folder.join("slapd.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = Leashed(child.expect("slapd is installed"));
    let begun = Clock::System.instant();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "slapd does not answer"
        );
        std::thread::yield_now();
    }
    (server, port)
}

fn fill(folder: &Path, flags: &[&str]) {
    fs::create_dir(folder.join("db")).expect("it can be made");
    let loaded = Command::new("slapadd")
        .arg("-q")
        .args(flags)
        .arg("-f")
        .arg(folder.join("slapd.conf"))
        .arg("-l")
        .arg(folder.join("all.ldif"))
        .status();
    assert!(loaded.expect("slapadd is installed").success());
}
