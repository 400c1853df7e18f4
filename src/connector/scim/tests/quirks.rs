//! The exact requests that each key of a profile about users asks for.

use std::sync::Arc;

use crate::connector::scim::script::{Script, connector};
use crate::connector::{Apply, Observe};
use crate::core::attribute::{AttrChange, Attributes, Value};
use crate::core::fault::{Effect, FaultKind};
use crate::core::key::RemoteId;
use crate::core::profile::Profile;
use serde_json::{Value as Json, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":"#;
const OFF: &str = r#"[{"op":"replace","path":"active","value":false}]}"#;
const ON: &str = r#"[{"op":"replace","path":"active","value":true}]}"#;

/// A profile of a few attributes with these keys changed.
fn profile(users: &Json) -> Profile {
    whole(&json!({ "users": users }))
}

fn whole(changes: &Json) -> Profile {
    let mut profile = json!({
        "attributes": {
            "externalId": {}, "userName": {"compare": "fold"}, "title": {},
            "name.givenName": {}, "name.familyName": {},
            "emails": {"element": {"type": "work", "primary": true}},
            format!("{ENTERPRISE}:department"): {},
            format!("{ENTERPRISE}:manager"): {"kind": "account"},
        },
    });
    for (part, keys) in changes.as_object().into_iter().flatten() {
        for (key, value) in keys.as_object().into_iter().flatten() {
            profile[part][key] = value.clone();
        }
    }
    serde_json::from_value(profile).expect("a profile")
}

fn change(name: &str, new: Option<&str>) -> AttrChange {
    AttrChange {
        name: name.into(),
        old: None,
        new: new.map(Value::text),
    }
}

fn one() -> RemoteId {
    RemoteId::new("1")
}

async fn listed(
    users: &Json,
    answers: &[(u16, &str)],
) -> (Result<Vec<String>, String>, Vec<String>) {
    let script = Script::of(answers);
    let found = connector(&script, profile(users)).accounts(&|_| ()).await;
    let ids = found
        .map(|found| found.iter().map(|account| account.id.to_string()).collect())
        .map_err(|fault| fault.to_string());
    (ids, script.lines())
}

async fn updated(
    profile: Profile,
    changes: &[AttrChange],
    activate: bool,
    answers: &[(u16, &str)],
) -> (Arc<Script>, Result<Option<bool>, crate::core::fault::Fault>) {
    let script = Script::of(answers);
    let app = connector(&script, profile);
    let changed = app.update(&one(), changes, activate, None).await;
    let active = changed.map(|account| account.map(|account| account.active));
    (script, active)
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

// Paging.

#[tokio::test]
async fn cursors_are_followed_until_there_is_none() {
    let pages = [
        (
            200,
            r#"{"totalResults":3,"nextCursor":"a+b/","Resources":[{"id":"1"},{"id":"2"}]}"#,
        ),
        (200, r#"{"totalResults":3,"nextCursor":"c","Resources":[]}"#),
        (200, r#"{"totalResults":3,"Resources":[{"id":"3"}]}"#),
    ];
    assert_eq!(
        listed(&json!({"paging": "cursor", "page": 2}), &pages).await,
        (
            Ok(ids(&["1", "2", "3"])),
            ids(&[
                "GET /scim/v2/Users?cursor=&count=2",
                "GET /scim/v2/Users?cursor=a%2Bb%2F&count=2",
                "GET /scim/v2/Users?cursor=c&count=2",
            ])
        )
    );
}

#[tokio::test]
async fn an_expired_cursor_begins_the_list_again_once() {
    let first = (200, r#"{"nextCursor":"a","Resources":[{"id":"1"}]}"#);
    let expired = (400, r#"{"scimType":"expiredCursor","detail":"too old"}"#);
    let last = (200, r#"{"Resources":[{"id":"2"}]}"#);
    let cursor = json!({"paging": "cursor"});
    let (found, asked) = listed(&cursor, &[first, expired, first, last]).await;
    assert_eq!(found, Ok(ids(&["1", "2"])));
    assert_eq!(asked.len(), 4);
    let (found, asked) = listed(&cursor, &[first, expired, first, expired]).await;
    assert_eq!(
        found,
        Err("the app refused the request (400): too old".into())
    );
    assert_eq!(asked.len(), 4);
    let (found, asked) = listed(&cursor, &[expired]).await;
    assert_eq!(
        found,
        Err("the app refused the request (400): too old".into())
    );
    assert_eq!(asked.len(), 1, "the empty cursor cannot expire");
}

#[tokio::test]
async fn a_cursor_that_leads_in_a_circle_is_a_fault() {
    let page = (
        200,
        r#"{"totalResults":9,"nextCursor":"a","Resources":[{"id":"1"}]}"#,
    );
    let (found, asked) = listed(&json!({"paging": "cursor"}), &[page, page]).await;
    assert_eq!(
        found,
        Err(
            "the app's answer cannot be understood: the app sends the same page again; it says \
             that it has 9, and 1 were seen"
                .into()
        )
    );
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn rows_may_count_from_nought() {
    let pages = [
        (
            200,
            r#"{"totalResults":3,"Resources":[{"id":"1"},{"id":"2"}]}"#,
        ),
        (200, r#"{"totalResults":3,"Resources":[{"id":"3"}]}"#),
    ];
    assert_eq!(
        listed(
            &json!({"paging": "offset", "page": 2, "sort": "userName"}),
            &pages
        )
        .await,
        (
            Ok(ids(&["1", "2", "3"])),
            ids(&[
                "GET /scim/v2/Users?sortBy=userName&startIndex=0&count=2",
                "GET /scim/v2/Users?sortBy=userName&startIndex=2&count=2",
            ])
        )
    );
}

#[tokio::test]
async fn an_app_without_pages_is_asked_for_everything_and_held_to_its_total() {
    let none = json!({"paging": "none"});
    let rows = r#"{"totalResults":2,"Resources":[{"id":"1"},{"id":"2"}]}"#;
    assert_eq!(
        listed(&none, &[(200, rows)]).await,
        (Ok(ids(&["1", "2"])), ids(&["GET /scim/v2/Users"]))
    );
    let short = r#"{"totalResults":5,"Resources":[{"id":"1"},{"id":"2"}]}"#;
    assert_eq!(
        listed(&none, &[(200, short)]).await.0,
        Err("the app's answer cannot be understood: the app says that it has 5 and shows 2".into())
    );
    let script = Script::of(&[(200, r#"{"totalResults":0}"#)]);
    let key = [("userName".into(), "a+b \"c\\ 漢".to_owned())];
    let found = connector(&script, profile(&none)).find(&key).await;
    assert!(found.expect("nobody").is_empty());
    assert_eq!(
        script.lines(),
        ["GET /scim/v2/Users?filter=userName%20eq%20%22a%2Bb%20%5C%22c%5C%5C%20%E6%BC%A2%22"]
    );
}

#[tokio::test]
async fn a_list_that_ends_before_its_total_is_not_everything() {
    let pages = [
        (
            200,
            r#"{"totalResults":5,"Resources":[{"id":"1"},{"id":"2"}]}"#,
        ),
        (200, r#"{"totalResults":5,"Resources":[]}"#),
    ];
    let (found, _) = listed(&json!({"page": 2}), &pages).await;
    assert_eq!(
        found,
        Err("the app's answer cannot be understood: the app says that it has 5 and shows 2".into())
    );
    // An app that hides some may well count them.
    let (found, _) = listed(&json!({"page": 2, "hides": ["inactive"]}), &pages).await;
    assert_eq!(found, Ok(ids(&["1", "2"])));
}

#[tokio::test]
async fn pages_that_overlap_are_read_again_and_then_a_fault() {
    let one = (
        200,
        r#"{"totalResults":3,"Resources":[{"id":"1"},{"id":"2"}]}"#,
    );
    let overlapping = (200, r#"{"totalResults":3,"Resources":[{"id":"2"}]}"#);
    let end = (200, r#"{"totalResults":3,"Resources":[]}"#);
    let three = (200, r#"{"totalResults":3,"Resources":[{"id":"3"}]}"#);
    let two = json!({"page": 2});
    let (found, asked) = listed(&two, &[one, overlapping, end, one, three]).await;
    assert_eq!(found, Ok(ids(&["1", "2", "3"])));
    assert_eq!(asked.len(), 5);
    let (found, _) = listed(&two, &[one, overlapping, end, one, overlapping, end]).await;
    assert_eq!(
        found,
        Err(
            "the app's answer cannot be understood: its pages overlap: it says that it has 3, and \
             2 were seen; does the profile need `users.sort`?"
                .into()
        )
    );
}

#[tokio::test]
async fn of_a_list_that_overflows_only_the_first_page_is_read() {
    let page = (
        200,
        r#"{"totalResults":9,"Resources":[{"id":"1"},{"id":"2"}]}"#,
    );
    assert_eq!(
        listed(&json!({"page": 2, "hides": ["overflow"]}), &[page]).await,
        (
            Ok(ids(&["1", "2"])),
            ids(&["GET /scim/v2/Users?startIndex=1&count=2"])
        )
    );
}

// Switching off and on.

#[tokio::test]
async fn a_deactivation_is_what_the_profile_says() {
    for (users, expected) in [
        (json!({}), format!("PATCH /scim/v2/Users/1 {PATCH}{OFF}")),
        (
            json!({"patch": {"op_case": "title", "booleans": "text"}}),
            format!(
                r#"PATCH /scim/v2/Users/1 {PATCH}[{{"op":"Replace","path":"active","value":"false"}}]}}"#
            ),
        ),
        (
            json!({"patch": {"form": "object_each"}}),
            format!(
                r#"PATCH /scim/v2/Users/1 {PATCH}[{{"op":"replace","value":{{"active":false}}}}]}}"#
            ),
        ),
        (
            json!({"update": "none"}),
            format!("PATCH /scim/v2/Users/1 {PATCH}{OFF}"),
        ),
        (
            json!({"deactivate": {"by": "delete"}}),
            "DELETE /scim/v2/Users/1".to_owned(),
        ),
    ] {
        let script = Script::of(&[(204, "")]);
        let off = connector(&script, profile(&users)).deactivate(&one()).await;
        assert!(off.expect("done").is_none(), "{users}");
        assert_eq!(script.lines(), [expected]);
    }
}

#[tokio::test]
async fn an_account_that_is_gone_is_off_where_a_delete_switches_off() {
    let script = Script::of(&[(404, "{}")]);
    let users = json!({"deactivate": {"by": "delete"}});
    let off = connector(&script, profile(&users)).deactivate(&one()).await;
    assert!(off.expect("done").is_none());
}

#[tokio::test]
async fn nothing_is_sent_to_an_app_that_cannot_switch_off() {
    let script = Script::of(&[]);
    let users = json!({"deactivate": {"by": "none"}});
    let off = connector(&script, profile(&users)).deactivate(&one()).await;
    assert_eq!(
        off.expect_err("a fault").to_string(),
        "the app cannot do this: the profile says that nobody can be switched off from outside; \
         nothing was sent"
    );
    assert!(script.lines().is_empty());
}

#[tokio::test]
async fn an_account_is_switched_on_before_anything_else_of_it_changes() {
    let title = [change("title", Some("Dr"))];
    for users in [
        json!({"reactivate": "activate_first"}),
        json!({"deactivate": {"effect": "renames"}}),
    ] {
        let shown = r#"{"id":"1","active":true,"title":"x"}"#;
        let answers = [(200, shown), (204, "")];
        let (script, active) = updated(profile(&users), &title, true, &answers).await;
        assert_eq!(active, Ok(Some(true)));
        assert_eq!(
            script.lines(),
            [
                format!("PATCH /scim/v2/Users/1 {PATCH}{ON}"),
                format!(
                    r#"PATCH /scim/v2/Users/1 {PATCH}[{{"op":"replace","path":"title","value":"Dr"}}]}}"#
                ),
            ]
        );
        let (script, _) = updated(profile(&users), &[], true, &[(204, "")]).await;
        assert_eq!(
            script.lines(),
            [format!("PATCH /scim/v2/Users/1 {PATCH}{ON}")]
        );
    }
}

#[tokio::test]
async fn an_account_that_is_on_and_not_changed_is_in_doubt() {
    let users = json!({"reactivate": "activate_first"});
    let title = [change("title", Some("Dr"))];
    let answers = [(204, ""), (200, r#"{"id":"1","active":true}"#), (400, "{}")];
    let (script, changed) = updated(profile(&users), &title, true, &answers).await;
    let fault = changed.expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Rejected, Effect::Unknown)
    );
    assert_eq!(
        script.lines()[1],
        "GET /scim/v2/Users/1",
        "no body: it is read"
    );
}

#[tokio::test]
async fn a_put_is_switched_on_first_too() {
    let users = json!({"reactivate": "activate_first", "update": "put"});
    let title = [change("title", Some("Dr"))];
    let off = r#"{"id":"1","active":false,"title":"x"}"#;
    let on = r#"{"id":"1","active":true,"title":"x"}"#;
    let answers = [(200, off), (200, on), (200, on)];
    let (script, _) = updated(profile(&users), &title, true, &answers).await;
    assert_eq!(
        script.lines(),
        [
            "GET /scim/v2/Users/1",
            r#"PUT /scim/v2/Users/1 {"id":"1","active":true,"title":"x"}"#,
            r#"PUT /scim/v2/Users/1 {"id":"1","active":true,"title":"Dr"}"#,
        ]
    );
}

// Changing.

#[tokio::test]
async fn an_account_that_never_changes_is_only_switched_on() {
    let users = json!({"update": "none"});
    let title = [change("title", Some("Dr"))];
    let (script, changed) = updated(profile(&users), &title, true, &[(204, "")]).await;
    assert_eq!(changed, Ok(None));
    assert_eq!(
        script.lines(),
        [format!("PATCH /scim/v2/Users/1 {PATCH}{ON}")]
    );
    let (script, changed) = updated(profile(&users), &title, false, &[]).await;
    assert_eq!((changed, script.lines().len()), (Ok(None), 0));
}

#[tokio::test]
async fn a_put_that_keeps_what_it_does_not_name_names_what_goes() {
    let department = format!("{ENTERPRISE}:department");
    let changes = [
        change("emails", None),
        change("title", None),
        change(&department, None),
    ];
    let held = format!(
        r#"{{"schemas":["{ENTERPRISE}"],"id":"1","title":"x","emails":[{{"value":"h","type":"home"}},{{"value":"a","type":"work"}}],"{ENTERPRISE}":{{"department":"d"}},"x":1.0}}"#
    );
    let begin = format!(r#"{{"schemas":["{ENTERPRISE}"],"id":"1","#);
    let gone =
        r#""title":null,"emails":[{"value":"h","type":"home"},{"value":null,"type":"work"}]"#;
    let kept = json!({"update": "put", "put_absent": "kept"});
    let answers = [(200, held.as_str()), (200, "")];
    let (script, _) = updated(profile(&kept), &changes, false, &answers).await;
    assert_eq!(
        script.lines()[1],
        format!(
            r#"PUT /scim/v2/Users/1 {begin}{gone},"{ENTERPRISE}":{{"department":null}},"x":1.0}}"#
        )
    );
    let (script, _) = updated(
        profile(&json!({"update": "put"})),
        &changes,
        false,
        &answers,
    )
    .await;
    assert_eq!(
        script.lines()[1],
        format!(
            r#"PUT /scim/v2/Users/1 {begin}"emails":[{{"value":"h","type":"home"}}],"x":1.0}}"#
        )
    );
}

#[tokio::test]
async fn each_attribute_has_an_operation_of_its_own_in_the_words_of_the_app() {
    let department = format!("{ENTERPRISE}:department");
    let manager = format!("{ENTERPRISE}:manager");
    let changes = [
        change("name.familyName", Some("B")),
        change("name.givenName", Some("A")),
        change("title", None),
        change(&department, Some("d")),
        change(&manager, None),
    ];
    let users = json!({"patch": {
        "form": "object_each", "op_case": "title", "booleans": "text", "extension_paths": "dot",
    }});
    let (script, _) = updated(profile(&users), &changes, true, &[(204, "")]).await;
    let operations = [
        r#"{"op":"Replace","value":{"active":"true"}}"#.to_owned(),
        r#"{"op":"Replace","value":{"name":{"familyName":"B","givenName":"A"}}}"#.to_owned(),
        format!(r#"{{"op":"Replace","value":{{"{ENTERPRISE}":{{"department":"d"}}}}}}"#),
        r#"{"op":"Remove","path":"title"}"#.to_owned(),
        format!(r#"{{"op":"Remove","path":"{ENTERPRISE}.manager"}}"#),
    ];
    assert_eq!(
        script.lines(),
        [format!(
            "PATCH /scim/v2/Users/1 {PATCH}[{}]}}",
            operations.join(",")
        )]
    );
}

#[tokio::test]
async fn an_account_of_another_may_be_a_text() {
    let manager = format!("{ENTERPRISE}:manager");
    let text = whole(&json!({"attributes": {&manager: {"kind": "account", "account": "text"}}}));
    let changes = [change(&manager, Some("7"))];
    let (script, _) = updated(text.clone(), &changes, false, &[(204, "")]).await;
    assert_eq!(
        script.lines(),
        [format!(
            r#"PATCH /scim/v2/Users/1 {PATCH}[{{"op":"replace","path":"{manager}","value":"7"}}]}}"#
        )]
    );
    let script = Script::of(&[(201, r#"{"id":"1"}"#)]);
    let values = Attributes::from([(manager.as_str().into(), Value::text("7"))]);
    connector(&script, text)
        .create(&values)
        .await
        .expect("made");
    assert!(script.lines()[0].ends_with(&format!(
        r#""{ENTERPRISE}":{{"manager":"7"}},"active":true}}"#
    )));
}

#[tokio::test]
async fn the_only_element_takes_the_place_of_what_is_there() {
    let only = json!({"attributes": {"emails": {
        "element": {"type": "work", "primary": true, "only": true}
    }}});
    let fresh = r#"[{"op":"replace","path":"emails","value":[{"value":"b","type":"work","primary":true}]}]}"#;
    for (held, expected) in [
        (r#"[{"value":"h","type":"home","primary":true}]"#, fresh),
        (
            r#"[{"value":"a","type":"work"}]"#,
            r#"[{"op":"replace","path":"emails[type eq \"work\"].value","value":"b"}]}"#,
        ),
        (
            r#"[{"value":"h","type":"home"},{"value":"a","type":"work","x":1.0}]"#,
            r#"[{"op":"replace","path":"emails","value":[{"value":"b","type":"work","x":1.0}]}]}"#,
        ),
        (
            "[]",
            r#"[{"op":"add","path":"emails","value":[{"value":"b","type":"work","primary":true}]}]}"#,
        ),
    ] {
        let held = format!(r#"{{"id":"1","emails":{held}}}"#);
        let changes = [change("emails", Some("b"))];
        let answers = [(200, held.as_str()), (204, "")];
        let (script, _) = updated(whole(&only), &changes, false, &answers).await;
        assert_eq!(
            script.lines()[1],
            format!("PATCH /scim/v2/Users/1 {PATCH}{expected}"),
            "{held}"
        );
    }
}

// Versions.

fn bound(script: &Script) -> Vec<(String, Option<String>)> {
    let requests = script.requests();
    let shown = requests.iter().map(|request| {
        let tag = request.headers.get("if-match");
        let tag = tag.map(|tag| tag.to_str().expect("a text").to_owned());
        (request.method.to_string(), tag)
    });
    shown.collect()
}

fn told(lines: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    let owned = lines
        .iter()
        .map(|(method, tag)| ((*method).to_owned(), tag.map(str::to_owned)));
    owned.collect()
}

const V1: &str = r#"{"id":"1","title":"x","meta":{"version":"W/\"1\""}}"#;
const V2: &str = r#"{"id":"1","title":"x","meta":{"version":"W/\"2\""}}"#;
const MET: &str = r#"{"id":"1","title":"Dr","meta":{"version":"W/\"2\""}}"#;

#[tokio::test]
async fn a_write_is_bound_to_the_version_where_the_app_wants_that() {
    let title = [change("title", Some("Dr"))];
    for (etags, expected) in [
        ("off", told(&[("GET", None), ("PUT", None)])),
        ("send", told(&[("GET", None), ("PUT", Some("W/\"1\""))])),
        ("required", told(&[("GET", None), ("PUT", Some("W/\"1\""))])),
    ] {
        let profile = whole(&json!({"http": {"etags": etags}, "users": {"update": "put"}}));
        let (script, _) = updated(profile, &title, false, &[(200, V1), (200, V1)]).await;
        assert_eq!(bound(&script), expected, "{etags}");
    }
    for (etags, answers, expected) in [
        ("send", vec![(204, "")], told(&[("PATCH", None)])),
        (
            "required",
            vec![(200, V1), (204, "")],
            told(&[("GET", None), ("PATCH", Some("W/\"1\""))]),
        ),
    ] {
        let profile = whole(&json!({"http": {"etags": etags}}));
        let (script, _) = updated(profile, &title, false, &answers).await;
        assert_eq!(bound(&script), expected, "{etags}");
    }
}

#[tokio::test]
async fn what_others_changed_is_read_and_compared_again() {
    let title = [change("title", Some("Dr"))];
    let put = || whole(&json!({"http": {"etags": "required"}, "users": {"update": "put"}}));
    let overtaken = (412, r#"{"detail":"changed"}"#);
    let answers = [(200, V1), overtaken, (200, V2), (200, V2)];
    let (script, changed) = updated(put(), &title, false, &answers).await;
    assert_eq!(changed, Ok(Some(true)));
    let expected = [
        ("GET", None),
        ("PUT", Some("W/\"1\"")),
        ("GET", None),
        ("PUT", Some("W/\"2\"")),
    ];
    assert_eq!(bound(&script), told(&expected));
    let clear = [change("title", None)];
    let bare = r#"{"id":"1","meta":{"version":"W/\"2\""}}"#;
    let answers = [(200, V1), overtaken, (200, bare)];
    let (script, changed) = updated(put(), &clear, false, &answers).await;
    assert_eq!(
        (changed, script.lines().len()),
        (Ok(None), 3),
        "somebody else did it: {MET}"
    );
    let answers: Vec<(u16, &str)> = [(200, V1), overtaken].repeat(4);
    let (script, changed) = updated(put(), &title, false, &answers).await;
    assert_eq!(
        changed.expect_err("a fault").to_string(),
        "the app is not able to answer now (412): it changed each of the 4 times between our read \
         and our write"
    );
    assert_eq!(script.lines().len(), 8);
}

#[tokio::test]
async fn a_deactivation_and_a_deletion_are_bound_too_and_sent_again() {
    let profile = || whole(&json!({"http": {"etags": "required"}}));
    let overtaken = (412, "");
    let script = Script::of(&[(200, V1), overtaken, (200, V2), (204, "")]);
    let off = connector(&script, profile()).deactivate(&one()).await;
    assert!(off.is_ok());
    let expected = [
        ("GET", None),
        ("PATCH", Some("W/\"1\"")),
        ("GET", None),
        ("PATCH", Some("W/\"2\"")),
    ];
    assert_eq!(bound(&script), told(&expected));
    let script = Script::of(&[(200, V1), (204, "")]);
    let gone = connector(&script, profile()).delete(&one()).await;
    assert!(gone.is_ok());
    assert_eq!(
        bound(&script),
        told(&[("GET", None), ("DELETE", Some("W/\"1\""))])
    );
    let script = Script::of(&[(404, "{}")]);
    assert!(connector(&script, profile()).delete(&one()).await.is_ok());
    let script = Script::of(&[(200, r#"{"id":"1"}"#)]);
    let fault = connector(&script, profile()).delete(&one()).await;
    assert_eq!(
        fault.expect_err("a fault").to_string(),
        "the app cannot do this: the profile says that it takes no write without a version \
         (`http.etags`), and it shows none; nothing was sent"
    );
}

#[tokio::test]
async fn the_header_is_the_version_where_the_resource_shows_none() {
    let script = Script::of(&[(200, r#"{"id":"1"}"#), (204, "")]).head("etag", "\"7\"");
    let profile = whole(&json!({"http": {"etags": "required"}}));
    let off = connector(&script, profile).deactivate(&one()).await;
    assert!(off.is_ok());
    assert_eq!(
        bound(&script),
        told(&[("GET", None), ("PATCH", Some("\"7\""))])
    );
}

#[tokio::test]
async fn an_app_says_what_it_can_do_where_the_profile_says() {
    for (discovery, expected) in [
        (
            "/ServiceProviderConfigs",
            vec![
                "GET /scim/v2/Users?startIndex=1&count=1",
                "GET /scim/v2/ServiceProviderConfigs",
            ],
        ),
        ("", vec!["GET /scim/v2/Users?startIndex=1&count=1"]),
    ] {
        let script = Script::of(&[(200, r#"{"totalResults":0}"#), (404, "")]);
        let profile = whole(&json!({"http": {"discovery": discovery}}));
        connector(&script, profile)
            .test()
            .await
            .expect("a greeting");
        assert_eq!(script.lines(), expected);
    }
}

// Whatever the profile.

#[tokio::test]
async fn an_id_is_one_segment_of_the_address_whatever_it_holds() {
    for (id, expected) in [
        ("a b/c", "/scim/v2/Users/a%20b%2Fc"),
        ("ana@example.com", "/scim/v2/Users/ana%40example.com"),
        ("../1?x#y", "/scim/v2/Users/..%2F1%3Fx%23y"),
        ("漢+%", "/scim/v2/Users/%E6%BC%A2%2B%25"),
        ("...", "/scim/v2/Users/..."),
    ] {
        let script = Script::of(&[(204, "")]);
        let app = connector(&script, profile(&json!({})));
        app.delete(&RemoteId::new(id)).await.expect("gone");
        assert_eq!(script.lines(), [format!("DELETE {expected}")], "{id}");
    }
    for id in ["", ".", ".."] {
        let script = Script::of(&[]);
        let app = connector(&script, profile(&json!({})));
        let fault = app.delete(&RemoteId::new(id)).await.expect_err("a fault");
        assert_eq!(fault.kind, FaultKind::Rejected);
        assert!(script.lines().is_empty());
    }
}
