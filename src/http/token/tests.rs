//! Token requests against a scripted token endpoint.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;

use super::*;
use crate::http::About;
use crate::http::script::{Script, answer, lost};

fn credentials() -> ClientCredentials {
    ClientCredentials {
        token_url: Url::parse("https://login.example.com/oauth2/token").expect("a URL"),
        client_id: Secret::new("rollcall"),
        client_secret: Secret::new("s3cret&more"),
        client_auth: ClientAuth::Basic,
        scopes: Vec::new(),
        audience: None,
        extra: BTreeMap::new(),
    }
}

fn clock() -> Clock {
    Clock::simulated("2026-11-22T12:00:00Z".parse().expect("a point in time"))
}

async fn ask(script: &Script, credentials: &ClientCredentials) -> Result<Token, Fault> {
    request(script, credentials, &clock()).await
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
    credentials.extra = BTreeMap::from([("tenant".into(), "7".into())]);
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
            Some(LONGEST_LIFE),
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
        let token = request(&script, &credentials(), &clock)
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
        Token::lasting(Secret::new("s3cret"))
    );
    assert!(!shown.contains("s3cret"), "{shown}");
}
