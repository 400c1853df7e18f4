//! Probing our own sandbox in many skins gives back the skin, and leaves nothing behind.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use jiff::civil::date;
use serde_json::{Value as Json, json};
use url::Url;

use super::attributes::{Fate, fate};
use super::change::between;
use super::creation::conflict_rule;
use super::line::Seen;
use super::lists::{Pages, Verdict, judge};
use super::*;
use crate::config::profile;
use crate::core::fault::{Effect, Fault, FaultKind};
use crate::core::key::TargetName;
use crate::http::auth::{Authorized, Credentials};
use crate::http::{Answer, Request};
use crate::sandbox::{self, AppSetup, Sandbox, SandboxAuth, Seed};
use crate::show;

const NAME: &str = "app";

/// A sandbox in the skin of `scim` with `over`, and what a probe of it found.
async fn probed(over: Json, reach: Reach) -> (Sandbox, Report) {
    probed_until(over, reach, &Stop::default()).await
}

async fn probed_until(over: Json, reach: Reach, stop: &Stop) -> (Sandbox, Report) {
    probed_with(over, reach, stop, None).await
}

/// What goes wrong, and at which request; the first is 1.
type Mishap = (usize, Wrong);

#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// Somebody says stop while it is under way.
    Stopped,
    /// It is carried out, and its answer is lost.
    Lost,
}

/// A way on which something goes wrong once.
struct Clumsy<T> {
    inner: T,
    seen: AtomicUsize,
    mishap: Option<Mishap>,
    stop: Stop,
}

#[async_trait]
impl<T: Transport> Transport for Clumsy<T> {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let number = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = self.inner.send(request).await?;
        match self.mishap.filter(|(at, _)| *at == number) {
            None => {}
            Some((_, Wrong::Stopped)) => self.stop.pull(),
            Some((_, Wrong::Lost)) => {
                let gone = "the connection was closed";
                return Err(Fault::new(FaultKind::Unreachable, Effect::Unknown, gone));
            }
        }
        Ok(answer)
    }
}

async fn probed_with(
    over: Json,
    reach: Reach,
    stop: &Stop,
    mishap: Option<Mishap>,
) -> (Sandbox, Report) {
    let name = TargetName::new(NAME);
    let skin = profile::load("scim", None, Some(&over))
        .expect("the skin is sound")
        .profile;
    let clock = Clock::simulated("2026-11-22T12:00:00Z".parse().expect("a time"));
    let has_groups = skin.has_groups();
    let mut setup = AppSetup::new(name.clone(), skin, SandboxAuth::Bearer);
    setup.seed = Some(inhabitants(has_groups));
    let app = Sandbox::new(vec![setup], clock.clone()).expect("it is sound");
    let root = Url::parse(sandbox::IN_PROCESS).expect("an address");
    let base_url = sandbox::base_url(&root, &name);
    let token = Credentials::bearer(&sandbox::credentials(&name).token);
    let known = Authorized::new(app.clone(), &base_url, token, clock.clone());
    let setting = setting(base_url, reach);
    let known = Clumsy {
        inner: known,
        seen: AtomicUsize::new(0),
        mishap,
        stop: stop.clone(),
    };
    let report = probe(
        Arc::new(known),
        Arc::new(app.clone()),
        setting,
        &clock,
        stop,
    )
    .await;
    (app, report)
}

fn setting(base_url: Url, reach: Reach) -> Setting {
    Setting {
        base_url,
        profile: profile::load("scim", None, None)
            .expect("it is shipped")
            .profile,
        auth: AuthKind::Bearer,
        reach,
        marker: "rollcall-probe-test".into(),
        domain: "example.com".into(),
    }
}

/// Who is there before, and has to be there afterwards, sign for sign.
fn inhabitants(has_groups: bool) -> Seed {
    let user = |name: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name,
            "name": {"familyName": "Of old"},
            "active": true,
        })
    };
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Of old",
    });
    let groups = if has_groups { vec![group] } else { Vec::new() };
    Seed::new(vec![user("anna"), user("berta")], groups).expect("it is sound")
}

/// What is there that was made by a probe, and how many were there before.
fn marked(app: &Sandbox) -> (Vec<Json>, usize) {
    let dump = app.dump(&TargetName::new(NAME));
    let all = ["users", "groups"].map(|part| dump[part].as_array().cloned().unwrap_or_default());
    let (ours, others): (Vec<Json>, Vec<Json>) = all
        .concat()
        .into_iter()
        .partition(|one| one.to_string().contains("rollcall-probe"));
    let of_old = others.iter().filter(|one| {
        let name = one["userName"].as_str().or(one["displayName"].as_str());
        matches!(name, Some("anna" | "berta" | "Of old"))
    });
    assert_eq!(of_old.count(), others.len(), "{others:?}");
    (ours, others.len())
}

