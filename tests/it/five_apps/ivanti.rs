//! Ivanti Neurons for MDM: people and groups, parts of them on request, and an app that takes its time.
//!
//! Promises that a token can be changed without a gap, and that what is not seen for an hour is not
//! sent again. Leaves what the portal shows to the portal.

use std::time::Duration;

use insta::assert_snapshot;
use rollcall::core::key::TargetName;
use rollcall::core::plan::Basis;
use rollcall::sandbox::{Sandbox, credentials};
use serde_json::{Value as Json, json};

use super::Story;
use crate::installation::Installation;
use crate::served::Home;

const CONFIG: &str = "\
state: { dir: state }
sources: { hq: { file: { users: people.yaml } } }
targets:
  ivanti:
    connector: ivanti-neurons
    base_url: https://app.example.com/scim/v2
    auth: { bearer: [{ file: old }, { file: new }] }
    assign: { groups: [field] }
    groups: { push: [field, \"team-*\"] }
    mapping: { \"urn:ietf:params:scim:schemas:extension:ivanti:2.0:User:Badge\": user.?badge.orValue(\"\") }
    override:
      settle: 0s
      users: { mail_on_create: yes }
      attributes: { \"urn:ietf:params:scim:schemas:extension:ivanti:2.0:User:Badge\": {} }
";

const IVANTI: &str = "urn:ietf:params:scim:schemas:extension:ivanti:2.0:User";

/// The group `field` holds the two teams.
fn directory() -> Json {
    json!({
        "users": [
            {"key": "p-1", "uid": "ana", "mail": "ana@example.com", "givenName": "Ana", "sn": "Lima",
             "badge": "0017", "department": "North"},
            {"key": "p-2", "uid": "bob", "mail": "bob@example.com", "givenName": "Bob", "sn": "Stone"},
        ],
        "groups": [
            {"key": "g-1", "name": "field", "members": [], "groups": ["g-2", "g-3"]},
            {"key": "g-2", "name": "team-a", "members": ["p-1"]},
            {"key": "g-3", "name": "team-b", "members": ["p-2"]},
        ],
    })
}

/// One whose first token was removed in the portal.
fn begin() -> Story {
    let nobody = json!({"users": [], "groups": []});
    let mut story = Story::begin("ivanti", CONFIG, directory(), &nobody);
    let known = credentials(&TargetName::new("ivanti"));
    story.folder.keep("old", "t0ken-that-was-removed");
    story.folder.keep("new", known.token.expose());
    story.speak_directly(CONFIG);
    story
}

#[test]
fn from_the_first_import_to_the_return() {
    let mut story = begin();
    assert_snapshot!(story.told("import ivanti"), @"
    ivanti  0 accounts beside 2 users
    -- exit 0
    ");
    let first = story.settle();
    assert_snapshot!(first.text, @"
    hq  2 users, 3 groups

    ivanti  the token of file new is in use; that of file old was refused: renew it, or take it out of `auth:`
    ivanti  plan ID, compared with the app

      joiners
        + create         ana  assigned by group field
            displayName Ana Lima · emails ana@example.com · externalId p-1 · name.familyName Lima
            name.givenName Ana · department North · Badge 0017 · userName ana
        + create         bob  assigned by group field
            displayName Bob Stone · emails bob@example.com · externalId p-2 · name.familyName Stone
            name.givenName Bob · userName bob

      groups
        + create group   field   the group is pushed
        + add members    field   as in the directory
            ana, bob
        + create group   team-a  the group is pushed
        + add members    team-a  as in the directory
            ana
        + create group   team-b  the group is pushed
        + add members    team-b  as in the directory
            bob

      to do: 2 create, 3 create group, 4 add members
      this run sends 2 welcome mails

    ivanti  9 done, 0 not; requests: 2 read, 8 write, 0 token

    -- exit 0
    ");
    assert_eq!(
        first.writes,
        [
            "PATCH Groups/field 204",
            "PATCH Groups/team-a 204",
            "PATCH Groups/team-b 204",
            "POST Groups 201",
            "POST Groups 201",
            "POST Groups 201",
            "POST Users 201",
            "POST Users 201",
        ]
    );
    assert_eq!(
        story.groups(),
        json!({"field": ["ana", "bob"], "team-a": ["ana"], "team-b": ["bob"]})
    );
    let ana = story.account("ana@example.com");
    assert_eq!(ana[IVANTI]["Badge"], "0017");

    story.say("p-1", &json!({"badge": "0018"}));
    assert_eq!(story.settle().writes, ["PATCH Users/ana 200"]);
    assert_eq!(story.account("ana@example.com")[IVANTI]["Badge"], "0018");

    a_part_on_request(&mut story);
    a_user_name_is_fixed(&mut story);
    someone_leaves_and_is_back(&mut story);
}

/// Cy and Dee join one team, and Bob of the other has a new name: each sync takes its part.
fn a_part_on_request(story: &mut Story) {
    story.say("p-2", &json!({"sn": "Stone-Rey"}));
    let joiner = |key: &str, uid: &str, family: &str| json!({"key": key, "uid": uid, "mail": format!("{uid}@example.com"), "givenName": uid, "sn": family});
    story.hire(joiner("p-3", "cy", "Young"), &["team-a"]);
    story.hire(joiner("p-4", "dee", "Okoro"), &["team-a"]);
    let person = story.chapter("sync --user cy");
    assert_snapshot!(person.text, @"
    hq  4 users, 3 groups

    ivanti  the token of file new is in use; that of file old was refused: renew it, or take it out of `auth:`
    ivanti  plan ID, compared with the app, only cy

      joiners
        + create         cy  assigned by group field
            displayName cy Young · emails cy@example.com · externalId p-3 · name.familyName Young
            name.givenName cy · userName cy

      groups
        + add members    field   as in the directory
            cy
        + add members    team-a  as in the directory
            cy

      to do: 1 create, 2 add members
      this run sends 1 welcome mail
      4 changes of others left out: due as before

    ivanti  3 done, 0 not; requests: 2 read, 3 write, 0 token

    -- exit 0
    ");
    assert_eq!(
        person.writes,
        [
            "PATCH Groups/field 204",
            "PATCH Groups/team-a 204",
            "POST Users 201"
        ]
    );
    assert_eq!(story.groups()["team-a"], json!(["ana", "cy"]));
    let group = story.chapter("sync --group team-a");
    assert_snapshot!(group.text, @"
    hq  4 users, 3 groups

    ivanti  the token of file new is in use; that of file old was refused: renew it, or take it out of `auth:`
    ivanti  plan ID, compared with the app, only team-a

      joiners
        + create         dee  assigned by group field
            displayName dee Okoro · emails dee@example.com · externalId p-4 · name.familyName Okoro
            name.givenName dee · userName dee

      groups
        + add members    team-a  as in the directory
            dee

      to do: 1 create, 1 add members
      this run sends 1 welcome mail
      2 changes of others left out: due as before

    ivanti  2 done, 0 not; requests: 2 read, 2 write, 0 token

    -- exit 0
    ");
    assert_eq!(group.writes, ["PATCH Groups/team-a 204", "POST Users 201"]);
    assert_eq!(
        story.groups(),
        json!({"field": ["ana", "bob", "cy"], "team-a": ["ana", "cy", "dee"], "team-b": ["bob"]})
    );
    assert_eq!(
        story.account("bob@example.com")["name"]["familyName"],
        "Stone"
    );
    assert_eq!(
        story.settle().writes,
        ["PATCH Groups/field 204", "PATCH Users/bob 200"]
    );
    assert_eq!(
        story.account("bob@example.com")["name"]["familyName"],
        "Stone-Rey"
    );
    assert_eq!(story.groups()["field"], json!(["ana", "bob", "cy", "dee"]));
}

fn a_user_name_is_fixed(story: &mut Story) {
    story.say("p-1", &json!({"uid": "ana.lima"}));
    let parked = story.chapter("sync");
    assert_snapshot!(parked.text, @"
    hq  4 users, 3 groups

    ivanti  the token of file new is in use; that of file old was refused: renew it, or take it out of `auth:`
    ivanti  plan ID, compared with the app

      parked: waits for a person
        ! ana.lima: userName cannot be changed in this app after the create
          → correct the value at the source, or in the app

      nothing else to change

    ivanti  0 done, 0 not; requests: 2 read, 0 write, 0 token

    -- exit 4
    ");
    assert_eq!(parked.writes, Vec::<String>::new());
    story.is_quiet(4);
    assert_eq!(story.account("ana@example.com")["userName"], "ana");
    story.say("p-1", &json!({"uid": "ana"}));
    story.is_quiet(0);
}

fn someone_leaves_and_is_back(story: &mut Story) {
    story.say("p-2", &json!({"disabled": "true"}));
    let before = story.account("bob@example.com");
    let left = story.settle();
    assert_eq!(
        left.writes,
        [
            "PATCH Groups/field 204",
            "PATCH Groups/team-b 204",
            "PATCH Users/bob 200",
        ]
    );
    assert_eq!(story.account("bob@example.com")["active"], false);
    assert_eq!(
        story.groups(),
        json!({"field": ["ana", "cy", "dee"], "team-a": ["ana", "cy", "dee"], "team-b": []})
    );
    story.say("p-2", &json!({"disabled": null}));
    let back = story.settle();
    assert_eq!(
        back.writes,
        [
            "PATCH Groups/field 204",
            "PATCH Groups/team-b 204",
            "PATCH Users/bob 200",
        ]
    );
    let bob = story.account("bob@example.com");
    assert_eq!((&bob["id"], &bob["active"]), (&before["id"], &json!(true)));
    assert_eq!(story.groups()["team-b"], json!(["bob"]));
}

#[test]
fn whether_people_are_invited_is_said_by_the_site() {
    let mails = |config: &str| {
        let nobody = json!({"users": [], "groups": []});
        let story = Story::begin("ivanti", config, directory(), &nobody);
        let plan = story.run("sync --dry-run --format json").json();
        let told = story.told("sync --dry-run");
        let line = told
            .lines()
            .find(|line| line.contains("mail") && line.contains("this run"));
        let line = line.map(|line| line.trim().to_owned()).unwrap_or_default();
        (line, plan["targets"][0]["mails"].clone())
    };
    let said = |word: &str| CONFIG.replace("mail_on_create: yes", word);
    assert_eq!(
        mails(CONFIG),
        (
            "this run sends 2 welcome mails".into(),
            json!({"certain": 2, "possible": 0})
        )
    );
    assert_eq!(
        mails(&said("mail_on_create: no")),
        (String::new(), json!({"certain": 0, "possible": 0}))
    );
    // What the profile says by itself.
    assert_eq!(
        mails(&said("")),
        (
            "this run may send up to 2 mails: the vendor does not say".into(),
            json!({"certain": 0, "possible": 2})
        )
    );
}

/// The app as it is shipped, in virtual time; it shows what was written after 50 minutes.
fn slow(people: &Json) -> (Installation, Sandbox) {
    let home = Home::empty(CONFIG);
    let file = home.path().join("people.yaml").display().to_string();
    let config = CONFIG
        .replace("      settle: 0s\n", "")
        .replace("people.yaml", &file);
    std::fs::write(home.config(), config).expect("the folder can be written");
    publish(&home, people);
    let mut app = None;
    let installation = Installation::begin_slow(home, Some(Duration::from_mins(50)), |sandbox| {
        app = Some(sandbox.clone());
        sandbox
    });
    (installation, app.expect("it was made"))
}

fn publish(home: &Home, people: &Json) {
    let path = home.path().join("people.yaml");
    std::fs::write(path, people.to_string()).expect("the folder can be written");
}

#[tokio::test(start_paused = true)]
async fn what_takes_an_hour_to_be_seen_is_neither_drift_nor_sent_again() {
    let mut people = directory();
    let (site, app) = slow(&people);
    let writes = || app.counts(&TargetName::new("ivanti")).write;
    site.run().await;
    assert_eq!(
        writes(),
        8,
        "two people, three groups, and the members of each"
    );
    for _ in 0..4 {
        site.run().await;
        site.clock.sleep(Duration::from_mins(14)).await;
    }
    assert_eq!(writes(), 8);
    people["users"][0]["department"] = json!("South");
    publish(&site.home, &people);
    site.run().await;
    assert_eq!(writes(), 9);
    let (_, proposal) = site.proposal(Basis::Observed).await;
    let waiting: Vec<String> = proposal
        .reviewed
        .plan
        .waiting
        .iter()
        .map(|it| it.label.to_string())
        .collect();
    assert_eq!(waiting, ["ana"]);
    for _ in 0..5 {
        site.run().await;
        assert_eq!(writes(), 9);
        site.clock.sleep(Duration::from_mins(15)).await;
    }
    let (_, proposal) = site.proposal(Basis::Observed).await;
    assert!(proposal.reviewed.plan.waiting.is_empty());
}
