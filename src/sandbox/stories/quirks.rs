//! Whoever forgets a key of the profile about users fails at the sandbox, key by key.

use http::HeaderValue;
use serde_json::{Value as Json, json};

use super::super::fixture::{
    ask, json_of, new_user, patch, profile, refusal, request, sandbox, target,
};
use super::super::{AppSetup, Sandbox, SandboxAuth};
use super::{ENTERPRISE, create, names, seeded, set_active, with_users};
use crate::clock::Clock;
use crate::core::key::RemoteId;
use crate::core::profile::Profile;

fn with(part: &str, key: &str, value: &Json) -> Profile {
    let mut whole = serde_json::to_value(profile()).expect("a profile");
    whole[part][key] = value.clone();
    serde_json::from_value(whole).expect("a profile")
}

fn three(users: &Json) -> Sandbox {
    let sandbox = with_users(users);
    for name in ["ana", "bea", "cai"] {
        create(&sandbox, name);
    }
    sandbox
}

fn change(sandbox: &Sandbox, id: &str, path: &str, value: &str) -> (u16, Json) {
    let body = patch(json!([{"op": "replace", "path": path, "value": value}]));
    ask(sandbox, "PATCH", &format!("/Users/{id}"), body)
}

#[test]
fn a_list_is_had_by_cursor_only_where_the_app_pages_so() {
    let sandbox = three(&json!({"paging": "cursor", "page": 2}));
    let (_, first) = ask(&sandbox, "GET", "/Users?cursor=&count=9", None);
    assert_eq!(first["nextCursor"], "after-2");
    assert_eq!(
        (&first["totalResults"], first.get("startIndex")),
        (&json!(3), None)
    );
    let (_, last) = ask(&sandbox, "GET", "/Users?cursor=after-2&count=9", None);
    assert_eq!(last["Resources"][0]["userName"], "cai");
    assert_eq!(last.get("nextCursor"), None);
    for (query, problem) in [
        ("", "this app pages by cursor; begin with an empty one"),
        (
            "?cursor=&startIndex=1",
            "this app pages by cursor, not by startIndex",
        ),
        ("?cursor=x", "there is no such cursor"),
    ] {
        let answer = ask(&sandbox, "GET", &format!("/Users{query}"), None);
        assert_eq!(refusal(&answer), (400, "invalidCursor", problem));
    }
}

#[test]
fn rows_count_from_nought_or_there_are_no_pages() {
    let sandbox = three(&json!({"paging": "offset", "page": 2}));
    assert_eq!(names(&sandbox, "?startIndex=0&count=2"), ["ana", "bea"]);
    assert_eq!(names(&sandbox, "?startIndex=2&count=2"), ["cai"]);
    let sandbox = three(&json!({"paging": "none", "page": 2}));
    assert_eq!(names(&sandbox, ""), ["ana", "bea", "cai"]);
    let answer = ask(&sandbox, "GET", "/Users?startIndex=1&count=2", None);
    let problem = "this app shows everything at once; it takes no startIndex, count or cursor";
    assert_eq!(refusal(&answer), (400, "invalidValue", problem));
}

#[test]
fn pages_overlap_without_the_order_that_the_app_wants() {
    let sandbox = three(&json!({"sort": "userName", "page": 2}));
    assert_eq!(
        names(&sandbox, "?startIndex=1&sortBy=userName"),
        ["ana", "bea"]
    );
    assert_eq!(names(&sandbox, "?startIndex=3&sortBy=userName"), ["cai"]);
    assert_eq!(names(&sandbox, "?startIndex=3"), ["ana"], "cai is missing");
}

