//! The five apps of the first customers, each from the first import to the day somebody is back.
//!
//! Promises that every chapter of a story runs twice and that the second run writes nothing, that
//! requests are counted at the app, and that what a person reads is compared word by word. Leaves
//! what an app may refuse to the sandbox in the skin of the shipped profile.

mod ivanti;
mod tracktik;
mod tribeloo;
mod trotto;
mod trusona;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::program::{Ended, Folder, Served};

/// One app, its directory, and what was sent so far.
struct Story {
    folder: Folder,
    served: Served,
    app: &'static str,
    directory: Json,
    told: usize,
    /// The name of each path.
    names: BTreeMap<String, String>,
    direct: bool,
}

/// A chapter: what was said, and the writes that the app was sent.
struct Chapter {
    text: String,
    writes: Vec<String>,
}

impl Story {
    /// Copies of the target `app` of `config`, served, with `accounts` in them from before.
    fn begin(app: &'static str, config: &str, directory: Json, accounts: &Json) -> Self {
        let folder = Folder::new();
        folder.write("config.yaml", config);
        folder.write("people.yaml", &directory.to_string());
        folder.write("accounts.json", &accounts.to_string());
        let served = folder.serve("config.yaml");
        Self {
            folder,
            served,
            app,
            directory,
            told: 0,
            names: BTreeMap::new(),
            direct: false,
        }
    }

    /// From here on the app is spoken to at its own address and with credentials, as a real one is.
    fn speak_directly(&mut self, config: &str) {
        let root = format!("{}/", self.served.root);
        let config = config.replace("https://app.example.com/", &format!("{root}{}/", self.app));
        self.folder.write("config.yaml", &config);
        self.direct = true;
    }

    /// Another config from here on; the app stays as it is.
    fn configure(&self, config: &str) {
        self.folder.write("config.yaml", config);
    }

    fn run(&self, command: &str) -> Ended {
        let mut line = format!("{command} --config config.yaml");
        if !self.direct {
            line = format!("{line} --sandbox={}", self.served.root);
        }
        self.folder.rollcall(&line)
    }

    /// What a run says, but for how long it took.
    fn told(&self, command: &str) -> String {
        let told = self.run(command).told();
        let lines = told.split_inclusive('\n');
        lines.filter(|line| !line.starts_with("took: ")).collect()
    }

    /// A run of `command`, whatever comes of it.
    fn chapter(&mut self, command: &str) -> Chapter {
        let text = self.told(command);
        let writes = self.writes();
        Chapter { text, writes }
    }

    /// A whole sync, and a second one that has nothing to do.
    fn settle(&mut self) -> Chapter {
        let chapter = self.chapter("sync");
        assert!(chapter.text.ends_with("-- exit 0\n"), "{}", chapter.text);
        self.is_quiet(0);
        chapter
    }

    /// A sync that changes nothing, sends no write, and ends with that code.
    fn is_quiet(&mut self, code: i32) {
        let again = self.run("sync --format json");
        assert_eq!(again.code, Some(code), "{}", again.told());
        let target = &again.json()["targets"][0];
        assert_eq!(target["changes"], json!([]), "{target}");
        assert_eq!(target["requests"]["write"], 0, "{target}");
        assert_eq!(self.writes(), Vec::<String>::new());
    }

    /// The writes that came to the app since the last look, sorted: method, whose, status.
    fn writes(&mut self) -> Vec<String> {
        self.learn_names();
        let log = self.served.ask(&format!("/_sandbox/{}/requests", self.app));
        let lines = log["requests"].as_array().expect("a list");
        let fresh = &lines[self.told..];
        self.told = lines.len();
        let word = |line: &Json, key: &str| line[key].as_str().expect("a text").to_owned();
        let base = format!("/{}/scim/v2/", self.app);
        let mut writes: Vec<String> = fresh
            .iter()
            .filter(|line| line["method"] != "GET")
            .filter_map(|line| {
                let path = word(line, "path");
                let path = path.strip_prefix(&base)?;
                let path = self.names.get(path).map_or(path, String::as_str);
                Some(format!(
                    "{} {path} {}",
                    word(line, "method"),
                    line["status"]
                ))
            })
            .collect();
        writes.sort();
        writes
    }

