//! Runs the built program in a folder of its own, as a person at a shell would.
//!
//! Promises that a run sees nothing of the machine's environment, and that what it said can be
//! compared word by word: whatever differs from run to run has a name in its place. Leaves what
//! should have been said to the stories.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;

use regex::Regex;
use tempfile::TempDir;

/// What differs from run to run, and the name that stands in its place.
static CHANGING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let changing = [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"plan [0-9a-f]{12}", "plan ID"),
        (r"H-[0-9a-f]+", "H-ID"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "RUN"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "WHEN"),
        (r"\d\d:\d\d UTC", "HH:MM UTC"),
        (r"\(process \d+\)", "(process N)"),
        (r"\S+ \(uid \d+\)", "NAME (uid N)"),
        (r"(?m)^\d\d:\d\d:\d\d UTC", "HH:MM:SS UTC"),
        (r"this one knows \d+", "this one knows N"),
        (r"\b\d+ ms\b", "N ms"),
        (
            r"\b(less than a minute|\d+ (minute|hour|day)s?) ago\b",
            "AGE ago",
        ),
        (r"(?m) +$", ""),
    ];
    changing
        .into_iter()
        .map(|(pattern, name)| (Regex::new(pattern).expect("a sound pattern"), name))
        .collect()
});

/// A folder that holds an installation: config, directory, secrets, state.
pub struct Folder(TempDir);

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        Self(TempDir::new().expect("a folder can be made"))
    }

    /// Where a file of it is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file that everybody may read.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).expect("a file can be written");
        self.allow(name, 0o644);
    }

    /// Writes a file that only its owner may read.
    pub fn keep(&self, name: &str, secret: &str) {
        self.write(name, secret);
        self.allow(name, 0o600);
    }

    /// Changes who may do what with a file.
    pub fn allow(&self, name: &str, mode: u32) {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path(name), permissions).expect("the file is ours");
    }

    /// What a child that was started in here has said, once it has ended.
    pub fn ended(&self, child: Child) -> Ended {
        let output = child.wait_with_output().expect("it is ours");
        Ended::of(output, self.0.path())
    }

    /// Runs the program in here with `arguments`, one a word.
    pub fn rollcall(&self, arguments: &str) -> Ended {
        run(self.0.path(), arguments)
    }

    /// Starts the program in here, with pipes for what it reads and says.
    pub fn start(&self, arguments: &str) -> Child {
        command(self.0.path())
            .args(arguments.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// Starts `rollcall run` in here, until the result is dropped; what it says goes into `daemon.out` and
    /// `daemon.err`.
    pub fn daemon(&self, arguments: &str) -> Daemon {
        let child = self.start_service("daemon", &format!("run {arguments}"), &[]);
        Daemon { child }
    }

    /// The same by another command, which runs what stands behind its own words.
    pub fn daemon_by(&self, mut by: Command, arguments: &str) -> Daemon {
        let file = |name: &str| fs::File::create(self.path(name)).expect("a file can be made");
        let child = by
            .arg(env!("CARGO_BIN_EXE_rollcall"))
            .args(["run"])
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(file("daemon.out"))
            .stderr(file("daemon.err"))
            .spawn()
            .expect("the command starts");
        Daemon { child }
    }

    /// Runs the program in here as this user of this group, who may be nobody that the system knows.
    pub fn rollcall_as(&self, (uid, gid): (u32, u32), arguments: &str) -> Ended {
        self.allow(".", 0o711);
        let program = self.path("rollcall");
        if !program.exists() {
            // Where it was built, others may not come. Copied by another process: a file that this one has
            // open for writing, be it in a child of another story, cannot be run.
            let copied = Command::new("cp")
                .args([Path::new(env!("CARGO_BIN_EXE_rollcall")), &program])
                .status();
            assert!(copied.expect("there is a cp").success(), "there is room");
        }
        let output = Command::new(program)
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env_clear()
            .stdin(Stdio::null())
            .uid(uid)
            .gid(gid)
            .output()
            .expect("root may be anybody");
        Ended::of(output, self.0.path())
    }

    /// Starts the program in here as a service manager would: with `environment`, what it says in files
    /// of that name, `.out` and `.err`.
    pub fn start_service(
        &self,
        name: &str,
        arguments: &str,
        environment: &[(&str, &str)],
    ) -> Child {
        let file = |ending: &str| {
            let path = self.path(&format!("{name}.{ending}"));
            fs::File::create(path).expect("a file can be made")
        };
        command(self.0.path())
            .args(arguments.split_whitespace())
            .envs(environment.iter().copied())
            .stdout(file("out"))
            .stderr(file("err"))
            .spawn()
            .expect("the program starts")
    }

    /// Serves sandbox copies of the targets of `config` until the result is dropped.
    pub fn serve(&self, config: &str) -> Served {
        self.serve_at(config, "127.0.0.1:0")
    }

    /// A command with `config.yaml` and these copies in place of the apps.
    pub fn rollcall_with(&self, served: &Served, command: &str) -> Ended {
        let root = &served.root;
        self.rollcall(&format!("{command} --config config.yaml --sandbox={root}"))
    }

    /// The same at this address.
    pub fn serve_at(&self, config: &str, address: &str) -> Served {
        let mut child = command(self.0.path())
            .args(["sandbox", "--listen", address, "--config", config])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let output = child.stdout.take().expect("its output is ours");
        let root = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let rest = line.strip_prefix("serving at ")?;
                Some(rest.split(';').next().unwrap_or(rest).to_owned())
            });
        let root = root.expect("it says where it serves");
        Served { child, root }
    }
}

