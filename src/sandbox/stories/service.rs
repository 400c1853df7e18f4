//! What a client sees of an app as a service: addresses, bodies, lists, its word about itself.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, IF_MATCH, RETRY_AFTER};
use serde_json::{Value as Json, json};

use super::super::fixture::{
    ask, clock, json_of, new_user, patch, profile, profile_with, refusal, request, sandbox, target,
};
use super::super::path::{GROUP, USER};
use super::super::{AppSetup, Sandbox, SandboxAuth, SetupError};
use super::{ENTERPRISE, create, names, with_users};

#[test]
fn what_is_malformed_is_refused() {
    let sandbox = sandbox(profile());
    let cases = [
        (
            json!([]),
            400,
            "invalidSyntax",
            "the body is no JSON object",
        ),
        (
            json!({"userName": "a"}),
            400,
            "invalidSyntax",
            "the body has no list of schemas",
        ),
        (
            json!({"schemas": ["urn:x"], "userName": "a"}),
            400,
            "invalidSyntax",
            "the body's schemas do not name urn:ietf:params:scim:schemas:core:2.0:User",
        ),
        (
            json!({"schemas": [USER, "urn:x"], "userName": "a"}),
            400,
            "invalidSyntax",
            "this app has no schema \"urn:x\"",
        ),
        (
            json!({"schemas": [USER], "userName": "a", ENTERPRISE: {"division": "N"}}),
            400,
            "invalidSyntax",
            "the body's schemas do not name \
             urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ),
        (
            json!({"schemas": [USER]}),
            400,
            "invalidValue",
            "userName is required",
        ),
        (
            json!({"schemas": [USER], "userName": "a", "active": "true"}),
            400,
            "invalidValue",
            "active has to be true or false",
        ),
        (
            json!({"schemas": [USER], "userName": "a", "nickName": "b"}),
            400,
            "invalidSyntax",
            "this app has no attribute nickName",
        ),
    ];
    for (body, status, kind, detail) in cases {
        let answer = ask(&sandbox, "POST", "/Users", body);
        assert_eq!(refusal(&answer), (status, kind, detail));
    }
    assert_eq!(sandbox.dump(&target()), json!({"users": [], "groups": []}));

    let mut broken = request("POST", "/Users", None);
    broken.body = "{\"userName\":".into();
    let answer = json_of(&sandbox.handle(&broken));
    assert_eq!(answer["detail"], "the body is no JSON (line 1, column 12)");
    let mut deep = request("POST", "/Users", None);
    deep.body = "[".repeat(100_000).into();
    assert_eq!(sandbox.handle(&deep).status, 400);
    let mut long = request("POST", "/Users", None);
    long.body = vec![b' '; 16 * 1024 * 1024 + 1].into();
    assert_eq!(sandbox.handle(&long).status, 413);
    let mut untyped = request("POST", "/Users", Some(&new_user("a")));
    untyped
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    assert_eq!(sandbox.handle(&untyped).status, 415);
}

#[test]
fn addresses_methods_and_tokens_are_checked() {
    let sandbox = sandbox(profile());
    for (method, path, status, detail) in [
        ("GET", "/Nothing", 404, "there is nothing at this address"),
        ("POST", "/Bulk", 501, "this app does not have /Bulk"),
        (
            "DELETE",
            "/Users",
            405,
            "DELETE is not possible at this address",
        ),
        (
            "GET",
            "/Users?count=many",
            400,
            "count has to be a whole number",
        ),
    ] {
        let answer = ask(&sandbox, method, path, None);
        assert_eq!((answer.0, refusal(&answer).2), (status, detail));
    }
    for (token, detail) in [
        (None, "the request has no Authorization"),
        (Some("Basic x"), "the Authorization is no bearer token"),
        (Some("Bearer x"), "the token is not the right one"),
    ] {
        let mut request = request("GET", "/Users", None);
        request.headers.remove(AUTHORIZATION);
        if let Some(token) = token {
            request
                .headers
                .insert(AUTHORIZATION, HeaderValue::from_static(token));
        }
        let answer = sandbox.handle(&request);
        assert_eq!(
            (answer.status.as_u16(), &json_of(&answer)["detail"]),
            (401, &json!(detail))
        );
    }
    let mut elsewhere = request("GET", "/Users", None);
    elsewhere.url = "http://x.invalid/other/scim/v2/Users"
        .parse()
        .expect("a URL");
    assert_eq!(sandbox.handle(&elsewhere).status, 404);
}

#[test]
fn the_headers_of_the_profile_are_asked_for() {
    let mut profile = profile();
    profile
        .http
        .headers
        .insert("X-Api-Version".into(), "7".into());
    let sandbox = sandbox(profile);
    let answer = ask(&sandbox, "GET", "/Users", None);
    let detail = "the header X-Api-Version is missing or has another value";
    assert_eq!(refusal(&answer), (400, "", detail));
    let mut request = request("GET", "/Users", None);
    request
        .headers
        .insert("x-api-version", HeaderValue::from_static("7"));
    assert_eq!(sandbox.handle(&request).status, 200);
}

#[test]
fn lists_come_in_pages() {
    let sandbox = with_users(&json!({"page": 3}));
    for name in ["a", "b", "c", "d", "e"] {
        create(&sandbox, name);
    }
    for (query, wanted, total) in [
        ("", vec!["a", "b", "c"], 5),
        ("?startIndex=4", vec!["d", "e"], 5),
        ("?startIndex=2&count=2", vec!["b", "c"], 5),
        ("?startIndex=0&count=1", vec!["a"], 5),
        ("?startIndex=-3&count=-1", vec![], 5),
        ("?count=100", vec!["a", "b", "c"], 5),
        ("?count=0", vec![], 5),
        ("?startIndex=99", vec![], 5),
        ("?filter=userName%20ge%20%22c%22&count=1", vec!["c"], 3),
    ] {
        assert_eq!(names(&sandbox, query), wanted, "{query}");
        let (_, list) = ask(&sandbox, "GET", &format!("/Users{query}"), None);
        assert_eq!(list["totalResults"], total, "{query}");
        assert_eq!(list["itemsPerPage"], wanted.len(), "{query}");
    }
}

#[test]
fn filters_find_by_listed_attributes_only() {
    let sandbox = sandbox(profile());
    for (name, mail) in [("Ana", "ana@x"), ("bea", "bea@x")] {
        let mut user = new_user(name);
        user["emails"] = json!([{"value": mail, "type": "work"}]);
        user["externalId"] = json!(format!("K-{name}"));
        assert_eq!(ask(&sandbox, "POST", "/Users", user).0, 201);
    }
    for (filter, wanted) in [
        ("userName eq \"ANA\"", vec!["Ana"]),
        ("emails eq \"BEA@x\"", vec!["bea"]),
        ("emails.value eq \"bea@x\"", vec!["bea"]),
        (
            "emails[type eq \"work\" and value eq \"bea@x\"]",
            vec!["bea"],
        ),
        ("externalId eq \"K-Ana\"", vec!["Ana"]),
        ("externalId eq \"k-ana\"", vec![]),
        ("userName eq \"ana\" and emails co \"@x\"", vec!["Ana"]),
        (
            "userName eq \"ana\" or userName eq \"bea\"",
            vec!["Ana", "bea"],
        ),
        ("not (userName sw \"a\")", vec!["bea"]),
    ] {
        let mut asked = request("GET", "/Users", None);
        asked.url.query_pairs_mut().append_pair("filter", filter);
        let list = json_of(&sandbox.handle(&asked));
        let rows = list["Resources"].as_array().expect(filter);
        let found: Vec<&str> = rows
            .iter()
            .filter_map(|row| row["userName"].as_str())
            .collect();
        assert_eq!(found, wanted, "{filter}");
    }
    for (query, detail) in [
        ("title%20pr", "this app does not filter users by title"),
        (
            "name.familyName%20pr",
            "this app does not filter users by name.familyName",
        ),
        (
            "userName",
            "the filter is wrong at character 9: an operator was expected: eq, ne, co, \
          sw, ew, gt, ge, lt, le or pr",
        ),
    ] {
        let answer = ask(&sandbox, "GET", &format!("/Users?filter={query}"), None);
        assert_eq!(refusal(&answer), (400, "invalidFilter", detail));
    }
}

#[test]
fn versions_are_compared_when_a_client_names_one() {
    let sandbox = sandbox(profile());
    let id = create(&sandbox, "ana");
    let body = patch(json!([{"op": "replace", "path": "title", "value": "Guard"}]));
    let mut asked = request("PATCH", &format!("/Users/{id}"), Some(&body));
    asked
        .headers
        .insert(IF_MATCH, HeaderValue::from_static("W/\"1\""));
    assert_eq!(sandbox.handle(&asked).status, 200);
    assert_eq!(sandbox.handle(&asked).status, 412);
}

#[test]
fn an_app_tells_the_truth_about_itself() {
    let sandbox = sandbox(profile_with(
        &json!({"update": "put", "page": 7}),
        &json!({"model": "none"}),
        &json!({}),
    ));
    let (_, provider) = ask(&sandbox, "GET", "/ServiceProviderConfig", None);
    assert_eq!(provider["patch"], json!({"supported": false}));
    assert_eq!(
        provider["filter"],
        json!({"supported": true, "maxResults": 7})
    );
    let (_, types) = ask(&sandbox, "GET", "/ResourceTypes", None);
    assert_eq!(
        types["Resources"][0]["schemaExtensions"][0]["schema"],
        ENTERPRISE
    );
    let (_, schema) = ask(&sandbox, "GET", &format!("/Schemas/{USER}"), None);
    let listed = schema["attributes"].as_array().expect("attributes");
    assert!(listed.iter().any(|attribute| attribute["name"] == "emails"));
    assert_eq!(ask(&sandbox, "GET", "/Schemas/urn:x", None).0, 404);
}

#[test]
fn a_search_answers_as_a_list_does() {
    let sandbox = sandbox(profile());
    create(&sandbox, "ana");
    create(&sandbox, "bob");
    let group = json!({"schemas": [GROUP], "displayName": "Team"});
    assert_eq!(ask(&sandbox, "POST", "/Groups", group).0, 201);
    let search = |path: &str, more: Json| {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "attributes": ["userName", "displayName"],
        });
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("too").clone());
        let (status, answer) = ask(&sandbox, "POST", path, body);
        let rows = answer["Resources"].as_array().cloned().unwrap_or_default();
        let name = |row: &Json| {
            assert_eq!(row["meta"], Json::Null, "it was not asked for");
            let name = row["userName"].as_str().or(row["displayName"].as_str());
            name.unwrap_or_default().to_owned()
        };
        let names: Vec<String> = rows.iter().map(name).collect();
        (status, answer["totalResults"].as_u64(), names.join(" "))
    };
    for (path, more, wanted) in [
        ("/.search", json!({}), (200, Some(3), "ana bob Team")),
        (
            "/.search",
            json!({"startIndex": 2, "count": 1}),
            (200, Some(3), "bob"),
        ),
        (
            "/.search",
            json!({"filter": "userName eq \"bob\""}),
            (200, Some(1), "bob"),
        ),
        (
            "/.search",
            json!({"filter": "title eq \"x\""}),
            (400, None, ""),
        ),
        ("/Users/.search", json!({"count": 1}), (200, Some(2), "ana")),
        (
            "/Groups/.search",
            json!({"filter": "displayName eq \"team\""}),
            (200, Some(1), "Team"),
        ),
        ("/.search", json!({"schemas": ["urn:x"]}), (400, None, "")),
        ("/.search", json!({"count": "1"}), (400, None, "")),
    ] {
        let (status, total, names) = search(path, more.clone());
        assert_eq!((status, total, &*names), wanted, "{path} {more}");
    }
    assert_eq!(ask(&sandbox, "GET", "/.search", None).0, 405);
}

