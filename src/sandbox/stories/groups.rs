//! What a client sees of the groups of an app, quirk by quirk.

use serde_json::{Value as Json, json};

use super::super::fixture::{ask, patch, profile, refusal, sandbox, target};
use super::super::path::{GROUP, USER};
use super::{create, seeded, with_groups};

#[test]
fn groups_hold_users_each_once() {
    let sandbox = sandbox(profile());
    let (ana, bea) = (create(&sandbox, "ana"), create(&sandbox, "bea"));
    let sent = json!({
        "schemas": [GROUP], "displayName": "guards", "externalId": "g7",
        "members": [{"value": ana}, {"value": ana}],
    });
    let (status, group) = ask(&sandbox, "POST", "/Groups", sent.clone());
    assert_eq!((status, &group["members"]), (201, &json!([{"value": ana}])));
    let answer = ask(&sandbox, "POST", "/Groups", sent);
    assert_eq!(
        refusal(&answer),
        (409, "uniqueness", "another group has this displayName")
    );

    let members = |operations: Json| {
        let (status, _) = ask(&sandbox, "PATCH", "/Groups/g-000001", patch(operations));
        assert_eq!(status, 204);
        ask(&sandbox, "GET", "/Groups/g-000001", None).1["members"].clone()
    };
    let add = json!([{"op": "add", "path": "members", "value": [{"value": bea}, {"value": ana}]}]);
    assert_eq!(members(add), json!([{"value": ana}, {"value": bea}]));
    let remove = json!([
        {"op": "remove", "path": format!("members[value eq \"{ana}\"]")},
        {"op": "remove", "path": "members[value eq \"u-9\"]"},
    ]);
    assert_eq!(members(remove), json!([{"value": bea}]));
    let whole = json!([{"op": "replace", "value":
        {"displayName": "Guards", "members": [{"value": ana}]}}]);
    assert_eq!(members(whole), json!([{"value": ana}]));

    let stranger = patch(json!([
        {"op": "remove", "path": "members"},
        {"op": "add", "path": "members", "value": [{"value": "u-9"}]},
    ]));
    let answer = ask(&sandbox, "PATCH", "/Groups/g-000001", stranger);
    let detail = "members names u-9, and there is no such user";
    assert_eq!(refusal(&answer), (400, "invalidValue", detail));
    let (_, group) = ask(&sandbox, "GET", "/Groups/g-000001", None);
    assert_eq!(
        (&group["members"], &group["displayName"]),
        (&json!([{"value": ana}]), &json!("Guards"))
    );

    let filter = format!("/Groups?filter=members.value%20eq%20%22{ana}%22");
    assert_eq!(ask(&sandbox, "GET", &filter, None).1["totalResults"], 1);
    let (_, list) = ask(&sandbox, "GET", "/Groups?excludedAttributes=members", None);
    assert_eq!(list["Resources"][0].get("members"), None);
    assert_eq!(
        ask(&sandbox, "DELETE", &format!("/Users/{ana}"), None).0,
        204
    );
    assert_eq!(
        ask(&sandbox, "GET", "/Groups/g-000001", None)
            .1
            .get("members"),
        None
    );
    assert_eq!(ask(&sandbox, "DELETE", "/Groups/g-000001", None).0, 204);
}

