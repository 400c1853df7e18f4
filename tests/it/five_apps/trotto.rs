//! Trotto go links: the people who are there already are adopted, and then kept in line.
//!
//! Promises one account for each person over the whole story. Leaves groups out, as Trotto does.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::Story;

const CONFIG: &str = "\
state: { dir: state }
sources: { hq: { file: { users: people.yaml } } }
targets:
  trotto:
    connector: trotto
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: { groups: [staff] }
    sandbox: { accounts: accounts.json }
";

fn directory() -> Json {
    json!({
        "users": [
            {"key": "p-1", "uid": "ana", "mail": "ana@example.com", "givenName": "Ana", "sn": "Lima"},
            {"key": "p-2", "uid": "bob", "mail": "bob@example.com", "givenName": "Bob", "sn": "Stone"},
            {"key": "p-3", "uid": "cy", "mail": "cy@example.com", "givenName": "Cy", "sn": "Young"},
        ],
        "groups": [{"key": "g-1", "name": "staff", "members": ["p-1", "p-2"]}],
    })
}

/// Ana as we would have made her, Bob under an old user name, and a stranger.
fn accounts() -> Json {
    let account = |id: &str, name: &str, mail: &str, given: &str, family: &str| {
        json!({
            "id": id, "userName": name, "active": true, "displayName": format!("{given} {family}"),
            "name": {"givenName": given, "familyName": family},
            "emails": [{"value": mail, "type": "work", "primary": true}],
        })
    };
    json!({"users": [
        account("t-1", "ana@example.com", "ana@example.com", "Ana", "Lima"),
        account("t-2", "bob@old.example.com", "bob@example.com", "Bob", "Stone"),
        account("t-3", "golinks@example.com", "golinks@example.com", "Go", "Links"),
    ], "groups": []})
}

