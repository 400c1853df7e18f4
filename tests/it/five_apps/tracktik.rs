//! TrackTik: people become employees, groups become roles, and a termination frees the user name.
//!
//! Promises that what a return comes to is told before it happens. Leaves the lock-out of the token
//! endpoint to the stories of credentials.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::Story;

const CONFIG: &str = "\
state: { dir: state }
sources: { hq: { file: { users: people.yaml } } }
targets:
  tracktik:
    connector: tracktik
    base_url: https://app.example.com/scim/v2
    auth: { oauth2: { token_url: \"https://app.example.com/oauth2/token\", client_id: { env: NEVER_ASKED_FOR }, client_secret: { env: NEVER_ASKED_FOR } } }
    assign: { groups: [guard-day, guard-night] }
    groups: { push: [\"guard-*\"] }
    sandbox: { accounts: accounts.json }
";

const DIVISION: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Ana is in a region by name, Bob in one by its number; Bob's address lacks a postal code, and his
/// language is none of TrackTik's.
fn directory() -> Json {
    json!({
        "users": [
            {"key": "p-1", "uid": "ana", "mail": "ana@example.com", "givenName": "Ana", "sn": "Lima",
             "division": "HQ", "preferredLanguage": "FR-BE", "title": "Guard",
             "telephoneNumber": "+1 555 0100", "street": "1 Main St", "l": "Montreal", "st": "QC",
             "postalCode": "H2X 1Y4", "c": "CA"},
            {"key": "p-2", "uid": "bob", "mail": "bob@example.com", "givenName": "Bob", "sn": "Stone",
             "division": "17", "preferredLanguage": "tlh", "street": "2 Main St", "l": "Montreal",
             "st": "QC", "c": "CA"},
            {"key": "p-3", "uid": "cy", "mail": "cy@example.com", "givenName": "Cy", "sn": "Young",
             "division": "HQ"},
        ],
        "groups": [
            {"key": "g-1", "name": "guard-day", "members": ["p-1", "p-2"]},
            {"key": "g-2", "name": "guard-night", "members": ["p-2"]},
        ],
    })
}

/// An employee who was there before, under the e-mail of Ana.
fn accounts() -> Json {
    json!({"users": [{
        "id": "e-1", "userName": "ana", "active": true,
        "name": {"givenName": "Ana", "familyName": "Lima"},
        "emails": [{"value": "ana@example.com", "type": "work", "primary": true}],
        DIVISION: {"division": "HQ"},
    }], "groups": []})
}

fn begin() -> Story {
    Story::begin("tracktik", CONFIG, directory(), &accounts())
}

#[test]
fn from_the_first_import_to_the_roles() {
    let mut story = begin();
    assert_snapshot!(story.told("import tracktik"), @"
    tracktik  1 account beside 3 users
      1 to link

      fit one person: the next sync links it
        + ana (e-1)  ana, by emails
    -- exit 0
    ");
    let first = story.settle();
    assert_snapshot!(first.text, @"
    hq  3 users, 2 groups

    tracktik  plan ID, compared with the app

      adopted
        = adopt          ana  is in the app already, by emails

      joiners
        + create         bob  assigned by group guard-day
            emails bob@example.com · externalId p-2 · name.familyName Stone · name.givenName Bob
            division 17 · userName bob · userType User

      movers
        ~ update         ana  the directory or the mapping says so
            addresses.country (none) → CA
            addresses.locality (none) → Montreal
            addresses.postalCode (none) → H2X 1Y4
            addresses.region (none) → QC
            addresses.streetAddress (none) → 1 Main St
            externalId (none) → p-1
            phoneNumbers (none) → +1 555 0100
            preferredLanguage (none) → FR-BE
            title (none) → Guard
            userType (none) → User

      groups
        + create group   guard-day    the group is pushed
        + add members    guard-day    as in the directory
            ana, bob
        + create group   guard-night  the group is pushed
        + add members    guard-night  as in the directory
            bob

      warnings
        ! bob: preferredLanguage left out: `tlh` is not one of the 31 values that the app takes
        ! bob: addresses left out: the app takes all of it or none, and addresses.postalCode has no value

      to do: 1 adopt, 1 create, 1 update, 2 create group, 3 add members
      this run may send up to 1 mail: the vendor does not say

    tracktik  8 done, 0 not; requests: 2 read, 6 write, 1 token

    -- exit 0
    ");
    assert_eq!(
        first.writes,
        [
            "PATCH Groups/guard-day 204",
            "PATCH Groups/guard-night 204",
            "PATCH Users/ana 200",
            "POST Groups 201",
            "POST Groups 201",
            "POST Users 201",
        ]
    );
    let tokens = &story.served.ask("/_sandbox/tracktik/requests")["counts"]["token"];
    assert_eq!(tokens, 3, "one for each run");

    let ana = story.account("ana@example.com");
    assert_eq!(
        (&ana["id"], &ana["externalId"]),
        (&json!("e-1"), &json!("p-1"))
    );
    assert_eq!(ana[DIVISION]["division"], "HQ");
    assert_eq!(ana["preferredLanguage"], "FR-BE");
    assert_eq!(ana["addresses"][0]["postalCode"], "H2X 1Y4");
    let bob = story.account("bob@example.com");
    assert_eq!(
        bob[DIVISION]["division"], 17,
        "a number is the id of a region"
    );
    assert_eq!(
        (&bob["addresses"], &bob["preferredLanguage"]),
        (&Json::Null, &Json::Null)
    );
    assert_eq!(
        story.groups(),
        json!({"guard-day": ["ana", "bob"], "guard-night": ["bob"]})
    );

    an_address_is_taken_whole(&mut story);
    roles_change_their_members(&mut story);
}

fn an_address_is_taken_whole(story: &mut Story) {
    story.say(
        "p-2",
        &json!({"postalCode": "H2X 1Y5", "preferredLanguage": "DE-AT"}),
    );
    let whole = story.settle();
    assert_snapshot!(whole.text, @"
    hq  3 users, 2 groups

    tracktik  plan ID, compared with the app

      movers
        ~ update         bob  the directory or the mapping says so
            addresses.country (none) → CA
            addresses.locality (none) → Montreal
            addresses.postalCode (none) → H2X 1Y5
            addresses.region (none) → QC
            addresses.streetAddress (none) → 2 Main St
            preferredLanguage (none) → DE-AT

      to do: 1 update

    tracktik  1 done, 0 not; requests: 2 read, 1 write, 1 token

    -- exit 0
    ");
    assert_eq!(whole.writes, ["PATCH Users/bob 200"]);
    let bob = story.account("bob@example.com");
    assert_eq!(
        bob["addresses"],
        json!([{"type": "work", "primary": true, "streetAddress": "2 Main St", "locality": "Montreal",
                "region": "QC", "postalCode": "H2X 1Y5", "country": "CA"}])
    );
    // A part of it is gone: TrackTik keeps no half of an address.
    story.say("p-2", &json!({"postalCode": null}));
    let half = story.settle();
    assert_snapshot!(half.text, @"
    hq  3 users, 2 groups

    tracktik  plan ID, compared with the app

      warnings
        ! bob: addresses left out: the app takes all of it or none, and addresses.postalCode has no value

      in line: nothing to change

    tracktik  0 done, 0 not; requests: 2 read, 0 write, 1 token

    -- exit 0
    ");
}

fn roles_change_their_members(story: &mut Story) {
    story.hire(
        json!({"key": "p-4", "uid": "dee", "mail": "dee@example.com", "givenName": "Dee", "sn": "Okoro",
               "division": "HQ"}),
        &["guard-night"],
    );
    assert_eq!(
        story.settle().writes,
        ["PATCH Groups/guard-night 204", "POST Users 201"]
    );
    assert_eq!(
        story.groups(),
        json!({"guard-day": ["ana", "bob"], "guard-night": ["bob", "dee"]})
    );
    let groups = story.list("groups");
    groups[1]["members"] = json!(["p-4"]);
    story.publish();
    assert_eq!(story.settle().writes, ["PATCH Groups/guard-night 204"]);
    assert_eq!(
        story.groups(),
        json!({"guard-day": ["ana", "bob"], "guard-night": ["dee"]})
    );
}

/// Bob was terminated, and his user name is free; then he is back.
fn is_back(reactivate: &str) -> Story {
    let config = format!("{CONFIG}{reactivate}");
    let mut story = begin();
    story.configure(&config);
    story.settle();
    story.say("p-2", &json!({"disabled": "true"}));
    let left = story.settle();
    assert_eq!(
        left.writes,
        [
            "PATCH Groups/guard-day 204",
            "PATCH Groups/guard-night 204",
            "PATCH Users/bob 200",
        ]
    );
    let bob = story.account("bob@example.com");
    assert_eq!(
        (&bob["active"], &bob["userName"]),
        (&json!(false), &Json::Null)
    );
    story.say("p-2", &json!({"disabled": null}));
    story
}

#[test]
fn a_return_makes_a_new_employee_and_says_so_beforehand() {
    let mut story = is_back("");
    assert_snapshot!(story.told("sync --dry-run"), @"
    hq  3 users, 2 groups

    tracktik  plan ID, compared with the app

      joiners
        + create         bob  is back; a new account is made, and the old one (u-000002) stays off
            emails bob@example.com · externalId p-2 · name.familyName Stone · name.givenName Bob
            division 17 · userName bob · userType User

      groups
        + add members    guard-day    as in the directory
            bob
        + add members    guard-night  as in the directory
            bob

      warnings
        ! bob: preferredLanguage left out: `tlh` is not one of the 31 values that the app takes
        ! bob: addresses left out: the app takes all of it or none, and addresses.postalCode has no value

      to do: 1 create, 2 add members
      this run may send up to 1 mail: the vendor does not say

    -- exit 2
    ");
    let back = story.settle();
    assert_eq!(
        back.writes,
        [
            "PATCH Groups/guard-day 204",
            "PATCH Groups/guard-night 204",
            "POST Users 201",
        ]
    );
    let bobs = story.accounts("bob@example.com");
    let told = |one: &Json| {
        (
            one["id"].clone(),
            one["active"].clone(),
            one["userName"].clone(),
        )
    };
    assert_eq!(
        bobs.iter().map(told).collect::<Vec<_>>(),
        [
            (json!("u-000002"), json!(false), Json::Null),
            (json!("u-000003"), json!(true), json!("bob")),
        ]
    );
    assert_eq!(
        story.groups(),
        json!({"guard-day": ["ana", "bob"], "guard-night": ["bob"]})
    );
}

#[test]
fn a_return_may_switch_the_same_employee_on() {
    let mut story = is_back("    reactivate: link\n");
    assert_snapshot!(story.told("sync --dry-run"), @"
    hq  3 users, 2 groups

    tracktik  plan ID, compared with the app

      joiners
        + reactivate     bob  is back
            userName (none) → bob

      groups
        + add members    guard-day    as in the directory
            bob
        + add members    guard-night  as in the directory
            bob

      warnings
        ! bob: preferredLanguage left out: `tlh` is not one of the 31 values that the app takes
        ! bob: addresses left out: the app takes all of it or none, and addresses.postalCode has no value

      to do: 1 reactivate, 2 add members
      this run may send up to 1 mail: the vendor does not say

    -- exit 2
    ");
    story.settle();
    let bob = story.account("bob@example.com");
    assert_eq!(
        (&bob["id"], &bob["active"], &bob["userName"]),
        (&json!("u-000002"), &json!(true), &json!("bob"))
    );
    assert_eq!(
        story.groups(),
        json!({"guard-day": ["ana", "bob"], "guard-night": ["bob"]})
    );
}

#[test]
fn a_return_may_be_left_to_a_person() {
    let mut story = is_back("    reactivate: refuse\n");
    let parked = story.chapter("sync");
    assert_snapshot!(parked.text, @"
    hq  3 users, 2 groups

    tracktik  plan ID, compared with the app

      parked: waits for a person
        ! bob: is back, the account u-000002 is switched off, and `reactivate: refuse` leaves it to a person
          → switch it on in the app, or set `reactivate: link` or `reactivate: create`

      warnings
        ! bob: preferredLanguage left out: `tlh` is not one of the 31 values that the app takes
        ! bob: addresses left out: the app takes all of it or none, and addresses.postalCode has no value

      nothing else to change

    tracktik  0 done, 0 not; requests: 2 read, 0 write, 1 token

    -- exit 4
    ");
    assert_eq!(parked.writes, Vec::<String>::new());
    story.is_quiet(4);
    assert_eq!(story.account("bob@example.com")["active"], false);
}
