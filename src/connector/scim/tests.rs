//! Whole conversations with a scripted app.

mod groups;
mod quirks;

use crate::connector::scim::script::{Script, connector};
use crate::connector::{Apply, Greeting, Observe};
use crate::core::account::Account;
use crate::core::attribute::{AttrChange, Attributes, Value};
use crate::core::fault::{Effect, FaultKind};
use crate::core::key::RemoteId;
use crate::core::profile::{AttributeRule, Comparison, Element, PatchForm, Profile, UpdateForm};

const PATCH: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":"#;

fn profile() -> Profile {
    let mut profile = Profile::default();
    let fold = AttributeRule {
        compare: Comparison::Fold,
        ..AttributeRule::default()
    };
    let work = Element {
        kind: "work".into(),
        primary: true,
        only: false,
    };
    profile.attributes.insert("userName".into(), fold.clone());
    profile
        .attributes
        .insert("externalId".into(), AttributeRule::default());
    profile
        .attributes
        .insert("title".into(), AttributeRule::default());
    profile.attributes.insert(
        "emails".into(),
        AttributeRule {
            element: Some(work),
            ..fold
        },
    );
    profile
}

fn putting() -> Profile {
    let mut profile = profile();
    profile.users.update = UpdateForm::Put;
    profile.groups.update = UpdateForm::Put;
    profile
}

fn ana() -> Attributes {
    Attributes::from([("userName".into(), Value::text("ana"))])
}

const MADE: &str = r#"POST /scim/v2/Users {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ana","active":true}"#;

fn change(name: &str, new: Option<&str>) -> AttrChange {
    AttrChange {
        name: name.into(),
        old: None,
        new: new.map(Value::text),
    }
}

fn ids(accounts: &[Account]) -> Vec<&str> {
    accounts.iter().map(|account| account.id.as_str()).collect()
}

fn id(text: &str) -> RemoteId {
    RemoteId::new(text)
}

// Looking.

