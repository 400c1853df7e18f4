//! One run of the built program.
//!
//! Promises its time from start to end, and its peak of memory as the system counts it. Leaves its
//! config to the bench.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The environment variable with a token for the apps of a config.
pub const TOKEN: &str = "ROLLCALL_BENCH_TOKEN";

/// One `rollcall sync` with `config.yaml` of this folder, which ends with this code: its time, and its
/// peak of memory in kB.
#[expect(
    clippy::disallowed_methods,
    reason = "a bench measures the machine's time"
)]
pub fn sync(folder: &Path, flags: &[&str], ends: i32) -> (Duration, u64) {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .args(["sync", "--config", "config.yaml"])
        .args(flags)
        .env(TOKEN, "none")
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let code = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let held = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(held.unwrap_or(0));
        if let Some(code) = child.try_wait().expect("the program can be waited for") {
            break code;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert_eq!(code.code(), Some(ends), "{flags:?}");
    (start.elapsed(), peak)
}
