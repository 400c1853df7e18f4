//! What a client sees of the users of an app, quirk by quirk.

use serde_json::{Value as Json, json};

use super::super::fixture::{
    ask, json_of, new_user, patch, profile, profile_with, refusal, request, sandbox, target,
};
use super::super::path::{GROUP, USER};
use super::{ENTERPRISE, create, names, seeded, set_active, with_users};

#[tokio::test(start_paused = true)]
async fn a_user_is_made_read_changed_and_deleted() {
    let sandbox = sandbox(profile());
    let sent = json!({
        "schemas": [USER, ENTERPRISE], "id": "mine", "userName": "ana",
        "emails": [{"value": "a@x", "type": "work", "primary": true}],
        ENTERPRISE: {"division": "North"},
    });
    let answer = sandbox.handle(&request("POST", "/Users", Some(&sent)));
    let location = "http://sandbox.invalid/acme/scim/v2/Users/u-000001";
    assert_eq!(answer.status, 201);
    assert_eq!(answer.headers["location"], location);
    assert_eq!(answer.headers["etag"], "W/\"1\"");
    assert_eq!(answer.headers["content-type"], "application/scim+json");
    let made = json!({
        "schemas": [USER, ENTERPRISE], "id": "u-000001", "userName": "ana", "active": true,
        "emails": [{"value": "a@x", "type": "work", "primary": true}],
        ENTERPRISE: {"division": "North"},
        "meta": {"resourceType": "User", "created": "2026-11-22T10:00:00Z",
                 "lastModified": "2026-11-22T10:00:00Z", "version": "W/\"1\"",
                 "location": location},
    });
    assert_eq!(json_of(&answer), made);
    assert_eq!(ask(&sandbox, "GET", "/Users/u-000001", None), (200, made));

    tokio::time::advance(std::time::Duration::from_mins(1)).await;
    let body = patch(json!([{"op": "replace", "path": "title", "value": "Guard"}]));
    let (status, changed) = ask(&sandbox, "PATCH", "/Users/u-000001", body.clone());
    assert_eq!((status, &changed["title"]), (200, &json!("Guard")));
    assert_eq!(changed["meta"]["version"], "W/\"2\"");
    assert_eq!(changed["meta"]["lastModified"], "2026-11-22T10:01:00Z");
    let (_, same) = ask(&sandbox, "PATCH", "/Users/u-000001", body);
    assert_eq!(
        same["meta"]["version"], "W/\"2\"",
        "nothing changed, nothing moves"
    );

    assert_eq!(
        ask(&sandbox, "DELETE", "/Users/u-000001", None),
        (204, Json::Null)
    );
    let gone = ask(&sandbox, "GET", "/Users/u-000001", None);
    assert_eq!(refusal(&gone), (404, "", "there is no such user"));
}

#[test]
fn a_put_replaces_all_but_what_it_cannot_know() {
    let attributes = json!({"badge": {"write_only": true}});
    let profile = profile_with(&json!({}), &json!({}), &attributes);
    let held = json!({
        "id": "u-1", "schemas": [USER, "urn:x:1.0:User"], "userName": "ana", "title": "Guard",
        "active": false, "badge": "7", "nickName": "A", "urn:x:1.0:User": {"level": 3},
    });
    let sandbox = seeded(profile, vec![held], Vec::new());
    let carried = json!({
        "schemas": [USER, "urn:x:1.0:User"], "userName": "bea",
        "urn:x:1.0:User": {"level": 3},
    });
    assert_eq!(ask(&sandbox, "PUT", "/Users/u-1", carried).0, 200);
    let wanted = json!({
        "id": "u-1", "schemas": [USER, "urn:x:1.0:User"], "userName": "bea",
        "active": false, "badge": "7", "urn:x:1.0:User": {"level": 3},
    });
    assert_eq!(sandbox.user(&target(), &"u-1".into()), Some(wanted));
    let (_, shown) = ask(&sandbox, "GET", "/Users/u-1", None);
    assert_eq!(shown.get("badge"), None, "it is never shown");
}