#[test]
fn a_list_hides_what_it_hides_and_a_filter_finds_it() {
    let guest = json!({"id": "g", "userName": "guest"});
    let hiding = |what: &str| {
        let hides = with("users", "hides", &json!([what]));
        let sandbox = seeded(hides, vec![guest.clone()], Vec::new());
        let ana = create(&sandbox, "ana");
        create(&sandbox, "bea");
        set_active(&sandbox, &ana, false);
        sandbox
    };
    for (what, shown, hidden) in [
        ("inactive", vec!["guest", "bea"], "ana"),
        ("foreign", vec!["ana", "bea"], "guest"),
    ] {
        let sandbox = hiding(what);
        assert_eq!(names(&sandbox, ""), shown, "{what}");
        let query = format!("?filter=userName%20eq%20%22{hidden}%22");
        assert_eq!(names(&sandbox, &query), [hidden]);
    }
    let mut profile = with("users", "hides", &json!(["overflow"]));
    profile.users.page = 2;
    let sandbox = seeded(profile, vec![guest], Vec::new());
    create(&sandbox, "ana");
    create(&sandbox, "bea");
    assert_eq!(names(&sandbox, ""), ["guest", "ana"]);
    assert!(names(&sandbox, "?startIndex=3").is_empty());
}

#[test]
fn a_patch_is_taken_only_in_the_words_of_the_app() {
    for (dialect, wrong, problem, right) in [
        (
            json!({"op_case": "title"}),
            json!({"op": "replace", "path": "title", "value": "x"}),
            "there is no op \"replace\"",
            json!({"op": "Replace", "path": "title", "value": "x"}),
        ),
        (
            json!({"booleans": "text"}),
            json!({"op": "replace", "path": "active", "value": false}),
            "active has to be \"True\" or \"False\" in this app",
            json!({"op": "replace", "path": "active", "value": "false"}),
        ),
        (
            json!({"extension_paths": "dot"}),
            json!({"op": "replace", "path": format!("{ENTERPRISE}:division"), "value": "x"}),
            "this app wants a dot between an extension and its attribute",
            json!({"op": "replace", "path": format!("{ENTERPRISE}.division"), "value": "x"}),
        ),
        (
            json!({"form": "object_each"}),
            json!({"op": "replace", "value": {"title": "x", "displayName": "y"}}),
            "an operation without a path takes one attribute in this app",
            json!({"op": "replace", "value": {"title": "x"}}),
        ),
    ] {
        let sandbox = with_users(&json!({ "patch": dialect }));
        let at = format!("/Users/{}", create(&sandbox, "ana"));
        let answer = ask(&sandbox, "PATCH", &at, patch(json!([wrong])));
        assert_eq!((answer.0, refusal(&answer).2), (400, problem));
        let answer = ask(&sandbox, "PATCH", &at, patch(json!([right])));
        assert_eq!(answer.0, 200, "{}", answer.1);
    }
}

#[test]
fn an_account_that_never_changes_is_only_switched() {
    let sandbox = with_users(&json!({"update": "none"}));
    let id = create(&sandbox, "ana");
    let answer = change(&sandbox, &id, "title", "x");
    let problem = "this app changes nothing of a user but active";
    assert_eq!(refusal(&answer), (501, "", problem));
    assert_eq!(set_active(&sandbox, &id, false).0, 200);
    let answer = ask(&sandbox, "PUT", &format!("/Users/{id}"), new_user("ana"));
    assert_eq!(refusal(&answer).0, 501);
}

#[test]
fn a_put_may_keep_what_it_does_not_name() {
    let sandbox = with_users(&json!({"update": "put", "put_absent": "kept"}));
    let mut ana = new_user("ana");
    ana["title"] = json!("x");
    ana["name"] = json!({"givenName": "Ana", "familyName": "Silva"});
    let (_, made) = ask(&sandbox, "POST", "/Users", ana);
    let id = made["id"].as_str().expect("an id");
    let mut sent = new_user("ana");
    sent["name"] = json!({"givenName": null});
    let (_, shown) = ask(&sandbox, "PUT", &format!("/Users/{id}"), sent);
    assert_eq!(shown["title"], "x");
    assert_eq!(shown["name"], json!({"familyName": "Silva"}));
}

