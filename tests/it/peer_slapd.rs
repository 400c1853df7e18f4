//! The real program against OpenLDAP's own server.
//!
//! Promises that what changes there is in the app after one run and that a second run has nothing to
//! do; and that no reading which is short, empty, cut or refused takes anything away from anybody.
//! `tests/run` installs the server. Leaves kinds of server that cannot be installed to unit tests.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

use serde_json::{Value as Json, json};

use crate::program::{Ended, Folder, Served};
use crate::slapd::{BIND, PASSWORD, Slapd, hired, person, team};

const CONFIG: &str = r#"
state: { dir: state }
sources:
  hq:
    absent_for: 0s
    ldap:
      url: URL
      ca: ca.pem
      bind: { dn: "cn=rollcall,ou=services,dc=example,dc=com", password: { file: bind.password } }
      users: { base: "ou=people,dc=example,dc=com" }
      groups: { base: "ou=groups,dc=example,dc=com" }
      page: 7
targets:
  app:
    connector: scim
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { file: token } }
    assign: { groups: [staff] }
    groups: { push: ["team-*"] }
    override: { rates: { buckets: [] } }
"#;

/// A directory, an app, and the program between them.
struct Story {
    slapd: Slapd,
    folder: Folder,
    served: Served,
}

impl Story {
    /// A company that is in the app as it is in the directory.
    async fn begin(people: usize, groups: usize) -> Self {
        let slapd = Slapd::with(people, groups).await;
        let folder = Folder::new();
        folder.keep("bind.password", PASSWORD);
        let ca = std::fs::read_to_string(slapd.path("ca.pem")).expect("it was written");
        folder.write("ca.pem", &ca);
        folder.write("rollcall.yaml", &CONFIG.replace("URL", &slapd.secure()));
        let served = folder.serve("rollcall.yaml");
        let story = Self {
            slapd,
            folder,
            served,
        };
        let first = story.sync("--format json");
        assert_eq!(first.code, Some(0), "{}", first.told());
        story.is_quiet();
        story
    }

    fn sync(&self, arguments: &str) -> Ended {
        self.sync_with("rollcall.yaml", arguments)
    }

    fn sync_with(&self, config: &str, arguments: &str) -> Ended {
        let sandbox = &self.served.root;
        self.folder.rollcall(&format!(
            "sync --config {config} --sandbox={sandbox} {arguments}"
        ))
    }

    /// The config with something else in it, under a name of its own.
    fn config(&self, name: &str, change: impl Fn(String) -> String) {
        let text = CONFIG.replace("URL", &self.slapd.secure());
        let changed = change(text.clone());
        assert_ne!(text, changed, "{name} is another config");
        self.folder.write(name, &changed);
    }

    /// A run that changes nothing, since there is nothing to change.
    fn is_quiet(&self) {
        let again = self.sync("--format json");
        assert_eq!(again.code, Some(0), "{}", again.told());
        let target = &again.json()["targets"][0];
        assert_eq!(target["requests"]["write"], 0, "{}", again.told());
        assert_eq!(target["changes"], json!([]), "{}", again.told());
    }

    fn accounts(&self) -> Vec<Json> {
        let dump = self.served.ask("/_sandbox/app/dump");
        let users = dump["users"].as_array().cloned();
        users.unwrap_or_else(|| panic!("no users in {dump}"))
    }

    fn active(&self) -> usize {
        let accounts = self.accounts();
        accounts
            .iter()
            .filter(|account| account["active"] == true)
            .count()
    }

    fn account(&self, uid: &str) -> Json {
        let mut found = self.accounts();
        found.retain(|account| account["userName"] == uid);
        assert_eq!(found.len(), 1, "{uid}: {found:?}");
        found.remove(0)
    }

    fn members(&self, group: &str) -> usize {
        let dump = self.served.ask("/_sandbox/app/dump");
        let groups = dump["groups"].as_array().cloned().unwrap_or_default();
        let found = groups.iter().find(|held| held["displayName"] == group);
        let members = found.unwrap_or_else(|| panic!("no {group}"))["members"].as_array();
        members.map_or(0, Vec::len)
    }

    /// A run with this config ends with these words and this code, and nobody is any less in the app.
    fn hurts_nobody(&self, config: &str, code: i32, words: &str) {
        let before = self.served.ask("/_sandbox/app/dump");
        let ended = self.sync_with(config, "");
        assert_eq!(ended.told(), words);
        assert_eq!(ended.code, Some(code));
        assert_eq!(self.served.ask("/_sandbox/app/dump"), before);
    }
}

#[tokio::test]
#[ignore = "needs slapd: run ./tests/run"]
async fn a_company_is_kept_in_line_with_its_directory() {
    let story = Story::begin(2000, 200).await;
    println!("{}", story.sync("").told());
    println!(
        "{}",
        story
            .folder
            .rollcall(&format!(
                "check --config rollcall.yaml --sandbox={}",
                story.served.root
            ))
            .told()
    );
}