#[test]
fn unique_values_are_taken_once() {
    let attributes = json!({"emails": {"element": {"type": "work"}, "unique": true}});
    let sandbox = sandbox(profile_with(&json!({}), &json!({}), &attributes));
    let mut ana = new_user("ana");
    ana["emails"] = json!([{"value": "a@x", "type": "work"}]);
    assert_eq!(ask(&sandbox, "POST", "/Users", ana).0, 201);
    let answer = ask(&sandbox, "POST", "/Users", new_user("ANA"));
    assert_eq!(
        refusal(&answer),
        (409, "uniqueness", "another user has this userName")
    );
    let mut bea = new_user("bea");
    bea["emails"] = json!([{"value": "A@X", "type": "home"}]);
    let answer = ask(&sandbox, "POST", "/Users", bea);
    assert_eq!(
        refusal(&answer),
        (409, "uniqueness", "another user has this emails")
    );
    let id = create(&sandbox, "cai");
    let taken = patch(json!([{"op": "replace", "path": "userName", "value": "Ana"}]));
    let answer = ask(&sandbox, "PATCH", &format!("/Users/{id}"), taken);
    assert_eq!(
        refusal(&answer),
        (409, "uniqueness", "another user has this userName")
    );
    let own = patch(json!([{"op": "replace", "path": "userName", "value": "CAI"}]));
    assert_eq!(ask(&sandbox, "PATCH", &format!("/Users/{id}"), own).0, 200);
}

#[test]
fn a_patch_is_done_as_a_whole_or_not_at_all() {
    let sandbox = sandbox(profile());
    let id = create(&sandbox, "ana");
    let before = sandbox.dump(&target());
    let body = patch(json!([
        {"op": "replace", "path": "title", "value": "Guard"},
        {"op": "replace", "path": "nickName", "value": "A"},
    ]));
    assert_eq!(ask(&sandbox, "PATCH", &format!("/Users/{id}"), body).0, 400);
    assert_eq!(sandbox.dump(&target()), before);
}

#[test]
fn a_put_only_app_refuses_patch_and_a_dialect_its_other_forms() {
    let sandbox = with_users(&json!({"update": "put"}));
    let id = create(&sandbox, "ana");
    let answer = set_active(&sandbox, &id, false);
    let detail = "this app does not take PATCH of users; use PUT";
    assert_eq!(refusal(&answer), (501, "", detail));
    let mut whole = new_user("ana");
    whole["active"] = json!(false);
    assert_eq!(
        ask(&sandbox, "PUT", &format!("/Users/{id}"), whole).1["active"],
        false
    );

    let valued = json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "x"}]);
    let path = json!([{"op": "replace", "path": "title", "value": "x"}]);
    let two = json!([{"op": "remove", "path": "title"}, {"op": "remove", "path": "title"}]);
    for (dialect, operations, wanted) in [
        (
            json!({"valued_paths": false}),
            valued,
            (400, "invalidPath", "this app takes no filter in a path"),
        ),
        (
            json!({"form": "object"}),
            path,
            (
                400,
                "invalidPath",
                "this app takes no path in an add or a replace",
            ),
        ),
        (
            json!({"max_operations": 1}),
            two,
            (413, "", "a request may hold at most 1 operations"),
        ),
    ] {
        let sandbox = with_users(&json!({"patch": dialect}));
        let id = create(&sandbox, "ana");
        let answer = ask(
            &sandbox,
            "PATCH",
            &format!("/Users/{id}"),
            patch(operations),
        );
        assert_eq!(refusal(&answer), wanted);
    }
    let sandbox = with_users(&json!({"patch": {"form": "object"}}));
    let id = create(&sandbox, "ana");
    let body = patch(json!([
        {"op": "replace", "value": {"title": "Guard", "name": {"givenName": "Ana"}}},
        {"op": "remove", "path": "title"},
    ]));
    let (status, user) = ask(&sandbox, "PATCH", &format!("/Users/{id}"), body);
    assert_eq!(
        (status, &user["name"], user.get("title")),
        (200, &json!({"givenName": "Ana"}), None)
    );
}

#[test]
fn switching_off_suspends() {
    let sandbox = sandbox(profile());
    let id = create(&sandbox, "ana");
    assert_eq!(set_active(&sandbox, &id, false).1["active"], false);
    assert_eq!(names(&sandbox, ""), ["ana"]);
    let answer = ask(&sandbox, "POST", "/Users", new_user("ana"));
    assert_eq!(answer.0, 409, "the name is still taken");
    assert_eq!(set_active(&sandbox, &id, true).1["active"], true);
}

#[test]
fn switching_off_can_free_the_user_name_so_that_a_return_makes_a_second_user() {
    let users = json!({"deactivate": {"effect": "frees_user_name"}, "reactivate": "create"});
    let attributes = json!({"emails": {"element": {"type": "work"}, "unique": true}});
    let sandbox = sandbox(profile_with(&users, &json!({}), &attributes));
    let mut ana = new_user("ana");
    ana["emails"] = json!([{"value": "a@x", "type": "work"}]);
    assert_eq!(ask(&sandbox, "POST", "/Users", ana.clone()).0, 201);
    let (status, user) = set_active(&sandbox, "u-000001", false);
    assert_eq!((status, user.get("userName")), (200, None));
    assert_eq!(
        names(&sandbox, "?filter=userName%20eq%20%22ana%22"),
        [""; 0]
    );
    assert_eq!(ask(&sandbox, "POST", "/Users", ana).0, 201);
    assert_eq!(names(&sandbox, ""), ["-", "ana"]);
    // The old one does not come back beside the new one, under whatever name.
    let named = patch(json!([{"op": "replace", "value": {"active": true, "userName": "bea"}}]));
    let answer = ask(&sandbox, "PATCH", "/Users/u-000001", named);
    assert_eq!(
        refusal(&answer),
        (409, "uniqueness", "another user has this emails")
    );
    let title = patch(json!([{"op": "add", "path": "title", "value": "Guard"}]));
    assert_eq!(ask(&sandbox, "PATCH", "/Users/u-000001", title).0, 200);
}