#[test]
fn switching_off_has_one_way() {
    let sandbox = with_users(&json!({"deactivate": {"by": "delete"}, "delete": "soft"}));
    let id = create(&sandbox, "ana");
    let problem = "active cannot be set to false in this app";
    assert_eq!(
        refusal(&set_active(&sandbox, &id, false)),
        (400, "mutability", problem)
    );
    assert_eq!(
        ask(&sandbox, "DELETE", &format!("/Users/{id}"), None).0,
        204
    );
    let (_, shown) = ask(&sandbox, "GET", &format!("/Users/{id}"), None);
    assert_eq!(shown["active"], false);
    assert_eq!(set_active(&sandbox, &id, true).0, 200);
    let sandbox = with_users(&json!({"deactivate": {"by": "none"}, "delete": "none"}));
    let id = create(&sandbox, "ana");
    assert_eq!(refusal(&set_active(&sandbox, &id, false)).2, problem);
}

#[test]
fn an_account_that_is_off_changes_only_after_it_is_on() {
    let sandbox = with_users(&json!({"reactivate": "activate_first"}));
    let id = create(&sandbox, "ana");
    set_active(&sandbox, &id, false);
    let both = patch(json!([
        {"op": "replace", "path": "active", "value": true},
        {"op": "replace", "path": "title", "value": "x"},
    ]));
    let answer = ask(&sandbox, "PATCH", &format!("/Users/{id}"), both);
    let problem = "an inactive user can only be activated, in a request of its own";
    assert_eq!(refusal(&answer), (400, "mutability", problem));
    assert_eq!(set_active(&sandbox, &id, true).0, 200);
    assert_eq!(change(&sandbox, &id, "title", "x").0, 200);
}

#[test]
fn a_post_brings_the_same_account_back_and_nothing_else_does() {
    let sandbox = with_users(&json!({"reactivate": "post"}));
    let mut ana = new_user("ana");
    ana["emails"] = json!([{"value": "h@x", "type": "home"}, {"value": "a@x", "type": "work"}]);
    let (_, made) = ask(&sandbox, "POST", "/Users", ana);
    let id = made["id"].as_str().expect("an id").to_owned();
    set_active(&sandbox, &id, false);
    let answer = set_active(&sandbox, &id, true);
    assert_eq!(refusal(&answer).2, "an inactive user comes back by a POST");
    let mut again = new_user("ANA");
    again["emails"] = json!([{"value": "b@x", "type": "work"}]);
    let (status, shown) = ask(&sandbox, "POST", "/Users", again);
    assert_eq!(
        (status, &shown["id"], &shown["active"]),
        (200, &json!(id), &json!(true))
    );
    assert_eq!(
        shown["emails"],
        json!([{"value": "h@x", "type": "home"}, {"value": "b@x", "type": "work"}])
    );
    let answer = ask(&sandbox, "POST", "/Users", new_user("ana"));
    assert_eq!(refusal(&answer).0, 409, "an active one is somebody's");
}

#[test]
fn a_renamed_account_gets_its_names_back() {
    let sandbox = with_users(&json!({"deactivate": {"effect": "renames"}}));
    let mut ana = new_user("ana");
    ana["externalId"] = json!("7");
    ana["emails"] = json!([{"value": "a@x", "type": "work"}]);
    let (_, made) = ask(&sandbox, "POST", "/Users", ana);
    let id = made["id"].as_str().expect("an id").to_owned();
    let (_, off) = set_active(&sandbox, &id, false);
    assert_eq!(off["userName"], format!("gone-{id}"));
    assert_eq!((&off["externalId"], off.get("emails")), (&json!("7"), None));
    assert!(names(&sandbox, "?filter=userName%20eq%20%22ana%22").is_empty());
    let answer = change(&sandbox, &id, "displayName", "Ana");
    let problem = "names and addresses cannot change before the user is active again";
    assert_eq!(refusal(&answer).2, problem);
    let other = create(&sandbox, "ana");
    assert_eq!(
        refusal(&set_active(&sandbox, &id, true)).0,
        409,
        "the name is taken"
    );
    assert_eq!(
        ask(&sandbox, "DELETE", &format!("/Users/{other}"), None).0,
        204
    );
    let (_, on) = set_active(&sandbox, &id, true);
    assert_eq!(
        (&on["userName"], &on["emails"][0]["value"]),
        (&json!("ana"), &json!("a@x"))
    );
}

