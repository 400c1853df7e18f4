//! The real program with tokens of oidc-provider, which live for two seconds, before scimmy, which asks
//! for a good one with every request.
//!
//! Promises that a run outlives its tokens with no more of them than its time needs, and that a wrong
//! secret is asked about once and told in words that help. `tests/run` installs the packages and names
//! their folder in `ROLLCALL_TEST_NODE_PEERS`. Leaves the changes to [`crate::peer`].

use std::time::Duration;

use rollcall::clock::Clock;
use serde_json::{Value as Json, json};

use crate::company::Company;
use crate::node::OnNode;
use crate::peer::{Peer, Story};

/// Slow enough for the onboarding to outlive a token.
const CONFIG: &str = r#"
sources:
  hq: { file: { users: users.csv, groups: groups.csv }, absent_for: 0s }
targets:
  peer:
    connector: scim
    base_url: ROOT/scim/v2
    auth:
      oauth2:
        token_url: ISSUER/token
        client_id: { file: id }
        client_secret: { file: secret }
        client_auth: METHOD
        extra: {EXTRA}
    assign: everyone
    groups: { push: ["Team *"], gone: delete }
    leavers: { deleted: delete }
    override:
      rates: { buckets: [{ limit: 30, per: 1s }] }
      users: { page: 20, filters: [externalId] }
"#;

const SECRET: &str = "client-secret-for-a-test";
const AUDIENCE: &str = "urn:example:scim";
const INTROSPECTION: [(&str, &str); 2] = [
    ("INTROSPECTION_ID", "scimmy"),
    ("INTROSPECTION_SECRET", "another-secret-for-a-test"),
];

/// A token lives for two seconds, less the part of a second that was over when it was made.
const LIFE: Duration = Duration::from_secs(1);

#[test]
#[ignore = "needs oidc-provider: run ./tests/run"]
fn opaque_tokens_are_renewed_as_they_expire() {
    let (issuer, mut story) = begin("basic", "", SECRET);
    onboard(&issuer, &mut story);
    story.live_on();
    story.tell("scimmy and oidc-provider");
}

#[test]
#[ignore = "needs oidc-provider: run ./tests/run"]
fn signed_tokens_are_renewed_as_they_expire() {
    let resource = format!("resource: \"{AUDIENCE}\"");
    let (issuer, mut story) = begin("post", &resource, SECRET);
    onboard(&issuer, &mut story);
    story.step("a title changes", 1, |company| {
        company.person("p-0001").title = Some("Head of Everything".into());
    });
}

#[test]
#[ignore = "needs oidc-provider: run ./tests/run"]
fn a_wrong_secret_is_asked_about_once() {
    for method in ["basic", "post"] {
        let (issuer, story) = begin(method, "", "a-wrong-secret-for-a-test");
        let ran = story.home.run("sync", &[]);
        assert_eq!((ran.code, &*ran.err), (Some(1), ""), "{ran:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(ran.out, @r"
            hq  90 users, 6 groups

            peer  not planned: nothing was changed in this app
            error: the app refused our credentials (401): the token endpoint 127.0.0.1: refused our client credentials: invalid_client: client authentication failed
              hint: check the target's `auth:`, and in the app whether it was revoked; then: rollcall check
            ");
        }
        assert_eq!(seen(&issuer), json!({"401": 1}));
        let checked = story.home.run("check", &[]);
        assert_eq!(checked.code, Some(1), "{checked:?}");
        for text in [ran.out, checked.out, checked.err] {
            assert!(!text.contains("secret-for-a-test"), "{text}");
        }
        assert_eq!(seen(&issuer), json!({"401": 2}));
        assert_eq!(story.peer.seen(|_| true), 0);
    }
}

fn begin(method: &str, extra: &str, secret: &str) -> (OnNode, Story<OnNode>) {
    let settings = [&INTROSPECTION[..], &[("AUDIENCE", AUDIENCE)]].concat();
    let own = [("CLIENT_SECRET", SECRET)];
    let issuer = OnNode::start("oidc-provider.mjs", &[&settings[..], &own].concat());
    let trust = [("ISSUER", issuer.root())];
    let scimmy = OnNode::start("scimmy.mjs", &[&settings[..], &trust].concat());
    let config = CONFIG
        .replace("ISSUER", issuer.root())
        .replace("METHOD", method)
        .replace("EXTRA", extra);
    let story = Story::begin(scimmy, &config, Company::of(90, 6));
    story.keep_secret("id", method);
    story.keep_secret("secret", secret);
    (issuer, story)
}

/// Longer than a token lives, with as many tokens as that takes: whoever needs one while it is
/// fetched waits for it. A request that comes just too late is sent again, and done once.
fn onboard(issuer: &OnNode, story: &mut Story<OnNode>) {
    let started = Clock::System.instant();
    story.step("onboarding", 102, |_| ());
    let took = Clock::System.instant() - started;
    let answers = seen(issuer);
    let issued = answers["200"].as_u64().expect("a number");
    assert_eq!(answers, json!({"200": issued}));
    let most = 2 + took.as_secs() / LIFE.as_secs();
    assert!((3..=most).contains(&issued), "{issued} tokens in {took:?}");
    story.people_are("after the onboarding", 90);
}

fn seen(issuer: &OnNode) -> Json {
    issuer.get("/seen")
}
