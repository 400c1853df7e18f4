//! People who leave and come back, at apps that do it otherwise than the RFCs say.
//!
//! Promises that whatever an app does with a leaver, a return ends with one active account, that a
//! second run sends no write, and that an app which was asked otherwise would have refused: it is the
//! sandbox in the skin of the profile. Leaves the words of each request to the connector's tests.

use serde_json::{Value as Json, json};

use crate::company::Company;
use crate::served::{Home, Ran, ServedSandbox};

const CONFIG: &str = r"
sources:
  hq: { file: { users: users.csv, groups: groups.csv } }
targets:
  app:
    connector: scim
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: everyone
    sandbox: { accounts: accounts.json }
    override: { OVERRIDE, rates: { buckets: [], concurrency: 1 } }
";

struct Story {
    company: Company,
    home: Home,
    sandbox: ServedSandbox,
    told: usize,
}

impl Story {
    fn new(profile: &str, accounts: &Json) -> Self {
        let company = Company::of(2, 1);
        let home = Home::new(&CONFIG.replace("OVERRIDE", profile), &company);
        let seed = home.path().join("accounts.json");
        std::fs::write(seed, accounts.to_string()).expect("the folder can be written");
        let sandbox = ServedSandbox::start(&home);
        Self {
            company,
            home,
            sandbox,
            told: 0,
        }
    }

    fn sync(&self) -> Ran {
        let flag = self.sandbox.flag();
        let ran = self.home.run("sync", &[&flag, "--format", "json"]);
        assert_eq!((ran.code, &*ran.err), (Some(0), ""), "{ran:?}");
        ran
    }

    /// Runs until there is nothing to do, which takes two runs; gives the writes of the first.
    fn settle(&mut self) -> Vec<String> {
        self.company.write(self.home.path());
        self.sync();
        let writes = self.writes();
        let again = self.sync();
        assert_eq!(again.target("app")["changes"], json!([]), "{again:?}");
        assert_eq!(self.writes(), Vec::<String>::new());
        writes
    }

    /// The writes since the last look: method and what follows the base URL.
    fn writes(&mut self) -> Vec<String> {
        let log = self.sandbox.requests("app");
        let lines = log["requests"].as_array().expect("a list");
        let fresh = &lines[self.told..];
        self.told = lines.len();
        let text = |line: &Json, key: &str| line[key].as_str().expect("a text").to_owned();
        fresh
            .iter()
            .filter(|line| line["method"] != "GET")
            .map(|line| {
                let path = text(line, "path").replace("/app/scim/v2", "");
                format!("{} {path} {}", text(line, "method"), line["status"])
            })
            .collect()
    }

    fn account(&self, user_name: &str) -> Json {
        let dump = self.sandbox.dump("app");
        let users = dump["users"].as_array().cloned().unwrap_or_default();
        let mut own = users
            .into_iter()
            .filter(|user| user["userName"] == user_name);
        let found = own.next().unwrap_or_default();
        assert_eq!(own.next(), None, "one account each");
        found
    }

    fn first(&mut self) -> &mut crate::company::Person {
        self.company.person("p-0001")
    }
}

/// Ana leaves, comes back with another title: the writes of both.
fn leave_and_return(profile: &str) -> (Vec<String>, Vec<String>) {
    let nobody = json!({"users": [], "groups": []});
    let mut story = Story::new(profile, &nobody);
    story.settle();
    let before = story.account("user0001");
    story.first().disabled = true;
    let left = story.settle();
    assert_ne!(story.account("user0001")["active"], true, "{profile}");
    story.first().disabled = false;
    story.first().title = Some("Back".into());
    let returned = story.settle();
    let after = story.account("user0001");
    assert_eq!(
        (&after["active"], &after["title"]),
        (&json!(true), &json!("Back")),
        "{profile}"
    );
    assert_eq!(after["id"], before["id"], "{profile}");
    assert_eq!(after["emails"], before["emails"], "{profile}");
    (left, returned)
}

