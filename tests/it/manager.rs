//! systemd itself, as the first process of name spaces of its own (`tests/peers/systemd.sh`).
//!
//! Promises that nothing of it outlives the story, and that it writes into memory alone. Leaves which
//! units it runs to the story.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::daemon::process::eventually;
use super::program::Folder;

/// The only target that is started: nothing of the machine's own services.
const TARGET: &str = "[Unit]\nDescription=a story\nDefaultDependencies=no\n";

/// A service manager.
pub struct Manager {
    child: Child,
    /// Its files, and what is mounted over them.
    _folder: Folder,
    process: String,
}

impl Manager {
    /// Starts it over this machine with these files in their places, and the program in `/usr/bin`.
    pub fn start(files: &[(&str, String)]) -> Self {
        let folder = Folder::new();
        let put = |path: &str| {
            let path = folder.path(&format!("files/{path}"));
            fs::create_dir_all(path.parent().expect("a folder")).expect("ours");
            path
        };
        // What a service stands on is there, and starts nothing.
        for target in ["story", "sysinit", "basic"] {
            let path = format!("etc/systemd/system/{target}.target");
            fs::write(put(&path), TARGET).expect("ours");
        }
        for (path, text) in files {
            fs::write(put(path), text).expect("ours");
        }
        let program = put("usr/bin/rollcall");
        fs::copy(env!("CARGO_BIN_EXE_rollcall"), program).expect("there is room");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/systemd.sh");
        let child = Command::new("/usr/bin/unshare")
            .args(["--mount", "--pid", "--fork", "--cgroup", "--ipc", "--uts"])
            .args(["--kill-child", "sh"])
            .arg(script)
            .arg(folder.path("."))
            .stdin(Stdio::null())
            .spawn()
            .expect("there is an unshare");
        let mut manager = Self {
            child,
            process: String::new(),
            _folder: folder,
        };
        let id = manager.child.id();
        eventually("it runs", || {
            let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
            let children = children.unwrap_or_default();
            children.trim().clone_into(&mut manager.process);
            let state = manager.run("systemctl is-system-running");
            state.1.trim() == "running"
        });
        manager
    }

    /// Runs a line of a shell beside it, as root. Gives the exit code and all that was said.
    pub fn run(&self, line: &str) -> (Option<i32>, String) {
        self.feed(line, "")
    }

    /// The same, where it has to go well. Gives what was said.
    pub fn told(&self, line: &str) -> String {
        let (code, text) = self.run(line);
        assert_eq!(code, Some(0), "{line}\n{text}");
        text
    }

    /// Writes a file of it.
    pub fn write(&self, path: &str, text: &str) {
        let (code, told) = self.feed(&format!("cat > {path}"), text);
        assert_eq!(code, Some(0), "{path}\n{told}");
    }

    /// A property of the service.
    pub fn shows(&self, property: &str) -> String {
        let told = self.told(&format!("systemctl show rollcall --value -p {property}"));
        told.trim().to_owned()
    }

    fn feed(&self, line: &str, input: &str) -> (Option<i32>, String) {
        if self.process.is_empty() {
            return (None, String::new());
        }
        let mut child = Command::new("/usr/bin/nsenter")
            .args(["--target", &self.process, "--all", "--root", "--wdns=/"])
            .args(["sh", "-c", &format!("({line}) 2>&1")])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("there is an nsenter");
        let mut stdin = child.stdin.take().expect("a pipe");
        // It may have ended without a look at it.
        stdin.write_all(input.as_bytes()).ok();
        drop(stdin);
        let done = child.wait_with_output().expect("it is ours");
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        (done.status.code(), text)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // With the first process of its space, all others go.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