/// Runs the program in `folder` with `arguments`, one a word.
pub fn run(folder: &Path, arguments: &str) -> Ended {
    let output = command(folder)
        .args(arguments.split_whitespace())
        .output()
        .expect("the program starts");
    Ended::of(output, folder)
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// How a run ended.
pub struct Ended {
    /// The exit code; none: it was killed.
    pub code: Option<i32>,
    /// Standard output, as it is.
    pub out: String,
    /// Standard error, as it is.
    pub err: String,
    folder: PathBuf,
}

impl Ended {
    fn of(output: Output, folder: &Path) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("its output is text"),
            err: String::from_utf8(output.stderr).expect("its errors are text"),
            folder: folder.into(),
        }
    }

    /// Everything it said and its code, fit to be compared.
    pub fn told(&self) -> String {
        let mut text = String::new();
        for (title, said) in [("", &self.out), ("-- stderr\n", &self.err)] {
            if !said.is_empty() {
                text.push_str(title);
                text.push_str(said);
            }
        }
        let folder = self.folder.display().to_string();
        text = text.replace(&folder, "FOLDER");
        for (pattern, name) in CHANGING.iter() {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        let code = self
            .code
            .map_or_else(|| "killed".into(), |code| format!("exit {code}"));
        format!("{text}-- {code}\n")
    }

    /// The id of the one hold of the one target, in the status as JSON.
    pub fn hold(&self) -> String {
        let status = self.json();
        let held = status["targets"][0]["held"].as_array().expect("a list");
        assert_eq!(held.len(), 1, "{status}");
        held[0]["id"].as_str().expect("an id").to_owned()
    }

    /// Its output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("no JSON: {error}\n{}", self.told()))
    }
}

/// A daemon that runs.
pub struct Daemon {
    child: Child,
}

impl Daemon {
    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is ours");
    }

    /// Tells it to end, and waits until it has. Gives its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.expect("kill runs").success());
        self.child.wait().expect("it is ours").code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to stop.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Sandbox copies that another process serves.
pub struct Served {
    child: Child,
    /// Their address.
    pub root: String,
}

impl Served {
    /// What its port of administration answers to GET `path`.
    pub fn ask(&self, path: &str) -> serde_json::Value {
        use std::io::{Read as _, Write as _};
        let address = self.root.trim_start_matches("http://");
        let mut stream = std::net::TcpStream::connect(address).expect("it listens");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )
        .expect("it takes requests");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let body = answer.split_once("\r\n\r\n").expect("a head and a body").1;
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to stop.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
