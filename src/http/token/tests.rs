//! Token requests against a scripted token endpoint.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;

use super::*;
use crate::clock::Clock;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::http::About;
use crate::http::auth::Remarks;
use crate::http::keeper::{Forgetful, Keeper as _};
use crate::http::script::{Script, answer, lost};

fn credentials() -> Oauth2Client {
    Oauth2Client {
        token_url: Url::parse("https://login.example.com/oauth2/token").expect("a URL"),
        client_id: Secret::new("rollcall"),
        client_secret: Some(Secret::new("s3cret&more")),
        client_auth: ClientAuth::Basic,
        grant: Grant::ClientCredentials,
        scopes: Vec::new(),
        audience: None,
        extra: BTreeMap::new(),
    }
}

fn clock() -> Clock {
    Clock::simulated("2026-11-22T12:00:00Z".parse().expect("a point in time"))
}

async fn ask(script: &Script, credentials: &Oauth2Client) -> Result<Token, Fault> {
    ask_at(script, credentials, &clock()).await
}

async fn ask_at(
    script: &Script,
    credentials: &Oauth2Client,
    clock: &Clock,
) -> Result<Token, Fault> {
    ask_with(script, credentials, clock, &Forgetful::default()).await
}

async fn ask_with(
    script: &Script,
    credentials: &Oauth2Client,
    clock: &Clock,
    keeper: &Forgetful,
) -> Result<Token, Fault> {
    let errand = Errand {
        transport: script,
        client: credentials,
        clock,
        keeper,
        remarks: &Remarks::default(),
    };
    obtain(&errand).await
}