#[test]
fn whoever_is_taken_out_of_the_organisation_is_not_listed() {
    let unlinks = |reactivate| {
        let sandbox = with_users(&json!({
            "deactivate": {"effect": "unlinks"}, "reactivate": reactivate
        }));
        let id = create(&sandbox, "ana");
        set_active(&sandbox, &id, false);
        assert!(names(&sandbox, "").is_empty());
        let found = ask(&sandbox, "GET", &format!("/Users/{id}"), None).0;
        (sandbox, id, found)
    };
    let (sandbox, id, found) = unlinks("activate");
    assert_eq!((found, set_active(&sandbox, &id, true).0), (200, 200));
    let (sandbox, id, found) = unlinks("post");
    assert_eq!(found, 404);
    let (status, shown) = ask(&sandbox, "POST", "/Users", new_user("ana"));
    assert_eq!((status, &shown["id"]), (200, &json!(id)));
}

#[tokio::test(start_paused = true)]
async fn what_may_destroy_destroys() {
    let gone = |effect: &str| {
        let sandbox = with_users(&json!({"deactivate": {"effect": effect}}));
        let id = create(&sandbox, "ana");
        let status = set_active(&sandbox, &id, false).0;
        (
            status,
            ask(&sandbox, "GET", &format!("/Users/{id}"), None).0,
        )
    };
    for effect in ["deletes", "unknown", "deletes_invited"] {
        assert_eq!(gone(effect), (204, 404), "{effect}");
    }
    assert_eq!(gone("suspends"), (200, 200));
    let setup = AppSetup::new(
        target(),
        with("users", "deactivate", &json!({"effect": "deletes_invited"})),
        SandboxAuth::Bearer,
    );
    let clock = Clock::simulated("2026-11-22T10:00:00Z".parse().expect("a time"));
    let sandbox = Sandbox::new(vec![setup], clock).expect("a sandbox");
    let id = create(&sandbox, "ana");
    tokio::time::advance(std::time::Duration::from_hours(25)).await;
    assert_eq!(
        set_active(&sandbox, &id, false).0,
        200,
        "she has accepted by now"
    );
}

#[test]
fn a_name_of_somebody_who_was_deleted_softly_stays_taken() {
    for (delete, status) in [("soft", 409), ("hard", 201)] {
        let sandbox = with_users(&json!({"delete": delete}));
        let id = create(&sandbox, "ana");
        assert_eq!(
            ask(&sandbox, "DELETE", &format!("/Users/{id}"), None).0,
            204
        );
        assert_eq!(ask(&sandbox, "GET", &format!("/Users/{id}"), None).0, 404);
        assert!(names(&sandbox, "").is_empty());
        assert_eq!(
            ask(&sandbox, "POST", "/Users", new_user("Ana")).0,
            status,
            "{delete}"
        );
        assert!(sandbox.user(&target(), &RemoteId::new(id)).is_none());
    }
}

