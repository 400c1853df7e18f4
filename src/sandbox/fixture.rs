//! A small profile and small requests for the tests of this module.

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value as Json, json};

use super::{AppSetup, Sandbox, SandboxAuth, base_url, credentials};
use crate::clock::Clock;
use crate::core::key::TargetName;
use crate::core::profile::Profile;
use crate::http::{About, Answer, Request};

/// The address the tests use.
pub(super) const ROOT: &str = "http://sandbox.invalid";

/// A profile with an attribute of each form.
pub(super) fn profile() -> Profile {
    let profile = json!({
        "users": {"filters": ["externalId", "userName", "emails", "name.givenName"]},
        "attributes": {
            "externalId": {},
            "userName": {"required": "always", "unique": true, "max_length": 40, "compare": "fold"},
            "displayName": {},
            "name.givenName": {},
            "name.familyName": {},
            "title": {"max_length": 10},
            "emails": {"element": {"type": "work", "primary": true}},
            "addresses.streetAddress": {"element": {"type": "work"}},
            "addresses.country": {"element": {"type": "work"}, "max_length": 2},
            "preferredLanguage": {"one_of": ["EN", "FR"]},
            "roles": {"kind": "list"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division": {},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager":
                {"kind": "account"},
        },
    });
    serde_json::from_value(profile).expect("a profile")
}

/// The profile with some keys of `users` and `groups` changed.
pub(super) fn profile_with(users: &Json, groups: &Json, attributes: &Json) -> Profile {
    let mut whole = serde_json::to_value(profile()).expect("a profile");
    for (part, changes) in [
        ("users", users),
        ("groups", groups),
        ("attributes", attributes),
    ] {
        for (key, value) in changes.as_object().into_iter().flatten() {
            whole[part][key] = value.clone();
        }
    }
    serde_json::from_value(whole).expect("a profile")
}

/// The one app of the tests.
pub(super) fn target() -> TargetName {
    TargetName::new("acme")
}

/// A clock that begins at ten; under paused time it stands still.
pub(super) fn clock() -> Clock {
    Clock::simulated("2026-11-22T10:00:00Z".parse().expect("a time"))
}

/// A sandbox with one app of that profile.
pub(super) fn sandbox(profile: Profile) -> Sandbox {
    let setup = AppSetup::new(target(), profile, SandboxAuth::Bearer);
    Sandbox::new(vec![setup], clock()).expect("a sandbox")
}

/// A sandbox whose app shows what was written so long after, and its clock.
pub(super) fn slow(profile: Profile, visible_after: std::time::Duration) -> (Sandbox, Clock) {
    let setup = AppSetup {
        visible_after: Some(visible_after),
        ..AppSetup::new(target(), profile, SandboxAuth::Bearer)
    };
    let clock = clock();
    let sandbox = Sandbox::new(vec![setup], clock.clone()).expect("a sandbox");
    (sandbox, clock)
}

/// A request with the right token.
pub(super) fn request(method: &str, path: &str, body: Option<&Json>) -> Request {
    let root = ROOT.parse().expect("a URL");
    let base = base_url(&root, &target());
    let mut headers = HeaderMap::new();
    let token = format!("Bearer {}", credentials(&target()).token.expose());
    headers.insert(
        header::AUTHORIZATION,
        HeaderValue::from_str(&token).expect("a header"),
    );
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/scim+json"),
    );
    Request {
        method: Method::from_bytes(method.as_bytes()).expect("a method"),
        url: crate::http::join(&base, path).expect("a URL"),
        headers,
        body: body.map(|body| body.to_string().into()).unwrap_or_default(),
        timeout: std::time::Duration::from_secs(1),
        about: About::User,
    }
}

/// What the app answers: status and JSON (null for no body).
pub(super) fn ask(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    body: impl Into<Option<Json>>,
) -> (u16, Json) {
    let answer = sandbox.handle(&request(method, path, body.into().as_ref()));
    (answer.status.as_u16(), json_of(&answer))
}

/// The JSON of a body, null for none.
pub(super) fn json_of(answer: &Answer) -> Json {
    if answer.body.is_empty() {
        return Json::Null;
    }
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Status, keyword and reason of a refusal.
pub(super) fn refusal(answer: &(u16, Json)) -> (u16, &str, &str) {
    (
        answer.0,
        answer.1["scimType"].as_str().unwrap_or_default(),
        answer.1["detail"].as_str().unwrap_or_default(),
    )
}

/// A body for POST /Users.
pub(super) fn new_user(name: &str) -> Json {
    json!({"schemas": [super::path::USER], "userName": name})
}

/// A body for PATCH.
pub(super) fn patch(operations: Json) -> Json {
    let mut body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]});
    body["Operations"] = operations;
    body
}