async fn refusal(status: u16, headers: &[(&'static str, &str)], body: &'static str) -> Fault {
    let reply = answer(status, headers, body);
    let fault = ask(&Script::new(move |_| Ok(reply.clone())), &credentials())
        .await
        .expect_err("a refusal");
    assert_eq!(fault.effect, Effect::None);
    assert!(!fault.to_string().contains("s3cret"), "{fault}");
    fault
}

#[tokio::test]
async fn the_secret_goes_where_it_is_told_to() {
    let script = Script::new(|_| Ok(answer(200, &[], r#"{"access_token":"t"}"#)));
    let mut credentials = credentials();
    credentials.scopes = vec!["users".into(), "groups".into()];
    credentials.audience = Some("https://app.example.com".into());
    credentials.extra = BTreeMap::from([("tenant".into(), Secret::new("7"))]);
    ask(&script, &credentials).await.expect("a token");
    credentials.client_auth = ClientAuth::Post;
    ask(&script, &credentials).await.expect("a token");

    let seen = script.seen();
    let (basic, post) = (&seen[0], &seen[1]);
    let proof = basic.headers[AUTHORIZATION].to_str().expect("text");
    let proof = BASE64_STANDARD
        .decode(proof.trim_start_matches("Basic "))
        .expect("base64");
    assert_eq!(proof, b"rollcall:s3cret%26more");
    assert!(basic.headers[AUTHORIZATION].is_sensitive());
    let form = "grant_type=client_credentials&scope=users+groups";
    let more = "audience=https%3A%2F%2Fapp.example.com&tenant=7";
    assert_eq!(basic.body, format!("{form}&{more}"));
    assert_eq!(
        post.body,
        format!("{form}&client_id=rollcall&client_secret=s3cret%26more&{more}")
    );
    assert!(post.headers.get(AUTHORIZATION).is_none());
    assert_eq!(
        (basic.about, &basic.url),
        (About::Token, &credentials.token_url)
    );
}

#[tokio::test]
async fn token_answers_are_read_as_they_come() {
    for (body, seconds) in [
        (
            r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#,
            Some(3600),
        ),
        (
            r#"{"access_token":"t","expires_in":"3600","scope":["a","b"]}"#,
            Some(3600),
        ),
        (
            r#"{"access_token":"t","token_type":"BEARER","expires_in":3599.5}"#,
            Some(3599),
        ),
        (
            r#"{"access_token":"t","token_type":null,"expires_in":null}"#,
            None,
        ),
        (r#"{"access_token":"t","expires_in":0}"#, None),
        (r#"{"access_token":"t","expires_in":-1}"#, None),
        (r#"{"access_token":"t","expires_in":"never"}"#, None),
        (
            r#"{"access_token":"t","expires_in":1e300}"#,
            Some(answer::LONGEST_LIFE.as_secs()),
        ),
    ] {
        let script = Script::new(move |_| Ok(answer(201, &[("content-type", "text/plain")], body)));
        let token = ask(&script, &credentials()).await.expect("a token");
        assert_eq!(token.secret.expose(), "t");
        let clock = clock();
        let left = token
            .life
            .map(|life| (life.end - clock.now()).total(jiff::Unit::Second));
        let left = left.map(|left| left.expect("seconds").round());
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let expected = seconds.map(|seconds| seconds as f64);
        assert_eq!(left, expected, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_due_a_minute_or_a_tenth_of_its_life_before_its_end() {
    for (life, due) in [(3600, 3540), (300, 270)] {
        let body = format!(r#"{{"access_token":"t","expires_in":{life}}}"#);
        let script = Script::new(move |_| Ok(answer(200, &[], &body)));
        let clock = clock();
        let token = ask_at(&script, &credentials(), &clock)
            .await
            .expect("a token");
        let start = clock.now();
        assert!(!token.is_due(start + Duration::from_secs(due - 1)));
        assert!(token.is_due(start + Duration::from_secs(due)));
        let stretched = token
            .stretched(start + Duration::from_secs(due))
            .expect("a rest");
        assert!(!stretched.is_due(start + Duration::from_secs(life - 1)));
        assert!(token.stretched(start + Duration::from_secs(life)).is_none());
    }
}

#[tokio::test]
async fn a_refusal_says_what_the_endpoint_said() {
    let body = r#"{"error":"invalid_client","error_description":"Unknown client"}"#;
    for status in [200, 400, 401, 403] {
        let fault = refusal(status, &[], body).await;
        assert_eq!(fault.kind, FaultKind::Unauthenticated);
        assert_eq!(
            fault.to_string(),
            format!(
                "the app refused our credentials ({status}): the token endpoint \
                 login.example.com: refused our client credentials: \
                 invalid_client: Unknown client"
            )
        );
    }
    assert_eq!(
        refusal(401, &[], "").await.detail,
        "the token endpoint login.example.com: refused our client credentials, without a reason"
    );
}

#[tokio::test]
async fn an_echo_of_the_secret_is_taken_out() {
    for body in [
        r#"{"error":"invalid_client","error_description":"bad secret s3cret&more"}"#,
        "bad form client_secret=s3cret%26more",
    ] {
        let fault = refusal(400, &[], body).await;
        assert!(fault.detail.contains("[secret]"), "{fault}");
    }
}

#[tokio::test]
async fn other_troubles_keep_their_kind() {
    let throttled = refusal(429, &[("retry-after", "9")], "").await;
    assert_eq!(throttled.kind, FaultKind::Throttled);
    assert_eq!(throttled.retry_after, Some(Duration::from_secs(9)));
    let down = refusal(502, &[], "<html>").await;
    assert_eq!(down.kind, FaultKind::Unavailable);
    assert_eq!(
        down.detail,
        "the token endpoint login.example.com: an HTML page"
    );
    let page = refusal(200, &[], "<html>").await;
    assert_eq!(page.kind, FaultKind::Misdirected);
    assert_eq!(
        page.detail,
        "the token endpoint login.example.com: an HTML page; is token_url right?"
    );
    let moved = refusal(302, &[("location", "https://sso.example.com/?s3cret")], "").await;
    assert_eq!(
        moved.detail,
        "the token endpoint login.example.com: redirected to sso.example.com; \
         is token_url right?"
    );
    for body in ["", "{}", "[]", r#"{"access_token":5}"#, "token=5"] {
        let garbled = refusal(200, &[], body).await;
        assert_eq!(garbled.kind, FaultKind::Garbled, "{body}");
        assert_eq!(
            garbled.detail,
            "the token endpoint login.example.com: the answer holds no `access_token` for us"
        );
    }
}

#[tokio::test]
async fn a_lost_token_answer_did_nothing_to_the_app() {
    let fault = ask(&Script::new(|_| Err(lost())), &credentials())
        .await
        .expect_err("a fault");
    assert_eq!(
        (fault.kind, fault.effect),
        (FaultKind::Unreachable, Effect::None)
    );
    assert_eq!(fault.detail, "the token endpoint: the connection was reset");
}

#[test]
fn nothing_shows_the_secret() {
    let shown = format!(
        "{:?} {:?}",
        credentials(),
        Token::new(Secret::new("s3cret"), None, clock().now())
    );
    assert!(!shown.contains("s3cret"), "{shown}");
}

fn with(grant: Grant) -> Oauth2Client {
    Oauth2Client {
        grant,
        scopes: vec!["scim".into()],
        ..credentials()
    }
}

fn password() -> Oauth2Client {
    with(Grant::Password {
        username: Secret::new("svc"),
        password: Secret::new("pa55 word"),
    })
}

/// A token endpoint that gives `access` and the refresh tokens `r1`, `r2`, …, and takes each of them
/// once; `revoked` ones never.
fn rotating(revoked: &'static str) -> Script {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Script::new(move |request| {
        let form = String::from_utf8_lossy(&request.body).into_owned();
        if !revoked.is_empty() && form.contains(&format!("refresh_token={revoked}&")) {
            let body =
                format!(r#"{{"error":"invalid_grant","error_description":"{revoked} is void"}}"#);
            return Ok(answer(400, &[], &body));
        }
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        let body = format!(r#"{{"access_token":"access","refresh_token":"r{number}"}}"#);
        Ok(answer(200, &[], &body))
    })
}

/// The forms that went out, without what proves the client.
fn forms(script: &Script) -> Vec<String> {
    let seen = script.seen();
    let forms = seen
        .iter()
        .map(|request| String::from_utf8_lossy(&request.body).into_owned());
    forms.collect()
}

fn kept(keeper: &Forgetful) -> Option<String> {
    let token = keeper.refresh_token().expect("kept")?;
    Some(token.expose().to_owned())
}

#[tokio::test]
async fn a_password_is_shown_once_and_then_the_refresh_token_that_came_with_it() {
    let (script, keeper) = (rotating("r2"), Forgetful::default());
    for wanted in ["r1", "r2", "r3"] {
        ask_with(&script, &password(), &clock(), &keeper)
            .await
            .expect("a token");
        assert_eq!(kept(&keeper).as_deref(), Some(wanted));
    }
    let first = "grant_type=password&username=svc&password=pa55+word&scope=scim";
    assert_eq!(
        forms(&script),
        [
            first,
            "grant_type=refresh_token&refresh_token=r1",
            "grant_type=refresh_token&refresh_token=r2",
        ]
    );
}

#[tokio::test]
async fn a_refused_refresh_token_is_forgotten_and_the_password_is_shown_again() {
    let script = Script::new(|request| {
        let refresh = request.body.starts_with(b"grant_type=refresh_token");
        Ok(if refresh {
            answer(400, &[], r#"{"error":"invalid_grant"}"#)
        } else {
            answer(200, &[], r#"{"access_token":"t"}"#)
        })
    });
    let keeper = Forgetful::holding(Secret::new("old"));
    ask_with(&script, &password(), &clock(), &keeper)
        .await
        .expect("a token");
    assert_eq!(kept(&keeper), None);
    assert_eq!(script.seen().len(), 2);
}

#[tokio::test]
async fn a_refused_client_does_not_show_the_password_too() {
    let script = Script::new(|_| Ok(answer(401, &[], r#"{"error":"invalid_client"}"#)));
    let keeper = Forgetful::holding(Secret::new("r1"));
    let fault = ask_with(&script, &password(), &clock(), &keeper).await;
    assert_eq!(
        fault.expect_err("a refusal").kind,
        FaultKind::Unauthenticated
    );
    assert_eq!(script.seen().len(), 1);
    assert_eq!(kept(&keeper).as_deref(), Some("r1"), "it may still be good");
}

#[tokio::test]
async fn the_first_refresh_token_is_used_until_there_is_another() {
    let client = with(Grant::RefreshToken {
        first: Secret::new("first"),
    });
    let (script, keeper) = (rotating(""), Forgetful::default());
    for _ in 0..2 {
        ask_with(&script, &client, &clock(), &keeper)
            .await
            .expect("a token");
    }
    let asked = forms(&script);
    assert!(asked[0].ends_with("refresh_token=first"), "{asked:?}");
    assert!(asked[1].ends_with("refresh_token=r1"), "{asked:?}");
}

#[tokio::test]
async fn without_consent_the_command_is_named() {
    let client = with(Grant::AuthorizationCode {
        remedy: "rollcall authorize app".into(),
    });
    let script = Script::new(|_| Ok(answer(400, &[], r#"{"error":"invalid_grant"}"#)));
    let keeper = Forgetful::default();
    let fault = ask_with(&script, &client, &clock(), &keeper)
        .await
        .expect_err("none");
    assert_eq!(
        fault.to_string(),
        "the target cannot be used: nobody has given consent yet; run: rollcall authorize app"
    );
    assert!(script.seen().is_empty());
    keeper.keep(&Secret::new("ended")).expect("kept");
    let fault = ask_with(&script, &client, &clock(), &keeper)
        .await
        .expect_err("none");
    assert_eq!(
        fault.detail,
        "the token endpoint login.example.com: refused our client credentials: invalid_grant; the \
         consent has ended: run: rollcall authorize app"
    );
}

#[tokio::test]
async fn a_grant_of_the_vendors_own_goes_out_as_it_is_written() {
    let mut client = with(Grant::Vendor("account_credentials".into()));
    client.scopes.clear();
    client.extra = BTreeMap::from([("account_id".into(), Secret::new("s3cret-id"))]);
    let script = Script::new(|_| Ok(answer(400, &[], "no s3cret-id here")));
    let fault = ask(&script, &client).await.expect_err("a refusal");
    assert_eq!(
        forms(&script),
        ["grant_type=account_credentials&account_id=s3cret-id"]
    );
    assert!(fault.detail.ends_with("no [secret] here"), "{fault}");
}

#[tokio::test]
async fn an_answer_of_a_hundred_thousand_levels_is_no_token() {
    let deep = format!("{}{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
    for status in [200, 400] {
        let body = deep.clone();
        let script = Script::new(move |_| Ok(answer(status, &[], &body)));
        assert!(ask(&script, &credentials()).await.is_err());
    }
}
