//! `rollcall probe` at a shell: what it asks, what it prints, and that it cleans up.

use regex::Regex;

use crate::program::{Ended, Folder};

const CONFIG: &str = r"
sources:
  hq: { file: { users: users.csv } }
targets:
  app:
    connector: scim
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { env: NOWHERE } }
    assign: everyone
  trotto:
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
    let text = drawn.replace_all(&host, "rollcall-probe-DRAWN");
    dateless(&text)
}

fn dateless(text: &str) -> String {
    let day = Regex::new(r"20\d\d-\d\d-\d\d").expect("a sound pattern");
    day.replace_all(text, "DAY").into_owned()
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
    insta::assert_snapshot!(told(&ended), @r#"
    # Probed at HOST on DAY with 7 requests. Save it in the folder that `connectors:` names.
    title: "HOST"
    extends: scim
    evidence: inferred
    sources: { probe: { checked: "DAY", page: "probe of HOST" } }
    notes:
      - "It says of itself: patch yes, bulk no, filter yes, sort no, etag yes, changePassword no."
      - "Only reading was allowed: what the app does with writes is not known."
    auth: [bearer]
    # http.discovery: "/ServiceProviderConfig"  # seen once: it says there what it can do
    # users.paging:  # not probed: the app has fewer than two users
    -- stderr
    This makes users and groups at HOST, at most 3 users and 2 groups at once, named
    rollcall-probe-DRAWN-…, changes them, and removes them again. Nothing else is touched. An app may send
    mail to a new user, or count a seat.
    Nobody can be asked here, so it only reads; --yes says yes.
    -- exit 0
    "#);
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
    let keys: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let keys = keys.join("\n").replace("127.0.0.1", "HOST");
    insta::assert_snapshot!(dateless(&keys), @r#"
    title: "HOST"
    extends: scim
    evidence: probed
    sources: { probe: { checked: "DAY", page: "probe of HOST" } }
    quirks:
      http.etags: probe
    notes:
      - "It says of itself: patch yes, bulk no, filter yes, sort no, etag yes, changePassword no."
    auth: [bearer]
    http:
      etags: send  # seen twice: a write with a wrong version was refused, one with the right one taken
    "#);
    let dump = served.ask("/_sandbox/app/dump");
    assert_eq!(dump, serde_json::json!({"users": [], "groups": []}));
}

#[test]
fn what_an_app_does_not_delete_is_listed() {
    let folder = folder();
    let served = folder.serve("config.yaml");
    let line = format!(
        "probe --config config.yaml --target trotto --sandbox={} --yes --output probed.yaml",
        served.root
    );
    let ended = folder.rollcall(&line);
    insta::assert_snapshot!(told(&ended), @"
    -- stderr
    left behind: the user rollcall-probe-DRAWN-4@example.com (id u-000003) is still there: DELETE was answered with 501; it was switched off; remove it by hand
    left behind: the user rollcall-probe-DRAWN-2@example.com (id u-000002) is still there: DELETE was answered with 501; it was switched off; remove it by hand
    left behind: the user rollcall-probe-DRAWN-1@example.com (id u-000001) is still there: DELETE was answered with 501; it was switched off; remove it by hand
    -- exit 4
    ");
}

#[test]
fn a_token_that_is_refused_is_told_before_anything_is_made() {
    let folder = folder();
    let served = folder.serve("config.yaml");
    let url = format!("{}/app/scim/v2", served.root);
    let ended = folder.rollcall(&format!("probe {url} --bearer-file token --yes"));
    insta::assert_snapshot!(told(&ended), @r#"
    -- stderr
    error: the app refused our credentials (401): GET /ServiceProviderConfig
      hint: check the target's `auth:`, and in the app whether it was revoked; then: rollcall check
    -- exit 1
    "#);
    let ended = folder.rollcall(&format!("probe {url}"));
    assert_eq!(ended.code, Some(64), "{}", ended.told());
    let ended = folder.rollcall("probe http://app.example.com/v2 --bearer-file token --yes");
    insta::assert_snapshot!(told(&ended), @r#"
    -- stderr
    error: http://app.example.com/v2: over http the token could be read on the way
      hint: write https://; http is for loopback and sandbox addresses
    -- exit 1
    "#);
}