#[test]
fn a_schema_says_all_of_an_attribute_that_rfc_7643_has_a_word_for() {
    let rules = json!({
        "externalId": {},
        "badge": {"write_only": true, "required": "create"},
        "title": {"one_of": ["Guard", "Chief"], "fixed": true},
        "emails": {"element": {"type": "work"}, "compare": "fold", "unique": true},
        "profileUrl": {},
    });
    let sandbox = sandbox(profile_with(&json!({}), &json!({}), &rules));
    let described = |urn: &str, name: &str| {
        let (_, schema) = ask(&sandbox, "GET", &format!("/Schemas/{urn}"), None);
        let attributes = schema["attributes"].as_array().cloned().unwrap_or_default();
        attributes.into_iter().find(|one| one["name"] == name)
    };
    assert_eq!(described(USER, "externalId"), None);
    assert_eq!(
        described(USER, "badge"),
        Some(json!({
            "name": "badge", "type": "string", "multiValued": false, "description": "badge",
            "required": true, "caseExact": true, "mutability": "writeOnly", "returned": "never",
            "uniqueness": "none"}))
    );
    let title = described(USER, "title").expect("a title");
    assert_eq!(title["mutability"], "immutable");
    assert_eq!(title["canonicalValues"], json!(["Guard", "Chief"]));
    let link = described(USER, "profileUrl").expect("a link");
    assert_eq!(
        (&link["type"], &link["referenceTypes"]),
        (&json!("reference"), &json!(["external"]))
    );
    let emails = described(USER, "emails").expect("e-mails");
    assert_eq!(
        (&emails["type"], &emails["multiValued"]),
        (&json!("complex"), &json!(true))
    );
    assert_eq!(emails["uniqueness"], "none");
    let value = &emails["subAttributes"][0];
    assert_eq!(
        (&value["name"], &value["uniqueness"]),
        (&json!("value"), &json!("server"))
    );
    assert_eq!(value["caseExact"], false);
    let members = described(GROUP, "members").expect("members");
    let settled = members["subAttributes"].as_array().expect("parts").iter();
    let settled: Vec<&Json> = settled
        .filter(|part| part["mutability"] == "immutable")
        .map(|part| &part["name"])
        .collect();
    assert_eq!(settled, ["value", "type", "$ref"]);
}

