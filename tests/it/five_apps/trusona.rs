//! Trusona: whoever is made gets a welcome mail, and gets it again only when somebody asks for it.
//!
//! Promises that the mails of a run are told before it. Leaves the group that Trusona keeps in the
//! directory alone.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::Story;

const CONFIG: &str = "\
state: { dir: state }
sources: { hq: { file: { users: people.yaml } } }
targets:
  trusona:
    connector: trusona
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: { groups: [staff] }
";

/// The group `Trusona` is kept by Trusona: it holds Eve, who is not of the staff.
fn directory() -> Json {
    json!({
        "users": [
            {"key": "p-1", "uid": "ana", "mail": "ana@example.com", "givenName": "Ana", "sn": "Lima"},
            {"key": "p-2", "uid": "bob", "mail": "bob@example.com", "givenName": "Bob", "sn": "Stone"},
            {"key": "p-3", "uid": "eve", "mail": "eve@example.com", "givenName": "Eve", "sn": "Sol"},
        ],
        "groups": [
            {"key": "g-1", "name": "staff", "members": ["p-1", "p-2"]},
            {"key": "g-2", "name": "Trusona", "members": ["p-1", "p-3"]},
        ],
    })
}

#[test]
fn from_the_first_import_to_the_return() {
    let nobody = json!({"users": [], "groups": []});
    let mut story = Story::begin("trusona", CONFIG, directory(), &nobody);
    assert_snapshot!(story.told("import trusona"), @"
    trusona  0 accounts beside 3 users
    -- exit 0
    ");
    assert_snapshot!(story.told("sync --dry-run"), @"
    hq  3 users, 2 groups

    trusona  plan ID, compared with the app

      joiners
        + create         ana  assigned by group staff
            displayName Ana Lima · emails ana@example.com · externalId p-1 · name.familyName Lima
            name.givenName Ana · userName ana@example.com
        + create         bob  assigned by group staff
            displayName Bob Stone · emails bob@example.com · externalId p-2 · name.familyName Stone
            name.givenName Bob · userName bob@example.com

      to do: 2 create
      this run sends 2 welcome mails

    -- exit 2
    ");
    assert_eq!(story.settle().writes, ["POST Users 201"; 2]);
    assert_eq!(story.accounts("eve@example.com"), Vec::<Json>::new());
    assert_eq!(
        story.groups(),
        json!({}),
        "assignment by group gives people, and no group"
    );

    the_group_of_trusona_does_not_matter(&mut story);
    the_primary_address_is_updated(&mut story);
    the_mail_is_sent_again(&mut story);
    someone_leaves_and_is_back(&mut story);
}

fn the_group_of_trusona_does_not_matter(story: &mut Story) {
    story.list("groups")[1]["members"] = json!(["p-2", "p-3"]);
    story.publish();
    story.is_quiet(0);
    let pushed = format!("{CONFIG}    groups: {{ push: [Trusona] }}\n");
    story.configure(&pushed);
    assert_snapshot!(story.told("check --offline"), @"
    -- stderr
    error: targets.trusona.groups.push: the connector `trusona` has no groups
     --> config.yaml:9:15
      |
    9 |     groups: { push: [Trusona] }
      |               ^^^^
      |
      = help: take `groups` out

    error: the config has 1 problem; nothing was done
    -- exit 1
    ");
    story.configure(CONFIG);
}

fn the_primary_address_is_updated(story: &mut Story) {
    let id = story.account("ana@example.com")["id"].clone();
    story.say("p-1", &json!({"mail": "ana.lima@example.com"}));
    let changed = story.settle();
    assert_snapshot!(changed.text, @"
    hq  3 users, 2 groups

    trusona  plan ID, compared with the app

      movers
        ~ update         ana  the directory or the mapping says so
            emails ana@example.com → ana.lima@example.com
            userName ana@example.com → ana.lima@example.com

      to do: 1 update

    trusona  1 done, 0 not; requests: 1 read, 1 write, 0 token

    -- exit 0
    ");
    assert_eq!(changed.writes, ["PATCH Users/ana 200"]);
    let ana = story.account("ana.lima@example.com");
    assert_eq!(
        (&ana["id"], &ana["userName"]),
        (&id, &json!("ana.lima@example.com"))
    );
    assert_eq!(ana["emails"][0]["primary"], true);
    assert_eq!(ana["emails"].as_array().map(Vec::len), Some(1));
}

fn the_mail_is_sent_again(story: &mut Story) {
    let resent = story.chapter("resend bob trusona --because lost");
    assert_snapshot!(resent.text, @"
    resent: the account of bob in trusona was switched off and on again
    -- exit 0
    ");
    assert_eq!(resent.writes, ["PATCH Users/bob 200"; 2]);
    assert_eq!(story.account("bob@example.com")["active"], true);
    let lines: Vec<String> = story
        .journal("bob")
        .iter()
        .filter_map(|line| Some(line.split_once(' ')?.0.to_owned()))
        .collect();
    let asked = lines
        .iter()
        .position(|action| action == "resend")
        .expect("it was journaled");
    assert_eq!(
        lines[asked..asked + 3],
        ["resend", "deactivate", "reactivate"],
        "{lines:?}"
    );
    story.is_quiet(0);
}

fn someone_leaves_and_is_back(story: &mut Story) {
    let id = story.account("bob@example.com")["id"].clone();
    story.say("p-2", &json!({"disabled": "true"}));
    let left = story.settle();
    assert_eq!(left.writes, ["PATCH Users/bob 200"]);
    assert!(!left.text.contains("mail"), "{}", left.text);
    assert_eq!(story.account("bob@example.com")["active"], false);
    story.say("p-2", &json!({"disabled": null}));
    let back = story.settle();
    assert_snapshot!(back.text, @"
    hq  3 users, 2 groups

    trusona  plan ID, compared with the app

      joiners
        + reactivate     bob  is back

      to do: 1 reactivate
      this run sends 1 welcome mail

    trusona  1 done, 0 not; requests: 1 read, 1 write, 0 token

    -- exit 0
    ");
    assert_eq!(back.writes, ["PATCH Users/bob 200"]);
    let bob = story.account("bob@example.com");
    assert_eq!((&bob["id"], &bob["active"]), (&id, &json!(true)));
}
