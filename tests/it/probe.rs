//! `rollcall probe` at a shell: what it asks, what it prints, and that it cleans up.

use regex::Regex;

use crate::program::{Ended, Folder};

const CONFIG: &str = r"
sources:
  hq: { file: { users: users.csv } }
targets:
  app:
    connector: trotto
    base_url: https://trotto.example.com/scim/v2
    auth: { bearer: { env: NOWHERE } }
    assign: everyone
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("config.yaml", CONFIG);
    folder.write("users.csv", "key,userName\n");
    folder.keep("token", "a-token-for-a-test");
    folder
}

/// What was said, without the name that is drawn anew each time.
fn told(ended: &Ended) -> String {
    let drawn = Regex::new("rollcall-probe-[0-9a-f]{8}").expect("a sound pattern");
    let host = ended.told().replace("127.0.0.1", "HOST");
    drawn
        .replace_all(&host, "rollcall-probe-DRAWN")
        .into_owned()
}

#[test]
fn without_a_yes_it_only_reads() {
    let folder = folder();
    let served = folder.serve("config.yaml");
    let flag = format!(
        "probe --config config.yaml --target app --sandbox={}",
        served.root
    );
    let ended = folder.rollcall(&flag);
    insta::assert_snapshot!(told(&ended), @"");
    let requests = served.ask("/_sandbox/app/requests").to_string();
    assert!(!requests.contains("POST"), "{requests}");
}

#[test]
fn what_it_finds_is_a_connector_and_nothing_stays() {
    let folder = folder();
    let served = folder.serve("config.yaml");
    let more = "--yes --output connectors-probed.yaml";
    let line = format!(
        "probe --config config.yaml --target app --sandbox={} {more}",
        served.root
    );
    let ended = folder.rollcall(&line);
    assert_eq!((ended.code, &*ended.out, &*ended.err), (Some(0), "", ""));
    let text = std::fs::read_to_string(folder.path("connectors-probed.yaml")).expect("written");
    insta::assert_snapshot!(text.replace("127.0.0.1", "HOST"), @"");
    let dump = served.ask("/_sandbox/app/dump");
    assert_eq!(dump, serde_json::json!({"users": [], "groups": []}));
}

#[test]
fn a_token_that_is_refused_is_told_before_anything_is_made() {
    let folder = folder();
    let served = folder.serve("config.yaml");
    let url = format!("{}/app/scim/v2", served.root);
    let ended = folder.rollcall(&format!("probe {url} --bearer-file token --yes"));
    insta::assert_snapshot!(told(&ended), @"");
    let ended = folder.rollcall(&format!("probe {url}"));
    assert_eq!(ended.code, Some(64), "{}", ended.told());
    let ended = folder.rollcall("probe http://app.example.com/v2 --bearer-file token --yes");
    insta::assert_snapshot!(told(&ended), @"");
}