#[test]
fn requests_are_counted_and_logged_without_secrets() {
    let sandbox = sandbox(profile());
    create(&sandbox, "ana");
    names(&sandbox, "?startIndex=1&count=10");
    let counts = sandbox.counts(&target());
    assert_eq!((counts.read, counts.write, counts.token), (1, 1, 0));
    let log = sandbox.requests(&target());
    let lines: Vec<(&str, &str, u16)> = log
        .iter()
        .map(|line| (&*line.method, &*line.path, line.status))
        .collect();
    assert_eq!(
        lines,
        [
            ("POST", "/acme/scim/v2/Users", 201),
            ("GET", "/acme/scim/v2/Users?startIndex=1&count=10", 200),
        ]
    );
    let everything = format!("{log:?}{sandbox:?}{}", sandbox.dump(&target()));
    assert!(!everything.contains(super::super::credentials(&target()).token.expose()));
}

#[test]
fn an_administrator_can_change_things_by_hand() {
    let sandbox = with_users(&json!({"deactivate": {"effect": "frees_user_name"}}));
    let user = json!({"userName": "ana", "nickName": "A"});
    let user = user.as_object().expect("an object").clone();
    let id = sandbox.put_user(&target(), user).expect("a target");
    assert!(sandbox.edit_user(&target(), &id, |user| {
        user.insert("nickName".into(), "B".into());
    }));
    assert!(sandbox.set_active(&target(), &id, false));
    let held = sandbox.user(&target(), &id).expect("a user");
    assert_eq!(
        held,
        json!({"id": id, "schemas": [USER], "nickName": "B", "active": false})
    );
    assert_eq!(
        names(&sandbox, "?filter=userName%20eq%20%22ana%22"),
        [""; 0]
    );
    let group = json!({"displayName": "g", "members": [{"value": id}]});
    let group = group.as_object().expect("an object").clone();
    let group = sandbox.put_group(&target(), group).expect("a target");
    assert!(sandbox.remove_user(&target(), &id));
    assert!(!sandbox.remove_user(&target(), &id));
    assert_eq!(sandbox.dump(&target())["groups"][0].get("members"), None);
    assert!(sandbox.remove_group(&target(), &group));
}