#[tokio::test]
async fn a_test_asks_for_one_account_and_listens_to_the_rest() {
    let script = Script::of(&[
        (200, r#"{"totalResults":"12","Resources":[{"id":"1"}]}"#),
        (
            200,
            r#"{"patch":{"supported":false},"filter":{"supported":true,"maxResults":200}}"#,
        ),
    ]);
    let greeting = connector(&script, profile())
        .test()
        .await
        .expect("a greeting");
    let contradiction = "the app says that it does not take PATCH; the profile says it does, and \
                         is followed";
    let contradictions = vec![contradiction.to_owned()];
    assert_eq!(
        greeting,
        Greeting {
            accounts: Some(12),
            contradictions
        }
    );
    assert_eq!(
        script.lines(),
        [
            "GET /scim/v2/Users?startIndex=1&count=1",
            "GET /scim/v2/ServiceProviderConfig",
            "GET /scim/v2/Users?startIndex=2&count=1",
        ]
    );
}

#[tokio::test]
async fn an_app_that_does_not_describe_itself_passes_the_test() {
    for (status, body) in [(404, ""), (501, ""), (403, ""), (200, "<html>")] {
        let script = Script::of(&[(200, r#"{"totalResults":0}"#), (status, body)]);
        let greeting = connector(&script, profile())
            .test()
            .await
            .expect("a greeting");
        assert_eq!(
            greeting,
            Greeting {
                accounts: Some(0),
                contradictions: Vec::new()
            }
        );
    }
}

#[tokio::test]
async fn an_app_that_is_none_fails_the_test() {
    for (status, body, expected) in [
        (
            200,
            "<!DOCTYPE html>",
            "the answer did not come from a SCIM service (200): an HTML page; is base_url right?",
        ),
        (
            404,
            "<html>",
            "the answer did not come from a SCIM service (404): an HTML page; is base_url right?",
        ),
        (
            302,
            "",
            "the answer did not come from a SCIM service (302): redirected, without saying where to; is base_url right?",
        ),
        (
            401,
            r#"{"detail":"bad token"}"#,
            "the app refused our credentials (401): bad token",
        ),
        (
            200,
            r#"{"ok":true}"#,
            "the app's answer cannot be understood: it is no list: it has neither Resources nor \
             totalResults",
        ),
    ] {
        let script = Script::of(&[(status, body)]);
        let fault = connector(&script, profile())
            .test()
            .await
            .expect_err("a fault");
        assert_eq!(fault.to_string(), expected);
    }
}

#[tokio::test]
async fn an_account_is_there_or_not_or_nobody_knows() {
    for (status, body, expected) in [
        (200, r#"{"id":"a/b"}"#, Ok(Some("a/b"))),
        (404, "{}", Ok(None)),
        (410, "", Ok(None)),
        (500, "", Err("the app is not able to answer now (500)")),
        (
            200,
            r#"{"id":"c"}"#,
            Err("the app's answer cannot be understood: asked for a/b, the app showed c"),
        ),
        (
            200,
            r#"{"userName":"ana"}"#,
            Err("the app's answer cannot be understood: a resource in it has no id"),
        ),
    ] {
        let script = Script::of(&[(status, body)]);
        let account = connector(&script, profile()).account(&id("a/b")).await;
        let shown = account.map(|found| found.map(|account| account.id.to_string()));
        assert_eq!(
            shown
                .as_ref()
                .map(Option::as_deref)
                .map_err(ToString::to_string),
            expected.map_err(str::to_owned)
        );
        assert_eq!(script.lines(), ["GET /scim/v2/Users/a%2Fb"]);
    }
}

#[tokio::test]
async fn a_filter_is_not_believed() {
    let script = Script::of(&[
        (
            200,
            r#"{"totalResults":3,"Resources":[{"id":"1","userName":"bob"},{"id":"2","userName":"ANA+X","active":false},{"id":"2","userName":"ANA+X"}]}"#,
        ),
        (200, r#"{"totalResults":3}"#),
    ]);
    let keys = [("userName".into(), "ana+x".to_owned())];
    let found = connector(&script, profile())
        .find(&keys)
        .await
        .expect("accounts");
    assert_eq!(ids(&found), ["2"]);
    assert!(!found[0].active);
    assert_eq!(
        script.lines(),
        [
            "GET /scim/v2/Users?filter=userName%20eq%20%22ana%2Bx%22&startIndex=1&count=100",
            "GET /scim/v2/Users?filter=userName%20eq%20%22ana%2Bx%22&startIndex=4&count=100",
        ]
    );
}

#[tokio::test]
async fn keys_that_no_filter_takes_are_looked_for_in_the_whole_list_once() {
    let script = Script::of(&[
        (404, "{}"),
        (
            200,
            r#"{"totalResults":3,"Resources":[{"id":"1","emails":[{"value":"Ana@example.com","type":"work"}]},{"id":"2","title":"Dr"},{"id":"3"}]}"#,
        ),
    ]);
    let keys = [
        ("externalId".into(), "e1".to_owned()),
        ("emails".into(), "ana@example.com".to_owned()),
        ("title".into(), "Dr".to_owned()),
        ("title".into(), String::new()),
    ];
    let found = connector(&script, profile())
        .find(&keys)
        .await
        .expect("accounts");
    assert_eq!(ids(&found), ["1", "2"]);
    assert_eq!(
        script.lines(),
        [
            "GET /scim/v2/Users?filter=externalId%20eq%20%22e1%22&startIndex=1&count=100",
            "GET /scim/v2/Users?startIndex=1&count=100",
        ]
    );
}

#[tokio::test]
async fn an_account_that_two_keys_find_counts_once() {
    let row = r#"{"totalResults":1,"Resources":[{"id":"1","userName":"ana","externalId":"e1"}]}"#;
    let script = Script::of(&[(200, row), (200, row)]);
    let keys = [
        ("externalId".into(), "e1".to_owned()),
        ("userName".into(), "ana".to_owned()),
    ];
    let found = connector(&script, profile())
        .find(&keys)
        .await
        .expect("accounts");
    assert_eq!(ids(&found), ["1"]);
}

#[tokio::test]
async fn an_element_is_filtered_by_its_value() {
    let mut profile = profile();
    profile.users.filters = vec!["emails".into()];
    let script = Script::of(&[(200, r#"{"totalResults":0}"#)]);
    let keys = [("emails".into(), "a@b".to_owned())];
    assert!(
        connector(&script, profile)
            .find(&keys)
            .await
            .expect("accounts")
            .is_empty()
    );
    assert_eq!(
        script.lines(),
        ["GET /scim/v2/Users?filter=emails.value%20eq%20%22a%40b%22&startIndex=1&count=100"]
    );
}

// Making.

#[tokio::test]
async fn an_account_is_made_or_revived() {
    for status in [201, 200] {
        let script = Script::of(&[(status, r#"{"id":"7","userName":"ana"}"#)]);
        let account = connector(&script, profile())
            .create(&ana())
            .await
            .expect("an account");
        assert_eq!((account.id.as_str(), account.label.as_str()), ("7", "ana"));
        assert_eq!(script.lines(), [MADE]);
    }
}

#[tokio::test]
async fn an_account_that_is_not_shown_is_fetched_from_its_location() {
    for location in [
        "https://app.example.com/scim/v2/Users/7",
        "/scim/v2/Users/7",
        "Users/7",
    ] {
        let script = Script::of(&[(201, ""), (200, r#"{"id":"7"}"#)]).head("location", location);
        let account = connector(&script, profile())
            .create(&ana())
            .await
            .expect("an account");
        assert_eq!(account.id.as_str(), "7");
        assert_eq!(script.lines(), [MADE, "GET /scim/v2/Users/7"]);
    }
}

#[tokio::test]
async fn our_token_goes_to_no_other_host_and_the_account_is_looked_up() {
    let found = r#"{"totalResults":1,"Resources":[{"id":"7","userName":"ana"}]}"#;
    let lookup = "GET /scim/v2/Users?filter=userName%20eq%20%22ana%22&startIndex=1&count=100";
    for location in [
        "https://evil.example.net/Users/7",
        "http://app.example.com/scim/v2/Users/7",
    ] {
        let script = Script::of(&[(201, ""), (200, found)]).head("location", location);
        let account = connector(&script, profile())
            .create(&ana())
            .await
            .expect("an account");
        assert_eq!(account.id.as_str(), "7");
        assert_eq!(script.lines(), [MADE, lookup]);
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_found_again_is_in_doubt() {
    let unfound = "the app's answer cannot be understood (201): it was made but not shown, and not \
                   exactly one was found that holds the same values";
    for (created, looked_up, expected) in [
        ("", (200, r#"{"totalResults":0}"#), unfound),
        ("{}", (200, r#"{"totalResults":0}"#), unfound),
        (
            r#"{"id":"7","userName":"#,
            (
                200,
                r#"{"totalResults":2,"Resources":[{"id":"7","userName":"ana"},{"id":"8","userName":"ana"}]}"#,
            ),
            unfound,
        ),
        (
            "",
            (429, ""),
            "the app's answer cannot be understood (201): it was made but not shown, and the \
             look-up failed: the app asked us to slow down (429)",
        ),
    ] {
        let mut profile = profile();
        profile.users.matching = vec!["userName".into()];
        let script = Script::of(&[(201, created), looked_up]);
        let fault = connector(&script, profile)
            .create(&ana())
            .await
            .expect_err("a fault");
        assert_eq!(fault.to_string(), expected);
        assert_eq!(
            (fault.kind, fault.effect),
            (FaultKind::Garbled, Effect::Unknown)
        );
    }
}

#[tokio::test]
async fn a_create_that_the_app_refuses_is_not_in_doubt_and_one_that_broke_is() {
    for (status, body, kind, effect) in [
        (409, "{}", FaultKind::Conflict, Effect::None),
        (
            400,
            r#"{"scimType":"uniqueness"}"#,
            FaultKind::Conflict,
            Effect::None,
        ),
        (400, "{}", FaultKind::Rejected, Effect::None),
        (502, "<html>", FaultKind::Unavailable, Effect::Unknown),
    ] {
        let script = Script::of(&[(status, body)]);
        let fault = connector(&script, profile())
            .create(&ana())
            .await
            .expect_err("a fault");
        assert_eq!((fault.kind, fault.effect), (kind, effect), "{status}");
        assert_eq!(script.lines().len(), 1);
    }
}

// Changing.

#[tokio::test]
async fn a_plain_update_is_one_request() {
    for (status, body, shown) in [
        (200, r#"{"id":"7","title":"Dr"}"#, Some("Dr")),
        (204, "", None),
        (200, "", None),
        (200, r#"{"id":"7","ti"#, None),
        (200, r#"{"schemas":[]}"#, None),
    ] {
        let script = Script::of(&[(status, body)]);
        let account = connector(&script, profile())
            .update(&id("7"), &[change("title", Some("Dr"))], false, None)
            .await
            .expect("updated");
        let title = account.and_then(|account| account.attributes.get(&"title".into()).cloned());
        assert_eq!(title, shown.map(Value::text));
        assert_eq!(
            script.lines(),
            [format!(
                r#"PATCH /scim/v2/Users/7 {PATCH}[{{"op":"replace","path":"title","value":"Dr"}}]}}"#
            )]
        );
    }
}

#[tokio::test]
async fn a_page_in_place_of_an_answer_is_a_fault() {
    let script = Script::of(&[(200, " <html>")]);
    let fault = connector(&script, profile())
        .update(&id("7"), &[change("title", Some("Dr"))], false, None)
        .await
        .expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Misdirected);
}

#[tokio::test]
async fn an_element_is_read_before_it_is_changed() {
    let script = Script::of(&[
        (200, r#"{"id":"7","emails":[{"value":"a","type":"work"}]}"#),
        (204, ""),
    ]);
    connector(&script, profile())
        .update(&id("7"), &[change("emails", Some("b"))], true, None)
        .await
        .expect("updated");
    assert_eq!(
        script.lines(),
        [
            "GET /scim/v2/Users/7".to_owned(),
            format!(
                r#"PATCH /scim/v2/Users/7 {PATCH}[{{"op":"replace","path":"active","value":true}},{{"op":"replace","path":"emails[type eq \"work\"].value","value":"b"}}]}}"#
            ),
        ]
    );
}

#[tokio::test]
async fn an_account_that_was_read_is_not_read_again() {
    let script = Script::of(&[(200, r#"{"id":"7"}"#), (204, "")]);
    let app = connector(&script, profile());
    let now = app
        .account(&id("7"))
        .await
        .expect("an answer")
        .expect("an account");
    app.update(&id("7"), &[change("emails", Some("b"))], false, Some(&now))
        .await
        .expect("updated");
    assert_eq!(
        script.lines()[1],
        format!(
            r#"PATCH /scim/v2/Users/7 {PATCH}[{{"op":"add","path":"emails","value":[{{"value":"b","type":"work","primary":true}}]}}]}}"#
        )
    );
}

#[tokio::test]
async fn an_account_that_is_gone_is_missing() {
    for profile in [profile(), putting()] {
        let script = Script::of(&[(404, "")]);
        let fault = connector(&script, profile)
            .update(&id("7"), &[change("emails", Some("b"))], false, None)
            .await
            .expect_err("a fault");
        assert_eq!(
            (fault.kind, fault.effect),
            (FaultKind::Missing, Effect::None)
        );
    }
}

#[tokio::test]
async fn many_operations_are_several_requests_and_half_of_them_is_doubt() {
    let mut profile = profile();
    profile.users.patch.max_operations = 1;
    let changes = [change("title", Some("Dr")), change("userName", Some("eva"))];
    let script = Script::of(&[(200, r#"{"id":"7","title":"Dr"}"#), (403, "")]);
    let fault = connector(&script, profile)
        .update(&id("7"), &changes, false, None)
        .await
        .expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Forbidden, Effect::Unknown)
    );
    assert_eq!(script.lines().len(), 2);
}

#[tokio::test]
async fn nothing_to_say_is_no_request() {
    for profile in [profile(), putting()] {
        let script = Script::of(&[]);
        let app = connector(&script, profile);
        let changed = app
            .update(&id("7"), &[change("nickName", None)], false, None)
            .await;
        assert!(changed.expect("nothing to do").is_none());
        assert!(script.lines().is_empty());
    }
}

#[tokio::test]
async fn a_put_sends_back_what_was_read() {
    let read = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"7","x":{"y": 1.0},"active":false,"meta":{}}"#;
    let script = Script::of(&[(200, read), (200, r#"{"id":"7"}"#)]);
    let account = connector(&script, putting())
        .update(&id("7"), &[change("title", Some("Dr"))], true, None)
        .await
        .expect("updated");
    assert!(account.is_some());
    assert_eq!(
        script.lines(),
        [
            "GET /scim/v2/Users/7",
            r#"PUT /scim/v2/Users/7 {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"7","x":{"y": 1.0},"active":true,"title":"Dr"}"#,
        ]
    );
}

#[tokio::test]
async fn a_deactivation_travels_alone() {
    let mut object = profile();
    object.users.patch.form = PatchForm::Object;
    for (profile, operation) in [
        (
            profile(),
            r#"{"op":"replace","path":"active","value":false}"#,
        ),
        (object, r#"{"op":"replace","value":{"active":false}}"#),
    ] {
        let script = Script::of(&[(204, "")]);
        assert!(
            connector(&script, profile)
                .deactivate(&id("7"))
                .await
                .expect("off")
                .is_none()
        );
        assert_eq!(
            script.lines(),
            [format!("PATCH /scim/v2/Users/7 {PATCH}[{operation}]}}")]
        );
    }
    let script = Script::of(&[
        (200, r#"{"id":"7","title":"x","groups":[]}"#),
        (200, r#"{"id":"7","active":"False"}"#),
    ]);
    let account = connector(&script, putting())
        .deactivate(&id("7"))
        .await
        .expect("off");
    assert!(!account.expect("shown").active);
    assert_eq!(
        script.lines()[1],
        r#"PUT /scim/v2/Users/7 {"id":"7","title":"x","active":false}"#
    );
}

#[tokio::test]
async fn what_is_not_there_counts_as_deleted() {
    for status in [204, 200, 404, 410] {
        let script = Script::of(&[(status, "")]);
        connector(&script, profile())
            .delete(&id("a b"))
            .await
            .expect("deleted");
        assert_eq!(script.lines(), ["DELETE /scim/v2/Users/a%20b"]);
    }
    let script = Script::of(&[(404, "<html>")]);
    let fault = connector(&script, profile())
        .delete(&id("7"))
        .await
        .expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Misdirected);
    let script = Script::of(&[]);
    let fault = connector(&script, profile())
        .delete(&id(".."))
        .await
        .expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Rejected);
    assert!(script.lines().is_empty());
}

// Hostile answers.

#[tokio::test]
async fn depth_is_carried_and_not_followed() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let row = format!(r#"{{"id":"7","userName":"ana","title":{deep},"x":{deep}}}"#);
    let body = format!(r#"{{"totalResults":1,"Resources":[{row}]}}"#);
    let script = Script::of(&[(200, &body)]);
    let accounts = connector(&script, profile())
        .accounts(&|_| ())
        .await
        .expect("accounts");
    assert_eq!(accounts[0].attributes, ana());
    assert_eq!(accounts[0].raw.get(), row);
}

#[tokio::test]
async fn an_answer_that_is_nested_too_deep_is_a_fault_and_no_crash() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let body =
        format!(r#"{{"totalResults":1,"Resources":[{{"id":"1","userName":"ana","x":{deep}}}]}}"#);
    // What is foreign is carried along as it came, and never looked into.
    let script = Script::of(&[(200, &body), (204, "")]);
    let listed = connector(&script, putting()).accounts(&|_| ()).await;
    let account = listed.expect("a list").remove(0);
    let change = AttrChange {
        name: "title".into(),
        old: None,
        new: Some(Value::text("Lead")),
    };
    let app = connector(&script, putting());
    let changes = [change];
    let done = app.update(&account.id, &changes, false, Some(&account));
    done.await.expect("it was sent");
    let sent = script.requests().remove(1).body;
    assert!(String::from_utf8_lossy(&sent).contains(&deep));

    let script = Script::of(&[(200, &deep)]);
    let listed = connector(&script, profile()).accounts(&|_| ()).await;
    let fault = listed.expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Garbled, "{fault}");
}

#[tokio::test]
async fn an_app_without_patch_of_users_is_found_out_once_and_takes_put() {
    let ana = r#"{"id":"7","userName":"ana","active":true,"x":1}"#;
    let answers = [(501, "{}"), (200, ana), (200, ana), (200, ana), (200, ana)];
    let script = Script::of(&answers);
    let app = connector(&script, profile());
    let change = AttrChange {
        name: "title".into(),
        old: None,
        new: Some(Value::text("Lead")),
    };
    let changed = app.update(&id("7"), &[change], false, None).await;
    changed.expect("PUT took the place of PATCH");
    app.deactivate(&id("7")).await.expect("by PUT at once");
    let sent: Vec<String> = script.lines();
    let heads: Vec<&str> = sent
        .iter()
        .filter_map(|line| line.split(" {").next())
        .collect();
    assert_eq!(
        heads,
        [
            "PATCH /scim/v2/Users/7",
            "GET /scim/v2/Users/7",
            "PUT /scim/v2/Users/7",
            "GET /scim/v2/Users/7",
            "PUT /scim/v2/Users/7",
        ]
    );
    assert!(
        sent[2].contains(r#""x":1"#) && sent[2].contains("Lead"),
        "{sent:?}"
    );
    assert!(sent[4].contains(r#""active":false"#), "{sent:?}");
}
