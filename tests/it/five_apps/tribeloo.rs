//! Tribeloo: its page says two things of what a deactivation does, so a person decides.
//!
//! Promises that nobody's account is put at risk before somebody has said what happens to it. Leaves
//! finding that out to the site.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::Story;

const CONFIG: &str = "\
state: { dir: state }
sources: { hq: { file: { users: people.yaml }, absent_for: 0s } }
targets:
  tribeloo:
    connector: tribeloo
    base_url: https://app.example.com/scim/v2
    auth: { bearer: { env: NEVER_ASKED_FOR } }
    assign: { groups: [staff] }
";

const SUSPENDS: &str = "    override: { users: { deactivate: { effect: suspends } } }\n";

fn directory() -> Json {
    let person = |number: u32, uid: &str, family: &str| {
        let mail = format!("{uid}@example.com");
        let key = format!("p-{number}");
        json!({"key": key, "uid": uid, "mail": mail, "givenName": uid, "sn": family})
    };
    json!({
        "users": [
            person(1, "ana", "Lima"), person(2, "bob", "Stone"), person(3, "cy", "Young"),
            person(4, "dee", "Okoro"), person(5, "eve", "Sol"), person(6, "fay", "Ray"),
        ],
        "groups": [{"key": "g-1", "name": "staff", "members": ["p-1", "p-2", "p-3", "p-4", "p-5", "p-6"]}],
    })
}

fn begin(config: &str) -> Story {
    let nobody = json!({"users": [], "groups": []});
    Story::begin("tribeloo", config, directory(), &nobody)
}

