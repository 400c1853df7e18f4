//! Credentials against a scripted app and token endpoint.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use http::header::AUTHORIZATION;

use super::*;
use crate::core::credential::Remark;
use crate::http::About;
use crate::http::script::{Script, answer, request};
use crate::http::token::{ClientAuth, Grant};

fn bearer() -> Credentials {
    Credentials::bearer(&Secret::new("s3cret-token"))
}

fn client_credentials() -> Credentials {
    oauth2(Grant::ClientCredentials)
}

fn oauth2(grant: Grant) -> Credentials {
    Credentials::Oauth2(Box::new(Oauth2Client {
        token_url: Url::parse("https://login.example.com/token").expect("a URL"),
        client_id: Secret::new("rollcall"),
        client_secret: Some(Secret::new("s3cret")),
        client_auth: ClientAuth::Post,
        grant,
        scopes: Vec::new(),
        audience: None,
        extra: BTreeMap::new(),
    }))
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

/// An app that takes the token once, and then refuses it.
fn revoked_after_one(body: &'static str) -> Script {
    let count = AtomicUsize::new(0);
    Script::new(move |_| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(answer(if first { 200 } else { 401 }, &[], body))
    })
}

#[tokio::test]
async fn three_refusals_in_a_row_of_what_had_worked_end_the_tries() {
    let body = r#"{"detail":"token s3cret-token is revoked"}"#;
    let (authorized, script) = authorized(revoked_after_one(body), bearer());
    assert_eq!(send(&authorized).await.expect("an answer").status, 200);
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
    assert_eq!(script.seen().len(), 4);
}

#[tokio::test]
async fn a_token_that_never_worked_is_tried_once() {
    let script = Script::new(|_| Ok(answer(401, &[], r#"{"detail":"unknown"}"#)));
    let (authorized, script) = authorized(script.taking(Duration::from_millis(5)), bearer());
    let outcomes = join_all((0..5).map(|_| send(&authorized))).await;
    assert_eq!(script.seen().len(), 1);
    let (told, stopped): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((told.len(), stopped.len()), (1, 4));
    let fault = send(&authorized).await.expect_err("a fault");
    assert_eq!(
        fault.detail,
        "not sent: our credentials were refused, and more tries could get us locked out; correct \
         them and start again (last: unknown)"
    );
}

#[tokio::test]
async fn a_success_between_refusals_counts_afresh() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let good = count.fetch_add(1, Ordering::SeqCst).is_multiple_of(3);
        Ok(answer(if good { 200 } else { 401 }, &[], ""))
    });
    let (authorized, script) = authorized(script, bearer());
    for _ in 0..12 {
        assert!(send(&authorized).await.is_ok());
    }
    assert_eq!(script.seen().len(), 12);
}

#[tokio::test]
async fn one_refusal_of_the_token_endpoint_ends_the_tries() {
    let body = r#"{"error":"invalid_client"}"#;
    let (authorized, script) = authorized(
        Script::new(move |_| Ok(answer(401, &[], body))),
        client_credentials(),
    );
    for _ in 0..5 {
        let fault = send(&authorized).await.expect_err("a fault");
        assert_eq!(fault.kind, FaultKind::Unauthenticated);
    }
    assert_eq!(sent(&script), ["token"]);
    let fault = send(&authorized).await.expect_err("a fault");
    assert_eq!(
        fault.detail,
        "not sent: our credentials were refused, and more tries could get us locked out; correct \
         them and start again (last: the token endpoint login.example.com: refused our client \
         credentials: invalid_client)"
    );
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
    let credentials = Credentials::bearer(&Secret::new("s3cret\ntoken"));
    let (authorized, script) = authorized(Script::new(|_| Ok(answer(200, &[], ""))), credentials);
    let fault = send(&authorized).await.expect_err("a fault");
    assert_eq!(
        fault.to_string(),
        "the app refused our credentials: the token holds a character that cannot be sent; \
         look for a line end inside it"
    );
    assert!(script.seen().is_empty());
}

/// Two tokens, `a` and `b`.
fn two() -> Credentials {
    Credentials::Fixed(
        ["a", "b"]
            .map(|name| FixedProof {
                name: format!("credential {name}"),
                proof: Proof::bearer(&Secret::new(format!("token-{name}"))),
            })
            .into(),
    )
}

/// An app that takes the tokens which `good` accepts.
fn taking(good: impl Fn(&str) -> bool + Send + Sync + 'static) -> Script {
    Script::new(move |request| {
        let proof = request.headers[AUTHORIZATION].to_str().expect("text");
        let known = good(proof.trim_start_matches("Bearer "));
        Ok(answer(if known { 200 } else { 401 }, &[], ""))
    })
}

fn in_use(name: &str, refused: &[&str]) -> Vec<Remark> {
    vec![Remark::InUse {
        name: name.into(),
        refused: refused.iter().map(|name| (*name).to_owned()).collect(),
    }]
}

#[tokio::test]
async fn the_second_token_is_used_when_the_first_is_refused_and_each_is_refused_once() {
    let script = taking(|token| token == "token-b").taking(Duration::from_millis(5));
    let (authorized, script) = authorized(script, two());
    let outcomes = join_all((0..5).map(|_| send(&authorized))).await;
    assert!(
        outcomes
            .iter()
            .all(|it| it.as_ref().is_ok_and(|it| it.status == 200))
    );
    let refused = sent(&script)
        .iter()
        .filter(|line| *line == "Bearer token-a")
        .count();
    assert_eq!((refused, script.seen().len()), (1, 6));
    let told = in_use("credential b", &["credential a"]);
    assert_eq!(authorized.remarks().all(), told);
}

