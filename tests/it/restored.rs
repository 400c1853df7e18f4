//! A directory that is taken back to yesterday while its app has lived on.
//!
//! Promises that a story sees each way in which an older directory could do harm: somebody hired, made
//! another, switched off, switched on, deleted or moved since. Leaves how a server is taken back to the
//! stories.

use crate::fed::{Fed, Server};
use crate::program::Ended;

impl<S: Server> Fed<S> {
    /// What happened since yesterday is in the app.
    pub fn lives_on(&self) {
        let ended = self.sync("--format json");
        assert_eq!(ended.code, Some(0), "{}", ended.told());
        self.is_quiet();
        self.is_of_today();
    }

    pub fn is_of_today(&self) {
        assert_eq!(self.account("user0011")["title"], "Chief");
        for (login, active) in [
            ("user0012", true),
            ("user0013", false),
            ("user0014", false),
            ("user0061", true),
        ] {
            assert_eq!(self.account(login)["active"], active, "{login}");
        }
    }

    pub fn is_of_yesterday(&self) {
        assert_eq!(self.account("user0011")["title"], "Title 11");
        for (login, active) in [
            ("user0012", false),
            ("user0013", true),
            ("user0014", true),
            ("user0061", false),
        ] {
            assert_eq!(self.account(login)["active"], active, "{login}");
        }
    }

    /// The directory of yesterday changes nobody, however often it is read, and each answer says why.
    pub fn does_not_believe(&self, config: &str, words: &str) {
        self.hurts_nobody(config, 3, words);
        self.hurts_nobody(config, 3, words);
        let ended = self.sync_with(config, "--format json");
        assert_eq!(ended.code, Some(3), "{}", ended.told());
        let json = ended.json();
        let problem = json["doubted"][0]["problem"].as_str().unwrap_or_default();
        assert!(problem.starts_with("it is older than"), "{json}");
        assert_eq!(json["targets"][0]["requests"]["write"], 0, "{json}");
        let status = self.asked("status").told();
        assert!(status.contains("the reading of hq is in doubt"), "{status}");
        self.is_of_today();
    }

    /// Somebody says that yesterday is right.
    pub fn approve(&self) {
        let status = self.asked("status --format json").json();
        let held = status["targets"][0]["held"].as_array();
        let [hold] = held.map_or(&[][..], Vec::as_slice) else {
            panic!("one hold: {status}");
        };
        let id = hold["id"].as_str().expect("an id");
        let approved = self.asked(&format!("approve {id} --because restored"));
        assert_eq!(approved.code, Some(0), "{}", approved.told());
    }

    /// Once a person has said that it is right, the app goes back with the directory.
    pub fn goes_back_when_told(&self) {
        self.approve();
        for what in ["what it says is done", "who is not in it any more is out"] {
            let ended = self.sync("--format json");
            assert_eq!(ended.code, Some(0), "{what}: {}", ended.told());
        }
        self.is_quiet();
        self.is_of_yesterday();
    }

    pub fn holds(&self) -> usize {
        let status = self.asked("status --format json").json();
        status["targets"][0]["held"].as_array().map_or(0, Vec::len)
    }

    fn asked(&self, command: &str) -> Ended {
        let sandbox = &self.served.root;
        self.folder.rollcall(&format!(
            "{command} --config rollcall.yaml --sandbox={sandbox}"
        ))
    }
}
