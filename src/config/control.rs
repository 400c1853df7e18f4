//! Where commands reach the daemon of a config, and who may.
//!
//! Promises the place also of a config that is wrong elsewhere: a running daemon goes on with the one
//! before, and has to be found. Leaves the socket to the daemon.

use std::path::{Path, PathBuf};

use super::document::Document;
use super::findings::Findings;
use super::node::{Content, Node};
use super::place::Place;
use super::raw::RawControl;

const STATE: &str = "/var/lib/rollcall";
const SOCKET: &str = "control";

/// Where commands reach the daemon, and who may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    socket: Option<PathBuf>,
    /// The group of the system whose members may, besides the owner.
    pub group: Option<String>,
}

impl Control {
    pub(super) fn of(folder: &Path, socket: Option<&Path>, group: Option<String>) -> Self {
        Self {
            socket: socket.map(|socket| folder.join(socket)),
            group,
        }
    }

    /// The socket of a daemon with the state in `configured`, or, where the command line names
    /// another state, in that one: a state has one daemon, so another state has another socket.
    #[must_use]
    pub fn socket(&self, configured: &Path, named: Option<&Path>) -> PathBuf {
        match (named, &self.socket) {
            (Some(state), _) => state.join(SOCKET),
            (None, Some(socket)) => socket.clone(),
            (None, None) => configured.join(SOCKET),
        }
    }
}

/// The state directory that a config in `folder` names.
pub(super) fn state(folder: &Path, dir: Option<&Path>) -> PathBuf {
    folder.join(dir.unwrap_or(Path::new(STATE)))
}

pub(super) fn check(raw: &RawControl, findings: &mut Findings<'_>) {
    if raw.group.is_some() && raw.socket.is_none() {
        findings.value(
            &Place::top().keys(&["control", "group"]),
            "the state directory is its owner's alone, so no group comes to the socket in it",
            Some("say where the group comes to it: socket: /run/rollcall/control".into()),
        );
    }
}

/// The socket of the daemon of the config at `path`, whatever else is wrong with the config;
/// `state` is the directory that the command line names. `None`: the file is no YAML, or not there.
#[must_use]
pub fn find(path: &Path, named: Option<&Path>) -> Option<PathBuf> {
    let text = std::fs::read_to_string(path).ok()?;
    let document = Document::parse(path, &text).ok()?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let written = |keys: [&str; 2]| written(&document.root, keys);
    let control = Control::of(folder, written(["control", "socket"]), None);
    let state = state(folder, written(["state", "dir"]));
    Some(control.socket(&state, named))
}

fn written<'a>(root: &'a Node, keys: [&str; 2]) -> Option<&'a Path> {
    match &root.find(&Place::top().keys(&keys))?.content {
        Content::Scalar(scalar) => Some(Path::new(&scalar.text)),
        Content::Nothing | Content::List(_) | Content::Block(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, named: Option<&str>) -> Option<PathBuf> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.yaml");
        std::fs::write(&path, text).expect("written");
        let socket = find(&path, named.map(Path::new))?;
        let inside = socket.strip_prefix(folder.path()).map(Path::to_path_buf);
        Some(inside.unwrap_or(socket))
    }

    #[test]
    fn a_daemon_is_found_also_by_a_config_that_is_wrong() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(
            found("state: { dir: s }\nsuorces: 3\n", None),
            path("s/control")
        );
        assert_eq!(
            found("control: { socket: /run/x/control, grp: y }\n", None),
            path("/run/x/control")
        );
        assert_eq!(
            found("control: { socket: /run/x/control }\n", Some("/other")),
            path("/other/control")
        );
        assert_eq!(found("{}", None), path("/var/lib/rollcall/control"));
        assert_eq!(found("state: [", None), None);
    }
}
