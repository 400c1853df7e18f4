//! An app that is kept in line with the directory of a real server.
//!
//! Promises that a story begins in line, and that whoever is looked for in the app is there once. Leaves
//! the server, and what happens there, to the stories.

pub mod words;

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::program::{Ended, Folder, Served};

/// A real directory server with a made-up company in it.
pub trait Server: Sized {
    /// The config of a story, with `URL` where the server is.
    const CONFIG: &'static str;
    /// The password of the bind name.
    const PASSWORD: &'static str;

    /// A server with so many people and groups.
    async fn with(people: usize, groups: usize) -> Self;

    /// Its address with TLS.
    fn secure(&self) -> String;

    /// A file of its folder.
    fn path(&self, name: &str) -> PathBuf;

    /// What was said, without its own addresses where these are others each time.
    fn without_address(&self, told: String) -> String {
        told
    }
}

/// A directory, an app, and the program between them.
pub struct Fed<S> {
    pub server: S,
    pub folder: Folder,
    pub served: Served,
}

impl<S: Server> Fed<S> {
    /// A company that is in the app as it is in the directory.
    pub async fn begin(people: usize, groups: usize) -> Self {
        let server = S::with(people, groups).await;
        let folder = Folder::new();
        folder.keep("bind.password", S::PASSWORD);
        let ca = std::fs::read_to_string(server.path("ca.pem")).expect("it was written");
        folder.write("ca.pem", &ca);
        folder.write("rollcall.yaml", &S::CONFIG.replace("URL", &server.secure()));
        let served = folder.serve("rollcall.yaml");
        let story = Self {
            server,
            folder,
            served,
        };
        let first = story.sync("--format json");
        assert_eq!(first.code, Some(0), "{}", first.told());
        story.is_quiet();
        story
    }

    pub fn sync(&self, arguments: &str) -> Ended {
        self.sync_with("rollcall.yaml", arguments)
    }

    pub fn sync_with(&self, config: &str, arguments: &str) -> Ended {
        let sandbox = &self.served.root;
        self.folder.rollcall(&format!(
            "sync --config {config} --sandbox={sandbox} {arguments}"
        ))
    }

    /// The config with something else in it, under a name of its own.
    pub fn config(&self, name: &str, change: impl Fn(String) -> String) {
        let text = S::CONFIG.replace("URL", &self.server.secure());
        let changed = change(text.clone());
        assert_ne!(text, changed, "{name} is another config");
        self.folder.write(name, &changed);
    }

    /// What is known without asking anybody.
    pub fn status(&self, config: &str) -> Ended {
        let sandbox = &self.served.root;
        let status = format!("status --config {config} --sandbox={sandbox}");
        self.folder.rollcall(&status)
    }

    /// A run that changes nothing, since there is nothing to change.
    pub fn is_quiet(&self) {
        let again = self.sync("--format json");
        assert_eq!(again.code, Some(0), "{}", again.told());
        let target = &again.json()["targets"][0];
        assert_eq!(target["requests"]["write"], 0, "{}", again.told());
        assert_eq!(target["changes"], json!([]), "{}", again.told());
        let status = self.status("rollcall.yaml");
        assert!(!status.out.contains("  ! "), "{}", status.told());
    }

    pub fn accounts(&self) -> Vec<Json> {
        let dump = self.served.ask("/_sandbox/app/dump");
        let users = dump["users"].as_array().cloned();
        users.unwrap_or_else(|| panic!("no users in {dump}"))
    }

    pub fn active(&self) -> usize {
        let accounts = self.accounts();
        let active = accounts.iter().filter(|account| account["active"] == true);
        active.count()
    }

    pub fn account(&self, login: &str) -> Json {
        let mut found = self.accounts();
        found.retain(|account| account["userName"] == login);
        assert_eq!(found.len(), 1, "{login}: {found:?}");
        found.remove(0)
    }

    pub fn members(&self, group: &str) -> usize {
        let dump = self.served.ask("/_sandbox/app/dump");
        let groups = dump["groups"].as_array().cloned().unwrap_or_default();
        let found = groups.iter().find(|held| held["displayName"] == group);
        let members = found.unwrap_or_else(|| panic!("no {group}"))["members"].as_array();
        members.map_or(0, Vec::len)
    }

    /// A run that takes so many writes, after which nothing is left to do.
    pub fn takes(&self, what: &str, writes: u64) {
        let ended = self.sync("--format json");
        assert_eq!(ended.code, Some(0), "{what}: {}", ended.told());
        let target = &ended.json()["targets"][0];
        let changes = ended.told();
        assert_eq!(target["requests"]["write"], writes, "{what}: {changes}");
        self.is_quiet();
    }

    /// What a run said.
    pub fn told(&self, ended: &Ended) -> String {
        self.server.without_address(ended.told())
    }

    /// A run with this config ends with these words and this code, and nobody is any less in the app; a
    /// dry run says the same before, and status afterwards what is the matter.
    pub fn hurts_nobody(&self, config: &str, code: i32, words: &str) {
        let before = self.served.ask("/_sandbox/app/dump");
        let dry = self.sync_with(config, "--dry-run");
        let plan = |told: &str| {
            let lines = told.lines().filter(|line| !line.contains("; requests: "));
            let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
            lines.join("\n")
        };
        let ended = self.sync_with(config, "");
        assert_eq!(self.told(&ended), words);
        assert_eq!(ended.code, Some(code));
        assert_eq!(plan(&self.told(&dry)), plan(words), "a dry run");
        assert_eq!(dry.code, Some(code));
        assert_eq!(self.served.ask("/_sandbox/app/dump"), before);
        let status = self.told(&self.status(config));
        for trouble in troubles(words) {
            assert!(status.contains(trouble), "{trouble}\n{status}");
        }
    }
}

/// What a run said of its sources and settings that somebody has to see to.
fn troubles(words: &str) -> Vec<&str> {
    let marks = ["error: ", "  hint: ", "without approval: "];
    let lines = words.lines();
    let found: Vec<&str> = lines
        .filter_map(|line| marks.iter().find_map(|mark| Some(line.split_once(mark)?.1)))
        .collect();
    let nobody = "nobody counts as missing";
    if found.is_empty() && words.contains(nobody) {
        return vec![nobody];
    }
    found
}