#[test]
fn two_apps_of_one_name_are_refused() {
    let setup = || AppSetup::new(target(), profile(), SandboxAuth::Bearer);
    let error = Sandbox::new(vec![setup(), setup()], clock()).expect_err("twice");
    assert!(matches!(error, SetupError::Twice { .. }));
    assert_eq!(error.to_string(), "the sandbox has two apps called acme");
}

/// Not a benchmark: a whole list that walks or copies too much takes many times longer than this.
#[test]
fn a_thousand_users_are_listed_at_once() {
    let sandbox = with_users(&json!({"page": 1000}));
    for number in 0..1000 {
        create(&sandbox, &format!("user-{number}"));
    }
    let answer = sandbox.handle(&request("GET", "/Users?count=1000", None));
    assert_eq!(
        json_of(&answer)["Resources"].as_array().map(Vec::len),
        Some(1000)
    );
    assert_eq!(
        names(&sandbox, "?filter=userName%20eq%20%22USER-999%22"),
        ["user-999"]
    );
}

#[test]
fn an_administrator_may_sell_seats_guard_accounts_and_pause() {
    let sandbox = sandbox(profile());
    let ana = create(&sandbox, "ana");
    sandbox.set_seats(&target(), Some(1));
    let answer = ask(&sandbox, "POST", "/Users", new_user("bea"));
    assert_eq!(refusal(&answer), (403, "", "every seat is taken"));
    super::set_active(&sandbox, &ana, false);
    create(&sandbox, "bea");
    sandbox.guard_user(&target(), &ana.as_str().into());
    let answer = super::set_active(&sandbox, &ana, true);
    let detail = "this account cannot be changed from outside";
    assert_eq!(refusal(&answer), (403, "", detail));
    assert_eq!(ask(&sandbox, "GET", &format!("/Users/{ana}"), None).0, 200);
    sandbox.set_paused(&target(), true);
    let answer = ask(&sandbox, "GET", "/Users", None);
    let detail = "an administrator has switched provisioning off";
    assert_eq!(refusal(&answer), (403, "", detail));
    sandbox.set_paused(&target(), false);
    assert_eq!(ask(&sandbox, "GET", "/Users", None).0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_request_too_many_is_told_when_to_come_again() {
    let mut slow = profile();
    slow.rates.buckets = vec![crate::core::profile::Bucket {
        methods: vec!["POST".into()],
        resource: None,
        larger_than: None,
        limit: 1,
        per: std::time::Duration::from_secs(7),
        burst: 1,
    }];
    slow.http.max_body = Some(200);
    let sandbox = super::super::fixture::sandbox(slow);
    create(&sandbox, "ana");
    create(&sandbox, "bea");
    sandbox.keep_rates(&target());
    create(&sandbox, "cid");
    let answer = sandbox.handle(&request("POST", "/Users", Some(&new_user("dan"))));
    assert_eq!(answer.status, 429);
    assert_eq!(answer.headers[RETRY_AFTER], "7");
    assert_eq!(ask(&sandbox, "GET", "/Users", None).0, 200);
    tokio::time::advance(std::time::Duration::from_secs(7)).await;
    create(&sandbox, "dan");
    tokio::time::advance(std::time::Duration::from_secs(7)).await;
    let long = new_user(&"x".repeat(200));
    let answer = ask(&sandbox, "POST", "/Users", long);
    assert_eq!(
        refusal(&answer),
        (413, "", "the body is longer than 200 bytes")
    );
}
