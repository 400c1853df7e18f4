//! The built program: a sandbox on a socket, and the daemon that keeps it in line.
//!
//! Promises that both end with the bench.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use rollcall::clock::Clock;
use serde_json::Value as Json;

use crate::change::Request;
use crate::directory::{GROUPS, PEOPLE};
use crate::slapd::Leashed;

/// The app.
pub struct Sandbox {
    address: String,
    _process: Leashed,
    /// Kept open: what it says later has somewhere to go.
    _out: BufReader<ChildStdout>,
}

/// `rollcall run`.
pub struct Daemon {
    folder: PathBuf,
    /// Sends a command to the sandbox instead of the app.
    flag: String,
    process: Leashed,
}

fn program(command: &str, folder: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    program
        .arg(command)
        .arg("--config")
        .arg(folder.join("config.yaml"));
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        program.env_remove(proxy).env_remove(proxy.to_lowercase());
    }
    program
}

impl Sandbox {
    /// Serves a copy of the app on a free port.
    pub fn start(folder: &Path) -> Self {
        let mut command = program("sandbox", folder);
        command.args(["--listen", "127.0.0.1:0"]);
        let child = command.stdout(Stdio::piped()).spawn();
        let mut process = Leashed(child.expect("the program starts"));
        let out = process.0.stdout.take().expect("it is a pipe");
        let mut out = BufReader::new(out);
        let address = out.by_ref().lines().map_while(Result::ok).find_map(|line| {
            let rest = line.strip_prefix("serving at http://")?;
            Some(rest.split(['/', ';']).next()?.to_owned())
        });
        Self {
            address: address.expect("it says where it is"),
            _process: process,
            _out: out,
        }
    }

    /// The ids of accounts and groups by their names.
    pub fn ids(&self) -> BTreeMap<String, String> {
        let dump = self.get("dump");
        let named = |kind: &str, name: &str| -> BTreeMap<String, String> {
            let all = dump[kind].as_array().into_iter().flatten();
            all.map(|one| (text(&one[name]), text(&one["id"])))
                .collect()
        };
        let mut ids = named("users", "userName");
        ids.extend(named("groups", "displayName"));
        ids
    }

    /// The names of its accounts, the first one made first.
    pub fn logins(&self) -> Vec<String> {
        let dump = self.get("dump");
        let all = dump["users"].as_array().into_iter().flatten();
        all.map(|user| text(&user["userName"])).collect()
    }

    /// The title of each account.
    pub fn titles(&self) -> BTreeMap<String, String> {
        let dump = self.get("dump");
        let all = dump["users"].as_array().into_iter().flatten();
        all.map(|user| (text(&user["userName"]), text(&user["title"])))
            .collect()
    }

    /// What the app was sent, in order.
    pub fn requests(&self) -> Vec<Request> {
        let answer = self.get("requests");
        let all = answer["requests"].as_array().into_iter().flatten();
        all.map(|request| Request {
            method: text(&request["method"]),
            path: text(&request["path"]),
            is_accepted: request["status"]
                .as_u64()
                .is_some_and(|status| status < 300),
            at: text(&request["at"]).parse().expect("a point in time"),
        })
        .collect()
    }

    fn get(&self, what: &str) -> Json {
        let mut stream = TcpStream::connect(&self.address).expect("the sandbox answers");
        let head = format!(
            "GET /_sandbox/app/{what} HTTP/1.0\r\nHost: {}\r\n\r\n",
            self.address
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).expect("JSON")
    }
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Daemon {
    /// Begins with an empty state.
    pub fn start(folder: &Path, sandbox: &Sandbox) -> Self {
        let log = File::create(folder.join("log")).expect("it can be written");
        let flag = format!("--sandbox=http://{}", sandbox.address);
        let child = program("run", folder)
            .arg("--state")
            .arg(folder.join("state"))
            .arg(&flag)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Self {
            folder: folder.to_owned(),
            flag,
            process: Leashed(child.expect("the program starts")),
        }
    }

    /// What shows how it is doing.
    pub fn watched_by(&self) -> String {
        format!(
            "rollcall status --watch --config {0}/config.yaml --state {0}/state {1}",
            self.folder.display(),
            self.flag
        )
    }

    /// Waits until the app holds the whole company and nothing is under way.
    pub async fn await_company(&self) {
        let begun = Clock::System.instant();
        while !self.is_in_line() {
            let log = self.folder.join("log");
            assert!(
                begun.elapsed() < Duration::from_mins(3),
                "the app is not in line after three minutes: {}",
                fs::read_to_string(log).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn is_in_line(&self) -> bool {
        let output = program("status", &self.folder)
            .arg("--state")
            .arg(self.folder.join("state"))
            .args(["--format", "json", &self.flag])
            .output()
            .expect("the program starts");
        let status: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let app = &status["targets"][0];
        app["accounts"] == PEOPLE
            && app["groups"] == GROUPS
            && app["due"] == 0
            && app["live"]["phase"] == "idle"
    }

    /// The most memory that it had at once, in KiB.
    pub fn peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.0.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .expect("the system tells it")
    }
}