#[tokio::test]
async fn the_first_token_is_named_while_it_works() {
    let (authorized, _) = authorized(taking(|token| token == "token-a"), two());
    send(&authorized).await.expect("an answer");
    assert_eq!(authorized.remarks().all(), in_use("credential a", &[]));
}

#[tokio::test]
async fn a_token_that_is_revoked_in_the_middle_of_a_run_gives_way_to_the_other() {
    let count = AtomicUsize::new(0);
    let script = taking(move |token| {
        let early = count.fetch_add(1, Ordering::SeqCst) < 2;
        (token == "token-a") == early
    });
    let (authorized, script) = authorized(script, two());
    for _ in 0..4 {
        assert_eq!(send(&authorized).await.expect("an answer").status, 200);
    }
    let letters: String = sent(&script)
        .iter()
        .filter_map(|line| line.chars().last())
        .collect();
    assert_eq!(letters, "aaabb");
    let told = in_use("credential b", &["credential a"]);
    assert_eq!(authorized.remarks().all(), told);
}

#[tokio::test]
async fn when_both_are_refused_nothing_more_is_sent() {
    let (authorized, script) = authorized(taking(|_| false), two());
    assert_eq!(send(&authorized).await.expect("an answer").status, 401);
    for _ in 0..3 {
        assert!(send(&authorized).await.is_err());
    }
    assert_eq!(sent(&script), ["Bearer token-a", "Bearer token-b"]);
}

#[tokio::test]
async fn an_app_that_is_down_says_nothing_about_a_token() {
    let count = AtomicUsize::new(0);
    let script = Script::new(move |_| {
        let status = [503, 429, 403][count.fetch_add(1, Ordering::SeqCst).min(2)];
        Ok(answer(status, &[], ""))
    });
    let (authorized, _) = authorized(script, two());
    for told in [false, false, true] {
        send(&authorized).await.expect("an answer");
        assert_eq!(!authorized.remarks().all().is_empty(), told);
    }
}

/// Runs in a row, one a minute, each with a new client and the same keeper: requests that went out.
async fn a_day_of_runs(credentials: &Credentials, script: &Arc<Script>) -> Vec<u64> {
    let keeper: Arc<dyn Keeper> = Arc::new(Forgetful::default());
    let clock = Clock::simulated("2026-11-22T00:00:00Z".parse().expect("a point in time"));
    let base = Url::parse("https://app.example.com/scim/v2").expect("a URL");
    let mut minutes = Vec::new();
    for minute in 0..24 * 60 {
        let before = script.seen().len();
        let inner = Arc::clone(script);
        let run = Authorized::new(inner, &base, credentials.clone(), clock.clone())
            .kept_by(Arc::clone(&keeper));
        for _ in 0..3 {
            // Whatever comes of it; what is counted is what goes out.
            let _ = send(&run).await;
        }
        minutes.extend((before..script.seen().len()).map(|_| minute));
        tokio::time::advance(Duration::from_mins(1)).await;
    }
    minutes
}

#[tokio::test(start_paused = true)]
async fn a_run_every_minute_for_a_day_never_gets_near_a_lock_out() {
    for (credentials, body) in [
        (bearer(), ""),
        (client_credentials(), r#"{"error":"invalid_client"}"#),
        (
            oauth2(Grant::Password {
                username: Secret::new("svc"),
                password: Secret::new("wrong"),
            }),
            r#"{"error":"invalid_grant"}"#,
        ),
    ] {
        let script = Arc::new(Script::new(move |_| Ok(answer(401, &[], body))));
        let minutes = a_day_of_runs(&credentials, &script).await;
        assert_eq!(minutes[..6], [0, 5, 15, 35, 75, 155]);
        assert_eq!(minutes.len(), 16, "{minutes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_credentials_are_tried_at_once_and_a_success_forgives() {
    let keeper: Arc<dyn Keeper> = Arc::new(Forgetful::default());
    let clock = Clock::simulated("2026-11-22T00:00:00Z".parse().expect("a point in time"));
    let base = Url::parse("https://app.example.com/scim/v2").expect("a URL");
    let good = Arc::new(AtomicUsize::new(0));
    let now_good = Arc::clone(&good);
    let script = Arc::new(taking(move |token| {
        token == "new" || now_good.load(Ordering::SeqCst) == 1
    }));
    let run = |token: &str| {
        let credentials = Credentials::bearer(&Secret::new(token));
        Authorized::new(Arc::clone(&script), &base, credentials, clock.clone())
            .kept_by(Arc::clone(&keeper))
    };
    assert_eq!(send(&run("old")).await.expect("an answer").status, 401);
    let fault = send(&run("old")).await.expect_err("it rests");
    assert_eq!(
        fault.to_string(),
        "the app refused our credentials: not sent: the app has refused these credentials once, and \
         more tries could get us locked out; the next try is at 00:05 UTC, or as soon as they are \
         others"
    );
    assert_eq!(send(&run("new")).await.expect("an answer").status, 200);
    good.store(1, Ordering::SeqCst);
    tokio::time::advance(Duration::from_mins(5)).await;
    assert_eq!(send(&run("old")).await.expect("an answer").status, 200);
    let refusals = keeper.refusals(&Secret::new("Bearer old")).expect("kept");
    assert_eq!(refusals.count, 0);
}