#[test]
fn groups_have_quirks_too() {
    let none = with_groups(&json!({"model": "none"}));
    assert_eq!(
        refusal(&ask(&none, "GET", "/Groups", None)),
        (404, "", "this app has no groups")
    );

    let quirky = json!({
        "chunk": 1, "members_readable": false, "external_id": false, "remove": "list",
        "delete": false,
    });
    let sandbox = with_groups(&quirky);
    let (ana, bea) = (create(&sandbox, "ana"), create(&sandbox, "bea"));
    let sent = json!({"schemas": [GROUP], "displayName": "guards", "externalId": "g7",
        "members": [{"value": ana}]});
    let (status, group) = ask(&sandbox, "POST", "/Groups", sent);
    assert_eq!(
        (status, group.get("members"), group.get("externalId")),
        (201, None, None)
    );
    let change = |operations: Json| ask(&sandbox, "PATCH", "/Groups/g-000001", patch(operations));
    let two = json!([{"op": "add", "path": "members", "value": [{"value": ana}, {"value": bea}]}]);
    let detail = "a request may name at most 1 members";
    assert_eq!(refusal(&change(two)), (413, "", detail));
    let by_filter = json!([{"op": "remove", "path": format!("members[value eq \"{ana}\"]")}]);
    let detail = "this app takes members out by a list of values";
    assert_eq!(refusal(&change(by_filter)), (400, "invalidPath", detail));
    let by_list = json!([{"op": "remove", "path": "members", "value": [{"value": ana}]}]);
    assert_eq!(change(by_list.clone()).0, 204);
    assert_eq!(sandbox.dump(&target())["groups"][0].get("members"), None);
    let answer = ask(&sandbox, "DELETE", "/Groups/g-000001", None);
    assert_eq!(
        refusal(&answer),
        (501, "", "this app does not delete groups")
    );

    let sandbox = super::super::fixture::sandbox(profile());
    let sent = json!({"schemas": [GROUP], "displayName": "guards"});
    assert_eq!(ask(&sandbox, "POST", "/Groups", sent).0, 201);
    let answer = ask(&sandbox, "PATCH", "/Groups/g-000001", patch(by_list));
    let detail = "a remove of members takes no value; use members[value eq \"…\"]";
    assert_eq!(refusal(&answer), (400, "invalidValue", detail));
}

#[test]
fn a_put_of_a_group_replaces_its_members() {
    let sandbox = sandbox(profile());
    let (ana, bea) = (create(&sandbox, "ana"), create(&sandbox, "bea"));
    let body = |members: Json| json!({"schemas": [GROUP], "displayName": "g", "members": members});
    let (_, made) = ask(&sandbox, "POST", "/Groups", body(json!([{"value": ana}])));
    let path = format!("/Groups/{}", made["id"].as_str().expect("an id"));
    let (status, group) = ask(&sandbox, "PUT", &path, body(json!([{"value": bea}])));
    assert_eq!((status, &group["members"]), (200, &json!([{"value": bea}])));
    let (_, group) = ask(&sandbox, "PUT", &path, body(Json::Null));
    assert_eq!(group.get("members"), None);
}

#[test]
fn foreign_values_of_a_seed_stay_as_they_are() {
    let user = json!({
        "id": "7", "schemas": [USER], "userName": "ana", "nickName": null, "x": {"y": [1.50, "é"]},
        "emails": [{"value": "a@home", "type": "home", "rank": 3}],
    });
    let group = json!({
        "id": "g", "schemas": [GROUP], "displayName": "g", "colour": "red",
        "members": [{"value": "7", "since": "2020"}],
    });
    let sandbox = seeded(profile(), vec![user.clone()], vec![group.clone()]);
    assert_eq!(
        sandbox.dump(&target()),
        json!({"users": [user], "groups": [group]})
    );
    let other = create(&sandbox, "bea");
    let change = patch(json!([
        {"op": "add", "path": "emails", "value": [{"value": "a@work", "type": "work"}]}]));
    assert_eq!(ask(&sandbox, "PATCH", "/Users/7", change).0, 200);
    let join = patch(json!([
        {"op": "add", "path": "members", "value": [{"value": other}, {"value": "7"}]}]));
    assert_eq!(ask(&sandbox, "PATCH", "/Groups/g", join).0, 204);
    let after = sandbox.dump(&target());
    for key in ["nickName", "x"] {
        assert_eq!(after["users"][0][key], user[key]);
    }
    assert_eq!(after["users"][0]["emails"][0], user["emails"][0]);
    assert_eq!(after["groups"][0]["colour"], "red");
    assert_eq!(
        after["groups"][0]["members"],
        json!([{"value": "7", "since": "2020"},
        {"value": other}])
    );
}
