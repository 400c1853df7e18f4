//! Running again: a second run finds nothing to do, and a dry run leaves no trace.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::company::Company;
use crate::served::{Home, Ran, ServedSandbox, tree};

const TARGETS: [&str; 3] = ["tracktik", "trotto", "wiki"];

const CONFIG: &str = r#"
sources:
  hq: { file: { users: users.csv, groups: groups.csv } }
targets:
  wiki:
    connector: scim
    base_url: https://wiki.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: everyone
    groups: { push: ["*"] }
    override: { rates: { buckets: [] } }
  trotto:
    connector: trotto
    base_url: https://trotto.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: { groups: ["Team 1"] }
    override: { rates: { buckets: [] } }
  tracktik:
    connector: tracktik
    base_url: https://tracktik.example.com/scim/v2
    auth:
      oauth2:
        token_url: https://tracktik.example.com/oauth2/token
        client_id: { env: NEVER_ASKED_FOR }
        client_secret: { env: NEVER_ASKED_FOR }
    assign: { groups: ["Team 2"] }
    groups: { push: ["Team 2"] }
    mapping: { "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division": '"Metro"' }
    override: { rates: { buckets: [] } }
"#;

fn sync(home: &Home, sandbox: &ServedSandbox, more: &[&str]) -> Ran {
    let flag = sandbox.flag();
    let arguments = [&[flag.as_str(), "--format", "json"], more].concat();
    home.run("sync", &arguments)
}

/// `read`, `write` and `token` of an answer's target or of a sandbox's counts.
fn counts(json: &Json) -> [u64; 3] {
    ["read", "write", "token"].map(|kind| json[kind].as_u64().expect("a number"))
}

#[test]
fn a_second_run_finds_nothing_to_do_and_sends_no_write() {
    let company = Company::of(6, 2);
    let home = Home::new(CONFIG, &company);
    let sandbox = ServedSandbox::start(&home);

    let first = sync(&home, &sandbox, &[]);
    let second = sync(&home, &sandbox, &[]);

    assert_eq!((first.code, &*first.err), (Some(0), ""), "{first:?}");
    assert_eq!((second.code, &*second.err), (Some(0), ""), "{second:?}");
    for (target, writes) in TARGETS.into_iter().zip([3 + 1 + 1, 3, 6 + 2 + 2]) {
        let (first, second) = (first.target(target), second.target(target));
        assert_eq!(first["requests"]["write"], writes, "{first}");
        assert_eq!(second["requests"]["write"], 0, "{second}");
        for nothing in ["changes", "held", "parked", "waiting", "orphans"] {
            assert_eq!(second[nothing], Json::Array(Vec::new()), "{second}");
        }
        assert_eq!(second["basis"], "observed");

        // What the program says it sent is what arrived.
        let (first, second) = (counts(&first["requests"]), counts(&second["requests"]));
        let log = sandbox.requests(target);
        let both = [0, 1, 2].map(|at| first[at] + second[at]);
        assert_eq!(counts(&log["counts"]), both, "{target}");
        let lines = log["requests"].as_array().expect("a list");
        assert_eq!(lines.len() as u64, both.iter().sum::<u64>());
    }
}

