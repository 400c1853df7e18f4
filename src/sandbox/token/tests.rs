//! The token endpoint, asked as a client would.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::CONTENT_TYPE;
use url::form_urlencoded;

use super::super::fixture::{ROOT, clock, json_of, profile, request, target};
use super::super::{AppSetup, Sandbox, token_url};
use super::*;
use crate::http::About;

fn sandbox(life: u64) -> Sandbox {
    let mut setup = AppSetup::new(target(), profile(), SandboxAuth::Oauth2);
    setup.token_life = Duration::from_secs(life);
    Sandbox::new(vec![setup], clock()).expect("a sandbox")
}

/// Asks for a token: status and body.
fn ask(sandbox: &Sandbox, basic: Option<&str>, form: &[(&str, &str)]) -> (u16, Json) {
    let mut headers = HeaderMap::new();
    let media = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, media);
    if let Some(pair) = basic {
        let value = format!("Basic {}", STANDARD.encode(pair));
        headers.insert(
            AUTHORIZATION,
            HeaderValue::from_str(&value).expect("a header"),
        );
    }
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let answer = sandbox.handle(&Request {
        method: Method::POST,
        url: token_url(&ROOT.parse().expect("a URL"), &target()),
        headers,
        body: body.into(),
        timeout: Duration::from_secs(1),
        about: About::Token,
    });
    assert_eq!(answer.headers[CACHE_CONTROL], "no-store");
    (answer.status.as_u16(), json_of(&answer))
}

fn list(sandbox: &Sandbox, token: &str) -> (u16, Json) {
    let mut request = request("GET", "/Users", None);
    let value = HeaderValue::from_str(&format!("Bearer {token}")).expect("a header");
    request.headers.insert(AUTHORIZATION, value);
    let answer = sandbox.handle(&request);
    (answer.status.as_u16(), json_of(&answer)["detail"].clone())
}

fn pair() -> String {
    let credentials = credentials(&target());
    format!(
        "{}:{}",
        credentials.client_id,
        credentials.client_secret.expose()
    )
}

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test(start_paused = true)]
async fn a_token_opens_the_app_until_it_ends() {
    let sandbox = sandbox(3600);
    let (status, body) = ask(&sandbox, Some(&pair()), &[GRANT, ("scope", "scim")]);
    assert_eq!(status, 200);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["scope"], "scim");
    let token = body["access_token"].as_str().expect("a token");
    assert_eq!(list(&sandbox, token).0, 200);
    tokio::time::advance(Duration::from_secs(3599)).await;
    assert_eq!(list(&sandbox, token).0, 200);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(list(&sandbox, token), (401, "the token has expired".into()));
    let (_, next) = ask(&sandbox, Some(&pair()), &[GRANT]);
    let next = next["access_token"].as_str().expect("a token");
    assert_ne!(next, token);
    assert_eq!(list(&sandbox, next).0, 200);
    sandbox.expire_tokens(&target());
    assert_eq!(list(&sandbox, next), (401, "the token has expired".into()));
    assert_eq!(sandbox.counts(&target()).token, 2);
}

#[tokio::test(start_paused = true)]
async fn the_client_may_prove_itself_in_the_form() {
    let sandbox = sandbox(60);
    let credentials = credentials(&target());
    let secret = credentials.client_secret.expose();
    let form = [
        GRANT,
        ("client_id", &*credentials.client_id),
        ("client_secret", secret),
    ];
    let (status, body) = ask(&sandbox, None, &form);
    assert_eq!((status, &body["expires_in"]), (200, &60.into()));
    assert_eq!(body.get("scope"), None);
}

#[test]
fn errors_are_those_of_the_rfc() {
    let sandbox = sandbox(60);
    let good = pair();
    let unknown = ("grant_type", "magic");
    let password = ("grant_type", "password");
    let refresh = ("grant_type", "refresh_token");
    let code = ("grant_type", "authorization_code");
    let public = ("client_id", "sandbox-acme");
    let proof = ("client_secret", "x");
    for (basic, form, status, word) in [
        (Some("a:b"), vec![GRANT], 401, "invalid_client"),
        (None, vec![GRANT], 401, "invalid_client"),
        (Some(&*good), vec![unknown], 400, "unsupported_grant_type"),
        (Some(&*good), vec![password], 400, "invalid_grant"),
        (Some(&*good), vec![refresh], 400, "invalid_request"),
        (Some(&*good), vec![code], 400, "invalid_grant"),
        (None, vec![GRANT, public], 401, "invalid_client"),
        (Some(&*good), vec![], 400, "invalid_request"),
        (Some(&*good), vec![GRANT, GRANT], 400, "invalid_request"),
        (Some(&*good), vec![GRANT, proof], 400, "invalid_request"),
    ] {
        let (got, body) = ask(&sandbox, basic, &form);
        assert_eq!((got, &body["error"]), (status, &word.into()), "{form:?}");
    }
    let fixed = credentials(&target()).token;
    assert_eq!(
        list(&sandbox, fixed.expose()),
        (401, "the token was not issued here".into())
    );
}

