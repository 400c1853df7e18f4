//! Answers of every status and shape.

use super::*;
use crate::http::script::answer;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn fault(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Fault {
    classify(&answer(status, headers, body), NOW).expect_err("a fault")
}

#[test]
fn good_answers_are_good() {
    for (status, body) in [(200, "{}"), (201, r#"{"id":"1"}"#), (204, "")] {
        assert_eq!(
            classify(&answer(status, &[], body), NOW),
            Ok(()),
            "{status}"
        );
    }
}

#[test]
fn each_status_has_its_kind_and_its_effect() {
    use Effect::{None, Unknown};
    let table = [
        (301, FaultKind::Misdirected, None),
        (400, FaultKind::Rejected, None),
        (401, FaultKind::Unauthenticated, None),
        (403, FaultKind::Forbidden, None),
        (404, FaultKind::Missing, None),
        (407, FaultKind::Misdirected, None),
        (408, FaultKind::Unavailable, Unknown),
        (409, FaultKind::Conflict, None),
        (410, FaultKind::Missing, None),
        (412, FaultKind::Rejected, None),
        (413, FaultKind::Rejected, None),
        (422, FaultKind::Rejected, None),
        (425, FaultKind::Unavailable, Unknown),
        (429, FaultKind::Throttled, None),
        (500, FaultKind::Unavailable, Unknown),
        (501, FaultKind::Unsupported, None),
        (502, FaultKind::Unavailable, Unknown),
        (503, FaultKind::Unavailable, Unknown),
        (504, FaultKind::Unavailable, Unknown),
        (522, FaultKind::Unavailable, Unknown),
    ];
    for (status, kind, effect) in table {
        let fault = fault(status, &[], r#"{"detail":"why"}"#);
        assert_eq!((fault.kind, fault.effect), (kind, effect), "{status}");
        assert_eq!(fault.status, Some(status));
    }
}

#[test]
fn a_503_that_says_when_is_a_throttle() {
    let fault = fault(503, &[("retry-after", "7")], "");
    assert_eq!(fault.kind, FaultKind::Throttled);
    assert_eq!(fault.effect, Effect::None);
    assert_eq!(fault.retry_after, Some(Duration::from_secs(7)));
}

#[test]
fn a_400_about_uniqueness_is_a_conflict() {
    let body = r#"{"status":"400","scimType":"uniqueness","detail":"userName is taken"}"#;
    let fault = fault(400, &[], body);
    assert_eq!(fault.kind, FaultKind::Conflict);
    assert_eq!(
        fault.to_string(),
        "the app has another one with the same unique value (400): userName is taken"
    );
}

#[test]
fn a_redirect_names_the_host_and_nothing_more() {
    let place = ("location", "https://login.example.com/sso?ticket=s3cret");
    assert_eq!(
        fault(302, &[place], "").to_string(),
        "the answer did not come from a SCIM service (302): \
         redirected to login.example.com; is base_url right?"
    );
    assert_eq!(
        fault(302, &[("location", "/login?next=x")], "").detail,
        "redirected to another path of the same host; is base_url right?"
    );
}

#[test]
fn a_page_is_no_answer_but_keeps_the_kinds_that_pages_have() {
    let page = "\u{FEFF}\n <!doctype html><title>Sign in</title>";
    for (status, kind, detail) in [
        (
            200,
            FaultKind::Misdirected,
            "an HTML page; is base_url right?",
        ),
        (
            400,
            FaultKind::Misdirected,
            "an HTML page; is base_url right?",
        ),
        (
            409,
            FaultKind::Misdirected,
            "an HTML page; is base_url right?",
        ),
        (401, FaultKind::Unauthenticated, "an HTML page"),
        (403, FaultKind::Forbidden, "an HTML page"),
        (
            404,
            FaultKind::Misdirected,
            "an HTML page; is base_url right?",
        ),
        (429, FaultKind::Throttled, "an HTML page"),
        (502, FaultKind::Unavailable, "an HTML page"),
    ] {
        let fault = fault(status, &[], page);
        assert_eq!(
            (fault.kind, fault.detail.as_str()),
            (kind, detail),
            "{status}"
        );
    }
    let declared = fault(
        200,
        &[("content-type", "Text/HTML; charset=utf-8")],
        "hello",
    );
    assert_eq!(declared.kind, FaultKind::Misdirected);
}

#[test]
fn an_empty_answer_that_calls_itself_html_is_still_good() {
    assert_eq!(
        classify(&answer(204, &[("content-type", "text/html")], ""), NOW),
        Ok(())
    );
}

#[test]
fn the_sentence_is_found_wherever_services_put_it() {
    for body in [
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"why","status":"400"}"#,
        r#"{"Errors":[{"description":"why","code":"400"}]}"#,
        r#"{"message":"why"}"#,
        r#"{"error":"invalid_request","error_description":"why"}"#,
        r#"{"detail":"","message":"why"}"#,
        r#"{"errors":[{"title":"no","detail":"why"}]}"#,
        r#"{"error":{"message":"why"}}"#,
        r#"{"error":"why"}"#,
        "why",
    ] {
        assert_eq!(detail(body.as_bytes()), "why", "{body}");
    }
}

#[test]
fn a_body_that_says_nothing_is_shown_from_its_beginning() {
    assert_eq!(detail(b"{\"code\": 7}"), r#"{"code": 7}"#);
    assert_eq!(detail(b""), "");
    assert_eq!(detail("é".repeat(1000).as_bytes()).chars().count(), 200);
}

#[test]
fn details_are_one_short_line_without_control_characters() {
    let line = clean("first\r\n\tsecond\u{1b}[31m third\u{202e}");
    assert_eq!(line, "first second [31m third");
    let long = clean(&"word ".repeat(200));
    assert_eq!(long.chars().count(), 300);
    assert!(long.ends_with('…'), "{long}");
}

#[test]
fn tokens_do_not_survive() {
    for text in [
        "the token Bearer s3cret-token is wrong",
        "the header 'Authorization:Bearer s3cret-token' is wrong",
        "BEARER \"s3cret-token\"",
        "bearer: s3cret-token",
        "token eyJhbGciOi.s3cret-token.c2ln is expired",
    ] {
        let line = clean(text);
        assert!(!line.contains("s3cret"), "{line}");
        assert!(line.contains("[secret]"), "{line}");
    }
}
