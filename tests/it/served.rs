//! The built program in a folder of its own, and sandbox apps on a socket.
//!
//! Promises that every child process is ended by its own id, however a story ends, and that nothing
//! but loopback is spoken to. Leaves what is run to the stories.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::company::Company;

/// A folder with a config and a directory in it.
pub struct Home {
    folder: TempDir,
}

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Home {
    pub fn new(config: &str, company: &Company) -> Self {
        let home = Self::empty(config);
        company.write(home.path());
        home
    }

    /// One without a directory.
    pub fn empty(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let home = Self { folder };
        fs::write(home.config(), config).expect("the folder can be written");
        home
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn config(&self) -> PathBuf {
        self.path().join("config.yaml")
    }

    pub fn state(&self) -> PathBuf {
        self.path().join("state")
    }

    /// The program with this command, this config and this folder's state.
    pub fn command(&self, command: &str, arguments: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        program.arg(command).arg("--config").arg(self.config());
        program.arg("--state").arg(self.state()).args(arguments);
        without_proxies(&mut program);
        program
    }

    pub fn run(&self, command: &str, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(command, arguments))
    }
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the program starts");
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Its answer, when it was asked for JSON.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// One target of the answer of `sync`.
    pub fn target(&self, name: &str) -> Json {
        let answer = self.json();
        let targets = answer["targets"].as_array().into_iter().flatten();
        let mut found = targets.filter(|target| target["target"] == name);
        found
            .next()
            .unwrap_or_else(|| panic!("no {name} in {answer}"))
            .clone()
    }

    /// Requests that change something, of all targets together.
    pub fn writes(&self) -> u64 {
        let answer = self.json();
        let targets = answer["targets"].as_array().into_iter().flatten();
        targets
            .map(|target| target["requests"]["write"].as_u64().expect("a number"))
            .sum()
    }
}

/// A proxy of the environment would be asked for loopback addresses too.
pub fn without_proxies(command: &mut Command) {
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
}

/// A child process that does not outlive its story.
pub struct Leashed(pub Child);

impl Drop for Leashed {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end and nothing to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A child process that says on a line of its own where it is.
pub struct Talking {
    _process: Leashed,
    lines: io::Lines<BufReader<ChildStdout>>,
}

impl Talking {
    pub fn start(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).spawn();
        let mut process = Leashed(child.expect("the program starts"));
        let out = process.0.stdout.take().expect("it is a pipe");
        Self {
            _process: process,
            lines: BufReader::new(out).lines(),
        }
    }

    /// What follows `words` on the first line that begins with them.
    pub fn line_after(&mut self, words: &str) -> String {
        let mut lines = self.lines.by_ref().map(|line| line.expect("text"));
        let found = lines.find_map(|line| Some(line.strip_prefix(words)?.to_owned()));
        found.unwrap_or_else(|| panic!("the program ended before it said `{words}`"))
    }
}

/// `rollcall sandbox`, on a free port.
pub struct ServedSandbox {
    _child: Talking,
    pub root: String,
}

impl ServedSandbox {
    pub fn start(home: &Home) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.arg("sandbox").arg("--config").arg(home.config());
        command.args(["--listen", "127.0.0.1:0"]);
        let mut child = Talking::start(&mut command);
        let line = child.line_after("serving at ");
        let root = line.split(';').next().unwrap_or_default().to_owned();
        Self {
            _child: child,
            root,
        }
    }

    /// The flag that sends a command to it.
    pub fn flag(&self) -> String {
        format!("--sandbox={}", self.root)
    }

    pub fn get(&self, path: &str) -> Json {
        let (status, body) = get(&self.root, path, None).expect("the sandbox answers");
        assert_eq!(status, 200, "{path}");
        body
    }

    pub fn dump(&self, target: &str) -> Json {
        self.get(&format!("/_sandbox/{target}/dump"))
    }

    pub fn requests(&self, target: &str) -> Json {
        self.get(&format!("/_sandbox/{target}/requests"))
    }
}

/// One GET. Gives the status and what the body says as JSON.
pub fn get(root: &str, path: &str, token: Option<&str>) -> io::Result<(u16, Json)> {
    ask("GET", root, path, token, None)
}

/// One request, in the plainest HTTP there is. Gives the status and what the body says as JSON.
pub fn ask(
    method: &str,
    root: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Json>,
) -> io::Result<(u16, Json)> {
    let host = root.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {host}\r\n")?;
    if let Some(token) = token {
        write!(stream, "Authorization: Bearer {token}\r\n")?;
    }
    let body = body.map(Json::to_string).unwrap_or_default();
    if !body.is_empty() {
        let length = body.len();
        write!(
            stream,
            "Content-Type: application/scim+json\r\nContent-Length: {length}\r\n"
        )?;
    }
    write!(stream, "\r\n{body}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    match status {
        Some(status) => Ok((status, serde_json::from_str(body).unwrap_or_default())),
        None => Err(io::Error::other(format!("no answer: {answer:?}"))),
    }
}

/// Every file below a folder, by its path, with its bytes.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            let bytes = fs::read(&path).expect("the file can be read");
            files.insert(path, bytes);
        }
    }
    files
}
