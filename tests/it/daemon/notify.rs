//! What systemd hears of the daemon.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::process::{Service, eventually, pause};
use crate::wiki::with;

/// A service manager, as far as it listens.
struct Manager {
    socket: UnixDatagram,
    heard: String,
}

impl Manager {
    fn heard(&mut self) -> &str {
        let mut bytes = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut bytes) {
            self.heard
                .push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
        &self.heard
    }

    fn hears(&mut self, line: &str) {
        eventually(line, || self.heard().lines().any(|one| one == line));
    }
}

#[test]
fn systemd_hears_when_it_is_ready_reloads_and_stops() {
    let folder = with("    assign:", "    every: 1s\n    assign:");
    let served = folder.serve("config.yaml");
    let path = folder.path("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_nonblocking(true).expect("a socket");
    let mut manager = Manager {
        socket,
        heard: String::new(),
    };
    let path = path.display().to_string();
    let service = Service::start(
        &folder,
        "one",
        &format!("run --config config.yaml --sandbox={}", served.root),
        &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "600000")],
    );
    manager.hears("READY=1");
    manager.hears("WATCHDOG=1");
    manager.hears("STATUS=1 target, nothing due");
    let before = manager.heard().matches("WATCHDOG=1").count();
    pause(Duration::from_secs(2));
    let fed = manager.heard().matches("WATCHDOG=1").count() - before;
    assert!((3..=12).contains(&fed), "{fed} times in 2 s");

    manager.heard.clear();
    service.signal("HUP");
    manager.hears("READY=1");
    let lines: Vec<String> = manager.heard().lines().map(str::to_owned).collect();
    let at = lines
        .iter()
        .position(|line| line == "RELOADING=1")
        .expect("it reloads");
    let stamp = lines[at + 1]
        .strip_prefix("MONOTONIC_USEC=")
        .expect("with a stamp");
    assert!(stamp.parse::<u64>().is_ok(), "{stamp}");
    assert!(lines[at..].contains(&"READY=1".to_owned()));

    assert_eq!(service.stop(), Some(0));
    assert_eq!(manager.heard().lines().last(), Some("STOPPING=1"));
}