const WRITE: Reach = Reach::Write { chunk_users: 0 };

/// What was found to be otherwise than the default, by key.
fn found(report: &Report) -> BTreeMap<String, Json> {
    let text = show::probe::to_json(report, date(2026, 11, 22));
    let whole: Json = serde_json::from_str(&text).expect("JSON");
    let mut keys = BTreeMap::new();
    for part in ["http", "users", "groups", "attributes", "errors"] {
        flatten(part, &whole["profile"][part], &mut keys);
    }
    // The sandbox minds versions in every skin; that is a story of its own.
    keys.remove("http.etags");
    keys
}

fn flatten(path: &str, value: &Json, keys: &mut BTreeMap<String, Json>) {
    match value {
        Json::Object(fields) => {
            for (key, value) in fields {
                flatten(&format!("{path}.{key}"), value, keys);
            }
        }
        Json::Null => {}
        other => {
            keys.insert(path.into(), other.clone());
        }
    }
}

/// A skin, and the keys that a probe of it has to give back.
fn skins() -> Vec<(&'static str, Json, Json)> {
    let same = |skin: Json| (skin.clone(), skin);
    let mut skins = Vec::new();
    let mut add = |name, (skin, keys)| skins.push((name, skin, keys));
    add("plain", same(json!({})));
    add(
        "no userName filter",
        same(json!({"users": {"filters": ["externalId"]}})),
    );
    add(
        "all filters",
        same(json!({"users": {"filters": ["externalId", "userName", "emails"]}})),
    );
    add("no filters", same(json!({"users": {"filters": []}})));
    add("put", same(json!({"users": {"update": "put"}})));
    add(
        "object",
        same(json!({"users": {"patch": {"form": "object"}}})),
    );
    add(
        "few operations",
        same(json!({"users": {"patch": {"max_operations": 7}}})),
    );
    add(
        "one operation",
        same(json!({"users": {"patch": {"max_operations": 1}}})),
    );
    add(
        "no valued paths",
        same(json!({"users": {"patch": {"valued_paths": false}}})),
    );
    add(
        "deactivation deletes",
        (
            json!({"users": {"deactivate": {"effect": "deletes"}}}),
            json!({"users": {"deactivate": {"effect": "deletes"}, "reactivate": "create"}}),
        ),
    );
    add(
        "frees the name",
        same(json!({"users": {
        "deactivate": {"effect": "frees_user_name"}, "reactivate": "create"}})),
    );
    add(
        "refuses a return",
        same(json!({"users": {"reactivate": "refuse"}})),
    );
    add("no delete", same(json!({"users": {"delete": "none"}})));
    add("no groups", same(json!({"groups": {"model": "none"}})));
    add(
        "removal by list",
        same(json!({"groups": {"remove": "list"}})),
    );
    add("groups stay", same(json!({"groups": {"delete": false}})));
    add(
        "one member at a time",
        same(json!({"groups": {"chunk": 1}})),
    );
    add(
        "fixed names",
        same(json!({"attributes": {"userName": {"fixed": true}}})),
    );
    add(
        "cleared by null",
        same(json!({"attributes": {"title": {"clear": "null"}}})),
    );
    add(
        "cleared by the empty text",
        same(json!({"attributes": {"title": {"clear": "empty"}}})),
    );
    // In this skin the sandbox keeps an empty text as it is, which takes the value away as well.
    add(
        "never cleared",
        (
            json!({"attributes": {"title": {"clear": "never"}}}),
            json!({"attributes": {"title": {"clear": "empty"}}}),
        ),
    );
    add(
        "needs a name",
        same(json!({"attributes": {"name.familyName": {"required": "create"}}})),
    );
    skins
}