#[test]
fn a_freed_user_name_has_to_be_given_again_with_the_return() {
    let sandbox = with_users(&json!({"deactivate": {"effect": "frees_user_name"}}));
    let id = create(&sandbox, "ana");
    set_active(&sandbox, &id, false);
    let answer = set_active(&sandbox, &id, true);
    assert_eq!(
        refusal(&answer),
        (400, "invalidValue", "userName is required")
    );
    let body = patch(json!([{"op": "replace", "value": {"active": true, "userName": "ana"}}]));
    assert_eq!(ask(&sandbox, "PATCH", &format!("/Users/{id}"), body).0, 200);
}

#[test]
fn an_old_user_comes_back_by_id_where_only_the_look_up_misses_it() {
    let back = patch(json!([{"op": "replace", "value": {"active": true, "userName": "ana"}}]));
    let users = json!({"deactivate": {"effect": "frees_user_name"}, "reactivate": "create"});
    let sandbox = with_users(&users);
    let id = create(&sandbox, "ana");
    set_active(&sandbox, &id, false);
    let path = format!("/Users/{id}");
    assert_eq!(ask(&sandbox, "PATCH", &path, back).0, 200);
    assert_eq!(names(&sandbox, ""), ["ana"]);

    let sandbox = with_users(&json!({"reactivate": "create"}));
    let id = create(&sandbox, "ana");
    set_active(&sandbox, &id, false);
    let answer = set_active(&sandbox, &id, true);
    let detail = "an inactive user cannot be activated again; make a new one";
    assert_eq!(refusal(&answer), (400, "mutability", detail));
}

#[test]
fn switching_off_can_destroy() {
    let sandbox = with_users(&json!({"deactivate": {"effect": "deletes"}}));
    let id = create(&sandbox, "ana");
    let group = json!({"schemas": [GROUP], "displayName": "g", "members": [{"value": id}]});
    assert_eq!(ask(&sandbox, "POST", "/Groups", group).0, 201);
    assert_eq!(set_active(&sandbox, &id, false), (204, Json::Null));
    assert_eq!(ask(&sandbox, "GET", &format!("/Users/{id}"), None).0, 404);
    assert_eq!(
        ask(&sandbox, "GET", "/Groups/g-000001", None)
            .1
            .get("members"),
        None
    );
    let mut inactive = new_user("bea");
    inactive["active"] = json!(false);
    let answer = ask(&sandbox, "POST", "/Users", inactive);
    assert_eq!(
        refusal(&answer),
        (400, "invalidValue", "this app keeps no inactive users")
    );
}

#[test]
fn some_apps_neither_reactivate_nor_delete() {
    let sandbox = with_users(&json!({"reactivate": "refuse", "delete": "none"}));
    let id = create(&sandbox, "ana");
    set_active(&sandbox, &id, false);
    let answer = set_active(&sandbox, &id, true);
    let detail = "an inactive user cannot be activated again";
    assert_eq!(refusal(&answer), (400, "mutability", detail));
    let answer = ask(&sandbox, "DELETE", &format!("/Users/{id}"), None);
    assert_eq!(
        refusal(&answer),
        (501, "", "this app does not delete users")
    );
}

#[test]
fn a_manager_has_to_be_there() {
    let sandbox = sandbox(profile());
    let boss = create(&sandbox, "boss");
    let id = create(&sandbox, "ana");
    let to = |manager: &str| {
        let path = format!("{ENTERPRISE}:manager");
        patch(json!([{"op": "add", "path": path, "value": {"value": manager}}]))
    };
    let answer = ask(&sandbox, "PATCH", &format!("/Users/{id}"), to("u-9"));
    assert_eq!(
        refusal(&answer),
        (400, "invalidValue", "manager names a user who is not there")
    );
    let (status, user) = ask(&sandbox, "PATCH", &format!("/Users/{id}"), to(&boss));
    assert_eq!(
        (status, &user[ENTERPRISE]["manager"]["value"]),
        (200, &json!(boss))
    );
    assert_eq!(user["schemas"], json!([USER, ENTERPRISE]));
}