#[test]
fn nobody_is_switched_off_before_a_person_says_so() {
    let mut story = begin(CONFIG);
    assert_snapshot!(story.told("import tribeloo"), @"
    tribeloo  0 accounts beside 6 users
    -- exit 0
    ");
    assert_eq!(story.settle().writes, ["POST Users 201"; 6]);
    story.say("p-2", &json!({"disabled": "true"}));
    let held = story.chapter("sync");
    assert_snapshot!(held.text, @r#"
    hq  6 users, 1 group

    tribeloo  plan ID, compared with the app

      held back by the guard
        ! H-ID: 1 change may delete the account, and nobody has said that this is meant
          bob
          → if this is right: rollcall approve H-ID --because "…"
          → or write once for all what it does, override: { users: { deactivate: { effect: suspends } } }, or that deleting is meant, leavers: { unassigned: delete, disabled: delete, deleted: delete }

      nothing else to change

    tribeloo  0 done, 0 not; requests: 1 read, 0 write, 0 token

    -- exit 3
    "#);
    assert_eq!(held.writes, Vec::<String>::new());
    story.is_quiet(3);
    assert_eq!(story.account("bob@example.com")["active"], true);

    let hold = story.hold();
    let approved = story.chapter(&format!("approve {hold} --because left"));
    assert_snapshot!(approved.text, @"
    approved: H-ID of tribeloo is released: 1 change; the next sync carries out what of it is still due
    -- exit 0
    ");
    let gone = story.chapter("sync");
    assert_snapshot!(gone.text, @"
    hq  6 users, 1 group

    tribeloo  plan ID, compared with the app

      leavers
        - may delete     bob  disabled in the directory; may delete: the vendor contradicts itself

      to do: 1 delete

    tribeloo  1 done, 0 not; requests: 2 read, 1 write, 0 token

    -- exit 0
    ");
    let writes: Vec<String> = [approved.writes, gone.writes].concat();
    assert_eq!(writes, ["PATCH Users/bob 204"]);
    story.is_quiet(0);

    // This copy of the app is of those that delete: whoever is back gets a new account.
    story.say("p-2", &json!({"disabled": null}));
    let back = story.settle();
    assert_snapshot!(back.text, @"
    hq  6 users, 1 group

    tribeloo  plan ID, compared with the app

      joiners
        + create         bob  assigned by group staff
            displayName bob Stone · emails bob@example.com · externalId p-2 · name.familyName Stone
            name.givenName bob · userName bob

      to do: 1 create
      this run may send up to 1 mail: the vendor does not say

    tribeloo  1 done, 0 not; requests: 1 read, 1 write, 0 token

    -- exit 0
    ");
    let active = |account: &Json| account["active"] == true;
    assert_eq!(
        story
            .accounts("bob@example.com")
            .iter()
            .filter(|one| active(one))
            .count(),
        1
    );
}

#[test]
fn once_it_is_said_that_it_suspends_a_leaver_goes_and_is_back() {
    let config = format!("{CONFIG}{SUSPENDS}");
    let mut story = begin(&config);
    assert_eq!(story.settle().writes, ["POST Users 201"; 6]);
    story.say("p-2", &json!({"disabled": "true"}));
    let left = story.settle();
    assert_snapshot!(left.text, @"
    hq  6 users, 1 group

    tribeloo  plan ID, compared with the app

      leavers
        - deactivate     bob  disabled in the directory

      to do: 1 deactivate

    tribeloo  1 done, 0 not; requests: 1 read, 1 write, 0 token

    -- exit 0
    ");
    assert_eq!(left.writes, ["PATCH Users/bob 200"]);
    assert_eq!(story.account("bob@example.com")["active"], false);
    let off = story.account("bob@example.com");
    story.say("p-2", &json!({"disabled": null}));
    assert_eq!(story.settle().writes, ["PATCH Users/bob 200"]);
    let bob = story.account("bob@example.com");
    assert_eq!((&bob["id"], &bob["active"]), (&off["id"], &json!(true)));

    the_deleted_are_deleted(&mut story, &config);
}

/// Somebody whom the directory does not know any more is removed, where the site wants that.
fn the_deleted_are_deleted(story: &mut Story, config: &str) {
    story.configure(&format!("{config}    leavers: {{ deleted: delete }}\n"));
    story.is_quiet(0);
    story.forget("p-3");
    let missing = story.chapter("sync");
    assert_snapshot!(missing.text, @"
    hq  5 users, 1 group

    tribeloo  plan ID, compared with the app

      waiting
        · cy: missing, waits until HH:MM UTC

      in line: nothing to change

    tribeloo  0 done, 0 not; requests: 1 read, 0 write, 0 token

    -- exit 0
    ");
    let gone = story.chapter("sync");
    assert_snapshot!(gone.text, @"
    hq  5 users, 1 group

    tribeloo  plan ID, compared with the app

      leavers
        - delete         cy  gone from the directory

      to do: 1 delete

    tribeloo  1 done, 0 not; requests: 1 read, 1 write, 0 token

    -- exit 0
    ");
    let writes: Vec<String> = [missing.writes, gone.writes].concat();
    assert_eq!(writes, ["DELETE Users/cy 204"]);
    assert_eq!(story.accounts("cy@example.com"), Vec::<Json>::new());
    story.is_quiet(0);
}

#[test]
fn what_is_switched_off_is_skipped_and_told() {
    let config = format!("{CONFIG}{SUSPENDS}");
    let mut story = begin(&config);
    assert_eq!(story.settle().writes, ["POST Users 201"; 6]);
    story.configure(&format!("{config}    features: {{ deactivate: false }}\n"));
    story.say("p-2", &json!({"disabled": "true"}));
    let skipped = story.chapter("sync");
    assert_snapshot!(skipped.text, @"
    hq  6 users, 1 group

    tribeloo  plan ID, compared with the app

      skipped: switched off by `features:` of this target
        ! 1 deactivation skipped: `features.deactivate` is off; these accounts stay on
          bob

      nothing else to change

    tribeloo  0 done, 0 not; requests: 1 read, 0 write, 0 token

    -- exit 0
    ");
    assert_eq!(skipped.writes, Vec::<String>::new());
    story.is_quiet(0);
    assert_eq!(story.account("bob@example.com")["active"], true);
    // Everything else goes on.
    story.say("p-1", &json!({"sn": "Lima-Rey"}));
    assert_eq!(story.settle().writes, ["PATCH Users/ana 200"]);
    // Switched on again, it is made up for.
    story.configure(&config);
    assert_eq!(story.settle().writes, ["PATCH Users/bob 200"]);
    assert_eq!(story.account("bob@example.com")["active"], false);
}

#[test]
fn each_switch_holds_back_its_own_kind_and_is_told() {
    let config = format!("{CONFIG}{SUSPENDS}    leavers: {{ deleted: delete }}\n");
    let mut story = begin(&config);
    assert_eq!(story.settle().writes, ["POST Users 201"; 6]);
    story.say("p-2", &json!({"disabled": "true"}));
    assert_eq!(story.settle().writes, ["PATCH Users/bob 200"]);
    story.forget("p-3");
    let missing = story.chapter("sync");
    assert_eq!(missing.writes, Vec::<String>::new(), "absence counts twice");

    story.configure(&format!(
        "{config}    features: {{ create: false, update: false, reactivate: false, delete: false }}\n"
    ));
    story.say("p-1", &json!({"sn": "Lima-Rey"}));
    story.say("p-2", &json!({"disabled": null}));
    story.hire(
        json!({"key": "p-7", "uid": "gus", "mail": "gus@example.com", "givenName": "Gus", "sn": "Holt"}),
        &["staff"],
    );
    let skipped = story.chapter("sync");
    assert_snapshot!(skipped.text, @"
    hq  6 users, 1 group

    tribeloo  plan ID, compared with the app

      leavers
        - deactivate     cy  gone from the directory

      skipped: switched off by `features:` of this target
        · 1 create skipped: `features.create` is off
          gus
        · 1 update skipped: `features.update` is off
          ana
        · 1 reactivation skipped: `features.reactivate` is off
          bob
        · 1 deletion skipped: `features.delete` is off
          cy

      to do: 1 deactivate

    tribeloo  1 done, 0 not; requests: 1 read, 1 write, 0 token

    -- exit 0
    ");
    // Whoever is gone has no access, although the account is not to be deleted.
    assert_eq!(skipped.writes, ["PATCH Users/cy 200"]);
    story.is_quiet(0);

    // Switched on again, all of it is made up for.
    story.configure(&config);
    assert_eq!(
        story.settle().writes,
        [
            "DELETE Users/cy 204",
            "PATCH Users/ana 200",
            "PATCH Users/bob 200",
            "POST Users 201",
        ]
    );
}