#[test]
fn a_new_name_may_bring_a_new_id_and_all_that_refers_to_it_follows() {
    let sandbox = with_users(&json!({"id_changes": true}));
    let id = create(&sandbox, "ana");
    let mut bea = new_user("bea");
    bea["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]);
    bea[ENTERPRISE] = json!({"manager": {"value": id}});
    let (_, bea) = ask(&sandbox, "POST", "/Users", bea);
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Staff",
        "members": [{"value": id}]
    });
    assert_eq!(ask(&sandbox, "POST", "/Groups", group).0, 201);
    let (_, same) = change(&sandbox, &id, "title", "x");
    assert_eq!(same["id"], json!(id));
    let (_, moved) = change(&sandbox, &id, "userName", "anna");
    let fresh = moved["id"].as_str().expect("an id");
    assert_eq!(fresh, format!("{id}.3"));
    assert_eq!(ask(&sandbox, "GET", &format!("/Users/{id}"), None).0, 404);
    let dump = sandbox.dump(&target());
    assert_eq!(dump["groups"][0]["members"][0]["value"], fresh);
    let bea = sandbox.user(&target(), &bea["id"].as_str().expect("an id").into());
    assert_eq!(bea.expect("bea")[ENTERPRISE]["manager"]["value"], fresh);
}

#[test]
fn a_write_without_a_version_is_refused_where_the_app_wants_one() {
    let sandbox = sandbox(with("http", "etags", &json!("required")));
    let id = create(&sandbox, "ana");
    let problem = "this app wants If-Match with the version that was read";
    assert_eq!(
        refusal(&set_active(&sandbox, &id, false)),
        (428, "", problem)
    );
    let at = format!("/Users/{id}");
    assert_eq!(refusal(&ask(&sandbox, "DELETE", &at, None)).0, 428);
    for (tag, status) in [("W/\"9\"", 412), ("W/\"1\"", 204)] {
        let mut bound = request("DELETE", &at, None);
        let tag = HeaderValue::from_str(tag).expect("a header");
        bound.headers.insert(http::header::IF_MATCH, tag);
        assert_eq!(sandbox.handle(&bound).status, status);
    }
}

#[test]
fn values_have_the_form_that_the_app_wants() {
    let manager = format!("{ENTERPRISE}:manager");
    let text = with(
        "attributes",
        &manager,
        &json!({"kind": "account", "account": "text"}),
    );
    let sandbox = sandbox(text);
    let ana = create(&sandbox, "ana");
    let bea = create(&sandbox, "bea");
    let object = patch(json!([{"op": "replace", "path": manager, "value": {"value": ana}}]));
    let answer = ask(&sandbox, "PATCH", &format!("/Users/{bea}"), object);
    assert_eq!(refusal(&answer).2, "manager takes one plain value");
    assert_eq!(change(&sandbox, &bea, &manager, &ana).0, 200);
    assert_eq!(refusal(&change(&sandbox, &bea, &manager, "nobody")).0, 400);

    let only = json!({"element": {"type": "work", "only": true}});
    let sandbox = super::sandbox(with("attributes", "emails", &only));
    let id = create(&sandbox, "ana");
    let add = |value: &str, kind: &str| {
        let item = json!([{"value": value, "type": kind}]);
        let body = patch(json!([{"op": "add", "path": "emails", "value": item}]));
        ask(&sandbox, "PATCH", &format!("/Users/{id}"), body)
    };
    assert_eq!(add("a@x", "home").0, 200);
    assert_eq!(
        refusal(&add("b@x", "work")),
        (400, "invalidValue", "emails takes one element")
    );
}

#[test]
fn an_app_says_what_it_can_do_only_where_the_profile_says() {
    for (discovery, plural, singular) in [
        ("/ServiceProviderConfigs", 200, 404),
        ("", 404, 404),
        ("/ServiceProviderConfig", 404, 200),
    ] {
        let sandbox = sandbox(with("http", "discovery", &json!(discovery)));
        for (path, status) in [
            ("/ServiceProviderConfigs", plural),
            ("/ServiceProviderConfig", singular),
        ] {
            let answer = sandbox.handle(&request("GET", path, None));
            assert_eq!(
                answer.status,
                status,
                "{discovery} {path} {}",
                json_of(&answer)
            );
        }
    }
}