#[test]
fn credentials_are_the_same_for_the_same_name_only() {
    let one = credentials(&target());
    assert_eq!(one.token.expose(), credentials(&target()).token.expose());
    assert_ne!(
        one.token.expose(),
        credentials(&"other".into()).token.expose()
    );
    assert_ne!(one.token.expose(), one.client_secret.expose());
    assert!(!format!("{one:?}").contains(one.token.expose()));
}

#[test]
fn basic_credentials_are_decoded_twice() {
    let header = format!("basic {}", STANDARD.encode("a%3Ab:c+d"));
    let mut headers = HeaderMap::new();
    headers.insert(
        AUTHORIZATION,
        HeaderValue::from_str(&header).expect("a header"),
    );
    let read = client(&headers, &BTreeMap::new());
    assert_eq!(read, Ok(("a:b".into(), Some("c d".into()))));
}

/// Asks for a token as a client without a secret.
fn ask_publicly(sandbox: &Sandbox, form: &[(&str, &str)]) -> (u16, Json) {
    let id = credentials(&target()).client_id;
    ask(sandbox, None, &[&[("client_id", &*id)], form].concat())
}

#[test]
fn a_refresh_token_is_good_once_and_brings_the_next() {
    let sandbox = sandbox(60);
    let known = credentials(&target());
    let password = [
        ("grant_type", "password"),
        ("username", &*known.username),
        ("password", known.password.expose()),
    ];
    let (status, first) = ask(&sandbox, Some(&pair()), &password);
    assert_eq!(status, 200, "{first}");
    let token = first["refresh_token"].as_str().expect("a refresh token");
    let refresh = |token: &str| {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        ask(&sandbox, Some(&pair()), &form)
    };
    let (status, second) = refresh(token);
    assert_eq!(status, 200);
    let next = second["refresh_token"].as_str().expect("another one");
    assert_ne!(next, token);
    let access = second["access_token"].as_str().expect("a token");
    assert_eq!(list(&sandbox, access).0, 200);
    let (status, void) = refresh(token);
    assert_eq!((status, &void["error"]), (400, &"invalid_grant".into()));
    sandbox.revoke_refresh_tokens(&target());
    assert_eq!(refresh(next).0, 400);
}

/// Consents, and gives what came back to the redirect address.
fn consent(sandbox: &Sandbox, query: &[(&str, &str)]) -> (u16, BTreeMap<String, String>) {
    let mut url = super::super::authorize_url(&ROOT.parse().expect("a URL"), &target());
    url.query_pairs_mut().extend_pairs(query);
    let mut asked = request("GET", "/Users", None);
    asked.url = url;
    let answer = sandbox.handle(&asked);
    let place = answer.headers.get(LOCATION);
    let place = place.and_then(|place| Url::parse(place.to_str().ok()?).ok());
    let back = place.map_or_else(BTreeMap::new, |place| {
        place.query_pairs().into_owned().collect()
    });
    (answer.status.as_u16(), back)
}

#[test]
fn a_code_is_good_once_for_whoever_knows_the_verifier() {
    let sandbox = sandbox(60);
    let id = credentials(&target()).client_id;
    let verifier = "v".repeat(43);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let back = "http://127.0.0.1:8089/callback";
    let query = [
        ("response_type", "code"),
        ("client_id", &*id),
        ("redirect_uri", back),
        ("state", "st4te"),
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
    ];
    let exchange = |verifier: &str, redirect: &str| {
        let (status, answered) = consent(&sandbox, &query);
        assert_eq!((status, answered["state"].as_str()), (302, "st4te"));
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*answered["code"]),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        [ask_publicly(&sandbox, &form), ask_publicly(&sandbox, &form)]
    };
    let [first, again] = exchange(&verifier, back);
    assert_eq!((first.0, again.0), (200, 400));
    assert!(first.1["refresh_token"].is_string());
    assert_eq!(exchange("another", back)[0].0, 400);
    assert_eq!(exchange(&verifier, "http://127.0.0.1:1/callback")[0].0, 400);
    let (status, answered) = consent(&sandbox, &query[..4]);
    assert_eq!(
        (status, answered["error"].as_str()),
        (302, "invalid_request")
    );
    assert_eq!(consent(&sandbox, &[("client_id", "other")]).0, 401);
}

#[test]
fn other_ways_open_the_door_of_their_own() {
    let known = credentials(&target());
    let name = HeaderName::from_static("x-api-key");
    let basic = format!("{}:{}", known.username, known.password.expose());
    let basic = format!("Basic {}", STANDARD.encode(basic));
    for (auth, header, value) in [
        (SandboxAuth::Basic, AUTHORIZATION, basic),
        (
            SandboxAuth::Header(name.clone()),
            name,
            known.token.expose().to_owned(),
        ),
    ] {
        let setup = AppSetup::new(target(), profile(), auth);
        let sandbox = Sandbox::new(vec![setup], clock()).expect("a sandbox");
        let mut request = request("GET", "/Users", None);
        request.headers.remove(AUTHORIZATION);
        assert_eq!(sandbox.handle(&request).status, 401);
        let value = HeaderValue::from_str(&value).expect("a header");
        request.headers.insert(&header, value);
        assert_eq!(sandbox.handle(&request).status, 200);
        request
            .headers
            .insert(&header, HeaderValue::from_static("Basic eDp5"));
        assert_eq!(sandbox.handle(&request).status, 401);
    }
}