    /// Which id is whose depends on which request came first; the names do not, and they stay.
    fn learn_names(&mut self) {
        let dump = self.dump();
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        for user in dump["users"].as_array().expect("a list") {
            let mail = text(&user["emails"][0]["value"]);
            let name = mail.split('@').next().unwrap_or_default();
            let path = format!("Users/{}", text(&user["id"]));
            self.names.entry(path).or_insert(format!("Users/{name}"));
        }
        for group in dump["groups"].as_array().expect("a list") {
            let path = format!("Groups/{}", text(&group["id"]));
            let name = format!("Groups/{}", text(&group["displayName"]));
            self.names.entry(path).or_insert(name);
        }
    }

    /// The user of that key in the directory.
    fn person(&mut self, key: &str) -> &mut Json {
        let users = self.directory["users"].as_array_mut().expect("a list");
        let found = users.iter_mut().find(|user| user["key"] == key);
        found.expect("a person of that key")
    }

    /// The directory says this of somebody now; null takes a value away.
    fn say(&mut self, key: &str, values: &Json) {
        let person = self.person(key).as_object_mut().expect("an object");
        for (name, value) in values.as_object().expect("an object") {
            match value {
                Json::Null => person.remove(name),
                value => person.insert(name.clone(), value.clone()),
            };
        }
        self.publish();
    }

    /// Somebody joins, and is in those groups.
    fn hire(&mut self, person: Json, groups: &[&str]) {
        let key = person["key"].clone();
        self.list("users").push(person);
        for group in self.list("groups") {
            if groups.iter().any(|name| group["name"] == *name) {
                group["members"]
                    .as_array_mut()
                    .expect("a list")
                    .push(key.clone());
            }
        }
        self.publish();
    }

    /// Somebody is not in the directory any more.
    fn forget(&mut self, key: &str) {
        self.list("users").retain(|user| user["key"] != key);
        for group in self.list("groups") {
            let members = group["members"].as_array_mut().expect("a list");
            members.retain(|member| member != key);
        }
        self.publish();
    }

    fn list(&mut self, name: &str) -> &mut Vec<Json> {
        self.directory[name].as_array_mut().expect("a list")
    }

    fn publish(&self) {
        let text = self.directory.to_string();
        self.folder.write("people.yaml", &text);
    }

    fn dump(&self) -> Json {
        self.served.ask(&format!("/_sandbox/{}/dump", self.app))
    }

    /// The accounts with that e-mail.
    fn accounts(&self, mail: &str) -> Vec<Json> {
        let dump = self.dump();
        let users = dump["users"].as_array().expect("a list").iter();
        let has = |user: &&Json| user["emails"][0]["value"] == mail;
        users.filter(has).cloned().collect()
    }

    /// The one account with that e-mail.
    fn account(&self, mail: &str) -> Json {
        let mut found = self.accounts(mail);
        assert_eq!(found.len(), 1, "{found:?}");
        found.swap_remove(0)
    }

    /// The user names of the members of each group, by the group's name.
    fn groups(&self) -> Json {
        let dump = self.dump();
        let name = |id: &Json| {
            let users = dump["users"].as_array().expect("a list");
            let user = users.iter().find(|user| user["id"] == *id);
            user.map_or(Json::Null, |user| user["userName"].clone())
        };
        let mut groups = json!({});
        for group in dump["groups"].as_array().expect("a list") {
            let members = group["members"].as_array().cloned().unwrap_or_default();
            let mut names: Vec<String> = members
                .iter()
                .filter_map(|member| Some(name(&member["value"]).as_str()?.to_owned()))
                .collect();
            names.sort();
            groups[group["displayName"].as_str().expect("a name")] = json!(names);
        }
        groups
    }

    /// The journal lines of somebody: action and detail.
    fn journal(&self, user: &str) -> Vec<String> {
        let lines = self.run(&format!("history {user} --format json")).json();
        let lines = lines["lines"].as_array().cloned().unwrap_or_default();
        let word = |line: &Json, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        lines
            .iter()
            .map(|line| format!("{} {}", word(line, "action"), word(line, "detail")))
            .collect()
    }

    /// The id of the one hold.
    fn hold(&self) -> String {
        let status = self.run("status --format json").json();
        let held = status["targets"][0]["held"].as_array().expect("a list");
        assert_eq!(held.len(), 1, "{status}");
        held[0]["id"].as_str().expect("an id").to_owned()
    }
}