#[test]
fn a_sandbox_shows_what_it_holds_and_what_it_was_asked() {
    let mut company = Company::of(2, 1);
    company.person("p-0002").disabled = true;
    let home = Home::new(CONFIG, &company);
    let sandbox = ServedSandbox::start(&home);
    let ran = sync(&home, &sandbox, &["--target", "wiki"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");

    let dump = serde_json::to_string_pretty(&sandbox.dump("wiki")).expect("JSON");
    insta::assert_snapshot!(dump, @r#"
    {
      "groups": [
        {
          "displayName": "Team 1",
          "externalId": "g-01",
          "id": "g-000001",
          "members": [
            {
              "value": "u-000001"
            }
          ],
          "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:Group"
          ]
        }
      ],
      "users": [
        {
          "active": true,
          "displayName": "Given1 Family1",
          "emails": [
            {
              "primary": true,
              "type": "work",
              "value": "user0001@example.com"
            }
          ],
          "externalId": "p-0001",
          "id": "u-000001",
          "name": {
            "familyName": "Family1",
            "givenName": "Given1"
          },
          "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User"
          ],
          "title": "Title 1",
          "userName": "user0001"
        }
      ]
    }
    "#);
    let log = serde_json::to_string_pretty(&sandbox.requests("wiki")).expect("JSON");
    insta::with_settings!({ filters => [(r#""at": "[^"]+""#, r#""at": "[time]""#)] }, {
        insta::assert_snapshot!(log, @r#"
        {
          "counts": {
            "read": 2,
            "token": 0,
            "write": 3
          },
          "requests": [
            {
              "at": "[time]",
              "method": "GET",
              "path": "/wiki/scim/v2/Users?startIndex=1&count=100",
              "status": 200
            },
            {
              "at": "[time]",
              "method": "GET",
              "path": "/wiki/scim/v2/Groups?startIndex=1&count=100",
              "status": 200
            },
            {
              "at": "[time]",
              "method": "POST",
              "path": "/wiki/scim/v2/Users",
              "status": 201
            },
            {
              "at": "[time]",
              "method": "POST",
              "path": "/wiki/scim/v2/Groups",
              "status": 201
            },
            {
              "at": "[time]",
              "method": "PATCH",
              "path": "/wiki/scim/v2/Groups/g-000001",
              "status": 204
            }
          ]
        }
        "#);
    });
    let health = sandbox.get("/_sandbox/health");
    insta::assert_snapshot!(health, @r#"{"status":"ok","targets":["tracktik","trotto","wiki"]}"#);
}

#[test]
fn a_dry_run_before_the_first_run_leaves_no_trace() {
    let home = Home::new(CONFIG, &Company::of(6, 2));
    let sandbox = ServedSandbox::start(&home);
    let before = tree(home.path());

    let ran = sync(&home, &sandbox, &["--dry-run"]);

    assert_eq!((ran.code, &*ran.err), (Some(2), ""), "{ran:?}");
    assert_eq!(ran.target("wiki")["counts"]["create"], 6);
    assert!(!home.state().exists(), "a dry run made a state");
    assert_eq!(tree(home.path()), before);
    for target in TARGETS {
        only_looked_at(&sandbox, target);
        let dump = sandbox.dump(target);
        assert_eq!(dump["users"], Json::Array(Vec::new()), "{target}");
        assert_eq!(dump["groups"], Json::Array(Vec::new()), "{target}");
    }
}

#[test]
fn a_dry_run_over_a_state_changes_no_byte_of_it() {
    let mut company = Company::of(6, 3);
    let home = Home::new(CONFIG, &company);
    let sandbox = ServedSandbox::start(&home);
    let ran = sync(&home, &sandbox, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let key = company.hire(7);
    company.group("g-01").members.insert(key);
    company.person("p-0001").family = "Other".into();
    company.person("p-0002").disabled = true;
    company.remove("p-0004");
    company.group("g-03").name = "Team Three".into();
    company.write(home.path());
    let (state, held) = (tree(&home.state()), TARGETS.map(|name| sandbox.dump(name)));
    let writes = TARGETS.map(|name| sandbox.requests(name)["counts"]["write"].clone());

    for basis in [&["--dry-run"][..], &["--dry-run", "--quick"]] {
        let ran = sync(&home, &sandbox, basis);
        assert_eq!((ran.code, &*ran.err), (Some(2), ""), "{ran:?}");
        let wiki = ran.target("wiki");
        let wanted = ["create", "update", "deactivate"].map(|kind| &wiki["counts"][kind]);
        assert_eq!(wanted, [1, 1, 1], "{wiki}");
        assert_eq!(wiki["waiting"][0]["what"], "missing", "{wiki}");
    }

    // Absences are not counted either: the state is the same, byte for byte.
    assert_eq!(tree(&home.state()), state);
    assert_eq!(TARGETS.map(|name| sandbox.dump(name)), held);
    let after = TARGETS.map(|name| sandbox.requests(name)["counts"]["write"].clone());
    assert_eq!(after, writes);
}

/// Only GETs, and tokens.
fn only_looked_at(sandbox: &ServedSandbox, target: &str) {
    let log = sandbox.requests(target);
    let lines = log["requests"].as_array().expect("a list");
    let methods: BTreeSet<(&str, bool)> = lines
        .iter()
        .map(|line| {
            let path = line["path"].as_str().unwrap_or_default();
            let method = line["method"].as_str().unwrap_or_default();
            (method, path.ends_with("/oauth2/token"))
        })
        .collect();
    let wanted = match target {
        "tracktik" => BTreeSet::from([("GET", false), ("POST", true)]),
        _ => BTreeSet::from([("GET", false)]),
    };
    assert_eq!(methods, wanted, "{log}");
}
