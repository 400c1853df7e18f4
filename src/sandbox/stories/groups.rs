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

#[test]
fn each_quirk_of_a_group_is_kept() {
    let put_only = with_groups(&json!({"update": "put", "member_display": true, "max_members": 1}));
    let (ana, bea) = (create(&put_only, "ana"), create(&put_only, "bea"));
    let body = |members: Json| json!({"schemas": [GROUP], "displayName": "g", "members": members});
    let path = "/Groups/g-000001";
    let answer = ask(&put_only, "POST", "/Groups", body(json!([{"value": ana}])));
    assert_eq!(
        refusal(&answer),
        (400, "invalidValue", "each member needs a display")
    );
    let named = |id: &String| json!({"value": id, "display": "x"});
    let made = ask(&put_only, "POST", "/Groups", body(json!([named(&ana)])));
    assert_eq!(made.0, 201);
    let rename = patch(json!([{"op": "replace", "path": "displayName", "value": "h"}]));
    assert_eq!(
        refusal(&ask(&put_only, "PATCH", path, rename.clone())),
        (501, "", "this app changes groups by PUT only")
    );
    let both = body(json!([named(&ana), named(&bea)]));
    assert_eq!(
        refusal(&ask(&put_only, "PUT", path, both)),
        (
            400,
            "invalidValue",
            "a group of this app holds at most 1 members"
        )
    );

    let fixed = with_groups(&json!({"model": "fixed"}));
    let own = json!({"displayName": "Editors"});
    fixed.put_group(&target(), own.as_object().expect("an object").clone());
    let detail = "the groups of this app are its own: none is made or deleted";
    let answer = ask(&fixed, "POST", "/Groups", body(json!([])));
    assert_eq!(refusal(&answer), (403, "", detail));
    assert_eq!(
        refusal(&ask(&fixed, "DELETE", path, None)),
        (403, "", detail)
    );
    assert_eq!(
        refusal(&ask(&fixed, "PATCH", path, rename)),
        (400, "mutability", "a group of this app keeps its name")
    );

    let unchanging = with_groups(&json!({"update": "none", "inline_members": 1}));
    let (ana, bea) = (create(&unchanging, "ana"), create(&unchanging, "bea"));
    let two = body(json!([{"value": ana}, {"value": bea}]));
    assert_eq!(
        refusal(&ask(&unchanging, "POST", "/Groups", two)),
        (
            400,
            "invalidValue",
            "a group is made with at most 1 members"
        )
    );
    let one = body(json!([{"value": ana}]));
    assert_eq!(ask(&unchanging, "POST", "/Groups", one.clone()).0, 201);
    assert_eq!(
        refusal(&ask(&unchanging, "PUT", path, one)),
        (501, "", "this app does not change groups")
    );

    let managed = with_groups(&json!({"managed_by_app": ["g*"]}));
    assert_eq!(
        refusal(&ask(&managed, "POST", "/Groups", body(json!([])))),
        (403, "", "this app manages the group itself")
    );
}

#[test]
fn members_are_moved_by_objects_and_hidden_while_they_are_off() {
    let quirky = json!({"add": "object", "remove": "object", "hides_inactive": true});
    let sandbox = with_groups(&quirky);
    let ana = create(&sandbox, "ana");
    let sent = json!({"schemas": [GROUP], "displayName": "g"});
    assert_eq!(ask(&sandbox, "POST", "/Groups", sent).0, 201);
    let change = |operation: Json| {
        let body = patch(json!([operation]));
        ask(&sandbox, "PATCH", "/Groups/g-000001", body)
    };
    let list = json!([{"value": ana}]);
    let by_path = change(json!({"op": "add", "path": "members", "value": list}));
    assert_eq!(
        refusal(&by_path),
        (
            400,
            "invalidPath",
            "this app adds members by an object without a path"
        )
    );
    assert_eq!(
        change(json!({"op": "add", "value": {"members": list}})).0,
        204
    );
    let shown = || ask(&sandbox, "GET", "/Groups/g-000001", None).1["members"].clone();
    assert_eq!(shown(), list);
    super::set_active(&sandbox, &ana, false);
    assert_eq!(shown(), Json::Null);
    super::set_active(&sandbox, &ana, true);
    assert_eq!(shown(), list);
    let by_list = change(json!({"op": "remove", "path": "members", "value": list}));
    assert_eq!(
        refusal(&by_list),
        (
            400,
            "invalidValue",
            "a remove of members takes an object that holds members"
        )
    );
    let by_object = json!({"op": "remove", "path": "members", "value": {"members": list}});
    assert_eq!(change(by_object).0, 204);
    assert_eq!(shown(), Json::Null);
}
