//! Credentials against a scripted app and token endpoint.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;

use super::*;
use crate::http::About;
use crate::http::script::{Script, answer, request};
use crate::http::token::ClientAuth;

fn bearer() -> Credentials {
    Credentials::Bearer(Secret::new("s3cret-token"))
}

fn client_credentials() -> Credentials {
    Credentials::Oauth2(ClientCredentials {
        token_url: Url::parse("https://login.example.com/token").expect("a URL"),
        client_id: Secret::new("rollcall"),
        client_secret: Secret::new("s3cret"),
        client_auth: ClientAuth::Post,
        scopes: Vec::new(),
        audience: None,
        extra: BTreeMap::new(),
    })
}

fn authorized(script: Script, credentials: Credentials) -> (Authorized<Arc<Script>>, Arc<Script>) {
    let script = Arc::new(script);
    let base = Url::parse("https://app.example.com/scim/v2").expect("a URL");
    let clock = Clock::simulated("2026-11-22T12:00:00Z".parse().expect("a point in time"));
    (
        Authorized::new(Arc::clone(&script), &base, credentials, clock),
        script,
    )
}

async fn send(authorized: &Authorized<Arc<Script>>) -> Result<Answer, Fault> {
    authorized.send(request(Method::GET, About::User)).await
}

/// A token endpoint that numbers its tokens, and an app that takes those `good` accepts.
fn numbered(expires_in: u64, good: impl Fn(&str) -> bool + Send + Sync + 'static) -> Script {
    let count = AtomicUsize::new(0);
    Script::new(move |request| {
        if request.about == About::Token {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            let body = format!(r#"{{"access_token":"token-{number}","expires_in":{expires_in}}}"#);
            return Ok(answer(200, &[], &body));
        }
        let proof = request.headers[AUTHORIZATION].to_str().expect("text");
        let known = good(proof.trim_start_matches("Bearer "));
        Ok(answer(if known { 200 } else { 401 }, &[], ""))
    })
}

/// What went out: `token` or the proof that was sent with a request.
fn sent(script: &Script) -> Vec<String> {
    script
        .seen()
        .iter()
        .map(|request| match request.about {
            About::Token => "token".to_owned(),
            About::User | About::Group | About::Service => request.headers[AUTHORIZATION]
                .to_str()
                .expect("text")
                .to_owned(),
        })
        .collect()
}

#[tokio::test]
async fn a_bearer_token_goes_out_marked_sensitive_and_unshown() {
    let (authorized, script) = authorized(Script::new(|_| Ok(answer(200, &[], ""))), bearer());
    let mut foreign = request(Method::GET, About::User);
    foreign
        .headers
        .insert(AUTHORIZATION, http::HeaderValue::from_static("Basic x"));
    authorized.send(foreign).await.expect("an answer");
    let seen = script.seen();
    let proofs: Vec<_> = seen[0].headers.get_all(AUTHORIZATION).iter().collect();
    assert_eq!(proofs, ["Bearer s3cret-token"]);
    assert!(proofs[0].is_sensitive());
    assert!(!format!("{:?} {:?} {:?}", seen[0], seen[0].headers, bearer()).contains("s3cret"));
}

#[tokio::test]
async fn another_origin_gets_nothing() {
    let (authorized, script) = authorized(
        Script::new(|_| Ok(answer(200, &[], ""))),
        client_credentials(),
    );
    for (url, origin) in [
        (
            "http://app.example.com/scim/v2/Users",
            "http://app.example.com",
        ),
        (
            "https://app.example.com:8443/scim",
            "https://app.example.com:8443",
        ),
        (
            "https://app.example.com.evil.example/",
            "https://app.example.com.evil.example",
        ),
        (
            "https://app.example.com@evil.example/?x=s3cret",
            "https://evil.example",
        ),
    ] {
        let mut request = request(Method::GET, About::User);
        request.url = Url::parse(url).expect("a URL");
        let fault = authorized.send(request).await.expect_err("a fault");
        assert_eq!(
            (fault.kind, fault.effect),
            (FaultKind::Rejected, Effect::None)
        );
        assert_eq!(
            fault.detail,
            format!(
                "not sent: our credentials are for https://app.example.com only, not for {origin}"
            )
        );
    }
    assert!(script.seen().is_empty());
}

#[tokio::test]
async fn one_token_serves_all_who_wait_for_it() {
    let script = numbered(3600, |_| true).taking(Duration::from_millis(20));
    let (authorized, script) = authorized(script, client_credentials());
    for answer in join_all((0..5).map(|_| send(&authorized))).await {
        assert_eq!(answer.expect("an answer").status, 200);
    }
    let mut expected = vec!["token"];
    expected.extend(["Bearer token-1"; 5]);
    assert_eq!(sent(&script), expected);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_shortly_before_its_end() {
    let (authorized, script) = authorized(numbered(3600, |_| true), client_credentials());
    for seconds in [0, 3539, 1] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        send(&authorized).await.expect("an answer");
    }
    assert_eq!(
        sent(&script),
        [
            "token",
            "Bearer token-1",
            "Bearer token-1",
            "token",
            "Bearer token-2"
        ]
    );
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_its_request_sent_again() {
    let (authorized, script) = authorized(
        numbered(3600, |token| token != "token-1"),
        client_credentials(),
    );
    let answers = join_all((0..3).map(|_| send(&authorized))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().is_ok_and(|it| it.status == 200))
    );
    let tokens = sent(&script).iter().filter(|line| *line == "token").count();
    assert_eq!(tokens, 2, "{:?}", sent(&script));
}

#[tokio::test]
async fn a_request_is_sent_again_once_and_no_more() {
    let (authorized, script) = authorized(numbered(3600, |_| false), client_credentials());
    let answer = send(&authorized).await.expect("an answer");
    assert_eq!(answer.status, 401);
    assert_eq!(
        sent(&script),
        ["token", "Bearer token-1", "token", "Bearer token-2"]
    );
}

#[tokio::test]
async fn a_refused_bearer_token_is_not_sent_again() {
    let (authorized, script) = authorized(Script::new(|_| Ok(answer(401, &[], ""))), bearer());
    assert_eq!(send(&authorized).await.expect("an answer").status, 401);
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn three_refusals_in_a_row_end_the_tries() {
    let body = r#"{"detail":"token s3cret-token is revoked"}"#;
    let (authorized, script) =
        authorized(Script::new(move |_| Ok(answer(401, &[], body))), bearer());
    for _ in 0..3 {
        assert_eq!(send(&authorized).await.expect("an answer").status, 401);
    }
    for _ in 0..2 {
        let fault = send(&authorized).await.expect_err("a fault");
        assert_eq!(
            (fault.kind, fault.effect),
            (FaultKind::Unauthenticated, Effect::None)
        );
        assert_eq!(
            fault.detail,
            "not sent: our credentials were refused 3 times in a row, and more tries could get us \
             locked out; correct them and start again (last: token [secret] is revoked)"
        );
    }
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test]
async fn a_success_between_refusals_counts_afresh() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let good = count.fetch_add(1, Ordering::SeqCst) % 3 == 2;
        Ok(answer(if good { 200 } else { 401 }, &[], ""))
    });
    let (authorized, script) = authorized(script, bearer());
    for _ in 0..12 {
        assert!(send(&authorized).await.is_ok());
    }
    assert_eq!(script.seen().len(), 12);
}