#[test]
fn whoever_returns_has_the_same_account_however_the_app_does_it() {
    let patch = "PATCH /Users/u-000001 200";
    let put = "PUT /Users/u-000001 200";
    for (profile, left, returned) in [
        ("users: {}", vec![patch], vec![patch]),
        ("users: { update: put }", vec![put], vec![put]),
        (
            "users: { reactivate: activate_first }",
            vec![patch],
            vec![patch, patch],
        ),
        (
            "users: { reactivate: activate_first, update: put, put_absent: kept }",
            vec![put],
            vec![put, put],
        ),
        (
            "users: { reactivate: post }",
            vec![patch],
            vec!["POST /Users 200"],
        ),
        (
            "users: { deactivate: { effect: renames } }",
            vec![patch],
            vec![patch, patch],
        ),
        (
            "users: { deactivate: { effect: unlinks } }",
            vec![patch],
            vec![patch],
        ),
        (
            "users: { deactivate: { effect: unlinks }, reactivate: post, delete: none }",
            vec!["PATCH /Users/u-000001 204"],
            vec!["POST /Users 200"],
        ),
        (
            "users: { deactivate: { by: delete }, delete: none }",
            vec!["DELETE /Users/u-000001 204"],
            vec![patch],
        ),
        (
            "users: { deactivate: { by: delete }, delete: soft, reactivate: post }",
            vec!["DELETE /Users/u-000001 204"],
            vec!["POST /Users 200"],
        ),
        ("http: { etags: required }", vec![patch], vec![patch]),
        ("http: { etags: send }", vec![patch], vec![patch]),
        ("users: { hides: [inactive] }", vec![patch], vec![patch]),
        (
            "users: { paging: cursor, page: 1 }",
            vec![patch],
            vec![patch],
        ),
        (
            "users: { paging: offset, page: 1, sort: userName }",
            vec![patch],
            vec![patch],
        ),
        ("users: { paging: none }", vec![patch], vec![patch]),
        (
            "users: { patch: { form: object_each, op_case: title, booleans: text, \
             extension_paths: dot } }",
            vec![patch],
            vec![patch],
        ),
    ] {
        assert_eq!(
            leave_and_return(profile),
            (
                left.iter().map(ToString::to_string).collect(),
                returned.iter().map(ToString::to_string).collect()
            ),
            "{profile}"
        );
    }
}

#[test]
fn an_account_that_the_list_hides_is_adopted_and_not_doubled() {
    let accounts = json!({"users": [
        {"id": "7", "userName": "user0001", "active": false, "x-badge": 1},
        {"id": "8", "userName": "user0002", "active": true, "x-badge": 2}
    ], "groups": []});
    for (profile, writes) in [
        (
            "users: { hides: [inactive] }",
            ["PATCH /Users/7 200", "PATCH /Users/8 200"],
        ),
        (
            "users: { hides: [foreign] }",
            ["PATCH /Users/7 200", "PATCH /Users/8 200"],
        ),
        (
            "users: { hides: [overflow], page: 1 }",
            ["PATCH /Users/7 200", "PATCH /Users/8 200"],
        ),
    ] {
        let mut story = Story::new(
            &format!("{profile}, attributes: {{ userName: {{ unique: false }} }}"),
            &accounts,
        );
        let mut sent = story.settle();
        sent.sort();
        assert_eq!(sent, writes, "{profile}");
        for (name, id, badge) in [("user0001", "7", 1), ("user0002", "8", 2)] {
            let account = story.account(name);
            assert_eq!(
                (&account["id"], &account["active"], &account["x-badge"]),
                (&json!(id), &json!(true), &json!(badge))
            );
        }
    }
}

#[test]
fn a_new_name_with_a_new_id_is_followed() {
    let mut story = Story::new(
        "users: { id_changes: true }",
        &json!({"users": [], "groups": []}),
    );
    story.settle();
    story.first().uid = "renamed".into();
    assert_eq!(story.settle(), ["PATCH /Users/u-000001 200"]);
    assert_eq!(story.account("renamed")["id"], "u-000001.2");
    story.first().title = Some("Lead".into());
    assert_eq!(story.settle(), ["PATCH /Users/u-000001.2 200"]);
}

#[test]
fn a_name_that_a_deleted_account_keeps_is_looked_up_once_and_then_a_person_decides() {
    let nobody = json!({"users": [], "groups": []});
    let mut story = Story::new("users: { delete: soft }", &nobody);
    story.settle();
    let flag = story.sandbox.flag();
    let config = std::fs::read_to_string(story.home.config()).expect("it is there");
    let config = config.replace(
        "    assign: everyone",
        "    leavers: { disabled: { deactivate: now, delete: 0s } }\n    assign: everyone",
    );
    std::fs::write(story.home.config(), config).expect("the folder can be written");
    story.first().disabled = true;
    assert_eq!(story.settle(), ["DELETE /Users/u-000001 204"]);
    story.first().disabled = false;
    story.company.write(story.home.path());
    let ran = story.home.run("sync", &[&flag, "--format", "json"]);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_eq!(story.writes(), ["POST /Users 409"]);
    let again = story.home.run("sync", &[&flag, "--format", "json"]);
    assert_eq!(again.code, Some(4), "{again:?}");
    assert_eq!(
        story.writes(),
        Vec::<String>::new(),
        "nothing is sent twice"
    );
    assert_eq!(
        again.target("app")["parked"][0]["reason"],
        "the app has another one with the same unique value (409): another user has this userName, \
         but it shows no account that holds one"
    );
}

#[test]
fn an_app_that_changes_nothing_is_asked_for_nothing() {
    let nobody = json!({"users": [], "groups": []});
    let mut story = Story::new("users: { update: none }", &nobody);
    story.settle();
    story.first().title = Some("Lead".into());
    assert_eq!(story.settle(), Vec::<String>::new());
    story.first().disabled = true;
    assert_eq!(story.settle(), ["PATCH /Users/u-000001 200"]);
    story.first().disabled = false;
    assert_eq!(story.settle(), ["PATCH /Users/u-000001 200"]);
    let account = story.account("user0001");
    assert_eq!(
        (&account["active"], &account["title"]),
        (&json!(true), &json!("Title 1"))
    );
}