#[test]
fn from_the_first_import_to_the_return() {
    let mut story = Story::begin("trotto", CONFIG, directory(), &accounts());

    // Looking changes nothing.
    let import = story.chapter("import trotto");
    assert_snapshot!(import.text, @"
    trotto  3 accounts beside 3 users
      2 to link, 1 orphan

      fit one person: the next sync links it
        + ana@example.com (t-1)  ana, by userName
        + bob@old.example.com (t-2)  bob, by emails

      orphans: nobody's in the directory, left alone
        · golinks@example.com (t-3)
    -- exit 0
    ");
    assert_eq!(import.writes, Vec::<String>::new());

    // The accounts that are there are adopted; Bob's user name is set right.
    let first = story.settle();
    assert_snapshot!(first.text, @"
    hq  3 users, 1 group

    trotto  plan ID, compared with the app

      adopted
        = adopt          ana  is in the app already, by userName
        = adopt          bob  is in the app already, by emails

      movers
        ~ update         bob  the directory or the mapping says so
            userName bob@old.example.com → bob@example.com

      orphans: accounts that are nobody's in the directory, left alone
        ? golinks@example.com (t-3)

      to do: 2 adopt, 1 update

    trotto  3 done, 0 not; requests: 1 read, 1 write, 0 token

    -- exit 0
    ");
    assert_eq!(first.writes, ["PATCH Users/bob 200"]);
    assert_eq!(
        story.account("bob@example.com")["userName"],
        "bob@example.com"
    );
    assert_snapshot!(story.told("import trotto"), @"
    trotto  3 accounts beside 3 users
      2 linked, 1 orphan

      linked
        = ana@example.com (t-1)  ana
        = bob@example.com (t-2)  bob

      orphans: nobody's in the directory, left alone
        · golinks@example.com (t-3)
    -- exit 0
    ");

    let stranger = story.account("golinks@example.com");
    someone_joins(&mut story);
    each_attribute_is_updated(&mut story);
    someone_leaves_and_is_back(&mut story);
    assert_eq!(
        story.account("golinks@example.com"),
        stranger,
        "nobody touched it"
    );
}

fn someone_joins(story: &mut Story) {
    story.hire(
        json!({"key": "p-4", "uid": "dee", "mail": "dee@example.com", "givenName": "Dee", "sn": "Okoro"}),
        &["staff"],
    );
    assert_eq!(story.settle().writes, ["POST Users 201"]);
    let dee = story.account("dee@example.com");
    assert_eq!(dee["userName"], "dee@example.com");
    assert_eq!(
        dee["name"],
        json!({"givenName": "Dee", "familyName": "Okoro"})
    );
    assert_eq!(
        (&dee["displayName"], &dee["active"]),
        (&json!("Dee Okoro"), &json!(true))
    );
}

/// One after the other: given name, family name, display name; then user name and e-mail, which are one
/// value of the directory.
fn each_attribute_is_updated(story: &mut Story) {
    let id = story.account("dee@example.com")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let patched = ["PATCH Users/dee 200"];
    let now = |story: &mut Story, values: &Json, mail: &str| {
        story.say("p-4", values);
        assert_eq!(story.settle().writes, patched, "{values}");
        story.account(mail)
    };
    // A display name of the directory's own, so that the next two changes touch one attribute each.
    let dee = now(
        story,
        &json!({"displayName": "D. Okoro"}),
        "dee@example.com",
    );
    assert_eq!(dee["displayName"], "D. Okoro");
    let dee = now(story, &json!({"givenName": "Deirdre"}), "dee@example.com");
    assert_eq!(dee["name"]["givenName"], "Deirdre");
    let dee = now(story, &json!({"sn": "Okoro-Lind"}), "dee@example.com");
    assert_eq!(dee["name"]["familyName"], "Okoro-Lind");
    assert_eq!(dee["displayName"], "D. Okoro");
    story.say("p-4", &json!({"mail": "deirdre@example.com"}));
    assert_snapshot!(story.told("sync --dry-run"), @"
    hq  4 users, 1 group

    trotto  plan ID, compared with the app

      movers
        ~ update         dee  the directory or the mapping says so
            emails dee@example.com → deirdre@example.com
            userName dee@example.com → deirdre@example.com

      orphans: accounts that are nobody's in the directory, left alone
        ? golinks@example.com (t-3)

      to do: 1 update

    -- exit 2
    ");
    assert_eq!(story.settle().writes, patched);
    let dee = story.account("deirdre@example.com");
    assert_eq!(
        (&dee["id"], &dee["userName"]),
        (&json!(id), &json!("deirdre@example.com"))
    );
    assert_eq!(dee["emails"].as_array().map(Vec::len), Some(1));
}

fn someone_leaves_and_is_back(story: &mut Story) {
    let before = story.account("ana@example.com");
    story.say("p-1", &json!({"disabled": "true"}));
    let left = story.settle();
    assert_snapshot!(left.text, @"
    hq  4 users, 1 group

    trotto  plan ID, compared with the app

      leavers
        - deactivate     ana  disabled in the directory

      orphans: accounts that are nobody's in the directory, left alone
        ? golinks@example.com (t-3)

      to do: 1 deactivate

    trotto  1 done, 0 not; requests: 1 read, 1 write, 0 token

    -- exit 0
    ");
    assert_eq!(left.writes, ["PATCH Users/ana 200"]);
    let off = story.account("ana@example.com");
    assert_eq!(off["active"], false);
    assert_eq!(off["userName"], before["userName"]);

    story.say("p-1", &json!({"disabled": null}));
    let back = story.settle();
    assert_snapshot!(back.text, @"
    hq  4 users, 1 group

    trotto  plan ID, compared with the app

      joiners
        + reactivate     ana  is back

      orphans: accounts that are nobody's in the directory, left alone
        ? golinks@example.com (t-3)

      to do: 1 reactivate
      this run may send up to 1 mail: the vendor does not say

    trotto  1 done, 0 not; requests: 1 read, 1 write, 0 token

    -- exit 0
    ");
    assert_eq!(back.writes, ["PATCH Users/ana 200"]);
    let on = story.account("ana@example.com");
    assert_eq!((&on["id"], &on["active"]), (&json!("t-1"), &json!(true)));
    assert_eq!(
        (&on["name"], &on["emails"]),
        (&before["name"], &before["emails"])
    );
}

#[test]
fn groups_are_refused_before_anything_is_sent() {
    let pushed = format!("{CONFIG}    groups: {{ push: [staff] }}\n");
    let mut story = Story::begin("trotto", CONFIG, directory(), &accounts());
    story.configure(&pushed);
    for command in ["check --offline", "sync"] {
        let refused = story.chapter(command);
        assert!(
            refused
                .text
                .contains("the connector `trotto` has no groups"),
            "{}",
            refused.text
        );
        assert_eq!(refused.writes, Vec::<String>::new());
    }
    assert_snapshot!(story.told("check --offline"), @"
    -- stderr
    error: targets.trotto.groups.push: the connector `trotto` has no groups
      --> config.yaml:10:15
       |
    10 |     groups: { push: [staff] }
       |               ^^^^
       |
       = help: take `groups` out

    error: the config has 1 problem; nothing was done
    -- exit 1
    ");
}