#[tokio::test]
async fn three_refusals_of_the_token_endpoint_end_the_tries() {
    let body = r#"{"error":"invalid_client"}"#;
    let (authorized, script) = authorized(
        Script::new(move |_| Ok(answer(401, &[], body))),
        client_credentials(),
    );
    for _ in 0..5 {
        let fault = send(&authorized).await.expect_err("a fault");
        assert_eq!(fault.kind, FaultKind::Unauthenticated);
    }
    assert_eq!(sent(&script), ["token"; 3]);
}

#[tokio::test]
async fn all_who_wait_for_a_token_share_its_refusal() {
    let script = Script::new(|_| Ok(answer(401, &[], ""))).taking(Duration::from_millis(20));
    let (authorized, script) = authorized(script, client_credentials());
    for outcome in join_all((0..5).map(|_| send(&authorized))).await {
        assert_eq!(
            outcome.expect_err("a fault").kind,
            FaultKind::Unauthenticated
        );
    }
    assert_eq!(sent(&script), ["token"]);
}

#[tokio::test(start_paused = true)]
async fn while_the_token_endpoint_is_down_the_token_is_used_to_its_end() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |request| {
        if request.about != About::Token {
            return Ok(answer(200, &[], ""));
        }
        match count.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(answer(
                200,
                &[],
                r#"{"access_token":"token-1","expires_in":600}"#,
            )),
            _ => Ok(answer(503, &[("retry-after", "5")], "")),
        }
    });
    let (authorized, script) = authorized(script, client_credentials());
    for seconds in [0, 545, 1] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        send(&authorized).await.expect("an answer");
    }
    tokio::time::advance(Duration::from_mins(1)).await;
    let fault = send(&authorized).await.expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Throttled, Effect::None)
    );
    assert_eq!(fault.retry_after, Some(Duration::from_secs(5)));
    assert_eq!(
        sent(&script),
        [
            "token",
            "Bearer token-1",
            "token",
            "Bearer token-1",
            "Bearer token-1",
            "token"
        ]
    );
}

#[tokio::test]
async fn an_echo_of_the_token_is_taken_out_of_complaints_only() {
    for (status, body) in [(400, "no [secret] here"), (200, "no s3cret-token here")] {
        let (authorized, _) = authorized(
            Script::new(move |_| Ok(answer(status, &[], "no s3cret-token here"))),
            bearer(),
        );
        assert_eq!(send(&authorized).await.expect("an answer").body, body);
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_says_so() {
    let credentials = Credentials::Bearer(Secret::new("s3cret\ntoken"));
    let (authorized, script) = authorized(Script::new(|_| Ok(answer(200, &[], ""))), credentials);
    let fault = send(&authorized).await.expect_err("a fault");
    assert_eq!(
        fault.to_string(),
        "the app refused our credentials: the token holds a character that cannot be sent; \
         look for a line end inside it"
    );
    assert!(script.seen().is_empty());
}