#[tokio::test(start_paused = true)]
async fn a_probe_gives_back_the_skin_and_leaves_nothing() {
    let mut wrong = String::new();
    for (name, skin, keys) in skins() {
        let can_delete = skin["users"]["delete"] != "none" && skin["groups"]["delete"] != false;
        let has_groups = skin["groups"]["model"] != "none";
        let (app, report) = probed(skin, WRITE).await;
        assert!(report.ended.is_none(), "{name}: {:?}", report.ended);
        let mut wanted = BTreeMap::new();
        for (part, value) in keys.as_object().expect("an object") {
            flatten(part, value, &mut wanted);
        }
        let found = found(&report);
        if found != wanted {
            wrong.push_str(&format!(
                "{name}:\n  wanted {wanted:?}\n  found  {found:?}\n"
            ));
        }
        let (ours, others) = marked(&app);
        assert_eq!(others, if has_groups { 3 } else { 2 }, "{name}");
        assert_eq!(report.left.len(), ours.len(), "{name}: {:?}", report.left);
        assert_eq!(ours.is_empty(), can_delete, "{name}: {ours:?}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test(start_paused = true)]
async fn what_is_printed_is_a_connector_that_loads() {
    let folder = tempfile::tempdir().expect("there is room");
    for (name, skin, _) in skins() {
        let (_, report) = probed(skin, WRITE).await;
        let text = show::probe::yaml(&report, date(2026, 11, 22));
        fs::write(folder.path().join("probed.yaml"), &text).expect("it can be written");
        if let Err(error) = profile::load("probed", Some(folder.path()), None) {
            panic!("{name}: {error}\n{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reading_alone_sends_no_write() {
    let (app, report) = probed(json!({}), Reach::Read).await;
    assert!(report.ended.is_none(), "{:?}", report.ended);
    let requests = app.requests(&TargetName::new(NAME));
    assert!(
        requests.iter().all(|request| request.method == "GET"),
        "{requests:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_not_seen_allows_no_deletion() {
    for (reach, evidence) in [(Reach::Read, "inferred"), (WRITE, "probed")] {
        let (_, report) = probed(json!({}), reach).await;
        let text = show::probe::yaml(&report, date(2026, 11, 22));
        assert!(text.contains(&format!("evidence: {evidence}\n")), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_stopped_sends_nothing_more() {
    let stop = Stop::default();
    stop.pull();
    let (app, report) = probed_until(json!({}), WRITE, &stop).await;
    assert!(
        matches!(report.ended, Some(ProbeError::Stopped)),
        "{:?}",
        report.ended
    );
    assert_eq!(
        app.requests(&TargetName::new(NAME)).len(),
        1,
        "the one without credentials"
    );
}

#[tokio::test(start_paused = true)]
async fn whenever_it_ends_early_nothing_stays_behind() {
    let (_, whole) = probed(json!({}), WRITE).await;
    let last = usize::try_from(whole.requests).expect("a few") - 1;
    for wrong in [Wrong::Stopped, Wrong::Lost] {
        for at in 1..=last {
            let mishap = Some((at, wrong));
            let (app, report) = probed_with(json!({}), WRITE, &Stop::default(), mishap).await;
            assert_eq!(
                marked(&app),
                (Vec::new(), 3),
                "{wrong:?} at {at}: {report:?}"
            );
            assert!(
                report.left.is_empty(),
                "{wrong:?} at {at}: {:?}",
                report.left
            );
        }
    }
}

/// Answers every create with somebody who was there before.
struct Confused(Arc<dyn Transport>);

#[async_trait]
impl Transport for Confused {
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        let create = request.method == http::Method::POST;
        let mut answer = self.0.send(request).await?;
        if create {
            answer.body = json!({"id": "u-7", "userName": "anna"}).to_string().into();
        }
        Ok(answer)
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_may_be_somebody_elses_ends_the_probe() {
    let (app, _) = probed(json!({}), Reach::Read).await;
    let before = app.requests(&TargetName::new(NAME)).len();
    let clock = Clock::simulated("2026-11-22T12:00:00Z".parse().expect("a time"));
    let name = TargetName::new(NAME);
    let root = Url::parse(sandbox::IN_PROCESS).expect("an address");
    let base_url = sandbox::base_url(&root, &name);
    let token = Credentials::bearer(&sandbox::credentials(&name).token);
    let known = Authorized::new(app.clone(), &base_url, token, clock.clone());
    let confused = Confused(Arc::new(known));
    let setting = setting(base_url, WRITE);
    let app_too = Arc::new(app.clone());
    let report = probe(
        Arc::new(confused),
        app_too,
        setting,
        &clock,
        &Stop::default(),
    )
    .await;
    let error = report.ended.expect("it ended").to_string();
    assert_eq!(
        error,
        "the app answered the create of `rollcall-probe-test-1@example.com` with the id `u-7`, \
         which may be somebody else's; it was not touched"
    );
    let requests = app.requests(&name).split_off(before);
    assert!(
        requests.iter().all(|request| !request.path.contains("u-7")),
        "{requests:?}"
    );
    assert_eq!(
        marked(&app),
        (Vec::new(), 3),
        "what it made is found by name"
    );
}

#[tokio::test(start_paused = true)]
async fn versions_that_are_minded_are_seen() {
    let (_, report) = probed(json!({}), WRITE).await;
    let etags = report
        .findings
        .iter()
        .find(|finding| finding.key == ["http", "etags"]);
    let etags = etags.expect("it was asked");
    assert_eq!(etags.value, "send");
    assert_eq!(etags.certainty, Certainty::SeenTwice);
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_members_needs_a_crowd() {
    let skin = json!({"groups": {"chunk": 5}});
    let (app, report) = probed(skin, Reach::Write { chunk_users: 8 }).await;
    let wanted = BTreeMap::from([("groups.chunk".to_owned(), json!(5))]);
    assert_eq!(found(&report), wanted);
    assert_eq!(marked(&app), (Vec::new(), 3));
}

fn ids(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The ids of a page.
type Row = &'static [&'static str];

#[test]
fn paging_is_what_short_pages_show() {
    let table: [(Row, Row, Row, Option<u64>, Verdict); 7] = [
        (&["a"], &["b"], &["a"], Some(3), Verdict::Index),
        (&["a"], &["b"], &[], Some(3), Verdict::Index),
        (&["b"], &["c"], &["a"], Some(3), Verdict::Offset),
        (
            &["a", "b"],
            &["a", "b"],
            &["a", "b"],
            Some(2),
            Verdict::Whole,
        ),
        (
            &["a", "b"],
            &["a", "b"],
            &["a", "b"],
            Some(9),
            Verdict::Repeats,
        ),
        (&["a"], &[], &["a"], Some(1), Verdict::TooFew),
        (&["a", "b"], &["b"], &["a", "b"], Some(3), Verdict::Odd),
    ];
    for (one, two, zero, total, verdict) in table {
        let pages = Pages {
            from_one: ids(one),
            from_two: ids(two),
            from_zero: ids(zero),
            total,
        };
        assert_eq!(judge(&pages), verdict, "{pages:?}");
    }
}

#[test]
fn what_became_of_a_value_is_seen_by_what_is_shown() {
    let table = [
        ("Anna", Some("Anna"), Fate::Kept),
        ("Anna", Some("anna"), Fate::Folded),
        ("+1-201-555-0123", Some("+12015550123"), Fate::Digits),
        ("Anna", Some("Berta"), Fate::Changed),
        ("Anna", None, Fate::Dropped),
    ];
    for (sent, shown, wanted) in table {
        let shown = shown.map(Json::from);
        assert_eq!(
            fate(&sent.into(), shown.as_ref()),
            wanted,
            "{sent} {shown:?}"
        );
    }
}

#[test]
fn a_conflict_that_no_status_tells_gets_a_rule() {
    let table = [
        (409, json!({}), None),
        (400, json!({"scimType": "uniqueness"}), None),
        (
            500,
            json!({"detail": "User already there"}),
            Some("already"),
        ),
        (400, json!({"detail": "no"}), None),
    ];
    for (status, body, says) in table {
        let wanted = says.map(|says| json!({"status": status, "says": says, "means": "conflict"}));
        assert_eq!(conflict_rule(status, &body), wanted, "{status} {body}");
    }
}

#[test]
fn a_limit_is_found_by_halves() {
    let (mut low, mut high, mut tries) = (1, 101, 0);
    while let Some(next) = between(low, high) {
        tries += 1;
        if next <= 37 { low = next } else { high = next }
    }
    assert_eq!((low, tries), (37, 7));
}

fn seen(status: u16, body: Json) -> Seen {
    Seen {
        exchange: Exchange {
            method: "GET".into(),
            path: "/Users/1".into(),
            status,
        },
        status,
        body,
        etag: None,
        location: None,
    }
}

#[test]
fn an_effect_is_what_a_read_shows() {
    use super::leaving::{Effect, effect};
    let before = json!({"userName": "Anna"});
    let table = [
        (
            200,
            json!({"active": false, "userName": "anna"}),
            Effect::Suspends,
        ),
        (200, json!({"active": false}), Effect::FreesUserName),
        (
            200,
            json!({"active": false, "userName": "deleted-7"}),
            Effect::Renames,
        ),
        (404, json!({}), Effect::Deletes),
        (
            200,
            json!({"active": true, "userName": "Anna"}),
            Effect::Nothing,
        ),
        (500, json!({}), Effect::Nothing),
    ];
    for (status, body, wanted) in table {
        assert_eq!(
            effect(&before, &seen(status, body.clone())),
            wanted,
            "{status} {body}"
        );
    }
}

#[test]
fn what_delete_leaves_is_seen_by_a_read_and_another_create() {
    use super::creation::{Grave, grave};
    let gone = seen(404, json!({}));
    let off = seen(200, json!({"active": false}));
    let on = seen(200, json!({"active": true}));
    let done = seen(204, json!({}));
    let made = seen(201, json!({}));
    let taken = seen(409, json!({}));
    let table = [
        (&gone, &on, None, Grave::Refused),
        (&done, &off, None, Grave::SwitchesOff),
        (&done, &on, None, Grave::Nothing),
        (&done, &gone, Some((&made, Some("2"))), Grave::Hard),
        (&done, &gone, Some((&made, Some("1"))), Grave::Soft),
        (&done, &gone, Some((&taken, None)), Grave::Soft),
        (&done, &gone, None, Grave::Gone),
    ];
    for (deleted, read, again, wanted) in table {
        assert_eq!(grave(deleted, read, again, "1"), wanted, "{wanted:?}");
    }
}
